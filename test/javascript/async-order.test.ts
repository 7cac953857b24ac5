import { Choices, rowOf } from '../generated/choices';
import { convertProject } from '../../src/transforms/index';
import { again } from './async-identity';
import { controlFlow, execute, values } from './async-programs';

const count = Number(process.env['MANY'] ?? 20);

function toPromise(text: string): { text: string; refused: string[] } {
  const view = { root: '/', read: () => undefined, others: [] };
  const result = convertProject([{ path: 'a.js', text }], { to: 'promise', from: 'async' }, view);
  expect(result.errors).toEqual([]);
  const edits = result.groups.flatMap((group) => group.edits).sort((a, b) => b.start - a.start || b.end - a.end);
  const after = edits.reduce((out, edit) => out.slice(0, edit.start) + edit.text + out.slice(edit.end), text);
  return { text: after, refused: result.refused.map((each) => `${each.reason} at ${each.excerpt}`) };
}

describe.each([
  ['values', values],
  ['control flow', controlFlow],
])('generated %s', (_name, program) => {
  describe.each([
    ['read and written again', again],
    ['as promise chains', toPromise],
  ])('%s', (_how, convert) => {
    test.each([1, 2, 3, 4])('do the same in the same order (%i)', async (round) => {
      for (let seed = round * 10_000; seed < round * 10_000 + count; seed++) {
        const text = program(new Choices(rowOf(seed, 120)));
        const { text: after } = convert(text);
        expect({ text, after, trace: await execute(after) }).toEqual({ text, after, trace: await execute(text) });
      }
    });
  });
});
