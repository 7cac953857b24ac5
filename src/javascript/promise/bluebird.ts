import type { Binding, Block, Handler, Snippet, Step, Target, Task } from '../../flow/model.js';
import type { Range } from '../../types.js';
import { withLead } from '../body.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { settledLists } from './chain.js';
import { directValue } from './direct.js';
import { applyStandard, failHandler } from './then.js';
import { inventedPattern, inventedUse } from './env.js';
import type { Env } from './env.js';
import { readFunction } from './function.js';
import { handlerForm, isFixedValue } from './handler.js';
import type { Link } from './links.js';

/** The methods of promise libraries that plain code says exactly; `undefined`: the link stays as it is. */
export function applyExtra(before: Task, link: Link, lead: Range[], env: Env): Task | undefined {
  switch (link.method) {
    case 'catch':
      return link.args.length > 1 ? filteredCatch(before, link, lead, env) : applyStandard(before, link, lead, env);
    case 'finally':
      return applyStandard(before, link, lead, env);
    case 'spread':
      return link.args.length === 1 ? spread(before, link, lead, env) : undefined;
    case 'tap':
      return link.args.length === 1 ? tap(before, link, lead, env) : undefined;
    case 'get':
      return fromValue(before, link, lead, env, (value) => member(value, link, env));
    case 'call':
      return fromValue(before, link, lead, env, (value) => method(value, link, env));
    case 'return':
    case 'thenReturn':
    case 'thenResolve':
      return constant(before, link, lead, env);
    default:
      return undefined;
  }
}

function blockOf(
  target: Target,
  before: Task,
  bind: { pattern: Snippet } | undefined,
  rest: Block,
  link: Link,
  lead: Range[],
  invented = true,
): Task {
  const led = withLead(rest, lead);
  const wait: Step = {
    kind: 'wait',
    on: before,
    ...(bind && { bind: { pattern: bind.pattern, how: 'const' as const, ...(invented && { invented }) } }),
    lead: [],
    at: rangeOf(link.call),
  };
  return { kind: 'block', target, body: { steps: [wait, ...led.steps], tail: led.tail } };
}

function fromValue(
  before: Task,
  link: Link,
  lead: Range[],
  env: Env,
  say: (value: Binding | Snippet | string) => (string | Snippet | Binding)[] | undefined,
): Task | undefined {
  const at = { start: link.name.getStart(), end: link.call.end };
  const target: Target = { of: 'block' };
  const given = directValue(before);
  const direct = given && /^[\w$.]+$/.test(textOf(given.value, env)) ? say(given.value) : undefined;
  if (given && direct) {
    const last: Step = {
      kind: 'exit',
      how: 'succeed',
      of: target,
      with: env.snippets.compose(direct, at),
      lead: [],
      at,
    };
    const end = withLead({ steps: [last], tail: [] }, [...given.comments, ...lead]);
    return { kind: 'block', target, body: { steps: [...given.steps, ...end.steps], tail: [] } };
  }
  const name = env.snippets.invent('result');
  const parts = say(name);
  if (!parts) return undefined;
  const exit: Step = { kind: 'exit', how: 'succeed', of: target, with: env.snippets.compose(parts, at), lead: [], at };
  return blockOf(target, before, { pattern: inventedPattern(name, at) }, { steps: [exit], tail: [] }, link, lead);
}

function textOf(value: Snippet, env: Env): string {
  const text = (part: Snippet['parts'][number]) =>
    typeof part === 'string' ? part : 'start' in part ? env.ctx.text.slice(part.start, part.end) : part.name;
  return value.parts.map(text).join('');
}

function member(value: Binding | Snippet | string, link: Link, env: Env): (string | Snippet | Binding)[] | undefined {
  const [key, more] = link.args;
  if (!key || more) return undefined;
  if (ts.isStringLiteral(key) && /^[A-Za-z_$][\w$]*$/.test(key.text)) return [value, `.${key.text}`];
  return isFixedValue(key, env.ctx.scopes) && !isNegative(key)
    ? [value, '[', env.snippets.expression(key), ']']
    : undefined;
}

/** `.get(-1)` counts from the end in Bluebird; a name could be negative as well, so only literals and strings pass. */
function isNegative(key: ts.Expression): boolean {
  return !ts.isLiteralExpression(bare(key));
}

function method(value: Binding | Snippet | string, link: Link, env: Env): (string | Snippet | Binding)[] | undefined {
  const [name, ...args] = link.args;
  if (!name || !ts.isStringLiteral(name) || !/^[A-Za-z_$][\w$]*$/.test(name.text)) return undefined;
  if (!args.every((arg) => isFixedValue(arg, env.ctx.scopes))) return undefined;
  const list = args.flatMap((arg, index) =>
    index ? [', ', env.snippets.expression(arg)] : [env.snippets.expression(arg)],
  );
  return [value, `.${name.text}(`, ...list, ')'];
}

function constant(before: Task, link: Link, lead: Range[], env: Env): Task | undefined {
  const [value, more] = link.args;
  if (more || (value && !isFixedValue(value, env.ctx.scopes))) return undefined;
  const target: Target = { of: 'block' };
  const exit: Step = {
    kind: 'exit',
    how: 'succeed',
    of: target,
    ...(value && { with: env.snippets.expression(value) }),
    lead: [],
    at: rangeOf(link.call),
  };
  return blockOf(target, before, undefined, { steps: [exit], tail: [] }, link, lead);
}

