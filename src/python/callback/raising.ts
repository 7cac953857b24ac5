import { isName, qualified, type PyFile } from '../file.js';
import type { PyProject } from '../project.js';
import { isFunction, walk, type Expr, type FunctionDef, type Node, type Stmt } from '../tree.js';
import { valueOf } from '../values.js';

/** What a callback raises is logged and dropped; true when it looks at an error of the work instead of raising it, and raises none of its own. */
export function neverRaises(project: PyProject, file: PyFile, callback: Expr): boolean {
  if (callback.nodeType === 'Lambda') return asksFirst(callback);
  if (isPlainMethod(project, file, callback)) return true;
  const made = callback.nodeType === 'Call' ? callback : undefined;
  const isPartial = made && qualified(file, made.func) === 'functools.partial';
  const target = project.resolve(file, isPartial ? made.args[0] : (made?.func ?? callback));
  if (target?.kind !== 'function') return false;
  // `keep(url)` gives the callback: the function that it returns.
  const given = made && !isPartial ? returnedFunction(target.def) : target.def;
  if (!given) return false;
  if (given.nodeType === 'Lambda') return asksFirst(given);
  return given.body.every((stmt) => isGuarded(stmt)) || asksFirst(given);
}

/** `error = future.exception()` comes before every `result()`: what the work raised is looked at, not raised. */
function asksFirst(node: Node): boolean {
  let asked = Infinity;
  let read = Infinity;
  let raises = false;
  walk(node, (each) => {
    if (each.nodeType === 'Attribute' && each.attr === 'exception') asked = Math.min(asked, each.start);
    if (each.nodeType === 'Attribute' && each.attr === 'result') read = Math.min(read, each.start);
    if (each.nodeType === 'Raise') raises = true;
  });
  const inOne = node.nodeType !== 'Lambda' && asked < read;
  return !raises && (read === Infinity || inOne);
}

function isGuarded(stmt: Stmt): boolean {
  if (stmt.nodeType !== 'Try') return !readsResult(stmt);
  const all = stmt.handlers.at(-1);
  const takesAll = all && (!all.type || (isName(all.type) && /^(?:Base)?Exception$/.test(all.type.id)));
  const rest = [...stmt.handlers.flatMap((handler) => handler.body), ...stmt.orelse, ...stmt.finalbody];
  return Boolean(takesAll) && rest.every((each) => !readsResult(each));
}

/** `future.result()` raises what the work raised. */
function readsResult(node: Node): boolean {
  let reads = false;
  walk(node, (each) => {
    if (each.nodeType === 'Attribute' && each.attr === 'result') reads = true;
    if (each.nodeType === 'Raise') reads = true;
  });
  return reads;
}

/** `results.append`, `finished.put`, `seen.discard`: of something that is no instance of a class of the project. */
export function isPlainMethod(project: PyProject, file: PyFile, callback: Expr): boolean {
  if (callback.nodeType !== 'Attribute' || !/^(?:append|add|discard|put|extend|update|set)$/.test(callback.attr))
    return false;
  return valueOf(project, file, callback.value)?.cls === undefined;
}

export function returnedFunction(def: FunctionDef): FunctionDef | Extract<Expr, { nodeType: 'Lambda' }> | undefined {
  const last = def.body.at(-1);
  if (last?.nodeType !== 'Return') return undefined;
  if (last.value?.nodeType === 'Lambda') return last.value;
  if (!isName(last.value)) return undefined;
  const { id } = last.value;
  return def.body.find((each): each is FunctionDef => isFunction(each) && each.name === id);
}
