import { asyncResults } from '../callback/apply-async.js';
import { answeringFunctions } from '../callback/continuations.js';
import { doneCallbacks } from '../callback/done.js';
import { continuationsToSequence } from '../callback/sequences.js';
import { whichJoining, type Joining } from '../callback/helpers.js';
import { isName, textOf, type PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import type { Piece } from '../rewrite.js';
import { statementOf, walk, type Call, type Expr, type FunctionDef, type Node } from '../tree.js';
import { link, refuse, touch, Units, type Unit } from '../unit.js';
import { valueOf } from '../values.js';
import { evaluatedFirst } from './executor.js';

/**
 * Completion callbacks become a pool that is waited for: what was handed to `add_done_callback` is called by the code that started the work, in the
 * order in which it is done, while the executor is there.
 */
export function callbackToPool(project: PyProject, continuations = true): Units {
  const units = new Units(project);
  const answering = answeringFunctions(project);
  if (continuations) continuationsToSequence(project, units, 'blocking');
  for (const file of project.files) {
    const helpers = helpersIn(project, file);
    for (const [fn, kind] of helpers) replaceHelper(project, units, fn, kind);
    const registered: Call[] = [];
    const asked: Call[] = [];
    walk(file.module, (node) => {
      if (node.nodeType !== 'Call' || node.func.nodeType !== 'Attribute') return;
      if ([...helpers.keys(), ...answering.keys()].some((fn) => fn.file === file && inside(node, fn.def))) return;
      if (node.func.attr === 'add_done_callback' && !isTask(project, file, node.func.value)) registered.push(node);
      if (/^(?:apply|map|starmap)_async$/.test(node.func.attr)) asked.push(node);
    });
    doneCallbacks(project, units, file, registered);
    asyncResults(project, units, file, asked);
  }
  return units;
}

const inside = (node: Node, outer: Node): boolean => outer.start <= node.start && node.end <= outer.end;

/** A task of asyncio. */
const isTask = (project: PyProject, file: PyFile, expr: Expr): boolean =>
  valueOf(project, file, expr)?.kind === 'asyncio.Task';

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
