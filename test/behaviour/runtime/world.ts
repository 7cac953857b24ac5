/** The globals and modules that a story sees in place of Node's own. */

import { AsyncResource } from 'node:async_hooks';
import { promisify } from 'node:util';
import { clients, createFetch, createXhr } from './clients.js';
import { createFs } from './files.js';
import type { World } from './loader.js';
import { createNodeModules } from './node-modules.js';
import { dual, show } from './ops.js';
import type { Ops } from './ops.js';
import type { Scheduler } from './scheduler.js';
import { createThreads } from './threads.js';
import type { LoadFresh } from './threads.js';

export interface Script {
  /** Texts of the virtual file system, by path. */
  readonly files?: Record<string, string>;
  /** Answers of `./io`, by function: `{ "get": { "id": 1 } }`. */
  readonly io?: Record<string, unknown>;
  /** Answers of HTTP clients, by path. */
  readonly http?: Record<string, unknown>;
  /** The story talks to a real server on this machine: real timers, real `http` and `fetch`. */
  readonly server?: boolean;
  /** The server answers when so many requests wait. */
  readonly together?: number;
  /** Why nothing is to be changed or refused here. */
  readonly nothingToDo?: string;
  /** Why the first call may start a turn earlier or later than the function returns: `reduce` from a settled promise, say. */
  readonly turnMayMove?: string;
  /** Why an exception in the story's own code, which nobody could catch, may become the answer: it is a rejection now. */
  readonly bugMayReject?: string;
}

type Log = (line: string) => void;

export function createWorld(
  script: Script,
  scheduler: Scheduler,
  ops: Ops,
  log: Log,
  onExit: () => void,
  loadFresh: LoadFresh,
): World {
  const timers = script.server ? realTimers() : virtualTimers(scheduler);
  const process = createProcess(log, onExit);
  const fetch = script.server ? globalThis.fetch : createFetch(ops, script.http ?? {});
  const globals: Record<string, unknown> = {
    ...timers,
    console: createConsole(log),
    process,
    fetch,
    XMLHttpRequest: createXhr(ops, script.http ?? {}),
    Date: virtualDate(scheduler),
  };
  globals['global'] = { ...globals, Promise, Error, Object, Symbol, Array };
  const fs = createFs(ops, { ...script.files });
  const modules: Record<string, unknown> = { fs, 'fs/promises': fs['promises'], process, timers };
  modules['timers/promises'] = {
    setTimeout: promisify(timers.setTimeout),
    setImmediate: promisify(timers.setImmediate),
  };
  Object.assign(modules, createNodeModules(ops), createThreads(loadFresh));
  const io = createIo(ops, script.io ?? {});
  return {
    globals,
    builtin(name) {
      if (name === './io' || name === '../io') return io;
      if (name === './react') return react;
      const plain = name.replace(/^node:/, '');
      if (Object.hasOwn(modules, plain)) return modules[plain];
      if (!Object.hasOwn(clients, plain)) return undefined;
      modules[plain] = clients[plain]!(ops, script.http ?? {});
      return modules[plain];
    },
  };
}

/** `./io`: any name is a call that takes a callback or gives a promise; its answer is scripted or made of its argument. */
function createIo(ops: Ops, answers: Record<string, unknown>): unknown {
  const made = new Map<string | symbol, unknown>();
  const answer = (name: string, arg: unknown): unknown => {
    if (Object.hasOwn(answers, name)) return structuredClone(answers[name]);
    if (name === 'list') return [1, 2].map((n) => ({ id: n, name: `item-${n}` }));
    return { id: idOf(arg), name: `${name}-${show(idOf(arg))}` };
  };
  return new Proxy(
    {},
    {
      get(_target, name) {
        if (name === '__esModule') return true;
        if (typeof name === 'symbol') return undefined;
        if (!made.has(name))
          made.set(
            name,
            dual(ops, name, (arg: unknown) => answer(name, arg)),
          );
        return made.get(name);
      },
    },
  );
}

function idOf(arg: unknown): unknown {
  return arg !== null && typeof arg === 'object' && 'id' in arg ? arg.id : arg;
}

const react = {
  __esModule: true,
  createElement: (type: unknown, props: object, ...children: unknown[]) => ({ type, props: { ...props, children } }),
};

function virtualTimers(scheduler: Scheduler) {
  const handle = (id: number) => ({
    id,
    ref: () => handle(id),
    unref: () => handle(id),
    [Symbol.toPrimitive]: () => id,
  });
  const cancel = (timer?: { id: number }) => timer && scheduler.cancel(timer.id);
  const setTimeout = (task: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
    return handle(scheduler.after(Math.max(1, ms), () => task(...args)));
  };
  const setImmediate = (task: (...args: unknown[]) => void, ...args: unknown[]) => {
    return handle(scheduler.after(0, () => task(...args)));
  };
  Object.assign(setTimeout, {
    [promisify.custom]: (ms: number, value: unknown) =>
      new Promise((resolve) => setTimeout(resolve as () => void, ms, value)),
  });
  Object.assign(setImmediate, {
    [promisify.custom]: (value: unknown) => new Promise((resolve) => setImmediate(resolve as () => void, value)),
  });
  return {
    setTimeout,
    clearTimeout: cancel,
    setInterval: (task: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
      virtualInterval(scheduler, () => task(...args), ms),
    clearInterval: (timer?: { id: number }) => timer && scheduler.cancel(timer.id),
    setImmediate,
    clearImmediate: cancel,
  };
}

function virtualInterval(scheduler: Scheduler, task: () => void, ms: number) {
  const timer = { id: 0, ref: () => timer, unref: () => timer };
  const again = (): void => {
    timer.id = scheduler.after(Math.max(1, ms), () => {
      again();
      task();
    });
  };
  again();
  return timer;
}

function realTimers() {
  return { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate };
}

function createConsole(log: Log) {
  const print =
    (stream: string) =>
    (...args: unknown[]) => {
      const text = args.map((arg) => (typeof arg === 'string' ? arg : show(arg))).join(' ');
      if (/ is deprecated, use /.test(text)) return; // a library about itself
      log(`${stream}: ${text.replace(/\n\s+at .*/g, '')}`); // where it came from is not behaviour
    };
  return {
    log: print('stdout'),
    info: print('stdout'),
    debug: print('stdout'),
    error: print('stderr'),
    warn: print('stderr'),
  };
}

function createProcess(log: Log, onExit: () => void) {
  const own: Record<string, any> = {
    env: {},
    argv: ['node', 'story'],
    platform: 'linux',
    versions: process.versions,
    exitCode: undefined,
    cwd: () => '/story',
    nextTick: (task: (...args: unknown[]) => void, ...args: unknown[]) =>
      process.nextTick(AsyncResource.bind(task), ...args),
    emitWarning: () => undefined,
    on: () => own,
    once: () => own,
    hrtime: process.hrtime,
    stdout: { write: (text: string) => log(`stdout: ${text}`) },
    stderr: { write: (text: string) => log(`stderr: ${text}`) },
    exit(code: number = own['exitCode'] ?? 0) {
      log(`exit ${code}`);
      onExit();
    },
  };
  return own;
}

function virtualDate(scheduler: Scheduler) {
  const start = Date.UTC(2020, 0, 1);
  return class extends Date {
    static override now(): number {
      return start + scheduler.now;
    }
    constructor(...args: []) {
      super(...((args.length ? args : [start + scheduler.now]) as []));
    }
  };
}
