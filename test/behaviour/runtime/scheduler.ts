/** A clock of our own: timers and scripted calls fire in a fixed order, and an hour of waiting takes no time. */

import { AsyncResource } from 'node:async_hooks';

export interface Scheduler {
  readonly now: number;
  /** Runs `task` once, `delay` milliseconds later; the returned number cancels it. */
  after(delay: number, task: () => void): number;
  cancel(id: number): void;
  /** Runs everything that is due, in order, until nothing waits any more, or `stopped` says so. */
  run(stopped: () => boolean): Promise<void>;
}

interface Entry {
  readonly id: number;
  readonly due: number;
  readonly task: () => void;
}

/** Longer than any story waits: a story that goes on beyond is one that never ends. */
const END_OF_TIME = 60_000;

export function createScheduler(onThrow: (error: unknown) => void): Scheduler {
  let now = 0;
  let ids = 0;
  const waiting: Entry[] = [];

  const next = (): Entry | undefined => {
    let best: Entry | undefined;
    for (const entry of waiting)
      if (!best || entry.due < best.due || (entry.due === best.due && entry.id < best.id)) best = entry;
    return best;
  };
  const remove = (id: number): void => {
    const at = waiting.findIndex((entry) => entry.id === id);
    if (at >= 0) waiting.splice(at, 1);
  };

  return {
    get now() {
      return now;
    },
    after(delay, task) {
      const id = ++ids;
      waiting.push({ id, due: now + Math.max(0, delay), task: AsyncResource.bind(task) });
      return id;
    },
    cancel: remove,
    async run(stopped) {
      await settle();
      for (let entry = next(); entry && entry.due <= END_OF_TIME && !stopped(); entry = next()) {
        remove(entry.id);
        now = entry.due;
        try {
          entry.task();
        } catch (error) {
          onThrow(error);
        }
        await settle();
      }
    },
  };
}

/** Lets microtasks, `process.nextTick` and the report of unhandled rejections run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
