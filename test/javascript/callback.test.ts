import { converted } from './callback.support';

/** The source after the callback functions in it became async, byte for byte. */
function becomes(title: string, before: string, after: string): void {
  const head = /require\(|^import/m.test(before) ? '' : "const fs = require('fs');";
  test(title, () => {
    expect(converted(head + before)).toBe(head + after);
  });
}

becomes(
  'an error that is passed on leaves nothing behind',
  `
function size(path, cb) {
  // the size
  fs.stat(path, (err, s) => {
    if (err) return cb(err); // pass it on
    // give it
    cb(null, s.size);
  });
}
`,
  `
async function size(path) {
  // the size
  const s = await fs.promises.stat(path); // pass it on
  // give it
  return s.size;
}
`,
);

becomes(
  'nested waits, names that meet',
  `
function two(a, b, cb) {
  fs.readFile(a, function (err, data) {
    if (err) {
      cb(err);
      return;
    }

    fs.readFile(b, function (err, data2) {
      if (err) return cb(err);
      var data = Buffer.concat([data2]);
      cb(null, data);
    });
    function unused() {}
  });
}
`,
  `
async function two(a, b) {
  await fs.promises.readFile(a);

  const data2 = await fs.promises.readFile(b);
  var data = Buffer.concat([data2]);
  return data;
}
`,
);

becomes(
  'a continuation that only hands on',
  `
function f(a, cb) {
  fs.readFile(a, (err, data) => cb(err, data));
}
`,
  `
async function f(a) {
  return fs.promises.readFile(a);
}
`,
);

becomes(
  'the callback itself handed on',
  `
function f(a, cb) {
  if (!a) return process.nextTick(cb, new Error('no a'));
  fs.readFile(a, 'utf8', cb);
}
`,
  `
async function f(a) {
  if (!a) throw new Error('no a');
  return fs.promises.readFile(a, 'utf8');
}
`,
);

becomes(
  'an error branch of its own',
  `
function f(a, cb) {
  fs.readFile(a, (err, data) => {
    if (err) {
      log(err);
      return cb(null, 'none');
    }
    cb(null, data);
  });
}
`,
  `
async function f(a) {
  try {
    return await fs.promises.readFile(a);
  } catch (err) {
    log(err);
    return 'none';
  }
}
`,
);

becomes(
  'an error branch that goes on',
  `
function f(a, cb) {
  fs.readFile(a, (err, data) => {
    if (err) data = 'none';
    cb(null, data);
  });
}
`,
  `
async function f(a) {
  let data;
  try {
    data = await fs.promises.readFile(a);
  } catch {
    data = 'none';
  }
  return data;
}
`,
);

becomes(
  'some errors only',
  `
function f(a, cb) {
  fs.unlink(a, (err) => {
    if (err && err.code !== 'ENOENT') return cb(err);
    cb(null, true);
  });
}
`,
  `
async function f(a) {
  try {
    await fs.promises.unlink(a);
  } catch (err) {
    if (err.code !== 'ENOENT') throw err;
  }
  return true;
}
`,
);

becomes(
  'error or missing result',
  `
function f(db, a, cb) {
  db.get(a, function (err, row) {
    if (err || !row) return cb(err || new Error('none'));
    cb(null, row.id);
  });
}
`,
  `
const { promisify } = require('util');
async function f(db, a) {
  const row = await promisify(db.get).call(db, a);
  if (!row) throw new Error('none');
  return row.id;
}
`,
);

becomes(
  'success first',
  `
function f(a, cb) {
  fs.stat(a, function (err, s) {
    if (!err) return cb(null, s);
    if (err.code === 'ENOENT') return cb(null, null);
    cb(err);
  });
}
`,
  `
async function f(a) {
  try {
    return await fs.promises.stat(a);
  } catch (err) {
    if (err.code === 'ENOENT') return null;
    throw err;
  }
}
`,
);

becomes(
  'a choice',
  `
function f(a, cb) {
  fs.stat(a, (err, s) => err ? cb(err) : cb(null, s.isFile() ? 'file' : 'dir'));
}
`,
  `
async function f(a) {
  const s = await fs.promises.stat(a);
  return s.isFile() ? 'file' : 'dir';
}
`,
);

becomes(
  'if and else',
  `
function f(a, cb) {
  fs.stat(a, (err, s) => {
    if (err) cb(err);
    else cb(null, s);
  });
}
`,
  `
async function f(a) {
  return fs.promises.stat(a);
}
`,
);

becomes(
  'cleanup before the test',
  `
function f(a, cb) {
  const t = setTimeout(slow, 10);
  fs.stat(a, (err, s) => {
    clearTimeout(t);
    if (err) return cb(err);
    cb(null, s.size);
  });
}
`,
  `
async function f(a) {
  const t = setTimeout(slow, 10);
  let s;
  try {
    s = await fs.promises.stat(a);
  } finally {
    clearTimeout(t);
  }
  return s.size;
}
`,
);

becomes(
  'an error that is looked at later',
  `
function f(fd, cb) {
  fs.fsync(fd, (err) => {
    fs.close(fd, (err2) => {
      cb(err || err2);
    });
  });
}
`,
  `
const { promisify } = require('util');
async function f(fd) {
  let err = null;
  try {
    await promisify(fs.fsync)(fd);
  } catch (error) {
    err = error;
  }
  try {
    await promisify(fs.close)(fd);
  } catch (err2) {
    throw err || err2;
  }
  if (err) {
    throw err;
  }
}
`,
);

becomes(
  'an inner failure answers with the outer error',
  `
function f(a, cb) {
  fs.rmdir(a, (er) => {
    if (!er) return cb();
    fs.unlink(a, (er2) => {
      if (er2) cb(er);
      else cb();
    });
  });
}
`,
  `
async function f(a) {
  try {
    await fs.promises.rmdir(a);
  } catch (er) {
    try {
      await fs.promises.unlink(a);
    } catch {
      throw er;
    }
  }
}
`,
);

becomes(
  'options that may be left out',
  `
function f(a, opts, cb) {
  if (typeof opts === 'function') {
    cb = opts;
    opts = {};
  }
  cb = cb || function () {};
  fs.readFile(a, opts, cb);
}
`,
  `
async function f(a, opts) {
  return fs.promises.readFile(a, opts);
}
`,
);

becomes(
  'another name for the callback',
  `
function f(a, cb) {
  var self = this, done = once(cb);
  fs.readFile(a, function (err, x) {
    if (err) return done(err);
    done(null, self.parse(x));
  });
}
`,
  `
async function f(a) {
  var self = this;
  const x = await fs.promises.readFile(a);
  return self.parse(x);
}
`,
);

becomes(
  'an optional callback',
  `
function f(a, cb) {
  fs.readFile(a, function (err, x) {
    if (err) return cb && cb(err);
    if (typeof cb === 'function') cb(null, x);
  });
}
`,
  `
async function f(a) {
  return fs.promises.readFile(a);
}
`,
);

becomes(
  'parse, or fail',
  `
function f(a, cb) {
  fs.readFile(a, function (err, text) {
    if (err) return cb(err);
    let json;
    try {
      json = JSON.parse(text);
    } catch (e) {
      e.path = a;
      return cb(e);
    }
    cb(null, json);
  });
}
`,
  `
async function f(a) {
  const text = await fs.promises.readFile(a);
  let json;
  try {
    json = JSON.parse(text);
  } catch (e) {
    e.path = a;
    throw e;
  }
  return json;
}
`,
);

becomes(
  'switch',
  `
function f(kind, a, cb) {
  switch (kind) {
    case 'stat':
      fs.stat(a, cb);
      break;
    case 'none':
      return cb();
    default:
      cb(new Error(kind));
  }
}
`,
  `
async function f(kind, a) {
  switch (kind) {
    case 'stat':
      return fs.promises.stat(a);
    case 'none':
      return;
    default:
      throw new Error(kind);
  }
}
`,
);

becomes(
  'a named continuation',
  `
function f(a, cb) {
  fs.stat(a, onStat);
  function onStat(err, s) {
    // what we got
    if (err) return cb(err);
    cb(null, s.size);
  }
}
`,
  `
async function f(a) {
  const s = await fs.promises.stat(a);
  // what we got
  return s.size;
}
`,
);

becomes(
  'steps that several arms lead to',
  `
function f(a, b, cb) {
  if (a) mkdirs(); else rename();

  function mkdirs() {
    fs.mkdir(a, (err) => {
      if (err) return cb(err);
      rename();
    });
  }

  function rename() {
    fs.rename(a, b, cb);
  }
}
`,
  `
async function f(a, b) {
  if (a) await fs.promises.mkdir(a);
  return fs.promises.rename(a, b);
}
`,
);

becomes(
  'one continuation for all answers',
  `
function f(a, cb) {
  function done(err, x) {
    if (err) return cb(wrap(err));
    cb(null, [x]);
  }
  if (!a) return done(new Error('no a'));
  fs.stat(a, done);
}
`,
  `
async function f(a) {
  let x;
  try {
    if (!a) throw new Error('no a');
    x = await fs.promises.stat(a);
  } catch (err) {
    const error = wrap(err);
    if (error) {
      throw error;
    }
    return;
  }
  return [x];
}
`,
);

becomes(
  'a loop by recursion',
  `
function f(list, cb) {
  const out = [];
  (function next(i) {
    if (i >= list.length) return cb(null, out);
    // one
    fs.stat(list[i], (err, s) => {
      if (err) return cb(err);
      if (!s.isFile()) return next(i + 1);
      out.push(s);
      next(i + 1);
    });
  })(0);
}
`,
  `
async function f(list) {
  const out = [];
  for (let i = 0; i < list.length; i++) {
    // one
    const s = await fs.promises.stat(list[i]);
    if (!s.isFile()) continue;
    out.push(s);
  }
  return out;
}
`,
);

becomes(
  'a queue by recursion',
  `
function f(queue, cb) {
  function next(err) {
    if (err) return cb(err);
    if (!queue.length) return cb();
    fs.unlink(queue.shift(), next);
  }
  next();
}
`,
  `
async function f(queue) {
  while (queue.length) {
    await fs.promises.unlink(queue.shift());
  }
}
`,
);

becomes(
  'pages until there are no more',
  `
function f(db, cb) {
  let all = [];
  function page(token) {
    db.list(token, (err, res) => {
      if (err) return cb(err);
      all = all.concat(res.items);
      if (res.next) return page(res.next);
      cb(null, all);
    });
  }
  page(null);
}
`,
  `
const { promisify } = require('util');
async function f(db) {
  let all = [];
  let token = null;
  while (true) {
    const res = await promisify(db.list).call(db, token);
    all = all.concat(res.items);
    if (res.next) {
      token = res.next;
      continue;
    }
    return all;
  }
}
`,
);

becomes(
  'a timer',
  `
function f(a, cb) {
  setTimeout(() => {
    fs.stat(a, cb);
  }, 10);
}
`,
  `
async function f(a) {
  await new Promise((resolve) => setTimeout(resolve, 10));
  return fs.promises.stat(a);
}
`,
);

becomes(
  'several results of a described callee',
  `
const { exec } = require('child_process');
function f(a, cb) {
  exec(a, (err, stdout, stderr) => {
    if (err) return cb(err);
    cb(null, stdout + stderr);
  });
}
`,
  `
const { exec } = require('child_process');
const { promisify } = require('util');
async function f(a) {
  const { stdout, stderr } = await promisify(exec)(a);
  return stdout + stderr;
}
`,
);

becomes(
  'several results given',
  `
function f(a, cb) {
  fs.stat(a, (err, s) => {
    if (err) return cb(err);
    cb(null, s, a);
  });
}
`,
  `
async function f(a) {
  const s = await fs.promises.stat(a);
  return [s, a];
}
`,
);

becomes(
  'an error that may be there',
  `
function f(a, cb) {
  const problem = check(a);
  fs.stat(a, (err) => {
    if (err) return cb(err);
    cb(problem, null);
  });
}
`,
  `
async function f(a) {
  const problem = check(a);
  await fs.promises.stat(a);
  if (problem) {
    throw problem;
  }
  return null;
}
`,
);

becomes(
  'a failure with a reason of its own',
  `
function f(a, cb) {
  fs.stat(a, (err, s) => {
    if (err) return cb(Object.assign(err, { path: a }));
    cb(s.isFile() ? null : new Error('no file'));
  });
}
`,
  `
async function f(a) {
  let s;
  try {
    s = await fs.promises.stat(a);
  } catch (err) {
    throw Object.assign(err, { path: a });
  }
  if (s.isFile()) {
    return;
  }
  throw new Error('no file');
}
`,
);

becomes(
  'arrows without braces',
  `
const f = (a, cb) => fs.stat(a, (err, s) => cb(err, s && s.size));
`,
  `
const f = async (a) => {
  const s = await fs.promises.stat(a);
  return s && s.size;
};
`,
);

becomes(
  'methods keep their this',
  `
class Store {
  load(id, cb) {
    fs.readFile(this.path(id), (err, data) => {
      if (err) return cb(err);
      this.data = data;
      cb(null, this);
    });
  }
}
`,
  `
class Store {
  async load(id) {
    const data = await fs.promises.readFile(this.path(id));
    this.data = data;
    return this;
  }
}
`,
);

becomes(
  'a local function that only reports',
  `
function f(a, cb) {
  function fail(text) {
    return cb(new Error(text));
  }
  if (!a) return fail('no a');
  fs.stat(a, (err, s) => {
    if (err) return fail('stat');
    cb(null, s);
  });
}
`,
  `
async function f(a) {
  if (!a) throw new Error('no a');
  try {
    return await fs.promises.stat(a);
  } catch {
    throw new Error('stat');
  }
}
`,
);

becomes(
  'a promise whose both ends report',
  `
function f(x, cb) {
  if (!x) return cb(new Error('x'));
  load(x).then((v) => cb(null, v.id), cb);
}
`,
  `
async function f(x) {
  if (!x) throw new Error('x');
  const v = await load(x);
  return v.id;
}
`,
);

becomes(
  'a promise whose failure is an answer',
  `
function f(x, cb) {
  load(x).then(
    (v) => cb(null, v),
    (e) => {
      log(e);
      cb(null, 'none');
    },
  );
}
`,
  `
async function f(x) {
  try {
    return await load(x);
  } catch (e) {
    log(e);
    return 'none';
  }
}
`,
);
