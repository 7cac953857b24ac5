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
/** A telling that says nothing for so long never ends: even a machine that does many things at once has run it by then. */
const LONGEST = 45_000;

interface Asked {
  readonly telling: Telling;
  readonly give: (trace: Trace) => void;
}

/** The process starts with the first telling: a test run that needs none leaves none behind. One that hangs is ended, and another goes on. */
export function startBehaviour(): Behaviour {
  const waiting: Asked[] = [];
  let child: ReturnType<typeof spawnChild> | undefined;
  const start = (): void => {
    child = spawnChild(waiting, start);
    waiting.forEach(child.ask);
  };
  return {
    trace: (telling) =>
      new Promise<Trace>((give) => {
        waiting.push({ telling, give });
        if (child) child.ask(waiting.at(-1)!);
        else start();
      }),
    close: async () => child?.close(),
  };
}

function spawnChild(waiting: Asked[], restart: () => void) {
  const child = spawn(process.execPath, ['--no-warnings', '-r', './scripts/register.cjs', 'test/behaviour/child.ts'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  child.stdin.on('error', () => undefined); // it has ended: its exit says so
  let timer: NodeJS.Timeout | undefined;
  const watch = (): void => {
    clearTimeout(timer);
    timer = waiting.length > 0 ? setTimeout(() => child.kill('SIGKILL'), LONGEST) : undefined;
  };
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    waiting.shift()?.give(JSON.parse(line) as Trace);
    watch();
  });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  void ended.then(() => {
    clearTimeout(timer);
    waiting.shift()?.give({ lines: ['harness: the process that runs stories ended, or never would have'], calls: 0 });
    if (waiting.length > 0) restart();
  });
  return {
    ask({ telling }: Asked): void {
      child.stdin.write(`${JSON.stringify(telling)}\n`);
      watch();
    },
    close(): Promise<void> {
      child.stdin.end();
      return ended;
    },
  };
}
