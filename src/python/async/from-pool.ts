import { requestVerb } from '../http/from-requests.js';
import { isName, qualified, textOf, type PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import { functionAround, parentOf, type Call, type Expr, type Name } from '../tree.js';
import { link, refuse, touch, Units, type Unit } from '../unit.js';
import { valueOf } from '../values.js';
import type { ExportsPolicy } from '../../types.js';
import { exportedNames } from '../imports.js';
import { ownNodes, poolOf, Waiting, type PoolWith } from './waits.js';
import { inside, allNodes } from './places.js';
import { convertFunction } from './coroutine.js';
import { catchElsewhere } from './catching.js';
import { convertRegion } from './region.js';
import { island, inner } from './island.js';

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
}

export class Converter {
  readonly units: Units;
  readonly waiting: Waiting;
  readonly regions: Region[] = [];
  /** Functions that become coroutines. */
  readonly coroutines = new Set<PyFunction>();
  /** Functions that stay what they are for their callers, and run a loop of their own inside. */
  readonly islands = new Set<PyFunction>();
  readonly sessions = new Map<PyFile, string>();

  constructor(
    readonly project: PyProject,
    readonly exports: ExportsPolicy,
  ) {
    this.units = new Units(project);
    this.waiting = new Waiting(project);
  }

  convertAll(): void {
    for (const file of this.project.files) this.findRegions(file);
    for (const region of this.regions) this.collect(region);
    for (const fn of this.coroutines) convertFunction(this, fn);
    for (const region of this.regions) convertRegion(this, region);
    catchElsewhere(this);
    for (const region of this.regions) if (!region.holder) island(this, region);
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
        limit: this.limitOf(unit, pool.call),
        ...(isName(name) && { name }),
        ...(holder && { holder }),
      };
      if (pool.stmt.items.length > 1) refuse(unit, 'unknown-callee', pool.stmt.items[0]!);
      this.regions.push(region);
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
    const { unit, file } = region;
    if (region.holder) {
      if (this.keepsContract(region.holder)) this.islands.add(region.holder);
      this.addCoroutine(region.holder, unit);
    }
    for (const use of this.usesOf(region)) {
      const parent = parentOf(use);
      const call = parent && parentOf(parent);
      const method = parent?.nodeType === 'Attribute' && parent.value === use ? parent.attr : undefined;
      if (call?.nodeType !== 'Call' || call.func !== parent || (method !== 'map' && method !== 'submit')) {
        refuse(unit, 'pool-option', use, method ?? 'executor');
        continue;
      }
      const [worker] = call.args;
      this.worker(unit, file, worker);
    }
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

  worker(unit: Unit, file: PyFile, worker: Expr | undefined): void {
    if (worker?.nodeType === 'Lambda') {
      if (worker.body.nodeType === 'Call') return this.worker(unit, file, worker.body.func);
      return refuse(unit, 'unknown-callee', worker);
    }
    const target = worker && this.project.resolve(file, worker);
    if (worker && qualified(file, worker) === 'time.sleep') return;
    if (target?.kind !== 'function') return refuse(unit, 'unknown-callee', worker ?? unit.at!);
    if (!this.waiting.waits(target)) return refuse(unit, 'no-async-twin', worker!, target.name);
    this.addCoroutine(target, unit);
  }

  addCoroutine(fn: PyFunction, from: Unit): void {
    link(from, this.units.of(fn));
    if (this.coroutines.has(fn)) return;
    this.coroutines.add(fn);
    const unit = this.units.of(fn);
    for (const node of ownNodes(fn.def.body)) {
      const target = node.nodeType === 'Call' ? this.project.resolve(fn.file, node.func) : undefined;
      if (target?.kind === 'function' && this.waiting.waits(target)) this.addCoroutine(target, unit);
    }
    for (const relative of this.project.family(fn)) this.addCoroutine(relative, unit);
  }

  /** True when a function asks for a session: it makes requests, or calls a function that does, and opens none itself. */
  needsSession(fn: PyFunction, seen = new Set<PyFunction>()): boolean {
    if (seen.has(fn) || !this.coroutines.has(fn) || this.holds(fn)) return false;
    seen.add(fn);
    return ownNodes(fn.def.body).some((node) => node.nodeType === 'Call' && this.asksForSession(fn.file, node, seen));
  }

  asksForSession(file: PyFile, call: Call, seen = new Set<PyFunction>()): boolean {
    if (requestVerb(file, call)) return true;
    const target = this.project.resolve(file, call.func);
    return target?.kind === 'function' && this.needsSession(target, seen);
  }

  holds(fn: PyFunction): boolean {
    return this.regions.some((region) => region.holder === fn);
  }

  sessionName(file: PyFile): string {
    let name = this.sessions.get(file);
    if (!name) this.sessions.set(file, (name = this.units.fresh(file, 'session')));
    return name;
  }

  isPoolCall(file: PyFile, call: Call): boolean {
    if (call.func.nodeType !== 'Attribute' || !/^(?:map|submit)$/.test(call.func.attr)) return false;
    return valueOf(this.project, file, call.func.value)?.kind === 'ThreadPoolExecutor';
  }
}
