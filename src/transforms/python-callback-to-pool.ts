import { callbackToPool } from '../python/pool/from-callback.js';
import { planUnits } from '../python/plan.js';
import type { PythonTransform } from './python-transform.js';

/**
 * Completion callbacks become a pool that is waited for: each callback is called where the work was started, as it is done.
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
 * def show(future):
 *     print(future.exception() or future.result())
 *
 *
 * with ThreadPoolExecutor(max_workers=2) as executor:
 *     for n in (2, 1):
 *         executor.submit(wait, n).add_done_callback(show)
 * @after
 * import time
 * from concurrent.futures import ThreadPoolExecutor, as_completed
 *
 *
 * def wait(n):
 *     time.sleep(n)
 *     return n
 *
 *
 * def show(future):
 *     print(future.exception() or future.result())
 *
 *
 * with ThreadPoolExecutor(max_workers=2) as executor:
 *     futures = []
 *     for n in (2, 1):
 *         futures.append(executor.submit(wait, n))
 *     for finished in as_completed(futures):
 *         show(finished)
 */
export const pythonCallbackToPool: PythonTransform = {
  name: 'python-callback-to-pool',
  from: 'callback',
  to: 'pool',
  languages: ['python'],
  plan: (project) => planUnits(callbackToPool(project), 'python-callback-to-pool'),
};
