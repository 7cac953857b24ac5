import { convertProject } from '../../src/transforms/index';

/** What becomes of one file, and why the rest stays. */
function convert(text: string, path = 'a.js', unsafe = false): { text: string; refused: string[] } {
  const view = { root: '/', read: () => undefined, others: [] };
  const result = convertProject([{ path, text }], { to: 'async', from: 'promise', unsafe }, view);
  expect(result.errors).toEqual([]);
  const edits = result.groups.flatMap((group) => group.edits).sort((a, b) => b.start - a.start || b.end - a.end);
  const after = edits.reduce((out, edit) => out.slice(0, edit.start) + edit.text + out.slice(edit.end), text);
  const refused = result.refused.map((each) => `${each.reason} at ${text.slice(each.start, each.end).split('\n')[0]}`);
  return { text: after, refused };
}

const strip = (text: string) => text.replace(/^\n/, '').replace(/ +$/, '');

function becomes(name: string, before: string, after: string, path = 'a.js'): void {
  test(name, () => {
    const result = convert(strip(before), path);
    expect(result.text).toBe(strip(after));
    expect(result.refused).toEqual([]);
    expect(convert(result.text, path).text).toBe(result.text);
  });
}

function leaves(name: string, before: string, ...refused: string[]): void {
  const path = /: \w+(<|\))|interface /.test(before) && /function \w+\([^)]*: /.test(before) ? 'a.ts' : 'a.js';
  test(`left: ${name}`, () => {
    const result = convert(strip(before), path);
    expect(result.text).toBe(strip(before));
    expect(result.refused).toEqual(refused);
  });
}

