import { readPromises } from '../javascript/promise/read.js';
import type { Entry } from '../flow/model.js';
import type { Transform } from './transform.js';

/**
 * Promise chains become `await`: handlers turn into plain code, `.catch` into `try`/`catch` around exactly what it guarded.
 *
 * @before
 * function size(path) {
 *   return stat(path)
 *     .then((stats) => `${stats.size} bytes`)
 *     .catch(() => 'none');
 * }
 * @after
 * async function size(path) {
 *   try {
 *     const stats = await stat(path);
 *     return `${stats.size} bytes`;
 *   } catch {
 *     return 'none';
 *   }
 * }
 */
export const promiseToAsync: Transform = {
  name: 'promise-to-async',
  from: 'promise',
  to: 'async',
  languages: ['javascript', 'typescript'],
  plan(files) {
    const read = files.map((ctx) => ({ ctx, ...readPromises(ctx) }));
    return {
      groups: read.flatMap(({ ctx, entries }) =>
        entries.map((entry) => ({
          rule: 'promise-to-async',
          title: titleOf(entry),
          entries: [{ ctx, entry }],
          edits: [],
          // A throw that becomes a rejection is only read with `--unsafe`, and then makes the change an unsafe one.
          unsafe: entry.notes.filter((note) => note.code === 'throw-now-rejection'),
          notes: entry.notes.filter((note) => note.code !== 'throw-now-rejection'),
          main: { ctx, at: entry.at.start },
        })),
      ),
      refusals: read.flatMap(({ ctx, refusals }) =>
        refusals.map((refusal) => ({ ctx, rule: 'promise-to-async', refusal })),
      ),
    };
  },
};

function titleOf({ bodyKind, shape, name }: Entry): string {
  if (bodyKind === 'statement') return 'a promise chain becomes await';
  return shape.kind === 'library' ? `the inside of ${name} becomes async` : `${name} becomes async`;
}
