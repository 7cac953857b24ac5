import * as fs from 'node:fs';
import * as path from 'node:path';
import { builtBin, repository, type Files, type Repository } from './harness.js';

// Worker threads start from compiled files, so all of this goes through the command line.
beforeAll(() => void builtBin(false));

const chain = (name: string): string =>
  `const { stat } = require('fs').promises;\n\nexports.${name} = function (file) {\n  return stat(file).then((s) => s.size);\n};\n`;
const refused = 'exports.later = (p) => ({ value: p.then((x) => x) });\n';

/** Seven packages, one of them broken, and files of none. */
function packages(): Files {
  const names = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];
  const files = names.map((name, at): [string, string][] => [
    [`packages/${name}/package.json`, `{ "name": "${name}" }\n`],
    [`packages/${name}/index.js`, chain(name).repeat(1 + (at % 3))],
    [`packages/${name}/plain.js`, `exports.${name} = 1;\n`],
    [`packages/${name}/kept.js`, refused],
  ]);
  return { ...Object.fromEntries(files.flat()), 'packages/six/broken.js': 'p.then(x =>\n', 'root.js': chain('root') };
}

const json = ({ run }: Repository, ...more: string[]): string =>
  run(['--to', 'async', '--output', 'json', ...more]).out;

test('the same bytes come out whatever the number of workers', () => {
  const repo = repository(packages());
  const alone = json(repo, '--no-cache', '--jobs', '1');
  expect(JSON.parse(alone)).toMatchObject({ summary: { changed: 8, refused: 7, errors: 1 } });
  expect(json(repo, '--no-cache', '--jobs', '8')).toBe(alone);
  expect(json(repo, '--no-cache', '--jobs', '2')).toBe(alone);
  expect(json(repo, '--no-cache')).toBe(alone);
});

test('a second run comes from the cache, with the same bytes; --no-cache keeps nothing', () => {
  const repo = repository(packages());
  const where = path.join(repo.folder, 'kept');
  const first = json(repo, '--no-cache', '--cache-location', where);
  expect(fs.existsSync(where)).toBe(false);
  expect(json(repo, '--cache-location', where, '--jobs', '3')).toBe(first);
  expect(fs.readdirSync(where).length).toBeGreaterThan(7);
  expect(json(repo, '--cache-location', where)).toBe(first);
});

test('results are kept beside the packages where there are some', () => {
  const repo = repository({ ...packages(), '.gitignore': 'node_modules\n', 'node_modules/x/index.js': '' });
  json(repo);
  expect(fs.existsSync(path.join(repo.folder, 'node_modules/.cache/asyncshift/results/CACHEDIR.TAG'))).toBe(true);
  expect(repo.git('status', '--porcelain')).toBe('');
});

test.each([1, 2, 4, 9])('%i shards, merged, are the whole', (count) => {
  const repo = repository(packages());
  fs.mkdirSync(`${repo.folder}-cache`);
  const parts = Array.from({ length: count }, (_, at) => {
    const name = `r${at + 1}.json`;
    repo.run([
      '--to',
      'async',
      '--no-cache',
      '--shard',
      `${at + 1}/${count}`,
      '--output',
      `json=../${path.basename(repo.folder)}-cache/${name}`,
    ]);
    return `../${path.basename(repo.folder)}-cache/${name}`;
  });
  const whole = json(repo, '--no-cache');
  expect(repo.run(['merge', ...parts.reverse()]).out).toBe(whole);
  const patch = repo.run(['--to', 'async', '--no-cache']);
  expect(repo.run(['merge', ...parts, '--output', 'patch'])).toMatchObject({ out: patch.out, code: 2 });
  const files = parts.map(
    (part) => JSON.parse(fs.readFileSync(path.join(repo.folder, part), 'utf8')).files as { path: string }[],
  );
  for (const own of files) {
    const folders = new Set(own.map((file) => path.dirname(file.path)));
    for (const folder of folders)
      expect(own.filter((file) => path.dirname(file.path) === folder).length).toBe(
        folder === '.' ? 1 : folder.endsWith('six') ? 4 : 3,
      );
  }
});

test('--check and reports of a merge are those of the run', () => {
  const repo = repository({
    'a/package.json': '{ "name": "a" }\n',
    'a/a.js': chain('a'),
    'b/package.json': '{ "name": "b" }\n',
    'b/b.js': chain('b'),
  });
  for (const index of [1, 2]) repo.run(['--to', 'async', '--shard', `${index}/2`, '--output', `json=r${index}.json`]);
  expect(repo.run(['merge', 'r1.json', 'r2.json', '--check', '--output', 'github'])).toMatchObject({
    code: 1,
    out: repo.run(['--to', 'async', '--output', 'github']).out,
  });
});

describe('what cannot be merged is said, and nothing comes out', () => {
  const made = (): Repository => {
    const repo = repository({
      'a/package.json': '{ "name": "a" }\n',
      'a/a.js': chain('a'),
      'b/package.json': '{ "name": "b" }\n',
      'b/b.js': chain('b'),
    });
    for (const index of [1, 2, 3])
      repo.run(['--to', 'async', '--shard', `${index}/3`, '--output', `json=r${index}.json`]);
    repo.run(['--to', 'async', '--unsafe', '--shard', '3/3', '--output', 'json=unsafe.json']);
    repo.run(['--to', 'async', '--shard', '2/2', '--output', 'json=half.json']);
    repo.run(['--to', 'async', '--output', 'json=whole.json', 'a']);
    const older = repo.read('r3.json').replace(/"version": "[^"]+"/, '"version": "0.0.1"');
    repo.write({ 'older.json': older, 'no.json': '{}', 'text.json': 'x' });
    return repo;
  };
  let repo: Repository;
  beforeAll(() => void (repo = made()));
  test.each([
    [['r1.json', 'r3.json'], /shards are missing: 2\/3/],
    [['r1.json', 'r2.json', 'r2.json', 'r3.json'], /r2\.json and r2\.json are both shard 2\/3/],
    [['r1.json', 'r2.json', 'unsafe.json'], /disagree on the configuration/],
    [['r1.json', 'r2.json', 'older.json'], /disagree on the version: .*, 0\.0\.1/],
    [['r1.json', 'half.json'], /disagree on the number of shards: 3, 2/],
    [['r1.json', 'whole.json'], /disagree on the number of shards: 3, none/],
    [['whole.json', 'whole.json'], /overlap: both have a\/a\.js/],
    [['no.json'], /no\.json is no result/],
    [['text.json'], /text\.json is no JSON/],
    [['gone.json'], /gone\.json cannot be read \(ENOENT\)/],
    [[], /name the results/],
  ])('%j', (names, message) => {
    const done = repo.run(['merge', ...names]);
    expect(done).toMatchObject({ code: 2, out: '' });
    expect(done.err).toMatch(message);
  });
});

test('a shard is named as i/n, and writes nothing', () => {
  const repo = repository({ 'a.js': chain('a') });
  for (const bad of ['0/2', '3/2', '2', 'x/y']) expect(repo.run(['--to', 'async', '--shard', bad]).code).toBe(2);
  expect(repo.run(['--to', 'async', '--shard', '1/2', '--write'])).toMatchObject({ code: 2, out: '' });
  for (const bad of ['0', 'many']) expect(repo.run(['--to', 'async', '--jobs', bad]).code).toBe(2);
});
