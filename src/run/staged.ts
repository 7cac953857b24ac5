import * as path from 'node:path';
import type { FileError } from '../types.js';
import { git, gitBytes } from './git.js';
import { gitTopOf, relativePosix } from './paths.js';
import { decode, readSource, type Source } from './read.js';

/** What is staged, as the index has it. Paths are relative to the root of the run. */
export interface Staged {
  readonly top: string;
  readonly root: string;
  /** Is the file on the disk another one than the staged one? */
  isPartly(file: string): boolean;
  /** The staged text, in the form that it would have on the disk. */
  read(root: string, file: string): Source | FileError;
}

/** Looks at the index once: which files differ from it on the disk. `undefined` outside git. */
export function stagedIn(root: string): Staged | undefined {
  const top = gitTopOf(root);
  const answer = top === undefined ? undefined : git(top, ['diff', '--name-only', '-z']);
  if (top === undefined || !answer?.ok) return undefined;
  const partly = new Set(answer.out.split('\0').filter((name) => name !== ''));
  const inTop = (file: string): string => relativePosix(top, path.join(root, file));
  return {
    top,
    root,
    isPartly: (file) => partly.has(inTop(file)),
    read(from, file) {
      const name = relativePosix(top, path.join(from, file));
      if (!partly.has(name)) return readSource(from, file);
      // Filters give the line ends that the work tree has, so that the texts can be merged.
      const blob = gitBytes(top, ['cat-file', '--filters', `--path=${name}`, `:${name}`]);
      const message = 'cannot be read from the index';
      return blob ? decode(file, blob) : { path: file, line: 0, column: 0, kind: 'unreadable', message };
    },
  };
}

/** The files that are staged, below `cwd` and within `paths` where there are some; relative to `cwd`. `undefined` outside git. */
export function stagedFiles(cwd: string, paths: readonly string[]): readonly string[] | undefined {
  const answer = git(cwd, ['diff', '--cached', '--name-only', '--relative', '-z', '--diff-filter=d', '--', ...paths]);
  return answer.ok ? answer.out.split('\0').filter((name) => name !== '') : undefined;
}
