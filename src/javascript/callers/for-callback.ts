import type { Entry, Refusal } from '../../flow/model.js';
import type { FileContext } from '../context.js';
import { canImportBuiltins, localNameFor } from '../imports.js';
import type { PlacedRefusal, PlannedGroup } from '../plan.js';

/** What a reader found in one file. */
export interface ReadFile {
  readonly ctx: FileContext;
  readonly entries: readonly Entry[];
  readonly refusals: readonly Refusal[];
}

/**
 * Who changes when functions that give promises become callback functions. Whoever calls them still gets a promise, unless all
 * callers are seen and can follow.
 */
export function planCallbacks(
  rule: string,
  files: readonly ReadFile[],
): { groups: PlannedGroup[]; refusals: PlacedRefusal[] } {
  const groups: PlannedGroup[] = [];
  const refusals: PlacedRefusal[] = [];
  for (const { ctx, entries, refusals: left } of files) {
    refusals.push(...left.map((refusal) => ({ ctx, rule, refusal })));
    for (const entry of entries) {
      if (isBridge(ctx, entry)) continue;
      const kept = keptPromise(ctx, entry);
      if ('code' in kept) refusals.push({ ctx, rule, refusal: kept });
      else groups.push(groupOf(rule, ctx, kept));
    }
  }
  return { groups, refusals };
}

/** What `callbackify` is given is as it must be. */
function isBridge(ctx: FileContext, entry: Entry): boolean {
  return /\bcallbackify\d*\(\s*$/.test(ctx.text.slice(Math.max(0, entry.at.start - 40), entry.at.start));
}

function groupOf(rule: string, ctx: FileContext, entry: Entry): PlannedGroup {
  const inside = entry.shape.kind === 'promisified';
  return {
    rule,
    title: inside
      ? `${entry.name} waits through callbacks, and still gives a promise`
      : 'a promise chain becomes callbacks',
    entries: [{ ctx, entry }],
    edits: [],
    unsafe: [],
    notes: entry.notes,
    main: { ctx, at: entry.at.start },
  };
}

/** The inside becomes callbacks; the function gives a promise as before. */
function keptPromise(ctx: FileContext, entry: Entry): Entry | Refusal {
  const at = { start: entry.at.start, end: entry.at.start + 1 };
  if (!canImportBuiltins(ctx)) return { code: 'no-callback-form', at };
  if (ctx.typescript) return { code: 'no-callback-form', at };
  if (entry.shape.kind === 'statement') return entry;
  const need = { from: 'util', name: 'promisify', local: 'promisify' };
  const via = localNameFor(ctx, need);
  const callback = { name: freeIn(ctx.text.slice(entry.at.start, entry.at.end)) };
  return {
    ...entry,
    shape: { kind: 'promisified', via, callback },
    needs: [...entry.needs, need],
  };
}

function freeIn(text: string): string {
  const words = new Set(text.match(/[\w$]+/g) ?? []);
  const name = ['callback', 'cb', 'done'].find((each) => !words.has(each));
  if (name) return name;
  for (let n = 2; ; n++) if (!words.has(`callback${n}`)) return `callback${n}`;
}
