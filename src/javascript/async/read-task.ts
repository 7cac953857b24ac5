import type { Snippet, Task } from '../../flow/model.js';
import { callbackFormOf } from '../calls/callback-form.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import type { Env } from './read-env.js';
import { hasAwait } from './read-env.js';
import { readJoin } from './read-joins.js';
import { lift } from './read-lift.js';
import type { Place } from './read-lift.js';
import { givesPromise } from './read-proof.js';

/** What an `await` waits for; waits inside it come before, into `place`. */
export function readTask(node: ts.AwaitExpression, place: Place, env: Env): Task {
  env.taken.add(node);
  return taskOf(node.expression, place, env);
}

/** An expression that gives what is waited for, as a task. */
export function taskOf(expression: ts.Expression, place: Place, env: Env): Task {
  const join = hasAwait(expression) ? undefined : readJoin(expression, env);
  if (join) return join;
  lift(expression, place, env);
  return callTask(expression, env);
}

/** A call as it stands. */
export function callTask(expression: ts.Expression, env: Env): Task {
  const { snippets } = env;
  const text = snippets.expression(expression);
  const awaitable: Snippet =
    text.promise !== 'no' && givesPromise(expression, env.ctx) ? { ...text, promise: 'yes' } : text;
  const call = bare(expression);
  if (!ts.isCallExpression(call) || call.questionDotToken || call.arguments.some(ts.isSpreadElement))
    return { kind: 'call', form: 'awaitable', awaitable };
  const callback = env.ctx.options.to === 'callback' ? callbackFormOf(call, snippets, env.ctx) : undefined;
  if (callback) env.needs.push(...callback.needs);
  return {
    kind: 'call',
    form: 'awaitable',
    awaitable,
    callee: snippets.expression(call.expression),
    args: call.arguments.map((argument) => snippets.expression(argument)),
    ...(callback && { callback: callback.form }),
  };
}
