import * as fs from 'node:fs';
import * as path from 'node:path';
import { git } from './git.js';
import { byText, gitTopOf } from './paths.js';
import { hashOf } from './read.js';
import { userCacheFolder } from './user-cache.js';
import { NotWritten, removeCreated, removeLeftovers, replaceFile } from './replace.js';

/** What a write replaced. It is on the disk before the first file is touched, so a kill in the middle can be undone too. */
export interface UndoRecord {
  readonly schema: 'asyncshift.undo/1';
  readonly root: string;
  readonly files: readonly UndoFile[];
  /** What a write of staged files replaced in the index of the work tree at `top`. */
  readonly index?: { readonly top: string; readonly entries: readonly UndoIndexEntry[] };
}

export interface UndoIndexEntry {
  /** From the top of the work tree. */
  readonly name: string;
  readonly mode: string;
  /** Object names; without `before` the file was not in the index. */
  readonly before?: string;
  readonly after: string;
}

export interface UndoFile {
  readonly path: string;
  /** It was not there: undoing removes it. */
  readonly created?: true;
  /** The whole text as it was, with its BOM: valid UTF-8, so a string keeps it exactly. */
  readonly text: string;
  readonly before: string;
  readonly after: string;
}

const KEPT = 20;

/** Where a root's records are: inside the git folder, which no build and no commit sees, else in the user's cache. */
export function undoFolder(root: string): string {
  if (gitTopOf(root)) {
    const answer = git(root, ['rev-parse', '--git-path', 'asyncshift']);
    if (answer.ok) return path.resolve(root, answer.out.replace(/\r?\n$/, ''));
  }
  return userCacheFolder(root);
}

/** Keeps a record and returns its file. Two runs at once, as under lint-staged, get one each. */
export function keepUndo(folder: string, record: UndoRecord): string {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const records = recordsIn(folder);
  for (const old of records.slice(0, Math.max(0, records.length - KEPT + 1))) dropUndo(path.join(folder, old));
  for (let next = Number(/\d+/.exec(records.at(-1) ?? '0')![0]) + 1; ; next++) {
    const file = path.join(folder, `undo-${String(next).padStart(6, '0')}.json`);
    try {
      fs.closeSync(fs.openSync(file, 'wx', 0o600));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    saveUndo(file, record);
    return file;
  }
}

/** Adds to a record what was replaced in the index. */
export function addIndexToUndo(file: string, top: string, entries: readonly UndoIndexEntry[]): void {
  const record = readRecord(file);
  const kept = entries.map(({ name, mode, before, after }) => ({ name, mode, after, ...(before && { before }) }));
  if (record) saveUndo(file, { ...record, index: { top, entries: kept } });
}

/** Entries that still hold what we put there get back what they held; others were staged anew since and stay. */
function restoreIndex({ index }: UndoRecord): void {
  if (!index) return;
  const { top, entries } = index;
  const listed = git(top, ['ls-files', '-s', '-z', '--', ...entries.map((entry) => entry.name)]).out;
  const ours = entries.filter(({ name, mode, after }) => listed.split('\0').includes(`${mode} ${after} 0\t${name}`));
  const none = '0'.repeat(40);
  const lines = ours.map(({ name, mode, before }) => `${before ? mode : '0'} ${before ?? none}\t${name}\0`).join('');
  if (lines !== '') git(top, ['update-index', '-z', '--index-info'], lines);
}

/** Writes a record whole or not at all. */
export function saveUndo(file: string, record: UndoRecord): void {
  const beside = `${file}.tmp`;
  const handle = fs.openSync(beside, 'w', 0o600);
  fs.writeFileSync(handle, JSON.stringify(record));
  fs.fsyncSync(handle);
  fs.closeSync(handle);
  fs.renameSync(beside, file);
}

export const dropUndo = (file: string): void => fs.rmSync(file, { force: true });

const recordsIn = (folder: string): string[] => {
  try {
    return fs
      .readdirSync(folder)
      .filter((name) => /^undo-\d+\.json$/.test(name))
      .sort(byText);
  } catch {
    return [];
  }
};

export interface UndoOutcome {
  /** Absolute. */
  readonly root: string;
  readonly restored: readonly string[];
  /** Files that can't be put back, and why; then nothing was. */
  readonly problems: readonly { readonly path: string; readonly message: string }[];
  readonly nothing: boolean;
}

/** Puts back what the last write under this folder replaced: all its files, or none when one of them was edited since. */
export function undoLast(cwd: string): UndoOutcome {
  const here = fs.realpathSync(cwd);
  for (const root of rootsToTry(here)) {
    const folder = undoFolder(root);
    for (const name of recordsIn(folder).reverse()) {
      const file = path.join(folder, name);
      const record = readRecord(file);
      if (record) return undoRecord(file, record);
    }
  }
  return { root: here, restored: [], problems: [], nothing: true };
}

/** Outside git the root was the folder in which the command ran, or one above it. */
function rootsToTry(here: string): string[] {
  const top = gitTopOf(here);
  if (top) return [top];
  const roots = [here];
  for (let folder = here; path.dirname(folder) !== folder; folder = path.dirname(folder))
    roots.push(path.dirname(folder));
  return roots;
}

/** A record that is empty was never finished, so nothing was written under it. */
function readRecord(file: string): UndoRecord | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as UndoRecord;
  } catch {
    return undefined;
  }
}

function undoRecord(file: string, record: UndoRecord): UndoOutcome {
  const problems: { path: string; message: string }[] = [];
  const waiting: Waiting[] = [];
  for (const one of record.files) {
    const now = readIfThere(path.join(record.root, one.path));
    if (!now && one.created) continue; // never made, or removed since
    if (!now) problems.push({ path: one.path, message: 'is gone' });
    else if (hashOf(now) === one.after) waiting.push({ ...one, now });
    else if (one.created || hashOf(now) !== one.before) problems.push({ path: one.path, message: 'was edited since' });
  }
  if (problems.length > 0) return { root: record.root, restored: [], problems, nothing: false };
  return restore(file, record, waiting);
}

type Waiting = UndoFile & { readonly now: Buffer };

function restore(file: string, record: UndoRecord, waiting: readonly Waiting[]): UndoOutcome {
  const { root, files } = record;
  const restored: string[] = [];
  for (const one of waiting) {
    try {
      if (one.created) removeCreated(path.join(root, one.path), one.now);
      else replaceFile(path.join(root, one.path), one.now, Buffer.from(one.text));
    } catch (error) {
      const message = error instanceof NotWritten ? error.message : String((error as Error).message);
      return { root, restored, problems: [{ path: one.path, message }], nothing: false };
    }
    restored.push(one.path);
  }
  for (const one of files) removeLeftovers(path.join(root, one.path));
  restoreIndex(record);
  dropUndo(file);
  return { root, restored, problems: [], nothing: false };
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return fs.readFileSync(file);
  } catch {
    return undefined;
  }
}
