import type { TextEdit } from '../../edits/edits.js';
import type { ImportNeed } from '../../flow/model.js';
import { bare } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';

/** What happens to the other tasks at the first failure: none starts any more, all go on, or failures are results. */
export type Rule = 'stop' | 'go-on' | 'settle' | 'last-first';

/** A window in plain code: a function of the file, which stands for what a library did. */
export interface Window {
  readonly rule: Rule;
  /** An item may be a promise: it is waited for before its task starts. */
  readonly awaits?: boolean;
  /** The limit is no number that the text shows: it is checked as the library did. */
  readonly checked?: boolean;
  /** Written with `.then` instead of `await`. */
  readonly chained?: boolean;
}

/** The module that stands for functions which the file itself gets. */
const OWN = '#window';

/** The comment above a window. */
export const isOwnComment = (comment: string): boolean => comment.startsWith(about);
const about = '// At most `limit` tasks at once, results in the order of the list.';

export const isWindowNeed = (need: ImportNeed): boolean => need.from === OWN;

const locals: Readonly<Record<Rule, string>> = {
  stop: 'mapBounded',
  'go-on': 'mapBoundedAll',
  settle: 'settleBounded',
  'last-first': 'mapBounded',
};

/** The need for a window, to be asked for like an import: `mapBounded(list, limit, task)`. */
export function windowNeed({ rule, awaits, checked, chained }: Window): ImportNeed {
  const name = [rule, awaits && 'awaits', checked && 'checked', chained && 'chained'].filter(Boolean).join(' ');
  return { from: OWN, name, local: locals[rule] };
}

/** The name of such a function that the file has already. */
export function windowIn(ctx: FileContext, need: ImportNeed): string | undefined {
  for (const each of ctx.file.statements) {
    if (!ts.isFunctionDeclaration(each) || !each.name || !each.name.text.startsWith(need.local)) continue;
    if (squeezed(each.getText()) === squeezed(textOf(need, each.name.text, ctx))) return each.name.text;
  }
  return undefined;
}

/** The windows of a file, ours byte for byte or in another format: no callback form of them would be easier to read. */
export function windowsOf(ctx: FileContext): ts.FunctionDeclaration[] {
  return [...windowKinds(ctx).keys()];
}

/** The windows of a file, and what each does. */
export function windowKinds(ctx: FileContext): ReadonlyMap<ts.FunctionDeclaration, Window> {
  const known = kinds.get(ctx.file);
  if (known) return known;
  const found = new Map<ts.FunctionDeclaration, Window>();
  kinds.set(ctx.file, found);
  if (!ctx.text.includes('Math.min(limit, items.length)')) return found;
  for (const each of ctx.file.statements) {
    if (!ts.isFunctionDeclaration(each) || !each.name) continue;
    const text = squeezed(each.getText());
    const { text: name } = each.name;
    const kind = variants.find((variant) => text === squeezed(textOf(windowNeed(variant), name, ctx)));
    if (kind) found.set(each, kind);
  }
  return found;
}

const kinds = new WeakMap<ts.SourceFile, ReadonlyMap<ts.FunctionDeclaration, Window>>();

const rules: readonly Rule[] = ['stop', 'go-on', 'settle', 'last-first'];
const both = [false, true];
const variants: readonly Window[] = rules.flatMap((rule) =>
  both.flatMap((awaits) => both.flatMap((checked) => both.map((chained) => ({ rule, awaits, checked, chained })))),
);

