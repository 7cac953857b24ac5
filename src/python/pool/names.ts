import { convertResponseUse, exceptionName, raisedError } from '../http/from-aiohttp.js';
import { isBuiltin, isName, qualified } from '../file.js';
import { removeStatement } from '../imports.js';
import { functionAround, parentOf, walkOwn, type Attribute, type Expr, type Node } from '../tree.js';
import { link, note, refuse, touch, type Unit } from '../unit.js';
import { valueOf } from '../values.js';
import { MODULE_NAMES } from './asyncio-names.js';
import { closedSession } from './client-sessions.js';
import type { Converter } from './from-async.js';

/* Names of asyncio and aiohttp that stay in the text, by what they become. */

const SHARED =
  /^(?:asyncio\.(?:Lock|Semaphore|Event|Condition|Queue)|aiohttp\.(?:ClientSession|ClientTimeout|BasicAuth|TCPConnector)|httpx\.AsyncClient)$/;

/** Who makes a lock, a session, a queue and who uses one must change together: the kinds do not mix. */
export function share(c: Converter, node: Node): void {
  if (node.nodeType !== 'Name' && node.nodeType !== 'Attribute' && node.nodeType !== 'Call') return;
  const value = valueOf(c.project, c.file, node);
  if (!value || !SHARED.test(value.kind)) return;
  const add = (to: Map<string, Set<Unit>>): void =>
    void (to.get(value.kind) ?? to.set(value.kind, new Set()).get(value.kind)!).add(c.unit);
  if (node.nodeType === 'Call') return add(c.makers);
  if (!value.made) return add(c.users);
  link(c.unit, c.units.around(value.made.file, value.made.call));
}

export function attribute(c: Converter, node: Attribute): void {
  const kind = c.kind(node.value);
  if (kind === 'aiohttp.ClientResponse') {
    touch(c.unit, node);
    return convertResponseUse(c, c.unit, node);
  }
  if (
    kind === 'aiohttp.ClientSession' &&
    !/^(?:get|post|put|patch|delete|head|options|request|close|headers|closed)$/.test(node.attr)
  ) {
    if (node.ctx.nodeType === 'Load') refuse(c.unit, 'http-option', node, node.attr);
  } else if (kind === 'aiohttp.ClientSession' && node.attr === 'closed') closedSession(c, node);
  else if ((kind === 'aiohttp.ClientTimeout' || kind === 'aiohttp.BasicAuth') && node.ctx.nodeType === 'Load')
    refuse(c.unit, 'http-option', node, node.attr);
  moduleName(c, node);
}

export function name(c: Converter, node: Extract<Expr, { nodeType: 'Name' }>): void {
  if (node.ctx.nodeType === 'Store') return store(c, node);
  moduleName(c, node);
}

/** `loop = asyncio.get_event_loop()` goes when everything that was asked of it does. */
export function store(c: Converter, node: Extract<Expr, { nodeType: 'Name' }>): void {
  const parent = parentOf(node);
  if (parent?.nodeType !== 'Assign' || parent.targets.length !== 1 || c.kind(parent.value) !== 'asyncio.Loop') return;
  touch(c.unit, parent);
  const binding = c.file.scopes.bindingOf(node);
  const escapes = binding?.uses.find((use) => {
    const at = parentOf(use);
    const isHandled =
      at?.nodeType === 'Attribute' ||
      (at?.nodeType === 'Call' && /^asyncio\.set_event_loop$/.test(qualified(c.file, at.func) ?? ''));
    return !isHandled;
  });
  if (escapes) refuse(c.unit, 'unknown-callee', escapes);
  else removeStatement(c.file, parent, c.unit.rewrite);
}

/** Classes that annotations name. */
const TYPES: Readonly<Record<string, string>> = {
  'aiohttp.ClientSession': 'Session',
  'aiohttp.ClientResponse': 'Response',
  'aiohttp.ClientTimeout': 'float',
  'aiohttp.BasicAuth': 'tuple',
};

function isCalled(node: Expr): boolean {
  const parent = parentOf(node);
  return parent?.nodeType === 'Call' && parent.func === node;
}

/** Names of asyncio and aiohttp that stay in the text, by what they become. */
export function moduleName(c: Converter, node: Expr): void {
  const { unit } = c;
  const name = qualified(c.file, node);
  if (!name || parentOf(node)?.nodeType === 'Attribute') return;
  if (awaitedType(c, node, name)) return;
  const exception = exceptionName(name);
  if (exception) {
    // Who catches what the requests raise changes with them, wherever they are made.
    changesWithSessions(c, node);
    const call = parentOf(node);
    if (call?.nodeType === 'Call' && call.func === node) raisedError(unit, call, exception);
    return unit.rewrite.replace(node, c.units.need(unit, 'requests', exception));
  }
  // Only aiohttp raises it for a request; who else does cannot be seen.
  if (/^asyncio\.(?:exceptions\.)?TimeoutError$/.test(name) && !/\baiohttp\b/.test(c.file.text))
    return refuse(unit, 'cancellation', node, name);
  const other = MODULE_NAMES[name];
  if (other) {
    touch(unit, node);
    return unit.rewrite.replace(node, c.units.need(unit, ...other));
  }
  const type = isCalled(node) ? undefined : TYPES[name];
  if (type) changesWithSessions(c, node);
  if (type) return unit.rewrite.replace(node, /^[a-z]/.test(type) ? type : c.units.need(unit, 'requests', type));
  if (!/^(?:asyncio|aiohttp)(?:\.|$)/.test(name) || isUnderstood(name, node)) return;
  if (isOfLimit(c, node)) return;
  const isCancel = /^asyncio\.(?:CancelledError|wait_for|shield|timeout|timeout_at)$/.test(name);
  refuse(unit, isCancel ? 'cancellation' : 'unknown-callee', node, name);
}

