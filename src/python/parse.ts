import { isTooDeep } from '../edits/too-deep.js';
import { lineStarts } from '../edits/edits.js';
import type { Range } from '../types.js';
import { setParent, walk, type Module, type Node } from './tree.js';

/** A place where the text is not Python 3. `line` and `column` are 1-based, `column` in UTF-16 units. */
export interface SyntaxError {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface Token extends Range {
  /** As py-ast calls them: `NAME`, `LPAR`, `COMMENT`, `NEWLINE`, `INDENT` … */
  readonly type: string;
}

export interface Parsed {
  readonly module: Module;
  readonly tokens: readonly Token[];
  readonly comments: readonly Range[];
  /** Ranges of string literals, f-strings whole. */
  readonly strings: readonly Range[];
}

interface RawPlace {
  lineno?: number;
  col_offset?: number;
  end_lineno?: number;
  end_col_offset?: number;
}
type RawNode = RawPlace & { nodeType: string } & Record<string, unknown>;
interface PyAst {
  parse(text: string, options?: object): RawNode;
  Lexer: new (text: string) => { tokenize(): (Required<RawPlace> & { type: string })[] };
}

const pyAst = (): PyAst => require('py-ast') as PyAst;

/**
 * Parses one file. Never throws for bad input: it gives the place where it is wrong instead. What is nested deeper than the stack throws
 * a RangeError, as it would anywhere after this.
 */
export function parsePython(text: string): Parsed | { readonly error: SyntaxError } {
  const { parse, Lexer } = pyAst();
  // A form feed is white space between statements; the parser does not know it. Lone carriage returns end lines.
  const lines = text.replace(/\r(?!\n)/g, '\n');
  const feeds = new Map<number, number>();
  // At the start of a line it begins the indentation anew, elsewhere it is a blank.
  const plain = lines.includes('\f') ? withoutFeeds(lines, feeds) : lines;
  const place = placer(lines, feeds);
  try {
    const { raw, asyncAt } = parseWithAsyncComprehensions(parse, plain, place);
    const module = withOffsets(raw, text, place);
    markAsync(module, asyncAt);
    const tokens = new Lexer(plain).tokenize().map((token) => ({
      type: token.type,
      start: place(token.lineno, token.col_offset),
      end: place(token.end_lineno, token.end_col_offset),
    }));
    const comments = tokens.filter(({ type }) => type === 'COMMENT');
    return { module, tokens, comments, strings: stringsIn(tokens) };
  } catch (thrown) {
    if (isTooDeep(thrown)) throw thrown;
    return { error: errorOf(thrown, plain, place) };
  }
}

/** The text without what stands in front of a form feed at the start of a line; `feeds` gets how much that was, by line. */
function withoutFeeds(text: string, feeds: Map<number, number>): string {
  return text
    .split('\n')
    .map((line, index) => {
      const [lead] = /^(?:[ \t\f]*\f)?/.exec(line)!;
      if (lead) feeds.set(index + 1, lead.length);
      return line.slice(lead.length).replace(/\f/g, ' ');
    })
    .join('\n');
}

type Placer = (line: number, column: number) => number;

/** From a 1-based line and a column in UTF-8 bytes to a UTF-16 offset. Only lines with other than ASCII are counted out. */
function placer(text: string, feeds?: ReadonlyMap<number, number>): Placer {
  const starts = lineStarts(text);
  const plain = /^[\0-\x7f]*$/.test(text);
  return (line, column) => {
    const start = (starts[line - 1] ?? text.length) + (feeds?.get(line) ?? 0);
    if (plain) return Math.min(start + column, text.length);
    const end = starts[line] ?? text.length;
    let at = start;
    for (let bytes = 0; bytes < column && at < end;) {
      const code = text.codePointAt(at)!;
      bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      at += code > 0xffff ? 2 : 1;
    }
    return at;
  };
}

/** py-ast refuses `{x async for …}`: the keyword is blanked and the comprehension marked afterwards. */
function parseWithAsyncComprehensions(parse: PyAst['parse'], text: string, place: Placer) {
  const asyncAt: number[] = [];
  for (let tried = text; ;) {
    try {
      return { raw: parse(tried), asyncAt };
    } catch (thrown) {
      const at = asyncBefore(thrown, tried, place);
      if (at === undefined) throw thrown;
      asyncAt.push(at);
      tried = `${tried.slice(0, at)}     ${tried.slice(at + 5)}`;
    }
  }
}

function asyncBefore(thrown: unknown, text: string, place: Placer): number | undefined {
  const { message, lineno, col_offset } = thrown as Error & RawPlace;
  if (!/^Expected '}' after (?:set|dictionary)/.test(message) || lineno === undefined) return undefined;
  const at = place(lineno, col_offset ?? 0);
  return /^async\s+for\b/.test(text.slice(at)) ? at : undefined;
}

function markAsync(module: Module, asyncAt: readonly number[]): void {
  if (asyncAt.length === 0) return;
  walk(module, (node) => {
    if (node.nodeType !== 'SetComp' && node.nodeType !== 'DictComp') return; // the only ones that can be marked
    let from = node.nodeType === 'DictComp' ? node.value.end : node.elt.end;
    for (const generator of node.generators) {
      const mark = asyncAt.find((at) => from <= at && at < generator.target.start);
      if (mark !== undefined) Object.assign(generator, { is_async: 1, start: mark });
      from = generator.end;
    }
  });
}

const placeKeys = new Set(['lineno', 'col_offset', 'end_lineno', 'end_col_offset']);

/** The parser's tree as ours: offsets for places, parents known. Nodes that the parser gives no place span what is in them. */
function withOffsets(raw: RawNode, text: string, place: Placer): Module {
  const convert = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(convert);
    if (value === null || typeof value !== 'object' || !('nodeType' in value)) return value;
    return node(value as RawNode);
  };
  const node = (from: RawNode): Node | object => {
    const to: Record<string, unknown> = { nodeType: from.nodeType, start: 0, end: 0 };
    for (const [key, value] of Object.entries(from)) if (!placeKeys.has(key)) to[key] = convert(value);
    const inside = Object.values(to)
      .flat()
      .filter((each): each is Node => typeof each === 'object' && each !== null && 'start' in each);
    for (const child of inside) setParent(child, to as unknown as Node);
    if (from.lineno !== undefined && from.end_lineno !== undefined) {
      to['start'] = place(from.lineno, from.col_offset!);
      to['end'] = place(from.end_lineno, from.end_col_offset!);
    } else if (inside.length > 0) {
      to['start'] = Math.min(...inside.map((child) => child.start));
      to['end'] = Math.max(...inside.map((child) => child.end));
    } else {
      delete to['start']; // Load, Add …: no place and nothing inside
      delete to['end'];
    }
    return to;
  };
  return Object.assign(node(raw) as Module, { start: 0, end: text.length });
}

