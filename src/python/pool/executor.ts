import type { Range } from '../../types.js';
import { isName, textOf } from '../file.js';
import type { Piece } from '../rewrite.js';
import {
  functionAround,
  parentOf,
  statementOf,
  type Call,
  type Comp,
  type Expr,
  type Node,
  type Stmt,
} from '../tree.js';
import { note, refuse, type Unit } from '../unit.js';
import { joining } from '../callback/helpers.js';
import { boundOf, neverFails } from './bound.js';
import type { SyncContext } from './context.js';
import { regionOf, type Region } from './regions.js';
import type { Cluster, Fans, Join, Spawn } from './fans.js';

interface Placed {
  readonly cluster: Cluster;
  readonly region: Region;
  readonly executor: string;
}

/** Writes started coroutines as tasks of a thread pool, and their joins as waiting for futures; gives the statements that the pools are there for. */
export function writeFans(ctx: SyncContext, unit: Unit, fans: Fans): Range[] {
  const placed = fans.clusters
    .filter((cluster) => cluster.joins.length > 0 || cluster.variables.size > 0)
    .filter((cluster) => !cluster.spawns.some((spawn) => spawn.group))
    .map((cluster) => place(ctx, unit, cluster));
  for (const each of placed) writeHeader(ctx, unit, each, placed);
  for (const { cluster, executor } of placed) {
    if (!isGathered(cluster) && !cluster.spawns.every((spawn) => cannotFail(ctx, unit, spawn)))
      note(unit, 'others-finish-first', cluster.spawns[0]!.node);
    for (const spawn of cluster.spawns) if (!isInlineOfGather(spawn, cluster)) writeSpawn(ctx, unit, spawn, executor);
    for (const join of cluster.joins) writeJoin(ctx, unit, join, cluster, executor, depthAt(unit, join.outer, placed));
  }
  for (const { region } of placed) unit.rewrite.indent(linesOf(unit, region), unit.file.unit);
  return placed.map(({ region }) => rangeOf(region));
}

/** `gather` says by itself what becomes of the others. */
const isGathered = ({ joins }: Cluster): boolean => joins.length > 0 && joins.every((join) => join.kind === 'gather');

function place(ctx: SyncContext, unit: Unit, cluster: Cluster): Placed {
  const region = regionOf(cluster.nodes);
  return { cluster, region, executor: ctx.units.fresh(unit.file, 'executor') };
}

function rangeOf(region: Region): Range {
  return { start: region.block[region.first]!.start, end: region.block[region.last]!.end };
}

/** Whole lines of a region, with the comments above its first statement left where they are. */
function linesOf(unit: Unit, region: Region): Range {
  const { start, end } = rangeOf(region);
  return { start: unit.rewrite.lineOf(start).start, end: unit.rewrite.lineOf(end).end };
}

/** How much deeper a place will stand: one level for each region that it is in. */
function depthAt(unit: Unit, node: Node, placed: readonly Placed[], except?: Placed): string {
  const around = placed.filter((each) => {
    const range = rangeOf(each.region);
    return each !== except && range.start <= node.start && node.end <= range.end;
  });
  return unit.file.unit.repeat(around.length);
}

function writeHeader(ctx: SyncContext, unit: Unit, each: Placed, placed: readonly Placed[]): void {
  const { rewrite } = unit;
  const first = each.region.block[each.region.first]!;
  if (!ownLines(unit, each.region)) return refuse(unit, 'one-line-block', first);
  // A `with` around a `def` has ended by the time that the function runs.
  const late = each.cluster.spawns.find(({ node }) => functionAround(node) && !functionAround(first));
  if (late) return refuse(unit, 'task-escapes', late.node);
  const bound = boundOf(ctx, unit, each.cluster, rangeOf(each.region));
  if (bound === undefined) return refuse(unit, 'bound-unknown', each.cluster.spawns[0]!.node);
  const line = rewrite.lineOf(first.start);
  const depth = rewrite.indentAt(first.start) + depthAt(unit, first, placed, each);
  const pool = ctx.units.need(unit, 'concurrent.futures', 'ThreadPoolExecutor');
  rewrite.insert(line.start, `${depth}with ${pool}(max_workers=${bound}) as ${each.executor}:\n`);
}

/** The statements of the region begin and end lines of their own. */
function ownLines(unit: Unit, { block, first, last }: Region): boolean {
  const { text } = unit.file;
  const [a, b] = [block[first]!, block[last]!];
  const before = text.slice(text.lastIndexOf('\n', a.start - 1) + 1, a.start);
  const newline = text.indexOf('\n', b.end);
  const after = text.slice(b.end, newline < 0 ? undefined : newline).trim();
  return before.trim() === '' && (after === '' || after.startsWith('#'));
}

