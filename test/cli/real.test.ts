import * as fs from 'node:fs';
import * as path from 'node:path';
import { builtBin, repository } from './harness.js';

// The other tests of the command line use a toy in the engine's place; this one goes all the way.
beforeAll(() => void builtBin(false));

const FILES = {
  'package.json': '{ "name": "sizes" }\n',
  'src/size.js':
    "const { stat } = require('fs').promises;\n\nexports.size = function (file) {\n  return stat(file).then((s) => s.size);\n};\n",
  'src/broken.js': 'p.then(x =>\n',
};

test('preview, apply, run again: nothing is left to do', () => {
  const repo = repository(FILES);
  const first = repo.run(['--to', 'async', 'src']);
  expect(first.code).toBe(2);
  expect(first.err).toMatch(/^src\/broken\.js:1:\d+ .+\n/);
  fs.writeFileSync(path.join(repo.folder, 'x.patch'), first.out);
  repo.git('apply', 'x.patch');
  expect(repo.read('src/size.js')).toContain('await stat(file)');
  expect(repo.run(['--to', 'async', '--check', 'src/size.js'])).toMatchObject({ code: 0, out: '' });
});

test('--write does what the preview showed', () => {
  const repo = repository(FILES);
  const { out } = repo.run(['--to', 'async', 'src/size.js']);
  expect(repo.run(['--to', 'async', '--write', 'src/size.js']).code).toBe(0);
  expect(
    repo
      .git('diff', '--no-color')
      .replace(/^index .*\n/m, '')
      .replace(/(@@.*@@).*/g, '$1'),
  ).toBe(out);
});

test('list names the directions that there are', () => {
  const { out, code } = repository({ 'a.js': '' }).run(['list']);
  expect(code).toBe(0);
  expect(out).toMatch(/^callback-to-async +--from callback --to async +javascript, typescript$/m);
  expect(out).toMatch(/^promise-to-async /m);
});
