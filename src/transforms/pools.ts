import type { PlannedGroup } from '../javascript/plan.js';
import type { Range } from '../types.js';

/**
 * A pool is taken out of a function before the function itself is converted: what surrounds it is left for the next round, which reads
 * plain code.
 */
export function poolsFirst(groups: readonly PlannedGroup[]): PlannedGroup[] {
  const pools = groups.filter((group) => group.rule.startsWith('pool-to-')).flatMap((group) => group.edits);
  if (pools.length === 0) return [...groups];
  return groups.filter((group) => {
    if (group.rule.startsWith('pool-to-')) return true;
    const places = [
      ...group.entries.map(({ ctx, entry }) => ({ ctx, at: entry.at })),
      ...group.edits.map(({ ctx, edit }) => ({ ctx, at: edit })),
    ];
    return !places.some(({ ctx, at }) => pools.some((pool) => pool.ctx === ctx && meet(at, pool.edit)));
  });
}

const meet = (a: Range, b: Range): boolean => a.start <= b.end && b.start <= a.end;