/** Made right where `gather` takes it: the join writes it. */
function isInlineOfGather(spawn: Spawn, cluster: Cluster): boolean {
  return cluster.joins.some(
    (join) => join.kind === 'gather' && join.call!.start < spawn.node.start && spawn.node.end <= join.call!.end,
  );
}

/** `executor.submit(f, x)` */
export function writeSpawn(ctx: SyncContext, unit: Unit, spawn: Spawn, executor: string): void {
  unit.rewrite.replace(spawn.node, ...submitted(ctx, unit, spawn, executor));
}

/** `f(x)` as arguments of `submit`. */
function submitted(ctx: SyncContext, unit: Unit, { call, mapped, over }: Spawn, executor: string): Piece[] {
  if (mapped) {
    const item = ctx.units.fresh(unit.file, 'item');
    return [`[${executor}.submit(`, call.args[0]!, `, ${item}) for ${item} in `, call.args[1]!, ']'];
  }
  const { callee, args } = ctx.callParts(unit, call);
  const one = [`${executor}.submit(`, ...callee, ...(args.length > 0 ? [', ', ...args] : []), ')'];
  return over ? ['[', ...one, ...forEach(over), ']'] : one;
}

/** ` for x in xs`, for `map(lambda x: …, xs)`. */
function forEach(map: Call): Piece[] {
  const [lambda, ...iterables] = map.args as [Extract<Expr, { nodeType: 'Lambda' }>, ...Expr[]];
  const names = lambda.args.args.map(({ arg }) => arg).join(', ');
  if (iterables.length === 1) return [` for ${names} in `, iterables[0]!];
  return [` for ${names} in zip(`, ...iterables.flatMap((each, index) => [...(index > 0 ? [', '] : []), each]), ')'];
}

function writeJoin(ctx: SyncContext, unit: Unit, join: Join, cluster: Cluster, executor: string, depth: string): void {
  switch (join.kind) {
    case 'gather':
      return writeGather(ctx, unit, join, cluster, executor, depth);
    case 'wait':
      return writeWait(ctx, unit, join);
    case 'as_completed':
      unit.rewrite.replace(
        join.call!.func,
        ctx.joins === 'callbacks'
          ? joining(ctx.units, unit, 'completed')
          : ctx.units.need(unit, 'concurrent.futures', 'as_completed'),
      );
      if (join.call!.keywords.some((each) => each.arg !== 'timeout')) refuse(unit, 'unknown-callee', join.call!);
  }
}

function writeWait(ctx: SyncContext, unit: Unit, { call, outer }: Join): void {
  unit.rewrite.replace(call!.func, ctx.units.need(unit, 'concurrent.futures', 'wait'));
  for (const keyword of call!.keywords)
    if (!/^(?:timeout|return_when)$/.test(keyword.arg ?? '')) refuse(unit, 'unknown-callee', keyword);
  unit.rewrite.replace(outer, call!);
}

