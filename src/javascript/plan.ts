import type { TextEdit } from '../edits/edits.js';
import type { Entry, ImportNeed, Note, Refusal } from '../flow/model.js';
import type { FileEdit, Range } from '../types.js';
import type { FileContext } from './context.js';

/** What a reader (with its callers) wants to change, all of it or nothing: entries to be written, and edits at the border. */
export interface PlannedGroup {
  readonly rule: string;
  /** One line for people: `loadUser becomes async; 2 callers gain await`. */
  readonly title: string;
  readonly entries: readonly PlannedEntry[];
  readonly edits: readonly PlannedEdit[];
  /** Functions that its edits change as a whole: no other plan changes what is inside. */
  readonly wholes?: readonly { readonly ctx: FileContext; readonly at: Range }[];
  /**
   * Edits of files that are not read as code (package.json), and new files. Groups may share one when its range is not empty and its text
   * is the same.
   */
  readonly beside?: readonly FileEdit[];
  /** Notes that make it unsafe: applied with `--unsafe` only. */
  readonly unsafe: readonly Note[];
  readonly notes: readonly Note[];
  /** The main site. */
  readonly main: { readonly ctx: FileContext; readonly at: number };
}

export interface PlannedEntry {
  readonly ctx: FileContext;
  readonly entry: Entry;
}

export interface PlannedEdit {
  readonly ctx: FileContext;
  readonly edit: TextEdit;
  /** What its text needs to mean something. */
  readonly needs?: readonly ImportNeed[];
}

export interface PlacedRefusal {
  readonly ctx: FileContext;
  readonly rule: string;
  readonly refusal: Refusal;
  /** The site was found but carries an ignore comment. */
  readonly ignored?: boolean;
}
