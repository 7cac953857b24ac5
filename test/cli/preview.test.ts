import * as fs from 'node:fs';
import * as path from 'node:path';
import { builtBin, old, repository } from './harness.js';

beforeAll(() => void builtBin());

describe('preview', () => {
  test('stdout is a patch, stderr says what it means, nothing is written', () => {
    const repo = repository({ 'src/a.js': old() });
    const { code, out, err } = repo.run(['--to', 'async', 'src']);
    expect(out).toBe(
      'diff --git a/src/a.js b/src/a.js\n--- a/src/a.js\n+++ b/src/a.js\n@@ -1 +1 @@\n-p.then(OLD);\n+p.then(NEW);\n',
    );
    expect(err).toBe('Would change 1 file (1 change).\nNothing was written. Add --write to apply.\n');
    expect(code).toBe(0);
    expect(repo.read('src/a.js')).toBe(old());
  });

  test('from a sub-folder the patch is still from the top, and git apply takes it there', () => {
    const repo = repository({ 'pkg/sub/n.js': old(), 'b.js': old() });
    const { out } = repo.run(['--to', 'async', 'n.js'], { cwd: 'pkg/sub' });
    fs.writeFileSync(path.join(repo.folder, 'x.patch'), out);
    repo.git('-C', 'pkg/sub', 'apply', '../../x.patch');
    expect(repo.read('pkg/sub/n.js')).toBe('p.then(NEW);\n');
  });

  test('--dry-run wins over --write', () => {
    const repo = repository({ 'a.js': old() });
    const { code, out } = repo.run(['--to', 'async', '--write', '-n', '.']);
    expect([code, out.startsWith('diff --git')]).toEqual([0, true]);
    expect(repo.read('a.js')).toBe(old());
  });

  test('--check: 1 with differences, 0 without, 2 beats 1', () => {
    const repo = repository({ 'a.js': old(), 'b.js': 'p.then(fine);\n', 'c.js': 'p.then(SYNTAX(' });
    expect(repo.run(['--to', 'async', '--check', 'a.js']).code).toBe(1);
    expect(repo.run(['--to', 'async', '--check', 'b.js']).code).toBe(0);
    expect(repo.run(['--to', 'async', '--check', '.']).code).toBe(2);
  });

  test('--max-refused', () => {
    const repo = repository({ 'a.js': 'p.then(LEAVE, LEAVE);\n' });
    expect(repo.run(['--to', 'async', '--max-refused', '2']).code).toBe(0);
    expect(repo.run(['--to', 'async', '--max-refused', '1']).code).toBe(1);
  });

  test('--explain shows the place, the line, the reason and how many', () => {
    const repo = repository({ 'src/a.js': '\tp.then(LEAVE);\np.then(RISKY)\n' });
    const { out, err, code } = repo.run(['--to', 'async', '--explain', '.'], { cwd: 'src' });
    expect(out).toContain(
      'a.js:1:9  refused  code-after-call\n   1 │ \tp.then(LEAVE);\n     │ \t       ^^^^^ it runs before the answer.\n',
    );
    expect(out).toContain('docs: asyncshift explain code-after-call\n');
    expect(out).toContain('a.js:2:8  unsafe  tick-order\n');
    expect(out).toContain('Refused: 1 code-after-call        Needs --unsafe: 1 tick-order\n');
    expect(err).toBe('Nothing to change in 1 file. 1 more change needs --unsafe. 1 site refused.\n');
    expect(code).toBe(0);
  });

  test('--explain beside a patch leaves stdout to the patch', () => {
    const repo = repository({ 'a.js': old('p.then(LEAVE);\n') });
    const { out, err } = repo.run(['--to', 'async', '--explain', '--output', 'patch']);
    expect(out.startsWith('diff --git')).toBe(true);
    expect(out).not.toContain('refused');
    expect(err).toContain('a.js:2:8  refused  code-after-call');
  });

  test('--unsafe makes the change and names the difference', () => {
    const repo = repository({ 'a.js': 'p.then(RISKY);\n' });
    expect(repo.run(['--to', 'async']).err).toContain('1 more change needs --unsafe.');
    const { out, err } = repo.run(['--to', 'async', '-u']);
    expect(out).toContain('+p.then(NEW);');
    expect(err).toContain('a.js:1:8 toy-to-async: RISKY becomes NEW (unsafe: tick-order)\n');
  });

  test('--output json is the document; outputs repeat; two for stdout are a mistake', () => {
    const repo = repository({ 'a.js': old('p.then(LEAVE);\n'), 'b.js': 'let nothing;\n' });
    const { out, code } = repo.run(['--to', 'async', '--output', 'json', '--output', 'patch=x.patch']);
    const document = JSON.parse(out);
    expect(code).toBe(0);
    expect(document).toMatchObject({
      schema: 'asyncshift.result/1',
      config: { to: 'async', exports: 'wrap', unsafe: false },
      root: '.',
      files: [
        { path: 'a.js', language: 'javascript', status: 'would-change', eol: 'lf', bom: false },
        { path: 'b.js', language: 'javascript', status: 'unchanged' },
      ],
      groups: [{ rule: 'toy-to-async', edits: [{ path: 'a.js', start: 7, end: 10, text: 'NEW' }] }],
      refused: [{ path: 'a.js', line: 2, column: 8, reason: 'code-after-call' }],
      summary: { files: 2, parsed: 1, sites: 2, changed: 1, groups: 1, refused: 1, errors: 0 },
    });
    expect(repo.read('x.patch')).toContain('+p.then(NEW);');
    const two = repo.run(['--to', 'async', '--output', 'json', '--output', 'patch']);
    expect([two.code, two.out]).toEqual([2, '']);
    expect(repo.run(['--to', 'async', '--output', 'json=no/such/x.json']).err).toContain("no folder 'no/such'");
  });

  test('the same input gives the same bytes', () => {
    const repo = repository({
      'a/package.json': '{"name":"a"}',
      'a/x.js': old(),
      'b/package.json': '{"name":"b"}',
      'b/x.js': old(),
    });
    const once = repo.run(['--to', 'async', '--output', 'json', '.']).out;
    expect(repo.run(['--to', 'async', '--output', 'json', 'b', 'a']).out).toBe(once);
    const ids = JSON.parse(once).groups.map((group: { id: string }) => group.id);
    expect(new Set(ids).size).toBe(2);
  });

  test('-U and --stats and -q and -v', () => {
    const repo = repository({ 'a.js': `1\n2\n3\n4\n${old()}5\n` });
    expect(repo.run(['--to', 'async', '-U', '1', '-q'])).toMatchObject({
      err: '',
      out: expect.stringContaining('@@ -4,3 +4,3 @@\n 4\n'),
    });
    expect(repo.run(['--to', 'async', '--stats', '-q']).err).toContain('rule toy-to-async: 1');
    expect(repo.run(['--to', 'async', '-v']).err).toContain('a.js:5:8 toy-to-async: OLD becomes NEW\n');
  });
});