describe('what must stay', () => {
  leaves(
    'a throw before the chain, seen by callers',
    'exports.f = (id) => { if (!id) throw new Error("id"); return get(id).then((x) => x.a); };\n',
    'sync-throw at throw new Error("id");',
  );
  leaves(
    'a function that throws for it',
    'function check(id) { if (!id) throw new Error("id"); }\nexports.f = (id) => { check(id); return get(id).then((x) => x.a); };\n',
    'sync-throw at check(id)',
  );
  leaves(
    'a path without a promise',
    'exports.f = (id) => { if (!id) return null; return get(id).then((x) => x.a); };\n',
    'mixed-style at null',
  );
  leaves(
    'the end of the function reached',
    'exports.f = function (id) { if (id) return get(id).then((x) => x.a); };\n',
    'mixed-style at get(id).then((x) => x.a)',
  );
  leaves(
    'a promise that is handed out again',
    'exports.f = function () { if (this.p) return this.p; return get(1).then((x) => x.a); };\n',
    'promise-identity at this.p',
  );
  leaves(
    'a promise that is stored and returned',
    'exports.f = function () { return (this.p = get(1).then((x) => x.a)); };\n',
    'promise-identity at get(1).then((x) => x.a)',
  );
  leaves(
    'getters and constructors',
    'class A { get p() { return get(1).then((x) => x.a); } }\n',
    'no-async-here at get(1).then((x) => x.a)',
  );
  leaves(
    'toJSON',
    'const o = { toJSON() { return get(1).then((x) => x.a); } };\n',
    'no-async-here at get(1).then((x) => x.a)',
  );
  leaves('a handler that may be nothing', 'exports.f = (done) => get(1).then(done);\n', 'unknown-handler at done');
  leaves('a method without its object', 'exports.f = (o) => get(1).then(o.show);\n', 'unknown-handler at o.show');
  leaves('a made handler', 'exports.f = (o) => get(1).then(check(200));\n', 'unknown-handler at check(200)');
  leaves('its own this', 'exports.f = () => get(1).then(function (x) { return this.a + x; });\n', 'own-this at this');
  leaves(
    'its own name',
    'exports.f = () => get(1).then(function g(x) { return x ? g : 1; });\n',
    'own-this at function g(x) { return x ? g : 1; }',
  );
  leaves(
    'two parameters',
    'exports.f = () => $.get(1).then((x, status) => status);\n',
    'library-promise at $.get(1).then((x, status) => status)',
  );
  leaves(
    'cypress',
    "it('a', () => { cy.get('a').then((x) => x.click()); });\n",
    "custom-thenable at cy.get('a').then((x) => x.click())",
  );
  leaves(
    'observables',
    "import 'rxjs';\nexport const f = () => http.get(1).catch((e) => handle(e));\n",
    'custom-thenable at http.get(1).catch((e) => handle(e))',
  );
  leaves(
    'the digest of AngularJS',
    "angular.module('a').factory('b', ($http) => ({ load: () => $http.get(1).then((r) => r.data) }));\n",
    'framework-callback at $http.get(1).then((r) => r.data)',
  );
  leaves(
    'an iteratee of the async library',
    "const async = require('async');\nasync.map(l, (x, cb) => get(x).then((v) => cb(null, v)), done);\n",
    'framework-callback at async.map(l, (x, cb) => get(x).then((v) => cb(null, v)), done)',
  );
  leaves(
    'a catch that never saw the rejection',
    'async function f(a) { try { return get(a).then((x) => x.a); } catch (e) { log(e); } }\n',
    'return-in-try at get(a).then((x) => x.a)',
  );
  leaves(
    'a type that is no Promise',
    'export function f(a: number): Thenable<A> { return get(a).then((x) => x.a); }\n',
    'declared-return-type at Thenable<A>',
  );
  leaves(
    'a chain as an argument',
    'exports.f = (a) => log(get(a).then((x) => x.a));\n',
    'promise-as-value at get(a).then((x) => x.a)',
  );
  leaves(
    'an executor that does more',
    'exports.f = () => new Promise((resolve, reject) => { timer = later(reject); get(1).then((x) => { resolve(x); stop(timer); }).catch(reject); });\n',
    'called-more-than-once at resolve(x);',
  );
  leaves(
    'a callback that throws on purpose',
    'const fs = require("fs");\nexports.f = (n) => new Promise((resolve, reject) => fs.readFile(n, (err, t) => { if (err) return reject(err); resolve(JSON.parse(t)); }));\n',
    'sync-throw at JSON.parse(t)',
  );
  leaves(
    'an executor that forgets errors',
    'exports.f = () => new Promise((resolve, reject) => { get(1).then((x) => resolve(x.a)); });\n',
    'path-without-callback at get(1).then((x) => resolve(x.a))',
  );
  leaves(
    'compilers’ helpers',
    'var __awaiter = function (p) { function step(r) { adopt(r).then(a, b); } step(1); };\n',
  );
  leaves('the border of async code', 'main().catch((err) => { console.error(err); process.exit(1); });\n');
  leaves('members of other objects', "app.get('/a', f); map.get('a').return; z.string().catch('x');\n");
  leaves(
    'optional chains',
    'exports.f = () => maybe()?.then((x) => x.a);\n',
    'optional-chain at maybe()?.then((x) => x.a)',
  );
});

