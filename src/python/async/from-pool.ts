import { requestVerb } from '../http/from-requests.js';
import { isName, textOf, type PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import { functionAround, parentOf, type Call, type Expr, type Name, type Node } from '../tree.js';
import { link, note, refuse, touch, Units, type Unit } from '../unit.js';
import { valueOf } from '../values.js';
import type { ExportsPolicy } from '../../types.js';
import { exportedNames } from '../imports.js';
import type { Piece } from '../rewrite.js';
import type { Binding } from '../scope.js';
import { ownNodes, poolOf, Waiting, type PoolWith } from './waits.js';
import { inside, allNodes } from './places.js';
import { convertFunction } from './coroutine.js';
import { catchElsewhere } from './catching.js';
import { convertRegion, taskPool } from './region.js';
import { declareGlobals, island, inner, spanIsland, wrapLines, type Wrap } from './island.js';
import { findPrimitives, placePrimitives } from './primitives.js';
import { collectSpan, convertSpan, findSpans, isInSpan, statementsOf, type Span } from './spans.js';
import { baseInits } from './threads.js';
import { receivedElsewhere } from './received.js';
import { Sessions } from './sessions.js';
import { barredFromThreads, workerOf } from './workers.js';

/**
 * Blocking code on a thread pool becomes coroutines: the pool's workers and what they call turn into `async def`, the pool into tasks of an event loop
 * that is run where the pool was. What runs outside stays blocking code.
 */
export function poolToAsync(project: PyProject, exports: ExportsPolicy = 'wrap'): Units {
  const converter = new Converter(project, exports);
  converter.convertAll();
  return converter.units;
}

export interface Region extends PoolWith {
  readonly unit: Unit;
  /** The variable that has the executor. */
  readonly name?: Name;
  /** `max_workers`, as text. */
  readonly limit: string;
  /** The function that the region stands in, if any. */
  readonly holder?: PyFunction;
  /** Its workers have no form that is awaited, and stay in threads. */
  readonly threaded: boolean;
}

/** `executor.map(f, xs)` for a use of `executor`. */
function usedAs(use: Name): { call?: Call; method?: string } {
  const parent = parentOf(use);
  const call = parent && parentOf(parent);
  const method = parent?.nodeType === 'Attribute' && parent.value === use ? parent.attr : undefined;
  const isCall = call?.nodeType === 'Call' && call.func === parent && (method === 'map' || method === 'submit');
  return { ...(isCall && { call }), ...(method && { method }) };
}

export class Converter {
  readonly units: Units;
  readonly waiting: Waiting;
  readonly regions: Region[] = [];
  /** Functions that become coroutines. */
  readonly coroutines = new Set<PyFunction>();
  /** Functions that stay what they are for their callers, and run a loop of their own inside. */
  readonly islands = new Set<PyFunction>();
  readonly sessions: Sessions;
  private readonly sessionNames = new Map<PyFile, string>();
  /** Units that read a response to its end because it leaves its block. */
  readonly received = new Set<Unit>();
  /** Whether the response that a name has leaves its block. */
  readonly kept = new Map<Binding, boolean>();
  /** Variables of the module that a region gives a value. */
  readonly globals = new Map<Region | Span, string[]>();
  /** Statements that a region begins with: what belongs to its event loop. */
  readonly created = new Map<Region | Span, string[]>();
  readonly spans: Span[] = [];
  /** Lines that get a block of their own when all else in them is said. */
  readonly wraps: Wrap[] = [];
  /** The session that is opened round the statements of a module. */
  readonly opened = new Map<Span, string>();
  /** Kinds of queues, events and semaphores that coroutines wait for, and the locks that are held meanwhile. */
  readonly awaitedKinds = new Set<string>();
  readonly awaitedLocks = new Set<Call>();
  /** Coroutines that open a session of their own: nobody can hand them one. */
  readonly opensOwn = new Set<PyFunction>();
  /** Generators that were made lists. */
  readonly listed = new Set<Node>();

  constructor(
    readonly project: PyProject,
    readonly exports: ExportsPolicy,
  ) {
    this.units = new Units(project);
    this.sessions = new Sessions(project);
    this.waiting = new Waiting(this);
  }

  convertAll(): void {
    for (const file of this.project.files) this.findRegions(file);
    for (const file of this.project.files) this.spans.push(...findSpans(this, file));
    for (const region of this.regions) this.collect(region);
    for (const span of this.spans) collectSpan(this, span);
    findPrimitives(this);
    for (const region of this.regions) taskPool(this, region);
    for (const fn of this.coroutines) convertFunction(this, fn);
    placePrimitives(this);
    baseInits(this);
    for (const region of this.regions) convertRegion(this, region);
    for (const span of this.spans) convertSpan(this, span);
    for (const wrap of this.wraps) wrapLines(this, wrap);
    for (const fn of this.coroutines) if (!this.islands.has(fn)) declareGlobals(this, fn);
    catchElsewhere(this);
    receivedElsewhere(this);
    for (const region of this.regions) if (!region.holder) island(this, region);
    for (const span of this.spans) if (!span.holder) spanIsland(this, span);
    for (const fn of this.islands) inner(this, fn);
  }

  // ---- what there is ----

  findRegions(file: PyFile): void {
    for (const node of allNodes(file.module)) {
      const pool = poolOf(this.project, file, node);
      if (!pool) continue;
      const def = functionAround(pool.stmt);
      const holder = def && this.project.functionOf(def);
      const unit = this.units.around(file, pool.stmt);
      touch(unit, pool.stmt);
      const name = pool.stmt.items.find((item) => item.context_expr === pool.call)?.optional_vars;
      const region = {
        ...pool,
        unit,
        threaded: false,
        limit: this.limitOf(unit, pool.call),
        ...(isName(name) && { name }),
        ...(holder && { holder }),
      };
      if (pool.stmt.items.length > 1) refuse(unit, 'unknown-callee', pool.stmt.items[0]!);
      this.regions.push({ ...region, threaded: this.isThreaded(region) });
    }
  }

  limitOf(unit: Unit, call: Call): string {
    for (const keyword of call.keywords)
      if (!/^(?:max_workers|thread_name_prefix)$/.test(keyword.arg ?? ''))
        refuse(unit, 'pool-option', keyword, keyword.arg);
    const value = call.args[0] ?? call.keywords.find((each) => each.arg === 'max_workers')?.value;
    if (value && !(value.nodeType === 'Constant' && value.value === null)) return textOf(unit.file, value);
    return `min(32, (${this.units.need(unit, 'os', 'cpu_count')}() or 1) + 4)`;
  }

  /** The region's workers, and all that they wait for, become coroutines; so does the function around the region. */
  collect(region: Region): void {
    const { unit } = region;
    if (region.holder) {
      if (this.keepsContract(region.holder)) this.islands.add(region.holder);
      this.addCoroutine(region.holder, unit);
    }
    for (const use of this.usesOf(region)) {
      const { call, method } = usedAs(use);
      if (!call) refuse(unit, 'pool-option', use, method ?? 'executor');
      else this.worker(region, call.args[0]);
    }
  }

  /** All of its workers have no form that is awaited. */
  private isThreaded(region: Region): boolean {
    const calls = this.usesOf(region).map((use) => usedAs(use).call);
    return calls.length > 0 && calls.every((call) => call && workerOf(this, region.file, call.args[0]).is === 'thread');
  }

  /** Nobody in the run calls it, or somebody outside does: its callers must find what they knew. */
  keepsContract(fn: PyFunction): boolean {
    if (this.exports === 'change') return false;
    const isInner = functionAround(fn.def) !== undefined;
    const isListed = !fn.owner && exportedNames(fn.file).has(fn.name);
    return !isInner && (isListed || this.project.usesOf(fn).length === 0 || this.project.isNamedOutside(fn));
  }

  usesOf(region: Region): readonly Name[] {
    return (
      (region.name && region.file.scopes.bindingOf(region.name)?.uses.filter((use) => inside(use, region.stmt))) ?? []
    );
  }

  private worker({ unit, file, threaded }: Region, worker: Expr | undefined): void {
    const found = workerOf(this, file, worker);
    if (found.is === 'coroutine') return this.addCoroutine(found.fn, unit);
    if (found.is !== 'thread') return;
    if (!threaded) return refuse(unit, 'no-async-twin', worker ?? unit.at!, worker && textOf(file, worker));
    const barred = barredFromThreads(this.project, file, worker!);
    if (barred) return refuse(unit, barred.code, barred.at, textOf(file, worker!));
    note(unit, 'stays-in-threads', worker!);
  }

  addCoroutine(fn: PyFunction, from: Unit): void {
    link(from, this.units.of(fn));
    if (this.coroutines.has(fn)) return;
    this.coroutines.add(fn);
    const unit = this.units.of(fn);
    for (const node of ownNodes(fn.def.body)) this.collectCall(fn.file, node, unit);
    for (const relative of this.project.family(fn)) this.addCoroutine(relative, unit);
  }

  private collectCall(file: PyFile, node: Node, unit: Unit): void {
    const target = node.nodeType === 'Call' ? this.project.resolve(file, node.func) : undefined;
    if (target?.kind === 'function' && this.waiting.waits(target)) this.addCoroutine(target, unit);
  }

  /** What the statements of a module's span call. */
  collectCalls(file: PyFile, span: Span): void {
    for (const node of ownNodes(statementsOf(span))) this.collectCall(file, node, span.unit);
  }

  /** True when a function asks for a session: it makes requests, or calls a function that does, and opens none itself. */
  needsSession(fn: PyFunction, seen = new Set<PyFunction>()): boolean {
    if (seen.has(fn) || !this.coroutines.has(fn) || this.holds(fn)) return false;
    seen.add(fn);
    return ownNodes(fn.def.body).some((node) => node.nodeType === 'Call' && this.asksForSession(fn.file, node, seen));
  }

  asksForSession(file: PyFile, call: Call, seen = new Set<PyFunction>()): boolean {
    if (requestVerb(file, call)) return true;
    if (this.isPoolCall(file, call) && requestVerb(file, { ...call, func: call.args[0]! })) return true;
    const target = this.project.resolve(file, call.func);
    return target?.kind === 'function' && this.needsSession(target, seen);
  }

  holds(fn: PyFunction): boolean {
    return this.opensOwn.has(fn) || [...this.regions, ...this.spans].some(({ holder }) => holder === fn);
  }

  sessionName(file: PyFile): string {
    let name = this.sessionNames.get(file);
    if (!name) this.sessionNames.set(file, (name = this.units.fresh(file, 'session')));
    return name;
  }

  /** A call that is made through a session of aiohttp: `requests.get(…)`, `session.get(…)`. */
  requestOf(file: PyFile, call: Call): { readonly verb: string; readonly session: Piece } | undefined {
    const verb = requestVerb(file, call);
    if (verb) return { verb, session: this.sessionName(file) };
    const own = this.sessions.verbOf(file, call);
    return own && call.func.nodeType === 'Attribute' ? { verb: own, session: call.func.value } : undefined;
  }

  /** In a coroutine, or in a region of the module. */
  isConverted(file: PyFile, node: Node): boolean {
    const def = functionAround(node);
    if (def) return this.coroutines.has(this.project.functionOf(def));
    return (
      this.regions.some((region) => region.file === file && inside(node, region.stmt)) || isInSpan(this, file, node)
    );
  }

  isPoolCall(file: PyFile, call: Call): boolean {
    if (call.func.nodeType !== 'Attribute' || !/^(?:map|submit)$/.test(call.func.attr)) return false;
    return valueOf(this.project, file, call.func.value)?.kind === 'ThreadPoolExecutor';
  }
}
