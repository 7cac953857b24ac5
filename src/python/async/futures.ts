import { qualified, type PyFile } from '../file.js';
import { kindOf, shapeOf, type Shape } from '../shapes.js';
import { parentOf, statementOf, type Call, type Expr, type Name, type Node } from '../tree.js';
import { refuse, type Unit } from '../unit.js';
import { bracketed, consume } from './consumers.js';
import { noAwaitHere, wrapAwait } from './coroutine.js';
import type { Converter, Region } from './from-pool.js';
import { AS_COMPLETED, ERROR_OF } from './helpers.js';
import { inside, needsParens } from './places.js';

/* Futures become tasks. */

/** `future.result()`, `as_completed(futures)`, `wait(futures)`; true when the call was one of them. */
export function futureCall(c: Converter, unit: Unit, call: Call): boolean {
  const name = qualified(unit.file, call.func);
  if (name === 'concurrent.futures.as_completed') asCompleted(c, unit, call);
  else if (name === 'concurrent.futures.wait') wait(c, unit, call);
  else if (call.func.nodeType !== 'Attribute' || kindOf(c.project, unit.file, call.func.value) !== 'Future')
    return false;
  else futureMethod(c, unit, call, call.func.attr, call.func.value);
  return true;
}

function futureMethod(c: Converter, unit: Unit, call: Call, method: string, future: Expr): void {
  if (/^(?:done|cancelled)$/.test(method)) return;
  if (method === 'cancel') return refuse(unit, 'cancellation', call);
  if (method === 'result') return result(c, unit, call, future);
  if (method !== 'exception' || call.args.length + call.keywords.length > 0)
    return refuse(unit, 'pool-option', call, method);
  if (isDone(unit.file, future) || noAwaitHere(unit, makeList(c, unit, call))) return;
  const [open, close] = needsParens(call) ? ['(', ')'] : ['', ''];
  unit.rewrite.replace(call, `${open}await ${c.units.helper(unit, 'error_of', ERROR_OF)}(`, future, `)${close}`);
}

/** `future.result()` → `await future`; with a time limit the task goes on when that is over. */
function result(c: Converter, unit: Unit, call: Call, future: Expr): void {
  if (noAwaitHere(unit, makeList(c, unit, call))) return;
  const [open, close] = needsParens(call) ? ['(', ')'] : ['', ''];
  const [timeout, ...more] = [...call.args, ...call.keywords.map(({ value }) => value)];
  if (more.length > 0) return refuse(unit, 'pool-option', call, 'result');
  if (!timeout) return unit.rewrite.replace(call, `${open}await `, future, close);
  const asyncio = c.units.need(unit, 'asyncio');
  unit.rewrite.replace(
    call,
    `${open}await ${asyncio}.wait_for(${asyncio}.shield(`,
    future,
    `), `,
    timeout,
    `)${close}`,
  );
}

/** `sum(f.result() for f in futures)`: what takes everything at once is given a list. */
function makeList(c: Converter, unit: Unit, call: Call): Node {
  for (let at: Node = call, parent = parentOf(at); parent; at = parent, parent = parentOf(at)) {
    if (parent.nodeType === 'GeneratorExp' && parent.generators[0] !== at && takesAll(unit, parent)) {
      if (!c.listed.has(parent)) bracketed(unit, parent);
      c.listed.add(parent);
      return parent;
    }
    if (parent.nodeType === 'Lambda' || /^(?:Expr|Assign|Return|For|If)$/.test(parent.nodeType)) break;
  }
  return call;
}

const takesAll = (unit: Unit, generator: Expr): boolean => {
  const outer = parentOf(generator);
  if (outer?.nodeType !== 'Call' || outer.args[0] !== generator) return false;
  const name =
    outer.func.nodeType === 'Name' ? outer.func.id : outer.func.nodeType === 'Attribute' ? outer.func.attr : '';
  const isOurs = outer.func.nodeType === 'Name' && unit.file.scopes.bindingOf(outer.func) !== undefined;
  return !isOurs && /^(?:sum|list|tuple|set|sorted|max|min|dict|join|extend|update)$/.test(name);
};

