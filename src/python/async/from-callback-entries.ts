import { isBuiltin, qualified, textOf, type PyFile } from '../file.js';
import { removeStatement } from '../imports.js';
import type { PyFunction } from '../project.js';
import type { Piece } from '../rewrite.js';
import {
  blockOf,
  functionAround,
  isFunction,
  parentOf,
  statementOf,
  walk,
  type Call,
  type Expr,
  type Node,
  type Stmt,
  type Try,
} from '../tree.js';
import { link, note, refuse, touch, type Unit } from '../unit.js';
import { valueOf } from '../values.js';
import { ownLines } from './places.js';
import type { Coroutines } from './from-callback-awaitables.js';

/** Where the loop of Twisted or Tornado is run, asyncio's is; what started the first function there, and what stopped the loop, goes. */
export function enterLoops(c: Coroutines, file: PyFile): void {
  const reactor: Call[] = [];
  walk(file.module, (node) => {
    if (node.nodeType !== 'Call') return;
    const name = qualified(file, node.func) ?? '';
    if (/^twisted\.internet\.reactor\./.test(name)) reactor.push(node);
    if (name === 'twisted.internet.task.react') react(c, file, node);
    const kind = node.func.nodeType === 'Attribute' ? valueOf(c.project, file, node.func.value)?.kind : undefined;
    if (kind === 'tornado.IOLoop') loopCall(c, file, node);
  });
  if (reactor.length > 0) runReactor(c, file, reactor);
}

// ---- Tornado ----

/** `IOLoop.current().run_sync(main)` → `asyncio.run(main())`, unless a client was made for the loop that is there before. */
function loopCall(c: Coroutines, file: PyFile, call: Call): void {
  const unit = c.units.around(file, call);
  const method = (call.func as { attr?: string }).attr;
  if (/^(?:spawn_callback|add_callback)$/.test(method ?? '')) return taken(c, unit, call.args[0]);
  if (method !== 'run_sync') return;
  const [main] = call.args;
  taken(c, unit, main);
  const target =
    main &&
    c.project.resolve(file, main.nodeType === 'Lambda' && main.body.nodeType === 'Call' ? main.body.func : main);
  if (target?.kind !== 'function' || !c.functions.has(target)) return;
  touch(unit, call);
  link(unit, c.units.of(target));
  if (call.args.length > 1 || call.keywords.length > 0 || needsItsLoop(c, call)) return;
  const run = c.units.need(unit, 'asyncio', 'run');
  const started: Piece[] = main!.nodeType === 'Lambda' ? [main!.body] : [main!, '()'];
  unit.rewrite.replace(call, `${run}(`, ...started, ')');
}

/** The function is called by the loop, which waits for it. */
function taken(c: Coroutines, unit: Unit, expr: Expr | undefined): void {
  if (!expr) return;
  c.awaited.add(expr);
  if (expr.nodeType === 'Lambda' && expr.body.nodeType === 'Call') c.awaited.add(expr.body.func);
  const target = c.project.resolve(unit.file, expr);
  if (target?.kind === 'function') link(unit, c.units.of(target));
}

/** Some client, or other use of a loop, stands outside of all coroutines: it belongs to the loop that is current there. */
function needsItsLoop(c: Coroutines, self: Call): boolean {
  return c.project.files.some((file) => {
    let needs = false;
    walk(file.module, (node) => {
      if (node.nodeType !== 'Call' || node === self || needs) return;
      const kind = valueOf(c.project, file, node);
      const isMade = kind?.made?.call === node && /^tornado\./.test(kind.kind);
      const isPartOf = parentOf(parentOf(node)!) === self;
      const def = functionAround(node);
      const inCoroutine = def && c.functions.has(c.project.functionOf(def));
      needs = isMade && !inCoroutine && !isPartOf;
    });
    return needs;
  });
}

// ---- Twisted ----

/** `task.react(main)` ends the program; `main` is given the reactor. */
function react(c: Coroutines, file: PyFile, call: Call): void {
  const unit = c.units.around(file, call);
  const [main, ...more] = call.args;
  const target = main && c.project.resolve(file, main);
  touch(unit, call);
  if (target?.kind !== 'function' || !c.functions.has(target)) return refuse(unit, 'unknown-callee', call);
  c.awaited.add(main!);
  link(unit, c.units.of(target));
  const [parameter, ...others] = target.def.args.args;
  const binding = parameter && target.file.scopes.of(target.def)?.bindings.get(parameter.arg);
  const unused = binding?.uses.every((use) => isForDelay(target.file, use));
  const stmt = statementOf(call);
  const isLast = blockOf(stmt).at(-1) === stmt && stmt.nodeType === 'Expr' && stmt.value === call;
  if (!parameter || !unused || more.length > 0 || call.keywords.length > 0 || !isLast)
    return refuse(unit, 'unknown-callee', call);
  if (others.length > 0) return refuse(unit, 'own-signature', call, target.name);
  c.units.of(target).rewrite.remove({ start: parameter.start, end: parameter.end });
  asManyThreads(c, target);
  // `react` logs what nobody answers, and ends the program with 1; now it is raised, which ends it with 1 too.
  if (!catchesAll(target)) note(unit, 'ends-on-error', call);
  unit.rewrite.replace(call, `${c.units.need(unit, 'asyncio', 'run')}(`, main!, '())');
}

