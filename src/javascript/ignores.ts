import type { Range } from '../types.js';
import { ts } from './parse.js';

/** A range in which sites are left alone because the user said so. */
export interface Ignored extends Range {
  /** Only this transform; undefined: all. */
  readonly rule?: string;
  readonly reason?: string;
}

const marker = /asyncshift-ignore(-file|-start|-end)?(?:[ \t]+([a-z][\w-]*))?(?:[ \t]*:[ \t]*(.*?))?[ \t]*(?:\*\/|$)/gm;

/**
 * `// asyncshift-ignore [rule][: reason]` covers the next statement, `…-ignore-file` the file, `…-ignore-start` to
 * `…-ignore-end` what stands between.
 */
export function ignoresIn(file: ts.SourceFile): Ignored[] {
  if (!file.text.includes('asyncshift-ignore')) return [];
  const found: Ignored[] = [];
  const open: Ignored[] = [];
  for (const match of file.text.matchAll(marker)) {
    if (!isComment(file, match.index)) continue;
    const [, kind, rule, reason] = match;
    const about = { ...(rule && { rule }), ...(reason && { reason }) };
    const after = match.index + match[0].length;
    if (kind === '-file') found.push({ start: 0, end: file.text.length, ...about });
    else if (kind === '-start') open.push({ start: after, end: file.text.length, ...about });
    else if (kind === '-end') found.push(...open.splice(-1).map((each) => ({ ...each, end: match.index })));
    else found.push({ ...nextStatement(file, after), ...about });
  }
  return [...found, ...open];
}

function isComment(file: ts.SourceFile, at: number): boolean {
  const line = file.text.slice(file.text.lastIndexOf('\n', at - 1) + 1, at);
  return /\/\/|\/\*|^\s*\*/.test(line);
}

/** The outermost statement or class member that starts behind the comment. */
function nextStatement(file: ts.SourceFile, after: number): Range {
  const visit = (node: ts.Node): Range | undefined => {
    if (node.end <= after) return undefined;
    const start = node.getStart(file);
    if (start >= after && (ts.isStatement(node) || ts.isClassElement(node) || ts.isObjectLiteralElement(node)))
      return { start, end: node.end };
    return ts.forEachChild(node, visit);
  };
  return ts.forEachChild(file, visit) ?? { start: after, end: after };
}
