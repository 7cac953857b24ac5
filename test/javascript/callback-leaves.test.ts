import { contextOf, tell } from './callback.support';

/** The one function of the source is found and left alone, for this reason and at this place. */
function leaves(title: string, code: string, at: string, source: string): void {
  test(title, () => {
    const fs = "const fs = require('fs');\nconst async = require('async');\n";
    const refused = tell(contextOf(fs + source, 'a.js', { async: '^3.0.0' })).map((each) => each.refused);
    expect(refused[0]).toBe(`${code} at "${at}"`);
  });
}

describe('how often it answers', () => {
  leaves(
    'a missing return',
    'called-more-than-once',
    'cb(null, s);',
    `function f(a, cb) { fs.stat(a, (err, s) => {
      if (err) cb(err);
      cb(null, s);
    }); }`,
  );
  leaves(
    'a report in a loop',
    'called-more-than-once',
    'cb',
    `function f(list, cb) { for (const x of list) cb(new Error(x)); cb(null, 1); }`,
  );
  leaves(
    'a report for each element',
    'called-more-than-once',
    'list.forEach((x) => { cb(new Error(x)); })',
    `function f(list, cb) { list.forEach((x) => { cb(new Error(x)); }); }`,
  );
  leaves(
    'a report whose exception would be caught, and answered again',
    'called-more-than-once',
    'cb(null, v)',
    `function f(a, cb) { fs.readFile(a, (err, s) => {
      if (err) return cb(err);
      try { const v = JSON.parse(s); cb(null, v); } catch (e) { cb(e); }
    }); }`,
  );
  leaves(
    'a fan-out that several failures answer',
    'called-more-than-once',
    'cb(err)',
    `function f(list, cb) {
      let left = list.length;
      if (!left) return cb();
      list.forEach((x) => fs.unlink(x, (err) => {
        if (err) return cb(err);
        if (--left === 0) cb();
      }));
    }`,
  );
  leaves(
    'a path that ends without an answer, and tells another callback',
    'path-without-callback',
    'if (s.isFile()) cb(null, s);',
    `function f(a, other, cb) { fs.stat(a, (err, s) => {
      if (err) return cb(err);
      other(s);
      if (s.isFile()) cb(null, s);
    }); }`,
  );
  leaves(
    'a join that never answers for nothing',
    'path-without-callback',
    'list.forEach((x) => fs.unlink(x, () => { if (--left === 0) cb(null, 1); }));',
    `function f(list, cb) { let left = list.length; list.forEach((x) => fs.unlink(x, () => { if (--left === 0) cb(null, 1); })); }`,
  );
  leaves(
    'listeners',
    'many-events',
    "e.on('x', (v) => cb(null, v))",
    `function f(e, cb) { e.on('x', (v) => cb(null, v)); }`,
  );
});

describe('what runs when', () => {
  leaves(
    'a statement that runs before the answer',
    'code-after-call',
    'count++;',
    `function f(id, cb) { fs.stat(id, cb); count++; }`,
  );
  leaves(
    'a statement behind the report',
    'code-after-call',
    'after();',
    `function f(a, cb) { fs.stat(a, (err) => { if (err) return cb(err); cb(null, a); after(); }); }`,
  );
  leaves(
    'a handle that is kept',
    'returns-value',
    'cb',
    `function f(a, cb) { const handle = fs.stat(a, cb); handles.push(handle); cb(null, 1); }`,
  );
  leaves(
    'a wait inside a try',
    'sync-throw',
    'try { fs.stat(a, cb); } catch (e) { cb(e); }',
    `function f(a, cb) { try { fs.stat(a, cb); } catch (e) { cb(e); } }`,
  );
  leaves(
    'an exception that nobody could catch',
    'throws-in-callback',
    'throw err;',
    `function f(a, cb) { fs.stat(a, (err, s) => { if (err) throw err; cb(null, s); }); }`,
  );
  leaves(
    'a variable of the step that is read late',
    'shared-loop-variable',
    'x',
    `function f(list, cb) {
      (function next() {
        var x = list.pop();
        if (!x) return cb(null, 1);
        later(() => log(x));
        fs.unlink(x, (err) => { if (err) return cb(err); next(); });
      })();
    }`,
  );
});

describe('what it answers', () => {
  leaves(
    'a handler that never looks at the error',
    'error-not-checked',
    'err',
    `function f(a, cb) { fs.stat(a, (err, s) => cb(null, s)); }`,
  );
  leaves(
    'an error with a result of its own',
    'partial-result-with-error',
    'cb(new Error(a), s)',
    `function f(a, cb) { fs.stat(a, (err, s) => { if (err) return cb(err); cb(new Error(a), s); }); }`,
  );
  leaves(
    'now one result, now two',
    'several-results',
    'cb',
    `function f(a, cb) { fs.stat(a, (err, s) => { if (err) return cb(err); if (a) return cb(null, s); cb(null, s, a); }); }`,
  );
  leaves(
    'a callee that answers yes or no',
    'not-error-first',
    'fs.exists(a, cb)',
    `function f(a, cb) { if (!a) return cb(new Error('a')); fs.exists(a, cb); }`,
  );
});