/** The reactor has ten threads; an event loop has fewer or more, by the machine. */
function asManyThreads(c: Coroutines, fn: PyFunction): void {
  if (!c.busy.isMore || c.inThreads === 'to_thread') return;
  const unit = c.units.of(fn);
  const [first, second] = fn.def.body;
  const isDoc = first!.nodeType === 'Expr' && first!.value.nodeType === 'Constant' && second;
  const at = isDoc ? second : first!;
  const loop = `${c.units.need(unit, 'asyncio', 'get_running_loop')}()`;
  const pool = `${c.units.need(unit, 'concurrent.futures', 'ThreadPoolExecutor')}(max_workers=10)`;
  const indent = unit.rewrite.indentAt(at.start);
  unit.rewrite.insert(unit.rewrite.lineOf(at.start).start, `${indent}${loop}.set_default_executor(${pool})\n`);
}

/** The first argument of `deferLater`, which goes. */
function isForDelay(file: PyFile, use: Node): boolean {
  const call = parentOf(use);
  return (
    call?.nodeType === 'Call' &&
    call.args[0] === use &&
    qualified(file, call.func) === 'twisted.internet.task.deferLater'
  );
}

/** `reactor.callWhenRunning(main)`, `reactor.run()` → `asyncio.run(main())`. */
function runReactor(c: Coroutines, file: PyFile, calls: readonly Call[]): void {
  const named = (method: string): Call[] =>
    calls.filter((each) => qualified(file, each.func) === `twisted.internet.reactor.${method}`);
  const [run, ...others] = named('run');
  const starts = calls.filter((each) => isStart(c, file, each));
  const stops = named('stop');
  const unit = c.units.around(file, run ?? calls[0]!);
  touch(unit, run ?? calls[0]!);
  if (!run || others.length > 0 || run.args.length + run.keywords.length > 0)
    return refuse(unit, 'unknown-callee', run ?? calls[0]!);
  const other = calls.find((each) => each !== run && !starts.includes(each) && !stops.includes(each));
  if (other) return refuse(unit, 'unknown-callee', other);
  const block = blockOf(statementOf(run));
  const entry = starts.length === 1 ? startOf(c, file, starts[0]!) : startedBefore(c, file, statementOf(run));
  if (!entry || starts.length > 1 || block[block.indexOf(entry.stmt) + 1] !== statementOf(run))
    return refuse(unit, 'unknown-callee', starts[0] ?? run);
  link(unit, c.units.of(entry.fn));
  c.awaited.add(entry.named);
  for (const stop of stops) stopAt(c, file, entry.fn, stop);
  if (stops.length === 0) return refuse(unit, 'waits-on-exit', run);
  asManyThreads(c, entry.fn);
  removeStatement(file, entry.stmt, unit.rewrite);
  const started: Piece[] = [`${c.units.need(unit, 'asyncio', 'run')}(`, ...entry.call, ')'];
  if (!always(entry.fn, stops.map(statementOf))) note(unit, 'ends-on-error', run);
  else if (!catchesAll(entry.fn)) return unit.rewrite.replace(run, ...logged(c, unit, run, started));
  unit.rewrite.replace(run, ...started);
}

interface Entry {
  readonly stmt: Stmt;
  readonly fn: PyFunction;
  readonly named: Expr;
  readonly call: readonly Piece[];
}

/** `reactor.callWhenRunning(main, x)`, `reactor.callLater(0, main, x)` */
function isStart(c: Coroutines, file: PyFile, call: Call): boolean {
  return startOf(c, file, call) !== undefined;
}

function startOf(c: Coroutines, file: PyFile, call: Call): Entry | undefined {
  const name = qualified(file, call.func);
  const isNow = name === 'twisted.internet.reactor.callLater' && textOf(file, call.args[0] ?? call) === '0';
  if (name !== 'twisted.internet.reactor.callWhenRunning' && !isNow) return undefined;
  const [named, ...args] = call.args.slice(isNow ? 1 : 0);
  const fn = named && c.project.resolve(file, named);
  if (fn?.kind !== 'function' || !c.functions.has(fn) || parentOf(call)?.nodeType !== 'Expr') return undefined;
  const rest = [...args, ...call.keywords].flatMap((each, index): Piece[] => (index > 0 ? [', ', each] : [each]));
  return { stmt: statementOf(call), fn, named: named!, call: [named!, '(', ...rest, ')'] };
}

