/** Programs that once behaved differently in one of the directions that came later, as small as they can be: there, and back again. */

import type { Style } from '../../src/types.js';
import type { Program } from './execute.js';
import type { Case } from './regressions.js';

export const directionCases: readonly Case[] = [
  left('callback', 'async', 'a continuation of a join that answers a turn later', {
    cb: `
  const joined = (res) => process.nextTick(cb, null, 's3');
  const out = [];
  let left = list.length;
  let failed = false;
  if (left === 0) return process.nextTick(joined, out);
  list.forEach((res, i) => {
    const done = (error, given) => {
      if (failed) return;
      if (error) {
        failed = true;
        return cb(error);
      }
      out[i] = given;
      left--;
      if (left === 0) joined(out);
    };
    io.get('s1', (error) => {
      if (error) return done(error);
      return done(null, 's2');
    });
  });
`,
  }),
  told('async', 'callback', 'the error of a catch is not hidden by those of the waits in it', {
    body: `
  try {
    await io.list(2);
  } catch (err) {
    if ((await io.get(err.message)).ok) console.log('ok');
    else await io.save(err.message);
  }
  return io.get('s14');
`,
  }),
  told('async', 'callback', 'a wait that is already under way is waited for later', {
    body: `
  const p = io.text(id);
  const q = await io.get(0);
  const both = [q, await p];
  return both;
`,
  }),
  told('promise', 'callback', 'a value that nobody reads begins with a bracket, without semicolons', {
    body: `
  return io.get(id).then((res) => {
    console.log(res.id)
  }).finally(async () => {
    await io.save({ id, b: list })
    let x = list
    return { id, b: x }
  }).then(() => 's5')
`,
  }),
  left('promise', 'callback', 'two catches with one name', {
    body: `
  return io.get(id).catch((e) => Promise.reject(new Error(e.message + 'r2'))).catch((e) => {
    if (e.code === 'EGET') return 'none';
    return e.message;
  });
`,
  }),
  told('pool', 'callback', 'a name that is changed is changed in a task too', {
    head: `const pMap = require('p-map');\n`,
    body: `
  const outer = await io.save('outer');
  if (list.length > 1) {
    const [value, id] = await Promise.all([io.get(1), io.save('s5')]);
    const x = await pMap(list, async (res) => {
      if (!id) return 's6';
      await io.get('s7');
      return value.id;
    });
    console.log(x);
  }
  return outer;
`,
  }),
  told('pool', 'callback', 'an import that goes and one that comes meet', {
    head: `const pMap = require('p-map');\n`,
    body: `
  const out = await pMap(list, async (each) => {
    await io.get(each);
    return 's2';
  });
  return out;
`,
  }),
];

function left(from: Style, to: Style, name: string, text: Text): Case {
  return { ...told(from, to, name, text), refused: true };
}

interface Text {
  readonly head?: string;
  readonly body?: string;
  /** The body of a callback function. */
  readonly cb?: string;
}

function told(from: Style, to: Style, name: string, { head = '', body, cb }: Text): Case {
  const [word, params] = [from === 'async' || from === 'pool' ? 'async ' : '', cb ? 'id, list, cb' : 'id, list'];
  const source = `const io = require('./io')\n${head}${word}function f(${params}) {${cb ?? body}}\nmodule.exports = { f }\n`;
  const contract = from === 'callback' ? 'callback' : 'promise';
  const call = (...args: readonly unknown[]) => ({ name: 'f', args, contract, arity: cb ? 3 : 2 }) as const;
  const program: Program = { source, io: contract, calls: [call('u1', ['a', 'b']), call(undefined, [])] };
  return {
    name: `${from} -> ${to}: ${name}`,
    program,
    options: { to, ...(to === 'pool' && { limit: 9 }) },
    home: from,
  };
}
