import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { builtBin, old, repository, type Repository } from './harness.js';

jest.setTimeout(60_000); // each test starts many processes
beforeAll(() => void builtBin());

/** Fails when a file that it is told to watch was converted, or does not hold what a whole file holds; counts its runs outside the tree. */
const CHECK = `
const fs = require('node:fs');
const text = (name) => fs.readFileSync(name, 'utf8');
if (process.env.COUNT) fs.appendFileSync(process.env.COUNT, 'x');
for (const name of fs.readdirSync('src')) if (!text('src/' + name).startsWith('p.then(')) throw new Error(name + ' is broken');
for (const name of process.argv.slice(2)) if (text(name).includes('NEW')) { console.log('\\u001b[31mnot ok\\u001b[0m ' + __dirname + '/' + name); process.exit(3); }
console.log('ok');
`;

const files = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`src/${String.fromCharCode(97 + at)}.js`, old()]));

const migrate = (...args: string[]): string[] => ['migrate', '--to', 'async', 'src', ...args];
const counter = (): string => path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-count-')), 'runs');
const runs = (file: string): number => (fs.existsSync(file) ? fs.statSync(file).size : 0);

test('leaves out the group that breaks the tests, with what they said, and shows the patch of the others', () => {
  const repo = repository({ 'check.js': CHECK, ...files(5) });
  const done = repo.run(migrate('--test', 'node check.js src/c.js', '--explain', '--output', 'patch'));
  expect(done.code).toBe(0);
  expect(done.out.match(/^\+\+\+ .*/gm)).toEqual(['a', 'b', 'd', 'e'].map((name) => `+++ b/src/${name}.js`));
  expect(done.err).toContain('tests pass as things are\nrunning the tests on broken files: they must fail\n');
  expect(done.err).toContain(
    'src/c.js:1:8 left out: OLD becomes NEW; the tests fail with it:\n    not ok src/c.js\n    (exit code 3)\n',
  );
  expect(done.err).toContain('src/c.js:1:8  refused  breaks-the-tests');
  expect(done.err).toContain('Would change 4 files (4 changes). 1 site refused.');
  expect(repo.git('status', '--porcelain')).toBe('');
  expect(repo.git('worktree', 'list').trim().split('\n')).toHaveLength(1);
});

test('--write writes what stays green, and undo puts it back', () => {
  const repo = repository({ 'check.js': CHECK, ...files(3) });
  const done = repo.run(migrate('--test', 'node check.js src/a.js src/b.js', '--write'));
  expect(done.code).toBe(0);
  expect(done.err).toContain('Changed 1 file, 1 change. 2 sites refused (--explain).\nUndo: asyncshift undo\n');
  expect(repo.git('status', '--porcelain')).toBe(' M src/c.js\n');
  expect(repo.run(['undo']).code).toBe(0);
  expect(repo.git('status', '--porcelain')).toBe('');
});

test('a group over several files stands or falls as one', () => {
  const repo = repository({
    'check.js': CHECK,
    'src/a.js': 'p.then(JOIN);\n',
    'src/b.js': 'p.then(JOIN);\n',
    'src/c.js': old(),
  });
  const done = repo.run(
    migrate('--test', `node -e "if (/JOINED/.test(fs.readFileSync('src/b.js'))) process.exit(1)" && node check.js`),
  );
  expect(done.out.match(/^\+\+\+ .*/gm)).toEqual(['+++ b/src/c.js']);
  expect(done.err).toContain('left out: all or none');
});

test('the document says it too', () => {
  const repo = repository({ 'check.js': CHECK, ...files(2) });
  const done = repo.run(migrate('--test', 'node check.js src/a.js', '--output', 'json', '--quiet'));
  const document = JSON.parse(done.out) as {
    groups: unknown[];
    refused: { reason: string; output: string }[];
    files: { status: string }[];
  };
  expect(document.groups).toHaveLength(1);
  expect(document.refused).toMatchObject([
    { path: 'src/a.js', line: 1, reason: 'breaks-the-tests', output: 'not ok src/a.js\n(exit code 3)' },
  ]);
  expect(document.files.map((file) => file.status)).toEqual(['unchanged', 'would-change']);
  expect(done.err).toBe('');
});

test('tests that fail before, and tests that notice nothing, are no guard', () => {
  const repo = repository({ 'check.js': CHECK, ...files(2) });
  const before = repo.run(migrate('--test', 'echo boom && exit 7'));
  expect(before.code).toBe(2);
  expect(before.err).toContain('    boom\n    (exit code 7)\nerror: the test command fails before anything is changed');
  const blind = repo.run(migrate('--test', 'true'));
  expect(blind.code).toBe(2);
  expect(blind.err).toContain('error: the test command passes even when every file that would change is broken');
  expect(blind.out).toBe('');
  expect(repo.run(migrate('--test', 'true', '--allow-untested')).code).toBe(0);
});

test('the set-up runs once, in the scratch tree; its failure is told', () => {
  const repo = repository({ 'check.js': CHECK, '.gitignore': 'made\n', ...files(1) });
  const made = repo.run(migrate('--setup', 'echo x > made', '--test', 'test -f made && node check.js'));
  expect(made.code).toBe(0);
  expect(fs.existsSync(path.join(repo.folder, 'made'))).toBe(false);
  expect(repo.run(migrate('--setup', 'false', '--test', 'true')).err).toContain('error: the set-up failed');
});

