import type { Bind, LoopForm, Snippet } from '../flow/model.js';
import { ts } from './parse.js';
import { rangeOf } from './snippet.js';
import type { Snippets } from './snippet.js';

/** The parts of a loop's head, as snippets of their own. */
export function loopForm(statement: ts.IterationStatement, snippets: Snippets): LoopForm | undefined {
  if (ts.isForOfStatement(statement) || ts.isForInStatement(statement)) {
    const { initializer, expression } = statement;
    const kind = ts.isForOfStatement(statement) ? 'of' : 'in';
    return { kind, ...itemOf(initializer, snippets), over: snippets.expression(expression) };
  }
  if (ts.isWhileStatement(statement)) return { kind: 'while', test: snippets.expression(statement.expression) };
  if (ts.isDoStatement(statement)) return { kind: 'do', test: snippets.expression(statement.expression) };
  if (!ts.isForStatement(statement)) return undefined;
  const { initializer, condition, incrementor } = statement;
  return {
    kind: 'for',
    ...(initializer && initOf(initializer, snippets)),
    ...(condition && { test: snippets.expression(condition) }),
    ...(incrementor && { update: snippets.expression(incrementor) }),
  };
}

function itemOf(initializer: ts.ForInitializer, snippets: Snippets): { how: Bind['how']; item: Snippet } {
  if (!ts.isVariableDeclarationList(initializer)) return { how: 'assign', item: snippets.expression(initializer) };
  return { how: howOf(initializer), item: snippets.pattern(initializer.declarations[0]!.name) };
}

function initOf(initializer: ts.ForInitializer, snippets: Snippets): { how?: 'const' | 'let' | 'var'; init: Snippet } {
  if (!ts.isVariableDeclarationList(initializer)) return { init: snippets.expression(initializer) };
  return { how: howOf(initializer), init: snippets.piece(rangeOf(initializer), [initializer]) };
}

/** `const`, `let` or `var`, as a list of declarations says. */
export function howOf(list: ts.VariableDeclarationList): 'const' | 'let' | 'var' {
  if (list.flags & ts.NodeFlags.Const) return 'const';
  return list.flags & ts.NodeFlags.Let ? 'let' : 'var';
}
