import { dropConnector, needsTimeoutBySession, plainAuth, plainTimeout } from '../http/aiohttp-sessions.js';
import { convertRequest, sessionOf } from '../http/from-aiohttp.js';
import { isBuiltin, isName, qualified, textOf, withoutParens } from '../file.js';
import { removeStatement } from '../imports.js';
import type { PyFunction, PyProject } from '../project.js';
import type { Range } from '../../types.js';
import type { Piece } from '../rewrite.js';
import {
  isFunction,
  parentOf,
  statementOf,
  walk,
  type Attribute,
  type Await,
  type Call,
  type Expr,
  type Name,
  type Node,
  type With,
} from '../tree.js';
import { link, refuse, touch, Units, type Unit } from '../unit.js';
import { valueOf } from '../values.js';
import { HTTPX_METHODS, METHODS, SPECIAL_METHODS } from './asyncio-names.js';
import { argumentRange, rest } from './arguments.js';
import type { SyncContext } from './context.js';
import { writeFans, writeSpawn } from './executor.js';
import { guardSharedState } from './shared-state.js';
import { type Cluster, type Fans, type SpawnQuestions } from './fans.js';
import { dropSessions, findPlainSessions, NO_SESSIONS, noteShared, type PlainSessions } from './sessions.js';
import { madeSession } from './client-sessions.js';
import { findFans } from './spawns.js';
import { QueueWorkers } from './queue-workers.js';
import { findRequestTimeouts, type RequestTimeouts } from './request-timeouts.js';
import { writeGroup } from './task-groups.js';
import { makesCoroutine } from './coroutines.js';
import { SessionLimits } from './limits.js';
import { handler, attribute, name, share } from './names.js';
import { withStatement, asyncFor, asyncComprehension } from './statements.js';
import { run, loopCall, findInlined } from './entry.js';

/**
 * asyncio becomes blocking code with thread pools: `async def` → `def`, `await` goes, started coroutines become tasks of an executor. The shape of
 * the code stays, so there is no model between: each construct is changed where it stands, and what has no equal is refused.
 */
export function asyncToBlocking(
  project: PyProject,
  limit: number | undefined,
  joins: SyncContext['joins'] = 'waiting',
): Units {
  const units = new Units(project);
  const bySession = needsTimeoutBySession(project);
  const plain = bySession ? NO_SESSIONS : findPlainSessions(project);
  const converter = new Converter(project, units, limit, joins, plain, bySession);
  dropSessions(units, plain);
  for (const fn of project.functions) converter.convert(units.of(fn), nodesOf(fn.def.body, fn));
  for (const file of project.files) converter.convert(units.ofModule(file), nodesOf(file.module.body));
  for (const each of converter.later) each();
  converter.workers.write(units);
  converter.linkShared();
  noteShared(project, units, converter.started, plain);
  guardSharedState(units, converter.spans, (node) => converter.workers.isEmptied(node));
  return units;
}

/** A unit's own nodes in the order of the text; class bodies belong to what is around them, methods and lambdas do not. */
function nodesOf(body: readonly Node[], fn?: PyFunction): Node[] {
  const found: Node[] = [];
  if (fn) {
    const { args, returns, decorator_list: decorators } = fn.def;
    for (const part of [args, ...(returns ? [returns] : []), ...decorators])
      walk(part, (node) => void found.push(node));
  }
  const visit = (node: Node): void => {
    found.push(node);
    if (isFunction(node)) return;
    for (const value of Object.values(node).flat())
      if (typeof value === 'object' && value !== null && 'start' in value) visit(value as Node);
  };
  body.forEach(visit);
  return found.sort((a, b) => a.start - b.start || b.end - a.end);
}

export class Converter implements SyncContext, SpawnQuestions {
  file!: Unit['file'];
  fans!: Fans;
  unit!: Unit;
  /** Single tasks that are only waited for right where they are made. */
  inlined = new Map<Node, Call>();

  constructor(
    readonly project: PyProject,
    readonly units: Units,
    readonly limit: number | undefined,
    readonly joins: SyncContext['joins'],
    readonly plain: PlainSessions,
    readonly timeoutBySession: boolean,
  ) {
    this.limits = new SessionLimits(project);
    this.timeouts = findRequestTimeouts(project);
    this.requestTimeouts = this.timeouts.of;
    this.workers = new QueueWorkers(project);
  }

