import { parseSource } from '../../src/javascript/parse';
import { exportsOf } from '../../src/javascript/modules/exports';
import { buildGraph } from '../../src/javascript/modules/graph';
import { findFile, join } from '../../src/javascript/modules/resolve';
import { scopesOf } from '../../src/javascript/scope';
import { fromDirname, loadsByName, mentionsIn, patchedMembers } from '../../src/javascript/modules/scan';

const names = (text: string, path = 'a.js') => exportsOf(parseSource(path, text).file).all.map((one) => one.name);
const shape = (text: string, path = 'a.js') => exportsOf(parseSource(path, text).file);

type Files = Readonly<Record<string, string | object>>;

/** A project: `run` files are converted, the others only looked at. */
function project(run: Files, others: Files = {}) {
  const text = (content: string | object) => (typeof content === 'string' ? content : JSON.stringify(content));
  const all = { ...run, ...others };
  const isCode = (path: string) => !path.endsWith('package.json');
  const files = Object.entries(run)
    .filter(([path]) => isCode(path))
    .map(([path, content]) => ({ path, text: text(content) }));
  return buildGraph(files, {
    root: '/project',
    read: (path) => (Object.hasOwn(all, path) ? text(all[path]!) : undefined),
    others: Object.keys(others).filter(isCode),
  });
}

const uses = (graph: ReturnType<typeof project>, path: string, name: string) =>
  graph.usesOf(path, name).map((use) => `${use.path}: ${use.kind} ${(use.call ?? use.node).getText()}`);
const visible = (graph: ReturnType<typeof project>, path: string, ...exported: string[]) =>
  graph.callersVisible(path, exported).why;

const app = { 'package.json': { name: 'app', private: true } };
const load = `function load(id, cb) { cb(null, id); }\n`;

describe('exportsOf', () => {
  test('ES modules', () => {
    expect(
      names(`export function load() {}
export const a = 1, { b, c: [d] } = x;
export default class Store { load() {} static create() {} #hidden() {} }
export { e as f, g };
export * from './x';
export * as all from './y';
export { h as default2 } from './z';
let e, g;`),
    ).toEqual(['load', 'a', 'b', 'd', 'default', 'default#load', 'default.create', 'f', 'g', '*', 'all', 'default2']);
    expect(names(`export default { load, save() {} }; function load() {}`)).toEqual([
      'default',
      'default.load',
      'default.save',
    ]);
    expect(shape(`import './x';`).style).toBe('none');
  });

  test('CommonJS', () => {
    expect(names(`exports.load = load; module.exports.save = function () {}; exports['a-b'] = 1; ${load}`)).toEqual(
      expect.arrayContaining(['load', 'save', 'a-b']),
    );
    expect(names(`module.exports = { load, save: write, all() {}, [k]: 1 }; ${load}`)).toEqual([
      '=',
      'load',
      'save',
      'all',
    ]);
    expect(names(`module.exports = exports = load; load.sync = function () {}; ${load}`)).toEqual(['=', 'sync']);
    expect(
      names(`function Store() {}\nStore.prototype.get = function () {};\nStore.open = open;\nmodule.exports = Store;`),
    ).toEqual(['=', '#get', 'open']);
    expect(names(`class Store { get() {} static open() {} }\nmodule.exports = { Store };`)).toEqual([
      '=',
      'Store',
      'Store#get',
      'Store.open',
    ]);
    expect(names(`const api = (module.exports = {}); api.load = load; ${load}`)).toEqual(['load']);
    expect(names(`const api = exports; api.load = load; ${load}`)).toEqual(['load']);
    expect(names(`const api = { load }; api.save = 1; module.exports = api; ${load}`)).toEqual(['=', 'load', 'save']);
    expect(names(`Object.assign(module.exports, { load }, require('./x')); ${load}`)).toEqual(['load']);
    expect(names(`exports.a = exports.b = function () {};`).sort()).toEqual(['a', 'b']);
    expect(names(`Object.defineProperty(exports, '__esModule', { value: true }); exports.default = x;`)).toEqual([
      'default',
    ]);
    expect(names(`module.exports = load; module.exports.x = 1; ${load}`)).toEqual(['=', 'x']);
  });

  test('what we cannot see into', () => {
    const open = (text: string) => shape(text).open;
    expect(open(`exports[name] = f;`)).toBe(true);
    expect(open(`extend(exports, f);`)).toBe(true);
    expect(open(`register(module);`)).toBe(true);
    expect(open(`module.exports = { ...api };`)).toBe(true);
    expect(open(`let api = exports; api = 1;`)).toBe(true);
    expect(open(`module.exports = { ...require('./x'), load };`)).toBe(false);
    expect(open(`if (require.main === module) main(); exports.x = 1;`)).toBe(false);
    expect(open(`if (typeof module !== 'undefined' && module.exports) module.exports = x;`)).toBe(false);
    expect(open(`exports.x(); exports = module.exports = {}; module.parent;`)).toBe(false);
    expect(open(`function f(exports) { exports[k] = 1; }`)).toBe(false);
  });

  test('which value, by symbol and by node', () => {
    const graph = project({ 'a.js': `exports.load = load; exports.get = function () {}; ${load}` });
    const { all } = graph.exportsOf('a.js');
    expect(graph.namesOf('a.js', all.find((one) => one.name === 'load')!.symbol!)).toEqual(['load']);
    expect(graph.namesOf('a.js', all.find((one) => one.name === 'get')!.value!)).toEqual(['get']);
  });
});

