/** 500 generated Python programs behave the same before and after their conversion; `npm run fuzz:python` tries more, with more failures. */

import type { Style } from '../../../src/types.js';
import { rowOf } from '../../generated/choices.js';
import { startPython } from '../behave.js';
import { pythonOrReason } from '../environment.js';
import { check } from './check.js';
import { programFrom } from './programs.js';
import type { Said } from './parts.js';

const interpreter = pythonOrReason();
const AT_ONCE = 6;
/** Numbers in a row: small programs. */
const LENGTH = 50;

(interpreter ? describe : describe.skip)('generated programs', () => {
  const python = startPython(interpreter ?? 'python3', AT_ONCE);
  afterAll(() => python.close());

  test.each<[Said, Style, number, number]>([
    ['pool', 'async', 0, 170],
    ['async', 'pool', 1000, 170],
    ['pool', 'callback', 2000, 80],
    ['async', 'callback', 3000, 80],
  ])(
    '%s -> %s: seeds from %i, %i programs',
    async (from, to, first, count) => {
      let next = 0;
      let changed = 0;
      const wrong: string[] = [];
      const one = async (): Promise<void> => {
        while (next < count) {
          const seed = first + next++;
          const text = programFrom(rowOf(seed, LENGTH), from);
          const { after, problems } = await check(python, text, from, to, false);
          if (after !== text) changed++;
          wrong.push(...problems.map((problem) => `seed ${seed}\n${text}\nbecomes\n${after}\n${problem}`));
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, one));
      expect(wrong).toEqual([]);
      // Programs that are only refused would prove nothing.
      expect(changed / count).toBeGreaterThan(0.25);
    },
    120_000,
  );
});
