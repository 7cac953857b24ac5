import type { Snippet } from '../../flow/model.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { noteData } from './data.js';
import type { Env } from './env.js';
import { returnsOf } from './kinds.js';
import { functionNamed, isAsync, isGenerator } from './uses.js';
import type { FunctionNode } from './uses.js';

/** An expression whose value leaves a handler, without parentheses around it; `promise` looks further than one expression. */
export function answer(expression: ts.Expression, env: Env): Snippet {
  const inner = unwrapped(expression, env);
  const snippet = env.snippets.expression(inner);
  const plain = snippet.promise === 'maybe' && isPlainAnswer(inner, env, 0);
  return noteData(plain ? { ...snippet, promise: 'no' as const } : snippet, inner, env);
}

function unwrapped(expression: ts.Expression, env: Env): ts.Expression {
  if (!ts.isParenthesizedExpression(expression)) return expression;
  const inner = expression.expression;
  const around =
    env.ctx.text.slice(expression.getStart() + 1, inner.getStart()) + env.ctx.text.slice(inner.end, expression.end - 1);
  // `return (a = b)` and `return (a, b)` are easier to read with them.
  const keeps = ts.isBinaryExpression(inner) && /^(,|[^=!<>]*=)$/.test(inner.operatorToken.getText());
  return around.trim() || keeps ? expression : unwrapped(inner, env);
}

/** Fields by these names hold promises in well-known interfaces. */
export const promiseFields =
  /^(ready|finished|loaded|closed|opened|completed|done|settled|promise|result|ended|updated|then)$|promise|deferred/i;

export function isPlainAnswer(expression: ts.Expression, env: Env, depth: number): boolean {
  const node = bare(expression) as ts.Expression;
  if (depth > 20) return false;
  if (env.snippets.expression(node).promise === 'no') return true;
  if (ts.isIdentifier(node)) return isData(node, env);
  const plain = (part: ts.Expression) => isPlainAnswer(part, env, depth + 1);
  if (ts.isConditionalExpression(node)) return plain(node.whenTrue) && plain(node.whenFalse);
  if (ts.isBinaryExpression(node))
    return /^(&&|\|\||\?\?)$/.test(node.operatorToken.getText()) && plain(node.left) && plain(node.right);
  if (ts.isObjectLiteralExpression(node)) return !node.properties.some((each) => each.name?.getText() === 'then');
  if (ts.isPropertyAccessExpression(node))
    return !promiseFields.test(node.name.text) && isFieldOfSettled(node.expression, env);
  if (ts.isElementAccessExpression(node)) return isFieldOfSettled(node.expression, env);
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) return givesPlain(node.expression, env, depth);
  return false;
}

/** What was waited for, or a field of it. */
function isFieldOfSettled(expression: ts.Expression, env: Env): boolean {
  let node = bare(expression) as ts.Expression;
  while (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
    if (ts.isPropertyAccessExpression(node) && promiseFields.test(node.name.text)) return false;
    node = bare(node.expression) as ts.Expression;
  }
  return ts.isIdentifier(node) && isData(node, env);
}

function isData(name: ts.Identifier, env: Env): boolean {
  const symbol = env.ctx.scopes.symbolOf(name);
  return !!symbol && env.seen.data.has(symbol);
}

/** A function of the file that only gives values which are no promises. */
function givesPlain(name: ts.Identifier, env: Env, depth: number): boolean {
  const fn = functionNamed(name, env.ctx.scopes);
  return !!fn && isPlainBody(fn, env, depth);
}

/** Every path gives a value that is no promise. */
export function isPlainBody(fn: FunctionNode, env: Env, depth = 0): boolean {
  if (isAsync(fn) || isGenerator(fn)) return false;
  return returnsOf(fn).every((each) => !each || isPlainAnswer(each, env, depth + 1));
}

/** A call of this function gives no promise. */
export function isPlainFunction(callee: ts.Expression, env: Env): boolean {
  return ts.isIdentifier(callee) && givesPlain(callee, env, 0);
}
