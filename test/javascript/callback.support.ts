import { applyEdits } from '../../src/edits/edits.js';
import type { Entry } from '../../src/flow/model.js';
import { awaitingOf } from '../../src/javascript/callers/awaiting.js';
import { asyncHead } from '../../src/javascript/callers/head.js';
import { findCallbackFunctions, readCallback } from '../../src/javascript/callback/read.js';
import type { CallbackFunction, CallbackReading, CallResolver } from '../../src/javascript/callback/types.js';
import { compose } from '../../src/javascript/compose.js';
import { contextsOf } from '../../src/javascript/contexts.js';
import type { FileContext } from '../../src/javascript/context.js';
import { ts } from '../../src/javascript/parse.js';

export function contextOf(text: string, path = 'a.js', dependencies: Record<string, string> = {}): FileContext {
  const read = (name: string) => (name === 'package.json' ? JSON.stringify({ dependencies }) : undefined);
  const view = { root: '/', read, others: [] };
  const { contexts, errors } = contextsOf([{ path, text }], { to: 'async' }, view);
  if (!contexts[0]) throw new Error(errors[0]?.message);
  return contexts[0];
}

export interface Told {
  readonly fn: CallbackFunction;
  readonly reading?: CallbackReading;
  /** `code at "first line"` */
  readonly refused?: string;
}

/** Functions of the file itself become async; what is outside is awaited as the tables say. */
export function resolver(ctx: FileContext, found: readonly CallbackFunction[]): CallResolver {
  return (call) => {
    const symbol = ts.isIdentifier(call.expression) ? ctx.scopes.symbolOf(call.expression) : undefined;
    const own = symbol && found.find((fn) => fn.symbol === symbol);
    if (!own) return awaitingOf(ctx, call);
    const { results } = own;
    return { kind: 'async', results: results === 'mixed' || results === 'passed' ? 'value' : results };
  };
}

export function tell(ctx: FileContext): Told[] {
  const found = findCallbackFunctions(ctx);
  return found.map((fn): Told => {
    const read = readCallback(fn, ctx, resolver(ctx, found));
    if (read.ok) return { fn, reading: read.value };
    const { code, at } = read.refusal;
    return { fn, refused: `${code} at "${ctx.text.slice(at.start, at.end).split('\n')[0]}"` };
  });
}

/** The outermost callback functions as async functions; of those inside them, the ones that are still functions. */
export function rewritten(ctx: FileContext): string {
  const told = tell(ctx).filter((each) => each.reading);
  const consumed = new Set(
    told.flatMap((each) => each.reading!.consumed).filter((node) => !told.some((t) => t.fn.node === node)),
  );
  const entries = told
    .filter((each) => !consumed.has(each.fn.node))
    .map(({ fn, reading }) => entryOf(ctx, fn, reading!));
  const main = { ctx, at: 0 };
  const groups = entries.map((entry) => ({
    rule: 'r',
    title: '',
    entries: [{ ctx, entry }],
    edits: [],
    unsafe: [],
    notes: [],
    main,
  }));
  const { written, unsaid } = compose(groups, 'async');
  const text = applyEdits(
    ctx.text,
    written.flatMap((group) => group.edits),
  );
  return text + unsaid.map((each) => `// unsaid: ${each.code}\n`).join('');
}

function entryOf(ctx: FileContext, fn: CallbackFunction, reading: CallbackReading): Entry {
  const body = fn.node.body!;
  return {
    style: 'callback',
    name: fn.name,
    at: { start: fn.node.getStart(), end: fn.node.end },
    body: { start: body.getStart(), end: body.end },
    bodyKind: ts.isBlock(body) ? 'block' : 'expression',
    shape: { kind: 'function' },
    target: reading.target,
    flow: reading.flow,
    params: reading.snippets.paramsOf(fn.node),
    head: { edits: asyncHead(ctx, fn, reading.results === 'mixed' ? 'unknown' : reading.results) ?? [] },
    needs: reading.needs,
    notes: reading.notes,
  };
}

/** The file rewritten, and what was refused. */
export function converted(text: string, path?: string): string {
  const ctx = contextOf(text, path);
  const told = tell(ctx);
  const consumed = new Set(told.flatMap((each) => each.reading?.consumed ?? []));
  const refused = told.flatMap(({ fn, refused: why }) =>
    why && !consumed.has(fn.node) ? [`// ${fn.name}: ${why}\n`] : [],
  );
  return rewritten(ctx) + refused.join('');
}

/** The source after the callback functions in it became async, byte for byte. */
export function becomes(title: string, before: string, after: string): void {
  const head = /require\(|^import/m.test(before) ? '' : "const fs = require('fs');";
  test(title, () => {
    expect(converted(head + before)).toBe(head + after);
  });
}
