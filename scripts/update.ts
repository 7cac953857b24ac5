/**
 * Rewrites the expectations of the stories from what the tool does now: `npm run update`, or `npm run update -- <part of a name>`.
 * Read the diff afterwards: what it shows is the change in behaviour, and belongs in the changelog.
 */

import * as fs from 'node:fs';
import * as path from 'node:path';
import { convert } from '../test/fixtures/convert.js';
import type { Converted } from '../test/fixtures/convert.js';
import { ownEngine } from '../test/fixtures/own-engine.js';
import { fixturesFolder, readStories } from '../test/fixtures/stories.js';
import type { Input } from '../test/fixtures/stories.js';

const wanted = process.argv[2] ?? '';
const written: string[] = [];

function main(): void {
  const inputs = readStories().filter((input) => input.story.includes(wanted));
  for (const story of new Set(inputs.map((input) => input.story)))
    updateStory(inputs.filter((input) => input.story === story));
  for (const name of written) console.log(name);
  console.log(`${written.length} files changed. Read the diff.`);
}

function updateStory(inputs: readonly Input[]): void {
  const results = inputs.map((input) => ({ input, result: convert(ownEngine, input) }));
  for (const { input, result } of results) {
    if (result.errors.length > 0) throw new Error(`${input.title}: ${result.errors.join('\n')}`);
    if (input.label === 'project') updateProject(input, result);
    else if (input.label !== 'async') updateSingle(input, result);
  }
  const { story } = inputs[0]!;
  put(`${story}/refusals.txt`, lines(results.flatMap(({ result }) => result.refusals)));
  put(`${story}/notes.txt`, lines(results.flatMap(({ result }) => result.notes)));
}

/** A promise telling owns `async.*`; a callback telling has its own file where the bridge makes it differ. */
function updateSingle(input: Input, result: Converted): void {
  const extension = path.extname(input.main);
  const shared = `${input.story}/async${extension}`;
  const own = `${input.story}/from-${input.label}.async${extension}`;
  const text = result.texts[input.main]!;
  const unchanged = text === input.files[input.main];
  const owns = input.label === 'promise' && !unchanged;
  if (owns) put(shared, text);
  const now = read(shared);
  put(own, text === (now ?? input.files[input.main]) ? undefined : text);
}

function updateProject(input: Input, result: Converted): void {
  for (const [name, text] of Object.entries(result.texts)) {
    put(`${input.story}/project.expected/${name}`, text === input.files[name] ? undefined : text);
  }
}

function lines(all: readonly string[]): string | undefined {
  return all.length === 0 ? undefined : `${all.join('\n')}\n`;
}

/** Writes, or removes when there is no text; says so only when something changed. */
function put(name: string, text: string | undefined): void {
  if (read(name) === text) return;
  const file = path.join(fixturesFolder, name);
  written.push(`${text === undefined ? 'removed' : 'written'} ${name}`);
  if (text === undefined) return fs.rmSync(file);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

function read(name: string): string | undefined {
  const file = path.join(fixturesFolder, name);
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
}

main();
