import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { ExportsPolicy, Override, Style } from '../types.js';
import { RULES, type RuleName } from '../run/config/config.js';
import { directionProblem } from '../run/engine.js';
import { reports } from '../report/formats/index.js';
import { addScaleOptions, type ScaleOptions } from './scale-options.js';
import { didYouMean } from '../run/suggest.js';
import type { When } from './streams.js';

/** A mistake in how we were called: one message, exit code 2. */
export class UsageError extends Error {
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

export type OutputFormat = 'patch' | 'json' | 'explain' | keyof typeof reports;

export interface Output {
  readonly format: OutputFormat;
  /** Undefined is stdout. */
  readonly file?: string;
}

export interface CliOptions extends ScaleOptions {
  readonly to?: Style;
  readonly from?: Style;
  readonly exports: ExportsPolicy;
  readonly unsafe: boolean;
  readonly types: boolean;
  readonly pool?: 'threads' | 'limit';
  readonly limit?: number;
  readonly write: boolean;
  readonly check: boolean;
  readonly interactive?: boolean;
  readonly explain: boolean;
  readonly dryRun: boolean;
  readonly output: readonly Output[];
  readonly context: number;
  readonly ignore: boolean;
  readonly errorOnUnmatchedPattern: boolean;
  readonly skipParseErrors: boolean;
  readonly maxRefused?: number;
  readonly allowDirty: boolean;
  readonly allowNoVcs: boolean;
  readonly stdinFilename?: string;
  /** A file with paths, or `-` for stdin; `null`: they end with NUL. */
  readonly filesFrom?: string;
  readonly null: boolean;
  /** What is staged, as it is staged. */
  readonly staged: boolean;
  /** Only what differs from the merge base with this commit. */
  readonly since?: string;
  readonly stats: boolean;
  /** A configuration file; false: none. */
  readonly config?: string | false;
  readonly printConfig?: string;
  /** Only these directions; without some of them. */
  readonly rule?: readonly RuleName[];
  readonly skip?: readonly RuleName[];
  /** What a configuration says beside the options above, and the folder from which its patterns are said. */
  readonly rules?: readonly string[];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly overrides?: readonly Override[];
  readonly patternsFrom?: string;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color?: When;
}

export const STYLES: readonly Style[] = ['callback', 'promise', 'async', 'pool'];
const POLICIES: readonly ExportsPolicy[] = ['wrap', 'change', 'refuse'];
const POOLS = ['threads', 'limit'] as const;
const COLOURS: readonly When[] = ['auto', 'always', 'never'];
export const FORMATS: readonly OutputFormat[] = [
  'patch',
  'json',
  'explain',
  ...(Object.keys(reports) as (keyof typeof reports)[]),
];

export const COMMANDS: Readonly<Record<string, string>> = {
  init: 'writes a configuration for this project; changes nothing that is there',
  'completions <shell>': 'what makes bash, zsh, fish or powershell complete our words',
  list: 'the directions that can be asked for',
  'apply <plan>': 'make the changes of a plan, or some of them (--only)',
  'explain <code>': 'what a reason or a note means, and what to do',
  'migrate --test <command>': 'convert what the tests bear: groups that break them are found and left out',
  'merge <results...>': 'the results of shards, or of runs over different files, as one',
  'fleet <action>': 'add, work, status, results: one conversion over many repositories',
  undo: 'put back what the last --write replaced, if the files are unchanged since',
};

/** One of a few words, or a message with all of them and the nearest one. */
function oneOf<T extends string>(what: string, known: readonly T[]): (value: string) => T {
  return (value) => {
    const found = known.find((word) => word === value);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(
      `There is no ${what} '${value}'. There are: ${known.join(', ')}.${didYouMean(value, known)}`,
    );
  };
}

function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(value);
}

