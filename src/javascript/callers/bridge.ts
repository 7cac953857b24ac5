import type { TextEdit } from '../../edits/edits.js';
import { bare } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { canImportBuiltins, localNameFor } from '../imports.js';
import { ts } from '../parse.js';
import { usesArguments } from '../scope.js';
import { callbackifyNeed } from './entries.js';
import { mixesLists, reportWithThis, resultsOf } from './site.js';
import type { Site } from './site.js';
import type { AnswersSync } from './timing.js';

/**
 * True when `callbackify(f)(x, cb)` in the place of `f(x, cb)` can't be told from it: the callback looks at no more than it gets,
 * nobody takes what the call returns, and nothing runs behind the call if the old function could answer at once.
 */
export function canBridgeCall(site: Site, ctx: FileContext, call: ts.CallExpression, isSync: AnswersSync): boolean {
  const handler = call.arguments.at(-1);
  if (!handler || !isFunctionLike(handler) || !canImportBuiltins(ctx) || !isPlainCall(site, call)) return false;
  if (mixesLists(site) || resultsOf(site) === 'list' || reportWithThis(site)) return false;
  if (site.fn.index !== site.fn.node.parameters.length - 1) return false;
  if (site.reading?.facts.mayThrowSync || !isUnusedValue(call)) return false;
  if (site.answersSync && !isLast(call, (around) => isSync(ctx, around))) return false;
  return isSmallHandler(handler) || (resultsOf(site) === 'value' && !site.fn.optional);
}

/** Called with its callback as the last argument, where the function takes it. */
export function isPlainCall(site: Site, call: ts.CallExpression): boolean {
  if (call.arguments.some(ts.isSpreadElement)) return false;
  return call.arguments.length === site.fn.index + 1 || leavesOptionsOut(site, call);
}

/** `load(id, cb)` of `load(id, options, cb)`, which the function sorts out by itself. */
export function leavesOptionsOut(site: Site, call: ts.CallExpression): boolean {
  const { index, shuffles, node } = site.fn;
  const shifted = shuffles.some((each) => each.option && each.option === node.parameters[index - 1]);
  return shifted && call.arguments.length === index;
}

/**
 * True when options that callers leave out can become a default: it is used for `undefined` too, so nobody may pass that where
 * the function did not replace it.
 */
export function canDefaultOptions(site: Site, calls: readonly ts.CallExpression[]): boolean {
  if (!calls.some((call) => leavesOptionsOut(site, call))) return true;
  if (site.ctx.typescript || site.fn.shuffles.some((each) => each.option && !each.value)) return false;
  return calls.every((call) => leavesOptionsOut(site, call) || isSomething(call.arguments[site.fn.index - 1]!));
}

function isSomething(node: ts.Expression): boolean {
  const inner = bare(node);
  return (
    ts.isObjectLiteralExpression(inner) ||
    ts.isArrayLiteralExpression(inner) ||
    ts.isLiteralExpression(inner) ||
    ts.isTemplateExpression(inner) ||
    inner.kind === ts.SyntaxKind.NullKeyword
  );
}

/** Not `null` or `undefined`, which `callbackify` does not take. */
function isFunctionLike(node: ts.Expression): boolean {
  const handler = bare(node);
  if (ts.isIdentifier(handler)) return handler.text !== 'undefined';
  return ts.isFunctionLike(handler) || ts.isCallExpression(handler) || ts.isPropertyAccessExpression(handler);
}

/** A function written in place that takes an error and one result at most. */
function isSmallHandler(node: ts.Expression): boolean {
  const handler = bare(node);
  if (!ts.isArrowFunction(handler) && !ts.isFunctionExpression(handler)) return false;
  if (handler.parameters.length > 2 || handler.parameters.some((each) => each.dotDotDotToken)) return false;
  return ts.isArrowFunction(handler) || !usesArguments(handler.body);
}

/** A statement, or an arrow's body or `return` that is only a way to write one. */
export function isUnusedValue(call: ts.Node): boolean {
  const { parent } = call;
  if (ts.isParenthesizedExpression(parent) || ts.isVoidExpression(parent)) return isUnusedValue(parent);
  return ts.isExpressionStatement(parent);
}

/** Nothing that belongs to the program's text runs behind this call: it ends the continuation of another wait, or the file. */
export function isLast(call: ts.Node, isSync: (around: ts.CallExpression) => boolean): boolean {
  let node: ts.Node = ts.findAncestor(call, ts.isStatement) ?? call;
  for (;;) {
    const { parent } = node;
    if (ts.isIfStatement(parent)) node = parent;
    else if (!isLastIn(node, parent)) return false;
    else if (ts.isSourceFile(parent)) return true;
    else if (!ts.isBlock(parent)) return false;
    else if (ts.isFunctionLike(parent.parent)) return isContinuation(parent.parent, isSync);
    else node = parent;
    if (ts.isTryStatement(node.parent)) return false;
  }
}

/** `(err, …) => { … }` as the last argument of a call. */
function isContinuation(fn: ts.SignatureDeclaration, isSync: (around: ts.CallExpression) => boolean): boolean {
  const first = fn.parameters[0]?.name;
  const call = fn.parent;
  if (!first || !ts.isIdentifier(first) || !/^(e|er|err|error)$/i.test(first.text)) return false;
  return ts.isCallExpression(call) && call.arguments.at(-1) === (fn as ts.Node) && !isSync(call);
}

function isLastIn(node: ts.Node, parent: ts.Node): boolean {
  if (!ts.isBlock(parent) && !ts.isSourceFile(parent)) return false;
  const behind = parent.statements.slice(parent.statements.indexOf(node as ts.Statement) + 1);
  return behind.every(
    (each) => ts.isFunctionDeclaration(each) || ts.isInterfaceDeclaration(each) || ts.isTypeAliasDeclaration(each),
  );
}

// load(id, (err, user) => …)
// ^^^^ callbackify(load)
export function bridgedCall(ctx: FileContext, call: ts.CallExpression): TextEdit {
  const start = call.expression.getStart();
  const { end } = call.expression;
  return { start, end, text: `${localNameFor(ctx, callbackifyNeed)}(${ctx.text.slice(start, end)})` };
}
