import { Choices, rowOf } from '../generated/choices';
import { convertProject } from '../../src/transforms/index';
import { again } from './async-identity';
import { controlFlow, execute, values } from './async-programs';

const count = Number(process.env['MANY'] ?? 12);

function converted(to: 'promise' | 'callback') {
  return (text: string): { text: string } => {
    const view = { root: '/', read: () => undefined, others: [] };
    const result = convertProject([{ path: 'a.cjs', text }], { to, from: 'async' }, view);
    expect(result.errors).toEqual([]);
    const edits = result.groups.flatMap((group) => group.edits).sort((a, b) => b.start - a.start || b.end - a.end);
    return { text: edits.reduce((out, edit) => out.slice(0, edit.start) + edit.text + out.slice(edit.end), text) };
  };
}

describe.each([
  ['values', values],
  ['control flow', controlFlow],
])('generated %s', (_name, program) => {
  describe.each([
    ['read and written again', again],
    ['as promise chains', converted('promise')],
    ['with callbacks inside', converted('callback')],
  ])('%s', (_how, convert) => {
    test.each([1, 2, 3, 4])(
      'do the same in the same order (%i)',
      async (round) => {
        for (let seed = round * 10_000; seed < round * 10_000 + count; seed++) {
          const text = program(new Choices(rowOf(seed, 120)));
          const { text: after } = convert(text);
          expect({ text, after, trace: await execute(after) }).toEqual({ text, after, trace: await execute(text) });
        }
      },
      60_000,
    );
  });
});
