import type { Override, Settings, TransformOptions } from '../types.js';
import { matcherOf } from './patterns.js';
import { hashOf } from './read.js';
import { version } from './version.js';

/** What a run is asked for, in the canonical form: defaults said, the rest only where it was asked for, in one order. */
export function settingsOf(asked: TransformOptions & { readonly overrides?: readonly Override[] }): Settings {
  const { exports = 'wrap', unsafe = false, types, overrides } = asked;
  const base = given({ ...asked, exports, unsafe, types: types || undefined });
  return { ...base, ...(overrides?.length && { overrides: overrides.map(overrideOf) }) };
}

/** Equal for equal results: the same version, asked for the same. */
export const settingsHash = (settings: Settings): string => hashOf(JSON.stringify([version(), settings]));

/** The settings of one file: those of the run, changed by the last override that is about it. Without overrides of their own. */
export function settingsFinder(settings: Settings): (file: string) => Settings {
  const { overrides, ...base } = settings;
  if (!overrides) return () => base;
  const cases = overrides.map(({ include, exclude, ...own }) => ({
    matches: matcherOf(include, exclude),
    settings: { ...base, ...own },
  }));
  return (file) => cases.findLast(({ matches }) => matches(file))?.settings ?? base;
}

/** The options of the engine alone, without those that are not set. */
function given<T extends Partial<TransformOptions>>(asked: T): Pick<T, keyof TransformOptions> {
  const { to, from, exports, unsafe, types, pool, limit, rules } = asked;
  const all = { to, from, exports, unsafe, types, pool, limit, rules: rules && [...rules].sort() };
  const set = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as Pick<T, keyof TransformOptions>;
}

const overrideOf = (override: Override): Override => ({
  include: override.include,
  ...(override.exclude?.length && { exclude: override.exclude }),
  ...given(override),
});
