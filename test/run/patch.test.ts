import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import fc from 'fast-check';
import { patchOf, quoted, type Change } from '../../src/report/patch.js';

let folder: string;
beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-patch-'))));
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const programs: [name: string, command: string[]][] = [
  ['git apply', ['git', 'apply', '--whitespace=nowarn', '-']],
  ['patch -p1', ['patch', '-p1', '-s', '--no-backup-if-mismatch', '-f']],
];

/** Applies a patch with a real program to files as they were, and returns the files as they are then. */
function applied(command: string[], changes: readonly Change[], patch: string): string[] {
  const home = fs.mkdtempSync(path.join(folder, 'try-'));
  for (const { path: file, before } of changes) {
    fs.mkdirSync(path.dirname(path.join(home, file)), { recursive: true });
    fs.writeFileSync(path.join(home, file), before);
  }
  const [program, ...args] = command;
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: os.tmpdir(), GIT_CONFIG_GLOBAL: os.devNull };
  const done = spawnSync(program!, args, { cwd: home, input: patch, encoding: 'utf8', env });
  if (done.status !== 0) throw new Error(`${program}: ${done.stderr}${done.stdout}\n${patch}`);
  return changes.map(({ path: file }) => {
    const at = path.join(home, file);
    return fs.existsSync(at) ? fs.readFileSync(at, 'utf8') : '';
  });
}

const many = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `${from + i}\n`).join('');

const cases: [what: string, before: string, after: string][] = [
  ['one line', 'a\n', 'b\n'],
  ['no final newline, before', 'a\nb', 'a\nc\n'],
  ['no final newline, after', 'a\nb\n', 'a\nc'],
  ['no final newline, both', 'a\nb', 'c\nb'],
  ['CRLF', 'a\r\nb\r\nc\r\n', 'a\r\nB\r\nc\r\n'],
  ['mixed line ends', 'a\r\nb\nc\r\nd', 'a\r\nB\nc\r\nd'],
  ['lone CR, form feed, U+2028, NEL', 'a\rb\fc\u2028d\u0085e\nx\n', 'a\rB\fc\u2028d\u0085E\nx\n'],
  ['BOM', '\uFEFFa\nb\n', '\uFEFFA\nb\n'],
  ['two hunks', many(0, 30), `zero\n${many(1, 29)}last\n`],
  ['an insertion at the start', many(0, 9), `new\n${many(0, 9)}`],
  ['a deletion at the end', many(0, 9), many(0, 8)],
  ['empty to text', '', 'a\nb\n'],
  ['text to empty', 'a\nb', ''],
  ['lines that look like a patch', '--- a\n+++ b\n@@ -1 +1 @@\n', '--- a\n+++ c\n@@ -1 +1 @@\n'],
  ['more changes than are compared', 'x\n'.repeat(2000), Array.from({ length: 2000 }, (_, i) => `${i}\n`).join('')],
];

describe.each(programs)('%s', (_, command) => {
  test('takes every kind of text and name', () => {
    const names = [
      'a.js',
      'pkg/sub/n.js',
      'with space/a b.js',
      'é/ü.js',
      'quo"te.js',
      'back\\slash.js',
      'tab\t.js',
      '-dash.js',
      '[id].js',
    ];
    const texts = cases.map(([, before, after], at) => ({ path: `case-${at}.js`, before, after }));
    const changes = [...texts, ...names.map((name) => ({ path: name, before: `x\n${name}\n`, after: `y\n${name}\n` }))];
    expect(applied(command, changes, patchOf(changes))).toEqual(changes.map((change) => change.after));
  });

  test('takes whatever texts there are', () => {
    const line = fc.constantFrom('a', 'b', '', ' ', '-a', '+b', '\\ x', 'é', '\t', '}');
    const end = fc.constantFrom('\n', '\r\n', '\n', '\r');
    const text = fc
      .array(fc.tuple(line, end), { maxLength: 12 })
      .map((lines) => lines.map((pair) => pair.join('')).join(''));
    const change = fc.record({ before: text, after: text, cut: fc.boolean() }).map(({ before, after, cut }) => ({
      before,
      after: cut ? after.replace(/\r?\n$/, '') : after,
    }));
    const all = fc.sample(change, { numRuns: 300, seed: 7 }).map((one, at) => ({ ...one, path: `f${at}.js` }));
    const changes = all.filter(({ before, after }) => before !== after);
    expect(applied(command, changes, patchOf(changes))).toEqual(changes.map((one) => one.after));
  });
});

test('names are written as git writes them', () => {
  expect(quoted('a/b c.js')).toBe('a/b c.js');
  expect(quoted('a/é.js')).toBe('"a/\\303\\251.js"');
  expect(quoted('a/"\\\t.js')).toBe('"a/\\"\\\\\\t.js"');
});

test('nothing changed is no patch; context is what was asked for', () => {
  expect(patchOf([{ path: 'a.js', before: 'x', after: 'x' }])).toBe('');
  const before = many(0, 20);
  expect(patchOf([{ path: 'a.js', before, after: before.replace('10\n', 'ten\n') }], 0)).toContain(
    '@@ -11 +11 @@\n-10\n+ten\n',
  );
  expect(patchOf([{ path: 'a.js', before, after: before.replace('10\n', '10\nnew\n') }], 0)).toContain(
    '@@ -11,0 +12 @@\n+new\n',
  );
});
