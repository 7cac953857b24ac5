import { readCallbackProject } from '../javascript/callers/index.js';
import { buildGraph } from '../javascript/modules/graph.js';
import type { Transform } from './transform.js';

/**
 * Error-first callbacks become async functions.
 *
 * @before function size(path, cb) { fs.stat(path, (err, s) => { if (err) return cb(err); cb(null, s.size); }); }
 * @after  async function size(path) { const s = await fs.promises.stat(path); return s.size; }
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