function writeGather(
  ctx: SyncContext,
  unit: Unit,
  join: Join,
  cluster: Cluster,
  executor: string,
  depth: string,
): void {
  const { rewrite, file } = unit;
  const { call, outer } = join as Join & { call: Call };
  const stmt = statementOf(outer);
  const keeps = keepsErrors(unit, call);
  if (keeps === undefined) return;
  if (ctx.joins === 'callbacks' && !keeps) {
    note(unit, 'others-finish-first', outer);
    return rewrite.replace(
      outer,
      `${joining(ctx.units, unit, 'collect')}(`,
      ...tasksOf(ctx, unit, call, cluster, executor),
      ')',
    );
  }
  if (!evaluatedFirst(outer, stmt)) return refuse(unit, 'expression-order', outer);
  const indent = rewrite.indentAt(stmt.start) + depth;
  const safe = cluster.spawns.every((spawn) => cannotFail(ctx, unit, spawn));
  const isValue = parentOf(outer)?.nodeType !== 'Expr';
  const simple = safe && !keeps && simpleMap(ctx, unit, call, cluster, executor);
  if (simple) return rewrite.replace(outer, ...(isValue ? ['list(', ...simple, ')'] : ['list(', ...simple, ')']));
  const lines: Piece[] = [];
  let tasks = variableOf(call);
  if (tasks === undefined) {
    tasks = ctx.units.fresh(file, 'tasks');
    lines.push(`${indent}${tasks} = `, ...taskList(ctx, unit, call, cluster, executor), '\n');
  }
  const task = ctx.units.firstFree(file, ['task', 'future', 'finished']);
  const waits = !safe && !keeps;
  if (waits) {
    // The first failure in time is the one that is raised; the others go on.
    const asCompleted = ctx.units.need(unit, 'concurrent.futures', 'as_completed');
    lines.push(`${indent}for ${task} in ${asCompleted}(${tasks}):\n${indent}${file.unit}${task}.result()\n`);
    note(unit, 'others-finish-first', outer);
  }
  const value = keeps ? `${task}.exception() or ${task}.result()` : `${task}.result()`;
  const line = rewrite.lineOf(stmt.start);
  if (isValue) {
    rewrite.insert(line.start, ...lines);
    return rewrite.replace(outer, `[${value} for ${task} in ${tasks}]`);
  }
  const body = waits ? lines.slice(0, -1) : lines;
  rewrite.insert(line.start, ...body);
  if (waits) {
    const asCompleted = ctx.units.need(unit, 'concurrent.futures', 'as_completed');
    rewrite.replace(outer, `for ${task} in ${asCompleted}(${tasks}):\n${indent}${file.unit}${task}.result()`);
  } else rewrite.replace(outer, `${ctx.units.need(unit, 'concurrent.futures', 'wait')}(${tasks})`);
}

/** `return_exceptions=`: true or false when it is written out; undefined (and refused) when it is not. */
function keepsErrors(unit: Unit, call: Call): boolean | undefined {
  const keyword = call.keywords.find((each) => each.arg === 'return_exceptions');
  const other = call.keywords.find((each) => each !== keyword);
  if (other) refuse(unit, 'unknown-callee', other);
  else if (!keyword) return false;
  else if (keyword.value.nodeType === 'Constant' && typeof keyword.value.value === 'boolean')
    return keyword.value.value;
  else refuse(unit, 'unknown-callee', keyword);
  return undefined;
}

/** `gather(*tasks)`: the variable that has them. */
function variableOf(call: Call): string | undefined {
  const [first] = call.args;
  if (call.args.length !== 1 || first?.nodeType !== 'Starred') return undefined;
  return isName(first.value) ? first.value.id : undefined;
}

function tasksOf(ctx: SyncContext, unit: Unit, call: Call, cluster: Cluster, executor: string): Piece[] {
  const name = variableOf(call);
  return name === undefined ? taskList(ctx, unit, call, cluster, executor) : [name];
}

/** `[executor.submit(f, x) for x in xs]`, or the tasks one by one. */
function taskList(ctx: SyncContext, unit: Unit, call: Call, cluster: Cluster, executor: string): Piece[] {
  const [only] = call.args;
  if (call.args.length === 1 && only?.nodeType === 'Starred') return listed(ctx, unit, only.value, cluster, executor);
  const pieces: Piece[] = ['['];
  call.args.forEach((arg, index) => {
    if (index > 0) pieces.push(', ');
    if (arg.nodeType === 'Starred') pieces.push('*', ...listed(ctx, unit, arg.value, cluster, executor));
    else pieces.push(...one(ctx, unit, arg, cluster, executor));
  });
  return [...pieces, ']'];
}

function listed(ctx: SyncContext, unit: Unit, value: Expr, cluster: Cluster, executor: string): Piece[] {
  if (isName(value)) return [value.id];
  const mapped = cluster.spawns.find((spawn) => spawn.node === value && (spawn.mapped || spawn.over));
  if (mapped) return submitted(ctx, unit, mapped, executor);
  if (value.nodeType === 'List' || value.nodeType === 'Tuple')
    return [
      '[',
      ...value.elts.flatMap((each, index) => [
        ...(index > 0 ? [', '] : []),
        ...one(ctx, unit, each, cluster, executor),
      ]),
      ']',
    ];
  const comp = value as Comp;
  const rest = { start: comp.elt.end, end: comp.generators.at(-1)!.end };
  return ['[', ...one(ctx, unit, comp.elt, cluster, executor), clauses(unit, comp, rest), ']'];
}

