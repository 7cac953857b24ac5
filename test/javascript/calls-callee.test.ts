import * as childProcess from 'node:child_process';
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { calleeOf } from '../../src/javascript/calls/callee';
import type { CalleeOptions } from '../../src/javascript/calls/callee';
import table from '../../src/javascript/calls/node-api.json';
import { nodeApi } from '../../src/javascript/calls/node-api';
import { majorsOf, rangeWithin } from '../../src/javascript/calls/packages';
import { parseSource, ts } from '../../src/javascript/parse';
import { scopesOf } from '../../src/javascript/scope';

/** What the last call of the source that ends in a callback named `cb` calls. */
function callee(text: string, options?: CalleeOptions, file = 'a.js') {
  const parsed = parseSource(file, text);
  let found: ts.CallExpression | undefined;
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.arguments.some((one) => one.getText() === 'cb')) found = node;
    ts.forEachChild(node, visit);
  };
  visit(parsed.file);
  if (!found) throw new Error('no call with `cb`');
  return calleeOf(found, scopesOf(parsed.file), options);
}

const awaitable = (text: string, options?: CalleeOptions) => callee(text, options)?.awaitable;

describe('how the file has its hands on fs', () => {
  const member = { kind: 'member-of-promises', text: 'fs.promises.readFile' };
  test.each([
    [`const fs = require('fs'); fs.readFile(f, cb)`, member],
    [`var fs = require('node:fs'); fs.readFile(f, 'utf8', cb)`, member],
    [`import fs from 'node:fs'; fs.readFile(f, cb)`, member],
    [`import * as fs from 'fs'; fs.readFile(f, cb)`, member],
    [`const fs = require('fs'); const read = fs.readFile; read(f, cb)`, member],
    [`const fs = require('fs'); const { readFile: read } = fs; read(f, cb)`, member],
    [`const fs = require('fs'); const read = fs.readFile.bind(fs); read(f, cb)`, member],
    [`import { readFile } from 'fs'; readFile(f, cb)`, { kind: 'import', from: 'fs/promises', name: 'readFile' }],
    [
      `const { readFile } = require('node:fs'); readFile(f, cb)`,
      { kind: 'import', from: 'node:fs/promises', name: 'readFile' },
    ],
    [`require('fs').readFile(f, cb)`, { kind: 'import', from: 'fs/promises', name: 'readFile' }],
    [`const fs = require('graceful-fs'); fs.readFile(f, cb)`, { kind: 'promisify', of: 'fs.readFile', from: 'util' }],
    [`const fs = require('fs-extra'); fs.readFile(f, cb)`, { kind: 'promisify', of: 'fs.readFile', from: 'util' }],
  ])('%s', (text, expected) => expect(awaitable(text)).toEqual(expected));

  test.each([
    `function f(fs) { fs.readFile(f, cb); }`,
    `let fs = require('fs'); if (x) fs = mock; fs.readFile(f, cb)`,
    `const fs = require('fs'); fs.readFile = x; fs.readFile(f, cb)`,
    `const fs = require('./fs'); fs.readFile(f, cb)`,
    `const fs = require('fs'); function g(require) { const fs = require('fs'); fs.readFile(f, cb); }`,
    `const fs = require('fs'); fs.readFile(...args, cb)`,
    `const fs = require('fs'); fs.readFile(cb)`,
    `const fs = require('fs'); fs.readFileSync(f, cb)`,
    `const fs = require('fs'); fs.readFile(f, cb, 1)`,
    `const fs = require('fs'); fs.toString(f, cb)`,
    `import type fs from 'fs'; fs.readFile(f, cb)`,
  ])('unknown: %s', (text) => expect(callee(text, {}, 'a.ts')).toBeUndefined());
});

