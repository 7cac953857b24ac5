import { qualified, textOf, type PyFile } from '../file.js';
import { removeStatement } from '../imports.js';
import type { PyFunction } from '../project.js';
import { kindOf, valueIn } from '../shapes.js';
import {
  functionAround,
  isFunction,
  parentOf,
  statementOf,
  walk,
  type Call,
  type ExceptHandler,
  type Expr,
  type Node,
  type With,
} from '../tree.js';
import { link, refuse, touch, type Unit } from '../unit.js';
import { noAwaitHere, wrapAwait } from './coroutine.js';
import { pythonFloor } from './floor.js';
import type { Converter } from './from-pool.js';
import { GET_WITHIN, SET_WITHIN } from './helpers.js';
import { isInSpan } from './spans.js';
import { ownNodes } from './waits.js';

/* What threads wait for besides each other: queues, events, semaphores, locks. asyncio has the same, and its waits are awaited. */

/** What is waited for, by kind: the methods that wait. */
export const WAITS: Readonly<Record<string, RegExp>> = {
  'queue.Queue': /^(?:get|put|join)$/,
  'threading.Event': /^wait$/,
  'threading.Semaphore': /^acquire$/,
};
const SAME: Readonly<Record<string, RegExp>> = {
  'queue.Queue': /^(?:get_nowait|put_nowait|task_done|empty|qsize|full)$/,
  'threading.Event': /^(?:set|clear|is_set)$/,
  'threading.Semaphore': /^release$/,
};
const MADE = /^(?:queue\.(?:Queue|PriorityQueue|LifoQueue)|threading\.(?:Event|Semaphore|BoundedSemaphore|Lock))$/;

/** `q.get()`, `stopped.wait()`: the kind and the method; undefined when nothing is waited for. */
export function primitiveWait(c: Converter, file: PyFile, call: Call): string | undefined {
  if (call.func.nodeType !== 'Attribute') return undefined;
  const value = valueIn(c.project, file, call.func.value);
  if (!value || !WAITS[value.kind]?.test(call.func.attr)) return undefined;
  if (value.kind === 'queue.Queue' && (isNow(call) || (call.func.attr === 'put' && isUnbounded(value.made?.call))))
    return undefined;
  return value.kind;
}

/** `q.get(False)`, `q.put(x, block=False)` */
function isNow(call: Call): boolean {
  const at = call.func.nodeType === 'Attribute' && call.func.attr === 'put' ? 1 : 0;
  const block = call.args[at] ?? call.keywords.find((each) => each.arg === 'block')?.value;
  return block?.nodeType === 'Constant' && block.value === false;
}

const isUnbounded = (made: Call | undefined): boolean =>
  made !== undefined && made.args.length + made.keywords.length === 0;

/** Which kinds become asyncio's: those that some coroutine waits for. */
export function findPrimitives(c: Converter): void {
  for (const node of convertedNodes(c)) {
    const kind = node.at.nodeType === 'Call' ? primitiveWait(c, node.file, node.at) : undefined;
    if (kind) c.awaitedKinds.add(kind);
    if (node.at.nodeType === 'With')
      for (const item of node.at.items) withPrimitive(c, node.file, node.at, item.context_expr);
  }
}

/** `with semaphore:` waits; `with lock:` has to be awaited only when something is awaited under it. */
function withPrimitive(c: Converter, file: PyFile, stmt: With, expr: Expr): void {
  const value = valueIn(c.project, file, expr);
  if (value?.kind === 'threading.Semaphore') c.awaitedKinds.add(value.kind);
  if (value?.kind !== 'threading.Lock' || !value.made) return;
  const waits = ownNodes(stmt.body).some((each) => each.nodeType === 'Call' && c.waiting.isWait(file, each));
  if (waits) c.awaitedLocks.add(value.made.call);
}

function convertedNodes(c: Converter): { file: PyFile; at: Node }[] {
  const own = [...c.coroutines].flatMap((fn) => ownNodes(fn.def.body).map((at) => ({ file: fn.file, at })));
  const module = c.project.files.flatMap((file) =>
    ownNodes(file.module.body)
      .filter((at) => !functionAround(at) && c.isConverted(file, at))
      .map((at) => ({ file, at })),
  );
  return [...own, ...module];
}

