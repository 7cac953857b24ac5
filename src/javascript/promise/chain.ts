import { leaves } from '../../flow/query.js';
import type { Bind, Block, BlockTask, Handler, Refusal, Snippet, Step, Target, Task } from '../../flow/model.js';
import type { Range } from '../../types.js';
import { exits } from '../../flow/query.js';
import { withLead } from '../body.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { attempt, stop, stopWith } from '../stop.js';
import { answer } from './answer.js';
import { applyExtra } from './bluebird.js';
import { commentsIn, inventedPattern, marked, onOneLine, tentatively } from './env.js';
import type { Env } from './env.js';
import { readFunction } from './function.js';
import type { HandlerBody } from './function.js';
import { handlerForm } from './handler.js';
import type { HandlerForm } from './handler.js';
import { chainOf, isExtra, newPromise, promiseStatic } from './links.js';
import type { Chain, Link } from './links.js';
import { readReduce } from './reduce.js';
import { readExecutor } from './wrappers.js';

/**
 * What a chain does, each link a block around the one before:
 *
 *   get(id).then((user) => user.name)   is   block { wait user = get(id); exit user.name }
 *
 * `unused`: nobody looks at what the chain gives, so the last handler's value is only evaluated.
 */
export function readChain(chain: Chain, env: Env, unused = false): Task {
  const task = readLinks(chain.root, chain.links, env, unused);
  env.seen.chains.push(chain.whole);
  return task;
}

/** Links upon a root; when none can be read, the first reason why. `start`: what the root is, where that is known. */
export function readLinks(root: ts.Expression, links: readonly Link[], env: Env, unused = false, start?: Task): Task {
  let task = start;
  let failed: Refusal | undefined;
  let given = links.length === 0 ? (start ?? rootTask(root, env)) : undefined;
  const forget = marked(env.seen);
  links.forEach((link, index) => {
    const last = index === links.length - 1;
    const made = tentatively(env.seen, () => {
      const tried = attempt(() => applyLink(task ?? rootTask(root, env, takesValue(link)), link, env, unused && last));
      if (!tried.ok) failed ??= tried.refusal;
      return tried.ok ? tried.value : undefined;
    });
    if (!made) forget();
    given = made;
    task = made ?? opaque(link.call, env);
  });
  return given ?? stopWith(failed!);
}

/** Does the link's function look at the value? */
function takesValue(link: Link): boolean {
  const fn = link.args[0] && bare(link.args[0]);
  return !(
    link.method === 'then' &&
    fn &&
    (ts.isArrowFunction(fn) || ts.isFunctionExpression(fn)) &&
    !fn.parameters.length
  );
}

/** Up to and with a link that can't be read, the chain is one awaitable value. */
function opaque(node: ts.Expression, env: Env): Task {
  return { kind: 'call', form: 'awaitable', awaitable: env.snippets.expression(node) };
}

/** What the first link is called on. */
export function rootTask(root: ts.Expression, env: Env, wanted = true): Task {
  const special = readInner(root, env) ?? readReduce(root, env, wanted) ?? tentativeExecutor(root, env);
  if (special) return special;
  const task: Task = { kind: 'call', form: 'awaitable', awaitable: resolvedValue(root, env) ?? onOneLine(root, env) };
  if (/^(all|map|mapSeries|allSettled|props)$/.test(promiseStatic(root, env.ctx.scopes)?.name ?? ''))
    settledLists.add(task);
  return task;
}

/** Tasks that give a list in which there are no promises. */
export const settledLists = new WeakSet<Task>();

/** A chain in parentheses, as the root of another. */
function readInner(root: ts.Expression, env: Env): Task | undefined {
  const chain = chainOf(root, env.ctx.scopes);
  return chain && readChain(chain, env);
}

function tentativeExecutor(root: ts.Expression, env: Env): Task | undefined {
  const made = newPromise(root, env.ctx.scopes);
  if (!made) return undefined;
  return tentatively(env.seen, () => {
    const tried = attempt(() => readExecutor(made, env));
    return tried.ok ? tried.value : undefined;
  });
}

/** `x` of `Promise.resolve(x)`: `await` and `return` do the same with both. */
export function resolvedValue(expression: ts.Expression, env: Env): Snippet | undefined {
  const found = promiseStatic(expression, env.ctx.scopes);
  const called = found?.name === 'resolve' ? found.call : qCall(expression, env);
  const [value, more] = called?.arguments ?? [];
  if (!called || !value || more || called.typeArguments || ts.isSpreadElement(value)) return undefined;
  const { snippets } = env;
  if (
    commentsIn(called.getStart(), value.getStart(), snippets).length ||
    commentsIn(value.end, called.end, snippets).length
  )
    return undefined;
  return answer(value, env);
}