function atLeastOne(value: string): number {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : 0;
  if (number < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return number;
}

function addOutput(value: string, before: readonly Output[] = []): Output[] {
  const [name = '', ...rest] = value.split('=');
  const format = oneOf('output format', FORMATS)(name);
  const file = rest.join('=');
  if (rest.length > 0 && file === '')
    throw new InvalidArgumentError(`Name a file after '=', or leave '=' out for stdout.`);
  return [...before, { format, ...(file && file !== '-' && { file }) }];
}

const addRule = (value: string, before: readonly RuleName[] = []): RuleName[] => [
  ...before,
  oneOf('direction', RULES)(value),
];

const hidden = (flags: string, description: string): Option => new Option(flags, description).hideHelp();

/** The main command. `all` shows the options that few need. */
function mainCommand(all: boolean): Command {
  const rare = (flags: string, description: string): Option =>
    all ? new Option(flags, description) : hidden(flags, description);
  const command = new Command('asyncshift')
    .usage('[options] [paths...]')
    .description('Rewrite concurrent I/O code between styles. Prints a patch; writes nothing unless --write.')
    .argument('[paths...]', 'files, folders or quoted patterns; "-" reads a text from stdin')
    .exitOverride()
    .helpOption(false)
    .allowExcessArguments(true)
    .showSuggestionAfterError(true);
  addStyleOptions(command, rare);
  addResultOptions(command, rare);
  addFileOptions(command, rare);
  addScaleOptions(command, rare);
  addGeneralOptions(command, rare);
  command.configureHelp({
    visibleArguments: () => [],
    optionTerm: ({ flags }) => (flags.startsWith('--') ? `    ${flags}` : flags),
  });
  return command.configureOutput({ writeErr: () => undefined });
}

function addStyleOptions(command: Command, rare: (flags: string, description: string) => Option): void {
  command
    .optionsGroup('Style:')
    .option('-t, --to <style>', STYLES.join(' | '), oneOf('style', STYLES))
    .option('-f, --from <style>', 'only sites written in this style (default: any other style)', oneOf('style', STYLES))
    .addOption(
      new Option('--exports <policy>', 'wrap keeps the contract of exports (default), change, refuse').argParser(
        oneOf('exports policy', POLICIES),
      ),
    )
    .option('-u, --unsafe', 'also make changes that can alter behaviour (each is named)')
    .addOption(
      new Option('--pool <kind>', 'with --to pool: threads | limit (default: what the project uses)').argParser(
        oneOf('kind of pool', POOLS),
      ),
    )
    .option('--limit <n>', 'with --to pool: how many at once, where the code does not say', atLeastOne)
    .addOption(rare('--rule <name>', 'only this direction (repeatable)').argParser(addRule))
    .addOption(rare('--skip <name>', 'without this direction (repeatable)').argParser(addRule))
    .addOption(rare('--types', 'ask the compiler what values are, where a tsconfig.json covers the file'))
    .addOption(hidden('--no-unsafe', 'whatever the configuration says'))
    .addOption(hidden('--no-types', 'whatever the configuration says'));
}

function addResultOptions(command: Command, rare: (flags: string, description: string) => Option): void {
  command
    .optionsGroup('What to do with the result:')
    .option('-w, --write', 'change the files')
    .option('--check', 'exit 1 if anything would change (with --write: was changed)')
    .option('-i, --interactive', 'choose change by change, then write those that you took')
    .option('--explain', 'show why each site was refused, with the code')
    .addOption(
      new Option('--output <fmt[=file]>', `${FORMATS.join(' | ')} (default: patch; repeatable)`).argParser(addOutput),
    )
    .addOption(rare('-U, --context <n>', 'lines around a change in the patch (default: 3)').argParser(wholeNumber))
    .addOption(rare('--max-refused <n>', 'exit 1 if more sites are refused').argParser(wholeNumber))
    .addOption(rare('--allow-dirty', 'write files whose content git does not have yet'))
    .addOption(rare('--allow-no-vcs', 'write files that are not under git'))
    .addOption(rare('--stats', 'numbers of the run on stderr'));
}

function addFileOptions(command: Command, rare: (flags: string, description: string) => Option): void {
  command
    .optionsGroup('Which files:')
    .option('--staged', 'staged content only; with --write the index and the files')
    .option('--since <ref>', 'files changed since the merge base with <ref>')
    .option('--files-from <file>', 'read paths from a file or "-" (-0 for NUL)')
    .addOption(rare('-0, --null', 'with --files-from: paths end with NUL'))
    .option('--no-ignore', 'do not use .gitignore / .asyncshiftignore')
    .addOption(rare('--no-error-on-unmatched-pattern', 'a folder or pattern without files is no error'))
    .addOption(rare('--skip-parse-errors', 'files that do not parse are passed over'))
    .addOption(rare('--stdin-filename <path>', 'with "-": the name and place of the text'))
    .addOption(hidden('--stdin-filepath <path>', 'same as --stdin-filename'))
    .addOption(hidden('--stdin-file-path <path>', 'same as --stdin-filename'));
}

export const colourOption = (): Option =>
  new Option('--color <when>', COLOURS.join(' | ')).argParser(oneOf('colour setting', COLOURS));

function addGeneralOptions(command: Command, rare: (flags: string, description: string) => Option): void {
  command
    .optionsGroup('General:')
    .option('-n, --dry-run', 'preview (the default; wins over --write)')
    .option('-q, --quiet', 'errors only on stderr')
    .option('-v, --verbose', 'also what was skipped, each change, traces of defects')
    .addOption(rare('--config <file>', 'this configuration; a file of code is run only when it is named here'))
    .addOption(rare('--no-config', 'no configuration file'))
    .addOption(rare('--print-config <file>', 'what would be asked for in that file, as JSON'))
    .addOption(colourOption())
    .addOption(hidden('--colour <when>', 'same as --color').argParser(oneOf('colour setting', COLOURS)))
    .option('-h, --help', 'this text; with --all every option')
    .addOption(rare('--all', 'with --help: every option'))
    .option('-V, --version', 'the version');
}

/** Every option that is told, by its long name. */
export const flagsOf = (): string[] =>
  mainCommand(true).options.flatMap(({ long, hidden: isHidden }) => (long && !isHidden ? [long] : []));

/** The help screen; `all` with the options that few need. */
export const helpText = (all: boolean): string => `${mainCommand(all).helpInformation()}${helpEnd(all)}\n`;

const helpEnd = (all: boolean): string =>
  [
    '',
    'Commands:',
    ...Object.entries(COMMANDS).map(([name, text]) => `  ${name.padEnd(28)}${text}`),
    '',
    'Exit: 0 done · 1 --check found changes · 2 could not do it',
    ...(all ? [] : ['All options: asyncshift --help --all']),
  ].join('\n');

export interface Parsed {
  readonly options: CliOptions & { readonly help?: true; readonly version?: true };
  readonly paths: readonly string[];
  /** The options that were given, by name: they win over a configuration. */
  readonly given: ReadonlySet<string>;
}

const DEFAULTS = {
  exports: 'wrap',
  output: [],
  context: 3,
  unsafe: false,
  types: false,
  write: false,
  check: false,
  explain: false,
  dryRun: false,
  skipParseErrors: false,
  allowDirty: false,
  allowNoVcs: false,
  stats: false,
  null: false,
  staged: false,
  quiet: false,
  verbose: false,
};

/** Reads the command line. Every mistake is a `UsageError`. */
export function parseArguments(args: readonly string[]): Parsed {
  const command = mainCommand(false);
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new UsageError(error.message.replace(/^error: /, ''), 'asyncshift --help --all lists the options');
  }
  const raw = command.opts<Record<string, unknown>>();
  const stdinFilename = raw['stdinFilename'] ?? raw['stdinFilepath'] ?? raw['stdinFilePath'];
  const options = {
    ...DEFAULTS,
    ...raw,
    stdinFilename,
    color: raw['color'] ?? raw['colour'],
  } as unknown as Parsed['options'];
  const given = new Set(Object.keys(raw).filter((name) => command.getOptionValueSource(name) === 'cli'));
  return { options, paths: command.args, given };
}

