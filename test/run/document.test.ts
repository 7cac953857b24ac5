/** The result document: its schema, its order, its hash. */
import Ajv from 'ajv';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { run, type ResultDocument } from '../../src/index.js';

const schema = path.join(__dirname, '..', '..', 'schemas', 'result.json');
const validate = new Ajv({ allErrors: true }).compile(JSON.parse(fs.readFileSync(schema, 'utf8')) as object);

let folder = '';
beforeEach(() => {
  folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-')));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

function put(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
}

const chain = (name: string): string => `const fs = require('fs').promises;
function ${name}(path) {
  return fs.readFile(path, 'utf8').then((text) => text.length);
}
${name}('x');
`;

const everything = {
  'a.js': chain('size'),
  'b.js': `\uFEFF${chain('length')}`.replaceAll('\n', '\r\n'),
  'broken.js': 'x;\np.then(',
  'left.js': 'module.exports = (emitter, cb) => { emitter.on("data", cb); p.then(1); };\n',
  'ignored.js': chain('kept').replace('function', '// asyncshift-ignore: measured\nfunction'),
  'pool.py': 'import asyncio\nimport aiohttp\n',
};

test('every document is what the schema says', async () => {
  put(everything);
  const documents = [
    await run({ cwd: folder, to: 'async' }),
    await run({ cwd: folder, to: 'async', from: 'promise', exports: 'change', unsafe: true, types: true }),
    await run({ cwd: folder, to: 'pool', pool: 'limit', limit: 3, overrides: [{ include: ['a.js'], to: 'callback' }] }),
    await run({ cwd: folder, to: 'async', paths: ['nowhere.js'], rules: ['promise-to-async'] }),
  ];
  for (const document of documents) {
    validate(document);
    expect(validate.errors).toBeNull();
  }
  expect(documents[0]!.summary).toMatchObject({ changed: 2, ignored: 1, errors: 1 });
  expect(validate({ ...documents[0], extra: 1 })).toBe(false);
});

test('offsets are UTF-16 indices into the text without its BOM', async () => {
  put({ 'a.js': `\uFEFFconst s = '😀é';\n${chain('size')}` });
  const { files, groups } = await run({ cwd: folder, to: 'async' });
  expect(files).toMatchObject([{ path: 'a.js', bom: true, eol: 'lf' }]);
  const text = fs.readFileSync(path.join(folder, 'a.js'), 'utf8').slice(1);
  const [edit] = groups[0]!.edits;
  expect(text.slice(edit!.start)).toMatch(/^function size|^async|^ *return/);
});

test('ids survive edits elsewhere, and differ with what is changed', async () => {
  const ids = async (): Promise<string[]> =>
    (await run({ cwd: folder, to: 'async' })).groups.map((group) => group.id).sort();
  put({ 'a.js': chain('size') });
  const before = await ids();
  put({ 'a.js': `// a new line\n${chain('size')}`, 'b.js': chain('other') });
  const after = await ids();
  expect(after).toHaveLength(2);
  expect(after).toContain(before[0]);
});

describe('the hash of what was asked', () => {
  const hashes = async (...asked: Partial<Parameters<typeof run>[0]>[]): Promise<string[]> => {
    const documents: ResultDocument[] = [];
    for (const each of asked) documents.push(await run({ cwd: folder, to: 'async', ...each }));
    return documents.map((document) => document.config.hash);
  };

  test('is the same for what means the same, and says nothing of the files', async () => {
    put({ 'a.js': chain('size') });
    const [first, ...rest] = await hashes(
      {},
      { exports: 'wrap', unsafe: false, types: false, overrides: [] },
      { paths: ['a.js'], skipParseErrors: true },
    );
    expect(rest).toEqual([first, first]);
    const [a, b] = await hashes({ rules: ['x', 'y'] }, { rules: ['y', 'x'] });
    expect(a).toBe(b);
  });

  test('differs with everything that can change a result', async () => {
    const all = await hashes(
      {},
      { to: 'promise' },
      { from: 'callback' },
      { exports: 'change' },
      { unsafe: true },
      { types: true },
      { rules: ['promise-to-async'] },
      { overrides: [{ include: ['a/**'], exports: 'change' }] },
      { overrides: [{ include: ['a/**'], exports: 'change', exclude: ['a/b/**'] }] },
    );
    expect(new Set(all).size).toBe(all.length);
  });
});

test('overrides: the last that matches counts, each part sees the other as it is', async () => {
  const wait = `export async function size(path) {\n  return (await fs.readFile(path)).length;\n}\n`;
  put({
    'package.json': '{"type":"module"}',
    'new.js': `import fs from 'node:fs/promises';\n${wait}await size('x');\n`,
    'old/a.js': chain('size'),
    'old/keep/b.js': chain('size'),
  });
  const overrides = [
    { include: ['old/**'], to: 'callback' as const },
    { include: ['old/keep/*'], rules: [] },
  ];
  const { groups, config } = await run({ cwd: folder, to: 'async', overrides });
  expect(config.overrides).toEqual(overrides);
  expect(groups.map(({ path: file, rule }) => [file, rule])).toEqual([['old/a.js', 'promise-to-callback']]);
});
