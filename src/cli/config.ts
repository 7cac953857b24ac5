import * as fs from 'node:fs';
import * as path from 'node:path';
import { RULES, type Config, type ConfigOptions, type ConfigOverride } from '../run/config/config.js';
import { ConfigProblem, loadConfig, type LoadedConfig } from '../run/config/load.js';
import { ignoreRules } from '../run/ignore.js';
import { leavesOut, placedOverrides } from '../run/patterns.js';
import { languageOf, relativePosix, rootFor } from '../run/paths.js';
import { settingsFinder, settingsOf } from '../run/settings.js';
import type { Override } from '../types.js';
import { UsageError, type CliOptions, type Parsed } from './options.js';

/** The options with what the configuration says where the command line says nothing. */
export async function withConfig({ options, given }: Pick<Parsed, 'options' | 'given'>): Promise<CliOptions> {
  const cwd = fs.realpathSync(process.cwd());
  const loaded = options.config === false ? undefined : await load(cwd, options.config);
  const config = loaded?.config ?? {};
  const asked: CliOptions = { ...options, ...unless(given, config), rules: rulesOf(config.rules, options) };
  if (!loaded) return asked;
  const overrides = config.overrides?.map((each) => overrideOf(each, config, given, options));
  const { include, exclude } = config;
  return {
    ...asked,
    patternsFrom: path.dirname(loaded.file),
    ...(include && { include }),
    ...(exclude && { exclude }),
    ...(overrides && { overrides }),
  };
}

async function load(cwd: string, named: string | undefined): Promise<LoadedConfig | undefined> {
  try {
    return await loadConfig(cwd, named);
  } catch (error) {
    if (!(error instanceof ConfigProblem)) throw error;
    const place = error.line > 0 ? `:${error.line}:${error.column}` : '';
    throw new UsageError(`${relativePosix(cwd, error.file)}${place} ${error.what}`);
  }
}

const SAME = ['to', 'from', 'exports', 'unsafe', 'types', 'pool', 'limit'] as const;

/** The options that both know by the same name, without those that were given. */
function unless(given: ReadonlySet<string>, config: ConfigOptions): Partial<ConfigOptions> {
  const said = SAME.filter((name) => config[name] !== undefined && !given.has(name));
  return Object.fromEntries(said.map((name) => [name, config[name]]));
}

/** The directions that are left when some are switched off; `undefined` when none is. */
function rulesOf(
  rules: ConfigOptions['rules'] = {},
  { rule, skip }: Pick<CliOptions, 'rule' | 'skip'>,
): readonly string[] | undefined {
  const wanted = rule ?? RULES.filter((name) => rules[name] !== 'off');
  const left = wanted.filter((name) => !skip?.includes(name));
  return left.length === RULES.length ? undefined : left;
}

function overrideOf(each: ConfigOverride, config: Config, given: ReadonlySet<string>, options: CliOptions): Override {
  const rules = each.rules && rulesOf({ ...config.rules, ...each.rules }, options);
  return {
    include: each.include,
    ...(each.exclude && { exclude: each.exclude }),
    ...(unless(given, each) as Partial<Override>),
    ...(each.rules && { rules: rules ?? RULES }),
  };
}

/** What would be asked for in one file, and whether it would be looked at: `--print-config`. */
export function printedConfig(options: CliOptions, file: string): string {
  const cwd = fs.realpathSync(process.cwd());
  const absolute = path.resolve(cwd, file);
  const root = rootFor(cwd, [absolute]);
  const name = relativePosix(root, absolute);
  const base = options.patternsFrom ?? cwd;
  const overrides = placedOverrides(root, base, options.overrides ?? []);
  const settings = options.to && settingsFinder(settingsOf({ ...options, to: options.to, overrides }))(name);
  const skipped =
    (languageOf(name) ? undefined : 'not a kind of file that can be converted') ??
    ignoreRules(root, options.ignore).path(name) ??
    leavesOut(root, { ...options, base })(name);
  return `${JSON.stringify({ file: name, ...(skipped && { skipped }), settings: settings ?? {} }, undefined, 2)}\n`;
}
