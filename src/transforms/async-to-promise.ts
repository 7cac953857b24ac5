import { readAsync } from '../javascript/async/read.js';
import type { AsyncRead } from '../javascript/async/read.js';
import type { FileContext } from '../javascript/context.js';
import type { Transform } from './transform.js';

/**
 * Async functions become promise chains, without a helper: each `await` a link, a loop a function that ends by calling itself,
 * `try` a chain of its own with `.catch` behind it. What threw inside still rejects, and what ran at the call still does.
 *
 * @before
 * const fs = require('fs');
 * async function size(path) {
 *   try {
 *     const stats = await fs.promises.stat(path);
 *     return `${stats.size} bytes`;
 *   } catch {
 *     return 'none';
 *   }
 * }
 * @after
 * const fs = require('fs');
 * function size(path) {
 *   return fs.promises.stat(path)
 *     .then((stats) => `${stats.size} bytes`)
 *     .catch(() => 'none');
 * }
 */
export const asyncToPromise: Transform = {
  name: 'async-to-promise',
  from: 'async',
  to: 'promise',
  languages: ['javascript', 'typescript'],
  plan(files) {
    const read = files.map((ctx) => ({ ctx, ...withPromise(ctx, readAsync(ctx)) }));
    return {
      groups: read.flatMap(({ ctx, entries }) =>
        entries.map((entry) => ({
          rule: 'async-to-promise',
          title: `${entry.name} becomes a promise chain`,
          entries: [{ ctx, entry }],
          edits: [],
          unsafe: [],
          notes: entry.notes,
          main: { ctx, at: entry.at.start },
        })),
      ),
      refusals: read.flatMap(({ ctx, refusals }) =>
        refusals.map((refusal) => ({ ctx, rule: 'async-to-promise', refusal })),
      ),
    };
  },
};

/** A chain is made of the promises that the file's own `Promise` makes. */
function withPromise({ scopes }: FileContext, read: AsyncRead): AsyncRead {
  if (!scopes.named('Promise').some((name) => scopes.symbolOf(name))) return read;
  const others = read.entries.map(({ at }) => ({ code: 'other-promise', at }));
  return { entries: [], refusals: [...read.refusals, ...others] };
}