describe('usesOf', () => {
  test('CommonJS: bound, destructured, inline, aliased', () => {
    const graph = project({
      ...app,
      'lib/db.js': `${load} exports.load = load; exports.other = 1; exports.load(1, done);`,
      'a.js': `const db = require('./lib/db'); db.load(1, cb); db.other(1);`,
      'b.js': `const { load, other } = require('./lib/db.js'); load(2, cb); later(load);`,
      'c.js': `require('./lib/db').load(3, cb);`,
      'd.js': `var get = require('./lib/db').load; get(4, cb);`,
      'e.js': `const db = require('./lib/db'), { load: read } = db; read(5, cb); db.load.length;`,
      'f.js': `function f(require) { require('./lib/db').load(6, cb); }`,
    });
    expect(uses(graph, 'lib/db.js', 'load')).toEqual([
      'lib/db.js: call exports.load(1, done)',
      'a.js: call db.load(1, cb)',
      'b.js: call load(2, cb)',
      'b.js: reference load',
      "c.js: call require('./lib/db').load(3, cb)",
      'd.js: call get(4, cb)',
      'e.js: call read(5, cb)',
      'e.js: member db.load',
    ]);
  });

  test('ES modules: named, renamed, namespace, default, behind re-exports', () => {
    const graph = project({
      ...app,
      'src/user.ts': `export function load(id: string, cb: Cb): void {}\nexport default load;`,
      'src/index.ts': `export { load as loadUser } from './user';\nexport * from './user.js';`,
      'src/a.ts': `import { load as get } from './user';\nget('1', cb);\nlet t: typeof get;`,
      'src/b.ts': `import * as user from './user';\nuser.load('2', cb);`,
      'src/c.ts': `import read from './user';\nread('3', cb);`,
      'src/d.ts': `import { loadUser, load } from '.';\nloadUser('4', cb); load('5', cb);`,
    });
    expect(uses(graph, 'src/user.ts', 'load')).toEqual([
      `src/index.ts: re-export load as loadUser`,
      `src/index.ts: re-export export * from './user.js';`,
      `src/a.ts: call get('1', cb)`,
      'src/a.ts: type get',
      `src/b.ts: call user.load('2', cb)`,
      `src/d.ts: call loadUser('4', cb)`,
      `src/d.ts: call load('5', cb)`,
    ]);
    expect(uses(graph, 'src/user.ts', 'default')).toContain(`src/c.ts: call read('3', cb)`);
  });

  test('a module that is its value, in both systems', () => {
    const graph = project({
      ...app,
      'load.js': `module.exports = function load(id, cb) {}; module.exports.sync = function () {};`,
      'index.js': `exports.load = require('./load'); exports.sub = require('./sub');`,
      'all.js': `module.exports = require('./load');`,
      'sub.js': `exports.get = function (id, cb) {};`,
      'a.js': `const load = require('./load'); load(1, cb); load.sync(1);`,
      'b.mjs': `import load from './load.js'; load(2, cb);`,
      'c.js': `require('./index').load(3, cb); require('./all')(4, cb); require('./index').sub.get(5, cb);`,
      'd.ts': `import load = require('./load'); load(6, cb);`,
    });
    const calls = uses(graph, 'load.js', '=').filter((use) => use.includes(' call '));
    expect(calls.map((use) => /\d(?=, cb)/.exec(use)?.[0])).toEqual(['1', '2', '6', '3', '4']);
    expect(uses(graph, 'load.js', 'sync')).toContain('a.js: call load.sync(1)');
    expect(uses(graph, 'sub.js', 'get')).toContain(`c.js: call require('./index').sub.get(5, cb)`);
  });

  test('`this` in exported functions is the module', () => {
    const graph = project({
      ...app,
      'api.js': `module.exports = { load(id, cb) {}, all(cb) { this.load(1, cb); } };\nclass A { load() {} go() { this.load(2); } }`,
      'self.js': `exports.load = function (id, cb) {}; exports.all = function (cb) { var self = this; self.load(1, cb); };`,
      'main.js': `require('./api').all(cb); require('./self').all(cb);`,
    });
    expect(uses(graph, 'api.js', 'load')).toEqual(['api.js: call this.load(1, cb)']);
    expect(visible(graph, 'api.js', 'load')).toBe('internal-module');
    expect(visible(graph, 'self.js', 'load')).toBe('dynamic');
  });

  test('a module handed on as a whole', () => {
    const graph = project({
      ...app,
      'db.js': `exports.load = function () {};`,
      'a.js': `const db = require('./db'); inject(db);`,
      'b.js': `import('./db').then((db) => db.load(1, cb));`,
      'c.mjs': `const db = await import('./db.js'); db.load(2, cb);`,
      'd.js': `let db = require('./db'); db = wrap(db); db.load(3, cb);`,
    });
    expect(uses(graph, 'db.js', 'load').map((use) => use.replace(/(unknown).*/, '$1'))).toEqual([
      'a.js: unknown',
      'b.js: unknown',
      'c.mjs: call db.load(2, cb)',
      'd.js: unknown',
    ]);
  });
});

