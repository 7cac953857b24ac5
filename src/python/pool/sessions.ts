import { qualified, textOf, type PyFile } from '../file.js';
import { exportedNames } from '../imports.js';
import type { PyFunction, PyProject } from '../project.js';
import type { Binding } from '../scope.js';
import {
  functionAround,
  isFunction,
  parentOf,
  walk,
  walkOwn,
  type Arg,
  type Attribute,
  type Call,
  type Expr,
  type Name,
  type Node,
  type With,
} from '../tree.js';
import { note, type Units } from '../unit.js';
import { valueOf } from '../values.js';

/*
 * requests does not promise that a `Session` may be used by several threads. A session that was made with nothing to keep, and that only fetches,
 * goes: each request stands for itself. One that has something to keep stays, and a note says so.
 */

/** Sessions that go, with every place that names them. */
export interface PlainSessions {
  /** The `async with` statements that made one. */
  readonly withs: ReadonlySet<With>;
  /** `session.get` of such a session. */
  readonly requests: readonly { file: PyFile; func: Attribute }[];
  readonly parameters: readonly { file: PyFile; fn: PyFunction; arg: Arg }[];
  readonly arguments: ReadonlyMap<Expr, { file: PyFile; call: Call }>;
}

export const NO_SESSIONS: PlainSessions = { withs: new Set(), requests: [], parameters: [], arguments: new Map() };

/** One variable or parameter that holds a session, and where it goes from there. */
interface Holder {
  readonly file: PyFile;
  readonly with?: With;
  readonly parameter?: { readonly fn: PyFunction; readonly arg: Arg };
  readonly requests: Attribute[];
  readonly handed: { readonly arg: Name; readonly call: Call; readonly to: Binding }[];
  /** Tasks that run beside others use it. */
  isShared: boolean;
  /** Something is done with it that only a session can. */
  isKept: boolean;
}

/** Finds the sessions that threads would share and that nobody would miss. */
export function findPlainSessions(project: PyProject): PlainSessions {
  const holders = new Map<Binding, Holder>();
  for (const file of project.files)
    walk(file.module, (node) => {
      if (node.nodeType !== 'AsyncWith') return;
      const made = madeBy(file, node);
      const binding = made && file.scopes.bindingOf(made);
      if (binding && !holders.has(binding)) hold(project, holders, binding, { file, with: node });
    });
  keepMixed(project, holders);
  const found = [...groupsOf(holders)].filter(
    (group) => !group.some((each) => each.isKept) && group.some((each) => each.isShared),
  );
  const plain = found.flat();
  return {
    withs: new Set(plain.flatMap((each) => each.with ?? [])),
    requests: plain.flatMap(({ file, requests }) => requests.map((func) => ({ file, func }))),
    parameters: plain.flatMap(({ file, parameter }) => (parameter ? [{ file, ...parameter }] : [])),
    arguments: new Map(
      plain.flatMap(({ file, handed }) => handed.map(({ arg, call }) => [arg as Expr, { file, call }] as const)),
    ),
  };
}

/** The name in `async with aiohttp.ClientSession() as name:`, for a session that keeps nothing, in a head of one line. */
function madeBy(file: PyFile, node: With): Name | undefined {
  const [item] = node.items;
  const call = item?.context_expr;
  const name = item?.optional_vars;
  if (node.items.length !== 1 || call?.nodeType !== 'Call' || name?.nodeType !== 'Name') return undefined;
  if (qualified(file, call.func) !== 'aiohttp.ClientSession' || call.args.length > 0) return undefined;
  const keepsNothing = call.keywords.every(
    ({ arg, value }) =>
      arg === 'timeout' ||
      (arg === 'trust_env' && textOf(file, value) === 'True') ||
      (arg === 'connector' && onlyLimits(file, value)),
  );
  return keepsNothing && headOf(file, node) ? name : undefined;
}

/** What the number of workers can keep. */
const onlyLimits = (file: PyFile, value: Expr): boolean =>
  value.nodeType === 'Call' &&
  qualified(file, value.func) === 'aiohttp.TCPConnector' &&
  value.args.length === 0 &&
  value.keywords.every(({ arg }) => /^(?:limit|ttl_dns_cache)$/.test(arg ?? ''));

