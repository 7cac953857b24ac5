import { isBuiltin, qualified, type PyFile } from '../file.js';
import { valueIn } from '../shapes.js';
import { parentOf, type Expr, type Name, type Node } from '../tree.js';
import { refuse, type Unit } from '../unit.js';
import { noAwaitHere } from './coroutine.js';
import type { Converter } from './from-pool.js';
import { ENUMERATE, ZIP } from './helpers.js';

/* Results that come one by one are iterated over with `async for`: what takes them says how. */

/** These take everything before they do anything that can be seen. */
const EAGER = ['list', 'tuple', 'set', 'frozenset', 'sorted', 'sum', 'max', 'min', 'dict', 'len'];

/** Converts what iterates over an asynchronous iterable; `as` writes that, when it is not the expression as it stands. */
export function consume(c: Converter, unit: Unit, results: Expr): void {
  const { file } = unit;
  const outer = parentOf(results)!;
  if (outer.nodeType === 'Expr') return; // nobody looks at them
  if (outer.nodeType === 'For' && outer.iter === results) return unit.rewrite.insert(outer.start, 'async ');
  if (outer.nodeType === 'Comprehension' && outer.iter === results) return comprehension(unit, results, outer);
  if (outer.nodeType === 'Assign' && outer.targets.length === 1 && outer.targets[0]!.nodeType === 'Name')
    return named(c, unit, results, outer.targets[0]);
  // `a, b = results`, `[*results]` take everything.
  const isUnpacked = outer.nodeType === 'Assign' && outer.targets.every((each) => each.nodeType === 'Tuple');
  if (isUnpacked || outer.nodeType === 'Starred') return listed(unit, results);
  if (outer.nodeType !== 'Call' || !outer.args.includes(results)) return refuse(unit, 'lazy-results', results);
  if (isBuiltin(file, outer.func, 'list') && outer.args.length === 1) {
    if (noAwaitHere(unit, outer)) return;
    return unit.rewrite.replace(outer, '[result async for result in ', results, ']');
  }
  if (isBuiltin(file, outer.func, 'enumerate')) {
    unit.rewrite.replace(outer.func, c.units.helper(unit, 'enumerate', ENUMERATE));
    return consume(c, unit, outer);
  }
  if (isBuiltin(file, outer.func, 'zip') && outer.keywords.length === 0) {
    // What `list` or `dict` makes of it takes everything at once.
    if (isEager(file, parentOf(outer)!, outer)) return listed(unit, results);
    const [first, ...more] = outer.args.filter((arg) => isAsynchronous(c, file, arg));
    if (first === results) unit.rewrite.replace(outer.func, c.units.helper(unit, 'zip', ZIP));
    if (more.length > 0 && first !== results) return; // the first one has done it
    return consume(c, unit, outer);
  }
  if (isEager(file, outer, results)) return listed(unit, results);
  refuse(unit, 'lazy-results', results);
}

const isAsynchronous = (c: Converter, file: PyFile, expr: Expr): boolean =>
  valueIn(c.project, file, expr)?.kind === 'Futures.map' ||
  (expr.nodeType === 'Call' && qualified(file, expr.func) === 'concurrent.futures.as_completed');

function isEager(file: PyFile, outer: Node, results: Expr): boolean {
  if (outer.nodeType !== 'Call' || outer.args[0] !== results) return false;
  if (EAGER.some((name) => isBuiltin(file, outer.func, name))) return true;
  const method = outer.func.nodeType === 'Attribute' ? outer.func.attr : '';
  return /^(?:extend|join|update)$/.test(method);
}

function listed(unit: Unit, results: Expr): void {
  if (noAwaitHere(unit, results)) return;
  unit.rewrite.replace(results, '[result async for result in ', results, ']');
}

/** `[… for x in results]`; in a generator only what takes everything at once can be given a list. */
function comprehension(unit: Unit, results: Expr, generator: Extract<Node, { nodeType: 'Comprehension' }>): void {
  const whole = parentOf(generator)!;
  const at = /for\s+\(?\s*$/.exec(unit.file.text.slice(0, generator.target.start))!;
  if (whole.nodeType === 'GeneratorExp') {
    const outer = parentOf(whole)!;
    if (!isEager(unit.file, outer, whole)) return refuse(unit, 'lazy-results', results);
    bracketed(unit, whole);
  }
  if (noAwaitHere(unit, whole as Expr)) return;
  unit.rewrite.insert(at.index, 'async ');
}

/** `sum(x for x in xs)` → `sum([x for x in xs])` */
export function bracketed(unit: Unit, generator: Node): void {
  const { text } = unit.file;
  const own = text[generator.start] === '(' && text[generator.end - 1] === ')';
  if (own) {
    const isOnly = text.slice(0, generator.start).trimEnd().endsWith('(') === false;
    unit.rewrite.replace({ start: generator.start, end: generator.start + 1 }, isOnly ? '([' : '[');
    unit.rewrite.replace({ start: generator.end - 1, end: generator.end }, isOnly ? '])' : ']');
    return;
  }
  unit.rewrite.insert(generator.start, '[');
  unit.rewrite.insert(generator.end, ']');
}

/** `results = executor.map(f, xs)`: what takes it by that name. */
function named(c: Converter, unit: Unit, results: Expr, name: Name): void {
  const binding = unit.file.scopes.bindingOf(name);
  if (!binding || binding.sites.length > 1) return refuse(unit, 'lazy-results', results);
  for (const use of binding.uses) {
    if (!c.isConverted(unit.file, use)) return refuse(unit, 'lazy-results', results);
    consume(c, c.units.around(unit.file, use), use);
  }
}
