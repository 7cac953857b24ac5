import { lineText } from '../edits/edits.js';
import { findMessage, messageFor } from '../messages/index.js';
import type { ChangeGroup, Refused } from '../types.js';
import type { Paint } from './colour.js';

/** What an explanation is made of; `path` turns a path of the run into one for the reader. */
export interface Explained {
  readonly refused: readonly Refused[];
  readonly ignored: readonly Refused[];
  readonly groups: readonly ChangeGroup[];
  readonly path: (path: string) => string;
  readonly text: (path: string) => string | undefined;
}

/** Every site that was left, with its line and the reason; then every change that has a note; then how many of each. */
export function explain(what: Explained, paint: Paint): string {
  const left = [...what.refused, ...what.ignored.map((one) => ({ ...one, ignored: true }))];
  const sites = left.map((one) => site(one, what, paint));
  const noted = what.groups.filter((group) => group.differences.length > 0).map((group) => note(group, what, paint));
  return [...sites, ...noted, ...totals(what)].map((part) => `${part}\n`).join('');
}

function site(one: Refused & { ignored?: boolean }, what: Explained, paint: Paint): string {
  const word = one.ignored ? paint.dim('ignored') : one.unsafe ? paint.yellow('unsafe') : paint.red('refused');
  const reason = one.unsafe ?? one.reason;
  const lines = [`${paint.bold(`${what.path(one.path)}:${one.line}:${one.column}`)}  ${word}  ${reason}`];
  lines.push(...excerpt(one, what.text(one.path), paint));
  if (one.output) lines.push(one.output.replace(/^(?=.)/gm, '     '));
  const advice = one.unsafe ? 'look at the difference, then run with --unsafe' : adviceOf(reason);
  lines.push(
    `  ${paint.cyan('hint:')} ${advice}${advice ? '   ' : ''}${paint.dim(`docs: asyncshift explain ${reason}`)}`,
  );
  return lines.join('\n');
}

/** The line, carets under the site, and the sentence behind them. */
function excerpt(one: Refused, text: string | undefined, paint: Paint): string[] {
  const line = text === undefined ? one.excerpt : lineText(text, one.line);
  const number = String(one.line);
  const gutter = paint.dim('│');
  const before = text === undefined ? 0 : one.column - 1;
  const room = Math.max(1, line.trimEnd().length - before);
  const carets = '^'.repeat(Math.max(1, Math.min(one.end - one.start, room, 60)));
  // Tabs stay tabs and wide characters count double, so that the carets stand under what they mean.
  const indent = [...line.slice(0, before)].map((char) => (char === '\t' ? '\t' : isWide(char) ? '  ' : ' ')).join('');
  const message = one.message.replace(/^Left unchanged: /, '');
  return [
    `   ${paint.dim(number)} ${gutter} ${cut(line)}`,
    `   ${' '.repeat(number.length)} ${gutter} ${before > WIDEST ? '' : indent}${paint.red(carets)} ${message}`,
  ];
}

const WIDEST = 160;

const cut = (line: string): string => (line.length > WIDEST ? `${line.slice(0, WIDEST)}…` : line);

const isWide = (char: string): boolean =>
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
    char,
  ) || char.codePointAt(0)! >= 0x1f300;

/** The advice's first sentence. */
function adviceOf(code: string): string {
  const advice = findMessage(code)?.advice.split('\n', 1)[0] ?? '';
  return /^.*?[.!](?=\s|$)/.exec(advice)?.[0].replace(/\.$/, '') ?? advice;
}

function note(group: ChangeGroup, what: Explained, paint: Paint): string {
  const level = group.level === 'unsafe' ? paint.yellow('unsafe') : paint.green('changed');
  const place = paint.bold(`${what.path(group.path)}:${group.line}:${group.column}`);
  const head = `${place}  ${level}  ${group.differences.join(', ')}`;
  return [head, ...group.differences.map((code) => `   ${messageFor(code)}`)].join('\n');
}

function totals({ refused, ignored, groups }: Explained): string[] {
  const parts = [
    part(
      'Refused',
      refused.filter((one) => !one.unsafe).map((one) => one.reason),
    ),
    part(
      'Needs --unsafe',
      refused.flatMap((one) => one.unsafe ?? []),
    ),
    part(
      'Ignored',
      ignored.map((one) => one.rule),
    ),
    part(
      'Noted',
      groups.flatMap((group) => group.differences),
    ),
  ].filter((text) => text !== '');
  return parts.length === 0 ? [] : ['', parts.join('        ')];
}

function part(title: string, codes: readonly string[]): string {
  if (codes.length === 0) return '';
  return `${title}: ${countCodes(codes)
    .map(([code, count]) => `${count} ${code}`)
    .join(' · ')}`;
}

/** How often each code stands in a list: most first. */
export function countCodes(codes: readonly string[]): [code: string, count: number][] {
  const counts = new Map<string, number>();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}
