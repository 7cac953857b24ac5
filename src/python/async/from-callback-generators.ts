import { isName, qualified, type PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import {
  functionAround,
  isFunction,
  parentOf,
  walkOwn,
  type Call,
  type Expr,
  type Node,
  type Stmt,
  type Yield,
} from '../tree.js';
import { link, refuse, touch, type Unit, type Units } from '../unit.js';
import { awaitable, handsOn, type Coroutines } from './from-callback-awaitables.js';
import { chainIn, headOfChain, writeChain } from './from-callback-deferreds.js';
import { enterLoops } from './from-callback-entries.js';

/**
 * Generators that Twisted (`inlineCallbacks`) or Tornado (`gen.coroutine`) drives become coroutines of asyncio: `yield` is `await`, the loop of the
 * library is `asyncio.run`. What is waited for in another way is refused.
 */
export function generatorsToAsync(project: PyProject, units: Units, inThreads: Coroutines['inThreads']): void {
  const functions = new Set<PyFunction>();
  const c: Coroutines = {
    project,
    units,
    functions,
    awaited: new Set(),
    plain: new Set(),
    inThreads,
    busy: { isMore: false },
  };
  for (const fn of project.functions) if (drivenBy(fn.file, fn)) functions.add(fn);
  const chains = project.files.flatMap((file) => chainIn(file) ?? []);
  const heads = new Set(chains.map((chain) => headOfChain(c, chain)));
  const handing = functionsThatHandOn(c, functions, heads);
  if (functions.size === 0 && chains.length === 0) return;
  for (const fn of functions) {
    if (handing.has(fn)) convertHanding(c, fn);
    else convert(c, fn);
  }
  for (const chain of chains) writeChain(c, chain);
  for (const file of project.files) if (!chains.some((chain) => chain.file === file)) enterLoops(c, file);
  for (const fn of functions) for (const use of project.usesOf(fn)) checkUse(c, fn, use);
}

const DRIVERS = /^(?:twisted\.internet\.defer\.inlineCallbacks|tornado\.gen\.coroutine)$/;

function drivenBy(file: PyFile, { def }: PyFunction): Expr | undefined {
  return def.decorator_list.find((each) => DRIVERS.test(qualified(file, each) ?? ''));
}

/** Functions around that return what such a call gives become coroutines with them. */
function functionsThatHandOn(
  c: Coroutines,
  functions: Set<PyFunction>,
  heads: ReadonlySet<PyFunction | undefined>,
): Set<PyFunction> {
  const handing = new Set<PyFunction>();
  for (let before = -1; before !== functions.size;) {
    before = functions.size;
    for (const fn of c.project.functions) {
      if (functions.has(fn) || isFramework(c, fn) || !(heads.has(fn) || isAsked(c, functions, fn))) continue;
      if (!handsOn(c, c.units.of(fn), fn)) continue;
      functions.add(fn);
      handing.add(fn);
    }
  }
  return handing;
}

/** Somebody who becomes a coroutine waits for it. */
function isAsked({ project }: Coroutines, functions: ReadonlySet<PyFunction>, fn: PyFunction): boolean {
  return project.usesOf(fn).some(({ at }) => {
    const def = functionAround(at);
    return def !== undefined && functions.has(project.functionOf(def));
  });
}

const isFramework = ({ project }: Coroutines, fn: PyFunction): boolean => project.usesOf(fn).length === 0;

// ---- functions ----

function convert(c: Coroutines, fn: PyFunction): void {
  const { def, file } = fn;
  const unit = c.units.of(fn);
  touch(unit, def);
  const driver = drivenBy(file, fn)!;
  for (const other of def.decorator_list)
    if (other !== driver && !/^(?:staticmethod|classmethod)$/.test(isName(other) ? other.id : ''))
      refuse(unit, 'decorated', other, qualified(file, other) ?? file.text.slice(other.start, other.end));
  if (/^__\w+__$/.test(fn.name)) refuse(unit, 'no-async-here', headOf(file, def), fn.name);
  if (c.project.isNamedOutside(fn)) refuse(unit, 'exported-callers-unknown', headOf(file, def), fn.name);
  for (const relative of c.project.family(fn)) {
    if (c.functions.has(relative)) link(unit, c.units.of(relative));
    else refuse(unit, 'caller-not-convertible', headOf(file, def), fn.name);
  }
  const line = unit.rewrite.lineOf(driver.start);
  unit.rewrite.remove({ start: line.start, end: line.end });
  const head = /(?:^|\n)[ \t]*def\b/.exec(file.text.slice(Math.max(line.end - 1, 0)))!;
  unit.rewrite.insert(Math.max(line.end - 1, 0) + head.index + head[0].length - 3, 'async ');
  walkOwn(def.body, (node) => void own(c, unit, node));
}

function own(c: Coroutines, unit: Unit, node: Node): void {
  if (node.nodeType === 'Yield') return wait(c, unit, node);
  if (node.nodeType === 'YieldFrom') return refuse(unit, 'generator', node, unit.fn!.name);
  if (node.nodeType === 'Raise' && node.exc?.nodeType === 'Call' && isReturn(unit.file, node.exc))
    return returns(unit, node, node.exc);
  if (node.nodeType === 'Expr' && node.value.nodeType === 'Call' && isReturnValue(unit.file, node.value))
    returns(unit, node, node.value);
}

const isReturn = (file: PyFile, call: Call): boolean => qualified(file, call.func) === 'tornado.gen.Return';
const isReturnValue = (file: PyFile, call: Call): boolean =>
  qualified(file, call.func) === 'twisted.internet.defer.returnValue';

/** `yield x` → `await x`, where x is known to be waited for. */
function wait(c: Coroutines, unit: Unit, node: Yield): void {
  const { value } = node;
  const pieces = value && awaitable(c, unit, value);
  if (!value || !pieces) return refuse(unit, 'unknown-callee', value ?? node);
  const target = value.nodeType === 'Call' ? c.project.resolve(unit.file, value.func) : undefined;
  if (target?.kind === 'function') link(unit, c.units.of(target));
  const alone = pieces.length === 1 && pieces[0] === value;
  if (alone) unit.rewrite.replace({ start: node.start, end: value.start }, 'await ');
  else unit.rewrite.replace(node, c.plain.has(value) ? '' : 'await ', ...pieces);
}

/** `raise gen.Return(x)` is an exception, which a handler around it would see. */
function returns(unit: Unit, stmt: Stmt, call: Call): void {
  for (let at: Node | undefined = stmt; at && !isFunction(at); at = parentOf(at)) {
    const parent: Node | undefined = parentOf(at);
    const isTried = parent?.nodeType === 'Try' && parent.body.includes(at as Stmt) && parent.handlers.length > 0;
    if (isTried && stmt.nodeType === 'Raise') return refuse(unit, 'early-return', stmt);
  }
  const [value] = call.args;
  unit.rewrite.replace(stmt, ...(value ? ['return ', value] : ['return']));
}

/** `def fetch(url): return deferToThread(get, url)` → `async def …: return await …`. */
function convertHanding(c: Coroutines, fn: PyFunction): void {
  const unit = c.units.of(fn);
  touch(unit, fn.def);
  if (fn.def.decorator_list.length > 0) refuse(unit, 'decorated', fn.def.decorator_list[0]!);
  if (c.project.isNamedOutside(fn)) refuse(unit, 'exported-callers-unknown', headOf(fn.file, fn.def), fn.name);
  unit.rewrite.insert(fn.def.start, 'async ');
  for (const { value } of handsOn(c, unit, fn) ?? []) {
    const pieces = awaitable(c, unit, value!);
    const target = value!.nodeType === 'Call' ? c.project.resolve(unit.file, value!.func) : undefined;
    if (target?.kind === 'function') link(unit, c.units.of(target));
    if (pieces) unit.rewrite.replace(value!, c.plain.has(value!) ? '' : 'await ', ...pieces);
    else refuse(unit, 'unknown-callee', value!);
  }
}

function headOf(file: PyFile, def: Node): { start: number; end: number } {
  const end = file.text.indexOf('\n', def.start);
  return { start: def.start, end: end < 0 ? file.text.length : end };
}

// ---- callers ----

/** Every place that names one of the functions waits for it: a coroutine that nobody awaits would never run. */
function checkUse(
  c: Coroutines,
  fn: PyFunction,
  use: { readonly file: PyFile; readonly at: Expr; readonly call?: Call },
): void {
  const unit = c.units.around(use.file, use.at);
  link(unit, c.units.of(fn));
  if (c.awaited.has(use.at)) return;
  if (use.call && parentOf(use.call)?.nodeType === 'Expr' && isInCoroutine(c, use.call)) {
    // Started, and forgotten.
    const ensure = c.units.need(unit, 'asyncio', 'ensure_future');
    return unit.rewrite.replace(use.call, `${ensure}(`, use.call, ')');
  }
  refuse(unit, use.call ? 'coroutine-value' : 'function-value', use.at, fn.name);
}

function isInCoroutine(c: Coroutines, node: Node): boolean {
  const def = functionAround(node);
  return def !== undefined && c.functions.has(c.project.functionOf(def));
}
