import { planPools } from './pools.js';
import type { Transform } from './transform.js';

/**
 * A pool becomes a window in plain code, written with `.then`; the function around it becomes a promise function too.
 *
 * @before
 * import pMap from 'p-map';
 *
 * export function sizes(names, stat) {
 *   return pMap(names, (name) => stat(name), { concurrency: 4 }).then((all) => all.length);
 * }
 * @after
 * export function sizes(names, stat) {
 *   return mapBounded(names, 4, (name) => stat(name)).then((all) => all.length);
 * }
 */
export const poolToPromise: Transform = {
  name: 'pool-to-promise',
  from: 'pool',
  to: 'promise',
  languages: ['javascript', 'typescript'],
  plan: (files, options, view) => planPools(files, 'promise', options, view),
};
