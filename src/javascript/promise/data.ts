import type { Task } from '../../flow/model.js';
import { exitsIn } from '../../flow/query.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { isPlainAnswer, promiseFields } from './answer.js';
import type { Env } from './env.js';
import { returnsOf } from './kinds.js';
import { chainOf, promiseStatic } from './links.js';
import { functionNamed } from './uses.js';
import type { FunctionNode } from './uses.js';

/**
 * Data: a value that I/O gave, whose fields hold no promises. What the code puts together itself (`{ items: list(id) }`) may hold
 * some, and then `page.items` must be waited for as the chain waited for it.
 */
const known = new WeakMap<object, boolean>();

/** Notes for a task or a snippet whether it gives data once it has been waited for. */
export function noteData<T extends object>(made: T, source: ts.Expression, env: Env): T {
  known.set(made, isData(source, env, 0));
  return made;
}

export function noteCallData<T extends object>(made: T, callee: ts.Expression, env: Env): T {
  known.set(made, callGivesData(callee, env, 0));
  return made;
}

/** Names that a handler's parameter declares hold data when the task before gives data. */
export function markData(name: ts.BindingName, task: Task, env: Env): void {
  if (!givesData(task)) return;
  const mark = (each: ts.BindingName): void => {
    if (!ts.isIdentifier(each))
      return each.elements.forEach((one) => (ts.isOmittedExpression(one) ? undefined : mark(one.name)));
    const symbol = env.ctx.scopes.symbolOf(each);
    if (symbol && !env.ctx.scopes.references(symbol).some(env.ctx.scopes.isWritten)) env.seen.data.add(symbol);
  };
  mark(name);
}

export function givesData(task: Task): boolean {
  if (task.kind === 'call') return known.get(task) === true;
  if (task.kind !== 'block') return false;
  return exitsIn(task.body.steps).every((exit) => {
    if (exit.how !== 'succeed' || exit.of !== task.target || !exit.with) return true;
    return 'kind' in exit.with ? givesData(exit.with) : known.get(exit.with) === true;
  });
}

function isData(expression: ts.Expression, env: Env, depth: number): boolean {
  const node = bare(expression) as ts.Expression;
  if (depth > 8) return false;
  if (ts.isAwaitExpression(node)) return isData(node.expression, env, depth + 1);
  if (ts.isConditionalExpression(node))
    return isData(node.whenTrue, env, depth + 1) && isData(node.whenFalse, env, depth + 1);
  const stated = promiseStatic(node, env.ctx.scopes);
  if (stated?.name === 'resolve' && stated.call.arguments.length === 1)
    return isData(stated.call.arguments[0]!, env, depth + 1);
  const chain = chainOf(node, env.ctx.scopes);
  if (chain) return lastGivesData(chain.links.at(-1)!.args[0], env, depth + 1);
  if (ts.isCallExpression(node)) return callGivesData(node.expression, env, depth + 1);
  return isDeepPlain(node, env, depth);
}

function lastGivesData(handler: ts.Expression | undefined, env: Env, depth: number): boolean {
  const fn = handler && bare(handler);
  if (!fn) return false;
  return ts.isArrowFunction(fn) || ts.isFunctionExpression(fn)
    ? answersData(fn, env, depth)
    : callGivesData(fn as ts.Expression, env, depth);
}

/** A function of the file is looked into; what others give is data. */
function callGivesData(callee: ts.Expression, env: Env, depth: number): boolean {
  const fn = functionNamed(bare(callee), env.ctx.scopes);
  return !fn || answersData(fn, env, depth + 1);
}

function answersData(fn: FunctionNode, env: Env, depth: number): boolean {
  return returnsOf(fn).every((each) => !each || isData(each, env, depth + 1));
}

/** Nothing in the value can be a promise: a primitive, data, or a literal of such. */
function isDeepPlain(expression: ts.Expression, env: Env, depth: number): boolean {
  const node = bare(expression) as ts.Expression;
  const plain = (each: ts.Expression) => isDeepPlain(each, env, depth + 1);
  if (depth > 8) return false;
  if (ts.isObjectLiteralExpression(node))
    return node.properties.every((each) => {
      if (ts.isPropertyAssignment(each)) return plain(each.initializer);
      if (ts.isShorthandPropertyAssignment(each)) return plain(each.name);
      return ts.isSpreadAssignment(each) && plain(each.expression);
    });
  if (ts.isArrayLiteralExpression(node))
    return node.elements.every((each) => !ts.isOmittedExpression(each) && plain(each));
  if (ts.isSpreadElement(node)) return plain(node.expression);
  if (ts.isIdentifier(node)) return isDataName(node, env, depth);
  if (ts.isPropertyAccessExpression(node)) return !promiseFields.test(node.name.text) && plain(node.expression);
  if (ts.isElementAccessExpression(node)) return plain(node.expression);
  if (ts.isNewExpression(node)) return false;
  return isPlainAnswer(node, env, depth + 1);
}

function isDataName(name: ts.Identifier, env: Env, depth: number): boolean {
  const symbol = env.ctx.scopes.symbolOf(name);
  if (!symbol) return name.text === 'undefined';
  if (env.seen.data.has(symbol)) return true;
  const declaration = symbol.declarations?.[0];
  if (!declaration || !env.ctx.scopes.isConstant(symbol) || !ts.isVariableDeclaration(declaration)) return false;
  const value = declaration.initializer && bare(declaration.initializer);
  // A list may be filled later.
  return !!value && !ts.isArrayLiteralExpression(value) && isDeepPlain(value as ts.Expression, env, depth + 1);
}
