import * as os from 'node:os';
import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Seen } from './cache.js';
import { internalError, type Conversion } from './engine.js';
import type { Project } from './projects.js';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly root: string;
  readonly ignore: boolean;
}

export interface Task {
  readonly index: number;
  readonly project: Project;
}

export interface Answer {
  readonly index: number;
  readonly seen: Seen;
  readonly result: Conversion;
}

/** A worker loads its own parser, which takes as long as converting some hundred kilobytes. */
const WORTH_IT = 1_500_000;
const MOST = 8;

/** How many threads pay for these projects; as many as were asked for, but never more than there are projects. */
export function workersFor(projects: readonly Project[], asked?: number): number {
  if (asked !== undefined) return Math.min(asked, projects.length);
  const size = projects.reduce((sum, project) => sum + sizeOf(project), 0);
  return size < WORTH_IT ? 1 : Math.min(os.availableParallelism(), MOST, projects.length);
}

const sizeOf = (project: Project): number => project.sources.reduce((sum, source) => sum + source.text.length, 0);

/**
 * Converts projects in threads, the largest first; each is handed to `keep` when it is done. A thread that dies (of memory, mostly) costs
 * the project that it had in hand: its files get an error each, and the others go on in a new thread.
 */
export async function convertOnWorkers(
  projects: readonly Project[],
  { workers, ...setup }: WorkerSetup & { readonly workers: number },
  keep: (project: Project, seen: Seen, result: Conversion) => void,
): Promise<void> {
  const waiting = projects.map((project, index): Task => ({ index, project }));
  waiting.sort((a, b) => sizeOf(b.project) - sizeOf(a.project) || a.index - b.index);
  const lane = async (): Promise<void> => {
    while (waiting.length > 0) {
      const dead = await serve(setup, waiting, ({ index, seen, result }) => keep(projects[index]!, seen, result));
      if (dead) keep(dead.task.project, { reads: [] }, failed(dead.task.project, dead.error));
    }
  };
  await Promise.all(Array.from({ length: workers }, lane));
}

/** One thread works until nothing waits, or it dies: then with which task, and why. */
function serve(
  setup: WorkerSetup,
  waiting: Task[],
  done: (answer: Answer) => void,
): Promise<{ task: Task; error: unknown } | undefined> {
  return new Promise((resolve) => {
    const worker = new Worker(path.join(__dirname, 'worker.js'), {
      workerData: setup,
      resourceLimits: { maxYoungGenerationSizeMb: 64 }, // trees die young: with a small nursery they are copied again and again
    });
    let task: Task | undefined;
    const next = (): void => {
      task = waiting.shift();
      if (task) worker.postMessage(task);
      else void worker.terminate().then(() => resolve(undefined));
    };
    worker.on('message', (answer: Answer) => (done(answer), next()));
    worker.on('error', (error) => resolve(task && { task, error }));
    worker.on('exit', (code) => resolve(task && { task, error: new Error(`a worker ended with code ${code}`) }));
    next();
  });
}

function failed(project: Project, error: unknown): Conversion {
  const errors = project.sources.map((source) => internalError(source.path, error));
  // Paths of a project's result are relative to its folder.
  const cut = project.folder === '' ? 0 : project.folder.length + 1;
  const own = errors.map((one) => ({ ...one, path: one.path.slice(cut) }));
  return { groups: [], refused: [], errors: own, ignored: [], sites: 0, traces: [String(error)] };
}
