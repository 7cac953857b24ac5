import * as posix from 'node:path/posix';
import type { Override } from '../types.js';
import { relativePosix } from './paths.js';

/** Patterns of files, as a configuration says them: from the folder `base`, always with `/`. */
export interface Patterns {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Absolute; default: the folder of the run. */
  readonly base?: string;
}

/** Says whether a path is one of those that patterns mean, and none of those that are excluded. All from one root. */
export function matcherOf(include: readonly string[], exclude: readonly string[] = []): (file: string) => boolean {
  const picomatch = require('picomatch') as typeof import('picomatch');
  const matches = picomatch(include.flatMap(meant), { dot: true });
  const isExcluded = exclude.length > 0 ? picomatch(exclude.flatMap(meant), { dot: true }) : () => false;
  return (file) => matches(file) && !isExcluded(file);
}

/** A name without wildcards means the file, or all that is in the folder. */
const meant = (pattern: string): string[] => (/[*?{}[\]()!]/.test(pattern) ? [pattern] : [pattern, `${pattern}/**`]);

/** The same patterns, said from the root of the run. */
export function fromRootOf(root: string, base: string): (patterns: readonly string[]) => string[] {
  const prefix = relativePosix(root, base).replace(/[\\*?[\]{}()!+@]/g, '\\$&');
  return (patterns) => patterns.map((pattern) => posix.join(prefix, pattern).replace(/\/$/, ''));
}

/** Why a configuration keeps a file out of the run, if it does. */
export function leavesOut(root: string, { include, exclude, base }: Patterns): (file: string) => string | undefined {
  const placed = fromRootOf(root, base ?? root);
  const included = include ? matcherOf(placed(include)) : () => true;
  const excluded = exclude?.length ? matcherOf(placed(exclude)) : () => false;
  return (file) =>
    excluded(file)
      ? 'excluded by the configuration'
      : included(file)
        ? undefined
        : 'not in "include" of the configuration';
}

/** Overrides whose patterns are said from the root of the run. */
export function placedOverrides(root: string, base: string, overrides: readonly Override[]): Override[] {
  const placed = fromRootOf(root, base);
  return overrides.map((each) => ({
    ...each,
    include: placed(each.include),
    ...(each.exclude && { exclude: placed(each.exclude) }),
  }));
}