describe('functions', () => {
  becomes(
    'all forms',
    `
export default function (a) { return get(a).then((x) => x.a); }
class A {
  static m(a) {
    return get(a).then((x) => x.a);
  }
  'n'(a) {
    return get(a).then((x) => x.a);
  }
  field = (a) => get(a).then((x) => x.a);
}
`,
    `
export default async function (a) {
  const x = await get(a);
  return x.a;
}
class A {
  static async m(a) {
    const x = await get(a);
    return x.a;
  }
  async 'n'(a) {
    const x = await get(a);
    return x.a;
  }
  field = async (a) => {
    const x = await get(a);
    return x.a;
  };
}
`,
  );
  becomes(
    'arrows on lines of their own',
    `
const names = ids.map((id) =>
  get(id).then((x) => {
    log(x);
    return x.name;
  }),
);
`,
    `
const names = ids.map(async (id) => {
  const x = await get(id);
  log(x);
  return x.name;
});
`,
  );
  becomes(
    'a throw where all callers wait',
    `
function f(id) {
  if (!id) throw new Error('id');
  return get(id).then((x) => x.a);
}
async function g() {
  await f(1);
}
`,
    `
async function f(id) {
  if (!id) throw new Error('id');
  const x = await get(id);
  return x.a;
}
async function g() {
  await f(1);
}
`,
  );
  becomes(
    'a function of the file that gives promises on other paths',
    `
function a(x) {
  return new Promise((resolve) => setTimeout(resolve, x));
}
exports.f = (x) => {
  if (x) return a(x);
  return get(x).then((y) => y.a);
};
`,
    `
function a(x) {
  return new Promise((resolve) => setTimeout(resolve, x));
}
exports.f = async (x) => {
  if (x) return a(x);
  const y = await get(x);
  return y.a;
};
`,
  );
  becomes(
    'a declared answer moves to the head',
    'export const f = (id: number) => get(id).then((x): string => x.a);\n',
    `
export const f = async (id: number): Promise<string> => {
  const x = await get(id);
  return x.a;
};
`,
    'a.ts',
  );
  becomes(
    'errors with a type',
    `
export function f(id: number): Promise<string> {
  return get(id).catch((err) => err.message);
}
`,
    `
export async function f(id: number): Promise<string> {
  try {
    return await get(id);
  } catch (err: any) {
    return err.message;
  }
}
`,
    'a.ts',
  );
});

describe('handlers', () => {
  becomes(
    'the second of .then does not see the first, and ends the flow',
    `
exports.f = () =>
  get(1).then(
    (x) => use(x),
    (err) => {
      log(err);
    },
  );
`,
    `
exports.f = async () => {
  let x;
  try {
    x = await get(1);
  } catch (err) {
    log(err);
    return;
  }
  return use(x);
};
`,
  );
  becomes(
    'bound, by name, and members that need no this',
    `
const parse = (x) => JSON.parse(x);
exports.f = function () {
  return get(1).then(parse).then(this.m.bind(this)).then(function (x) { return this.n(x); }.bind(this)).then(console.log);
};
`,
    `
const parse = (x) => JSON.parse(x);
exports.f = async function () {
  const x = await this.m(parse(await get(1)));
  return console.log(await this.n(x));
};
`,
  );
  becomes(
    'one name through several handlers',
    `
exports.f = () =>
  fetch(1)
    .then((res) => {
      if (!res.ok) throw new Error(res.status);
      return res;
    })
    .then((res) => res.json())
    .finally(() => log('end'));
`,
    `
exports.f = async () => {
  try {
    const res = await fetch(1);
    if (!res.ok) throw new Error(res.status);
    return await res.json();
  } finally {
    await log('end');
  }
};
`,
  );
  becomes(
    'a promise around a promise',
    `
exports.f = (a) =>
  new Promise((resolve, reject) => {
    const b = prepare(a);
    get(b)
      .then((x) => {
        if (x.old) {
          resolve(null);
        } else {
          resolve(x.a);
        }
      })
      .catch((err) => {
        log(err);
        reject(err);
      });
  });
`,
    `
exports.f = async (a) => {
  const b = prepare(a);
  try {
    const x = await get(b);
    if (x.old) {
      return null;
    } else {
      return x.a;
    }
  } catch (err) {
    log(err);
    throw err;
  }
};
`,
  );
  becomes(
    'a promise around one of Node’s own functions',
    `
const fs = require('fs');
exports.size = (name) =>
  new Promise((resolve, reject) => {
    fs.stat(name, (err, stats) => {
      if (err) {
        if (err.code === 'ENOENT') {
          resolve(0);
          return;
        }
        return reject(new Error('no size', { cause: err }));
      }
      resolve(stats.size);
    });
  });
`,
    `
const fs = require('fs');
exports.size = async (name) => {
  let stats;
  try {
    stats = await fs.promises.stat(name);
  } catch (err) {
    if (err.code === 'ENOENT') {
      return 0;
    }
    throw new Error('no size', { cause: err });
  }
  return stats.size;
};
`,
  );
  becomes(
    'a chain that a variable breaks in two',
    `
exports.f = (a) => {
  const all = get(a).then((x) => x.list);
  return all.then((list) => list.length);
};
`,
    `
exports.f = async (a) => {
  const x = await get(a);
  const list = x.list;
  return list.length;
};
`,
  );
});

