import { qualified, type PyFile } from '../file.js';
import type { PyFunction } from '../project.js';
import { kindOf } from '../shapes.js';
import { functionAround, parentOf, statementOf, type Call, type Expr, type Node } from '../tree.js';
import { refuse, type Unit } from '../unit.js';
import { consume } from './consumers.js';
import { noAwaitHere, wrapAwait } from './coroutine.js';
import type { Converter } from './from-pool.js';
import { COROUTINE_POOL } from './helpers.js';
import { allNodes, needsParens } from './places.js';
import { workerOf } from './workers.js';

/* The pools of `multiprocessing.pool`: their methods have the same names, and most are awaited. */

const MADE = /^multiprocessing\.(?:pool\.ThreadPool|dummy\.Pool)$/;
const RUNS = /^(?:map|starmap|imap|imap_unordered|apply|apply_async)$/;

/** `ThreadPool(4)`, `pool.map(f, xs)`, `answer.get()` */
export function threadPoolSite(c: Converter, file: PyFile, call: Call): boolean {
  if (MADE.test(qualified(file, call.func) ?? '')) return true;
  if (call.func.nodeType !== 'Attribute') return false;
  return /^(?:ThreadPool|AsyncResult)$/.test(kindOf(c.project, file, call.func.value) ?? '');
}

const isPoolMethod = (c: Converter, file: PyFile, call: Call): boolean =>
  call.func.nodeType === 'Attribute' && kindOf(c.project, file, call.func.value) === 'ThreadPool';

/** The functions that become coroutines because a pool runs them. */
export function poolWorkers(c: Converter, file: PyFile, call: Call): PyFunction[] {
  if (!isPoolMethod(c, file, call) || !call.args[0]) return [];
  const worker = workerOf(c, file, call.args[0]);
  return worker.is === 'coroutine' ? [worker.fn] : [];
}

/** True when the call was one of them. */
export function threadPoolCall(c: Converter, unit: Unit, call: Call): boolean {
  const { file } = unit;
  if (MADE.test(qualified(file, call.func) ?? '')) {
    made(c, unit, call);
    return true;
  }
  if (call.func.nodeType !== 'Attribute') return false;
  const kind = kindOf(c.project, file, call.func.value);
  if (kind === 'AsyncResult') answer(c, unit, call, call.func.value, call.func.attr);
  else if (kind === 'ThreadPool') method(c, unit, call, call.func.attr);
  else return false;
  c.units.awaited.add(call);
  return true;
}

function made(c: Converter, unit: Unit, call: Call): void {
  const option = call.args[1] ?? call.keywords.find((each) => each.arg !== 'processes');
  if (option) return refuse(unit, 'pool-option', option);
  for (const module of ['asyncio', 'os']) c.units.need(unit, module);
  unit.rewrite.replace(call.func, c.units.helper(unit, 'CoroutinePool', COROUTINE_POOL));
  const parent = parentOf(call);
  if (parent?.nodeType === 'WithItem') {
    const stmt = statementOf(call);
    if (stmt.nodeType === 'With' && stmt.items.length > 1) return refuse(unit, 'unknown-callee', stmt.items[0]!);
    // What is still to come when the block is left is never done.
    if (startsMore(stmt) && !takes(c, unit.file, stmt)) return refuse(unit, 'task-not-awaited', call);
    return unit.rewrite.replace({ start: stmt.start, end: stmt.start + 4 }, 'async with');
  }
  const isLocal =
    parent?.nodeType === 'Assign' && parent.targets.length === 1 && parent.targets[0]!.nodeType === 'Name';
  if (!isLocal) refuse(unit, 'task-escapes', call);
}

function startsMore(stmt: Node): boolean {
  return allNodes(stmt).some(
    (node) => node.nodeType === 'Call' && node.func.nodeType === 'Attribute' && node.func.attr === 'apply_async',
  );
}

