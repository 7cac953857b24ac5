import type { ExportsPolicy, Style } from '../../types.js';

/** Every direction that there is: what can be switched off by name. */
export const RULES = [
  'async-to-callback',
  'async-to-pool',
  'async-to-promise',
  'callback-to-async',
  'callback-to-pool',
  'callback-to-promise',
  'pool-to-async',
  'pool-to-callback',
  'pool-to-promise',
  'promise-to-async',
  'promise-to-callback',
  'promise-to-pool',
  'python-async-to-callback',
  'python-async-to-pool',
  'python-callback-to-async',
  'python-callback-to-pool',
  'python-pool-to-async',
  'python-pool-to-callback',
] as const;

export type RuleName = (typeof RULES)[number];

/** What can be said for all files, and again for some of them. */
export interface ConfigOptions {
  /** The style to write: callback, promise, async or pool (Python has no promise). */
  readonly to?: Style;
  /** Only sites that are written in this style; without it, in any other style. */
  readonly from?: Style;
  /** Exported functions whose callers cannot be seen: wrap keeps their contract (default), change changes it, refuse leaves them. */
  readonly exports?: ExportsPolicy;
  /** Also make changes that can alter behaviour; each names what can differ. */
  readonly unsafe?: boolean;
  /** Ask the compiler what values are, where a tsconfig.json covers the file. Slower. */
  readonly types?: boolean;
  /** With "to": "pool": worker threads, or a bound on the event loop. Without it, what the project uses. */
  readonly pool?: 'threads' | 'limit';
  /**
   * With "to": "pool": how many at once, where the code does not say.
   *
   * @minimum 1
   * @asType integer
   */
  readonly limit?: number;
  /** Directions by name; "off" leaves one out. `asyncshift list` names them all. */
  readonly rules?: { readonly [name in RuleName]?: 'on' | 'off' };
}

export interface ConfigOverride extends ConfigOptions {
  /** Patterns of the files that it is about, from the folder of this file. */
  readonly include: readonly string[];
  /** Patterns of files that it is not about all the same. */
  readonly exclude?: readonly string[];
}

/** The settings of a project. Options of the command line win over them. */
export interface Config extends ConfigOptions {
  /** This schema, for editors: ./node_modules/asyncshift/schema.json */
  readonly $schema?: string;
  /** Only files that match one of these patterns, from the folder of this file. */
  readonly include?: readonly string[];
  /** No files that match one of these patterns. */
  readonly exclude?: readonly string[];
  /** Other options for some of the files; the last one whose patterns match a file counts. */
  readonly overrides?: readonly ConfigOverride[];
}
