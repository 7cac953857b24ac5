import { readCallbackProject } from '../javascript/callers/index.js';
import type { FileContext } from '../javascript/context.js';
import { buildGraph } from '../javascript/modules/graph.js';
import type { PlannedGroup } from '../javascript/plan.js';
import { onlyWindows } from '../javascript/pool/callback-windows.js';
import { planWindows } from '../javascript/pool/to-plain.js';
import { planFromThreads } from '../javascript/pool/threads/from-threads.js';
import { windowsOf } from '../javascript/pool/window.js';
import { rangeOf } from '../javascript/snippet.js';
import type { ProjectView, Range, Style, TransformOptions } from '../types.js';
import type { Plan, Transform } from './transform.js';

/**
 * Every pool of the files. Those in callback functions are found together with the functions; without `--from pool` that is what the
 * reader of callbacks does anyway.
 */
export function planPools(
  files: readonly FileContext[],
  to: Exclude<Style, 'pool'>,
  options: TransformOptions,
  view: ProjectView,
): Plan {
  const windows = planWindows(files, to, view);
  const threads = planFromThreads(files, to, view);
  const groups = [...windows.groups, ...threads.groups];
  const refusals = [...windows.refusals, ...threads.refusals];
  if (options.from !== 'pool' || to === 'callback') return { groups, refusals };
  const sources = files.map(({ path, text, file }) => ({ path, text, file }));
  const inCallbacks = onlyWindows(readCallbackProject(files, buildGraph(sources, view), options), `pool-to-${to}`);
  return {
    groups: [...groups, ...inCallbacks.groups],
    refusals: [...refusals, ...inCallbacks.refusals],
  };
}

/**
 * A pool is taken out of a function before the function itself is converted: what surrounds it is left for the next round, which reads
 * plain code.
 */
export function poolsFirst(groups: readonly PlannedGroup[], unsafe = false): PlannedGroup[] {
  // One that waits for `--unsafe` stays where it is.
  const gone = groups.filter((group) => group.rule.startsWith('pool-to-') && (unsafe || group.unsafe.length === 0));
  const pools = gone.flatMap((group) => group.edits);
  if (pools.length === 0) return [...groups];
  const isNear = ({ ctx, at }: Place): boolean => pools.some((pool) => pool.ctx === ctx && meet(at, pool.edit));
  return groups.filter((group) => group.rule.startsWith('pool-to-') || !placesOf(group).some(isNear));
}

/**
 * A function with a pool is a function of the style `pool`, whatever is around the pool: when the pool is gone, that function goes to the
 * same target, and no other does.
 */
export function followers(
  transforms: readonly Transform[],
  to: Style,
  touched: ReadonlyMap<string, readonly Range[]>,
): Transform[] {
  const isNew = ({ ctx, at }: Place): boolean => (touched.get(ctx.path) ?? []).some((range) => meet(at, range));
  return transforms
    .filter((each) => each.to === to && (each.from === 'async' || each.from === 'promise'))
    .map((each) => ({
      ...each,
      plan(files, options, view) {
        const { groups, refusals } = each.plan(files, options, view);
        return {
          groups: groups.filter((group) => placesOf(group).some(isNew)),
          refusals: refusals.filter(({ ctx, refusal }) => isNew({ ctx, at: refusal.at })),
        };
      },
    }));
}

/** Windows stay as they are on the way to callbacks. */
export function withoutWindows(plan: Plan): Plan {
  const known = new Map<FileContext, Range[]>();
  const inWindow = ({ ctx, at }: Place): boolean => {
    if (ctx.options.to !== 'callback') return false;
    if (!known.has(ctx)) known.set(ctx, windowsOf(ctx).map(rangeOf));
    return known.get(ctx)!.some((range) => range.start <= at.start && at.end <= range.end);
  };
  return {
    groups: plan.groups.filter((group) => group.rule.startsWith('pool-to-') || !placesOf(group).some(inWindow)),
    refusals: plan.refusals.filter(({ ctx, refusal }) => !inWindow({ ctx, at: refusal.at })),
  };
}

interface Place {
  readonly ctx: FileContext;
  readonly at: Range;
}

const placesOf = (group: PlannedGroup): Place[] => [
  ...group.entries.map(({ ctx, entry }) => ({ ctx, at: entry.at })),
  ...group.edits.map(({ ctx, edit }) => ({ ctx, at: edit })),
];

const meet = (a: Range, b: Range): boolean => a.start <= b.end && b.start <= a.end;
