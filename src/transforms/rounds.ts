import { applyEdits, positionOf } from '../edits/edits.js';
import { chainEdits } from '../edits/chain.js';
import type { ChangeGroup, FileEdit, ProjectResult, ProjectView, Range, SourceText } from '../types.js';
import { groupId, inOrder, sortPlaces } from './result.js';

/** More rounds than this have not been seen: what is left then is left for the next run. */
const mostRounds = 4;

/** Looks at changed files again; `touched` says where their texts are new. */
type Round = (
  files: readonly SourceText[],
  view: ProjectView,
  touched: ReadonlyMap<string, readonly Range[]>,
) => ProjectResult;

/**
 * A conversion can show that another one is safe too: a function that was unknown is now plainly async. What a second run would
 * find is found in the first, so that a second run changes nothing. Only files that were changed are looked at again.
 */
export function untilNothingChanges(
  result: ProjectResult,
  files: readonly SourceText[],
  view: ProjectView,
  again: Round,
): ProjectResult {
  let all = result;
  const originals = new Map(files.map((file) => [file.path, file.text]));
  for (let round = 1; round < mostRounds && all.groups.length > 0; round++) {
    const texts = textsAfter(all, files);
    if (texts.size === 0) return all;
    const changed = [...texts].map(([path, text]) => ({ path, text }));
    const others = files.filter((file) => !texts.has(file.path)).map((file) => file.path);
    const later: ProjectView = {
      root: view.root,
      read: (path) => texts.get(path) ?? originals.get(path) ?? view.read(path),
      others: [...view.others, ...others],
    };
    const more = again(changed, later, touchedBy(all.groups));
    if (more.groups.length === 0) return all;
    all = joined(all, more, files);
  }
  return all;
}

function textsAfter(result: ProjectResult, files: readonly SourceText[]): Map<string, string> {
  const byPath = new Map<string, FileEdit[]>();
  const texts = new Map(files.map((file) => [file.path, file.text]));
  for (const edit of result.groups.flatMap((group) => group.edits))
    if (texts.has(edit.path)) byPath.set(edit.path, [...(byPath.get(edit.path) ?? []), edit]);
  return new Map([...byPath].map(([path, edits]) => [path, applyEdits(texts.get(path)!, edits)]));
}

/** Where the new text of each file is not the old one. */
function touchedBy(groups: readonly ChangeGroup[]): Map<string, Range[]> {
  const touched = new Map<string, Range[]>();
  const moved = new Map<string, number>();
  for (const { path, start, end, text } of inOrder(groups.flatMap((group) => group.edits))) {
    const by = moved.get(path) ?? 0;
    touched.set(path, [...(touched.get(path) ?? []), { start: start + by, end: start + by + text.length }]);
    moved.set(path, by + text.length - (end - start));
  }
  return touched;
}

/** Both rounds as one: edits that touch one another make one group of their groups. */
function joined(before: ProjectResult, after: ProjectResult, files: readonly SourceText[]): ProjectResult {
  const owner = new Map<FileEdit, ChangeGroup>();
  for (const group of [...before.groups, ...after.groups]) for (const edit of group.edits) owner.set(edit, group);
  const sets = new Map<ChangeGroup, Set<ChangeGroup>>();
  const setOf = (group: ChangeGroup) => sets.get(group) ?? new Set([group]);
  const edits: { edit: FileEdit; group: ChangeGroup }[] = [];
  const late = new Map<string, FileEdit[]>();
  for (const { path, text } of files) {
    const first = before.groups.flatMap((group) => group.edits.filter((edit) => edit.path === path));
    const second = after.groups.flatMap((group) => group.edits.filter((edit) => edit.path === path));
    if (first.length + second.length === 0) continue;
    for (const { start, end, text: fresh, first: a, second: b } of chainEdits(text, first, second)) {
      const edit: FileEdit = { path, start, end, text: fresh };
      const groups = [...a, ...b].map((each) => owner.get(each)!);
      const united = new Set(groups.flatMap((group) => [...setOf(group)]));
      for (const group of united) sets.set(group, united);
      edits.push({ edit, group: groups[0]! });
      if (b.length > 0) late.set(path, [...(late.get(path) ?? []), edit]);
    }
  }
  for (const edit of besideIn([...before.groups, ...after.groups], files))
    edits.push({ edit, group: owner.get(edit)! });
  const groups = [...new Set([...before.groups, ...after.groups].map(setOf))].map((members) =>
    one(
      [...members],
      edits.filter(({ group }) => members.has(group)).map(({ edit }) => edit),
      files,
      (group) => before.groups.includes(group),
    ),
  );
  // What was refused and has been converted since is no refusal any more.
  const refused = before.refused.filter(
    (each) => !(late.get(each.path) ?? []).some((edit) => edit.start <= each.start && each.start < edit.end),
  );
  const converted = before.refused.length - refused.length;
  return {
    ...before,
    groups: sortPlaces(groups),
    refused,
    errors: [...before.errors, ...after.errors],
    sites: before.sites + Math.max(0, after.groups.length - converted),
  };
}

/** Edits of files that are not code, such as package.json: no round reads them again. */
function besideIn(groups: readonly ChangeGroup[], files: readonly SourceText[]): FileEdit[] {
  const inRun = new Set(files.map((file) => file.path));
  return groups.flatMap((group) => group.edits.filter((edit) => !inRun.has(edit.path)));
}

function one(
  members: readonly ChangeGroup[],
  edits: readonly FileEdit[],
  files: readonly SourceText[],
  known: (group: ChangeGroup) => boolean,
): ChangeGroup {
  const main = members.find(known) ?? members[0]!;
  const texts = new Map(files.map((file) => [file.path, file.text]));
  const sorted = inOrder(edits.filter((edit, at) => !isRepeated(edit, edits.slice(0, at))));
  return {
    ...main,
    id: groupId(
      main.rule,
      sorted.map((edit) => ({ ...edit, old: texts.get(edit.path)?.slice(edit.start, edit.end) ?? '' })),
    ),
    level: members.some((each) => each.level === 'unsafe') ? 'unsafe' : 'safe',
    differences: [...new Set(members.flatMap((each) => each.differences))].sort(),
    title: members.length === 1 ? main.title : `${main.title}; ${members.length - 1} more inside or beside it`,
    // A group of a later round was found in another text: its place in the first one is where it changes something.
    ...(known(main)
      ? {}
      : positionOf(texts.get(main.path) ?? '', sorted.find((edit) => edit.path === main.path)?.start ?? 0)),
    edits: sorted,
  };
}

/** Two groups that became one may have had the same edit of package.json. */
const isRepeated = (edit: FileEdit, before: readonly FileEdit[]): boolean =>
  before.some(
    (one) =>
      one !== edit &&
      one.path === edit.path &&
      one.start === edit.start &&
      one.end === edit.end &&
      one.end > one.start &&
      one.text === edit.text,
  );
