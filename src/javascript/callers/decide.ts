import type { Refusal } from '../../flow/model.js';
import { isTask } from '../../flow/query.js';
import type { CallResolver, CallbackReading, ReadOutcome } from '../callback/types.js';
import { bare, originOf } from '../calls/origin.js';
import { mayThrowSync } from '../calls/throws.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { calleeOf } from '../calls/callee.js';
import { isDeclarationName } from '../scope.js';
import { canBridgeCall, canDefaultOptions, isPlainCall, isUnusedValue } from './bridge.js';
import { bridgeOf } from './entries.js';
import { optionalForm } from './optional.js';
import { asyncPart, markHanded, silentEndOf } from './exits.js';
import type { HandedOn } from './exits.js';
import { isListTail } from './hands.js';
import { canImportBuiltins } from '../imports.js';
import { asyncHead } from './head.js';
import { isAwaited } from './leaf.js';
import { callsOf, givesOfSite, leave, mixesLists, reportWithThis, resultsOf } from './site.js';
import type { Site } from './site.js';
import { markTiming } from './timing.js';
import type { AnswersSync } from './timing.js';
import type { Wrapped } from './wrapped.js';

export type Read = (site: Site, calls: CallResolver) => ReadOutcome<CallbackReading>;
type Resolve = (ctx: FileContext) => CallResolver;

/** What is known of all calls in the end. */
export interface Decided {
  readonly isSync: AnswersSync;
  readonly handedOn: HandedOn;
  readonly resolve: Resolve;
}

/**
 * Decides all functions together. At first everything is assumed to become async; whatever turns out to be impossible moves a
 * mode down, and all that call it are read again, until nothing moves. At the end the readings fit the modes and the results.
 */
export function decide(
  sites: readonly Site[],
  files: readonly FileContext[],
  wrapped: ReadonlyMap<ts.Node, Wrapped>,
  readAs: Read,
  resolve: Resolve,
): Decided {
  const callers = callersOf(sites);
  const handedOn = handedOnBy(sites, wrapped, resolve);
  const read: Read = (site, calls) => readAs(site, site.asLists ? withLists(site, calls, handedOn) : calls);
  const ownCalls = new Set<ts.Node>(sites.flatMap((site) => callsOf(site).map(({ call }) => call)));
  const isProject = (call: ts.Node): boolean => ownCalls.has(call);
  // Twice without consequences: what is read first knows nothing yet of what the others give.
  for (let pass = 0; pass < 2; pass++) {
    for (const site of sites) {
      const outcome = site.mode === 'left' ? undefined : read(site, resolve(site.ctx));
      site.reading = outcome?.ok ? outcome.value : undefined;
    }
    markHanded(sites, handedOn);
  }
  let isSync: AnswersSync = () => true;
  let unread: ReadonlySet<Site> = new Set(sites);
  let moved: readonly Site[] = sites;
  for (let round = 0; moved.length > 0; round++) {
    const before = new Map(sites.map((site) => [site, fingerprint(site)]));
    for (const site of unread) if (site.mode !== 'left') readAgain(site, read, resolve);
    markHanded(sites, handedOn);
    isSync = markTiming(sites, files, wrapped);
    const awaited = awaitedCalls(sites);
    for (const site of sites)
      if (site.mode === 'change' && !canChange(site, awaited, isSync, isProject)) keep(site, read, resolve);
    for (const site of sites) {
      if (site.mode !== 'keep') continue;
      readAsLists(site, handedOn, read, resolve);
      checkKept(site, handedOn);
    }
    moved = sites.filter((site) => fingerprint(site) !== before.get(site));
    unread = new Set(moved.flatMap((site) => callers.get(site) ?? []));
    if (round > 40)
      for (const site of unread) leave(site, { code: 'caller-not-convertible', at: rangeOf(site.fn.node) });
  }
  return { isSync, handedOn, resolve };
}