  convert(unit: Unit, nodes: readonly Node[]): void {
    this.unit = unit;
    this.file = unit.file;
    const { def } = unit.fn ?? {};
    if (def?.nodeType === 'AsyncFunctionDef') this.head(unit, unit.fn!);
    this.inlined = findInlined(this, nodes);
    const tracked = nodes.filter((node) => !this.inlined.has(node));
    this.fans = findFans(unit, tracked, this);
    for (const { call, mapped } of this.fans.clusters.flatMap((each) => each.spawns)) {
      const target = this.project.resolve(this.file, mapped ? call.args[0] : call.func);
      if (target?.kind === 'function') this.started.push(target);
    }
    if (this.fans.clusters.length > 0) touch(unit, this.fans.clusters[0]!.nodes[0]!);
    this.groups = [];
    for (const node of nodes) this.node(node);
    for (const { stmt, made } of this.groups)
      writeGroup(this, unit, stmt, made, this.fans, (spawn, pool) => writeSpawn(this, unit, spawn, pool));
    const regions = writeFans(this, unit, this.fans);
    if (unit.fn && regions.length > 0) this.spans.set(unit.fn, regions);
    this.unwaited();
  }

  unwaited(): void {
    for (const cluster of this.fans.clusters)
      if (!this.isWaitedFor(cluster)) refuse(this.unit, 'task-not-awaited', cluster.spawns[0]!.node);
  }

  private isWaitedFor(cluster: Cluster): boolean {
    const ends = cluster.isStopped || cluster.spawns.every((spawn) => spawn.group);
    return ends || cluster.joins.length > 0 || [...this.fans.awaits].some((use) => cluster.nodes.includes(use));
  }

  /** `async def f` → `def f`, and special methods by their other name. */
  head(unit: Unit, fn: PyFunction): void {
    const { def } = fn;
    const keyword = /^async\s+(?:\\\r?\n\s*)?/.exec(this.file.text.slice(def.start))![0];
    touch(unit, def);
    unit.rewrite.remove({ start: def.start, end: def.start + keyword.length });
    const other = SPECIAL_METHODS[fn.name];
    if (other && fn.owner) {
      const at = this.file.text.indexOf(fn.name, def.start + keyword.length);
      unit.rewrite.replace({ start: at, end: at + fn.name.length }, other);
      for (const name of ['__aenter__', '__aexit__', '__aiter__', '__anext__']) {
        const pair = fn.owner.methods.get(name);
        if (pair) link(unit, this.units.of(pair));
      }
    }
    for (const decorator of def.decorator_list) this.decorator(unit, decorator);
    for (const relative of this.project.family(fn)) {
      const isAsync = relative.def.nodeType === 'AsyncFunctionDef';
      if (isAsync) link(unit, this.units.of(relative));
      else refuse(unit, 'caller-not-convertible', def, fn.name);
    }
    if (this.project.isNamedOutside(fn)) refuse(unit, 'exported-callers-unknown', def, fn.name);
    for (const use of this.project.usesOf(fn)) this.use(unit, fn, use.file, use.at, use.call);
  }

  /** Every place that names a coroutine function calls it, or starts it in a way that is understood. */
  use(unit: Unit, fn: PyFunction, file: Unit['file'], at: Expr, call: Call | undefined): void {
    link(unit, this.units.around(file, at));
    if (call) return;
    const parent = parentOf(at);
    const isMapped = parent?.nodeType === 'Call' && parent.args[0] === at && isBuiltin(file, parent.func, 'map');
    if (!isMapped) refuse(unit, 'function-value', at, fn.name);
  }

  decorator(unit: Unit, decorator: Expr): void {
    const name =
      qualified(this.file, decorator.nodeType === 'Call' ? decorator.func : decorator) ?? textOf(this.file, decorator);
    const fine =
      /^(?:staticmethod|classmethod|abc\.abstractmethod|typing\.(?:override|no_type_check)|typing_extensions\.override|contextlib\.asynccontextmanager|functools\.wraps|tenacity\.retry|backoff\.on_(?:exception|predicate))$/;
    if (!fine.test(name)) refuse(unit, 'decorated', decorator, name);
  }

  // ---- what is asked about calls ----

  isCoroutine(call: Call): boolean {
    if (this.isCoroutineFunction(call.func)) return true;
    const name = qualified(this.file, call.func);
    if (name === 'asyncio.sleep' || name === 'asyncio.to_thread') return true;
    if (call.func.nodeType === 'Attribute' && call.func.attr === 'run_in_executor')
      return this.kind(call.func.value) === 'asyncio.Loop';
    const made = valueOf(this.project, this.file, call)?.kind;
    return /^(?:aiohttp|httpx)\.Request$/.test(made ?? '') && call.func.nodeType === 'Attribute';
  }

