import type { BlockTask, Step, Target, Task } from '../../flow/model.js';
import { inside, readStatements } from '../body.js';
import { bare, memberName } from '../calls/origin.js';
import { ts } from '../parse.js';
import { windowCall } from '../pool/window-calls.js';
import { promiseStatic } from '../promise/links.js';
import { rangeOf } from '../snippet.js';
import { attempt } from '../stop.js';
import { usesArguments } from '../scope.js';
import { ownWaits } from './read-env.js';
import type { Env } from './read-env.js';
import { exitSteps, readingFor } from './read-statements.js';
import { callTask } from './read-task.js';

type Join = 'all' | 'settled' | 'race' | 'any';
const joins: Readonly<Record<string, Join>> = { all: 'all', allSettled: 'settled', race: 'race', any: 'any' };

/**
 * `Promise.all([f(), g()])` and `Promise.all(list.map(async (x) => …))`, where the target writes joins in its own way. A promise
 * stays as it is written: functions inside are converted by themselves.
 */
export function readJoin(expression: ts.Expression, env: Env): Task | undefined {
  const { to } = env.ctx.options;
  if (to !== 'callback' && to !== 'pool') return undefined;
  const held = readWindow(expression, env);
  if (held) return held;
  const found = promiseStatic(expression, env.ctx.scopes);
  const join = found && Object.hasOwn(joins, found.name) ? joins[found.name] : undefined;
  const [over, more] = found?.call.arguments ?? [];
  if (!join || !over || more || found!.call.typeArguments) return undefined;
  const list = bare(over) as ts.Expression;
  if (ts.isArrayLiteralExpression(list)) return together(list, join, env);
  return fanOut(list, join, env);
}

function together(list: ts.ArrayLiteralExpression, join: Join, env: Env): Task | undefined {
  if (!list.elements.length || list.elements.some((each) => ts.isSpreadElement(each) || ts.isOmittedExpression(each)))
    return undefined;
  return { kind: 'together', join, tasks: list.elements.map((each) => readJoin(each, env) ?? callTask(each, env)) };
}

/** `list.map(each)` */
function fanOut(call: ts.Expression, join: Join, env: Env): Task | undefined {
  if (!ts.isCallExpression(call) || call.questionDotToken || memberName(call.expression) !== 'map') return undefined;
  const callee = call.expression as ts.AccessExpression;
  const [given, more] = call.arguments;
  if (callee.questionDotToken || !given || more) return undefined;
  const fn = bare(given);
  const { snippets } = env;
  const over = snippets.expression(callee.expression);
  if (ts.isArrowFunction(fn)) {
    if (
      fn.parameters.length > 2 ||
      fn.typeParameters ||
      fn.parameters.some((each) => each.initializer ?? each.dotDotDotToken)
    )
      return undefined;
    const each = eachOf(fn, env);
    return each && { kind: 'fanOut', join, over, item: fn.parameters.map((one) => snippets.pattern(one)), each };
  }
  return undefined;
}

/** What is done with each item; `undefined` when the function must stay as it is. */
function eachOf(fn: ts.ArrowFunction, env: Env): BlockTask | undefined {
  const isAsync = !!fn.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.AsyncKeyword);
  const target: Target = { of: 'block' };
  if (usesArguments(fn.body)) return undefined;
  if (!isAsync)
    return ts.isBlock(fn.body) || !ts.isCallExpression(bare(fn.body)) ? undefined : handsOn(fn.body, target, env);
  const inner: Env = { ...env, target, fn, taken: new Set(), inlined: new Set(), needs: [] };
  const undo = env.snippets.mark();
  const tried = attempt(() => {
    if (ts.isBlock(fn.body)) return readStatements(fn.body.statements, inside(fn.body), readingFor(inner));
    const leaving = { lead: [], at: rangeOf(fn.body), tries: 0 };
    return { steps: exitSteps(fn.body, leaving, inner), tail: [] };
  });
  const whole = tried.ok && ownWaits(fn.body).every((wait) => inner.taken.has(wait));
  if (!tried.ok || !whole) return (undo(), undefined);
  for (const node of inner.taken) env.taken.add(node);
  for (const node of inner.inlined) env.inlined.add(node);
  env.needs.push(...inner.needs);
  env.inlined.add(fn);
  return { kind: 'block', target, body: tried.value };
}

/** `mapBounded(list, 4, async (x) => …)`, of a window that the file has. */
export function readWindow(expression: ts.Expression, env: Env): Task | undefined {
  const found = env.ctx.options.to === 'callback' ? windowCall(expression, env.ctx) : undefined;
  if (!found) return undefined;
  const { call, window, list, limit, fn } = found;
  const { snippets } = env;
  const each = eachOf(fn, env);
  if (!each) return undefined;
  return {
    kind: 'fanOut',
    join: window.rule === 'settle' ? 'settled' : 'all',
    over: snippets.expression(list),
    item: fn.parameters.map((one) => snippets.pattern(one)),
    each,
    limit: snippets.expression(limit),
    held: {
      rule: window.rule === 'stop' ? 'stop' : 'go-on',
      checked: !!window.checked,
      awaits: !!window.awaits,
      call: callTask(call, env),
    },
  };
}

function handsOn(body: ts.Expression, target: Target, env: Env): BlockTask {
  const exit: Step = {
    kind: 'exit',
    how: 'succeed',
    of: target,
    with: callTask(body, env),
    lead: [],
    at: rangeOf(body),
  };
  return { kind: 'block', target, body: { steps: [exit], tail: [] } };
}
