/** Converts a program and compares what it does before and after: every difference is a sentence. */

import { applyEdits } from '../../src/edits/edits.js';
import { commentsIn } from '../../src/javascript/comments.js';
import { parseSource } from '../../src/javascript/parse.js';
import { convertProject } from '../../src/transforms/index.js';
import type { Style, TransformOptions } from '../../src/types.js';
import { execute } from './execute.js';
import { filesOf, sourceOf } from './files.js';
import type { Call, Program, Trace, Weather } from './execute.js';

export interface Report {
  readonly after: string;
  /** Functions and statements that were converted, and those that were refused. */
  readonly converted: number;
  readonly refused: readonly string[];
  readonly problems: readonly string[];
  /** The same happens, but two flows that run at once took turns in another order: nothing with I/O between them can tell. */
  readonly turns: readonly string[];
  /** A second run finds something to change that the first refused. */
  readonly repeats: readonly string[];
}

/** Calls beyond these are not made to fail one by one. */
const MOST_FAILING = 7;
const SALTS = [1, 2];

export function convert(source: string, options: TransformOptions) {
  const view = { root: '/', read: () => undefined, others: [] };
  const files = filesOf(source);
  const result = convertProject(files, options, view);
  const edits = result.groups.flatMap((group) => group.edits);
  const after = files.map(({ path, text }) => ({
    path,
    text: applyEdits(
      text,
      edits.filter((edit) => edit.path === path),
    ),
  }));
  return { result, after: sourceOf(after) };
}

/** What it throws is a defect like those that it reports. */
function convertSafely(source: string, options: TransformOptions): ReturnType<typeof convert> {
  try {
    return convert(source, options);
  } catch (thrown) {
    const message = thrown instanceof Error ? (thrown.stack ?? '').split('\n').slice(0, 2).join(' ') : String(thrown);
    const error = { path: '', line: 1, column: 1, kind: 'internal-error' as const, message: `thrown: ${message}` };
    return { result: { groups: [], refused: [], errors: [error], ignored: [], sites: 0 }, after: source };
  }
}

/** `home`: the style that the program is told in, where it can come back to it. */
export async function check(
  program: Program,
  options: TransformOptions = { to: 'async' },
  home?: Style,
): Promise<Report> {
  const problems: string[] = [];
  const turns: string[] = [];
  const repeats: string[] = [];
  const [wrong] = filesOf(program.source).flatMap(({ path, text }) => parseSource(path, text).errors);
  if (wrong) throw new Error(`the generated program does not parse: ${wrong.message}\n${program.source}`);
  const { result, after } = convertSafely(program.source, options);
  if (program.source.includes('\r\n') && /(?<!\r)\n/.test(after)) problems.push('a line end of another kind');
  problems.push(...result.errors.map((error) => `${error.kind}: ${error.message}`));
  if (after !== program.source) {
    problems.push(...textProblems(program.source, after));
    if (problems.length === 0) {
      const found = await differences(program, { ...program, source: after }, options);
      (found?.turn ? turns : problems).push(...(found ? [found.text] : []));
      const again = convertSafely(after, options);
      if (again.after !== after) repeats.push(`a second run changes it again:\n${again.after}`);
      if (home && problems.length === 0 && options.exports !== 'change') {
        const back = await thereAndBack(program, after, { ...options, to: home });
        (back?.turn ? turns : problems).push(...(back ? [back.text] : []));
      }
    }
  }
  const converted = result.groups.reduce((sum, group) => sum + 1 + moreIn(group.title), 0);
  return { after, converted, refused: result.refused.map((each) => each.reason), problems, turns, repeats };
}

async function thereAndBack(
  program: Program,
  after: string,
  options: TransformOptions,
): Promise<Difference | undefined> {
  const { result, after: back } = convertSafely(after, options);
  const [wrong] = [...result.errors.map((error) => error.message), ...textProblems(program.source, back)];
  const found = wrong
    ? { text: wrong, turn: false }
    : await differences(program, { ...program, source: back }, options);
  return found && { ...found, text: `there:\n${after}\nand back:\n${back}\n${found.text}` };
}

function moreIn(title: string): number {
  return Number(/(\d+) more/.exec(title)?.[1] ?? 0);
}

