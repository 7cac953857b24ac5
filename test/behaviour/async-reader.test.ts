/** Every async telling, read and written again in the same style: it behaves as before, with each of its calls failing in turn. */

import { convert } from '../fixtures/convert.js';
import type { Engine } from '../fixtures/convert.js';
import { readStories } from '../fixtures/stories.js';
import { readAndWrite } from '../javascript/async-identity.js';
import { startBehaviour } from './behave.js';
import { behaviourProblems } from './compare.js';

const behaviour = startBehaviour();
afterAll(() => behaviour.close());

const engine: Engine = (files, _options, view) => readAndWrite(files, view);
const inputs = readStories().filter((input) => input.label === 'async' && input.options.to === 'async');

test.each(inputs.map((input) => [input.title, input] as const))(
  '%s, read and written again, behaves the same',
  async (_title, input) => {
    const { texts, errors } = convert(engine, input);
    expect(errors).toEqual([]);
    expect(await behaviourProblems(behaviour, input, texts)).toEqual([]);
  },
  180_000,
);
