import { converted } from './callback.support';

/** Fan-outs that a counter joins, byte for byte. */
function becomes(title: string, before: string, after: string): void {
  const head = /require\(|^import/m.test(before) ? '' : "const fs = require('fs');";
  test(title, () => {
    expect(converted(head + before)).toBe(head + after);
  });
}

becomes(
  'a counter joins a fan-out',
  `
function all(ids, cb) {
  if (!ids.length) return cb(null, []);
  var left = ids.length, out = [], failed = false;
  ids.forEach(function (id, i) {
    fs.stat(id, function (err, s) {
      if (failed) return;
      if (err) {
        failed = true;
        return cb(err);
      }
      out[i] = s;
      if (--left === 0) cb(null, out);
    });
  });
}
`,
  `
async function all(ids) {
  if (!ids.length) return [];
  return Promise.all(ids.map((id) => fs.promises.stat(id)));
}
`,
);

becomes(
  'all are waited for, the first failure is told',
  `
function firstErr(list, cb) {
  var n = list.length, first = null;
  if (n === 0) return cb();
  for (const x of list) {
    fs.unlink(x, function (err) {
      if (err && !first) first = err;
      n--;
      if (n === 0) cb(first);
    });
  }
}
`,
  `
async function firstErr(list) {
  var n = list.length, first = null;
  if (n === 0) return;
  await Promise.all(list.map(async (x) => {
    try {
      await fs.promises.unlink(x);
    } catch (err) {
      if (!first) first = err;
    }
  }));
  if (first) {
    throw first;
  }
}
`,
);

becomes(
  'a named continuation counts, the callback once at most',
  `
function named(list, cb) {
  cb = once(cb);
  var n = list.length;
  if (n === 0) return cb();
  list.forEach(x => fs.unlink(x, done));
  function done(err) {
    if (err) return cb(err);
    if (!--n) cb();
  }
}
`,
  `
async function named(list) {
  var n = list.length;
  if (n === 0) return;
  await Promise.all(list.map(async (x) => {
    await fs.promises.unlink(x);
  }));
}
`,
);

becomes(
  'an up-counter, and work behind the join',
  `
function f(dir, cb) {
  fs.readdir(dir, (err, names) => {
    if (err) return cb(err);
    if (!names.length) return fs.rmdir(dir, cb);
    let done = 0;
    let failed = null;
    names.forEach((name) => {
      // each
      fs.unlink(dir + name, (err) => {
        if (failed) return;
        if (err) return cb(failed = err);
        done++;
        if (done === names.length) fs.rmdir(dir, cb);
      });
    });
  });
}
`,
  `
async function f(dir) {
  const names = await fs.promises.readdir(dir);
  if (!names.length) return fs.promises.rmdir(dir);
  await Promise.all(names.map(async (name) => {
    // each
    await fs.promises.unlink(dir + name);
  }));
  return fs.promises.rmdir(dir);
}
`,
);

becomes(
  'for of, with elements that need nothing',
  `
function f(list, cb) {
  cb = once(cb);
  let left = list.length;
  if (left === 0) return cb(null, 0);
  for (const x of list) {
    if (!x) {
      done();
      continue;
    }
    fs.unlink(x, done);
  }
  function done(err) {
    if (err) return cb(err);
    if (--left) return;
    cb(null, list.length);
  }
}
`,
  `
async function f(list) {
  let left = list.length;
  if (left === 0) return 0;
  await Promise.all(list.map(async (x) => {
    if (!x) {
      return;
    }
    await fs.promises.unlink(x);
  }));
  return list.length;
}
`,
);
