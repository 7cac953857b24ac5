/** A story behaves the same before and after: all goes well, in two orders of answers, and then each of its requests fails in turn. */

import type { Program, Python, Trace } from './behave.js';
import { minus } from './checks.js';
import type { Failure, Weather } from './runtime/server.js';
import type { Input, Script, Texts } from './stories.js';

/** More requests than this are not made to fail one by one. */
const MOST_FAILING = 3;
/** What most programs print of their own speed. */
const TIMES = [/\b\d:\d\d:\d\d\.\d+/g, /\b\d+\.\d+ ?s(ec(ond)?s?)?\b/g];

export function programOf(input: Input, texts: Texts): Program {
  const { replies = {}, args, host, as } = input.script;
  const named = as ? { [as]: Object.values(texts)[0]! } : texts;
  return { files: { ...input.others, ...named }, main: input.main, replies, args, host };
}

/** How many programs were run: to say so in reports. */
export const count = { runs: 0 };

/** What is wrong with the telling itself: it must run before anything is said about its conversion. */
export async function tellingProblems(python: Python, input: Input): Promise<string[]> {
  if (input.script.notRun) return [];
  const { err } = await trace(python, programOf(input, input.files), { salt: 1 });
  const broken = /^died of ((Name|Attribute|Syntax|Import|ModuleNotFound|Indentation|Type)Error.*)$/m.exec(err);
  return broken ? [`the telling itself does not run: ${broken[1]}\n${err}`] : [];
}

/** What the notes of a change admit: after a failure the others are not given up, or are. */
const ADMIT: ReadonlySet<string> = new Set(['others-finish-first', 'others-keep-running']);

/** The differences in behaviour as sentences; none when it is kept. `notes` are those that the change carries. */
export async function behaviourProblems(
  python: Python,
  input: Input,
  after: Texts,
  notes: readonly string[] = [],
): Promise<string[]> {
  if (input.script.notRun) return [];
  if (Object.keys(input.files).every((name) => input.files[name] === after[name])) return [];
  const [old, now] = [programOf(input, input.files), programOf(input, after)];
  const script = scriptWith(input.script, notes);
  const usual = await trace(python, old, { salt: 1 });
  const problems = await Promise.all(
    weathersOf(usual, script).map(async (weather) => {
      const before = await trace(python, old, weather);
      const found = differences(weather, before, await trace(python, now, weather), script);
      return found.length === 0 ? [] : stillDifferent(python, old, now, weather, script);
    }),
  );
  return problems.flat();
}

/** A difference that is gone when both run again was the machine's: a thread that got no turn before a time-out. */
export async function stillDifferent(
  python: Python,
  old: Program,
  now: Program,
  weather: Weather,
  script: Script,
): Promise<string[]> {
  for (let again = 0; ; again++) {
    const [before, after] = [await python.run(old, weather), await python.run(now, weather)];
    const found = differences(weather, before, after, script);
    if (found.length === 0 || again === 1) return found;
  }
}

export function scriptWith(script: Script, notes: readonly string[]): Script {
  const admitted = notes.some((note) => ADMIT.has(note.split(': ').at(-1)!));
  return admitted ? { ...script, mayDiffer: [...(script.mayDiffer ?? []), 'after failure'] } : script;
}

/** All goes well, in two orders of answers; then the first requests fail, each in one or two ways. */
export function weathersOf({ log }: Trace, script: Script, most = MOST_FAILING): Weather[] {
  const ways: readonly Failure[] = ['500', 'reset'];
  const failing = script.noFailures ? [] : log.requests.slice(0, most);
  const failures = failing.flatMap((each, index) =>
    (index < 1 ? ways : [ways[index % 2]!]).map((how): Weather => ({ salt: 1, failing: each, how })),
  );
  return [{ salt: 1 }, { salt: 2 }, ...failures];
}

const known = new Map<string, Promise<Trace>>();

