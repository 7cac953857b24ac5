import type { Refusal, Snippet, Target, Task } from '../../flow/model.js';
import type { Range } from '../../types.js';
import { callbackFormOf } from '../calls/callback-form.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { attempt, stop, stopWith } from '../stop.js';
import { throwsIn } from './admit.js';
import { answer } from './answer.js';
import { applyExtra } from './bluebird.js';
import { noteData } from './data.js';
import { isMadeElsewhere } from './elsewhere.js';
import { commentsIn, marked, onOneLine, tentatively } from './env.js';
import type { Env, Unused } from './env.js';
import { readFunction } from './function.js';
import { handlerForm } from './handler.js';
import { chainOf, isExtra, newPromise, promiseStatic } from './links.js';
import type { Chain, Link } from './links.js';
import { readCallbackExecutor } from './node-callback.js';
import { readReduce } from './reduce.js';
import { applyStandard } from './then.js';
import { readExecutor } from './wrappers.js';

/**
 * What a chain does, each link a block around the one before:
 *
 *   get(id).then((user) => user.name)   is   block { wait user = get(id); exit user.name }
 *
 * `unused`: nobody looks at what the chain gives, so the last handler's value is only evaluated.
 */
export function readChain(chain: Chain, env: Env, unused: Unused = false): Task {
  // `x?.then(…)` gives undefined, at once, when there is no `x`: `await` can't say that.
  const optional = chain.links.find((link) => ts.isOptionalChain(link.call));
  if (optional) stop('optional-chain', chain.whole);
  const task = readLinks(chain.root, chain.links, env, unused);
  env.seen.chains.push(chain.whole);
  return task;
}

/** Links upon a root; when none can be read, the first reason why. `start`: what the root is, where that is known. */
export function readLinks(
  root: ts.Expression,
  links: readonly Link[],
  env: Env,
  unused: Unused = false,
  start?: Task,
): Task {
  admitThrow(root, links, env);
  let task = start;
  let failed: Refusal | undefined;
  let given = links.length === 0 ? (start ?? rootTask(root, env)) : undefined;
  const forget = marked(env.seen);
  links.forEach((link, index) => {
    const wanted = unusedAt(links, index, unused);
    const made = tentatively(env.seen, () => {
      const tried = attempt(() => applyLink(task ?? rootTask(root, env, takesValue(link)), link, env, wanted));
      if (!tried.ok) failed ??= tried.refusal;
      return tried.ok ? tried.value : undefined;
    });
    if (!made) forget();
    given = made;
    task = made ?? opaque(link.call, env);
  });
  return given ?? stopWith(failed!);
}

/** What throws before there is a promise passes the chain's own handlers by; in a `try` it would not. */
function admitThrow(root: ts.Expression, links: readonly Link[], env: Env): void {
  if (!links.some((link) => link.method !== 'then' || link.args.length > 1)) return;
  const thrown = throwsIn(root, env.ctx.scopes, 3);
  if (thrown) stop('sync-throw', thrown);
  const callee = ts.isCallExpression(root) && root.expression;
  if (callee && isMadeElsewhere(callee, env.ctx.scopes)) stop('callee-not-seen', callee);
}

/** Does anyone look at what a link gives? What follows a `.catch` or `.finally` sees it too. */
function unusedAt(links: readonly Link[], index: number, unused: Unused): Unused {
  const next = links[index + 1];
  if (!next) return unused;
  if (next.method === 'then') return next.args.length === 1 && !takesValue(next) ? 'waited' : false;
  const passes = (next.method === 'catch' || next.method === 'finally') && next.args.length === 1;
  return passes && unusedAt(links, index + 1, unused) ? 'waited' : false;
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
  const special =
    readInner(root, env) ?? readTry(root, env) ?? readReduce(root, env, wanted) ?? tentativeExecutor(root, env);
  if (special) return special;
  const task: Task = {
    kind: 'call',
    form: 'awaitable',
    awaitable: resolvedValue(root, env) ?? onOneLine(root, env),
    ...withCallback(root, env),
  };
  if (/^(all|map|mapSeries|allSettled|props)$/.test(promiseStatic(root, env.ctx.scopes)?.name ?? ''))
    settledLists.add(task);
  return noteData(task, root, env);
}

/** Tasks that give a list in which there are no promises. */
export const settledLists = new WeakSet<Task>();

/** How the same call is written with a continuation. */
function withCallback(root: ts.Expression, env: Env): Partial<Extract<Task, { kind: 'call' }>> {
  const call = bare(root);
  const { ctx, snippets } = env;
  if (ctx.options.to !== 'callback' || !ts.isCallExpression(call) || call.questionDotToken) return {};
  if (call.arguments.some(ts.isSpreadElement)) return {};
  const form = callbackFormOf(call, snippets, ctx);
  if (form) env.seen.needs.push(...form.needs);
  return {
    callee: snippets.expression(call.expression),
    args: call.arguments.map((argument) => snippets.expression(argument)),
    ...(form && { callback: form.form }),
  };
}

/** A chain in parentheses, as the root of another. */
function readInner(root: ts.Expression, env: Env): Task | undefined {
  const chain = chainOf(root, env.ctx.scopes);
  return chain && readChain(chain, env);
}

/** `Promise.try(() => { … })`: the function runs at once, and what it throws is a rejection, as in an async function. */
function readTry(root: ts.Expression, env: Env): Task | undefined {
  const found = promiseStatic(root, env.ctx.scopes);
  const [argument, more] = found?.call.arguments ?? [];
  if (found?.name !== 'try' || !argument || more || found.call.typeArguments) return undefined;
  if (commentsIn(found.call.expression.end, argument.getStart(), env.snippets).length) return undefined;
  if (commentsIn(argument.end, found.call.end, env.snippets).length) return undefined;
  return tentatively(env.seen, () => {
    const tried = attempt((): Task | undefined => {
      const form = handlerForm(argument, env);
      if (form.kind !== 'function' || form.fn.parameters.length) return undefined;
      const target: Target = { of: 'block' };
      return { kind: 'block', target, body: readFunction(form.fn, target, env, false).block };
    });
    return tried.ok ? tried.value : undefined;
  });
}

function tentativeExecutor(root: ts.Expression, env: Env): Task | undefined {
  const made = newPromise(root, env.ctx.scopes);
  if (!made) return undefined;
  return tentatively(env.seen, () => {
    const tried = attempt(() => readCallbackExecutor(made, env) ?? readExecutor(made, env));
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

function applyLink(before: Task, link: Link, env: Env, unused: Unused): Task {
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

/** Comments between the expression and the method's name. */
function leadOf(link: Link, env: Env): Range[] {
  return commentsIn(link.from, link.name.getStart(), env.snippets);
}
