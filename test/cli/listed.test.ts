/** Which files: `--since` and `--files-from`. */

import { builtBin, old, repository } from './harness.js';

beforeAll(() => void builtBin());

const changedIn = (out: string): string[] => [...out.matchAll(/^\+\+\+ b\/(.*?)\t?$/gm)].map((match) => match[1]!);

describe('--since', () => {
  const files = {
    'old.js': old(),
    'pkg/a.js': 'p.then(fine);\n',
    'pkg/b c.js': 'p.then(fine);\n',
    '.gitignore': 'out\n',
  };

  test('committed, staged, changed and new files since the merge base; deleted and ignored ones are none', () => {
    const repo = repository(files);
    repo.git('branch', 'start');
    repo.write({ 'pkg/a.js': old() });
    repo.git('commit', '-aqm', 'a');
    repo.write({ 'pkg/b c.js': old(), 'new.js': old(), 'out/gone.js': old() });
    const { out, code } = repo.run(['--to', 'async', '--since', 'start']);
    expect([code, changedIn(out)]).toEqual([0, ['new.js', 'pkg/a.js', 'pkg/b c.js']]);
    expect(changedIn(repo.run(['--to', 'async', '--since', 'start', '.'], { cwd: 'pkg' }).out)).toEqual([
      'pkg/a.js',
      'pkg/b c.js',
    ]);
    expect(changedIn(repo.run(['--to', 'async', '--since', 'start', 'new.js']).out)).toEqual(['new.js']);
  });

  test('nothing changed is nothing to do', () => {
    const { out, err, code } = repository(files).run(['--to', 'async', '--check', '--since', 'HEAD']);
    expect([code, out, err]).toEqual([0, '', 'No files to look at.\n']);
  });

  test('an unknown commit and an option in its place are one line each', () => {
    const repo = repository(files);
    expect(repo.run(['--to', 'async', '--since', 'nowhere'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^error: --since nowhere: Not a valid object name nowhere\.\n {2}hint: /) as string,
    });
    expect(repo.run(['--to', 'async', '--since=--output=x']).err).toContain("'--output=x' is no commit");
  });
});

describe('--files-from', () => {
  const files = { 'a.js': old(), 'b.js': old(), '-c.js': old(), 'list.txt': 'a.js\r\n\n-c.js\n' };

  test('a file, stdin, and NUL between paths', () => {
    const repo = repository(files);
    expect(changedIn(repo.run(['--to', 'async', '--files-from', 'list.txt']).out)).toEqual(['-c.js', 'a.js']);
    const fromStdin = repo.run(['--to', 'async', '--files-from', '-', '-0'], { input: 'b.js\0-c.js\0' });
    expect(changedIn(fromStdin.out)).toEqual(['-c.js', 'b.js']);
  });

  test('an empty list is nothing to do, a missing one cannot be done', () => {
    const repo = repository(files);
    expect(repo.run(['--to', 'async', '--files-from', '-'], { input: '' })).toMatchObject({ code: 0, out: '' });
    const { code, err } = repo.run(['--to', 'async', '--files-from', 'none.txt']);
    expect([code, err]).toEqual([2, 'error: --files-from none.txt: the list could not be read (ENOENT).\n']);
  });

  test('it does not go with a text from stdin', () => {
    expect(repository(files).run(['--to', 'async', '-', '--files-from', 'list.txt']).code).toBe(2);
  });
});
