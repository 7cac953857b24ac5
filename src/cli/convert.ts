import * as fs from 'node:fs';
import * as path from 'node:path';
import type { FileError } from '../types.js';
import { colourPatch, paint } from '../report/colour.js';
import { explain } from '../report/explain.js';
import { reports } from '../report/formats/index.js';
import { patchOf, type Change } from '../report/patch.js';
import { statsLines, summaryLines } from '../report/summary.js';
import { relativePosix } from '../run/paths.js';
import type { PlannedFile } from '../run/plan.js';
import { runDetailed, type Progress, type RunDetails, type RunOptions } from '../run/run.js';
import type { Console } from './main.js';
import { UsageError, type CliOptions, type Output } from './options.js';
import { cacheOf } from './scale-options.js';
import { addToOutput, mustBeWritable, writeOutput } from './output-file.js';
import { progressBar } from './streams.js';

/** How a command comes by its result. */
export type Obtain = (
  options: CliOptions,
  paths: readonly string[],
  choose?: RunOptions['choose'],
) => Promise<RunDetails>;

/** The main command over files. Returns the exit code. */
export async function convert(
  options: CliOptions,
  paths: readonly string[],
  screen: Console,
  obtain: Obtain = runWatched,
): Promise<number> {
  if (options.interactive) mustBeTerminal();
  const outputs = outputsOf(options);
  for (const { file } of outputs) if (file !== undefined) mustBeWritable(file);
  const started = Date.now();
  const dialogue = options.interactive ? dialogueOf(options, screen) : undefined;
  const details = await obtain(options, paths, dialogue?.choose);
  for (const output of outputs) await put(output, render(output, details, options, screen), screen);
  if (outputs.some(({ format }) => format === 'github')) addStepSummary(details, options, screen);
  await report(details, options, outputs, Date.now() - started, screen);
  return dialogue?.wasLeft() ? 130 : exitCode(details, options);
}

/** Annotations are few; the whole is in the summary of the step, where the runner says which file that is. */
function addStepSummary(details: RunDetails, options: CliOptions, screen: Console): void {
  const file = process.env['GITHUB_STEP_SUMMARY'];
  if (file) addToOutput(file, render({ format: 'md', file }, details, options, screen));
}

function mustBeTerminal(): void {
  if (process.stdin.isTTY && process.stderr.isTTY) return;
  throw new UsageError(
    '--interactive needs a terminal to ask on.',
    '--output json=plan.json makes a plan; asyncshift apply plan.json --only <ids> makes some of its changes',
  );
}

interface Talk {
  readonly choose: NonNullable<RunOptions['choose']>;
  readonly wasLeft: () => boolean;
}

function dialogueOf(options: CliOptions, screen: Console): Talk {
  let left = false;
  return {
    wasLeft: () => left,
    async choose(found) {
      const { chooseGroups } = require('./interactive.js') as typeof import('./interactive.js');
      const { groups, interrupted } = await chooseGroups(found, options.context, screen);
      left = interrupted;
      return groups;
    },
  };
}

/** Stdout, a file, or stderr when something else has stdout. */
interface Destination extends Output {
  readonly stderr?: true;
}

/** What goes where: the patch to stdout, unless something was asked for or the files themselves are written. */
function outputsOf(options: CliOptions): Destination[] {
  const asked: Destination[] = [...options.output];
  const stdoutTaken = asked.some((output) => output.file === undefined);
  if (options.explain && !asked.some((output) => output.format === 'explain')) {
    asked.push({ format: 'explain', ...(stdoutTaken && { stderr: true as const }) });
  } else if (!stdoutTaken && !isWriting(options)) {
    asked.push({ format: 'patch' });
  }
  return asked;
}

type Writing = Pick<CliOptions, 'write' | 'dryRun'> & Partial<Pick<CliOptions, 'interactive'>>;

const isWriting = (options: Writing): boolean => (options.write || options.interactive === true) && !options.dryRun;

