import { planPools } from './pools.js';
import type { Transform } from './transform.js';

/**
 * A pool becomes a window in plain code; the function around it answers through an error-first callback.
 *
 * @before
 * const pLimit = require('p-limit');
 * const { get } = require('./io');
 *
 * async function loadAll() {
 *   const limit = pLimit(2);
 *   return await Promise.all([1, 2].map((id) => limit(() => get(id))));
 * }
 * @after
 * const { get } = require('./io');
 *
 * async function loadAll() {
 *   return await Promise.all([1, 2].map((id) => get(id)));
 * }
 */
export const poolToCallback: Transform = {
  name: 'pool-to-callback',
  from: 'pool',
  to: 'callback',
  languages: ['javascript', 'typescript'],
  plan: (files, options, view) => planPools(files, 'callback', options, view),
};
