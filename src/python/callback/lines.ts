import { ownLines } from '../async/places.js';
import { shift } from '../rewrite.js';
import type { Node, Stmt } from '../tree.js';
import { Stop, type Body } from './body.js';

/* Statements as text, moved from one indentation to another. */

/** A block as it was. */
export function keepBlock(body: Body, stmts: readonly Stmt[], indent: string): string {
  return stmts
    .map((stmt, index) => {
      if (!ownLines(body.file, stmt)) throw new Stop('one-line-block', stmt);
      return reindent(leadOf(body, stmts, index), indentOf(body, stmt), indent) + verbatim(body, stmt, indent);
    })
    .join('');
}

export function verbatim(body: Body, stmt: Stmt, indent: string): string {
  const { rewrite } = body.unit;
  const lines = { start: rewrite.lineOf(stmt.start).start, end: rewrite.lineOf(stmt.end).end };
  const text = body.file.text.slice(lines.start, lines.end);
  const own = body.file.strings.map(({ start, end }) => ({ start: start - lines.start, end: end - lines.start }));
  return ended(plain(shift(text, indentOf(body, stmt), indent, own)));
}

/** Lines are written as the file has them in the end. */
const plain = (text: string): string => text.replaceAll('\r\n', '\n');

const ended = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);

/** Comments and blank lines in front of a statement of a block. */
export function leadOf(body: Body, stmts: readonly Stmt[], index: number): string {
  const { rewrite } = body.unit;
  const end = rewrite.lineOf(stmts[index]!.start).start;
  const start = index > 0 ? rewrite.lineOf(stmts[index - 1]!.end).end : bodyStart(body, stmts);
  return start < end ? plain(body.file.text.slice(start, end)) : '';
}

/** Behind the line with the colon. */
export function bodyStart(body: Body, stmts: readonly Stmt[]): number {
  const first = stmts[0]!.start;
  let at = body.unit.rewrite.lineOf(first).start;
  for (;;) {
    const above = body.unit.rewrite.lineOf(at - 1);
    const line = body.file.text.slice(above.start, above.end);
    if (at === 0 || !/^\s*(?:#.*)?\r?\n$/.test(line)) return at;
    at = above.start;
  }
}

export const indentOf = (body: Body, node: Node): string => {
  const { start } = body.unit.rewrite.lineOf(node.start);
  return /^[ \t]*/.exec(body.file.text.slice(start, node.start))![0];
};

export const reindent = (text: string, from: string, to: string): string => shift(text, from, to, []);
