import { isBuiltin, qualified, textOf, type PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import type { Range } from '../../types.js';
import type { Binding } from '../scope.js';
import { functionAround, isFunction, parentOf, statementOf, walk, type Node, type Stmt } from '../tree.js';
import { link, refuse, touch, type Unit, type Units } from '../unit.js';
import { valueOf } from '../values.js';
import { Accesses, calledBy, type Access, type Pair } from './accesses.js';
import { regionOf } from './regions.js';
import { SharedNames } from './shared-names.js';

/** Statements of one block that no other thread may come between. */
interface Guarded {
  readonly fn: PyFunction;
  readonly block: readonly Stmt[];
  first: number;
  last: number;
  readonly places: Set<unknown>;
}

/**
 * Between two awaits a coroutine has everything to itself; a thread never has. Where coroutines that run at the same time look at what they share and
 * change it, a lock goes round the smallest range of statements that does both; where an await stands inside of that range, the function is refused.
 * `spans` are the statements of functions that run beside the tasks they have started.
 */
export function guardSharedState(
  units: Units,
  spans: ReadonlyMap<PyFunction, readonly Range[]>,
  isAnswered: (question: Node) => boolean,
): void {
  const { project } = units;
  const functions = concurrent(project);
  const names = new SharedNames(project);
  const accesses = new Accesses(
    project,
    names,
    (fn) => (binding) => spans.has(fn) && isHandedOut(project, fn, binding),
  );
  const own = (fn: PyFunction): ((node: Node) => boolean) | undefined =>
    functions.has(fn) ? undefined : (node) => isWithin(spans.get(fn) ?? [], node);
  const all = [...new Set([...functions, ...spans.keys()])];
  const changed = new Set(
    all.flatMap((fn) =>
      accesses
        .all(fn)
        .filter((each) => each.isWrite && (own(fn)?.(each.node) ?? true))
        .map((each) => each.place),
    ),
  );
  const isChanged = ({ first, second }: Pair): boolean => changed.has(first.place) && changed.has(second.place);
  const guarded = all.flatMap((fn) => guardsOf(units, fn, accesses.pairsIn(fn, own(fn)).filter(isChanged)));
  const stores = guarded.length > 0 ? guardOthers(units, all, accesses, own, guarded) : new Map<Assign, PyFunction>();
  for (const fn of functions) asksQueues(units, fn, isAnswered);
  if (guarded.length > 0) linkCallers(units, functions);
  write(units, project, guarded, stores);
}

const isWithin = (ranges: readonly Range[], node: Node): boolean =>
  ranges.some(({ start, end }) => start <= node.start && node.end <= end);

/** A variable of a function that others see: in a function within, or as an argument. */
function isHandedOut(project: PyProject, fn: PyFunction, binding: Binding): boolean {
  return (
    binding.scope === fn.file.scopes.of(fn.def) &&
    binding.uses.some((use) => {
      const parent = parentOf(use);
      const call = parent?.nodeType === 'Keyword' ? parentOf(parent) : parent;
      const isGiven =
        call?.nodeType === 'Call' && call.func !== use && project.resolve(fn.file, call.func) !== undefined;
      return isGiven || functionAround(use) !== fn.def;
    })
  );
}

/** Functions that run while others of them do: coroutines that are started without being awaited, and what these call. */
function concurrent(project: PyProject): Set<PyFunction> {
  const found = new Set<PyFunction>();
  const add = (fn: PyFunction): void => {
    if (found.has(fn)) return;
    found.add(fn);
    for (const top of fn.def.body)
      walk(top, (node) => {
        if (node.nodeType === 'Call') calledBy(project, fn.file, node).forEach(add);
      });
  };
  for (const fn of project.functions) {
    const isStarted = project.usesOf(fn).some(({ call }) => !call || parentOf(call)?.nodeType !== 'Await');
    if (fn.def.nodeType === 'AsyncFunctionDef' && isStarted && !isRun(project, fn)) add(fn);
  }
  return found;
}

/** `asyncio.run(main())`, `loop.run_until_complete(main())`: nothing else runs. */
function isRun(project: PyProject, fn: PyFunction): boolean {
  return project.usesOf(fn).every(({ call, file }) => {
    const outer = call && parentOf(call);
    if (outer?.nodeType === 'Await') return true;
    if (outer?.nodeType !== 'Call' || outer.func === call) return outer?.nodeType === 'AsyncFor' || isIteration(call);
    const runs = outer.func.nodeType === 'Attribute' && outer.func.attr === 'run_until_complete';
    return runs || qualified(file, outer.func) === 'asyncio.run';
  });
}

/** `async for x in pages()`, `[x async for x in pages()]`, `async with session():` */
function isIteration(node: Node | undefined): boolean {
  const outer = node && parentOf(node);
  return outer?.nodeType === 'Comprehension' || outer?.nodeType === 'WithItem';
}

// ---- which statements ----

function guardsOf(units: Units, fn: PyFunction, pairs: readonly Pair[]): Guarded[] {
  const found: Guarded[] = [];
  for (const { first, second } of pairs) {
    // The function that is called has a lock of its own.
    if (first.node === second.node && callsOnly(units, fn, first.node)) continue;
    if (isLocked(units, fn.file, first.node) && isLocked(units, fn.file, second.node)) continue;
    const range = rangeOf(fn, first.node, second.node);
    if (range.block.slice(range.first, range.last + 1).some(waits)) {
      if (first.place === second.place && !readsBeforeItWaits(first, second))
        refuse(units.of(fn), 'shared-state', second.node, textOf(fn.file, second.node));
      continue;
    }
    const places = new Set([first.place, second.place]);
    const same = found.find(
      (each) => each.block === range.block && each.first <= range.last && range.first <= each.last,
    );
    if (!same) found.push({ fn, ...range, places });
    else {
      same.first = Math.min(same.first, range.first);
      same.last = Math.max(same.last, range.last);
      for (const place of places) same.places.add(place);
    }
  }
  return withoutInner(found);
}

/** `total += await f()` reads before it waits, and lost updates before. */
const readsBeforeItWaits = (first: Access, second: Access): boolean =>
  statementOf(first.node) === statementOf(second.node) && statementOf(first.node).nodeType === 'AugAssign';

/** What one round of a loop does, and the next: the whole loop, unless it waits. */
function rangeOf(fn: PyFunction, first: Node, second: Node): Pick<Guarded, 'block' | 'first' | 'last'> {
  const inner = rangeFor(fn, first, second);
  if (second.start > first.start) return inner;
  for (let at = parentOf(inner.block[inner.first]!); at && !isFunction(at); at = parentOf(at))
    if (at.nodeType === 'For' || at.nodeType === 'While') return waits(at) ? inner : rangeFor(fn, at, at);
  return inner;
}

function rangeFor(fn: PyFunction, first: Node, second: Node): Pick<Guarded, 'block' | 'first' | 'last'> {
  const region = regionOf([first, second]);
  const stmt = region.block[region.first]!;
  // An `elif` has no place for a `with` before it.
  const parent = parentOf(stmt);
  const isElif =
    stmt.nodeType === 'If' &&
    parent?.nodeType === 'If' &&
    parent.orelse[0] === stmt &&
    fn.file.text.startsWith('elif', stmt.start);
  return isElif ? rangeFor(fn, parent.test, parent.test) : region;
}

function withoutInner(found: readonly Guarded[]): Guarded[] {
  const span = (each: Guarded): Range => ({ start: each.block[each.first]!.start, end: each.block[each.last]!.end });
  return found.filter((each) => {
    const own = span(each);
    return !found.some((other) => {
      const around = span(other);
      return (
        other !== each &&
        around.start <= own.start &&
        own.end <= around.end &&
        (around.start < own.start || own.end < around.end)
      );
    });
  });
}

function waits(stmt: Stmt): boolean {
  let found = false;
  walk(stmt, (node) => {
    if (isFunction(node)) return false;
    found ||=
      /^(?:Await|AsyncFor|AsyncWith|Yield|YieldFrom)$/.test(node.nodeType) ||
      (node.nodeType === 'Comprehension' && Boolean(node.is_async));
    return !found;
  });
  return found;
}

/** What is changed under the lock is changed nowhere without it. */
function guardOthers(
  units: Units,
  all: readonly PyFunction[],
  accesses: Accesses,
  own: (fn: PyFunction) => ((node: Node) => boolean) | undefined,
  guarded: Guarded[],
): Map<Assign, PyFunction> {
  const stores = new Map<Assign, PyFunction>();
  const places = new Set(guarded.flatMap((each) => [...each.places]));
  for (const fn of all)
    for (const access of accesses.all(fn)) {
      if (!access.isWrite || !places.has(access.place) || own(fn)?.(access.node) === false) continue;
      const stmt = statementOf(access.node);
      const isThere = guarded.some(
        (each) =>
          each.fn === fn &&
          each.block.slice(each.first, each.last + 1).some((one) => one.start <= stmt.start && stmt.end <= one.end),
      );
      if (isThere || isLocked(units, fn.file, stmt) || callsOnly(units, fn, access.node)) continue;
      if (waits(stmt)) {
        if (isStore(fn.file, stmt)) stores.set(stmt, fn);
        else if (stmt.nodeType !== 'AugAssign')
          refuse(units.of(fn), 'shared-state', stmt, textOf(fn.file, access.node));
        continue;
      }
      guarded.push({ fn, ...rangeFor(fn, stmt, stmt), places: new Set([access.place]) });
    }
  return stores;
}

type Assign = Extract<Stmt, { nodeType: 'Assign' }>;

/** `pages[name] = await load(name)`: what is waited for can have a name first. */
function isStore(file: PyFile, stmt: Stmt): stmt is Assign {
  if (stmt.nodeType !== 'Assign' || stmt.targets.length !== 1 || stmt.value.nodeType !== 'Await') return false;
  return /^\s*=\s*$/.test(file.text.slice(stmt.targets[0]!.end, stmt.value.start)) && isAlone(file, stmt, stmt);
}

/** The function that it calls has the lock. */
function callsOnly(units: Units, fn: PyFunction, node: Node): boolean {
  return node.nodeType === 'Call' && calledBy(units.project, fn.file, node).length > 0;
}

// ---- the lock ----

/** A function that gets a lock for the sake of threads gets it with those that become threads, or not at all. */
function linkCallers(units: Units, functions: ReadonlySet<PyFunction>): void {
  for (const fn of functions)
    for (const top of fn.def.body)
      walk(top, (node) => {
        if (node.nodeType !== 'Call') return;
        for (const target of calledBy(units.project, fn.file, node)) link(units.of(fn), units.of(target));
      });
}

function write(
  units: Units,
  project: PyProject,
  guarded: readonly Guarded[],
  stores: ReadonlyMap<Assign, PyFunction>,
): void {
  const [first] = guarded;
  const other = guarded.find((each) => each.fn.file !== first!.fn.file);
  // Each file would have a lock of its own.
  if (other) return guarded.forEach((each) => refuse(units.of(each.fn), 'shared-state', each.block[each.first]!));
  const isNested = guarded.some((each) =>
    each.block.slice(each.first, each.last + 1).some((stmt) => callsProject(project, each.fn.file, stmt)),
  );
  for (const each of guarded) lock(units, each, isNested ? 'RLock' : 'Lock');
  for (const [stmt, fn] of stores) lockStore(units, fn, stmt, isNested ? 'RLock' : 'Lock');
}

function callsProject(project: PyProject, file: PyFile, stmt: Stmt): boolean {
  let found = false;
  walk(stmt, (node) => {
    found ||= node.nodeType === 'Call' && calledBy(project, file, node).length > 0;
    return !found;
  });
  return found;
}

function lock(units: Units, { fn, block, first, last }: Guarded, kind: string): void {
  const unit = units.of(fn);
  const { file, rewrite } = unit;
  const [from, to] = [block[first]!, block[last]!];
  if (!isAlone(file, from, to)) return refuse(unit, 'shared-state', from, textOf(file, from));
  touch(unit, from);
  for (const use of units.project.usesOf(fn)) link(unit, units.around(use.file, use.at));
  const name = lockName(units, unit, kind);
  const { start } = rewrite.lineOf(from.start);
  rewrite.insert(start, `${rewrite.indentAt(from.start)}with ${name}:\n${depthOf(unit, from)}`);
  rewrite.indent({ start, end: rewrite.lineOf(to.end).end }, file.unit);
}

function lockName(units: Units, unit: Unit, kind: string): string {
  const make = units.need(unit, 'threading', kind);
  return units.helper(unit, 'shared', (own) => `${own} = ${make}()`);
}

/** What is waited for gets a name; only its place is given under the lock. */
function lockStore(units: Units, fn: PyFunction, stmt: Assign, kind: string): void {
  const unit = units.of(fn);
  const { file, rewrite } = unit;
  const name = lockName(units, unit, kind);
  const found = units.firstFree(file, ['found', 'result', 'value']);
  const indent = rewrite.indentAt(stmt.start) + depthOf(unit, stmt);
  const target = textOf(file, stmt.targets[0]!);
  rewrite.replace({ start: stmt.start, end: stmt.value.start }, `${found} = `);
  rewrite.insert(stmt.end, `\n${indent}with ${name}:\n${indent}${file.unit}${target} = ${found}`);
}

/** The levels that other changes have moved the line in by. */
function depthOf(unit: Unit, stmt: Stmt): string {
  const { start } = unit.rewrite.lineOf(stmt.start);
  return unit.file.unit.repeat(unit.rewrite.levelsAt(start, unit.file.unit));
}

function isAlone(file: PyFile, from: Stmt, to: Stmt): boolean {
  const before = file.text.slice(file.text.lastIndexOf('\n', from.start - 1) + 1, from.start);
  return /^[ \t]*$/.test(before) && /^[ \t]*(?:#.*)?(?:\r?\n|$)/.test(file.text.slice(to.end));
}

/** Inside `async with lock:`, which is a lock of threads afterwards. */
function isLocked(units: Units, file: PyFile, node: Node): boolean {
  for (let at = parentOf(statementOf(node)); at && !isFunction(at); at = parentOf(at)) {
    if (at.nodeType !== 'AsyncWith') continue;
    if (at.items.some((item) => valueOf(units.project, file, item.context_expr)?.kind === 'asyncio.Lock')) return true;
  }
  return false;
}

// ---- queues ----

/** `queue.empty()`, `lock.locked()`: true now, and perhaps not when it matters. */
function asksQueues(units: Units, fn: PyFunction, isAnswered: (question: Node) => boolean): void {
  const { file } = fn;
  for (const top of fn.def.body)
    walk(top, (node) => {
      if (isFunction(node)) return false;
      if (node.nodeType !== 'Call' || node.func.nodeType !== 'Attribute' || isBuiltin(file, node.func, 'print'))
        return true;
      const kind = valueOf(units.project, file, node.func.value)?.kind;
      if (
        /^asyncio\.(?:Queue|Lock|Semaphore)$/.test(kind ?? '') &&
        /^(?:empty|full|locked)$/.test(node.func.attr) &&
        isTested(node) &&
        !isAnswered(node)
      )
        refuse(units.of(fn), 'shared-state', node, textOf(file, node));
      return true;
    });
}

function isTested(node: Node): boolean {
  for (let at: Node = node, parent = parentOf(node); parent; at = parent, parent = parentOf(parent)) {
    if (parent.nodeType === 'If' || parent.nodeType === 'While') return parent.test === at;
    if (!/^(?:UnaryOp|BoolOp|Compare)$/.test(parent.nodeType)) return false;
  }
  return false;
}
