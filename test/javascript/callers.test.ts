import { convert, outcomes, type Files } from './callers.support';

/** Converts, checks that nothing else happened, that the old callers see what they saw, and that a second run has nothing to do. */
async function behaves(before: Files, name: string, args: readonly unknown[], run?: readonly string[]): Promise<Files> {
  const { files, refusals } = convert(before, {}, run);
  expect(refusals).toEqual([]);
  expect(files).not.toEqual(before);
  expect(convert(files, {}, run).files).toEqual(files);
  expect(await outcomes(files, name, args)).toEqual(await outcomes(before, name, args));
  return files;
}

const read = `function read(name, cb) {
  fs.readFile(name, 'utf8', (err, text) => {
    if (err) return cb(err);
    cb(null, text.trim());
  });
}
`;

describe('every caller is seen', () => {
  test('the function becomes async, its callers wait, the border keeps its contract', async () => {
    const before = {
      'main.js': `const fs = require('fs');

${read}
function both(a, b, cb) {
  read(a, (err, one) => {
    if (err) return cb(err);
    read(b, (err, two) => {
      if (err) return cb(err);
      cb(null, one + two);
    });
  });
}

exports.both = both;
`,
    };
    const files = await behaves(before, 'both', ['a.txt', 'b.txt']);
    expect(files['main.js']).toBe(`const fs = require('fs');
const { callbackify } = require('util');

async function read(name) {
  const text = await fs.promises.readFile(name, 'utf8');
  return text.trim();
}

function both(a, b, cb) {
  callbackify(async () => {
    const one = await read(a);
    const two = await read(b);
    return one + two;
  })(cb);
}

exports.both = both;
`);
  });

  const project = {
    'package.json': '{ "name": "story", "main": "main.js" }',
    'lib/read.js': `const fs = require('fs');\n\nmodule.exports = ${read}`,
    'lib/store.js': `const fs = require('fs');
const read = require('./read');

exports.copy = (from, to, cb) => {
  read(from, (err, text) => {
    if (err) return cb(err);
    fs.writeFile(to, text, cb);
  });
};

exports.size = function (name, cb) {
  fs.stat(name, function (err, stats) {
    if (err) return cb(err);
    cb(null, stats.size);
  });
};
`,
    'main.js': `const { copy, size } = require('./lib/store');

exports.backup = function backup(name, cb) {
  copy(name, name + '.bak', (err) => {
    if (err) return cb(err);
    size(name + '.bak', (err, bytes) => {
      if (err) return cb(err);
      cb(null, { name, bytes });
    });
  });
};
`,
  };

  test('across files: modules that only the run imports', async () => {
    const files = await behaves(project, 'backup', ['a.txt']);
    expect(files['lib/read.js']).toContain('module.exports = async function read(name) {');
    expect(files['lib/store.js']).toContain(`exports.copy = async (from, to) => {
  const text = await read(from);
  return fs.promises.writeFile(to, text);
};`);
    expect(files['lib/store.js']).toContain('exports.size = async function (name) {');
    expect(files['main.js']).toContain(`  callbackify(async () => {
    await copy(name, name + '.bak');
    const bytes = await size(name + '.bak');
    return { name, bytes };
  })(cb);`);
  });

  test('a file outside the run that imports one keeps its contract', async () => {
    const before = {
      ...project,
      'test/read.test.js': "const read = require('../lib/read');\nread('a.txt', console.log);\n",
    };
    const run = ['lib/read.js', 'lib/store.js', 'main.js'];
    const files = await behaves(before, 'backup', ['a.txt'], run);
    expect(files['lib/read.js']).toContain('function read(name, cb) {\n  callbackify(async () => {');
    expect(files['lib/store.js']).toContain('const text = await promisify(read)(from);');
  });

  test('one group holds a function and all who wait for it', () => {
    const { groups } = convert(project);
    expect(groups).toHaveLength(1);
    expect(groups[0]!.entries.map(({ entry }) => entry.name)).toEqual([
      'read',
      'exports.copy',
      'exports.size',
      'backup',
    ]);
  });

  test('a call in code that stays gets its bridge there', async () => {
    const files = await behaves(
      {
        'main.js': `const fs = require('fs');

${read}
exports.show = function show(name) {
  read(name, (err, text) => {
    console.log(err ? err.message : text);
  });
};
`,
      },
      'show',
      ['a.txt', 'no callback'],
    );
    expect(files['main.js']).toContain('async function read(name) {');
    expect(files['main.js']).toContain('  callbackify(read)(name, (err, text) => {');
  });

  test('recursion, and a function that hands on to another', async () => {
    const files = await behaves(
      {
        'main.js': `const fs = require('fs');

function first(names, cb) {
  if (names.length === 0) return cb(new Error('none'));
  fs.stat(names[0], (err) => {
    if (err) return first(names.slice(1), cb);
    found(names[0], cb);
  });
}

function found(name, cb) {
  fs.readFile(name, 'utf8', cb);
}

exports.run = function run(cb) {
  setImmediate(() => {
    fs.stat('a.txt', (err) => {
      if (err) return cb(err);
      first(['x.txt', 'b.txt'], (err, text) => {
        if (err) return cb(err);
        cb(null, text.toUpperCase());
      });
    });
  });
};
`,
      },
      'run',
      [],
    );
    expect(files['main.js']).toContain('return first(names.slice(1));');
    expect(files['main.js']).toContain('async function found(name) {');
    expect(files['main.js']).toContain("const text = await first(['x.txt', 'b.txt']);");
  });

  test('promisify(f) is f', () => {
    const { files } = convert({
      'main.js': `const fs = require('fs');
const { promisify } = require('util');

${read}
const readAsync = promisify(read);

exports.run = async (name) => (await readAsync(name)).length;
`,
    });
    expect(files['main.js']).toContain('const readAsync = read;');
  });

  test('options that callers leave out become a default', async () => {
    const files = await behaves(
      {
        'main.js': `const fs = require('fs');

function load(name, options, cb) {
  if (typeof options === 'function') {
    cb = options;
    options = {};
  }
  fs.readFile(name, 'utf8', (err, text) => {
    if (err) return cb(err);
    cb(null, options.trim ? text.trim() : text);
  });
}

exports.two = function two(name, cb) {
  load(name, (err, one) => {
    if (err) return cb(err);
    load(name, { trim: true }, (err, other) => {
      if (err) return cb(err);
      cb(null, [one, other]);
    });
  });
};
`,
      },
      'two',
      ['a.txt'],
    );
    expect(files['main.js']).toContain('async function load(name, options = {}) {\n  const text = await');
  });

  test('several results come as a list', async () => {
    const files = await behaves(
      {
        'main.js': `const fs = require('fs');

function load(name, cb) {
  fs.readFile(name, 'utf8', (err, text) => {
    if (err) return cb(err);
    cb(null, text, text.length);
  });
}

exports.run = function run(name, cb) {
  load(name, (err, text, length) => {
    if (err) return cb(err);
    cb(null, text + length);
  });
};
`,
      },
      'run',
      ['a.txt'],
    );
    expect(files['main.js']).toContain('return [text, text.length];');
    expect(files['main.js']).toContain('const [text, length] = await load(name);');
  });
});

