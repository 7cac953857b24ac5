/** `--types`: what the compiler says of values, and what that changes. Small projects on disk. */

import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { applyEdits } from '../../src/edits/edits.js';
import { typesFor } from '../../src/javascript/types.js';
import { run } from '../../src/run/run.js';
import { convertProject } from '../../src/transforms/index.js';
import type { ProjectResult, ProjectView, SourceText } from '../../src/types.js';

/** Each builds a program with the language's own library. */
jest.setTimeout(60_000);

const top = path.join(__dirname, '../..');
let folder: string;
beforeEach(() => void (folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-types-')))));
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const TSCONFIG =
  '{ "compilerOptions": { "target": "es2022", "module": "node16", "strict": true, "lib": ["es2022"] }, "include": ["**/*"] }';

function put(files: Readonly<Record<string, string>>): ProjectView {
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  const read = (name: string): string | undefined => {
    const file = path.join(folder, name);
    return file.startsWith(folder + path.sep) && fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
  };
  return { root: folder, read, others: [] };
}

const source = (view: ProjectView, name: string): SourceText => ({ path: name, text: view.read(name)! });

/** What is said of the last thing in the file that reads `expression`. */
function kind(view: ProjectView, name: string, expression: string): string {
  const file = source(view, name);
  const start = file.text.lastIndexOf(expression);
  return typesFor(view, [file]).promiseKind(file, { start, end: start + expression.length });
}

function convert(view: ProjectView, name: string, types = true): ProjectResult & { after: string } {
  const file = source(view, name);
  const result = convertProject([file], { to: 'async', exports: 'change', ...(types && { types }) }, view);
  return {
    ...result,
    after: applyEdits(
      file.text,
      result.groups.flatMap((group) => group.edits),
    ),
  };
}

const bluebird = {
  'node_modules/bluebird/package.json': '{ "name": "bluebird", "version": "3.7.2", "types": "index.d.ts" }',
  'node_modules/bluebird/index.d.ts':
    'declare class Bluebird<R> implements PromiseLike<R> { then: Promise<R>["then"]; tap(f: (r: R) => void): this; }\nexport = Bluebird;\n',
};

describe('what a value is', () => {
  const declarations: readonly [declared: string, kind: string][] = [
    ['Promise<number>', 'native'],
    ['PromiseLike<number>', 'native'],
    ['Promise<number> | undefined', 'native'],
    ['Promise<number> | Promise<string>', 'native'],
    ['Bluebird<number>', 'bluebird'],
    ['Bluebird<number> | Promise<number>', 'bluebird'],
    ['class { then(done: (n: number) => void): void }', 'other-thenable'],
    ['{ then(): void } | string', 'other-thenable'],
    ['Late<number>', 'unknown'],
    ['Promise<number> & { cancel(): void }', 'unknown'],
    ['Promise<number> | number', 'unknown'],
    ['any', 'unknown'],
    ['unknown', 'unknown'],
    ['void', 'unknown'],
    ['never', 'unknown'],
    ['{}', 'unknown'],
    ['object', 'unknown'],
    ['Object', 'unknown'],
    ['Record<string, any>', 'unknown'],
    ['string', 'plain'],
    ['boolean', 'plain'],
    ['"a" | 1 | null', 'plain'],
    ['string & { brand: 1 }', 'plain'],
    ['number[]', 'plain'],
    ['{ name: string }', 'plain'],
    ['{ then: number }', 'plain'],
    ['() => Promise<number>', 'plain'],
    ['Missing', 'unknown'],
  ];

  test('by its type', () => {
    const lines = declarations.map(([declared], at) =>
      declared.startsWith('class ')
        ? `declare ${declared.replace('class', `class C${at}`)}\ndeclare const v${at}: C${at}`
        : `declare const v${at}: ${declared}`,
    );
    const head = `import Bluebird = require('bluebird');\nimport type { Missing } from 'not-there';\ninterface Late<T> extends Promise<T> { go(): void }\n`;
    const uses = declarations.map((_, at) => `use(v${at});`);
    const view = put({
      'tsconfig.json': TSCONFIG,
      ...bluebird,
      'a.ts': `${head}declare function use(x: unknown): void;\n${[...lines, ...uses].join('\n')}\n`,
    });
    const file = source(view, 'a.ts');
    const types = typesFor(view, [file]);
    const found = declarations.map(([declared], at) => {
      const start = file.text.indexOf(`use(v${at});`) + 4;
      return [declared, types.promiseKind(file, { start, end: start + `v${at}`.length })];
    });
    expect(found).toEqual(declarations);
    expect(types.warnings).toEqual([]);
  });

  test('nothing, from a function that is seen; an async one may stand where void is asked for', () => {
    const view = put({
      'tsconfig.json': TSCONFIG,
      'a.ts': `function note(): void {}\nfunction tell(done: () => void) { done(); note(); }\nfunction pick<T, U extends string>(t: T, u: U) { return [t, u]; }\n`,
    });
    expect(['note()', 'done()', 't', 'u'].map((each) => kind(view, 'a.ts', each))).toEqual([
      'plain',
      'unknown',
      'unknown',
      'plain',
    ]);
  });

  test('a promise that a package has added methods to is no proof', () => {
    const view = put({
      'tsconfig.json': TSCONFIG,
      'add.d.ts': 'interface Promise<T> { tap(f: (t: T) => void): this }\n',
      'a.ts': 'export const p = Promise.resolve(1);\np;\n',
    });
    expect(kind(view, 'a.ts', 'p')).toBe('unknown');
  });
});

describe('which files', () => {
  const text = 'declare const s: string;\nexport const t = s;\n';
  const js = '/** @type {string} */\nexport let s;\ns;\n';

  test('JavaScript counts where it is checked', () => {
    const some = { 'a.js': js, 'b.js': `// @ts-check\n${js}`, 'c.ts': `// @ts-nocheck\n${text}` };
    const config = (more: string): string => TSCONFIG.replace('"strict"', `"allowJs": true${more}, "strict"`);
    const kinds = (view: ProjectView): string[] => Object.keys(some).map((name) => kind(view, name, 's'));
    expect(kinds(put({ 'tsconfig.json': config(''), ...some }))).toEqual(['unknown', 'plain', 'unknown']);
    expect(kinds(put({ 'tsconfig.json': config(', "checkJs": true') }))).toEqual(['plain', 'plain', 'unknown']);
  });

  test('one that no configuration covers is not asked about; references and folders above are looked at', () => {
    const view = put({
      'tsconfig.json': '{ "files": [], "references": [{ "path": "./one" }, { "path": "./two/tsconfig.lib.json" }] }',
      'one/tsconfig.json': TSCONFIG.replace('**/*', 'src/**/*'),
      'one/src/a.ts': text,
      'one/test/a.ts': text,
      'two/tsconfig.lib.json': TSCONFIG,
      'two/a.ts': text,
      'three/a.ts': text,
    });
    const names = ['one/src/a.ts', 'one/test/a.ts', 'two/a.ts', 'three/a.ts'];
    expect(names.map((name) => kind(view, name, 's'))).toEqual(['plain', 'unknown', 'plain', 'unknown']);
  });

  test('a text that is not the one on disk is not asked about, nor what becomes of it', () => {
    const view = put({ 'tsconfig.json': TSCONFIG, 'a.ts': text });
    const end = text.lastIndexOf('s') + 1;
    const range = { start: end - 1, end };
    const onDisk = source(view, 'a.ts');
    const edited = { path: 'a.ts', text: text.replace('t =', 'u =') };
    const types = typesFor(view, [onDisk]);
    expect(types.promiseKind(edited, range)).toBe('unknown');
    types.follow([edited]);
    expect(types.promiseKind(edited, range)).toBe('plain');
    const other = typesFor(view, [edited]);
    other.follow([{ ...edited, text: text.replace('t =', 'w =') }]);
    expect(other.promiseKind({ ...edited, text: text.replace('t =', 'w =') }, range)).toBe('unknown');
  });
});

describe('what it changes', () => {
  const api =
    'export class Api {\n  first() { return this.load(1); }\n  load(id: number): Promise<string> { return fetch(String(id)).then((r) => r.text()); }\n}\n';

  test('a plain value is not waited for', () => {
    const view = put({
      'tsconfig.json': TSCONFIG,
      'api.ts': api,
      'count.ts': 'export function count(text: string): number { return text.length; }\n',
      'a.ts': `import type { Api } from './api.js';
import { count } from './count.js';

async function show(api: Api) {
  await api
    .load(1)
    .then((text) => count(text))
    .then((n) => console.log(n));
}
`,
    });
    expect(convert(view, 'a.ts', false).after).toContain('const n = await count(text);');
    expect(convert(view, 'a.ts').after).toContain('const n = count(text);');
  });

  test('a path that gives a promise by its type is one', () => {
    const view = put({
      'tsconfig.json': TSCONFIG,
      'api.ts': api,
      'a.ts': `import type { Api } from './api.js';

export function load(api: Api, id: number) {
  if (id === 0) return api.first();
  return api.load(id).then((text) => text.trim());
}
`,
    });
    expect(convert(view, 'a.ts', false).refused.map((each) => each.reason)).toEqual(['mixed-style']);
    const { refused, after } = convert(view, 'a.ts');
    expect(refused).toEqual([]);
    expect(after).toContain('export async function load(api: Api, id: number) {');
  });

  test('a lone `.catch` beside a parser needs a promise by its type', () => {
    const view = put({
      'tsconfig.json': TSCONFIG,
      'node_modules/zod/package.json': '{ "name": "zod", "types": "index.d.ts" }',
      'node_modules/zod/index.d.ts':
        'export interface Schema { catch(f: () => string): Schema }\nexport declare const schema: Schema;\n',
      'a.ts': `import { schema } from 'zod';

async function load(saved: Promise<string>) {
  await saved.catch(() => 'none');
}
async function other() {
  await schema.catch(() => 'none');
}
`,
    });
    expect(convert(view, 'a.ts', false).refused.map((each) => each.reason)).toEqual([
      'custom-thenable',
      'custom-thenable',
    ]);
    const { refused, after } = convert(view, 'a.ts');
    expect(refused.map((each) => [each.reason, each.line])).toEqual([['custom-thenable', 7]]);
    expect(after).toContain('try {');
  });

  test('what has a `then` of its own is left, also when the rest of its file has changed', () => {
    const view = put({
      'tsconfig.json': TSCONFIG,
      'a.ts': `class Query {
  then(done: (n: number) => void): Query { done(1); return this; }
}

async function all(query: Query, one: Promise<number>) {
  await one.then((n) => console.log(n));
}

async function rows(query: Query) {
  await query.then((n) => console.log(n));
}
`,
    });
    const { refused, after } = convert(view, 'a.ts');
    expect(refused.map((each) => [each.reason, each.line])).toEqual([['custom-thenable', 10]]);
    expect(after).toContain('const n = await one;');
    expect(after).toContain('await query.then((n) => console.log(n));');
    fs.writeFileSync(path.join(folder, 'a.ts'), after);
    expect(convert(view, 'a.ts').groups).toEqual([]);
  });

  test("a library's promise is known by its type", () => {
    const view = put({
      'tsconfig.json': TSCONFIG,
      ...bluebird,
      'db.d.ts':
        "import Bluebird = require('bluebird');\nexport declare function find(id: number): Bluebird<string>;\n",
      'a.ts':
        "import { find } from './db.js';\n\nexport function name(id: number) {\n  return find(id).then((row) => row.trim());\n}\n",
    });
    expect(convert(view, 'a.ts', false).refused).toEqual([]);
    expect(convert(view, 'a.ts').refused.map((each) => each.reason)).toEqual(['library-promise']);
  });
});

test('packages that share a configuration have one program, and see one another as they are', async () => {
  const makes =
    'export function load(id: number): Promise<number> {\n  return fetch(String(id)).then((r) => r.status);\n}\n';
  const uses = `import { load } from '../one/a.js';

async function show() {
  await load(1)
    .then((n) => double(n))
    .then((n) => console.log(n));
}
declare const double: (n: number) => number;
`;
  put({
    'tsconfig.json': TSCONFIG,
    'one/package.json': '{ "name": "one" }',
    'one/a.ts': makes,
    'two/package.json': '{ "name": "two" }',
    'two/b.ts': uses,
  });
  const morph = require('ts-morph') as { Project: new (...args: unknown[]) => object };
  const { Project } = morph;
  let built = 0;
  morph.Project = class extends Project {
    constructor(...args: unknown[]) {
      super(...args);
      built++;
    }
  };
  const { summary, groups } = await run({ to: 'async', types: true, cwd: folder });
  morph.Project = Project;
  expect([summary.changed, summary.refused, built]).toEqual([2, 0, 1]);
  expect(groups.flatMap((group) => group.edits.map((edit) => edit.text)).join('')).toContain('= double(n)');
});

describe('a set-up that fails costs its types only', () => {
  const code =
    'export async function go(p: Promise<number>) {\n  await p.then((n) => n + 1).then((n) => console.log(n));\n}\n';
  const setups: readonly [what: string, config: string, message: RegExp][] = [
    ['no JSON', '{ "compilerOptions": ', /types are not used: (Property assignment|Expression|'.') expected/],
    ['a base that is not there', '{ "extends": "./base.json" }', /types are not used: .*base\.json/],
    ['a file that is not there', '{ "files": ["a.ts", "gone.ts"] }', /types are not used: file 'gone\.ts' not found/],
    ['an option that there is not', '{ "compilerOptions": { "target": "es1848" } }', /types are not used: .*target/],
  ];

  test.each(setups)('%s', async (_what, config, message) => {
    const view = put({ 'package.json': '{ "name": "x" }', 'tsconfig.json': config, 'a.ts': code });
    const { after, errors, warnings } = convert(view, 'a.ts');
    expect(errors).toEqual([]);
    expect(after).toBe(convert(view, 'a.ts', false).after);
    expect(after).not.toBe(code);
    expect(warnings).toEqual([{ path: 'tsconfig.json', message: expect.stringMatching(message) as string }]);
  });

  test('none at all is said too, once there is a question', () => {
    const view = put({ 'a.ts': code, 'b.ts': 'export const p = 1;\n' });
    const { warnings } = convert(view, 'a.ts');
    expect(warnings).toEqual([{ path: '.', message: 'types are not used: no tsconfig.json covers these files' }]);
    expect(convert(view, 'b.ts')).not.toHaveProperty('warnings');
  });

  test('it is in the document and on stderr, and the run is a success', async () => {
    put({ 'pkg/package.json': '{ "name": "x" }', 'pkg/tsconfig.json': '{ "extends": "./no.json" }', 'pkg/a.ts': code });
    const document = await run({ to: 'async', types: true, cwd: folder });
    expect(document.warnings).toEqual([
      { path: 'pkg/tsconfig.json', message: expect.stringContaining('no.json') as string },
    ]);
    expect(document.config.types).toBe(true);
    const { status, stderr } = asyncshift('--types');
    expect(stderr).toMatch(/^warning: pkg\/tsconfig\.json types are not used: .*no\.json/m);
    expect(status).toBe(0);
  });
});

test('without --types no configuration is looked at and ts-morph is not loaded', async () => {
  put({ 'tsconfig.json': '{ broken', 'a.js': 'async function go(p) {\n  await p.then((n) => console.log(n));\n}\n' });
  const document = await run({ to: 'async', cwd: folder });
  expect(document).not.toHaveProperty('warnings');
  expect(document.config).not.toHaveProperty('types');
  expect(document.summary.changed).toBe(1);
  expect(asyncshift('--stats').loaded).toBe(false);
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), TSCONFIG.replace('"strict"', '"checkJs": true, "strict"'));
  expect(asyncshift('--types').loaded).toBe(true);
});

/** The command line in a process of its own, from the sources. */
function asyncshift(...args: string[]): { status: number | null; stderr: string; loaded: boolean } {
  const main = path.join(top, 'src/cli/main.ts');
  const loaded = 'Object.keys(require.cache).some((file) => /node_modules.ts-morph/.test(file))';
  const script = `process.on('exit', () => require('node:fs').writeSync(2, 'loaded ' + ${loaded}));
    process.argv = [process.argv[0], 'asyncshift', '--to', 'async', ...${JSON.stringify(args)}];
    require(${JSON.stringify(main)}).main();`;
  const { status, stderr } = spawnSync(process.execPath, ['-r', path.join(top, 'scripts/register.cjs'), '-e', script], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stderr, loaded: /loaded true/.test(stderr) };
}
