import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { git, type GitAnswer } from '../git.js';
import { isRepository } from './job.js';

/** Git for repositories of others: no prompt, no hook, no program named by a URL. */
function carefully(cwd: string, args: readonly string[]): GitAnswer {
  return git(cwd, ['-c', 'core.hooksPath=/dev/null', '-c', 'protocol.ext.allow=never', ...args], undefined, {
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
    GIT_LFS_SKIP_SMUDGE: '1',
  });
}

/** The commit that a branch, a tag or `HEAD` of a repository means now. Throws with what git said. */
export function commitOf(repo: string, ref: string): string {
  if (!isRepository(repo)) throw new Error(`'${repo}' is no repository`);
  const answer = carefully(os.tmpdir(), ['ls-remote', '--', repo, ref, `${ref}^{}`]);
  if (!answer.ok) throw new Error(`${repo}: ${answer.why}`);
  const found = answer.out.split('\n').filter((line) => line !== '');
  const peeled = found.find((line) => line.endsWith('^{}')) ?? found[0];
  if (!peeled) throw new Error(`${repo} has no '${ref}'`);
  return peeled.split('\t', 1)[0]!;
}

/** The files of a commit in a folder of their own, for as long as `use` takes. Throws with what git said. */
export async function withCheckout<T>(repo: string, commit: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-fleet-'));
  const must = (args: readonly string[]): void => {
    const answer = carefully(folder, args);
    if (!answer.ok) throw new Error(`${repo} ${commit}: git ${args[0]}: ${answer.why}`);
  };
  try {
    must(['init', '-q']);
    // A server may give single commits or not; then everything is fetched.
    const shallow = carefully(folder, ['fetch', '-q', '--depth', '1', '--', repo, commit]);
    if (!shallow.ok) must(['fetch', '-q', '--tags', '--', repo, '+refs/*:refs/fleet/*']);
    must(['checkout', '-q', '--detach', commit]);
    return await use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
