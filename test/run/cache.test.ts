import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as fc from 'fast-check';
import { run, type ResultDocument } from '../../src/index.js';
import { loadEngine, type Engine } from '../../src/run/engine.js';

let folder: string;
let kept: string;
beforeEach(() => {
  const made = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-cache-')));
  [folder, kept] = [path.join(made, 'project'), path.join(made, 'kept')];
  fs.mkdirSync(path.join(folder, '.git'), { recursive: true });
});
afterEach(() => fs.rmSync(path.dirname(folder), { recursive: true, force: true }));

function put(files: Readonly<Record<string, string | undefined>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    if (text === undefined) fs.rmSync(file, { force: true });
    else fs.writeFileSync(file, text);
  }
}

/** The real engine, and how often it was asked. */
function counting(): Engine & { asked: number } {
  const engine = loadEngine();
  return {
    asked: 0,
    convertProject(files, options, view) {
      this.asked++;
      return engine.convertProject(files, options, view);
    },
  };
}

type More = Partial<Parameters<typeof run>[0]>;

const cached = (engine: Engine, more: More = {}): Promise<ResultDocument> =>
  run({ to: 'async', cwd: folder, cache: kept, engine, ...more });

const LIBRARY = `const fs = require('fs');
exports.load = function load(name, cb) {
  fs.readFile(name, 'utf8', function (err, text) {
    if (err) return cb(err);
    cb(null, text.length);
  });
};
`;
const CALLER = `const { load } = require('./library');
module.exports = function size(cb) {
  load('a.txt', function (err, n) {
    if (err) return cb(err);
    cb(null, n + 1);
  });
};
`;
const CHAIN = `const { stat } = require('fs').promises;
exports.size = function (file) {
  return stat(file).then((s) => s.size);
};
`;
const MANIFEST = '{ "name": "x", "private": true }\n';

test('a second run asks the engine nothing and says the same', async () => {
  put({ 'package.json': MANIFEST, 'src/library.js': LIBRARY, 'src/caller.js': CALLER });
  const engine = counting();
  const first = await cached(engine);
  expect(first.groups.length).toBeGreaterThan(0);
  expect(await cached(engine)).toEqual(first);
  expect(engine.asked).toBe(1);
  expect(fs.readFileSync(path.join(kept, 'CACHEDIR.TAG'), 'utf8')).toMatch(
    /^Signature: 8a477f597d28d172789f06886806bc55\n/,
  );
});

test.each<[string, Record<string, string | undefined>, More]>([
  ['a caller in another file changes', { 'src/caller.js': CALLER.replace("'a.txt'", 'name') }, {}],
  ['a caller outside the run appears', { 'tests/it.js': "require('../src/library').load('x', console.log);\n" }, {}],
  ['a caller goes', { 'src/caller.js': undefined }, {}],
  ['the package is published', { 'package.json': '{ "name": "x", "main": "src/library.js" }\n' }, {}],
  ['another option is given', {}, { exports: 'change' }],
  ['unsafe changes are asked for', {}, { unsafe: true }],
])('the engine is asked again when %s', async (_what, change, more) => {
  put({ 'package.json': MANIFEST, 'src/library.js': LIBRARY, 'src/caller.js': CALLER });
  const engine = counting();
  await cached(engine, { paths: ['src'] });
  put(change);
  const after = await cached(engine, { paths: ['src'], ...more });
  expect(engine.asked).toBe(2);
  expect(after).toEqual(await run({ to: 'async', cwd: folder, paths: ['src'], ...more }));
});

test('times mean nothing: an edit that keeps size and time is seen, a touched file is not', async () => {
  put({ 'package.json': MANIFEST, 'a.js': CHAIN });
  const engine = counting();
  const before = fs.statSync(path.join(folder, 'a.js'));
  const first = await cached(engine);
  fs.utimesSync(path.join(folder, 'a.js'), new Date(), new Date());
  expect(await cached(engine)).toEqual(first);
  put({ 'a.js': CHAIN.replace('s.size', 's.mode') });
  fs.utimesSync(path.join(folder, 'a.js'), before.atime, before.mtime);
  expect((await cached(engine)).files[0]!.after).not.toBe(first.files[0]!.after);
  expect(engine.asked).toBe(2);
});

