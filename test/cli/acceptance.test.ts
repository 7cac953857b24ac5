/**
 * What broke in other tools, tried on ours from end to end: each test names the peers that fail it (as tried when the command line was
 * designed). Rows that need more than a command have their own files: hooks (15, 16) in test/hooks, kills (17) in faults.test.ts.
 */

import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { run, transform } from '../../src/index.js';
import { builtBin, repository, type Repository } from './harness.js';

jest.setTimeout(120_000);
beforeAll(() => void builtBin(false));

const JS = 'exports.size = function (stat) {\n  return stat().then((s) => s.size);\n};\n';
const JS_AFTER = 'exports.size = async function (stat) {\n  const s = await stat();\n  return s.size;\n};\n';
const PY = `import asyncio
import aiohttp


async def fetch(session, url):
    async with session.get(url) as response:
        return await response.text()


async def main():
    async with aiohttp.ClientSession() as session:
        print(await asyncio.gather(fetch(session, "http://a"), fetch(session, "http://b")))


asyncio.run(main())
`;
const TO_ASYNC = ['--to', 'async'];

function applies(repo: Repository, patch: string): void {
  fs.writeFileSync(path.join(repo.folder, '..', `${path.basename(repo.folder)}.patch`), patch);
  const file = path.join(repo.folder, '..', `${path.basename(repo.folder)}.patch`);
  repo.git('apply', file);
  const byGit = repo.git('diff');
  repo.git('checkout', '-q', '.');
  const done = spawnSync('patch', ['-p1', '-s', '-i', file], { cwd: repo.folder, encoding: 'utf8' });
  expect(done.stdout + done.stderr).toBe('');
  expect(repo.git('diff')).toBe(byGit);
  expect(byGit).not.toBe('');
  repo.git('checkout', '-q', '.');
  fs.rmSync(file);
}

test('1 (Ruff): the patch of a file deep down applies with plain git apply and patch -p1', () => {
  const repo = repository({ 'pkg/sub/n.py': PY });
  applies(repo, repo.run(['--to', 'pool', 'pkg/sub/n.py']).out);
  applies(repo, repo.run(['--to', 'pool', 'n.py'], { cwd: 'pkg/sub' }).out);
});

test('2 (plain jsdiff): a space in the path', () => {
  const repo = repository({ 'my lib/a b.js': JS });
  applies(repo, repo.run([...TO_ASYNC, '.']).out);
});

test.each([
  ['3 (jscodeshift, putout): CRLF', JS.replaceAll('\n', '\r\n'), JS_AFTER.replaceAll('\n', '\r\n')],
  ['4 (jscodeshift, codemod, putout): a BOM', `\uFEFF${JS}`, `\uFEFF${JS_AFTER}`],
  ['5 (putout): no newline at the end', JS.trimEnd(), JS_AFTER.trimEnd()],
])('%s is kept, and the patch says so', (_, before, after) => {
  const repo = repository({ 'a.js': before });
  const { out } = repo.run(TO_ASYNC);
  expect(out.includes('\\ No newline at end of file')).toBe(!before.endsWith('\n'));
  expect(repo.run([...TO_ASYNC, '--write']).code).toBe(0);
  expect(repo.read('a.js')).toBe(after);
  repo.git('checkout', '-q', '.');
  applies(repo, out);
});

test('6 (Ruff, jscodeshift): a missing path or list is 2', () => {
  const repo = repository({ 'a.js': JS });
  for (const args of [['missing.js'], ['a.js', 'missing'], ['--files-from', 'missing.txt']])
    expect(repo.run([...TO_ASYNC, ...args]).code).toBe(2);
});

test('7 (jscodeshift): a name that begins with a dash', () => {
  const repo = repository({ '-dash.js': JS });
  expect(repo.run([...TO_ASYNC, '--', '-dash.js']).out).toContain('+++ b/-dash.js');
});

test('8 (Prettier, jscodeshift, Ruff): a reader that leaves early', () => {
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`f${at}.js`, JS.repeat(40)]));
  const repo = repository(many);
  const line = `"${process.execPath}" "${builtBin(false)}" --to async . | head -1; echo "\${PIPESTATUS[0]}"`;
  const done = spawnSync('bash', ['-c', line], { cwd: repo.folder, encoding: 'utf8' });
  expect(done.stdout.trim().split('\n').at(-1)).toBe('0');
  expect(done.stderr).not.toMatch(/EPIPE|^ +at /m);
});