describe('a contract that stays hands over exactly what it did', () => {
  const exported = (body: string, params = 'name, cb'): Files => ({
    'main.js': `const fs = require('fs');

exports.run = function run(${params}) {
${body}
};
`,
  });
  const stat = (then: string): string => `  fs.stat(name, (err, stats) => {
    if (err) return cb(err);
${then}
  });`;

  test.each([
    ['a value', 'cb(null, stats.size);', '})(cb);'],
    ['nothing at all', 'console.log(stats.size);\n    cb();', '})((err) => (err ? cb(err) : cb()));'],
    ['no error', 'console.log(stats.size);\n    cb(null);', '})((err) => cb(err));'],
    ['two values', 'cb(null, stats.size, name);', '})((err, results) => (err ? cb(err) : cb(null, ...results)));'],
    ['undefined first', 'cb(undefined, stats.size);', '})((err, value) => (err ? cb(err) : cb(undefined, value)));'],
    [
      'sometimes a value',
      'if (stats.size > 4) return cb(null);\n    cb(null, stats.size);',
      '})((err, results) => (err ? cb(err) : cb(null, ...results)));',
    ],
  ])('%s', async (_what, then, bridge) => {
    const before = exported(stat(`    ${then}`));
    const files = await behaves(before, 'run', ['a.txt']);
    expect(files['main.js']).toContain(bridge);
    await behaves(before, 'run', ['b.txt']);
  });

  test('who gets cb() and cb(null) takes both for the same', () => {
    const before = exported(stat('    if (stats.size > 4) return cb();\n    cb(null);'));
    expect(convert(before).files['main.js']).toContain('})((err) => cb(err));');
  });

  test('what runs at the call stays there: checks, throws, answers at once', async () => {
    const before = exported(`  if (typeof name !== 'string') throw new TypeError('name');
  if (name === '') return cb(new Error('empty'));
  console.log('reads', name);
${stat('    cb(null, stats.size);')}`);
    for (const name of ['a.txt', '', 1]) await behaves(before, 'run', [name]);
    expect(convert(before).files['main.js']).toContain("  console.log('reads', name);\n  callbackify(async () => {");
  });

  test('a callback that may be missing', async () => {
    const guarded = exported(`  fs.stat(name, (err, stats) => {
    if (err) return cb && cb(err);
    console.log(stats.size);
    if (cb) cb(null, stats.size);
  });`);
    await behaves(guarded, 'run', ['a.txt']);
    await behaves(guarded, 'run', ['a.txt', 'no callback']);
    const standIn = exported(`  cb = cb || function () {};\n${stat('    console.log(1);\n    cb(null, stats.size);')}`);
    await behaves(standIn, 'run', ['a.txt']);
    await behaves(standIn, 'run', ['a.txt', 'no callback']);
  });

  test('this, the parameters and the length', async () => {
    const before = {
      'main.js': `const fs = require('fs');

function Store(dir) {
  this.dir = dir;
}

Store.prototype.read = function (name, cb) {
  fs.readFile(this.dir + name, 'utf8', (err, text) => {
    if (err) return cb(err);
    cb(null, text);
  });
};

Store.prototype.both = function (a, b, cb) {
  var self = this;
  this.read(a, function (err, one) {
    if (err) return cb(err);
    self.read(b, function (err, two) {
      if (err) return cb(err);
      cb(null, one + two);
    });
  });
};

exports.run = (a, b, cb) => new Store('').both(a, b, cb);
exports.length = (cb) => cb(null, Store.prototype.both.length);
`,
    };
    const files = await behaves(before, 'run', ['a.txt', 'b.txt']);
    expect(files['main.js']).toContain('const one = await promisify(this.read).call(this, a);');
    expect(await outcomes(files, 'length', [])).toEqual(await outcomes(before, 'length', []));
  });

  test('the body of an arrow', async () => {
    const files = await behaves(
      {
        'main.js': `const fs = require('fs');

exports.run = (name, cb) => fs.stat(name, (err, stats) => {
  if (err) return cb(err);
  cb(null, stats.size);
});
`,
      },
      'run',
      ['a.txt'],
    );
    expect(files['main.js']).toContain('exports.run = (name, cb) => callbackify(async () => {');
  });

  test('a hand-over without a wait is left as it is', () => {
    const before = exported("  fs.readFile(name, 'utf8', cb);");
    expect(convert(before)).toMatchObject({ files: before, refusals: [] });
  });
});

