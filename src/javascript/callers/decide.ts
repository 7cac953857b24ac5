import type { Refusal } from '../../flow/model.js';
import type { CallResolver, CallbackReading, ReadOutcome } from '../callback/types.js';
import { bare } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { calleeOf } from '../calls/callee.js';
import { canBridgeCall, canDefaultOptions, isPlainCall } from './bridge.js';
import { callbackArgument } from './entries.js';
import { canImportBuiltins } from '../imports.js';
import { asyncHead } from './head.js';
import { callsOf, leave, mixesLists, resultsOf } from './site.js';
import type { Site } from './site.js';

export type Read = (site: Site, calls: CallResolver) => ReadOutcome<CallbackReading>;
type Resolve = (ctx: FileContext) => CallResolver;

/**
 * Decides all functions together. At first everything is assumed to become async; whatever turns out to be impossible moves a
 * mode down, and everything is read again under what is then assumed, until nothing moves. At the end the readings fit the modes.
 */
export function decide(sites: readonly Site[], read: Read, resolve: Resolve): void {
  for (;;) {
    for (const site of sites) if (site.mode !== 'left') readAgain(site, read, resolve);
    const before = sites.map((site) => site.mode).join();
    const awaited = awaitedCalls(sites);
    for (const site of sites) if (site.mode === 'change' && !canChange(site, awaited)) site.mode = 'keep';
    for (const site of sites) if (site.mode === 'keep') checkKept(site);
    if (before === sites.map((site) => site.mode).join()) return;
  }
}

function readAgain(site: Site, read: Read, resolve: Resolve): void {
  const outcome = read(site, resolve(site.ctx));
  if (outcome.ok) site.reading = outcome.value;
  else leave(site, outcome.refusal);
}

/** Calls that stand in flows which will be async: they become `await f(x)`. */
export function awaitedCalls(sites: readonly Site[]): ReadonlySet<ts.Node> {
  return new Set(sites.flatMap((site) => (site.mode === 'left' ? [] : (site.reading?.waits ?? []))));
}

/** More bridges than this at its calls, and the bridge is better built once, in the function. */
const fewBridges = 2;

function canChange(site: Site, awaited: ReadonlySet<ts.Node>): boolean {
  const { facts } = site.reading!;
  if (facts.throwsInPrologue || facts.returns === 'value' || mixesLists(site)) return false;
  if (!asyncHead(site.ctx, site.fn, resultsOf(site)) || returnsSomething(site)) return false;
  const calls = callsOf(site).map(({ call }) => call);
  if (!canDefaultOptions(site, calls)) return false;
  let bridges = 0;
  let waits = 0;
  for (const { ctx, call } of callsOf(site)) {
    if (awaited.has(call) && isPlainCall(site, call)) waits++;
    else if (canBridgeCall(site, ctx, call)) bridges++;
    else return false;
  }
  if (resultsOf(site) === 'list' && site.uses.some((use) => use.kind === 'promisified')) return false;
  return bridges <= Math.max(fewBridges, waits);
}

/** A bridge must give the old callback exactly what it got, when it got it; and there must be something worth it. */
function checkKept(site: Site): void {
  const reading = site.reading!;
  const refusal = whyNotKept(site, reading);
  if (refusal || gainsNothing(site, reading)) leave(site, refusal);
}

function whyNotKept(site: Site, reading: CallbackReading): Refusal | undefined {
  const { facts } = reading;
  const at = rangeOf(site.fn.node);
  const given = returnsSomething(site);
  if (facts.returns === 'value' || given) return { code: 'returns-value', at: given ? rangeOf(given) : at };
  if (facts.reportsSyncInside && !site.ctx.options.unsafe) return { code: 'sync-callback', at };
  if (site.fn.optional && site.fn.optional.how !== 'noop')
    return { code: 'exported-callers-unknown', at: site.fn.optional.at };
  if (!canImportBuiltins(site.ctx)) return { code: 'exported-callers-unknown', at };
  if (callbackArgument(site)) return undefined;
  const report = site.fn.reports.find((each) => each.kind === 'list') ?? site.fn.reports[0];
  return { code: 'several-results', at: report ? rangeOf(report.at) : at };
}

/** Nothing is waited for, or all that is done is to hand the callback on. */
function gainsNothing(site: Site, reading: CallbackReading): boolean {
  const steps = reading.flow.steps.slice(reading.prologueSteps);
  const [only, more] = steps;
  // One wait in a function that is handed on in place reads no better behind a bridge.
  const few = site.naming.kind === 'inline' ? 2 : 1;
  if (!only || reading.waits.length < few) return true;
  return (
    !more &&
    only.kind === 'exit' &&
    only.how === 'succeed' &&
    !!only.with &&
    'kind' in only.with &&
    only.with.kind === 'call'
  );
}

function rangeOf(node: ts.Node): { start: number; end: number } {
  return { start: node.getStart(), end: node.end };
}

/** `return request(url, …)`: what the function gives its caller beside the answer. `return fs.stat(…)` is only a way to leave. */
function returnsSomething(site: Site): ts.Node | undefined {
  const { node } = site.fn;
  const waits = new Set<ts.Node>(site.reading!.waits);
  const returned = (expression: ts.Expression | undefined): ts.Node | undefined => {
    const call = expression && bare(expression);
    return call && waits.has(call) && ts.isCallExpression(call) && givesBack(site.ctx, call) ? call : undefined;
  };
  if (!node.body || !ts.isBlock(node.body)) return returned(node.body);
  const visit = (child: ts.Node): ts.Node | undefined => {
    if (ts.isFunctionLike(child)) return undefined;
    return (ts.isReturnStatement(child) ? returned(child.expression) : undefined) ?? ts.forEachChild(child, visit);
  };
  return ts.forEachChild(node.body, visit);
}

function givesBack(ctx: FileContext, call: ts.CallExpression): boolean {
  return calleeOf(call, ctx.scopes, { dependencies: ctx.dependencies })?.returns ?? false;
}
