import { convert } from './callers.support';

const modules = [
  "const http = require('http');",
  "const fs = require('fs');",
  "const { spawn } = require('child_process');",
  "const once = require('once');",
].join('\n');

/** A function `f`, and one that waits for it. */
const waiting = `exports.run = (a, cb) => {
  setImmediate(() => f(a, (err, one) => {
    if (err) return cb(err);
    fs.stat(one, cb);
  }));
};`;

const told = (source: string) => convert({ 'a.js': `${modules}\n${source}\n${waiting}\n` });

/** `f` is found, and left: nothing of it may become a promise. */
function leaves(title: string, source: string): void {
  test(title, () => {
    const { files, refusals } = told(source);
    expect(files['a.js']).toContain(source);
    expect(files['a.js']).not.toContain('promisify');
    expect(refusals.length).toBeGreaterThan(0);
  });
}

function becomes(title: string, source: string, after: string): void {
  test(title, () => {
    const { files } = told(source);
    expect(files['a.js']!.split('function f')[1]).toBe(after.split('function f')[1]! + files['a.js']!.split(after)[1]!);
  });
}

describe('it may answer twice', () => {
  leaves(
    'an error of the response beside an error of the request',
    `function f(a, cb) {
  http.get(a, (res) => {
    res.on('end', () => cb(null, a));
    res.on('error', cb);
  }).on('error', cb);
}`,
  );
  leaves(
    'a process that did not start is closed all the same',
    `function f(a, cb) {
  const child = spawn(a);
  child.on('error', cb);
  child.on('close', () => cb(null, a));
}`,
  );
  leaves(
    'a process that is killed may fail at that',
    `function f(a, cb) {
  const child = spawn(a);
  setTimeout(() => child.kill(), 10);
  child.on('error', cb);
  child.on('exit', () => cb(null, a));
}`,
  );
  leaves(
    'a stream without a guard',
    `function f(a, cb) {
  fs.createWriteStream(a).on('error', cb).on('finish', () => cb(null, a));
}`,
  );
  leaves(
    'two listeners of an unknown emitter',
    `function f(a, cb) {
  a.once('open', () => cb(null, a));
  a.once('error', cb);
}`,
  );
  leaves(
    'an unknown event',
    `function f(a, cb) {
  http.get(a, (res) => res.on('data', (chunk) => cb(null, chunk))).on('error', cb);
}`,
  );
  leaves(
    'requests of two objects',
    `function f(a, cb) {
  const one = http.get(a, () => cb(null, a));
  const two = http.get(a);
  two.on('error', cb);
}`,
  );
  leaves(
    'a variable that holds another request later',
    `function f(a, cb) {
  let req = http.get(a, () => cb(null, a));
  req = http.get(a);
  req.on('error', cb);
}`,
  );
  leaves(
    'a timer beside the request',
    `function f(a, cb) {
  setTimeout(() => cb(new Error('slow')), 10);
  http.get(a, () => cb(null, a));
}`,
  );
  leaves(
    'an interval',
    `function f(a, cb) {
  setInterval(() => cb(null, a), 10);
  http.get(a).on('error', cb);
}`,
  );
  leaves(
    'a missing return',
    `function f(a, cb) {
  http.get(a, (res) => {
    if (res.statusCode !== 200) cb(new Error('status'));
    res.on('end', () => cb(null, a));
  }).on('error', cb);
}`,
  );
  leaves(
    'an answer after a listener was added',
    `function f(a, cb) {
  http.get(a).on('error', cb);
  if (!a) return cb(new Error('nothing'));
}`,
  );
  leaves(
    'a helper that two listeners call',
    `function f(a, cb) {
  const done = (err) => (err ? cb(err) : cb(null, a));
  const stream = fs.createReadStream(a);
  stream.on('error', done);
  stream.on('close', () => done());
}`,
  );
  leaves(
    'each one of a list',
    `function f(a, cb) {
  a.forEach((url) => http.get(url, () => cb(null, url)).on('error', cb));
}`,
  );
  leaves(
    'a report that may throw into a second one',
    `function f(a, cb) {
  http.get(a, (res) => {
    try {
      cb(null, res.headers.a.b);
    } catch (err) {
      cb(err);
    }
  }).on('error', cb);
}`,
  );
});

describe('it may answer twice, by its own doing', () => {
  leaves(
    'a request that is broken off with an error when the answer is no good',
    `function f(a, cb) {
  const req = http.get(a, (res) => {
    if (res.statusCode === 200) return res.on('end', () => cb(null, a));
    req.destroy(new Error('status'));
    cb(new Error('status'));
  });
  req.on('error', cb);
}`,
  );
});

