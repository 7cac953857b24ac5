import { requestVerb } from '../http/from-requests.js';
import { isName, qualified, type PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import { kindOf } from '../shapes.js';
import { parentOf, walk, type Call, type Expr, type Node } from '../tree.js';
import type { Converter } from './from-pool.js';

/* What is handed to a pool or a thread, and what becomes of it. */

export type Worker =
  /** A function of the project that waits: it becomes a coroutine. */
  | { readonly is: 'coroutine'; readonly fn: PyFunction }
  | { readonly is: 'sleep' }
  /** `requests.get`, `session.get` themselves. */
  | { readonly is: 'request'; readonly verb: string; readonly session?: Expr }
  /** It has no form that is awaited, and stays in a thread. */
  | { readonly is: 'thread' };

const THREAD: Worker = { is: 'thread' };

/** What a pool is given to run, as an expression. */
export function workerOf(c: Converter, file: PyFile, worker: Expr | undefined, depth = 0): Worker {
  if (!worker || depth > 4) return THREAD;
  if (worker.nodeType === 'Lambda') return lambdaWorker(c, file, worker.body);
  if (qualified(file, worker) === 'time.sleep') return { is: 'sleep' };
  const target = c.project.resolve(file, worker);
  if (target?.kind === 'function') return c.waiting.waits(target) ? { is: 'coroutine', fn: target } : THREAD;
  const verb = verbNamed(file, worker);
  if (verb) return { is: 'request', verb };
  const own = c.sessions.verb(file, worker);
  if (own && worker.nodeType === 'Attribute') return { is: 'request', verb: own, session: worker.value };
  const partial = partialOf(file, worker);
  const inner = partial && workerOf(c, file, partial.args[0], depth + 1);
  return inner?.is === 'coroutine' ? inner : THREAD;
}

/** `lambda url: load(url, 3)`: what it calls is awaited by the pool. */
function lambdaWorker(c: Converter, file: PyFile, body: Expr): Worker {
  if (body.nodeType !== 'Call') return THREAD;
  const worker = workerOf(c, file, body.func, 1);
  return worker.is === 'coroutine' || worker.is === 'sleep' ? worker : THREAD;
}

/** `requests.get` as a value. */
function verbNamed(file: PyFile, worker: Expr): string | undefined {
  return requestVerb(file, { nodeType: 'Call', func: worker, args: [], keywords: [], start: 0, end: 0 } as Call);
}

/** `partial(load, base=…)`, or a name that stands for one. */
export function partialOf(file: PyFile, worker: Expr): Call | undefined {
  if (worker.nodeType === 'Call') return qualified(file, worker.func) === 'functools.partial' ? worker : undefined;
  const [site, ...more] = (isName(worker) && file.scopes.bindingOf(worker)?.sites) || [];
  const stmt = site && parentOf(site);
  return more.length === 0 && stmt?.nodeType === 'Assign' ? partialOf(file, stmt.value) : undefined;
}

/** Sessions with adapters of their own, and classes, are left alone: what they ask for is not seen. */
export function barredFromThreads(
  project: PyProject,
  file: PyFile,
  worker: Expr,
): { readonly code: string; readonly at: Node } | undefined {
  if (project.resolve(file, worker)?.kind === 'class') return { code: 'unknown-callee', at: worker };
  let mounted: Node | undefined;
  walk(file.module, (node) => {
    const isMount = node.nodeType === 'Call' && node.func.nodeType === 'Attribute' && node.func.attr === 'mount';
    if (isMount && kindOf(project, file, node.func.value) === 'requests.Session') mounted ??= node;
  });
  return mounted && { code: 'http-option', at: mounted };
}
