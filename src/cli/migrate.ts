import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { Interrupted } from '../run/migrate/command.js';
import { migrate, MigrateError, type MigrateOptions, type Step } from '../run/migrate/migrate.js';
import type { RunDetails } from '../run/run.js';
import { convert, runWatched } from './convert.js';
import type { Console, Loudness } from './main.js';
import { withConfig } from './config.js';
import { checkTogether, COMMANDS, parseArguments, UsageError, type CliOptions } from './options.js';

interface OwnOptions {
  readonly test?: string;
  readonly setup?: string;
  readonly testTimeout?: number;
  readonly retries: number;
  readonly allowUntested: boolean;
  readonly restart: boolean;
  readonly help?: boolean;
}

/** `asyncshift migrate --test "npm test" --to async src`: the main command, guarded by the user's tests. Returns the exit code. */
export async function migrateCommand(args: readonly string[], open: (loudness: Loudness) => Console): Promise<number> {
  const { own, rest, help } = parse(args);
  const parsed = parseArguments(rest);
  const { paths } = parsed;
  const screen = open(parsed.options);
  if (own.help || parsed.options.help) return screen.out(help).then(() => 0);
  if (!own.test?.trim())
    throw new UsageError('say which command must stay green: --test "npm test"', 'asyncshift migrate --help');
  const options = await withConfig(parsed);
  checkTogether(options, paths);
  if (options.staged || paths.includes('-'))
    throw new UsageError(
      `migrate works on the files of the work tree; ${options.staged ? '--staged' : "'-'"} is none.`,
    );
  try {
    return await convert(options, paths, screen, (chosen, named) =>
      guarded({ ...own, test: own.test! }, chosen, named, screen),
    );
  } catch (error) {
    if (error instanceof Interrupted) {
      await screen.error('stopped; what was found out is kept. The same command goes on from here.');
      return typeof process.exitCode === 'number' ? process.exitCode : 130;
    }
    if (!(error instanceof MigrateError)) throw error;
    if (error.output) await screen.always(indented(error.output));
    await screen.error(error.message, error.hint);
    return 2;
  }
}

async function guarded(
  own: OwnOptions & { readonly test: string },
  options: CliOptions,
  paths: readonly string[],
  screen: Console,
): Promise<RunDetails> {
  const found = await runWatched({ ...options, write: false }, paths);
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    process.exitCode = signal === 'SIGINT' ? 130 : 143;
    stop.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const asked: MigrateOptions = {
    test: own.test,
    ...(own.setup !== undefined && { setup: own.setup }),
    ...(own.testTimeout !== undefined && { timeout: own.testTimeout }),
    retries: own.retries,
    allowUntested: own.allowUntested,
    restart: own.restart,
    write: options.write && !options.dryRun,
    allowDirty: options.allowDirty,
    signal: stop.signal,
    onStep: (step) => void screen.note(said(step)),
  };
  try {
    const { details, leftOut } = await migrate(found, asked);
    for (const { group, output } of leftOut) {
      await screen.note(
        `${group.path}:${group.line}:${group.column} left out: ${group.title}; the tests fail with it:`,
      );
      await screen.note(indented(output));
    }
    return details;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

const indented = (text: string): string => text.replace(/^(?=.)/gm, '    ');

function said(step: Step): string {
  switch (step.kind) {
    case 'setup':
      return 'setting up the scratch work tree';
    case 'canary':
      return 'running the tests on broken files: they must fail';
    case 'resumed':
      return `going on with ${step.verdicts} ${step.verdicts === 1 ? 'verdict' : 'verdicts'} of a run that was stopped`;
    case 'tested':
      if (step.groups === 0) return `tests ${step.green ? 'pass' : 'fail'} as things are`;
      return `tests ${step.green ? 'pass' : 'fail'} with ${step.groups} of ${step.of} ${step.of === 1 ? 'change' : 'changes'}`;
  }
}

function parse(args: readonly string[]): { own: OwnOptions; rest: string[]; help: string } {
  const command = new Command('asyncshift migrate')
    .usage('--test <command> --to <style> [options] [paths...]')
    .description(Object.entries(COMMANDS).find(([key]) => key.startsWith('migrate'))![1])
    .exitOverride()
    .helpOption(false)
    .allowUnknownOption()
    .argument('[paths...]')
    .option('--test <command>', 'what must stay green; it runs in a scratch work tree')
    .option('--setup <command>', 'run there once, before the tests (default: dependencies are lent)')
    .option('--test-timeout <seconds>', 'a run that takes longer has failed', wholeNumber)
    .option('--retries <n>', 'ask a red run again this often before a change is blamed', wholeNumber, 1)
    .option('--allow-untested', 'go on when the tests do not notice broken files', false)
    .option('--restart', 'forget what a stopped run of this migration found out', false)
    .option('-h, --help', 'this text; the other options are those of asyncshift --help')
    .configureHelp({ visibleArguments: () => [] })
    .configureOutput({ writeErr: () => undefined });
  try {
    const { operands, unknown } = command.parseOptions([...args]);
    return { own: command.opts<OwnOptions>(), rest: [...unknown, ...operands], help: command.helpInformation() };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new UsageError(error.message.replace(/^error: /, ''), 'asyncshift migrate --help');
  }
}

function wholeNumber(value: string): number {
  if (!/^\d{1,6}$/.test(value)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(value);
}
