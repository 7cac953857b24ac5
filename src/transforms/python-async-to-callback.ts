import { asyncToBlocking } from '../python/pool/from-async.js';
import { planUnits } from '../python/plan.js';
import type { PythonTransform } from './python-transform.js';

/**
 * asyncio becomes threads that tell callbacks when they are done: results list and counter, and the first error once.
 *
 * @before
 * import asyncio
 *
 *
 * async def wait(n):
 *     await asyncio.sleep(n)
 *     return n
 *
 *
 * async def main():
 *     print(await asyncio.gather(wait(1), wait(2)))
 *
 *
 * asyncio.run(main())
 * @after
 * import functools
 * import threading
 * import time
 * from concurrent.futures import ThreadPoolExecutor
 *
 *
 * def _collect(futures):
 *     """The results in order; callbacks fill them in, and the first error is raised as soon as it is there."""
 *     results = [None] * len(futures)
 *     errors = []
 *     lock = threading.Lock()
 *     ready = threading.Event()
 *     waiting = set(range(len(futures)))
 *
 *     def on_done(index, future):
 *         error = future.exception()
 *         with lock:
 *             waiting.discard(index)
 *             if error is not None:
 *                 errors.append(error)
 *             else:
 *                 results[index] = future.result()
 *             if errors or not waiting:
 *                 ready.set()
 *
 *     for index, future in enumerate(futures):
 *         future.add_done_callback(functools.partial(on_done, index))
 *     if futures:
 *         ready.wait()
 *     if errors:
 *         raise errors[0]
 *     return results
 *
 *
 * def wait(n):
 *     time.sleep(n)
 *     return n
 *
 *
 * def main():
 *     with ThreadPoolExecutor(max_workers=2) as executor:
 *         print(_collect([executor.submit(wait, 1), executor.submit(wait, 2)]))
 *
 *
 * main()
 */
export const pythonAsyncToCallback: PythonTransform = {
  name: 'python-async-to-callback',
  from: 'async',
  to: 'callback',
  languages: ['python'],
  plan: (project, options) =>
    planUnits(asyncToBlocking(project, options.limit, 'callbacks'), 'python-async-to-callback'),
};