function textProblems(before: string, after: string): string[] {
  const old = filesOf(before);
  return filesOf(after).flatMap(({ path, text }, index) => {
    const parsed = parseSource(path, text);
    if (parsed.errors.length > 0) return [`does not parse: ${parsed.errors[0]!.message}`];
    const wanted = commentsIn(parseSource(path, old[index]!.text).file).sort();
    // A comment of ours stands above a function of ours.
    const left = commentsIn(parsed.file)
      .filter((each) => wanted.includes(each))
      .sort();
    return wanted.join('\n') === left.join('\n') ? [] : [`comments: ${wanted.join(' ')} became ${left.join(' ')}`];
  });
}

interface Difference {
  readonly text: string;
  readonly turn: boolean;
}

async function differences(old: Program, fresh: Program, options: TransformOptions): Promise<Difference | undefined> {
  let turn: Difference | undefined;
  const now: Program =
    options.exports === 'change'
      ? { ...fresh, calls: fresh.calls.map((call) => ({ ...call, contract: changedContract(call, options) })) }
      : fresh;
  for (const salt of SALTS) {
    const usual = await execute(old, { salt });
    if (/SyntaxError/.test(usual.lines[0] ?? ''))
      throw new Error(`the program does not load: ${usual.lines[0]}\n${old.source}`);
    for (const failing of [undefined, ...usual.calls.slice(0, MOST_FAILING)]) {
      const weather: Weather = { salt, ...(failing && { failing }) };
      const before = failing ? await execute(old, weather) : usual;
      const problem = compare(before, await execute(now, weather), options);
      if (!problem) continue;
      const when = `salt ${salt}, ${failing ? `${failing} fails` : 'nothing fails'}: `;
      if (!problem.turn) return { ...problem, text: when + problem.text };
      turn = { ...problem, text: when + problem.text };
    }
  }
  return turn;
}

/** A promise is given a callback too, a callback function is looked at: not each function has changed. */
function changedContract({ contract }: Call, { to }: TransformOptions): Call['contract'] {
  if (contract === 'callback') return to === 'callback' ? 'callback' : 'changed';
  return to === 'callback' ? 'either' : 'promise';
}

/** A bug that ended the process in a callback is a rejection now: what came before it must be the same. */
function compare(before: Trace, after: Trace, options: TransformOptions): Difference | undefined {
  const [old, now] = [visible(before.lines, options), visible(after.lines, options)];
  const last = old.at(-1);
  const kept = last && /^died of uncaught/.test(last) ? old.length - 1 : Infinity;
  if (old.slice(0, kept).join('\n') === now.slice(0, kept).join('\n')) return undefined;
  const at = old.findIndex((line, index) => line !== now[index]);
  const text = `difference at line ${at}\n  before:\n    ${old.join('\n    ')}\n  after:\n    ${now.join('\n    ')}`;
  return { text, turn: sortedTurns(old) === sortedTurns(now) };
}

export function visible(all: readonly string[], options: TransformOptions): string[] {
  // An error that nobody takes ends the process, whichever way it went unseen.
  const lines = all.map((line) => line.replace(/^died of unhandled/, 'died of uncaught'));
  if (options.exports !== 'change') return lines;
  return lines.flatMap((line) => {
    const [, name, rest] = /^answer of (\S+): \d arguments: (.*)$/.exec(line) ?? [];
    if (name) {
      const value = /^(|null|undefined)(?:, (.*))?$/.exec(rest!);
      return [
        value
          ? `result of ${name}: ${value[2] ?? 'undefined'}`
          : `error of ${name}: ${rest!.replace(/(?<=\]), .*/, '')}`,
      ];
    }
    // An async function throws by rejecting: that is part of the change that was asked for.
    const thrown = /^(\S+) threw (.*)$/.exec(line);
    if (thrown) return [`error of ${thrown[1]}: ${thrown[2]}`];
    return /^back at the caller|returned something/.test(line) ? [] : [line];
  });
}

/**
 * The lines between two answers in any order: what differs then is only which of two running flows came first.
 * A callback may get `(null)` for `()`, and `(err)` for `(err, undefined)`.
 */
export function sortedTurns(lines: readonly string[]): string {
  const turns: string[][] = [[]];
  for (const line of lines) {
    if (line.startsWith('<')) turns.push([]);
    turns.at(-1)!.push(withoutCount(line));
  }
  return turns.map((turn) => turn.sort().join('\n')).join('\n--\n');
}

function withoutCount(line: string): string {
  const [, start, given] = /^(answer of \S+): \d arguments: (.*)$/.exec(line) ?? [];
  return start ? `${start}: ${given!.replace(/, undefined$/, '') || 'null'}` : line;
}
