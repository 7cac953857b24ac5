/** Our transforms in jscodeshift's shape: `(file, api, options) => text | undefined`. One file at a time: exported names keep their contract. */

import * as fs from 'node:fs';
import * as path from 'node:path';
import { transform } from '../run/transform.js';
import type { ExportsPolicy, ProjectView, Style, TransformOptions } from '../types.js';

/** The part of jscodeshift's arguments that we use; their types need not be installed for ours to be read. */
export interface FileInfo {
  readonly path: string;
  readonly source: string;
}

export interface Api {
  /** Counts a word; jscodeshift prints the counts of a dry run. */
  stats(name: string): void;
  /** Prints a line beside the file's name. */
  report(message: string): void;
}

/** Options of jscodeshift's command line: `--exports=change --unsafe=true --pool=limit --limit=6 --explain=true`. */
export interface Options {
  readonly exports?: ExportsPolicy;
  readonly unsafe?: boolean;
  readonly pool?: TransformOptions['pool'];
  readonly limit?: number;
  /** Report each site that was left as it was, and why. */
  readonly explain?: boolean;
}

export interface JscodeshiftTransform {
  (file: FileInfo, api: Api, options?: Options): string | undefined;
  /** What jscodeshift would parse with; we read the text ourselves, but it must know TypeScript to accept `.ts` files. */
  parser: 'tsx';
}

/** The transform for a direction; without `from`, for every style that the target can be reached from. */
export function forJscodeshift(to: Style, from?: Style): JscodeshiftTransform {
  const convert = (file: FileInfo, api: Api, options: Options = {}): string | undefined => {
    const { exports } = options;
    if (options.pool === 'threads')
      throw new Error(
        'a worker module is a new file, which jscodeshift cannot make: asyncshift --to pool --pool threads',
      );
    const pool = to === 'pool' ? 'limit' : undefined;
    const limit = options.limit === undefined ? undefined : Number(options.limit);
    const asked: TransformOptions = { to, from, exports, unsafe: options.unsafe === true, pool, limit };
    const name = path.relative(process.cwd(), file.path).split(path.sep).join('/');
    const result = transform(file.source, { ...withoutUndefined(asked), path: name, view: viewOf(process.cwd()) });
    const [error] = result.errors;
    if (error) throw new Error(`${error.line}:${error.column} ${error.message}`);
    const beside = result.groups
      .flatMap((group) => group.edits.map((edit) => edit.path))
      .filter((path) => path !== name);
    for (const path of new Set(beside))
      api.report(`${path} must change too: jscodeshift cannot, asyncshift itself does`);
    for (const refused of result.refused) {
      api.stats(refused.reason);
      if (options.explain) api.report(`${refused.line}:${refused.column} ${refused.reason}: ${refused.message}`);
    }
    return result.code === file.source ? undefined : result.code;
  };
  return Object.assign(convert, { parser: 'tsx' as const });
}

/** An option that is there but undefined would take the place of a default. */
function withoutUndefined(options: TransformOptions): TransformOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as unknown as TransformOptions;
}

/** The project that jscodeshift was started in: imports and package.json are read, nothing is written. */
function viewOf(root: string): ProjectView {
  const read = (name: string): string | undefined => {
    try {
      return fs.readFileSync(path.join(root, name), 'utf8');
    } catch {
      return undefined;
    }
  };
  return { root, read, others: [] };
}
