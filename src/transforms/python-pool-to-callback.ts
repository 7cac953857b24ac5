import { poolToCallback } from '../python/callback/from-pool.js';
import { planUnits } from '../python/plan.js';
import type { PythonTransform } from './python-transform.js';

/**
 * What a thread pool is waited for becomes completion callbacks: each future tells when it is done, and results are delivered in order.
 *
 * @before
 * import time
 * from concurrent.futures import ThreadPoolExecutor
 *
 *
 * def wait(n):
 *     time.sleep(n)
 *     return n
 *
 *
 * with ThreadPoolExecutor(max_workers=2) as executor:
 *     for n in executor.map(wait, [2, 1]):
 *         print(n)
 * @after
 * import time
 * from concurrent.futures import ThreadPoolExecutor
 * import queue
 *
 *
 * def _in_order(futures):
 *     """The results in order as callbacks deliver them; an error is raised at its place, and what has not started then is cancelled."""
 *     slots = [queue.Queue() for _ in futures]
 *     for slot, future in zip(slots, futures):
 *         future.add_done_callback(slot.put)
 *
 *     def results():
 *         try:
 *             for slot in slots:
 *                 yield slot.get().result()
 *         finally:
 *             for future in futures:
 *                 future.cancel()
 *
 *     return results()
 *
 *
 * def wait(n):
 *     time.sleep(n)
 *     return n
 *
 *
 * with ThreadPoolExecutor(max_workers=2) as executor:
 *     for n in _in_order([executor.submit(wait, item) for item in [2, 1]]):
 *         print(n)
 */
export const pythonPoolToCallback: PythonTransform = {
  name: 'python-pool-to-callback',
  from: 'pool',
  to: 'callback',
  languages: ['python'],
  plan: (project) => planUnits(poolToCallback(project), 'python-pool-to-callback'),
};
