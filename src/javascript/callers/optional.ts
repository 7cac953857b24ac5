import { ts } from '../parse.js';
import type { Site } from './site.js';

/**
 * What a bridge does where the callback may be missing. `given`: it never is, at that point; the function has put something in its
 * place. `guarded`: nothing happens then but the report. `unsaid`: something else happens, which no bridge says.
 */
export function optionalForm(site: Site): 'given' | 'guarded' | 'unsaid' {
  const { optional, shuffles } = site.fn;
  if (!optional) return 'given';
  const within = (node: ts.Node): boolean => node.getStart() <= optional.at.start && optional.at.end <= node.end;
  if (shuffles.some((each) => within(each.node))) return 'given';
  return optional.how === 'guard' && isGuardedEverywhere(site) ? 'guarded' : 'unsaid';
}

function isGuardedEverywhere({ ctx, fn }: Site): boolean {
  const sorted = fn.shuffles.map((each) => each.node);
  const uses = ctx.scopes
    .references(fn.callbackSymbol)
    .filter((use) => use !== fn.callback.name && !sorted.some((node) => use.pos >= node.pos && use.end <= node.end));
  const isName = (node: ts.Node): boolean => uses.includes(node as ts.Identifier);
  return uses.every((use) => isGuardedUse(use, isName));
}

/** `cb && cb(err)`, `if (cb) cb(err)`, `if (typeof cb === 'function') cb(err)`: the test or the call in it. */
function isGuardedUse(use: ts.Identifier, isName: (node: ts.Node) => boolean): boolean {
  const guard = ts.findAncestor(use, (node) => isAnd(node) || ts.isIfStatement(node) || ts.isFunctionLike(node));
  if (!guard) return false;
  if (isAnd(guard)) return isTest(guard.left, isName) && isReport(guard.right, isName);
  if (!ts.isIfStatement(guard) || guard.elseStatement || !isTest(guard.expression, isName)) return false;
  const inner = guard.thenStatement;
  const [only, more] = ts.isBlock(inner) ? inner.statements : [inner];
  if (!only || more) return false;
  if (ts.isExpressionStatement(only)) return isReport(only.expression, isName);
  // `if (cb) return cb(err);`: what stands behind it runs only without the callback.
  return ts.isReturnStatement(only) && !!only.expression && isReport(only.expression, isName) && isLastStatement(guard);
}

function isAnd(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken;
}

function isTest(node: ts.Expression, isName: (node: ts.Node) => boolean): boolean {
  if (isName(node)) return true;
  if (!ts.isBinaryExpression(node) || !ts.isTypeOfExpression(node.left) || !isName(node.left.expression)) return false;
  const equal = [ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.EqualsEqualsToken];
  return equal.includes(node.operatorToken.kind) && ts.isStringLiteral(node.right) && node.right.text === 'function';
}

function isReport(node: ts.Expression, isName: (node: ts.Node) => boolean): boolean {
  return ts.isCallExpression(node) && isName(node.expression) && !node.arguments.some(isName);
}

function isLastStatement(node: ts.Statement): boolean {
  return ts.isBlock(node.parent) && node.parent.statements.at(-1) === node && ts.isFunctionLike(node.parent.parent);
}
