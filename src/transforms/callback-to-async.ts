import { readCallbackProject } from '../javascript/callers/index.js';
import { buildGraph } from '../javascript/modules/graph.js';
import type { Transform } from './transform.js';

/**
 * Error-first callbacks become async functions.
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
 * exports.size = async function (path) {
 *   const stats = await fs.promises.stat(path);
 *   return stats.size;
 * };
 */
export const callbackToAsync: Transform = {
  name: 'callback-to-async',
  from: 'callback',
  to: 'async',
  languages: ['javascript', 'typescript'],
  plan(files, options, view) {
    const graph = buildGraph(
      files.map(({ path, text, file }) => ({ path, text, file })),
      view,
    );
    return readCallbackProject(files, graph, options);
  },
};
