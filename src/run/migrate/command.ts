import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import type { Verdict } from './search.js';

/** The user's own command line, for the shell; nothing of ours is put into it. */
export interface TestCommand {
  readonly line: string;
  readonly cwd: string;
  /** Seconds; a command that takes longer has failed. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** Someone pressed Ctrl-C: the run has no verdict. */
export class Interrupted extends Error {}

const KEPT_BYTES = 64 * 1024;
const KEPT_LINES = 30;

/** Runs the command with everything it starts in a process group of its own, which ends with it. Throws `Interrupted`. */
export function runCommand({ line, cwd, timeout, signal }: TestCommand): Promise<Verdict> {
  if (signal?.aborted) return Promise.reject(new Interrupted());
  return new Promise((resolve, reject) => {
    const isGroup = process.platform !== 'win32';
    const child = spawn(line, {
      cwd,
      shell: true,
      detached: isGroup,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CI: process.env['CI'] ?? '1', ASYNCSHIFT_MIGRATE: '1' },
    });
    let tail = Buffer.alloc(0);
    let timedOut = false;
    const take = (chunk: Buffer): void => {
      tail = Buffer.concat([tail, chunk]);
      if (tail.length > 2 * KEPT_BYTES) tail = tail.subarray(tail.length - KEPT_BYTES);
    };
    const end = (): void => killAll(child.pid, isGroup);
    const timer = timeout === undefined ? undefined : setTimeout(() => ((timedOut = true), end()), timeout * 1000);
    signal?.addEventListener('abort', end);
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      end(); // what it left running in the background would disturb the next run
    };
    child.on('error', (error) => (done(), reject(error)));
    child.on('exit', () => setTimeout(() => child.stdout.destroy(), 1000).unref()); // a grandchild may hold the pipe open
    child.on('close', (code, killedBy) => {
      done();
      if (signal?.aborted) return reject(new Interrupted());
      const why = timedOut
        ? `no end after ${timeout} seconds`
        : killedBy
          ? `ended by ${killedBy}`
          : `exit code ${code}`;
      resolve({ green: code === 0 && !timedOut, output: code === 0 && !timedOut ? '' : endOf(tail, why) });
    });
  });
}

/** The last lines as plain text, and how the command ended. */
function endOf(bytes: Buffer, why: string): string {
  const lines = stripVTControlCharacters(bytes.subarray(-KEPT_BYTES).toString('utf8'))
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf('\r') + 1).trimEnd())
    .filter((line, at, all) => line !== '' || (all[at - 1] ?? '') !== '');
  while (lines.at(-1) === '') lines.pop();
  return [...lines.slice(-KEPT_LINES), `(${why})`].join('\n');
}

function killAll(pid: number | undefined, isGroup: boolean): void {
  if (pid === undefined) return;
  try {
    process.kill(isGroup ? -pid : pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
