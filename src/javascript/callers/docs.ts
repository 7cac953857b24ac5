import type { Range } from '../../types.js';
import type { PlannedEdit } from '../plan.js';
import { ts } from '../parse.js';
import { resultsOf } from './site.js';
import type { Site } from './site.js';

/**
 * What a doc comment says of the callback of a function that becomes async: its line says what the promise is of, or goes where another
 * line says that. A tag of several lines is left, for nobody can say what of it still holds.
 *
 *     * @param {Function} cb        * @returns {Promise<void>}
 */
export function docEdits(site: Site): PlannedEdit[] {
  const { ctx, fn } = site;
  const { name } = fn.callback;
  const doc = docOf(ctx.text, fn.node);
  if (!doc || !ts.isIdentifier(name)) return [];
  const text = ctx.text.slice(doc.start, doc.end);
  const tags = [...text.matchAll(tagLine)].filter((each) => each[3] === name.text);
  const [tag, more] = tags;
  if (!tag || more) return [];
  const start = doc.start + tag.index;
  const hasOther = ctx.typescript || /^[ \t]*\*[ \t]*@returns?\b/m.test(text);
  if (hasOther) return [{ ctx, edit: { start, end: start + tag[0].length, text: '' } }];
  const what = /^(nothing|null)$/.test(resultsOf(site)) ? '<void>' : '';
  const from = start + tag[1]!.length;
  return [{ ctx, edit: { start: from, end: from + tag[2]!.length, text: `@returns {Promise${what}}` } }];
}

/** A line with one `@param` that ends there: the next one begins a tag, is empty, or ends the comment. */
const tagLine =
  /^([ \t]*\*[ \t]*)(@param(?:[ \t]+\{[^}\r\n]*\})?[ \t]+\[?([\w$]+)\]?(?![\w$.])[^\r\n]*)\r?\n(?=[ \t]*\*(?:\/|[ \t]*\r?\n|[ \t]*@))/gm;

/** The comment right above the function, its statement, or the property that holds it. */
function docOf(text: string, node: ts.Node): Range | undefined {
  const host = ts.findAncestor(
    node,
    (each) => ts.isStatement(each) || ts.isPropertyAssignment(each) || ts.isClassElement(each),
  );
  const found = host && ts.getLeadingCommentRanges(text, host.pos)?.at(-1);
  if (!found || !text.startsWith('/**', found.pos)) return undefined;
  return { start: found.pos, end: found.end };
}
