/** Runs one program with scripted I/O on a clock of our own, and writes down all that somebody outside could see. */

import * as util from 'node:util';
import * as vm from 'node:vm';
import * as swc from '@swc/core';
import { filesOf } from './files.js';

const asyncLibrary = require('async') as unknown;
const pools = {
  map: require('p-map') as unknown,
  limit: require('p-limit') as unknown,
  queue: require('p-queue') as unknown,
};

export interface Call {
  /** `f` or `K.m`: a method of a fresh instance. */
  readonly name: string;
  readonly args: readonly unknown[];
  /** `changed`: promise, unless the function still has all of its parameters. `either`: it is given a callback, and may give a promise. */
  readonly contract: 'promise' | 'callback' | 'changed' | 'either';
  /** How many parameters it has, its callback too. */
  readonly arity?: number;
}

export interface Program {
  readonly source: string;
  readonly io: 'promise' | 'callback';
  readonly calls: readonly Call[];
}

export interface Weather {
  /** Which I/O call fails, as `Trace.calls` has it; none: all go well. */
  readonly failing?: string;
  /** Other values, other delays. */
  readonly salt: number;
}

export interface Trace {
  readonly lines: string[];
  /** The I/O calls that were made; of equal ones which it was. */
  readonly calls: readonly string[];
}

/** Longer than this is taken for endless. */
const MOST_LINES = 250;

export async function execute(program: Program, weather: Weather): Promise<Trace> {
  const world = new World(program.io, weather);
  const died = (how: string) => (error: unknown) => world.die(`${how} ${show(error)}`);
  const [rejected, thrown] = [died('unhandled'), died('uncaught')];
  process.on('unhandledRejection', rejected).on('uncaughtException', thrown);
  try {
    const exported = world.attempt('load', () => load(program.source, world)) as Record<string, Function> | undefined;
    await world.run();
    for (const call of program.calls) {
      if (world.dead || !exported) break;
      world.log(`call ${call.name}`);
      world.attempt(call.name, () => start(call, exported, world));
      world.log('back at the caller');
      await world.run();
    }
  } finally {
    process.off('unhandledRejection', rejected).off('uncaughtException', thrown);
  }
  return { lines: world.lines, calls: world.calls };
}

function start({ name, args, contract, arity }: Call, exported: Record<string, Function>, world: World): void {
  const [first, method] = name.split('.') as [string, string?];
  const callee = exported[first]!;
  const self = method ? Reflect.construct(callee, ['own']) : undefined;
  const fn = method ? (self as Record<string, Function>)[method]! : callee;
  if (contract === 'callback' || contract === 'either' || (contract === 'changed' && fn.length === arity)) {
    const answered = (...given: unknown[]): void =>
      world.log(`answer of ${name}: ${given.length} arguments: ${given.map(show).join(', ')}`);
    const back: unknown = fn.apply(self, [...args, answered]);
    if (contract === 'either' && back instanceof Promise) settle(back, name, world);
    else if (back !== undefined) world.log(`${name} returned something`);
    return;
  }
  const back = fn.apply(self, [...args]) as unknown;
  if (!(back instanceof Promise)) return world.log(`${name} returned ${show(back)}`);
  settle(back, name, world);
}

function settle(back: Promise<unknown>, name: string, world: World): void {
  back.then(
    (value) => world.log(`result of ${name}: ${show(value)}`),
    (error) => world.log(`error of ${name}: ${show(error)}`),
  );
}

function load(source: string, world: World): Record<string, Function> {
  const files = filesOf(source);
  const loaded = new Map<string, Record<string, Function>>();
  const own = (path: string): Record<string, Function> => {
    const file = files.find((each) => each.path === path)!;
    if (!loaded.has(path))
      loaded.set(
        path,
        compile(file.text, world, (id) => own(id)),
      );
    return loaded.get(path)!;
  };
  return own(files.at(-1)!.path);
}

function compile(
  source: string,
  world: World,
  own: (path: string) => Record<string, Function>,
): Record<string, Function> {
  const module = { exports: {} as Record<string, Function> };
  const names = ['module', 'exports', 'require', 'console', 'io', 'setTimeout', 'setImmediate', 'fetch', 'name'];
  const log = (...args: unknown[]): void => world.log(`log ${args.map((each) => show(each)).join(' ')}`);
  const later = (fn: Function, ms = 0, ...args: unknown[]): void => world.after(ms, () => fn(...args));
  const modules: Record<string, () => unknown> = {
    util: () => util,
    io: () => world.io,
    lib: () => own('lib.js'),
    async: () => asyncLibrary,
    'p-map': () => pools.map,
    'p-limit': () => pools.limit,
    'p-queue': () => pools.queue,
    'timers/promises': () => ({
      setTimeout: (ms: number, value: unknown) => new Promise((resolve) => later(() => resolve(value), ms)),
    }),
    fs: () => world.fs,
    'fs/promises': () => world.fs.promises,
  };
  const require = (id: string): unknown => modules[id.replace(/^node:|^\.\/|\.js$/g, '')]?.();
  const given: unknown[] = [module, module.exports, require, { log, error: log }, world.io, later];
  given.push(
    (fn: Function, ...args: unknown[]) => later(fn, 0, ...args),
    (id: unknown) => world.io.get!(id),
    'global',
  );
  const code = /^(import|export) /m.test(source) ? asCommonJs(source) : source;
  // A function of its own: it may declare an `io` too.
  vm.compileFunction(`(function () {${code}\n}).call(exports)`, names)(...given);
  return module.exports;
}

/** ES modules are run as CommonJS, as a bundler would. */
function asCommonJs(source: string): string {
  const jsc = { target: 'es2022' as const, parser: { syntax: 'ecmascript' as const } };
  return swc.transformSync(source, { jsc, module: { type: 'commonjs' }, swcrc: false }).code;
}

