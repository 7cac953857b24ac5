/** Converts a generated program and compares what it does before and after: every difference is a sentence. */

import type { Style, TransformOptions } from '../../../src/types.js';
import type { Program, Python, Trace } from '../behave.js';
import type { Weather } from '../runtime/server.js';
import { differences, scriptWith, stillDifferent, weathersOf } from '../compare.js';
import { minus } from '../checks.js';
import { ownEngine } from '../convert.js';
import type { Engine } from '../convert.js';
import { applyEdits } from '../../../src/edits/edits.js';

export interface Report {
  readonly after: string;
  readonly refused: readonly string[];
  readonly notes: readonly string[];
  readonly problems: readonly string[];
}

/** A program without any of these runs one thing after the other: there is nothing to convert. */
const SITES = /\bThreadPool|\basync def /;

/** Requests beyond these are not made to fail one by one. */
const MOST_FAILING = 3;

export function convertText(engine: Engine, text: string, options: TransformOptions) {
  const view = { root: '/', read: () => undefined, others: [] };
  const result = engine([{ path: 'main.py', text }], options, view);
  const edits = result.groups.flatMap((group) => group.edits).filter((edit) => edit.path === 'main.py');
  return { result, after: applyEdits(text, edits) };
}

export async function check(python: Python, text: string, from: Style, to: Style, thorough = true): Promise<Report> {
  const options = { from, to };
  const { result, after } = convertText(ownEngine, text, options);
  const notes = result.groups.flatMap((group) => group.differences);
  const refused = result.refused.map((each) => each.reason);
  const problems = result.errors.map((error) => `${error.kind}: ${error.message}`);
  if (after !== text) {
    problems.push(...(await textProblems(python, text, after)));
    if (problems.length === 0) problems.push(...(await differencesOf(python, text, after, notes, thorough)));
    const again = convertText(ownEngine, after, options).after;
    if (again !== after) problems.push(`a second run changes it again:\n${again}`);
  } else if (refused.length === 0 && SITES.test(text)) problems.push('neither changed nor refused');
  return { after, refused, notes, problems };
}

async function textProblems(python: Python, before: string, after: string): Promise<string[]> {
  const looks = await python.look({ before, after });
  if (looks.before!.wrong) throw new Error(`the generated program is wrong: ${looks.before!.wrong}\n${before}`);
  if (looks.after!.wrong) return [`does not compile: ${looks.after!.wrong}`];
  return minus(looks.before!.comments, looks.after!.comments).map((comment) => `lost ${comment}`);
}

async function differencesOf(
  python: Python,
  before: string,
  after: string,
  notes: readonly string[],
  thorough: boolean,
): Promise<string[]> {
  const program = (text: string): Program => ({ files: { 'main.py': text }, main: 'main.py', replies: {} });
  const usual = await python.run(program(before), { salt: 1 });
  // What workers print; `got` and the results are the main program's own.
  const script = scriptWith({ printedAtOnce: '^([pcf]\\d|caught)' }, notes);
  const all = thorough ? weathersOf(usual, script, MOST_FAILING) : someOf(usual, before.length);
  const found = await Promise.all(
    all.map(async (weather, index) => {
      const old = index === 0 ? usual : await python.run(program(before), weather);
      const found = differences(weather, old, await python.run(program(after), weather), script);
      return found.length === 0 ? [] : stillDifferent(python, program(before), program(after), weather, script);
    }),
  );
  return found.flat().slice(0, 1);
}

/** All goes well, and one request fails: which one and how is left to the program's length. */
function someOf({ log }: Trace, seed: number): Weather[] {
  const failing = log.requests[seed % Math.max(1, log.requests.length)];
  const failure: Weather[] = failing ? [{ salt: 1, failing, how: seed % 3 === 0 ? 'reset' : '500' }] : [];
  return [{ salt: 1 }, ...failure];
}