const takes = (c: Converter, file: PyFile, stmt: Node): boolean =>
  allNodes(stmt).some(
    (node) =>
      node.nodeType === 'Call' &&
      node.func.nodeType === 'Attribute' &&
      /^(?:get|wait|join)$/.test(node.func.attr) &&
      /^(?:AsyncResult|ThreadPool)$/.test(kindOf(c.project, file, node.func.value) ?? ''),
  );

function method(c: Converter, unit: Unit, call: Call, name: string): void {
  if (name === 'close') return;
  if (name === 'join') return wrapAwait(unit, call);
  if (name === 'terminate' && isAllTaken(c, unit, call))
    return unit.rewrite.replace({ start: call.end - 11, end: call.end }, 'close()');
  const option = call.keywords.find((each) => !/^(?:args|kwds)$/.test(each.arg ?? '') || !/^apply/.test(name));
  const most = /^(?:map|starmap|apply|apply_async)$/.test(name) ? 3 : 2;
  if (!RUNS.test(name) || option || call.args.length > most) return refuse(unit, 'pool-option', option ?? call, name);
  const worker = workerOf(c, unit.file, call.args[0]);
  if (worker.is !== 'coroutine') return refuse(unit, 'no-async-twin', call.args[0] ?? call);
  if (c.needsSession(worker.fn)) {
    const partial = c.units.need(unit, 'functools', 'partial');
    const own = `, ${c.sessionName(worker.fn.file)}=${c.sessionName(unit.file)})`;
    unit.rewrite.replace(call.args[0]!, `${partial}(`, call.args[0]!, own);
  }
  if (/^(?:map|starmap|apply)$/.test(name)) wrapAwait(unit, call);
  else if (!/^imap/.test(name)) return;
  else if (isLeft(call)) refuse(unit, 'lazy-results', call);
  else consume(c, unit, call);
}

/** A loop over results that does not take all of them. */
function isLeft(call: Call): boolean {
  const loop = parentOf(call);
  return loop?.nodeType === 'For' && allNodes(loop).some((node) => /^(?:Break|Return)$/.test(node.nodeType));
}

/** Every answer is taken before: nothing is cut short. */
function isAllTaken(c: Converter, unit: Unit, terminate: Call): boolean {
  const { file } = unit;
  const calls = c.spans.filter((span) => span.file === file).flatMap(({ sites }) => sites);
  const starts = calls.some(
    (site) => site.nodeType === 'Call' && site.func.nodeType === 'Attribute' && site.func.attr === 'apply_async',
  );
  const takes = calls.some((site) => isGet(c, file, site as Call) && site.end < terminate.start);
  const lazily = calls.some(
    (site) => site.nodeType === 'Call' && site.func.nodeType === 'Attribute' && /^imap/.test(site.func.attr),
  );
  return !lazily && (!starts || takes) && functionAround(terminate) === functionAround(calls[0]!);
}

const isGet = (c: Converter, file: PyFile, call: Call): boolean =>
  call.func.nodeType === 'Attribute' &&
  call.func.attr === 'get' &&
  kindOf(c.project, file, call.func.value) === 'AsyncResult';

/** `answer.get()` → `(await answer)[0]` */
function answer(c: Converter, unit: Unit, call: Call, task: Expr, name: string): void {
  if (name === 'ready') return unit.rewrite.replace({ start: task.end, end: call.end }, '.done()');
  if (call.args.length + call.keywords.length > 0 || !/^(?:get|wait)$/.test(name))
    return refuse(unit, 'pool-option', call, name);
  if (noAwaitHere(unit, call)) return;
  if (name === 'get') return unit.rewrite.replace(call, '(await ', task, ')[0]');
  const [open, close] = needsParens(call) ? ['(', ')'] : ['', ''];
  unit.rewrite.replace(call, `${open}await ${c.units.need(unit, 'asyncio', 'wait')}([`, task, `])${close}`);
}
