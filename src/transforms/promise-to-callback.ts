import { planToCallback } from './to-callback.js';
import type { Transform } from './transform.js';

/**
 * Promise chains become error-first callbacks: handlers turn into continuations, `.catch` into error branches. A function whose
 * callers may be anyone still gives them a promise.
 *
 * @before
 * const fs = require('fs');
 * exports.size = function (path) {
 *   return fs.promises.stat(path).then((stats) => `${stats.size} bytes`);
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
export const promiseToCallback: Transform = {
  name: 'promise-to-callback',
  from: 'promise',
  to: 'callback',
  languages: ['javascript', 'typescript'],
  plan: (files, options, view) => planToCallback('promise-to-callback', files, options, view),
};
