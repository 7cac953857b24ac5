import * as path from 'node:path';
import type { ChangeGroup, FileError } from '../types.js';
import { filesOf, type PlannedFile } from './plan.js';
import { bytesOf, hashOf, type Source } from './read.js';
import { createFile, NotWritten, removeCreated, replaceFile } from './replace.js';
import { dropUndo, keepUndo, saveUndo, undoFolder, type UndoFile, type UndoRecord } from './undo.js';

export interface Written {
  /** Files on disk that now hold their new text. */
  readonly files: readonly PlannedFile[];
  readonly groups: readonly ChangeGroup[];
  readonly errors: readonly FileError[];
  readonly undo?: string;
  /** True when the signal stopped it: what is written is whole, the rest is as it was. */
  readonly interrupted: boolean;
}

const NOTHING: Written = { files: [], groups: [], errors: [], interrupted: false };

interface WriteState {
  readonly root: string;
  readonly sources: ReadonlyMap<string, Source>;
  readonly files: PlannedFile[];
  readonly groups: ChangeGroup[];
  readonly errors: FileError[];
}

/**
 * Writes groups, each all or not at all. Groups that share a file go together; when one file can't be written, the groups that need it
 * are left out, what they wrote is put back, and the others are written.
 */
export async function writeGroups(
  root: string,
  groups: readonly ChangeGroup[],
  sources: ReadonlyMap<string, Source>,
  signal?: AbortSignal,
): Promise<Written> {
  const state: WriteState = { root, sources, files: [], groups: [], errors: [] };
  const planned = filesOf(groups, sources);
  if (planned.length === 0) return NOTHING;
  const folder = undoFolder(root);
  let record: string;
  try {
    record = keepUndo(folder, { schema: 'asyncshift.undo/1', root, files: planned.map(undoFileOf) });
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    const message = `nothing was written: the undo record cannot be kept in ${folder} (${why})`;
    const first = planned[0]!.source.path;
    return { ...NOTHING, errors: [{ path: first, line: 0, column: 0, kind: 'unreadable', message }] };
  }
  let interrupted = false;
  for (const bundle of bundles(groups)) {
    await new Promise((resolve) => setImmediate(resolve)); // lets a signal in
    if (signal?.aborted) {
      interrupted = true;
      break;
    }
    writeBundle(bundle, state);
  }
  const undo = finishRecord(record, state);
  return { files: state.files, groups: state.groups, errors: state.errors, undo, interrupted };
}

const undoFileOf = ({ source, after }: PlannedFile): UndoFile => ({
  path: source.path,
  ...(source.isNew && { created: true as const }),
  text: (source.bom ? '\uFEFF' : '') + source.text,
  before: hashOf(bytesOf(source)),
  after: hashOf(bytesOf({ text: after, bom: source.bom })),
});

/**
 * Now that it is known what was written, the record holds that and no more. When it cannot be saved (a full disk), the first one stays: it names
 * more files, and undoing passes over those that are as they were.
 */
function finishRecord(record: string, state: WriteState): string | undefined {
  if (state.files.length === 0) {
    dropUndo(record);
    return undefined;
  }
  const files = state.files.map(undoFileOf);
  try {
    saveUndo(record, { schema: 'asyncshift.undo/1', root: state.root, files } satisfies UndoRecord);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
  return record;
}

/** Groups that share files, together; each bundle in the order of the groups, since that decides between insertions at one place. */
export function bundles(groups: readonly ChangeGroup[]): ChangeGroup[][] {
  const owner = new Map<string, Set<ChangeGroup>>();
  const all = new Set<Set<ChangeGroup>>();
  for (const group of groups) {
    const touched = new Set(group.edits.flatMap(({ path: file }) => owner.get(file) ?? []));
    const [merged = new Set<ChangeGroup>(), ...others] = [...touched].sort((a, b) => b.size - a.size);
    all.add(merged.add(group));
    for (const edit of group.edits) owner.set(edit.path, merged);
    for (const other of others) {
      all.delete(other);
      for (const one of other) {
        merged.add(one);
        for (const edit of one.edits) owner.set(edit.path, merged);
      }
    }
  }
  const order = new Map(groups.map((group, at) => [group, at]));
  return [...all].map((bundle) => [...bundle].sort((a, b) => order.get(a)! - order.get(b)!));
}

function writeBundle(bundle: readonly ChangeGroup[], state: WriteState): void {
  let groups = bundle;
  while (groups.length > 0) {
    const files = filesOf(groups, state.sources);
    const failed = writeFiles(state.root, files);
    if (!failed) {
      state.files.push(...files);
      state.groups.push(...groups);
      return;
    }
    state.errors.push(failed);
    groups = groups.filter((group) => !group.edits.some((edit) => edit.path === failed.path));
  }
}

/** Writes files, or puts back those that were written when one fails, and says which one it was. */
function writeFiles(root: string, files: readonly PlannedFile[]): FileError | undefined {
  const done: PlannedFile[] = [];
  for (const file of files) {
    try {
      const fresh = bytesOf({ text: file.after, bom: file.source.bom });
      const place = path.join(root, file.source.path);
      if (file.source.isNew) createFile(place, fresh);
      else replaceFile(place, bytesOf(file.source), fresh);
      done.push(file);
    } catch (error) {
      const problems = done.map((one) => putBack(root, one)).filter((message) => message !== '');
      return writeError(file.source.path, error, problems);
    }
  }
  return undefined;
}

function putBack(root: string, file: PlannedFile): string {
  const place = path.join(root, file.source.path);
  const written = bytesOf({ text: file.after, bom: file.source.bom });
  try {
    if (file.source.isNew) removeCreated(place, written);
    else replaceFile(place, written, bytesOf(file.source));
    return '';
  } catch (error) {
    return `; ${file.source.path} could not be put back (${(error as Error).message})`;
  }
}

function writeError(file: string, error: unknown, problems: readonly string[]): FileError {
  const failure = error as NodeJS.ErrnoException;
  const gone = failure.code === 'ENOENT';
  const kind = error instanceof NotWritten ? error.kind : gone ? 'changed-meanwhile' : 'unreadable';
  const why =
    error instanceof NotWritten
      ? error.message
      : gone
        ? 'disappeared while we worked'
        : `cannot be written (${failure.code ?? failure.message})`;
  return { path: file, line: 0, column: 0, kind, message: why + problems.join('') };
}