/** `Q(x)` of the library Q. */
function qCall(expression: ts.Expression, env: Env): ts.CallExpression | undefined {
  if (!ts.isCallExpression(expression) || !ts.isIdentifier(expression.expression)) return undefined;
  return env.ctx.scopes.symbolOf(expression.expression) && isNamedQ(expression.expression, env)
    ? expression
    : undefined;
}

function isNamedQ(name: ts.Identifier, env: Env): boolean {
  const declaration = env.ctx.scopes.symbolOf(name)?.declarations?.[0];
  return !!declaration && /require\(['"]q['"]\)|from ['"]q['"]/.test(statementOf(declaration).getText());
}

function statementOf(node: ts.Node): ts.Node {
  let outer = node;
  while (outer.parent && !ts.isStatement(outer)) outer = outer.parent;
  return outer;
}

function applyLink(before: Task, link: Link, env: Env, unused: boolean): Task {
  if (link.call.typeArguments && ts.isPropertyAccessExpression(link.call.parent))
    stop('unknown-handler', link.call.typeArguments[0]!);
  if (link.args.some(ts.isSpreadElement)) stop('unknown-handler', link.args[0]!);
  const lead = leadOf(link, env);
  if (isExtra(link) || (link.method === 'catch' && link.args.length > 1)) {
    const task = applyExtra(before, link, lead, env);
    return task ?? stop('library-promise', link.call, link.name.text);
  }
  return applyStandard(before, link, lead, env, unused);
}

/** `then`, `catch` and `finally`, under whichever name. */
export function applyStandard(before: Task, link: Link, lead: Range[], env: Env, unused = false): Task {
  if (link.method === 'then') return applyThen(before, link, lead, env, unused);
  if (link.args.length !== 1) stop('unknown-handler', link.call);
  if (link.method === 'catch') return applyCatch(before, link, lead, env, unused);
  return applyFinally(before, link, lead, env);
}

/** Comments between the expression and the method's name. */
function leadOf(link: Link, env: Env): Range[] {
  return commentsIn(link.from, link.name.getStart(), env.snippets);
}

function applyThen(before: Task, link: Link, lead: Range[], env: Env, unused: boolean): Task {
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

/**
 * When what came before ends with a plain value, the next step can have it without a name in between:
 * `parse(x)` handed to `save` is `save(parse(x))`, and a `res` handed on as `res` is the same name.
 */
function directly(
  before: Task,
  ok: HandlerForm,
  argument: ts.Expression,
  link: Link,
  target: Target,
  lead: Range[],
  env: Env,
  unused: boolean,
): Task | undefined {
  if (before.kind !== 'block') return undefined;
  const last = before.body.steps.at(-1);
  const steps = before.body.steps.slice(0, -1);
  if (
    last?.kind !== 'exit' ||
    last.how !== 'succeed' ||
    !last.with ||
    'kind' in last.with ||
    last.with.promise !== 'no'
  )
    return undefined;
  if (exits(steps, before.target)) return undefined;
  let block: Block | undefined;
  if (ok.kind === 'call') block = called(ok, ok.call(last.with), argument, link, target, env, unused);
  else if (ok.kind === 'function' && isSameName(last.with, ok.fn, env)) {
    env.snippets.alias(ok.fn.parameters[0]!.name as ts.Identifier, last.with.uses[0]!.binding!);
    block = withLead(
      readFunction(ok.fn, target, env, unused).block,
      commentsIn(beforeArgument(link, argument), ok.fn.getStart(), env.snippets),
    );
  }
  if (!block) return undefined;
  const comments = [
    ...last.lead.filter((each) => each !== ''),
    ...(last.trail ?? []),
    ...before.body.tail.filter((each) => each !== ''),
    ...lead,
  ];
  const rest = withLead(withEnd(block, link, argument, env), comments);
  return { kind: 'block', target, body: { steps: [...steps, ...rest.steps], tail: rest.tail } };
}

/** The value is a name of the entry that nobody writes, and the parameter is called the same. */
function isSameName(value: Snippet, fn: ts.SignatureDeclaration, env: Env): boolean {
  const [parameter, more] = fn.parameters;
  const [use, another] = value.uses;
  if (
    !value.pure ||
    !use?.binding ||
    another ||
    more ||
    !parameter ||
    parameter.type ||
    !ts.isIdentifier(parameter.name)
  )
    return false;
  if (parameter.name.text !== use.name || parameter.initializer || parameter.dotDotDotToken) return false;
  const { scopes } = env.ctx;
  const inner = scopes.symbolOf(parameter.name);
  const source = scopes.named(use.name).find((each) => each.getStart() === use.at);
  const outer = source && scopes.symbolOf(source);
  return [inner, outer].every((symbol) => !!symbol && !scopes.references(symbol).some(scopes.isWritten));
}

/** A comment behind the root, on its line, is the trail of the wait; the others stand above what follows. */
function splitTrail(before: Task, link: Link, lead: Range[], env: Env): [Range[], Range[]] {
  if (before.kind !== 'call') return [[], lead];
  const own = lead.filter((comment) => !env.ctx.text.slice(link.from, comment.start).includes('\n'));
  return [own, lead.slice(own.length)];
}

/** Comments between the last handler and the closing parenthesis stand at the end of the block. */
function withEnd(block: Block, link: Link, last: ts.Expression, env: Env): Block {
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
  unused = false,
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

function beforeArgument(link: Link, argument: ts.Expression): number {
  const index = link.args.indexOf(argument);
  return index > 0 ? link.args[index - 1]!.end : link.name.end;
}

function called(
  form: Extract<HandlerForm, { kind: 'call' }>,
  parts: readonly (string | Snippet | { name: string })[],
  argument: ts.Expression,
  link: Link,
  target: Target,
  env: Env,
  unused: boolean,
): Block {
  const at = rangeOf(argument);
  const call = env.snippets.compose(parts, at, form.plain ? 'no' : 'maybe');
  const lead = commentsIn(beforeArgument(link, argument), argument.getStart(), env.snippets);
  if (unused) return { steps: [{ kind: 'code', code: call, made: true, lead, at }], tail: [] };
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
  unused = false,
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

function typedError(fn: ts.SignatureDeclaration, read: HandlerBody, env: Env): { param?: Snippet; block: Block } {
  const parameter = fn.parameters[0];
  if (!read.param || !parameter) return { block: read.block };
  const { snippets } = env;
  const at = rangeOf(parameter);
  const type = parameter.type;
  if (!env.ctx.typescript && !type) return { param: read.param, block: read.block };
  const open = !type || type.kind === ts.SyntaxKind.AnyKeyword || type.kind === ts.SyntaxKind.UnknownKeyword;
  if (open) {
    // An error that the source took as `any` would be `unknown` in a strict `catch`.
    const any = !type && needsAny(parameter.name, env) ? ': any' : '';
    return { param: any ? { ...read.param, parts: [...read.param.parts, any] } : read.param, block: read.block };
  }
  const name = snippets.invent('error');
  const own = {
    ...snippets.piece({ start: parameter.name.getStart(), end: parameter.name.end }, [parameter.name]),
    declares: read.param.declares,
  };
  const code = snippets.compose(['const ', own, ' = ', name, ' as ', snippets.piece(rangeOf(type), [type])], at, 'no');
  const step: Step = { kind: 'code', code, made: true, lead: [], at };
  return { param: inventedPattern(name, at), block: { ...read.block, steps: [step, ...read.block.steps] } };
}

/** Is the error used in a way that `unknown` would not allow? */
function needsAny(name: ts.BindingName, env: Env): boolean {
  if (!ts.isIdentifier(name)) return true;
  const symbol = env.ctx.scopes.symbolOf(name);
  if (!symbol) return true;
  return env.ctx.scopes.references(symbol).some((use) => {
    const parent = use.parent;
    if (use === name || ts.isThrowStatement(parent)) return false;
    if (ts.isBinaryExpression(parent)) return parent.operatorToken.kind !== ts.SyntaxKind.InstanceOfKeyword;
    if (ts.isTemplateSpan(parent) || ts.isAsExpression(parent)) return false;
    return !(ts.isCallExpression(parent) && /^console\.|^String$/.test(parent.expression.getText()));
  });
}

function applyCatch(before: Task, link: Link, lead: Range[], env: Env, unused: boolean): Task {
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
function caught(before: Task, link: Link, onFail: Handler, lead: Range[], target: Target, unused = false): BlockTask {
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

function given(before: Task, link: Link, target: Target, unused: boolean): Step {
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
