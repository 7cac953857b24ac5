import { callbackToAsync } from '../python/async/from-callback.js';
import { poolToAsync } from '../python/async/from-pool.js';
import { planUnits } from '../python/plan.js';
import { callbackToPool } from '../python/pool/from-callback.js';
import { firstOrSecond, twoSteps } from '../python/two-steps.js';
import type { PythonTransform } from './python-transform.js';

const name = 'python-callback-to-async';

/**
 * Completion callbacks become asyncio: by way of a pool that is waited for, whose workers turn into coroutines.
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
 * import asyncio
 *
 *
 * class _TaskPool:
 *     """Runs at most `limit` coroutines at a time; leaving it waits for all that were started."""
 *
 *     def __init__(self, limit):
 *         self._free = asyncio.Semaphore(limit)
 *         self._tasks = []
 *         self._started = set()
 *
 *     async def __aenter__(self):
 *         return self
 *
 *     async def __aexit__(self, *error):
 *         await asyncio.gather(*self._tasks, return_exceptions=True)
 *
 *     def submit(self, function, *args, **kwargs):
 *         task = asyncio.ensure_future(self._run(function, args, kwargs))
 *         self._tasks.append(task)
 *         return task
 *
 *     async def _run(self, function, args, kwargs):
 *         async with self._free:
 *             self._started.add(asyncio.current_task())
 *             return await function(*args, **kwargs)
 *
 *     def map(self, function, *iterables):
 *         return self._results([self.submit(function, *args) for args in zip(*iterables)])
 *
 *     async def _results(self, tasks):
 *         try:
 *             for task in tasks:
 *                 yield await task
 *         finally:
 *             for task in tasks:
 *                 if task not in self._started:
 *                     task.cancel()
 *
 *
 * async def _as_completed(tasks):
 *     """The tasks themselves, in the order in which they finish."""
 *     finished = asyncio.Queue()
 *     tasks = set(tasks)
 *     for task in tasks:
 *         task.add_done_callback(finished.put_nowait)
 *     for _ in tasks:
 *         yield await finished.get()
 *
 *
 * async def wait(n):
 *     await asyncio.sleep(n)
 *     return n
 *
 *
 * def show(future):
 *     print(future.exception() or future.result())
 *
 *
 * async def run_all():
 *     global finished, futures, n
 *     async with _TaskPool(2) as executor:
 *         futures = []
 *         for n in (2, 1):
 *             futures.append(executor.submit(wait, n))
 *         async for finished in _as_completed(futures):
 *             show(finished)
 *
 *
 * asyncio.run(run_all())
 */
export const pythonCallbackToAsync: PythonTransform = {
  name,
  from: 'callback',
  to: 'async',
  languages: ['python'],
  plan: (project, options) =>
    firstOrSecond(project, planUnits(callbackToAsync(project), name), () =>
      twoSteps(
        project,
        (first) => planUnits(callbackToPool(first, false), name),
        (second) => planUnits(poolToAsync(second, options.exports), name),
      ),
    ),
};
