import type { Job, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import * as path from 'node:path';
import { Worker as Thread } from 'node:worker_threads';
import { version } from '../version.js';
import { jobId, type FleetAnswer, type FleetJob } from './job.js';

/** Why the fleet cannot be had, and what to do. */
export class FleetProblem extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

export interface FleetServer {
  /** `redis://host:port/db`; `rediss:` with TLS. */
  readonly redis?: string;
  /** Several campaigns may share a server. Workers take jobs of their own version only. */
  readonly queue: string;
}

interface Libraries {
  readonly bullmq: typeof import('bullmq');
  readonly ioredis: typeof import('ioredis');
}

function load(): Libraries {
  try {
    return { bullmq: require('bullmq') as Libraries['bullmq'], ioredis: require('ioredis') as Libraries['ioredis'] };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new FleetProblem(
      'the fleet needs the packages bullmq and ioredis, which are not installed',
      'npm install bullmq ioredis',
    );
  }
}

const HOW_TO_START =
  'start one with `docker compose -f node_modules/asyncshift/docs/scale/compose.yaml up -d redis`, or `redis-server --appendonly yes`; then --redis redis://127.0.0.1:6379 or ASYNCSHIFT_REDIS';

/** What the commands ask of the queue. */
export interface Fleet {
  /** Adds what is not there yet; gives how many were new. */
  add(jobs: readonly FleetJob[], attempts: number): Promise<number>;
  counts(): Promise<Record<string, number>>;
  list(): Promise<FleetRow[]>;
  close(): Promise<void>;
}

export interface FleetRow {
  readonly id: string;
  readonly state: string;
  readonly job: FleetJob;
  readonly attempts: number;
  readonly answer?: FleetAnswer;
  readonly error?: string;
}

/** Opens the queue for a command that should fail soon when the server is not there. */
export async function openFleet(server: FleetServer): Promise<Fleet> {
  const { bullmq, ioredis } = load();
  const redis = connect(ioredis, server, (times) => (times > 3 ? null : 200));
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    throw new FleetProblem(`there is no Redis at ${shown(server.redis!)} (${(error as Error).message})`, HOW_TO_START);
  }
  const queue = new bullmq.Queue<FleetJob, FleetAnswer>(nameOf(server), { connection: redis });
  queue.on('error', () => undefined); // whoever waits for an answer is told
  return {
    add: (jobs, attempts) => add(queue, jobs, attempts),
    counts: () => queue.getJobCounts(...STATES),
    list: () => list(queue),
    async close() {
      await queue.close();
      redis.disconnect();
    },
  };
}

const STATES = ['waiting', 'active', 'delayed', 'completed', 'failed'] as const;

const nameOf = ({ queue }: FleetServer): string => `${queue}-${version()}`;

function connect(
  { Redis: Client }: Libraries['ioredis'],
  { redis }: FleetServer,
  retryStrategy: (times: number) => number | null,
): Redis {
  if (!redis) throw new FleetProblem('the fleet keeps its jobs in Redis, and none is named', HOW_TO_START);
  if (!/^rediss?:\/\//.test(redis)) throw new FleetProblem(`'${redis}' is no redis:// URL`, HOW_TO_START);
  const client = new Client(redis, { lazyConnect: true, maxRetriesPerRequest: null, retryStrategy });
  client.on('error', () => undefined); // reconnecting is the client's business
  return client;
}

/** Without the password. */
const shown = (redis: string): string => redis.replace(/\/\/[^@/]*@/, '//');

async function add(queue: Queue<FleetJob, FleetAnswer>, jobs: readonly FleetJob[], attempts: number): Promise<number> {
  let fresh = 0;
  for (const job of jobs) {
    const id = jobId(job);
    if (await queue.getJob(id)) continue;
    fresh++;
    await queue.add('convert', job, { jobId: id, attempts, backoff: { type: 'exponential', delay: 1000 } });
  }
  return fresh;
}

async function list(queue: Queue<FleetJob, FleetAnswer>): Promise<FleetRow[]> {
  const rows: FleetRow[] = [];
  for (const state of STATES)
    for (const one of await queue.getJobs([state], 0, -1, true)) {
      const { id, data, attemptsMade, returnvalue, failedReason } = one;
      const done = state === 'completed' && { answer: returnvalue };
      const error = failedReason && state !== 'completed' && { error: failedReason };
      rows.push({ id: id!, state, job: data, attempts: attemptsMade, ...done, ...error });
    }
  const key = ({ job }: FleetRow): string => JSON.stringify([job.repo, job.commit, job.project, job.shard]);
  return rows.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

export interface WorkOptions extends FleetServer {
  readonly out: string;
  readonly concurrency: number;
  /** A worker that has not been heard of for so many milliseconds is dead: its job goes to another one. */
  readonly stalledAfter: number;
  /** End when nothing is left to do; default: wait for more. */
  readonly drain: boolean;
  readonly signal: AbortSignal;
  readonly onJob: (row: Pick<FleetRow, 'job' | 'answer' | 'error'>) => void;
}

/** Takes jobs and does them until there are none, or `signal` says stop. A server that goes away is waited for. */
export async function work(options: WorkOptions): Promise<void> {
  const { bullmq, ioredis } = load();
  const again = (times: number): number => Math.min(times * 200, 5000);
  const redis = connect(ioredis, options, again);
  const counting = connect(ioredis, options, again);
  const queue = new bullmq.Queue<FleetJob, FleetAnswer>(nameOf(options), { connection: counting });
  const process = async (job: Job<FleetJob, FleetAnswer>): Promise<FleetAnswer> => {
    const done = await inThread(job.data, options.out);
    if ('answer' in done) return done.answer;
    throw done.isHopeless ? new bullmq.UnrecoverableError(done.message) : new Error(done.message);
  };
  const worker: Worker<FleetJob, FleetAnswer> = new bullmq.Worker(nameOf(options), process, {
    connection: redis,
    concurrency: options.concurrency,
    lockDuration: options.stalledAfter,
    stalledInterval: options.stalledAfter,
    maxStalledCount: 10, // a worker that is killed is no fault of its job
  });
  worker.on('error', () => undefined);
  queue.on('error', () => undefined);
  worker.on('completed', (job) => options.onJob({ job: job.data, answer: job.returnvalue }));
  worker.on('failed', (job, error) => job && options.onJob({ job: job.data, error: error.message }));
  await untilDone(queue, options);
  await worker.close();
  await queue.close();
  redis.disconnect();
  counting.disconnect();
}

async function untilDone(queue: Queue<FleetJob, FleetAnswer>, { drain, signal }: WorkOptions): Promise<void> {
  while (!signal.aborted) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 300);
      signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    });
    if (!drain || signal.aborted) continue;
    const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized').catch(() => undefined);
    if (counts && Object.values(counts).every((count) => count === 0)) return;
  }
}

type Done = { readonly answer: FleetAnswer } | { readonly message: string; readonly isHopeless: boolean };

function inThread(job: FleetJob, out: string): Promise<Done> {
  return new Promise((resolve) => {
    const thread = new Thread(path.join(__dirname, 'thread.js'), { workerData: { job, out: path.resolve(out) } });
    thread.on('message', (done: Done) => resolve(done));
    thread.on('error', (error: Error) => resolve({ message: error.message, isHopeless: false }));
    thread.on('exit', (code) => resolve({ message: `the thread ended with code ${code}`, isHopeless: false }));
  });
}
