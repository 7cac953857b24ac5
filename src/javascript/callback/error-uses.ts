import { ts } from '../parse.js';
import { isHarmless } from './shape.js';
import { mention } from './state.js';
import type { Env, State } from './state.js';

/** Uses of an error that are the same for `null` and `undefined`: where nothing failed, it is not known which of them it was. */

/** `if (err)`, `!err`, `err && x`, `err ? a : b` */
export function isTestOf(use: ts.Node): boolean {
  const parent = use.parent;
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent)) return parent.expression === use;
  if (ts.isConditionalExpression(parent)) return parent.condition === use;
  if (ts.isPrefixUnaryExpression(parent)) return parent.operator === ts.SyntaxKind.ExclamationToken;
  if (ts.isParenthesizedExpression(parent)) return isTestOf(parent);
  if (!ts.isBinaryExpression(parent)) return false;
  const op = parent.operatorToken.kind;
  if (op === ts.SyntaxKind.AmpersandAmpersandToken || op === ts.SyntaxKind.BarBarToken)
    return parent.left === use || isTestOf(parent);
  return (
    (op === ts.SyntaxKind.ExclamationEqualsToken || op === ts.SyntaxKind.EqualsEqualsToken) && isHarmless(parent.right)
  );
}

/**
 * What a callee that nobody has described calls an error: by its name, or because it is reported as one. `exists` of
 * `storage.exists(file, (exists) => …)` is neither, and a promise never rejects with it.
 */
export function isErrorByItsUse({ name }: ts.ParameterDeclaration, env: Env, state: State): boolean {
  if (!ts.isIdentifier(name)) return false;
  if (
    /^_*(e|er|err|error|ex|exception|failure|problem|fault)s?\d*_*$|Err(or)?s?\d*$|^(err|error)[A-Z_]/i.test(name.text)
  )
    return true;
  const symbol = state.ctx.scopes.symbolOf(name);
  const uses = symbol ? state.ctx.scopes.references(symbol) : [];
  return uses.some((use) => use !== name && isFirstArgument(use, env, state));
}

export function isFirstArgument(use: ts.Node, env: Env, state: State): boolean {
  let node = use;
  while (ts.isParenthesizedExpression(node.parent) || isLogical(node.parent)) node = node.parent;
  const call = node.parent;
  return ts.isCallExpression(call) && call.arguments[0] === node && !!mention(call.expression, env, state);
}

function isLogical(node: ts.Node): boolean {
  return (
    ts.isBinaryExpression(node) &&
    [ts.SyntaxKind.BarBarToken, ts.SyntaxKind.AmpersandAmpersandToken].includes(node.operatorToken.kind)
  );
}

/** Inside `if (err) …` or behind `err &&`. */
export function isUnderTest(use: ts.Node, error: ts.Symbol, state: State): boolean {
  for (let node = use; node.parent && !ts.isFunctionLike(node.parent); node = node.parent) {
    const parent = node.parent;
    if (ts.isIfStatement(parent) && parent.thenStatement === node && impliedBy(parent.expression, error, state))
      return true;
    if (ts.isConditionalExpression(parent) && parent.whenTrue === node && impliedBy(parent.condition, error, state))
      return true;
    if (
      isLogical(parent) &&
      ts.isBinaryExpression(parent) &&
      parent.right === node &&
      parent.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken &&
      impliedBy(parent.left, error, state)
    )
      return true;
  }
  return false;
}

/** The test is false without the error. */
function impliedBy(test: ts.Expression, error: ts.Symbol, state: State): boolean {
  if (ts.isParenthesizedExpression(test)) return impliedBy(test.expression, error, state);
  if (ts.isIdentifier(test)) return state.ctx.scopes.symbolOf(test) === error;
  if (!ts.isBinaryExpression(test) || test.operatorToken.kind !== ts.SyntaxKind.AmpersandAmpersandToken) return false;
  return impliedBy(test.left, error, state) || impliedBy(test.right, error, state);
}
