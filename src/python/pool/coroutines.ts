import type { PyFunction, PyProject } from '../project.js';
import { walkOwn, type Expr } from '../tree.js';

/* What makes a coroutine. */

/** An async function, or one that returns the coroutine of another and does nothing else with it. */
export function makesCoroutine(project: PyProject, fn: PyFunction, seen = new Set<PyFunction>()): boolean {
  if (fn.def.nodeType === 'AsyncFunctionDef') return !isAsyncGenerator(fn);
  if (seen.has(fn)) return false;
  seen.add(fn);
  const returns: Expr[] = [];
  walkOwn(fn.def.body, (node) => {
    if (node.nodeType === 'Return' && node.value) returns.push(node.value);
  });
  return (
    returns.length > 0 &&
    returns.every((value) => {
      const target = value.nodeType === 'Call' ? project.resolve(fn.file, value.func) : undefined;
      return target?.kind === 'function' && makesCoroutine(project, target, seen);
    })
  );
}

export function isAsyncGenerator(fn: PyFunction): boolean {
  let yields = false;
  walkOwn(fn.def.body, (node) => {
    if (node.nodeType === 'Yield') yields = true;
  });
  return yields && fn.def.nodeType === 'AsyncFunctionDef';
}
