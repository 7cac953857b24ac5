/** The words that the whole tool shares: styles, languages, results. Offsets are UTF-16 indices into the decoded text without BOM. */

export type Style = 'callback' | 'promise' | 'async' | 'pool';
export type Language = 'javascript' | 'typescript' | 'python';
export type ExportsPolicy = 'wrap' | 'change' | 'refuse';
/** `safe` is applied; `unsafe` only with `--unsafe`, and then names what may differ. */
export type Level = 'safe' | 'unsafe';

/** Half open: `start` is in it, `end` is not. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * A replacement in one file. The file need not be one of the run: a new dependency edits package.json. Such a file is read when the result
 * is planned and goes through the same guards as any other.
 */
export interface FileEdit extends Range {
  readonly path: string;
  readonly text: string;
  /**
   * The file does not exist yet: `start` and `end` are 0 and `text` is all of it. Shown against `/dev/null` in the patch, made by `--write`
   * (which refuses when something is there by then), removed by `undo`. No other edit may touch that path.
   */
  readonly create?: true;
}

/** Edits that stand or fall together, in one file or in many. */
export interface ChangeGroup {
  /** `g-` + hash of rule, paths and original texts: survives edits elsewhere. */
  readonly id: string;
  /** The transform's name: `promise-to-async`. */
  readonly rule: string;
  readonly level: Level;
  /** Codes of `src/messages/notes.md`: what a reviewer should know; for `unsafe`, what may differ. */
  readonly differences: readonly string[];
  /** One line for people: `loadUser becomes async; 2 callers gain await`. */
  readonly title: string;
  /** Where the group's main site is: for reports. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly edits: readonly FileEdit[];
}

/** A site that was left as it was, and why. `line` and `column` are 1-based. */
export interface Refused extends Range {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly rule: string;
  /** A code of `src/messages/refusals.md`. */
  readonly reason: string;
  readonly message: string;
  /** The first line of the source at that place, for `--explain`. */
  readonly excerpt: string;
  /** Set when `--unsafe` would apply it: the note's code. */
  readonly unsafe?: string;
  /** What the user's tests printed, where they are the reason. */
  readonly output?: string;
}

export interface FileError {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly kind:
    | 'parse-error'
    | 'internal-error'
    | 'unreadable'
    | 'binary'
    | 'too-large'
    | 'changed-meanwhile'
    | 'dirty'
    | 'partly-staged'
    | 'not-found';
  readonly message: string;
}

/** Something that stood in the way of a better result. The run went on without it. */
export interface Warning {
  readonly path: string;
  readonly message: string;
}

/** A source file as the engines see it: decoded, without BOM. `path` is relative to the root, with `/`. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

export interface TransformOptions {
  readonly to: Style;
  /** Only sites written in this style; default: any other style. */
  readonly from?: Style;
  readonly exports?: ExportsPolicy;
  readonly unsafe?: boolean;
  /** Ask the compiler what a value is, in files that a tsconfig.json above them covers. Slower; reads the disk below the view's root. */
  readonly types?: boolean;
  /** Which kind of pool `to: 'pool'` writes in JavaScript; default: what the project uses, else what the task asks for. */
  readonly pool?: 'threads' | 'limit';
  /** How many tasks may run at once where the source does not say: a whole number from 1. */
  readonly limit?: number;
  /** Only these transforms; default: all that write `to`. */
  readonly rules?: readonly string[];
}

/** Other options for some of the files of a run. */
export interface Override extends Partial<TransformOptions> {
  /** Patterns from the root of the run, with `/`: the files it is about. */
  readonly include: readonly string[];
  /** Patterns of files that it is not about all the same. */
  readonly exclude?: readonly string[];
}

/** All that decides what becomes of a text, in one canonical form: what was not asked for is not there. */
export interface Settings extends TransformOptions {
  readonly exports: ExportsPolicy;
  readonly unsafe: boolean;
  /** The last one whose patterns match a file counts. */
  readonly overrides?: readonly Override[];
}

/** What the engine is given beside the files: how to look at the rest of the project. All of it is optional and pure. */
export interface ProjectView {
  /** Absolute folder to which paths are relative. */
  readonly root: string;
  /** The text of another file of the project (relative path), or undefined. Used for imports, package.json and tsconfig.json. */
  read(path: string): string | undefined;
  /** Files of the same project that are not in the run, such as tests: they may import what we change. */
  readonly others: readonly string[];
  /** One object for all the projects of a run: what is costly to find out is kept with it. */
  readonly run?: object;
}

export interface ProjectResult {
  readonly groups: readonly ChangeGroup[];
  readonly refused: readonly Refused[];
  readonly errors: readonly FileError[];
  /** Sites that carry an inline ignore. */
  readonly ignored: readonly Refused[];
  /** Only there when there are some. */
  readonly warnings?: readonly Warning[];
  /** Sites seen, by rule: changed + refused + ignored. */
  readonly sites: number;
}
