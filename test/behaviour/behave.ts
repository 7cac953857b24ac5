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

export function startBehaviour(): Behaviour {
  const args = ['-r', './scripts/register.cjs', 'test/behaviour/child.ts'];
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const waiting: ((trace: Trace) => void)[] = [];
  readline.createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(JSON.parse(line) as Trace));
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  void ended.then(() =>
    waiting.splice(0).forEach((give) => give({ lines: ['harness: the process that runs stories ended'], calls: 0 })),
  );
  return {
    trace: (telling) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        child.stdin.write(`${JSON.stringify(telling)}\n`);
      }),
    close() {
      child.stdin.end();
      return ended;
    },
  };
}
