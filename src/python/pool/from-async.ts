import { convertRequest, convertResponseUse, exceptionName, sessionOf, sessionSetup } from '../http/from-aiohttp.js';
import { isBuiltin, isName, qualified, textOf } from '../file.js';
import { removeStatement } from '../imports.js';
import type { PyFunction, PyProject } from '../project.js';
import type { Piece } from '../rewrite.js';
import {
  functionAround,
  isFunction,
  parentOf,
  statementOf,
  walk,
  walkOwn,
  type Attribute,
  type Await,
  type Call,
  type Expr,
  type For,
  type Node,
  type With,
} from '../tree.js';
import { link, note, refuse, touch, Units, type Unit } from '../unit.js';
import { valueOf } from '../values.js';
import { HTTPX_METHODS, METHODS, MODULE_NAMES, SPECIAL_METHODS } from './asyncio-names.js';
import type { SyncContext } from './context.js';
import { writeFans } from './executor.js';
import { guardSharedState } from './shared-state.js';
import { findFans, type Fans, type SpawnQuestions } from './spawns.js';

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
  const converter = new Converter(project, units, limit, joins);
  for (const fn of project.functions) converter.convert(units.of(fn), nodesOf(fn.def.body, fn));
  for (const file of project.files) converter.convert(units.ofModule(file), nodesOf(file.module.body));
  converter.linkShared();
  guardSharedState(units);
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

const SHARED = /^(?:asyncio\.(?:Lock|Semaphore|Event|Condition|Queue)|aiohttp\.ClientSession|httpx\.AsyncClient)$/;

class Converter implements SyncContext, SpawnQuestions {
  private file!: Unit['file'];
  private fans!: Fans;
  private unit!: Unit;
  /** Single tasks that are only waited for right where they are made. */
  private inlined = new Map<Node, Call>();

  constructor(
    readonly project: PyProject,
    readonly units: Units,
    readonly limit: number | undefined,
    readonly joins: SyncContext['joins'],
  ) {}

  convert(unit: Unit, nodes: readonly Node[]): void {
    this.unit = unit;
    this.file = unit.file;
    const { def } = unit.fn ?? {};
    if (def?.nodeType === 'AsyncFunctionDef') this.head(unit, unit.fn!);
    this.inlined = this.findInlined(nodes);
    const tracked = nodes.filter((node) => !this.inlined.has(node));
    this.fans = findFans(unit, tracked, this);
    for (const { call, mapped } of this.fans.clusters.flatMap((each) => each.spawns)) {
      const target = this.project.resolve(this.file, mapped ? call.args[0] : call.func);
      if (target?.kind === 'function') this.started.push(target);
    }
    if (this.fans.clusters.length > 0) touch(unit, this.fans.clusters[0]!.nodes[0]!);
    for (const node of nodes) this.node(node);
    writeFans(this, unit, this.fans);
    if (
      this.fans.clusters.some(
        (each) => each.joins.length === 0 && ![...this.fans.awaits].some((use) => each.nodes.includes(use)),
      )
    )
      this.unwaited();
  }

  private unwaited(): void {
    for (const cluster of this.fans.clusters)
      if (cluster.joins.length === 0 && ![...this.fans.awaits].some((use) => cluster.nodes.includes(use)))
        refuse(this.unit, 'task-not-awaited', cluster.spawns[0]!.node);
  }

