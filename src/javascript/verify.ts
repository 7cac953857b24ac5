import { applyEdits, type TextEdit } from '../edits/edits.js';
import type { FileEdit } from '../types.js';
import { commentsIn } from './comments.js';
import type { WrittenGroup } from './compose.js';
import type { FileContext } from './context.js';
import { parseSource } from './parse.js';
import type { ts } from './parse.js';
import { awaitNames, firstUnsound } from './sound.js';
import { isOwnComment } from './pool/window.js';

/** A group that must not be applied: its result does not parse (a defect of ours), or a comment would be lost. */
export interface Wrong {
  readonly group: WrittenGroup;
  readonly ctx: FileContext;
  readonly why: 'unparsable' | 'comment-lost' | 'code-repeated';
  readonly detail: string;
}

/** Applies all groups to each file and looks at the result; only where it is wrong are groups tried one by one. */
export function findWrong(groups: readonly WrittenGroup[]): Wrong[] {
  const byFile = new Map<FileContext, WrittenGroup[]>();
  for (const group of groups)
    for (const ctx of new Set(group.edits.map((edit) => edit.ctx)))
      byFile.set(ctx, [...(byFile.get(ctx) ?? []), group]);
  const wrong: Wrong[] = [];
  for (const [ctx, inFile] of byFile) {
    if (
      !wrongIn(
        ctx,
        inFile.flatMap((group) => editsOf(group, ctx)),
        inFile.flatMap(createdBy),
      )
    )
      continue;
    wrong.push(...oneByOne(ctx, inFile));
  }
  return wrong;
}

/** Groups that are wrong alone, or only together with those before them. */
function oneByOne(ctx: FileContext, groups: readonly WrittenGroup[]): Wrong[] {
  const good: TextEdit[] = [];
  const made: FileEdit[] = [];
  return groups.flatMap((group) => {
    const edits = editsOf(group, ctx);
    const created = createdBy(group);
    const found = wrongIn(ctx, [...good, ...edits], [...made, ...created]);
    if (!found) (good.push(...edits), made.push(...created));
    return found ? [{ group, ctx, ...found }] : [];
  });
}

function editsOf(group: WrittenGroup, ctx: FileContext): TextEdit[] {
  return group.edits.filter((edit) => edit.ctx === ctx);
}

/** New files: code that moved there took its comments along. */
function createdBy(group: WrittenGroup): FileEdit[] {
  return group.members.flatMap(({ beside = [] }) => beside.filter((edit) => edit.create));
}

function wrongIn(
  ctx: FileContext,
  edits: readonly TextEdit[],
  created: readonly FileEdit[],
): Pick<Wrong, 'why' | 'detail'> | undefined {
  const text = applied(ctx, edits);
  if (text === undefined) return { why: 'unparsable', detail: 'edits overlap' };
  const after = parseSource(ctx.path, text);
  const [error] = after.errors;
  if (error) return { why: 'unparsable', detail: `${error.line}:${error.column} ${error.message}` };
  const unsound = unsoundIn(ctx, after.file);
  if (unsound) return { why: 'unparsable', detail: unsound };
  const moved = created.map((edit) => parseSource(edit.path, edit.text));
  const [broken] = moved.flatMap(({ errors }) => errors);
  if (broken) return { why: 'unparsable', detail: `a new file: ${broken.line}:${broken.column} ${broken.message}` };
  const left = [after, ...moved].flatMap(({ file }) => commentsIn(file).map(withoutSignature));
  const lost = commentsIn(ctx.file)
    .map(withoutSignature)
    .find((comment) => !takeOne(left, comment) && !isOwnComment(comment));
  if (lost !== undefined) return { why: 'comment-lost', detail: lost };
  // A comment that is there twice stands on code that is there twice: nobody would write that by hand.
  const repeated = left.find((comment) => !isOwnComment(comment));
  return repeated === undefined ? undefined : { why: 'code-repeated', detail: repeated };
}

/** What a doc comment says of parameters and results follows the function's head, which may change. */
function withoutSignature(comment: string): string {
  return comment.replace(/^[ \t]*\*[ \t]*@(?:param|returns?)\b[^\n]*\n/gm, '');
}

/** Edits that overlap are a defect of ours too: nothing of them is applied. */
function applied(ctx: FileContext, edits: readonly TextEdit[]): string | undefined {
  try {
    return applyEdits(ctx.text, edits);
  } catch {
    return undefined;
  }
}

/** The result parses and yet can't run, where the source could. */
function unsoundIn(ctx: FileContext, after: ts.SourceFile): string | undefined {
  if (awaitNames(after) > awaitNames(ctx.file)) return "'await' outside of an async function";
  const found = firstUnsound(after);
  if (!found || firstUnsound(ctx.file)) return undefined;
  const { line, character } = after.getLineAndCharacterOfPosition(found.at);
  return `${line + 1}:${character + 1} ${found.message}`;
}

function takeOne(from: string[], text: string): boolean {
  const index = from.indexOf(text);
  if (index >= 0) from.splice(index, 1);
  return index >= 0;
}
