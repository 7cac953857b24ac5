import { RULES } from '../run/config/config.js';
import { parse, type Open } from './commands.js';
import { COMMANDS, flagsOf, FORMATS, STYLES, UsageError } from './options.js';

const SHELLS = ['bash', 'zsh', 'fish', 'pwsh'] as const;
type Shell = (typeof SHELLS)[number];

/** Prints the script that makes a shell complete our words; the user adds it to the shell's start-up file. */
export async function completions(args: readonly string[], open: Open): Promise<number> {
  const { options, operands, help } = parse('completions', '<bash | zsh | fish | powershell>', args);
  const screen = open(options);
  if (options.help) return screen.out(help).then(() => 0);
  const shell = SHELLS.find((one) => one === (operands[0] === 'powershell' ? 'pwsh' : operands[0]));
  if (!shell || operands.length > 1)
    throw new UsageError(
      'completions wants one shell: bash, zsh, fish, powershell',
      'asyncshift completions bash >> ~/.bashrc',
    );
  const { getCompletionScript } = require('@pnpm/tabtab') as Tabtab;
  await screen.out(await getCompletionScript({ name: 'asyncshift', completer: 'asyncshift', shell }));
  return 0;
}

interface Tabtab {
  getCompletionScript(of: { name: string; completer: string; shell: Shell }): Promise<string>;
  parseEnv(env: NodeJS.ProcessEnv): { complete: boolean; line: string; last: string; prev: string };
  getShellFromEnv(env: NodeJS.ProcessEnv): Shell;
  log(words: readonly string[], shell: Shell): void;
  logFiles(): void;
}

/** What the script asks for at each tab: the words that can follow, or files. */
export function completeWords(): number {
  const { parseEnv, getShellFromEnv, log, logFiles } = require('@pnpm/tabtab') as Tabtab;
  const { complete, line, last, prev } = parseEnv(process.env);
  if (!complete) return 0;
  const words = wordsAfter(line.trimStart().split(/\s+/), last, prev);
  if (words) log(words, getShellFromEnv(process.env));
  else logFiles();
  return 0;
}

const VALUES: Readonly<Record<string, readonly string[]>> = {
  '--to': STYLES,
  '-t': STYLES,
  '--from': STYLES,
  '-f': STYLES,
  '--output': FORMATS,
  '--exports': ['wrap', 'change', 'refuse'],
  '--pool': ['threads', 'limit'],
  '--color': ['auto', 'always', 'never'],
  '--rule': RULES,
  '--skip': RULES,
  completions: ['bash', 'zsh', 'fish', 'powershell'],
};

/** `undefined`: files. */
export function wordsAfter(typed: readonly string[], last: string, prev: string): readonly string[] | undefined {
  const values = VALUES[prev];
  if (values) return values;
  if (prev === 'explain') return require('../messages/index.js').refusalCodes as readonly string[];
  if (last.startsWith('-')) return flagsOf();
  const isFirst = typed.length <= 2 && typed[1] === last;
  return isFirst && last !== '' && !/[./]/.test(last)
    ? Object.keys(COMMANDS).map((name) => name.split(' ')[0]!)
    : undefined;
}
