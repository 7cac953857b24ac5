import { type PyFile } from '../file.js';
import { type Piece } from '../rewrite.js';
import { isStatement, parentOf, type Node, type Stmt } from '../tree.js';

/* Where things stand, and what may stand there. */

export const BLOCKS =
  /^(?:subprocess\.|socket\.|sqlite3\.|psycopg2?\.|boto3\.|paramiko\.|ftplib\.|smtplib\.|urllib\.request\.|urllib3\.|http\.client\.|httpx\.|os\.system$|select\.)/;
export const PER_THREAD = /^threading\.(?:local|current_thread|get_ident|get_native_id|enumerate|main_thread)$/;

export const inside = (node: Node, outer: Node): boolean => outer.start <= node.start && node.end <= outer.end;

export function allNodes(top: Node): Node[] {
  const found: Node[] = [];
  const visit = (node: Node): void => {
    found.push(node);
    for (const value of Object.values(node).flat())
      if (typeof value === 'object' && value !== null && 'start' in value) visit(value as Node);
  };
  visit(top);
  return found.sort((a, b) => a.start - b.start || b.end - a.end);
}

/** `await x` has to stand in parentheses where something is taken from it, or raised to a power. */
export function needsParens(node: Node): boolean {
  const parent = parentOf(node);
  if (parent?.nodeType === 'Attribute' || (parent?.nodeType === 'Subscript' && parent.value === node)) return true;
  if (parent?.nodeType === 'Call') return parent.func === node;
  return parent?.nodeType === 'BinOp' && parent.op.nodeType === 'Pow';
}

export function ownLines(file: PyFile, stmt: Stmt): boolean {
  const start = file.text.lastIndexOf('\n', stmt.start - 1) + 1;
  const newline = file.text.indexOf('\n', stmt.end);
  const after = file.text.slice(stmt.end, newline < 0 ? undefined : newline).trim();
  return file.text.slice(start, stmt.start).trim() === '' && (after === '' || after.startsWith('#'));
}

export const nameEnd = (file: PyFile, from: number, name: string): number =>
  file.text.indexOf(name, from) + name.length;

/** A `break` that leaves a loop outside of the statement. */
export function leaves(node: Node, stmt: Stmt): boolean {
  for (let at = parentOf(node); at && at !== stmt; at = parentOf(at))
    if (isStatement(at) && /^(?:For|While)$/.test(at.nodeType)) return false;
  return true;
}

/** `f(x) for x in xs` → `f(x)) for x in xs`: the call stands in `ensure_future(…)`. */
export function splitFor(called: Piece[]): Piece[] {
  return called.map((piece) => (typeof piece === 'string' ? piece.replace(/\) for /, ')) for ') : piece));
}
