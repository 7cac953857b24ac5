import type { Bind, Snippet, Step } from '../../flow/model.js';
import type { Made } from '../body.js';
import { howOf } from '../loop-form.js';
import { ts } from '../parse.js';
import { rangeOf, skipParentheses } from '../snippet.js';
import { stop } from '../stop.js';
import { hasAwait } from './read-env.js';
import type { Env } from './read-env.js';
import { assignSteps, lift } from './read-lift.js';
import { commentsBeside, led } from './read-statements.js';
import { readTask } from './read-task.js';

/** `const x = await f();`, and a list of declarations some of which wait; `undefined`: the wait is deeper inside the one value. */
export function readDeclarations(statement: ts.VariableStatement, env: Env): Made | undefined {
  const { declarationList } = statement;
  const { declarations } = declarationList;
  const odd = declarations.find((each) => hasAwait(each.name));
  if (odd) stop('expression-order', odd);
  const [only] = declarations;
  if (declarations.length === 1 && !isDirect(only!)) return undefined;
  let from = statement.getStart();
  const steps = declarations.flatMap((declaration, index) => {
    const end = declarations[index + 1]?.getStart() ?? statement.end;
    const made = declared(declaration, howOf(declarationList), env);
    const comments = commentsBeside({ start: from, end: declaration.getStart() }, [], env);
    const inside = commentsBeside(rangeOf(declaration), keptOf(declaration), env);
    from = declaration.end;
    const behind = index === declarations.length - 1 ? commentsBeside({ start: from, end }, [], env) : [];
    return led(made, [...comments, ...inside, ...behind]);
  });
  return { steps };
}

/** The whole value is waited for, or one of two. */
function isDirect({ name, initializer }: ts.VariableDeclaration): boolean {
  const value = initializer && skipParentheses(initializer);
  if (!value) return false;
  return ts.isAwaitExpression(value) || (ts.isIdentifier(name) && isChoice(value));
}

function isChoice(value: ts.Expression): value is ts.ConditionalExpression {
  return ts.isConditionalExpression(value) && (hasAwait(value.whenTrue) || hasAwait(value.whenFalse));
}

/** The parts of a declaration whose text, with its comments, goes on. */
function keptOf(declaration: ts.VariableDeclaration) {
  const { name, type, initializer } = declaration;
  const value = initializer && skipParentheses(initializer);
  const names = { start: name.getStart(), end: type?.end ?? name.end };
  if (!value) return [names];
  if (ts.isAwaitExpression(value)) return [names, rangeOf(value.expression)];
  if (ts.isIdentifier(name) && isChoice(value))
    return [names, ...[value.condition, value.whenTrue, value.whenFalse].map(rangeOf)];
  return [names, rangeOf(initializer)];
}

function declared(declaration: ts.VariableDeclaration, how: 'const' | 'let' | 'var', env: Env): Step[] {
  const { name, initializer } = declaration;
  const { snippets } = env;
  const at = rangeOf(declaration);
  const steps: Step[] = [];
  const pattern = snippets.pattern(name);
  const place = { steps, root: initializer ?? declaration };
  const value = initializer && skipParentheses(initializer);
  const code = (parts: (string | Snippet)[]): Step => ({
    kind: 'code',
    code: snippets.compose(parts, at, 'no'),
    made: true,
    lead: [],
    at,
  });
  if (!value) return [code([`${how} `, pattern])];
  if (ts.isAwaitExpression(value)) {
    const on = readTask(value, place, env);
    snippets.settle(name);
    return [...steps, { kind: 'wait', on, bind: { how, pattern } satisfies Bind, lead: [], at }];
  }
  if (ts.isIdentifier(name) && isChoice(value)) {
    lift(value.condition, place, env);
    const target = snippets.expression(name);
    const arm = (each: ts.Expression) => ({ steps: assignSteps(target, each, value, env), tail: [] });
    const test = snippets.expression(value.condition);
    const branch: Step = { kind: 'branch', test, then: arm(value.whenTrue), else: arm(value.whenFalse), lead: [], at };
    return [...steps, code([how === 'var' ? 'var ' : 'let ', pattern]), branch];
  }
  lift(value, place, env);
  return [...steps, code([`${how} `, pattern, ' = ', snippets.expression(initializer)])];
}
