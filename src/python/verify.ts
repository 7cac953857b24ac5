import { pyFile, type PyFile } from './file.js';
import { ruffRefuses } from './parse.js';

/** What is wrong with a result: it is no Python (a defect of ours), or a comment would be lost. */
export function wrongWith(
  before: PyFile,
  text: string,
): { code: 'unparsable' | 'comment-lost' | 'code-repeated'; detail: string } | undefined {
  const after = pyFile(before.path, text);
  if ('error' in after)
    return { code: 'unparsable', detail: `${after.error.line}:${after.error.column} ${after.error.message}` };
  const refused = ruffRefuses(text);
  if (refused !== undefined && ruffRefuses(before.text) === undefined) return { code: 'unparsable', detail: refused };
  const left = after.comments.map(({ start, end }) => text.slice(start, end).trimEnd());
  for (const { start, end } of before.comments) {
    const comment = before.text.slice(start, end).trimEnd();
    const at = left.indexOf(comment);
    if (at < 0) return { code: 'comment-lost', detail: comment };
    left.splice(at, 1);
  }
  return left.length > 0 ? { code: 'code-repeated', detail: left[0]! } : undefined;
}
