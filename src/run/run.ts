import * as fs from 'node:fs';
import type { ChangeGroup, FileError, Override, Settings, TransformOptions } from '../types.js';
import { readBesideFrom, withBeside } from './beside.js';
import { chooseFiles, type Choice } from './choose.js';
import { documentOf, type FileResult, type ResultDocument, type Shard } from './document.js';
import { convertProjects, type Converting } from './convert.js';
import { directionProblem, NO_PROMISES, type Engine } from './engine.js';
import { unsafeToWrite } from './guard.js';
import { languageOf, relativePosix, forgetGitTops } from './paths.js';
import { planChanges, type Plan, type PlannedFile } from './plan.js';
import { mayApply } from '../transforms/prefilter.js';
import { placedOverrides } from './patterns.js';
import { projectsOf } from './projects.js';
import { isError, readSource, type Source } from './read.js';
import { settingsFinder, settingsOf } from './settings.js';
import { filesOfShard } from './shard.js';
import { stagedIn, type Staged } from './staged.js';
import { writeStaged } from './write-staged.js';
import { writeGroups, type Written } from './write.js';

export interface RunOptions extends TransformOptions {
  /** Files, folders and patterns; default: the whole current folder. */
  readonly paths?: readonly string[];
  readonly cwd?: string;
  /** Only files that match one of these patterns, and none of `exclude`; from `patternsFrom`, like those of `overrides`. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Other options for some of the files; the last one whose patterns match a file counts. */
  readonly overrides?: readonly Override[];
  /** The absolute folder from which patterns are said; default: `cwd`. */
  readonly patternsFrom?: string;
  /** Write the files; default: only find out. */
  readonly write?: boolean;
  /** Which of the groups are made; it may edit them. Called once all are known, before anything is written. */
  readonly choose?: (found: Found) => Promise<readonly ChangeGroup[]>;
  /** Write files whose present content git does not have. */
  readonly allowDirty?: boolean;
  /** Write files that are not under git. */
  readonly allowNoVcs?: boolean;
  /** False: `.gitignore` and `.asyncshiftignore` are not read. */
  readonly ignore?: boolean;
  /** False: a pattern or folder without files to look at is no error. */
  readonly errorOnUnmatchedPattern?: boolean;
  /** True: files that do not parse are `skipped`, not `errors`. */
  readonly skipParseErrors?: boolean;
  /** Look at what is staged, not at what is on the disk; a write rewrites the index and carries over to the disk. */
  readonly staged?: boolean;
  /** Only this part of the files: whole packages, dealt out by size. `mergeResults` puts the parts' results together. */
  readonly shard?: Shard;
  /** Keep results between runs, in the usual place or in this folder; default: no. */
  readonly cache?: boolean | string;
  /** How many projects are converted at once, in worker threads; default: as many as it pays for. */
  readonly jobs?: number;
  /** Called for every file looked at, in order, once its result is known. */
  readonly onFile?: (file: FileResult) => void;
  readonly onProgress?: (progress: Progress) => void;
  /** Stops the writing between two change groups. */
  readonly signal?: AbortSignal;
  /** For tests: what converts a project. */
  readonly engine?: Engine;
}

export interface Progress {
  readonly phase: 'reading' | 'converting' | 'writing';
  readonly done: number;
  readonly total: number;
}

/** What there is to choose from. */
export interface Found {
  readonly groups: readonly ChangeGroup[];
  readonly sources: ReadonlyMap<string, Source>;
  /** Absolute. */
  readonly root: string;
}

/** A run's document and what reports need beside it. */
export interface RunDetails {
  readonly document: ResultDocument;
  /** Absolute. */
  readonly root: string;
  /** Absolute, real: where the user is. */
  readonly cwd: string;
  readonly changes: readonly PlannedFile[];
  /** The texts that were converted, by path. */
  readonly sources: ReadonlyMap<string, Source>;
  readonly notes: Choice['notes'];
  /** Stacks of defects of ours. */
  readonly traces: readonly string[];
  readonly interrupted: boolean;
  /** The file with the undo record of a write. */
  readonly undo?: string;
}

