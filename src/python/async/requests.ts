import { exceptionNames, requestPieces, requestVerb, responsePieces } from '../http/from-requests.js';
import { isBuiltin, isName, qualified, textOf } from '../file.js';
import { evaluatedFirst } from '../pool/executor.js';
import { type Piece } from '../rewrite.js';
import {
  blockOf,
  functionAround,
  parentOf,
  statementOf,
  type Attribute,
  type Call,
  type Expr,
  type Name,
  type Node,
  type Stmt,
} from '../tree.js';
import { refuse, type Unit } from '../unit.js';
import { kindOf } from '../shapes.js';
import { ownNodes } from './waits.js';
import { inside, needsParens, ownLines } from './places.js';
import { isWorkerLambda, noAwaitHere } from './coroutine.js';
import { isBetween, isKept, isOpen, receivedPieces, receivedUse } from './received.js';
import type { Converter } from './from-pool.js';

/* What a coroutine asks of the network: the session instead of requests, and the response while it is open. */

// ---- requests ----

/** `r = requests.get(url)` → `async with session.get(url) as r:` round what uses it; elsewhere it is read at once. */
export function request(c: Converter, unit: Unit, call: Call): void {
  const { rewrite, file } = unit;
  const parent = parentOf(call)!;
  if (isWorkerLambda(c, file, call)) {
    const own = c.requestOf(file, call)!;
    return rewrite.replace(call, ...receivedPieces(c, unit, call, own.session, own.verb));
  }
  const { verb, session } = c.requestOf(file, call)!;
  const awaited = (): void => awaitRead(c, unit, call, session, verb);
  const isKeptName =
    parent.nodeType === 'Assign' && parent.targets.length === 1 && isName(parent.targets[0])
      ? isKept(c, file, file.scopes.bindingOf(parent.targets[0])!)
      : parent.nodeType === 'Assign';
  if (isKeptName) return awaited();
  const pieces = requestPieces(c.units, unit, call, session, verb);
  const stmt = statementOf(call);
  if (parent.nodeType === 'WithItem') {
    if (stmt.nodeType === 'With' && stmt.items.length > 1) return refuse(unit, 'unknown-callee', stmt.items[0]!);
    rewrite.replace({ start: stmt.start, end: stmt.start + 4 }, 'async with');
    return rewrite.replace(call, ...pieces);
  }
  if (!ownLines(file, stmt)) return awaited();
  const indent = rewrite.indentAt(stmt.start);
  if (parent.nodeType === 'Assign' && parent.targets.length === 1 && isName(parent.targets[0]))
    return assigned(unit, call, parent, parent.targets[0], pieces);
  if (parent.nodeType === 'Expr')
    return rewrite.replace(stmt, 'async with ', ...pieces, ` as response:\n${indent}${file.unit}await response.read()`);
  if (parent.nodeType !== 'Attribute' || !evaluatedFirst(call, stmt)) return awaited();
  const name = c.units.fresh(file, 'response');
  const converted = responsePieces(c.units, unit, parent, name);
  if (!converted) return;
  const line = rewrite.lineOf(stmt.start);
  rewrite.insert(line.start, `${indent}async with `, ...pieces, ` as ${name}:\n`);
  const [open, close] = converted.awaits && needsParens(converted.range) ? ['(', ')'] : ['', ''];
  rewrite.replace(converted.range, open, ...converted.pieces, close);
  rewrite.indent({ start: line.start, end: rewrite.lineOf(stmt.end).end }, file.unit);
}

export function assigned(
  unit: Unit,
  call: Call,
  stmt: Extract<Stmt, { nodeType: 'Assign' }>,
  name: Name,
  pieces: Piece[],
): void {
  const { rewrite, file } = unit;
  const block = blockOf(stmt);
  const index = block.indexOf(stmt);
  const binding = file.scopes.bindingOf(name)!;
  const uses = binding.uses.filter((use) => functionAround(use) === functionAround(call));
  const nextStore = block.findIndex(
    (each, at) => at > index && binding.sites.some((site) => site !== name && inside(site, each)),
  );
  const reach = nextStore < 0 ? block.length : nextStore;
  const own = block.slice(index + 1, reach);
  const inBlock = uses.every((use) => own.some((each) => inside(use, each)) || binding.sites.length > 1);
  const last = own.findLastIndex((each) => uses.some((use) => inside(use, each)));
  const indent = rewrite.indentAt(stmt.start);
  const head: Piece[] = ['async with ', ...pieces, ` as ${name.id}:`];
  const ends = last >= 0 ? own[last]! : undefined;
  if (!inBlock || !ends || binding.sites.length > 1 || !ownLines(file, ends))
    return rewrite.replace(stmt, ...head, `\n${indent}${file.unit}await ${name.id}.read()`);
  rewrite.replace(stmt, ...head);
  rewrite.indent({ start: rewrite.lineOf(stmt.end).end, end: rewrite.lineOf(ends.end).end }, file.unit);
}

/** The response that a name has, as long as its connection is open. */
export function isResponse(c: Converter, unit: Unit, expr: Expr): boolean {
  return isName(expr) && isOpen(c, unit.file, expr);
}

/** Anywhere else the response is read to its end before it goes on: `await Received.of(session.get, url)`. */
function awaitRead(c: Converter, unit: Unit, call: Call, session: Piece, verb: string): void {
  if (call.keywords.some((each) => each.arg === 'stream' && textOf(unit.file, each.value) !== 'False'))
    return refuse(unit, 'response-escapes', call);
  if (noAwaitHere(unit, call)) return;
  const [open, close] = needsParens(call) ? ['(', ')'] : ['', ''];
  unit.rewrite.replace(call, `${open}await `, ...receivedPieces(c, unit, call, session, verb), close);
}

