/** `fs` over a handful of texts in memory: the part of its API that stories use, in its three forms. */

import { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { promised } from './ops.js';
import type { Finish, Ops } from './ops.js';

type Compute = (...args: any[]) => unknown;

export function createFs(ops: Ops, files: Record<string, string>): Record<string, unknown> {
  const store = new Map(Object.entries(files));
  const computes = operations(store);
  const callbacks: Record<string, unknown> = {};
  const promises: Record<string, unknown> = {};
  for (const [name, compute] of Object.entries(computes)) {
    callbacks[name] = withCallback(ops, name, compute);
    promises[name] = (...args: unknown[]) => promised(ops, `fs.${name}`, args, () => compute(...args));
  }
  callbacks['exists'] = existsForm(ops, store);
  callbacks['createReadStream'] = (name: string) => readStream(ops, computes, name);
  callbacks['createWriteStream'] = (name: string) => writeStream(ops, store, name);
  return { ...callbacks, promises, constants: { F_OK: 0, R_OK: 4, W_OK: 2 } };
}

/** As Node: without a callback it throws at once. */
function withCallback(ops: Ops, name: string, compute: Compute) {
  return (...all: unknown[]): void => {
    const callback = all.pop();
    if (typeof callback !== 'function') {
      throw Object.assign(new TypeError('The "cb" argument must be of type function.'), {
        code: 'ERR_INVALID_ARG_TYPE',
      });
    }
    ops.start(
      `fs.${name}`,
      all,
      () => compute(...all),
      (error, value) => {
        if (error || value === undefined) (callback as Finish)(error);
        else (callback as Finish)(null, value);
      },
    );
  };
}

function operations(store: Map<string, string>): Record<string, Compute> {
  const need = (call: string, name: string): string => {
    const text = store.get(name);
    if (text === undefined) throw missing(call, name);
    return text;
  };
  return {
    readFile: (name: string, options?: unknown) => {
      const text = need('open', name);
      return options ? text : Buffer.from(text);
    },
    writeFile: (name: string, text: string) => void store.set(name, String(text)),
    appendFile: (name: string, text: string) => void store.set(name, (store.get(name) ?? '') + text),
    stat: (name: string) => stats(store, name),
    lstat: (name: string) => stats(store, name),
    access: (name: string) => void stats(store, name),
    unlink: (name: string) => (need('unlink', name), void store.delete(name)),
    rename: (from: string, to: string) => (store.set(to, need('rename', from)), void store.delete(from)),
    copyFile: (from: string, to: string) => void store.set(to, need('copyfile', from)),
    mkdir: (name: string) => void store.set(`${name}/`, ''),
    rmdir: (name: string) => void store.delete(`${name}/`),
    readdir: (name: string) => entries(store, name),
    realpath: (name: string) => (stats(store, name), name),
  };
}

function stats(store: Map<string, string>, name: string) {
  const text = store.get(name);
  const isFolder = text === undefined && [...store.keys()].some((key) => key.startsWith(`${name}/`));
  if (text === undefined && !isFolder) throw missing('stat', name);
  return { size: text?.length ?? 0, isDirectory: () => isFolder, isFile: () => !isFolder };
}

function entries(store: Map<string, string>, name: string): string[] {
  const inside = [...store.keys()].filter((key) => key.startsWith(`${name}/`)).map((key) => key.slice(name.length + 1));
  if (inside.length === 0) throw missing('scandir', name);
  return [...new Set(inside.map((key) => key.split('/')[0]!))].filter(Boolean).sort();
}

function missing(call: string, name: string): Error {
  const error = new Error(`ENOENT: no such file or directory, ${call} '${name}'`);
  return Object.assign(error, { errno: -2, code: 'ENOENT', syscall: call, path: name });
}

/** `exists` answers with one boolean and no error; promisified it must still do so. */
function existsForm(ops: Ops, store: Map<string, string>) {
  const exists = (name: string, callback: (there: boolean) => void): void => {
    ops.start(
      'fs.exists',
      [name],
      () => store.has(name),
      (error, there) => callback(error ? false : Boolean(there)),
    );
  };
  const custom = (name: string) => new Promise((resolve) => exists(name, resolve));
  return Object.assign(exists, { [promisify.custom]: custom });
}

function readStream(ops: Ops, computes: Record<string, Compute>, name: string): Readable {
  let asked = false;
  return new Readable({
    read() {
      if (asked) return;
      asked = true;
      ops.start(
        'fs.createReadStream',
        [name],
        () => computes['readFile']!(name),
        (error, text) => {
          if (error) return void this.destroy(error);
          this.push(text);
          this.push(null);
        },
      );
    },
  });
}

function writeStream(ops: Ops, store: Map<string, string>, name: string): Writable {
  const chunks: string[] = [];
  return new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
    final(done) {
      ops.start(
        'fs.createWriteStream',
        [name],
        () => void store.set(name, chunks.join('')),
        (error) => done(error),
      );
    },
  });
}
