import type { Style } from '../types.js';
import { isName, qualified, type PyFile } from './file.js';
import type { PlacedRefusal, PyPlan } from './plan.js';
import type { PyProject } from './project.js';
import { functionAround, isFunction, parentOf, walk, type FunctionDef, type Node } from './tree.js';
import { valueOf } from './values.js';

/** Nothing is left in silence: what is written in a style, and was neither converted nor refused, is said to be not understood. */
export function leftovers(project: PyProject, from: Style, plan: PyPlan): PlacedRefusal[] {
  return project.files.flatMap((file) => {
    const left = sitesOf(project, file, from).filter((site) => !isCovered(file, site, plan));
    return outermost(left).map((site) => ({
      file,
      refusal: { code: codeOf(project, file, site), at: headOf(file, site) },
    }));
  });
}

function sitesOf(project: PyProject, file: PyFile, from: Style): Node[] {
  const isSite = SITES[from];
  const found: Node[] = [];
  walk(file.module, (node) => void (isSite?.(project, file, node) && found.push(node)));
  return found;
}

const SITES: Readonly<Partial<Record<Style, (project: PyProject, file: PyFile, node: Node) => boolean>>> = {
  pool: isPool,
  callback: (_project, file, node) => isCallback(file, node),
  async: (_project, _file, node) => node.nodeType === 'AsyncFunctionDef',
};

const POOLS = /^(?:ThreadPoolExecutor|ThreadPool|ProcessPoolExecutor|ProcessPool|threading\.Thread)$/;

/** `Thread(target=f)`, `ThreadPool(4)`, `class Download(Thread)` */
function isPool(project: PyProject, file: PyFile, node: Node): boolean {
  if (node.nodeType === 'ClassDef') return node.bases.some((base) => qualified(file, base) === 'threading.Thread');
  if (node.nodeType !== 'Call') return false;
  if (qualified(file, node.func) === 'threading.Timer') return true;
  const value = valueOf(project, file, node);
  return value?.made?.call === node && POOLS.test(value.kind);
}

const CONTINUATION = /^(?:on_\w+|callback|cb|done|errback|eb|next_cb|handler)$/;
const REGISTERS = /^(?:add_done_callback|addCallbacks?|addErrback|addBoth|add_future)$/;
const GENERATORS = /^(?:twisted\.internet\.defer\.inlineCallbacks|tornado\.gen\.(?:coroutine|engine))$/;

/** `future.add_done_callback(f)`, `pool.apply_async(f, callback=g)`, `def load(url, on_done)`, `@inlineCallbacks` */
function isCallback(file: PyFile, node: Node): boolean {
  if (node.nodeType === 'Call') {
    const method = node.func.nodeType === 'Attribute' ? node.func.attr : '';
    const isAsync = /_async$/.test(method) && node.keywords.some(({ arg }) => /callback$/.test(arg ?? ''));
    return REGISTERS.test(method) || isAsync;
  }
  if (!isFunction(node)) return false;
  if (node.decorator_list.some((each) => GENERATORS.test(qualified(file, each) ?? ''))) return true;
  return [...node.args.args, ...node.args.kwonlyargs].some(({ arg }) => CONTINUATION.test(arg) && isUsed(node, arg));
}

/** The function answers through the parameter: it calls it, hands it on or keeps it. */
function isUsed(def: FunctionDef, name: string): boolean {
  let found = false;
  for (const top of def.body)
    walk(top, (node) => {
      found ||= node.nodeType === 'Name' && isName(node, name);
      return !found;
    });
  return found;
}

// ---- what was dealt with ----

/** Its function, or the module's own code when it is in none, was changed or refused. */
function isCovered(file: PyFile, site: Node, plan: PyPlan): boolean {
  const around = isFunction(site) ? site : functionAround(site);
  const isOwn = (def: FunctionDef | undefined): boolean => def === around || def === functionAround(site);
  const changed = plan.changes.some((change) =>
    change.units.some((unit) => unit.file === file && unit.touched && isOwn(unit.fn?.def)),
  );
  const fell = plan.fallen?.some((unit) => unit.file === file && isOwn(unit.fn?.def));
  if (changed || fell) return true;
  return plan.refusals.some(({ file: theirs, refusal: { at } }) => {
    if (theirs !== file) return false;
    if (at.start < site.end && site.start < at.end) return true;
    return around ? around.start <= at.start && at.start < around.end : isOutside(file, at.start);
  });
}

/** In no function. */
function isOutside(file: PyFile, at: number): boolean {
  let inside = false;
  walk(file.module, (node) => {
    if (isFunction(node) && node.start <= at && at < node.end) inside = true;
    return !inside;
  });
  return !inside;
}

/** A function with continuations, and functions in it, are told once. */
function outermost(sites: readonly Node[]): Node[] {
  return sites.filter((site) => {
    for (let at = parentOf(site); at; at = parentOf(at)) if (sites.includes(at)) return false;
    return true;
  });
}

function codeOf(project: PyProject, file: PyFile, site: Node): string {
  const kind = site.nodeType === 'Call' ? valueOf(project, file, site)?.kind : undefined;
  return kind?.startsWith('Process') ? 'process-pool' : 'not-understood';
}

/** A call, or the first line of a function or class. */
function headOf(file: PyFile, site: Node): { start: number; end: number } {
  const end = file.text.indexOf('\n', site.start);
  return { start: site.start, end: Math.min(site.end, end < 0 ? file.text.length : end) };
}