test('9 (Prettier, jscodeshift, oxlint): no escape codes in a pipe, even in CI', () => {
  const done = repository({ 'a.js': JS, 'broken.js': 'p.then(' }).run([...TO_ASYNC, '--explain'], { env: { CI: '1' } });
  expect(done.out + done.err).not.toContain('\u001B');
});

test('11 (jscodeshift): a syntax error is one line with its place, the others are done, 2', () => {
  const repo = repository({ 'a.js': JS, 'broken.js': 'const x = ;\np.then(x)\n' });
  const done = repo.run([...TO_ASYNC, '--write']);
  expect(done.code).toBe(2);
  expect(done.err.split('\n').filter((line) => line.startsWith('broken.js:1:11 '))).toHaveLength(1);
  expect(done.err).not.toMatch(/^ +at /m);
  expect(repo.read('a.js')).toBe(JS_AFTER);
});

test('12 (Prettier): an unknown option is an error with the nearest one', () => {
  const done = repository({ 'a.js': JS }).run([...TO_ASYNC, '--wirte']);
  expect(done).toMatchObject({ code: 2, out: '' });
  expect(done.err).toContain('--write');
});

test('13 (Ruff without --force-exclude): an ignored file that is named is skipped with a note', () => {
  const repo = repository({ '.gitignore': 'made.js\n', 'made.js': JS, 'a.js': JS });
  const done = repo.run([...TO_ASYNC, 'made.js', 'a.js']);
  expect(done.out).not.toContain('made.js');
  expect(done.err).toContain('made.js');
});

test('14: a second run changes nothing', () => {
  const repo = repository({ 'a.js': JS, 'n.py': PY });
  repo.run([...TO_ASYNC, '--write', '.']);
  repo.git('add', '-A');
  expect(repo.run([...TO_ASYNC, '.'])).toMatchObject({ code: 0, out: '' });
});

test('15 (hooks with types_or: [ts]): .mts and .cts are ours', () => {
  const repo = repository({ 'a.mts': JS, 'b.cts': JS });
  expect(repo.run([...TO_ASYNC, 'a.mts', 'b.cts']).out.match(/^\+\+\+ .*/gm)).toEqual(['+++ b/a.mts', '+++ b/b.cts']);
});

test('20 (jscodeshift#80): the library prints nothing and never exits', async () => {
  const spies = [jest.spyOn(process.stdout, 'write'), jest.spyOn(process.stderr, 'write'), jest.spyOn(process, 'exit')];
  const repo = repository({ 'a.js': JS, 'broken.js': 'p.then(' });
  const document = await run({ cwd: repo.folder, to: 'async' });
  const text = transform('p.then(', { path: 'broken.js', to: 'async' });
  for (const spy of spies) {
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  }
  expect(document.summary).toMatchObject({ changed: 1, errors: 1 });
  expect(text.errors).toHaveLength(1);
});

test('what is nested deeper than any stack is passed over, in every language, and costs nobody else anything', () => {
  const deep = `p.then((x) => x);\nvar a = ${'[\n'.repeat(5000)}${']\n'.repeat(5000)};\n`;
  const calls = `exports.f = function (cb) {\n${'fs.stat("a", (err, s) => {\nif (err) return cb(err);\n'.repeat(2000)}cb(null, s);\n${'});\n'.repeat(2000)}};\n`;
  const python = `${PY}x = ${'(\n'.repeat(3000)}1${')\n'.repeat(3000)}`;
  const repo = repository({ 'a.js': JS, 'deep.js': deep, 'calls.js': calls, 'deep.ts': deep, 'deep.py': python });
  const done = repo.run([...TO_ASYNC, '--from', 'promise', '.']);
  expect(done.code).toBe(0);
  expect(done.out.match(/^\+\+\+ .*/gm)).toEqual(['+++ b/a.js']);
  const pool = repo.run(['--to', 'pool', '.']);
  expect(pool.err).toContain('deep.py skipped: nested too deeply to be read');
  expect(done.err).toContain('deep.js skipped: nested too deeply to be read');
  expect(done.err + pool.err).not.toMatch(/internal error|^ +at /m);
});
