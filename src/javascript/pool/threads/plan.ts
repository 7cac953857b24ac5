import type { Refusal } from '../../../flow/model.js';
import type { FileContext } from '../../context.js';
import type { PlannedGroup } from '../../plan.js';
import { rangeOf } from '../../snippet.js';
import { mostItems } from '../count.js';
import type { FanOut } from '../fan-outs.js';
import { hasDependency, manifestOf } from '../manifest.js';
import { ownThreadLibrary } from './library.js';
import { onThreads, worksForItself } from './on-threads.js';

/**
 * A fan-out as a change group that puts it on threads, or why it can't be. `undefined`: this one is for a limit. Threads are taken where
 * the user asked for them, where the package has a library of them, and, when it has no library at all, for tasks that work and do
 * not only wait; there a task that may not move gets a limit instead.
 */
export function planThreads(
  fanOut: FanOut,
  wrong: Refusal | undefined,
  rule: string,
  ctx: FileContext,
): PlannedGroup | Refusal | undefined {
  const asked = ctx.options.pool;
  if (asked === 'limit') return undefined;
  const chosen =
    asked ?? ownThreadLibrary(ctx) ?? (!hasLimits(ctx) && worksForItself(fanOut, ctx) ? 'chosen' : undefined);
  if (!chosen) return undefined;
  // A promise is no item that could go to a thread, so a task without a call has only work to do.
  const isWork = wrong?.code === 'already-started' && !fanOut.named;
  const made = (isWork ? undefined : wrong) ?? withBound(fanOut, ctx);
  if ('code' in made) return asked ? made : undefined;
  const { edits, needs, beside, unsafe, notes, most } = made;
  if (!asked && unsafe.length > 0) return undefined;
  const at = rangeOf(fanOut.join);
  return {
    rule,
    title: `${most} threads`,
    entries: [],
    edits: edits.map((edit, index) => ({ ctx, edit, ...(index === 0 && { needs }) })),
    beside,
    unsafe,
    notes: [...notes, ...(chosen === 'chosen' ? [{ code: 'threads-chosen', at }] : [])],
    main: { ctx, at: fanOut.join.getStart() },
  };
}

function withBound(
  fanOut: FanOut,
  ctx: FileContext,
): (Exclude<ReturnType<typeof onThreads>, Refusal> & { most: number }) | Refusal {
  const count = mostItems(fanOut.list, ctx);
  const { limit } = ctx.options;
  const at = rangeOf(fanOut.join);
  if (count === undefined && limit === undefined) return { code: 'bound-unknown', at };
  const most = Math.max(1, Math.min(count ?? Infinity, limit ?? Infinity));
  const made = onThreads(fanOut, most, ctx);
  if ('code' in made) return made;
  const isFewer = most < (count ?? Infinity);
  return { ...made, most, notes: [...made.notes, ...(isFewer ? [{ code: 'fewer-at-once', at }] : [])] };
}

function hasLimits(ctx: FileContext): boolean {
  const manifest = manifestOf(ctx);
  return (
    !!manifest && ['p-limit', 'p-map', 'p-queue', 'async', 'bluebird'].some((name) => hasDependency(manifest, name))
  );
}
