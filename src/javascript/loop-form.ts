import type { Bind, Binding, LoopForm, Snippet } from '../flow/model.js';
import type { Range } from '../types.js';
import { ts } from './parse.js';
import { rangeOf } from './snippet.js';
import type { Snippets } from './snippet.js';

/** A loop's head as it is written, and its parts. */
export interface LoopHead {
  readonly head: Snippet;
  readonly form: LoopForm;
}

/** `for (const item of over)` */
export function ofHead(item: Snippet, over: Snippet, at: Range, { compose }: Snippets): LoopHead {
  const head = compose(['for (const ', item, ' of ', over, ')'], at, 'no');
  return { head, form: { kind: 'of', how: 'const', item, over } };
}

/** `while (test)`; without a test it goes on for ever. */
export function whileHead(test: Snippet | undefined, at: Range, { compose }: Snippets): LoopHead {
  if (test) return { head: compose(['while (', test, ')'], at, 'no'), form: { kind: 'while', test } };
  const always: Snippet = { ...compose(['true'], at, 'no'), endless: true };
  const head: Snippet = { ...compose(['while (true)'], at, 'no'), endless: true };
  return { head, form: { kind: 'while', test: always } };
}

/** `for (let name = start; test; name++)` */
export function countHead(
  { name, binding, start, test }: { name: Snippet; binding: Binding; start: Snippet; test: Snippet },
  at: Range,
  { compose }: Snippets,
): LoopHead {
  const head = compose(['for (let ', name, ' = ', start, '; ', test, '; ', binding, '++)'], at, 'no');
  const init = compose(['let ', name, ' = ', start], at, 'no');
  const update = compose([binding, '++'], at, 'no');
  return { head, form: { kind: 'for', how: 'let', init, counter: { name, start }, test, update } };
}

/** The parts of a loop's head, as snippets of their own. */
export function loopForm(statement: ts.IterationStatement, snippets: Snippets): LoopForm | undefined {
  if (ts.isForOfStatement(statement) || ts.isForInStatement(statement)) {
    const { initializer, expression } = statement;
    const kind = ts.isForOfStatement(statement) ? 'of' : 'in';
    const over = snippets.expression(expression);
    return { kind, ...itemOf(initializer, snippets), over, ...(!over.list && isLazy(expression) && { lazy: true }) };
  }
  if (ts.isWhileStatement(statement)) return { kind: 'while', test: testOf(statement.expression, snippets) };
  if (ts.isDoStatement(statement)) return { kind: 'do', test: testOf(statement.expression, snippets) };
  if (!ts.isForStatement(statement)) return undefined;
  const { initializer, condition, incrementor } = statement;
  return {
    kind: 'for',
    ...(initializer && initOf(initializer, snippets)),
    ...counterOf(statement, snippets),
    ...(condition && { test: testOf(condition, snippets) }),
    ...(incrementor && { update: snippets.expression(incrementor) }),
  };
}

/** A call that may give a generator: not those of the language's own collections. */
function isLazy(expression: ts.Expression): boolean {
  const node = ts.isAwaitExpression(expression) ? expression.expression : expression;
  if (!ts.isCallExpression(node)) return false;
  const name = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : '';
  return !own.test(name);
}

const own =
  /^(keys|values|entries|matchAll|map|filter|slice|split|concat|flat|flatMap|reverse|sort|splice|from|of|toSorted|toReversed)$/;

function testOf(test: ts.Expression, snippets: Snippets): Snippet {
  const text = snippets.expression(test);
  return test.kind === ts.SyntaxKind.TrueKeyword || test.getText() === '1' ? { ...text, endless: true } : text;
}

/** `let i = 0; …; i++` */
function counterOf({ initializer, incrementor }: ts.ForStatement, snippets: Snippets) {
  if (!initializer || !ts.isVariableDeclarationList(initializer) || !(initializer.flags & ts.NodeFlags.Let)) return {};
  const [only, more] = initializer.declarations;
  if (!only?.initializer || more || !ts.isIdentifier(only.name) || !incrementor) return {};
  return isOneMore(incrementor, only.name.text)
    ? { counter: { name: snippets.pattern(only.name), start: snippets.expression(only.initializer) } }
    : {};
}

/** `i++`, `++i`, `i += 1` */
function isOneMore(node: ts.Expression, name: string): boolean {
  const isName = (each: ts.Expression): boolean => ts.isIdentifier(each) && each.text === name;
  if (ts.isPostfixUnaryExpression(node) || ts.isPrefixUnaryExpression(node))
    return node.operator === ts.SyntaxKind.PlusPlusToken && isName(node.operand);
  return (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.PlusEqualsToken &&
    isName(node.left) &&
    node.right.getText() === '1'
  );
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
