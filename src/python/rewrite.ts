import { indentAt } from '../edits/render.js';
import { lineEndFor, lineStarts, type TextEdit } from '../edits/edits.js';
import type { Range } from '../types.js';

/** New text for a range: our own text, and ranges of the source with whatever is changed inside them. */
export type Piece = string | Range;

interface Change extends Range {
  readonly pieces: readonly Piece[];
}

/** Changes of one file that may lie in one another: an outer one copies ranges, and inner ones are carried out in the copies. */
export class Rewrite {
  private readonly changes: Change[] = [];

  constructor(
    readonly text: string,
    /** String literals: lines that start inside one are never indented. */
    private readonly strings: readonly Range[],
  ) {}

  replace(range: Range, ...pieces: Piece[]): void {
    this.changes.push({ start: range.start, end: range.end, pieces });
  }

  insert(at: number, ...pieces: Piece[]): void {
    this.changes.push({ start: at, end: at, pieces });
  }

  remove(range: Range): void {
    this.replace(range);
  }

  /** True when nothing is left of a range. */
  takesOut(range: Range): boolean {
    return this.changes.some((change) => change.pieces.length === 0 && covers(change, range));
  }

  /** New text for a range in place of all that was to be changed in it so far. */
  settle(range: Range, text: string): void {
    const others = this.changes.filter((each) => each.start < range.start || each.end > range.end);
    this.changes.splice(0, this.changes.length, ...others);
    this.replace(range, text);
  }

  get isEmpty(): boolean {
    return this.changes.length === 0;
  }

  /** Everything of another rewrite of the same text. */
  addAll(other: Rewrite): void {
    for (const change of other.changes)
      if (!this.changes.some((each) => sameChange(each, change))) this.changes.push(change);
  }

  /** Moves the lines of a range one level in; those that start inside a string literal, and empty ones, stay. */
  indent(range: Range, unit: string): void {
    for (const at of this.linesOf(range)) this.insert(at, unit);
  }

  /** Moves the lines of a range out by as much as `unit` says. */
  dedent(range: Range, unit: string): void {
    for (const at of this.linesOf(range))
      if (this.text.startsWith(unit, at)) this.remove({ start: at, end: at + unit.length });
  }

  /** How many times a line has been moved in so far. */
  levelsAt(line: number, unit: string): number {
    return this.changes.filter(
      ({ start, end, pieces }) => start === line && end === line && pieces.length === 1 && pieces[0] === unit,
    ).length;
  }

  private readonly lowered: { readonly range: Range; readonly unit: string }[] = [];

  /** As `dedent`, and what is written there from now on stands as far out: `indentAt` knows. */
  lower(range: Range, unit: string): void {
    this.dedent(range, unit);
    this.lowered.push({ range, unit });
  }

  private linesOf(range: Range): number[] {
    return lineStarts(this.text).filter(
      (at) =>
        at >= range.start &&
        at < range.end &&
        !/^[ \t]*(?:\r?\n|$)/.test(this.text.slice(at, at + 200)) &&
        !this.strings.some((string) => string.start < at && at < string.end),
    );
  }

  /** The source range as it will be. */
  render(range: Range): string {
    return this.renderWithout(range, undefined);
  }

  private renderWithout(range: Range, self: Change | undefined): string {
    let out = '';
    let done = range.start;
    for (const change of this.outermost(range, self)) {
      out += this.text.slice(done, change.start) + this.renderChange(change);
      done = change.end;
    }
    return out + this.text.slice(done, range.end);
  }

  private renderChange(change: Change): string {
    return change.pieces
      .map((piece) => (typeof piece === 'string' ? piece : this.renderWithout(piece, change)))
      .join('');
  }

  /** Changes inside a range that lie in no other one; what lies in one is carried out where that one copies the source. */
  private outermost(range: Range, self: Change | undefined): Change[] {
    const own = self ? this.changes.indexOf(self) : -1;
    const inside = this.changes
      .map((change, order) => ({ change, order }))
      .filter(({ change, order }) => isPartOf(change, range, self) && !(self && covers(change, self) && order <= own))
      .filter(({ change }) => !self || !(covers(change, self) && !sameRange(change, self)));
    inside.sort(
      (a, b) =>
        a.change.start - b.change.start ||
        Number(b.change.start === b.change.end) - Number(a.change.start === a.change.end) ||
        b.change.end - a.change.end ||
        a.order - b.order,
    );
    const chosen: Change[] = [];
    let end = -1;
    for (const { change } of inside) {
      if (change.start >= end || chosen.length === 0) chosen.push(change);
      else if (change.end > end) throw new Error(`bug: two changes overlap at ${change.start}`);
      else continue;
      end = Math.max(end, change.end);
    }
    return chosen;
  }

  /** Edits for the whole file. */
  edits(): TextEdit[] {
    const eol = lineEndFor(this.text);
    return this.outermost({ start: 0, end: this.text.length }, undefined).map((change) => {
      const text = this.renderChange(change);
      const ended = eol === '\n' ? text : text.replace(/(?<!\r)\n/g, '\r\n');
      return { start: change.start, end: change.end, text: ended };
    });
  }

  /** Where the line of a place starts, and where the next one does. */
  lineOf(at: number): Range {
    const start = this.text.lastIndexOf('\n', at - 1) + 1;
    const newline = this.text.indexOf('\n', at);
    return { start, end: newline < 0 ? this.text.length : newline + 1 };
  }

  /** How far in the line of a place stands, without the levels that were taken from it. */
  indentAt(at: number): string {
    let indent = indentAt(this.text, at);
    for (const { range, unit } of this.lowered)
      if (range.start <= at && at < range.end && indent.endsWith(unit)) indent = indent.slice(0, -unit.length);
    return indent;
  }
}

const sameRange = (a: Range, b: Range): boolean => a.start === b.start && a.end === b.end;
const covers = (a: Range, b: Range): boolean => a.start <= b.start && a.end >= b.end;

/** An insertion belongs to what starts where it is; at the edges of the change that is being written it stands outside. */
function isPartOf(change: Change, range: Range, self: Change | undefined): boolean {
  if (change.start < range.start || change.end > range.end) return false;
  if (change.start < change.end || !self) return true;
  return change.start < range.end && change.start !== self.start && change.start !== self.end;
}

const sameChange = (a: Change, b: Change): boolean =>
  a === b ||
  (a.start === b.start &&
    a.end === b.end &&
    a.end > a.start &&
    a.pieces.length === b.pieces.length &&
    a.pieces.every((piece, index) => typeof piece === 'string' && piece === b.pieces[index]));

/** What one level of a file's indentation is: the first block says it. */
export function indentUnit(text: string, tokens: readonly (Range & { readonly type: string })[]): string {
  const first = tokens.find(({ type }) => type === 'INDENT');
  return (first && indentAt(text, first.start)) || '    ';
}

/** Moves the lines of a text of ours from one indentation to another; lines that start inside a string stay. */
export function shift(text: string, from: string, to: string, strings: readonly Range[]): string {
  let at = 0;
  return text
    .split('\n')
    .map((line) => {
      const start = at;
      at += line.length + 1;
      const fixed = line.trim() === '' || strings.some((string) => string.start < start && start < string.end);
      return fixed || !line.startsWith(from) ? line : to + line.slice(from.length);
    })
    .join('\n');
}
