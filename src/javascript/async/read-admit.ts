import { isCalm } from '../calls/calm.js';
import { originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { isExecutor } from '../promise/uses.js';
import type { FunctionNode } from '../promise/uses.js';
import { hasDynamicScope, usesArguments } from '../scope.js';
import { stop } from '../stop.js';
import { admitVars } from './read-vars.js';

/** Gives a function up that must stay async, whatever its body does. */
export function admitAsync(fn: FunctionNode & { body: ts.ConciseBody }, ctx: FileContext): void {
  const { scopes } = ctx;
  const { to } = ctx.options;
  if (hasDynamicScope(fn)) stop('dynamic-scope', fn);
  // Its own rejection goes nowhere, and a throw would settle the promise that it is run for.
  if (isExecutor(fn, scopes)) stop('mixed-style', fn);
  if (to === 'callback' && !ts.isArrowFunction(fn) && usesArguments(fn.body)) stop('arity-observed', fn);
  // What its parameters throw rejects an async function, and any other throws it.
  const leaves = to === 'promise' || to === 'callback';
  const risky = leaves && fn.parameters.find((each) => defaultsIn(each).some((value) => !isCalm(value, scopes)));
  if (leaves) admitVars(fn, ctx);
  if (risky) stop('parameter-throws', risky);
  if (isServerAction(fn)) stop('framework-callback', fn);
  for (const call of callsGiven(fn, ctx)) if (seesAsync(call, ctx)) stop('framework-callback', call);
}

/** What a parameter is without an argument, and parts of it without a value: `{ a = first() } = {}`. */
function defaultsIn({ initializer, name }: ts.ParameterDeclaration | ts.BindingElement): ts.Expression[] {
  const own = initializer ? [initializer] : [];
  if (ts.isIdentifier(name)) return own;
  return [...own, ...name.elements.flatMap((each) => (ts.isBindingElement(each) ? defaultsIn(each) : []))];
}

/** `'use server'`: a function that its framework requires to be async. */
function isServerAction(fn: ts.Node & { body: ts.ConciseBody }): boolean {
  const says = (statements: readonly ts.Statement[]): boolean =>
    statements.some(
      (each) =>
        ts.isExpressionStatement(each) && ts.isStringLiteral(each.expression) && each.expression.text === 'use server',
    );
  return (
    says(fn.getSourceFile().statements.slice(0, 3)) || (ts.isBlock(fn.body) && says(fn.body.statements.slice(0, 2)))
  );
}

/** Calls that the function is handed to, in place or by its name. */
function callsGiven(fn: FunctionNode, { scopes }: FileContext): ts.CallExpression[] {
  const { parent } = fn;
  const name = ts.isVariableDeclaration(parent) ? parent.name : (fn as ts.NamedDeclaration).name;
  const symbol = name && ts.isIdentifier(name) ? scopes.symbolOf(name) : undefined;
  return [fn, ...(symbol ? scopes.references(symbol) : [])].flatMap((node) => {
    let value: ts.Node = node;
    while (
      ts.isArrayLiteralExpression(value.parent) ||
      ts.isObjectLiteralExpression(value.parent) ||
      (ts.isPropertyAssignment(value.parent) && value.parent.initializer === value)
    )
      value = value.parent;
    const call = value.parent;
    return ts.isCallExpression(call) && call.arguments.includes(value as ts.Expression) ? [call] : [];
  });
}

/** The `async` library gives a callback to functions that do not carry the word. */
function seesAsync(call: ts.CallExpression, { scopes }: FileContext): boolean {
  return /^(async|neo-async|async-es)(\/|$)/.test(originOf(call.expression, scopes)?.module ?? '');
}
