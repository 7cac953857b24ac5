import { callbackToAsync } from '../python/async/from-callback.js';
import { planUnits, type PyPlan } from '../python/plan.js';
import { asyncToBlocking } from '../python/pool/from-async.js';
import { callbackToPool } from '../python/pool/from-callback.js';
import type { PyProject } from '../python/project.js';
import { firstOrSecond, twoSteps } from '../python/two-steps.js';
import type { PythonTransform } from './python-transform.js';

const name = 'python-callback-to-pool';

/** Callbacks of an event loop become coroutines, and these blocking code. */
const byWayOfAsync = (project: PyProject, limit: number | undefined): PyPlan =>
  twoSteps(
    project,
    (first) => planUnits(callbackToAsync(first, 'to_thread'), name),
    (second) => planUnits(asyncToBlocking(second, limit ?? TWISTED_THREADS), name),
  );

/** As many threads has the pool of Twisted's reactor. */
const TWISTED_THREADS = 10;

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
  name,
  from: 'callback',
  to: 'pool',
  languages: ['python'],
  plan: (project, options) =>
    firstOrSecond(project, byWayOfAsync(project, options.limit), () => planUnits(callbackToPool(project), name)),
};
