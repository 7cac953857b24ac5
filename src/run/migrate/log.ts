import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { ChangeGroup } from '../../types.js';
import { byText } from '../paths.js';
import type { Verdict } from './search.js';

/** Verdicts that are known already. The search is the same every time, so what was answered before is all there is to resume. */
export interface Log {
  get(set: string): Verdict | undefined;
  /** On the disk before the search goes on. */
  put(set: string, verdict: Verdict): void;
  /** How many verdicts an earlier run left. */
  readonly known: number;
  /** The migration has come to its end: nothing is left to resume. */
  drop(): void;
}

/** The name of a set of groups: what they write, not how they are called. */
export function nameOfSet(groups: readonly ChangeGroup[]): string {
  const texts = groups.map((group) => JSON.stringify(group.edits)).sort(byText);
  return createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 32);
}

/**
 * The log of one migration: a line per verdict. `key` holds all that a verdict depends on (sources, commands, version), so that a log is
 * never read for another migration. A last line that was cut off by a kill is passed over.
 */
export function openLog(folder: string, key: string, restart: boolean): Log {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, `migrate-${key}.ndjson`);
  if (restart) fs.rmSync(file, { force: true });
  const verdicts = new Map(restart ? [] : readLog(file));
  return {
    known: verdicts.size,
    get: (set) => verdicts.get(set),
    put(set, verdict) {
      verdicts.set(set, verdict);
      // The line begins with its break: half a line of a killed run stays on a line of its own.
      fs.appendFileSync(file, `\n${JSON.stringify({ set, ...verdict })}`, { mode: 0o600 });
    },
    drop: () => fs.rmSync(file, { force: true }),
  };
}

function readLog(file: string): [string, Verdict][] {
  if (!fs.existsSync(file)) return [];
  return fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        const { set, green, output } = JSON.parse(line) as { set: string } & Verdict;
        return typeof green === 'boolean' ? [[set, { green, output }] as [string, Verdict]] : [];
      } catch {
        return [];
      }
    });
}
