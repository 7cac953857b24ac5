import type { Note, Refusal } from '../../flow/model.js';
import type { FileContext } from '../context.js';
import { localNameFor } from '../imports.js';
import type { PlacedRefusal, PlannedGroup } from '../plan.js';
import { rangeOf } from '../snippet.js';
import { mostItems } from './count.js';
import { fanOutsIn } from './fan-outs.js';
import { canImport, chooseLibrary, type Chosen } from './libraries.js';
import { declareAt, isWaitedFor, placeFor, type Place } from './place.js';
import { pushesIn, type Pushes } from './pushes.js';

/** Jobs that a loop starts and puts in a list: each waits for its turn, and the list is waited for as before. */
export function planPushes(
  ctx: FileContext,
  rule: string,
  isOurs: (join: Pushes['join']) => boolean,
): { groups: PlannedGroup[]; refusals: PlacedRefusal[] } {
  const groups: PlannedGroup[] = [];
  const refusals: PlacedRefusal[] = [];
  for (const pushes of pushesIn(ctx)) {
    if (!isOurs(pushes.join)) continue;
    const read = 'refusal' in pushes ? pushes.refusal : boundOf(pushes, ctx);
    if ('code' in read) refusals.push({ ctx, rule, refusal: read });
    else groups.push(groupOf(pushes as Pushes, read, ctx, rule));
  }
  return { groups, refusals };
}

interface Bound {
  readonly most: number;
  readonly place: Place;
  readonly chosen: Chosen;
  readonly notes: readonly Note[];
}

function boundOf({ join, jobs, list }: Pushes, ctx: FileContext): Bound | Refusal {
  const at = rangeOf(join);
  const asked = ctx.options.limit;
  const count = list && mostItems(list, ctx);
  const place = placeFor(jobs);
  const chosen = chooseLibrary(ctx, (library) => library === 'p-limit');
  if (!canImport(ctx)) return { code: 'reference-use', at };
  if (!isWaitedFor(join, () => false)) return { code: 'microtask-order', at };
  if (count === undefined && asked === undefined) return { code: 'bound-unknown', at };
  if (chosen === 'esm-only') return { code: 'library-esm-only', at };
  if (!place) return { code: 'no-async-here', at };
  const most = Math.max(1, Math.min(count ?? Infinity, asked ?? Infinity));
  const notes: Note[] = [
    ...(asked !== undefined && most < (count ?? Infinity) ? [{ code: 'fewer-at-once', at }] : []),
    ...(chosen.beside ? [{ code: 'dependency-added', at }] : []),
  ];
  return { most, place, chosen, notes };
}

// const jobs = [];                              const limit = pLimit(3); in front
// for (const x of list) jobs.push(load(x));     limit(() => load(x))
function groupOf(
  { start, join }: Pushes,
  { most, place, chosen, notes }: Bound,
  ctx: FileContext,
  rule: string,
): PlannedGroup {
  const name = limiterName(ctx);
  const { starts } = declareAt(place, `const ${name} = ${localNameFor(ctx, chosen.need)}(${most})`, ctx);
  const edits = [
    ...starts,
    { start: start.getStart(), end: start.getStart(), text: `${name}(() => ` },
    { start: start.end, end: start.end, text: ')' },
  ];
  return {
    rule,
    title: `at most ${most} at once`,
    entries: [],
    edits: edits.map((edit, at) => ({ ctx, edit, ...(at === 0 && { needs: [chosen.need] }) })),
    beside: chosen.beside ? [chosen.beside] : [],
    unsafe: [],
    notes,
    main: { ctx, at: join.getStart() },
  };
}

/** Beside fan-outs of the other kind, whose limiters have names of their own. */
function limiterName(ctx: FileContext): string {
  const taken = ctx.scopes.namesWithin(ctx.file);
  const wish = fanOutsIn(ctx).length > 0 ? 'limitJob' : 'limit';
  let name = wish;
  for (let n = 2; taken.has(name); n++) name = `${wish}${n}`;
  return name;
}
