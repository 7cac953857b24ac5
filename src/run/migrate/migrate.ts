import { createHash } from 'node:crypto';
import * as path from 'node:path';
import type { ChangeGroup, FileError, Refused } from '../../types.js';
import { version } from '../document.js';
import { unsafeToWrite } from '../guard.js';
import { gitTopOf } from '../paths.js';
import { filesOf, type PlannedFile } from '../plan.js';
import type { RunDetails } from '../run.js';
import { undoFolder } from '../undo.js';
import { writeGroups } from '../write.js';
import { runCommand } from './command.js';
import { nameOfSet, openLog, type Log } from './log.js';
import { leftOutOf, narrowed } from './outcome.js';
import { makeScratch, ScratchError, snapshot, type Scratch } from './scratch.js';
import { largestGreen, type LeftOut, type Verdict } from './search.js';

export interface MigrateOptions {
  /** The user's command: exit code 0 is green. */
  readonly test: string;
  /** Run once in the scratch tree, before any test: `npm ci`. Default: the dependencies of the work tree are lent. */
  readonly setup?: string;
  /** Seconds for one run of the test command. */
  readonly timeout?: number;
  /** A red run of one group is asked again this often before the group is blamed: tests that fail now and then. */
  readonly retries: number;
  /** Do not ask whether the tests notice a broken file. */
  readonly allowUntested: boolean;
  /** Forget what an earlier run of the same migration found out. */
  readonly restart: boolean;
  readonly write: boolean;
  readonly allowDirty: boolean;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: Step) => void;
}

/** What is being done, for people. */
export type Step =
  | { readonly kind: 'setup' | 'canary' }
  | { readonly kind: 'resumed'; readonly verdicts: number }
  | { readonly kind: 'tested'; readonly groups: number; readonly of: number; readonly green: boolean };

/** The migration cannot be done: one line, and what to do. */
export class MigrateError extends Error {
  constructor(
    message: string,
    readonly hint?: string,
    /** What the user's command printed. */
    readonly output?: string,
  ) {
    super(message);
  }
}

/** A run's details with the groups that the tests bear, and why the others are left out. */
export interface Migrated {
  readonly details: RunDetails;
  readonly leftOut: readonly LeftOut<ChangeGroup>[];
}

/**
 * Finds the largest set of change groups with which the user's tests stay green, in a scratch work tree, and writes it when asked to.
 * `found` is a run that wrote nothing. Every verdict is kept until the end, so that a migration that was stopped goes on where it was.
 * Throws `MigrateError`, and `Interrupted` when the signal came.
 */
export async function migrate(found: RunDetails, options: MigrateOptions): Promise<Migrated> {
  const top = gitTopOf(found.root);
  if (!top) throw new MigrateError('migrate needs a git repository: its scratch work tree is one of git.');
  const { groups } = found.document;
  if (groups.length === 0) return { details: found, leftOut: [] };
  const blocked = options.write ? guard(found, options) : [];
  if (blocked.length > 0)
    return { details: { ...found, document: narrowed(found, groups, { errors: blocked }) }, leftOut: [] };
  const { kept, leftOut } = await searchIn(top, found, options);
  const refused = leftOut.map((one) => leftOutOf(one, found, options.test));
  return { details: await finish(found, kept, refused, options), leftOut };
}

const guard = (found: RunDetails, { allowDirty }: MigrateOptions): FileError[] =>
  unsafeToWrite(
    found.root,
    found.changes.filter(({ source }) => !source.isNew).map(({ source }) => source.path),
    { allowDirty, allowNoVcs: false },
  );

async function searchIn(
  top: string,
  found: RunDetails,
  options: MigrateOptions,
): Promise<{ kept: readonly ChangeGroup[]; leftOut: readonly LeftOut<ChangeGroup>[] }> {
  const commit = told(() => snapshot(top));
  const log = openLog(undoFolder(found.root), keyOf(commit, options), options.restart);
  if (log.known > 0) options.onStep?.({ kind: 'resumed', verdicts: log.known });
  const scratch = told(() => makeScratch(top, found.root, commit));
  try {
    await setUp(scratch, options);
    const { groups } = found.document;
    const test = tester(found, scratch, log, options);
    await mustBeGreen(test);
    await mustNotice(found, scratch, log, options);
    const result = await largestGreen(groups, test);
    log.drop();
    return result;
  } finally {
    scratch.remove();
  }
}

