import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { builtBin, old, repository } from './harness.js';

beforeAll(() => void builtBin());
const WRITE = ['--to', 'async', '--write'];

describe('--write', () => {
  test('writes, says so, and undo puts all of it back', () => {
    const repo = repository({ 'a.js': old(), 'src/b.ts': old() });
    expect(repo.run(WRITE)).toEqual({ code: 0, out: '', err: 'Changed 2 files, 2 changes.\nUndo: asyncshift undo\n' });
    expect(repo.read('src/b.ts')).toBe('p.then(NEW);\n');
    expect(repo.git('status', '--porcelain')).toBe(' M a.js\n M src/b.ts\n');
    expect(repo.run(['undo'], { cwd: 'src' })).toEqual({ code: 0, out: '', err: 'Put back 2 files.\n' });
    expect(repo.git('status', '--porcelain')).toBe('');
    expect(repo.run(['undo']).code).toBe(2);
  });

  test('a second write changes nothing; --check counts what was changed', () => {
    const repo = repository({ 'a.js': old() });
    expect(repo.run([...WRITE, '--check']).code).toBe(1);
    expect(repo.run([...WRITE, '--check'])).toMatchObject({ code: 0, err: 'Nothing was changed.\n' });
    expect(repo.read('a.js')).toBe('p.then(NEW);\n');
  });

  test('line ends, BOM, missing final newline and mode stay', () => {
    const odd = '\uFEFF#!x\r\np.then(OLD)\r\n"\u2028\f";\n// end\r\np';
    const repo = repository({ 'a.js': odd });
    fs.chmodSync(path.join(repo.folder, 'a.js'), 0o751);
    repo.git('add', '-A');
    expect(repo.run(WRITE).code).toBe(0);
    expect(repo.read('a.js')).toBe(odd.replace('OLD', 'NEW'));
    expect(fs.statSync(path.join(repo.folder, 'a.js')).mode & 0o777).toBe(0o751);
    expect(fs.readdirSync(repo.folder).sort()).toEqual(['.git', 'a.js']);
  });

  test('a dirty file stops the write; staged is good enough; --allow-dirty', () => {
    const repo = repository({ 'a.js': old(), 'b.js': old(), 'c.js': 'not ours\n' });
    repo.write({ 'b.js': old('edited\n'), 'c.js': 'dirty, but not written\n' });
    const refused = repo.run(WRITE);
    expect(refused.code).toBe(2);
    expect(refused.err).toBe(
      'error: b.js has changes that are neither committed nor staged; a rewrite could not be undone with git\n' +
        'error: The other file is fine. Nothing was written.\n  hint: git add b.js, or --allow-dirty\n' +
        'Would change 2 files (2 changes).\n',
    );
    expect(repo.read('a.js')).toBe(old());
    repo.git('add', 'b.js');
    expect(repo.run(WRITE).code).toBe(0);
    repo.run(['undo']);
    repo.write({ 'b.js': old('again\n') });
    expect(repo.run([...WRITE, '--allow-dirty']).code).toBe(0);
    expect(repo.read('b.js')).toBe('p.then(NEW);\nagain\n');
  });

  test('an untracked file, and a folder that is not under git', () => {
    const repo = repository({ 'a.js': old() });
    repo.write({ 'new one.js': old() });
    expect(repo.run(WRITE).err).toContain('new one.js is not tracked by git; a rewrite could not be undone with git\n');
    expect(repo.run(WRITE).err).toContain("hint: git add 'new one.js', or --allow-dirty\n");
    const bare = repository({ 'a.js': old() }, { git: false });
    expect(bare.run(WRITE)).toMatchObject({ code: 2, err: expect.stringContaining('a.js is not under git') });
    expect(bare.run([...WRITE, '--allow-no-vcs']).code).toBe(0);
    expect(bare.read('a.js')).toBe('p.then(NEW);\n');
    expect(bare.run(['undo']).code).toBe(0);
    expect(bare.read('a.js')).toBe(old());
  });

  test('undo refuses when a file was edited since, and then touches none', () => {
    const repo = repository({ 'a.js': old(), 'b.js': old() });
    repo.run(WRITE);
    repo.write({ 'b.js': 'mine\n' });
    expect(repo.run(['undo'])).toEqual({
      code: 2,
      out: '',
      err: 'error: b.js was edited since\nNothing was put back.\n',
    });
    expect(repo.read('a.js')).toBe('p.then(NEW);\n');
  });

  test('undo goes back write by write', () => {
    const repo = repository({ 'a.js': old(), 'b.js': old() });
    repo.run([...WRITE, 'a.js']);
    repo.run([...WRITE, 'b.js']);
    repo.run(['undo']);
    expect([repo.read('a.js'), repo.read('b.js')]).toEqual(['p.then(NEW);\n', old()]);
    repo.run(['undo']);
    expect(repo.read('a.js')).toBe(old());
  });

  test('a file that someone changes while we work is left, with its whole group; the others are written', () => {
    const repo = repository({ 'a.js': 'p.then(JOIN);\n', 'b.js': 'p.then(JOIN);\n', 'c.js': old() });
    const env = { TOY_EDITS_FILE: path.join(repo.folder, 'b.js') };
    const { code, err } = repo.run([...WRITE, '--allow-dirty'], { env });
    expect(code).toBe(2);
    expect(err).toContain('error: b.js was changed while we worked; it is left as it is now\n');
    expect(err).toContain('Changed 1 file, 1 change.');
    expect(repo.read('a.js')).toBe('p.then(JOIN);\n');
    expect(repo.read('b.js')).toBe('p.then(JOIN);\n // someone else\n');
    expect(repo.read('c.js')).toBe('p.then(NEW);\n');
  });

  test('a read-only file is not replaced behind its back, and its group goes with it', () => {
    const repo = repository({ 'a.js': 'p.then(JOIN);\n', 'b.js': 'p.then(JOIN, OLD);\n' });
    fs.chmodSync(path.join(repo.folder, 'b.js'), 0o444);
    expect(repo.run(WRITE)).toMatchObject({ code: 2, err: expect.stringContaining('b.js is read-only') });
    expect(repo.read('a.js')).toBe('p.then(JOIN);\n');
    expect(fs.existsSync(path.join(repo.folder, '.git/asyncshift/undo-000001.json'))).toBe(false);
  });

  test('a symbolic link is edited at its target, a hard link stays one', () => {
    const repo = repository({ 'real/a.js': old(), 'real/h.js': old() });
    fs.symlinkSync('real/a.js', path.join(repo.folder, 'link.js'));
    fs.linkSync(path.join(repo.folder, 'real/h.js'), path.join(repo.folder, 'hard.js'));
    repo.git('add', '-A');
    expect(repo.run(['--to', 'async', 'link.js']).out).toContain('--- a/real/a.js\n');
    expect(repo.run([...WRITE, 'link.js', 'hard.js']).code).toBe(0);
    expect(fs.lstatSync(path.join(repo.folder, 'link.js')).isSymbolicLink()).toBe(true);
    expect([repo.read('real/a.js'), repo.read('real/h.js')]).toEqual(['p.then(NEW);\n', 'p.then(NEW);\n']);
    expect(fs.statSync(path.join(repo.folder, 'hard.js')).nlink).toBe(2);
  });

  test('CRLF under core.autocrlf is not taken for dirt; names that need quoting work', () => {
    const repo = repository({ 'a.js': 'x\n' });
    repo.git('config', 'core.autocrlf', 'true');
    repo.write({ 'a.js': old().replaceAll('\n', '\r\n'), 'na"me é.js': old(), '-dash.js': old() });
    repo.git('add', '-A');
    expect(repo.run(WRITE)).toMatchObject({ code: 0, err: expect.stringContaining('Changed 3 files') });
    expect(repo.read('a.js')).toBe('p.then(NEW);\r\n');
    expect(repo.run(['--to', 'async', '--', '-dash.js']).code).toBe(0);
  });

  test('--write --output patch shows what was written', () => {
    const repo = repository({ 'a.js': old() });
    expect(repo.run([...WRITE, '--output', 'patch']).out).toContain('+p.then(NEW);\n');
    expect(repo.run([...WRITE, '--output', 'json']).out).toContain('"status": "unchanged"');
  });

  test('a kill in the middle leaves a record that undoes what was written', () => {
    const repo = repository({ 'a.js': old(), 'b.js': old() });
    repo.run(WRITE);
    repo.write({ 'b.js': old() }); // as if the kill came before b.js
    expect(repo.run(['undo'])).toMatchObject({ code: 0, err: 'Put back 1 file.\n' });
    expect(repo.read('a.js')).toBe(old());
  });

  test('without a place for the undo record nothing is written', () => {
    const repo = repository({ 'a.js': old() });
    fs.writeFileSync(path.join(repo.folder, '.git/asyncshift'), 'not a folder');
    const { code, err } = repo.run(WRITE);
    expect([code, repo.read('a.js')]).toEqual([2, old()]);
    expect(err).toContain('error: a.js nothing was written: the undo record cannot be kept in ');
  });

  test('Ctrl-C while it writes: the file in hand is finished, the rest is as it was, 130', async () => {
    const repo = repository(Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`f${at}.js`, old()])));
    const child = spawn(process.execPath, [builtBin(), ...WRITE], { cwd: repo.folder, stdio: 'ignore' });
    const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
    const record = path.join(repo.folder, '.git/asyncshift/undo-000001.json');
    while (!fs.existsSync(record)) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGINT');
    expect([130, 0]).toContain(await ended); // 0: it was quicker than the signal
    const whole = new Set(['p.then(NEW);\n', old()]);
    for (let at = 0; at < 300; at++) expect(whole.has(repo.read(`f${at}.js`))).toBe(true);
    repo.run(['undo']);
    expect(repo.git('status', '--porcelain')).toBe('');
  });
});
