import { Command, CommanderError } from 'commander';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { findMessage, noteCodes, refusalCodes } from '../messages/index.js';
import type { Console, Loudness } from './main.js';
import { colourOption, COMMANDS, UsageError } from './options.js';
import { didYouMean } from '../run/suggest.js';

export type Open = (loudness: Loudness) => Console;

/** The commands beside the main one. Returns the exit code. */
export async function runCommand(name: string, args: readonly string[], open: Open): Promise<number> {
  switch (name) {
    case 'list':
      return list(args, open);
    case 'explain':
      return explainCode(args, open);
    case 'migrate': {
      const { migrateCommand } = require('./migrate.js') as typeof import('./migrate.js');
      return migrateCommand(args, open);
    }
    case 'completions':
      return (require('./completions.js') as typeof import('./completions.js')).completions(args, open);
    case 'apply':
      return (require('./apply.js') as typeof import('./apply.js')).apply(args, open);
    case 'init':
      return (require('./init.js') as typeof import('./init.js')).init(args, open);
    case 'fleet': {
      const { fleetCommand } = require('./fleet.js') as typeof import('./fleet.js');
      return fleetCommand(args, open);
    }
    case 'merge': {
      const { mergeCommand } = require('./merge.js') as typeof import('./merge.js');
      return mergeCommand(args, open);
    }
    default:
      return undo(args, open);
  }
}

export interface CommandOptions extends Loudness {
  readonly output?: string;
  readonly help?: boolean;
}

export function parse<O extends CommandOptions = CommandOptions>(
  name: string,
  usage: string,
  args: readonly string[],
  more: (command: Command) => void = () => undefined,
): { options: O; operands: string[]; help: string } {
  const command = new Command(`asyncshift ${name}`)
    .usage(usage)
    .description(Object.entries(COMMANDS).find(([key]) => key.split(' ')[0] === name)![1])
    .exitOverride()
    .helpOption(false)
    .argument('[operands...]')
    .option('-q, --quiet', 'errors only on stderr')
    .option('-v, --verbose', 'more on stderr')
    .addOption(colourOption())
    .option('-h, --help', 'this text');
  if (name === 'list' || name === 'explain') command.option('--output <format>', 'text | json');
  more(command);
  command.configureHelp({ visibleArguments: () => [] }).configureOutput({ writeErr: () => undefined });
  try {
    command.parse([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new UsageError(error.message.replace(/^error: /, ''), `asyncshift ${name} --help`);
  }
  const options = command.opts<O>();
  if (options.output !== undefined && !['text', 'json'].includes(options.output)) {
    throw new UsageError(`there is no output format '${options.output}' here. There are: text, json.`);
  }
  return { options, operands: command.args, help: command.helpInformation() };
}

async function list(args: readonly string[], open: Open): Promise<number> {
  const { options, operands, help } = parse('list', '[--output json]', args);
  const screen = open(options);
  if (options.help) return screen.out(help).then(() => 0);
  if (operands.length > 0) throw new UsageError(`list takes no names: '${operands[0]}'`, 'asyncshift list --help');
  const { loadEngine } = require('../run/engine.js') as typeof import('../run/engine.js');
  const rows = (loadEngine().transforms ?? []).map(({ name, from, to, languages }) => ({ name, from, to, languages }));
  if (options.output === 'json') await screen.out(`${JSON.stringify({ transforms: rows }, undefined, 2)}\n`);
  else {
    const width = Math.max(...rows.map((row) => row.name.length), 0);
    const lines = rows.map(
      (row) => `${row.name.padEnd(width)}   --from ${row.from} --to ${row.to}   ${row.languages.join(', ')}\n`,
    );
    await screen.out(lines.join(''));
  }
  return 0;
}

async function explainCode(args: readonly string[], open: Open): Promise<number> {
  const { options, operands, help } = parse('explain', '<code>', args);
  const screen = open(options);
  const known = [...refusalCodes, ...noteCodes, ...transformNames()];
  if (options.help) return screen.out(help).then(() => 0);
  if (operands.length === 0) {
    await screen.out(
      `Reasons to leave code as it is:\n${listed(refusalCodes)}\nNotes on changes:\n${listed(noteCodes)}`,
    );
    return 0;
  }
  for (const [at, code] of operands.entries()) {
    const message = findMessage(code);
    const transform = message ? undefined : transformPage(code);
    if (transform !== undefined) {
      await screen.out(
        options.output === 'json' ? `${JSON.stringify({ code, page: transform }, undefined, 2)}\n` : transform,
      );
      continue;
    }
    if (!message)
      throw new UsageError(
        `there is no code '${code}'.${didYouMean(code, known)}`,
        'asyncshift explain lists them all',
      );
    if (at > 0) await screen.out('\n');
    if (options.output === 'json') await screen.out(`${JSON.stringify({ code, ...message }, undefined, 2)}\n`);
    else await screen.out(page(code, message));
  }
  return 0;
}

/** Pages of the directions, made from their doc comments. */
const PAGES = path.join(__dirname, '..', '..', 'docs', 'transforms');

function transformNames(): string[] {
  if (!fs.existsSync(PAGES)) return [];
  return fs
    .readdirSync(PAGES)
    .flatMap((file) => (file.endsWith('.md') && file !== 'index.md' ? file.slice(0, -3) : []));
}

const transformPage = (name: string): string | undefined =>
  transformNames().includes(name) ? fs.readFileSync(path.join(PAGES, `${name}.md`), 'utf8') : undefined;

const listed = (codes: readonly string[]): string =>
  codes.map((code) => `  ${code.padEnd(26)} ${plain(findMessage(code)!.sentence)}\n`).join('');

/** The sentence when it is about no place: as a sentence of its own. */
function plain(sentence: string): string {
  const text = sentence
    .replace(/^Left unchanged: /, '')
    .replaceAll('`%code%`', 'the code')
    .replace(/`?%name%`?/g, 'the name');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function page(code: string, message: { sentence: string; advice: string; example: string }): string {
  const example = message.example.trim();
  const shown =
    example === ''
      ? ''
      : `\n${example
          .split('\n')
          .map((line) => (line === '' ? '' : `    ${line}`))
          .join('\n')}\n`;
  return `${code}\n\n${plain(message.sentence)}\n${shown}\n${message.advice.trim()}\n`;
}

async function undo(args: readonly string[], open: Open): Promise<number> {
  const { options, operands, help } = parse('undo', '', args);
  const screen = open(options);
  if (options.help) return screen.out(help).then(() => 0);
  if (operands.length > 0) throw new UsageError(`undo takes no paths: it puts back all that the last --write replaced`);
  const { undoLast } = require('../run/undo.js') as typeof import('../run/undo.js');
  const outcome = undoLast(process.cwd());
  if (outcome.nothing) throw new UsageError('there is nothing to undo here: no --write was recorded for this folder');
  const shown = (file: string): string => path.relative(process.cwd(), path.join(outcome.root, file)) || file;
  for (const problem of outcome.problems) await screen.error(`${shown(problem.path)} ${problem.message}`);
  for (const file of outcome.restored) await screen.detail(`put back ${shown(file)}`);
  const count = `${outcome.restored.length} ${outcome.restored.length === 1 ? 'file' : 'files'}`;
  if (outcome.problems.length === 0) return screen.note(`Put back ${count}.`).then(() => 0);
  const left =
    outcome.restored.length === 0
      ? 'Nothing was put back.'
      : `${count} put back before that; run undo again when it is settled.`;
  await screen.note(left);
  return 2;
}
