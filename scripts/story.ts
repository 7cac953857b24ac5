/**
 * What the tool makes of a story now, where that differs from what is expected, and where its behaviour differs:
 * `npm run story -- <part of a title> [callback|promise|async|pool|project] [--to promise]`. Without `--to`, in its exact directions.
 */

import { startBehaviour } from '../test/behaviour/behave.js';
import { directionProblems } from '../test/behaviour/directions.js';
import { convert } from '../test/fixtures/convert.js';
import { ownEngine } from '../test/fixtures/own-engine.js';
import type { Input } from '../test/fixtures/stories.js';
import { inputsFor, readAsked } from './lib/stories.js';

async function main(args: string[]): Promise<void> {
  const behaviour = startBehaviour();
  for (const input of inputsFor(readAsked(args))) {
    const said = [
      ...(input.exact ? differences(input) : asItIs(input)),
      ...(await directionProblems(behaviour, ownEngine, input)),
    ];
    if (said.length > 0) console.log(`##### ${input.title}\n${said.join('\n')}`);
  }
  await behaviour.close();
}

function differences(input: Input): string[] {
  const { texts, refusals, notes, errors } = convert(ownEngine, input);
  const names = new Set([...Object.keys(texts), ...Object.keys(input.expected)]);
  const wrong = [...names].filter((name) => texts[name] !== input.expected[name]);
  const lines = [...lists('refused', refusals, input.refusals), ...lists('notes', notes, input.notes)];
  return [...errors, ...wrong.map((name) => shown(input, name, texts[name])), ...lines];
}

/** The story does not say what must become of it in this direction: what becomes of it. */
function asItIs(input: Input): string[] {
  const { texts, refusals, notes, errors } = convert(ownEngine, input);
  const changed = Object.keys(texts).filter((name) => texts[name] !== input.files[name]);
  return [...errors, ...changed.map((name) => shown(input, name, texts[name])), ...refusals, ...notes];
}

function shown(input: Input, name: string, text: string | undefined): string {
  if (text === undefined) return `--- ${name} is not made`;
  return text === input.files[name] ? `--- ${name} is left` : `--- ${name}\n${text}`;
}

function lists(what: string, found: readonly string[], listed: readonly string[]): string[] {
  if ([...found].sort().join('\n') === [...listed].sort().join('\n')) return [];
  return [`--- ${what}\n${found.join('\n')}\n--- ${what}, as listed\n${listed.join('\n')}`];
}

void main(process.argv.slice(2)).then(() => process.exit());
