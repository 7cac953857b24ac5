/** Configuration files: where they are found, what they say, and that a mistake in one is one line with its place. */
import Ajv from 'ajv';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { RULES } from '../../src/run/config/config.js';
import { allTransforms } from '../../src/transforms/index.js';
import { builtBin, old, repository } from './harness.js';

beforeAll(() => void builtBin());
const schema = JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', 'schema.json'), 'utf8')) as object;

const changed = (out: string): string[] => [...out.matchAll(/^\+\+\+ b\/(.*)$/gm)].map((match) => match[1]!);

describe('where', () => {
  const places: [name: string, text: string][] = [
    ['asyncshift.config.json', '{"to":"async"}'],
    ['asyncshift.config.jsonc', '// ours\n{"to":"async", /* so far */}'],
    ['package.json', '{"name":"x","asyncshift":{"to":"async"}}'],
    ['pyproject.toml', '[tool.asyncshift]\nto = "async"\n'],
  ];
  test.each(places)('%s', (name, text) => {
    const repo = repository({ [name]: text, 'src/a.js': old() });
    expect(changed(repo.run([]).out)).toEqual(['src/a.js']);
    expect(changed(repo.run(['a.js'], { cwd: 'src' }).out)).toEqual(['src/a.js']);
    expect(repo.run(['--no-config']).code).toBe(2);
  });

  test.each(['js', 'cjs', 'mjs', 'ts'])('asyncshift.config.%s is run only when it is named', (ending) => {
    const name = `asyncshift.config.${ending}`;
    const head = { js: 'module.exports =', cjs: 'module.exports =', mjs: 'export default', ts: 'export default' }[
      ending
    ];
    const typed = ending === 'ts' ? ' satisfies object' : '';
    const text = `require_; ${head} { to: 'async' }${typed};\n`.replace(
      'require_;',
      ending === 'js' || ending === 'cjs'
        ? "require('fs').writeFileSync('ran', '');"
        : "import { writeFileSync } from 'fs'; writeFileSync('ran', '');",
    );
    const repo = repository({ [name]: text, 'a.js': old() });
    const found = repo.run([]);
    expect([found.code, found.err]).toEqual([
      2,
      `error: ${name} is code, which is run only when you name it: --config ${name} (--no-config passes it over)\n`,
    ]);
    expect(fs.existsSync(path.join(repo.folder, 'ran'))).toBe(false);
    expect(changed(repo.run(['--config', name]).out)).toEqual(['a.js']);
    expect(fs.existsSync(path.join(repo.folder, 'ran'))).toBe(true);
  });

  test('the nearest one up to the top of the work tree; two in one folder are a mistake', () => {
    const repo = repository({
      'package.json': '{"asyncshift":{"to":"callback"}}',
      'sub/asyncshift.config.json': '{"to":"async"}',
      'sub/deep/a.js': old(),
    });
    expect(changed(repo.run([], { cwd: 'sub/deep' }).out)).toEqual(['sub/deep/a.js']);
    repo.write({ 'sub/package.json': '{"asyncshift":{"to":"async"}}' });
    expect(repo.run([], { cwd: 'sub' }).err).toContain(
      'there are two configurations here, asyncshift.config.json and package.json; keep one',
    );
  });

  test('a missing file is 2', () => {
    const repo = repository({ 'a.js': old() });
    expect(repo.run(['--config', 'no.json'])).toMatchObject({ code: 2, err: 'error: no.json there is no such file\n' });
  });
});

describe('what it says', () => {
  test('the command line wins', () => {
    const repo = repository({
      'asyncshift.config.json': '{"to":"async","unsafe":true}',
      'a.js': old('p.then(RISKY);\n'),
    });
    expect(repo.run([]).out).toContain('-p.then(RISKY);');
    expect(repo.run(['--no-unsafe']).out).not.toContain('-p.then(RISKY);');
    expect(repo.run(['--to', 'pool']).err).toContain("nothing is converted to 'pool' yet");
  });

  test('include and exclude, from the folder of the configuration, also for named files', () => {
    const repo = repository({
      'pkg/asyncshift.config.json':
        '{"to":"async","include":["src","*.mjs"],"exclude":["**/*.gen.js","src/vendor/**"]}',
      'pkg/src/a.js': old(),
      'pkg/src/b.gen.js': old(),
      'pkg/src/vendor/c.js': old(),
      'pkg/top.mjs': old(),
      'pkg/other.js': old(),
    });
    expect(changed(repo.run([], { cwd: 'pkg' }).out)).toEqual(['pkg/src/a.js', 'pkg/top.mjs']);
    const named = repo.run(['src/b.gen.js', 'other.js', 'src/a.js'], { cwd: 'pkg' });
    expect([named.code, changed(named.out)]).toEqual([0, ['pkg/src/a.js']]);
    expect(named.err).toContain('src/b.gen.js skipped: excluded by the configuration\n');
    expect(named.err).toContain('other.js skipped: not in "include" of the configuration\n');
    const text = repo.run(['-', '--stdin-filename', 'other.js'], { cwd: 'pkg', input: old() });
    expect(text).toMatchObject({ out: old(), err: expect.stringContaining('other.js skipped') });
  });

  test('overrides by pattern, and what would be asked for in one file', () => {
    const repo = repository({
      'asyncshift.config.json': JSON.stringify({
        to: 'async',
        rules: { 'async-to-pool': 'off' },
        overrides: [
          { include: ['risky/**'], unsafe: true },
          { include: ['risky/not/*'], unsafe: false },
        ],
      }),
      'a.js': 'p.then(RISKY);\n',
      'risky/a.js': 'p.then(RISKY);\n',
      'risky/not/a.js': 'p.then(RISKY);\n',
    });
    expect(changed(repo.run([]).out)).toEqual(['risky/a.js']);
    const printed = (file: string): object => JSON.parse(repo.run(['--print-config', file]).out) as object;
    expect(printed('risky/a.js')).toMatchObject({ file: 'risky/a.js', settings: { to: 'async', unsafe: true } });
    expect(printed('risky/not/a.js')).toMatchObject({ settings: { unsafe: false } });
    expect(printed('node_modules/a.js')).toMatchObject({ skipped: 'node_modules is always skipped' });
    expect(changed(repo.run(['--no-unsafe']).out)).toEqual([]);
  });

  test('rules: those that are off, --rule, --skip', () => {
    const repo = repository({
      'asyncshift.config.json': '{"to":"async","rules":{"promise-to-async":"off"}}',
      'a.js': old(),
    });
    const rules = (...args: string[]): string[] =>
      (JSON.parse(repo.run(['--output', 'json', ...args]).out) as { config: { rules: string[] } }).config.rules;
    expect(rules()).toEqual(RULES.filter((name) => name !== 'promise-to-async'));
    expect(rules('--rule', 'promise-to-async', '--rule', 'pool-to-async')).toEqual([
      'pool-to-async',
      'promise-to-async',
    ]);
    expect(rules('--skip', 'pool-to-async')).toHaveLength(RULES.length - 2);
    expect(repo.run(['--rule', 'promise-to-asnyc']).err).toContain("Did you mean 'promise-to-async'?");
  });
});

