/** Programs that once behaved differently after their conversion, as small as they can be. */

import type { Style, TransformOptions } from '../../src/types.js';
import type { Program } from './execute.js';

export interface Case {
  readonly name: string;
  readonly program: Program;
  readonly options?: Partial<TransformOptions>;
  /** The style to come back to. */
  readonly home?: Style;
  /** It must be left as it is. */
  readonly refused?: boolean;
}

export const cases: readonly Case[] = [
  promise(
    'an object that nobody looks at is no block',
    `io.get(id).finally(() => { io.save(id).catch(() => ({ id, n: 1 })).catch(() => {}); }).then(() => 's')`,
  ),
  promise(
    'an object behind a statement without semicolon',
    `io.get(id).then((x) => { seen = { x, id }\n return { x, id } }).then(() => seen)`,
  ),
  promise(
    'a throw in the list that starts a chain passes its catch by',
    `io.get(id).then(() => Promise.all(list.map(() => { throw new Error('now'); })).catch(() => 'caught')).catch((e) => e.message)`,
  ),
  promise(
    'an argument that throws passes the catch by',
    `io.get(id).then((x) => io.get(JSON.parse('{')).catch(() => 'caught')).catch((e) => e.name)`,
  ),
  statement(
    'a list function that throws at the caller',
    `Promise.all(list.map(() => { throw new Error('now'); })).then(() => 1).catch(() => {});`,
    true,
  ),
  left(
    'an executor whose call throws',
    `new Promise((resolve, reject) => io.get(JSON.parse('{')).catch(() => 'caught').then(resolve, reject))`,
  ),
  promise(
    'the variable of a sequence and an item of the same name',
    `list.reduce((before, result) => before.then(() => io.get(result).then((x) => x.id)), Promise.resolve())`,
  ),
  promise(
    "the variable of a sequence holds each turn's answer",
    `list.reduce((before, item) => before.then(() => io.get(item).catch(() => {})), Promise.resolve())`,
  ),
  inAsync(
    'an assignment of what a handler does not give',
    `let out = 'old'; out = await io.get(id).catch(() => {}); return out;`,
  ),
  inAsync(
    'an assignment of what one arm does not give',
    `let out = 'old'; out = await io.get(id).then((x) => { if (x.ok) return 1; }); return out;`,
  ),
  promise(
    'a cleanup that throws takes the value away',
    `io.get(id).finally(() => { throw new Error('cleanup'); }).then(undefined, (e) => { console.log(e.message); })`,
  ),
  promise(
    'a comment behind a dropped value is written once',
    `io.get(id).then((x) => { switch (x.n) { case 1: { return io.save(1); /* c1 */ } } return 2; // c2\n })`,
  ),
  statement(
    'a comment behind a return in a floating chain is written once',
    `io.get(id).then((x) => { switch (x.n) { case 1: {\n return io.save(1); // c1\n } } });`,
  ),
  callback(
    'comments of a named continuation move with it',
    `\n  // c0\n  function onGet(err, x) {\n    if (err) return cb(err); // c1\n    // c2\n    cb(null, x.id);\n  } // c3\n  io.get(id, onGet);\n`,
  ),
  callback(
    'comments of a hoisted continuation move with it',
    `\n  io.get(id, onGet);\n\n  // c0\n  function onGet(err, x) {\n    if (err) return cb(err); // c1\n    cb(null, x.id);\n  } // c2\n`,
  ),
  callback(
    'what two functions import is imported once',
    `own(id, (err, x) => { if (err) return cb(err); io.save(x, cb); });`,
    `function own(id, cb) { io.get(id, (err, x) => { if (err) return cb(null, 'none'); cb(null, x.id); }); }\n`,
  ),
  {
    ...callback(
      'a join that never answers for an empty list, inside a call that is read in several ways',
      `
  io.get(id, (err, x) => {
    if (err) return cb(err);
    const out = [];
    let left = x.tags.length;
    x.tags.forEach((item, i) => {
      io.get(item, (err, one) => {
        if (err) one = err.message;
        out[i] = one;
        if (--left === 0) cb(null, out);
      });
    });
  });
`,
    ),
    refused: true,
  },
];

function promise(name: string, chain: string): Case {
  const source = `const io = require('./io');\nlet seen;\nfunction f(id, list) {\n  return ${chain};\n}\nmodule.exports = { f };\n`;
  return {
    name,
    program: { source, io: 'promise', calls: [{ name: 'f', args: ['u1', ['a', 'b']], contract: 'promise' }] },
  };
}

function left(name: string, chain: string): Case {
  return { ...promise(name, chain), refused: true };
}

function inAsync(name: string, body: string): Case {
  const { program } = promise(name, '0');
  return {
    name,
    program: { ...program, source: `async function f(id, list) {\n  ${body}\n}\nmodule.exports = { f };\n` },
  };
}

function statement(name: string, text: string, refused = false): Case {
  const { program } = promise(name, '0');
  const source = `function f(id, list) {\n  ${text}\n  return io.get(id);\n}\nmodule.exports = { f };\n`;
  return { name, program: { ...program, source }, ...(refused && { refused }) };
}

function callback(name: string, body: string, before = ''): Case {
  const source = `const io = require('./io');\n${before}function f(id, cb) {${body}}\nmodule.exports = { f };\n`;
  const program: Program = { source, io: 'callback', calls: [{ name: 'f', args: ['u1'], contract: 'callback' }] };
  return { name, program, options: { exports: 'change' } };
}
