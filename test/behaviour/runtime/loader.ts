/** Loads a story's modules with our clock, our console and our I/O in the place of Node's. */

import * as fs from 'node:fs';
import Module from 'node:module';
import * as path from 'node:path';
import * as vm from 'node:vm';
import { transformSync } from '@swc/core';

export interface Loader {
  /** The exports of a story's file; a module with top-level await is waited for. */
  load(file: string): Promise<Record<string, any>>;
}

/** What a story's code sees as global or can require, beside its own files. */
export interface World {
  readonly globals: Readonly<Record<string, unknown>>;
  /** Built-in, stubbed and scripted modules; undefined when it must come from node_modules or from the story. */
  builtin(name: string): unknown;
}

const EXTENSIONS = ['', '.js', '.mjs', '.cjs', '.ts', '.tsx', '/index.js', '/index.ts'];
const fromHere = Module.createRequire(__filename);

/** `files`: the story's files, by path relative to its folder. */
export function createLoader(files: Readonly<Record<string, string>>, world: World): Loader {
  const cache = new Map<string, { exports: any }>();
  const names = ['exports', 'require', 'module', '__filename', '__dirname', ...Object.keys(world.globals)];

  const evaluate = (
    file: string,
    source: string,
    require: (name: string) => unknown,
  ): { module: { exports: any }; ended: unknown } => {
    const module = { exports: {} };
    cache.set(file, module);
    const values = [module.exports, require, module, file, path.posix.dirname(file), ...Object.values(world.globals)];
    const ended = compile(source, file, names)(...values);
    return { module, ended };
  };

  const requireFrom = (from: string) => {
    const targetOf = (name: string): string => {
      const target = findFile(files, path.posix.join(path.posix.dirname(from), name));
      if (!target) throw new Error(`the story has no file ${name} (from ${from})`);
      return target;
    };
    const require = (name: string): unknown => {
      const known = world.builtin(name);
      if (known !== undefined) return known;
      if (!name.startsWith('.')) return requirePackage(fromHere.resolve(name));
      const target = targetOf(name);
      return cache.get(target)?.exports ?? evaluate(target, files[target]!, requireFrom(target)).module.exports;
    };
    return Object.assign(require, { resolve: (name: string) => path.resolve(targetOf(name)) });
  };

  /** Libraries are loaded afresh for each run, on our clock. */
  const requirePackage = (file: string): unknown => {
    if (!path.isAbsolute(file)) return fromHere(file);
    const done = cache.get(file);
    if (done) return done.exports;
    const own = Module.createRequire(file);
    const require = (name: string): unknown => world.builtin(name) ?? requirePackage(own.resolve(name));
    return evaluate(file, readPackage(file), require).module.exports;
  };

  return {
    async load(file) {
      const { module, ended } = evaluate(file, files[file]!, requireFrom(file));
      await ended;
      return module.exports;
    },
  };
}

function findFile(files: Readonly<Record<string, string>>, base: string): string | undefined {
  return EXTENSIONS.map((extension) => base + extension).find((name) => Object.hasOwn(files, name));
}

const packages = new Map<string, string>();
function readPackage(file: string): string {
  if (!packages.has(file)) packages.set(file, fs.readFileSync(file, 'utf8'));
  return packages.get(file)!;
}

const compiled = new Map<string, (...values: unknown[]) => unknown>();

/** The module as a function; an ES module may wait at its top. */
function compile(source: string, file: string, names: string[]): (...values: unknown[]) => unknown {
  const key = `${file}\0${names.length}\0${source}`;
  if (!compiled.has(key)) compiled.set(key, compileNow(toCommonJs(source, file), file, names));
  return compiled.get(key)!;
}

/** The module's code is a function inside the one that takes the globals: it may declare a `fetch` of its own. */
function compileNow(code: string, filename: string, names: string[]): (...values: unknown[]) => unknown {
  const wrap = (prefix: string) => {
    const inner = `return (${prefix}function () {${code}\n}).call(exports)`;
    return vm.runInThisContext(`(function (${names.join(', ')}) {${inner}\n})`, { filename });
  };
  return wrap(/\.m[jt]s$/.test(filename) ? 'async ' : '');
}

function toCommonJs(source: string, file: string): string {
  if (!/\.(mjs|mts|tsx?|jsx)$/.test(file) && !needsCompiler(source)) return source.replace(/^#!/, '//');
  const typescript = /\.(mts|tsx?)$/.test(file);
  const parser = typescript
    ? { syntax: 'typescript' as const, tsx: file.endsWith('x') }
    : { syntax: 'ecmascript' as const, jsx: true };
  const options = { jsc: { parser, target: 'es2022' as const }, module: { type: 'commonjs' as const }, filename: file };
  return transformSync(source, options).code;
}

/** An ES module in a `.js` file (package.json may say so), or `import()`, which a script compiled by node:vm cannot do. */
function needsCompiler(source: string): boolean {
  return /^(import\s*[\w{*'"]|export\s)/m.test(source) || /\bimport\(/.test(source);
}
