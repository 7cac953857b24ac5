import { planLimits } from '../javascript/pool/to-limit.js';
import type { Transform } from './transform.js';

/**
 * A fan-out in an async function gets a bound: as many at once as there are items, where the text shows how many, else `--limit N`. Only the
 * fan-out changes. The library that the project has is used (p-limit, p-map, p-queue), else p-limit, which package.json then lists.
 *
 * @before
 * const urls = ['/a', '/b', '/c'];
 * export async function loadAll() {
 *   return await Promise.all(urls.map((url) => fetch(url)));
 * }
 * @after
 * import pLimit from 'p-limit';
 *
 * const urls = ['/a', '/b', '/c'];
 * export async function loadAll() {
 *   const limit = pLimit(3);
 *   return await Promise.all(urls.map((url) => limit(() => fetch(url))));
 * }
 */
export const asyncToPool: Transform = {
  name: 'async-to-pool',
  from: 'async',
  to: 'pool',
  languages: ['javascript', 'typescript'],
  plan: (files) => planLimits(files, 'async'),
};
