import { becomes } from './callback.support';

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
