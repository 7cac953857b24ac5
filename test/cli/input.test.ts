import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { builtBin, old, repository } from './harness.js';

beforeAll(() => void builtBin());
const TO = ['--to', 'async'];

describe('bad input: one clear line, the right exit code, the rest is done', () => {
  test('a syntax error', () => {
    const repo = repository({ 'a.js': 'x;\np.then(SYNTAX(', 'b.js': old() });
    const { code, out, err } = repo.run(TO);
    expect(code).toBe(2);
    expect(out).toContain('+++ b/b.js');
    expect(err).toContain("a.js:2:8 ')' expected.\n");
    const lenient = repo.run([...TO, '--skip-parse-errors']);
    expect([lenient.code, lenient.err.split('\n')[0]]).toEqual([0, "warning: a.js:2:8 ')' expected."]);
    repo.run([...TO, '--write']);
    expect([repo.read('a.js'), repo.read('b.js')]).toEqual(['x;\np.then(SYNTAX(', 'p.then(NEW);\n']);
  });

  test('a missing path, an empty folder, a pattern without match, a kind that is not ours', () => {
    const repo = repository({ 'a.js': old(), 'docs/x.md': '# x\n' });
    const missing = repo.run([...TO, 'a.js', 'sorc/b.js']);
    expect([missing.code, missing.err.split('\n')[0]]).toEqual([2, "error: no such file or folder: 'sorc/b.js'"]);
    expect(missing.out).toContain('+++ b/a.js');
    expect(repo.run([...TO, 'docs'])).toEqual({
      code: 2,
      out: '',
      err: "error: no JavaScript, TypeScript or Python files to look at in 'docs'\n",
    });
    expect(repo.run([...TO, 'lib/**/*.ts']).err).toBe(
      "error: no JavaScript, TypeScript or Python files match 'lib/**/*.ts'\n",
    );
    expect(repo.run([...TO, '--no-error-on-unmatched-pattern', 'docs', 'lib/*.ts']).code).toBe(0);
    expect(repo.run([...TO, 'docs/x.md'])).toMatchObject({ code: 0, out: '' });
  });

  test('binary, invalid UTF-8, UTF-16, XML, minified and huge files are skipped, and it is said', () => {
    const repo = repository({
      'a.js': Buffer.from('p.then(OLD)\0'),
      'b.js': Buffer.from([...Buffer.from('x\np.then(OLD) // '), 0xe9, 10]),
      'c.js': Buffer.from('\uFEFFp.then(OLD)', 'utf16le'),
      'd.ts': '<?xml version="1.0"?><TS>p.then(OLD)</TS>',
      'e.js': 'p.then(OLD);'.repeat(5000),
      'f.js': old('// a comment as long as a usual one\n').repeat(60_000),
      'g.js': old(),
    });
    const { code, out, err } = repo.run([...TO, '--write', '--output', 'patch']);
    expect(code).toBe(0);
    expect(out.match(/^diff /gm)).toHaveLength(1);
    expect(err.split('\n').slice(0, 6)).toEqual([
      'warning: a.js skipped: a binary file (it holds NUL bytes)',
      'warning: b.js:2:16 skipped: not valid UTF-8 here; it would not keep its bytes (convert it first, for example with iconv)',
      'warning: c.js skipped: UTF-16, not UTF-8; it would not keep its bytes',
      'warning: d.ts skipped: XML, not a program',
      'warning: e.js skipped: looks minified or generated (60000 characters per line)',
      'warning: f.js skipped: 2.8 MB, more than the 2 MB that we look at',
    ]);
    expect(repo.git('status', '--porcelain')).toBe(' M g.js\n');
  });

  test('a defect of ours in one file: the file untouched, the rest done, how to report it', () => {
    const repo = repository({ 'a.js': old(), 'b.js': old('BUG\n'), 'c.js': old() });
    const { code, err } = repo.run([...TO, '--write']);
    expect(code).toBe(2);
    expect(err).toContain(
      'error: b.js internal error in asyncshift (TypeError: toy defect); the file is left as it is. Please report it',
    );
    expect(err).not.toContain('    at ');
    expect(repo.git('status', '--porcelain')).toBe(' M a.js\n M c.js\n');
    repo.git('checkout', '.');
    expect(repo.run([...TO, '--verbose']).err).toMatch(/b\.js: TypeError: toy defect\n    at /);
  });

  test('unreadable files', () => {
    const repo = repository({ 'a.js': old(), 'b.js': old() });
    fs.symlinkSync('loop.js', path.join(repo.folder, 'loop.js'));
    expect(repo.run([...TO, 'loop.js', 'a.js'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('loop.js cannot be read (ELOOP)'),
    });
    if (process.getuid?.() === 0) return; // root reads everything
    fs.chmodSync(path.join(repo.folder, 'b.js'), 0);
    expect(repo.run([...TO, '.'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('b.js cannot be read (EACCES)'),
    });
  });
});

describe('usage', () => {
  const repo = (): ReturnType<typeof repository> => repository({ 'a.js': old() });
  const messages: [args: string[], message: string][] = [
    [['--to', 'asink'], "There is no style 'asink'. There are: callback, promise, async, pool. Did you mean 'async'?"],
    [['--wirte', '--to', 'async'], "unknown option '--wirte'\n(Did you mean --write?)"],
    [
      ['--output', 'jsno', '--to', 'async'],
      "There is no output format 'jsno'. There are: patch, json, explain, ndjson, sarif, github, rdjson, junit, html, md. Did you mean 'json'?",
    ],
    [['a.js'], 'say which style to write: --to async. There are: callback, promise, async, pool.'],
    [['lst'], "there is no command 'lst'. Did you mean 'list'?"],
    [['--to', 'async', '--from', 'async'], "--from and --to are both 'async'"],
    [['--to', 'async', '-U', 'many'], 'It must be a whole number.'],
    [['--to', 'async', '--exports', 'chnage'], "Did you mean 'change'?"],
    [['--to', 'async', '-', 'a.js'], "'-' reads one text from stdin"],
    [['--to', 'async', '--stdin-filename', 'x.js'], "add '-' to read one"],
    [['explain', 'code-after-cal'], "there is no code 'code-after-cal'. Did you mean 'code-after-call'?"],
  ];
  test.each(messages)('%j', (args, message) => {
    const { code, out, err } = repo().run(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
    expect(err.startsWith('error: ')).toBe(true);
  });

  test('a direction that is not there yet is said, with those that are', () => {
    const { code, err } = repo().run(['--to', 'pool']);
    expect(code).toBe(2);
    expect(err).toBe("error: nothing is converted to 'pool' yet. There are: toy-to-async.\n  hint: asyncshift list\n");
  });

  test('help, version, list, explain', () => {
    const here = repo();
    expect(here.run(['--help'])).toMatchObject({ code: 0, err: '', out: expect.stringContaining('  -w, --write') });
    expect(here.run(['--help']).out).not.toContain('--stdin-filename');
    expect(here.run(['--help', '--all']).out).toContain('--stdin-filename');
    expect(here.run(['-V']).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(here.run(['list']).out).toBe('toy-to-async   --from promise --to async   javascript, typescript\n');
    expect(JSON.parse(here.run(['list', '--output', 'json']).out).transforms[0].name).toBe('toy-to-async');
    expect(here.run(['explain', 'code-after-call']).out).toMatch(/^code-after-call\n\n.+\n/);
    expect(here.run(['explain']).out).toContain('  code-after-call ');
    expect(here.run(['explain', 'code-after-call', 'bridged', '-q']).out).toMatch(/\n\nbridged\n\n[A-Z`]/);
    expect(here.run([]).code).toBe(2);
  });

  test('a folder named like a command', () => {
    const here = repository({ 'list/a.js': old() });
    expect(here.run(['--to', 'async', 'list']).out).toContain('+++ b/list/a.js');
  });
});

describe('which files', () => {
  test('ignore files at every level, node_modules always; named ignored files get a note', () => {
    const repo = repository({
      '.gitignore': 'dist/\n*.gen.js\n/only-top.js\n',
      '.asyncshiftignore': 'vendor\n',
      'a.js': old(),
      'dist/b.js': old(),
      'x.gen.js': old(),
      'only-top.js': old(),
      'sub/only-top.js': old(),
      'sub/.gitignore': '!y.gen.js\nz.js\n',
      'sub/y.gen.js': old(),
      'sub/z.js': old(),
      'vendor/v.js': old(),
      'node_modules/m/i.js': old(),
      'types.d.ts': old(),
    });
    const files = (args: string[]): string[] =>
      [...repo.run([...TO, ...args]).out.matchAll(/^\+\+\+ b\/(.*)$/gm)].map((match) => match[1]!);
    expect(files([])).toEqual(['a.js', 'sub/only-top.js', 'sub/y.gen.js']);
    expect(files(['sub/*.js'])).toEqual(['sub/only-top.js', 'sub/y.gen.js']);
    expect(files(['--no-ignore'])).toEqual([
      'a.js',
      'dist/b.js',
      'only-top.js',
      'sub/only-top.js',
      'sub/y.gen.js',
      'sub/z.js',
      'vendor/v.js',
      'x.gen.js',
    ]);
    const named = repo.run([...TO, 'sub/z.js', 'dist/b.js', 'node_modules/m/i.js', 'a.js']);
    expect(named.code).toBe(0);
    expect(named.err.split('\n').slice(0, 3)).toEqual([
      'sub/z.js skipped: ignored by sub/.gitignore',
      'dist/b.js skipped: ignored by .gitignore',
      'node_modules/m/i.js skipped: node_modules is always skipped',
    ]);
  });

  test('a name that looks like a pattern is a name when it exists', () => {
    const repo = repository({ 'pages/[id].tsx': old(), 'pages/i.tsx': old() });
    expect(repo.run([...TO, 'pages/[id].tsx']).out).toContain('+++ b/pages/[id].tsx\n');
    expect(repo.run([...TO, 'pages/[i].tsx']).out).toContain('+++ b/pages/i.tsx\n');
  });

  test('each file once, whatever it is named by; links to folders are not followed', () => {
    const repo = repository({ 'src/a.mts': old() });
    fs.symlinkSync('src', path.join(repo.folder, 'link'));
    expect(repo.run([...TO, '.', 'src', 'src/a.mts', 'src/*.mts']).out.match(/^diff /gm)).toHaveLength(1);
  });
});

describe('stdin', () => {
  test('a filter', () => {
    const repo = repository({ '.gitignore': 'gen\n', 'a.js': '' });
    expect(repo.run([...TO, '-'], { input: '\uFEFFp.then(OLD);\r\n' })).toEqual({
      code: 0,
      out: '\uFEFFp.then(NEW);\r\n',
      err: '',
    });
    for (const name of ['--stdin-filename', '--stdin-filepath', '--stdin-file-path']) {
      expect(repo.run([...TO, '-', name, 'src/x.ts'], { input: old() }).out).toBe('p.then(NEW);\n');
    }
    expect(repo.run([...TO, '-', '--check'], { input: old() }).code).toBe(1);
    expect(repo.run([...TO, '-', '--output', 'patch', '--stdin-filename', 'q/x.js'], { input: old() }).out).toContain(
      '+++ b/q/x.js',
    );
    expect(repo.run([...TO, '-', '--stdin-filename', 'gen/x.js'], { input: old() })).toMatchObject({
      code: 0,
      out: old(),
    });
  });

  test('an error leaves stdout empty', () => {
    const repo = repository({ 'a.js': '' });
    const broken = repo.run([...TO, '-', '--stdin-filename', 'x.ts'], { input: 'p.then(SYNTAX(' });
    expect(broken).toEqual({ code: 2, out: '', err: "x.ts:1:8 ')' expected.\n" });
    const bytes = repo.run([...TO, '-'], { input: Buffer.from([0x70, 0xff]) });
    expect([bytes.code, bytes.out]).toEqual([2, '']);
    expect(repo.run([...TO, '-', '--stdin-filename', 'x.rb'], { input: '' }).code).toBe(2);
  });
});

test('a file with nothing to convert loads no engine and is quick', () => {
  const repo = repository({ 'a.js': 'let x = 1;\n' });
  const engine = path.join(path.dirname(builtBin()), '..', 'dist', 'transforms', 'index.js');
  const text = fs.readFileSync(engine, 'utf8');
  fs.writeFileSync(engine, 'throw new Error("loaded");');
  const { status, stderr } = spawnSync(process.execPath, [builtBin(), ...TO, 'a.js'], {
    cwd: repo.folder,
    encoding: 'utf8',
  });
  fs.writeFileSync(engine, text);
  expect([status, stderr]).toEqual([0, 'Nothing to convert in 1 file.\n']);
});
