import { connectionLimit } from '../http/aiohttp-sessions.js';
import { constantOf } from '../http/aiohttp-timeouts.js';
import { isBuiltin, isName, qualified, textOf, type PyFile } from '../file.js';
import type { PyProject } from '../project.js';
import type { Binding } from '../scope.js';
import {
  functionAround,
  isFunction,
  parentOf,
  walk,
  walkOwn,
  type Call,
  type Expr,
  type FunctionDef,
  type Node,
} from '../tree.js';
import type { Range } from '../../types.js';
import type { Unit } from '../unit.js';
import { valueOf } from '../values.js';
import type { SyncContext } from './context.js';
import type { Cluster, Spawn } from './fans.js';
import { targetsOf, waitsForOthers } from './limits.js';
import { countText } from './sizes.js';

/** How many workers a group of tasks may need: as text for `max_workers=`; undefined when nothing says it. */
export function boundOf(
  ctx: Pick<SyncContext, 'project' | 'limit' | 'limits'>,
  unit: Unit,
  cluster: Cluster,
  place: Range,
): string | undefined {
  const { project } = ctx;
  const { file } = unit;
  const limited = ctx.limits.workersFor(unit, cluster);
  const counts = cluster.spawns.map((spawn) => timesStarted(project, file, spawn));
  const total = counts.every((each) => each !== undefined) ? counts.reduce((sum, each) => sum! + each!, 0)! : undefined;
  const most = total !== undefined && total <= MOST ? Math.max(1, total) : undefined;
  if (limited !== undefined) return most !== undefined && most < Number(limited) ? String(most) : limited;
  if (most !== undefined) return String(most);
  const held = cluster.spawns.map((spawn) => heldBy(project, file, spawn));
  if (held.every((each) => each !== undefined && each === held[0])) return held[0];
  const sized = total === undefined ? countText(project, file, cluster.spawns, place) : undefined;
  if (sized !== undefined) return sized;
  const isFree = ctx.limit !== undefined && !waitsForOthers(project, targetsOf(project, file, cluster));
  return isFree ? String(ctx.limit) : undefined;
}

/** More threads than this are started for no list, however long it is written out. */
const MOST = 100;

/** How often a task is started: once, or once per item of a list that is written out. */
function timesStarted(project: PyProject, file: PyFile, { node, call, mapped, over }: Spawn): number | undefined {
  const map = mapped ? call : over;
  let times = map ? lengthOf(project, file, map.args[1]!) : 1;
  const around = functionAround(node);
  for (let at: Node | undefined = node; at && at !== around && times !== undefined; at = parentOf(at)) {
    const parent = parentOf(at);
    if (parent && 'generators' in parent)
      for (const generator of parent.generators) {
        if (generator === (at as Node)) continue;
        const length = lengthOf(project, file, generator.iter);
        times = length === undefined || times === undefined ? undefined : times * length;
      }
    if (parent?.nodeType === 'While') return undefined;
    if ((parent?.nodeType === 'For' || parent?.nodeType === 'AsyncFor') && parent.body.includes(at as never)) {
      const length = lengthOf(project, file, parent.iter);
      times = length === undefined || times === undefined ? undefined : times * length;
    }
  }
  return times;
}

/** The number of items of a list that is written out, or of a `range` of numbers. */
export function lengthOf(project: PyProject, file: PyFile, expr: Expr, depth = 0): number | undefined {
  switch (expr.nodeType) {
    case 'List':
    case 'Tuple':
    case 'Set':
      return expr.elts.some((each) => each.nodeType === 'Starred') ? undefined : expr.elts.length;
    case 'Constant':
      return typeof expr.value === 'string' && /^"[^"\\]*"$|^'[^'\\]*'$/.test(textOf(file, expr))
        ? [...expr.value].length
        : undefined;
    case 'Dict':
      return expr.keys.includes(null) ? undefined : expr.keys.length;
    case 'Name': {
      const value = unchanged(file, expr);
      return value ? lengthOf(project, file, value, depth) : lengthOfParameter(project, file, expr, depth);
    }
    case 'Call': {
      const [first] = expr.args;
      if (isBuiltin(file, expr.func, 'range')) return rangeLength(file, expr.args);
      const sameLength = ['enumerate', 'list', 'tuple', 'sorted', 'reversed'].some((name) =>
        isBuiltin(file, expr.func, name),
      );
      if (sameLength && first) return lengthOf(project, file, first);
      if (isBuiltin(file, expr.func, 'zip')) {
        const lengths = expr.args.map((arg) => lengthOf(project, file, arg)).filter((each) => each !== undefined);
        return lengths.length > 0 ? Math.min(...lengths) : undefined;
      }
      if (expr.func.nodeType === 'Attribute' && /^(?:items|keys|values)$/.test(expr.func.attr))
        return lengthOf(project, file, expr.func.value);
      return undefined;
    }
    case 'ListComp':
      return expr.generators.length === 1 && expr.generators[0]!.ifs.length === 0
        ? lengthOf(project, file, expr.generators[0]!.iter)
        : undefined;
    default:
      return undefined;
  }
}

