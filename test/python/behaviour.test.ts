/** Every Python story is executed before and after with the real libraries: same output, exit code, requests, order, and as many at once. */

import { startPython } from './behave.js';
import { behaviourProblems, tellingProblems, textProblems } from './compare.js';
import { convert, ownEngine } from './convert.js';
import { pythonOrReason } from './environment.js';
import { readStories } from './stories.js';
import type { Input } from './stories.js';

const interpreter = pythonOrReason();
const python = startPython(interpreter ?? 'python3');
const inputs = readStories();
const MOST = 150_000;

/** All begin with the first: while one waits for its server another runs. */
let begun: Map<Input, Promise<string[]>> | undefined;

function problemsOf(input: Input): Promise<string[]> {
  begun ??= new Map(inputs.map((each) => [each, problems(each)]));
  return begun.get(input)!;
}

async function problems(input: Input): Promise<string[]> {
  const own = await tellingProblems(python, input);
  if (own.length > 0) return own;
  const { texts, notes } = convert(ownEngine, input);
  return [...(await textProblems(python, input, texts)), ...(await behaviourProblems(python, input, texts, notes))];
}

(interpreter ? describe : describe.skip)('behaviour', () => {
  afterAll(() => python.close());

  test.each(inputs.map((input) => [input.title, input] as const))(
    '%s behaves the same',
    async (_title, input) => {
      expect(await problemsOf(input)).toEqual([]);
    },
    MOST,
  );
});