describe('pairs of handlers', () => {
  leaves(
    'a function that calls both',
    `function load(name, ok, bad) {
  fs.readFile(name, (err, text) => {
    if (err) bad(err);
    ok(text);
  });
}
function f(a, cb) {
  load(a, (text) => cb(null, text), cb);
}`,
  );
  leaves(
    'a function that keeps one of them',
    `function load(name, ok, bad) {
  fs.readFile(name, (err, text) => {
    if (!err) return ok(text);
    later.push(bad);
  });
}
function f(a, cb) {
  load(a, (text) => cb(null, text), (err) => cb(err));
}`,
  );
  leaves(
    'a function that calls the handler for each',
    `function load(names, ok, bad) {
  names.forEach((name) => {
    fs.readFile(name, (err, text) => (err ? bad(err) : ok(text)));
  });
}
function f(a, cb) {
  load(a, (text) => cb(null, text), (err) => cb(err));
}`,
  );
  leaves(
    'functions that call each other',
    `function one(name, ok, bad) {
  if (!name) return two(name, ok, bad);
  ok(name);
}
function two(name, ok, bad) {
  one(name, ok, bad);
}
function f(a, cb) {
  one(a, (text) => cb(null, text), (err) => cb(err));
}`,
  );
  becomes(
    'success and error',
    `function f(a, cb) {
  load(a, (text) => cb(null, text), cb);
}
function load(name, ok, bad) {
  fs.readFile(name, 'utf8', (err, text) => {
    if (err) return bad(err);
    ok(text);
  });
}`,
    `function f(a) {
  return new Promise((resolve, reject) => {
    load(a, (text) => resolve(text), reject);
  });
}
function load(name, ok, bad) {
  fs.readFile(name, 'utf8', (err, text) => {
    if (err) return bad(err);
    ok(text);
  });
}`,
  );
});

describe('listeners that go together', () => {
  leaves(
    'only one of them removes the other',
    `function f(a, cb) {
  const onError = (err) => {
    cb(err);
  };
  const onOpen = () => {
    a.removeListener('error', onError);
    cb(null, a);
  };
  a.once('error', onError);
  a.once('open', onOpen);
}`,
  );
  leaves(
    "the removed one is another emitter's",
    `function f(a, cb) {
  function onError(err) {
    a.removeListener('open', onOpen);
    cb(err);
  }
  function onOpen() {
    b.removeListener('error', onError);
    cb(null, a);
  }
  a.once('error', onError);
  a.once('open', onOpen);
}`,
  );
  becomes(
    'each removes the other',
    `function f(a, cb) {
  function onError(err) {
    a.removeListener('open', onOpen);
    cb(err);
  }
  function onOpen() {
    a.removeListener('error', onError);
    cb(null, a);
  }
  a.once('error', onError);
  a.once('open', onOpen);
}`,
    `function f(a) {
  return new Promise((resolve, reject) => {
    function onError(err) {
      a.removeListener('open', onOpen);
      reject(err);
    }
    function onOpen() {
      a.removeListener('error', onError);
      resolve(a);
    }
    a.once('error', onError);
    a.once('open', onOpen);
  });
}`,
  );
});

describe('guards that are none', () => {
  leaves(
    'a flag that is set but not tested',
    `function f(a, cb) {
  let done = false;
  const finish = (err) => {
    done = true;
    if (err) return cb(err);
    cb(null, a);
  };
  fs.createReadStream(a).on('error', finish).on('close', () => finish());
}`,
  );
  leaves(
    'a flag that is tested but set too late',
    `function f(a, cb) {
  let done = false;
  const finish = (err) => {
    if (done) return;
    if (err) return cb(err);
    done = true;
    cb(null, a);
  };
  fs.createReadStream(a).on('error', finish).on('close', () => finish());
}`,
  );
  leaves(
    'a flag of the module',
    `let done = false;
function f(a, cb) {
  const finish = (err) => {
    if (done) return;
    done = true;
    if (err) return cb(err);
    cb(null, a);
  };
  fs.createReadStream(a).on('error', finish).on('close', () => finish());
}`,
  );
  leaves(
    'two flags',
    `function f(a, cb) {
  let failed = false;
  let closed = false;
  const stream = fs.createReadStream(a);
  stream.on('error', (err) => {
    if (failed) return;
    failed = true;
    cb(err);
  });
  stream.on('close', () => {
    if (closed) return;
    closed = true;
    cb(null, a);
  });
}`,
  );
  leaves(
    'a flag that is reset',
    `function f(a, cb) {
  let done = false;
  const stream = fs.createReadStream(a);
  const finish = (err) => {
    if (done) return;
    done = true;
    if (err) return cb(err);
    cb(null, a);
  };
  stream.on('data', () => (done = false));
  stream.on('error', finish).on('close', () => finish());
}`,
  );
  leaves(
    'something between the test and the setting that may come here again',
    `function f(a, cb) {
  let done = false;
  const finish = (err) => {
    if (done) return;
    a.emit('error', err);
    done = true;
    if (err) return cb(err);
    cb(null, a);
  };
  a.on('error', finish);
  a.on('close', () => finish());
}`,
  );
});

