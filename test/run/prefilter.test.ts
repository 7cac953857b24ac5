import { mayApply } from '../../src/transforms/prefilter.js';

const to = 'async' as const;

test.each([
  'p.then(f)',
  'p\n  // why\n  .then(f)',
  'p?.then(f)',
  'p.catch (f)',
  'p.finally(f)',
  'new Promise(f)',
  'Promise.all(a)',
  'p.spread((a, b) => a)',
  'q.fail<Error>(f)',
  'const d = Q.defer();',
  'fs.readFile(p, (err, text) => {})',
  'fs.readFile(p, function (err) {})',
  'fs.readFile(p, function done(er, text) {})',
  'stat(p, error => {})',
  'stat(p, (err: Error | null, s?: Stats) => {})',
  'function f(id, cb) { db.get(id, cb); }',
  'function f(id, callback) { callback(null, id); }',
  'function f(id, done) { if (done) done(); }',
  'function f(id, next) { next(new Error()); }',
  'function f(id, onAnswer) { onAnswer(err, id); }',
  "import { each } from 'async';",
  "const each = require('async/each');",
])('looked at: %s', (text) => expect(mayApply(text, { to })).toBe(true));

test.each([
  'let x = 1;',
  'const a = await f();',
  'try { f(); } catch (e) { g(); }',
  'export const nextPage = 2;',
  'type P = Promise<string>;',
])('passed over: %s', (text) => expect(mayApply(text, { to })).toBe(false));

test('only the style that was asked for is looked for', () => {
  expect(mayApply('p.then(f)', { to, from: 'callback' })).toBe(false);
  expect(mayApply('p.then(f)', { to, from: 'promise' })).toBe(true);
  expect(mayApply('p.then(f)', { to: 'promise' })).toBe(false);
});

test('async functions are looked for where another style is wanted', () => {
  expect(mayApply('const f = async () => 1;', { to: 'promise' })).toBe(true);
  expect(mayApply('export const a = await f();', { to: 'callback' })).toBe(true);
  expect(mayApply('let x = 1;', { to: 'promise' })).toBe(false);
});

test('hostile texts take no time', () => {
  const started = Date.now();
  for (const part of ['/', '(', '.', ' ', '(err,', 'function (', "'async", '.then\n', '\\w(err', 'next']) {
    mayApply(part.repeat(200_000), { to });
  }
  expect(Date.now() - started).toBeLessThan(5000);
});
