import * as fs from 'node:fs';
import * as path from 'node:path';
import type { FileError } from '../types.js';
import { ignoreRules, type IgnoreRules } from './ignore.js';
import { leavesOut, type Patterns } from './patterns.js';
import { byText, isInside, languageOf, relativePosix, rootFor, toPosix } from './paths.js';

export interface Choice {
  /** Absolute; every path below is relative to it, with `/`. */
  readonly root: string;
  readonly files: readonly string[];
  /** Named files that are left out, and why: worth a line to the user. */
  readonly notes: readonly { readonly path: string; readonly message: string }[];
  readonly errors: readonly FileError[];
  readonly rules: IgnoreRules;
}

export interface ChooseOptions {
  readonly cwd: string;
  readonly paths: readonly string[];
  readonly ignore: boolean;
  /** False: a pattern or folder without files to look at is no error. */
  readonly mustMatch: boolean;
  /** What a configuration says of files. */
  readonly patterns?: Patterns;
}

/** One thing the user named: where it is, or the pattern it must be. */
type Named = { readonly given: string } & (
  | { readonly kind: 'file' | 'folder'; readonly at: string }
  | { readonly kind: 'pattern' | 'missing' | 'unreadable'; readonly why?: string }
);

interface Gathering {
  readonly root: string;
  readonly rules: IgnoreRules;
  /** Why a configuration keeps a file out. */
  readonly out: (file: string) => string | undefined;
  readonly files: Set<string>;
  readonly notes: { path: string; message: string }[];
  readonly errors: FileError[];
}

/** The files of a run: named ones, those below named folders, and those that patterns match; sorted, each once, at its real path. */
export async function chooseFiles(options: ChooseOptions): Promise<Choice> {
  const cwd = fs.realpathSync(options.cwd);
  const named = (options.paths.length === 0 ? ['.'] : options.paths).map((given) => lookAt(cwd, given));
  const anchors = named.flatMap((one) => ('at' in one ? [one.at] : []));
  const root = rootFor(cwd, anchors.length > 0 ? anchors : [cwd]);
  const rules = ignoreRules(root, options.ignore);
  const out = leavesOut(root, { base: cwd, ...options.patterns });
  const gathering: Gathering = { root, rules, out, files: new Set(), notes: [], errors: [] };
  for (const one of named) await addNamed(one, gathering, cwd, options.mustMatch);
  return { root, files: [...gathering.files].sort(byText), notes: gathering.notes, errors: gathering.errors, rules };
}

/** An existing path wins over its reading as a pattern: `[id].tsx` is a file name too. */
function lookAt(cwd: string, given: string): Named {
  const absolute = path.resolve(cwd, given);
  try {
    const at = fs.realpathSync(absolute);
    return { given, kind: fs.statSync(at).isDirectory() ? 'folder' : 'file', at };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EACCES' || code === 'ELOOP') return { given, kind: 'unreadable', why: code };
    return /[*?{}[\]!]/.test(given) ? { given, kind: 'pattern' } : { given, kind: 'missing' };
  }
}

async function addNamed(one: Named, to: Gathering, cwd: string, mustMatch: boolean): Promise<void> {
  switch (one.kind) {
    case 'file':
      return addFile(one.at, to);
    case 'folder': {
      const found = addFolder(one.at, to);
      if (found === 0 && mustMatch)
        to.errors.push(nothingIn(one.given, `no JavaScript, TypeScript or Python files to look at in '${one.given}'`));
      return;
    }
    case 'pattern': {
      const found = await addPattern(one.given, to, cwd);
      if (found === 0 && mustMatch)
        to.errors.push(nothingIn(one.given, `no JavaScript, TypeScript or Python files match '${one.given}'`));
      return;
    }
    case 'missing':
      to.errors.push(nothingIn(one.given, `no such file or folder: '${one.given}'`));
      return;
    case 'unreadable':
      to.errors.push({ ...nothingIn(one.given, `cannot be read (${one.why})`), kind: 'unreadable' });
  }
}

/** The path of an error about something that was named stays as it was named: it has no place under the root. */
const nothingIn = (given: string, message: string): FileError => ({
  path: toPosix(given),
  line: 0,
  column: 0,
  kind: 'not-found',
  message,
});

/** Files of other kinds are passed over without a word: hooks name every file of a commit. */
function addFile(at: string, to: Gathering): void {
  if (!languageOf(at)) return;
  const file = relativePosix(to.root, at);
  const by = to.rules.path(file) ?? to.out(file);
  if (by) to.notes.push({ path: file, message: `skipped: ${by}` });
  else to.files.add(file);
}

function addFolder(at: string, to: Gathering): number {
  const folder = relativePosix(to.root, at);
  const by = folder === '' ? undefined : folderIgnoredBy(folder, to.rules);
  if (by) {
    to.notes.push({ path: folder, message: `skipped: ${by}` });
    return 1;
  }
  const walked = walk(to.root, folder, to.rules);
  for (const file of walked.files) if (!to.out(file)) to.files.add(file);
  to.errors.push(...walked.errors);
  return walked.files.length + walked.errors.length;
}

function folderIgnoredBy(folder: string, rules: IgnoreRules): string | undefined {
  const parts = folder.split('/');
  for (let depth = 1; depth <= parts.length; depth++) {
    const by = rules.entry(parts.slice(0, depth).join('/'), true);
    if (by) return by;
  }
  return undefined;
}

async function addPattern(given: string, to: Gathering, cwd: string): Promise<number> {
  const { glob } = require('tinyglobby') as typeof import('tinyglobby');
  const found = await glob(toPosix(given), {
    cwd,
    absolute: true,
    dot: true,
    expandDirectories: false,
    followSymbolicLinks: false,
    ignore: ['**/node_modules/**', '**/.git/**'],
  });
  let count = 0;
  for (const match of found) {
    const at = path.resolve(match);
    if (!languageOf(at) || !isInside(to.root, at)) continue;
    const file = relativePosix(to.root, at);
    if (to.rules.path(file)) continue;
    if (!to.out(file)) to.files.add(file);
    count++;
  }
  return count;
}

export interface Walked {
  readonly files: readonly string[];
  readonly errors: readonly FileError[];
}

/**
 * All files that we could change below a folder, by the rules. Symbolic links are not followed: what they point at is found where it is.
 * `enter` may keep it out of further folders.
 */
export function walk(
  root: string,
  folder: string,
  rules: IgnoreRules,
  enter: (folder: string) => boolean = () => true,
): Walked {
  const files: string[] = [];
  const errors: FileError[] = [];
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const prefix = next === '' ? '' : `${next}/`;
    for (const entry of entriesOf(path.join(root, next), prefix, errors)) {
      const file = prefix + entry.name;
      if (entry.isDirectory()) {
        if (!rules.entry(file, true) && enter(file)) waiting.push(file);
      } else if (entry.isFile() && languageOf(entry.name) && !rules.entry(file, false)) {
        files.push(file);
      }
    }
  }
  return { files: files.sort(byText), errors };
}

function entriesOf(folder: string, prefix: string, errors: FileError[]): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    errors.push({
      path: prefix.slice(0, -1) || '.',
      line: 0,
      column: 0,
      kind: 'unreadable',
      message: `the folder cannot be read (${code})`,
    });
    return [];
  }
}