/**
 * Converts the files of a repository, or finds out what would change. Prints nothing and never ends the process.
 * Rejects only for options that can't be meant; what is wrong with files is in the document.
 */
export async function run(options: RunOptions): Promise<ResultDocument> {
  return (await runDetailed(options)).document;
}

interface Looked {
  readonly sources: Map<string, Source>;
  readonly skipped: FileError[];
  readonly errors: FileError[];
}

/** `run` with the texts, for reports that show them. */
export async function runDetailed(options: RunOptions): Promise<RunDetails> {
  const problem = directionProblem(options, options.engine);
  if (problem) throw new RangeError(problem);
  forgetGitTops();
  const cwd = fs.realpathSync(options.cwd ?? process.cwd());
  const whole = await chooseFiles({
    cwd,
    paths: options.paths ?? [],
    ignore: options.ignore ?? true,
    mustMatch: options.errorOnUnmatchedPattern ?? true,
    patterns: { include: options.include, exclude: options.exclude, base: options.patternsFrom ?? cwd },
  });
  const choice = partOf(whole, options.shard);
  const overrides = placedOverrides(whole.root, options.patternsFrom ?? cwd, options.overrides ?? []);
  const settings = settingsOf({ ...options, overrides });
  const staged = stagedOf(choice, options);
  const readFile = staged?.read ?? readSource;
  const looked = lookAtFiles(choice, settings, options, readFile);
  const projects = projectsOf(choice.root, [...looked.sources.values()], settings);
  const converted = await convertProjects(projects, howToConvert(choice, options, staged));
  const beside = withBeside(converted.groups, looked.sources, readBesideFrom(choice.root, readFile));
  const all = planChanges(beside.groups, beside.sources);
  const plan = options.choose ? await chosenOf(all, beside.sources, choice.root, options.choose) : all;
  const styleless = inFirst(options.shard, withoutTheStyle(whole, settings));
  const problems = [choice, styleless, looked, beside, converted, plan].flatMap((part) => part.errors);
  const refusedToWrite =
    options.write && !staged ? unsafeToWrite(choice.root, changedPaths(plan), guardOf(options)) : [];
  const mayWrite = options.write && refusedToWrite.length === 0;
  const written = mayWrite ? await writePlan(choice.root, plan, beside.sources, options, staged) : undefined;
  const [skipped, errors] = sortOut([...problems, ...refusedToWrite, ...(written?.errors ?? [])], options);
  const document = documentOf({
    settings,
    ...(options.shard && { shard: options.shard }),
    root: relativePosix(cwd, choice.root),
    files: choice.files,
    parsed: looked.sources.size,
    sites: converted.sites,
    changes: written && !written.interrupted ? written.files : plan.files,
    written: new Set(written?.files.map((file) => file.source.path)),
    groups:
      written && !written.interrupted ? plan.groups.filter((group) => written.groups.includes(group)) : plan.groups,
    refused: converted.refused,
    ignored: converted.ignored,
    skipped: [...looked.skipped, ...skipped],
    errors,
    warnings: converted.warnings,
  });
  for (const file of document.files) options.onFile?.(file);
  return {
    document,
    root: choice.root,
    cwd,
    changes: written ? written.files : plan.files,
    sources: beside.sources,
    notes: [...choice.notes, ...styleless.notes],
    traces: converted.traces,
    interrupted: written?.interrupted ?? false,
    ...(written?.undo && { undo: written.undo }),
  };
}

async function chosenOf(
  all: Plan,
  sources: ReadonlyMap<string, Source>,
  root: string,
  choose: NonNullable<RunOptions['choose']>,
): Promise<Plan> {
  const chosen = all.groups.length > 0 ? await choose({ groups: all.groups, sources, root }) : [];
  const plan = planChanges(chosen, sources);
  return { ...plan, errors: [...all.errors, ...plan.errors] };
}

