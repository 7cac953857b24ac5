import { diffArrays } from 'diff';

/** Lines `oldStart` to `oldEnd` became lines `newStart` to `newEnd`, both half open from 0. */
export interface Region {
  readonly oldStart: number;
  readonly oldEnd: number;
  readonly newStart: number;
  readonly newEnd: number;
}

/**
 * Where two texts differ, in order. Lines that are there exactly once on both sides hold the texts together (patience diff), so the search for the
 * smallest difference, whose time grows with the square of its size, only has what lies between them.
 */
export function changedRegions(before: readonly string[], after: readonly string[]): Region[] {
  const found: Region[] = [];
  const whole = { oldStart: 0, oldEnd: before.length, newStart: 0, newEnd: after.length };
  const waiting = [trimmed(whole, before, after)];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (next.oldStart === next.oldEnd || next.newStart === next.newEnd) {
      if (next.oldStart !== next.oldEnd || next.newStart !== next.newEnd) found.push(next);
      continue;
    }
    const anchors = anchorsIn(next, before, after);
    if (anchors.length === 0) found.push(...smallest(next, before, after));
    else
      waiting.push(
        ...between(next, anchors)
          .map((part) => trimmed(part, before, after))
          .reverse(),
      );
  }
  return joined(found);
}

/** Without the lines that both sides begin and end with. */
function trimmed(region: Region, before: readonly string[], after: readonly string[]): Region {
  let { oldStart, oldEnd, newStart, newEnd } = region;
  while (oldStart < oldEnd && newStart < newEnd && before[oldStart] === after[newStart]) (oldStart++, newStart++);
  while (oldStart < oldEnd && newStart < newEnd && before[oldEnd - 1] === after[newEnd - 1]) (oldEnd--, newEnd--);
  return { oldStart, oldEnd, newStart, newEnd };
}

type Anchor = readonly [old: number, fresh: number];

/** The longest row of lines that are unique on both sides and in the same order. */
function anchorsIn(region: Region, before: readonly string[], after: readonly string[]): Anchor[] {
  const inOld = placesOf(before, region.oldStart, region.oldEnd);
  const inNew = placesOf(after, region.newStart, region.newEnd);
  const pairs: Anchor[] = [];
  for (const [line, old] of inOld) {
    const fresh = inNew.get(line);
    if (old >= 0 && fresh !== undefined && fresh >= 0) pairs.push([old, fresh]);
  }
  return increasing(pairs);
}

/** The place of each line that is there once; -1 for the others. */
function placesOf(lines: readonly string[], start: number, end: number): Map<string, number> {
  const places = new Map<string, number>();
  for (let at = start; at < end; at++) places.set(lines[at]!, places.has(lines[at]!) ? -1 : at);
  return places;
}

/** The longest increasing row by the second number, of pairs sorted by the first. */
function increasing(pairs: readonly Anchor[]): Anchor[] {
  const tops: number[] = [];
  const previous: number[] = [];
  pairs.forEach(([, fresh], at) => {
    let [low, high] = [0, tops.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[tops[middle]!]![1] < fresh) low = middle + 1;
      else high = middle;
    }
    previous[at] = low > 0 ? tops[low - 1]! : -1;
    tops[low] = at;
  });
  const row: Anchor[] = [];
  for (let at = tops.at(-1) ?? -1; at >= 0; at = previous[at]!) row.push(pairs[at]!);
  return row.reverse();
}

function between(region: Region, anchors: readonly Anchor[]): Region[] {
  const parts: Region[] = [];
  let { oldStart, newStart } = region;
  for (const [old, fresh] of anchors) {
    parts.push({ oldStart, oldEnd: old, newStart, newEnd: fresh });
    [oldStart, newStart] = [old + 1, fresh + 1];
  }
  return [...parts, { ...region, oldStart, newStart }];
}

/** More changed lines than this, with nothing unique between them, are replaced as a whole. */
const MOST_EDITS = 1000;

function smallest(region: Region, before: readonly string[], after: readonly string[]): Region[] {
  const old = before.slice(region.oldStart, region.oldEnd);
  const fresh = after.slice(region.newStart, region.newEnd);
  const parts = diffArrays(old, fresh, { maxEditLength: MOST_EDITS });
  if (!parts) return [region];
  const found: Region[] = [];
  let { oldStart, newStart } = region;
  for (const { added, removed, count } of parts) {
    const [oldEnd, newEnd] = [oldStart + (added ? 0 : count), newStart + (removed ? 0 : count)];
    if (added || removed) found.push({ oldStart, oldEnd, newStart, newEnd });
    [oldStart, newStart] = [oldEnd, newEnd];
  }
  return found;
}

/** Regions that touch are one. */
function joined(regions: readonly Region[]): Region[] {
  const all: Region[] = [];
  for (const region of regions) {
    const last = all.at(-1);
    if (last && last.oldEnd === region.oldStart && last.newEnd === region.newStart)
      all[all.length - 1] = { ...last, oldEnd: region.oldEnd, newEnd: region.newEnd };
    else all.push(region);
  }
  return all;
}
