/** A story behaves the same before and after: all goes well, and then each of its calls fails in turn. */

import type { Input, Texts } from '../fixtures/stories.js';
import type { Behaviour } from './behave.js';
import type { Call, Contract, Telling, Trace } from './runtime/run.js';

/** More calls than this are not made to fail one by one. */
const MOST_CALLS = 12;

/** What happens when nothing fails, and then with each call failing. */
type Traces = readonly Trace[];

/** Real requests may take turns in another order when the machine is busy: a difference there is looked at again. */
const MOST_TRIES = 4;

/** The difference in behaviour as sentences; none when it is kept. `back`: these texts came back to the style they started from. */
export async function behaviourProblems(
  behaviour: Behaviour,
  input: Input,
  after: Texts,
  back = false,
): Promise<string[]> {
  for (let tries = 1; ; tries++) {
    const problems = await problemsOnce(behaviour, input, after, back);
    if (problems.length === 0 || !input.script.server || tries === MOST_TRIES) return problems;
    known.delete(input.files);
  }
}

async function problemsOnce(behaviour: Behaviour, input: Input, after: Texts, back: boolean): Promise<string[]> {
  const before = await tracesBefore(behaviour, input);
  const broken = before[0]!.lines.filter((line) =>
    /^harness: |ReferenceError: |SyntaxError: (?!.*JSON)|require\S* is not a function$/.test(line),
  );
  if (broken.length > 0) return broken.map((line) => `the story itself does not run: ${line}`);
  if (Object.keys(input.files).every((name) => input.files[name] === after[name])) return [];
  const script = back ? input.script : scriptAfter(input);
  const traces = await tracesOf(
    behaviour,
    { files: { ...input.others, ...after }, main: input.main, script },
    before.length,
  );
  return before.flatMap((trace, index) => {
    const when = index === 0 ? 'nothing fails' : `call ${index - 1} fails`;
    return compare(when, trace, traces[index]!, input);
  });
}

const known = new WeakMap<Texts, Promise<Traces>>();

/** The same files are looked at in several directions. */
function tracesBefore(behaviour: Behaviour, input: Input): Promise<Traces> {
  const old = { files: { ...input.others, ...input.files }, main: input.main, script: input.script };
  const traces = known.get(input.files) ?? tracesOf(behaviour, old);
  known.set(input.files, traces);
  return traces;
}

async function tracesOf(behaviour: Behaviour, telling: Telling, count?: number): Promise<Traces> {
  const usual = await behaviour.trace(telling);
  const failing = Array.from(
    { length: count === undefined ? Math.min(usual.calls, MOST_CALLS) : count - 1 },
    (_, index) => index,
  );
  return [usual, ...(await Promise.all(failing.map((index) => behaviour.trace({ ...telling, failing: index }))))];
}

/** With `--exports change` the function answers in the new style; what was called back may still be, where it was refused. */
function scriptAfter(input: Input): Telling['script'] {
  const contract = (now: Contract): Contract => {
    if (input.options.exports !== 'change' || (now !== 'callback' && now !== 'promise')) return now;
    return input.options.to === 'callback' ? 'either' : 'promise';
  };
  return {
    ...input.script,
    runs: input.script.runs.map((call): Call => ({ ...call, contract: contract(call.contract) })),
  };
}

function compare(when: string, before: Trace, after: Trace, input: Input): string[] {
  const [old, now] = [visible(before, input), visible(after, input)];
  if (old.join('\n') === now.join('\n')) return [];
  return [`${when}\n  before:\n${indent(old)}\n  after:\n${indent(now)}`];
}

const POOLS = /['"](p-map|p-limit|p-queue|piscina|tinypool|workerpool|(node:)?worker_threads)['"]/;

/**
 * Where the contract changes on request, when the call returns is part of the change; a pool may start its first task a turn later, and threads may lose
 * fields of errors, if the story's notes say so. A story can say why it may differ.
 */
function visible(trace: Trace, input: Input): string[] {
  const isPooled = input.options.to === 'pool' || Object.values(input.files).some((text) => POOLS.test(text));
  const changed = input.options.exports === 'change' && (input.label !== 'promise' || input.options.to === 'callback');
  const dropped = changed
    ? /back at the caller|returned /
    : (input.script.turnMayMove ?? isPooled)
      ? /back at the caller/
      : /(?!)/;
  const fields = input.notes.some((line) => line.endsWith(': error-fields-lost'));
  return trace.lines
    .filter((line) => !dropped.test(line))
    .map((line) => (fields ? line.replace(/(answer error .*?)( \w+=\S+)+$/, '$1') : line))
    .map((line) => (input.script.bugMayReject ? line.replace(/(died of|answer error) /, 'failed with ') : line));
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `    ${line}`).join('\n');
}
