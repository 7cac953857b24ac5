import type { Refusal } from '../flow/model.js';
import { rangeOf } from './snippet.js';
import type { ts } from './parse.js';

/** Ends the reading of one entry from deep inside. Only `attempt` sees it: outside of readers a refusal is a value. */
class Stop {
  constructor(readonly refusal: Refusal) {}
}

/** Gives the reading up, with the code of `messages/refusals.md` and the most telling node. */
export function stop(code: string, at: ts.Node, detail?: string): never {
  throw new Stop({ code, at: rangeOf(at), ...(detail !== undefined && { detail }) });
}

export function stopWith(refusal: Refusal): never {
  throw new Stop(refusal);
}

export type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

/** Runs a reader; what it gave up is a value again. Real bugs pass through. */
export function attempt<T>(read: () => T): Attempt<T> {
  try {
    return { ok: true, value: read() };
  } catch (thrown) {
    if (thrown instanceof Stop) return { ok: false, refusal: thrown.refusal };
    throw thrown;
  }
}
