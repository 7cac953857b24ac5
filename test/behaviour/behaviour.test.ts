/** Every story is executed before and after: same answers, same output, same calls in the same order, as many at once. */

import { convert } from '../fixtures/convert.js';
import { ownEngine } from '../fixtures/own-engine.js';
import { readStories } from '../fixtures/stories.js';
import { startBehaviour } from './behave.js';
import { behaviourProblems } from './compare.js';

const behaviour = startBehaviour();
afterAll(() => behaviour.close());

const inputs = readStories();

test.each(inputs.map((input) => [input.title, input] as const))('%s behaves the same', async (_title, input) => {
  const after = convert(ownEngine, input).texts;
  expect(await behaviourProblems(behaviour, input, after)).toEqual([]);
});
