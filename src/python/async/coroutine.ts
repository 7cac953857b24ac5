import { sessionCall } from '../http/from-requests.js';
import { isBuiltin, qualified, textOf, type PyFile } from '../file.js';
import type { PyFunction } from '../project.js';
import { functionAround, isFunction, parentOf, type Call, type Expr, type Node, type Stmt } from '../tree.js';
import { link, refuse, touch, type Unit } from '../unit.js';
import { valueOf } from '../values.js';
import { ownNodes } from './waits.js';
import { futureCall } from './futures.js';
import { primitiveCall, primitiveHandler, primitiveWith } from './primitives.js';
import { poolWorkers, threadPoolCall } from './thread-pools.js';
import { threadCall, threadMade } from './threads.js';
import { BLOCKS, PER_THREAD, needsParens, nameEnd, ownLines } from './places.js';
import { session } from './opened.js';
import { request, response, responseName, chunks, handler } from './requests.js';
import type { Converter } from './from-pool.js';

/* A blocking function becomes a coroutine: its head, its calls, and the places that call it. */

// ---- functions ----

export function convertFunction(c: Converter, fn: PyFunction): void {
  const unit = c.units.of(fn);
  const { def, file } = fn;
  touch(unit, def);
  const isIsland = c.islands.has(fn);
  if (!isIsland) unit.rewrite.insert(def.start, 'async ');
  for (const decorator of def.decorator_list) {
    const name = qualified(file, decorator.nodeType === 'Call' ? decorator.func : decorator) ?? textOf(file, decorator);
    if (!/^(?:staticmethod|classmethod)$/.test(name)) refuse(unit, 'decorated', decorator, name);
  }
  if (/^__\w+__$/.test(fn.name)) refuse(unit, 'no-async-here', def, fn.name);
  const nodes = ownNodes(def.body);
  if (nodes.some((node) => node.nodeType === 'Yield' || node.nodeType === 'YieldFrom'))
    refuse(unit, 'generator', def, fn.name);
  if (c.needsSession(fn)) addParameter(c, unit, fn);
  if (c.opensOwn.has(fn)) openOwn(c, unit, fn);
  if (!isIsland) for (const use of c.project.usesOf(fn)) convertUse(c, unit, fn, use.file, use.at, use.call);
  for (const node of nodes) convertNode(c, unit, node);
}

/** `async with ClientSession() as session:` round the whole of a function that nobody can hand a session. */
function openOwn(c: Converter, unit: Unit, fn: PyFunction): void {
  const asks = ownNodes(fn.def.body).some((node) => node.nodeType === 'Call' && c.asksForSession(fn.file, node));
  if (!asks) return;
  const { rewrite, file } = unit;
  const [head, ...more] = fn.def.body;
  const first = head!.nodeType === 'Expr' && head!.value.nodeType === 'Constant' && more[0] ? more[0] : head!;
  const last = fn.def.body.at(-1)!;
  if (!ownLines(file, first) || !ownLines(file, last)) return refuse(unit, 'one-line-block', first);
  const indent = rewrite.indentAt(first.start);
  const lines = { start: rewrite.lineOf(first.start).start, end: rewrite.lineOf(last.end).end };
  const opened = sessionCall(c.units, unit)
    .replaceAll('\n    ', `\n${indent}${file.unit}`)
    .replace(/\n\)$/, `\n${indent})`);
  c.wraps.push({ unit, lines, header: `${indent}async with ${opened} as ${c.sessionName(file)}:\n` });
}

/** `def f(url)` → `def f(url, session)`; behind defaults and stars it is keyword-only. */
export function addParameter(c: Converter, unit: Unit, fn: PyFunction): void {
  const { file, def } = fn;
  const { args } = def;
  const name = c.sessionName(file);
  const open = file.text.indexOf('(', nameEnd(file, def.start, fn.name));
  const last = [...args.posonlyargs, ...args.args, ...args.kwonlyargs, ...(args.vararg ? [args.vararg] : [])]
    .sort((a, b) => a.end - b.end)
    .at(-1);
  if (!last) return unit.rewrite.insert(open + 1, name);
  if (args.kwarg) return refuse(unit, 'own-signature', def, fn.name);
  const ends = [
    last.end,
    ...[...args.defaults, ...args.kw_defaults].map((each) => each?.end ?? 0),
    last.annotation?.end ?? 0,
  ];
  const keywordOnly = args.defaults.length > 0;
  const star = keywordOnly && !args.vararg && args.kwonlyargs.length === 0 ? ', *' : '';
  unit.rewrite.insert(Math.max(...ends), `${star}, ${name}`);
}

