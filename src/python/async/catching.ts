import { requestVerb, exceptionNames } from '../http/from-requests.js';
import { qualified, type PyFile } from '../file.js';
import type { PyFunction } from '../project.js';
import { functionAround, parentOf, walk, type Attribute, type ExceptHandler, type Node } from '../tree.js';
import { link, refuse, touch } from '../unit.js';
import type { Converter } from './from-pool.js';
import { handler } from './requests.js';
import { ownNodes } from './waits.js';

/**
 * Code that is not converted itself may catch what converted code raises: its handlers must name the new errors. Where it also makes requests of its
 * own, both would have to be named, and it is refused.
 */
export function catchElsewhere(c: Converter): void {
  for (const file of c.project.files)
    walk(file.module, (node) => {
      if (node.nodeType === 'ExceptHandler' && names(file, node) && !isConverted(c, node)) convert(c, file, node);
    });
}

function names(file: PyFile, { type }: ExceptHandler): boolean {
  const types = type?.nodeType === 'Tuple' ? type.elts : type ? [type] : [];
  return types.some((each) => exceptionNames(qualified(file, each)));
}

/** In a coroutine, or in a region of the module: converted with it. */
function isConverted(c: Converter, node: Node): boolean {
  const def = functionAround(node);
  if (def) return c.coroutines.has(c.project.functionOf(def));
  return c.regions.some(({ stmt }) => stmt.start <= node.start && node.end <= stmt.end);
}

function convert(c: Converter, file: PyFile, node: ExceptHandler): void {
  const guarded = parentOf(node);
  if (guarded?.nodeType !== 'Try') return;
  const reached = reachedFrom(c, file, guarded.body);
  const asksTask = c.regions.some((each) => each.file === file) && guarded.body.some(asksForResult);
  const region = c.regions.find(({ stmt }) => guarded.start <= stmt.start && stmt.end <= guarded.end);
  if (reached.coroutines.length === 0 && !region && !asksTask) return;
  const unit = c.units.around(file, node);
  for (const fn of reached.coroutines) link(unit, c.units.of(fn));
  if (region) link(unit, region.unit);
  if (asksTask) for (const each of c.regions) link(unit, each.unit);
  touch(unit, node);
  if (reached.requests) return refuse(unit, 'mixed-style', node);
  handler(c, unit, node);
}

/** `future.result()` raises what the task died of, whoever is handed it. */
function asksForResult(stmt: Node): boolean {
  let found = false;
  walk(stmt, (node) => {
    const isCall = node.nodeType === 'Call' && node.func.nodeType === 'Attribute';
    if (isCall && /^(?:result|exception)$/.test((node.func as Attribute).attr)) found = true;
    return !found;
  });
  return found;
}

/** Coroutines that a block calls in the end, and whether it makes requests that stay what they are. */
function reachedFrom(
  c: Converter,
  file: PyFile,
  body: readonly Node[],
): { coroutines: PyFunction[]; requests: boolean } {
  const coroutines: PyFunction[] = [];
  let requests = false;
  const seen = new Set<PyFunction>();
  const look = (from: PyFile, nodes: readonly Node[]): void => {
    for (const node of ownNodes(nodes)) {
      if (node.nodeType !== 'Call') continue;
      if (requestVerb(from, node) && !isConverted(c, node)) requests = true;
      const target = c.project.resolve(from, node.func);
      if (target?.kind !== 'function' || seen.has(target)) continue;
      seen.add(target);
      if (c.coroutines.has(target)) coroutines.push(target);
      else look(target.file, target.def.body);
    }
  };
  look(file, body);
  return { coroutines, requests };
}
