import type { TextEdit } from '../../edits/edits.js';
import type { Refusal, Step, Target } from '../../flow/model.js';
import { leafOf } from '../callback/leaf.js';
import type { Leaf } from '../callback/leaf.js';
import type { Settle } from '../callback/leaf-uses.js';
import { readCallback } from '../callback/read.js';
import type { CallbackReading, CallResolver, ReadOutcome } from '../callback/types.js';
import { bare } from '../calls/origin.js';
import { mayThrowSync } from '../calls/throws.js';
import type { FileContext } from '../context.js';
import type { PlannedEdit } from '../plan.js';
import { ts } from '../parse.js';
import { usesArguments, usesThis } from '../scope.js';
import { rangeOf, snippetsOf } from '../snippet.js';
import { attempt } from '../stop.js';
import { isUnusedValue } from './bridge.js';
import { asyncHead } from './head.js';
import { callsOf, resultsOf } from './site.js';
import type { Site } from './site.js';
import { resultTypes } from './signature.js';

/** A callback function as a flow; else, where it answers once at most, as a leaf. */
export function readSite(site: Site, sites: readonly Site[], calls: CallResolver): ReadOutcome<CallbackReading> {
  const read = readCallback(site.fn, site.ctx, calls, site.mode === 'change');
  if (read.ok || hasOthersInside(site, sites)) return read;
  const proof = attempt(() => leafOf(site.fn, site.ctx, calls));
  if (proof.ok) return { ok: true, value: leafReading(site, proof.value, read.refusal), notes: [] };
  return saysMore(proof.refusal.code, read.refusal.code) ? proof : read;
}

/**
 * That it may answer twice, or at which answer the proof ended, says more than that its text is not a callback's usual one. What said
 * that others may not wait for it still does.
 */
function saysMore(code: string, than: string): boolean {
  if (than === 'returns-value') return code !== 'reference-use';
  if (than === 'reference-use' && /^(not-error-first|partial-result-with-error)$/.test(code)) return true;
  return (
    /^(reference-use|many-events)$/.test(than) && code !== than && /^(called-more-than-once|many-events)$/.test(code)
  );
}

/** Its text is edited where it stands, so that nothing in it may be written anew. */
function hasOthersInside({ ctx, fn }: Site, sites: readonly Site[]): boolean {
  return sites.some(
    (each) => each.ctx === ctx && each.fn !== fn && each.fn.node.pos >= fn.node.pos && each.fn.node.end <= fn.node.end,
  );
}

/** What deciding asks of a reading; the flow only says whether it may answer at once. */
function leafReading(site: Site, leaf: Leaf, refusal: Refusal): CallbackReading {
  const { ctx, fn } = site;
  const body = fn.node.body!;
  const snippets = snippetsOf(ctx, fn.node);
  const target: Target = { of: 'entry' };
  const at = rangeOf(fn.node);
  const awaitable = snippets.compose(['new Promise()'], at, 'yes');
  const wait: Step = { kind: 'wait', on: { kind: 'call', form: 'awaitable', awaitable }, lead: [], at };
  const exit: Step = { kind: 'exit', how: 'succeed', of: target, lead: [], at };
  return {
    leaf: { ...leaf, refusal },
    flow: { steps: leaf.sync ? [exit] : [wait, exit], tail: [] },
    target,
    snippets,
    from: body.end,
    prologueSteps: 0,
    results: leaf.results,
    facts: {
      reportsInPrologue: leaf.sync,
      reportsSyncInside: leaf.sync,
      mayThrowSync: !!mayThrowSync(body, ctx.scopes),
      throwsInPrologue: hasThrow(body),
      returns: givesValue(site, leaf) ? 'value' : 'nothing',
      returnsInside: givesValue(site, leaf) ? 'value' : 'nothing',
      usesThis: usesThis(body),
      usesArguments: usesArguments(body),
      body: rangeOf(body),
    },
    needs: [],
    notes: leaf.notes,
    waits: leaf.awaited,
    consumed: [],
    listTails: [],
  };
}

function hasThrow(node: ts.Node): boolean {
  if (ts.isFunctionLike(node)) return false;
  return ts.isThrowStatement(node) || !!ts.forEachChild(node, (child) => hasThrow(child) || undefined);
}

/** `return req;`: what the call gives is taken by somebody, or nobody can say that it is not. */
function givesValue({ fn, ctx, isSeen, uses }: Site, leaf: Leaf): boolean {
  const calls = uses.flatMap((use) => (use.kind === 'call' ? [use.call] : []));
  if (isSeen && calls.length === uses.length && calls.every(isUnusedValue)) return false;
  const { body } = fn.node;
  const isAnswer = (node: ts.Expression): boolean => {
    const call = bare(node);
    if (ts.isVoidExpression(call) || (ts.isIdentifier(call) && call.text === 'undefined')) return true;
    if (!ts.isCallExpression(call)) return false;
    const called = ts.isIdentifier(call.expression) ? ctx.scopes.symbolOf(call.expression) : undefined;
    return called === fn.callbackSymbol || leaf.awaited.includes(call);
  };
  if (!ts.isBlock(body!)) return !isAnswer(body as ts.Expression);
  const gives = (node: ts.Node): boolean => {
    if (ts.isFunctionLike(node)) return false;
    if (ts.isReturnStatement(node) && node.expression) return !isAnswer(node.expression);
    return !!ts.forEachChild(node, (child) => gives(child) || undefined);
  };
  return gives(body!);
}