  /** `async def f` → `def f`, and special methods by their other name. */
  private head(unit: Unit, fn: PyFunction): void {
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
  private use(unit: Unit, fn: PyFunction, file: Unit['file'], at: Expr, call: Call | undefined): void {
    link(unit, this.units.around(file, at));
    if (call) return;
    const parent = parentOf(at);
    const isMapped = parent?.nodeType === 'Call' && parent.args[0] === at && isBuiltin(file, parent.func, 'map');
    if (!isMapped) refuse(unit, 'function-value', at, fn.name);
  }

  private decorator(unit: Unit, decorator: Expr): void {
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
    const { func } = call;
    return (
      func.nodeType === 'Attribute' &&
      func.attr === 'create_task' &&
      /^asyncio\.(?:Loop|TaskGroup)$/.test(this.kind(func.value) ?? '')
    );
  }

  isRunner(call: Call): boolean {
    if (qualified(this.file, call.func) === 'asyncio.run') return true;
    const { func } = call;
    return (
      func.nodeType === 'Attribute' && func.attr === 'run_until_complete' && this.kind(func.value) === 'asyncio.Loop'
    );
  }

  private kind(expr: Expr): string | undefined {
    return valueOf(this.project, this.file, expr)?.kind;
  }

  callParts(unit: Unit, call: Call): { callee: Piece[]; args: Piece[] } {
    const inside = this.argumentRange(call);
    const name = qualified(this.file, call.func);
    if (name === 'asyncio.to_thread') return this.rest(call, 0);
    if (call.func.nodeType === 'Attribute' && call.func.attr === 'run_in_executor') return this.rest(call, 1);
    const session = sessionOf(this, this.file, call);
    const extra = session ? convertRequest(unit, call, session) : '';
    const args: Piece[] = inside ? [inside] : [];
    if (extra) args.push(...(args.length > 0 ? [', '] : []), extra);
    if (name === 'asyncio.sleep') return { callee: [this.units.need(unit, 'time', 'sleep')], args };
    return { callee: [call.func], args };
  }

  /** `to_thread(f, x)`, `run_in_executor(None, f, x)`: the function and what follows it. */
  private rest(call: Call, from: number): { callee: Piece[]; args: Piece[] } {
    const callee = call.args[from]!;
    const last = [...call.args, ...call.keywords].sort((a, b) => a.end - b.end).at(-1)!;
    const next = [...call.args.slice(from + 1), ...call.keywords].sort((a, b) => a.start - b.start)[0];
    return { callee: [callee], args: next ? [{ start: next.start, end: last.end }] : [] };
  }

  private argumentRange(call: Call): { start: number; end: number } | undefined {
    const all = [...call.args, ...call.keywords].sort((a, b) => a.start - b.start);
    if (all.length === 0) return undefined;
    const open = this.file.text.indexOf('(', call.func.end);
    const text = this.file.text.slice(open + 1, call.end - 1);
    const [lead] = /^\s*/.exec(text)!;
    const trail = /,?\s*$/.exec(text)![0];
    return { start: open + 1 + lead.length, end: call.end - 1 - trail.length };
  }

  // ---- one construct after the other ----

  /** Functions that are started beside others. */
  readonly started: PyFunction[] = [];
  private readonly makers = new Map<string, Set<Unit>>();
  private readonly users = new Map<string, Set<Unit>>();

  /** Who makes a lock, a session, a queue and who uses one must change together: the kinds do not mix. */
  private share(node: Node): void {
    if (node.nodeType !== 'Name' && node.nodeType !== 'Attribute' && node.nodeType !== 'Call') return;
    const value = valueOf(this.project, this.file, node);
    if (!value || !SHARED.test(value.kind)) return;
    const add = (to: Map<string, Set<Unit>>): void =>
      void (to.get(value.kind) ?? to.set(value.kind, new Set()).get(value.kind)!).add(this.unit);
    if (node.nodeType === 'Call') return add(this.makers);
    if (!value.made) return add(this.users);
    link(this.unit, this.units.around(value.made.file, value.made.call));
  }

  /** Values that come from no one place may come from any. */
  linkShared(): void {
    for (const [kind, users] of this.users)
      for (const user of users) for (const maker of this.makers.get(kind) ?? []) link(user, maker);
  }

  private node(node: Node): void {
    this.share(node);
    switch (node.nodeType) {
      case 'Await':
        return this.await(node);
      case 'AsyncWith':
        return this.with(node);
      case 'AsyncFor':
        return this.asyncFor(node);
      case 'Comprehension':
        return node.is_async ? this.asyncComprehension(node) : undefined;
      case 'Call':
        return this.call(node);
      case 'Attribute':
        return this.attribute(node);
      case 'Name':
        return this.name(node);
      case 'ExceptHandler':
        return this.handler(node);
      case 'If':
      case 'While':
        if (this.kind(node.test) === 'aiohttp.ClientResponse') refuse(this.unit, 'http-option', node.test, 'truth');
    }
  }

  private await(node: Await): void {
    const { unit } = this;
    touch(unit, node);
    const value = node.value;
    if (this.fans.joinOf.has(node)) return;
    if (isName(value) && this.fans.awaits.has(value)) return unit.rewrite.replace(node, `${value.id}.result()`);
    if (isName(value) && this.inlined.has(value)) return this.unwrap(node, this.inlined.get(value)!);
    if (value.nodeType !== 'Call') return this.awaitOther(node);
    if (this.isTaskMaker(value) && value.args[0]?.nodeType === 'Call' && this.isCoroutine(value.args[0]))
      return this.unwrap(node, value.args[0]);
    if (this.isCoroutine(value)) return this.unwrap(node, value);
    if (this.awaitedMethod(node, value)) return;
    refuse(unit, 'unknown-callee', value);
  }

  private awaitOther(node: Await): void {
    refuse(this.unit, 'coroutine-value', node);
  }

  /** `await f(x)` → `f(x)`, without parentheses that only the `await` needed. */
  private unwrap(node: Expr, call: Call): void {
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
  private awaitedMethod(node: Await, call: Call): boolean {
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

  private with(node: With): void {
    const { unit } = this;
    touch(unit, node);
    const keyword = /^async\s+/.exec(this.file.text.slice(node.start))![0];
    unit.rewrite.remove({ start: node.start, end: node.start + keyword.length });
    for (const item of node.items) this.entered(node, item.context_expr, item.optional_vars);
  }

  private entered(node: With, expr: Expr, name: Expr | undefined): void {
    const { unit } = this;
    const value = valueOf(this.project, this.file, expr);
    const kind = value?.kind ?? '';
    if (kind === 'aiohttp.ClientSession') return this.session(node, expr, name);
    if (kind === 'aiohttp.Request' && expr.nodeType === 'Call') return this.request(expr);
    if (
      /^(?:asyncio\.(?:Lock|Semaphore|Condition)|httpx\.(?:AsyncClient|Stream)|contextlib\.AsyncExitStack)$/.test(kind)
    )
      return;
    if (kind === 'asyncio.TaskGroup') return refuse(unit, 'cancellation', expr, 'TaskGroup');
    if (value?.cls) {
      const enter = this.project.method(value.cls, '__aenter__');
      if (enter?.def.nodeType === 'AsyncFunctionDef') return link(unit, this.units.of(enter));
    }
    if (expr.nodeType === 'Call') {
      const target = this.project.resolve(this.file, expr.func);
      const isManager =
        target?.kind === 'function' &&
        target.def.decorator_list.some((each) => qualified(target.file, each) === 'contextlib.asynccontextmanager');
      if (isManager) return;
      if (qualified(this.file, expr.func) === 'contextlib.aclosing') return;
    }
    refuse(
      unit,
      /^asyncio\.timeout/.test(qualified(this.file, expr.nodeType === 'Call' ? expr.func : expr) ?? '')
        ? 'cancellation'
        : 'unknown-callee',
      expr,
    );
  }

  /** `ClientSession(…)` → `requests.Session()`, and lines that give it what it was given. */
  private session(node: With, expr: Expr, name: Expr | undefined): void {
    if (expr.nodeType !== 'Call') return;
    if (!isName(name)) {
      if (name) refuse(this.unit, 'http-option', expr, 'as');
      return;
    }
    const lines = sessionSetup(this.unit, expr, name.id);
    if (lines.length === 0) return;
    const [first] = node.body;
    const line = this.unit.rewrite.lineOf(first!.start);
    if (this.file.text.slice(line.start, first!.start).trim() !== '')
      return refuse(this.unit, 'one-line-block', first!);
    const indent = this.unit.rewrite.indentAt(first!.start);
    this.unit.rewrite.insert(line.start, lines.map((each) => `${indent}${each}\n`).join(''));
  }

  private request(call: Call): void {
    const extra = convertRequest(this.unit, call, sessionOf(this, this.file, call));
    if (!extra) return;
    const last = this.argumentRange(call);
    if (last) this.unit.rewrite.insert(last.end, `, ${extra}`);
  }

  private asyncFor(node: For): void {
    touch(this.unit, node);
    const keyword = /^async\s+/.exec(this.file.text.slice(node.start))![0];
    this.unit.rewrite.remove({ start: node.start, end: node.start + keyword.length });
    this.iterated(node.iter);
  }

  private asyncComprehension(node: Extract<Node, { nodeType: 'Comprehension' }>): void {
    touch(this.unit, node);
    const text = this.file.text.slice(0, node.target.start);
    const at = /async\s+for\s+\(?\s*$/.exec(text)!;
    const keyword = /^async\s+/.exec(at[0])![0];
    this.unit.rewrite.remove({ start: at.index, end: at.index + keyword.length });
    this.iterated(node.iter);
  }

  private iterated(iter: Expr): void {
    const { unit } = this;
    if (this.fans.joinOf.has(iter)) return;
    if (iter.nodeType === 'Call') {
      const target = this.project.resolve(this.file, iter.func);
      if (target?.kind === 'function' && isAsyncGenerator(target)) return;
      if (
        iter.func.nodeType === 'Attribute' &&
        this.kind(iter.func.value) === 'httpx.Response' &&
        /^aiter_(?:bytes|text|lines|raw)$/.test(iter.func.attr)
      )
        return unit.rewrite.replace(
          { start: iter.func.end - iter.func.attr.length, end: iter.func.end },
          iter.func.attr.slice(1),
        );
    }
    const cls = valueOf(this.project, this.file, iter)?.cls;
    const method = cls && this.project.method(cls, '__aiter__');
    if (method) return link(unit, this.units.of(method));
    refuse(unit, 'unknown-callee', iter);
  }

  private call(call: Call): void {
    const { unit } = this;
    const name = qualified(this.file, call.func);
    if (this.isRunner(call)) return this.run(call);
    const kind = call.func.nodeType === 'Attribute' ? this.kind(call.func.value) : undefined;
    if (kind === 'asyncio.Loop') return this.loopCall(call, call.func as Attribute);
    if (name === 'aiohttp.ClientSession') {
      touch(unit, call);
      const parent = parentOf(call);
      if (parent?.nodeType !== 'WithItem' && call.keywords.length + call.args.length > 0)
        refuse(unit, 'http-option', call, 'ClientSession');
      const open = this.file.text.indexOf('(', call.func.end);
      unit.rewrite.replace(call.func, this.units.need(unit, 'requests', 'Session'));
      if (open + 1 < call.end - 1) unit.rewrite.remove({ start: open + 1, end: call.end - 1 });
    } else if (name && /^asyncio\.(?:set_event_loop(?:_policy)?)$/.test(name)) {
      touch(unit, call);
      removeStatement(this.file, statementOf(call), unit.rewrite);
    } else if (kind === 'httpx.AsyncClient' && call.func.nodeType === 'Attribute') {
      touch(unit, call);
    } else if (kind === 'contextlib.AsyncExitStack') refuse(unit, 'unknown-callee', call);
  }

  /** `asyncio.run(main())` → `main()`. */
  private run(call: Call): void {
    const { unit } = this;
    touch(unit, call);
    const [value] = call.args;
    if (this.fans.joinOf.has(call)) return;
    if (call.args.length !== 1 || call.keywords.some((each) => each.arg !== 'debug'))
      return refuse(unit, 'unknown-callee', call);
    if (isName(value) && this.fans.awaits.has(value)) return unit.rewrite.replace(call, `${value.id}.result()`);
    if (isName(value) && this.inlined.has(value)) return this.unwrap(call, this.inlined.get(value)!);
    if (
      value?.nodeType === 'Call' &&
      this.isTaskMaker(value) &&
      value.args[0]?.nodeType === 'Call' &&
      this.isCoroutine(value.args[0])
    )
      return this.unwrap(call, value.args[0]);
    if (value?.nodeType === 'Call' && this.isCoroutine(value)) return this.unwrap(call, value);
    refuse(unit, 'coroutine-value', call);
  }

  private loopCall(call: Call, func: Attribute): void {
    const { unit } = this;
    touch(unit, call);
    const stmt = statementOf(call);
    if (func.attr === 'time') {
      unit.rewrite.replace(func, this.units.need(unit, 'time', 'monotonic'));
    } else if (/^(?:close|stop|set_debug)$/.test(func.attr) && stmt.nodeType === 'Expr' && stmt.value === call) {
      removeStatement(this.file, stmt, unit.rewrite);
    } else if (!this.isTaskMaker(call) && func.attr !== 'run_in_executor') refuse(unit, 'unknown-callee', call);
  }

  private attribute(node: Attribute): void {
    const kind = this.kind(node.value);
    if (kind === 'aiohttp.ClientResponse') {
      touch(this.unit, node);
      return convertResponseUse(this, this.unit, node);
    }
    if (
      kind === 'aiohttp.ClientSession' &&
      !/^(?:get|post|put|patch|delete|head|options|request|close)$/.test(node.attr)
    ) {
      if (node.attr === 'closed' || node.ctx.nodeType === 'Load') refuse(this.unit, 'http-option', node, node.attr);
    }
    this.moduleName(node);
  }

  private name(node: Extract<Expr, { nodeType: 'Name' }>): void {
    if (node.ctx.nodeType === 'Store') return this.store(node);
    this.moduleName(node);
  }

  /** `loop = asyncio.get_event_loop()` goes when everything that was asked of it does. */
  private store(node: Extract<Expr, { nodeType: 'Name' }>): void {
    const parent = parentOf(node);
    if (parent?.nodeType !== 'Assign' || parent.targets.length !== 1 || this.kind(parent.value) !== 'asyncio.Loop')
      return;
    touch(this.unit, parent);
    const binding = this.file.scopes.bindingOf(node);
    const escapes = binding?.uses.find((use) => {
      const at = parentOf(use);
      const isHandled =
        at?.nodeType === 'Attribute' ||
        (at?.nodeType === 'Call' && /^asyncio\.set_event_loop$/.test(qualified(this.file, at.func) ?? ''));
      return !isHandled;
    });
    if (escapes) refuse(this.unit, 'unknown-callee', escapes);
    else removeStatement(this.file, parent, this.unit.rewrite);
  }

  /** Names of asyncio and aiohttp that stay in the text, by what they become. */
  private moduleName(node: Expr): void {
    const { unit } = this;
    const name = qualified(this.file, node);
    if (!name || parentOf(node)?.nodeType === 'Attribute') return;
    const exception = exceptionName(name);
    if (exception) {
      touch(unit, node);
      const [module, own] = exception.includes('.') ? ['requests', exception] : ['requests', exception];
      return unit.rewrite.replace(node, this.units.need(unit, module, own));
    }
    const other = MODULE_NAMES[name];
    if (other) {
      touch(unit, node);
      return unit.rewrite.replace(node, this.units.need(unit, ...other));
    }
    if (!/^(?:asyncio|aiohttp)(?:\.|$)/.test(name) || this.isUnderstood(name, node)) return;
    const isCancel = /^asyncio\.(?:CancelledError|wait_for|shield|timeout|timeout_at)$/.test(name);
    refuse(unit, isCancel ? 'cancellation' : 'unknown-callee', node, name);
  }

  /** What another part converts, or what only says a type. */
  private isUnderstood(name: string, node: Expr): boolean {
    if (
      /^asyncio\.(?:run|gather|wait|as_completed|create_task|ensure_future|sleep|to_thread|get_event_loop|new_event_loop|get_running_loop|set_event_loop|set_event_loop_policy|WindowsSelectorEventLoopPolicy|WindowsProactorEventLoopPolicy|TaskGroup)$/.test(
        name,
      )
    )
      return parentOf(node)?.nodeType === 'Call' || /Policy$/.test(name);
    if (/^aiohttp\.(?:ClientTimeout|TCPConnector|BasicAuth)$/.test(name)) return this.isInOptions(node);
    return name === 'aiohttp.ClientSession' || name === 'aiohttp.ClientResponse';
  }

  /** Inside the arguments of a session or a request: those are converted as a whole. */
  private isInOptions(node: Expr): boolean {
    for (let at = parentOf(node); at && at !== functionAround(node); at = parentOf(at))
      if (at.nodeType === 'Keyword') return true;
    return false;
  }

  private handler(node: Extract<Node, { nodeType: 'ExceptHandler' }>): void {
    const types = node.type?.nodeType === 'Tuple' ? node.type.elts : node.type ? [node.type] : [];
    const names = types.map((each) => qualified(this.file, each));
    const { name } = node;
    if (!name || !names.some((each) => each && exceptionName(each))) return;
    walkOwn(node.body, (each) => {
      if (each.nodeType !== 'Attribute' || !isName(each.value, name)) return;
      if (each.attr === 'status')
        this.unit.rewrite.replace({ start: each.value.end, end: each.end }, '.response.status_code');
      else if (each.attr === 'message')
        this.unit.rewrite.replace({ start: each.value.end, end: each.end }, '.response.reason');
      else if (!/^(?:args|__\w+__)$/.test(each.attr)) refuse(this.unit, 'http-option', each, each.attr);
    });
    void note;
  }

  /** A task that is made and waited for with nothing between, or outside of a running loop: the call stands where it was waited for. */
  private findInlined(nodes: readonly Node[]): Map<Node, Call> {
    const found = new Map<Node, Call>();
    for (const node of nodes) {
      if (
        node.nodeType !== 'Assign' ||
        node.targets.length !== 1 ||
        !isName(node.targets[0]) ||
        node.value.nodeType !== 'Call'
      )
        continue;
      const maker = node.value;
      const call = this.isTaskMaker(maker) && maker.args[0]?.nodeType === 'Call' ? maker.args[0] : maker;
      if (!this.isCoroutine(call)) continue;
      const binding = this.file.scopes.bindingOf(node.targets[0]);
      const [use] = binding?.uses ?? [];
      if (!binding || !use || binding.sites.length !== 1 || binding.uses.length !== 1) continue;
      const waiter = parentOf(use);
      const isWaited =
        waiter?.nodeType === 'Await' ||
        (waiter?.nodeType === 'Call' && waiter.args[0] === use && this.isRunner(waiter));
      if (!isWaited || !this.canMove(node, call, waiter)) continue;
      found.set(use, call);
      for (const each of [call, maker]) found.set(each, call);
      touch(this.unit, node);
      removeStatement(this.file, node, this.unit.rewrite);
    }
    return found;
  }

  /** Nothing between changes what the call means: it follows at once, or it is a coroutine that does not run before. */
  private canMove(from: Node, call: Call, to: Node): boolean {
    const block = Object.values(parentOf(from)!).find((value) => Array.isArray(value) && value.includes(from)) as
      Node[] | undefined;
    const target = statementOf(to);
    if (!block?.includes(target)) return false;
    if (block.indexOf(target) === block.indexOf(from) + 1) return true;
    const outside = to.nodeType === 'Call';
    const plain = [...call.args, ...call.keywords.map((each) => each.value)].every(
      (each) => each.nodeType === 'Constant',
    );
    return outside && plain;
  }
}

/** An async function, or one that returns the coroutine of another and does nothing else with it. */
function makesCoroutine(project: PyProject, fn: PyFunction, seen = new Set<PyFunction>()): boolean {
  if (fn.def.nodeType === 'AsyncFunctionDef') return !isAsyncGenerator(fn);
  if (seen.has(fn)) return false;
  seen.add(fn);
  const returns: Expr[] = [];
  walkOwn(fn.def.body, (node) => {
    if (node.nodeType === 'Return' && node.value) returns.push(node.value);
  });
  return (
    returns.length > 0 &&
    returns.every((value) => {
      const target = value.nodeType === 'Call' ? project.resolve(fn.file, value.func) : undefined;
      return target?.kind === 'function' && makesCoroutine(project, target, seen);
    })
  );
}

export function isAsyncGenerator(fn: PyFunction): boolean {
  let yields = false;
  walkOwn(fn.def.body, (node) => {
    if (node.nodeType === 'Yield') yields = true;
  });
  return yields && fn.def.nodeType === 'AsyncFunctionDef';
}