function rangeLength(file: PyFile, args: readonly Expr[]): number | undefined {
  const numbers = args.map((arg) => numberOf(file, arg));
  if (numbers.some((each) => each === undefined)) return undefined;
  const [a = 0, b, step = 1] = numbers as number[];
  const [from, to] = b === undefined ? [0, a] : [a, b];
  return Math.max(0, Math.ceil((to - from) / step));
}

function numberOf(file: PyFile, expr: Expr): number | undefined {
  const value = expr.nodeType === 'Name' ? unchanged(file, expr) : expr;
  return value?.nodeType === 'Constant' && typeof value.value === 'number' ? value.value : undefined;
}

/** A parameter has as many items as the longest list that any call of its function hands over. */
function lengthOfParameter(project: PyProject, file: PyFile, name: Expr, depth: number): number | undefined {
  const binding = name.nodeType === 'Name' ? file.scopes.bindingOf(name) : undefined;
  const [arg] = binding?.sites ?? [];
  const def = arg && parentOf(parentOf(arg)!);
  if (depth > 3 || binding?.sites.length !== 1 || arg?.nodeType !== 'Arg' || !isFunction(def) || isMutated(binding))
    return undefined;
  const fn = project.functionOf(def);
  const at = [...def.args.posonlyargs, ...def.args.args].indexOf(arg) - (fn.owner ? 1 : 0);
  const lengths = project.usesOf(fn).map((use) => {
    const given = use.call?.keywords.find((each) => each.arg === arg.arg)?.value ?? use.call?.args[at];
    return given && given.nodeType !== 'Starred' ? lengthOf(project, use.file, given, depth + 1) : undefined;
  });
  return lengths.length > 0 && lengths.every((each) => each !== undefined) ? Math.max(...lengths) : undefined;
}

/** What a name stands for, when it is given a value once and nothing can change that value. */
export function unchanged(file: PyFile, name: Expr): Expr | undefined {
  if (!isName(name)) return undefined;
  const binding = file.scopes.bindingOf(name);
  const [site] = binding?.sites ?? [];
  const parent = site && parentOf(site);
  if (!binding || binding.sites.length !== 1 || (parent?.nodeType !== 'Assign' && parent?.nodeType !== 'AnnAssign'))
    return undefined;
  return isMutated(binding) ? undefined : parent.value;
}

/** Something is added to it, taken from it, or it is handed to who knows whom. */
function isMutated(binding: Binding): boolean {
  return binding.uses.some((use) => {
    const at = parentOf(use);
    if (at?.nodeType === 'Attribute')
      return /^(?:append|extend|insert|pop|remove|clear|add|discard|update|sort)$/.test(at.attr);
    return at?.nodeType === 'Subscript' ? at.ctx.nodeType !== 'Load' : at?.nodeType === 'AugAssign';
  });
}

/** What holds a worker: a semaphore around all that it waits for, or the connections of the session that it asks. */
function heldBy(project: PyProject, file: PyFile, spawn: Spawn): string | undefined {
  const target = project.resolve(file, spawn.mapped ? spawn.call.args[0] : spawn.call.func);
  if (target?.kind === 'function') return heldIn(project, target.file, target.def, new Set());
  const session = spawn.call.func.nodeType === 'Attribute' ? valueOf(project, file, spawn.call.func.value) : undefined;
  return session && sessionBound(session.kind) ? connectionLimit(session) : undefined;
}

const sessionBound = (kind: string): boolean => kind === 'aiohttp.ClientSession' || kind === 'httpx.AsyncClient';

function heldIn(project: PyProject, file: PyFile, def: FunctionDef, seen: Set<FunctionDef>): string | undefined {
  if (seen.has(def)) return undefined;
  seen.add(def);
  const bounds = waitsIn(def).map((wait) => {
    const semaphore = semaphoreAround(project, file, wait, def);
    if (semaphore) return semaphore;
    if (isSemaphoreItem(project, file, wait)) return semaphoreBound(project, file, wait);
    const expr = wait.nodeType === 'Await' ? wait.value : wait;
    const value = valueOf(project, file, expr as Expr);
    if (value && /^(?:aiohttp|httpx)\.(?:Request|Stream)$/.test(value.kind)) {
      const receiver =
        expr.nodeType === 'Call' && expr.func.nodeType === 'Attribute'
          ? valueOf(project, file, expr.func.value)
          : undefined;
      return receiver && sessionBound(receiver.kind) ? connectionLimit(receiver) : undefined;
    }
    if (onResponse(project, file, expr as Expr)) return 'any';
    const callee = expr.nodeType === 'Call' ? project.resolve(file, expr.func) : undefined;
    return callee?.kind === 'function' && isFunction(callee.def)
      ? heldIn(project, callee.file, callee.def, seen)
      : undefined;
  });
  const said = new Set(bounds.filter((each) => each !== 'any'));
  return said.size === 1 && !said.has(undefined) ? [...said][0] : undefined;
}