function changesWithSessions(c: Converter, node: Expr): void {
  const users = c.users.get('aiohttp.ClientSession') ?? new Set<Unit>();
  c.users.set('aiohttp.ClientSession', users.add(c.unit));
  touch(c.unit, node);
}

/** `asyncio.wait_for`, `asyncio.timeout` round a request that keeps the limit by itself. */
function isOfLimit(c: Converter, node: Expr): boolean {
  const call = parentOf(node);
  if (call?.nodeType !== 'Call' || call.func !== node) return false;
  const item = parentOf(call);
  const block = item?.nodeType === 'WithItem' ? parentOf(item) : undefined;
  return c.timeouts.waits.has(call) || (block?.nodeType === 'AsyncWith' && c.timeouts.blocks.has(block));
}

/** Types of what is awaited: what comes of it is there at once. */
function awaitedType(c: Converter, node: Expr, name: string): boolean {
  const own = /^(?:typing|collections\.abc)\.(Awaitable|Coroutine|AsyncGenerator)$/.exec(name)?.[1];
  const whole = parentOf(node);
  if (!own || whole?.nodeType !== 'Subscript' || whole.value !== node) return false;
  const { unit } = c;
  touch(unit, node);
  for (const fn of c.project.functions)
    if (fn.file === c.file && fn.def.nodeType === 'AsyncFunctionDef') link(unit, c.units.of(fn));
  const { slice } = whole;
  const parts = slice.nodeType === 'Tuple' ? slice.elts : [slice];
  if (own === 'Awaitable') unit.rewrite.replace(whole, slice);
  else if (own === 'Coroutine' && parts[2]) unit.rewrite.replace(whole, parts[2]);
  else if (own === 'AsyncGenerator') {
    unit.rewrite.replace(node, c.units.need(unit, name.slice(0, name.lastIndexOf('.')), 'Generator'));
    unit.rewrite.insert(parts.at(-1)!.end, parts.length === 1 ? ', None, None' : ', None');
  }
  return true;
}

/** What another part converts, or what only says a type. */
export function isUnderstood(name: string, node: Expr): boolean {
  if (
    /^asyncio\.(?:run|gather|wait|as_completed|create_task|ensure_future|sleep|to_thread|get_event_loop|new_event_loop|get_running_loop|set_event_loop|set_event_loop_policy|WindowsSelectorEventLoopPolicy|WindowsProactorEventLoopPolicy|TaskGroup)$/.test(
      name,
    )
  )
    return parentOf(node)?.nodeType === 'Call' || /Policy$/.test(name);
  if (/^aiohttp\.(?:ClientTimeout|TCPConnector|BasicAuth)$/.test(name)) return isCalled(node);
  if (name === 'aiohttp.CookieJar') return isInOptions(node);
  return name === 'aiohttp.ClientSession' || name === 'aiohttp.ClientResponse';
}

/** Inside the arguments of a session or a request: those are converted as a whole. */
export function isInOptions(node: Expr): boolean {
  for (let at = parentOf(node); at && at !== functionAround(node); at = parentOf(at))
    if (at.nodeType === 'Keyword') return true;
  return false;
}

/** The builtin errors that errors of aiohttp are, and those of requests are not, or the other way round. */
function caughtBuiltin(c: Converter, node: Extract<Node, { nodeType: 'ExceptHandler' }>, type: Expr): void {
  const guarded = parentOf(node);
  if (c.unit.fn?.def.nodeType !== 'AsyncFunctionDef' || !/\baiohttp\b/.test(c.file.text) || guarded?.nodeType !== 'Try')
    return;
  let asks = false;
  walkOwn(guarded.body, (each) => void (asks ||= each.nodeType === 'Await' || each.nodeType === 'AsyncWith'));
  if (!asks) return;
  if (isBuiltin(c.file, type, 'TimeoutError')) {
    const own = c.units.need(c.unit, 'requests', 'Timeout');
    const alone = node.type === type;
    if (alone) c.unit.rewrite.insert(type.start, '(');
    c.unit.rewrite.insert(type.end, alone ? `, ${own})` : `, ${own}`);
  }
  if (isBuiltin(c.file, type, 'OSError') || isBuiltin(c.file, type, 'IOError')) refuse(c.unit, 'http-option', type);
}

export function handler(c: Converter, node: Extract<Node, { nodeType: 'ExceptHandler' }>): void {
  const types = node.type?.nodeType === 'Tuple' ? node.type.elts : node.type ? [node.type] : [];
  const names = types.map((each) => qualified(c.file, each));
  for (const each of types) caughtBuiltin(c, node, each);
  const { name } = node;
  if (!name || !names.some((each) => each && exceptionName(each))) return;
  walkOwn(node.body, (each) => {
    if (each.nodeType !== 'Attribute' || !isName(each.value, name)) return;
    if (each.attr === 'status')
      c.unit.rewrite.replace({ start: each.value.end, end: each.end }, '.response.status_code');
    else if (each.attr === 'message')
      c.unit.rewrite.replace({ start: each.value.end, end: each.end }, '.response.reason');
    else if (!/^(?:args|exceptions|__\w+__)$/.test(each.attr)) refuse(c.unit, 'http-option', each, each.attr);
  });
  void note;
}