/** Options that contradict one another, said before any work. */
export function checkTogether(options: CliOptions, paths: readonly string[]): void {
  if (!options.to) {
    throw new UsageError(
      `say which style to write: --to async. There are: ${STYLES.join(', ')}.`,
      'asyncshift --help; asyncshift init writes it into a configuration',
    );
  }
  checkPool(options);
  for (const asked of [
    options,
    ...(options.overrides ?? []).map((each) => ({ ...options, ...each, to: each.to ?? options.to! })),
  ])
    checkDirection({ ...asked, to: asked.to! });
  if (options.interactive && paths.includes('-'))
    throw new UsageError(`--interactive asks about files; name them instead of '-'.`);
  const toStdout = options.output.filter((output) => output.file === undefined);
  if (toStdout.length > 1) {
    const [, second] = toStdout;
    throw new UsageError(
      `two outputs for stdout; give one a file: --output ${second!.format}=report.${second!.format}`,
    );
  }
  const report = options.output.find(({ format }) => format in reports);
  if (paths.includes('-') && report)
    throw new UsageError(`--output ${report.format} is about files; name them instead of '-'.`);
  if (paths.includes('-') && paths.length > 1)
    throw new UsageError(`'-' reads one text from stdin; it goes with no other path.`);
  if (paths.includes('-') && (options.staged || (options.filesFrom ?? options.since) !== undefined))
    throw new UsageError(`'-' reads one text from stdin; --staged, --files-from and --since choose files.`);
  if (options.staged && options.since !== undefined)
    throw new UsageError(`--staged and --since are two ways to choose files; give one.`);
  if (options.shard && (options.staged || isWriting(options)))
    throw new UsageError(`--shard makes a part of a result; it goes with no --write and no --staged.`);
  if (options.null && options.filesFrom === undefined)
    throw new UsageError(`--null says how --files-from ends its paths; add --files-from.`);
  if (!paths.includes('-') && options.stdinFilename !== undefined) {
    throw new UsageError(`--stdin-filename is the name of a text from stdin; add '-' to read one.`);
  }
}

function checkDirection({ to, from, pool, limit }: CliOptions & { readonly to: Style }): void {
  if (from === to) throw new UsageError(`--from and --to are both '${to}': there is nothing to convert.`);
  const problem = directionProblem({ to, from, pool, limit });
  if (problem) throw new UsageError(problem, 'asyncshift list');
}

const isWriting = (options: CliOptions): boolean => options.write && !options.dryRun;

/** What only a pool has. */
function checkPool({ to, pool, limit, overrides }: CliOptions): void {
  if (overrides?.some((each) => each.to === 'pool')) return;
  const alone = pool !== undefined ? '--pool' : limit !== undefined ? '--limit' : undefined;
  if (alone && to !== 'pool') throw new UsageError(`${alone} goes with --to pool; this run writes '${to}'.`);
}
