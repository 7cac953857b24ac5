import { readCallbackProject } from '../javascript/callers/index.js';
import { buildGraph } from '../javascript/modules/graph.js';
import { relabel } from './relabel.js';
import type { Transform } from './transform.js';

/**
 * Error-first callbacks become promise chains: what ran in a continuation is the next `.then`, an error that was passed on passes on
 * by itself, an error that was looked at is the second handler of exactly that call.
 *
 * @before
 * const fs = require('fs');
 * exports.size = function (path, cb) {
 *   fs.stat(path, (err, stats) => {
 *     if (err) return cb(err);
 *     cb(null, stats.size);
 *   });
 * };
 * @after
 * const fs = require('fs');
 * exports.size = function (path) {
 *   return fs.promises.stat(path).then((stats) => stats.size);
 * };
 */
export const callbackToPromise: Transform = {
  name: 'callback-to-promise',
  from: 'callback',
  to: 'promise',
  languages: ['javascript', 'typescript'],
  plan(files, options, view) {
    const graph = buildGraph(
      files.map(({ path, text, file }) => ({ path, text, file })),
      view,
    );
    return relabel(readCallbackProject(files, graph, options), 'callback-to-promise', 'gives a promise');
  },
};