function told<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof ScratchError) throw new MigrateError(`${error.message}.`);
    throw error;
  }
}

/** All that a verdict depends on, beside the groups: the log of another migration is never read. */
function keyOf(commit: string, { test, setup, timeout }: MigrateOptions): string {
  const all = JSON.stringify([version(), commit, test, setup ?? '', timeout ?? 0]);
  return createHash('sha256').update(all).digest('hex').slice(0, 16);
}

async function setUp(scratch: Scratch, { setup, signal, onStep }: MigrateOptions): Promise<void> {
  if (setup === undefined) return;
  onStep?.({ kind: 'setup' });
  const { green, output } = await runCommand({ line: setup, cwd: scratch.folder, ...(signal && { signal }) });
  if (!green) throw new MigrateError(`the set-up failed in the scratch work tree: ${setup}`, undefined, output);
}

type Test = (groups: readonly ChangeGroup[]) => Promise<Verdict>;

/** Asks the log first. A single run that is red is asked again before it counts: blaming a group for a flaky test would cost it. */
function tester(found: RunDetails, scratch: Scratch, log: Log, options: MigrateOptions): Test {
  return async (groups) => {
    const name = nameOfSet(groups);
    const known = log.get(name);
    if (known) return known;
    let verdict = await runOnce(scratch, filesOf(groups, found.sources), options);
    for (let again = 0; !verdict.green && again < options.retries; again++)
      verdict = await runOnce(scratch, filesOf(groups, found.sources), options);
    log.put(name, verdict);
    const of = found.document.groups.length;
    options.onStep?.({ kind: 'tested', groups: groups.length, of, green: verdict.green });
    return verdict;
  };
}

async function runOnce(scratch: Scratch, files: readonly PlannedFile[], options: MigrateOptions): Promise<Verdict> {
  told(() => scratch.put(files));
  const verdict = await runCommand(commandIn(scratch, options));
  // Paths as the user knows them, from the top of the repository.
  return { ...verdict, output: verdict.output.replaceAll(scratch.folder + path.sep, '') };
}

const commandIn = (scratch: Scratch, { test, timeout, signal }: MigrateOptions): Parameters<typeof runCommand>[0] => ({
  line: test,
  cwd: scratch.folder,
  ...(timeout !== undefined && { timeout }),
  ...(signal && { signal }),
});

async function mustBeGreen(test: Test): Promise<void> {
  const { green, output } = await test([]);
  if (green) return;
  throw new MigrateError(
    'the test command fails before anything is changed, in a scratch work tree of the sources as they are.',
    'when it needs more than node_modules or a virtual environment: --setup "npm ci"',
    output,
  );
}

/**
 * Tests that never load the files that would change are always green: a migration guarded by them would guard nothing. So all of those files
 * are broken once, and the command has to fail. It also finds an installation that leads back to the sources as they are.
 */
async function mustNotice(found: RunDetails, scratch: Scratch, log: Log, options: MigrateOptions): Promise<void> {
  if (options.allowUntested || log.get('canary')) return;
  options.onStep?.({ kind: 'canary' });
  told(() => scratch.spoil(found.changes.filter(({ source }) => !source.isNew).map(({ source }) => source.path)));
  const verdict = await runCommand(commandIn(scratch, options));
  if (verdict.green)
    throw new MigrateError(
      'the test command passes even when every file that would change is broken: it does not test them.',
      'name a command that does, install the sources into the scratch tree with --setup, or go on with --allow-untested',
    );
  log.put('canary', verdict);
}

async function finish(
  found: RunDetails,
  kept: readonly ChangeGroup[],
  refused: readonly Refused[],
  options: MigrateOptions,
): Promise<RunDetails> {
  const changes = filesOf(kept, found.sources);
  if (!options.write) return { ...found, changes, document: narrowed(found, kept, { refused }) };
  const written = await writeGroups(found.root, kept, found.sources, options.signal);
  const document = narrowed(found, written.groups, {
    refused,
    errors: written.errors,
    written: new Set(written.files.map(({ source }) => source.path)),
  });
  return {
    ...found,
    document,
    changes: written.files,
    interrupted: written.interrupted,
    ...(written.undo && { undo: written.undo }),
  };
}
