/**
 * Shows what can be seen of a story when it runs: `npm run trace -- <part of a title> [callback|…]`. With `--failing 0` its first call fails,
 * with `--to promise` it runs as it is converted.
 */

import { startBehaviour } from '../test/behaviour/behave.js';
import { convert } from '../test/fixtures/convert.js';
import { ownEngine } from '../test/fixtures/own-engine.js';
import { inputsFor, readAsked } from './lib/stories.js';

async function main(args: string[]): Promise<void> {
  const asked = readAsked(args);
  const behaviour = startBehaviour();
  for (const input of inputsFor(asked)) {
    const files = { ...input.others, ...(asked.to ? convert(ownEngine, input).texts : input.files) };
    const { lines } = await behaviour.trace({ files, main: input.main, script: input.script, failing: asked.failing });
    console.log(`${input.title}\n${lines.map((line) => `  ${line}`).join('\n')}`);
  }
  await behaviour.close();
}

void main(process.argv.slice(2));