/** Ranges of the string literals of a text that may be a part of a program only. */
export function stringRanges(text: string): Range[] {
  const place = placer(text);
  const { Lexer } = pyAst();
  return stringsIn(
    new Lexer(text).tokenize().map((token) => ({
      type: token.type,
      start: place(token.lineno, token.col_offset),
      end: place(token.end_lineno, token.end_col_offset),
    })),
  );
}

function stringsIn(tokens: readonly Token[]): Range[] {
  const found: Range[] = [];
  const open: Token[] = [];
  for (const token of tokens) {
    if (token.type === 'STRING') found.push(token);
    else if (/^[FT]STRING_START$/.test(token.type)) open.push(token);
    else if (/^[FT]STRING_END$/.test(token.type)) {
      const first = open.pop();
      if (first && open.length === 0) found.push({ start: first.start, end: token.end });
    }
  }
  return found;
}

function errorOf(thrown: unknown, text: string, place: Placer): SyntaxError {
  const { message, lineno, col_offset } = thrown as Error & RawPlace;
  const told = / at line (\d+), column (\d+)$/.exec(message);
  const line = lineno ?? (told ? Number(told[1]) : 1);
  const column = col_offset ?? (told ? Number(told[2]) : 0);
  const start = lineStarts(text)[line - 1] ?? 0;
  return {
    line,
    column: place(line, column) - start + 1,
    message: message.replace(/ at line \d+, column \d+$/, ''),
  };
}

/** What a second opinion has against a text, or undefined: ruff's own parser, which knows all of Python 3's syntax. */
export function ruffRefuses(text: string): string | undefined {
  const { format } = ruff();
  try {
    format(text);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

let loaded: { format(text: string): string } | undefined;

/** An ES module with its WebAssembly beside it: only Node's own `require` loads it synchronously, also where a test runner has put its own there. */
function ruff(): { format(text: string): string } {
  const { runInThisContext } = require('node:vm') as typeof import('node:vm');
  const own = runInThisContext('process') as NodeJS.Process;
  const { createRequire } = own.getBuiltinModule('node:module');
  return (loaded ??= createRequire(__filename)('@wasm-fmt/ruff_fmt') as { format(text: string): string });
}
