import { createRequire } from 'node:module';
import { posix } from 'node:path';
import { runInNewContext } from 'node:vm';

import { applyEdits } from '../../src/edits/edits';
import { readCallbackProject } from '../../src/javascript/callers/index';
import { compose } from '../../src/javascript/compose';
import { contextsOf } from '../../src/javascript/contexts';
import { buildGraph } from '../../src/javascript/modules/graph';
import type { TransformOptions } from '../../src/types';

export type Files = Record<string, string>;

/** Converts a small project and gives the new texts, and what was left with its reason. */
export function convert(
  files: Files,
  options: Partial<TransformOptions> = {},
  run: readonly string[] = Object.keys(files),
) {
  const all: TransformOptions = { to: 'async', ...options };
  const sources = run.filter((path) => /\.[cm]?[jt]sx?$/.test(path)).map((path) => ({ path, text: files[path]! }));
  const others = Object.keys(files).filter((path) => !run.includes(path));
  const view = { root: '/project', read: (path: string) => files[path], others };
  const { contexts, errors } = contextsOf(sources, all, view);
  expect(errors).toEqual([]);
  const plan = readCallbackProject(contexts, buildGraph(contexts, view), all);
  const { written, unsaid } = compose(plan.groups, 'async');
  const after: Files = { ...files };
  for (const ctx of contexts) {
    const edits = written.flatMap((group) => group.edits.filter((edit) => edit.ctx === ctx));
    after[ctx.path] = applyEdits(ctx.text, edits);
    expect(contextsOf([{ path: ctx.path, text: after[ctx.path]! }], all, view).errors).toEqual([]);
  }
  const left = [...plan.refusals, ...unsaid.map(({ ctx, code, at }) => ({ ctx, refusal: { code, at } }))];
  return {
    files: after,
    groups: plan.groups,
    refusals: left.map(
      ({ ctx, refusal }) => `${refusal.code} at ${ctx.text.slice(refusal.at.start, refusal.at.end).split('\n')[0]!}`,
    ),
  };
}

/** A file system whose calls answer later and fail when told to; `fs.promises` is the same one. */
function scriptedFs(disk: Files, failing: number, trace: string[]) {
  let count = 0;
  const answer = (name: string, path: string, give: () => unknown): Promise<unknown> => {
    trace.push(`${name} ${path}`);
    const fails = count++ === failing;
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        if (fails || (name !== 'writeFile' && !(path in disk)))
          reject(Object.assign(new Error(`${name} ${path}`), { code: 'ENOENT' }));
        else resolve(give());
      });
    });
  };
  const promises = {
    readFile: (path: string) => answer('readFile', path, () => disk[path]),
    stat: (path: string) => answer('stat', path, () => ({ size: disk[path]!.length })),
    writeFile: (path: string, text: string) => answer('writeFile', path, () => void (disk[path] = text)),
  };
  const callback =
    (run: (...args: never[]) => Promise<unknown>) =>
    (...args: unknown[]): void => {
      const cb = args.pop() as (...args: unknown[]) => void;
      const later = (...given: unknown[]): void => void setImmediate(() => cb(...given));
      run(...(args as never[])).then((value) => (value === undefined ? later(null) : later(null, value)), later);
    };
  const { readFile, stat, writeFile } = promises;
  return { promises, readFile: callback(readFile), stat: callback(stat), writeFile: callback(writeFile) };
}

export interface Behaviour {
  /** Arguments of the callback, as JSON; how many there were; whether it was called before the call returned; what the call gave. */
  readonly answers: readonly string[];
  readonly threw?: string;
  readonly trace: readonly string[];
  readonly failures: readonly string[];
}

/** Runs an exported function of `main.js` with a callback, with each of the first calls of \`fs\` failing in turn. */
export async function outcomes(
  files: Files,
  name: string,
  args: readonly unknown[],
  disk: Files = { 'a.txt': ' hello ', 'b.txt': 'bye' },
): Promise<Behaviour[]> {
  const runs: Behaviour[] = [];
  for (let failing = -1; failing < 4; failing++) runs.push(await once(files, name, args, { ...disk }, failing));
  return runs;
}

async function once(
  files: Files,
  name: string,
  args: readonly unknown[],
  disk: Files,
  failing: number,
): Promise<Behaviour> {
  const trace: string[] = [];
  const failures: string[] = [];
  const note = (error: unknown): void => void failures.push(String(error));
  process.on('uncaughtException', note).on('unhandledRejection', note);
  try {
    const main = load(files, 'main.js', scriptedFs(disk, failing, trace), trace, new Map()) as Record<
      string,
      (...all: unknown[]) => unknown
    >;
    const target = (name === '=' ? (main as unknown as () => unknown) : main[name]!) as (...all: unknown[]) => unknown;
    const answers: string[] = [];
    let returned = false;
    let threw: string | undefined;
    const cb = function (this: unknown, ...given: unknown[]): void {
      const shown = given.map((each) =>
        each instanceof Error || Object.prototype.toString.call(each) === '[object Error]'
          ? `Error(${(each as Error).message})`
          : (JSON.stringify(each) ?? 'undefined'),
      );
      answers.push(`${returned ? 'later' : 'at once'}: ${shown.join(', ')}`);
      trace.push('answered');
    };
    try {
      const value = args.includes('no callback')
        ? target(...args.filter((each) => each !== 'no callback'))
        : target.call(main, ...args, cb);
      answers.push(`returned ${value === undefined ? 'nothing' : typeof value}`);
    } catch (error) {
      threw = String(error);
    }
    returned = true;
    for (let turn = 0; turn < 60; turn++) await new Promise((resolve) => setImmediate(resolve));
    return { answers, ...(threw !== undefined && { threw }), trace, failures };
  } finally {
    process.off('uncaughtException', note).off('unhandledRejection', note);
  }
}

/** A CommonJS loader over texts in memory. */
function load(
  files: Files,
  path: string,
  fs: unknown,
  trace: string[],
  loaded: Map<string, { exports: unknown }>,
): unknown {
  const known = loaded.get(path);
  if (known) return known.exports;
  const module = { exports: {} as unknown };
  loaded.set(path, module);
  const nodeRequire = createRequire(__filename);
  const own = (specifier: string): unknown => {
    if (/^(node:)?fs$/.test(specifier)) return fs;
    if (/^(node:)?fs\/promises$/.test(specifier)) return (fs as { promises: unknown }).promises;
    if (!specifier.startsWith('.')) return nodeRequire(specifier);
    const base = posix.join(posix.dirname(path), specifier);
    const found = [base, `${base}.js`, `${base}/index.js`].find((each) => each in files);
    return load(files, found!, fs, trace, loaded);
  };
  const log = (...args: unknown[]): void => void trace.push(`log ${args.map(String).join(' ')}`);
  const wrapper = runInNewContext(
    `(function (exports, require, module, console, process, setImmediate, Error, TypeError) {${files[path]!}\n})`,
    {},
    { filename: path },
  ) as (...all: unknown[]) => void;
  wrapper.call(
    module.exports,
    module.exports,
    own,
    module,
    { log, error: log },
    process,
    setImmediate,
    Error,
    TypeError,
  );
  return module.exports;
}
