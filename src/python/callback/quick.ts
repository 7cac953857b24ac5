import { BLOCKS, PER_THREAD } from '../async/places.js';
import { requestVerb } from '../http/from-requests.js';
import { isBuiltin, isName, qualified, type PyFile } from '../file.js';
import type { PyProject } from '../project.js';
import { isFunction, walk, type Call, type FunctionDef, type Node } from '../tree.js';
import { valueOf } from '../values.js';

/** What may take time in a piece of code: a wait for the network, for a clock, for another thread, or a loop that may be one. */
export function slowPart(project: PyProject, file: PyFile, node: Node, seen: Seen = new Set()): Node | undefined {
  let found: Node | undefined;
  if (isFunction(node)) return undefined;
  walk(node, (each) => {
    if (found) return false;
    if (each !== node && (isFunction(each) || each.nodeType === 'Lambda')) return false;
    if (/^(?:While|Yield|YieldFrom|Await)$/.test(each.nodeType)) found = each;
    if (each.nodeType === 'Call' && isSlow(project, file, each, seen)) found = each;
    return !found;
  });
  return found;
}

/** Functions that have been looked into; a wait for the outcome of a parameter is none where all that is handed over is done. */
type Seen = Set<FunctionDef> & { outcomesAreThere?: boolean };

/** As `slowPart`, of what is called with futures that are done. */
export function slowInCallback(project: PyProject, file: PyFile, body: Node): Node | undefined {
  const seen: Seen = new Set();
  seen.outcomesAreThere = true;
  return slowPart(project, file, body, seen);
}

/** As `slowPart`, of what a function does when it is called. */
function slowPartOf(project: PyProject, file: PyFile, def: FunctionDef, seen: Seen): Node | undefined {
  if (seen.has(def)) return undefined;
  seen.add(def);
  for (const stmt of def.body) {
    const found = slowPart(project, file, stmt, seen);
    if (found) return found;
  }
  return undefined;
}

function isSlow(project: PyProject, file: PyFile, call: Call, seen: Seen): boolean {
  if (seen.outcomesAreThere && isOutcome(file, call)) return false;
  if (requestVerb(file, call) || waitsOn(project, file, call)) return true;
  const name = qualified(file, call.func);
  if (name && (BLOCKS.test(name) || /^(?:time\.sleep|concurrent\.futures\.(?:wait|as_completed))$/.test(name)))
    return true;
  if (isBuiltin(file, call.func, 'input')) return true;
  const target = project.resolve(file, call.func);
  return target?.kind === 'function' && slowPartOf(project, target.file, target.def, seen) !== undefined;
}

/** `future.result()` of a parameter. */
function isOutcome(file: PyFile, { func }: Call): boolean {
  if (func.nodeType !== 'Attribute' || !/^(?:result|exception)$/.test(func.attr) || !isName(func.value)) return false;
  return file.scopes.bindingOf(func.value)?.kinds.has('parameter') === true;
}

/** Methods that wait, by their name and by what they are given: `", ".join(words)` does not. */
function waitsOn(project: PyProject, file: PyFile, call: Call): boolean {
  if (call.func.nodeType !== 'Attribute') return false;
  const { attr, value } = call.func;
  const kind = valueOf(project, file, value)?.kind;
  if (attr === 'acquire') return !/^threading\.R?Lock$/.test(kind ?? '');
  if (/^(?:wait|wait_for|recv|accept|communicate|shutdown|terminate)$/.test(attr)) return true;
  if (kind === 'queue.Queue') return /^(?:get|put|join)$/.test(attr);
  if (/^(?:requests\.Session|httpx\.Client)$/.test(kind ?? ''))
    return /^(?:get|post|put|patch|delete|head|options|request|send|stream)$/.test(attr);
  return /^(?:join|get|result|exception)$/.test(attr) && call.args.length === 0;
}

/** What a callback must not do when another thread is to call it: ask which thread it is in, or end it. */
export function tiedToThread(file: PyFile, node: Node): Node | undefined {
  let found: Node | undefined;
  walk(node, (each) => {
    const name = each.nodeType === 'Call' ? (qualified(file, each.func) ?? '') : '';
    if (PER_THREAD.test(name) || /^(?:sys\.exit|os\._exit|_thread\.exit)$/.test(name)) found ??= each;
    return !found;
  });
  return found;
}
