import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { transformSync } from '@swc/core';

const top = path.join(__dirname, '..', '..');

/** A toy in the engine's place: what it does is written in the texts it is given, so each test says what happens. */
const TOY = `
'use strict';
const { positionOf } = require('../edits/edits.js');
const kinds = { OLD: 'safe', RISKY: 'unsafe' };
exports.transforms = [{ name: 'toy-to-async', from: 'promise', to: 'async', languages: ['javascript', 'typescript'] }];
exports.convertProject = (files, options, view) => {
  const result = { groups: [], refused: [], errors: [], ignored: [], sites: 0 };
  for (const { path, text } of files) {
    if (/\\bBUG\\b/.test(text)) throw new TypeError('toy defect');
    const place = (at) => positionOf(text, at);
    const broken = text.indexOf('SYNTAX(');
    if (broken >= 0) { result.errors.push({ path, ...place(broken), kind: 'parse-error', message: "')' expected." }); continue; }
    const inGroup = (word) => [...text.matchAll(new RegExp('\\\\b' + word + '\\\\b', 'g'))];
    for (const word of Object.keys(kinds)) for (const match of inGroup(word)) {
      const at = { start: match.index, end: match.index + word.length };
      result.sites++;
      const differences = kinds[word] === 'unsafe' ? ['tick-order'] : [];
      if (kinds[word] === 'unsafe' && !options.unsafe) {
        result.refused.push({ path, ...at, ...place(at.start), rule: 'toy-to-async', reason: 'tick-order', message: 'the order of ticks differs', excerpt: '', unsafe: 'tick-order' });
        continue;
      }
      result.groups.push({ id: 'g-' + path + at.start, rule: 'toy-to-async', level: kinds[word], differences, title: word + ' becomes NEW', path, ...place(at.start), edits: [{ path, ...at, text: 'NEW' }] });
    }
    for (const match of inGroup('LEAVE')) {
      result.sites++;
      result.refused.push({ path, start: match.index, end: match.index + 5, ...place(match.index), rule: 'toy-to-async', reason: 'code-after-call', message: 'Left unchanged: it runs before the answer.', excerpt: '' });
    }
  }
  const joined = files.filter(({ text }) => /\\bJOIN\\b/.test(text));
  if (joined.length > 0) {
    const edits = joined.map(({ path, text }) => ({ path, start: text.indexOf('JOIN'), end: text.indexOf('JOIN') + 4, text: 'JOINED' }));
    result.sites++;
    result.groups.push({ id: 'g-join', rule: 'toy-to-async', level: 'safe', differences: [], title: 'all or none', path: joined[0].path, line: 1, column: 1, edits });
  }
  if (process.env.TOY_EDITS_FILE) require('node:fs').appendFileSync(process.env.TOY_EDITS_FILE, ' // someone else\\n');
  return result;
};
`;

let bin: string | undefined;

/** The command line, compiled once per test file into a folder from which our packages are found. */
export function builtBin(toy = true): string {
  if (bin && toy) return bin;
  const home = fs.mkdtempSync(path.join(ensure(path.join(top, 'node_modules', '.cache', 'asyncshift-test')), 'run-'));
  compile(path.join(top, 'src'), path.join(home, 'dist'));
  for (const name of ['package.json', 'schema.json', 'schemas', 'assets'])
    fs.cpSync(path.join(top, name), path.join(home, name), { recursive: true });
  fs.mkdirSync(path.join(home, 'bin'));
  fs.copyFileSync(path.join(top, 'bin', 'asyncshift.js'), path.join(home, 'bin', 'asyncshift.js'));
  if (toy) fs.writeFileSync(path.join(home, 'dist', 'transforms', 'index.js'), TOY);
  made.push(home);
  return (bin = path.join(home, 'bin', 'asyncshift.js'));
}

const ensure = (folder: string): string => {
  fs.mkdirSync(folder, { recursive: true });
  return folder;
};

function compile(from: string, to: string): void {
  fs.mkdirSync(to, { recursive: true });
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    if (entry.isDirectory()) compile(source, path.join(to, entry.name));
    else if (entry.name.endsWith('.json')) fs.copyFileSync(source, path.join(to, entry.name));
    else if (entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts')) {
      const options = {
        jsc: { parser: { syntax: 'typescript' as const }, target: 'es2022' as const },
        module: { type: 'commonjs' as const },
      };
      const { code } = transformSync(fs.readFileSync(source, 'utf8'), { ...options, swcrc: false });
      fs.writeFileSync(path.join(to, entry.name.replace(/\.ts$/, '.js')), code);
    }
  }
}

export type Files = Readonly<Record<string, string | Buffer>>;

export interface Repository {
  readonly folder: string;
  run(args: string[], options?: { cwd?: string; input?: string | Buffer; env?: Record<string, string> }): Result;
  git(...args: string[]): string;
  read(file: string): string;
  write(files: Files): void;
}

export interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A fresh folder with these files, committed unless `git` is false. */
export function repository(files: Files, how: { git?: boolean } = {}): Repository {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-')));
  made.push(folder);
  const env = {
    ...process.env,
    XDG_CACHE_HOME: path.join(folder, '..', `${path.basename(folder)}-cache`),
    GIT_CONFIG_GLOBAL: os.devNull,
    GIT_CEILING_DIRECTORIES: path.dirname(folder),
  } as Record<string, string>;
  for (const name of ['FORCE_COLOR', 'NO_COLOR', 'CI']) delete env[name];
  made.push(env['XDG_CACHE_HOME']!);
  const git = (...args: string[]): string => {
    const who = ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'init.defaultBranch=main'];
    return checked(spawnSync('git', [...who, ...args], { cwd: folder, env, encoding: 'utf8' }));
  };
  const write = (more: Files): void => {
    for (const [name, text] of Object.entries(more)) {
      fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      fs.writeFileSync(path.join(folder, name), text);
    }
  };
  write(files);
  if (how.git !== false) {
    git('init', '-q');
    git('add', '-A', '-f');
    git('commit', '-q', '-m', 'start', '--allow-empty');
  }
  return {
    folder,
    git,
    write,
    read: (file) => fs.readFileSync(path.join(folder, file), 'utf8'),
    run(args, options = {}) {
      const done = spawnSync(process.execPath, [builtBin(), ...args], {
        cwd: options.cwd ? path.join(folder, options.cwd) : folder,
        input: options.input ?? '',
        encoding: 'utf8',
        env: { ...env, ...options.env },
      });
      return { code: done.status, out: done.stdout, err: done.stderr };
    },
  };
}

function checked(done: SpawnSyncReturns<string>): string {
  if (done.status !== 0) throw new Error(`${done.stderr}${done.stdout}`);
  return done.stdout;
}

const made: string[] = [];
afterAll(() => made.splice(0).forEach((folder) => fs.rmSync(folder, { recursive: true, force: true })));

/** Text that gets past the prefilter and in which the toy has something to do. */
export const old = (more = ''): string => `p.then(OLD);\n${more}`;
