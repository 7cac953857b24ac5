import { exceptionNames, requestPieces, requestVerb, responsePieces, sessionCall } from '../http/from-requests.js';
import { freshName, isBuiltin, isName, qualified, textOf, type PyFile } from '../file.js';
import { lengthOf, neverFails } from '../pool/bound.js';
import { evaluatedFirst } from '../pool/executor.js';
import type { PyFunction, PyProject } from '../project.js';
import { stringRanges } from '../parse.js';
import { Rewrite, shift, type Piece } from '../rewrite.js';
import {
  blockOf,
  functionAround,
  isFunction,
  isStatement,
  parentOf,
  statementOf,
  type Attribute,
  type Call,
  type Expr,
  type Name,
  type Node,
  type Stmt,
} from '../tree.js';
import { link, refuse, touch, Units, type Unit } from '../unit.js';
import { valueOf } from '../values.js';
import { AS_COMPLETED, TASK_POOL } from './helpers.js';
import type { ExportsPolicy } from '../../types.js';
import { exportedNames } from '../imports.js';
import { ownNodes, poolOf, Waiting, type PoolWith } from './waits.js';

/**
 * Blocking code on a thread pool becomes coroutines: the pool's workers and what they call turn into `async def`, the pool into tasks of an event loop
 * that is run where the pool was. What runs outside stays blocking code.
 */
export function poolToAsync(project: PyProject, exports: ExportsPolicy = 'wrap'): Units {
  const converter = new Converter(project, exports);
  converter.convertAll();
  return converter.units;
}

interface Region extends PoolWith {
  readonly unit: Unit;
  /** The variable that has the executor. */
  readonly name?: Name;
  /** `max_workers`, as text. */
  readonly limit: string;
  /** The function that the region stands in, if any. */
  readonly holder?: PyFunction;
}

class Converter {
  readonly units: Units;
  private readonly waiting: Waiting;
  private readonly regions: Region[] = [];
  /** Functions that become coroutines. */
  private readonly coroutines = new Set<PyFunction>();
  /** Functions that stay what they are for their callers, and run a loop of their own inside. */
  private readonly islands = new Set<PyFunction>();
  private readonly sessions = new Map<PyFile, string>();

  constructor(
    readonly project: PyProject,
    private readonly exports: ExportsPolicy,
  ) {
    this.units = new Units(project);
    this.waiting = new Waiting(project);
  }

  convertAll(): void {
    for (const file of this.project.files) this.findRegions(file);
    for (const region of this.regions) this.collect(region);
    for (const fn of this.coroutines) this.convertFunction(fn);
    for (const region of this.regions) this.convertRegion(region);
    for (const region of this.regions) if (!region.holder) this.island(region);
    for (const fn of this.islands) this.inner(fn);
  }

  // ---- what there is ----

