import { eolOf, type Eol } from '../edits/edits.js';
import type { ChangeGroup, FileError, Language, Refused, Settings, Warning } from '../types.js';
import { byText, languageOf } from './paths.js';
import { byPlace, type PlannedFile } from './plan.js';
import { bytesOf, hashOf } from './read.js';
import { settingsHash } from './settings.js';
import { version } from './version.js';

export { version };

export type FileStatus = 'unchanged' | 'would-change' | 'changed' | 'error' | 'ignored';

export interface FileResult {
  /** From the root, with `/`. */
  readonly path: string;
  /** Not there for a file that is no code, such as package.json. */
  readonly language?: Language;
  readonly status: FileStatus;
  /** Hashes of the bytes, for files that change: `apply` and `undo` check them. */
  readonly before?: string;
  readonly after?: string;
  readonly eol?: Eol;
  readonly bom?: boolean;
  /** The file is new: it has no `before`. */
  readonly created?: true;
}

/**
 * What a run found and did: one format for reports and tools. Offsets are UTF-16 indices into the decoded file without BOM.
 * Everything is sorted and nothing depends on the clock: equal input gives equal bytes.
 */
export interface ResultDocument {
  readonly schema: 'asyncshift.result/1';
  readonly tool: { readonly name: string; readonly version: string };
  /** What was asked for, and a hash of it and of the version: results with one hash can be put together. */
  readonly config: Settings & { readonly hash: string };
  /** Which part of the whole this is; only there when it is a part. */
  readonly shard?: Shard;
  /** From the folder of the run to the root of all paths; `.` when they are the same. */
  readonly root: string;
  readonly files: readonly FileResult[];
  readonly groups: readonly ChangeGroup[];
  readonly refused: readonly Refused[];
  readonly ignored: readonly Refused[];
  /** Files that were passed over, and why: none of them is an error. */
  readonly skipped: readonly FileError[];
  readonly errors: readonly FileError[];
  /** What stood in the way of a better result; only there when something did. */
  readonly warnings?: readonly Warning[];
  readonly summary: Summary;
}

/** Part `index` of `count`, from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export interface Summary {
  /** Files looked at. */
  readonly files: number;
  /** Files that a parser had to look at. */
  readonly parsed: number;
  readonly sites: number;
  /** Files that change. */
  readonly changed: number;
  readonly groups: number;
  /** Groups that were made because of `unsafe`. */
  readonly unsafe: number;
  /** Sites that need `unsafe`. */
  readonly needUnsafe: number;
  readonly refused: number;
  readonly ignored: number;
  readonly skipped: number;
  readonly errors: number;
}

export interface Findings {
  readonly settings: Settings;
  readonly shard?: Shard;
  readonly root: string;
  readonly files: readonly string[];
  readonly parsed: number;
  readonly sites: number;
  readonly changes: readonly PlannedFile[];
  readonly written: ReadonlySet<string>;
  readonly groups: readonly ChangeGroup[];
  readonly refused: readonly Refused[];
  readonly ignored: readonly Refused[];
  readonly skipped: readonly FileError[];
  readonly errors: readonly FileError[];
  readonly warnings?: readonly Warning[];
}

export function documentOf(found: Findings): ResultDocument {
  const refused = [...found.refused].sort(bySite);
  const ignored = [...found.ignored].sort(bySite);
  const skipped = [...found.skipped].sort(byFileError);
  const errors = [...found.errors].sort(byFileError);
  const needUnsafe = refused.filter((one) => one.unsafe !== undefined).length;
  return {
    schema: 'asyncshift.result/1',
    tool: { name: 'asyncshift', version: version() },
    config: { ...found.settings, hash: settingsHash(found.settings) },
    ...(found.shard && { shard: found.shard }),
    root: found.root === '' ? '.' : found.root,
    files: fileResults(found),
    groups: found.groups,
    refused,
    ignored,
    skipped,
    errors,
    ...(found.warnings?.length && { warnings: warningsOf(found.warnings) }),
    summary: {
      files: found.files.length,
      parsed: found.parsed,
      sites: found.sites,
      changed: found.changes.length,
      groups: found.groups.length,
      unsafe: found.groups.filter((group) => group.level === 'unsafe').length,
      needUnsafe,
      refused: refused.length - needUnsafe,
      ignored: ignored.length,
      skipped: skipped.length,
      errors: errors.length,
    },
  };
}

/** Order of sites in a document. */
export const bySite = (a: Refused, b: Refused): number =>
  byPlace(a, b) || a.end - b.end || byText(a.rule, b.rule) || byText(a.reason, b.reason);

export const byFileError = (a: FileError, b: FileError): number =>
  byPlace(a, b) || byText(a.kind, b.kind) || byText(a.message, b.message);

/** Each once, by path: packages of one repository may share a configuration. */
export function warningsOf(found: readonly Warning[]): Warning[] {
  const once = new Map(found.map((one) => [`${one.path}\0${one.message}`, one]));
  return [...once].sort(([a], [b]) => byText(a, b)).map(([, one]) => one);
}

function fileResults(found: Findings): FileResult[] {
  const changes = new Map(found.changes.map((change) => [change.source.path, change]));
  const failed = new Set(found.errors.map((error) => error.path));
  const skipped = new Set(found.skipped.map((error) => error.path));
  const chosen = new Set(found.files);
  const beside = [...changes.keys()].filter((file) => !chosen.has(file));
  return [...found.files, ...beside].sort(byText).map((file) => {
    const language = languageOf(file) ?? (chosen.has(file) ? 'javascript' : undefined);
    const change = changes.get(file);
    if (!change) {
      const status = failed.has(file) ? 'error' : skipped.has(file) ? 'ignored' : 'unchanged';
      return { path: file, language, status };
    }
    const { source, after } = change;
    return {
      path: file,
      ...(language && { language }),
      status: found.written.has(file) ? 'changed' : 'would-change',
      ...(source.isNew ? { created: true as const } : { before: hashOf(bytesOf(source)) }),
      after: hashOf(bytesOf({ text: after, bom: source.bom })),
      eol: eolOf(source.isNew ? after : source.text),
      bom: source.bom,
    };
  });
}
