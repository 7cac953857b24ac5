import { converted } from './callback.support';

/** The `async` library, said without it, byte for byte. */
function becomes(title: string, before: string, after: string): void {
  const head = /require\(|^import/m.test(before) ? '' : "const fs = require('fs');";
  test(title, () => {
    expect(converted(head + before)).toBe(head + after);
  });
}

becomes(
  'waterfall',
  `
const fs = require('fs');
const async = require('async');
function wf(path, cb) {
  async.waterfall([
    function (callback) { fs.stat(path, callback); },
    // then read
    function (stat, callback) {
      if (stat.isDirectory()) return callback(new Error('dir'));
      fs.readFile(path, 'utf8', callback);
    },
    function (text, callback) { callback(null, text.length, 2); },
  ], function (err, n, m) {
    if (err) return cb(err);
    cb(null, n + m);
  });
}
`,
  `
const fs = require('fs');
const async = require('async');
async function wf(path) {
  const stat = await fs.promises.stat(path);
  // then read
  if (stat.isDirectory()) throw new Error('dir');
  const text = await fs.promises.readFile(path, 'utf8');
  const [n, m] = [text.length, 2];
  return n + m;
}
`,
);

becomes(
  'waterfall with applied functions',
  `
const fs = require('fs');
const async = require('async');
function wf2(path, cb) {
  async.waterfall([async.apply(fs.readFile, path), (data, next) => next(null, data.length)], cb);
}
`,
  `
const fs = require('fs');
const async = require('async');
async function wf2(path) {
  const data = await fs.promises.readFile(path);
  return data.length;
}
`,
);

becomes(
  'series without results',
  `
const fs = require('fs');
const async = require('async');
function ser(a, b, cb) {
  async.series([function (next) { fs.unlink(a, next); }, function (next) { fs.unlink(b, function (err) { if (err) return next(err); next(); }); }], function (err) { cb(err); });
}
`,
  `
const fs = require('fs');
const async = require('async');
async function ser(a, b) {
  await fs.promises.unlink(a);
  await fs.promises.unlink(b);
}
`,
);

becomes(
  'series by name',
  `
const fs = require('fs');
const async = require('async');
function ser2(a, b, cb) {
  async.series({ a: function (next) { fs.stat(a, next); }, b: (next) => fs.stat(b, next) }, cb);
}
`,
  `
const fs = require('fs');
const async = require('async');
async function ser2(a, b) {
  const results = {};
  results.a = await fs.promises.stat(a);
  results.b = await fs.promises.stat(b);
  return results;
}
`,
);

becomes(
  'parallel',
  `
const fs = require('fs');
const async = require('async');
function par(a, b, cb) {
  async.parallel([function (next) { fs.stat(a, next); }, (next) => fs.stat(b, next)], function (err, results) {
    if (err) return cb(err);
    cb(null, results[0].size + results[1].size);
  });
}
`,
  `
const fs = require('fs');
const async = require('async');
async function par(a, b) {
  const results = await Promise.all([fs.promises.stat(a), fs.promises.stat(b)]);
  return results[0].size + results[1].size;
}
`,
);

becomes(
  'parallel by name',
  `
const fs = require('fs');
const async = require('async');
function par2(a, b, cb) {
  async.parallel({ x: function (next) { fs.stat(a, next); }, y: (next) => fs.stat(b, next) }, cb);
}
`,
  `
const fs = require('fs');
const async = require('async');
async function par2(a, b) {
  return Promise.all([fs.promises.stat(a), fs.promises.stat(b)]).then(([value1, value2]) => ({ x: value1, y: value2 }));
}
`,
);

becomes(
  'each',
  `
const fs = require('fs');
const async = require('async');
function each(files, cb) {
  files.sort();
  async.each(files, function (file, next) {
    if (!file) return next();
    fs.unlink(file, next);
  }, cb);
}
`,
  `
const fs = require('fs');
const async = require('async');
async function each(files) {
  files.sort();
  await Promise.all(files.map(async (file) => {
    if (!file) return;
    return fs.promises.unlink(file);
  }));
}
`,
);

becomes(
  'map with a function by name',
  `
const fs = require('fs');
const async = require('async');
function map(files, cb) {
  async.map(files.slice(), fs.stat, function (err, stats) {
    if (err) return cb(err);
    cb(null, stats.length);
  });
}
`,
  `
const fs = require('fs');
const async = require('async');
async function map(files) {
  const stats = await Promise.all(files.slice().map((item) => fs.promises.stat(item)));
  return stats.length;
}
`,
);

becomes(
  'eachSeries',
  `
const fs = require('fs');
const async = require('async');
function eachS(files, cb) {
  const seen = [];
  async.eachSeries(Object.keys(files), (file, next) => {
    if (seen.length > 3) return next();
    fs.stat(file, (err, s) => {
      if (err) return next(err);
      seen.push(s);
      next();
    });
  }, (err) => {
    if (err) return cb(err);
    cb(null, seen);
  });
}
`,
  `
const fs = require('fs');
const async = require('async');
async function eachS(files) {
  const seen = [];
  for (const file of Object.keys(files)) {
    if (!(seen.length > 3)) {
      const s = await fs.promises.stat(file);
      seen.push(s);
    }
  }
  return seen;
}
`,
);

becomes(
  'mapSeries',
  `
const fs = require('fs');
const async = require('async');
function mapS(cb) {
  async.mapSeries(['a', 'b'], (file, next) => fs.readFile(file, next), cb);
}
`,
  `
const fs = require('fs');
const async = require('async');
async function mapS() {
  const results = [];
  for (const file of ['a', 'b']) {
    results.push(await fs.promises.readFile(file));
  }
  return results;
}
`,
);

becomes(
  'reduce',
  `
const fs = require('fs');
const async = require('async');
function red(list, cb) {
  list.pop();
  async.reduce(list, 0, function (memo, item, next) { fs.stat(item, function (err, s) { if (err) return next(err); next(null, memo + s.size); }); }, cb);
}
`,
  `
const fs = require('fs');
const async = require('async');
async function red(list) {
  list.pop();
  let memo = 0;
  for (const item of list) {
    const s = await fs.promises.stat(item);
    memo = memo + s.size;
  }
  return memo;
}
`,
);

becomes(
  'whilst',
  `
const fs = require('fs');
const async = require('async');
function wh(cb) {
  var n = 0;
  async.whilst(function () { return n < 5; }, function (next) { n++; fs.stat('a' + n, function (err) { next(err); }); }, cb);
}
`,
  `
const fs = require('fs');
const async = require('async');
async function wh() {
  var n = 0;
  while (n < 5) {
    n++;
    await fs.promises.stat('a' + n);
  }
}
`,
);

becomes(
  'an answer in the middle of a waterfall',
  `
const fs = require('fs');
const async = require('async');
function f(a, callback) {
  async.waterfall([
    function (next) {
      if (!a) return callback(null, 'none');
      fs.readFile(a, next);
    },
    function (text, next) {
      next(null, String(text));
    },
  ], callback);
}
`,
  `
const fs = require('fs');
const async = require('async');
async function f(a) {
  if (!a) return 'none';
  const text = await fs.promises.readFile(a);
  return String(text);
}
`,
);

becomes(
  'times',
  `
const fs = require('fs');
const async = require('async');
function f(n, cb) {
  async.times(n, (i, next) => fs.readFile('a' + i, next), cb);
}
`,
  `
const fs = require('fs');
const async = require('async');
async function f(n) {
  return Promise.all(Array.from({ length: n }, (_, index) => index).map((i) => fs.promises.readFile('a' + i)));
}
`,
);
