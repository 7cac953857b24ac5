import type { Refusal } from '../../../flow/model.js';
import type { FileContext } from '../../context.js';
import type { PlacedRefusal, PlannedGroup } from '../../plan.js';
import { rangeOf } from '../../snippet.js';
import { mostItems } from '../count.js';
import type { FanOut } from '../fan-outs.js';
import { hasDependency, manifestOf } from '../manifest.js';
import { ownThreadLibrary } from './library.js';
import { groupFor, isUnsafe, poolNames, readyFor, type Ready } from './on-threads.js';
import { worksForItself } from './task.js';

/**
 * A fan-out that goes on threads, or why it can't. `undefined`: this one is for a limit. Threads are taken where the user asked for them,
 * where the package has a library of them, and, when it has no library at all, for tasks that work and do not only wait; unasked,
 * a task that may not move gets a limit instead.
 */
export function planThreads(fanOut: FanOut, wrong: Refusal | undefined, ctx: FileContext): Ready | Refusal | undefined {
  const asked = ctx.options.pool;
  if (asked === 'limit') return undefined;
  const own = ownThreadLibrary(ctx);
  const isChosen = !asked && !own && !hasLimits(ctx) && worksForItself(fanOut, ctx);
  if (!asked && !own && !isChosen) return undefined;
  // A promise is no item that could go to a thread, so a task without a call has only work to do.
  const isWork = wrong?.code === 'already-started' && !fanOut.named;
  const made = (isWork ? undefined : wrong) ?? withBound(fanOut, ctx);
  if ('code' in made) return asked ? made : undefined;
  if (!asked && isUnsafe(made, ctx)) return undefined;
  const at = rangeOf(fanOut.join);
  return isChosen ? { ...made, notes: [...made.notes, { code: 'threads-chosen', at }] } : made;
}

function withBound(fanOut: FanOut, ctx: FileContext): Ready | Refusal {
  const count = mostItems(fanOut.list, ctx);
  const { limit } = ctx.options;
  const at = rangeOf(fanOut.join);
  if (count === undefined && limit === undefined) return { code: 'bound-unknown', at };
  const most = Math.max(1, Math.min(count ?? Infinity, limit ?? Infinity));
  const made = readyFor(fanOut, most, ctx);
  if ('code' in made) return made;
  return most < (count ?? Infinity) ? { ...made, notes: [{ code: 'fewer-at-once', at }] } : made;
}

/** Fan-outs with the same task go together. */
export function threadGroups(
  sites: readonly Ready[],
  rule: string,
  ctx: FileContext,
): { groups: PlannedGroup[]; refusals: PlacedRefusal[] } {
  const byTask = new Map<unknown, Ready[]>();
  for (const site of sites) byTask.set(site.task.fn, [...(byTask.get(site.task.fn) ?? []), site]);
  const names = poolNames(sites, ctx);
  const made = [...byTask.values()].map((members) => groupFor(members, names, rule, ctx));
  return {
    groups: made.flatMap((each) => ('code' in each ? [] : [each])),
    refusals: made.flatMap((each) => ('code' in each ? [{ ctx, rule, refusal: each }] : [])),
  };
}

function hasLimits(ctx: FileContext): boolean {
  const manifest = manifestOf(ctx);
  return (
    !!manifest && ['p-limit', 'p-map', 'p-queue', 'async', 'bluebird'].some((name) => hasDependency(manifest, name))
  );
}
