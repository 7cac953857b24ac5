import { requestVerb } from '../http/from-requests.js';
import { qualified, type PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import { isFunction, walk, type Call, type Node, type With } from '../tree.js';
import { kindOf } from '../shapes.js';
import type { Converter } from './from-pool.js';
import { primitiveWait } from './primitives.js';
import { threadPoolSite } from './thread-pools.js';
import { threadMethod } from './threads.js';
import { valueOf } from '../values.js';

/** The thread pool that a `with` statement opens. */
export interface PoolWith {
  readonly file: PyFile;
  readonly stmt: With;
  readonly call: Call;
}

/** `with ThreadPoolExecutor(…) as executor:` */
export function poolOf(project: PyProject, file: PyFile, node: Node): PoolWith | undefined {
  if (node.nodeType !== 'With') return undefined;
  const item = node.items.find((each) => valueOf(project, file, each.context_expr)?.kind === 'ThreadPoolExecutor');
  return item?.context_expr.nodeType === 'Call' ? { file, stmt: node, call: item.context_expr } : undefined;
}

/** What blocks in a function: directly, or in a function of the project that it calls. */
export class Waiting {
  private readonly known = new Map<PyFunction, boolean>();

  constructor(private readonly c: Converter) {}

  private get project(): PyProject {
    return this.c.project;
  }

  /** A call that waits: for the network, for time, or for a function that does. */
  isWait(file: PyFile, call: Call): boolean {
    if (requestVerb(file, call) || qualified(file, call.func) === 'time.sleep') return true;
    if (this.c.sessions.verbOf(file, call) || waitsForFuture(this.project, file, call)) return true;
    if (waitsForThread(this.c, file, call)) return true;
    const target = this.project.resolve(file, call.func);
    return target?.kind === 'function' && this.waits(target);
  }

  /** True when calling the function blocks. */
  waits(fn: PyFunction): boolean {
    const known = this.known.get(fn);
    if (known !== undefined) return known;
    this.known.set(fn, false); // recursion: what the rest of it does decides
    let waits = false;
    for (const node of ownNodes(fn.def.body)) {
      if (node.nodeType === 'Call' && this.isWait(fn.file, node)) waits = true;
      if (poolOf(this.project, fn.file, node) || this.entersSemaphore(fn.file, node)) waits = true;
    }
    this.known.set(fn, waits);
    return waits;
  }

  private entersSemaphore(file: PyFile, node: Node): boolean {
    return (
      node.nodeType === 'With' &&
      node.items.some((item) => kindOf(this.project, file, item.context_expr) === 'threading.Semaphore')
    );
  }
}

/** `t.join()`, `pool.map(f, xs)`, `q.get()`, `event.wait()` */
function waitsForThread(c: Converter, file: PyFile, call: Call): boolean {
  const method = threadMethod(c.project, file, call);
  if (method === 'start' || method === 'join') return true;
  return threadPoolSite(c, file, call) || primitiveWait(c, file, call) !== undefined;
}

/** `future.result()`, `wait(futures)`, `as_completed(futures)` */
function waitsForFuture(project: PyProject, file: PyFile, call: Call): boolean {
  if (/^concurrent\.futures\.(?:wait|as_completed)$/.test(qualified(file, call.func) ?? '')) return true;
  if (call.func.nodeType !== 'Attribute' || !/^(?:result|exception)$/.test(call.func.attr)) return false;
  return kindOf(project, file, call.func.value) === 'Future';
}

/** Nodes of a body in the order of the text, without the insides of functions; lambdas are looked into. */
export function ownNodes(body: readonly Node[]): Node[] {
  const found: Node[] = [];
  for (const top of body)
    walk(top, (node) => {
      found.push(node);
      return !isFunction(node);
    });
  return found;
}
