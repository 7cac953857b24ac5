/** Shows what can be seen of a story when it runs: `npm run trace -- <part of a title>`. With `--failing 0` its first call fails. */

import { startBehaviour } from '../test/behaviour/behave.js';
import { readStories } from '../test/fixtures/stories.js';

async function main([wanted = '', ...rest]: string[]): Promise<void> {
  const failing = rest[0] === '--failing' ? Number(rest[1]) : undefined;
  const behaviour = startBehaviour();
  for (const input of readStories().filter((each) => each.title.includes(wanted))) {
    const files = { ...input.others, ...input.files };
    const { lines } = await behaviour.trace({ files, main: input.main, script: input.script, failing });
    console.log(`${input.title}\n${lines.map((line) => `  ${line}`).join('\n')}`);
  }
  await behaviour.close();
}

void main(process.argv.slice(2));
