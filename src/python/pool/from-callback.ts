import { whichJoining, type Joining } from '../callback/helpers.js';
import { isName, textOf, type PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import type { Piece } from '../rewrite.js';
import {
  functionAround,
  parentOf,
  statementOf,
  walk,
  type Attribute,
  type Call,
  type Expr,
  type FunctionDef,
  type Node,
  type Stmt,
} from '../tree.js';
import { link, refuse, touch, Units, type Unit } from '../unit.js';
import { valueOf } from '../values.js';
import { evaluatedFirst } from './executor.js';
import { regionOf } from './spawns.js';

/**
 * Completion callbacks become a pool that is waited for: what was handed to `add_done_callback` is called by the code that started the work, in the
 * order in which it is done, while the executor is there.
 */
export function callbackToPool(project: PyProject): Units {
  const units = new Units(project);
  for (const file of project.files) {
    const helpers = helpersIn(project, file);
    for (const [fn, kind] of helpers) replaceHelper(project, units, fn, kind);
    walk(file.module, (node) => {
      if (node.nodeType !== 'Call' || node.func.nodeType !== 'Attribute') return;
      const around = functionAround(node);
      if (around && [...helpers.keys()].some((fn) => inside(node, fn.def))) return;
      if (node.func.attr === 'add_done_callback') doneCallback(project, units, file, node);
      if (node.func.attr === 'apply_async') applyAsync(project, units, file, node);
    });
  }
  return units;
}

const inside = (node: Node, outer: Node): boolean => outer.start <= node.start && node.end <= outer.end;

// ---- joins that we wrote ----

function helpersIn(project: PyProject, file: PyFile): Map<PyFunction, Joining> {
  const found = new Map<PyFunction, Joining>();
  for (const fn of project.functions) {
    const kind = fn.file === file && !fn.owner ? whichJoining(fn.name, textOf(file, fn.def)) : undefined;
    if (kind) found.set(fn, kind);
  }
  return found;
}

function replaceHelper(project: PyProject, units: Units, fn: PyFunction, kind: Joining): void {
  const own = units.ofModule(fn.file);
  for (const use of project.usesOf(fn)) {
    const unit = units.around(use.file, use.at);
    link(own, unit);
    touch(unit, use.at);
    if (!use.call) refuse(unit, 'function-value', use.at, fn.name);
    else if (kind === 'completed')
      unit.rewrite.replace(use.call.func, units.need(unit, 'concurrent.futures', 'as_completed'));
    else if (kind === 'in_order') inOrder(unit, use.call);
    else collected(units, unit, use.call);
  }
  touch(own, fn.def);
  removeFunction(fn.file, fn.def, own);
}

/** `_in_order([executor.submit(f, x) for x in xs])` → `executor.map(f, xs)`. */
function inOrder(unit: Unit, call: Call): void {
  const [list] = call.args;
  const submit = list?.nodeType === 'ListComp' ? list.elt : undefined;
  const generator = list?.nodeType === 'ListComp' ? list.generators[0] : undefined;
  if (submit?.nodeType !== 'Call' || submit.func.nodeType !== 'Attribute' || !generator)
    return refuse(unit, 'unknown-callee', call);
  const zipped =
    generator.target.nodeType === 'Tuple' && generator.iter.nodeType === 'Call'
      ? generator.iter.args
      : [generator.iter];
  unit.rewrite.replace(
    call,
    submit.func.value,
    '.map(',
    submit.args[0]!,
    ...zipped.flatMap((each) => [', ', each]),
    ')',
  );
}

/** `_collect(tasks)`: the first failure in time is raised, else the results are there in order. */
function collected(units: Units, unit: Unit, call: Call): void {
  const { file, rewrite } = unit;
  const [futures] = call.args;
  const stmt = statementOf(call);
  if (!futures || !evaluatedFirst(call, stmt)) return refuse(unit, 'expression-order', call);
  const indent = rewrite.indentAt(stmt.start);
  const future = units.firstFree(file, ['future', 'finished', 'each']);
  const name = isName(futures) ? futures.id : units.firstFree(file, ['futures', 'tasks', 'started']);
  const lines: Piece[] = isName(futures) ? [] : [`${indent}${name} = `, futures, '\n'];
  const completed = units.need(unit, 'concurrent.futures', 'as_completed');
  lines.push(`${indent}for ${future} in ${completed}(${name}):\n${indent}${file.unit}${future}.result()\n`);
  rewrite.insert(rewrite.lineOf(stmt.start).start, ...lines);
  rewrite.replace(call, `[${future}.result() for ${future} in ${name}]`);
}

function removeFunction(file: PyFile, def: FunctionDef, unit: Unit): void {
  let { start } = unit.rewrite.lineOf(def.start);
  const { end } = unit.rewrite.lineOf(def.end);
  for (
    let above = unit.rewrite.lineOf(start - 1);
    start > 0 && file.text.slice(above.start, above.end).trim() === '';
  ) {
    start = above.start;
    above = unit.rewrite.lineOf(start - 1);
  }
  unit.rewrite.remove({ start, end });
}

// ---- callbacks that are handed over ----

/** `executor.submit(f, x).add_done_callback(on_done)`, as a statement or on a variable. */
function doneCallback(project: PyProject, units: Units, file: PyFile, call: Call): void {
  const unit = units.around(file, call);
  const receiver = (call.func as Attribute).value;
  const kind = valueOf(project, file, receiver)?.kind;
  if (kind === 'asyncio.Task') return;
  touch(unit, call);
  const [callback] = call.args;
  const stmt = statementOf(call);
  if (kind !== 'Future' || !callback || call.args.length !== 1 || stmt.nodeType !== 'Expr' || stmt.value !== call)
    return refuse(unit, 'unknown-callee', call);
  if (!callbackIsSafe(project, file, callback)) return refuse(unit, 'throws-in-callback', callback);
  const submit = submitOf(file, receiver);
  const pool = submit && poolAround(project, file, submit);
  if (!submit || !pool) return refuse(unit, 'task-escapes', receiver);
  if (pool.callbacks > 1) return refuse(unit, 'mixed-style', call);
  write(units, unit, file, { call, receiver, callback, stmt, pool: pool.stmt });
}

interface Site {
  readonly call: Call;
  readonly receiver: Expr;
  readonly callback: Expr;
  readonly stmt: Stmt;
  readonly pool: Extract<Stmt, { nodeType: 'With' | 'AsyncWith' }>;
}

/** The futures are kept in a list; behind what starts them, each is handed to the callback as it is done. */
function write(units: Units, unit: Unit, file: PyFile, { receiver, callback, stmt, pool }: Site): void {
  const { rewrite } = unit;
  const { block, first, last } = regionOf([stmt]);
  const top = pool.body.find((each) => inside(stmt, each));
  if (!top || block.length === 0 || first !== last) return refuse(unit, 'task-escapes', stmt);
  const bound = boundInLoop(file, callback, top, stmt);
  if (bound) return refuse(unit, 'shared-loop-variable', callback, bound);
  const list = units.firstFree(file, ['futures', 'pending', 'started']);
  const future = units.firstFree(file, ['future', 'finished', 'each']);
  const indent = rewrite.indentAt(top.start);
  rewrite.insert(rewrite.lineOf(top.start).start, `${indent}${list} = []\n`);
  rewrite.replace(stmt, `${list}.append(`, receiver, ')');
  const completed = units.need(unit, 'concurrent.futures', 'as_completed');
  const end = rewrite.lineOf(pool.body.at(-1)!.end).end;
  const newline = file.text.slice(end - 1, end) === '\n' ? '' : '\n';
  rewrite.insert(
    end,
    `${newline}${indent}for ${future} in ${completed}(${list}):\n${indent}${file.unit}`,
    ...called(callback, future),
    '\n',
  );
}

/** `on_done(future)`; a lambda's own body, with its parameter's name. */
function called(callback: Expr, future: string): Piece[] {
  if (callback.nodeType === 'Lambda') return ['(', callback, `)(${future})`];
  return [callback, `(${future})`];
}

/** A name of the loop that the callback reads: behind the loop it would be the last one's. */
function boundInLoop(file: PyFile, callback: Expr, top: Stmt, stmt: Stmt): string | undefined {
  let found: string | undefined;
  if (isName(callback)) return undefined;
  walk(callback, (node) => {
    if (node.nodeType !== 'Name' || node.ctx.nodeType !== 'Load') return;
    const binding = file.scopes.bindingOf(node);
    if (binding?.sites.some((site) => inside(site, top) && !inside(site, callback))) found = node.id;
  });
  void stmt;
  return found;
}

/** The call of `submit` that a future comes from. */
function submitOf(file: PyFile, receiver: Expr): Call | undefined {
  if (receiver.nodeType === 'Call') return receiver;
  if (!isName(receiver)) return undefined;
  const binding = file.scopes.bindingOf(receiver);
  const [site] = binding?.sites ?? [];
  const stmt = site && parentOf(site);
  return stmt?.nodeType === 'Assign' && binding!.sites.length === 1 && stmt.value.nodeType === 'Call'
    ? stmt.value
    : undefined;
}

/** The `with` that opens the executor, when the work is started in it. */
function poolAround(
  project: PyProject,
  file: PyFile,
  submit: Call,
): { stmt: Site['pool']; callbacks: number } | undefined {
  if (submit.func.nodeType !== 'Attribute' || !isName(submit.func.value)) return undefined;
  const binding = file.scopes.bindingOf(submit.func.value);
  const item = binding?.sites.length === 1 ? parentOf(binding.sites[0]!) : undefined;
  const stmt = item?.nodeType === 'WithItem' ? parentOf(item) : undefined;
  if (
    stmt?.nodeType !== 'With' ||
    !inside(submit, stmt) ||
    valueOf(project, file, submit.func.value)?.kind !== 'ThreadPoolExecutor'
  )
    return undefined;
  if (functionAround(submit) !== functionAround(stmt)) return undefined;
  let callbacks = 0;
  for (const body of stmt.body)
    walk(body, (node) => void (node.nodeType === 'Attribute' && node.attr === 'add_done_callback' && callbacks++));
  return { stmt, callbacks };
}

/** What a callback raises is logged and dropped; where it is called by the waiting code it would end that. So it must not raise. */
function callbackIsSafe(project: PyProject, file: PyFile, callback: Expr): boolean {
  const target = project.resolve(file, callback.nodeType === 'Call' ? callback.args[0] : callback);
  if (target?.kind !== 'function') return false;
  return target.def.body.every((stmt) => isGuarded(stmt));
}

function isGuarded(stmt: Stmt): boolean {
  if (stmt.nodeType === 'Try') {
    const all = stmt.handlers.at(-1);
    const takesAll = all && (!all.type || (isName(all.type) && /^(?:Base)?Exception$/.test(all.type.id)));
    return (
      Boolean(takesAll) &&
      stmt.handlers.every((handler) => handler.body.every(quiet)) &&
      stmt.orelse.every(quiet) &&
      stmt.finalbody.every(quiet)
    );
  }
  if (stmt.nodeType === 'If') return quietExpr(stmt.test) && [...stmt.body, ...stmt.orelse].every(isGuarded);
  return quiet(stmt) || !readsResult(stmt);
}

const quiet = (stmt: Stmt): boolean => !readsResult(stmt);

/** `future.result()` raises what the work raised. */
function readsResult(node: Node): boolean {
  let reads = false;
  walk(node, (each) => {
    if (each.nodeType === 'Attribute' && each.attr === 'result') reads = true;
    if (each.nodeType === 'Raise') reads = true;
  });
  return reads;
}

const quietExpr = (expr: Expr): boolean => !readsResult(expr);

// ---- multiprocessing.pool.ThreadPool ----

/** `pool.apply_async(f, (x,), callback=g, error_callback=h)` is refused where its callbacks cannot be followed. */
function applyAsync(project: PyProject, units: Units, file: PyFile, call: Call): void {
  const unit = units.around(file, call);
  if (valueOf(project, file, (call.func as Attribute).value)?.kind !== 'ThreadPool') return;
  const hasCallback = call.keywords.some((each) => /callback$/.test(each.arg ?? '')) || call.args.length > 3;
  if (!hasCallback) return;
  touch(unit, call);
  refuse(unit, 'unknown-callee', call);
}