describe('async functions', () => {
  becomes(
    'chains where a value is awaited',
    `
async function f(a) {
  const b = (await get(a).then((r) => r.data)).items;
  this.c = await get(b).then((r) => r.c);
  console.log(await list(b).then((r) => r.length), 'items');
  for (const x of b) {
    await save(x).then(() => seen.push(x));
  }
  return force && drop(a).then(() => b);
}
var force;
`,
    `
async function f(a) {
  const r = await get(a);
  const b = r.data.items;
  const r2 = await get(b);
  this.c = r2.c;
  const r3 = await list(b);
  console.log(r3.length, 'items');
  for (const x of b) {
    await save(x);
    await seen.push(x);
  }
  if (!force) return force;
  await drop(a);
  return b;
}
var force;
`,
  );
});

describe('floating chains', () => {
  becomes(
    'start an async function, with the same fate for errors',
    `
function go(req, res, next) {
  if (req.a) get(1).then((x) => req.b && show(x)).catch(next);
}
`,
    `
function go(req, res, next) {
  if (req.a) void (async () => {
    try {
      const x = await get(1);
      if (req.b) await show(x);
    } catch (err) {
      next(err);
    }
  })();
}
`,
  );
  becomes(
    'at the end of a function whose calls are statements',
    `
function main() {
  get(1).then((x) => show(x));
}
main();
`,
    `
async function main() {
  const x = await get(1);
  show(x);
}
main();
`,
  );
  becomes(
    'a library that only prints unhandled rejections goes on doing so',
    "const Promise = require('bluebird');\nPromise.all([1]).then((x) => show(x));\n",
    "const Promise = require('bluebird');\nPromise.try(async () => {\n  const x = await Promise.all([1]);\n  show(x);\n});\n",
  );
  leaves(
    'an await of the function around',
    'async function f() { get(await url()).then((x) => show(x)); }\n',
    'expression-order at get(await url()).then((x) => show(x))',
  );
});

describe('sequences', () => {
  becomes(
    'a list that others may change is copied',
    'exports.f = (o) => o.list.reduce((p, x) => p.then(() => save(x)), Promise.resolve()).then(() => 1);\n',
    `
exports.f = async (o) => {
  for (const x of [...o.list]) {
    await save(x);
  }
  return 1;
};
`,
  );
});

describe('Bluebird and Q', () => {
  becomes(
    'spread, tap, get, return and filtered catches',
    `
const Bluebird = require('bluebird');
function f(id) {
  return Bluebird.all([get(id), list(id)])
    .spread((user, items) => save(user, items))
    .tap((saved) => log(saved))
    .catch(NotFound, () => null)
    .get('a')
    .return(3);
}
f(1).catch(report);
`,
    `
const Bluebird = require('bluebird');
async function f(id) {
  let result;
  try {
    const [user, items] = await Bluebird.all([get(id), list(id)]);
    const saved = await save(user, items);
    await log(saved);
    result = saved;
  } catch (err) {
    if (!(err instanceof NotFound)) throw err;
    result = null;
  }
  await result.a;
  return 3;
}
f(1).catch(report);
`,
  );
});

test('--unsafe turns a throw into a rejection', () => {
  const { text } = convert(
    'exports.f = (id) => { if (!id) throw new Error("id"); return get(id).then((x) => x.a); };\n',
    'a.js',
    true,
  );
  expect(text).toContain('async (id)');
});
