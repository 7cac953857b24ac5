/** Completions: a script for each shell, and the words that it asks for. */
import { wordsAfter } from '../../src/cli/completions.js';
import { builtBin, repository } from './harness.js';

beforeAll(() => void builtBin());

test('a script for each shell; another one is a mistake', () => {
  const repo = repository({});
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    const { code, out } = repo.run(['completions', shell]);
    expect([code, out]).toEqual([0, expect.stringContaining('completion-server')]);
  }
  expect(repo.run(['completions', 'tcsh'])).toMatchObject({ code: 2, out: '' });
});

test('what the script asks for', () => {
  const repo = repository({});
  const words = (line: string): string[] => {
    const env = {
      COMP_CWORD: String(line.split(' ').length - 1),
      COMP_POINT: String(line.length),
      COMP_LINE: line,
      SHELL: 'bash',
    };
    return repo
      .run(['completion-server', '--', ...line.split(' ')], { env })
      .out.trimEnd()
      .split('\n');
  };
  expect(words('asyncshift --to ')).toEqual(['callback', 'promise', 'async', 'pool']);
  expect(words('asyncshift --inter')).toContain('--interactive');
});

test('words by place', () => {
  expect(wordsAfter(['asyncshift', 'und'], 'und', 'asyncshift')).toContain('undo');
  expect(wordsAfter(['asyncshift', 'explain', 'x'], 'x', 'explain')).toContain('sync-throw');
  expect(wordsAfter(['asyncshift', '--to', 'async', 'sr'], 'sr', 'async')).toBeUndefined();
});
