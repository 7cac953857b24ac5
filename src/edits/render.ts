import type { Binding, Part, Snippet } from '../flow/model.js';
import type { Range } from '../types.js';
import type { TextEdit } from './edits.js';

/**
 * Marks a line start that is content (the inside of a template literal) and must not be re-indented.
 * A private-use character; a file that holds it is refused before anything is rendered.
 */
export const FIXED = '\uE0F1';

/** What rendering needs to know about one file. */
export interface Canvas {
  readonly text: string;
  /** Ranges whose line breaks are content: template literals, JSX text, strings continued over lines. Sorted. */
  readonly frozen: readonly Range[];
  /** New names by the offset of the identifier. */
  readonly renames: Map<number, string>;
  /** Edits inside the ranges, already rendered, such as the conversions of inner functions. */
  readonly nested: TextEdit[];
  /** The final name of a binding. */
  nameOf(binding: Binding): string;
}

/** A snippet's text as it will stand in the output, its lines indented to `indent`. */
export function renderSnippet(snippet: Pick<Snippet, 'parts'>, indent: string, canvas: Canvas): string {
  return snippet.parts.map((part) => renderPart(part, indent, canvas)).join('');
}

export function renderPart(part: Part, indent: string, canvas: Canvas): string {
  if (typeof part === 'string') return part;
  if ('start' in part) return renderRange(part, indent, canvas);
  return canvas.nameOf(part);
}

/** The source range with renames and nested edits applied; lines after the first move from the source's indentation to `indent`. */
export function renderRange(range: Range, indent: string, canvas: Canvas): string {
  const edits = editsIn(range, canvas);
  let out = '';
  let done = range.start;
  for (const edit of edits) {
    if (edit.start < done) continue; // inside a nested edit that has its own way of writing it
    out += markFixed(done, edit.start, canvas) + edit.text;
    done = edit.end;
  }
  out += markFixed(done, range.end, canvas);
  return reindent(out, indentAt(canvas.text, range.start), indent);
}

function editsIn(range: Range, canvas: Canvas): TextEdit[] {
  const inside = (edit: Range) => edit.start >= range.start && edit.end <= range.end;
  const renames: TextEdit[] = [];
  for (const [at, text] of canvas.renames) {
    if (at < range.start || at >= range.end) continue;
    const name = /^[\w$\u00aa-\uffff]+/.exec(canvas.text.slice(at, at + 200))?.[0] ?? '';
    const edit = { start: at, end: at + name.length, text };
    if (inside(edit)) renames.push(edit);
  }
  return [...renames, ...canvas.nested.filter(inside)].sort((a, b) => a.start - b.start || b.end - a.end);
}

/** `text[from, to)` with a mark behind each line break that is content. */
function markFixed(from: number, to: number, canvas: Canvas): string {
  const slice = canvas.text.slice(from, to);
  if (!slice.includes('\n')) return slice;
  return slice.replace(/\n/g, (_, at: number) => (isFrozen(from + at, canvas.frozen) ? `\n${FIXED}` : '\n'));
}

function isFrozen(at: number, frozen: readonly Range[]): boolean {
  return frozen.some((range) => range.start <= at && at < range.end);
}

/** White space at the start of the line that holds `at`. */
export function indentAt(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, at))?.[0] ?? '';
}

/** Moves every line but the first from one indentation to another; lines marked as fixed stay. */
export function reindent(text: string, from: string, to: string): string {
  if (from === to || !text.includes('\n')) return text;
  return text
    .split('\n')
    .map((line, index) => {
      if (index === 0 || line.startsWith(FIXED) || line.trim() === '') return line;
      if (line.startsWith(from)) return to + line.slice(from.length);
      return line;
    })
    .join('\n');
}

/** The finished text: marks out, line ends as the file has them. */
export function finish(text: string, eol: '\n' | '\r\n'): string {
  const ended = eol === '\n' ? text : text.replace(new RegExp(`(?<!\\r)\\n(?!${FIXED})`, 'g'), '\r\n');
  return ended.replaceAll(FIXED, '');
}
