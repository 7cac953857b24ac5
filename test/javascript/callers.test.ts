import { convert, outcomes } from './callers.support';

describe('all callers are seen', () => {
  test('the function and its callers become async', async () => {
    const before = {
      'main.js': `const fs = require('fs');

function read(name, cb) {
  fs.readFile(name, 'utf8', (err, text) => {
    if (err) return cb(err);
    cb(null, text.trim());
  });
}

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
    const { files, refusals } = convert(before);
    expect(refusals).toEqual([]);
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
    expect(await outcomes(files, 'both', ['a.txt', 'b.txt'])).toEqual(
      await outcomes(before, 'both', ['a.txt', 'b.txt']),
    );
  });
});
