import { convertRequest, sessionOf } from '../http/from-aiohttp.js';
import { isName, qualified } from '../file.js';
import { parentOf, type Attribute, type Call, type Expr, type For, type Node, type With } from '../tree.js';
import { link, refuse, touch } from '../unit.js';
import { valueOf } from '../values.js';
import { argumentRange } from './arguments.js';
import { sessionBlock } from './client-sessions.js';
import { isAsyncGenerator } from './coroutines.js';
import type { Converter } from './from-async.js';
import { headOf } from './sessions.js';

/* `async with` and `async for`: what they enter, and what they go through. */

export function withStatement(c: Converter, node: With): void {
  const { unit } = c;
  touch(unit, node);
  if (c.timeouts.blocks.has(node)) return withoutBlock(c, node);
  const isGone = c.plain.withs.has(node);
  const keyword = /^async\s+/.exec(c.file.text.slice(node.start))![0];
  if (!isGone) unit.rewrite.remove({ start: node.start, end: node.start + keyword.length });
  for (const item of node.items) entered(c, node, item.context_expr, item.optional_vars);
}

/** `async with timeout(5):` whose request says so itself. */
function withoutBlock(c: Converter, node: With): void {
  const { rewrite } = c.unit;
  const head = headOf(c.file, node);
  if (!head) return refuse(c.unit, 'one-line-block', node.body[0]!);
  rewrite.remove(head);
  const inner = rewrite.indentAt(node.body[0]!.start);
  const unit = inner.slice(rewrite.indentAt(node.start).length);
  rewrite.lower({ start: head.end, end: rewrite.lineOf(node.body.at(-1)!.end - 1).end }, unit);
}

export function entered(c: Converter, node: With, expr: Expr, name: Expr | undefined): void {
  const { unit } = c;
  const value = valueOf(c.project, c.file, expr);
  const kind = value?.kind ?? '';
  if (kind === 'aiohttp.ClientSession') return sessionBlock(c, node, expr, name);
  if (kind === 'aiohttp.Request' && expr.nodeType === 'Call') return request(c, expr);
  if (/^(?:asyncio\.(?:Lock|Semaphore|Condition)|httpx\.(?:AsyncClient|Stream)|contextlib\.AsyncExitStack)$/.test(kind))
    return;
  if (kind === 'asyncio.TaskGroup') {
    c.groups.push({ stmt: node, made: expr });
    return;
  }
  if (value?.cls) {
    const enter = c.project.method(value.cls, '__aenter__');
    if (enter?.def.nodeType === 'AsyncFunctionDef') return link(unit, c.units.of(enter));
  }
  if (expr.nodeType === 'Call') {
    const target = c.project.resolve(c.file, expr.func);
    const isManager =
      target?.kind === 'function' &&
      target.def.decorator_list.some((each) => qualified(target.file, each) === 'contextlib.asynccontextmanager');
    if (isManager) return;
    if (qualified(c.file, expr.func) === 'contextlib.aclosing') return;
  }
  refuse(
    unit,
    /^asyncio\.timeout/.test(qualified(c.file, expr.nodeType === 'Call' ? expr.func : expr) ?? '')
      ? 'cancellation'
      : 'unknown-callee',
    expr,
  );
}

export function request(c: Converter, call: Call): void {
  const more = convertRequest(c, c.unit, call, sessionOf(c, c.file, call));
  const extra = [...(isStreamed(c, call) ? ['stream=True'] : []), ...(more ? [more] : [])].join(', ');
  if (!extra) return;
  const last = argumentRange(c, call);
  if (last) c.unit.rewrite.insert(last.end, `, ${extra}`);
}

/** The answer's body is read bit by bit. */
function isStreamed(c: Converter, call: Call): boolean {
  const item = parentOf(call);
  const name = item?.nodeType === 'WithItem' ? item.optional_vars : undefined;
  const binding = isName(name) ? c.file.scopes.bindingOf(name) : undefined;
  return (
    binding?.uses.some((use) => {
      const parent = parentOf(use);
      return (
        parent?.nodeType === 'Attribute' && parent.attr === 'content' && parentOf(parent)?.nodeType === 'Attribute'
      );
    }) ?? false
  );
}

export function asyncFor(c: Converter, node: For): void {
  touch(c.unit, node);
  const keyword = /^async\s+/.exec(c.file.text.slice(node.start))![0];
  c.unit.rewrite.remove({ start: node.start, end: node.start + keyword.length });
  iterated(c, node.iter);
}

export function asyncComprehension(c: Converter, node: Extract<Node, { nodeType: 'Comprehension' }>): void {
  touch(c.unit, node);
  const text = c.file.text.slice(0, node.target.start);
  const at = /async\s+for\s+\(?\s*$/.exec(text)!;
  const keyword = /^async\s+/.exec(at[0])![0];
  c.unit.rewrite.remove({ start: at.index, end: at.index + keyword.length });
  iterated(c, node.iter);
}

/** `response.content.iter_chunked(1024)` */
function isChunks(c: Converter, { func, args }: Call): boolean {
  if (func.nodeType !== 'Attribute' || func.attr !== 'iter_chunked' || args.length !== 1) return false;
  const { value } = func;
  return value.nodeType === 'Attribute' && value.attr === 'content' && c.kind(value.value) === 'aiohttp.ClientResponse';
}

export function iterated(c: Converter, iter: Expr): void {
  const { unit } = c;
  if (c.fans.joinOf.has(iter)) return;
  if (iter.nodeType === 'Call') {
    const target = c.project.resolve(c.file, iter.func);
    if (target?.kind === 'function' && isAsyncGenerator(target)) return;
    if (
      iter.func.nodeType === 'Attribute' &&
      c.kind(iter.func.value) === 'httpx.Response' &&
      /^aiter_(?:bytes|text|lines|raw)$/.test(iter.func.attr)
    )
      return unit.rewrite.replace(
        { start: iter.func.end - iter.func.attr.length, end: iter.func.end },
        iter.func.attr.slice(1),
      );
    if (isChunks(c, iter))
      return unit.rewrite.replace(
        { start: (iter.func as Attribute).value.end - 'content'.length, end: iter.func.end },
        'iter_content',
      );
  }
  const cls = valueOf(c.project, c.file, iter)?.cls;
  const method = cls && c.project.method(cls, '__aiter__');
  if (method) return link(unit, c.units.of(method));
  refuse(unit, 'unknown-callee', iter);
}
