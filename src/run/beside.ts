import * as fs from 'node:fs';
import * as path from 'node:path';
import type { ChangeGroup, FileError } from '../types.js';
import { isInside } from './paths.js';
import { isError, readSource, type Source } from './read.js';

export interface WithBeside {
  /** The files of the run, and those that groups edit beside them: package.json, new files. */
  readonly sources: ReadonlyMap<string, Source>;
  /** The groups all of whose files can be had. */
  readonly groups: readonly ChangeGroup[];
  /** Why the others are left out. */
  readonly errors: readonly FileError[];
}

/** Reads what groups edit beside the files of the run. `read` looks at one path, which is never one of `sources`. */
export function withBeside(
  groups: readonly ChangeGroup[],
  sources: ReadonlyMap<string, Source>,
  read: (path: string, isNew: boolean) => Source | FileError,
): WithBeside {
  const edits = groups.flatMap((group) => group.edits).filter((edit) => !sources.has(edit.path));
  if (edits.length === 0) return { sources, groups, errors: [] };
  const all = new Map(sources);
  const errors = new Map<string, FileError>();
  for (const { path: file, create } of edits) {
    if (all.has(file) || errors.has(file)) continue;
    const found = read(file, create === true);
    if (isError(found)) errors.set(file, found);
    else all.set(file, found);
  }
  const good = groups.filter((group) => !group.edits.some((edit) => errors.has(edit.path)));
  return { sources: all, groups: good, errors: [...errors.values()] };
}

/** Reads such a file from the disk. Outside the root nothing is ours; a new file must not be there, not even as a dangling link. */
export function readBesideFrom(
  root: string,
  readFile: typeof readSource = readSource,
): (file: string, isNew: boolean) => Source | FileError {
  return (file, isNew) => {
    const failed = (kind: FileError['kind'], message: string): FileError => ({
      path: file,
      line: 0,
      column: 0,
      kind,
      message,
    });
    const absolute = path.resolve(root, file);
    if (!isInside(root, absolute)) return failed('unreadable', 'is outside the repository; it is left as it is');
    if (!isNew) return readFile(root, file);
    if (fs.lstatSync(absolute, { throwIfNoEntry: false }))
      return failed('changed-meanwhile', 'is there already; a new file of that name was to be made');
    return { path: file, text: '', bom: false, isNew: true };
  };
}
