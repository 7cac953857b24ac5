import type { Lead } from '../flow/model.js';
import type { Range } from '../types.js';
import { ts } from './parse.js';

/** The texts of all comments, without indentation, sorted: two texts with the same list have lost none and gained none. */
export function commentsIn(file: ts.SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const children = node.getChildren(file);
    if (children.length > 0) return children.forEach(visit);
    // JSX text has no trivia: what looks like a comment there is text.
    if (node.kind === ts.SyntaxKind.JsxText) return;
    const trivia = file.text.slice(node.pos, node.getStart(file));
    if (trivia.includes('/')) found.push(...commentsOf(trivia));
  };
  visit(file);
  return found.sort();
}

function commentsOf(trivia: string): string[] {
  const all = trivia.match(/\/\/[^\r\n\u2028\u2029]*|\/\*[\s\S]*?\*\//g) ?? [];
  return all.map((comment) => comment.replace(/\r?\n[ \t]*/g, '\n').trimEnd());
}

/** Comments in `text[from, to)`, blank lines between them as `''`. A comment behind code on the first line is its trail, not our lead. */
export function commentsBetween(text: string, from: number, to: number, mode: 'lead' | 'all'): Lead[] {
  const found: Lead[] = [];
  let at = from;
  let newlines = mode === 'all' || from === 0 ? 1 : 0;
  const first = newlines;
  while (at < to) {
    const rest = text.slice(at, to);
    const space = /^\s+/.exec(rest);
    if (space) {
      newlines += (space[0].match(/\n/g) ?? []).length;
      at += space[0].length;
      continue;
    }
    const comment = /^(?:\/\/[^\r\n\u2028\u2029]*|\/\*[\s\S]*?\*\/)/.exec(rest);
    if (!comment) {
      at += 1; // a separator such as `;` or `,`
      continue;
    }
    if (mode === 'all' || newlines > 0 || found.length > 0 || !behindCode(text, at)) {
      if (newlines > 1 && (found.length > 0 || mode === 'lead')) found.push('');
      found.push({ start: at, end: at + comment[0].length });
    }
    newlines = 0;
    at += comment[0].length;
  }
  if (newlines > 1 && (found.length > 0 || (mode === 'lead' && first === 0) || mode === 'lead')) found.push('');
  return found;
}

/** Is there code before this offset on its line? */
function behindCode(text: string, at: number): boolean {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  return /\S/.test(line.replace(/\/\*[\s\S]*?\*\//g, ''));
}

/** Comments behind a node, on its last line. */
export function trailingComments(text: string, from: number, to: number): Range[] {
  const found: Range[] = [];
  let at = from;
  while (at < to) {
    const space = /^[ \t;,]+/.exec(text.slice(at, to));
    if (space) at += space[0].length;
    const comment = /^(?:\/\/[^\r\n\u2028\u2029]*|\/\*[^\n]*?\*\/)/.exec(text.slice(at, to));
    if (!comment) break;
    found.push({ start: at, end: at + comment[0].length });
    at += comment[0].length;
  }
  return found;
}