describe('callersVisible', () => {
  const db = `exports.load = load; ${load}`;
  const call = `require('./db').load(1, cb);`;

  test('inside a private project', () => {
    const graph = project({ ...app, 'db.js': `${db} function own() {}`, 'a.js': call });
    expect(visible(graph, 'db.js', 'load')).toBe('internal-module');
    expect(visible(graph, 'db.js')).toBe('not-exported');
    expect(graph.callersVisible('db.js', graph.exportsOf('db.js').all[0]!.symbol!)).toEqual({
      visible: true,
      why: 'internal-module',
    });
  });

  test('entry points of a package', () => {
    const entry = (json: object, extra: Files = {}) =>
      visible(project({ 'package.json': json, 'db.js': db, 'a.js': call, ...extra }), 'db.js', 'load');
    expect(entry({ name: 'x', main: 'db.js' })).toBe('entry-point');
    expect(entry({ name: 'x', main: './db' })).toBe('entry-point');
    expect(entry({ name: 'x', main: 'a.js' })).toBe('internal-module');
    expect(entry({ name: 'x', private: true, main: 'db.js' })).toBe('internal-module');
    expect(entry({ name: 'x', private: true, exports: './db.js' })).toBe('entry-point');
    expect(entry({ name: 'x', main: 'a.js', exports: { '.': './a.js', './*': './*.js' } })).toBe('entry-point');
    expect(entry({ name: 'x', main: 'a.js', bin: { x: './db.js' } })).toBe('entry-point');
    expect(entry({ name: 'x', main: 'dist/nowhere.js' })).toBe('entry-point');
    expect(entry({ name: 'x' }, { 'index.js': `exports.read = require('./db').load;` })).toBe('entry-point');
    expect(entry({ name: 'x' }, { 'index.js': `require('./a');` })).toBe('internal-module');
    expect(entry({ name: 'x', main: 'a.js' }, { 'index.js': `module.exports = require('./db');` })).toBe('entry-point');
    expect(
      entry(
        { name: 'x', main: 'a.js' },
        { 'index.js': `module.exports = { ...require('./db') };`, 'b.js': `require('./index');` },
      ),
    ).toBe('internal-module');
  });

  test('built output is traced to its source', () => {
    const graph = project({
      'package.json': { name: 'x', main: 'dist/index.js' },
      'src/index.ts': `export { load } from './load';`,
      'src/load.ts': `export function load() {}`,
      'src/b.ts': `import { save } from './save';`,
      'src/save.ts': `export function save() {}`,
    });
    expect(visible(graph, 'src/load.ts', 'load')).toBe('entry-point');
    expect(visible(graph, 'src/save.ts', 'save')).toBe('internal-module');
  });

  test('nobody imports it: somebody will', () => {
    expect(visible(project({ 'db.js': db }), 'db.js', 'load')).toBe('entry-point');
    expect(visible(project({ ...app, 'db.js': db }), 'db.js', 'load')).toBe('entry-point');
    expect(visible(project({ 'db.js': db, 'a.js': call }), 'db.js', 'load')).toBe('internal-module');
  });

  test('files outside the run', () => {
    const outside = (text: string, path = 'test/db.test.js') =>
      visible(project({ ...app, 'db.js': db, 'a.js': call }, { [path]: text }), 'db.js', 'load');
    expect(outside(`const db = require('../db'); db.load(1, cb);`)).toBe('imported-outside-run');
    expect(outside(`import { load } from '../db.js';`)).toBe('imported-outside-run');
    expect(outside(`const a = require('../a');`)).toBe('internal-module');
    expect(outside(`jest.mock('../db');`)).toBe('dynamic');
    expect(outside(`proxyquire('../a', { './x': 1 }); proxyquire("../db", {});`)).toBe('dynamic');
    expect(outside(`rewire('../db')`)).toBe('dynamic');
    expect(outside(`const db = require('@/db');`)).toBe('dynamic');
    expect(outside(`export declare function load(): void;`, 'db.d.ts')).toBe('imported-outside-run');
    expect(outside(`module.exports = {};`, '__mocks__/db.js')).toBe('imported-outside-run');
    expect(outside(`require('./db')`, 'README.md')).toBe('internal-module');
  });

  test('classes are made, extended and tested', () => {
    const graph = project({
      ...app,
      'store.js': `class Store { get(cb) {} }\nmodule.exports = Store;`,
      'a.js': `const Store = require('./store'); new Store().get(cb); if (x instanceof Store) y();`,
      'loop.js': `function Loop() {}\nLoop.Loop = Loop;\nmodule.exports = Loop;`,
    });
    expect(uses(graph, 'store.js', '=').map((use) => use.split(' ')[1])).toEqual(['reference', 'reference']);
    expect(visible(graph, 'store.js', '=')).toBe('internal-module');
    // Nobody follows the objects that a class makes.
    expect(visible(graph, 'store.js', '#get')).toBe('dynamic');
    expect(graph.exportsOf('loop.js').all.map((one) => one.name)).toEqual(['=', 'Loop']);
  });

  test('scripts share their top level', () => {
    const text = `function load(id, cb) {}\nload(1, done);\nfunction own() {}`;
    const why = (name: string, html: string) => {
      const { file } = parseSource('a.js', text);
      const files = [
        { path: 'a.js', text, file },
        { path: 'b.js', text: `load(2, done);` },
        { path: 'c.js', text: `const own = require('x'); own();` },
      ];
      const graph = buildGraph(files, { root: '/project', read: () => html, others: ['index.html'] });
      const { named, symbolOf } = scopesOf(file);
      return graph.callersVisible('a.js', symbolOf(named(name)[0]!)!).why;
    };
    expect(why('load', '')).toBe('dynamic');
    expect(why('own', '')).toBe('not-exported');
    expect(why('own', '<a onclick="own()">')).toBe('dynamic');
  });

  test('loaded by a name that is made up', () => {
    const dynamic = (text: string) =>
      visible(project({ ...app, 'cmd/db.js': db, 'cmd/a.js': call, 'main.js': text }), 'cmd/db.js', 'load');
    expect(dynamic(`require('./cmd/' + name)(x);`)).toBe('dynamic');
    expect(dynamic('require(`./cmd/${name}`);')).toBe('dynamic');
    expect(dynamic(`fs.readdirSync(__dirname).forEach((file) => require(path.join(__dirname, file)));`)).toBe(
      'dynamic',
    );
    expect(dynamic(`new Worker(path.join(__dirname, 'cmd', 'db.js'));`)).toBe('dynamic');
    expect(dynamic(`fork('./cmd/db.js');`)).toBe('dynamic');
    expect(dynamic(`const names = ['./cmd/db'];`)).toBe('dynamic');
    expect(dynamic(`require(plugin);`)).toBe('internal-module');
    expect(dynamic(`require('./' + name);`)).toBe('dynamic');
    expect(dynamic(`const db = require('./cmd/db'); db[name](1, cb);`)).toBe('dynamic');
    expect(dynamic(`const db = require('./cmd/db'); Object.keys(db);`)).toBe('dynamic');
    expect(dynamic(`const db = require('./cmd/db'); db.load(1, cb);`)).toBe('internal-module');
  });

  test('workspaces know each other by name', () => {
    const graph = project({
      'package.json': { private: true, workspaces: ['packages/*'] },
      'packages/core/package.json': { name: '@x/core', private: true, main: 'index.js' },
      'packages/core/index.js': db,
      'packages/app/package.json': { name: '@x/app', private: true, dependencies: { '@x/core': '*' } },
      'packages/app/index.js': `const { load } = require('@x/core'); load(1, cb);`,
    });
    expect(uses(graph, 'packages/core/index.js', 'load')).toEqual(['packages/app/index.js: call load(1, cb)']);
    expect(visible(graph, 'packages/core/index.js', 'load')).toBe('internal-module');
  });
});

