/**
 * Every story in a direction whose result it does not say: converted, looked at, executed before and after with each call failing in turn,
 * and converted back again, which must behave as it did at first.
 */

import { looseChecks } from '../fixtures/checks.js';
import { convert } from '../fixtures/convert.js';
import type { Engine } from '../fixtures/convert.js';
import { hasTransform, readDirections } from '../fixtures/stories.js';
import type { Input, Texts } from '../fixtures/stories.js';
import type { Style } from '../../src/types.js';
import type { Behaviour } from './behave.js';
import { startBehaviour } from './behave.js';
import { behaviourProblems } from './compare.js';
import { ownEngine } from '../fixtures/own-engine.js';

/** What is wrong with a telling in this direction, as sentences. The exact ones are looked at elsewhere: they are only executed here. */
export async function directionProblems(behaviour: Behaviour, engine: Engine, input: Input): Promise<string[]> {
  const found = Object.entries(input.exact ? {} : looseChecks).flatMap(([name, check]) =>
    check(engine, input).map((problem) => `${name}: ${problem}`),
  );
  const { texts } = convert(engine, input);
  found.push(...(await behaviourProblems(behaviour, input, texts)));
  return [...found, ...(await roundTripProblems(behaviour, engine, input, texts))];
}

/** A→B→A behaves as A. With `--exports change` a caller's contract has changed on the way: there is nothing to come back to. */
async function roundTripProblems(behaviour: Behaviour, engine: Engine, input: Input, texts: Texts): Promise<string[]> {
  const { label } = input;
  if (label === 'project' || label === input.options.to || !hasTransform(input.options.to, label)) return [];
  if (input.options.exports === 'change' || Object.keys(texts).every((name) => texts[name] === input.files[name]))
    return [];
  const { errors, texts: back } = convert(engine, backwards(input, label), texts);
  const problems = [...errors, ...(await behaviourProblems(behaviour, input, back, true))];
  return problems.map((problem) => `there and back: ${problem}`);
}

function backwards(input: Input, to: Style): Input {
  const { exports, pool, limit } = input.options;
  return { ...input, options: { to, ...(exports && { exports }), ...(pool && { pool }), ...(limit && { limit }) } };
}

/** One test per telling. A file per target: jest's workers share them. */
export function testDirectionsTo(to: Style): void {
  const behaviour = startBehaviour();
  afterAll(() => behaviour.close());
  const inputs = readDirections().filter((input) => input.options.to === to);

  if (inputs.length === 0)
    test(`there is no transform to ${to} yet`, () => expect(hasTransform('project', to)).toBe(false));
  else
    test.each(inputs.map((input) => [input.title, input] as const))(
      '%s behaves the same, there and back',
      async (_title, input) => {
        expect(await directionProblems(behaviour, ownEngine, input)).toEqual([]);
      },
      180_000,
    );
}
