import { isName, type PyFile } from '../file.js';
import type { PyFunction } from '../project.js';
import { kindOf } from '../shapes.js';
import { blockOf, functionAround, isFunction, parentOf, walk, type Call, type Node, type Stmt } from '../tree.js';
import { refuse, touch, type Unit } from '../unit.js';
import { sessionCall } from '../http/from-requests.js';
import type { Converter } from './from-pool.js';
import { allNodes, inside, ownLines } from './places.js';
import { isContained, isJoined, threadMade, threadMethod, threadWork } from './threads.js';
import { poolWorkers, threadPoolSite } from './thread-pools.js';
import { isIdleWorker } from './primitives.js';
import { convertNode } from './coroutine.js';
import { ownNodes } from './waits.js';

/** The statements of a function, or of a module, from the first to the last that has to do with threads. */
export interface Span {
  readonly file: PyFile;
  readonly unit: Unit;
  readonly holder?: PyFunction;
  readonly first: Stmt;
  readonly last: Stmt;
  readonly sites: readonly Node[];
}

/** Where threads and thread pools are made, started and waited for. */
export function findSpans(c: Converter, file: PyFile): Span[] {
  const groups = new Map<Node, Node[]>();
  for (const node of allNodes(file.module)) {
    if (!isSite(c, file, node)) continue;
    const key = functionAround(node) ?? file.module;
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  return [...groups].flatMap(([key, sites]) => {
    const makes = sites.some((site) => isMaking(c, file, site));
    return makes ? [spanOf(c, file, key, sites)] : [];
  });
}

function isSite(c: Converter, file: PyFile, node: Node): boolean {
  if (node.nodeType !== 'Call') return false;
  return (
    threadMade(c.project, file, node) !== undefined ||
    threadMethod(c.project, file, node) !== undefined ||
    threadPoolSite(c, file, node)
  );
}

const isMaking = (c: Converter, file: PyFile, site: Node): boolean =>
  site.nodeType === 'Call' &&
  (threadMade(c.project, file, site) !== undefined || kindOf(c.project, file, site) === 'ThreadPool');

function spanOf(c: Converter, file: PyFile, key: Node, sites: readonly Node[]): Span {
  const holder = isFunction(key) ? c.project.functionOf(key) : undefined;
  const unit = holder ? c.units.of(holder) : c.units.ofModule(file);
  let block: readonly Stmt[] = holder ? holder.def.body : file.module.body;
  const within = (stmt: Stmt): Node[] => sites.filter((site) => inside(site, stmt));
  for (;;) {
    const own = block.filter((stmt) => within(stmt).length > 0);
    const [first] = own;
    const last = own.at(-1)!;
    // `if __name__ == "__main__":` is looked into.
    if (!holder && first === last && first!.nodeType === 'If' && within(first!).length === inBody(first!.body, sites)) {
      block = first!.body;
      continue;
    }
    return { file, unit, ...(holder && { holder }), ...withQueues(c, file, block, first!, last), sites };
  }
}

const inBody = (body: readonly Stmt[], sites: readonly Node[]): number =>
  sites.filter((site) => body.some((stmt) => inside(site, stmt))).length;

/** Queues and the like are used in the span alone. */
function withQueues(
  c: Converter,
  file: PyFile,
  block: readonly Stmt[],
  first: Stmt,
  last: Stmt,
): { first: Stmt; last: Stmt } {
  const own = block.filter(
    (stmt) =>
      stmt === first ||
      stmt === last ||
      (!isFunction(stmt) && stmt.nodeType !== 'ClassDef' && asksPrimitive(c, file, stmt)),
  );
  return { first: own[0]!, last: own.at(-1)! };
}

function asksPrimitive(c: Converter, file: PyFile, stmt: Stmt): boolean {
  let found = false;
  walk(stmt, (node) => {
    if (
      node.nodeType === 'Call' &&
      node.func.nodeType === 'Attribute' &&
      /^(?:get|put|join|wait|set|acquire)/.test(node.func.attr)
    )
      found ||= /^(?:queue\.Queue|threading\.(?:Event|Semaphore))$/.test(
        kindOf(c.project, file, node.func.value) ?? '',
      );
    return !found && !isFunction(node);
  });
  return found;
}

/** What the threads of a span run becomes coroutines, and so does the function that it is in. */
export function collectSpan(c: Converter, span: Span): void {
  const { unit, file, holder } = span;
  touch(unit, span.sites[0]!);
  if (holder) {
    if (c.keepsContract(holder)) c.islands.add(holder);
    c.addCoroutine(holder, unit);
  } else c.collectCalls(file, span);
  for (const site of span.sites) {
    if (site.nodeType !== 'Call') continue;
    const work = threadMade(c.project, file, site) && threadWork(c, file, site);
    if (work) c.addCoroutine(work, unit);
    if (work?.owner) c.opensOwn.add(work);
    for (const fn of poolWorkers(c, file, site)) c.addCoroutine(fn, unit);
    if (threadMade(c.project, file, site)) checkThread(c, span, site, work);
  }
}

/** A thread ends in the function that it begins in, or waits for work until the program ends. */
function checkThread(c: Converter, span: Span, made: Call, work: PyFunction | undefined): void {
  const { file, unit } = span;
  if (!isContained(file, made)) {
    const isIdle = isDaemon(file, made) && work && isIdleWorker(c, work);
    if (!isIdle) return refuse(unit, 'task-escapes', made);
  }
  if (isJoined(file, made)) return ownWaits(c, span);
  if (!(isDaemon(file, made) && work && isIdleWorker(c, work))) refuse(unit, 'task-not-awaited', made);
}

/** `daemon=True`, `t.daemon = True`, `t.setDaemon(True)` */
function isDaemon(file: PyFile, made: Call): boolean {
  const keyword = made.keywords.find((each) => each.arg === 'daemon');
  if (keyword) return keyword.value.nodeType === 'Constant' && keyword.value.value === true;
  const parent = parentOf(made);
  const name = parent?.nodeType === 'Assign' ? parent.targets[0] : undefined;
  return (
    isName(name) &&
    (file.scopes.bindingOf(name)?.uses ?? []).some((use) => {
      const target = parentOf(use);
      return target?.nodeType === 'Attribute' && target.attr === 'daemon' && target.ctx.nodeType === 'Store';
    })
  );
}

/** What the function itself asks for while threads run may fail: a program waits for its threads even then, an event loop does not. */
function ownWaits(c: Converter, { file, unit, first, last }: Span): void {
  const block = blockOf(first);
  for (const stmt of block.slice(block.indexOf(first), block.indexOf(last) + 1))
    walk(stmt, (node) => {
      if (isFunction(node) || node.nodeType === 'Lambda') return false;
      if (node.nodeType !== 'Call') return true;
      const target = c.project.resolve(file, node.func);
      const asks = c.requestOf(file, node) || (target?.kind === 'function' && c.waiting.waits(target));
      if (asks) refuse(unit, 'task-not-awaited', node);
      return true;
    });
}

// ---- writing ----

/** A session for what the span starts is opened round it; code of a module moves into an async function. */
export function convertSpan(c: Converter, span: Span): void {
  const { unit, file, first, last } = span;
  const { rewrite } = unit;
  if (unit.refusals.length > 0) return;
  if (!span.holder) for (const node of ownNodes(statementsOf(span))) convertNode(c, unit, node);
  if (unit.refusals.length > 0) return;
  if (!ownLines(file, first) || !ownLines(file, last)) return refuse(unit, 'one-line-block', first);
  const lines = { start: rewrite.lineOf(first.start).start, end: rewrite.lineOf(last.end).end };
  if (!needsSession(c, span)) return;
  const indent = rewrite.indentAt(first.start);
  const aiohttp = c.units.need(unit, 'aiohttp');
  const opened = sessionCall(c.units, unit)
    .replace('trust_env=True', `trust_env=True, connector=${aiohttp}.TCPConnector(limit=0)`)
    .replaceAll('\n    ', `\n${indent}${file.unit}`)
    .replace(/\n\)$/, `\n${indent})`);
  const header = `async with ${opened} as ${c.sessionName(file)}:\n`;
  if (!span.holder) return void c.opened.set(span, header);
  c.wraps.push({ unit, lines, header: `${indent}${header}` });
}

/** Something that it starts or calls asks for a session, and it is given none. */
function needsSession(c: Converter, span: Span): boolean {
  const { file, first, last } = span;
  const block = blockOf(first);
  const stmts = block.slice(block.indexOf(first), block.indexOf(last) + 1);
  return stmts.some((stmt) => {
    let asks = false;
    walk(stmt, (node) => {
      if (node.nodeType !== 'Call') return !isFunction(node);
      if (c.asksForSession(file, node)) asks = true;
      const work = threadMade(c.project, file, node) ? threadWork(c, file, node) : undefined;
      if (work && c.needsSession(work)) asks = true;
      if (poolWorkers(c, file, node).some((fn) => c.needsSession(fn))) asks = true;
      return !asks;
    });
    return asks;
  });
}

export const statementsOf = ({ first, last }: Span): readonly Stmt[] => {
  const block = blockOf(first);
  return block.slice(block.indexOf(first), block.indexOf(last) + 1);
};

export const isInSpan = (c: Converter, file: PyFile, node: Node): boolean =>
  c.spans.some((span) => span.file === file && span.first.start <= node.start && node.end <= span.last.end);