export function response(c: Converter, unit: Unit, node: Attribute): void {
  if (!isResponse(c, unit, node.value)) {
    if (kindOf(c.project, unit.file, node.value) === 'requests.Response' && !isDirect(c, unit, node.value))
      receivedUse(unit, node);
    return;
  }
  const name = node.value as Name;
  const outer = parentOf(node);
  if (outer?.nodeType === 'Call' && outer.func === node && node.attr === 'iter_content') {
    const loop = parentOf(outer);
    if (loop?.nodeType === 'For' && loop.iter === outer) return; // the loop converts it
    return refuse(unit, 'http-option', outer, 'iter_content');
  }
  const converted = responsePieces(c.units, unit, node, name);
  if (!converted) return;
  if (converted.awaits && noAwaitHere(unit, node)) return;
  if (converted.awaits && isBetween(c, unit.file, node)) return refuse(unit, 'lock-held', node);
  const [open, close] = converted.awaits && needsParens(converted.range) ? ['(', ')'] : ['', ''];
  unit.rewrite.replace(converted.range, open, ...converted.pieces, close);
}

/** `requests.get(url).text`: the request converts it. */
const isDirect = (c: Converter, unit: Unit, expr: Expr): boolean =>
  expr.nodeType === 'Call' &&
  c.requestOf(unit.file, expr) !== undefined &&
  parentOf(expr)?.nodeType === 'Attribute' &&
  evaluatedFirst(expr, statementOf(expr));

/** A response that is tested is true when it is ok; handed on anywhere it is out of sight. */
export function responseName(c: Converter, unit: Unit, node: Name): void {
  if (node.ctx.nodeType !== 'Load' || !isResponse(c, unit, node)) return;
  const parent = parentOf(node)!;
  if (parent.nodeType === 'Attribute' && parent.value === node) return;
  const isTest =
    (parent.nodeType === 'If' || parent.nodeType === 'While' || parent.nodeType === 'IfExp') && parent.test === node;
  if (isTest || parent.nodeType === 'UnaryOp') return unit.rewrite.replace(node, `${node.id}.ok`);
  const isNone = parent.nodeType === 'Compare' && parent.ops.every((op) => /^Is/.test(op.nodeType));
  if (!isNone) refuse(unit, 'response-escapes', node, node.id);
}

/** `for chunk in r.iter_content(n)` → `async for chunk in r.content.iter_chunked(n)`. */
export function chunks(c: Converter, unit: Unit, node: Extract<Stmt, { nodeType: 'For' | 'AsyncFor' }>): void {
  const { iter } = node;
  if (
    iter.nodeType !== 'Call' ||
    iter.func.nodeType !== 'Attribute' ||
    iter.func.attr !== 'iter_content' ||
    !isResponse(c, unit, iter.func.value)
  )
    return;
  const size = iter.args[0] ?? iter.keywords.find((each) => each.arg === 'chunk_size')?.value;
  if (!size || iter.args.length + iter.keywords.length > 1) return refuse(unit, 'http-option', iter, 'iter_content');
  unit.rewrite.insert(node.start, 'async ');
  unit.rewrite.replace(iter, iter.func.value, '.content.iter_chunked(', size, ')');
}

export function handler(c: Converter, unit: Unit, node: Extract<Node, { nodeType: 'ExceptHandler' }>): void {
  const { file, rewrite } = unit;
  const types = node.type?.nodeType === 'Tuple' ? node.type.elts : node.type ? [node.type] : [];
  const mapped = types.map((type) => exceptionNames(qualified(file, type)));
  if (!mapped.some(Boolean)) {
    if (
      types.some((type) => isBuiltin(file, type, 'OSError') || isBuiltin(file, type, 'IOError')) &&
      guardsRequest(unit, node)
    )
      refuse(unit, 'http-option', node.type!, 'OSError');
    return;
  }
  const written = types
    .map((type, index) =>
      mapped[index] ? mapped[index]!.map((name) => exception(c, unit, name)) : [textOf(file, type)],
    )
    .flat();
  // An answer that is no JSON is a RequestException too.
  const isAny = mapped.some((each) => each?.includes('aiohttp.ClientError'));
  if (isAny && /\.json\(/.test(file.text)) written.push(c.units.need(unit, 'json', 'JSONDecodeError'));
  const unique = [...new Set(written)];
  rewrite.replace(node.type!, unique.length === 1 ? unique[0]! : `(${unique.join(', ')})`);
  if (node.name) errorUses(unit, node, node.name);
}

export function guardsRequest(unit: Unit, node: Node): boolean {
  const around = parentOf(node);
  return (
    around?.nodeType === 'Try' &&
    ownNodes(around.body).some((each) => each.nodeType === 'Call' && Boolean(requestVerb(unit.file, each)))
  );
}

export function exception(c: Converter, unit: Unit, name: string): string {
  const [module, own] = name.split('.') as [string, string | undefined];
  return own === undefined ? module : c.units.need(unit, module, own);
}

export function errorUses(unit: Unit, node: Extract<Node, { nodeType: 'ExceptHandler' }>, name: string): void {
  for (const each of ownNodes(node.body)) {
    if (each.nodeType !== 'Attribute' || !isName(each.value, name)) continue;
    const outer = parentOf(each);
    if (each.attr === 'response' && outer?.nodeType === 'Attribute' && outer.attr === 'status_code')
      unit.rewrite.replace(outer, `${name}.status`);
    else if (!/^(?:args|__\w+__)$/.test(each.attr)) refuse(unit, 'http-option', each, each.attr);
  }
}
