/** Runs tellings in a process of their own, one after the other, and gives their traces. */

import { spawn } from 'node:child_process';
import * as path from 'node:path';
import * as readline from 'node:readline';
import type { Telling, Trace } from './runtime/run.js';

export interface Behaviour {
  trace(telling: Telling): Promise<Trace>;
  close(): Promise<void>;
}

const root = path.join(__dirname, '../..');

/** The process starts with the first telling: a test run that needs none leaves none behind. */
export function startBehaviour(): Behaviour {
  let child: ReturnType<typeof spawnChild> | undefined;
  return {
    trace(telling) {
      child ??= spawnChild();
      return child.trace(telling);
    },
    close: async () => child?.close(),
  };
}

function spawnChild() {
  const child = spawn(process.execPath, ['--no-warnings', '-r', './scripts/register.cjs', 'test/behaviour/child.ts'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const waiting: ((trace: Trace) => void)[] = [];
  const give = (trace: Trace): void => waiting.shift()?.(trace);
  readline.createInterface({ input: child.stdout }).on('line', (line) => give(JSON.parse(line) as Trace));
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  void ended.then(() => {
    while (waiting.length > 0) give({ lines: ['harness: the process that runs stories ended'], calls: 0 });
  });
  return {
    trace: (telling: Telling) =>
      new Promise<Trace>((resolve) => {
        waiting.push(resolve);
        child.stdin.write(`${JSON.stringify(telling)}\n`);
      }),
    close(): Promise<void> {
      child.stdin.end();
      return ended;
    },
  };
}