export function isKeywordOnly(fn: PyFunction): boolean {
  const { args } = fn.def;
  return args.defaults.length > 0 || args.vararg !== undefined || args.kwonlyargs.length > 0;
}

/** Every place that names a coroutine: it is awaited in coroutines, run at the border, and handed to the pool as it is. */
export function convertUse(
  c: Converter,
  unit: Unit,
  fn: PyFunction,
  file: PyFile,
  at: Expr,
  call: Call | undefined,
): void {
  const caller = c.units.around(file, at);
  link(unit, caller);
  if (!call) {
    const parent = parentOf(at);
    if (parent?.nodeType === 'Keyword' && parent.arg === 'target' && isThreadCall(c, file, parentOf(parent)!)) return;
    const isWorker = parent?.nodeType === 'Call' && parent.args[0] === at && isHandedToPool(c, file, parent);
    if (!isWorker) refuse(unit, 'function-value', at, fn.name);
    return;
  }
  const passed = c.needsSession(fn) ? addArgument(c, caller, fn, call) : undefined;
  if (isWorkerLambda(c, file, call)) return;
  const inRegion = !functionAround(call) && c.isConverted(file, call);
  const around = functionAround(call);
  const inCoroutine = around && c.coroutines.has(c.project.functionOf(around));
  if (inCoroutine || (inRegion && !around)) return wrapAwait(caller, call);
  if (passed || around?.name.startsWith('__')) return refuse(caller, 'session-outside', call, fn.name);
  touch(caller, call);
  caller.rewrite.insert(call.start, `${c.units.need(caller, 'asyncio', 'run')}(`);
  caller.rewrite.insert(call.end, ')');
}

const isThreadCall = (c: Converter, file: PyFile, node: Node): boolean =>
  node.nodeType === 'Call' && threadMade(c.project, file, node) !== undefined;

/** `executor.map(f, xs)`, `executor.map(partial(f, y), xs)`, and that `partial` by a name of its own. */
function isHandedToPool(c: Converter, file: PyFile, call: Call): boolean {
  if (c.isPoolCall(file, call) || poolWorkers(c, file, call).length > 0) return true;
  if (qualified(file, call.func) !== 'functools.partial') return false;
  const outer = parentOf(call)!;
  if (outer.nodeType === 'Call') return outer.args[0] === call && c.isPoolCall(file, outer);
  const name = outer.nodeType === 'Assign' && outer.targets.length === 1 ? outer.targets[0]! : undefined;
  const binding = name?.nodeType === 'Name' ? file.scopes.bindingOf(name) : undefined;
  return (
    binding?.sites.length === 1 &&
    binding.uses.every((use) => {
      const parent = parentOf(use);
      return parent?.nodeType === 'Call' && parent.args[0] === use && c.isPoolCall(file, parent);
    })
  );
}

/** `lambda u: f(u, 1)` as a worker gives the coroutine to the pool. */
export function isWorkerLambda(c: Converter, file: PyFile, call: Call): boolean {
  const lambda = parentOf(call);
  const outer = lambda && parentOf(lambda);
  return (
    lambda?.nodeType === 'Lambda' &&
    lambda.body === call &&
    outer?.nodeType === 'Call' &&
    outer.args[0] === lambda &&
    c.isPoolCall(file, outer)
  );
}

export function addArgument(c: Converter, caller: Unit, fn: PyFunction, call: Call, named = false): boolean {
  const own = c.sessionName(caller.file);
  const theirs = c.sessionName(fn.file);
  const all = [...call.args, ...call.keywords].sort((a, b) => a.end - b.end);
  const byName = named || isKeywordOnly(fn) || call.keywords.length > 0;
  const text = byName ? `${theirs}=${own}` : own;
  const last = all.at(-1);
  if (last) caller.rewrite.insert(last.end, `, ${text}`);
  else caller.rewrite.insert(call.end - 1, text);
  return true;
}

