import type { Refusal } from '../../flow/model.js';
import { bare, memberName, originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { functionAround } from './fan-outs.js';

/** `const limit = pLimit(4);`, `const queue = new PQueue({ concurrency: 4 });` */
export interface Limiter {
  readonly library: 'p-limit' | 'p-queue';
  readonly declaration: ts.VariableDeclaration;
  readonly name: ts.Identifier;
  readonly symbol: ts.Symbol;
  readonly limit: ts.Expression;
  /** Why nothing that it holds back can be written without it. */
  readonly problem?: Refusal;
}

export function limitersIn(ctx: FileContext): Limiter[] {
  const found: Limiter[] = [];
  const visit = (node: ts.Node): void => {
    const one = ts.isVariableDeclaration(node) ? limiterOf(node, ctx) : undefined;
    if (one) found.push(one);
    ts.forEachChild(node, visit);
  };
  visit(ctx.file);
  return found;
}

function limiterOf(node: ts.VariableDeclaration, ctx: FileContext): Limiter | undefined {
  const made = node.initializer && bare(node.initializer);
  if (!made || !ts.isIdentifier(node.name) || !(ts.isCallExpression(made) || ts.isNewExpression(made)))
    return undefined;
  const origin = originOf(made.expression, ctx.scopes);
  const library = origin?.module;
  if ((library !== 'p-limit' && library !== 'p-queue') || origin!.path.length > 0) return undefined;
  if (ts.isNewExpression(made) !== (library === 'p-queue')) return undefined;
  const symbol = ctx.scopes.symbolOf(node.name);
  const limit = library === 'p-limit' ? made.arguments?.[0] : concurrencyOf(made.arguments?.[0]);
  if (!symbol) return undefined;
  const problem = problemOf(node, symbol, limit, ctx);
  return { library, declaration: node, name: node.name, symbol, limit: limit ?? made, ...(problem && { problem }) };
}

/** The bound of a queue that does nothing but hold back: no rate, no timeout, not paused. */
function concurrencyOf(options: ts.Expression | undefined): ts.Expression | undefined {
  const node = options && bare(options);
  const [only, more] = node && ts.isObjectLiteralExpression(node) ? node.properties : [];
  if (!only || more) return undefined;
  if (ts.isShorthandPropertyAssignment(only)) return only.name.text === 'concurrency' ? only.name : undefined;
  return ts.isPropertyAssignment(only) && only.name.getText() === 'concurrency' ? only.initializer : undefined;
}

function problemOf(
  node: ts.VariableDeclaration,
  symbol: ts.Symbol,
  limit: ts.Expression | undefined,
  ctx: FileContext,
): Refusal | undefined {
  const at = rangeOf(node);
  if (!limit) return { code: 'live-queue', at };
  const isAlone =
    ts.isVariableDeclarationList(node.parent) &&
    node.parent.declarations.length === 1 &&
    ts.isVariableStatement(node.parent.parent);
  if (!isAlone || !ctx.scopes.isConstant(symbol)) return { code: 'reference-use', at };
  if (node.parent.parent && ts.isVariableStatement(node.parent.parent) && node.parent.parent.modifiers?.length)
    return { code: 'limiter-shared', at };
  for (const use of ctx.scopes.references(symbol)) {
    if (use === node.name) continue;
    const { parent } = use;
    const isCalled = ts.isCallExpression(parent) && parent.expression === use;
    const member = ts.isPropertyAccessExpression(parent) && parent.expression === use ? parent.name.text : undefined;
    if (member === 'add' || member === 'addAll' || isCalled) continue;
    return { code: member === undefined ? 'reference-use' : 'live-queue', at: rangeOf(parent) };
  }
  return undefined;
}

/** The limiter that a call takes a turn of. */
export function limiterAt(call: ts.CallExpression, ctx: FileContext): ts.Symbol | undefined {
  const callee = bare(call.expression);
  const owner =
    ts.isPropertyAccessExpression(callee) && /^add(All)?$/.test(memberName(callee)!) ? bare(callee.expression) : callee;
  return ts.isIdentifier(owner) ? ctx.scopes.symbolOf(owner) : undefined;
}

/**
 * True when two fan-outs can be under way in the same pool: it was made outside of the function that they are in, or one of them is not
 * waited for before the next begins. Apart from each other they would run more at once.
 */
export function isSharedLimiter({ declaration }: Limiter, fanOuts: readonly ts.Node[]): boolean {
  const home = functionAround(declaration);
  if (fanOuts.some((node) => functionAround(node) !== home)) return true;
  if (fanOuts.some((node) => inLoop(node, declaration) && !isAwaited(node))) return true;
  return fanOuts.length > 1 && !fanOuts.every(isAwaited);
}

/** A loop stands between the pool and its use. */
function inLoop(node: ts.Node, declaration: ts.Node): boolean {
  const loop = ts.findAncestor(node, (each) => ts.isIterationStatement(each, false));
  return !!loop && !(loop.pos <= declaration.pos && declaration.end <= loop.end);
}

function isAwaited(node: ts.Node): boolean {
  let { parent } = node;
  while (ts.isParenthesizedExpression(parent)) ({ parent } = parent);
  return ts.isAwaitExpression(parent);
}
