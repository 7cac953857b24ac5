/** `--staged`: what is staged is judged and rewritten; what is not staged is kept. */

import { builtBin, old, repository } from './harness.js';

beforeAll(() => void builtBin());

const lines = (count: number): string => Array.from({ length: count }, (_, at) => `// line ${at + 1}\n`).join('');
const both = ['--to', 'async', '--staged', '--write'];

describe('--staged', () => {
  test('only staged files, as they are staged', () => {
    const repo = repository({ 'a.js': 'x;\n', 'b.js': old() });
    repo.write({ 'a.js': old() });
    repo.git('add', 'a.js');
    repo.write({ 'a.js': 'nothing(here);\n' });
    const { out, code } = repo.run(['--to', 'async', '--staged', '--check']);
    expect([code, out]).toEqual([1, expect.stringContaining('-p.then(OLD);\n+p.then(NEW);')]);
    expect(out).not.toContain('b.js');
  });

  test('--write: the index and the file; what was not staged is merged', () => {
    const repo = repository({ 'a.js': lines(20), 'new.js': '' });
    repo.write({ 'a.js': lines(20) + old(), 'new.js': old() });
    repo.git('add', '-A');
    repo.write({ 'a.js': `// mine\n${lines(20)}${old()}` });
    const { code, err } = repo.run(both);
    expect([code, err]).toEqual([0, 'Changed 2 files, 2 changes.\nUndo: asyncshift undo\n']);
    expect(repo.git('show', ':a.js')).toBe(`${lines(20)}p.then(NEW);\n`);
    expect(repo.read('a.js')).toBe(`// mine\n${lines(20)}p.then(NEW);\n`);
    expect(repo.git('show', ':new.js')).toBe('p.then(NEW);\n');
    expect(repo.read('new.js')).toBe('p.then(NEW);\n');
  });

  test('overlapping edits: nothing at all is written', () => {
    const repo = repository({ 'a.js': 'x;\n', 'b.js': 'x;\n' });
    repo.write({ 'a.js': old(), 'b.js': old() });
    repo.git('add', '-A');
    repo.write({ 'a.js': 'p.then(OLD, mine);\n' });
    const before = repo.git('ls-files', '-s');
    const { code, err } = repo.run(both);
    expect(code).toBe(2);
    expect(err).toContain('a.js staged and unstaged edits overlap in lines 1-1 with what would be rewritten');
    expect([repo.git('ls-files', '-s'), repo.read('a.js'), repo.read('b.js')]).toEqual([
      before,
      'p.then(OLD, mine);\n',
      old(),
    ]);
  });

  test('undo puts back the files and the index', () => {
    const repo = repository({ 'a.js': 'x;\n' });
    repo.write({ 'a.js': old() });
    repo.git('add', 'a.js');
    expect(repo.run(both).code).toBe(0);
    expect(repo.run(['undo']).code).toBe(0);
    expect([repo.git('show', ':a.js'), repo.read('a.js')]).toEqual([old(), old()]);
  });

  test('line ends and modes are kept', () => {
    const repo = repository({ 'a.js': 'x;\r\n' });
    repo.git('config', 'core.autocrlf', 'true');
    repo.write({ 'a.js': `${lines(9).replaceAll('\n', '\r\n')}p.then(OLD);\r\n` });
    repo.git('add', 'a.js');
    repo.git('update-index', '--chmod=+x', 'a.js');
    repo.write({ 'a.js': `// mine\r\n${lines(9).replaceAll('\n', '\r\n')}p.then(OLD);\r\n` });
    expect(repo.run(both).code).toBe(0);
    expect(repo.git('ls-files', '-s', 'a.js')).toMatch(/^100755 /);
    expect(repo.git('show', ':a.js')).toBe(`${lines(9)}p.then(NEW);\n`);
    expect(repo.read('a.js')).toBe(`// mine\r\n${lines(9).replaceAll('\n', '\r\n')}p.then(NEW);\r\n`);
  });

  test('nothing staged, and no repository', () => {
    expect(repository({ 'a.js': old() }).run(both)).toMatchObject({ code: 0, err: 'No files to look at.\n' });
    expect(repository({ 'a.js': old() }, { git: false }).run(both)).toMatchObject({
      code: 2,
      err: 'error: --staged: this is not a git repository.\n',
    });
  });
});
