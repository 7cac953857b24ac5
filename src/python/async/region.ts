import { requestKeywords, sessionCall } from '../http/from-requests.js';
import { freshName, isBuiltin, isName, qualified, type PyFile } from '../file.js';
import { lengthOf, neverFails } from '../pool/bound.js';
import { evaluatedFirst } from '../pool/executor.js';
import { type Piece } from '../rewrite.js';
import { parentOf, statementOf, type Attribute, type Call, type Name } from '../tree.js';
import { refuse, type Unit } from '../unit.js';
import { consume } from './consumers.js';
import { TASK_POOL, THREAD_TASKS } from './helpers.js';
import { ownNodes, poolOf } from './waits.js';
import { ownLines, splitFor } from './places.js';
import { isKeywordOnly, addArgument, convertNode } from './coroutine.js';
import { lastLook } from './futures.js';
import { moduleSessions } from './opened.js';
import { receivedClass } from './received.js';
import { partialOf, workerOf, type Worker } from './workers.js';
import type { Converter, Region } from './from-pool.js';

type LibraryWorker = Extract<Worker, { is: 'request' }>;

/* The `with` of a thread pool becomes the `async with` of a session, of a pool of tasks, or of both. */

// ---- regions ----

export function convertRegion(c: Converter, region: Region): void {
  const { unit, file, stmt } = region;
  const { rewrite } = unit;
  if (!region.holder)
    for (const node of ownNodes(stmt.body)) if (!poolOf(c.project, file, node)) convertNode(c, unit, node);
  if (!ownLines(file, stmt) || stmt.body[0]!.start < rewrite.lineOf(stmt.items[0]!.context_expr.end).end)
    return refuse(unit, 'one-line-block', stmt);
  if (unit.refusals.length > 0) return;
  const own = moduleSessions(c, region);
  if (unit.refusals.length > 0) return;
  const session = regionNeedsSession(c, region) ? openSession(c, region) : undefined;
  const opened = [...own.items, ...(session ? [`${session} as ${c.sessionName(file)}`] : [])];
  const indent = rewrite.indentAt(stmt.body[0]!.start);
  for (const line of own.setUp) rewrite.insert(rewrite.lineOf(stmt.body[0]!.start).start, `${indent}${line}\n`);
  const whole = wholeMap(c, region);
  const header = { start: stmt.start, end: headerEnd(region) };
  if (whole) {
    // Without a session its block goes, and what is put in stands where the `with` did.
    writeWholeMap(c, region, whole, opened.length > 0 ? statementOf(whole.call).start : stmt.start);
    if (opened.length > 0) return rewrite.replace(header, `async with ${opened.join(', ')}:`);
    const body = { start: rewrite.lineOf(header.end).end, end: rewrite.lineOf(stmt.end).end };
    rewrite.remove({ start: rewrite.lineOf(stmt.start).start, end: rewrite.lineOf(header.end).end });
    return rewrite.dedent(body, file.unit);
  }
  const pool = region.threaded ? threadTasks(c, unit) : c.units.helper(unit, 'TaskPool', TASK_POOL);
  c.units.need(unit, 'asyncio');
  const name = region.name ? ` as ${region.name.id}` : '';
  const items = [...opened, `${pool}(${region.limit})${name}`];
  rewrite.replace(header, `async with ${items.join(', ')}:`);
  for (const use of c.usesOf(region)) poolUse(c, region, use);
  if (!region.holder && lastLook(c, region)) refuse(unit, 'task-escapes', stmt);
}

/** The class of the pool stands first among what is written into the file. */
export function taskPool(c: Converter, region: Region): void {
  if (!region.threaded && !wholeMap(c, region)) c.units.helper(region.unit, 'TaskPool', TASK_POOL);
}

/** The pool of what stays in threads. */
function threadTasks(c: Converter, unit: Unit): string {
  const executor = c.units.need(unit, 'concurrent.futures', 'ThreadPoolExecutor');
  c.units.need(unit, 'functools');
  return c.units.helper(unit, 'ThreadTasks', (name) =>
    THREAD_TASKS(name).replace('concurrent.futures.ThreadPoolExecutor', executor),
  );
}

/** Up to the colon. */
export function headerEnd({ file, stmt }: Region): number {
  const last = stmt.items.at(-1)!;
  const from = last.optional_vars?.end ?? last.context_expr.end;
  return from + /^[\s)\\]*:/.exec(file.text.slice(from))![0].length;
}

export function regionNeedsSession(c: Converter, region: Region): boolean {
  return ownNodes(region.stmt.body).some((node) => {
    if (node.nodeType === 'Call')
      return c.asksForSession(region.file, node) || workerNeedsSession(c, region.file, node);
    return false;
  });
}

export function workerNeedsSession(c: Converter, file: PyFile, call: Call): boolean {
  const worker = c.isPoolCall(file, call) ? workerOf(c, file, call.args[0]) : undefined;
  return worker?.is === 'coroutine' && c.needsSession(worker.fn);
}

export function openSession(c: Converter, region: Region): string {
  const indent = region.unit.rewrite.indentAt(region.stmt.start);
  return sessionCall(c.units, region.unit)
    .replaceAll('\n    ', `\n${indent}${region.file.unit}`)
    .replace(/\n\)$/, `\n${indent})`);
}