test('entries that are cut short, scribbled over or unreadable are no entries', async () => {
  put({ 'package.json': MANIFEST, 'a.js': CHAIN });
  const engine = counting();
  const first = await cached(engine);
  const [entry] = fs.readdirSync(kept).filter((name) => name.endsWith('.json'));
  const file = path.join(kept, entry!);
  const whole = fs.readFileSync(file, 'utf8');
  const bad = [whole.slice(0, -1), '', whole.replace('"start":', '"start": 1'), whole.slice(65), '{}', `${whole}\n`];
  for (const text of bad) {
    fs.writeFileSync(file, text);
    expect(await cached(engine)).toEqual(first);
  }
  expect(engine.asked).toBe(1 + bad.length);
});

test('a folder that cannot be written costs nothing but time', async () => {
  put({ 'package.json': MANIFEST, 'a.js': CHAIN });
  fs.writeFileSync(kept, 'a file stands where the folder should be');
  const engine = counting();
  const first = await cached(engine);
  expect(await cached(engine)).toEqual(first);
  expect([first.errors, engine.asked]).toEqual([[], 2]);
});

test('runs at the same time do not disturb one another', async () => {
  put({ 'package.json': MANIFEST, 'a.js': CHAIN, 'src/library.js': LIBRARY });
  const expected = await run({ to: 'async', cwd: folder });
  const all = await Promise.all(Array.from({ length: 6 }, () => cached(loadEngine())));
  for (const one of all) expect(one).toEqual(expected);
  expect(fs.readdirSync(kept).filter((name) => name.endsWith('.part'))).toEqual([]);
});

const texts: Readonly<Record<string, readonly (string | undefined)[]>> = {
  'package.json': [
    MANIFEST,
    '{ "name": "x" }\n',
    '{ "name": "x", "main": "src/library.js", "type": "module" }\n',
    undefined,
  ],
  'src/library.js': [
    LIBRARY,
    LIBRARY.replace('if (err) return cb(err);\n', ''),
    LIBRARY.replace('cb(null', 'cb(0, null'),
  ],
  'src/caller.js': [CALLER, CALLER.replace('load(', 'load.call(null, '), `${CHAIN}${CALLER}`, undefined],
  'src/chain.js': [CHAIN, CHAIN.replace('.then(', '.finally('), `// asyncshift-ignore-file\n${CHAIN}`, undefined],
  'tests/it.js': [undefined, "require('../src/caller')(console.log);\n", "jest.mock('../src/library');\n"],
  'tsconfig.json': [undefined, '{ "compilerOptions": { "module": "commonjs" } }\n'],
};
const edit = fc
  .constantFrom(...Object.keys(texts))
  .chain((name) => fc.constantFrom(...texts[name]!).map((text) => ({ name, text })));

test('whatever was edited, the cached result is the result', async () => {
  const asked = fc.constantFrom<More>(
    {},
    { paths: ['src'] },
    { exports: 'change' },
    { to: 'promise' },
    { paths: ['src/caller.js', 'src/library.js'], errorOnUnmatchedPattern: false },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ edit, asked }), { minLength: 3, maxLength: 12 }), async (steps) => {
      put(Object.fromEntries(Object.entries(texts).map(([name, [text]]) => [name, text])));
      for (const step of steps) {
        put({ [step.edit.name]: step.edit.text });
        const options = { to: 'async' as const, cwd: folder, ...step.asked };
        expect(await run({ ...options, cache: kept })).toEqual(await run(options));
      }
    }),
    { numRuns: 10 },
  );
}, 300_000);