describe('a mistake is one line with its place and the nearest word', () => {
  const mistakes: [name: string, text: string, message: string][] = [
    ['asyncshift.config.json', '{\n  "too": "async"\n}', ':2:3 there is no setting "too". Did you mean "to"?'],
    ['asyncshift.config.json', '{"to": "asink"}', ':1:2 "to" must be one of: callback, promise, async, pool.'],
    ['asyncshift.config.json', '{"to": "async",\n"include": "src"}', ':2:1 "include" must be an array.'],
    ['asyncshift.config.json', '{"to": "async"\n "from": "pool"}', ':2:2 is no JSON: comma expected'],
    ['asyncshift.config.json', '[]', ':1:1 the configuration must be an object.'],
    [
      'asyncshift.config.json',
      '{"overrides": [{"include": ["a"],\n "rules": {"promise-to-asinc": "off"}}]}',
      ':2:12 there is no setting "overrides.0.rules.promise-to-asinc". Did you mean "promise-to-async"?',
    ],
    ['asyncshift.config.json', '{"overrides": [{}]}', ':1:16 "overrides.0" must say "include".'],
    [
      'package.json',
      '{\n "name": "x",\n "asyncshift": {"unsave": true}\n}',
      ':3:17 there is no setting "unsave". Did you mean "unsafe"?',
    ],
    [
      'pyproject.toml',
      '[project]\nname = "x"\n[tool.asyncshift]\nto = "async"\nunsave = true\n',
      ':5:1 there is no setting "unsave". Did you mean "unsafe"?',
    ],
    ['pyproject.toml', '[tool.asyncshift\n', ':1:'],
  ];
  test.each(mistakes)('%s %j', (name, text, message) => {
    const { code, out, err } = repository({ [name]: text, 'a.js': old() }).run([]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(`error: ${name}${message}`);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('the schema', () => {
  const validate = new Ajv({ strict: false }).compile(schema);
  test('takes what the documentation shows', () => {
    const page = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'config.md'), 'utf8');
    const examples = [...page.matchAll(/```json\n([^]*?)```/g)].map((match) => JSON.parse(match[1]!) as object);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      validate('asyncshift' in example ? example.asyncshift : example);
      expect(validate.errors).toBeNull();
    }
    expect(validate({ to: 'async', unknown: 1 })).toBe(false);
  });

  test('knows every direction by name', () => {
    expect([...new Set(allTransforms().map((each) => each.name))].sort()).toEqual([...RULES]);
  });
});

describe('init', () => {
  test('the style that most of the code has, the hook manager that is there, and never over another one', () => {
    const repo = repository({
      'a.js': 'async () => { await 1; };\n',
      'b.js': 'async () => { await 1; };\n',
      'c.js': old(),
      '.husky/pre-commit': 'npm test\n',
    });
    const { code, err } = repo.run(['init']);
    expect(code).toBe(0);
    expect(err).toContain('Files that wait: 2 async, 1 promise, 0 pool, 0 callback.\n');
    expect(err).toContain('Hook (husky)');
    expect(repo.read('asyncshift.config.json')).toBe('{\n  "to": "async"\n}\n');
    expect(changed(repo.run([]).out)).toEqual(['c.js']);
    expect(repo.run(['init', '--to', 'promise'])).toMatchObject({
      code: 2,
      err: 'error: there is a configuration already: asyncshift.config.json\n',
    });
    expect(repo.read('asyncshift.config.json')).toContain('async');
  });

  test('a configuration that is code counts too', () => {
    const repo = repository({ 'asyncshift.config.mjs': 'export default {}', 'a.js': old() });
    expect(repo.run(['init', '--to', 'pool']).err).toContain('there is a configuration already: asyncshift.config.mjs');
  });
});
