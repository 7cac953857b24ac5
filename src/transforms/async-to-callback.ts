import { planToCallback } from './to-callback.js';
import type { Transform } from './transform.js';

/**
 * Async functions become error-first callbacks: what follows an `await` stands in its continuation, `try`/`catch` becomes error
 * branches. A function whose callers may be anyone still gives them a promise.
 *
 * @before
 * const fs = require('fs');
 * exports.size = async function (path) {
 *   const stats = await fs.promises.stat(path);
 *   return `${stats.size} bytes`;
 * };
 * @after
 * const fs = require('fs');
 * const { promisify } = require('util');
 * exports.size = function (path) {
 *   return promisify((callback) => {
 *     fs.stat(path, (err, stats) => {
 *       if (err) return callback(err);
 *       callback(null, `${stats.size} bytes`);
 *     });
 *   })();
 * };
 */
export const asyncToCallback: Transform = {
  name: 'async-to-callback',
  from: 'async',
  to: 'callback',
  languages: ['javascript', 'typescript'],
  plan: (files, options, view) => planToCallback('async-to-callback', files, options, view),
};