/** The region is one statement, `x = executor.map(f, xs)` or one that makes a list of it, and no worker ever waits for another. */
export function wholeMap(c: Converter, region: Region): { call: Call; listed?: Call } | undefined {
  const [only, ...more] = region.stmt.body;
  const [use, ...others] = c.usesOf(region);
  const call = use && parentOf(parentOf(use)!);
  if (more.length > 0 || others.length > 0 || call?.nodeType !== 'Call' || (call.func as Attribute).attr !== 'map')
    return undefined;
  if (region.threaded || workerOf(c, region.file, call.args[0]).is === 'request') return undefined;
  if (call.keywords.some((each) => each.arg !== 'chunksize') || call.args.length < 2) return undefined;
  const counts = call.args.slice(1).map((arg) => lengthOf(c.project, region.file, arg));
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

export function writeWholeMap(
  c: Converter,
  region: Region,
  { call, listed }: { call: Call; listed?: Call },
  asDeepAs: number,
): void {
  const { unit, file } = region;
  const asyncio = c.units.need(unit, 'asyncio');
  const [worker, ...iterables] = call.args;
  const body = statementOf(call);
  const line = unit.rewrite.lineOf(body.start);
  const indent = unit.rewrite.indentAt(asDeepAs);
  const items = itemNames(c, file, call);
  const handed = workerOf(c, file, worker);
  const target = handed.is === 'coroutine' && worker!.nodeType !== 'Lambda' ? handed.fn : undefined;
  const passes = target && c.needsSession(target);
  const byName = passes && (isKeywordOnly(target) || partialOf(file, worker!)) ? `${c.sessionName(target.file)}=` : '';
  const extra = passes ? `, ${byName}${c.sessionName(file)}` : '';
  const over: Piece[] =
    iterables.length === 1
      ? [iterables[0]!]
      : ['zip(', ...iterables.flatMap((each, index) => (index > 0 ? [', ', each] : [each])), ')'];
  const each: Piece[] = worker!.nodeType === 'Lambda' ? ['(', worker!, ')'] : [worker!];
  const called: Piece[] = [...each, `(${items.join(', ')}${extra}) for ${items.join(', ')} in `, ...over];
  if (listed && target && neverFails(target.file, target.def))
    return unit.rewrite.replace(listed, `await ${asyncio}.gather(*(`, ...called, '))');
  const tasks = c.units.fresh(file, 'tasks');
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
export function itemNames(c: Converter, file: PyFile, call: Call): string[] {
  const [worker, ...iterables] = call.args;
  // The comprehension has a scope of its own: only what it reads itself must not be hidden.
  const read = new Set([c.sessionName(file)]);
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
export function poolUse(c: Converter, region: Region, use: Name): void {
  const { unit, file } = region;
  const call = parentOf(parentOf(use)!) as Call;
  const [worker] = call.args;
  const handed = workerOf(c, file, worker);
  const target = handed.is === 'coroutine' && worker?.nodeType !== 'Lambda' ? handed.fn : undefined;
  const method = (call.func as Attribute).attr;
  if (worker && qualified(file, worker) === 'time.sleep')
    unit.rewrite.replace(worker, c.units.need(unit, 'asyncio', 'sleep'));
  const passes = target && c.needsSession(target);
  if (passes && method === 'submit') addArgument(c, unit, target, call, partialOf(file, worker!) !== undefined);
  if (passes && method === 'map') {
    const partial = c.units.need(unit, 'functools', 'partial');
    unit.rewrite.replace(worker!, `${partial}(`, worker!, `, ${c.sessionName(target.file)}=${c.sessionName(file)})`);
  }
  const library = workerOf(c, file, worker);
  if (library.is === 'request') libraryWorker(c, unit, call, library);
  if (method === 'map') mapUse(c, unit, call);
}

/** `executor.submit(requests.get, url, timeout=5)` → `executor.submit(Received.of, session.get, url, timeout=…)` */
function libraryWorker(c: Converter, unit: Unit, call: Call, { verb, session }: LibraryWorker): void {
  const [worker, ...args] = call.args;
  const receiver: Piece = session ?? c.sessionName(unit.file);
  const own = `${receivedClass(c, unit)}.of`;
  if ((call.func as Attribute).attr === 'map') {
    const partial = c.units.need(unit, 'functools', 'partial');
    return unit.rewrite.replace(worker!, `${partial}(${own}, `, receiver, `.${verb})`);
  }
  if (args.length > (verb === 'request' ? 2 : 1) || args.some((arg) => arg.nodeType === 'Starred'))
    refuse(unit, 'http-option', call, 'params');
  unit.rewrite.replace(worker!, `${own}, `, receiver, `.${verb}`);
  for (const keyword of call.keywords) {
    const [written] = requestKeywords(c.units, unit, [keyword]);
    if (written) unit.rewrite.replace(keyword, ...written);
    else refuse(unit, 'http-option', keyword, keyword.arg);
  }
}

export function mapUse(c: Converter, unit: Unit, call: Call): void {
  for (const keyword of call.keywords) refuse(unit, 'pool-option', keyword, keyword.arg);
  consume(c, unit, call);
}
