/**
 * Rewrites the expectations of the stories from what the tool does now: `npm run update`, or `npm run update -- <part of a name>`.
 * With `--to promise` (and `--from async`) that direction becomes one whose result the story says byte for byte.
 * Read the diff afterwards: what it shows is the change in behaviour, and belongs in the changelog.
 */

import * as fs from 'node:fs';
import * as path from 'node:path';
import { convert } from '../test/fixtures/convert.js';
import type { Converted } from '../test/fixtures/convert.js';
import { ownEngine } from '../test/fixtures/own-engine.js';
import { fixturesFolder, projectResult, readDirections, readTree } from '../test/fixtures/stories.js';
import type { Input, OptionsJson } from '../test/fixtures/stories.js';
import { readAsked } from './lib/stories.js';

const { wanted, label, to } = readAsked(process.argv.slice(2));
const written: string[] = [];

function main(): void {
  const all = readDirections().filter((input) => input.story.includes(wanted));
  const isAdded = (input: Input): boolean =>
    input.options.to === to && input.label !== to && (!label || input.label === label);
  for (const story of new Set(all.map((input) => input.story))) {
    const inputs = all.filter((input) => input.story === story);
    const exact = inputs.filter((input) => input.exact || isAdded(input));
    if (exact.length > 0) updateStory(exact);
    for (const input of exact) if (!input.exact) list(input);
  }
  for (const name of written) console.log(name);
  console.log(`${written.length} files changed. Read the diff.`);
}

function updateStory(inputs: readonly Input[]): void {
  const results = inputs.map((input) => ({ input, result: convert(ownEngine, input) }));
  for (const { input, result } of results) {
    if (result.errors.length > 0) throw new Error(`${input.title}: ${result.errors.join('\n')}`);
    if (input.label === 'project') updateProject(input, result);
    else if (input.label !== input.options.to) updateSingle(input, result);
  }
  const { story } = inputs[0]!;
  for (const kind of ['refusals', 'notes'] as const) {
    const found = results.flatMap(({ result }) => result[kind]);
    put(`${story}/${kind}.txt`, lines([...found, ...linesOfOthers(`${story}/${kind}.txt`, inputs)]));
  }
}

/** Lines about directions that were not looked at now. */
function linesOfOthers(name: string, inputs: readonly Input[]): string[] {
  const looked = inputs.map((input) => `${input.label} -> ${input.options.to}: `);
  const old = (read(name) ?? '').split('\n').filter(Boolean);
  return old.filter((line) => !looked.some((direction) => line.startsWith(direction)));
}

/** A promise telling owns `async.*`; any other has its own file where its result is not the sibling telling. */
function updateSingle(input: Input, result: Converted): void {
  const { story, label: from, main: file, options } = input;
  const extension = path.extname(file);
  const shared = `${story}/${options.to}${extension}`;
  const own = `${story}/from-${from}.${options.to}${extension}`;
  const text = result.texts[file]!;
  const unchanged = text === input.files[file];
  if (from === 'promise' && options.to === 'async' && !unchanged) put(shared, text);
  put(own, text === (read(shared) ?? input.files[file]) ? undefined : text);
  const { [file]: _main, ...made } = result.texts;
  putTree(`${story}/from-${from}.${options.to}.files`, made);
}

function updateProject(input: Input, result: Converted): void {
  const changed = Object.entries(result.texts).filter(([name, text]) => text !== input.files[name]);
  putTree(`${input.story}/${projectResult(input.options.to)}`, Object.fromEntries(changed));
}

/** These files and no others. */
function putTree(folder: string, texts: Readonly<Record<string, string>>): void {
  const old = readTree(path.join(fixturesFolder, folder));
  for (const name of new Set([...Object.keys(old), ...Object.keys(texts)])) put(`${folder}/${name}`, texts[name]);
}

/** Says in options.json that the direction is exact, where no other file does. */
function list({ story, label: from, options: { to: target } }: Input): void {
  const direction = `${from} -> ${target}`;
  const said = ['refusals', 'notes'].some((name) => read(`${story}/${name}.txt`)?.includes(`${direction}: `));
  const folder = path.join(fixturesFolder, story);
  if (said || fs.readdirSync(folder).some((name) => name.startsWith(`from-${from}.${target}.`))) return;
  if (from === 'project' && fs.existsSync(path.join(folder, projectResult(target)))) return;
  const options = JSON.parse(read(`${story}/options.json`) ?? '{}') as OptionsJson;
  const directions = { ...options.directions, [direction]: {} };
  put(`${story}/options.json`, `${JSON.stringify({ ...options, directions }, undefined, 2)}\n`);
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
