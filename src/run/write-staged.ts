import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { ChangeGroup, FileError } from '../types.js';
import { git, gitBytes } from './git.js';
import { relativePosix } from './paths.js';
import type { Plan, PlannedFile } from './plan.js';
import { bytesOf, isError, readSource, type Source } from './read.js';
import type { Staged } from './staged.js';
import { addIndexToUndo, type UndoIndexEntry } from './undo.js';
import { writeGroups, type Written } from './write.js';

/**
 * Writes what was converted from the index: back into the index, and into the work tree, where unstaged edits of the same file
 * are kept by a three-way merge. When one file's edits overlap with the rewrite, nothing at all is written.
 */
export async function writeStaged(
  plan: Plan,
  sources: ReadonlyMap<string, Source>,
  staged: Staged,
  signal?: AbortSignal,
): Promise<Written> {
  const merged = plan.files.map((file) => mergedIn(file, staged));
  const errors = merged.flatMap((each) => ('kind' in each ? [each] : []));
  const none: Written = { files: [], groups: [], errors, interrupted: false };
  if (errors.length > 0) return none;
  const entries = plan.files.map((file) => indexEntry(file, staged));
  const unknown = entries.find((entry) => 'kind' in entry);
  if (unknown) return { ...none, errors: [unknown as FileError] };
  const working = new Map(merged.map((file) => [(file as PlannedFile).source.path, file as PlannedFile]));
  const disk = new Map([...sources].map(([file, source]) => [file, working.get(file)?.source ?? source]));
  const written = await writeGroups(staged.root, wholeFiles(plan.groups, working), disk, signal);
  const done = new Set(written.files.map((file) => file.source.path));
  const groups = plan.groups.filter((group) => group.edits.every((edit) => done.has(edit.path)));
  const fresh = (entries as Entry[]).filter((entry) => done.has(entry.file));
  const failed = fresh.length > 0 ? updateIndex(staged.top, fresh) : undefined;
  if (!failed && written.undo) addIndexToUndo(written.undo, staged.top, fresh);
  const files = plan.files.filter((file) => done.has(file.source.path));
  return { ...written, files, groups, errors: [...written.errors, ...(failed ? [failed] : [])] };
}

/** The file as it is on the disk, and as it will be: the rewrite and the unstaged edits together. */
function mergedIn(file: PlannedFile, staged: Staged): PlannedFile | FileError {
  if (file.source.isNew || !staged.isPartly(file.source.path)) return file;
  const { path: name } = file.source;
  const disk = readSource(staged.root, name);
  if (isError(disk)) return disk;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-'));
  try {
    const texts = { ours: disk, base: file.source, theirs: { text: file.after, bom: file.source.bom } };
    for (const [role, source] of Object.entries(texts)) fs.writeFileSync(path.join(folder, role), bytesOf(source));
    const answer = git(folder, ['merge-file', '-p', 'ours', 'base', 'theirs']);
    if (answer.ok) return { source: disk, after: answer.out.replace(/^\uFEFF/, '') };
    return partlyStaged(name, answer.out);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function partlyStaged(file: string, conflicts: string): FileError {
  const lines = conflicts.split('\n');
  const from = lines.findIndex((line) => line.startsWith('<<<<<<< ')) + 1;
  const middle = lines.findIndex((line) => line.startsWith('=======')) + 1;
  const where = from > 0 && middle > from + 1 ? ` in lines ${from}-${middle - 2}` : '';
  const message = `staged and unstaged edits overlap${where} with what would be rewritten; nothing was written`;
  return { path: file, line: 0, column: 0, kind: 'partly-staged', message };
}

/** One edit per file, of its whole text: the groups' own edits are places in the staged text, not in the one on the disk. */
function wholeFiles(groups: readonly ChangeGroup[], working: ReadonlyMap<string, PlannedFile>): ChangeGroup[] {
  const [first] = groups;
  if (!first) return [];
  const edits = [...working.values()].map(({ source, after }) => ({
    path: source.path,
    start: 0,
    end: source.text.length,
    text: after,
    ...(source.isNew && { create: true as const }),
  }));
  return [{ ...first, edits }];
}

interface Entry extends UndoIndexEntry {
  /** Relative to the root of the run. */
  readonly file: string;
}

/** The file's new content as an object of the repository. A new file becomes staged too. */
function indexEntry(file: PlannedFile, { top, root }: Staged): Entry | FileError {
  const name = relativePosix(top, path.join(root, file.source.path));
  const known = /^(\d+) ([0-9a-f]+) 0\t/.exec(git(top, ['ls-files', '-s', '-z', '--', name]).out);
  const bytes = bytesOf({ text: file.after, bom: file.source.bom });
  const hash = gitBytes(top, ['hash-object', '-w', '--stdin', `--path=${name}`], bytes)
    ?.toString()
    .trim();
  const message = 'could not be put into the index; nothing was written';
  if (!hash) return { path: file.source.path, line: 0, column: 0, kind: 'unreadable', message };
  return { file: file.source.path, name, mode: known?.[1] ?? '100644', before: known?.[2], after: hash };
}

/** All entries at once: git takes its lock, and changes the index whole or not at all. */
function updateIndex(top: string, entries: readonly Entry[]): FileError | undefined {
  const lines = entries.map(({ mode, after, name }) => `${mode} ${after}\t${name}\0`).join('');
  const answer = git(top, ['update-index', '-z', '--index-info'], lines);
  if (answer.ok) return undefined;
  const message = `was rewritten, but the index could not be updated (${answer.why}); git add it`;
  return { path: entries[0]!.file, line: 0, column: 0, kind: 'unreadable', message };
}