/** Reading a response's body: it has its connection already. */
function onResponse(project: PyProject, file: PyFile, expr: Expr): boolean {
  let at: Expr | undefined = expr;
  while (at?.nodeType === 'Call' || at?.nodeType === 'Attribute') {
    at = at.nodeType === 'Call' ? at.func : at.value;
    const kind = valueOf(project, file, at)?.kind;
    if (kind === 'aiohttp.ClientResponse' || kind === 'httpx.Response') return true;
  }
  return false;
}

/** Everything in a function that waits: awaits, and what `async with` and `async for` enter. */
function waitsIn(def: FunctionDef): (Expr & Node)[] {
  const found: Expr[] = [];
  walkOwn(def.body, (node) => {
    if (node.nodeType === 'Await') found.push(node);
    if (node.nodeType === 'AsyncWith') found.push(...node.items.map((item) => item.context_expr));
    if (node.nodeType === 'AsyncFor') found.push(node.iter);
  });
  return found;
}

const isSemaphoreItem = (project: PyProject, file: PyFile, expr: Expr): boolean =>
  valueOf(project, file, expr)?.kind === 'asyncio.Semaphore';

function semaphoreBound(project: PyProject, file: PyFile, expr: Expr): string | undefined {
  const made = valueOf(project, file, expr)?.made;
  const [first] = made?.call.args ?? [];
  const value = first ?? made?.call.keywords.find((each) => each.arg === 'value')?.value;
  if (!made || !value) return undefined;
  const isPlain = value.nodeType === 'Constant' || constantOf(made.file, value) !== undefined;
  return isPlain && made.file === file ? textOf(made.file, value) : undefined;
}

/** The bound of the semaphore that is held where something is waited for. */
function semaphoreAround(project: PyProject, file: PyFile, node: Node, def: FunctionDef): string | undefined {
  for (let at = parentOf(node); at && at !== def; at = parentOf(at))
    if (at.nodeType === 'AsyncWith')
      for (const item of at.items)
        if (item.context_expr !== node && isSemaphoreItem(project, file, item.context_expr))
          return semaphoreBound(project, file, item.context_expr);
  return undefined;
}

/** True when a function cannot fail: everything it does is in a `try` that takes every error and goes on. */
export function neverFails(file: PyFile, def: FunctionDef): boolean {
  const body = def.body.filter((stmt) => !(stmt.nodeType === 'Expr' && stmt.value.nodeType === 'Constant'));
  const main = body.filter((stmt) => !isHarmless(stmt));
  const [only] = main;
  if (main.length === 0) return true;
  if (
    main.length !== 1 ||
    only?.nodeType !== 'Try' ||
    only.finalbody.length > 0 ||
    only.orelse.some((each) => !isHarmless(each))
  )
    return false;
  const all = only.handlers.at(-1);
  const takesAll = all && (!all.type || /^(?:Exception|BaseException)$/.test(qualifiedOrName(file, all.type)));
  return Boolean(takesAll) && only.handlers.every((handler) => handler.body.every((stmt) => cannotRaise(stmt)));
}

const qualifiedOrName = (file: PyFile, expr: Expr): string => qualified(file, expr) ?? (isName(expr) ? expr.id : '');

/** A statement that only names or keeps something. */
function isHarmless(node: Node): boolean {
  let fine = true;
  walk(node, (each) => {
    if (
      /^(?:Call|Await|Subscript|BinOp|Attribute|Raise|For|While|With|AsyncWith|AsyncFor|Yield|YieldFrom|Assert|Import|ImportFrom|Delete)$/.test(
        each.nodeType,
      )
    )
      fine = false;
  });
  return fine;
}

/** `return None`, `print(…)`, logging and what is made of names and texts. */
function cannotRaise(node: Node): boolean {
  let fine = true;
  walk(node, (each) => {
    if (
      /^(?:Raise|Await|Subscript|BinOp|For|While|With|AsyncWith|AsyncFor|Yield|YieldFrom|Assert|Delete)$/.test(
        each.nodeType,
      )
    )
      fine = false;
    if (each.nodeType === 'Call' && !isReport(each)) fine = false;
  });
  return fine;
}

const isReport = ({ func }: Call): boolean =>
  (func.nodeType === 'Name' && /^(?:print|str|repr|type|len)$/.test(func.id)) ||
  (func.nodeType === 'Attribute' && /^(?:debug|info|warning|error|exception|critical|append|add)$/.test(func.attr));