/** `await f(x)`, in parentheses where something follows. */
export function wrapAwait(unit: Unit, node: Expr): void {
  if (noAwaitHere(unit, node)) return;
  const [open, close] = needsParens(node) ? ['(', ')'] : ['', ''];
  unit.rewrite.insert(node.start, `${open}await `);
  if (close) unit.rewrite.insert(node.end, close);
}

export function noAwaitHere(unit: Unit, node: Node): boolean {
  for (
    let at = node, parent = parentOf(at);
    parent && !isFunction(parent) && parent.nodeType !== 'Module';
    at = parent, parent = parentOf(at)
  ) {
    const lazy = parent.nodeType === 'Lambda' || (parent.nodeType === 'GeneratorExp' && parent.generators[0] !== at);
    if (!lazy) continue;
    refuse(unit, 'no-async-here', node);
    return true;
  }
  return false;
}

export function convertNode(c: Converter, unit: Unit, node: Node): void {
  const { file } = unit;
  switch (node.nodeType) {
    case 'Call':
      if (c.requestOf(file, node)) return request(c, unit, node);
      if (futureCall(c, unit, node) || threadCall(c, unit, node)) return;
      if (threadPoolCall(c, unit, node) || primitiveCall(c, unit, node)) return;
      return blocking(c, unit, node);
    case 'Attribute':
      return response(c, unit, node);
    case 'Name':
      return responseName(c, unit, node);
    case 'For':
      return chunks(c, unit, node);
    case 'ExceptHandler':
      primitiveHandler(c, unit, node);
      return handler(c, unit, node);
    case 'With':
      if (primitiveWith(c, unit, node)) return;
      session(c, unit, node);
      return lock(c, unit, node);
    case 'Assign':
      return session(c, unit, node);
  }
}

export function blocking(c: Converter, unit: Unit, call: Call): void {
  const { file } = unit;
  const name = qualified(file, call.func);
  if (name === 'time.sleep') {
    unit.rewrite.replace(call.func, c.units.need(unit, 'asyncio', 'sleep'));
    return wrapAwait(unit, call);
  }
  if (name && BLOCKS.test(name)) refuse(unit, 'no-async-twin', call, name);
  if (name && PER_THREAD.test(name)) refuse(unit, 'thread-identity', call, name);
  const kind = call.func.nodeType === 'Attribute' ? valueOf(c.project, file, call.func.value)?.kind : undefined;
  if (
    kind &&
    /^(?:requests\.Session|httpx\.Client|threading\.(?:Condition|Thread)|ThreadPool|ProcessPool|ProcessPoolExecutor)$/.test(
      kind,
    )
  )
    refuse(unit, 'no-async-twin', call, kind);
  if (kind === undefined && mayBlock(call) && SHARED.test(file.text)) refuse(unit, 'unknown-callee', call);
  if (isBuiltin(file, call.func, 'input')) refuse(unit, 'no-async-twin', call, 'input');
}

/** Files that use what threads wait for. */
const SHARED = /\b(?:queue|Queue|Event|Condition|Semaphore|Barrier|Thread|ThreadPool)\b/;

/** `x.get()`, `x.join()`, `x.wait()` of something that is not known may wait for another thread, which then never gets its turn. */
function mayBlock({ func, args, keywords }: Call): boolean {
  if (func.nodeType !== 'Attribute' || func.value.nodeType === 'Constant') return false;
  const timed = keywords.every((each) => /^(?:block|blocking|timeout)$/.test(each.arg ?? ''));
  if (!timed) return false;
  if (func.attr === 'put') return args.length === 1;
  return /^(?:get|join|wait|acquire)$/.test(func.attr) && args.length === 0;
}

/** A lock that nothing is awaited under stays as it is. */
export function lock(c: Converter, unit: Unit, node: Extract<Stmt, { nodeType: 'With' | 'AsyncWith' }>): void {
  for (const item of node.items) {
    const kind = valueOf(c.project, unit.file, item.context_expr)?.kind;
    if (!kind?.startsWith('threading.')) continue;
    const waits = ownNodes(node.body).some((each) => each.nodeType === 'Call' && c.waiting.isWait(unit.file, each));
    if (waits) refuse(unit, 'lock-held', item.context_expr);
  }
}
