/** Every Python telling in every direction: exact bytes, refused as listed, second run empty, line ends kept. */

import { checks } from './checks.js';
import { ownEngine } from './convert.js';
import { readStories } from './stories.js';

const inputs = readStories();

describe.each(inputs.map((input) => [input.title, input] as const))('%s', (_title, input) => {
  test.each(Object.entries(checks))('%s', (_name, check) => {
    expect(check(ownEngine, input)).toEqual([]);
  });
});

test('there are at least 60 stories, of which 20 must be left alone', () => {
  const stories = new Set(inputs.map((input) => input.story));
  const left = new Set(inputs.filter((input) => input.refusals.length > 0).map((input) => input.story));
  expect(stories.size).toBeGreaterThanOrEqual(60);
  expect(left.size).toBeGreaterThanOrEqual(20);
});
