import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { run, transform, type ProjectView, type SourceText } from '../../src/index.js';
import type { Engine } from '../../src/run/engine.js';

let folder: string;
beforeEach(() => void (folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-run-')))));

// Records of writes outside git go to the user's cache: not the one of whoever runs the tests.
const cache = process.env['XDG_CACHE_HOME'];
beforeEach(() => void (process.env['XDG_CACHE_HOME'] = `${folder}-cache`));
afterAll(() => {
  if (cache === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = cache;
});
afterEach(() => fs.rmSync(`${folder}-cache`, { recursive: true, force: true }));
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

function put(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
}

interface Call {
  readonly files: string[];
  readonly root: string;
  readonly others: readonly string[];
  readonly view: ProjectView;
}

/** Writes down how it was called, and changes `then` to `THEN`. */
function watching(change: (file: SourceText) => string | undefined = () => 'THEN'): { engine: Engine; calls: Call[] } {
  const calls: Call[] = [];
  const engine: Engine = {
    convertProject(files, _options, view) {
      calls.push({
        files: files.map((file) => file.path),
        root: path.relative(folder, view.root),
        others: view.others,
        view,
      });
      const groups = files.flatMap((file) => {
        const text = change(file);
        const start = file.text.indexOf('then');
        if (text === undefined || start < 0) return [];
        const edit = { path: file.path, start, end: start + 4, text };
        const about = { rule: 'toy', level: 'safe' as const, differences: [], title: 'toy', line: 1, column: 1 };
        return [{ ...about, id: `g-${file.path}`, path: file.path, edits: [edit] }];
      });
      return { groups, refused: [], errors: [], ignored: [], sites: groups.length };
    },
  };
  return { engine, calls };
}

test('projects are converted one by one, and see the rest of their own files', async () => {
  put({
    'package.json': '{"name":"top"}',
    'index.js': 'p.then(f)',
    'test/index.test.js': 'let unrelated;',
    'tsconfig.base.json': '{}',
    'packages/a/package.json': '{"name":"a"}',
    'packages/a/src/x.ts': 'p.then(f)',
    'packages/a/src/y.ts': 'p.then(f)',
    'packages/a/esm/package.json': '{"type":"module"}',
    'packages/a/esm/z.js': 'p.then(f)',
    'packages/a/node_modules/m/index.js': 'p.then(f)',
  });
  const { engine, calls } = watching();
  const document = await run({ cwd: folder, paths: ['index.js', 'packages/a/src/x.ts'], to: 'async', engine });
  expect(calls).toMatchObject([
    { root: '', files: ['index.js'], others: ['test/index.test.js'] },
    { root: 'packages/a', files: ['src/x.ts'], others: ['esm/z.js', 'src/y.ts'] },
  ]);
  const { view } = calls[1]!;
  expect(view.read('package.json')).toBe('{"name":"a"}');
  expect(view.read('src/y.ts')).toBe('p.then(f)');
  expect(view.read('../../tsconfig.base.json')).toBe('{}');
  expect(view.read('../../../etc/passwd')).toBeUndefined();
  expect(view.read('no/such.ts')).toBeUndefined();
  expect(document.groups.map((group) => group.edits[0]!.path)).toEqual(['index.js', 'packages/a/src/x.ts']);
});

test('an engine that throws loses only the files that make it throw', async () => {
  put({ 'a.js': 'p.then(1)', 'b.js': 'p.then(2)', 'c.js': 'p.then(3)' });
  const { engine } = watching((file) => {
    if (file.path === 'b.js') throw new Error('defect');
    return 'THEN';
  });
  const document = await run({ cwd: folder, to: 'async', engine });
  expect(document.errors).toMatchObject([{ path: 'b.js', kind: 'internal-error' }]);
  expect(document.files.map((file) => file.status)).toEqual(['would-change', 'error', 'would-change']);
});

test('edits that overlap or lie outside are a defect of ours, and cost only their group', async () => {
  put({ 'a.js': 'p.then(1)' });
  const about = {
    rule: 'toy',
    level: 'safe' as const,
    differences: [],
    title: 'toy',
    path: 'a.js',
    line: 1,
    column: 1,
  };
  const group = (id: string, start: number, end: number): object => ({
    ...about,
    id,
    edits: [{ path: 'a.js', start, end, text: id }],
  });
  const groups = [group('g-1', 0, 4), group('g-2', 3, 6), group('g-3', 8, 99)] as never[];
  const engine: Engine = { convertProject: () => ({ groups, refused: [], errors: [], ignored: [], sites: 3 }) };
  const document = await run({ cwd: folder, to: 'async', engine });
  expect(document.groups.map((one) => one.id)).toEqual(['g-1']);
  expect(document.errors.map((error) => error.kind)).toEqual(['internal-error', 'internal-error']);
});

test('the library prints nothing, and asks for files in order', async () => {
  put({ 'b.js': 'p.then(1)', 'a.js': 'let x', 'c.js': 'p.then(' + '\0)' });
  const out = jest.spyOn(process.stdout, 'write');
  const err = jest.spyOn(process.stderr, 'write');
  const seen: string[] = [];
  const { engine } = watching();
  const document = await run({
    cwd: folder,
    to: 'async',
    engine,
    onFile: (file) => seen.push(`${file.path} ${file.status}`),
  });
  expect([out.mock.calls, err.mock.calls]).toEqual([[], []]);
  out.mockRestore();
  err.mockRestore();
  expect(seen).toEqual(['a.js unchanged', 'b.js would-change', 'c.js ignored']);
  expect(document.skipped).toMatchObject([{ path: 'c.js', kind: 'binary' }]);
  expect(JSON.stringify(await run({ cwd: folder, to: 'async', engine }))).toBe(JSON.stringify(document));
});

test('write needs git or a word; then it writes', async () => {
  put({ 'a.js': 'p.then(1)' });
  const { engine } = watching();
  const refused = await run({ cwd: folder, to: 'async', engine, write: true });
  expect(refused.errors).toMatchObject([{ path: 'a.js', kind: 'dirty' }]);
  expect(fs.readFileSync(path.join(folder, 'a.js'), 'utf8')).toBe('p.then(1)');
  const done = await run({ cwd: folder, to: 'async', engine, write: true, allowNoVcs: true });
  expect(done.files[0]!.status).toBe('changed');
  expect(fs.readFileSync(path.join(folder, 'a.js'), 'utf8')).toBe('p.THEN(1)');
});

test('a stop between two groups leaves whole files', async () => {
  put({ 'a.js': 'p.then(1)', 'b.js': 'p.then(2)' });
  const stop = new AbortController();
  stop.abort();
  const { engine } = watching();
  await run({ cwd: folder, to: 'async', engine, write: true, allowNoVcs: true, signal: stop.signal });
  expect(fs.readdirSync(folder).sort()).toEqual(['a.js', 'b.js']);
  expect(fs.readFileSync(path.join(folder, 'a.js'), 'utf8')).toBe('p.then(1)');
});

describe('transform', () => {
  const { engine } = watching();

  test('one text; the BOM stays', () => {
    const result = transform('\uFEFFp.then(1)\r\n', { to: 'async', path: 'a.ts', engine });
    expect(result.code).toBe('\uFEFFp.THEN(1)\r\n');
    expect(result.groups[0]!.edits).toEqual([{ path: 'a.ts', start: 2, end: 6, text: 'THEN' }]);
  });

  test('never throws for what the text holds', () => {
    const broken: Engine = {
      convertProject() {
        throw new Error('defect');
      },
    };
    const result = transform('p.then(1)', { to: 'async', engine: broken });
    expect(result).toMatchObject({ code: 'p.then(1)', errors: [{ kind: 'internal-error' }] });
    expect(transform('x', { to: 'async', path: 'a.rb', engine })).toMatchObject({
      code: 'x',
      errors: [{ path: 'a.rb' }],
    });
  });

  test('a direction that there is not is a mistake of the program', () => {
    expect(() => transform('x', { to: 'pool', from: 'pool' })).toThrow(RangeError);
  });
});
