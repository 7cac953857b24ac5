import { createHash } from 'node:crypto';
import { positionOf } from '../edits/edits.js';
import type { WrittenGroup } from '../javascript/compose.js';
import type { PlacedRefusal, PlannedGroup } from '../javascript/plan.js';
import { messageFor } from '../messages/index.js';
import type { ChangeGroup, FileEdit, Range, Refused } from '../types.js';

/** From the engine's own objects to the result document's: positions for people, stable ids, plain data. */
export function changeOf(group: WrittenGroup): ChangeGroup {
  const main = mainOf(group.members);
  const { ctx, at } = main.main;
  const differences = new Set(
    group.members.flatMap((each) => [...each.unsafe, ...each.notes].map((note) => note.code)),
  );
  const edits = group.edits.map((edit) => ({ path: edit.ctx.path, start: edit.start, end: edit.end, text: edit.text }));
  const beside = besideOf(group.members);
  return {
    id: groupId(main.rule, [
      ...group.edits.map(({ ctx: { path, text: whole }, start, end, text }) => ({
        path,
        old: whole.slice(start, end),
        text,
      })),
      ...beside.map(({ path, text }) => ({ path, old: '', text })),
    ]),
    rule: main.rule,
    level: group.members.some((each) => each.unsafe.length > 0) ? 'unsafe' : 'safe',
    differences: [...differences].sort(),
    title: titleOf(group.members, main),
    path: ctx.path,
    ...positionOf(ctx.text, at),
    edits: inOrder([...edits, ...beside]),
  };
}

/** Members may need the very same edit of package.json. */
function besideOf(members: readonly PlannedGroup[]): FileEdit[] {
  const all = members.flatMap((each) => each.beside ?? []);
  const isSame = (a: FileEdit, b: FileEdit): boolean => a.path === b.path && a.start === b.start && a.text === b.text;
  return all.filter((edit, at) => all.findIndex((other) => isSame(edit, other)) === at);
}

/** The outermost member speaks for those inside it. */
function mainOf(members: readonly PlannedGroup[]): PlannedGroup {
  return [...members].sort((a, b) => a.main.at - b.main.at)[0]!;
}

function titleOf(members: readonly PlannedGroup[], main: PlannedGroup): string {
  return members.length === 1 ? main.title : `${main.title}; ${members.length - 1} more inside or beside it`;
}

/** A hash of the rule, the files and what is replaced by what: it survives edits elsewhere. */
export function groupId(rule: string, edits: readonly { path: string; old: string; text: string }[]): string {
  const hash = createHash('sha256').update(rule);
  for (const { path, old, text } of edits) hash.update(`\0${path}\0${old}\0${text}`);
  return `g-${hash.digest('hex').slice(0, 10)}`;
}

export function refusedOf({ ctx, rule, refusal }: PlacedRefusal): Refused {
  const excerpt = lineAt(ctx.text, refusal.at);
  const code = ctx.text.slice(refusal.at.start, refusal.at.end);
  return {
    path: ctx.path,
    ...positionOf(ctx.text, refusal.at.start),
    start: refusal.at.start,
    end: refusal.at.end,
    rule,
    reason: refusal.code,
    message: messageFor(refusal.code, { code, ...(refusal.detail && { name: refusal.detail }) }),
    excerpt,
  };
}

/** A change that waits for `--unsafe` is reported as a refusal that says so. */
export function unsafeOf(group: PlannedGroup): Refused {
  const note = group.unsafe[0]!;
  const refused = refusedOf({ ctx: group.main.ctx, rule: group.rule, refusal: note });
  return { ...refused, unsafe: note.code };
}

function lineAt(text: string, range: Range): string {
  const start = text.lastIndexOf('\n', range.start - 1) + 1;
  const end = text.indexOf('\n', range.start);
  return text.slice(start, end < 0 ? text.length : end).trimEnd();
}

/** Edits by file, then by where they stand in it. */
export function inOrder<T extends { path: string; start: number; end: number }>(edits: readonly T[]): T[] {
  return [...edits].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.start - b.start || a.end - b.end));
}

/** By file, then by place: the same order whatever the order of work. */
export function sortPlaces<T extends { path: string; line: number; column: number }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) =>
    a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line || a.column - b.column,
  );
}
