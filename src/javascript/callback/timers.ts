import type { Step } from '../../flow/model.js';
import { bare, memberName, originOf } from '../calls/origin.js';
import type { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { plainSnippet } from './report.js';
import type { Env, State } from './state.js';

/** A call that only puts its callback off. */
export function timerOf(call: ts.CallExpression, state: State): 'setTimeout' | 'setImmediate' | 'nextTick' | undefined {
  const origin = originOf(call.expression, state.ctx.scopes);
  if (!origin) return undefined;
  const name = origin.path.join('.');
  if ((origin.module === '' || origin.module === 'timers') && (name === 'setTimeout' || name === 'setImmediate'))
    return name;
  if (origin.module === '' && (name === 'process.nextTick' || name === 'queueMicrotask')) return 'nextTick';
  return origin.module === 'async' && (name === 'setImmediate' || name === 'nextTick') ? 'setImmediate' : undefined;
}

export function sleep(call: ts.CallExpression, delay: ts.Expression | undefined, env: Env, state: State): Step {
  const { snippets } = state;
  const at = rangeOf(call);
  const ms = delay ? [', ', plainSnippet(delay, env, state)] : [];
  const awaitable = snippets.compose(
    ['new Promise((resolve) => ', snippets.expression(call.expression), '(resolve', ...ms, '))'],
    at,
    'yes',
  );
  return { kind: 'wait', on: { kind: 'call', form: 'awaitable', awaitable }, lead: [], at };
}

/** `await new Promise(setImmediate)`: what was put off to a later turn still is. */
export function putOff(call: ts.CallExpression, state: State): Step {
  const { snippets } = state;
  const callee = snippets.expression(call.expression);
  const member = memberName(bare(call.expression)) !== undefined;
  const parts = member ? ['new Promise((resolve) => ', callee, '(resolve))'] : ['new Promise(', callee, ')'];
  const awaitable = snippets.compose(parts, rangeOf(call), 'yes');
  return { kind: 'wait', on: { kind: 'call', form: 'awaitable', awaitable }, lead: [], at: rangeOf(call) };
}
