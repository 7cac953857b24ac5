import { isLazyThenable, promiseLibraryOf } from '../../src/javascript/calls/libraries';
import { answersPromise } from '../../src/javascript/calls/promises';
import { mayThrowSync } from '../../src/javascript/calls/throws';
import { isPlainValue, isThisFree } from '../../src/javascript/calls/values';
import { parseSource, ts } from '../../src/javascript/parse';
import { scopesOf } from '../../src/javascript/scope';
import type { Scopes } from '../../src/javascript/scope';

const head = `const path = require('path'), fs = require('node:fs'), _ = require('lodash');
import Promise2 from 'bluebird';
const name = 'a', list = [1], big = load(), o = {}; o.then = f;
let later = 1; later = load();
function load() {}
`;

/** The last expression of a source that begins with the usual imports. */
function last(text: string, before = head) {
  const { file } = parseSource('a.ts', before + '\n;' + text);
  const statement = file.statements.at(-1)!;
  if (!ts.isExpressionStatement(statement)) throw new Error('write an expression');
  return { node: statement.expression, scopes: scopesOf(file) };
}

function ask<T>(question: (node: ts.Node, scopes: Scopes) => T, text: string, before?: string): T {
  const { node, scopes } = last(text, before);
  return question(node, scopes);
}

describe('isPlainValue', () => {
  const plain = (text: string) => ask(isPlainValue, text);
  test.each(
    `1;'x';\`a\${b}\`;true;null;undefined;/x/;[p];(() => p);(function () {});!x;x === y;x + y;a - b;typeof x;void f();({ a: p });({ a, ...{ b } });
new Date();new Map(x);new Error('x');JSON.parse(s);JSON.stringify(s);Object.keys(o);Array.isArray(x);path.join(a, b);
fs.readFileSync(f);Buffer.from(x);String(x).trim().split(',');'a,b'.split(',').map(f).filter(Boolean);[1].concat(x).length;x.length;
name;list;list.map(load);list.indexOf(x);x ? 1 : 'a';1 || x === y;await load();load;(a, 1);x = 1;Math.max(a, b);Math.PI;
process.env.HOME;process.argv.slice(2);process.argv.slice(2).join();Object.assign({}, { a });Object.freeze({ a });req.url.toLowerCase();
Date.now();stat.isFile();name.replace(a, b);"" as any;x!.toString();[...a]!;console.log(x);parseInt(x, 10);setTimeout(f, 1)`.split(
      /;\n?/,
    ),
  )('%s', (text) => expect(plain(text)).toBe(true));

  test.each(
    `x;p;load();big;later;o;this;this.x;f();new Foo();new Promise(f);x.y;list[0];list.pop();list.reduce(f);list.find(f);_.map(x);({ then: f });
({ [k]: f });({ ...x });x || 1;x ? 1 : p;(1, p);x = p;Promise.all(l);Object.assign(x, y);Object.create(x);router.replace(x);x.join();x.split(1);
x.map(f);fs.promises.readFile(f);import('x');yield1();Object.freeze(x);arguments[0];fs.readFile(x);x?.y`.split(/;\n?/),
  )('not %s', (text) => expect(plain(text)).toBe(false));

  test('a name of its own hides the global; what the caller knows counts', () => {
    expect(ask(isPlainValue, 'JSON.parse(x)', 'const JSON = load();')).toBe(false);
    const { node, scopes } = last('user.name || user');
    expect(isPlainValue(node, scopes)).toBe(false);
    expect(isPlainValue(node, scopes, (one) => /^user/.test(one.getText()))).toBe(true);
  });
});

test('isThisFree', () => {
  const free = (text: string) => ask(isThisFree, text);
  expect(
    ['console.log', 'JSON.parse', 'Object.keys', 'Boolean', 'Number', 'String', 'Math.max', 'path.basename'].filter(
      (x) => !free(x),
    ),
  ).toEqual([]);
  expect(
    ['db.get', 'Promise.resolve', 'this.done', '_.map', 'obj.JSON.parse', 'process.exit', 'res.json'].filter(free),
  ).toEqual([]);
});

test('isThisFree: functions of the file', () => {
  expect(ask(isThisFree, 'f', 'function f() { return () => this; }')).toBe(false);
  expect(ask(isThisFree, 'f', 'function f() { return g(function () { return this; }); }')).toBe(true);
  expect(ask(isThisFree, '(() => this)', '')).toBe(true);
  expect(ask(isThisFree, '(function () { this.x(); })', '')).toBe(false);
});

