import { spawnSync } from 'node:child_process';

export interface GitAnswer {
  readonly ok: boolean;
  readonly out: string;
  /** One line of what git said when it failed. */
  readonly why: string;
}

/** Asks git. Never throws: a machine without git gets an answer that is not ok. `env` adds to the environment. */
export function git(
  cwd: string,
  args: readonly string[],
  input?: string,
  env: Readonly<Record<string, string>> = {},
): GitAnswer {
  const run = spawnSync('git', ['--literal-pathspecs', ...args], {
    cwd,
    input: input ?? '',
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C', ...env },
  });
  if (run.error)
    return { ok: false, out: '', why: `git could not be started (${(run.error as NodeJS.ErrnoException).code})` };
  return {
    ok: run.status === 0,
    out: run.stdout,
    why: (run.stderr.trim().split('\n', 1)[0] ?? '').replace(/^fatal: /, ''),
  };
}

/** The same for content: bytes in, bytes out; `undefined` when git failed. */
export function gitBytes(cwd: string, args: readonly string[], input?: Buffer): Buffer | undefined {
  const run = spawnSync('git', ['--literal-pathspecs', ...args], { cwd, input: input ?? '', maxBuffer: 1 << 30 });
  return run.error || run.status !== 0 ? undefined : run.stdout;
}