describe('says no', () => {
  const stays = (text: string): string[] => {
    const before = { 'main.js': `const fs = require('fs');\n\n${text}\n` };
    const { files, refusals } = convert(before);
    expect(files).toEqual(before);
    return refusals;
  };
  const wait = 'fs.stat(name, (err, stats) => {\n    if (err) return cb(err);\n    cb(null, stats.size);\n  });';

  test('an answer that may come at once in the part that would become async', () => {
    const text = `exports.run = function (name, cb) {\n  if (name) ${wait}\n  else cb(null, 0);\n};`;
    expect(stays(text)).toEqual(['sync-callback at cb(null, 0)']);
  });

  test('a function that a caller hands in may answer at once', () => {
    const text = `exports.run = function (options, name, cb) {\n  options.${wait}\n};`;
    expect(stays(text)).toEqual(['sync-callback at options.fs.stat(name, (err, stats) => {']);
  });

  test('a value beside the answer', () => {
    const text = `exports.run = function (name, cb) {\n  ${wait}\n  return this;\n};`;
    expect(stays(text)).toEqual(['returns-value at return this;']);
  });

  test('callees that hand over nobody knows how much', () => {
    const text = `const other = require('other');

exports.run = function (name, cb) {
  fs.stat(name, (err, stats) => {
    if (err) return cb(err);
    if (stats.size > 9) return other.store(stats, cb);
    other.save(stats, cb);
  });
};`;
    expect(stays(text)).toEqual(['several-results at other.store(stats, cb)']);
  });

  test('results of the async library that stand beside its error', () => {
    const text = `const async = require('async');

exports.run = function (name, cb) {
  fs.readdir(name, (err, names) => {
    if (err) return cb(err);
    if (!names.length) return cb(null);
    async.map(names.slice(), (one, next) => fs.stat(one, next), cb);
  });
};`;
    expect(stays(text)).toEqual(['several-results at async.map(names.slice(), (one, next) => fs.stat(one, next), cb)']);
  });

  test('a method of the project that can answer at once', () => {
    const text = `class Store {
  load(id, cb) {
    if (this.known) return cb(null, this.known);
    ${wait.replace('name', 'id').replace(/\n/g, '\n  ')}
  }
  both(a, cb) {
    this.load(a, (err, one) => {
      if (err) return cb(err);
      console.log(one);
      cb(null, one);
    });
  }
}
exports.run = (cb) => new Store().both('a.txt', cb);`;
    const { files, refusals } = convert({ 'main.js': `const fs = require('fs');\n\n${text}\n` });
    expect(refusals).toEqual(['sync-callback at this.load(a, (err, one) => {']);
    expect(convert(files)).toMatchObject({ files, refusals });
  });

  test('a report that says whose it is', () => {
    const text = `exports.run = function (name, cb) {\n  const self = this;\n  ${wait.replace('cb(null', 'cb.call(self, null')}\n};`;
    expect(stays(text)).toEqual(['own-this at cb.call(self, null, stats.size)']);
  });

  test('code of the first wait that throws on purpose: its caller saw it', () => {
    const text = `exports.run = function (json, cb) {\n  ${wait.replace('name', 'JSON.parse(json).name')}\n};`;
    expect(stays(text)).toEqual(['sync-throw at JSON.parse(json)']);
  });

  test('what may answer later than it did, unless that is asked for', () => {
    const text = `exports.run = function (name, cb) {\n  if (name) ${wait}\n  else cb(null, 0);\n};`;
    const { groups, refusals } = convert({ 'main.js': `const fs = require('fs');\n\n${text}\n` }, { unsafe: true });
    expect(refusals).toEqual([]);
    expect(groups[0]!.unsafe.map((note) => note.code)).toEqual(['always-later']);
  });

  test('a function that what stays outside uses', () => {
    const text = `exports.run = function (name, cb) {
  const log = () => print('run');
  log();
  fs.stat(name, (err, stats) => {
    if (err) return cb(err);
    cb(null, stats.size);
  });
  function print(text) {
    console.log(text, name);
  }
};`;
    expect(stays(text)).toEqual(['reference-use at print']);
  });
});

describe('--exports', () => {
  const before = {
    'main.js': `const fs = require('fs');\n\nexports.read = ${read.trimEnd()};\n`,
  };

  test('change: the exported function becomes async, and it is told', () => {
    const { files, groups } = convert(before, { exports: 'change' });
    expect(files['main.js']).toContain('exports.read = async function read(name) {');
    expect(groups[0]!.notes.map((note) => note.code)).toContain('contract-changed');
  });

  test('refuse: it stays', () => {
    const { files, refusals } = convert(before, { exports: 'refuse' });
    expect(files).toEqual(before);
    expect(refusals).toEqual(['exported-callers-unknown at function read(name, cb) {']);
  });
});
