/** Runs one telling of a story once, and gives all that can be seen of it from outside, line by line. */

import { createLoader } from './loader.js';
import type { World } from './loader.js';
import { createOps, show } from './ops.js';
import { createScheduler, settle } from './scheduler.js';
import { startServer } from './server.js';
import type { Server } from './server.js';
import { createWorld } from './world.js';
import type { Script as WorldScript } from './world.js';

/** `either`: it is given a callback, and may give a promise all the same. */
export type Contract = 'callback' | 'promise' | 'either' | 'none' | 'script';

export interface Call {
  readonly call: string;
  readonly args: readonly unknown[];
  readonly contract: Contract;
  /** Arguments of the constructor, when the module's export is a class or constructor and `call` its method. */
  readonly new?: readonly unknown[];
}

export interface Script extends WorldScript {
  readonly runs: readonly Call[];
}

export interface Telling {
  readonly files: Readonly<Record<string, string>>;
  readonly main: string;
  readonly script: Script;
  /** The how manyth call fails. */
  readonly failing?: number;
}

export interface Trace {
  readonly lines: readonly string[];
  /** Calls of scripted I/O, or requests: how many can be made to fail. */
  readonly calls: number;
}

type Log = (line: string) => void;

/** Set while a run is under way: where errors that nobody caught go. */
let uncaught: ((error: unknown) => void) | undefined;
process.on('uncaughtException', (error) => uncaught?.(error));
process.on('unhandledRejection', (reason) => uncaught?.(reason));

export async function run(telling: Telling): Promise<Trace> {
  const lines: string[] = [];
  let over = false;
  const real = telling.script.server === true;
  const log: Log = (line) => over || lines.push(real ? line : `@${scheduler.now} ${line}`);
  const die = (error: unknown): void => {
    log(`died of ${describe(error)}`);
    over = true;
  };
  const scheduler = createScheduler(die);
  uncaught = die;
  const server = real
    ? await startServer(telling.script.http ?? {}, log, telling.failing, telling.script.together)
    : undefined;
  const ops = createOps(scheduler, log, real ? undefined : telling.failing);
  const loadFresh = (file: string, threads: unknown): Promise<unknown> => {
    const own =
      threads === undefined
        ? world
        : { ...world, builtin: (name: string) => (/worker_threads$/.test(name) ? threads : world.builtin(name)) };
    return createLoader(telling.files, own).load(sourceOf(telling.files, file));
  };
  const world: World = createWorld(telling.script, scheduler, ops, log, () => (over = true), loadFresh);
  const quiet = () => (server ? realQuiet(server, lines, () => over) : scheduler.run(() => over));
  try {
    const exported = await loadMain(telling, world, quiet, die);
    for (const call of exported ? telling.script.runs : []) {
      if (call.contract !== 'script') start(exported!, call, log, server?.base ?? '');
      await quiet();
    }
  } finally {
    uncaught = undefined;
    await server?.close();
  }
  const code = (world.globals['process'] as { exitCode?: number }).exitCode;
  if (code !== undefined) lines.push(`exit code ${code}`);
  return { lines, calls: server?.count ?? ops.count };
}

async function loadMain(telling: Telling, world: World, quiet: () => Promise<void>, die: Log) {
  try {
    const loading = createLoader(telling.files, world).load(telling.main);
    await settle();
    await quiet();
    return await loading;
  } catch (error) {
    die(error as string);
    return undefined;
  }
}

/** Calls the story's function as its callers would, and writes down each answer. */
function start(exported: Record<string, any>, call: Call, log: Log, base: string): void {
  const args = call.args.map((arg) => withBase(arg, base));
  log(`call ${call.call}(${call.args.map(show).join(', ')})`);
  const owner = call.new ? new (exported['default'] ?? exported)(...call.new) : exported;
  const answer = (error: unknown, ...results: unknown[]): void => {
    if (error !== null && error !== undefined) return log(`answer error ${describe(error)}${after(results)}`);
    log(`answer${after(results)}`);
  };
  try {
    if (call.contract === 'callback' || call.contract === 'either') {
      const returned = owner[call.call](...args, answer);
      if (call.contract === 'either' && isThenable(returned))
        returned.then((value: unknown) => answer(null, value), answer);
      else if (returned !== undefined) log(`returned ${kindOf(returned)}`);
    } else {
      const returned = owner[call.call](...args);
      if (call.contract === 'promise') Promise.resolve(returned).then((value) => answer(null, value), answer);
      else if (!isThenable(returned)) log(`returned ${show(returned)}`);
    }
    log('back at the caller');
  } catch (error) {
    log(`threw ${describe(error)}`);
  }
}

/** Results without the `undefined`s at their end: `cb(null)` and `cb(null, undefined)` are the same answer. */
function after(results: unknown[]): string {
  const last = results.findLastIndex((result) => result !== undefined);
  return results
    .slice(0, last + 1)
    .map((result) => ` ${show(result)}`)
    .join(',');
}

function withBase(arg: unknown, base: string): unknown {
  return typeof arg === 'string' ? arg.replace('$BASE', base) : arg;
}

function kindOf(value: unknown): string {
  if (value !== null && typeof value === 'object') return value.constructor?.name ?? 'object';
  return show(value);
}

function isThenable(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** An error by what callers look at: name, message and own fields, but not the stack. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return show(error);
  const fields = Object.entries(error).filter(([key]) => !['stack', 'errno', 'port'].includes(key));
  const own = fields
    .map(([key, value]) => ` ${key}=${value instanceof Error ? describe(value) : show(value)}`)
    .join('');
  return `${error.name}: ${error.message}${own}`.replace(/127\.0\.0\.1:\d+/g, 'server');
}

/** Real time: waits until the server has had nothing to do, and nothing was written, for a while. */
async function realQuiet(server: Server, lines: readonly string[], over: () => boolean): Promise<void> {
  for (let still = 0, seen = -1; still < 3 && !over();) {
    await new Promise((resolve) => setTimeout(resolve, 12));
    still = server.inFlight === 0 && lines.length === seen ? still + 1 : 0;
    seen = lines.length;
  }
}

/** The file that `digest.js` is compiled from, when there is no such file. */
function sourceOf(files: Telling['files'], file: string): string {
  const source = file.replace(/\.([mc]?)js$/, '.$1ts');
  return Object.hasOwn(files, file) || !Object.hasOwn(files, source) ? file : source;
}
