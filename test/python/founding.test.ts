/** The two founding programs and what becomes of them run on every Python that is here: six requests at once, the answers in the same order. */

import { startPython } from './behave.js';
import { programOf } from './compare.js';
import { convert, ownEngine } from './convert.js';
import { pythonOrReason } from './environment.js';
import { readStories } from './stories.js';

const { builtEnvironments } = require('../../scripts/python-env.cjs') as {
  builtEnvironments(): { python: string; version: string }[];
};

const interpreter = pythonOrReason();
const inputs = readStories().filter((input) => input.story === 'founding');
const environments = interpreter ? builtEnvironments() : [];

test('the founding programs are there, in both styles and all directions', () => {
  const titles = inputs.map((input) => input.title.slice('founding/'.length));
  expect(titles).toEqual(['async.py -> pool', 'async.py -> callback', 'pool.py -> async', 'pool.py -> callback']);
});

(interpreter ? describe : describe.skip).each(environments)('Python $version', ({ python: at }) => {
  const python = startPython(at);
  afterAll(() => python.close());

  test.each(inputs.map((input) => [input.title, input] as const))(
    '%s',
    async (_title, input) => {
      const { texts } = convert(ownEngine, input);
      const before = await python.run(programOf(input, input.files), { salt: 3 });
      const after = await python.run(programOf(input, texts), { salt: 3 });
      expect(texts).not.toEqual(input.files);
      expect(after.err).toBe('');
      expect(answers(after.out)).toEqual(answers(before.out));
      expect(answers(after.out)).toHaveLength(6);
      expect([before.log.most, after.log.most]).toEqual([6, 6]);
      expect(after.log.requests).toEqual(before.log.requests);
    },
    180_000,
  );
});

function answers(out: readonly string[]): string[] {
  return out.filter((line) => line.startsWith('b'));
}
