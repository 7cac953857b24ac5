import { readCallbackProject } from '../javascript/callers/index.js';
import { buildGraph } from '../javascript/modules/graph.js';
import { planCallbackLimits } from '../javascript/pool/from-callback.js';
import type { Transform } from './transform.js';

/**
 * Fan-outs of callback functions get a bound. Those of the `async` library get its `…Limit` form and stay what they are; a function that
 * counts its answers itself becomes an async function with a limiter. Functions without a fan-out are left alone.
 *
 * @before
 * const async = require('async');
 *
 * function load(get, cb) {
 *   async.map(['/a', '/b'], get, cb);
 * }
 * @after
 * const async = require('async');
 *
 * function load(get, cb) {
 *   async.mapLimit(['/a', '/b'], 2, get, cb);
 * }
 */
export const callbackToPool: Transform = {
  name: 'callback-to-pool',
  from: 'callback',
  to: 'pool',
  languages: ['javascript', 'typescript'],
  plan(files, options, view) {
    const graph = buildGraph(
      files.map(({ path, text, file }) => ({ path, text, file })),
      view,
    );
    return planCallbackLimits(files, readCallbackProject(files, graph, options));
  },
};
