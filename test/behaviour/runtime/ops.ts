/** Scripted I/O: each call is written down when it starts and when it ends, takes a fixed time, and can be made to fail. */

import { inspect } from 'node:util';
import type { Scheduler } from './scheduler.js';

export type Finish = (error: Error | null, ...results: unknown[]) => void;

export interface Ops {
  /** Calls made so far. */
  readonly count: number;
  readonly inFlight: number;
  /** Starts a call; `compute` gives its result, or throws its error, when it ends. */
  start(name: string, args: readonly unknown[], compute: () => unknown, finish: Finish): void;
}

export function createOps(scheduler: Scheduler, log: (line: string) => void, failing: number | undefined): Ops {
  let count = 0;
  let inFlight = 0;
  return {
    get count() {
      return count;
    },
    get inFlight() {
      return inFlight;
    },
    start(name, args, compute, finish) {
      const index = count++;
      const label = `${name}(${args.map(show).join(', ')})`;
      inFlight++;
      log(`start ${label} [${inFlight}]`);
      scheduler.after(delayOf(label), () => {
        inFlight--;
        log(`end ${label}`);
        if (index === failing) return finish(failure(label));
        const outcome = attempt(compute);
        if (outcome.error) finish(outcome.error);
        else finish(null, outcome.value);
      });
    },
  };
}

/** The error of a call that was told to fail: same text before and after. */
export function failure(label: string): Error {
  return Object.assign(new Error(`failed: ${label}`), { code: 'EFAIL' });
}

/** A function that takes a callback, or gives a promise when there is none. */
export function dual(ops: Ops, name: string, compute: (...args: never[]) => unknown) {
  return (...all: unknown[]): unknown => {
    const last = all[all.length - 1];
    if (typeof last === 'function') {
      const args = all.slice(0, -1);
      ops.start(name, args, () => compute(...(args as never[])), last as Finish);
      return undefined;
    }
    return promised(ops, name, all, () => compute(...(all as never[])));
  };
}

export function promised(ops: Ops, name: string, args: readonly unknown[], compute: () => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    ops.start(name, args, compute, (error, value) => (error ? reject(error) : resolve(value)));
  });
}

/** Written the same before and after: no identity, no line breaks. */
export function show(value: unknown): string {
  if (typeof value === 'function') return 'fn';
  if (value instanceof Promise) return 'a promise'; // inspect would show what async hooks hang on it
  return inspect(value, { depth: 4, breakLength: Infinity, compact: true });
}

/** 10 to 70 ms by the text of the call, so that calls end in another order than they start. */
function delayOf(label: string): number {
  let hash = 7;
  for (const char of label) hash = (hash * 31 + char.charCodeAt(0)) % 1009;
  return 10 + (hash % 61);
}

function attempt(compute: () => unknown): { value?: unknown; error?: Error } {
  try {
    return { value: compute() };
  } catch (error) {
    return { error: error as Error };
  }
}
