/** The stories of `fixtures/python/`: what each telling is, what should become of it in each other style, and how it is run. */

import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Style, TransformOptions } from '../../src/types.js';
import type { Replies } from './runtime/server.js';

export type Texts = Readonly<Record<string, string>>;

/** script.json: how the tellings of a story are run. */
export interface Script {
  readonly replies?: Replies;
  readonly args?: readonly string[];
  /** Name of the server, when it matters that it is none but a number. */
  readonly host?: string;
  /** The file that is run, when it is not the telling itself; in a project, its entry. */
  readonly file?: string;
  /** Under which name the telling is imported by it. */
  readonly as?: string;
  /** Texts that differ from run to run: times, mostly. */
  readonly vary?: readonly string[];
  /** Lines that threads print at the same time: the order among them is left to chance. */
  readonly printedAtOnce?: string;
  /** The program is not run, and why. */
  readonly notRun?: string;
  /** Differences that the notes of the change admit: `requests after a failure`, … */
  readonly mayDiffer?: readonly MayDiffer[];
  /** Failures are not tried, and why. */
  readonly noFailures?: string;
  /** The first Python that can run it, when that is not 3.8. */
  readonly since?: string;
  /** In these styles the telling holds nothing to convert, and why. */
  readonly nothingToDo?: Readonly<Partial<Record<Style, string>>>;
}

/** `order`: of requests and answers; `after failure`: which requests are still made, or given up, once one has failed. */
export type MayDiffer = 'order' | 'after failure' | 'error';

/** One telling in one direction. */
export interface Input {
  readonly story: string;
  readonly from: Style;
  readonly to: Style;
  readonly isProject: boolean;
  /** `<story>/async.py -> pool`, for test names. */
  readonly title: string;
  readonly options: TransformOptions;
  readonly files: Texts;
  readonly others: Texts;
  readonly expected: Texts;
  /** Lines of refusals.txt and notes.txt that are about this telling and direction. */
  readonly refusals: readonly string[];
  readonly notes: readonly string[];
  /** The file that is run. */
  readonly main: string;
  readonly script: Script;
}

export const fixturesFolder = path.join(__dirname, '../../fixtures/python');
export const STYLES = ['async', 'pool', 'callback'] as const;

/** All tellings of all stories in all directions, in a fixed order. */
export function readStories(folder = fixturesFolder): Input[] {
  const names = fs.readdirSync(folder).filter((name) => fs.statSync(path.join(folder, name)).isDirectory());
  return names.sort().flatMap((name) => readStory(path.join(folder, name), name));
}

interface Shared {
  readonly folder: string;
  readonly story: string;
  readonly script: Script;
  /** `"to"` may be a list: only these directions. */
  readonly options: Omit<Partial<TransformOptions>, 'to'> & { readonly to?: Style | readonly Style[] };
  readonly refusals: readonly string[];
  readonly notes: readonly string[];
}

function readStory(folder: string, story: string): Input[] {
  const shared: Shared = {
    folder,
    story,
    script: readJson<Script>(path.join(folder, 'script.json')) ?? {},
    options: readJson<Shared['options']>(path.join(folder, 'options.json')) ?? {},
    refusals: readLines(path.join(folder, 'refusals.txt')),
    notes: readLines(path.join(folder, 'notes.txt')),
  };
  return STYLES.flatMap((from) => [...readSingle(shared, from), ...readProject(shared, from)]);
}

function readSingle(shared: Shared, from: Style): Input[] {
  const { folder, story, script } = shared;
  const file = `${from}.py`;
  const before = read(folder, file);
  if (before === undefined) return [];
  return directions(shared, from).map((to) => ({
    ...common(shared, from, to),
    isProject: false,
    title: `${story}/${file} -> ${to}`,
    files: { [file]: before },
    others: otherFiles(folder),
    expected: { [file]: read(folder, `from-${from}.${to}.py`) ?? read(folder, `${to}.py`) ?? before },
    main: script.file ?? file,
  }));
}

/** A telling of several files is a folder: `pool/`, and what changes in `pool.async/` (in `async/` when all of it is the other telling). */
function readProject(shared: Shared, from: Style): Input[] {
  const { folder, story, script } = shared;
  const all = readTree(path.join(folder, from));
  const files = Object.fromEntries(Object.entries(all).filter(([name]) => name.endsWith('.py')));
  if (Object.keys(files).length === 0) return [];
  return directions(shared, from).map((to) => ({
    ...common(shared, from, to),
    isProject: true,
    title: `${story}/${from}/ -> ${to}`,
    files,
    others: Object.fromEntries(Object.entries(all).filter(([name]) => !(name in files))),
    expected: { ...files, ...readTree(path.join(folder, `${from}.${to}`)) },
    main: script.file ?? 'main.py',
  }));
}

function common(shared: Shared, from: Style, to: Style) {
  const mine = (line: string): boolean => line.startsWith(`${from} -> ${to}: `);
  return {
    story: shared.story,
    from,
    to,
    options: { ...shared.options, from, to },
    refusals: shared.refusals.filter(mine),
    notes: shared.notes.filter(mine),
    script: shared.script,
  };
}

function directions({ options }: Shared, from: Style): Style[] {
  const wanted = options.to === undefined ? STYLES : [options.to].flat();
  return wanted.filter((to) => to !== from);
}

/** Files beside the tellings that they import, or that say something about the project. */
function otherFiles(folder: string): Texts {
  const tellings = /^(from-\w+\.)?(callback|pool|async)\.py$|^(script|options)\.json$|^(refusals|notes)\.txt$/;
  const names = fs.readdirSync(folder).filter((name) => !tellings.test(name));
  const files = names.filter((name) => fs.statSync(path.join(folder, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, read(folder, name)!]));
}

function readTree(folder: string, under = ''): Texts {
  if (!fs.existsSync(folder)) return {};
  const texts: Record<string, string> = {};
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const name = under + entry.name;
    if (entry.isDirectory()) Object.assign(texts, readTree(path.join(folder, entry.name), `${name}/`));
    else texts[name] = read(folder, entry.name)!;
  }
  return texts;
}

function readLines(file: string): string[] {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

function readJson<T>(file: string): T | undefined {
  return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as T) : undefined;
}

function read(folder: string, name: string): string | undefined {
  const file = path.join(folder, name);
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
}
