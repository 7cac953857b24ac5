/**
 * Rewrites the expectations of Python stories from what the tool does now: `npm run update:python -- <part of a story's name>`.
 * `<style>.py` that is a telling itself is never written: a result that differs from it is `from-<style>.<style>.py`.
 */

import * as fs from 'node:fs';
import * as path from 'node:path';
import { convert, ownEngine } from '../test/python/convert.js';
import type { Converted } from '../test/python/convert.js';
import { fixturesFolder, readStories } from '../test/python/stories.js';
import type { Input } from '../test/python/stories.js';

const written: string[] = [];

function main([wanted = '']: string[]): void {
  const inputs = readStories();
  for (const story of new Set(inputs.map((input) => input.story)))
    if (story.includes(wanted)) updateStory(inputs.filter((input) => input.story === story));
  for (const name of written) console.log(name);
  console.log(`${written.length} files changed. Read the diff.`);
}

function updateStory(inputs: readonly Input[]): void {
  const results = inputs.map((input) => ({ input, result: convert(ownEngine, input) }));
  for (const { input, result } of results) {
    if (result.errors.length > 0) throw new Error(`${input.title}: ${result.errors.join('\n')}`);
    if (input.isProject) updateProject(input, result);
    else updateSingle(input, result);
  }
  const { story } = inputs[0]!;
  put(`${story}/refusals.txt`, lines(results.flatMap(({ result }) => result.refusals)));
  put(`${story}/notes.txt`, lines(results.flatMap(({ result }) => result.notes)));
}

function updateSingle(input: Input, result: Converted): void {
  const [file] = Object.keys(input.files) as [string];
  const text = result.texts[file]!;
  const otherwise = read(`${input.story}/${input.to}.py`) ?? input.files[file];
  put(`${input.story}/from-${input.from}.${input.to}.py`, text === otherwise ? undefined : text);
}

function updateProject(input: Input, result: Converted): void {
  const before = { ...input.others, ...input.files };
  for (const [name, text] of Object.entries(result.texts))
    put(`${input.story}/${input.from}.${input.to}/${name}`, text === before[name] ? undefined : text);
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

main(process.argv.slice(2));
