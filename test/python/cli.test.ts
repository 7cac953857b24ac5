/** The command line over Python files: one run for both languages, and the bytes of files that are no plain UTF-8. */

import * as fs from 'node:fs';
import * as path from 'node:path';
import { builtBin, repository } from '../cli/harness.js';

beforeAll(() => void builtBin(false));

const POOL = `import time
from concurrent.futures import ThreadPoolExecutor


def wait(n):
    # grün
    time.sleep(n)
    return n


with ThreadPoolExecutor(max_workers=2) as executor:
    results = list(executor.map(wait, [1, 2]))
print(results)
`;
const PROMISE = `exports.size = function (file) {\n  return stat(file).then((s) => s.size);\n};\n`;
const SIZE = `const { stat } = require('fs').promises;\n\n${PROMISE}`;
const TO_ASYNC = ['--to', 'async'];

test('a repository of both languages is one run and one patch', () => {
  const repo = repository({ 'package.json': '{}\n', 'web/size.js': SIZE, 'tools/fetch.py': POOL });
  const { out, code } = repo.run(TO_ASYNC);
  expect(code).toBe(0);
  expect([...out.matchAll(/^\+\+\+ b\/(.*)$/gm)].map(([, name]) => name)).toEqual(['tools/fetch.py', 'web/size.js']);
  fs.writeFileSync(path.join(repo.folder, '..', path.basename(repo.folder) + '.patch'), out);
  repo.git('apply', path.join('..', path.basename(repo.folder) + '.patch'));
  expect(repo.read('tools/fetch.py')).toContain('async def wait(n):');
  expect(repo.read('web/size.js')).toContain('await stat(file)');
  expect(repo.run([...TO_ASYNC, '--check'])).toMatchObject({ code: 0, out: '' });
});

test('--write, undo: a BOM and CRLF stay; a file in Latin-1 is left, and said to be', () => {
  const latin = Buffer.from(`# -*- coding: latin-1 -*-\n${POOL}`, 'latin1');
  const windows = `\uFEFF${POOL.replace(/\n/g, '\r\n')}`;
  const repo = repository({ 'latin.py': latin, 'windows.py': windows });
  expect(repo.run([...TO_ASYNC, '--write']).err).toMatch(/not valid UTF-8|1 file|skipped/);
  expect(fs.readFileSync(path.join(repo.folder, 'latin.py')).equals(latin)).toBe(true);
  const crlf = repo.read('windows.py');
  expect(crlf.startsWith('\uFEFF')).toBe(true);
  expect(crlf).toContain('async def wait(n):\r\n');
  expect(crlf).not.toMatch(/(?<!\r)\n/);
  expect(repo.run(['undo']).code).toBe(0);
  expect(repo.read('windows.py')).toBe(windows);
});

test('a file that cannot be parsed is one error, with its place; the others go on', () => {
  const repo = repository({ 'old.py': `${POOL}print "two"\n`, 'new.py': POOL });
  const { out, err, code } = repo.run(TO_ASYNC);
  expect(code).toBe(2);
  expect(err).toMatch(/^old\.py:\d+:\d+ /m);
  expect(out).toContain('+++ b/new.py');
});

test('Python has no promises: asked for, that is said', () => {
  const { err, code } = repository({ 'a.py': POOL }).run(['--to', 'promise', 'a.py']);
  expect(code).toBe(2);
  expect(err).toMatch(/callback, async|async, callback|pool/);
});

test('requirements.txt is written with the program, and undone with it', () => {
  const program = POOL.replace('import time', 'import requests').replace('time.sleep(n)', 'requests.get("http://x")');
  const lists = { 'requirements.txt': '# ours\r\nrequests==2.32.3\r\n', 'other/requirements.txt': 'requests\n' };
  const repo = repository({ ...lists, 'tools/fetch.py': program });
  expect(repo.run([...TO_ASYNC, '--write'])).toMatchObject({ code: 0 });
  expect(repo.read('tools/fetch.py')).toContain('import aiohttp');
  expect(repo.read('requirements.txt')).toBe('# ours\r\naiohttp\r\n');
  expect(repo.read('other/requirements.txt')).toBe('requests\n');
  expect(repo.run(['undo']).code).toBe(0);
  expect(repo.read('requirements.txt')).toBe(lists['requirements.txt']);
});
