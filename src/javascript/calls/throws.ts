import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';
import { memberName, originOf } from './origin.js';

/**
 * The first place in or below the node that is written to throw at its caller: `throw`, an assertion, `JSON.parse`, `…Sync`, `new URL`.
 * Any code can throw by mistake; this finds what can throw on purpose. Functions inside are not entered, but for those that
 * `list.map(…)` and the like call at once, and neither is a `try` whose `catch` does not throw on.
 */
export function mayThrowSync(node: ts.Node, scopes: Scopes): ts.Node | undefined {
  if (ts.isTryStatement(node) && node.catchClause) {
    return (
      mayThrowSync(node.catchClause.block, scopes) ?? (node.finallyBlock && mayThrowSync(node.finallyBlock, scopes))
    );
  }
  if (throwsItself(node, scopes)) return node;
  return ts.forEachChild(node, (child) =>
    ts.isFunctionLike(child) && !runsAtOnce(child) ? undefined : mayThrowSync(child, scopes),
  );
}

const iterating = /^(map|forEach|filter|flatMap|reduce|reduceRight|some|every|find|findIndex|sort|from)$/;

/** A plain function handed to a method that goes through a list. */
export function runsAtOnce(fn: ts.Node): boolean {
  if (!ts.isArrowFunction(fn) && !ts.isFunctionExpression(fn)) return false;
  if (fn.modifiers?.some((each) => each.kind === ts.SyntaxKind.AsyncKeyword) || fn.asteriskToken) return false;
  const call = fn.parent;
  if (!ts.isCallExpression(call) || !call.arguments.includes(fn)) return false;
  const name = memberName(call.expression);
  return !!name && iterating.test(name);
}

function throwsItself(node: ts.Node, scopes: Scopes): boolean {
  if (ts.isThrowStatement(node)) return true;
  if (ts.isNewExpression(node)) {
    const origin = originOf(node.expression, scopes);
    return (
      origin?.module === '' && /^(URL|RegExp|TextDecoder)$/.test(origin.path[0] ?? '') && !isFixed(node.arguments?.[0])
    );
  }
  return ts.isCallExpression(node) && callThrows(node, scopes);
}

/** A pattern or address written down in the source is right or was never run. */
function isFixed(argument: ts.Expression | undefined): boolean {
  return !!argument && (ts.isStringLiteralLike(argument) || ts.isRegularExpressionLiteral(argument));
}

const throwingGlobals = new Set(['JSON.parse', 'decodeURIComponent', 'decodeURI', 'BigInt', 'atob', 'structuredClone']);

function callThrows(call: ts.CallExpression, scopes: Scopes): boolean {
  const name = memberName(call.expression) ?? (ts.isIdentifier(call.expression) ? call.expression.text : '');
  if (/^(assert\w*|invariant|\w+Sync)$/.test(name)) return true;
  const origin = originOf(call.expression, scopes);
  if (origin?.module === '') return throwingGlobals.has(origin.path.join('.'));
  if (/^(assert|assert\/strict|chai|invariant|tiny-invariant|assert-plus|joi|@hapi\/joi)$/.test(origin?.module ?? ''))
    return true;
  return origin?.module === 'url' && /^(fileURLToPath|parse|resolve)$/.test(origin.path[0] ?? '');
}
