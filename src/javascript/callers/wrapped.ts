import type { Awaiting } from '../callback/types.js';
import { bare, originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import type { ModuleGraph } from '../modules/graph.js';
import { ts } from '../parse.js';
import { givesOfSite } from './site.js';
import type { Site } from './site.js';
import { exportsOf, useOf } from './uses.js';

/** What a called name of the project holds: a function that some library has wrapped. */
export interface Wrapped {
  /** `both`: called without a callback it gives a promise. */
  readonly gives: 'both' | 'callback';
  /** The function inside, where it is a callback function; a function that gives a promise always answers later. */
  readonly inner?: Site;
}

const wrappers: Readonly<
  Record<string, Readonly<Record<string, { gives: Wrapped['gives']; of: 'promise' | 'callback' }>>>
> = {
  universalify: {
    fromPromise: { gives: 'both', of: 'promise' },
    fromCallback: { gives: 'both', of: 'callback' },
  },
  util: { callbackify: { gives: 'callback', of: 'promise' } },
};

/** Calls, in all files, of what `exports.load = fromCallback(load)` and the like define. */
export function wrappedCalls(
  sites: readonly Site[],
  files: readonly FileContext[],
  graph: ModuleGraph,
): ReadonlyMap<ts.Node, Wrapped> {
  const found = new Map<ts.Node, Wrapped>();
  const byPath = new Map(files.map((ctx) => [ctx.path, ctx]));
  for (const ctx of files) {
    if (!/universalify|callbackify/.test(ctx.text)) continue;
    for (const { call, how } of wrappingsIn(ctx)) {
      const inner = how.of === 'callback' ? siteOf(call.arguments[0]!, ctx, sites, graph) : undefined;
      if (how.of === 'callback' && !inner) continue;
      const wrapped: Wrapped = { gives: how.gives, ...(inner && { inner }) };
      for (const use of usesOf(call, ctx, byPath, graph)) found.set(use, wrapped);
    }
  }
  return found;
}

interface Wrapping {
  readonly call: ts.CallExpression;
  readonly how: { readonly gives: Wrapped['gives']; readonly of: 'promise' | 'callback' };
}

function wrappingsIn(ctx: FileContext): Wrapping[] {
  const found: Wrapping[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.arguments.length === 1) {
      const origin = originOf(node.expression, ctx.scopes);
      const how = origin && origin.path.length === 1 ? wrappers[origin.module]?.[origin.path[0]!] : undefined;
      if (how) found.push({ call: node, how });
    }
    ts.forEachChild(node, visit);
  };
  visit(ctx.file);
  return found;
}

/** The callback function that is wrapped: written in place, by its name, or a module of the project. */
function siteOf(
  expression: ts.Expression,
  ctx: FileContext,
  sites: readonly Site[],
  graph: ModuleGraph,
): Site | undefined {
  const node = bare(expression);
  const symbol = ts.isIdentifier(node) ? ctx.scopes.symbolOf(node) : undefined;
  const own = sites.find(
    (site) => site.ctx === ctx && (site.fn.node === node || (!!symbol && site.naming.symbols.includes(symbol))),
  );
  if (own) return own;
  const origin = originOf(node, ctx.scopes);
  const path = origin?.module.startsWith('.') ? graph.resolve(ctx.path, origin.specifier) : undefined;
  const name = origin && (origin.path.length === 0 ? '=' : origin.path.length === 1 ? origin.path[0] : undefined);
  if (path === undefined || name === undefined) return undefined;
  return sites.find(
    (site) =>
      site.ctx.path === path &&
      [site.fn.node, ...site.naming.symbols].some((what) => graph.namesOf(path, what).includes(name)),
  );
}

/** Calls of the variable or the exports that a wrapping is given to. */
function usesOf(
  call: ts.CallExpression,
  ctx: FileContext,
  byPath: ReadonlyMap<string, FileContext>,
  graph: ModuleGraph,
): ts.Node[] {
  const variable =
    ts.isVariableDeclaration(call.parent) && ts.isIdentifier(call.parent.name) ? call.parent.name : undefined;
  const symbol = variable && ctx.scopes.symbolOf(variable);
  const names =
    symbol && ctx.scopes.isConstant(symbol) ? ctx.scopes.references(symbol).filter((each) => each !== variable) : [];
  const exported = [...exportsOf(ctx, call), ...names.flatMap((name) => exportsOf(ctx, name))];
  const here = names.map((name) => useOf(ctx, name));
  const elsewhere = exported.flatMap((name) =>
    graph.usesOf(ctx.path, name).flatMap((use) => {
      const there = byPath.get(use.path);
      return there && use.kind === 'call' ? [useOf(there, use.node)] : [];
    }),
  );
  return [...here, ...elsewhere].flatMap((use) => (use.kind === 'call' ? [use.call] : []));
}

/** How such a call is awaited; undefined where it is as any other. */
export function awaitingWrapped(call: ts.CallExpression, { gives, inner }: Wrapped): Awaiting | undefined {
  if (gives !== 'both') return undefined;
  const given = inner ? givesOfSite(inner) : { results: 'value' as const };
  if (given.results === 'list') return undefined;
  return { kind: 'awaitable', callee: [call.expression], needs: [], ...given, sync: 'maybe' };
}
