import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { git } from '../git.js';
import { isInside } from '../paths.js';
import { bytesOf } from '../read.js';
import type { PlannedFile } from '../plan.js';

/** A second work tree of the repository, in which the tests may do what they like. */
export interface Scratch {
  /** Absolute: the top of the work tree. */
  readonly folder: string;
  /** The commit that holds the sources as they are now, uncommitted work included. */
  readonly commit: string;
  /** Back to the sources as they were, then these files as they would be. */
  put(files: readonly PlannedFile[]): void;
  /** The same with texts that no interpreter takes: does the test command notice? */
  spoil(files: readonly string[]): void;
  remove(): void;
}

/** Folders of dependencies that git does not know: the tests need them, and making them again would take minutes. */
const DEPENDENCIES = ['node_modules', '.venv', 'venv', '.yarn', '.pnp.cjs', '.pnp.loader.mjs'];

/** Raised with one line for the user. */
export class ScratchError extends Error {}

/** The present sources as a commit that no branch knows: tracked files as they are on the disk, and untracked ones that are not ignored. */
export function snapshot(top: string): string {
  const index = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-index-')), 'index');
  const env = { GIT_INDEX_FILE: index };
  const who = ['-c', 'user.name=asyncshift', '-c', 'user.email=asyncshift@localhost', '-c', 'commit.gpgSign=false'];
  try {
    const head = git(top, ['rev-parse', '--verify', '-q', 'HEAD']);
    if (!head.ok) throw new ScratchError('the repository has no commit yet; commit once, then migrate');
    const parent = head.out.trim();
    must(top, ['read-tree', parent], env);
    must(top, ['add', '--all', '.'], env);
    const tree = must(top, ['write-tree'], env).trim();
    // Equal sources give an equal commit, so that a migration that was stopped finds its log again.
    const date = { GIT_AUTHOR_DATE: '2000-01-01T00:00:00Z', GIT_COMMITTER_DATE: '2000-01-01T00:00:00Z' };
    return must(top, [...who, 'commit-tree', tree, '-p', parent, '-m', 'asyncshift migrate'], {
      ...env,
      ...date,
    }).trim();
  } finally {
    fs.rmSync(path.dirname(index), { recursive: true, force: true });
  }
}

/** Makes the work tree, with the dependencies of the one at `top` in their places. */
export function makeScratch(top: string, root: string, commit: string): Scratch {
  const folder = path.join(fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-migrate-'))), 'tree');
  must(top, ['worktree', 'prune']);
  must(top, ['worktree', 'add', '--detach', '--quiet', folder, commit]);
  lendDependencies(top, folder);
  const at = path.join(folder, path.relative(top, root));
  const back = (): void => {
    must(folder, ['checkout', '--quiet', '--force', '--detach', commit]);
    must(folder, ['clean', '-ffdq', ...DEPENDENCIES.flatMap((name) => ['-e', name])]);
  };
  return {
    folder,
    commit,
    put(files) {
      back();
      for (const { source, after } of files) {
        const place = path.join(at, source.path);
        fs.mkdirSync(path.dirname(place), { recursive: true });
        fs.writeFileSync(place, bytesOf({ text: after, bom: source.bom }));
      }
    },
    spoil(files) {
      back();
      for (const file of files) fs.writeFileSync(path.join(at, file), SPOILT);
    },
    remove() {
      git(top, ['worktree', 'remove', '--force', folder]);
      fs.rmSync(path.dirname(folder), { recursive: true, force: true });
      git(top, ['worktree', 'prune']);
    },
  };
}

/** A syntax error in JavaScript, TypeScript, JSON and Python. */
const SPOILT = ')]} asyncshift asks whether the tests read this file\n';

/** Every tracked folder may have dependencies beside its sources: packages of a monorepo do. */
function lendDependencies(top: string, folder: string): void {
  const listed = must(top, ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory']);
  for (const entry of listed.split('\0')) {
    const name = entry.replace(/\/$/, '');
    if (!DEPENDENCIES.includes(path.posix.basename(name))) continue;
    const from = path.join(top, name);
    const to = path.join(folder, name);
    if (!fs.existsSync(path.dirname(to)) || fs.existsSync(to)) continue;
    if (path.basename(name) === 'node_modules') lendModules(from, to, top, folder, 0);
    else fs.symlinkSync(from, to);
  }
}

/**
 * A folder of links, one per package. A link that leads back into the repository (a workspace) leads to the scratch tree instead: else the
 * tests would run the sources as they are.
 */
function lendModules(from: string, to: string, top: string, folder: string, depth: number): void {
  fs.mkdirSync(to, { recursive: true });
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    if (entry.name === '.cache') continue;
    const source = path.join(from, entry.name);
    const target = path.join(to, entry.name);
    if (entry.isDirectory() && depth === 0 && (entry.name.startsWith('@') || entry.name === '.bin')) {
      lendModules(source, target, top, folder, depth + 1);
      continue;
    }
    const real = entry.isSymbolicLink() ? realPath(source) : source;
    if (real === undefined) continue; // a dangling link
    const isOurs =
      entry.isSymbolicLink() && isInside(top, real) && !real.includes(`${path.sep}node_modules${path.sep}`);
    fs.symlinkSync(isOurs ? path.join(folder, path.relative(top, real)) : source, target);
  }
}

function realPath(file: string): string | undefined {
  try {
    return fs.realpathSync(file);
  } catch {
    return undefined;
  }
}

function must(cwd: string, args: readonly string[], env: Record<string, string> = {}): string {
  // The repository's hooks are for its own work: a post-checkout hook would run at every test.
  const answer = git(cwd, ['-c', `core.hooksPath=${os.devNull}`, ...args], undefined, env);
  if (!answer.ok) throw new ScratchError(`git ${args.find((arg) => !arg.startsWith('-')) ?? ''} failed: ${answer.why}`);
  return answer.out;
}