function handedOnBy(sites: readonly Site[], wrapped: ReadonlyMap<ts.Node, Wrapped>, resolve: Resolve): HandedOn {
  const called = new Map<ts.Node, Site>();
  for (const [call, { inner }] of wrapped) if (inner) called.set(call, inner);
  for (const site of sites) for (const { call } of callsOf(site)) called.set(call, site);
  return (ctx, call) => {
    const site = called.get(call);
    if (site) return site.hands ?? ['unknown'];
    const awaiting = resolve(ctx)(call);
    return [awaiting.kind === 'unknown' ? 'unknown' : awaiting.results];
  };
}

/** All that its callers build on. */
function fingerprint(site: Site): string {
  return `${site.mode} ${site.mode === 'left' ? (site.refusal?.code ?? '') : ''} ${givesOfSite(site).results}`;
}

/** The functions in whose text a function is called. */
function callersOf(sites: readonly Site[]): ReadonlyMap<Site, readonly Site[]> {
  const byFile = new Map<FileContext, Site[]>();
  for (const site of sites) byFile.set(site.ctx, [...(byFile.get(site.ctx) ?? []), site]);
  const around = (ctx: FileContext, call: ts.Node): Site[] =>
    (byFile.get(ctx) ?? []).filter(({ fn }) => fn.node.pos <= call.pos && call.end <= fn.node.end);
  return new Map(
    sites.map((site) => {
      const { owner } = site.naming;
      // Methods are found by the object that they are called on: all of the file may do that.
      const all = owner ? (byFile.get(site.ctx) ?? []) : callsOf(site).flatMap(({ ctx, call }) => around(ctx, call));
      return [site, [...new Set(all)]];
    }),
  );
}

function readAgain(site: Site, read: Read, resolve: Resolve): void {
  const outcome = read(site, resolve(site.ctx));
  if (outcome.ok) site.reading = outcome.value;
  else if (site.reading?.leaf) (delete site.reading, leave(site, outcome.refusal));
  else leave(site, outcome.refusal);
}

/** What stays outside of the async part may answer at once, so it is read with that in mind. */
function keep(site: Site, read: Read, resolve: Resolve): void {
  site.mode = 'keep';
  readAgain(site, read, resolve);
}

/** Where a bridge could not say how much a callee hands on, it says all of it. */
function readAsLists(site: Site, handedOn: HandedOn, read: Read, resolve: Resolve): void {
  // Where nobody may be told, nobody may miss what was thrown at the caller either.
  if (site.asLists || site.fn.optional || site.reading!.leaf || site.ctx.typescript) return;
  if (bridgeOf(site, handedOn)) return;
  const before = site.reading;
  site.asLists = true;
  const outcome = read(site, resolve(site.ctx));
  site.reading = outcome.ok ? outcome.value : before;
}

function withLists(site: Site, calls: CallResolver, handedOn: HandedOn): CallResolver {
  return (call) => {
    const awaiting = calls(call);
    if (awaiting.kind === 'unknown' || awaiting.fields || awaiting.errorFirst === false) return awaiting;
    if (!isListTail(site, call, handedOn)) return awaiting;
    return { kind: 'wrap', results: 'unknown', asList: true, ...(awaiting.sync && { sync: awaiting.sync }) };
  };
}

/** Calls that stand in flows which will be async: they become `await f(x)`. */
export function awaitedCalls(sites: readonly Site[]): ReadonlySet<ts.Node> {
  return new Set(sites.flatMap((site) => (site.mode === 'left' ? [] : (site.reading?.waits ?? []))));
}

/** More bridges than this at its calls, and the bridge is better built once, in the function. */
const fewBridges = 2;

function canChange(
  site: Site,
  awaited: ReadonlySet<ts.Node>,
  isSync: AnswersSync,
  isProject: (call: ts.Node) => boolean,
): boolean {
  const { facts } = site.reading!;
  if (facts.throwsInPrologue || facts.usesArguments || facts.returns === 'value' || mixesLists(site)) return false;
  if (silentEndOf(site.reading!.flow, site.reading!)) return false;
  if (!asyncHead(site.ctx, site.fn, resultsOf(site)) || returnsSomething(site)) return false;
  const calls = callsOf(site).map(({ call }) => call);
  if (!canDefaultOptions(site, calls)) return false;
  if (site.reading!.leaf && !isAsked(site) && !isAwaited(site, awaited)) return false;
  let bridges = 0;
  let waits = 0;
  for (const { ctx, call } of callsOf(site)) {
    if (awaited.has(call) && isPlainCall(site, call)) waits++;
    else if (canBridgeCall(site, ctx, call, isSync)) bridges++;
    else return false;
  }
  // A bridge at every call, around what only hands on: nothing is gained.
  if (waits === 0 && handsOnOnly(site.reading!) && !site.reading!.waits.some((call) => isProject(call))) return false;
  if (resultsOf(site) === 'list' && site.uses.some((use) => use.kind === 'promisified')) return false;
  return bridges <= Math.max(fewBridges, waits);
}