test('a test that fails now and then costs no group; one without end has failed', () => {
  const repo = repository({ 'check.js': CHECK, ...files(1) });
  const flag = path.join(path.dirname(counter()), 'flag');
  const flaky = `node check.js && if grep -q NEW src/a.js && ! test -f ${flag}; then touch ${flag}; false; fi`;
  expect(repo.run(migrate('--test', flaky)).err).toContain('Would change 1 file');
  const endless = repo.run(
    migrate('--test', 'node check.js && ! grep -q NEW src/a.js || sleep 100', '--test-timeout', '1', '--retries', '0'),
  );
  expect(endless.err).toContain('(no end after 1 seconds)');
  expect(endless.err).toContain('1 site refused');
});

test('work that is not committed is in the scratch tree too; packages of a workspace are tested there', () => {
  const repo = repository({ 'check.js': CHECK, '.gitignore': 'node_modules\n', ...files(1) });
  repo.write({
    'src/new.js': old('// untracked\n'),
    'use.js': `require('./check.js'); if (!require('fs').realpathSync('node_modules/ws').startsWith(require('fs').realpathSync('.'))) process.exit(4); require('dep'); require('@s/dep');`,
    'node_modules/dep/index.js': '',
    'node_modules/@s/dep/index.js': '',
  });
  fs.symlinkSync('../src', path.join(repo.folder, 'node_modules/ws'));
  const done = repo.run(migrate('--test', 'node use.js && test -f src/new.js'));
  expect(done.err).toContain('tests pass with 2 of 2 changes');
  expect(done.out).toContain('+++ b/src/new.js');
  expect(repo.git('status', '--porcelain')).toBe('?? src/new.js\n?? use.js\n');
});

test('a dirty file stops a write before any test is run', () => {
  const repo = repository({ 'check.js': CHECK, ...files(1) });
  repo.write({ 'src/a.js': old('// mine\n') });
  const count = counter();
  const done = repo.run(migrate('--test', 'node check.js', '--write'), { env: { COUNT: count } });
  expect(done.code).toBe(2);
  expect(done.err).toContain('src/a.js has changes that are neither committed nor staged');
  expect(runs(count)).toBe(0);
});

test('Ctrl-C keeps what was found out, and the same command goes on from there', async () => {
  const repo = repository({ 'check.js': CHECK, ...files(4) });
  const count = counter();
  const test = 'node check.js src/b.js && sleep 0.2';
  const whole = repo.run(migrate('--test', test, '--retries', '0', '--write', '--dry-run'), { env: { COUNT: count } });
  const needed = runs(count);
  fs.rmSync(count);
  const code = await stoppedAfter(3, repo, migrate('--test', test, '--retries', '0'), count);
  expect(code).toBe(130);
  expect(repo.git('worktree', 'list').trim().split('\n')).toHaveLength(1);
  const before = runs(count);
  const resumed = repo.run(migrate('--test', test, '--retries', '0'), { env: { COUNT: count } });
  expect(resumed.err).toMatch(/going on with [2-9] verdicts of a run that was stopped/);
  expect(resumed.out).toBe(whole.out === '' ? resumed.out : whole.out);
  expect(resumed.err).toContain('left out');
  expect(runs(count) - before).toBeLessThanOrEqual(needed - 2);
  expect(repo.run(migrate('--test', test, '--retries', '0')).err).not.toContain('going on');
}, 120_000);

/** Starts the command, interrupts it in the n-th run of the tests, and gives its exit code. */
function stoppedAfter(run: number, repo: Repository, args: string[], count: string): Promise<number | null> {
  const child = spawn(process.execPath, [builtBin(), ...args], {
    cwd: repo.folder,
    env: { ...process.env, COUNT: count },
    stdio: 'ignore',
  });
  const watch = setInterval(() => {
    if (runs(count) < run) return;
    clearInterval(watch);
    child.kill('SIGINT');
  }, 10);
  return new Promise((resolve) => child.on('exit', (code) => (clearInterval(watch), resolve(code))));
}

test.each([
  [['migrate', '--to', 'async'], 'error: say which command must stay green: --test "npm test"'],
  [['migrate', '--test', 'true'], 'error: say which style to write'],
  [['migrate', '--test', 'true', '--to', 'asink'], "There is no style 'asink'"],
  [['migrate', '--test', 'true', '--to', 'async', '--staged'], 'migrate works on the files of the work tree'],
  [['migrate', '--test', 'true', '--to', 'async', '--nonsense'], "unknown option '--nonsense'"],
])('%j', (args, message) => {
  const done = repository({ 'src/a.js': old() }).run(args);
  expect(done.code).toBe(2);
  expect(done.err).toContain(message);
});

test('outside git, and before the first commit', () => {
  const bare = repository(files(1), { git: false });
  expect(bare.run(migrate('--test', 'true')).err).toContain('error: migrate needs a git repository');
  bare.git('init', '-q');
  expect(bare.run(migrate('--test', 'true')).err).toContain('error: the repository has no commit yet');
});