describe('a promise would not say the same', () => {
  leaves(
    'code behind the answer',
    `function f(a, cb) {
  http.get(a, (res) => {
    cb(null, a);
    res.resume();
  }).on('error', cb);
}`,
  );
  leaves(
    'cleaning up behind the answer',
    `function f(a, cb) {
  http.get(a, (res) => {
    try {
      return cb(null, a);
    } finally {
      res.resume();
    }
  }).on('error', cb);
}`,
  );
  leaves(
    'a result beside the error',
    `function f(a, cb) {
  const child = spawn(a);
  let out = '';
  child.on('error', (err) => cb(err, out));
  child.on('exit', () => cb(null, out));
}`,
  );
  leaves(
    'an event whose argument is no error',
    `function f(a, cb) {
  const child = spawn(a);
  child.on('error', cb);
  child.on('exit', cb);
}`,
  );
  test('the callback is kept: who calls it later is not seen', () => {
    const source = `function f(a, cb) {
  a.waiting = cb;
  http.get(a, () => cb(null, a)).on('error', cb);
}`;
    expect(told(source).files['a.js']).toContain(source);
  });
  test('a parameter that is declared again: the promise would hide it', () => {
    const source = `function f(a, cb) {
  var a = a || {};
  http.get(a, () => cb(null, a)).on('error', cb);
}`;
    expect(told(source).files['a.js']).toContain(source);
  });
  test('a function with the name of a parameter', () => {
    const source = `function f(a, cb) {
  http.get(a, () => cb(null, a)).on('error', cb);
  function a() {}
}`;
    expect(told(source).files['a.js']).toContain(source);
  });
  leaves(
    'what the answer gives back is used',
    `function f(a, cb) {
  http.get(a, (res) => {
    if (cb(null, a)) res.resume();
  }).on('error', cb);
}`,
  );
  leaves(
    'several results, not always',
    `function f(a, cb) {
  http.get(a, (res) => {
    if (res.statusCode === 204) return cb(null, a);
    res.on('end', () => cb(null, a, res));
  }).on('error', cb);
}`,
  );
});

describe('it becomes a promise', () => {
  becomes(
    'a process that exits or does not start',
    `function f(a, cb) {
  const child = spawn(a);
  child.on('error', cb);
  child.on('exit', (code) => {
    if (code) return cb(new Error(\`exit \${code}\`));
    cb(null, a);
  });
}`,
    `function f(a) {
  return new Promise((resolve, reject) => {
    const child = spawn(a);
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code) return reject(new Error(\`exit \${code}\`));
      resolve(a);
    });
  });
}`,
  );
  becomes(
    'a callback that is called once whatever happens',
    `function f(a, cb) {
  const done = once(cb);
  // Both may come.
  fs.createReadStream(a)
    .on('error', done)
    .on('close', () => done(null, a));
}`,
    `function f(a) {
  return new Promise((resolve, reject) => {
    // Both may come.
    fs.createReadStream(a)
      .on('error', reject)
      .on('close', () => resolve(a));
  });
}`,
  );
  becomes(
    'a helper that is called once whatever happens',
    `function f(a, cb) {
  const done = once((err) => (err ? cb(err) : cb(null, a)));
  fs.createReadStream(a).on('error', done).on('close', () => done());
}`,
    `function f(a) {
  return new Promise((resolve, reject) => {
    const done = once((err) => (err ? reject(err) : resolve(a)));
    fs.createReadStream(a).on('error', done).on('close', () => done());
  });
}`,
  );
  becomes(
    'a flag around the answer',
    `function f(a, cb) {
  let done;
  const stream = fs.createReadStream(a);
  stream.on('error', (err) => {
    if (!done) {
      done = true;
      cb(err);
    }
  });
  stream.on('close', () => {
    if (!done) {
      done = true;
      cb(null, a);
    }
  });
}`,
    `function f(a) {
  return new Promise((resolve, reject) => {
    let done;
    const stream = fs.createReadStream(a);
    stream.on('error', (err) => {
      if (!done) {
        done = true;
        reject(err);
      }
    });
    stream.on('close', () => {
      if (!done) {
        done = true;
        resolve(a);
      }
    });
  });
}`,
  );
  becomes(
    'an error that may be there',
    `function f(a, cb) {
  const req = http.request(a);
  req.on('error', cb);
  req.on('response', (res) => {
    res.resume();
    fs.stat(a, (err, stats) => cb(err, stats));
  });
  req.end();
}`,
    `function f(a) {
  return new Promise((resolve, reject) => {
    const req = http.request(a);
    req.on('error', reject);
    req.on('response', (res) => {
      res.resume();
      fs.stat(a, (err, stats) => (err ? reject(err) : resolve(stats)));
    });
    req.end();
  });
}`,
  );
});