const squeezed = (text: string): string => text.replace(/\/\/.*/g, '').replace(/[\s;,'"]+/g, '');

/** The functions, at the end of the file: declarations are there from the start. */
export function addWindows(ctx: FileContext, needs: readonly ImportNeed[]): TextEdit[] {
  if (needs.length === 0) return [];
  const { text } = ctx;
  const at = text.trimEnd().length;
  const functions = needs.map((need) => `\n\n${textOf(need, need.local, ctx)}`).join('');
  return [{ start: at, end: at, text: `${functions}${/\n/.test(text.slice(at)) || text === '' ? '' : '\n'}` }];
}

function textOf(need: ImportNeed, name: string, ctx: FileContext): string {
  const words = need.name.split(' ');
  const window: Window = {
    rule: words[0] as Rule,
    awaits: words.includes('awaits'),
    checked: words.includes('checked'),
    chained: words.includes('chained'),
  };
  const lines = (window.chained ? chainedLines : awaitedLines)(window, name, ctx.typescript);
  return lines.map((line) => styled(line, ctx)).join('\n');
}

/** The line as this file writes its code. Ours has two spaces, single quotes and semicolons. */
function styled(line: string, { style }: FileContext): string {
  const depth = /^ */.exec(line)![0].length / 2;
  const quoted = style.quote === '"' ? line.replace(/'/g, '"') : line;
  const ended = style.semi || /^\s*\/[/*]/.test(line) ? quoted : quoted.replace(/;$/, '');
  return style.indent.repeat(depth) + ended.trimStart();
}

const told: Readonly<Record<Rule, string>> = {
  stop: 'After a failure no more start.',
  'go-on': 'After a failure the others go on.',
  settle: 'Failures are results.',
  'last-first': 'After a failure no more start.',
};

function headLines({ rule, chained, awaits }: Window, name: string, typed: boolean): string[] {
  const result = rule === 'settle' ? 'PromiseSettledResult<Awaited<R>>' : 'Awaited<R>';
  const word = chained ? 'function' : 'async function';
  if (!typed) return [`${about} ${told[rule]}`, `${word} ${name}(list, limit, task) {`];
  return [
    `${about} ${told[rule]}`,
    `${word} ${name}<T, R>(`,
    `  list: Iterable<${awaits ? 'T | PromiseLike<T>' : 'T'}>,`,
    '  limit: number,',
    '  task: (item: T, index: number) => R,',
    `): Promise<${result}[]> {`,
  ];
}

function checkLines(): string[] {
  return [
    '  if (!((Number.isInteger(limit) || limit === Infinity) && limit >= 1)) {',
    '    throw new TypeError(`Expected a limit from 1 up, got ${limit}`);',
    '  }',
  ];
}

function listLines(rule: Rule, typed: boolean): string[] {
  const type = rule === 'settle' ? 'PromiseSettledResult<Awaited<R>>' : 'Awaited<R>';
  const waiting = rule === 'last-first' ? ['  const waiting = [...items.keys()].slice(limit);'] : ['  let next = 0;'];
  return ['  const items = [...list];', `  const results${typed ? `: ${type}[]` : ''} = [];`, ...waiting];
}

function itemText({ awaits }: Window, typed: boolean): string {
  if (!typed) return awaits ? 'await items[index]' : 'items[index]';
  return awaits ? '(await items[index]) as T' : 'items[index] as T';
}

function awaitedLines(window: Window, name: string, typed: boolean): string[] {
  const { rule } = window;
  const task = `await task(${itemText(window, typed)}, index)`;
  const body: Readonly<Record<Rule, readonly string[]>> = {
    stop: [
      'try {',
      `  results[index] = ${task};`,
      '} catch (error) {',
      '  next = items.length;',
      '  throw error;',
      '}',
    ],
    'go-on': [
      'try {',
      `  results[index] = ${task};`,
      '} catch (error) {',
      '  worker().catch(() => {});',
      '  throw error;',
      '}',
    ],
    settle: [
      'try {',
      `  results[index] = { status: 'fulfilled', value: ${task} };`,
      '} catch (reason) {',
      "  results[index] = { status: 'rejected', reason };",
      '}',
    ],
    'last-first': [
      'try {',
      `  results[index] = ${task};`,
      '} catch (error) {',
      '  waiting.length = 0;',
      '  throw error;',
      '}',
    ],
  };
  const isLast = rule === 'last-first';
  const loop = isLast
    ? ['    for (let index = first; index !== undefined; index = waiting.pop()) {']
    : ['    while (next < items.length) {', '      const index = next++;'];
  const params = isLast ? (typed ? '_: unknown, first: number | undefined' : '_, first') : '';
  const type = typed ? ': Promise<void>' : '';
  return [
    ...headLines(window, name, typed),
    ...(window.checked ? checkLines() : []),
    ...listLines(rule, typed),
    `  const worker = async (${params})${type} => {`,
    ...loop,
    ...body[rule].map((line) => `      ${line}`),
    '    }',
    '  };',
    '  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));',
    '  return results;',
    '}',
  ];
}

/** What throws in an executor rejects the promise. */
function chainedLines(window: Window, name: string, typed: boolean): string[] {
  const { rule } = window;
  const isLast = rule === 'last-first';
  const params = isLast ? (typed ? '_: unknown, index: number | undefined' : '_, index') : '';
  const inner = [
    ...(window.checked ? checkLines() : []),
    ...listLines(rule, typed),
    `  const worker = (${params})${typed ? ': Promise<void>' : ''} => {`,
    ...(isLast
      ? ['    if (index === undefined) return Promise.resolve();']
      : ['    if (next >= items.length) return Promise.resolve();', '    const index = next++;']),
    ...turnLines(window, typed).map((line) => `    ${line}`),
    '  };',
    '  const workers = Array.from({ length: Math.min(limit, items.length) }, worker);',
    '  resolve(Promise.all(workers).then(() => results));',
  ];
  return [
    ...headLines(window, name, typed),
    '  return new Promise((resolve) => {',
    ...inner.map((line) => `  ${line}`),
    '  });',
    '}',
  ];
}

function turnLines({ rule, awaits }: Window, typed: boolean): string[] {
  const cast = typed ? ' as T' : '';
  const start = awaits
    ? `Promise.resolve(items[index]${cast}).then((item) => task(item, index))`
    : `new Promise${typed ? '<R>' : ''}((done) => done(task(items[index]${cast}, index)))`;
  const again = rule === 'last-first' ? 'worker(undefined, waiting.pop())' : 'worker()';
  const good = rule === 'settle' ? "{ status: 'fulfilled', value }" : typed ? 'value as Awaited<R>' : 'value';
  const bad: Readonly<Record<Rule, readonly string[]>> = {
    stop: ['next = items.length;', 'throw error;'],
    'go-on': ['worker().catch(() => {});', 'throw error;'],
    settle: ["results[index] = { status: 'rejected', reason: error };", 'return worker();'],
    'last-first': ['waiting.length = 0;', 'throw error;'],
  };
  return [
    `return ${start}.then(`,
    '  (value) => {',
    `    results[index] = ${good};`,
    `    return ${again};`,
    '  },',
    '  (error) => {',
    ...bad[rule].map((line) => `    ${line}`),
    '  },',
    ');',
  ];
}

/** A number that the text shows: itself, or a constant that holds it. */
export function limitIn(node: ts.Expression, ctx: FileContext): number | undefined {
  const inner = bare(node);
  if (ts.isNumericLiteral(inner)) return Number(inner.text);
  const symbol = ts.isIdentifier(inner) ? ctx.scopes.symbolOf(inner) : undefined;
  const declaration = symbol?.declarations?.[0];
  if (!symbol || !declaration || !ts.isVariableDeclaration(declaration) || !ctx.scopes.isConstant(symbol))
    return undefined;
  return declaration.initializer && ts.isNumericLiteral(declaration.initializer)
    ? Number(declaration.initializer.text)
    : undefined;
}
