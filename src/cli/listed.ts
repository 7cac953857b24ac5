import * as fs from 'node:fs';
import { changedSince } from '../run/since.js';
import { stagedFiles } from '../run/staged.js';
import { UsageError, type CliOptions } from './options.js';

/**
 * The paths of a run: those on the command line, those of `--files-from`, and of all these what `--since` finds changed.
 * `undefined`: a list was asked for and has nothing in it, so there is nothing to look at.
 */
export function listedPaths(options: CliOptions, paths: readonly string[]): readonly string[] | undefined {
  const { filesFrom, since } = options;
  const named = filesFrom === undefined ? paths : [...paths, ...readList(filesFrom, options.null)];
  if (filesFrom !== undefined && named.length === 0) return undefined;
  if (options.staged) {
    const staged = stagedFiles(process.cwd(), named);
    if (!staged) throw new UsageError('--staged: this is not a git repository.');
    return staged.length > 0 ? staged : undefined;
  }
  if (since === undefined) return named;
  const changed = changedSince(process.cwd(), since, named);
  if (!changed.ok)
    throw new UsageError(`--since ${since}: ${changed.why}.`, 'name a branch, a tag or a commit: --since origin/main');
  return changed.files.length > 0 ? changed.files : undefined;
}

/** One path a line, or ended by NUL; empty lines are none. A line may end with CR, as Windows tools write it. */
function readList(file: string, byNul: boolean): string[] {
  let text: string;
  try {
    text = fs.readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--files-from ${file}: the list could not be read (${code}).`);
  }
  return text.split(byNul ? '\0' : /\r?\n/).filter((line) => line !== '');
}
