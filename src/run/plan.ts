import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { applyEdits } from '../edits/edits.js';
import type { ChangeGroup, FileEdit, FileError, ProjectResult } from '../types.js';
import { internalError } from './engine.js';
import { byText } from './paths.js';
import type { Source } from './read.js';

/** A file that would change: its text now, and with all the groups applied. */
export interface PlannedFile {
  readonly source: Source;
  readonly after: string;
}

export interface Plan {
  readonly groups: readonly ChangeGroup[];
  readonly files: readonly PlannedFile[];
  readonly errors: readonly FileError[];
}

interface Placed {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/** Order of reports: by place. */
export const byPlace = (a: Placed, b: Placed): number =>
  byText(a.path, b.path) || a.line - b.line || a.column - b.column;

/** A project's result with paths from the root of the run instead of the project's own folder. */
export function fromRoot<R extends ProjectResult>(result: R, folder: string): R {
  if (folder === '') return result;
  const move = <P extends { readonly path: string }>(one: P): P => ({ ...one, path: `${folder}/${one.path}` });
  const groups = result.groups.map((group) => ({
    ...move(group),
    id: `g-${createHash('sha256').update(`${folder}\0${group.id}`).digest('hex').slice(0, 8)}`, // packages may hold equal files
    edits: group.edits.map(move),
  }));
  return {
    ...result,
    groups,
    refused: result.refused.map(move),
    errors: result.errors.map(move),
    ignored: result.ignored.map(move),
    ...(result.warnings && {
      warnings: result.warnings.map((one) => ({ ...one, path: posix.join(folder, one.path) })),
    }),
  };
}

/**
 * All groups together: which files change, and into what. Edits of two groups that overlap are a defect of ours, so the later group
 * is left out whole, and the report says so.
 */
export function planChanges(groups: readonly ChangeGroup[], sources: ReadonlyMap<string, Source>): Plan {
  const kept: ChangeGroup[] = [];
  const errors: FileError[] = [];
  const taken = new Map<string, FileEdit[]>();
  for (const group of withOwnIds([...groups].sort((a, b) => byPlace(a, b) || byText(a.id, b.id)))) {
    const wrong = wrongInGroup(group, sources, taken);
    if (wrong) {
      errors.push({ ...internalError(group.path, new Error(wrong)), line: group.line, column: group.column });
      continue;
    }
    kept.push(group);
    for (const edit of group.edits) (taken.get(edit.path) ?? taken.set(edit.path, []).get(edit.path)!).push(edit);
  }
  return { groups: kept, files: filesOf(kept, sources), errors };
}

/** The files that some groups change, and their texts afterwards; sorted by path. */
export function filesOf(groups: readonly ChangeGroup[], sources: ReadonlyMap<string, Source>): PlannedFile[] {
  const edits = new Map<string, Map<string, FileEdit>>();
  for (const edit of groups.flatMap((group) => group.edits)) {
    const there = edits.get(edit.path) ?? edits.set(edit.path, new Map()).get(edit.path)!;
    const isShared = edit.end > edit.start || edit.create;
    const same = isShared ? `${edit.start}:${edit.end}` : `${edit.start}:${there.size}`;
    there.set(same, edit);
  }
  return [...edits]
    .sort(([a], [b]) => byText(a, b))
    .map(([path, own]) => {
      const source = sources.get(path)!;
      return { source, after: applyEdits(source.text, [...own.values()]) };
    })
    .filter(({ source, after }) => source.isNew || source.text !== after);
}

function withOwnIds(groups: readonly ChangeGroup[]): ChangeGroup[] {
  const seen = new Map<string, number>();
  return groups.map((group) => {
    const count = (seen.get(group.id) ?? 0) + 1;
    seen.set(group.id, count);
    return count === 1 ? group : { ...group, id: `${group.id}-${count}` };
  });
}

function wrongInGroup(
  group: ChangeGroup,
  sources: ReadonlyMap<string, Source>,
  taken: ReadonlyMap<string, FileEdit[]>,
): string | undefined {
  for (const [at, edit] of group.edits.entries()) {
    const own = group.edits.slice(0, at).filter((one) => one.path === edit.path);
    const wrong = wrongWith(edit, sources, own) ?? wrongWith(edit, sources, taken.get(edit.path) ?? []);
    if (wrong) return wrong;
  }
  return undefined;
}

function wrongWith(
  edit: FileEdit,
  sources: ReadonlyMap<string, Source>,
  taken: readonly FileEdit[],
): string | undefined {
  const source = sources.get(edit.path);
  if (!source) return `an edit of ${edit.path}, which is not in the run`;
  if (!!edit.create !== !!source.isNew || (edit.create && taken.some((one) => !isSameNew(one, edit))))
    return `${edit.path} is new and is there already`;
  if (edit.start < 0 || edit.end < edit.start || edit.end > source.text.length) return `an edit outside ${edit.path}`;
  const other = taken.find((one) => one.start < edit.end && edit.start < one.end && !isSame(one, edit));
  return other && `two edits overlap at ${edit.path}:${edit.start}`;
}

const isSameNew = (a: FileEdit, b: FileEdit): boolean => !!a.create && a.text === b.text;

/** Two groups may need the very same replacement, such as an import that both make needless. Insertions are never shared. */
const isSame = (a: FileEdit, b: FileEdit): boolean =>
  a.start === b.start && a.end === b.end && a.text === b.text && a.end > a.start;
