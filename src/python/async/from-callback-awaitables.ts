import { isName, qualified, type PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import type { Piece } from '../rewrite.js';
import {
  functionAround,
  parentOf,
  walk,
  walkOwn,
  type Call,
  type Expr,
  type Keyword,
  type Name,
  type Node,
  type Return,
} from '../tree.js';
import { lengthOf } from '../pool/bound.js';
import type { Unit, Units } from '../unit.js';
import { valueOf } from '../values.js';

/** Functions of Twisted and Tornado that become coroutines, and the calls of them that are seen to be awaited. */
export interface Coroutines {
  readonly project: PyProject;
  readonly units: Units;
  /** Generators that are driven by a decorator, and functions that return what such a call gives. */
  readonly functions: ReadonlySet<PyFunction>;
  /** Calls and names of them that are taken care of. */
  readonly awaited: Set<Node>;
  /** What is written for these waits itself. */
  readonly plain: Set<Node>;
  /** How a blocking function is called in a thread: what is understood from Python 3.7 on, or, on the way to threads, in short. */
  readonly inThreads: 'executor' | 'to_thread';
  /** More threads may be busy at once than every default executor has: Twisted has ten. */
  readonly busy: { isMore: boolean };
}

/** What stands behind `await` for what Twisted or Tornado would wait for; undefined where it is not known to be waited for at all. */
export function awaitable(c: Coroutines, unit: Unit, expr: Expr): Piece[] | undefined {
  const { file } = unit;
  if (expr.nodeType === 'Call') return awaitedCall(c, unit, expr);
  if (expr.nodeType === 'Name') return startedName(c, unit, expr);
  const isMany = /^(?:List|ListComp|Dict|DictComp)$/.test(expr.nodeType) && isTornado(file, expr);
  if (!isMany || !eachAwaitable(c, unit, expr)) return undefined;
  return [`${c.units.need(unit, 'tornado.gen', 'multi')}(`, expr, ')'];
}

/** `@gen.coroutine` around it: there lists and dictionaries may be waited for. */
function isTornado(file: PyFile, node: Node): boolean {
  const def = functionAround(node);
  return def?.decorator_list.some((each) => /^tornado\.gen\./.test(qualified(file, each) ?? '')) ?? false;
}

/** Each item of a list (a dictionary's values) is something that can be awaited, and is rewritten as such. */
export function eachAwaitable(c: Coroutines, unit: Unit, list: Expr): boolean {
  const items: readonly Expr[] =
    list.nodeType === 'ListComp' || list.nodeType === 'GeneratorExp'
      ? [list.elt]
      : list.nodeType === 'DictComp'
        ? [list.value]
        : list.nodeType === 'Dict'
          ? list.values
          : list.nodeType === 'List' || list.nodeType === 'Tuple'
            ? list.elts
            : [];
  if (items.length === 0 && list.nodeType !== 'List') return false;
  return items.every((item) => rewritten(c, unit, item));
}

function rewritten(c: Coroutines, unit: Unit, item: Expr): boolean {
  const pieces = awaitable(c, unit, item);
  if (!pieces) return false;
  if (pieces.length !== 1 || pieces[0] !== item) unit.rewrite.replace(item, ...pieces);
  return true;
}

function awaitedCall(c: Coroutines, unit: Unit, call: Call): Piece[] | undefined {
  const { project, units } = c;
  const { file } = unit;
  const target = project.resolve(file, call.func);
  if (target?.kind === 'function') {
    const isCoroutine = c.functions.has(target) || target.def.nodeType === 'AsyncFunctionDef';
    if (isCoroutine) c.awaited.add(call.func);
    return isCoroutine ? [call] : undefined;
  }
  const name = qualified(file, call.func) ?? '';
  if (name === 'twisted.internet.threads.deferToThread') return inThread(c, unit, call);
  if (name === 'twisted.internet.task.deferLater') return later(units, unit, call);
  if (/^twisted\.internet\.defer\.(?:DeferredList|gatherResults)$/.test(name)) return gathered(c, unit, call, name);
  if (name === 'tornado.gen.sleep') return [units.need(unit, 'asyncio', 'sleep'), '(', ...argumentsOf(call), ')'];
  if (name === 'tornado.gen.multi' || name === 'tornado.gen.with_timeout') {
    const list = call.args[name.endsWith('multi') ? 0 : 1];
    const isList = list && eachAwaitable(c, unit, list);
    return list && (isList || rewritten(c, unit, list)) ? [call] : undefined;
  }
  return method(c, unit, call);
}

function method({ project, units }: Coroutines, unit: Unit, call: Call): Piece[] | undefined {
  if (call.func.nodeType !== 'Attribute') return undefined;
  const kind = valueOf(project, unit.file, call.func.value)?.kind;
  const { attr } = call.func;
  const answers = call.keywords.some(({ arg }) => arg === 'callback');
  if (kind === 'tornado.AsyncHTTPClient' && attr === 'fetch' && !answers) return [call];
  if (kind === 'tornado.IOLoop' && attr === 'run_in_executor') return [call];
  if (kind === 'ThreadPoolExecutor' && attr === 'submit')
    return [`${units.need(unit, 'asyncio', 'wrap_future')}(`, call, ')'];
  return undefined;
}

const argumentsOf = (call: Call): Piece[] =>
  [...call.args, ...call.keywords].flatMap((each, index): Piece[] => (index > 0 ? [', ', each] : [each]));

/** `deferToThread(f, x, k=v)`: in the loop's own threads. */
function inThread({ units, inThreads }: Coroutines, unit: Unit, call: Call): Piece[] | undefined {
  const [worker, ...args] = call.args;
  if (!worker || call.args.some((each) => each.nodeType === 'Starred')) return undefined;
  const rest = (all: readonly (Expr | Keyword)[]): Piece[] => all.flatMap((each): Piece[] => [', ', each]);
  if (inThreads === 'to_thread')
    return [`${units.need(unit, 'asyncio', 'to_thread')}(`, worker, ...rest([...args, ...call.keywords]), ')'];
  const loop = `${units.need(unit, 'asyncio', 'get_running_loop')}().run_in_executor(None, `;
  if (call.keywords.length === 0) return [loop, worker, ...rest(args), ')'];
  return [loop, `${units.need(unit, 'functools', 'partial')}(`, worker, ...rest([...args, ...call.keywords]), '))'];
}

/** `deferLater(reactor, n)`: nothing is called then. */
function later(units: Units, unit: Unit, call: Call): Piece[] | undefined {
  const [, seconds, callee] = call.args;
  const isNothing =
    !callee || (callee.nodeType === 'Lambda' && callee.body.nodeType === 'Constant' && callee.body.value === null);
  return seconds && isNothing && call.keywords.length === 0
    ? [`${units.need(unit, 'asyncio', 'sleep')}(`, seconds, ')']
    : undefined;
}

/** `DeferredList` tells of each how it ended; `gatherResults` fails with the first. */
function gathered(c: Coroutines, unit: Unit, call: Call, name: string): Piece[] | undefined {
  const [list, ...more] = call.args;
  if (!list || more.length > 0 || call.keywords.some((each) => each.arg !== 'consumeErrors')) return undefined;
  const many: Piece[] | undefined = isName(list)
    ? startedList(c, unit, list)
    : eachAwaitable(c, unit, list)
      ? [list]
      : undefined;
  if (!many) return undefined;
  if (isName(list) || !((lengthIn(c, unit.file, list) ?? Infinity) <= FEWEST_THREADS)) c.busy.isMore = true;
  if (name.endsWith('DeferredList') && !failuresAreRead(c, unit)) return undefined;
  if (name.endsWith('gatherResults') && seesFirstError(unit.file, call)) return undefined;
  const gather = c.units.need(unit, 'asyncio', 'gather');
  if (name.endsWith('gatherResults')) return [`${gather}(*`, ...many, ')'];
  const result = c.units.firstFree(unit.file, ['result', 'outcome', 'ended']);
  const head = `[(not isinstance(${result}, BaseException), ${result}) for ${result} in await ${gather}(*`;
  c.plain.add(call);
  return [head, ...many, ', return_exceptions=True)]'];
}

/** The error that `gatherResults` raises holds the one that happened: a handler that looks at it would see another. */
function seesFirstError(file: PyFile, call: Call): boolean {
  if (/\bFirstError\b|\bsubFailure\b/.test(file.text)) return true;
  for (let at: Node | undefined = call; at && at !== functionAround(call); at = parentOf(at)) {
    const isLooked = (type: Expr | undefined, name: string | undefined): boolean =>
      name !== undefined || (type !== undefined && !isName(type, 'Exception'));
    if (at.nodeType === 'Try' && at.handlers.some(({ type, name }) => isLooked(type, name))) return true;
  }
  return false;
}

/** `min(32, cpus + 4)`, with one processor. */
const FEWEST_THREADS = 5;

function lengthIn(c: Coroutines, file: PyFile, list: Expr): number | undefined {
  if (list.nodeType !== 'ListComp') return lengthOf(c.project, file, list);
  const [only, ...others] = list.generators;
  return others.length === 0 ? lengthOf(c.project, file, only!.iter) : undefined;
}

/** What tells of an error is the exception itself now, no Failure: of what is asked of one only its message is known. */
function failuresAreRead(c: Coroutines, unit: Unit): boolean {
  let fine = true;
  walk(unit.file.module, (node) => {
    if (node.nodeType !== 'Attribute' || !FAILURE.test(node.attr)) return;
    const call = parentOf(node);
    const isMessage =
      node.attr === 'getErrorMessage' && call?.nodeType === 'Call' && functionAround(node) === unit.fn?.def;
    if (!isMessage) fine = false;
    else if (!c.plain.has(call)) {
      c.plain.add(call);
      unit.rewrite.replace(call, 'str(', node.value, ')');
    }
  });
  return fine;
}

const FAILURE =
  /^(?:getErrorMessage|getTraceback|getBriefTraceback|printTraceback|printBriefTraceback|printDetailedTraceback|trap|check|raiseException|value)$/;

// ---- what is started first and awaited later ----

/** `d = load(x)` … `yield d`: it is started where it was, and its variable is only awaited. */
function startedName(c: Coroutines, unit: Unit, name: Name): Piece[] | undefined {
  const { file } = unit;
  const binding = file.scopes.bindingOf(name);
  const [site, ...others] = binding?.sites ?? [];
  const stmt = site && parentOf(site);
  if (!binding || others.length > 0 || stmt?.nodeType !== 'Assign' || functionAround(stmt) !== functionAround(name))
    return undefined;
  if (stmt.value.nodeType !== 'Call')
    return startedList(c, unit, name) && [`${c.units.need(unit, 'tornado.gen', 'multi')}(`, name, ')'];
  if (!binding.uses.every((use) => isWaited(use))) return undefined;
  if (c.awaited.has(stmt)) return [name];
  const started = awaitable(c, unit, stmt.value);
  if (!started) return undefined;
  c.awaited.add(stmt);
  unit.rewrite.replace(stmt.value, ...task(c, unit, stmt.value, started));
  return [name];
}

/** Futures are there; a coroutine is started by a task. */
function task(c: Coroutines, unit: Unit, expr: Expr, pieces: Piece[]): Piece[] {
  const target = expr.nodeType === 'Call' ? c.project.resolve(unit.file, expr.func) : undefined;
  const isCoroutine = target?.kind === 'function' || /(?:^|\.)(?:sleep|to_thread)\b/.test(String(pieces[0]));
  return isCoroutine ? [`${c.units.need(unit, 'asyncio', 'ensure_future')}(`, ...pieces, ')'] : pieces;
}

/** It is yielded, or stands in a list that is. */
function isWaited(use: Name): boolean {
  const parent = parentOf(use);
  return parent?.nodeType === 'Yield' || (parent?.nodeType === 'List' && isListOfWaits(parent));
}

const isListOfWaits = (list: Expr): boolean => {
  const parent = parentOf(list);
  return parent?.nodeType === 'Yield' || (parent?.nodeType === 'Call' && parent.args[0] === list);
};

/** `ds = []`, `ds.append(load(x))` …: each is started where it is appended. */
function startedList(c: Coroutines, unit: Unit, name: Name): Piece[] | undefined {
  const { file } = unit;
  const binding = file.scopes.bindingOf(name);
  const [site, ...others] = binding?.sites ?? [];
  const stmt = site && parentOf(site);
  if (!binding || others.length > 0 || stmt?.nodeType !== 'Assign' || functionAround(stmt) !== functionAround(name))
    return undefined;
  if (c.awaited.has(stmt)) return [name];
  c.awaited.add(stmt);
  const list = stmt.value;
  const items: Expr[] = [];
  if (list.nodeType === 'ListComp') items.push(list.elt);
  else if (list.nodeType === 'List') items.push(...list.elts);
  else return undefined;
  for (const use of binding.uses) {
    const method = parentOf(use);
    const call = method && parentOf(method);
    if (use === name || method?.nodeType === 'Yield' || (method?.nodeType === 'Call' && method.args[0] === use))
      continue;
    const isAppend = method?.nodeType === 'Attribute' && method.attr === 'append' && call?.nodeType === 'Call';
    if (!isAppend || call.args.length !== 1) return undefined;
    items.push(call.args[0]!);
  }
  for (const item of items) {
    const pieces = awaitable(c, unit, item);
    if (!pieces) return undefined;
    const started = task(c, unit, item, pieces);
    if (started.length !== 1 || started[0] !== item) unit.rewrite.replace(item, ...started);
  }
  return [name];
}

// ---- functions that hand on what they wait for ----

/** All that a function returns is something to wait for: `return deferToThread(f, x)`. */
export function handsOn(c: Coroutines, unit: Unit, fn: PyFunction): Return[] | undefined {
  const returns: Return[] = [];
  let isOther = false;
  walkOwn(fn.def.body, (node) => {
    if (node.nodeType === 'Return') returns.push(node);
    if (/^(?:Yield|YieldFrom|Await)$/.test(node.nodeType)) isOther = true;
  });
  if (isOther || returns.length === 0 || !returns.every(({ value }) => value?.nodeType === 'Call')) return undefined;
  return returns.every(({ value }) => mayBeAwaited(c, unit.file, value as Call)) ? returns : undefined;
}

/** As `awaitable`, by the name alone. */
function mayBeAwaited(c: Coroutines, file: PyFile, call: Call): boolean {
  const target = c.project.resolve(file, call.func);
  if (target?.kind === 'function') return c.functions.has(target);
  const name = qualified(file, call.func) ?? '';
  if (
    /^twisted\.internet\.(?:threads\.deferToThread|task\.deferLater|defer\.(?:DeferredList|gatherResults))$/.test(name)
  )
    return true;
  const kind = call.func.nodeType === 'Attribute' ? valueOf(c.project, file, call.func.value)?.kind : undefined;
  return kind === 'tornado.AsyncHTTPClient' && (call.func as { attr?: string }).attr === 'fetch';
}