/** Runs with a progress bar on a terminal. Once it writes, the first Ctrl-C lets the file in hand be finished; a second one ends at once. */
export async function runWatched(
  options: CliOptions,
  paths: readonly string[],
  choose?: RunOptions['choose'],
): Promise<RunDetails> {
  const stop = new AbortController();
  const progress = progressBar(process.stderr.isTTY === true && !process.env['CI'] && !options.quiet);
  const onSignal = (signal: NodeJS.Signals): void => {
    const code = signal === 'SIGINT' ? 130 : 143;
    if (stop.signal.aborted) process.exit(code);
    process.exitCode = code;
    stop.abort(code);
  };
  const onProgress = ({ phase, done, total }: Progress): void => {
    if (phase === 'writing') process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
    progress.show(phase, done, total);
  };
  try {
    return await runDetailed({
      ...options,
      to: options.to!,
      paths,
      write: isWriting(options),
      ...(choose && {
        choose: (found) => {
          progress.clear();
          return choose(found);
        },
      }),
      cache: cacheOf(options),
      onProgress,
      signal: stop.signal,
    });
  } finally {
    progress.clear();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function render(output: Destination, details: RunDetails, options: CliOptions, screen: Console): string {
  const toStdout = output.file === undefined && !output.stderr;
  const colours = output.stderr ? screen.paint : paint(toStdout && screen.colourOut);
  switch (output.format) {
    case 'json':
      return `${JSON.stringify(details.document, undefined, 2)}\n`;
    case 'explain':
      return explain(
        { ...details.document, path: shownPath(details), text: (file) => details.sources.get(file)?.text },
        colours,
      );
    case 'patch': {
      const patch = patchOf(details.changes.map(changeOf), options.context);
      return toStdout && screen.colourOut ? colourPatch(patch, colours) : patch;
    }
    default:
      return reports[output.format]({
        document: details.document,
        text: (file) => details.sources.get(file)?.text,
        command: commandFor(options),
        asset,
      });
  }
}

/** A file of a plan as a patch shows it: every byte. */
export function changeOf({ source, after }: PlannedFile): Change {
  const bom = source.bom ? '\uFEFF' : '';
  return { path: source.path, before: bom + source.text, after: bom + after, ...(source.isNew && { isNew: true }) };
}

const asset = (name: string): string =>
  fs.readFileSync(
    name.includes('/') ? require.resolve(name) : path.join(__dirname, '..', '..', 'assets', name),
    'utf8',
  );

/** What a reader of a report types to get the changes made. */
function commandFor({ to, from, unsafe }: CliOptions): string {
  return [
    'npx asyncshift --to',
    to,
    ...(from ? ['--from', from] : []),
    ...(unsafe ? ['--unsafe'] : []),
    '--write',
  ].join(' ');
}

async function put(output: Destination, text: string, screen: Console): Promise<void> {
  if (output.stderr) return text === '' ? undefined : screen.always(text.trimEnd());
  if (output.file === undefined) return screen.out(text);
  writeOutput(output.file, text);
}

/** Paths for people are relative to where they are; those in patches and documents are relative to the root. */
const shownPath =
  ({ root, cwd }: RunDetails) =>
  (file: string): string =>
    relativePosix(cwd, path.join(root, file)) || '.';

/** `file:line:column message`, as compilers say it. What was named on the command line is in the message already. */
function errorLine(error: FileError, shown: (file: string) => string): string {
  if (error.kind === 'not-found') return error.message;
  const place = error.line > 0 ? `:${error.line}:${error.column}` : '';
  return `${shown(error.path)}${place} ${error.message}`;
}

/** A line that starts with its place is one that editors can jump to, so no word stands before it. */
export async function printError(error: FileError, shown: (file: string) => string, screen: Console): Promise<void> {
  const line = errorLine(error, shown);
  return error.line > 0 ? screen.always(line) : screen.error(line);
}

/** What people are told about a run, on stderr. */
export async function report(
  details: RunDetails,
  options: Writing & Pick<CliOptions, 'verbose' | 'stats'>,
  outputs: readonly Output[],
  milliseconds: number,
  screen: Console,
): Promise<void> {
  const { document } = details;
  const shown = shownPath(details);
  for (const note of details.notes) await screen.note(`${shown(note.path)} ${note.message}`);
  for (const { path: file, message } of document.warnings ?? [])
    await screen.note(`${screen.paint.yellow('warning:')} ${shown(file)} ${message}`);
  await reportSkipped(document.skipped, shown, options, screen);
  for (const error of document.errors) if (error.kind !== 'dirty') await printError(error, shown, screen);
  for (const trace of details.traces) await screen.detail(trace);
  for (const group of document.groups) {
    const line = `${shown(group.path)}:${group.line}:${group.column} ${group.rule}: ${group.title}`;
    if (group.level === 'unsafe') await screen.note(`${line} (unsafe: ${group.differences.join(', ')})`);
    else await screen.detail(group.differences.length > 0 ? `${line} (${group.differences.join(', ')})` : line);
  }
  await reportDirty(details, screen);
  const explained = outputs.some((output) => output.format === 'explain');
  const wrote = details.undo !== undefined || (isWriting(options) && document.summary.changed === 0);
  if (options.stats) for (const line of statsLines(document, milliseconds)) await screen.always(line);
  if (document.summary.files === 0 && document.errors.length > 0) return;
  if (details.interrupted) {
    const done = `${details.changes.length} of ${document.summary.changed} files`;
    await screen.error(`stopped: ${done} were written whole, the others are as they were.`);
  } else {
    for (const line of summaryLines(document, { write: isWriting(options), wrote, explained })) await screen.note(line);
  }
  if (details.undo) await screen.note('Undo: asyncshift undo');
}

async function reportSkipped(
  skipped: readonly FileError[],
  shown: (file: string) => string,
  options: Pick<CliOptions, 'verbose'>,
  screen: Console,
): Promise<void> {
  const told = options.verbose ? skipped.length : MOST;
  const warning = screen.paint.yellow('warning:');
  for (const one of skipped.slice(0, told)) await screen.note(`${warning} ${errorLine(one, shown)}`);
  const more = skipped.length - told;
  if (more > 0) await screen.note(`${warning} … and ${more} more ${more === 1 ? 'file' : 'files'} skipped (--verbose)`);
}

const MOST = 10;

/** Files that stand in the way of a write. All of it was left, so say what is fine and what to do. */
async function reportDirty(details: RunDetails, screen: Console): Promise<void> {
  const { errors, summary } = details.document;
  const dirty = errors.filter((error) => error.kind === 'dirty');
  if (dirty.length === 0) return;
  const shown = shownPath(details);
  for (const error of dirty.slice(0, MOST)) await screen.error(errorLine(error, shown));
  const more = dirty.length > MOST ? `… and ${dirty.length - MOST} more. ` : '';
  const fine = summary.changed - dirty.length;
  const rest = fine > 0 ? `The other ${fine === 1 ? 'file is' : `${fine} files are`} fine. ` : '';
  await screen.error(`${more}${rest}Nothing was written.`, hintFor(dirty, shown));
}

function hintFor(dirty: readonly FileError[], shown: (file: string) => string): string {
  if (dirty.some((error) => error.message.startsWith('is not under git'))) {
    return '--allow-no-vcs writes them; the undo record is kept (asyncshift undo)';
  }
  const names = dirty.length > 3 ? '' : ` ${dirty.map((error) => shellName(shown(error.path))).join(' ')}`;
  return `${names ? `git add${names}` : 'git add them'}, or --allow-dirty`;
}

const shellName = (file: string): string => (/^[\w./@+-]+$/.test(file) ? file : `'${file.replaceAll("'", `'\\''`)}'`);

/** 2 beats 1: a gate must not pass for clean, nor for merely different, when something could not be done. */
export function exitCode(details: RunDetails, options: Partial<Pick<CliOptions, 'check' | 'maxRefused'>>): number {
  const { summary } = details.document;
  if (details.interrupted) return typeof process.exitCode === 'number' ? process.exitCode : 130;
  if (summary.errors > 0) return 2;
  if (options.check && summary.changed > 0) return 1;
  return options.maxRefused !== undefined && summary.refused + summary.needUnsafe > options.maxRefused ? 1 : 0;
}