/** `for future in as_completed(futures)`: it is done. */
function isDone(file: PyFile, future: Expr): boolean {
  const [site, ...more] = (future.nodeType === 'Name' && file.scopes.bindingOf(future)?.sites) || [];
  if (!site || more.length > 0) return false;
  for (let at: Node | undefined = site; at; at = parentOf(at)) {
    if (at.nodeType !== 'For' && at.nodeType !== 'Comprehension') continue;
    return /as_completed/.test(file.text.slice(at.iter.start, at.iter.end)) || isWaitedFor(file, at.iter);
  }
  return false;
}

/** `done, rest = wait(futures)` */
function isWaitedFor(file: PyFile, list: Expr): boolean {
  if (list.nodeType !== 'Name') return false;
  const sites = file.scopes.bindingOf(list)?.sites ?? [];
  return (
    sites.length > 0 &&
    sites.every((site) => {
      const pair = parentOf(site);
      const stmt = pair && parentOf(pair);
      return (
        pair?.nodeType === 'Tuple' &&
        pair.elts[0] === site &&
        stmt?.nodeType === 'Assign' &&
        stmt.value.nodeType === 'Call' &&
        qualified(file, stmt.value.func) === 'concurrent.futures.wait'
      );
    })
  );
}

function asCompleted(c: Converter, unit: Unit, call: Call): void {
  if (call.args.length !== 1 || call.keywords.length > 0) return refuse(unit, 'pool-option', call, 'timeout');
  unit.rewrite.replace(call.func, c.units.helper(unit, 'as_completed', AS_COMPLETED));
  c.units.need(unit, 'asyncio');
  consume(c, unit, call);
}

function wait(c: Converter, unit: Unit, call: Call): void {
  const outer = parentOf(call)!;
  const [futures] = call.args;
  if (!futures || call.args.length > 1) return refuse(unit, 'pool-option', call, 'wait');
  if (outer.nodeType === 'Expr' && call.keywords.length === 0) {
    const gather = c.units.need(unit, 'asyncio', 'gather');
    return unit.rewrite.replace(call, `await ${gather}(*`, futures, ', return_exceptions=True)');
  }
  const isPair =
    outer.nodeType === 'Expr' ||
    (outer.nodeType === 'Assign' && outer.targets.every((each) => each.nodeType === 'Tuple' && each.elts.length === 2));
  const isName = futures.nodeType === 'Name';
  if (!isPair || !isName) return refuse(unit, 'pool-option', call, 'wait');
  unit.rewrite.replace(call.func, c.units.need(unit, 'asyncio', 'wait'));
  wrapAwait(unit, call);
  // Of nothing asyncio waits for no one, and says that it is an error.
  if (isTested(call, futures)) return;
  unit.rewrite.insert(call.end, ` if ${futures.id} else (set(), set())`);
}

/** `while waiting: done, waiting = wait(waiting)` */
function isTested(call: Call, futures: Name): boolean {
  for (let at: Node | undefined = call; at; at = parentOf(at))
    if ((at.nodeType === 'While' || at.nodeType === 'If') && at.test.nodeType === 'Name' && at.test.id === futures.id)
      return true;
  return false;
}

/** The last statement that looks at futures, or results, of a region: they are kept in variables of the module. */
export function lastLook(c: Converter, region: Region): Node | undefined {
  const { file, stmt } = region;
  let last: Node | undefined;
  for (const use of c.usesOf(region)) {
    const target = statementOf(use);
    const names = target.nodeType === 'Assign' ? target.targets : [];
    for (const name of names)
      for (const each of (name.nodeType === 'Name' && file.scopes.bindingOf(name)?.uses) || [])
        if (!inside(each, stmt) && each.start > (last?.start ?? 0) && holdsTasks(c, file, each)) last = each;
  }
  return last;
}

/** A future, a collection of futures, or results that have not come yet. */
export function holdsTasks(c: Converter, file: PyFile, expr: Expr): boolean {
  return isTasks(shapeOf(c.project, file, expr));
}

function isTasks(shape: Shape | undefined): boolean {
  if (shape?.is === 'value') return /^Futures?(?:\.map)?$/.test(shape.value.kind);
  if (shape?.is === 'list') return isTasks(shape.of);
  if (shape?.is === 'dict') return isTasks(shape.key) || isTasks(shape.value);
  return shape?.is === 'tuple' && shape.items.some(isTasks);
}