test('methods by their name alone', () => {
  const graph = project({ 'a.js': `store.load(1); x['load']; load();` }, { 'test/a.js': `store.load(2)` });
  expect(graph.accessesOf('load').nodes.map((node) => node.getText())).toEqual(['store.load', `'load'`]);
  expect(graph.accessesOf('load').outside).toBe(true);
  expect(graph.accessesOf('loa').outside).toBe(false);
});

test('what tests replace', () => {
  const graph = project(
    {},
    { 'test/a.js': `sinon.stub(fs, 'readFile'); fs.stat = fake; proxyquire('../a', { dns: {} });` },
  );
  expect(graph.isPatched('fs', 'readFile')).toBe(true);
  expect(graph.isPatched('fs', 'stat')).toBe(true);
  expect(graph.isPatched('fs', 'open')).toBe(false);
  expect(graph.isPatched('dns', 'lookup')).toBe(true);
  expect(patchedMembers([`jest.mock('fs');`]).has('fs.*')).toBe(true);
  expect(patchedMembers([`require('graceful-fs').gracefulify(require('fs'))`]).has('fs.*')).toBe(true);
  expect([...patchedMembers([`const x = fs.stat; if (fs.open == 1) y();`])]).toEqual([]);
});

test('scanning text', () => {
  expect(
    mentionsIn(
      `import a from './a'\nimport './b'; export * from "./c"; require( './d' ); import('./e'); jest.mock('./f'); x = './g/h.js'`,
    ),
  ).toEqual([
    ...['./a', './b', './c', './d', './e'].map((specifier) => ({ specifier, kind: 'import' })),
    ...['./f', './g/h.js'].map((specifier) => ({ specifier, kind: 'dynamic' })),
  ]);
  expect(fromDirname(`path.join(__dirname, '..', "lib", 'x.js'); __dirname + '/y'`)).toEqual(['./../lib/x.js', './/y']);
  expect(loadsByName(`require('x'); require(name); require('./a/' + b); import(\`./c/\${d}\`)`)).toEqual([
    '',
    './a/',
    './c/',
  ]);
});

test('paths', () => {
  expect(join('a/b', '../c')).toBe('a/c');
  expect(join('', './x')).toBe('x');
  expect(join('a', '../../x')).toBe('../x');
  const paths = new Set(['a.ts', 'b/index.js', 'c.js', 'c/index.js', 'd.mts']);
  expect(['a', 'a.js', 'b', 'b/', 'c', 'd.mjs', 'e'].map((path) => findFile(path.replace(/\/$/, ''), paths))).toEqual([
    'a.ts',
    'a.ts',
    'b/index.js',
    'b/index.js',
    'c.js',
    'd.mts',
    undefined,
  ]);
});
