import { bare, memberName, originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import type { Handing } from './leaf-events.js';

/**
 * How jQuery calls `success` and `error` of `$.ajax({ … })`, the function given to `$.get(url, F)`, and what `.done`, `.fail` and `.then` get:
 * one of the two ways a request ends, once, never before the call returns. Undefined for any other node.
 */
export function ajaxHandingOf(node: ts.Node, ctx: FileContext): Handing | undefined {
  return optionOf(node, ctx) ?? argumentOf(node, ctx) ?? chainedOn(node, ctx);
}

/** True for what gets a failed request first: `error: F`, `.fail(F)`. */
export function isFailedAjax(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isMethodDeclaration(node)) return node.name.getText() === 'error';
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node && parent.name.getText() === 'error';
  return ts.isCallExpression(parent) && parent.arguments[0] === node && memberName(parent.expression) === 'fail';
}

// $.ajax({ url, success: F, error(xhr) { … } })
function optionOf(node: ts.Node, ctx: FileContext): Handing | undefined {
  const property = ts.isMethodDeclaration(node) ? node : node.parent;
  const isOption = property === node || (ts.isPropertyAssignment(property) && property.initializer === node);
  if (!isOption || !ts.isObjectLiteralExpression(property.parent)) return undefined;
  const name = (property as ts.PropertyAssignment | ts.MethodDeclaration).name.getText();
  const call = property.parent.parent;
  if (!/^(success|error|complete)$/.test(name) || !ts.isCallExpression(call)) return undefined;
  if (call.arguments.at(-1) !== property.parent || requestBy(call, ctx) !== 'ajax') return undefined;
  return handing(call, name, call);
}

// $.get(url, { page: 1 }, F)
function argumentOf(node: ts.Node, ctx: FileContext): Handing | undefined {
  const call = node.parent;
  if (!ts.isCallExpression(call) || call.arguments.indexOf(node as ts.Expression) < 1) return undefined;
  const kind = requestBy(call, ctx);
  return kind && kind !== 'ajax' ? handing(call, 'success', call) : undefined;
}

// $.getJSON(url).done(F).fail(F)
function chainedOn(node: ts.Node, ctx: FileContext): Handing | undefined {
  const call = node.parent;
  if (!ts.isCallExpression(call) || call.expression === node) return undefined;
  const name = memberName(call.expression) ?? '';
  const index = call.arguments.indexOf(node as ts.Expression);
  const event = ends[name]?.[index];
  const of = event && requestIn((call.expression as ts.AccessExpression).expression, ctx);
  return of ? handing(call, event, of) : undefined;
}

const ends: Readonly<Record<string, readonly string[]>> = {
  done: ['success'],
  fail: ['error'],
  always: ['complete'],
  then: ['success', 'error'],
  catch: ['error'],
};

const handing = (call: ts.CallExpression, event: string, of: ts.Node): Handing => ({
  call,
  event,
  once: true,
  sync: false,
  gives: 'other',
  ...(event !== 'complete' && { of, ends: [event] }),
});

/** The request that an expression holds: a call, what its handlers were added to, or the constant that it was kept in. */
function requestIn(expression: ts.Node, ctx: FileContext): ts.CallExpression | undefined {
  const node = bare(expression);
  if (ts.isIdentifier(node)) {
    const symbol = ctx.scopes.symbolOf(node);
    const declaration = symbol?.declarations?.[0];
    const isKept = symbol && ctx.scopes.isConstant(symbol) && declaration && ts.isVariableDeclaration(declaration);
    return isKept && declaration.initializer ? requestIn(declaration.initializer, ctx) : undefined;
  }
  if (!ts.isCallExpression(node)) return undefined;
  if (requestBy(node, ctx)) return node;
  const isSame = /^(done|fail|always|progress)$/.test(memberName(node.expression) ?? '');
  return isSame ? requestIn((node.expression as ts.AccessExpression).expression, ctx) : undefined;
}

/** The method of jQuery that sends a request which ends later; one that can be sent at once, or held back, is none. */
function requestBy(call: ts.CallExpression, ctx: FileContext): string | undefined {
  const origin = originOf(call.expression, ctx.scopes);
  const name = origin?.path.at(-1) ?? '';
  if (!origin || !/^(ajax|get|post|getJSON|getScript)$/.test(name) || call.arguments.some(ts.isSpreadElement))
    return undefined;
  const isJquery =
    origin.module === 'jquery'
      ? origin.path.length === 1
      : origin.module === '' && origin.path.length === 2 && /^(\$|jQuery)$/.test(origin.path[0]!);
  const options = call.arguments.at(-1);
  if (!isJquery || !options || (name === 'ajax' && !isPlainRequest(options))) return undefined;
  return name;
}

/** Options that are all written out, none of which makes the request answer at once. */
function isPlainRequest(options: ts.Expression): boolean {
  if (ts.isStringLiteralLike(options) || ts.isIdentifier(options) || ts.isTemplateExpression(options))
    return !ts.isIdentifier(options);
  if (!ts.isObjectLiteralExpression(options)) return ts.isBinaryExpression(options);
  return options.properties.every((each) => {
    if (ts.isSpreadAssignment(each) || !each.name || ts.isComputedPropertyName(each.name)) return false;
    return !/^(async|beforeSend|xhr|statusCode)$/.test(each.name.getText());
  });
}