type Operation = (...args: any[]) => unknown;

class World {
  readonly lines: string[] = [];
  readonly calls: string[] = [];
  dead = false;
  private now = 0;
  private queue: { at: number; run: () => void }[] = [];
  readonly io: Record<string, Operation>;

  constructor(
    kind: 'promise' | 'callback',
    private readonly weather: Weather,
  ) {
    const operations = Object.keys(VALUES) as (keyof typeof VALUES)[];
    const make = kind === 'promise' ? this.promising : this.callingBack;
    this.io = Object.fromEntries(operations.map((name) => [name, make.bind(this, name)]));
  }

  /** Node's own module, with the same answers. */
  get fs(): Record<string, Operation> & { promises: Record<string, Operation> } {
    const made = (how: (op: keyof typeof VALUES, ...args: unknown[]) => unknown): Record<string, Operation> =>
      Object.fromEntries(FILES.map(([name, op]) => [name, (...args: unknown[]) => how.call(this, op, ...args)]));
    return Object.assign(made(this.callingBack), { promises: made(this.promising) });
  }

  log(line: string): void {
    if (this.dead) return;
    this.lines.push(line);
    if (this.lines.length > MOST_LINES) this.die('harness: endless');
  }

  die(how: string): void {
    if (!this.dead) this.lines.push(`died of ${how}`);
    this.dead = true;
  }

  attempt<T>(what: string, run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      this.log(`${what} threw ${show(error)}`);
      return undefined;
    }
  }

  after(ms: number, run: () => void): void {
    this.queue.push({ at: this.now + (Number(ms) || 0), run });
  }

  /** Until nothing is left to happen. */
  async run(): Promise<void> {
    for (;;) {
      // The library `async` defers some of its answers to a turn of its own.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      const next = this.queue.reduce((a, b) => (b.at < a.at ? b : a), this.queue[0]!);
      if (!next || this.dead) return;
      this.queue = this.queue.filter((each) => each !== next);
      this.now = next.at;
      try {
        next.run();
      } catch (error) {
        this.die(`uncaught ${show(error)}`);
      }
    }
  }

  private begin(op: keyof typeof VALUES, args: readonly unknown[], done: (e: Error | null, v?: unknown) => void): void {
    const key = show(args);
    const name = `${op} ${key}`;
    const call = `${name} ${this.calls.filter((each) => each.startsWith(`${name} `)).length}`;
    this.calls.push(call);
    this.log(`> ${op} ${key}`);
    const mix = hash(`${op}${key}${this.weather.salt}`);
    // Times differ by what is asked for, so that no two answers come in the same turn.
    this.after(10 + (mix % 40) + (mix % 997) / 1000, () => {
      this.log(`< ${op} ${key}`);
      if (call !== this.weather.failing) return done(null, VALUES[op](mix, args[0]));
      done(Object.assign(new Error(`${op} failed`), { code: `E${op.toUpperCase()}` }));
    });
  }

  private promising(op: keyof typeof VALUES, ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => this.begin(op, args, (e, v) => (e ? reject(e) : resolve(v))));
  }

  private callingBack(op: keyof typeof VALUES, ...args: unknown[]): void {
    const cb = args.pop() as (e: Error | null, v?: unknown) => void;
    if (typeof cb !== 'function') throw new TypeError(`${op} wants a callback`);
    this.begin(op, args, (e, v) => (e ? cb(e) : v === undefined ? cb(null) : cb(null, v)));
  }
}

const FILES: readonly (readonly [string, keyof typeof VALUES])[] = [
  ['stat', 'get'],
  ['readdir', 'list'],
  ['realpath', 'save'],
  ['readFile', 'text'],
  ['access', 'close'],
];

/** What each operation answers, from a number that looks random. */
const VALUES = {
  get: (mix: number, arg: unknown) => ({
    id: `i${mix % 7}`,
    n: mix % 5,
    ok: mix % 3 !== 0,
    name: `n${mix % 11}`,
    tags: ['a', 'b', 'c'].slice(0, (mix >> 3) % 4),
    from: typeof arg === 'object' ? 'rec' : arg,
  }),
  list: (mix: number) => ['p', 'q', 'r'].slice(0, mix % 4),
  save: (mix: number) => (mix % 4 === 0 ? undefined : mix % 9),
  text: (mix: number) => (mix % 5 === 0 ? 'not json' : `{"n":${mix % 4},"ok":${mix % 2 === 0}}`),
  close: () => undefined,
};

function hash(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return (h ^ (h >>> 13)) >>> 0;
}

/** A value as text. Messages of the machine's own errors name variables, and these may be renamed. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value).replace(OWN_MESSAGE, 'own message');
  return util
    .inspect(plain(value, 0), { depth: 6, breakLength: Infinity, compact: true, sorted: false })
    .replace(OWN_MESSAGE, 'own message');
}

const OWN_MESSAGE =
  /Cannot destructure[^'"\]]*'[^'"]*'[^"\]]*|[\w.$()[\] ]+ is not (a function|iterable|defined)[^"'\]]*|Cannot access '\w+' before initialization/g;

function plain(value: unknown, depth: number): unknown {
  if (value instanceof Error) {
    const { name, message, code, cause } = value as Error & { code?: unknown };
    const more = value instanceof AggregateError ? value.errors.map((each) => plain(each, depth + 1)) : [];
    return [`${name}: ${message}`, ...(code ? [code] : []), ...(cause ? [plain(cause, depth + 1)] : []), ...more];
  }
  if (value instanceof Promise) return 'a promise';
  if (typeof value === 'function') return 'a function';
  if (depth > 5 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => plain(each, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each, depth + 1)]));
}
