/**
 * Stand-ins for worker threads: a worker is a fresh copy of its module on the story's own clock, and all that goes in or comes out is cloned as
 * between threads. What the real ones do with lifetime is kept: a pool that is destroyed takes no more tasks and rejects those under way.
 */

import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Loads a file of the story as a thread of its own would: nothing is shared with the others. `parent`: what its `worker_threads` is. */
export type LoadFresh = (file: string, parent: unknown) => Promise<unknown>;

type Task = (...args: unknown[]) => unknown;

interface Options {
  readonly filename?: string;
  readonly name?: string;
  readonly maxThreads?: number;
  readonly concurrentTasksPerWorker?: number;
}

export function createThreads(loadFresh: LoadFresh): Record<string, unknown> {
  const pool = piscina(loadFresh);
  const asModule = (exported: object, name: string): object =>
    Object.assign(exported, { default: exported, [name]: exported, __esModule: true });
  return {
    piscina: asModule(pool, 'Piscina'),
    tinypool: asModule(piscina(loadFresh), 'Tinypool'),
    workerpool: asModule(workerpool(loadFresh), 'workerpool'),
    worker_threads: { isMainThread: true, parentPort: null, workerData: null, threadId: 0, Worker: worker(loadFresh) },
  };
}

/** The path in the story of what `filename` says: a path, a file URL, or one relative to the folder that stories run in. */
function fileOf(filename: string | URL): string {
  const text = String(filename);
  const absolute = text.startsWith('file:') ? fileURLToPath(text) : path.resolve(text);
  return path.relative(process.cwd(), absolute);
}

/** At most `most` at once; the others wait in line. */
function createLine(most: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  const next = (): void => {
    running--;
    waiting.shift()?.();
  };
  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      return await task();
    } finally {
      next();
    }
  };
}

/** What a thread gives back: custom classes and own fields of errors are lost on the way. */
async function acrossThreads(run: () => unknown): Promise<unknown> {
  let value: unknown;
  try {
    value = await run();
  } catch (error) {
    throw structuredClone(error);
  }
  return structuredClone(value);
}

function pick(exported: unknown, name?: string): Task {
  if (!name && typeof exported === 'function') return exported as Task;
  return (exported as Record<string, Task>)[name ?? 'default']!;
}

function piscina(loadFresh: LoadFresh) {
  return class Pool {
    private readonly line: ReturnType<typeof createLine>;
    private readonly loaded = new Map<string, Promise<unknown>>();
    private dead: ((error: Error) => void)[] | undefined = [];

    constructor(readonly options: Options = {}) {
      this.line = createLine((options.maxThreads ?? 4) * (options.concurrentTasksPerWorker ?? 1));
    }

    async run(
      task: unknown,
      { filename = this.options.filename, name = this.options.name }: Options = {},
    ): Promise<unknown> {
      if (!this.dead) throw new Error('Terminating worker thread');
      const file = fileOf(filename!);
      const given = structuredClone(task);
      if (!this.loaded.has(file)) this.loaded.set(file, loadFresh(file, undefined));
      const stopped = new Promise<never>((_resolve, reject) => this.dead!.push(reject));
      const work = this.line(async () => {
        const run = pick(await this.loaded.get(file), name);
        return acrossThreads(() => run(given));
      });
      stopped.catch(() => undefined);
      return Promise.race([work, stopped]);
    }

    async destroy(): Promise<void> {
      this.dead?.forEach((reject) => reject(new Error('Terminating worker thread')));
      this.dead = undefined;
    }

    async close(): Promise<void> {
      this.dead = undefined;
    }
  };
}

function workerpool(loadFresh: LoadFresh) {
  let registered: Record<string, Task> = {};
  const pool = (script?: string | object, options: { maxWorkers?: number } = {}) => {
    const line = createLine((typeof script === 'object' ? (script as typeof options) : options).maxWorkers ?? 3);
    const file = typeof script === 'string' ? fileOf(script) : undefined;
    let methods: Promise<Record<string, Task>> | undefined;
    const load = async (): Promise<Record<string, Task>> => {
      registered = {};
      await loadFresh(file!, undefined);
      return registered;
    };
    return {
      exec: (name: string | Task, args: unknown[] = []) =>
        line(async () => {
          const given = structuredClone(args);
          // A function goes over as its text: what it closes over stays behind.
          const task = typeof name === 'string' ? (await (methods ??= load()))[name]! : (0, eval)(`(${String(name)})`);
          return acrossThreads(() => (task as Task)(...given));
        }),
      terminate: async () => undefined,
    };
  };
  return { pool, worker: (methods: Record<string, Task>) => void (registered = { ...registered, ...methods }) };
}

type Listener = (value: unknown) => void;

class Port {
  readonly listeners = new Map<string, Listener[]>();
  other: Port | undefined;

  on(event: string, listener: Listener): this {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
    return this;
  }
  once(event: string, listener: Listener): this {
    const once: Listener = (value) => {
      this.off(event, once);
      listener(value);
    };
    return this.on(event, once);
  }
  off(event: string, listener: Listener): this {
    this.listeners.set(
      event,
      (this.listeners.get(event) ?? []).filter((each) => each !== listener),
    );
    return this;
  }
  emit(event: string, value: unknown): void {
    for (const listener of this.listeners.get(event) ?? []) listener(value);
  }
  postMessage(value: unknown): void {
    const given = structuredClone(value);
    void Promise.resolve().then(() => this.other?.emit('message', given));
  }
  close(): void {
    this.listeners.clear();
  }
  ref(): void {}
  unref(): void {}
}

function worker(loadFresh: LoadFresh) {
  return class Worker extends Port {
    constructor(file: string | URL, { workerData }: { workerData?: unknown } = {}) {
      super();
      const inside = new Port();
      this.other = inside;
      inside.other = this;
      const own = {
        isMainThread: false,
        parentPort: inside,
        workerData: structuredClone(workerData),
        threadId: 1,
        Worker,
      };
      const run = Promise.resolve().then(() => loadFresh(fileOf(file), own));
      run.then(
        () => undefined,
        (error: unknown) => (this.emit('error', structuredClone(error)), this.emit('exit', 1)),
      );
    }
    async terminate(): Promise<number> {
      this.other = undefined;
      this.emit('exit', 1);
      return 1;
    }
  };
}