/** Somebody must wait for it: what is only bridged would gain nothing. */
export function isAwaited(site: Site, awaited: ReadonlySet<ts.Node>): boolean {
  const own = site.reading!.waits;
  return (
    callsOf(site).some(({ call }) => awaited.has(call) && !own.includes(call)) ||
    site.uses.some((use) => use.kind === 'promisified')
  );
}

// function getUrl(url, cb) {        function getUrl(url) {
//   http.get(url, (res) => {          return new Promise((resolve, reject) => {
//     …                                 http.get(url, (res) => {
//     cb(null, text)                      … resolve(text)
//   }).on('error', cb);                 }).on('error', reject);
// }                                   });
//                                   }
export function leafEdits(site: Site): PlannedEdit[] {
  const leaf = site.reading!.leaf!;
  const { ctx, fn } = site;
  const names = { ...settleNames(fn.node), indent: ctx.style.indent };
  const [, ...head] = asyncHead(ctx, fn, resultsOf(site))!;
  const inner = leaf.edits(names);
  const open = `new Promise${typeArgument(site)}((${leaf.usesReject ? `${names.resolve}, ${names.reject}` : names.resolve}) => `;
  const { body } = fn.node;
  const wrap = ts.isBlock(body!) ? wrapBlock(ctx, body, open, inner) : wrapExpression(ctx, body as ts.Expression, open);
  return [...head, ...wrap, ...inner].map((edit) => ({ ctx, edit }));
}

/** `resolve` and `reject`, unless the function has such names already. */
function settleNames(node: ts.Node): Omit<Settle, 'indent'> {
  const taken = new Set<string>();
  const visit = (child: ts.Node): void => {
    if (ts.isIdentifier(child)) taken.add(child.text);
    ts.forEachChild(child, visit);
  };
  visit(node);
  const free = (name: string): string => {
    let found = name;
    for (let i = 2; taken.has(found); i++) found = `${name}${i}`;
    return found;
  };
  return { resolve: free('resolve'), reject: free('reject') };
}

function typeArgument({ ctx, fn, ...site }: Site): string {
  if (!ctx.typescript) return '';
  return `<${resultTypes(ctx, fn.callback, resultsOf({ ctx, fn, ...site })) ?? 'any'}>`;
}

function wrapBlock(ctx: FileContext, body: ts.Block, open: string, inner: readonly TextEdit[]): TextEdit[] {
  const { text, style } = ctx;
  const directives = body.statements.findLast((_, i) => body.statements.slice(0, i + 1).every(isDirective));
  const from = directives ? directives.end : body.getStart() + 1;
  const close = body.end - 1;
  const outer = indentAt(text, close);
  const semi = style.semi ? ';' : '';
  const isOwnLine = !text.slice(lineStart(text, close), close).trim();
  const breaks = isOwnLine && /^[ \t]*(?:\/\/[^\n]*)?\r?\n/.test(text.slice(from, close));
  const first = body.statements[directives ? body.statements.indexOf(directives) + 1 : 0];
  const base = breaks && first ? indentAt(text, first.getStart()) : outer + style.indent;
  if (breaks)
    return [
      { start: from, end: from, text: `\n${base}return ${open}{` },
      ...indentLines(ctx, from, lineStart(text, close) - 1, style.indent, inner),
      { start: lineStart(text, close), end: lineStart(text, close), text: `${base}})${semi}\n` },
    ];
  const start = from + /^\s*/.exec(text.slice(from, close))![0].length;
  const end = text.slice(0, close).trimEnd().length;
  return [
    { start: from, end: start, text: `\n${base}return ${open}{\n${base}${style.indent}` },
    ...indentLines(ctx, start, end, style.indent.repeat(2), inner),
    { start: end, end: close, text: `\n${base}})${semi}\n${outer}` },
  ];
}

const isDirective = (node: ts.Statement): boolean =>
  ts.isExpressionStatement(node) && ts.isStringLiteral(node.expression);

function wrapExpression(ctx: FileContext, body: ts.Expression, open: string): TextEdit[] {
  const { text, style } = ctx;
  const [start, end] = [body.getStart(), body.end];
  if (!text.slice(start, end).includes('\n'))
    return [
      { start, end: start, text: open },
      { start: end, end, text: ')' },
    ];
  const base = indentAt(text, start);
  const semi = style.semi ? ';' : '';
  return [
    { start, end: start, text: `${open}{\n${base}${style.indent}` },
    ...indentLines(ctx, start, end, style.indent, []),
    { start: end, end, text: `${semi}\n${base}})` },
  ];
}

/** Each line that begins inside the range moves one level in, but for the insides of template literals. */
function indentLines(
  ctx: FileContext,
  start: number,
  end: number,
  unit: string,
  inner: readonly TextEdit[],
): TextEdit[] {
  const frozen = templatesIn(ctx.file);
  const edits: TextEdit[] = [];
  for (let at = ctx.text.indexOf('\n', start) + 1; at > 0 && at <= end; at = ctx.text.indexOf('\n', at) + 1) {
    const isBlank = /^[ \t]*\r?(\n|$)/.test(ctx.text.slice(at, at + 200));
    const isGone = inner.some((edit) => edit.text === '' && edit.start <= at && at < edit.end);
    if (!isBlank && !isGone && !frozen.some((range) => range.start < at && at < range.end))
      edits.push({ start: at, end: at, text: unit });
  }
  return edits;
}

function templatesIn(file: ts.SourceFile): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTemplateLiteralToken(node) || ts.isJsxText(node)) found.push({ start: node.getStart(), end: node.end });
    else ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

function indentAt(text: string, at: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, at)))![0];
}