/** `main()` in front of `reactor.run()`. */
function startedBefore(c: Coroutines, file: PyFile, run: Stmt): Entry | undefined {
  const block = blockOf(run);
  const stmt = block[block.indexOf(run) - 1];
  if (stmt?.nodeType !== 'Expr' || stmt.value.nodeType !== 'Call') return undefined;
  const fn = c.project.resolve(file, stmt.value.func);
  return fn?.kind === 'function' && c.functions.has(fn)
    ? { stmt, fn, named: stmt.value.func, call: [stmt.value] }
    : undefined;
}

/** `reactor.stop()` as the last thing that the first function does. */
function stopAt(c: Coroutines, file: PyFile, fn: PyFunction, stop: Call): void {
  const unit = c.units.around(file, stop);
  const stmt = statementOf(stop);
  if (functionAround(stop) !== fn.def || stmt.nodeType !== 'Expr' || stmt.value !== stop || !isLastIn(stmt))
    return refuse(unit, 'early-return', stop);
  const holder = parentOf(stmt)!;
  if (holder.nodeType === 'Try' && holder.finalbody.length === 1 && holder.finalbody[0] === stmt)
    return dropFinally(unit, holder);
  removeStatement(file, stmt, unit.rewrite);
}

/** Nothing comes behind it, whatever it stands in. */
function isLastIn(stmt: Stmt): boolean {
  for (let at: Stmt = stmt; ;) {
    const next = blockOf(at)[blockOf(at).indexOf(at) + 1];
    if (next) return next.nodeType === 'Return' && !next.value;
    const parent = parentOf(at)!;
    if (isFunction(parent)) return true;
    if (!/^(?:If|Try|With|ExceptHandler)$/.test(parent.nodeType)) return false;
    at = (parent.nodeType === 'ExceptHandler' ? parentOf(parent) : parent) as Stmt;
    const isTried = at.nodeType === 'Try' && at.finalbody.length > 0 && parent !== at;
    if (isTried) return false;
  }
}

/** On every path: behind all the rest of the function, in its `finally`. */
function always({ def }: PyFunction, stops: readonly Stmt[]): boolean {
  const last = def.body.at(-1);
  return last?.nodeType === 'Try' && last.finalbody.some((each) => stops.includes(each)) && def.body.length <= 2;
}

/** All that it does is in a `try` whose handler takes every error. */
function catchesAll({ def, file }: PyFunction): boolean {
  const last = def.body.at(-1);
  const handler = last?.nodeType === 'Try' ? last.handlers.at(-1) : undefined;
  if (!handler || (handler.type && !isBuiltin(file, handler.type, 'Exception'))) return false;
  return handler.body.every((each) => each.nodeType === 'Expr' || each.nodeType === 'Pass');
}

/** An error in the first function is logged; the loop is stopped, and the program goes on. */
function logged({ units }: Coroutines, unit: Unit, run: Call, started: Piece[]): Piece[] {
  const indent = unit.rewrite.indentAt(statementOf(run).start);
  const deep = `\n${indent}${unit.file.unit}`;
  const print = `${units.need(unit, 'traceback', 'print_exc')}()`;
  return [`try:${deep}`, ...started, `\n${indent}except Exception:${deep}${print}`];
}

/** A `finally` in which nothing is left goes, and its `try` with it when that has no handlers. */
function dropFinally(unit: Unit, stmt: Try): void {
  const { rewrite, file } = unit;
  const last = [...stmt.body, ...stmt.handlers.flatMap((each) => each.body), ...stmt.orelse].at(-1)!;
  const only = stmt.finalbody[0]!;
  if (!ownLines(file, only) || !ownLines(file, stmt.body[0]!)) return removeStatement(file, only, rewrite);
  const from = rewrite.lineOf(last.end).end;
  const between = file.text.slice(from, only.start);
  if (between.includes('#')) return removeStatement(file, only, rewrite);
  rewrite.remove({ start: from, end: rewrite.lineOf(only.end).end });
  if (stmt.handlers.length > 0) return;
  rewrite.remove({ start: rewrite.lineOf(stmt.start).start, end: rewrite.lineOf(stmt.start).end });
  rewrite.lower({ start: rewrite.lineOf(stmt.body[0]!.start).start, end: from }, file.unit);
}
