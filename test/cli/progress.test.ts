import { progressBar } from '../../src/cli/streams.js';

const drawn: string[] = [];
jest.mock('cli-progress', () => ({
  SingleBar: class {
    start = (total: number, done: number, { phase }: { phase: string }): void =>
      void drawn.push(`start ${phase} ${done}/${total}`);
    setTotal = (total: number): void => void drawn.push(`of ${total}`);
    update = (done: number, { phase }: { phase: string }): void => void drawn.push(`${phase} ${done}`);
    stop = (): void => void drawn.push('gone');
  },
}));

const clock = jest.spyOn(Date, 'now');
beforeEach(() => drawn.splice(0));
afterAll(() => clock.mockRestore());

test('nothing is drawn where there is no terminal, nor in a run that is over in a moment', () => {
  clock.mockReturnValue(1000);
  const off = progressBar(false);
  const quick = progressBar(true);
  clock.mockReturnValue(1200);
  quick.show('reading', 1, 10);
  clock.mockReturnValue(9000);
  off.show('reading', 1, 10);
  for (const bar of [off, quick]) bar.clear();
  expect(drawn).toEqual([]);
});

test('a long run is drawn from where it is, phase by phase, and taken away at the end', () => {
  clock.mockReturnValue(1000);
  const bar = progressBar(true);
  clock.mockReturnValue(2000);
  bar.show('reading', 5, 10);
  bar.show('converting', 1, 3);
  bar.clear();
  bar.clear();
  expect(drawn).toEqual(['start reading 5/10', 'of 10', 'reading 5', 'of 3', 'converting 1', 'gone']);
});
