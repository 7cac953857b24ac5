import { neverThrows } from '../calls/calm-clients.js';
import { answersPromise } from '../calls/promises.js';
import { bare, memberName, originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { isAsync, isFunctionNode, isGenerator } from '../promise/uses.js';
import { functionElsewhere } from '../promise/elsewhere.js';

/** True when an expression is certain to give a native promise, and not to throw instead: `.then` may stand behind it. */
export function givesPromise(expression: ts.Node, ctx: FileContext): boolean {
  const node = bare(expression);
  const { scopes } = ctx;
  if (ts.isNewExpression(node)) return answersPromise(node, scopes);
  if (!ts.isCallExpression(node) || node.questionDotToken) return false;
  const callee = bare(node.expression);
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (isAsyncMethodOfThis(callee)) return true;
  const name = memberName(callee);
  if (name === 'then' || name === 'catch' || name === 'finally')
    return givesPromise((callee as ts.AccessExpression).expression, ctx);
  const origin = originOf(callee, scopes);
  // Most clients of packages, and `dns.promises`, check their arguments before they make a promise.
  const trusted =
    !origin ||
    origin.module === '' ||
    /^(fs|timers)\/promises$/.test(origin.module) ||
    neverThrows(node, scopes, ctx.dependencies);
  if (trusted && answersPromise(node, scopes, ctx.dependencies)) return true;
  const other = functionElsewhere(callee, scopes);
  return !!other && isAsync(other.fn) && !isGenerator(other.fn);
}

/** `this.load()` with `async load()` in the same class. */
function isAsyncMethodOfThis(callee: ts.Node): boolean {
  if (!ts.isPropertyAccessExpression(callee) || callee.expression.kind !== ts.SyntaxKind.ThisKeyword) return false;
  const owner = ts.findAncestor(callee, ts.isClassLike);
  const member = owner?.members.find((each) => each.name?.getText() === callee.name.text);
  return !!member && isFunctionNode(member) && isAsync(member) && !isGenerator(member);
}
