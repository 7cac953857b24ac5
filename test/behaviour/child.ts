/** The process in which stories run: reads tellings as JSON lines, answers each with its trace. Started by `behave.ts`. */

import * as readline from 'node:readline';
import { run } from './runtime/run.js';
import type { Telling } from './runtime/run.js';

async function main(): Promise<void> {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const telling = JSON.parse(line) as Telling;
    const trace = await run(telling).catch((error: Error) => ({ lines: [`harness: ${error.stack}`], calls: 0 }));
    process.stdout.write(`${JSON.stringify(trace)}\n`);
  }
}

void main().then(() => process.exit(0));
