import { parentPort, workerData } from 'node:worker_threads';
import { convertOne } from './convert.js';
import { loadEngine } from './engine.js';
import { ignoreRules } from './ignore.js';
import { readSource } from './read.js';
import type { Answer, Task, WorkerSetup } from './workers.js';

/** The other end of `workers.ts`: converts one project after another, as it would be done without threads. */
const { root, ignore } = workerData as WorkerSetup;
const rules = ignoreRules(root, ignore);

parentPort!.on('message', ({ index, project }: Task) => {
  const { seen, result } = convertOne(project, loadEngine(), { root, rules, readFile: readSource });
  parentPort!.postMessage({ index, seen, result } satisfies Answer);
});
