import type { ChangeGroup } from '../types.js';

/**
 * Groups that can only be taken together, in the order of the first of each: two groups may share an edit, such as the removal of an
 * import that both make needless, and one alone would take it from the other.
 */
export function unitsOf(groups: readonly ChangeGroup[]): ChangeGroup[][] {
  const units = new Map<string, ChangeGroup[]>();
  const owner = new Map<string, ChangeGroup[]>();
  for (const group of groups) {
    const keys = group.edits.flatMap(({ path, start, end, create }) =>
      create || end > start ? `${path}\0${start}:${end}` : [],
    );
    const met = [...new Set(keys.flatMap((key) => [owner.get(key) ?? []]).filter((unit) => unit.length > 0))];
    const unit = [...met.flat(), group];
    for (const other of met) units.delete(other[0]!.id);
    units.set(unit[0]!.id, unit);
    for (const member of unit)
      for (const { path, start, end, create } of member.edits)
        if (create || end > start) owner.set(`${path}\0${start}:${end}`, unit);
  }
  return [...units.values()];
}
