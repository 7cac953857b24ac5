import { planCallbacks } from '../javascript/callers/for-callback.js';
import { readPromises } from '../javascript/promise/read.js';
import type { Transform } from './transform.js';

/**
 * Promise chains become error-first callbacks: handlers turn into continuations, `.catch` into error branches. A function whose
 * callers may be anyone still gives them a promise.
 *
 * @before
 * function size(path) {
 *   return fs.promises.stat(path).then((stats) => `${stats.size} bytes`);
 * }
 * @after
 * function size(path) {
 *   return promisify((callback) => {
 *     fs.stat(path, (err, stats) => {
 *       if (err) return callback(err);
 *       callback(null, `${stats.size} bytes`);
 *     });
 *   })();
 * }
 */
export const promiseToCallback: Transform = {
  name: 'promise-to-callback',
  from: 'promise',
  to: 'callback',
  languages: ['javascript', 'typescript'],
  plan(files) {
    return planCallbacks(
      'promise-to-callback',
      files.map((ctx) => {
        const { entries, refusals } = readPromises(ctx);
        // An async function that holds chains is the other direction's.
        return { ctx, entries: entries.filter((entry) => !isAsyncText(ctx.text, entry.at)), refusals };
      }),
    );
  },
};

function isAsyncText(text: string, at: { start: number; end: number }): boolean {
  return /^(?:(?:public|private|protected|static|override|export|default)\s+)*async\b/.test(
    text.slice(at.start, at.end),
  );
}
