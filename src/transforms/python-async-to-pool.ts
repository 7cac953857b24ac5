import { asyncToBlocking } from '../python/pool/from-async.js';
import { planUnits } from '../python/plan.js';
import type { PythonTransform } from './python-transform.js';

/**
 * asyncio becomes threads: `async def` → `def`, what was gathered runs in a `ThreadPoolExecutor`, aiohttp becomes requests.
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
 * import time
 * from concurrent.futures import ThreadPoolExecutor, as_completed
 *
 *
 * def wait(n):
 *     time.sleep(n)
 *     return n
 *
 *
 * def main():
 *     with ThreadPoolExecutor(max_workers=2) as executor:
 *         tasks = [executor.submit(wait, 1), executor.submit(wait, 2)]
 *         for task in as_completed(tasks):
 *             task.result()
 *         print([task.result() for task in tasks])
 *
 *
 * main()
 */
export const pythonAsyncToPool: PythonTransform = {
  name: 'python-async-to-pool',
  from: 'async',
  to: 'pool',
  languages: ['python'],
  plan: (project, options) => planUnits(asyncToBlocking(project, options.limit), 'python-async-to-pool'),
};