describe('who calls it', () => {
  leaves(
    'a callback that is kept',
    'reference-use',
    'waiting.push(cb)',
    `function f(a, cb) { if (!a) return cb(null, 1); waiting.push(cb); }`,
  );
  leaves(
    'a continuation with a this of its own',
    'own-this',
    'function (err) {',
    `function f(sql, cb) { fs.stat(sql, function (err) {
      if (err) return cb(err);
      cb(null, this.lastID);
    }); }`,
  );
  leaves(
    'a continuation with arguments of its own',
    'arity-observed',
    'function (err) { if (err) return cb(err); cb(null, arguments[1]); }',
    `function f(a, cb) { fs.stat(a, function (err) { if (err) return cb(err); cb(null, arguments[1]); }); }`,
  );
  leaves(
    'a length that is looked at',
    'arity-observed',
    'cb.length',
    `function f(a, cb) { if (cb.length > 1) log(a); cb(null, a); }`,
  );
  leaves(
    'eval',
    'dynamic-scope',
    'function f(a, cb) { fs.stat(a, (err, s) => { if (err) return cb(err); cb(null, eval(a)); }); }',
    `function f(a, cb) { fs.stat(a, (err, s) => { if (err) return cb(err); cb(null, eval(a)); }); }`,
  );
  leaves(
    'a constructor',
    'no-async-here',
    'constructor(a, cb) { fs.stat(a, (err, s) => { if (err) return cb(err); cb(null, s); }); }',
    `class A { constructor(a, cb) { fs.stat(a, (err, s) => { if (err) return cb(err); cb(null, s); }); } }`,
  );
  leaves(
    'a function that is async already',
    'mixed-style',
    'async function f(a, cb) { if (!a) return cb(new Error(a)); cb(null, await g(a)); }',
    `async function f(a, cb) { if (!a) return cb(new Error(a)); cb(null, await g(a)); }`,
  );
});

describe('promises', () => {
  leaves(
    'a promise that the caller gets as well',
    'callback-and-promise',
    'load(a).then((v) => cb(null, v), cb)',
    `function f(a, cb) { return load(a).then((v) => cb(null, v), cb); }`,
  );
  leaves(
    'a callback whose exception is reported to it',
    'mixed-style',
    'load(a).then((v) => cb(null, v)).catch(cb)',
    `function f(a, cb) { load(a).then((v) => cb(null, v)).catch(cb); }`,
  );
});

describe('the async library', () => {
  leaves(
    'a window over something that may be no array',
    'list-unknown',
    'list',
    `function f(list, cb) { async.eachLimit(list, 2, (x, next) => fs.unlink(x, next), cb); }`,
  );
  leaves(
    'something that may be no array',
    'list-unknown',
    'things',
    `function f(things, cb) { async.each(things, (x, next) => fs.unlink(x, next), cb); }`,
  );
  leaves(
    'an answer for all from one of many',
    'called-more-than-once',
    'cb(null, x)',
    `function f(cb) { async.each([1, 2], (x, next) => { if (x) return cb(null, x); next(); }, (err) => cb(err)); }`,
  );
});

test('names alone are no proof', () => {
  const source = 'function f(list, callback) { return list.map(callback); }\nfunction g(x, cb) { return cb(x); }\n';
  expect(tell(contextOf(source))).toEqual([]);
});

describe('errors that nobody looks at', () => {
  leaves(
    'a named error that is never looked at',
    'error-not-checked',
    'err',
    `function f(a, cb) { fs.unlink(a, (err) => { cb(null, a); }); }`,
  );
  leaves(
    'an error that is ignored where the result is used',
    'error-not-checked',
    'err',
    `function f(a, cb) { fs.readFile(a, (err, text) => { cb(null, text); }); }`,
  );
  leaves(
    'a callee that nobody has described: no evidence that it is error-first, or calls once',
    'error-not-checked',
    '() => { cb(null, a); }',
    `function f(button, a, cb) { button.press(a, () => { cb(null, a); }); }`,
  );
});

describe('code that nothing reaches', () => {
  leaves(
    'behind a return',
    'code-after-call',
    'count(s);',
    `function f(a, cb) { fs.stat(a, (err, s) => {
      if (err) return cb(err);
      return cb(null, s.size);
      count(s);
    }); }`,
  );
});

describe('the async library', () => {
  leaves(
    'a limit that holds tasks up',
    'schedule-differs',
    'async.parallelLimit',
    `function f(a, cb) { async.parallelLimit([(d) => fs.stat(a, d), (d) => fs.stat(a, d)], a.limit, (err, all) => { if (err) return cb(err); cb(null, all); }); }`,
  );
  leaves(
    'a number of turns that may change meanwhile',
    'unknown-callee',
    'a.count',
    `function f(a, cb) { async.timesSeries(a.count, (i, next) => fs.stat(a[i], next), cb); }`,
  );
});

test('the executor of a promise is no callback function, with a name neither', () => {
  const source = `function f(a) {
    const run = (resolve, reject) => { const cb = (err, v) => { if (err) return reject(err); resolve(v); }; go(a, cb, 1); };
    return new Promise(run);
  }`;
  expect(tell(contextOf(source))).toEqual([]);
});