/** `.tap(f)`: `f` is waited for, its value dropped, and the value before goes on. */
function tap(before: Task, link: Link, lead: Range[], env: Env): Task | undefined {
  const argument = link.args[0]!;
  const form = handlerForm(argument, env);
  if (form.kind === 'none') return undefined;
  const target: Target = { of: 'block' };
  const inner: Target = { of: 'block' };
  const at = rangeOf(argument);
  const name = form.kind === 'function' ? form.fn.parameters[0]?.name : undefined;
  if (name && !ts.isIdentifier(name)) return undefined;
  if (form.kind === 'function') {
    const read = readFunction(form.fn, inner, env, false);
    const own = read.param && name && env.snippets.bindingOf(name);
    const binding = own ?? env.snippets.invent('result');
    if (read.how === 'let') return undefined;
    return tapped(before, link, lead, {
      target,
      inner,
      binding,
      pattern: own ? read.param! : inventedPattern(binding, at),
      block: read.block,
      at,
    });
  }
  const binding = env.snippets.invent('result');
  const call = env.snippets.compose(form.call(binding), at, form.plain ? 'no' : 'maybe');
  const block: Block = { steps: [{ kind: 'exit', how: 'succeed', of: inner, with: call, lead: [], at }], tail: [] };
  return tapped(before, link, lead, { target, inner, binding, pattern: inventedPattern(binding, at), block, at });
}

interface Tapped {
  readonly target: Target;
  readonly inner: Target;
  readonly binding: Binding;
  readonly pattern: Snippet;
  readonly block: Block;
  readonly at: Range;
}

function tapped(before: Task, link: Link, lead: Range[], { target, inner, binding, pattern, block, at }: Tapped): Task {
  const work: Step = { kind: 'wait', on: { kind: 'block', target: inner, body: block }, lead: [], at };
  const exit: Step = {
    kind: 'exit',
    how: 'succeed',
    of: target,
    with: inventedUse(binding, at),
    lead: [],
    at: { start: at.end, end: at.end },
  };
  return blockOf(target, before, { pattern }, { steps: [work, exit], tail: [] }, link, lead, false);
}

/** `.spread((a, b) => …)`: the items are waited for, then handed over one by one. */
function spread(before: Task, link: Link, lead: Range[], env: Env): Task | undefined {
  const form = handlerForm(link.args[0], env);
  if (form.kind !== 'function') return undefined;
  const { parameters } = form.fn;
  if (parameters.some((p) => p.initializer || p.dotDotDotToken || p.questionToken || p.type)) return undefined;
  const { snippets } = env;
  const at = rangeOf(form.fn);
  const target: Target = { of: 'block' };
  const read = readFunction(form.fn, target, env, false, 'many');
  const names = parameters.flatMap((p, index) =>
    index ? [', ', snippets.pattern(p.name)] : [snippets.pattern(p.name)],
  );
  const pattern: Snippet = { ...snippets.compose(['[', ...names, ']'], at, 'no'), destructures: true };
  const list = settledLists.has(before) ? before : allOf(before, link, env);
  return blockOf(target, list, { pattern }, read.block, link, lead, false);
}

function allOf(before: Task, link: Link, env: Env): Task {
  const name = env.snippets.invent('results');
  const target: Target = { of: 'block' };
  const at = rangeOf(link.call);
  const all: Task = {
    kind: 'call',
    form: 'awaitable',
    awaitable: env.snippets.compose(['Promise.all(', name, ')'], at, 'yes'),
  };
  const exit: Step = { kind: 'exit', how: 'succeed', of: target, with: all, lead: [], at };
  return blockOf(target, before, { pattern: inventedPattern(name, at) }, { steps: [exit], tail: [] }, link, []);
}

/** `.catch(NotFound, Gone, f)`: other errors go on. */
function filteredCatch(before: Task, link: Link, lead: Range[], env: Env): Task | undefined {
  const filters = link.args.slice(0, -1);
  const argument = link.args.at(-1)!;
  if (!filters.every((filter) => /^[A-Z]/.test(lastName(filter)))) return undefined;
  const form = handlerForm(argument, env);
  if (form.kind === 'none') return undefined;
  const target: Target = { of: 'block' };
  const handler = failHandler(form, argument, link, target, env);
  const own =
    handler.param?.pattern.declares.length === 1 && !handler.param.pattern.destructures ? handler.param : undefined;
  if (handler.param && !own) return undefined;
  const binding = own?.pattern.declares[0]!.binding ?? env.snippets.invent('err');
  const at = rangeOf(filters[0]!);
  const tests = filters.flatMap((filter, index) => [
    index ? ' || ' : '',
    binding,
    ' instanceof ',
    env.snippets.expression(filter),
  ]);
  const test = env.snippets.compose(['!(', ...tests, ')'], at, 'no');
  const again: Step = { kind: 'exit', how: 'fail', with: inventedUse(binding, at), lead: [], at };
  const other: Step = { kind: 'branch', test, then: { steps: [again], tail: [], bare: 'same' }, lead: [], at };
  const onFail: Handler = {
    param: own ?? { pattern: inventedPattern(binding, at), how: 'let' },
    body: withLead({ ...handler.body, steps: [other, ...handler.body.steps] }, lead),
  };
  const given: Step = { kind: 'exit', how: 'succeed', of: target, with: before, lead: [], at };
  const guard: Step = { kind: 'guard', body: { steps: [given], tail: [] }, onFail, lead: [], at: rangeOf(link.call) };
  return { kind: 'block', target, body: { steps: [guard], tail: [] } };
}

function lastName(node: ts.Expression): string {
  return ts.isPropertyAccessExpression(node) ? node.name.text : ts.isIdentifier(node) ? node.text : '';
}
