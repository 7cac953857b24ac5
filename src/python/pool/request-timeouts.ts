import { qualified, textOf, type PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import { isFunction, parentOf, walk, type Call, type Expr, type Node, type With } from '../tree.js';
import { valueOf } from '../values.js';
import { constantOf } from '../http/aiohttp-timeouts.js';

/*
 * A time limit round exactly one request is that request's own. Around anything else it would have to stop a thread, which nothing can.
 */

export interface RequestTimeouts {
  /** What a request may take, as text. */
  readonly of: ReadonlyMap<Call, string>;
  /** `wait_for(…)` calls that are no longer needed. */
  readonly waits: ReadonlySet<Call>;
  /** `async with timeout(…):` blocks that are no longer needed. */
  readonly blocks: ReadonlySet<With>;
}

/** Finds time limits that one request can keep by itself. */
export function findRequestTimeouts(project: PyProject): RequestTimeouts {
  const of = new Map<Call, string>();
  const waits = new Set<Call>();
  const blocks = new Set<With>();
  for (const file of project.files)
    walk(file.module, (node) => {
      if (node.nodeType === 'Call' && qualified(file, node.func) === 'asyncio.wait_for') {
        const [seconds, request] = [secondsOf(file, node), awaitedRequest(project, file, node)];
        if (seconds && request && (of.get(request) ?? seconds) === seconds) {
          of.set(request, seconds);
          waits.add(node);
        }
      }
      const block = blockOf(file, node);
      const [only, more] = block ? requestsIn(project, file, block.stmt.body) : [];
      if (block && only && only !== 'other' && !more && !of.has(only)) {
        of.set(only, block.seconds);
        blocks.add(block.stmt);
      }
    });
  return { of, waits, blocks };
}

/** The limit, where it is a number or a constant of the module. */
function secondsOf(file: PyFile, call: Call): string | undefined {
  const value = call.args[1] ?? call.keywords.find(({ arg }) => arg === 'timeout')?.value;
  return value && plainSeconds(file, value);
}

function plainSeconds(file: PyFile, value: Expr): string | undefined {
  const isNumber = (expr: Expr | undefined): boolean => expr?.nodeType === 'Constant' && typeof expr.value === 'number';
  return isNumber(value) || isNumber(constantOf(file, value)) ? textOf(file, value) : undefined;
}

/** The one request that `wait_for(f(…), …)` waits for: itself, or the only one in f, which nobody else calls without the same limit. */
function awaitedRequest(project: PyProject, file: PyFile, wait: Call): Call | undefined {
  const [inner] = wait.args;
  if (inner?.nodeType !== 'Call') return undefined;
  if (isRequest(project, file, inner)) return inner;
  const fn = project.resolve(file, inner.func);
  if (fn?.kind !== 'function' || fn.def.nodeType !== 'AsyncFunctionDef' || fn.file !== file) return undefined;
  const limits = project.usesOf(fn).map(({ call }) => {
    const outer = call && parentOf(call);
    const isWait = outer?.nodeType === 'Call' && qualified(file, outer.func) === 'asyncio.wait_for';
    return isWait ? secondsOf(file, outer) : undefined;
  });
  if (limits.some((each) => each === undefined || each !== limits[0]) || catches(fn)) return undefined;
  const [only, more] = requestsIn(project, file, fn.def.body);
  return only === 'other' || more ? undefined : only;
}

/** What is caught inside would be caught there now. */
function catches(fn: PyFunction): boolean {
  let found = false;
  for (const top of fn.def.body) walk(top, (node) => void (found ||= node.nodeType === 'Try'));
  return found;
}

function blockOf(file: PyFile, node: Node): { stmt: With; seconds: string } | undefined {
  if (node.nodeType !== 'AsyncWith' && node.nodeType !== 'With') return undefined;
  const [item] = node.items;
  const call = item?.context_expr;
  if (node.items.length !== 1 || item?.optional_vars || call?.nodeType !== 'Call' || call.args.length !== 1)
    return undefined;
  if (!/^(?:asyncio\.timeout|async_timeout\.timeout)$/.test(qualified(file, call.func) ?? '')) return undefined;
  const seconds = plainSeconds(file, call.args[0]!);
  return seconds ? { stmt: node, seconds } : undefined;
}

/** The requests in some statements; `other` for anything else that waits, or that is done more than once. */
function requestsIn(project: PyProject, file: PyFile, body: readonly Node[]): (Call | 'other')[] {
  const found: (Call | 'other')[] = [];
  for (const top of body)
    walk(top, (node) => {
      if (
        isFunction(node) ||
        node.nodeType === 'AsyncFor' ||
        node.nodeType === 'For' ||
        node.nodeType === 'While' ||
        'generators' in node
      ) {
        if (node.nodeType !== 'For' || holdsWait(node)) found.push('other');
        return false;
      }
      const waited =
        node.nodeType === 'Await'
          ? [node.value]
          : node.nodeType === 'AsyncWith'
            ? node.items.map((item) => item.context_expr)
            : [];
      for (const each of waited)
        if (each.nodeType === 'Call' && isRequest(project, file, each)) found.push(each);
        else if (!readsAnswer(project, file, each)) found.push('other');
      return true;
    });
  return found;
}

function holdsWait(node: Node): boolean {
  let found = false;
  walk(node, (each) => void (found ||= /^(?:Await|AsyncWith|AsyncFor)$/.test(each.nodeType)));
  return found;
}

const isRequest = (project: PyProject, file: PyFile, call: Call): boolean =>
  /^aiohttp\.Request$/.test(valueOf(project, file, call)?.kind ?? '') &&
  call.keywords.every(({ arg }) => arg !== 'timeout' && arg !== undefined);

function readsAnswer(project: PyProject, file: PyFile, expr: Expr): boolean {
  if (expr.nodeType !== 'Call' || expr.func.nodeType !== 'Attribute') return false;
  return valueOf(project, file, expr.func.value)?.kind === 'aiohttp.ClientResponse';
}
