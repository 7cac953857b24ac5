import { parentPort, workerData } from 'node:worker_threads';
import { handle, HopelessJob } from './handle.js';
import type { FleetJob } from './job.js';

/** The thread in which a job is done: the one that holds the job must go on telling the server that it does. */
const { job, out } = workerData as { readonly job: FleetJob; readonly out: string };

handle(job, out).then(
  (answer) => parentPort!.postMessage({ answer }),
  (error: Error) => parentPort!.postMessage({ message: error.message, isHopeless: error instanceof HopelessJob }),
);