test('answersPromise', () => {
  const answers = (text: string, before = '') => ask(answersPromise, text, before);
  expect(answers('fetch(u)')).toBe(true);
  expect(answers('fetch(u).then(f).catch(g)')).toBe(true);
  expect(answers('Promise.all(x)')).toBe(true);
  expect(answers('new Promise(f)')).toBe(true);
  expect(answers('fs.promises.stat(f)', `const fs = require('fs');`)).toBe(true);
  expect(answers('stat(f)', `import { stat } from 'node:fs/promises';`)).toBe(true);
  expect(answers('stat(f)', `const stat = require('util').promisify(require('fs').stat);`)).toBe(true);
  expect(answers('promisify(f)(x)', `import { promisify } from 'util';`)).toBe(true);
  expect(answers('axios.get(u)', `import axios from 'axios';`)).toBe(true);
  expect(answers('load(u)', `async function load() {}`)).toBe(true);
  expect(answers('load(u)', `const load = async () => {};`)).toBe(true);
  expect(answers('load(u)', `async function* load() {}`)).toBe(false);
  expect(answers('load(u)', `function load() {}`)).toBe(false);
  expect(answers('fs.stat(f)', `const fs = require('fs');`)).toBe(false);
  expect(answers('fetch(u)', `function fetch() {}`)).toBe(false);
  expect(answers('x.then(f)')).toBe(false);
  expect(answers('mkdirp(d)', `const mkdirp = require('mkdirp');`)).toBe(false);
});

test('mayThrowSync says where', () => {
  const where = (text: string) => {
    const { file } = parseSource(
      'a.js',
      `const assert = require('assert'), fs = require('fs');\nfunction f(x) { ${text} }`,
    );
    return mayThrowSync((file.statements[1] as ts.FunctionDeclaration).body!, scopesOf(file))?.getText();
  };
  expect(where('if (!x) throw new TypeError("x");')).toBe('throw new TypeError("x");');
  expect(where('assert.ok(x);')).toBe('assert.ok(x)');
  expect(where('assert(x);')).toBe('assert(x)');
  expect(where('return JSON.parse(x);')).toBe('JSON.parse(x)');
  expect(where('fs.readFileSync(x);')).toBe('fs.readFileSync(x)');
  expect(where('new URL(x);')).toBe('new URL(x)');
  expect(where('invariant(x);')).toBe('invariant(x)');
  expect(where('new URL("http://a");')).toBeUndefined();
  expect(where('try { JSON.parse(x); } catch (e) { return; }')).toBeUndefined();
  expect(where('try { JSON.parse(x); } catch (e) { throw e; }')).toBe('throw e;');
  expect(where('try { JSON.parse(x); } finally { y(); }')).toBe('JSON.parse(x)');
  expect(where('return () => { throw x; };')).toBeUndefined();
  expect(where('y(x);')).toBeUndefined();
});

test('promise libraries and lazy thenables', () => {
  const library = (text: string, before: string) => ask(promiseLibraryOf, text, before);
  expect(library('Promise.map(x, f).then(y)', `const Promise = require('bluebird');`)).toBe('bluebird');
  expect(library('new Promise(f)', `import Promise from 'bluebird';`)).toBe('bluebird');
  expect(library('map(x)', `const { map } = require('bluebird');`)).toBe('bluebird');
  expect(library('require("q")(x).fin(f)', '')).toBe('q');
  expect(library('Q.nfcall(f)', 'var Q = require("q");')).toBe('q');
  expect(library('$.ajax(x).done(f)', '')).toBe('jquery');
  expect(library('new RSVP.Promise(f)', `import RSVP from 'rsvp';`)).toBe('rsvp');
  expect(library('when(x).then(y)', `var when = require('when');`)).toBe('when');
  expect(library('Promise.all(x)', '')).toBe('native');
  expect(library('new Promise(f).then(g)', '')).toBe('native');
  expect(library('load().then(f)', '')).toBeUndefined();
  expect(library('Promise.all(x)', 'function f(Promise) {} const Promise = g();')).toBeUndefined();
  const lazy = (text: string, before: string) => ask(isLazyThenable, text, before);
  expect(lazy('agent.get(x).set(y)', `const agent = require('superagent');`)).toBe(true);
  expect(lazy('axios.get(x)', `const axios = require('axios');`)).toBe(false);
});