/** With `--exports change` those who are not seen wait for it. */
const isAsked = ({ ctx, isSeen }: Site): boolean => !isSeen && ctx.options.exports === 'change';

/** A bridge must give the old callback exactly what it got, when it got it; and there must be something worth it. */
export function checkKept(site: Site, handedOn: HandedOn): void {
  if (site.reading!.leaf) return leave(site, whyNoLeaf(site));
  if (gainsNothing(site, site.reading!)) return leave(site);
  site.bridge = bridgeOf(site, handedOn);
  const refusal = whyNotKept(site, site.reading!);
  if (refusal) leave(site, refusal);
}

/** All of it would have to become a promise, which only those who call it can ask for. */
function whyNoLeaf(site: Site): Refusal {
  const { facts, leaf } = site.reading!;
  if (!/^(many-events|reference-use|returns-value)$/.test(leaf!.refusal.code)) return leaf!.refusal;
  if (facts.returns === 'value') return { code: 'returns-value', at: rangeOf(returnOf(site) ?? site.fn.node) };
  if (site.isSeen) return leaf!.refusal;
  return { code: 'exported-callers-unknown', at: rangeOf(site.fn.node), detail: site.fn.name };
}

function whyNotKept(site: Site, reading: CallbackReading): Refusal | undefined {
  const { facts } = reading;
  const { ctx, fn } = site;
  const at = rangeOf(fn.node);
  const given = returnsSomething(site);
  if (given) return { code: 'returns-value', at: rangeOf(given) };
  if (facts.returnsInside === 'value')
    return { code: 'returns-value', at: rangeOf(returnOf(site, reading.from) ?? fn.node) };
  if (site.endsSync && !ctx.options.unsafe) return { code: 'sync-callback', at: site.endsSync };
  const withThis = reportWithThis(site);
  if (withThis) return { code: 'own-this', at: rangeOf(withThis) };
  const early = usedTooEarly(site, reading);
  if (early) return { code: 'reference-use', at: rangeOf(early), detail: early.text };
  const throws = firstThrow(site, reading);
  if (throws && !ctx.options.unsafe) return { code: 'sync-throw', at: rangeOf(throws) };
  if (fn.optional && optionalForm(site) === 'unsaid') return { code: 'exported-callers-unknown', at: fn.optional.at };
  if (!canImportBuiltins(ctx)) return { code: 'exported-callers-unknown', at };
  if (site.bridge) return undefined;
  const silent = silentEndOf(asyncPart(reading), reading);
  if (silent) return { code: 'path-without-callback', at: silent };
  const report = fn.reports.find((each) => each.kind === 'list' || each.kind === 'passed') ?? fn.reports[0];
  return { code: 'several-results', at: report ? rangeOf(report.at) : at };
}

/** A name that the async part declares and that what stays outside uses: a hoisted function, a `var`. */
function usedTooEarly({ ctx, fn }: Site, reading: CallbackReading): ts.Identifier | undefined {
  const { body } = fn.node;
  if (!body || !ts.isBlock(body)) return undefined;
  for (const symbol of ctx.scopes.declaredIn(fn.node).values()) {
    const names = ctx.scopes.references(symbol);
    const declared = names.find(isDeclarationName);
    if (!declared || declared.pos < reading.from) continue;
    const early = names.find((name) => name.pos >= body.pos && name.pos < reading.from);
    if (early) return early;
  }
  return undefined;
}

