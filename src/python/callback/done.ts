import { inside } from '../async/places.js';
import { isName, qualified, textOf, type PyFile } from '../file.js';
import type { PyProject } from '../project.js';
import {
  blockOf,
  functionAround,
  parentOf,
  type Attribute,
  type Call,
  type Expr,
  type Node,
  type Stmt,
} from '../tree.js';
import { link, refuse, touch, type Units } from '../unit.js';
import { valueOf } from '../values.js';
import { aloneIn, deliver, looseVariable, type Registration } from './deliver.js';
import { slowInCallback, tiedToThread } from './quick.js';
import { isPlainMethod, neverRaises, returnedFunction } from './raising.js';

/**
 * `future.add_done_callback(f)` for what was handed to a thread pool: the code that started the work calls `f` as each future is done, while the executor
 * is there. What `f` raises is logged, as the future does.
 */
export function doneCallbacks(project: PyProject, units: Units, file: PyFile, calls: readonly Call[]): void {
  const groups = new Map<Expr | Stmt, { pool: Pool; sites: Site[] }>();
  for (const call of calls) {
    const site = siteOf(project, units, file, call);
    if (!site) continue;
    const group = groups.get(site.pool.made) ?? { pool: site.pool, sites: [] };
    group.sites.push(site);
    groups.set(site.pool.made, group);
  }
  for (const { pool, sites } of groups.values()) write(project, units, file, pool, sites);
}

interface Site extends Registration {
  readonly call: Call;
  readonly callback: Expr;
  readonly submit: Call;
  readonly pool: Pool;
}

function siteOf(project: PyProject, units: Units, file: PyFile, call: Call): Site | undefined {
  const unit = units.around(file, call);
  const receiver = (call.func as Attribute).value;
  touch(unit, call);
  const [callback] = call.args;
  const stmt = aloneIn(call);
  if (!callback || call.args.length !== 1 || call.keywords.length > 0 || !stmt) {
    refuse(unit, 'unknown-callee', call);
    return undefined;
  }
  const submit = submitOf(project, file, receiver);
  const pool = submit && poolAround(file, submit);
  if (!submit || !pool) {
    refuse(unit, 'task-escapes', receiver);
    return undefined;
  }
  return { unit, stmt, call, callback, submit, pool, future: [receiver], kept: [callback] };
}

function write(project: PyProject, units: Units, file: PyFile, pool: Pool, sites: readonly Site[]): void {
  const own = sites.filter(({ stmt }) => pool.block.some((each) => inside(stmt, each)) && holds(pool, stmt));
  const inCallbacks = sites.filter((site) => !own.includes(site));
  const [first] = own;
  if (!first) return refuse(sites[0]!.unit, 'task-escapes', sites[0]!.call);
  const bodies = sites.map((site) => bodiesOf(project, file, site.callback));
  for (const [index, site] of sites.entries()) {
    link(first.unit, site.unit);
    const body = bodies[index];
    if (!body) return refuse(site.unit, 'unknown-callee', site.callback);
    const top = pool.block.find((each) => inside(site.stmt, each));
    const loose = top && top !== site.stmt && looseVariable(body.file, body.nodes, top);
    if (loose) return refuse(site.unit, 'shared-loop-variable', loose, loose.id);
    const slow = body.nodes.map((each) => slowInCallback(project, body.file, each)).find(Boolean);
    if (slow) return refuse(site.unit, 'schedule-differs', site.callback);
    const tied = body.nodes.map((each) => tiedToThread(body.file, each)).find(Boolean);
    if (tied) return refuse(site.unit, 'thread-identity', site.callback);
  }
  for (const site of inCallbacks) {
    const isKnown = bodies.some((body) => body!.nodes.some((each) => body!.file === file && inside(site.stmt, each)));
    if (!isKnown || !seesTheSame(pool, site)) return refuse(site.unit, 'task-escapes', site.call);
  }
  if (twiceOnOne(file, sites)) return refuse(first.unit, 'mixed-style', first.call);
  const alike = inCallbacks.length === 0 && sites.every(({ callback }) => sameEachTime(file, pool, first, callback));
  const safe = sites.every(({ callback }) => neverRaises(project, file, callback));
  deliver(project, units, {
    unit: first.unit,
    file,
    block: pool.block,
    endsWithWork: pool.endsWithWork,
    sites,
    alike,
    grows: inCallbacks.length > 0,
    lines: (future, kept) => {
      const called = alike ? textOf(file, first.callback) : kept;
      if (safe) return [[`${called}(${future})`]];
      const logger = `${units.need(first.unit, 'logging')}.getLogger("concurrent.futures")`;
      return [
        ['try:'],
        [`${file.unit}${called}(${future})`],
        ['except Exception:'],
        [`${file.unit}${logger}.exception("exception calling callback for %r", ${future})`],
      ];
    },
  });
}

/** The statement is run where the pool's block is, not in a function in it. */
const holds = (pool: Pool, stmt: Stmt): boolean => functionAround(stmt) === functionAround(pool.block[0]!);

/** A callback finds the futures that wait: it is a function inside the one with the pool, or both are of the module. */
function seesTheSame(pool: Pool, site: Site): boolean {
  const around = functionAround(pool.block[0]!);
  return !around || inside(site.stmt, around);
}