describe('which form says the same', () => {
  const fsCall = (call: string) => callee(`const fs = require('fs'); ${call}`);
  test('descriptors stay descriptors', () => {
    expect(fsCall('fs.open(p, "r", cb)')!.awaitable).toEqual({ kind: 'promisify', of: 'fs.open', from: 'util' });
    expect(fsCall('fs.close(fd, cb)')!.awaitable.kind).toBe('promisify');
    expect(fsCall('fs.readFile(fd, cb)')!.twin).toBe('none');
    expect(fsCall('fs.readFile(this.fd, cb)')!.awaitable.kind).toBe('promisify');
    expect(fsCall('fs.writeFile(0, x, cb)')!.awaitable.kind).toBe('promisify');
    expect(fsCall('fs.readFile(path.join(dir, "fd"), cb)')!.twin).toBe('equal');
    expect(fsCall('fs.realpath(p, cb)')!.twin).toBe('differs');
  });

  test('several results and where they are', () => {
    expect(fsCall('fs.read(fd, b, 0, 1, 0, cb)')!.results).toEqual([
      { name: 'bytesRead', from: 'bytesRead' },
      { name: 'buffer', from: 'buffer' },
    ]);
    const exec = callee(`const { exec } = require('child_process'); exec('ls', cb)`)!;
    expect(exec).toMatchObject({
      resultWithError: true,
      returns: true,
      throwsSync: true,
      shape: 'error-first',
      callback: 1,
    });
    expect(exec.results[1]).toEqual({ name: 'stderr', from: 'stderr', onError: 'stderr' });
    expect(callee(`require('dns').lookup(h, cb)`)!.results.map((one) => one.from)).toEqual(['address', 'family']);
    expect(callee(`require('dns').lookup(h, { all: true }, cb)`)!.results).toEqual([{ name: 'addresses', from: '' }]);
    expect(callee(`require('dns').lookup(h, { family: 4 }, cb)`)!.results).toHaveLength(2);
    expect(callee(`require('dns').lookup(h, options, cb)`)).toBeUndefined();
  });

  test('not error-first', () => {
    expect(fsCall('fs.exists(p, cb)')).toMatchObject({ shape: 'success-only', awaitable: { kind: 'promisify' } });
    expect(callee('setTimeout(cb, 10)')).toMatchObject({
      module: '',
      name: 'setTimeout',
      callback: 0,
      awaitable: { kind: 'wrap' },
    });
    expect(callee('process.nextTick(cb)')).toMatchObject({ name: 'process.nextTick', results: [] });
    expect(callee('setTimeout(cb, 10, x)')).toBeUndefined();
    expect(callee('function f(setTimeout) { setTimeout(cb, 10) }')).toBeUndefined();
    const question = callee(`const rl = require('readline').createInterface({}); rl.question('?', cb)`);
    expect(question).toMatchObject({ name: 'Interface#question', shape: 'success-only', awaitable: { kind: 'wrap' } });
  });

  test('tests that replace a function keep their hold on it', () => {
    const isPatched = (module: string, name: string) => module === 'fs' && name === 'stat';
    expect(awaitable(`const fs = require('fs'); fs.stat(p, cb)`, { isPatched })!.kind).toBe('promisify');
  });

  test('other modules', () => {
    expect(awaitable(`import zlib from 'node:zlib'; zlib.gzip(b, cb)`)).toEqual({
      kind: 'promisify',
      of: 'zlib.gzip',
      from: 'node:util',
    });
    expect(awaitable(`const dns = require('dns'); dns.resolve4(h, cb)`)).toEqual({
      kind: 'member-of-promises',
      text: 'dns.promises.resolve4',
    });
    expect(awaitable(`const { pipeline } = require('stream'); pipeline(a, b, c, cb)`)).toEqual({
      kind: 'import',
      from: 'stream/promises',
      name: 'pipeline',
    });
    expect(callee(`const c = require('crypto'); c.randomBytes(8, cb)`)!.results).toEqual([{ name: 'buf', from: '' }]);
  });
});

describe('packages', () => {
  test('versions decide', () => {
    const mkdirp = `const mkdirp = require('mkdirp'); mkdirp(d, cb)`;
    expect(awaitable(mkdirp, { dependencies: { mkdirp: '^0.5.1' } })!.kind).toBe('promisify');
    expect(callee(mkdirp, { dependencies: { mkdirp: '^1.0.0' } })).toBeUndefined();
    expect(callee(mkdirp)).toBeUndefined();
    const extra = `import fse from 'fs-extra'; fse.copy(a, b, cb)`;
    expect(awaitable(extra, { dependencies: { 'fs-extra': '^11.0.0' } })).toEqual({ kind: 'same-call' });
    expect(awaitable(extra, { dependencies: { 'fs-extra': '^2.0.0' } })!.kind).toBe('promisify');
  });

  test('where the callback may be left out, it must look like one', () => {
    const known = (text: string) => {
      const { file } = parseSource(
        'a.js',
        `const fse = require('fs-extra'), cp = require('child_process'), request = require('request');\n${text}`,
      );
      const call = (file.statements.at(-1) as ts.ExpressionStatement).expression as ts.CallExpression;
      return !!calleeOf(call, scopesOf(file), { dependencies: { 'fs-extra': '^9.0.0' } });
    };
    expect(
      [
        'fse.remove(dir)',
        'fse.copy(a, b)',
        'fse.readFile(f, encoding)',
        'cp.exec(c, options)',
        'request(url)',
        'request(options)',
      ].filter(known),
    ).toEqual([]);
    expect(
      [
        'fse.remove(dir, done)',
        'fse.copy(a, b, () => {})',
        'function f() {}\nrequest(u, f)',
        'cp.exec(c, this.onExit)',
      ].filter((text) => !known(text)),
    ).toEqual([]);
  });

  test('clients', () => {
    const request = callee(`const request = require('request'); request({ url, json: true }, cb)`)!;
    expect(request.results).toEqual([
      { name: 'response', from: '' },
      { name: 'body', from: 'body' },
    ]);
    expect(callee(`const request = require('request'); request.post(u, cb)`)).toMatchObject({
      name: 'post',
      returns: true,
    });
    expect(callee(`const agent = require('superagent'); agent.get(u).query({ a: 1 }).end(cb)`)).toMatchObject({
      resultWithError: true,
      awaitable: { kind: 'receiver', text: 'agent.get(u).query({ a: 1 })' },
    });
    expect(callee(`const t = require('tmp'); t.file(cb)`)!.results.map((one) => one.from)).toEqual([
      '',
      undefined,
      undefined,
    ]);
    expect(callee(`const http = require('http'); http.get(u, cb)`)).toBeUndefined();
    expect(callee(`socket.end(cb)`)).toBeUndefined();
  });

  test('ranges', () => {
    expect(majorsOf('^1.2.3')).toEqual({ low: 1, high: 1 });
    expect(majorsOf('~0.5')).toEqual({ low: 0, high: 0 });
    expect(majorsOf('2.x')).toEqual({ low: 2, high: 2 });
    expect(majorsOf('^2 || ^3')).toEqual({ low: 2, high: 3 });
    expect(majorsOf('>=4')).toEqual({ low: 4, high: Infinity });
    expect(majorsOf('>=1.0.0 <3')).toEqual({ low: 1, high: 2 });
    expect(majorsOf('3.0.0-beta.1')).toEqual({ low: 3, high: 3 });
    expect(['*', 'latest', '', undefined, 'github:a/b', '>=1 <2.5', '^1 || *'].map(majorsOf)).toEqual(
      Array(7).fill(undefined),
    );
    expect(rangeWithin('>=2', 1)).toBe(true);
    expect(rangeWithin('>=2', 0, 4)).toBe(false);
  });
});

