import * as fs from 'node:fs';
import * as path from 'node:path';
import { eolOf, type Eol } from '../edits/edits.js';
import type {
  ChangeGroup,
  ExportsPolicy,
  FileError,
  Language,
  Refused,
  Style,
  TransformOptions,
  Warning,
} from '../types.js';
import { byText, languageOf } from './paths.js';
import { byPlace, type PlannedFile } from './plan.js';
import { bytesOf, hashOf } from './read.js';

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
  readonly config: {
    readonly to: Style;
    readonly from?: Style;
    readonly exports: ExportsPolicy;
    readonly unsafe: boolean;
    /** Only there with `--types`. */
    readonly types?: true;
    /** Only there when asked for. */
    readonly pool?: 'threads' | 'limit';
    readonly limit?: number;
    readonly hash: string;
  };
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
  readonly options: TransformOptions;
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
  const { to, from, exports = 'wrap', unsafe = false, types = false, pool, limit } = found.options;
  const refused = [...found.refused].sort(bySite);
  const ignored = [...found.ignored].sort(bySite);
  const skipped = [...found.skipped].sort(byFileError);
  const errors = [...found.errors].sort(byFileError);
  const needUnsafe = refused.filter((one) => one.unsafe !== undefined).length;
  const pools = { ...(pool && { pool }), ...(limit !== undefined && { limit }) };
  const config = { to, ...(from && { from }), exports, unsafe, ...(types && { types: true as const }), ...pools };
  const more = [...(types ? ['types'] : []), ...Object.entries(pools).map(([name, value]) => `${name}=${value}`)];
  const asked = [version(), to, from ?? '', exports, unsafe, ...more];
  return {
    schema: 'asyncshift.result/1',
    tool: { name: 'asyncshift', version: version() },
    config: { ...config, hash: hashOf(JSON.stringify(asked)) },
    root: found.root === '' ? '.' : found.root,
    files: fileResults(found),
    groups: found.groups,
    refused,
    ignored,
    skipped,
    errors,
    ...(found.warnings?.length && { warnings: found.warnings }),
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

const bySite = (a: Refused, b: Refused): number =>
  byPlace(a, b) || byText(a.rule, b.rule) || byText(a.reason, b.reason);

const byFileError = (a: FileError, b: FileError): number => byPlace(a, b) || byText(a.kind, b.kind);

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

let known: string | undefined;

/** The version of the package that this file is part of, from the sources as well as from the built files. */
export function version(): string {
  if (known === undefined) {
    const manifest = path.join(__dirname, '..', '..', 'package.json');
    known = (JSON.parse(fs.readFileSync(manifest, 'utf8')) as { version: string }).version;
  }
  return known;
}
