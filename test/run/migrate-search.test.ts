import fc from 'fast-check';
import { largestGreen, type Verdict } from '../../src/run/migrate/search.js';

const green: Verdict = { green: true, output: '' };
const red = (output: string): Verdict => ({ green: false, output });

/** A test command that fails when any of these sets is wholly there; counts its runs. */
function breaking(...sets: number[][]): { test(groups: readonly number[]): Promise<Verdict>; runs: number } {
  const command = {
    runs: 0,
    test(groups: readonly number[]): Promise<Verdict> {
      command.runs++;
      const hit = sets.find((set) => set.every((group) => groups.includes(group)));
      return Promise.resolve(hit ? red(`breaks: ${hit.join(' ')}`) : green);
    },
  };
  return command;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

test('all green: one run', async () => {
  const command = breaking();
  expect(await largestGreen(upTo(100), command.test)).toEqual({ kept: upTo(100), leftOut: [] });
  expect(command.runs).toBe(1);
});

test('nothing to do: no run', async () => {
  const command = breaking([]);
  expect(await largestGreen([], command.test)).toEqual({ kept: [], leftOut: [] });
  expect(command.runs).toBe(0);
});

test('one culprit of a thousand is found by bisection, with what the tests said', async () => {
  const command = breaking([700]);
  const found = await largestGreen(upTo(1000), command.test);
  expect(found.leftOut).toEqual([{ group: 700, output: 'breaks: 700' }]);
  expect(found.kept).toHaveLength(999);
  expect(command.runs).toBeLessThan(30);
});

test('two that break only together: one of them stays', async () => {
  const found = await largestGreen(upTo(8), breaking([2, 6]).test);
  expect(found.kept).toHaveLength(7);
  expect(found.leftOut).toHaveLength(1);
});

test('a group that needs a later one is tried again when that one has come in', async () => {
  const needs = (groups: readonly number[]): Promise<Verdict> =>
    Promise.resolve((groups.includes(0) && !groups.includes(3)) || groups.includes(5) ? red('0 needs 3') : green);
  expect((await largestGreen(upTo(6), needs)).kept).toEqual([0, 1, 2, 3, 4]);
});

test('what the command throws ends the search', async () => {
  await expect(largestGreen([1], () => Promise.reject(new Error('stop')))).rejects.toThrow('stop');
});

test('whatever breaks: what is kept is green, and nothing that was left out could be added', async () => {
  const sets = fc.array(fc.uniqueArray(fc.nat(11), { minLength: 1, maxLength: 3 }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(sets, async (breakers) => {
      const { test: ask } = breaking(...breakers);
      const { kept, leftOut } = await largestGreen(upTo(12), ask);
      expect((await ask(kept)).green || kept.length === 0).toBe(true);
      expect([...kept, ...leftOut.map((one) => one.group)].sort((a, b) => a - b)).toEqual(upTo(12));
      for (const { group } of leftOut) expect((await ask([...kept, group])).green).toBe(false);
    }),
    { numRuns: 200, seed: 1 },
  );
});
