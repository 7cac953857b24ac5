/**
 * What the tool makes of a story now, where that differs from what is expected, and where its behaviour differs:
 * `npm run story -- <part of a title> [callback|promise|project]`.
 */

import { startBehaviour } from '../test/behaviour/behave.js';
import { behaviourProblems } from '../test/behaviour/compare.js';
import { convert } from '../test/fixtures/convert.js';
import { ownEngine } from '../test/fixtures/own-engine.js';
import { readStories } from '../test/fixtures/stories.js';
import type { Input } from '../test/fixtures/stories.js';

async function main([wanted = '', label]: string[]): Promise<void> {
  const behaviour = startBehaviour();
  const inputs = readStories().filter((each) => each.title.includes(wanted) && (!label || each.label === label));
  for (const input of inputs) {
    const said = [
      ...differences(input),
      ...(await behaviourProblems(behaviour, input, convert(ownEngine, input).texts)),
    ];
    if (said.length > 0) console.log(`##### ${input.title}\n${said.join('\n')}`);
  }
  await behaviour.close();
}

function differences(input: Input): string[] {
  const { texts, refusals, notes, errors } = convert(ownEngine, input);
  const wrong = Object.keys(texts).filter((name) => texts[name] !== input.expected[name]);
  const shown = wrong.map((name) =>
    texts[name] === input.files[name] ? `--- ${name} is left` : `--- ${name}\n${texts[name]}`,
  );
  return [...errors, ...shown, ...lists('refused', refusals, input.refusals), ...lists('notes', notes, input.notes)];
}

function lists(what: string, found: readonly string[], listed: readonly string[]): string[] {
  if ([...found].sort().join('\n') === [...listed].sort().join('\n')) return [];
  return [`--- ${what}\n${found.join('\n')}\n--- ${what}, as listed\n${listed.join('\n')}`];
}

void main(process.argv.slice(2)).then(() => process.exit());
