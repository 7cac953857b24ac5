import type { Note } from '../../flow/model.js';
import type { TransformOptions } from '../../types.js';
import { findCallbackFunctions } from '../callback/read.js';
import type { CallResolver, CallbackFunction } from '../callback/types.js';
import type { FileContext } from '../context.js';
import type { ModuleGraph } from '../modules/graph.js';
import type { PlacedRefusal, PlannedEdit, PlannedGroup } from '../plan.js';
import { ts } from '../parse.js';
import { awaitingOf, promisified } from './awaiting.js';
import { bridgedCall, leavesOptionsOut } from './bridge.js';
import { awaitedCalls, decide, firstThrow } from './decide.js';
import { docEdits } from './docs.js';
import { callbackifyNeed, changedEntry, keptEntry, stepEntries } from './entries.js';
import { survives } from './nested.js';
import { asyncHead } from './head.js';
import { leafEdits, readSite } from './leaf.js';
import { partsOf } from './parts.js';
import { callsOf, givesOfSite, leave, resultsOf } from './site.js';
import type { Site } from './site.js';
import { namingOf, ownerAt, useOf, usesIn } from './uses.js';
import type { Use } from './uses.js';
import { awaitingWrapped, wrappedCalls } from './wrapped.js';
import type { Wrapped } from './wrapped.js';

const rule = 'callback-to-async';

/**
 * Who changes when callback functions become async, over all files of a run: the function itself, where every caller is seen and
 * can follow; else its inside, behind a bridge that keeps the contract; else nothing, with the reason.
 */
export function readCallbackProject(
  files: readonly FileContext[],
  graph: ModuleGraph,
  options: TransformOptions,
): { groups: PlannedGroup[]; refusals: PlacedRefusal[] } {
  const project: Project = { graph, options, byPath: new Map(files.map((ctx) => [ctx.path, ctx])) };
  const sites = files.flatMap((ctx) =>
    findCallbackFunctions(ctx).map((fn) => {
      const site = siteOf(ctx, fn, project);
      return isBridged(ctx, fn) ? bridgedSite(site) : site;
    }),
  );
  const wrapped = wrappedCalls(sites, files, graph);
  const resolve = resolverOf(sites, wrapped, project);
  const known = decide(sites, files, wrapped, (site, calls) => readSite(site, sites, calls), resolve);
  const all = [...sites, ...sites.flatMap((site) => partsOf(site, sites, known))];
  const standing = all.filter((site) => site.mode !== 'left' && isSeen(site, all));
  const inParts = new Set(standing.flatMap(({ partOf }) => partOf ?? []));
  return {
    groups: groupsOf(standing, options),
    refusals: sites.flatMap((site) =>
      site.mode === 'left' && site.refusal && !inParts.has(site)
        ? [{ ctx: site.ctx, rule, refusal: site.refusal }]
        : [],
    ),
  };
}

interface Project {
  readonly graph: ModuleGraph;
  readonly options: TransformOptions;
  readonly byPath: ReadonlyMap<string, FileContext>;
}

/** Nothing to do, but others may wait for it. */
function bridgedSite(site: Site): Site {
  return { ...site, mode: 'left', refusal: undefined, isBridged: true };
}

/** Its callback is all that a `callbackify` gets: this tool, or someone, has been here. */
function isBridged(ctx: FileContext, fn: CallbackFunction): boolean {
  const uses = ctx.scopes.references(fn.callbackSymbol).filter((use) => use.parent !== fn.callback);
  return uses.some((use) => {
    const call = ts.findAncestor(
      use,
      (node): node is ts.CallExpression => ts.isCallExpression(node) && ts.isCallExpression(node.expression),
    );
    return !!call && /(^|\.)callbackify\d*$/.test((call.expression as ts.CallExpression).expression.getText());
  });
}

