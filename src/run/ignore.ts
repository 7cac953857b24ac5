import * as fs from 'node:fs';
import * as path from 'node:path';
import ignoreLibrary, { type Ignore } from 'ignore';
import { NEVER } from './paths.js';

/** What keeps a path out of a run: the name of a rule file, or of a folder that is always skipped. */
export type IgnoredBy = string;

export interface IgnoreRules {
  /** For a path whose parent folders are known not to be ignored (a walk from the top). Relative to the root, with `/`. */
  entry(file: string, folder: boolean): IgnoredBy | undefined;
  /** For any path: its parent folders are looked at too. */
  path(file: string): IgnoredBy | undefined;
}

/** One rule file; of those in a folder, the first that says something wins. */
interface RuleFile {
  readonly matcher: Ignore;
  readonly name: string;
}

type Level = readonly RuleFile[];

const FILES = ['.asyncshiftignore', '.gitignore'];

/**
 * The rules of `.gitignore` and `.asyncshiftignore` in every folder from the root down, as git reads them: a deeper file wins over a
 * shallower one, and nothing in an ignored folder can be taken back. `node_modules` and the like are out whatever the rules say.
 */
export function ignoreRules(root: string, enabled: boolean): IgnoreRules {
  const levels = new Map<string, Level | undefined>();
  const levelAt = (folder: string): Level | undefined => {
    if (!levels.has(folder)) levels.set(folder, enabled ? readLevel(root, folder) : undefined);
    return levels.get(folder);
  };
  const entry = (file: string, folder: boolean): IgnoredBy | undefined => {
    const name = file.slice(file.lastIndexOf('/') + 1);
    if (NEVER.has(name)) return `${name} is always skipped`;
    if (!enabled) return undefined;
    return ignoredByLevels(file, folder, levelAt);
  };
  const wholePath = (file: string): IgnoredBy | undefined => {
    const parts = file.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const by = entry(parts.slice(0, depth).join('/'), true);
      if (by) return by;
    }
    return entry(file, false);
  };
  return { entry, path: wholePath };
}

function ignoredByLevels(
  file: string,
  folder: boolean,
  levelAt: (folder: string) => Level | undefined,
): IgnoredBy | undefined {
  let end = file.lastIndexOf('/');
  for (;;) {
    const base = end < 0 ? '' : file.slice(0, end);
    const level = levelAt(base);
    for (const { matcher, name } of level ?? []) {
      const inside = base === '' ? file : file.slice(base.length + 1);
      const verdict = matcher.test(folder ? `${inside}/` : inside);
      if (verdict.ignored) return `ignored by ${base === '' ? '' : `${base}/`}${name}`;
      if (verdict.unignored) return undefined;
    }
    if (end < 0) return undefined;
    end = file.lastIndexOf('/', end - 1);
  }
}

function readLevel(root: string, folder: string): Level | undefined {
  const names = folder === '' ? [...FILES, '.git/info/exclude'] : FILES;
  const level = names.flatMap((name) => {
    const text = readIfThere(path.join(root, folder, name));
    if (!text?.trim()) return [];
    const ignorecase = process.platform === 'win32' || process.platform === 'darwin';
    return [{ name, matcher: ignoreLibrary({ ignorecase }).add(text) }];
  });
  return level.length === 0 ? undefined : level;
}

function readIfThere(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch {
    return undefined;
  }
}
