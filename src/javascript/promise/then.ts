import type { Bind, Block, BlockTask, Handler, Snippet, Step, Target, Task } from '../../flow/model.js';
import { leaves } from '../../flow/query.js';
import type { Range } from '../../types.js';
import { withLead } from '../body.js';
import type { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { markData, noteCallData } from './data.js';
import { directly } from './direct.js';
import { commentsIn, inventedPattern } from './env.js';
import type { Env, Unused } from './env.js';
import { typedError } from './error.js';
import { readFunction } from './function.js';
import { handlerForm } from './handler.js';
import type { HandlerForm } from './handler.js';
import type { Link } from './links.js';

/** `then`, `catch` and `finally`, under whichever name. */
export function applyStandard(before: Task, link: Link, lead: Range[], env: Env, unused: Unused = false): Task {
  if (link.method === 'then') return applyThen(before, link, lead, env, unused);
  if (link.args.length !== 1) stop('unknown-handler', link.call);
  if (link.method === 'catch') return applyCatch(before, link, lead, env, unused);
  return applyFinally(before, link, lead, env);
}

function applyThen(before: Task, link: Link, lead: Range[], env: Env, unused: Unused): Task {
  const [first, second] = link.args;
  if (link.args.length > 2) stop('unknown-handler', link.call);
  const ok = handlerForm(first, env);
  const bad = handlerForm(second, env);
  const target: Target = { of: 'block' };
  if (ok.kind === 'none') {
    if (bad.kind === 'none') return before;
    return caught(before, link, failHandler(bad, second!, link, target, env, unused), lead, target);
  }
  const direct = bad.kind === 'none' ? directly(before, ok, first!, link, target, lead, env, unused) : undefined;
  if (direct) return direct;
  const [own, led] = splitTrail(before, link, lead, env);
  const parameter = ok.kind === 'function' ? ok.fn.parameters[0] : undefined;
  if (parameter) markData(parameter.name, before, env);
  const body = continuation(ok, first!, link, target, env, unused);
  const wait: Step = {
    kind: 'wait',
    lead: [],
    ...(own.length && { trail: own }),
    at: rangeOf(link.call),
    on: before,
    ...(body.bind && { bind: body.bind }),
    ...(bad.kind !== 'none' && { onFail: leaving(failHandler(bad, second!, link, target, env, unused), target) }),
  };
  const rest = withLead(withEnd(body.block, link, second ?? first!, env), led);
  return { kind: 'block', target, body: { steps: [wait, ...rest.steps], tail: rest.tail } };
}

/** A comment behind the root, on its line, is the trail of the wait; the others stand above what follows. */
function splitTrail(before: Task, link: Link, lead: Range[], env: Env): [Range[], Range[]] {
  if (before.kind !== 'call') return [[], lead];
  const own = lead.filter((comment) => !env.ctx.text.slice(link.from, comment.start).includes('\n'));
  return [own, lead.slice(own.length)];
}

/** Comments between the last handler and the closing parenthesis stand at the end of the block. */
export function withEnd(block: Block, link: Link, last: ts.Expression, env: Env): Block {
  const comments = commentsIn(last.end, link.call.end - 1, env.snippets);
  if (!comments.length) return block;
  const step = block.steps.at(-1);
  const sameLine = !env.ctx.text.slice(last.end, comments.at(-1)!.start).includes('\n');
  if (!step || !sameLine) return { ...block, tail: [...block.tail, ...comments] };
  return { ...block, steps: [...block.steps.slice(0, -1), { ...step, trail: [...(step.trail ?? []), ...comments] }] };
}

interface Continuation {
  readonly bind?: Bind;
  readonly block: Block;
}

/** What runs with the value: the handler's body, or the call of a handler that has a name. */
export function continuation(
  form: HandlerForm,
  argument: ts.Expression,
  link: Link,
  target: Target,
  env: Env,
  unused: Unused = false,
): Continuation {
  if (form.kind === 'function') {
    const before = commentsIn(beforeArgument(link, argument), form.fn.getStart(), env.snippets);
    const { param, how, block } = readFunction(form.fn, target, env, unused);
    return { ...(param && { bind: { pattern: param, how } }), block: withLead(block, before) };
  }
  if (form.kind !== 'call') return stop('unknown-handler', argument);
  const name = env.snippets.invent('result');
  const at = rangeOf(argument);
  return {
    bind: { pattern: inventedPattern(name, at), how: 'const', invented: true },
    block: called(form, form.call(name), argument, link, target, env, unused),
  };
}

export function beforeArgument(link: Link, argument: ts.Expression): number {
  const index = link.args.indexOf(argument);
  return index > 0 ? link.args[index - 1]!.end : link.name.end;
}

export function called(
  form: Extract<HandlerForm, { kind: 'call' }>,
  parts: readonly (string | Snippet | { name: string })[],
  argument: ts.Expression,
  link: Link,
  target: Target,
  env: Env,
  unused: Unused,
): Block {
  const at = rangeOf(argument);
  const call = noteCallData(env.snippets.compose(parts, at, form.plain ? 'no' : 'maybe'), argument, env);
  const lead = commentsIn(beforeArgument(link, argument), argument.getStart(), env.snippets);
  if (unused === true) return { steps: [{ kind: 'code', code: call, made: true, lead, at }], tail: [] };
  return { steps: [{ kind: 'exit', how: 'succeed', of: target, with: call, lead, at }], tail: [] };
}

/** The error branch. TypeScript lets the parameter of a `catch` have no type but `any` and `unknown`. */
/** Where the second handler ends, the first must not go on. */
function leaving(handler: Handler, target: Target): Handler {
  const { steps } = handler.body;
  if (leaves(steps)) return handler;
  const at = steps.at(-1)?.at ?? { start: 0, end: 0 };
  const exit: Step = { kind: 'exit', how: 'succeed', of: target, lead: [], at: { start: at.end, end: at.end } };
  return { ...handler, body: { ...handler.body, steps: [...steps, exit] } };
}

export function failHandler(
  form: HandlerForm,
  argument: ts.Expression,
  link: Link,
  target: Target,
  env: Env,
  unused: Unused = false,
): Handler {
  if (form.kind === 'call') {
    const name = env.snippets.invent('err');
    const at = rangeOf(argument);
    return {
      param: { pattern: inventedPattern(name, at), how: 'let', invented: true },
      body: called(form, form.call(name), argument, link, target, env, unused),
    };
  }
  if (form.kind !== 'function') return stop('unknown-handler', argument);
  const before = commentsIn(beforeArgument(link, argument), form.fn.getStart(), env.snippets);
  const read = readFunction(form.fn, target, env, unused);
  const typed = typedError(form.fn, read, env);
  return {
    ...(typed.param && { param: { pattern: typed.param, how: 'let' as const } }),
    body: withLead(typed.block, before),
  };
}

function applyCatch(before: Task, link: Link, lead: Range[], env: Env, unused: Unused): Task {
  const form = handlerForm(link.args[0], env);
  if (form.kind === 'none') return before;
  const target: Target = { of: 'block' };
  const handler = failHandler(form, link.args[0]!, link, target, env, unused);
  const body = withEnd(withoutBareExit(handler.body, target), link, link.args[0]!, env);
  return caught(before, link, { ...handler, body }, lead, target, unused);
}

/** Nothing stands behind a `catch`: a bare `return` at its end says nothing. */
function withoutBareExit(block: Block, target: Target): Block {
  const last = block.steps.at(-1);
  if (last?.kind !== 'exit' || last.how !== 'succeed' || last.of !== target || last.with) return block;
  const comments = [...last.lead.filter((each) => each !== ''), ...(last.trail ?? [])];
  return { ...block, steps: block.steps.slice(0, -1), tail: [...comments, ...block.tail] };
}

/** `guard { exit <before> } onFail …` */
function caught(
  before: Task,
  link: Link,
  onFail: Handler,
  lead: Range[],
  target: Target,
  unused: Unused = false,
): BlockTask {
  const body: Block = { steps: [given(before, link, target, unused)], tail: [] };
  const guard: Step = {
    kind: 'guard',
    body,
    onFail: { ...onFail, body: withLead(onFail.body, lead) },
    lead: [],
    at: rangeOf(link.call),
  };
  return { kind: 'block', target, body: { steps: [guard], tail: [] } };
}

function given(before: Task, link: Link, target: Target, unused: Unused): Step {
  const at = { start: link.call.getStart(), end: link.from };
  if (unused) return { kind: 'wait', on: before, lead: [], at };
  return { kind: 'exit', how: 'succeed', of: target, with: before, lead: [], at };
}

/** The cleanup gets nothing, and what it gives is waited for and dropped. */
function applyFinally(before: Task, link: Link, lead: Range[], env: Env): Task {
  const argument = link.args[0]!;
  const form = handlerForm(argument, env);
  if (form.kind === 'none') return before;
  const target: Target = { of: 'block' };
  const inner: Target = { of: 'block' };
  let block: Block;
  if (form.kind === 'call') block = called(form, form.call(undefined), argument, link, inner, env, false);
  else {
    if (form.fn.parameters.length) stop('finally-overrides', form.fn);
    const comments = commentsIn(link.name.end, form.fn.getStart(), env.snippets);
    block = withLead(readFunction(form.fn, inner, env, false).block, comments);
  }
  if (!block.tail.length && block.steps.every((step) => !step.trail?.length && isNothing(step))) return before;
  const at = rangeOf(argument);
  const cleanup: Step = { kind: 'wait', on: { kind: 'block', target: inner, body: block }, lead, at };
  const always = withEnd({ steps: [cleanup], tail: [] }, link, argument, env);
  const inGuard = withCleanup(before, always);
  if (inGuard) return inGuard;
  const guard: Step = {
    kind: 'guard',
    body: { steps: [given(before, link, target, false)], tail: [] },
    always,
    lead: [],
    at: rangeOf(link.call),
  };
  return { kind: 'block', target, body: { steps: [guard], tail: [] } };
}

/** The value of a cleanup is dropped: one that only gives a value does nothing. */
function isNothing(step: Step): boolean {
  if (step.kind !== 'exit' || step.how !== 'succeed' || step.lead.some((each) => each !== '')) return false;
  return !step.with || (!('kind' in step.with) && step.with.pure === true);
}

/** `.catch(a).finally(b)` is one `try` with both. */
function withCleanup(before: Task, always: Block): Task | undefined {
  if (before.kind !== 'block' || before.body.tail.length) return undefined;
  const [only, more] = before.body.steps;
  if (only?.kind !== 'guard' || more || only.always || only.trail?.length) return undefined;
  return { ...before, body: { ...before.body, steps: [{ ...only, always }] } };
}