/** The same program in the same weather is run once: a telling has several directions. */
function trace(python: Python, program: Program, weather: Weather): Promise<Trace> {
  const key = JSON.stringify([program, weather]);
  const run = known.get(key) ?? python.run(program, weather);
  if (!known.has(key)) count.runs++;
  known.set(key, run);
  return run;
}

export function differences(weather: Weather, before: Trace, after: Trace, script: Script): string[] {
  const [old, now] = [visible(before, script), visible(after, script)];
  if (old.join('\n') === now.join('\n')) return [];
  if ((weather.failing || before.died) && isAllowed(old, now, script)) return [];
  const when = weather.failing ? `${weather.failing} fails (${weather.how})` : `nothing fails, order ${weather.salt}`;
  const stderr =
    after.died && after.err !== before.err ? [`  stderr after:\n${indent(after.err.split('\n').slice(-12))}`] : [];
  return [[`${when}\n  before:\n${indent(old)}\n  after:\n${indent(now)}`, ...stderr].join('\n')];
}

/** All that somebody outside can see: output, exit code, what it died of, and the requests. */
function visible(trace: Trace, script: Script): string[] {
  const { out, code, died, log } = trace;
  const traffic = died ? untilTheEnd(log.lines) : log.lines;
  const lines = script.mayDiffer?.includes('order') ? [...traffic].sort() : traffic;
  const shown = script.printedAtOnce ? inNoOrder(out, new RegExp(script.printedAtOnce)) : out;
  const texts = [...shown.map((line) => `| ${line}`), `exit code ${code}`, ...(died ? [`died of ${died}`] : [])];
  const vary = [...TIMES, ...(script.vary ?? []).map((source) => new RegExp(source, 'g'))];
  return [...lines, ...texts.map((text) => vary.reduce((now, each) => now.replace(each, '<varies>'), text))];
}

/** Lines that several threads print at the same time come in any order, and so do others between them. */
function inNoOrder(out: readonly string[], atOnce: RegExp): string[] {
  return [...out.filter((line) => !atOnce.test(line)), ...out.filter((line) => atOnce.test(line)).sort()];
}

/** A program that dies waits for the answers to what it asked, or gives them up: which requests it makes is all that can be told apart. */
function untilTheEnd(lines: readonly string[]): string[] {
  const failure = lines.findIndex((line) => /^< .* (500|reset)$/.test(line));
  if (failure < 0) return [...lines];
  const after = lines.slice(failure + 1).filter((line) => line.startsWith('>'));
  return [...lines.slice(0, failure + 1), ...after.sort()];
}

/** What a story, or a note of the change, may say of a failure: the others run on, or are given up. What they print then is more, or less. */
function isAllowed(old: readonly string[], now: readonly string[], { mayDiffer = [] }: Script): boolean {
  const of = (kind: RegExp, lines: readonly string[]): string[] => lines.filter((line) => kind.test(line));
  const same = (kind: RegExp): boolean => of(kind, old).join('\n') === of(kind, now).join('\n');
  const [printed, sent] = [/^\| /, /^[<>x] /];
  const within = (few: readonly string[], many: readonly string[]): boolean => minus(few, many).length === 0;
  const isMore = within(of(printed, old), of(printed, now)) || within(of(printed, now), of(printed, old));
  const afterFailure = mayDiffer.includes('after failure');
  return (
    (mayDiffer.includes('error') || same(/^died of /)) &&
    same(/^exit code /) &&
    (same(printed) || (afterFailure && isMore)) &&
    (same(sent) || afterFailure)
  );
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `    ${line}`).join('\n');
}

/** CPython compiles what came out, and finds all comments in it. */
export async function textProblems(python: Python, input: Input, after: Texts): Promise<string[]> {
  const names = Object.keys(input.files);
  const [old, now] = [await python.look(input.files), await python.look(after)];
  return names.flatMap((name) => {
    const { wrong, comments } = now[name]!;
    if (wrong && !old[name]!.wrong) return [`${name} does not compile: ${wrong}`];
    return minus(old[name]!.comments, comments).map((comment) => `${name} lost ${comment}`);
  });
}
