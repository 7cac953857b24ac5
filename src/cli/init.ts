import * as fs from 'node:fs';
import * as path from 'node:path';
import { chooseFiles } from '../run/choose.js';
import { findConfig } from '../run/config/find.js';
import { languageOf } from '../run/paths.js';
import { isError, readSource } from '../run/read.js';
import type { Style } from '../types.js';
import { parse, type CommandOptions, type Open } from './commands.js';
import { STYLES, UsageError } from './options.js';

interface InitOptions extends CommandOptions {
  readonly to?: string;
}

/** Writes a configuration for the style that most of the code has, and says how to run it in a hook. Nothing that is there is changed. */
export async function init(args: readonly string[], open: Open): Promise<number> {
  const { options, operands, help } = parse<InitOptions>('init', '[--to style]', args, (command) =>
    command.option('--to <style>', `${STYLES.join(' | ')} (default: what most of the code is written in)`),
  );
  const screen = open(options);
  if (options.help) return screen.out(help).then(() => 0);
  if (operands.length > 0) throw new UsageError(`init takes no names: '${operands[0]}'`, 'asyncshift init --help');
  if (options.to !== undefined && !STYLES.includes(options.to as Style))
    throw new UsageError(`there is no style '${options.to}'. There are: ${STYLES.join(', ')}.`);
  const cwd = fs.realpathSync(process.cwd());
  const there = existing(cwd);
  if (there) throw new UsageError(`there is a configuration already: ${path.relative(cwd, there)}`);
  const seen = await stylesIn(cwd);
  const to = (options.to as Style | undefined) ?? seen.most;
  const file = path.join(cwd, 'asyncshift.config.json');
  fs.writeFileSync(file, configText(cwd, to), { flag: 'wx' });
  await screen.note(`Files that wait: ${seen.told}.`);
  await screen.note(`Wrote asyncshift.config.json: "to": "${to}".`);
  for (const line of hookAdvice(cwd)) await screen.note(line);
  await screen.note('Next: asyncshift shows what would change.');
  return 0;
}

/** Any configuration, also one that is code, or wrong. */
function existing(cwd: string): string | undefined {
  try {
    return findConfig(cwd)?.file;
  } catch (problem) {
    return (problem as { file?: string }).file ?? cwd;
  }
}

function configText(cwd: string, to: Style): string {
  const installed = fs.existsSync(path.join(cwd, 'node_modules', 'asyncshift', 'schema.json'));
  const config = { ...(installed && { $schema: './node_modules/asyncshift/schema.json' }), to };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

const SIGNS: readonly [Style, RegExp][] = [
  ['async', /\bawait\b/],
  ['promise', /\.then\s*\(/],
  ['pool', /\b(?:p-limit|p-map|p-queue|piscina|tinypool|workerpool|ThreadPoolExecutor|multiprocessing)\b/],
  ['callback', /\b(?:callback|cb|done|next)\s*\(\s*(?:err|null|undefined)\b|\(\s*err(?:or)?\s*,|add_done_callback/],
];

/** How many files have a sign of each style, and the one that most have: a first guess, which the user can read and change. */
async function stylesIn(cwd: string): Promise<{ most: Style; told: string }> {
  const { root, files } = await chooseFiles({ cwd, paths: ['.'], ignore: true, mustMatch: false });
  const counts = new Map<Style, number>(SIGNS.map(([style]) => [style, 0]));
  for (const file of files) {
    const read = readSource(root, file);
    if (isError(read) || !languageOf(file)) continue;
    for (const [style, sign] of SIGNS) if (sign.test(read.text)) counts.set(style, counts.get(style)! + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return { most: sorted[0]![0], told: sorted.map(([style, count]) => `${count} ${style}`).join(', ') };
}

/** What to add where the project's hook manager is set up: shown, never written. */
function hookAdvice(cwd: string): string[] {
  const has = (name: string): boolean => fs.existsSync(path.join(cwd, name));
  const manifest = has('package.json') ? fs.readFileSync(path.join(cwd, 'package.json'), 'utf8') : '';
  if (has('.pre-commit-config.yaml')) return ['Hook (pre-commit): add the hook `asyncshift`, see docs/hooks.md.'];
  if (['lefthook.yml', 'lefthook.yaml', '.lefthook.yml'].some(has))
    return ['Hook (lefthook): `run: npx asyncshift --write -- {staged_files}` with `stage_fixed: true`.'];
  if (manifest.includes('"lint-staged"') || fs.readdirSync(cwd).some((name) => name.startsWith('.lintstagedrc')))
    return ['Hook (lint-staged): `"*.{js,jsx,ts,tsx,mjs,cjs,mts,cts,py}": "asyncshift --write --quiet"`.'];
  if (has('.husky')) return ['Hook (husky): add the line `npx asyncshift --staged --write` to .husky/pre-commit.'];
  return ['No hook manager was found. In .git/hooks/pre-commit: `npx asyncshift --staged --write`.'];
}
