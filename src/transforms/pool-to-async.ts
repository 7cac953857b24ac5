import { planPools } from './pools.js';
import type { Transform } from './transform.js';

/**
 * A pool becomes a window in plain code, a function of the file that keeps the bound, the order of the results, and what happens to the
 * other tasks at the first failure. Where the items are never more than the bound, `Promise.all` does the same. Imports that nobody needs
 * any more go, and the library leaves package.json when no file of the project uses it.
 *
 * @before
 * import pLimit from 'p-limit';
 *
 * export async function loadAll() {
 *   const limit = pLimit(3);
 *   return await Promise.all(['/a', '/b', '/c'].map((url) => limit(async () => await fetch(url))));
 * }
 * @after
 * export async function loadAll() {
 *   return await Promise.all(['/a', '/b', '/c'].map(async (url) => await fetch(url)));
 * }
 */
export const poolToAsync: Transform = {
  name: 'pool-to-async',
  from: 'pool',
  to: 'async',
  languages: ['javascript', 'typescript'],
  plan: (files, options, view) => planPools(files, 'async', options, view),
};
