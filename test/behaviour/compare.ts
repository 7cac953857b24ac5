/** A story behaves the same before and after: all goes well, and then each of its calls fails in turn. */

import type { Input, Texts } from '../fixtures/stories.js';
import type { Behaviour } from './behave.js';
import type { Call, Telling, Trace } from './runtime/run.js';

/** More calls than this are not made to fail one by one. */
const MOST_CALLS = 12;

/** The difference in behaviour as sentences; none when it is kept. */
export async function behaviourProblems(behaviour: Behaviour, input: Input, after: Texts): Promise<string[]> {
  const old: Telling = { files: { ...input.others, ...input.files }, main: input.main, script: input.script };
  const usual = await behaviour.trace(old);
  const broken = usual.lines.filter((line) => /^harness: |ReferenceError: |SyntaxError: (?!.*JSON)/.test(line));
  if (broken.length > 0) return broken.map((line) => `the story itself does not run: ${line}`);
  if (Object.keys(input.files).every((name) => input.files[name] === after[name])) return [];
  const now: Telling = {
    ...old,
    files: { ...input.others, ...after },
    script: { ...input.script, runs: runsAfter(input) },
  };
  const problems = compare('nothing fails', usual, await behaviour.trace(now), input);
  for (let failing = 0; failing < Math.min(usual.calls, MOST_CALLS); failing++) {
    const before = await behaviour.trace({ ...old, failing });
    problems.push(...compare(`call ${failing} fails`, before, await behaviour.trace({ ...now, failing }), input));
  }
  return problems;
}

/** With `--exports change` the function answers with a promise. */
function runsAfter(input: Input): Call[] {
  const changed = input.options.exports === 'change';
  return input.script.runs.map((call) =>
    changed && call.contract === 'callback' ? { ...call, contract: 'promise' } : call,
  );
}

function compare(when: string, before: Trace, after: Trace, input: Input): string[] {
  const [old, now] = [visible(before, input), visible(after, input)];
  if (old.join('\n') === now.join('\n')) return [];
  return [`${when}\n  before:\n${indent(old)}\n  after:\n${indent(now)}`];
}

/** Where the contract changes on request, when the call returns is part of the change. A story can say why it may differ. */
function visible(trace: Trace, input: Input): string[] {
  const changed = input.options.exports === 'change' && input.label !== 'promise';
  const dropped = changed ? /back at the caller|returned / : input.script.turnMayMove ? /back at the caller/ : /(?!)/;
  const lines = trace.lines.filter((line) => !dropped.test(line));
  return input.script.bugMayReject
    ? lines.map((line) => line.replace(/(died of|answer error) /, 'failed with '))
    : lines;
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `    ${line}`).join('\n');
}