/** True when a value is one that becomes asyncio's. */
export function isAwaited(c: Converter, file: PyFile, expr: Expr): boolean {
  const value = valueIn(c.project, file, expr);
  if (!value) return false;
  return value.kind === 'threading.Lock'
    ? value.made !== undefined && c.awaitedLocks.has(value.made.call)
    : c.awaitedKinds.has(value.kind);
}

/** Converts what is done with one; true when the call was about one. */
export function primitiveCall(c: Converter, unit: Unit, call: Call): boolean {
  if (call.func.nodeType !== 'Attribute') return false;
  const { value, attr } = call.func;
  const kind = kindOf(c.project, unit.file, value);
  if (!kind || !c.awaitedKinds.has(kind)) return false;
  c.units.awaited.add(call);
  if (SAME[kind]!.test(attr)) return true;
  if (!WAITS[kind]!.test(attr)) refuse(unit, 'no-async-twin', call, attr);
  else if (kind === 'queue.Queue') queueCall(c, unit, call, value, attr);
  else if (kind === 'threading.Event') eventCall(c, unit, call, value);
  else if (call.args.length + call.keywords.length > 0) refuse(unit, 'no-async-twin', call, 'acquire');
  else wrapAwait(unit, call);
  return true;
}

function queueCall(c: Converter, unit: Unit, call: Call, queue: Expr, method: string): void {
  const made = valueIn(c.project, unit.file, queue)?.made?.call;
  const own = method === 'put' ? 1 : 0;
  if (isNow(call) || (method === 'put' && isUnbounded(made) && call.args.length === 1)) {
    const item = method === 'put' ? call.args[0]! : undefined;
    return unit.rewrite.replace(call, queue, `.${method}_nowait(`, ...(item ? [item] : []), ')');
  }
  if (method === 'join' || call.args.length + call.keywords.length === own) return wrapAwait(unit, call);
  const timeout = call.keywords.find((each) => each.arg === 'timeout')?.value ?? call.args[1];
  if (method !== 'get' || !timeout) return refuse(unit, 'no-async-twin', call, method);
  if (noAwaitHere(unit, call)) return;
  c.units.need(unit, 'asyncio');
  unit.rewrite.replace(call, `await ${c.units.helper(unit, 'get_within', GET_WITHIN)}(`, queue, ', ', timeout, ')');
}

function eventCall(c: Converter, unit: Unit, call: Call, event: Expr): void {
  const [timeout] = [...call.args, ...call.keywords.map(({ value }) => value)];
  if (!timeout) return wrapAwait(unit, call);
  if (noAwaitHere(unit, call)) return;
  c.units.need(unit, 'asyncio');
  const isNegated = parentOf(call)?.nodeType === 'UnaryOp';
  const [open, close] = isNegated ? ['(', ')'] : ['', ''];
  const helper = c.units.helper(unit, 'set_within', SET_WITHIN);
  unit.rewrite.replace(call, `${open}await ${helper}(`, event, ', ', timeout, `)${close}`);
}

/** `with lock:`, `with semaphore:`; true when it is awaited. */
export function primitiveWith(c: Converter, unit: Unit, stmt: With): boolean {
  const awaited = stmt.items.filter((item) => isAwaited(c, unit.file, item.context_expr));
  if (awaited.length === 0) return false;
  if (awaited.length < stmt.items.length) refuse(unit, 'lock-held', stmt.items[0]!);
  else unit.rewrite.replace({ start: stmt.start, end: stmt.start + 4 }, 'async with');
  return true;
}

/** `except queue.Empty:` round a queue of asyncio. */
export function primitiveHandler(c: Converter, unit: Unit, node: ExceptHandler): void {
  const types = node.type?.nodeType === 'Tuple' ? node.type.elts : node.type ? [node.type] : [];
  for (const type of types) {
    const own = /^queue\.(Empty|Full)$/.exec(qualified(unit.file, type) ?? '')?.[1];
    if (own && c.awaitedKinds.has('queue.Queue'))
      unit.rewrite.replace(type, c.units.need(unit, 'asyncio', `Queue${own}`));
  }
}

// ---- where they are made ----