describe('streams', () => {
  test('no colour in a pipe, even in CI; colour when asked for', () => {
    const repo = repository({ 'a.js': old() });
    expect(repo.run(['--to', 'async'], { env: { CI: '1', TERM: 'xterm-256color' } }).out).not.toContain('\u001B');
    expect(repo.run(['--to', 'async', '--color', 'always']).out).toContain('\u001B[32m+p.then(NEW);\u001B[39m');
    expect(repo.run(['--to', 'async'], { env: { FORCE_COLOR: '1' } }).out).toContain('\u001B');
    expect(repo.run(['--to', 'async', '--color=never'], { env: { FORCE_COLOR: '1' } }).out).not.toContain('\u001B');
  });

  test('a reader that leaves early is no failure', () => {
    const repo = repository({ 'a.js': old().repeat(3_000) });
    const script = `"${process.execPath}" "${builtBin()}" --to async . | head -1; echo "\${PIPESTATUS[0]}"`;
    const { spawnSync } = jest.requireActual<typeof import('node:child_process')>('node:child_process');
    const done = spawnSync('bash', ['-c', script], { cwd: repo.folder, encoding: 'utf8' });
    expect(done.stdout).toBe('diff --git a/a.js b/a.js\n0\n');
    expect(done.stderr).not.toMatch(/EPIPE|at .*js:/);
  });

  test('a large patch arrives whole', () => {
    const repo = repository({
      'a.js': Array.from({ length: 20_000 }, (_, i) => `p.then(${i % 50 === 0 ? 'OLD' : i});`).join('\n'),
    });
    const { out } = repo.run(['--to', 'async', '.']);
    fs.writeFileSync(path.join(repo.folder, 'x.patch'), out);
    repo.git('apply', 'x.patch');
    expect(repo.read('a.js')).not.toContain('OLD');
  });
});
