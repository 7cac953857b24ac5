/** Edits of files that are not in the run: package.json, and files that are not there yet. Shown, guarded, written and undone like the rest. */

import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { patchOf } from '../../src/report/patch.js';
import type { Engine } from '../../src/run/engine.js';
import { runDetailed, type RunDetails } from '../../src/run/run.js';
import { undoLast } from '../../src/run/undo.js';
import type { ChangeGroup, FileEdit } from '../../src/types.js';

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => fs.rmSync(folder, { recursive: true, force: true })));

const manifest = '{\n  "name": "x",\n  "dependencies": {}\n}\n';
const listed = '{ "p-limit": "^3.1.0" }';
const atList = { start: manifest.indexOf('{}'), end: manifest.indexOf('{}') + 2 };
const listing: FileEdit = { path: 'package.json', ...atList, text: listed };
const worker: FileEdit = { path: 'lib/worker.js', start: 0, end: 0, text: 'module.exports = 1;\n', create: true };

function repository(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-beside-'));
  folders.push(folder);
  fs.writeFileSync(path.join(folder, 'package.json'), manifest);
  fs.writeFileSync(path.join(folder, 'a.js'), 'p.then(A);\n');
  fs.writeFileSync(path.join(folder, 'b.js'), 'p.then(B);\n');
  const git = (...args: string[]): unknown =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: folder });
  git('init', '-q');
  git('add', '-A');
  git('commit', '-q', '-m', 'start');
  return fs.realpathSync(folder);
}

/** Every file's capital letter goes, and each group has the same edits beside. */
const engineWith = (beside: readonly FileEdit[]): Engine => ({
  convertProject: (files) => {
    const groups = files.flatMap(({ path: name, text }): ChangeGroup[] => {
      const start = text.search(/[AB]/);
      const edits = [{ path: name, start, end: start + 1, text: 'done' }, ...beside];
      const about = { rule: 'toy', level: 'safe' as const, differences: [], title: '', line: 1, column: 1 };
      return start < 0 ? [] : [{ id: `g-${name}`, path: name, edits, ...about }];
    });
    return { groups, refused: [], errors: [], ignored: [], sites: groups.length };
  },
});

const convert = (cwd: string, write: boolean, beside: readonly FileEdit[] = [listing, worker]): Promise<RunDetails> =>
  runDetailed({ to: 'async', cwd, write, engine: engineWith(beside) });

const read = (folder: string, name: string): string | undefined => {
  const file = path.join(folder, name);
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
};

test('a preview shows them once, a new file against /dev/null, and touches nothing', async () => {
  const folder = repository();
  const details = await convert(folder, false);
  const patch = patchOf(
    details.changes.map(({ source, after }) => ({
      path: source.path,
      before: source.text,
      after,
      isNew: source.isNew === true,
    })),
  );
  expect(patch).toContain(
    'new file mode 100644\n--- /dev/null\n+++ b/lib/worker.js\n@@ -0,0 +1 @@\n+module.exports = 1;\n',
  );
  expect(patch.match(/p-limit/g)).toHaveLength(1);
  expect(details.document.files.map((file) => [file.path, file.status, file.created])).toEqual([
    ['a.js', 'would-change', undefined],
    ['b.js', 'would-change', undefined],
    ['lib/worker.js', 'would-change', true],
    ['package.json', 'would-change', undefined],
  ]);
  expect(read(folder, 'lib/worker.js')).toBeUndefined();
  fs.writeFileSync(path.join(folder, 'it.patch'), patch);
  execFileSync('git', ['apply', 'it.patch'], { cwd: folder });
  expect(read(folder, 'lib/worker.js')).toBe(worker.text);
  expect(read(folder, 'package.json')).toBe(manifest.replace('{}', listed));
});

test('they are written with the group and undone with it', async () => {
  const folder = repository();
  const details = await convert(folder, true);
  expect(details.document.errors).toEqual([]);
  expect(read(folder, 'a.js')).toBe('p.then(done);\n');
  expect(read(folder, 'lib/worker.js')).toBe(worker.text);
  expect(read(folder, 'package.json')).toBe(manifest.replace('{}', listed));
  expect(undoLast(folder)).toMatchObject({ problems: [], nothing: false });
  expect([read(folder, 'a.js'), read(folder, 'lib/worker.js'), read(folder, 'package.json')]).toEqual([
    'p.then(A);\n',
    undefined,
    manifest,
  ]);
});

test('a new file that was edited since is not removed, and then nothing is put back', async () => {
  const folder = repository();
  await convert(folder, true);
  fs.writeFileSync(path.join(folder, 'lib/worker.js'), 'mine\n');
  expect(undoLast(folder).problems).toEqual([{ path: 'lib/worker.js', message: 'was edited since' }]);
  expect(read(folder, 'lib/worker.js')).toBe('mine\n');
  expect(read(folder, 'a.js')).toBe('p.then(done);\n');
});

test('a package.json with changes that git does not have stops the write', async () => {
  const folder = repository();
  fs.writeFileSync(path.join(folder, 'package.json'), `${manifest}\n`);
  const { document } = await convert(folder, true);
  expect(document.errors).toMatchObject([{ path: 'package.json', kind: 'dirty' }]);
  expect(read(folder, 'a.js')).toBe('p.then(A);\n');
});

test('a name that is taken, or a path outside of the root, leaves the group out whole', async () => {
  const folder = repository();
  fs.mkdirSync(path.join(folder, 'lib'));
  fs.writeFileSync(path.join(folder, 'lib/worker.js'), 'mine\n');
  const taken = await convert(folder, true);
  expect(taken.document.errors).toMatchObject([{ path: 'lib/worker.js', kind: 'changed-meanwhile' }]);
  expect([read(folder, 'a.js'), read(folder, 'lib/worker.js')]).toEqual(['p.then(A);\n', 'mine\n']);
  const outside = await convert(folder, true, [{ ...worker, path: '../worker.js' }]);
  expect(outside.document.errors).toMatchObject([{ kind: 'unreadable' }]);
  expect(read(folder, 'a.js')).toBe('p.then(A);\n');
});
