import type { BlockTask, ImportNeed, Snippet, Task } from '../../flow/model.js';
import { chain, newName, sequence, thenLink } from './write-flow.js';
import type { Env } from './write-flow.js';
import { settledFn } from './write-settle.js';
import { give, ours, Unsayable } from './write-model.js';
import type { Expr, Fn, Link, Out } from './write-model.js';

/** A task as an expression: a promise, or what the user's own call gives. */
export function taskExpr(task: Task, env: Env): Expr {
  switch (task.kind) {
    case 'call':
      return callExpr(task, env);
    case 'block':
      return promiseOf(sequence(task.body.steps, ownEnv(task, env), new Set()), env);
    case 'fanOut':
      if (task.limit && !task.window) throw new Unsayable('schedule-differs', task.over.at);
      return {
        kind: 'map',
        over: task.over,
        each: eachOf(task.each, task, env),
        join: task.join,
        ...(task.limit && task.window && { window: { limit: task.limit, need: chainedNeed(task.window) } }),
      };
    case 'together': {
      const all = task.tasks.map((each) => taskExpr(each, env));
      const list: Expr = { kind: 'list', all, join: task.join };
      return task.keys ? chain(list, [keyed(task.keys, env)]) : list;
    }
  }
}

/** The window as it is written without `await`. */
const chainedNeed = (need: ImportNeed): ImportNeed => ({ ...need, name: `${need.name} chained` });

function callExpr({ awaitable, args = [] }: Extract<Task, { kind: 'call' }>, env: Env): Expr {
  const isPromise = !env.world.strict || awaitable.promise === 'yes';
  const calm = awaitable.calm || (isPromise && args.every((arg) => arg.calm));
  return { kind: 'text', text: { ...awaitable, ...(calm && { calm: true }) }, isPromise };
}

/** A list of results as an object. */
function keyed(keys: readonly Snippet[], env: Env): Link {
  const names = keys.map((_, index) => newName(`value${index + 1}`, env.world));
  const fields = keys.flatMap((key, index) => [index > 0 ? ', ' : '', key, ': ', names[index]!]);
  const list = ours(['[', ...names.flatMap((name, index) => (index > 0 ? [', ', name] : [name])), ']']);
  const value: Expr = { kind: 'text', text: ours(['{ ', ...fields, ' }']), isPromise: false };
  return thenLink({ params: [list], body: { items: [give(value)] } });
}

/** A function of its own: it leaves nothing but itself. */
export function ownEnv(task: BlockTask, env: Env): Env {
  return { target: task.target, end: { kind: 'stop', gives: 'undefined' }, world: env.world };
}

function eachOf(block: BlockTask, task: Extract<Task, { kind: 'fanOut' }>, env: Env): Fn {
  const { items } = sequence(block.body.steps, ownEnv(block, env));
  return settledFn({ params: task.item, body: { items } }, env.world, () => newName('resolve', env.world));
}

/** The steps of a function, run now, as one expression: errors that they throw at once reject it. */
export function promiseOf({ items, links }: Out, env: Env): Expr {
  const [only, more] = items;
  const isPlain = only?.kind === 'return' && !more && !only.trail?.length && only.lead.every((each) => each === '');
  if (isPlain && only.value && isSafe(only.value, env)) return chain(only.value, links);
  return chain({ kind: 'made', body: { items }, resolve: newName('resolve', env.world) }, links);
}

/** It surely gives a promise and does not throw instead. */
function isSafe(value: Expr, env: Env): boolean {
  switch (value.kind) {
    case 'text':
      return value.isPromise && (!env.world.strict || value.text.calm === true);
    case 'chain':
      return isSafe(value.start, env);
    case 'made':
    case 'settled':
      return true;
    case 'call':
      return false;
    case 'map':
    case 'list':
      return !env.world.strict;
  }
}