/** Everywhere that one is made or waited for has to be in coroutines: what is made for a whole module is made where its loop begins. */
export function placePrimitives(c: Converter): void {
  for (const file of c.project.files)
    walk(file.module, (node) => {
      if (node.nodeType === 'Call' && MADE.test(qualified(file, node.func) ?? '') && isAwaited(c, file, node))
        place(c, file, node);
      const isElsewhere =
        (node.nodeType === 'Call' && primitiveWait(c, file, node) && isAwaited(c, file, receiver(node))) ||
        (node.nodeType === 'With' && node.items.some((item) => isAwaited(c, file, item.context_expr)));
      if (c.isConverted(file, node)) return;
      if (isElsewhere) refuseElsewhere(c, file, node);
      else if (node.nodeType === 'Call' && node.func.nodeType === 'Attribute' && isAwaited(c, file, node.func.value))
        plainUse(c, file, node);
    });
}

const receiver = (call: Call): Expr => (call.func.nodeType === 'Attribute' ? call.func.value : call.func);

function refuseElsewhere(c: Converter, file: PyFile, node: Node): void {
  const unit = c.units.around(file, node);
  refuse(unit, 'no-async-twin', node.nodeType === 'With' ? node.items[0]! : node);
  for (const span of c.spans) link(unit, span.unit);
  for (const region of c.regions) link(unit, region.unit);
}

/** A plain function may put something into a queue without waiting; code of a module comes before there is one. */
function plainUse(c: Converter, file: PyFile, call: Call): void {
  if (!functionAround(call)) return refuseElsewhere(c, file, call);
  const unit = c.units.around(file, call);
  touch(unit, call);
  for (const entry of [...c.spans, ...c.regions]) link(unit, entry.unit);
  primitiveCall(c, unit, call);
}

function place(c: Converter, file: PyFile, made: Call): void {
  const unit = c.units.around(file, made);
  const entries = [...c.spans, ...c.regions].filter((each) => each.file === file);
  for (const entry of entries) link(unit, entry.unit);
  touch(unit, made);
  const name = textOf(file, made.func).split('.').at(-1)!;
  const renamed = (): string => c.units.need(unit, 'asyncio', name);
  const def = functionAround(made);
  if (def ? c.isConverted(file, made) : isInSpan(c, file, made)) return unit.rewrite.replace(made.func, renamed());
  if (pythonFloor(c.project) >= 10) return unit.rewrite.replace(made.func, renamed());
  const stmt = statementOf(made);
  const isPlain =
    !def && stmt.nodeType === 'Assign' && stmt.targets.length === 1 && parentOf(stmt)?.nodeType === 'Module';
  const target = isPlain ? stmt.targets[0]! : undefined;
  const [entry, ...more] = entries;
  // Before 3.10 it belongs to the loop that there is when it is made.
  if (target?.nodeType !== 'Name' || !entry || more.length > 0 || file.scopes.bindingOf(target)?.sites.length !== 1)
    return refuse(unit, 'no-async-here', made, name);
  const args = file.text.slice(made.func.end, made.end);
  c.globals.set(entry, [...(c.globals.get(entry) ?? []), target.id]);
  c.created.set(entry, [
    ...(c.created.get(entry) ?? []),
    `${target.id} = ${c.units.need(entry.unit, 'asyncio', name)}${args}`,
  ]);
  removeStatement(file, stmt, unit.rewrite);
}

// ---- workers that wait for work ----

/** `while True: item = q.get()`: when all else is done it waits, and ends with the program without anything to be seen. */
export function isIdleWorker(c: Converter, fn: PyFunction): boolean {
  return ownNodes(fn.def.body).some((node) => {
    if (node.nodeType !== 'Call' || node.func.nodeType !== 'Attribute' || node.func.attr !== 'get') return false;
    if (kindOf(c.project, fn.file, node.func.value) !== 'queue.Queue') return false;
    return !isGuarded(node, fn) && isInEndlessLoop(node, fn);
  });
}

/** A bare handler or a `finally` would run when it is ended. */
function isGuarded(node: Node, fn: PyFunction): boolean {
  for (let at = node, parent = parentOf(at); parent && parent !== fn.def; at = parent, parent = parentOf(at)) {
    if (parent.nodeType !== 'Try' || !parent.body.includes(at as never)) continue;
    const catchesAll = parent.handlers.some(
      ({ type }) => !type || (type.nodeType === 'Name' && type.id === 'BaseException'),
    );
    if (catchesAll || parent.finalbody.length > 0) return true;
  }
  return false;
}

function isInEndlessLoop(node: Node, fn: PyFunction): boolean {
  for (let at: Node | undefined = node; at && at !== fn.def && !isFunction(at); at = parentOf(at))
    if (at.nodeType === 'While') return true;
  return false;
}
