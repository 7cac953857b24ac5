import { becomes } from './callback.support';

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
