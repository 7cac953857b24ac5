import { poolToAsync } from '../python/async/from-pool.js';
import { planUnits } from '../python/plan.js';
import type { PythonTransform } from './python-transform.js';

/**
 * Thread pools become asyncio: the workers turn into coroutines, requests becomes aiohttp, and an event loop runs where the pool was.
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
 *     results = list(executor.map(wait, [1, 2]))
 * print(results)
 * @after
 * import asyncio
 *
 *
 * async def wait(n):
 *     await asyncio.sleep(n)
 *     return n
 *
 *
 * async def run_all():
 *     tasks = [asyncio.ensure_future(wait(item)) for item in [1, 2]]
 *     await asyncio.gather(*tasks, return_exceptions=True)
 *     return [task.result() for task in tasks]
 *
 *
 * results = asyncio.run(run_all())
 * print(results)
 */
export const pythonPoolToAsync: PythonTransform = {
  name: 'python-pool-to-async',
  from: 'pool',
  to: 'async',
  languages: ['python'],
  plan: (project, options) => planUnits(poolToAsync(project, options.exports), 'python-pool-to-async'),
};