/** Two callbacks for one future would be kept under one key. */
function twiceOnOne(file: PyFile, sites: readonly Site[]): boolean {
  const names = sites.flatMap(({ call }) => {
    const { value } = call.func as Attribute;
    return isName(value) ? [file.scopes.bindingOf(value)] : [];
  });
  return new Set(names).size < names.length;
}

/** The same function for every future: a name that nothing binds while the pool works. */
function sameEachTime(file: PyFile, pool: Pool, first: Site, callback: Expr): boolean {
  const base = callback.nodeType === 'Attribute' ? callback.value : callback;
  if (!isName(base) || textOf(file, callback) !== textOf(file, first.callback)) return false;
  const sites = file.scopes.bindingOf(base)?.sites ?? [];
  return sites.length === 1 && !pool.block.some((each) => isLoop(each) && inside(sites[0]!, each));
}

const isLoop = (stmt: Stmt): boolean => /^(?:For|While)$/.test(stmt.nodeType);

// ---- callbacks ----

interface Bodies {
  readonly file: PyFile;
  readonly nodes: readonly Node[];
}

/** What runs when a callback is called; undefined when it is not known. */
function bodiesOf(project: PyProject, file: PyFile, callback: Expr): Bodies | undefined {
  if (callback.nodeType === 'Lambda') return { file, nodes: [callback.body] };
  const made = callback.nodeType === 'Call' ? callback : undefined;
  const isPartial = made && qualified(file, made.func) === 'functools.partial';
  const target = project.resolve(file, isPartial ? made.args[0] : (made?.func ?? callback));
  if (target?.kind === 'function') {
    const given = made && !isPartial ? returnedFunction(target.def) : target.def;
    if (!given || given.nodeType === 'AsyncFunctionDef') return undefined;
    return { file: target.file, nodes: 'name' in given ? given.body : [given.body] };
  }
  return isPlainMethod(project, file, callback) ? { file, nodes: [] } : undefined;
}

// ---- pools ----

export interface Pool {
  /** The call that makes it. */
  readonly made: Stmt;
  readonly block: readonly Stmt[];
  readonly endsWithWork: boolean;
}

/** The call of `submit` that a future comes from: itself, by a variable, or by a loop over a list or dictionary of such. */
function submitOf(project: PyProject, file: PyFile, receiver: Expr): Call | undefined {
  if (receiver.nodeType === 'Call') return isSubmit(project, file, receiver) ? receiver : undefined;
  if (!isName(receiver)) return undefined;
  const binding = file.scopes.bindingOf(receiver);
  const [site] = binding?.sites ?? [];
  const stmt = site && parentOf(site);
  if (binding?.sites.length !== 1) return undefined;
  if (stmt?.nodeType === 'Assign') return submitOf(project, file, stmt.value);
  if (stmt?.nodeType !== 'For' || stmt.target !== site) return undefined;
  return submitIn(project, file, stmt.iter);
}

function submitIn(project: PyProject, file: PyFile, list: Expr): Call | undefined {
  if (list.nodeType === 'ListComp' || list.nodeType === 'SetComp') return submitOf(project, file, list.elt);
  if (list.nodeType === 'DictComp') return submitOf(project, file, list.key);
  if (list.nodeType === 'List' && list.elts.length > 0) return submitOf(project, file, list.elts[0]!);
  if (!isName(list)) return undefined;
  const binding = file.scopes.bindingOf(list);
  const stmt = binding?.sites.length === 1 ? parentOf(binding.sites[0]!) : undefined;
  return stmt?.nodeType === 'Assign' ? submitIn(project, file, stmt.value) : undefined;
}

const isSubmit = (project: PyProject, file: PyFile, call: Call): boolean =>
  call.func.nodeType === 'Attribute' &&
  call.func.attr === 'submit' &&
  valueOf(project, file, call.func.value)?.kind === 'ThreadPoolExecutor';

/** The statements while which the executor is there: the body of its `with`, or what is between its making and its shutdown. */
function poolAround(file: PyFile, submit: Call): Pool | undefined {
  if (submit.func.nodeType !== 'Attribute' || !isName(submit.func.value)) return undefined;
  const binding = file.scopes.bindingOf(submit.func.value);
  if (binding?.sites.length !== 1) return undefined;
  const site = parentOf(binding.sites[0]!);
  const made = site?.nodeType === 'WithItem' ? (parentOf(site) as Stmt) : site;
  if (made?.nodeType === 'With') return { made, block: made.body, endsWithWork: true };
  if (made?.nodeType !== 'Assign') return undefined;
  const block = blockOf(made);
  const from = block.indexOf(made);
  const to = block.findIndex((each, index) => index > from && isShutdown(file, each, binding.name));
  const endsWithWork = to >= 0 || parentOf(made)?.nodeType === 'Module';
  return { made, block: block.slice(from + 1, to < 0 ? undefined : to + 1), endsWithWork };
}

/** `executor.shutdown()`, and nothing that says that the work is given up or goes on. */
const isShutdown = (file: PyFile, stmt: Stmt, name: string): boolean =>
  /^\w+\.shutdown\((?:wait=True|True)?\)$/.test(textOf(file, stmt)) && textOf(file, stmt).startsWith(`${name}.`);