/** Code of the first statement of the async part that throws on purpose: its caller saw that, the callback would now. */
export function firstThrow(site: Site, reading: CallbackReading): ts.Node | undefined {
  const { body } = site.fn.node;
  const first = body && ts.isBlock(body) ? body.statements.find((each) => each.getStart() >= reading.from) : body;
  return first && mayThrowSync(first, site.ctx.scopes);
}

/** Nothing is waited for, or all that is done is to hand the callback on. */
function gainsNothing(site: Site, reading: CallbackReading): boolean {
  // One wait in a function that is handed on in place reads no better behind a bridge.
  const few = site.naming.kind === 'inline' ? 2 : 1;
  return reading.waits.length < few || handsOnOnly(reading) || (!!site.partOf && givesOnly(reading));
}

/** `g(x, (err, v) => { if (err) return cb(err); cb(null, v); })` */
function givesOnly(reading: CallbackReading): boolean {
  const [wait, exit, more] = asyncPart(reading).steps;
  if (wait?.kind !== 'wait' || wait.onFail || wait.on.kind !== 'call' || exit?.kind !== 'exit' || more) return false;
  if (exit.how !== 'succeed') return false;
  if (!exit.with || isTask(exit.with)) return !exit.with;
  return exit.with.at.end - exit.with.at.start === (wait.bind?.pattern.declares[0]?.binding.name.length ?? -1);
}

/** Its async part is one call that hands its answer on. */
function handsOnOnly(reading: CallbackReading): boolean {
  const [only, more] = asyncPart(reading).steps;
  if (!only) return true;
  if (more || only.kind !== 'exit' || only.how !== 'succeed' || !only.with) return false;
  return isTask(only.with) && only.with.kind === 'call';
}

function rangeOf(node: ts.Node): { start: number; end: number } {
  return { start: node.getStart(), end: node.end };
}

/** `return request(url, …)`: what the function gives its caller beside the answer. `return fs.stat(…)` is only a way to leave. */
function returnsSomething(site: Site): ts.Node | undefined {
  const { node } = site.fn;
  if (node.type?.kind === ts.SyntaxKind.VoidKeyword) return undefined;
  const calls = callsOf(site).map(({ call }) => call);
  if (site.mode === 'keep' && site.isSeen && calls.length === site.uses.length && calls.every(isUnusedValue))
    return undefined;
  const waits = new Set<ts.Node>(site.reading!.waits);
  const returned = (expression: ts.Expression | undefined): ts.Node | undefined => {
    const call = expression && bare(expression);
    return call && waits.has(call) && ts.isCallExpression(call) && givesBack(site, call) ? call : undefined;
  };
  if (!node.body || !ts.isBlock(node.body)) return returned(node.body);
  const visit = (child: ts.Node): ts.Node | undefined => {
    if (ts.isFunctionLike(child)) return undefined;
    return (ts.isReturnStatement(child) ? returned(child.expression) : undefined) ?? ts.forEachChild(child, visit);
  };
  return ts.forEachChild(node.body, visit);
}

/** The first `return` that is more than a way to leave. */
function returnOf({ ctx, fn }: Site, from = 0): ts.Node | undefined {
  const uses = ctx.scopes.references(fn.callbackSymbol);
  const visit = (node: ts.Node): ts.Node | undefined => {
    if (ts.isFunctionLike(node) || node.end <= from) return undefined;
    if (!ts.isReturnStatement(node) || !node.expression) return ts.forEachChild(node, visit);
    return uses.some((use) => use.pos >= node.pos && use.end <= node.end) ? undefined : node;
  };
  return fn.node.body && ts.forEachChild(fn.node.body, visit);
}

/** What a call that nobody described gives is not known; who sees all callers of the function sees that they do not take it. */
function givesBack({ ctx, isSeen, naming }: Site, call: ts.CallExpression): boolean {
  const known = calleeOf(call, ctx.scopes, { dependencies: ctx.dependencies });
  if (known) return known.returns;
  const origin = originOf(call.expression, ctx.scopes);
  if (origin && (origin.module === 'async' || origin.module.startsWith('.'))) return false;
  return ts.isPropertyAccessExpression(call.expression) && !(isSeen && naming.kind === 'local');
}
