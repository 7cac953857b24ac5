import type { Range } from '../types.js';
import type { PyFile } from './file.js';
import { isStatement, walk } from './tree.js';

/** A range in which sites are left alone because the user said so; `rule` limits it to one transform. */
export interface Ignored extends Range {
  readonly rule?: string;
}

const MARKER = /asyncshift-ignore(-file|-start|-end)?(?:[ \t]+([a-z][\w-]*))?(?:[ \t]*:.*)?$/;

/** `# asyncshift-ignore` covers the next statement, `…-ignore-file` the file, `…-ignore-start` to `…-ignore-end` what is between. */
export function ignoresIn(file: PyFile): Ignored[] {
  if (!file.text.includes('asyncshift-ignore')) return [];
  const found: Ignored[] = [];
  const open: Ignored[] = [];
  for (const comment of file.comments) {
    const match = MARKER.exec(file.text.slice(comment.start, comment.end));
    if (!match) continue;
    const about = match[2] ? { rule: match[2] } : {};
    if (match[1] === '-file') found.push({ start: 0, end: file.text.length, ...about });
    else if (match[1] === '-start') open.push({ start: comment.end, end: file.text.length, ...about });
    else if (match[1] === '-end') found.push(...open.splice(-1).map((each) => ({ ...each, end: comment.start })));
    else found.push({ ...nextStatement(file, comment.end), ...about });
  }
  return [...found, ...open];
}

/** The outermost statement that starts behind a comment. */
function nextStatement(file: PyFile, after: number): Range {
  let next: Range | undefined;
  walk(file.module, (node) => {
    if (next || node.end <= after) return false;
    if (!isStatement(node) || node.start < after) return true;
    next = { start: node.start, end: node.end };
    return false;
  });
  return next ?? { start: after, end: after };
}
