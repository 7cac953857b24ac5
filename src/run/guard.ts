import * as path from 'node:path';
import type { FileError } from '../types.js';
import { git } from './git.js';
import { gitTopOf, relativePosix } from './paths.js';

export interface GuardOptions {
  readonly allowDirty: boolean;
  readonly allowNoVcs: boolean;
}

/**
 * The files whose present bytes git could not give back: neither in the index nor in HEAD, or not under git at all.
 * Staged is good enough, so hook managers need no special case; dirt in files that are not written is nobody's business.
 */
export function unsafeToWrite(root: string, files: readonly string[], options: GuardOptions): FileError[] {
  const byTop = new Map<string | undefined, string[]>();
  for (const file of files) {
    const top = gitTopOf(path.dirname(path.join(root, file)));
    byTop.set(top, [...(byTop.get(top) ?? []), file]);
  }
  return [...byTop].flatMap(([top, inIt]) => {
    if (top === undefined) return options.allowNoVcs ? [] : inIt.map(notUnderGit);
    return options.allowDirty ? [] : dirtyIn(top, root, inIt);
  });
}

const dirty = (file: string, message: string): FileError => ({
  path: file,
  line: 0,
  column: 0,
  kind: 'dirty',
  message,
});

const notUnderGit = (file: string): FileError => dirty(file, 'is not under git; a rewrite could not be undone with it');

function dirtyIn(top: string, root: string, files: readonly string[]): FileError[] {
  const inTop = new Map(files.map((file) => [relativePosix(top, path.join(root, file)), file]));
  const names = [...inTop.keys()];
  const hashes = git(top, ['hash-object', '--stdin-paths'], names.map(quoted).join('\n') + '\n');
  const index = git(top, ['ls-files', '-s', '-z', ...pathsArgument(names)]);
  if (!hashes.ok || !index.ok) {
    const why = hashes.ok ? index.why : hashes.why;
    return files.map((file) => dirty(file, `cannot be compared with what git has (${why})`));
  }
  const current = hashes.out.trim().split('\n');
  const staged = blobs(index.out, /^\d+ ([0-9a-f]+) \d\t([^]*)$/);
  const suspects = names.filter((name, at) => !staged.get(name)?.has(current[at]!));
  if (suspects.length === 0) return [];
  const head = blobs(
    git(top, ['ls-tree', '-r', '-z', 'HEAD', ...pathsArgument(suspects)]).out,
    /^\d+ blob ([0-9a-f]+)\t([^]*)$/,
  );
  return names.flatMap((name, at) => {
    if (staged.get(name)?.has(current[at]!) || head.get(name)?.has(current[at]!)) return [];
    const known = staged.has(name) || head.has(name);
    const why = known ? 'has changes that are neither committed nor staged' : 'is not tracked by git';
    return [dirty(inTop.get(name)!, `${why}; a rewrite could not be undone with git`)];
  });
}

/** Too many names for a command line: then git lists everything. */
const pathsArgument = (names: readonly string[]): string[] => (names.length > 500 ? [] : ['--', ...names]);

/** `--stdin-paths` reads C-quoted names; only those that need it are quoted. */
const quoted = (name: string): string =>
  /^"|[\n\r\\]/.test(name)
    ? `"${name.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}"`
    : name;

function blobs(listing: string, line: RegExp): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const entry of listing.split('\0')) {
    const match = line.exec(entry);
    if (!match) continue;
    const [, hash, name] = match;
    found.set(name!, (found.get(name!) ?? new Set()).add(hash!));
  }
  return found;
}
