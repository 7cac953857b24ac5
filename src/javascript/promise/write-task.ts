import type { BlockTask, Task } from '../../flow/model.js';
import { chain, newName, sequence } from './write-flow.js';
import type { Env } from './write-flow.js';
import { settledFn } from './write-settle.js';
import { Unsayable } from './write-model.js';
import type { Expr, Fn, Out } from './write-model.js';

/** A task as an expression: a promise, or what the user's own call gives. */
export function taskExpr(task: Task, env: Env): Expr {
  switch (task.kind) {
    case 'call':
      return callExpr(task, env);
    case 'block':
      return promiseOf(sequence(task.body.steps, ownEnv(task, env), new Set()), env);
    case 'fanOut':
      if (task.limit) throw new Unsayable('schedule-differs', task.over.at);
      return { kind: 'map', over: task.over, each: eachOf(task.each, task, env), join: task.join };
    case 'together': {
      const all = task.tasks.map((each) => taskExpr(each, env));
      const names = (task.keys ?? []).map((_, index) => newName(`value${index + 1}`, env.world));
      return { kind: 'list', all, join: task.join, names, ...(task.keys && { keys: task.keys }) };
    }
  }
}

function callExpr({ awaitable, args = [] }: Extract<Task, { kind: 'call' }>, env: Env): Expr {
  const isPromise = !env.world.strict || awaitable.promise === 'yes';
  const calm = awaitable.calm || (isPromise && args.every((arg) => arg.calm));
  return { kind: 'text', text: { ...awaitable, ...(calm && { calm: true }) }, isPromise };
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
