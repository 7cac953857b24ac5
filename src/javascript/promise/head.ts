import type { Head } from '../../flow/model.js';
import { bare } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { returnsOf } from './kinds.js';
import { chainOf } from './links.js';
import { isAsync } from './uses.js';
import type { FunctionNode } from './uses.js';

/** `async ` stands in front of `function`, of a method's name or of an arrow's parameters; `asIs`: the function only waits inside. */
export function headOf(fn: FunctionNode, ctx: FileContext, asIs = false): Head {
  const joined = joinedLines(fn, ctx);
  if (asIs || isAsync(fn)) return { edits: joined };
  const at = asyncPlace(fn);
  const type = answerType(fn, ctx);
  return { edits: [{ start: at, end: at, text: 'async ', keyword: true }, ...(type ? [type] : []), ...joined] };
}

/**
 * The body of an arrow that stood on the next line begins behind the arrow. Where the arrow itself began behind the bracket that
 * it stands in, the bracket closes right behind the body too.
 */
function joinedLines(fn: FunctionNode, ctx: FileContext): Head['edits'] {
  if (!ts.isArrowFunction(fn) || ts.isBlock(fn.body)) return [];
  const { text } = ctx;
  const start = fn.equalsGreaterThanToken.end;
  const end = fn.body.getStart();
  const gap = text.slice(start, end);
  if (!gap.includes('\n') || gap.trim()) return [];
  const behind = /^,?\s*\n\s*(?=[)}])/.exec(text.slice(fn.end))?.[0];
  const before = text.slice(0, fn.getStart()).trimEnd();
  const hugged = behind && before.length === fn.getStart() && /[({]$/.test(before);
  return [{ start, end, text: ' ' }, ...(hugged ? [{ start: fn.end, end: fn.end + behind.length, text: '' }] : [])];
}

function asyncPlace(fn: FunctionNode): number {
  if (ts.isMethodDeclaration(fn)) return fn.name.getStart();
  if (ts.isArrowFunction(fn)) return fn.getStart();
  const keyword = fn.getChildren().find((part) => part.kind === ts.SyntaxKind.FunctionKeyword);
  return keyword ? keyword.getStart() : fn.getStart();
}

/** A type that was declared on the last handler is declared on the function, when that has none. */
function answerType(fn: FunctionNode, ctx: FileContext): Head['edits'][number] | undefined {
  const [only, more] = returnsOf(fn);
  if (!ctx.typescript || fn.type || !only || more) return undefined;
  const chain = chainOf(only, ctx.scopes);
  const link = chain?.links.at(-1);
  const handler = link?.method === 'then' && link.args.length === 1 ? bare(link.args[0]!) : undefined;
  if (!handler || !(ts.isArrowFunction(handler) || ts.isFunctionExpression(handler)) || !handler.type) return undefined;
  const text = handler.type.getText();
  const close = fn.getChildren().find((part) => part.kind === ts.SyntaxKind.CloseParenToken);
  if (!close || isPromiseTypeText(text)) return undefined;
  return { start: close.end, end: close.end, text: `: Promise<${text}>` };
}

function isPromiseTypeText(text: string): boolean {
  return /^Promise(Like)?\b/.test(text);
}