  isCoroutineFunction(expr: Expr): boolean {
    const target = this.project.resolve(this.file, expr);
    return target?.kind === 'function' && makesCoroutine(this.project, target);
  }

  isTaskMaker(call: Call): boolean {
    const name = qualified(this.file, call.func);
    if (name === 'asyncio.create_task' || name === 'asyncio.ensure_future' || name === 'asyncio.async') return true;
    if (this.isTimeLimit(call)) return true;
    const { func } = call;
    return (
      func.nodeType === 'Attribute' &&
      func.attr === 'create_task' &&
      /^asyncio\.(?:Loop|TaskGroup)$/.test(this.kind(func.value) ?? '')
    );
  }

  isTimeLimit(call: Call): boolean {
    return this.timeouts.waits.has(call);
  }

  groupOf({ func }: Call): Name | undefined {
    const group = func.nodeType === 'Attribute' && isName(func.value) ? func.value : undefined;
    return group && this.kind(group) === 'asyncio.TaskGroup' ? group : undefined;
  }

  isStop(member: Attribute): boolean {
    return this.workers.isStop(member);
  }

  isRunner(call: Call): boolean {
    if (qualified(this.file, call.func) === 'asyncio.run') return true;
    const { func } = call;
    return (
      func.nodeType === 'Attribute' && func.attr === 'run_until_complete' && this.kind(func.value) === 'asyncio.Loop'
    );
  }

  kind(expr: Expr): string | undefined {
    return valueOf(this.project, this.file, expr)?.kind;
  }

  callParts(unit: Unit, call: Call): { callee: Piece[]; args: Piece[] } {
    const inside = argumentRange(this, call);
    const name = qualified(this.file, call.func);
    if (name === 'asyncio.to_thread') return rest(call, 0);
    if (call.func.nodeType === 'Attribute' && call.func.attr === 'run_in_executor') {
      const [pool] = call.args;
      // A pool of its own has its own number of threads, or its own processes.
      const isUsual = pool?.nodeType === 'Constant' && pool.value === null;
      const isProcesses = pool && this.kind(pool) === 'ProcessPoolExecutor';
      if (!isUsual) refuse(unit, isProcesses ? 'process-pool' : 'pool-option', pool ?? call);
      return rest(call, 1);
    }
    const session = sessionOf(this, this.file, call);
    const extra = session ? convertRequest(this, unit, call, session) : '';
    const args: Piece[] = inside ? [inside] : [];
    if (extra) args.push(...(args.length > 0 ? [', '] : []), extra);
    if (name === 'asyncio.sleep') return { callee: [this.units.need(unit, 'time', 'sleep')], args };
    return { callee: [call.func], args };
  }

  // ---- one construct after the other ----

  readonly limits: SessionLimits;
  readonly timeouts: RequestTimeouts;
  readonly requestTimeouts: ReadonlyMap<Call, string>;
  readonly workers: QueueWorkers;
  /** The task groups of the unit at hand. */
  groups: { stmt: With; made: Expr }[] = [];
  /** Statements that run beside the tasks that their function has started. */
  readonly spans = new Map<PyFunction, Range[]>();
  /** What can only be written when everything has been seen. */
  readonly later: (() => void)[] = [];

  /** Functions that are started beside others. */
  readonly started: PyFunction[] = [];
  readonly makers = new Map<string, Set<Unit>>();
  readonly users = new Map<string, Set<Unit>>();

  /** Values that come from no one place may come from any. */
  linkShared(): void {
    for (const [kind, users] of this.users)
      for (const user of users) for (const maker of this.makers.get(kind) ?? []) link(user, maker);
  }

  node(node: Node): void {
    share(this, node);
    switch (node.nodeType) {
      case 'Await':
        return this.await(node);
      case 'AsyncWith':
        return withStatement(this, node);
      case 'AsyncFor':
        return asyncFor(this, node);
      case 'Comprehension':
        return node.is_async ? asyncComprehension(this, node) : undefined;
      case 'Call':
        return this.call(node);
      case 'Attribute':
        return attribute(this, node);
      case 'Name':
        return name(this, node);
      case 'ExceptHandler':
        return handler(this, node);
      case 'If':
      case 'While':
        if (this.kind(node.test) === 'aiohttp.ClientResponse') refuse(this.unit, 'http-option', node.test, 'truth');
    }
  }

