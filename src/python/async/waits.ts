import { requestVerb } from '../http/from-requests.js';
import { qualified, type PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import { isFunction, walk, type Call, type Node, type With } from '../tree.js';
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

  constructor(private readonly project: PyProject) {}

  /** A call that waits: for the network, for time, or for a function that does. */
  isWait(file: PyFile, call: Call): boolean {
    if (requestVerb(file, call) || qualified(file, call.func) === 'time.sleep') return true;
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
      if (poolOf(this.project, fn.file, node)) waits = true;
    }
    this.known.set(fn, waits);
    return waits;
  }
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
