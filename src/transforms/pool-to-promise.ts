import { planPools } from './pools.js';
import type { Transform } from './transform.js';

/**
 * A pool becomes a window in plain code, written with `.then`; the function around it becomes a promise function too.
 *
 * @before
 * import pMap from 'p-map';
 *
 * export function sizes(stat) {
 *   return pMap(['a', 'b'], (name) => stat(name), { concurrency: 4 }).then((all) => all.length);
 * }
 * @after
 * export function sizes(stat) {
 *   return Promise.all(['a', 'b'].map((name) => stat(name))).then((all) => all.length);
 * }
 */
export const poolToPromise: Transform = {
  name: 'pool-to-promise',
  from: 'pool',
  to: 'promise',
  languages: ['javascript', 'typescript'],
  plan: (files, options, view) => planPools(files, 'promise', options, view),
};
