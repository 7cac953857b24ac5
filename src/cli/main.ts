import * as fs from 'node:fs';
import { COMMANDS, checkTogether, helpText, parseArguments, UsageError, type Parsed } from './options.js';
import { endQuietlyWhenReaderLeaves, print, usesColour, type When } from './streams.js';
import { nearest } from '../run/suggest.js';
import { paint, type Paint } from '../report/colour.js';

/** Where messages go, and in which words. */
export interface Console {
  readonly paint: Paint;
  /** Problems: always shown. */
  error(message: string, hint?: string): Promise<void>;
  /** On stderr, and asked for by name. */
  always(message: string): Promise<void>;
  /** What `--quiet` leaves out. */
  note(message: string): Promise<void>;
  /** What only `--verbose` shows. */
  detail(message: string): Promise<void>;
  readonly out: (text: string) => Promise<void>;
  readonly colourOut: boolean;
}

/** Starts the command line. Sets the exit code and lets the process end by itself, so that nothing is cut off. */
export async function main(args: readonly string[] = process.argv.slice(2)): Promise<void> {
  endQuietlyWhenReaderLeaves();
  let screen = consoleFor({});
  try {
    if (args[0] === 'completion-server') {
      const { completeWords } = require('./completions.js') as typeof import('./completions.js');
      process.exitCode = completeWords();
      return;
    }
    const command = commandIn(args);
    if (command) {
      const { runCommand } = require('./commands.js') as typeof import('./commands.js');
      process.exitCode = await runCommand(command.name, command.rest, consoleFor);
      return;
    }
    const parsed = parseArguments(args);
    screen = consoleFor(parsed.options);
    process.exitCode = await start(parsed, screen, args);
  } catch (error) {
    process.exitCode = 2;
    if (error instanceof UsageError) return screen.error(error.message, error.hint);
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === 'write') return screen.error(`the result could not be written (${code})`);
    const { HOW_TO_REPORT } = require('../run/engine.js') as typeof import('../run/engine.js');
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    await screen.error(`internal error in asyncshift; ${HOW_TO_REPORT}\n${trace}`);
  }
}

async function start(parsed: Parsed, screen: Console, args: readonly string[]): Promise<number> {
  if (parsed.options.help) {
    await screen.out(helpText(args.includes('--all')));
    return 0;
  }
  if (parsed.options.version) {
    const { version } = require('../run/document.js') as typeof import('../run/document.js');
    await screen.out(`${version()}\n`);
    return 0;
  }
  const { paths, given } = parsed;
  const typo = paths.length > 0 && !given.has('to') ? nearest(paths[0]!, commandNames()) : undefined;
  if (typo && !fs.existsSync(paths[0]!))
    throw new UsageError(`there is no command '${paths[0]}'. Did you mean '${typo}'?`, 'asyncshift --help');
  const { withConfig, printedConfig } = require('./config.js') as typeof import('./config.js');
  const options = await withConfig(parsed);
  if (options.printConfig !== undefined) {
    await screen.out(printedConfig(options, options.printConfig));
    return 0;
  }
  checkTogether(options, paths);
  if (paths.includes('-')) {
    const { filter } = require('./filter.js') as typeof import('./filter.js');
    return filter(options, screen);
  }
  const { listedPaths } = require('./listed.js') as typeof import('./listed.js');
  const listed = listedPaths(options, paths);
  if (listed === undefined) {
    await screen.note('No files to look at.');
    return 0;
  }
  const { convert } = require('./convert.js') as typeof import('./convert.js');
  return convert(options, listed, screen);
}

const commandNames = (): string[] => Object.keys(COMMANDS).map((name) => name.split(' ', 1)[0]!);

/** A command comes first, after general options only: `asyncshift --to async list` converts a folder called list. */
function commandIn(args: readonly string[]): { name: string; rest: string[] } | undefined {
  let at = 0;
  while (/^(-q|-v|--quiet|--verbose|--colou?r(=.*)?)$/.test(args[at] ?? ''))
    at += /^--colou?r$/.test(args[at]!) ? 2 : 1;
  const name = args[at];
  if (name === undefined || !commandNames().includes(name)) return undefined;
  return { name, rest: [...args.slice(0, at), ...args.slice(at + 1)] };
}

export type Loudness = { readonly quiet?: boolean; readonly verbose?: boolean; readonly color?: When };

export function consoleFor({ quiet = false, verbose = false, color }: Loudness): Console {
  const paintErr = paint(usesColour(process.stderr, color, process.env));
  const line = (text: string): Promise<void> => print(process.stderr, `${text}\n`);
  return {
    paint: paintErr,
    colourOut: usesColour(process.stdout, color, process.env),
    async error(message, hint) {
      await line(`${paintErr.red('error:')} ${message}`);
      if (hint) await line(`  ${paintErr.cyan('hint:')} ${hint}`);
    },
    always: line,
    note: async (message) => (quiet ? undefined : line(message)),
    detail: async (message) => (verbose && !quiet ? line(message) : undefined),
    out: (text) => print(process.stdout, text),
  };
}
