import { planLimits } from '../javascript/pool/to-limit.js';
import type { Transform } from './transform.js';

/**
 * A fan-out in a promise chain gets a bound, as in `async-to-pool`. The chain around it stays as it is.
 *
 * @before
 * import pLimit from 'p-limit';
 *
 * const names = ['a.txt', 'b.txt'];
 * function sizes(stat) {
 *   return Promise.all(names.map(stat)).then((all) => all.map((one) => one.size));
 * }
 * @after
 * import pLimit from 'p-limit';
 *
 * const names = ['a.txt', 'b.txt'];
 * function sizes(stat) {
 *   const limit = pLimit(2);
 *   return Promise.all(names.map((...args) => limit(stat, ...args))).then((all) => all.map((one) => one.size));
 * }
 */
export const promiseToPool: Transform = {
  name: 'promise-to-pool',
  from: 'promise',
  to: 'pool',
  languages: ['javascript', 'typescript'],
  plan: (files) => planLimits(files, 'promise'),
};