function siteOf(ctx: FileContext, fn: CallbackFunction, project: Project): Site {
  const naming = namingOf(ctx, fn);
  const names = new Set([fn.node, ...naming.symbols].flatMap((what) => project.graph.namesOf(ctx.path, what)));
  const own = usesIn(ctx, naming.symbols, fn.node);
  const uses = [...own, ...[...names].flatMap((name) => usesElsewhere(ctx, name, project))];
  const isExported = names.size > 0 || naming.exports.length > 0 || own.some((use) => use.kind === 'export');
  // What a plain script declares at its top belongs to the whole page.
  const isGlobal = ctx.moduleStyle === 'script' && naming.symbols.some((symbol) => isTopLevel(symbol));
  const isSeen =
    (!isExported && !isGlobal) || (names.size > 0 && project.graph.callersVisible(ctx.path, [...names]).visible);
  const open =
    naming.kind === 'member' || naming.kind === 'inline' || (!isSeen && project.options.exports !== 'change');
  const isConstant = naming.symbols.every((symbol) => ctx.scopes.isConstant(symbol));
  const canFollow =
    !open &&
    isConstant &&
    fn.optional?.how !== 'promise' &&
    fn.shuffles.every((each) => each.kind !== 'other') &&
    uses.every((use) => isHarmlessUse(use, fn));
  const site: Site = {
    ctx,
    fn,
    naming,
    uses,
    isSeen,
    answersSync: true,
    failsSync: true,
    mode: canFollow ? 'change' : 'keep',
  };
  if (project.options.exports === 'refuse' && isExported && !isSeen)
    leave(site, { code: 'exported-callers-unknown', at: { start: fn.node.getStart(), end: fn.node.end } });
  return site;
}

function isTopLevel(symbol: ts.Symbol): boolean {
  const declaration = symbol.declarations?.[0];
  return !!declaration && !ts.findAncestor(declaration.parent, ts.isFunctionLike);
}

function usesElsewhere(ctx: FileContext, name: string, project: Project): Use[] {
  return project.graph.usesOf(ctx.path, name).map((use): Use => {
    const there = project.byPath.get(use.path)!;
    if (use.kind === 're-export') return { kind: 'export', ctx: there, node: use.node, as: use.name };
    if (use.kind === 'call' || use.kind === 'reference') return useOf(there, use.node);
    return { kind: 'reference', ctx: there, node: use.node };
  });
}

function isHarmlessUse(use: Use, fn: CallbackFunction): boolean {
  if (use.kind === 'member') return use.name !== 'length' && use.name !== 'name';
  if (use.kind === 'promisified') return fn.index === fn.node.parameters.length - 1;
  return use.kind !== 'reference';
}

/** What a call in a file calls: a function of the project as it will be, else whatever the tables know. */
function resolverOf(
  sites: readonly Site[],
  wrapped: ReadonlyMap<ts.Node, Wrapped>,
  project: Project,
): (ctx: FileContext) => CallResolver {
  const byCall = new Map<ts.Node, Site>();
  for (const site of sites) for (const { call } of callsOf(site)) byCall.set(call, site);
  const members = new Map<unknown, Map<string, Site>>();
  for (const site of sites) {
    const { owner } = site.naming;
    if (owner) members.set(owner.of, (members.get(owner.of) ?? new Map<string, Site>()).set(owner.name, site));
  }
  const memberAt = (ctx: FileContext, { expression }: { expression: ts.Expression }): Site | undefined => {
    if (!ts.isPropertyAccessExpression(expression)) return undefined;
    return members.get(ownerAt(ctx, expression.expression))?.get(expression.name.text);
  };
  return (ctx) => (call) => {
    const site = byCall.get(call) ?? memberAt(ctx, call);
    const held = wrapped.get(call);
    const both = held && awaitingWrapped(call, held);
    if (both) return both;
    if (!site) return awaitingOf(ctx, call, project.graph.isPatched);
    const gives = givesOfSite(site);
    if (site.mode === 'change') return { kind: 'async', ...gives };
    if (site.refusal && untold.has(site.refusal.code) && !site.reading?.leaf) return { kind: 'unknown' };
    // What it throws at its caller would be a rejection, which an error branch of the call would take.
    if (site.reading?.facts.throwsInPrologue) return { kind: 'unknown', code: 'sync-throw' };
    // Handed on to a function of the project that could not be read: it may report results beside an error, which no promise carries.
    const handed = call.arguments?.at(-1);
    if (gives.results === 'unknown' && handed && ts.isIdentifier(handed))
      return { kind: 'unknown', code: 'several-results' };
    return gives.results === 'list' ? { kind: 'wrap', ...gives } : promisified(ctx, gives);
  };
}

/** Functions that were left because they report in a way that no single answer can stand for. */
const untold = new Set(
  'called-more-than-once many-events not-error-first partial-result-with-error callback-and-promise mixed-style reference-use sync-throw'.split(
    ' ',
  ),
);

/** A function inside another one that is read in its place there is not written on its own. */
function isSeen(site: Site, sites: readonly Site[]): boolean {
  return sites.every(
    (outer) => outer === site || outer.mode === 'left' || outer.ctx !== site.ctx || survives(site, outer),
  );
}

