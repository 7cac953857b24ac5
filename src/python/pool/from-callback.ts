import { whichJoining, type Joining } from '../callback/helpers.js';
import { isName, textOf, type PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import type { Piece } from '../rewrite.js';
import {
  blockOf,
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
  if (
    kind !== 'Future' ||
    !callback ||
    call.args.length !== 1 ||
    call.keywords.length > 0 ||
    stmt.nodeType !== 'Expr' ||
    stmt.value !== call
  )
    return refuse(unit, 'unknown-callee', call);
  if (!callbackIsSafe(project, file, callback)) return refuse(unit, 'throws-in-callback', callback);
  const submit = submitOf(file, receiver);
  const pool = submit && poolAround(project, file, submit);
  if (!submit || !pool) return refuse(unit, 'task-escapes', receiver);
  if (pool.callbacks > 1) return refuse(unit, 'mixed-style', call);
  write(units, unit, file, { receiver, callback, stmt, block: pool.block });
}

interface Site {
  readonly receiver: Expr;
  readonly callback: Expr;
  readonly stmt: Stmt;
  /** The statements while which the executor is there. */
  readonly block: readonly Stmt[];
}

/**
 * The futures are kept, with the callback of each where these differ; in front of the first statement that waits, each is handed to its callback as
 * it is done.
 */
function write(units: Units, unit: Unit, file: PyFile, { receiver, callback, stmt, block }: Site): void {
  const { rewrite } = unit;
  const top = block.find((each) => inside(stmt, each));
  const at = block.indexOf(top!);
  if (!top || !startsLine(file, top)) return refuse(unit, 'task-escapes', stmt);
  const one = isName(callback);
  const list = units.firstFree(file, one ? ['futures', 'pending', 'started'] : ['callbacks', 'pending', 'started']);
  const future = units.firstFree(file, ['future', 'finished', 'each']);
  const indent = rewrite.indentAt(top.start);
  rewrite.insert(rewrite.lineOf(top.start).start, `${indent}${list} = ${one ? '[]' : '{}'}\n`);
  if (one) rewrite.replace(stmt, `${list}.append(`, receiver, ')');
  else rewrite.replace(stmt, `${list}[`, receiver, '] = ', callback);
  const completed = units.need(unit, 'concurrent.futures', 'as_completed');
  const waits = block.find((each, index) => index > at && isWait(each));
  const last = block.at(-1)!;
  const place = waits ? rewrite.lineOf(waits.start).start : rewrite.lineOf(last.end).end;
  const newline = !waits && file.text.slice(place - 1, place) !== '\n' ? '\n' : '';
  const called: Piece[] = one ? [callback.id] : [`${list}[${future}]`];
  rewrite.insert(
    place,
    `${newline}${indent}for ${future} in ${completed}(${list}):\n${indent}${file.unit}`,
    ...called,
    `(${future})${newline ? '' : '\n'}`,
  );
}

const startsLine = (file: PyFile, stmt: Stmt): boolean =>
  file.text.slice(file.text.lastIndexOf('\n', stmt.start - 1) + 1, stmt.start).trim() === '';

/** `executor.shutdown()`, `finished.wait()`: a statement that goes on when work is done. */
function isWait(stmt: Stmt): boolean {
  if (stmt.nodeType !== 'Expr' || stmt.value.nodeType !== 'Call' || stmt.value.func.nodeType !== 'Attribute')
    return false;
  return /^(?:wait|shutdown|join|acquire|close)$/.test(stmt.value.func.attr);
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

/** The statements while which the executor is there: the body of its `with`, or what is between its making and its shutdown. */
function poolAround(
  project: PyProject,
  file: PyFile,
  submit: Call,
): { block: readonly Stmt[]; callbacks: number } | undefined {
  if (submit.func.nodeType !== 'Attribute' || !isName(submit.func.value)) return undefined;
  const binding = file.scopes.bindingOf(submit.func.value);
  if (binding?.sites.length !== 1 || valueOf(project, file, submit.func.value)?.kind !== 'ThreadPoolExecutor')
    return undefined;
  const made = parentOf(binding.sites[0]!);
  const opened = made?.nodeType === 'WithItem' ? parentOf(made) : made;
  if (!opened || functionAround(submit) !== functionAround(opened)) return undefined;
  let block: readonly Stmt[] | undefined;
  if (opened.nodeType === 'With' && inside(submit, opened)) block = opened.body;
  if (opened.nodeType === 'Assign') block = untilShutdown(file, opened, binding.name);
  if (!block?.some((each) => inside(submit, each))) return undefined;
  let callbacks = 0;
  for (const body of block)
    walk(body, (node) => void (node.nodeType === 'Attribute' && node.attr === 'add_done_callback' && callbacks++));
  return { block, callbacks };
}

function untilShutdown(file: PyFile, made: Stmt, name: string): readonly Stmt[] | undefined {
  const block = blockOf(made);
  const from = block.indexOf(made);
  const to = block.findIndex(
    (each, index) => index > from && isWait(each) && textOf(file, each).startsWith(`${name}.shutdown(`),
  );
  return to < 0 ? undefined : block.slice(from + 1, to + 1);
}

/** What a callback raises is logged and dropped; where it is called by the waiting code it would end that. So it must not raise. */
function callbackIsSafe(project: PyProject, file: PyFile, callback: Expr): boolean {
  if (callback.nodeType === 'Lambda') return asksFirst(callback);
  const made = callback.nodeType === 'Call' ? callback : undefined;
  const isPartial = made && /(?:^|\.)partial$/.test(textOf(file, made.func));
  const target = project.resolve(file, isPartial ? made.args[0] : (made?.func ?? callback));
  if (target?.kind !== 'function') return false;
  // `keep(url)` gives the callback: the function that it returns.
  const given = made && !isPartial ? returnedFunction(target.def) : target.def;
  return given !== undefined && (given.body.every((stmt) => isGuarded(stmt)) || asksFirst(given));
}

function returnedFunction(def: FunctionDef): FunctionDef | undefined {
  const last = def.body.at(-1);
  if (last?.nodeType !== 'Return' || !isName(last.value)) return undefined;
  const { id } = last.value;
  return def.body.find((each): each is FunctionDef => each.nodeType === 'FunctionDef' && each.name === id);
}

/** `error = future.exception()` comes before every `result()`: what the work raised is looked at, not raised. */
function asksFirst(node: Node): boolean {
  let asked = Infinity;
  let read = Infinity;
  let raises = false;
  walk(node, (each) => {
    if (each.nodeType === 'Attribute' && each.attr === 'exception') asked = Math.min(asked, each.start);
    if (each.nodeType === 'Attribute' && each.attr === 'result') read = Math.min(read, each.start);
    if (each.nodeType === 'Raise') raises = true;
  });
  const inOne = node.nodeType !== 'Lambda' && asked < read;
  return !raises && (read === Infinity || inOne);
}

function isGuarded(stmt: Stmt): boolean {
  if (stmt.nodeType !== 'Try') return !readsResult(stmt);

  const all = stmt.handlers.at(-1);
  const takesAll = all && (!all.type || (isName(all.type) && /^(?:Base)?Exception$/.test(all.type.id)));
  const rest = [...stmt.handlers.flatMap((handler) => handler.body), ...stmt.orelse, ...stmt.finalbody];
  return Boolean(takesAll) && rest.every((each) => !readsResult(each));
}

/** `future.result()` raises what the work raised. */
function readsResult(node: Node): boolean {
  let reads = false;
  walk(node, (each) => {
    if (each.nodeType === 'Attribute' && each.attr === 'result') reads = true;
    if (each.nodeType === 'Raise') reads = true;
  });
  return reads;
}

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
