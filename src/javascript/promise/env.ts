import type { Binding, ImportNeed, Lead, Refusal, Snippet } from '../../flow/model.js';
import type { Range } from '../../types.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import type { Snippets } from '../snippet.js';

/** What the reading of one entry knows and collects. */
export interface Env {
  readonly ctx: FileContext;
  readonly snippets: Snippets;
  readonly seen: Seen;
  /** The chain runs once per turn of a loop of the entry: a `var` of a handler would be one for all turns. */
  readonly inLoop: boolean;
}

/** Nobody looks at a value: it is only evaluated (`true`), or waited for first, since its failure matters (`waited`). */
export type Unused = boolean | 'waited';

/** What an entry has used up. A list each, so that a failed attempt can be taken back. */
export interface Seen {
  /** Chains that are read, by their outermost call. */
  readonly chains: ts.Node[];
  /** Functions whose bodies became part of the flow. */
  readonly inlined: ts.Node[];
  /** What must be imported for the flow to mean something. */
  readonly needs: ImportNeed[];
  /** Names that hold data: what I/O gave, whose fields are no promises. */
  readonly data: Set<ts.Symbol>;
  /** Chains inside that stay as they are, and why. A chain may be tried more than once. */
  readonly left: (Refusal & { readonly chain: ts.Node })[];
}

/** `left` may be given by who wants to know about chains that stay even when the reading fails. */
export const nothingSeen = (left: Seen['left'] = []): Seen => ({
  chains: [],
  inlined: [],
  needs: [],
  data: new Set(),
  left,
});

/** Forgets what was noted since; call it to go back. */
export function marked(seen: Seen): () => void {
  const [chains, inlined, needs] = [seen.chains.length, seen.inlined.length, seen.needs.length];
  return () => {
    seen.chains.length = chains;
    seen.inlined.length = inlined;
    seen.needs.length = needs;
  };
}

/** Runs `read`; when it gives `undefined` or throws, what it had noted is forgotten. */
export function tentatively<T>(seen: Seen, read: () => T | undefined): T | undefined {
  const forget = marked(seen);
  let value: T | undefined;
  try {
    value = read();
  } finally {
    if (value === undefined) forget();
  }
  return value;
}

/** A name of ours as the pattern of a wait or a `catch`. */
export function inventedPattern(binding: Binding, at: Range): Snippet {
  return { parts: [binding], uses: [], declares: [{ binding, how: 'lexical' }], promise: 'no', pure: true, at };
}

/** A name of ours, read. */
export function inventedUse(binding: Binding, at: Range): Snippet {
  return { parts: [binding], uses: [], declares: [], promise: 'no', pure: true, at };
}

/** Comments in a stretch of trivia and punctuation, without blank lines. */
export function commentsIn(start: number, end: number, snippets: Snippets): Range[] {
  if (end <= start) return [];
  return snippets.comments({ start, end }).filter((lead: Lead): lead is Range => lead !== '');
}

/**
 * An expression whose members were broken over lines, without these breaks, when that is short and loses no comment.
 * Arguments over several lines stay so behind a single member.
 */
export function onOneLine(node: ts.Expression, env: Env): Snippet {
  const whole = env.snippets.expression(node);
  const text = node.getText();
  if (!text.includes('\n')) return whole;
  const breaks = memberBreaks(node);
  if (!breaks.length || breaks.some((gap) => env.ctx.text.slice(gap.start, gap.end).trim() !== '')) return whole;
  const parts: Range[] = [];
  let from = node.getStart();
  for (const gap of breaks) {
    parts.push({ start: from, end: gap.start });
    from = gap.end;
  }
  parts.push({ start: from, end: node.end });
  const joined = parts.map((part) => env.ctx.text.slice(part.start, part.end)).join('');
  const [line, ...more] = joined.split('\n');
  if (more.length && indentOf(more.at(-1)!) !== indentOf(lineAt(env.ctx.text, parts[1]!.start))) return whole;
  if (line!.length > 80 || (more.length && breaks.length > 1)) return whole;
  if (env.ctx.text.slice(parts[0]!.start, parts[0]!.end).includes('\n')) return whole;
  return { ...whole, parts };
}

function lineAt(text: string, at: number): string {
  return text.slice(text.lastIndexOf('\n', at) + 1, at + 1);
}

function indentOf(line: string): number {
  return /^\s*/.exec(line)![0].length;
}

/** White space in front of the dots of the expression's own member accesses, in source order. */
function memberBreaks(node: ts.Node): Range[] {
  if (ts.isPropertyAccessExpression(node)) {
    const dot = node.name.getStart() - 1;
    const inner = memberBreaks(node.expression);
    return node.questionDotToken
      ? inner
      : [...inner, ...(dot > node.expression.end ? [{ start: node.expression.end, end: dot }] : [])];
  }
  if (ts.isCallExpression(node) || ts.isElementAccessExpression(node) || ts.isNonNullExpression(node))
    return memberBreaks(node.expression);
  return [];
}
