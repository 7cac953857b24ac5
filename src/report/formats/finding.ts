import { positionOf } from '../../edits/edits.js';
import { findMessage, messageFor } from '../../messages/index.js';
import type { ResultDocument } from '../../run/document.js';
import type { ChangeGroup, FileEdit, FileError, Refused } from '../../types.js';

/** What every report is made of: the result document and the texts that its places stand in. */
export interface Reported {
  readonly document: ResultDocument;
  /** The text of a file before the run, decoded and without BOM. */
  readonly text: (path: string) => string | undefined;
  /** The command that would make the changes, for people: `npx asyncshift --to async --write`. */
  readonly command: string;
  /** The text of a file that a report is built into: `review.html`, or one of diff2html's. */
  readonly asset: (name: string) => string;
}

/** A place in a file, for people and machines: all four are 1-based, the end is behind the last character. */
export interface Region {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** One thing to tell about one place: a change, a site that was left, a file that could not be read. */
export interface Finding {
  readonly kind: 'change' | 'unsafe' | 'refused' | 'error';
  /** The rule of a change, the reason of a refusal, the kind of an error: a stable name. */
  readonly code: string;
  readonly path: string;
  readonly region?: Region;
  readonly message: string;
  /** Of a change. */
  readonly group?: ChangeGroup;
}

/** Everything of a run that a report tells, in the order of the document: changes, then what was left, then errors. */
export function findingsOf({ document, text }: Reported): Finding[] {
  return [
    ...document.groups.map((group) => changeFinding(group, text)),
    ...document.refused.map((one) => refusedFinding(one, text)),
    ...document.errors.map(errorFinding),
  ];
}

function changeFinding(group: ChangeGroup, text: Reported['text']): Finding {
  const edit = group.edits.find((each) => each.path === group.path);
  const region = edit && regionOf(text(group.path), edit);
  const differences = group.differences.map((code) => messageFor(code));
  return {
    kind: 'change',
    code: group.rule,
    path: group.path,
    region: region ?? { line: group.line, column: group.column, endLine: group.line, endColumn: group.column },
    message: [`${group.title} (${group.level}).`, ...differences].join(' '),
    group,
  };
}

function refusedFinding(one: Refused, text: Reported['text']): Finding {
  const place = { line: one.line, column: one.column, endLine: one.line, endColumn: one.column + 1 };
  return {
    kind: one.unsafe ? 'unsafe' : 'refused',
    code: one.unsafe ?? one.reason,
    path: one.path,
    region: regionOf(text(one.path), one) ?? place,
    message: one.message,
  };
}

function errorFinding(error: FileError): Finding {
  const { line, column } = error;
  return {
    kind: 'error',
    code: error.kind,
    path: error.path,
    ...(line > 0 && { region: { line, column, endLine: line, endColumn: column + 1 } }),
    message: error.message,
  };
}

/** Where a range of a text stands; `undefined` without the text. */
export function regionOf(
  text: string | undefined,
  { start, end }: Pick<FileEdit, 'start' | 'end'>,
): Region | undefined {
  if (text === undefined) return undefined;
  const from = positionOf(text, start);
  const to = positionOf(text, end);
  return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
}

/** What a code means and what to do, in one or two sentences; its own name for a rule. */
export function helpFor(code: string): { readonly short: string; readonly full: string } {
  const message = findMessage(code);
  if (!message) return { short: code.replaceAll('-', ' '), full: `asyncshift explain ${code}` };
  const short = messageFor(code).replace(/^Left unchanged: /, '');
  return { short, full: [short, message.advice].filter(Boolean).join('\n\n') };
}