function groupsOf(sites: readonly Site[], options: TransformOptions): PlannedGroup[] {
  const awaited = awaitedCalls(sites);
  const callers = new Map(sites.flatMap((site) => site.reading!.waits.map((call) => [call as ts.Node, site] as const)));
  const parent = new Map<Site, Site>(sites.map((site) => [site, site]));
  const find = (site: Site): Site => (parent.get(site) === site ? site : find(parent.get(site)!));
  const firstOf = new Map<Site, Site>();
  for (const site of sites) {
    if (site.partOf && !firstOf.has(site.partOf)) firstOf.set(site.partOf, site);
    else if (site.partOf) parent.set(find(site), find(firstOf.get(site.partOf)!));
    if (site.mode !== 'change') continue;
    for (const use of site.uses) {
      const caller = use.kind === 'call' ? callers.get(use.call) : undefined;
      if (caller) parent.set(find(caller), find(site));
    }
  }
  const groups = new Map<Site, Site[]>();
  for (const site of sites) groups.set(find(site), [...(groups.get(find(site)) ?? []), site]);
  return [...groups.values()].map((members) => groupOf(members, awaited, options));
}

function groupOf(sites: readonly Site[], awaited: ReadonlySet<ts.Node>, options: TransformOptions): PlannedGroup {
  const main = sites[0]!;
  const leaves = sites.filter((site) => site.reading!.leaf);
  const entries = sites.flatMap((site) =>
    site.reading!.leaf ? [] : [entryOf(site, options), ...stepEntries(site)].map((entry) => ({ ctx: site.ctx, entry })),
  );
  const more = new Set(sites.map((site) => site.partOf ?? site)).size - 1;
  return {
    rule,
    title: `${titleOf(main)}${more > 0 ? `; ${more} more ${more === 1 ? 'follows' : 'follow'}` : ''}`,
    entries,
    edits: [
      ...leaves.flatMap((site) => leafEdits(site)),
      ...sites.flatMap((site) => (site.mode === 'change' ? editsAtUses(site, awaited) : [])),
    ],
    wholes: leaves.map(({ ctx, fn }) => ({ ctx, at: { start: fn.node.getStart(), end: fn.node.end } })),
    unsafe: sites.flatMap((site) => unsafeNotes(site)),
    notes: [...leaves.flatMap((site) => leafNotes(site, options)), ...entries.flatMap(({ entry }) => entry.notes)],
    main: { ctx: main.ctx, at: (main.partOf ?? main).fn.node.getStart() },
  };
}

function titleOf(site: Site): string {
  if (site.reading!.leaf) return `${site.fn.name} gives a promise`;
  if (site.partOf) return `a part of ${site.fn.name} becomes async`;
  return site.mode === 'change' ? `${site.fn.name} becomes async` : `the inside of ${site.fn.name} becomes async`;
}

function entryOf(site: Site, options: TransformOptions): ReturnType<typeof changedEntry> {
  const at = { start: site.fn.node.getStart(), end: site.fn.node.end };
  if (site.mode === 'keep') return keptEntry(site, [{ code: 'bridged', at }]);
  const leftOut = callsOf(site).some(({ call }) => leavesOptionsOut(site, call));
  const head = asyncHead(site.ctx, site.fn, resultsOf(site), leftOut)!;
  return changedEntry(site, head, contractNotes(site, options));
}

function leafNotes(site: Site, options: TransformOptions): Note[] {
  return [...site.reading!.notes, ...contractNotes(site, options)];
}

function contractNotes(site: Site, options: TransformOptions): Note[] {
  const at = { start: site.fn.node.getStart(), end: site.fn.node.end };
  return options.exports === 'change' && !site.isSeen ? [{ code: 'contract-changed', at }] : [];
}

function unsafeNotes(site: Site): Note[] {
  if (site.mode !== 'keep') return [];
  const at = { start: site.fn.node.getStart(), end: site.fn.node.end };
  const late: Note[] = site.endsSync ? [{ code: 'always-later', at: site.endsSync }] : [];
  return firstThrow(site, site.reading!) ? [...late, { code: 'throw-now-rejection', at }] : late;
}

/** What a doc comment says of the callback, what stands around calls that are not awaited, and `promisify(load)`, which `load` now is. */
function editsAtUses(site: Site, awaited: ReadonlySet<ts.Node>): PlannedEdit[] {
  const atUses = site.uses.flatMap((use): PlannedEdit[] => {
    if (use.kind === 'call' && !awaited.has(use.call))
      return [{ ctx: use.ctx, edit: bridgedCall(use.ctx, use.call), needs: [callbackifyNeed] }];
    if (use.kind !== 'promisified') return [];
    return [{ ctx: use.ctx, edit: { start: use.node.getStart(), end: use.node.end, text: use.name.getText() } }];
  });
  return [...docEdits(site), ...atUses];
}
