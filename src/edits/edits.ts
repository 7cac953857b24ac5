import type { Range } from '../types.js';

/** A replacement in one text; `FileEdit` is one of these with a path. */
export interface TextEdit extends Range {
  readonly text: string;
}

/** A place for people: both 1-based, `column` in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Applies edits given in any order; every byte outside them stays. Two edits that overlap are a bug of ours, so they throw.
 * Insertions at one place keep the order in which they were given, and come before a replacement that starts there.
 */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let out = '';
  let done = 0;
  for (const edit of sortEdits(edits)) {
    if (edit.start < done) throw new Error(`bug: two edits overlap at ${edit.start}`);
    if (edit.end < edit.start || edit.end > text.length)
      throw new Error(`bug: an edit ends at ${edit.end} of ${text.length}`);
    out += text.slice(done, edit.start) + edit.text;
    done = edit.end;
  }
  return out + text.slice(done);
}

/** Edits in the order of the text: by start, then insertions first, then as given. */
export function sortEdits<E extends TextEdit>(edits: readonly E[]): E[] {
  return edits
    .map((edit, order) => ({ edit, order }))
    .sort((a, b) => a.edit.start - b.edit.start || a.edit.end - b.edit.end || a.order - b.order)
    .map(({ edit }) => edit);
}

/** The same change with the common beginning and end left out; undefined when nothing is left. Surrogate pairs and CRLF stay whole. */
export function shrinkEdit<E extends TextEdit>(text: string, edit: E): E | undefined {
  const old = text.slice(edit.start, edit.end);
  const fresh = edit.text;
  if (old === fresh) return undefined;
  const most = Math.min(old.length, fresh.length);
  let head = 0;
  while (head < most && old[head] === fresh[head]) head++;
  if (splitsUnit(old, head) || splitsUnit(fresh, head)) head--;
  let tail = 0;
  while (tail < most - head && old[old.length - 1 - tail] === fresh[fresh.length - 1 - tail]) tail++;
  if (tail > 0 && (splitsUnit(old, old.length - tail) || splitsUnit(fresh, fresh.length - tail))) tail--;
  return { ...edit, start: edit.start + head, end: edit.end - tail, text: fresh.slice(head, fresh.length - tail) };
}

/** True when `at` lies between the two halves of a surrogate pair or of a CRLF. */
function splitsUnit(text: string, at: number): boolean {
  if (at <= 0 || at >= text.length) return false;
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  if (before === 13 && after === 10) return true;
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}

const startsOf = new Map<string, readonly number[]>();

/** Offsets at which lines start. Lines end with LF, CRLF or a lone CR; U+2028 and U+2029 end none, as in editors. Cached for a few texts. */
export function lineStarts(text: string): readonly number[] {
  const known = startsOf.get(text);
  if (known) return known;
  const starts = [0];
  for (const end of text.matchAll(/\r\n|\n|\r/g)) starts.push(end.index + end[0].length);
  if (startsOf.size >= 16) startsOf.clear();
  startsOf.set(text, starts);
  return starts;
}

/** Line and column of an offset; past the end it is the end's place. */
export function positionOf(text: string, offset: number): Position {
  const starts = lineStarts(text);
  const at = Math.max(0, Math.min(offset, text.length));
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= at) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: at - starts[low]! + 1 };
}

/** The text of a 1-based line without its line end; '' when there is no such line. */
export function lineText(text: string, line: number): string {
  const starts = lineStarts(text);
  const start = starts[line - 1];
  if (start === undefined) return '';
  return text.slice(start, starts[line] ?? text.length).replace(/[\r\n]+$/, '');
}

export type Eol = 'lf' | 'crlf' | 'cr' | 'mixed' | 'none';

/** Which line ends a text uses. */
export function eolOf(text: string): Eol {
  const seen = new Set<Eol>();
  for (const [end] of text.matchAll(/\r\n|\n|\r/g)) {
    seen.add(end === '\n' ? 'lf' : end === '\r' ? 'cr' : 'crlf');
    if (seen.size > 1) return 'mixed';
  }
  return [...seen][0] ?? 'none';
}

/** The line end to write in a text: the one it uses most, `\n` when it has none. */
export function lineEndFor(text: string): '\n' | '\r\n' {
  const crlf = text.split('\r\n').length - 1;
  const lf = text.split('\n').length - 1 - crlf;
  return crlf > lf ? '\r\n' : '\n';
}