describe('what the table says is what Node does', () => {
  test('every function is there, or younger than this Node', () => {
    const version = process.versions.node.split('.').map(Number) as [number, number];
    for (const [module, rows] of Object.entries(table)) {
      const real = require(module) as Record<string, unknown>;
      for (const [name, row] of Object.entries(rows as Record<string, { since?: string }>)) {
        const [major = 0, minor = 0] = (row.since ?? '0.0').split('.').map(Number);
        const older = major < version[0] || (major === version[0] && minor <= version[1]);
        if (older && name !== 'lchmod') expect([name, typeof real[name]]).toEqual([name, 'function']);
      }
    }
  });

  test('the table is what the installed types say', () => {
    const script = path.join(__dirname, '../../scripts/generate-node-api.mjs');
    const { status, stderr } = childProcess.spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  }, 60_000);

  test('what promisify gives', async () => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'api-')), 'a');
    const fields = (module: string, name: string, value: object) =>
      expect(Object.keys(value)).toEqual(nodeApi(module, name)!.promisified);
    fields('child_process', 'exec', await promisify(childProcess.exec)('echo 1'));
    fields('child_process', 'execFile', await promisify(childProcess.execFile)(process.execPath, ['-v']));
    const fd = await promisify(fs.open)(file, 'w+');
    expect(typeof fd).toBe('number');
    fields('fs', 'write', await promisify(fs.write)(fd, 'abc'));
    fields('fs', 'read', await promisify(fs.read)(fd, Buffer.alloc(2), 0, 2, 0));
    fields('fs', 'readv', await promisify(fs.readv)(fd, [Buffer.alloc(1)], 0));
    expect(await promisify(fs.writev)(fd, [Buffer.from('x')], 0)).toMatchObject({ bytesWritten: 1 });
    await promisify(fs.close)(fd);
    const key = {
      modulusLength: 512,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    };
    fields('crypto', 'generateKeyPair', await promisify(crypto.generateKeyPair)('rsa', key as never));
    expect(await promisify(fs.exists)(file)).toBe(true);
    const failed = await promisify(childProcess.exec)('echo out; exit 3').catch((error: object) => error);
    expect(failed).toMatchObject({ stdout: 'out\n', stderr: '' });
    fs.rmSync(path.dirname(file), { recursive: true });
  });

  test('equal twins give equal errors', async () => {
    const twins = [
      'access',
      'readFile',
      'stat',
      'lstat',
      'readdir',
      'unlink',
      'rmdir',
      'opendir',
      'readlink',
      'statfs',
    ] as const;
    for (const name of twins) {
      expect(nodeApi('fs', name)!.twin).toBe('equal');
      const plain = (error: Error) => ({ ...error, message: error.message });
      const one = await new Promise((resolve) =>
        (fs[name] as Function)('/none/such', (error: Error) => resolve(plain(error))),
      );
      const other = await (fs.promises[name] as Function)('/none/such').catch(plain);
      expect([name, other]).toEqual([name, one]);
    }
  });
});
