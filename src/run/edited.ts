import type { ChangeGroup, FileEdit } from '../types.js';

/** The edits that make one text of another, line by line. */
export function editsBetween(path: string, before: string, after: string): FileEdit[] {
  const { diffLines } = require('diff') as typeof import('diff');
  const edits: FileEdit[] = [];
  let at = 0;
  let open: { start: number; end: number; text: string } | undefined;
  for (const { value, added, removed } of diffLines(before, after)) {
    if (!added && !removed) {
      if (open) edits.push({ path, ...open });
      open = undefined;
      at += value.length;
      continue;
    }
    open ??= { start: at, end: at, text: '' };
    if (added) open.text += value;
    else open.end = at += value.length;
  }
  return open ? [...edits, { path, ...open }] : edits;
}

/** Do two groups change the same place? */
export const meet = (a: ChangeGroup, b: ChangeGroup): boolean =>
  a.edits.some((one) =>
    b.edits.some((other) => one.path === other.path && one.start <= other.end && other.start <= one.end),
  );
