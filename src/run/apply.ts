import * as fs from 'node:fs';
import * as path from 'node:path';
import type { ChangeGroup, FileEdit, FileError } from '../types.js';
import { documentOf, type ResultDocument } from './document.js';
import { loadEngine } from './engine.js';
import { unsafeToWrite } from './guard.js';
import { forgetGitTops, gitTopOf, isInside, NEVER, relativePosix } from './paths.js';
import { planChanges } from './plan.js';
import { bytesOf, hashOf, isError, readSource, type Source } from './read.js';
import type { RunDetails } from './run.js';
import { didYouMean } from './suggest.js';
import { unitsOf } from './units.js';
import { writeGroups } from './write.js';

export interface ApplyOptions {
  /** Ids of groups; default: all that the plan holds. */
  readonly only?: readonly string[];
  readonly cwd?: string;
  /** False: only find out what would be written. */
  readonly write?: boolean;
  readonly allowDirty?: boolean;
  readonly allowNoVcs?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Makes the changes of a result document. Nothing is written when a file is not what the plan was made of, when a path leads out of the
 * root, or when a result would not parse. Rejects with a `RangeError` for what is no plan or names groups that it does not hold.
 */
export async function applyPlan(plan: ResultDocument, options: ApplyOptions = {}): Promise<ResultDocument> {
  return (await applyDetailed(plan, options)).document;
}

/** `applyPlan` with what a report needs beside the document. */
export async function applyDetailed(plan: unknown, options: ApplyOptions): Promise<RunDetails> {
  const document = checkedPlan(plan);
  const groups = chosenGroups(document.groups, options.only);
  forgetGitTops();
  const cwd = fs.realpathSync(options.cwd ?? process.cwd());
  const root = rootOf(cwd, document, groups);
  const { sources, errors } = readSources(root, document, groups);
  const planned = planChanges(errors.length > 0 ? [] : groups, sources);
  const wrong = [...errors, ...planned.errors, ...unparsable(planned.files)];
  const there = planned.files.filter((file) => !file.source.isNew).map((file) => file.source.path);
  const { write = true, allowDirty = false, allowNoVcs = false } = options;
  if (write && wrong.length === 0) wrong.push(...unsafeToWrite(root, there, { allowDirty, allowNoVcs }));
  const mayWrite = write && wrong.length === 0;
  const written = mayWrite ? await writeGroups(root, planned.groups, sources, options.signal) : undefined;
  const { hash: _, ...settings } = document.config;
  return {
    document: documentOf({
      settings,
      root: relativePosix(cwd, root),
      files: [...sources.keys()],
      parsed: 0,
      sites: groups.length,
      changes: written ? written.files : planned.files,
      written: new Set(written?.files.map((file) => file.source.path)),
      groups: written ? written.groups : planned.groups,
      refused: [],
      ignored: [],
      skipped: [],
      errors: [...wrong, ...(written?.errors ?? [])],
    }),
    root,
    cwd,
    changes: written ? written.files : planned.files,
    sources,
    notes: [],
    traces: [],
    interrupted: written?.interrupted ?? false,
    ...(written?.undo && { undo: written.undo }),
  };
}

/** A plan may come from anywhere: from another machine, or from a page that somebody filled in. */
function checkedPlan(plan: unknown): ResultDocument {
  const { Validator } = require('@cfworker/json-schema') as typeof import('@cfworker/json-schema');
  const schema = path.join(__dirname, '..', '..', 'schemas', 'result.json');
  const validator = new Validator(JSON.parse(fs.readFileSync(schema, 'utf8')) as object, '7');
  const { valid, errors } = validator.validate(plan ?? null);
  if (valid) return plan as ResultDocument;
  const wrong = errors.at(-1)!;
  throw new RangeError(
    `this is no plan of asyncshift (--output json=plan.json makes one): ${wrong.instanceLocation} ${wrong.error}`,
  );
}

function chosenGroups(groups: readonly ChangeGroup[], only: readonly string[] | undefined): readonly ChangeGroup[] {
  if (!only) return groups;
  const ids = groups.map((group) => group.id);
  const unknown = only.find((id) => !ids.includes(id));
  if (unknown !== undefined) throw new RangeError(`the plan has no group '${unknown}'.${didYouMean(unknown, ids)}`);
  for (const unit of unitsOf(groups)) {
    const missing = unit.filter((group) => !only.includes(group.id));
    if (missing.length > 0 && missing.length < unit.length) {
      const [here] = unit.filter((group) => only.includes(group.id));
      throw new RangeError(
        `${here!.id} shares an edit with ${missing.map((group) => group.id).join(', ')}: take them together`,
      );
    }
  }
  return groups.filter((group) => only.includes(group.id));
}

/** Where the plan's paths start: as seen from here, or from the top of the work tree. The first place where they all are. */
function rootOf(cwd: string, document: ResultDocument, groups: readonly ChangeGroup[]): string {
  const paths = groups.flatMap((group) => group.edits.filter((edit) => !edit.create).map((edit) => edit.path));
  const places = [path.resolve(cwd, document.root), gitTopOf(cwd), cwd].filter((place) => place !== undefined);
  return places.find((place) => paths.every((file) => fs.existsSync(path.join(place, file)))) ?? places[0]!;
}

function readSources(
  root: string,
  { files }: ResultDocument,
  groups: readonly ChangeGroup[],
): { sources: Map<string, Source>; errors: FileError[] } {
  const known = new Map(files.map((file) => [file.path, file]));
  const sources = new Map<string, Source>();
  const errors: FileError[] = [];
  for (const edit of groups.flatMap((group) => group.edits)) {
    const { path: file } = edit;
    if (sources.has(file) || errors.some((error) => error.path === file)) continue;
    const source = sourceOf(root, edit, known.get(file)?.before);
    if (isError(source)) errors.push(source);
    else sources.set(file, source);
  }
  return { sources, errors };
}

function sourceOf(root: string, edit: FileEdit, before: string | undefined): Source | FileError {
  const { path: file } = edit;
  const failed = (kind: FileError['kind'], message: string): FileError => ({
    path: file,
    line: 0,
    column: 0,
    kind,
    message,
  });
  if (!isOurs(root, file)) return failed('unreadable', 'is not a place that a plan may write to');
  if (edit.create) {
    const there = fs.lstatSync(path.join(root, file), { throwIfNoEntry: false });
    if (there) return failed('changed-meanwhile', 'is there already; a new file of that name was to be made');
    return { path: file, text: '', bom: false, isNew: true };
  }
  const read = readSource(root, file);
  if (isError(read) || hashOf(bytesOf(read)) === before) return read;
  return failed('changed-meanwhile', 'is not what the plan was made of; make a new plan');
}

/** Below the root on the disk too, whatever links say, and in no folder that is never looked at. */
function isOurs(root: string, file: string): boolean {
  const parts = file.split('/');
  if (path.isAbsolute(file) || parts.some((part) => part === '..' || part === '' || NEVER.has(part))) return false;
  let folder = path.join(root, file);
  while (!fs.existsSync(folder) && folder !== root) folder = path.dirname(folder);
  return isInside(fs.realpathSync(root), fs.realpathSync(folder));
}

/** Some of the groups may never have been seen without the others. */
function unparsable(files: readonly { readonly source: Source; readonly after: string }[]): FileError[] {
  if (files.length === 0) return [];
  const { syntaxErrorIn } = loadEngine();
  return files.flatMap(({ source: { path: file }, after }) => {
    const wrong = syntaxErrorIn?.(file, after);
    const message = `would not parse with these changes alone (${wrong?.message}); nothing was written`;
    return wrong ? [{ path: file, line: 0, column: 0, kind: 'internal-error' as const, message }] : [];
  });
}
