import type { TextEdit } from './edits.js';
import { sortEdits } from './edits.js';

/** One edit of the first text that stands for some edits of both steps; `first` and `second` are what it was made of. */
export interface Chained<A extends TextEdit, B extends TextEdit> extends TextEdit {
  readonly first: readonly A[];
  readonly second: readonly B[];
}

/**
 * Edits of a text, and edits of the text that they give, as edits of the first text that do both. Where an edit of the second
 * step touches what the first step wrote, the two become one.
 */
export function chainEdits<A extends TextEdit, B extends TextEdit>(
  text: string,
  first: readonly A[],
  second: readonly B[],
): Chained<A, B>[] {
  const pieces = piecesOf(first);
  const rest = sortEdits(second);
  const out: Chained<A, B>[] = [];
  while (pieces.length > 0 || rest.length > 0) {
    const piece = pieces[0];
    const edit = rest[0];
    // Which of the two begins first in the middle text begins the next joined edit.
    const cluster: Cluster<A, B> = {
      first: [],
      second: [],
      from: Math.min(piece?.from ?? Infinity, edit?.start ?? Infinity),
      to: -1,
    };
    cluster.to = cluster.from;
    while (takePiece(pieces, cluster) || takeEdit(rest, cluster)) continue;
    out.push(joined(text, first, cluster));
  }
  return out;
}

interface Cluster<A, B> {
  readonly first: A[];
  readonly second: B[];
  readonly from: number;
  to: number;
}

interface Piece<A> {
  readonly edit: A;
  /** Where its text stands in the middle text. */
  readonly from: number;
  readonly to: number;
}

function piecesOf<A extends TextEdit>(edits: readonly A[]): Piece<A>[] {
  let shift = 0;
  return sortEdits(edits).map((edit) => {
    const from = edit.start + shift;
    shift += edit.text.length - (edit.end - edit.start);
    return { edit, from, to: from + edit.text.length };
  });
}

function takePiece<A extends TextEdit, B extends TextEdit>(pieces: Piece<A>[], cluster: Cluster<A, B>): boolean {
  const piece = pieces[0];
  if (!piece || piece.from > cluster.to) return false;
  pieces.shift();
  cluster.first.push(piece.edit);
  cluster.to = Math.max(cluster.to, piece.to);
  return true;
}

function takeEdit<A extends TextEdit, B extends TextEdit>(edits: B[], cluster: Cluster<A, B>): boolean {
  const edit = edits[0];
  if (!edit || edit.start > cluster.to) return false;
  edits.shift();
  cluster.second.push(edit);
  cluster.to = Math.max(cluster.to, edit.end);
  return true;
}

function joined<A extends TextEdit, B extends TextEdit>(
  text: string,
  all: readonly A[],
  cluster: Cluster<A, B>,
): Chained<A, B> {
  const start = toFirst(all, cluster.from, 'start');
  const end = toFirst(all, cluster.to, 'end');
  let out = '';
  let done = start;
  for (const edit of cluster.first) {
    out += text.slice(done, edit.start) + edit.text;
    done = edit.end;
  }
  out += text.slice(done, end);
  for (const edit of [...cluster.second].reverse())
    out = out.slice(0, edit.start - cluster.from) + edit.text + out.slice(edit.end - cluster.from);
  return { start, end, text: out, first: cluster.first, second: cluster.second };
}

/** An offset of the middle text that is not inside a piece, in the first text. */
function toFirst<A extends TextEdit>(all: readonly A[], at: number, side: 'start' | 'end'): number {
  let shift = 0;
  for (const { edit, from, to } of piecesOf(all)) {
    const before = side === 'start' ? at <= from : at < to;
    if (before) break;
    shift = edit.end - to;
  }
  return at + shift;
}