/** The `for … in … if …` of a comprehension, up to its closing bracket. */
function clauses(unit: Unit, comp: Comp, rest: Range): Range {
  const closing = /^[\s)]*/.exec(unit.file.text.slice(rest.end, comp.end))![0];
  const opened = unit.file.text.slice(rest.start, rest.end);
  const missing = count(opened, '(') - count(opened, ')');
  let end = rest.end;
  for (let at = 0, left = missing; left > 0 && at < closing.length; at++) {
    if (closing[at] === ')') left--;
    end = rest.end + at + 1;
  }
  return { start: rest.start, end };
}

const count = (text: string, what: string): number => text.split(what).length - 1;

function one(ctx: SyncContext, unit: Unit, arg: Expr, cluster: Cluster, executor: string): Piece[] {
  const spawn = cluster.spawns.find((each) => each.node === arg);
  return spawn ? submitted(ctx, unit, spawn, executor) : [arg];
}

/** `executor.map(f, xs)` for `gather(*(f(x) for x in xs))`. */
function simpleMap(ctx: SyncContext, unit: Unit, call: Call, cluster: Cluster, executor: string): Piece[] | undefined {
  const [only] = call.args;
  if (call.args.length !== 1 || only?.nodeType !== 'Starred') return undefined;
  const comp = only.value;
  const mapped = cluster.spawns.find((each) => each.node === comp && each.mapped);
  if (mapped) return [`${executor}.map(`, mapped.call.args[0]!, ', ', mapped.call.args[1]!, ')'];
  if (comp.nodeType !== 'ListComp' && comp.nodeType !== 'GeneratorExp') return undefined;
  const [generator] = comp.generators;
  const spawn = cluster.spawns.find((each) => each.node === comp.elt);
  if (!generator || !spawn || comp.generators.length > 1 || generator.ifs.length > 0 || !isName(generator.target))
    return undefined;
  const { callee, args } = ctx.callParts(unit, spawn.call);
  const plain = args.length === 1 && typeof args[0] !== 'string' && textOf(unit.file, args[0]!) === generator.target.id;
  if (plain) return [`${executor}.map(`, ...callee, ', ', generator.iter, ')'];
  return undefined;
}

/** A worker that takes every error itself. */
function cannotFail(ctx: SyncContext, unit: Unit, { call, mapped }: Spawn): boolean {
  const target = ctx.project.resolve(unit.file, mapped ? call.args[0] : call.func);
  return target?.kind === 'function' && neverFails(target.file, target.def);
}

/** True when nothing else of the statement happens before: what is put in front of the statement does not change places. */
export function evaluatedFirst(node: Expr, stmt: Stmt): boolean {
  for (let at: Node = node; at !== stmt;) {
    const parent: Node = parentOf(at)!;
    if (parent === stmt)
      return !/^(?:While|ClassDef|FunctionDef|AsyncFunctionDef|Match)$/.test(stmt.nodeType) && !isElif(stmt);
    if (/^(?:Lambda|IfExp|BoolOp|ListComp|SetComp|DictComp|GeneratorExp|Comprehension)$/.test(parent.nodeType)) {
      const first =
        parent.nodeType === 'Comprehension' ||
        (parent.nodeType === 'BoolOp' && parent.values[0] === at) ||
        (parent.nodeType === 'IfExp' && parent.test === at);
      const outer = parentOf(parent);
      const firstIter =
        parent.nodeType === 'Comprehension' &&
        parent.iter === at &&
        outer !== undefined &&
        'generators' in outer &&
        outer.generators[0] === parent;
      if (parent.nodeType === 'Comprehension' ? !firstIter : !first && !isFirstGenerator(parent, at)) return false;
    } else if (!siblingsPure(parent, at)) return false;
    at = parent;
  }
  return true;
}

const isFirstGenerator = (parent: Node, at: Node): boolean => 'generators' in parent && parent.generators[0] === at;

const isElif = (stmt: Stmt): boolean => {
  const parent = parentOf(stmt);
  return stmt.nodeType === 'If' && parent?.nodeType === 'If' && parent.orelse.length === 1 && parent.orelse[0] === stmt;
};

/** What is evaluated before, beside it, has no effect. */
function siblingsPure(parent: Node, at: Node): boolean {
  const before = Object.values(parent)
    .flat()
    .filter(
      (each): each is Node =>
        typeof each === 'object' && each !== null && 'start' in each && each !== at && (each as Node).end <= at.start,
    );
  return before.every(
    (each) =>
      each.nodeType === 'Name' ||
      each.nodeType === 'Constant' ||
      (each.nodeType === 'Attribute' && siblingsPure(each, each)),
  );
}

/** Names the function that a node is in, for messages. */
export const functionName = (node: Node): string => functionAround(node)?.name ?? 'the module';
