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