  private findRegions(file: PyFile): void {
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

  private limitOf(unit: Unit, call: Call): string {
    for (const keyword of call.keywords)
      if (!/^(?:max_workers|thread_name_prefix)$/.test(keyword.arg ?? ''))
        refuse(unit, 'pool-option', keyword, keyword.arg);
    const value = call.args[0] ?? call.keywords.find((each) => each.arg === 'max_workers')?.value;
    if (value && !(value.nodeType === 'Constant' && value.value === null)) return textOf(unit.file, value);
    return `min(32, (${this.units.need(unit, 'os', 'cpu_count')}() or 1) + 4)`;
  }

  /** The region's workers, and all that they wait for, become coroutines; so does the function around the region. */
  private collect(region: Region): void {
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
  private keepsContract(fn: PyFunction): boolean {
    if (this.exports === 'change') return false;
    const isInner = functionAround(fn.def) !== undefined;
    const isListed = !fn.owner && exportedNames(fn.file).has(fn.name);
    return !isInner && (isListed || this.project.usesOf(fn).length === 0 || this.project.isNamedOutside(fn));
  }

  private usesOf(region: Region): readonly Name[] {
    return (
      (region.name && region.file.scopes.bindingOf(region.name)?.uses.filter((use) => inside(use, region.stmt))) ?? []
    );
  }

  private worker(unit: Unit, file: PyFile, worker: Expr | undefined): void {
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

  private addCoroutine(fn: PyFunction, from: Unit): void {
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
  private needsSession(fn: PyFunction, seen = new Set<PyFunction>()): boolean {
    if (seen.has(fn) || !this.coroutines.has(fn) || this.holds(fn)) return false;
    seen.add(fn);
    return ownNodes(fn.def.body).some((node) => node.nodeType === 'Call' && this.asksForSession(fn.file, node, seen));
  }

  private asksForSession(file: PyFile, call: Call, seen = new Set<PyFunction>()): boolean {
    if (requestVerb(file, call)) return true;
    const target = this.project.resolve(file, call.func);
    return target?.kind === 'function' && this.needsSession(target, seen);
  }

  private holds(fn: PyFunction): boolean {
    return this.regions.some((region) => region.holder === fn);
  }

  private sessionName(file: PyFile): string {
    let name = this.sessions.get(file);
    if (!name) this.sessions.set(file, (name = this.units.fresh(file, 'session')));
    return name;
  }

  // ---- functions ----

  private convertFunction(fn: PyFunction): void {
    const unit = this.units.of(fn);
    const { def, file } = fn;
    touch(unit, def);
    const isIsland = this.islands.has(fn);
    if (!isIsland) unit.rewrite.insert(def.start, 'async ');
    for (const decorator of def.decorator_list) {
      const name =
        qualified(file, decorator.nodeType === 'Call' ? decorator.func : decorator) ?? textOf(file, decorator);
      if (!/^(?:staticmethod|classmethod)$/.test(name)) refuse(unit, 'decorated', decorator, name);
    }
    if (/^__\w+__$/.test(fn.name)) refuse(unit, 'no-async-here', def, fn.name);
    const nodes = ownNodes(def.body);
    if (nodes.some((node) => node.nodeType === 'Yield' || node.nodeType === 'YieldFrom'))
      refuse(unit, 'generator', def, fn.name);
    if (this.needsSession(fn)) this.addParameter(unit, fn);
    if (!isIsland) for (const use of this.project.usesOf(fn)) this.convertUse(unit, fn, use.file, use.at, use.call);
    for (const node of nodes) this.convertNode(unit, node);
  }

  /** `def f(url)` → `def f(url, session)`; behind defaults and stars it is keyword-only. */
  private addParameter(unit: Unit, fn: PyFunction): void {
    const { file, def } = fn;
    const { args } = def;
    const name = this.sessionName(file);
    const open = file.text.indexOf('(', nameEnd(file, def.start, fn.name));
    const last = [...args.posonlyargs, ...args.args, ...args.kwonlyargs, ...(args.vararg ? [args.vararg] : [])]
      .sort((a, b) => a.end - b.end)
      .at(-1);
    if (!last) return unit.rewrite.insert(open + 1, name);
    if (args.kwarg) return refuse(unit, 'own-signature', def, fn.name);
    const ends = [
      last.end,
      ...[...args.defaults, ...args.kw_defaults].map((each) => each?.end ?? 0),
      last.annotation?.end ?? 0,
    ];
    const keywordOnly = args.defaults.length > 0;
    const star = keywordOnly && !args.vararg && args.kwonlyargs.length === 0 ? ', *' : '';
    unit.rewrite.insert(Math.max(...ends), `${star}, ${name}`);
  }

  private isKeywordOnly(fn: PyFunction): boolean {
    const { args } = fn.def;
    return args.defaults.length > 0 || args.vararg !== undefined || args.kwonlyargs.length > 0;
  }

  /** Every place that names a coroutine: it is awaited in coroutines, run at the border, and handed to the pool as it is. */
  private convertUse(unit: Unit, fn: PyFunction, file: PyFile, at: Expr, call: Call | undefined): void {
    const caller = this.units.around(file, at);
    link(unit, caller);
    if (!call) {
      const parent = parentOf(at);
      const isWorker = parent?.nodeType === 'Call' && parent.args[0] === at && this.isPoolCall(file, parent);
      if (!isWorker) refuse(unit, 'function-value', at, fn.name);
      return;
    }
    const passed = this.needsSession(fn) ? this.addArgument(caller, fn, call) : undefined;
    if (this.isWorkerLambda(file, call)) return;
    const inRegion = this.regions.some((region) => region.file === file && inside(call, region.stmt));
    const around = functionAround(call);
    const inCoroutine = around && this.coroutines.has(this.project.functionOf(around));
    if (inCoroutine || (inRegion && !around)) return this.wrapAwait(caller, call);
    if (passed || around?.name.startsWith('__')) return refuse(caller, 'session-outside', call, fn.name);
    touch(caller, call);
    caller.rewrite.insert(call.start, `${this.units.need(caller, 'asyncio', 'run')}(`);
    caller.rewrite.insert(call.end, ')');
  }

  /** `lambda u: f(u, 1)` as a worker gives the coroutine to the pool. */
  private isWorkerLambda(file: PyFile, call: Call): boolean {
    const lambda = parentOf(call);
    const outer = lambda && parentOf(lambda);
    return (
      lambda?.nodeType === 'Lambda' &&
      lambda.body === call &&
      outer?.nodeType === 'Call' &&
      outer.args[0] === lambda &&
      this.isPoolCall(file, outer)
    );
  }

  private isPoolCall(file: PyFile, call: Call): boolean {
    if (call.func.nodeType !== 'Attribute' || !/^(?:map|submit)$/.test(call.func.attr)) return false;
    return valueOf(this.project, file, call.func.value)?.kind === 'ThreadPoolExecutor';
  }

  private addArgument(caller: Unit, fn: PyFunction, call: Call): boolean {
    const own = this.sessionName(caller.file);
    const theirs = this.sessionName(fn.file);
    const all = [...call.args, ...call.keywords].sort((a, b) => a.end - b.end);
    const byName = this.isKeywordOnly(fn) || call.keywords.length > 0;
    const text = byName ? `${theirs}=${own}` : own;
    const last = all.at(-1);
    if (last) caller.rewrite.insert(last.end, `, ${text}`);
    else caller.rewrite.insert(call.end - 1, text);
    return true;
  }

  /** `await f(x)`, in parentheses where something follows. */
  private wrapAwait(unit: Unit, node: Expr): void {
    if (this.noAwaitHere(unit, node)) return;
    const [open, close] = needsParens(node) ? ['(', ')'] : ['', ''];
    unit.rewrite.insert(node.start, `${open}await `);
    if (close) unit.rewrite.insert(node.end, close);
  }

  private noAwaitHere(unit: Unit, node: Node): boolean {
    for (
      let at = node, parent = parentOf(at);
      parent && !isFunction(parent) && parent.nodeType !== 'Module';
      at = parent, parent = parentOf(at)
    ) {
      const lazy = parent.nodeType === 'Lambda' || (parent.nodeType === 'GeneratorExp' && parent.generators[0] !== at);
      if (!lazy) continue;
      refuse(unit, 'no-async-here', node);
      return true;
    }
    return false;
  }

  private convertNode(unit: Unit, node: Node): void {
    const { file } = unit;
    switch (node.nodeType) {
      case 'Call':
        if (requestVerb(file, node)) return this.request(unit, node);
        return this.blocking(unit, node);
      case 'Attribute':
        return this.response(unit, node);
      case 'Name':
        return this.responseName(unit, node);
      case 'For':
        return this.chunks(unit, node);
      case 'ExceptHandler':
        return this.handler(unit, node);
      case 'With':
        return this.lock(unit, node);
    }
  }

  private blocking(unit: Unit, call: Call): void {
    const { file } = unit;
    const name = qualified(file, call.func);
    if (name === 'time.sleep') {
      unit.rewrite.replace(call.func, this.units.need(unit, 'asyncio', 'sleep'));
      return this.wrapAwait(unit, call);
    }
    if (name && BLOCKS.test(name)) refuse(unit, 'no-async-twin', call, name);
    if (name && PER_THREAD.test(name)) refuse(unit, 'thread-identity', call, name);
    const kind = call.func.nodeType === 'Attribute' ? valueOf(this.project, file, call.func.value)?.kind : undefined;
    if (
      kind &&
      /^(?:requests\.Session|httpx\.Client|queue\.Queue|threading\.(?:Event|Condition|Semaphore|Thread)|ThreadPool|ProcessPool|ProcessPoolExecutor)$/.test(
        kind,
      )
    )
      refuse(unit, 'no-async-twin', call, kind);
    if (isBuiltin(file, call.func, 'input')) refuse(unit, 'no-async-twin', call, 'input');
  }

  /** A lock that nothing is awaited under stays as it is. */
  private lock(unit: Unit, node: Extract<Stmt, { nodeType: 'With' | 'AsyncWith' }>): void {
    for (const item of node.items) {
      const kind = valueOf(this.project, unit.file, item.context_expr)?.kind;
      if (!kind?.startsWith('threading.')) continue;
      const waits = ownNodes(node.body).some(
        (each) => each.nodeType === 'Call' && this.waiting.isWait(unit.file, each),
      );
      if (waits) refuse(unit, 'lock-held', item.context_expr);
    }
  }

  // ---- requests ----

  /** `r = requests.get(url)` → `async with session.get(url) as r:` round what uses it; elsewhere it is read at once. */
  private request(unit: Unit, call: Call): void {
    const { rewrite, file } = unit;
    const pieces = requestPieces(this.units, unit, call, this.sessionName(file));
    const parent = parentOf(call)!;
    const stmt = statementOf(call);
    if (parent.nodeType === 'WithItem') {
      if (stmt.nodeType === 'With' && stmt.items.length > 1) return refuse(unit, 'unknown-callee', stmt.items[0]!);
      rewrite.replace({ start: stmt.start, end: stmt.start + 4 }, 'async with');
      return rewrite.replace(call, ...pieces);
    }
    if (!ownLines(file, stmt)) return refuse(unit, 'one-line-block', stmt);
    const indent = rewrite.indentAt(stmt.start);
    if (parent.nodeType === 'Assign' && parent.targets.length === 1 && isName(parent.targets[0]))
      return this.assigned(unit, call, parent, parent.targets[0], pieces);
    if (parent.nodeType === 'Expr')
      return rewrite.replace(
        stmt,
        'async with ',
        ...pieces,
        ` as response:\n${indent}${file.unit}await response.read()`,
      );
    if (parent.nodeType !== 'Attribute' || !evaluatedFirst(call, stmt)) return refuse(unit, 'response-escapes', call);
    const name = this.units.fresh(file, 'response');
    const converted = responsePieces(this.units, unit, parent, name);
    if (!converted) return;
    const line = rewrite.lineOf(stmt.start);
    rewrite.insert(line.start, `${indent}async with `, ...pieces, ` as ${name}:\n`);
    const [open, close] = converted.awaits && needsParens(converted.range) ? ['(', ')'] : ['', ''];
    rewrite.replace(converted.range, open, ...converted.pieces, close);
    rewrite.indent({ start: line.start, end: rewrite.lineOf(stmt.end).end }, file.unit);
  }

  private assigned(
    unit: Unit,
    call: Call,
    stmt: Extract<Stmt, { nodeType: 'Assign' }>,
    name: Name,
    pieces: Piece[],
  ): void {
    const { rewrite, file } = unit;
    const block = blockOf(stmt);
    const index = block.indexOf(stmt);
    const binding = file.scopes.bindingOf(name)!;
    const uses = binding.uses.filter((use) => functionAround(use) === functionAround(call));
    if (uses.length < binding.uses.length) return refuse(unit, 'response-escapes', call, name.id);
    const nextStore = block.findIndex(
      (each, at) => at > index && binding.sites.some((site) => site !== name && inside(site, each)),
    );
    const reach = nextStore < 0 ? block.length : nextStore;
    const own = block.slice(index + 1, reach);
    const inBlock = uses.every((use) => own.some((each) => inside(use, each)) || binding.sites.length > 1);
    const last = own.findLastIndex((each) => uses.some((use) => inside(use, each)));
    const indent = rewrite.indentAt(stmt.start);
    const head: Piece[] = ['async with ', ...pieces, ` as ${name.id}:`];
    const ends = last >= 0 ? own[last]! : undefined;
    if (!inBlock || !ends || binding.sites.length > 1 || !ownLines(file, ends))
      return rewrite.replace(stmt, ...head, `\n${indent}${file.unit}await ${name.id}.read()`);
    rewrite.replace(stmt, ...head);
    rewrite.indent({ start: rewrite.lineOf(stmt.end).end, end: rewrite.lineOf(ends.end).end }, file.unit);
  }

  private isResponse(unit: Unit, expr: Expr): boolean {
    return valueOf(this.project, unit.file, expr)?.kind === 'requests.Response';
  }

  private response(unit: Unit, node: Attribute): void {
    if (!isName(node.value) || !this.isResponse(unit, node.value)) return;
    const outer = parentOf(node);
    if (outer?.nodeType === 'Call' && outer.func === node && node.attr === 'iter_content') return; // its loop converts it
    const converted = responsePieces(this.units, unit, node, node.value);
    if (!converted) return;
    if (converted.awaits && this.noAwaitHere(unit, node)) return;
    const [open, close] = converted.awaits && needsParens(converted.range) ? ['(', ')'] : ['', ''];
    unit.rewrite.replace(converted.range, open, ...converted.pieces, close);
  }

  /** A response that is tested is true when it is ok; handed on anywhere it is out of sight. */
  private responseName(unit: Unit, node: Name): void {
    if (node.ctx.nodeType !== 'Load' || !this.isResponse(unit, node)) return;
    const parent = parentOf(node)!;
    if (parent.nodeType === 'Attribute' && parent.value === node) return;
    const isTest =
      (parent.nodeType === 'If' || parent.nodeType === 'While' || parent.nodeType === 'IfExp') && parent.test === node;
    if (isTest || parent.nodeType === 'UnaryOp') return unit.rewrite.replace(node, `${node.id}.ok`);
    const isNone = parent.nodeType === 'Compare' && parent.ops.every((op) => /^Is/.test(op.nodeType));
    if (!isNone) refuse(unit, 'response-escapes', node, node.id);
  }

  /** `for chunk in r.iter_content(n)` → `async for chunk in r.content.iter_chunked(n)`. */
  private chunks(unit: Unit, node: Extract<Stmt, { nodeType: 'For' | 'AsyncFor' }>): void {
    const { iter } = node;
    if (
      iter.nodeType !== 'Call' ||
      iter.func.nodeType !== 'Attribute' ||
      iter.func.attr !== 'iter_content' ||
      !this.isResponse(unit, iter.func.value)
    )
      return;
    const size = iter.args[0] ?? iter.keywords.find((each) => each.arg === 'chunk_size')?.value;
    if (!size || iter.args.length + iter.keywords.length > 1) return refuse(unit, 'http-option', iter, 'iter_content');
    unit.rewrite.insert(node.start, 'async ');
    unit.rewrite.replace(iter, iter.func.value, '.content.iter_chunked(', size, ')');
  }

  private handler(unit: Unit, node: Extract<Node, { nodeType: 'ExceptHandler' }>): void {
    const { file, rewrite } = unit;
    const types = node.type?.nodeType === 'Tuple' ? node.type.elts : node.type ? [node.type] : [];
    const mapped = types.map((type) => exceptionNames(qualified(file, type)));
    if (!mapped.some(Boolean)) {
      if (
        types.some((type) => isBuiltin(file, type, 'OSError') || isBuiltin(file, type, 'IOError')) &&
        this.guardsRequest(unit, node)
      )
        refuse(unit, 'http-option', node.type!, 'OSError');
      return;
    }
    const written = types
      .map((type, index) =>
        mapped[index] ? mapped[index]!.map((name) => this.exception(unit, name)) : [textOf(file, type)],
      )
      .flat();
    const unique = [...new Set(written)];
    rewrite.replace(node.type!, unique.length === 1 ? unique[0]! : `(${unique.join(', ')})`);
    if (node.name) this.errorUses(unit, node, node.name);
  }

  private guardsRequest(unit: Unit, node: Node): boolean {
    const around = parentOf(node);
    return (
      around?.nodeType === 'Try' &&
      ownNodes(around.body).some((each) => each.nodeType === 'Call' && Boolean(requestVerb(unit.file, each)))
    );
  }

  private exception(unit: Unit, name: string): string {
    const [module, own] = name.split('.') as [string, string | undefined];
    return own === undefined ? module : this.units.need(unit, module, own);
  }

  private errorUses(unit: Unit, node: Extract<Node, { nodeType: 'ExceptHandler' }>, name: string): void {
    for (const each of ownNodes(node.body)) {
      if (each.nodeType !== 'Attribute' || !isName(each.value, name)) continue;
      const outer = parentOf(each);
      if (each.attr === 'response' && outer?.nodeType === 'Attribute' && outer.attr === 'status_code')
        unit.rewrite.replace(outer, `${name}.status`);
      else if (!/^(?:args|__\w+__)$/.test(each.attr)) refuse(unit, 'http-option', each, each.attr);
    }
  }

  // ---- regions ----

  private convertRegion(region: Region): void {
    const { unit, file, stmt } = region;
    const { rewrite } = unit;
    if (!region.holder)
      for (const node of ownNodes(stmt.body)) if (!poolOf(this.project, file, node)) this.convertNode(unit, node);
    if (!ownLines(file, stmt) || stmt.body[0]!.start < rewrite.lineOf(stmt.items[0]!.context_expr.end).end)
      return refuse(unit, 'one-line-block', stmt);
    if (unit.refusals.length > 0) return;
    const session = this.regionNeedsSession(region) ? this.openSession(region) : undefined;
    const whole = this.wholeMap(region);
    const header = { start: stmt.start, end: this.headerEnd(region) };
    if (whole) {
      this.writeWholeMap(region, whole);
      if (session) return rewrite.replace(header, `async with ${session} as ${this.sessionName(file)}:`);
      const body = { start: rewrite.lineOf(header.end).end, end: rewrite.lineOf(stmt.end).end };
      rewrite.remove({ start: rewrite.lineOf(stmt.start).start, end: rewrite.lineOf(header.end).end });
      return rewrite.dedent(body, file.unit);
    }
    const pool = this.units.helper(unit, 'TaskPool', TASK_POOL);
    this.units.need(unit, 'asyncio');
    const name = region.name ? ` as ${region.name.id}` : '';
    const items = [...(session ? [`${session} as ${this.sessionName(file)}`] : []), `${pool}(${region.limit})${name}`];
    rewrite.replace(header, `async with ${items.join(', ')}:`);
    for (const use of this.usesOf(region)) this.poolUse(region, use);
    this.futures(region);
  }

  /** Up to the colon. */
  private headerEnd({ file, stmt }: Region): number {
    const last = stmt.items.at(-1)!;
    const from = last.optional_vars?.end ?? last.context_expr.end;
    return from + /^[\s)\\]*:/.exec(file.text.slice(from))![0].length;
  }

  private regionNeedsSession(region: Region): boolean {
    return ownNodes(region.stmt.body).some((node) => {
      if (node.nodeType === 'Call')
        return this.asksForSession(region.file, node) || this.workerNeedsSession(region.file, node);
      return false;
    });
  }

  private workerNeedsSession(file: PyFile, call: Call): boolean {
    const target = this.isPoolCall(file, call) ? this.project.resolve(file, call.args[0]) : undefined;
    return target?.kind === 'function' && this.needsSession(target);
  }

  private openSession(region: Region): string {
    const indent = region.unit.rewrite.indentAt(region.stmt.start);
    return sessionCall(this.units, region.unit)
      .replaceAll('\n    ', `\n${indent}${region.file.unit}`)
      .replace(/\n\)$/, `\n${indent})`);
  }

  /** The region is one statement, `x = executor.map(f, xs)` or one that makes a list of it, and no worker ever waits for another. */
  private wholeMap(region: Region): { call: Call; listed?: Call } | undefined {
    const [only, ...more] = region.stmt.body;
    const [use, ...others] = this.usesOf(region);
    const call = use && parentOf(parentOf(use)!);
    if (more.length > 0 || others.length > 0 || call?.nodeType !== 'Call' || (call.func as Attribute).attr !== 'map')
      return undefined;
    if (call.keywords.some((each) => each.arg !== 'chunksize') || call.args.length < 2) return undefined;
    const counts = call.args.slice(1).map((arg) => lengthOf(this.project, region.file, arg));
    const limit = Number(region.limit);
    if (!counts.some((count) => count !== undefined && count <= limit)) return undefined;
    const outer = parentOf(call)!;
    const listed =
      outer.nodeType === 'Call' && isBuiltin(region.file, outer.func, 'list') && outer.args.length === 1
        ? outer
        : undefined;
    const value = listed ?? call;
    if (!evaluatedFirst(value, statementOf(value)) || statementOf(value) !== only) return undefined;
    if (listed) return { call, listed };
    return only?.nodeType === 'Assign' && only.value === call && only.targets.length === 1 && isName(only.targets[0])
      ? { call }
      : undefined;
  }

  private writeWholeMap(region: Region, { call, listed }: { call: Call; listed?: Call }): void {
    const { unit, file } = region;
    const asyncio = this.units.need(unit, 'asyncio');
    const [worker, ...iterables] = call.args;
    const body = statementOf(call);
    const line = unit.rewrite.lineOf(body.start);
    const indent = unit.rewrite.indentAt(body.start);
    const items = this.itemNames(file, call);
    const target = this.project.resolve(file, worker);
    const passes = target?.kind === 'function' && this.needsSession(target);
    const byName = passes && this.isKeywordOnly(target) ? `${this.sessionName(target.file)}=` : '';
    const extra = passes ? `, ${byName}${this.sessionName(file)}` : '';
    const over: Piece[] =
      iterables.length === 1
        ? [iterables[0]!]
        : ['zip(', ...iterables.flatMap((each, index) => (index > 0 ? [', ', each] : [each])), ')'];
    const each: Piece[] = worker!.nodeType === 'Lambda' ? ['(', worker!, ')'] : [worker!];
    const called: Piece[] = [...each, `(${items.join(', ')}${extra}) for ${items.join(', ')} in `, ...over];
    if (listed && target?.kind === 'function' && neverFails(target.file, target.def))
      return unit.rewrite.replace(listed, `await ${asyncio}.gather(*(`, ...called, '))');
    const tasks = this.units.fresh(file, 'tasks');
    unit.rewrite.insert(
      line.start,
      `${indent}${tasks} = [${asyncio}.ensure_future(`,
      ...splitFor(called),
      ']\n',
      `${indent}await ${asyncio}.gather(*${tasks}, return_exceptions=True)\n`,
    );
    const value = `task.result() for task in ${tasks}`;
    unit.rewrite.replace(listed ?? call, listed ? `[${value}]` : `(${value})`);
  }

  /** Short names for what a worker is given. */
  private itemNames(file: PyFile, call: Call): string[] {
    const [worker, ...iterables] = call.args;
    // The comprehension has a scope of its own: only what it reads itself must not be hidden.
    const read = new Set([this.sessionName(file)]);
    for (const arg of [worker!, ...iterables])
      for (const node of ownNodes([arg])) if (node.nodeType === 'Name') read.add(node.id);
    return iterables.map((iterable) => {
      const plural = isName(iterable) ? /^(\w{2,}?)(?:s|_list)$/.exec(iterable.id)?.[1] : undefined;
      const name = freshName(plural ?? 'item', read);
      read.add(name);
      return name;
    });
  }

  /** `executor.submit(f, x)`, `executor.map(f, xs)` on the pool of tasks: a session goes with what is handed over. */
  private poolUse(region: Region, use: Name): void {
    const { unit, file } = region;
    const call = parentOf(parentOf(use)!) as Call;
    const [worker] = call.args;
    const target = this.project.resolve(file, worker);
    const method = (call.func as Attribute).attr;
    if (worker && qualified(file, worker) === 'time.sleep')
      unit.rewrite.replace(worker, this.units.need(unit, 'asyncio', 'sleep'));
    const passes = target?.kind === 'function' && this.needsSession(target);
    if (passes && method === 'submit')
      this.addArgument(unit, target, {
        ...call,
        keywords: this.isKeywordOnly(target) ? call.keywords : call.keywords,
      } as Call);
    if (passes && method === 'map') {
      const partial = this.units.need(unit, 'functools', 'partial');
      unit.rewrite.replace(
        worker!,
        `${partial}(`,
        worker!,
        `, ${this.sessionName(target.file)}=${this.sessionName(file)})`,
      );
    }
    if (method === 'map') this.mapUse(unit, call);
  }

  private mapUse(unit: Unit, call: Call): void {
    for (const keyword of call.keywords) {
      if (keyword.arg === 'chunksize') refuse(unit, 'pool-option', keyword, 'chunksize');
      else refuse(unit, 'pool-option', keyword, keyword.arg);
    }
    const outer = parentOf(call)!;
    if (outer.nodeType === 'For' && outer.iter === call) return unit.rewrite.insert(outer.start, 'async ');
    if (outer.nodeType === 'Comprehension' && outer.iter === call && parentOf(outer)?.nodeType !== 'GeneratorExp') {
      const at = /for\s+\(?\s*$/.exec(unit.file.text.slice(0, outer.target.start))!;
      return unit.rewrite.insert(at.index, 'async ');
    }
    const listed =
      outer.nodeType === 'Call' &&
      outer.args.length === 1 &&
      (isBuiltin(unit.file, outer.func, 'list') || isBuiltin(unit.file, outer.func, 'tuple'));
    if (listed && isBuiltin(unit.file, outer.func, 'list'))
      return unit.rewrite.replace(outer, '[result async for result in ', call, ']');
    refuse(unit, 'lazy-results', call);
  }

  /** What is done with futures: `result()` is awaited, `as_completed` gives the tasks themselves. */
  private futures(region: Region): void {
    const { unit, file, stmt } = region;
    const scope = region.holder ? ownNodes(region.holder.def.body) : ownNodes(stmt.body);
    for (const node of scope) {
      if (node.nodeType === 'Call') {
        const name = qualified(file, node.func);
        if (name === 'concurrent.futures.as_completed') this.asCompleted(unit, node);
        else if (name === 'concurrent.futures.wait') this.wait(unit, node);
      }
      if (node.nodeType !== 'Call' || node.func.nodeType !== 'Attribute') continue;
      const { attr, value } = node.func;
      if (!this.isFuture(file, value)) continue;
      if (attr === 'result' && node.args.length + node.keywords.length === 0) {
        if (this.noAwaitHere(unit, node)) continue;
        const [open, close] = needsParens(node) ? ['(', ')'] : ['', ''];
        unit.rewrite.replace(node, `${open}await `, value, close);
      } else if (attr !== 'done' && attr !== 'exception') refuse(unit, 'pool-option', node, attr);
    }
    if (!region.holder && this.outlives(region)) refuse(unit, 'task-escapes', stmt);
  }

  /** Futures that are kept in a variable and looked at behind the region. */
  private outlives(region: Region): boolean {
    const { file, stmt } = region;
    return this.usesOf(region).some((use) => {
      const call = parentOf(parentOf(use)!) as Call;
      const target = statementOf(call);
      const names = target.nodeType === 'Assign' ? target.targets.filter((each): each is Name => isName(each)) : [];
      return names.some((name) => file.scopes.bindingOf(name)?.uses.some((each) => !inside(each, stmt)));
    });
  }

  /** A name that has what `submit` gave: directly, from a collection of such, or from `as_completed`. */
  private isFuture(file: PyFile, expr: Expr): boolean {
    if (valueOf(this.project, file, expr)?.kind === 'Future') return true;
    if (!isName(expr)) return false;
    const [site] = file.scopes.bindingOf(expr)?.sites ?? [];
    const loop = site && parentOf(site);
    if (loop?.nodeType !== 'For' && loop?.nodeType !== 'Comprehension') return false;
    const { iter } = loop;
    if (iter.nodeType === 'Call' && qualified(file, iter.func) === 'concurrent.futures.as_completed') return true;
    return this.hasFutures(file, iter);
  }

  private hasFutures(file: PyFile, expr: Expr): boolean {
    if (expr.nodeType === 'ListComp' || expr.nodeType === 'GeneratorExp' || expr.nodeType === 'SetComp')
      return valueOf(this.project, file, expr.elt)?.kind === 'Future';
    if (expr.nodeType === 'DictComp') return valueOf(this.project, file, expr.key)?.kind === 'Future';
    if (!isName(expr)) return false;
    const binding = file.scopes.bindingOf(expr);
    return (binding?.sites ?? []).some((site) => {
      const stmt = parentOf(site);
      if (stmt?.nodeType !== 'Assign') return false;
      if (this.hasFutures(file, stmt.value)) return true;
      return binding!.uses.some((use) => {
        const parent = parentOf(use);
        const call = parent && parentOf(parent);
        if (parent?.nodeType === 'Subscript' && parentOf(parent)?.nodeType === 'Assign')
          return valueOf(this.project, file, parent.slice)?.kind === 'Future';
        const added =
          parent?.nodeType === 'Attribute' && call?.nodeType === 'Call' && /^(?:append|add)$/.test(parent.attr)
            ? call.args[0]
            : undefined;
        return added !== undefined && valueOf(this.project, file, added)?.kind === 'Future';
      });
    });
  }

  private asCompleted(unit: Unit, call: Call): void {
    const outer = parentOf(call);
    if (outer?.nodeType !== 'For' || call.args.length !== 1 || call.keywords.length > 0)
      return refuse(unit, 'unknown-callee', call);
    unit.rewrite.insert(outer.start, 'async ');
    unit.rewrite.replace(call.func, this.units.helper(unit, 'as_completed', AS_COMPLETED));
    this.units.need(unit, 'asyncio');
  }

  private wait(unit: Unit, call: Call): void {
    if (call.keywords.length > 0 || call.args.length !== 1 || parentOf(call)?.nodeType !== 'Expr')
      return refuse(unit, 'unknown-callee', call);
    unit.rewrite.replace(
      call,
      `await ${this.units.need(unit, 'asyncio', 'gather')}(*`,
      call.args[0]!,
      ', return_exceptions=True)',
    );
  }

  // ---- module code ----

  /** The region becomes an async function of its own, and runs where it stood. */
  private island(region: Region): void {
    const { unit, file, stmt } = region;
    if (unit.refusals.length > 0) return;
    const { rewrite } = unit;
    if (
      ownNodes(stmt.body).some(
        (node) =>
          isFunction(node) ||
          node.nodeType === 'ClassDef' ||
          (/^(?:Break|Continue)$/.test(node.nodeType) && leaves(node, stmt)),
      )
    )
      return refuse(unit, 'no-async-here', stmt);
    const lines = { start: rewrite.lineOf(stmt.start).start, end: rewrite.lineOf(stmt.end).end };
    const whole = this.wholeMap(region);
    const [only] = stmt.body;
    const name = this.units.fresh(file, 'run_all');
    const run = `${this.units.need(unit, 'asyncio', 'run')}(${name}())`;
    const indent = rewrite.indentAt(stmt.start);
    const stored = this.storedNames(region);
    const single =
      whole && only?.nodeType === 'Assign' && only.targets.length === 1 && isName(only.targets[0]) ? only : undefined;
    let text = rewrite.render(lines);
    if (single) {
      const target = (single.targets[0] as Name).id;
      text = text.replace(new RegExp(`^([ \\t]*)${target}\\s*=\\s*(?=[^=]*$)`, 'm'), '$1return ');
      if (!whole!.listed) text = text.replace(/return \(task\.result\(\) for task in (\w+)\)/, 'return $1');
    }
    const dedented = shift(text, indent, file.unit, stringRanges(text)).trimEnd();
    const globals = single || stored.length === 0 ? '' : `${file.unit}global ${stored.join(', ')}\n`;
    const after = single
      ? `${(single.targets[0] as Name).id} = ${whole!.listed ? run : `(task.result() for task in ${run})`}`
      : run;
    const body = `async def ${name}():\n${globals}${dedented}\n`;
    rewrite.replace({ start: stmt.start, end: lines.end }, `${after}\n`);
    this.placeFunction(region, body);
  }

  /** The function's body becomes a coroutine inside it, and the function runs that. */
  private inner(fn: PyFunction): void {
    const unit = this.units.of(fn);
    const { file, def } = fn;
    const [head] = def.body;
    const isDoc = head!.nodeType === 'Expr' && head!.value.nodeType === 'Constant' && def.body.length > 1;
    const body = isDoc ? def.body.slice(1) : def.body;
    const [first, last] = [body[0]!, body.at(-1)!];
    if (unit.refusals.length > 0) return;
    if (!ownLines(file, first) || !ownLines(file, last)) return refuse(unit, 'one-line-block', first);
    const merged = new Rewrite(file.text, file.strings);
    merged.addAll(unit.rewrite);
    for (const other of this.project.functions)
      if (other !== fn && other.file === file && inside(other.def, def)) merged.addAll(this.units.of(other).rewrite);
    const lines = { start: merged.lineOf(first.start).start, end: merged.lineOf(last.end).end };
    const indent = merged.indentAt(first.start);
    const text = merged.render(lines);
    const moved = shift(text, indent, indent + file.unit, stringRanges(text)).trimEnd();
    const name = this.units.fresh(file, 'run_all');
    const kept = this.storedParameters(fn);
    const nonlocal = kept.length > 0 ? `${indent}${file.unit}nonlocal ${kept.join(', ')}\n` : '';
    const run = `${this.units.need(unit, 'asyncio', 'run')}(${name}())`;
    unit.rewrite.replace(lines, `${indent}async def ${name}():\n${nonlocal}${moved}\n\n${indent}return ${run}\n`);
  }

  private storedParameters(fn: PyFunction): string[] {
    const scope = fn.file.scopes.of(fn.def);
    const stored = [...(scope?.bindings.values() ?? [])].filter(
      (binding) => binding.kinds.has('parameter') && binding.sites.length > 1,
    );
    return stored.map((binding) => binding.name).sort();
  }

  private storedNames({ file, stmt }: Region): string[] {
    const names = new Set<string>();
    for (const node of ownNodes(stmt.body)) {
      const binding =
        node.nodeType === 'Name' && node.ctx.nodeType !== 'Load' ? file.scopes.bindingOf(node) : undefined;
      if (binding?.scope.kind === 'module') names.add(binding.name);
    }
    return [...names].sort();
  }

  /** Behind the last function above it, else in front of the statement of the module that it was in. */
  private placeFunction(region: Region, text: string): void {
    const { body } = region.file.module;
    const index = body.findIndex((each) => inside(region.stmt, each));
    const last = body.slice(0, index).findLast((each) => isFunction(each) || each.nodeType === 'ClassDef');
    const { rewrite } = region.unit;
    if (last) return rewrite.insert(rewrite.lineOf(last.end).end, `\n\n${text}`);
    rewrite.insert(rewrite.lineOf(body[index]!.start).start, `${text}\n\n`);
  }
}

const BLOCKS =
  /^(?:subprocess\.|socket\.|sqlite3\.|psycopg2?\.|boto3\.|paramiko\.|ftplib\.|smtplib\.|urllib\.request\.|urllib3\.|http\.client\.|httpx\.|os\.system$|select\.)/;
const PER_THREAD = /^threading\.(?:local|current_thread|get_ident|get_native_id|enumerate|main_thread)$/;

const inside = (node: Node, outer: Node): boolean => outer.start <= node.start && node.end <= outer.end;

function allNodes(top: Node): Node[] {
  const found: Node[] = [];
  const visit = (node: Node): void => {
    found.push(node);
    for (const value of Object.values(node).flat())
      if (typeof value === 'object' && value !== null && 'start' in value) visit(value as Node);
  };
  visit(top);
  return found.sort((a, b) => a.start - b.start || b.end - a.end);
}

/** `await x` has to stand in parentheses where something is taken from it, or raised to a power. */
function needsParens(node: Node): boolean {
  const parent = parentOf(node);
  if (parent?.nodeType === 'Attribute' || (parent?.nodeType === 'Subscript' && parent.value === node)) return true;
  if (parent?.nodeType === 'Call') return parent.func === node;
  return parent?.nodeType === 'BinOp' && parent.op.nodeType === 'Pow';
}

function ownLines(file: PyFile, stmt: Stmt): boolean {
  const start = file.text.lastIndexOf('\n', stmt.start - 1) + 1;
  const newline = file.text.indexOf('\n', stmt.end);
  const after = file.text.slice(stmt.end, newline < 0 ? undefined : newline).trim();
  return file.text.slice(start, stmt.start).trim() === '' && (after === '' || after.startsWith('#'));
}

const nameEnd = (file: PyFile, from: number, name: string): number => file.text.indexOf(name, from) + name.length;

/** A `break` that leaves a loop outside of the statement. */
function leaves(node: Node, stmt: Stmt): boolean {
  for (let at = parentOf(node); at && at !== stmt; at = parentOf(at))
    if (isStatement(at) && /^(?:For|While)$/.test(at.nodeType)) return false;
  return true;
}

/** `f(x) for x in xs` → `f(x)) for x in xs`: the call stands in `ensure_future(…)`. */
function splitFor(called: Piece[]): Piece[] {
  return called.map((piece) => (typeof piece === 'string' ? piece.replace(/\) for /, ')) for ') : piece));
}