/** The lines of `async with …:` when nothing else stands on them. */
export function headOf(file: PyFile, node: With): { start: number; end: number } | undefined {
  const [item] = node.items;
  const { text } = file;
  const start = text.lastIndexOf('\n', node.start - 1) + 1;
  const colon = text.indexOf(':', item!.optional_vars?.end ?? item!.context_expr.end);
  const newline = text.indexOf('\n', colon);
  if (newline < 0 || text.slice(start, node.start).trim() !== '' || /#/.test(text.slice(node.start, colon)))
    return undefined;
  return text.slice(colon + 1, newline).trim() === '' ? { start, end: newline + 1 } : undefined;
}

function hold(
  project: PyProject,
  holders: Map<Binding, Holder>,
  binding: Binding,
  from: Pick<Holder, 'file' | 'with' | 'parameter'>,
): void {
  const holder: Holder = { ...from, requests: [], handed: [], isShared: false, isKept: binding.sites.length !== 1 };
  holders.set(binding, holder);
  const home = from.with ? functionAround(from.with) : from.parameter!.fn.def;
  for (const use of binding.uses) {
    if (functionAround(use) !== home) holder.isShared = true;
    const parent = parentOf(use)!;
    const call = callOf(use, parent);
    if (!call) {
      holder.isKept = true;
      continue;
    }
    if (!isWaitedFor(call)) holder.isShared = true;
    if (parent.nodeType === 'Attribute') {
      holder.requests.push(parent);
      // What is sent may log in: then the answer's cookies are wanted by the requests that follow.
      if (!/^(?:get|head)$/.test(parent.attr)) holder.isKept = true;
      continue;
    }
    const to = parameterOf(project, from.file, call, use);
    if (!to) holder.isKept = true;
    else {
      holder.handed.push({ arg: use, call, to: to.binding });
      if (!holders.has(to.binding)) hold(project, holders, to.binding, to);
    }
  }
}

/** The call that a use takes part in: `session.get(…)`, `fetch(session)`, `fetch(session=session)`. */
function callOf(use: Node, parent: Node): Call | undefined {
  const outer = parentOf(parent);
  if (parent.nodeType === 'Attribute') return outer?.nodeType === 'Call' && outer.func === parent ? outer : undefined;
  if (parent.nodeType === 'Call') return parent.func === use ? undefined : parent;
  return parent.nodeType === 'Keyword' && parent.arg !== undefined && outer?.nodeType === 'Call' ? outer : undefined;
}

const isWaitedFor = (call: Call): boolean => {
  const parent = parentOf(call)!;
  if (parent.nodeType === 'AsyncFor' || parent.nodeType === 'Comprehension') return parent.iter === call;
  return parent.nodeType === 'Await' || parent.nodeType === 'WithItem';
};

/** The parameter that an argument goes to, if it can be left out there and at every call. */
function parameterOf(
  project: PyProject,
  file: PyFile,
  call: Call,
  use: Name,
): (Pick<Holder, 'file' | 'parameter'> & { binding: Binding }) | undefined {
  const fn = project.resolve(file, call.func);
  if (fn?.kind !== 'function' || !canLose(project, fn)) return undefined;
  const arg = parameterFor(fn, call, use);
  const { args, defaults } = fn.def.args;
  if (!arg || args.indexOf(arg) >= args.length - defaults.length) return undefined;
  let binding: Binding | undefined;
  for (const each of fn.file.scopes.of(fn.def)?.bindings.values() ?? []) if (each.sites[0] === arg) binding = each;
  return binding && { file: fn.file, parameter: { fn, arg }, binding };
}

function canLose(project: PyProject, fn: PyFunction): boolean {
  const { args, decorator_list: decorators } = fn.def;
  const isPlain = !args.vararg && !args.kwarg && args.posonlyargs.length === 0 && decorators.length === 0;
  const isPublic = project.files.some((file) => exportedNames(file).has(fn.name));
  if (!isPlain || isPublic || project.family(fn).length > 0 || project.isNamedOutside(fn)) return false;
  return project.usesOf(fn).every(
    ({ file, at, call }) =>
      call?.args.every((each) => each.nodeType !== 'Starred') &&
      call.keywords.every((each) => each.arg !== undefined) &&
      // `Class.method(instance, session)` counts in another way.
      !(fn.owner && (at.nodeType !== 'Attribute' || project.resolve(file, at.value)?.kind === 'class')),
  );
}

function parameterFor(fn: PyFunction, call: Call, use: Name): Arg | undefined {
  const { args } = fn.def.args;
  const keyword = call.keywords.find((each) => each.value === use);
  if (keyword) return args.find((each) => each.arg === keyword.arg);
  return args[call.args.indexOf(use) + (fn.owner ? 1 : 0)];
}

/** A parameter that something else is handed to as well stays. */
function keepMixed(project: PyProject, holders: ReadonlyMap<Binding, Holder>): void {
  const handed = new Map<Binding, Set<Call>>();
  for (const holder of holders.values())
    for (const { call, to } of holder.handed) handed.set(to, (handed.get(to) ?? new Set<Call>()).add(call));
  for (const [binding, holder] of holders) {
    if (!holder.parameter) continue;
    const calls = handed.get(binding);
    if (project.usesOf(holder.parameter.fn).some(({ call }) => !call || !calls?.has(call))) holder.isKept = true;
  }
}

/** Holders that hand a session to one another go or stay together. */
function groupsOf(holders: ReadonlyMap<Binding, Holder>): Set<Holder[]> {
  const of = new Map<Holder, Holder[]>([...holders.values()].map((each) => [each, [each]]));
  for (const holder of holders.values())
    for (const { to } of holder.handed) {
      const [into, from] = [of.get(holder)!, of.get(holders.get(to)!)!];
      if (into === from) continue;
      into.push(...from);
      for (const each of from) of.set(each, into);
    }
  return new Set(of.values());
}

/** Takes the sessions out; what is said about requests and the code around them is the converter's. */
export function dropSessions(units: Units, plain: PlainSessions): void {
  for (const { file, func } of plain.requests) {
    const unit = units.around(file, func);
    unit.rewrite.replace(func, units.need(unit, 'requests', func.attr));
  }
  for (const { file, fn, arg } of plain.parameters) units.of(fn).rewrite.remove(withComma(file, fn.def.args.args, arg));
  for (const [arg, { file, call }] of plain.arguments)
    units.around(file, call).rewrite.remove(withComma(file, itemsOf(call), itemOf(call, arg)));
  for (const node of plain.withs) {
    const def = functionAround(node)!;
    const unit = units.of(units.project.functionOf(def));
    const { rewrite, file } = unit;
    const head = headOf(file, node)!;
    rewrite.remove(head);
    const inner = rewrite.indentAt(node.body[0]!.start);
    const outer = rewrite.indentAt(node.start);
    const body = { start: head.end, end: rewrite.lineOf(node.body.at(-1)!.end - 1).end };
    rewrite.lower(body, inner.slice(outer.length));
    note(unit, 'session-dropped', node.items[0]!.context_expr);
  }
}

/** A call's arguments in the order of the text. */
export const itemsOf = (call: Call): Node[] => [...call.args, ...call.keywords].sort((a, b) => a.start - b.start);

/** `session` or `session=session`, as it stands in a call. */
export const itemOf = (call: Call, arg: Expr): Node => call.keywords.find((each) => each.value === arg) ?? arg;

/** An item of a list with the comma that goes with it. */
function withComma(file: PyFile, items: readonly Node[], item: Node): { start: number; end: number } {
  const at = items.indexOf(item);
  const next = items[at + 1];
  if (next && at === 0) return { start: item.start, end: next.start };
  const trailing = /^\s*,/.exec(file.text.slice(item.end))?.[0].length ?? 0;
  if (at === 0) return { start: item.start, end: item.end + trailing };
  const comma = file.text.lastIndexOf(',', item.start);
  return { start: comma, end: item.end };
}

/** Says where one session that stays is used by several threads. */
export function noteShared(
  project: PyProject,
  units: Units,
  started: readonly PyFunction[],
  plain: PlainSessions,
): void {
  const reached = new Set<PyFunction>();
  const visit = (fn: PyFunction): void => {
    if (reached.has(fn)) return;
    reached.add(fn);
    walkOwn(fn.def.body, (node) => {
      const target = node.nodeType === 'Call' ? project.resolve(fn.file, node.func) : undefined;
      if (target?.kind === 'function') visit(target);
    });
  };
  started.forEach(visit);
  const gone = new Set<Node>(plain.requests.map(({ func }) => func));
  for (const fn of reached)
    walkOwn(fn.def.body, (node) => {
      if (node.nodeType !== 'Call' || node.func.nodeType !== 'Attribute' || gone.has(node.func)) return;
      const session = valueOf(project, fn.file, node.func.value);
      if (session?.kind !== 'aiohttp.ClientSession') return;
      const maker = session.made && functionAround(session.made.call);
      if (!maker || !isFunction(maker) || !reached.has(project.functionOf(maker)))
        note(units.of(fn), 'session-shared', node);
    });
}
