import { isName, qualified, textOf, type PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import {
  blockOf,
  parentOf,
  statementOf,
  walk,
  walkOwn,
  type Attribute,
  type Call,
  type Expr,
  type Name,
  type Node,
  type Stmt,
} from '../tree.js';
import { link, refuse, touch, type Unit, type Units } from '../unit.js';
import { valueOf } from '../values.js';

/*
 * Workers that take from a queue until they are cancelled. A thread cannot be: each finds a mark in the queue instead, and returns.
 */

/** Workers of one queue, and where they are told to stop. */
interface Workers {
  readonly file: PyFile;
  /** `worker.cancel()` in `for worker in workers:` behind `await queue.join()`. */
  readonly cancel: Call;
  readonly queue: Expr;
  readonly fn: PyFunction;
  /** `item = await queue.get()` */
  readonly take: Extract<Stmt, { nodeType: 'Assign' }>;
}

/** `while not queue.empty(): item = await queue.get()` */
interface Emptied {
  readonly file: PyFile;
  readonly loop: Extract<Stmt, { nodeType: 'While' }>;
  readonly take: Extract<Stmt, { nodeType: 'Assign' }>;
}

const STOP = (name: string): string => `${name} = object()`;

export class QueueWorkers {
  private readonly found: Workers[] = [];
  private readonly emptied: Emptied[] = [];

  constructor(private readonly project: PyProject) {
    for (const file of project.files)
      walk(file.module, (node) => {
        const workers = node.nodeType === 'For' ? this.stoppedBy(file, node) : undefined;
        if (workers) this.found.push(workers);
        const take = node.nodeType === 'While' ? this.takesUntilEmpty(file, node) : undefined;
        if (take) this.emptied.push({ file, loop: node as Emptied['loop'], take });
      });
  }

  /** `queue.empty()` in a loop that takes what is there without asking first. */
  isEmptied(node: Node): boolean {
    return this.emptied.some(({ loop }) => loop.test.start <= node.start && node.end <= loop.test.end);
  }

  /** The first statement of `while not queue.empty():`, which takes from that queue: with nothing between, nobody else did. */
  private takesUntilEmpty(file: PyFile, loop: Emptied['loop']): Emptied['take'] | undefined {
    const asked = loop.test.nodeType === 'UnaryOp' && loop.test.op.nodeType === 'Not' ? loop.test.operand : undefined;
    const queue =
      asked?.nodeType === 'Call' && asked.func.nodeType === 'Attribute' && asked.func.attr === 'empty'
        ? asked.func.value
        : undefined;
    const [first] = loop.body;
    const value =
      first?.nodeType === 'Assign' ? (first.value.nodeType === 'Await' ? first.value.value : first.value) : undefined;
    if (!queue || valueOf(this.project, file, queue)?.kind !== 'asyncio.Queue' || loop.orelse.length > 0)
      return undefined;
    if (first?.nodeType !== 'Assign' || value?.nodeType !== 'Call' || value.func.nodeType !== 'Attribute')
      return undefined;
    const isGet = /^get(?:_nowait)?$/.test(value.func.attr) && value.args.length + value.keywords.length === 0;
    return isGet && textOf(file, value.func.value) === textOf(file, queue) ? first : undefined;
  }

  private writeEmptied(units: Units, file: PyFile, loop: Emptied['loop'], take: Emptied['take']): void {
    const unit = units.around(file, loop);
    const { rewrite } = unit;
    touch(unit, loop);
    const call = (take.value.nodeType === 'Await' ? take.value.value : take.value) as Call;
    const indent = rewrite.indentAt(take.start);
    rewrite.replace(loop.test, 'True');
    const targets = file.text.slice(take.start, take.value.start);
    const { value } = call.func as Attribute;
    const empty = units.need(unit, 'queue', 'Empty');
    rewrite.replace(
      take,
      `try:\n${indent}${file.unit}${targets}`,
      value,
      `.get_nowait()\n${indent}except ${empty}:\n${indent}${file.unit}break`,
    );
  }

  /** `worker.cancel` that becomes a mark in the queue. */
  isStop(member: Attribute): boolean {
    return this.found.some(({ cancel }) => cancel.func === member);
  }

  write(units: Units): void {
    for (const { file, loop, take } of this.emptied) this.writeEmptied(units, file, loop, take);
    const taught = new Set<PyFunction>();
    for (const { file, cancel, queue, fn, take } of this.found) {
      const unit = units.around(file, cancel);
      const own = units.of(fn);
      if (own.file !== file) refuse(unit, 'cancellation', cancel, 'cancel');
      link(unit, own);
      touch(unit, cancel);
      const stop = units.helper(unit, 'STOP', STOP);
      unit.rewrite.replace(cancel, queue, `.put(${stop})`);
      if (!taught.has(fn)) this.teach(units, own, take, units.helper(own, 'STOP', STOP));
      taught.add(fn);
    }
  }

  /** Behind `item = queue.get()`: `if item is STOP: return`. */
  private teach(units: Units, unit: Unit, take: Workers['take'], stop: string): void {
    const { rewrite, file } = unit;
    const [target] = take.targets as [Expr];
    const line = rewrite.lineOf(take.end);
    const indent = rewrite.indentAt(take.start);
    const item = isName(target) ? target.id : units.firstFree(file, ['item', 'taken']);
    const unpack = isName(target) ? [] : [`${indent}${textOf(file, target)} = ${item}\n`];
    if (!isName(target)) rewrite.replace(target, item);
    rewrite.insert(line.end, `${indent}if ${item} is ${stop}:\n${indent}${file.unit}return\n`, ...unpack);
  }

  private stoppedBy(file: PyFile, loop: Extract<Stmt, { nodeType: 'For' | 'AsyncFor' }>): Workers | undefined {
    const [only] = loop.body;
    const call =
      loop.body.length === 1 && only?.nodeType === 'Expr' && only.value.nodeType === 'Call' ? only.value : undefined;
    const func = call?.func;
    if (!call || func?.nodeType !== 'Attribute' || func.attr !== 'cancel' || call.args.length > 0) return undefined;
    if (!isName(loop.target) || !isName(func.value, loop.target.id) || !isName(loop.iter)) return undefined;
    const queue = this.joinedBefore(file, loop);
    const started = queue && this.startedIn(file, loop.iter);
    if (!queue || !started || !isCalm(file, this.project, started, loop)) return undefined;
    const take = this.takeOf(started.fn, file, started.call, queue);
    return take && { file, cancel: call, queue, fn: started.fn, take };
  }

  /** `await queue.join()` before, in the same block. */
  private joinedBefore(file: PyFile, loop: Stmt): Expr | undefined {
    const block = blockOf(loop);
    for (const stmt of block.slice(0, block.indexOf(loop)).reverse()) {
      const value = stmt.nodeType === 'Expr' && stmt.value.nodeType === 'Await' ? stmt.value.value : undefined;
      const func = value?.nodeType === 'Call' ? value.func : undefined;
      if (func?.nodeType === 'Attribute' && func.attr === 'join')
        return valueOf(this.project, file, func.value)?.kind === 'asyncio.Queue' ? func.value : undefined;
      if (stmt.nodeType !== 'Expr' || value) return undefined;
    }
    return undefined;
  }

  /** The one function whose tasks a list holds. */
  private startedIn(file: PyFile, list: Name): { fn: PyFunction; call: Call; at: Node } | undefined {
    const binding = file.scopes.bindingOf(list);
    const found: { fn: PyFunction; call: Call; at: Node }[] = [];
    const look = (node: Node): void =>
      walk(node, (each) => {
        const target = each.nodeType === 'Call' ? this.project.resolve(file, each.func) : undefined;
        if (each.nodeType === 'Call' && target?.kind === 'function') found.push({ fn: target, call: each, at: node });
      });
    for (const site of binding?.sites ?? []) look(statementOf(site));
    for (const use of binding?.uses ?? []) {
      const parent = parentOf(use);
      if (parent?.nodeType === 'Attribute' && parent.attr === 'append') look(statementOf(use));
    }
    return new Set(found.map(({ fn }) => fn)).size === 1 ? found[0] : undefined;
  }

  /** `item = await queue.get()` in the worker's endless loop, from the very queue; nothing there takes notice of being cancelled. */
  private takeOf(fn: PyFunction, file: PyFile, start: Call, queue: Expr): Workers['take'] | undefined {
    const takes: Extract<Stmt, { nodeType: 'Assign' }>[] = [];
    let fine = true;
    walkOwn(fn.def.body, (node) => {
      if (node.nodeType === 'ExceptHandler' && !ignoresCancelling(fn.file, node)) fine = false;
      if (node.nodeType !== 'Await') return;
      const { value } = node;
      const isGet =
        value.nodeType === 'Call' &&
        value.func.nodeType === 'Attribute' &&
        value.func.attr === 'get' &&
        valueOf(this.project, fn.file, value.func.value)?.kind === 'asyncio.Queue';
      if (!isGet) return;
      const stmt = parentOf(node);
      const from = (value.func as Attribute).value;
      if (stmt?.nodeType === 'Assign' && stmt.targets.length === 1 && this.isSameQueue(fn, from, start, queue, file))
        takes.push(stmt);
      else fine = false;
    });
    const [take] = takes;
    return fine && takes.length === 1 && isInEndlessLoop(take!) ? take : undefined;
  }

  private isSameQueue(fn: PyFunction, from: Expr, start: Call, queue: Expr, file: PyFile): boolean {
    if (!isName(from)) return textOf(fn.file, from) === textOf(file, queue);
    const binding = fn.file.scopes.bindingOf(from);
    const { args } = fn.def.args;
    const at = args.findIndex((arg) => arg === binding?.sites[0]);
    if (at < 0) return isName(queue) && file.scopes.bindingOf(queue) === binding;
    const given = start.keywords.find((each) => each.arg === from.id)?.value ?? start.args[at - (fn.owner ? 1 : 0)];
    return given !== undefined && textOf(file, given) === textOf(file, queue);
  }
}

/** `except Exception` never sees it; `except CancelledError: return` sees nothing any more. */
function ignoresCancelling(file: PyFile, { type, body }: Extract<Node, { nodeType: 'ExceptHandler' }>): boolean {
  if (!type) return false;
  const names = (type.nodeType === 'Tuple' ? type.elts : [type]).map(
    (each) => qualified(file, each) ?? textOf(file, each),
  );
  if (names.includes('BaseException')) return false;
  return (
    !names.some((name) => /CancelledError$/.test(name)) ||
    body.every((stmt) => /^(?:Pass|Break|Return|Raise)$/.test(stmt.nodeType))
  );
}

/** Directly in `while True:`, or in a `try` there. */
function isInEndlessLoop(stmt: Stmt): boolean {
  let at: Node | undefined = parentOf(stmt);
  if (at?.nodeType === 'Try' && at.body.includes(stmt)) at = parentOf(at);
  return at?.nodeType === 'While' && at.test.nodeType === 'Constant' && Boolean(at.test.value);
}

/** Nothing between start and stop can fail and leave the workers waiting for ever: only the queue is waited for. */
function isCalm(file: PyFile, project: PyProject, started: { at: Node }, loop: Stmt): boolean {
  const block = blockOf(loop);
  const first = block.findIndex((stmt) => stmt.start <= started.at.start && started.at.end <= stmt.end);
  if (first < 0) return false;
  let calm = true;
  for (const stmt of block.slice(first, block.indexOf(loop)))
    walk(stmt, (node) => {
      if (
        node.nodeType === 'Raise' ||
        node.nodeType === 'Return' ||
        node.nodeType === 'AsyncWith' ||
        node.nodeType === 'AsyncFor'
      )
        calm = false;
      if (node.nodeType !== 'Await') return;
      const { value } = node;
      const isQueue =
        value.nodeType === 'Call' &&
        value.func.nodeType === 'Attribute' &&
        valueOf(project, file, value.func.value)?.kind === 'asyncio.Queue';
      const isSleep = value.nodeType === 'Call' && qualified(file, value.func) === 'asyncio.sleep';
      if (!isQueue && !isSleep) calm = false;
    });
  return calm;
}