  await(node: Await): void {
    const { unit } = this;
    touch(unit, node);
    const value = node.value;
    if (this.fans.joinOf.has(node)) return;
    if (this.fans.awaits.has(value)) return unit.rewrite.replace(withoutParens(this.file, node), value, '.result()');
    if (isName(value) && this.inlined.has(value)) return this.unwrap(node, this.inlined.get(value)!);
    if (value.nodeType !== 'Call') return this.awaitOther(node);
    if (this.isTaskMaker(value) && value.args[0]?.nodeType === 'Call' && this.isCoroutine(value.args[0]))
      return this.unwrap(node, value.args[0]);
    if (this.isCoroutine(value)) return this.unwrap(node, value);
    if (this.awaitedMethod(node, value)) return;
    refuse(unit, 'unknown-callee', value);
  }

  awaitOther(node: Await): void {
    refuse(this.unit, 'coroutine-value', node);
  }

  /** `await f(x)` → `f(x)`, without parentheses that only the `await` needed. */
  unwrap(node: Expr, call: Call): void {
    const { callee, args } = this.callParts(this.unit, call);
    const { text } = this.file;
    let { start, end } = node;
    const before = /\(\s*$/.exec(text.slice(0, start));
    const after = /^\s*\)/.exec(text.slice(end));
    const parent = parentOf(node);
    const isGrouping =
      before && after && !/[\w)\]"']\s*$/.test(text.slice(0, before.index)) && parent?.nodeType !== 'Call';
    const isReceiver =
      before &&
      after &&
      (parent?.nodeType === 'Attribute' || parent?.nodeType === 'Subscript') &&
      parent.value === node;
    if (isReceiver || (isGrouping && parent?.nodeType !== 'Tuple' && parent?.nodeType !== 'GeneratorExp')) {
      start = before!.index;
      end += after!.length;
    }
    const sameArgs = args.length === 1 && typeof args[0] !== 'string' && callee[0] === call.func;
    if (sameArgs || (args.length === 0 && callee[0] === call.func))
      return this.unit.rewrite.replace({ start, end }, call);
    this.unit.rewrite.replace({ start, end }, ...callee, '(', ...args, ')');
  }

  /** `await lock.acquire()`, `await queue.get()`, `await response.read()`. */
  awaitedMethod(node: Await, call: Call): boolean {
    const { func } = call;
    if (func.nodeType !== 'Attribute') return false;
    const kind = this.kind(func.value);
    if (kind === 'aiohttp.ClientResponse') return true; // its attribute is converted, with the await
    if (kind === 'httpx.Response' || kind === 'httpx.AsyncClient') {
      const other = HTTPX_METHODS[func.attr];
      if (!other) return false;
      if (other !== func.attr) this.unit.rewrite.replace({ start: func.end - func.attr.length, end: func.end }, other);
      this.unit.rewrite.replace(node, call);
      return true;
    }
    if (kind === 'aiohttp.ClientSession' && func.attr === 'close') {
      this.unit.rewrite.replace(node, call);
      return true;
    }
    if (kind && METHODS[kind]?.has(func.attr)) {
      if (call.args.length > 0 && func.attr !== 'put') return false;
      this.unit.rewrite.replace(node, call);
      return true;
    }
    return false;
  }

  call(call: Call): void {
    const { unit } = this;
    const name = qualified(this.file, call.func);
    if (this.isRunner(call)) return run(this, call);
    const kind = call.func.nodeType === 'Attribute' ? this.kind(call.func.value) : undefined;
    if (kind === 'asyncio.Loop') return loopCall(this, call, call.func as Attribute);
    if (name === 'aiohttp.ClientSession') madeSession(this, call);
    else if (name === 'aiohttp.TCPConnector') dropConnector(unit, call);
    else if (name === 'aiohttp.ClientTimeout') plainTimeout(this, unit, call);
    else if (name === 'aiohttp.BasicAuth') plainAuth(unit, call);
    else if (name && /^asyncio\.(?:set_event_loop(?:_policy)?)$/.test(name)) {
      touch(unit, call);
      removeStatement(this.file, statementOf(call), unit.rewrite);
    } else if (kind === 'httpx.AsyncClient' && call.func.nodeType === 'Attribute') {
      touch(unit, call);
    } else if (kind === 'contextlib.AsyncExitStack') refuse(unit, 'unknown-callee', call);
  }
}
