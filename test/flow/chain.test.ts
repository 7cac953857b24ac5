import fc from 'fast-check';
import { chainEdits } from '../../src/edits/chain.js';
import { applyEdits, type TextEdit } from '../../src/edits/edits.js';

/** Edits that do not overlap, in a text of this length. */
function edits(length: number): fc.Arbitrary<TextEdit[]> {
  return fc
    .array(fc.tuple(fc.nat(length), fc.nat(length), fc.string({ maxLength: 4 })), { maxLength: 5 })
    .map((all) => {
      const out: TextEdit[] = [];
      let done = -1;
      for (const [a, b, text] of [...all].sort((x, y) => Math.min(x[0], x[1]) - Math.min(y[0], y[1]))) {
        const [start, end] = a < b ? [a, b] : [b, a];
        if (start <= done) continue;
        out.push({ start, end, text });
        done = end;
      }
      return out;
    });
}

test('two steps of edits are one step', () => {
  const steps = fc
    .string({ maxLength: 20 })
    .chain((text) =>
      edits(text.length).chain((first) =>
        edits(applyEdits(text, first).length).map((second) => ({ text, first, second })),
      ),
    );
  fc.assert(
    fc.property(steps, ({ text, first, second }) => {
      expect(applyEdits(text, chainEdits(text, first, second))).toBe(applyEdits(applyEdits(text, first), second));
    }),
    { numRuns: 3000, seed: 7 },
  );
});