function howToConvert(choice: Choice, options: RunOptions, staged?: Staged): Converting {
  return {
    root: choice.root,
    readFile: staged?.read ?? readSource,
    isStaged: staged !== undefined,
    rules: choice.rules,
    ignore: options.ignore ?? true,
    ...(options.engine && { engine: options.engine }),
    ...(options.cache !== undefined && { cache: options.cache }),
    ...(options.jobs !== undefined && { jobs: options.jobs }),
    onProgress: (done, total) => options.onProgress?.({ phase: 'converting', done, total }),
  };
}

function partOf(whole: Choice, shard: Shard | undefined): Choice {
  if (!shard) return whole;
  return { ...whole, ...inFirst(shard, whole), files: filesOfShard(whole.root, whole.files, shard) };
}

/** What is about no file of the run is told once, by the first shard. */
function inFirst(shard: Shard | undefined, told: Pick<Choice, 'errors' | 'notes'>): Pick<Choice, 'errors' | 'notes'> {
  return !shard || shard.index === 1 ? told : { errors: [], notes: [] };
}

function stagedOf({ root }: Choice, options: RunOptions): Staged | undefined {
  if (!options.staged) return undefined;
  const staged = stagedIn(root);
  if (!staged) throw new RangeError('staged files are those of a git repository; this is none');
  return staged;
}

/** Python has no promise style: asked for nothing else it is an error, in a mixed run its files are left with a note. */
function withoutTheStyle(choice: Choice, settings: Settings): Pick<Choice, 'errors' | 'notes'> {
  const settingsFor = settingsFinder(settings);
  const python = choice.files.filter((file) => {
    const { to, from } = settingsFor(file);
    return languageOf(file) === 'python' && (to === 'promise' || from === 'promise');
  });
  if (python.length === 0) return { errors: [], notes: [] };
  const [path] = python as [string];
  if (python.length === choice.files.length)
    return { errors: [{ path, line: 0, column: 0, kind: 'unreadable', message: NO_PROMISES }], notes: [] };
  return { errors: [], notes: python.map((file) => ({ path: file, message: `left: ${NO_PROMISES}` })) };
}

/** What git must be able to give back; a file that is not there yet is undone by removing it. */
const changedPaths = (plan: Plan): string[] =>
  plan.files.filter((file) => !file.source.isNew).map((file) => file.source.path);

const guardOf = (options: RunOptions): { allowDirty: boolean; allowNoVcs: boolean } => ({
  allowDirty: options.allowDirty ?? false,
  allowNoVcs: options.allowNoVcs ?? false,
});

/** Reads all files, and keeps the texts in which something may be converted. */
function lookAtFiles(choice: Choice, settings: Settings, options: RunOptions, readFile: typeof readSource): Looked {
  const settingsFor = settingsFinder(settings);
  const looked: Looked = { sources: new Map(), skipped: [], errors: [] };
  choice.files.forEach((file, done) => {
    if (done % 100 === 0) options.onProgress?.({ phase: 'reading', done, total: choice.files.length });
    const read = readFile(choice.root, file);
    if (!isError(read)) {
      if (mayApply(read.text, settingsFor(file), file)) looked.sources.set(file, read);
    } else if (read.kind === 'binary' || read.kind === 'too-large') {
      looked.skipped.push(read);
    } else {
      looked.errors.push(read);
    }
  });
  return looked;
}

async function writePlan(
  root: string,
  plan: Plan,
  sources: ReadonlyMap<string, Source>,
  options: RunOptions,
  staged?: Staged,
): Promise<Written> {
  options.onProgress?.({ phase: 'writing', done: 0, total: plan.files.length });
  if (staged) return writeStaged(plan, sources, staged, options.signal);
  return writeGroups(root, plan.groups, sources, options.signal);
}

/** Errors that the user asked to pass over become skipped files. Binary and large files were never errors. */
function sortOut(problems: readonly FileError[], options: RunOptions): [skipped: FileError[], errors: FileError[]] {
  const isSkipped = (problem: FileError): boolean =>
    problem.kind === 'binary' ||
    problem.kind === 'too-large' ||
    (problem.kind === 'parse-error' && options.skipParseErrors === true);
  return [problems.filter(isSkipped), problems.filter((problem) => !isSkipped(problem))];
}
