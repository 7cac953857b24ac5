import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { attempt, stop } from '../stop.js';
import { handingOf } from './leaf-events.js';
import type { Handing } from './leaf-events.js';
import { areExclusive, checkPath, pathsTo } from './leaf-paths.js';
import type { Path, Search } from './leaf-paths.js';
import { isError } from './leaf-uses.js';
import { isFunction } from './shape.js';
import type { FunctionNode } from './types.js';

/**
 * A function that is handed to one of the file's own, `load(name, ok, fail)`, where that one calls one of those it is given, once:
 *
 *     function load(name, ok, fail) {
 *       fs.readFile(name, 'utf8', (err, text) => {
 *         if (err) return fail(err);
 *         ok(text);
 *       });
 *     }
 */
export function pairHandingOf(node: ts.Node, search: Search): Handing | undefined {
  const call = node.parent;
  if (!ts.isCallExpression(call) || call.expression === node || call.arguments.some(ts.isSpreadElement))
    return undefined;
  const target = calledFunction(call, search);
  const index = call.arguments.indexOf(node as ts.Expression);
  if (!target || index < 0 || target === search.root || (search.depth ?? 0) > 2) return undefined;
  const given = target.parameters.flatMap((param, i) => (i === index || isCalled(param, search) ? [i] : []));
  const proof = attempt(() => prove(target, given, search));
  if (!proof.ok) return undefined;
  const { paths, calls } = proof.value;
  const own = calls.get(index) ?? [];
  const gives = own.every((each) => each.arguments.length === 0)
    ? 'nothing'
    : own.every((each) => each.arguments.length === 1 && isError(each.arguments[0]!, search.ctx))
      ? 'error'
      : 'other';
  const sync = paths.some((path) => path.every((link) => link.kind !== 'handing' || link.handing!.sync));
  return { call, once: true, sync, gives, pair: target };
}

/** A function of this file that its name always means. */
function calledFunction(call: ts.CallExpression, { ctx }: Search): FunctionNode | undefined {
  const name = bare(call.expression);
  const symbol = ts.isIdentifier(name) ? ctx.scopes.symbolOf(name) : undefined;
  const declaration = symbol?.declarations?.[0];
  if (!symbol || !declaration || !ctx.scopes.isConstant(symbol)) return undefined;
  const fn = ts.isVariableDeclaration(declaration)
    ? declaration.initializer && bare(declaration.initializer)
    : declaration;
  if (!fn || !(isFunction(fn) || ts.isFunctionDeclaration(fn)) || !fn.body) return undefined;
  return fn.asteriskToken || fn.modifiers?.some((each) => each.kind === ts.SyntaxKind.AsyncKeyword) ? undefined : fn;
}

function isCalled(param: ts.ParameterDeclaration, { ctx }: Search): boolean {
  const symbol = ts.isIdentifier(param.name) ? ctx.scopes.symbolOf(param.name) : undefined;
  const uses = symbol ? ctx.scopes.references(symbol) : [];
  return uses.some((use) => ts.isCallExpression(use.parent) && use.parent.expression === use);
}

/** All that the function does with its handlers are calls, of which one at most happens. */
function prove(
  target: FunctionNode,
  given: readonly number[],
  { ctx, calls: resolver, depth = 0 }: Search,
): { paths: Path[]; calls: Map<number, ts.CallExpression[]> } {
  const search: Search = { root: target, ctx, calls: resolver, depth: depth + 1 };
  const calls = new Map<number, ts.CallExpression[]>();
  const paths: Path[] = [];
  for (const index of given) {
    const param = target.parameters[index];
    const symbol = param && ts.isIdentifier(param.name) ? ctx.scopes.symbolOf(param.name) : undefined;
    if (!param || !symbol || param.dotDotDotToken || param.initializer) return stop('reference-use', target);
    for (const use of ctx.scopes.references(symbol)) {
      if (use === param.name) continue;
      const call = use.parent;
      if (!ts.isCallExpression(call) || call.expression !== use) return stop('reference-use', use);
      calls.set(index, [...(calls.get(index) ?? []), call]);
      paths.push(...pathsTo({ node: call, kind: 'report' }, search));
    }
  }
  for (const path of paths) checkPath(path);
  paths.forEach((one, i) => {
    if (paths.slice(i + 1).some((other) => !areExclusive(one, other, search))) stop('called-more-than-once', target);
  });
  return { paths, calls };
}

/** How a handler will be called, by what is known of Node and of the file's own functions. */
export function handedTo(node: ts.Node, search: Search): Handing | undefined {
  const { parent } = node;
  const target = ts.isCallExpression(parent) ? calledFunction(parent, search) : undefined;
  const isPair = !!target && target.parameters.filter((each) => isCalled(each, search)).length > 1;
  const pair = isPair ? pairHandingOf(node, search) : undefined;
  return pair ?? handingOf(node, search.ctx, search.calls) ?? (isPair ? undefined : pairHandingOf(node, search));
}
