/** Our transforms under jscodeshift's own runner, as a user starts it: another process, a folder of files. */

import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { transformSync } from '@swc/core';

const root = path.join(__dirname, '../..');
const chain = `const { get } = require('./io');

exports.nameOf = function nameOf(id) {
  return get(id).then((user) => user.name);
};
`;
const awaited = `const { get } = require('./io');

exports.nameOf = async function nameOf(id) {
  const user = await get(id);
  return user.name;
};
`;

let home: string;

/** A package as it would be installed: the transforms, and the sources compiled as they are now. */
beforeAll(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-jscodeshift-'));
  const installed = path.join(home, 'node_modules/asyncshift');
  fs.cpSync(path.join(root, 'transforms'), path.join(installed, 'transforms'), { recursive: true });
  compile(path.join(root, 'src'), path.join(installed, 'dist'));
  fs.copyFileSync(path.join(root, 'package.json'), path.join(installed, 'package.json'));
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(installed, 'node_modules'));
});

afterAll(() => fs.rmSync(home, { recursive: true }));

function compile(from: string, to: string): void {
  fs.mkdirSync(to, { recursive: true });
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    const target = path.join(to, entry.name.replace(/\.ts$/, '.js'));
    if (entry.isDirectory()) compile(source, target);
    else if (/(?<!\.d)\.ts$/.test(entry.name)) fs.writeFileSync(target, compiled(source));
    else fs.copyFileSync(source, target);
  }
}

function compiled(file: string): string {
  const jsc = { parser: { syntax: 'typescript' as const }, target: 'es2022' as const };
  return transformSync(fs.readFileSync(file, 'utf8'), { jsc, module: { type: 'commonjs' }, filename: file }).code;
}

/** Writes the files, runs jscodeshift over them, gives what they have become and what was printed. */
function jscodeshift(name: string, files: Record<string, string>, ...flags: string[]) {
  const folder = fs.mkdtempSync(path.join(home, 'src-'));
  for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, file), text);
  const bin = path.join(root, 'node_modules/jscodeshift/bin/jscodeshift.js');
  const transform = path.join(home, 'node_modules/asyncshift/transforms', name);
  const args = [bin, '-t', transform, '--extensions=js,ts', '--cpus=1', ...flags, folder];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: home, encoding: 'utf8' });
  const after = Object.fromEntries(
    Object.keys(files).map((file) => [file, fs.readFileSync(path.join(folder, file), 'utf8')]),
  );
  return { after, output: stdout + stderr, status };
}

test('promise-to-async converts a file, and leaves the others as they are', () => {
  const plain = 'exports.one = 1;\n';
  const { after, output } = jscodeshift('promise-to-async.cjs', { 'a.js': chain, 'b.js': plain });
  expect(after).toEqual({ 'a.js': awaited, 'b.js': plain });
  expect(output).toContain('1 ok');
  expect(output).toContain('0 errors');
}, 30_000);

test('callback-to-async leaves promise chains alone; to-async takes every style', () => {
  expect(jscodeshift('callback-to-async.cjs', { 'a.js': chain }).after).toEqual({ 'a.js': chain });
  expect(jscodeshift('to-async.cjs', { 'a.js': chain }).after).toEqual({ 'a.js': awaited });
}, 30_000);

test('line ends and a BOM are kept', () => {
  const crlf = (text: string): string => `\uFEFF${text.replace(/\n/g, '\r\n')}`;
  expect(jscodeshift('to-async.cjs', { 'a.js': crlf(chain) }).after).toEqual({ 'a.js': crlf(awaited) });
}, 30_000);

test('a file that cannot be parsed is an error of its own', () => {
  const { after, output } = jscodeshift('to-async.cjs', { 'a.js': chain, 'bad.js': 'get(1).then(;\n' });
  expect(after).toEqual({ 'a.js': awaited, 'bad.js': 'get(1).then(;\n' });
  expect(output).toContain('1 errors');
}, 30_000);

test('a dry run writes nothing and counts why sites were left', () => {
  const thrower = chain.replace('  return', "  if (!id) throw new Error('no id');\n  return");
  const { after, output } = jscodeshift('to-async.cjs', { 'a.js': thrower }, '--dry', '--explain=true');
  expect(after).toEqual({ 'a.js': thrower });
  expect(output).toContain('sync-throw');
}, 30_000);

test('it starts in seconds although jscodeshift compiles with Babel', () => {
  const start = Date.now();
  jscodeshift('to-async.cjs', { 'a.js': 'exports.one = 1;\n' });
  expect(Date.now() - start).toBeLessThan(15_000);
}, 60_000);
