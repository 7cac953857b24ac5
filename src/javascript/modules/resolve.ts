import { builtinModules } from 'node:module';
import type { ProjectView } from '../../types.js';

/** Node's own modules, without `node:`. */
export const builtins: ReadonlySet<string> = new Set(builtinModules);

/** Finds the project's own files behind specifiers, and which of them other people's code can reach. All paths are relative with `/`. */
export interface Resolver {
  /** The file of the project that the specifier means; `undefined` for packages from elsewhere and for what is not there. */
  resolve(from: string, specifier: string): string | undefined;
  /** The nearest package.json above a file: its folder (`''` at the root) and its content. */
  packageOf(path: string): Package | undefined;
  /** Files that package.json names: `main`, `module`, `browser`, `exports`, `bin`, `types`. `unknown`: one of them was not found. */
  entriesOf(one: Package): { readonly files: ReadonlySet<string>; readonly unknown: boolean };
}

export interface Package {
  readonly folder: string;
  readonly json: PackageJson;
}

export interface PackageJson {
  readonly name?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly [field: string]: unknown;
}

export function createResolver(paths: ReadonlySet<string>, view: ProjectView): Resolver {
  const packages = new Map<string, Package | undefined>();
  const entries = new Map<Package, ReturnType<Resolver['entriesOf']>>();
  let byName: Map<string, Package> | undefined;

  const packageIn = (folder: string): Package | undefined => {
    if (!packages.has(folder)) packages.set(folder, readPackage(folder, view));
    return packages.get(folder);
  };
  const packageOf = (path: string): Package | undefined => {
    for (let folder = folderOf(path); ; folder = folderOf(folder)) {
      const found = packageIn(folder);
      if (found || folder === '') return found;
    }
  };
  const workspaces = (): Map<string, Package> => {
    if (byName) return byName;
    byName = new Map();
    for (const folder of new Set([...paths].map(folderOf))) {
      const found = packageOf(`${folder}/x`);
      if (found?.json.name) byName.set(found.json.name, found);
    }
    return byName;
  };
  const entriesOf = (one: Package): ReturnType<Resolver['entriesOf']> => {
    let found = entries.get(one);
    if (!found) entries.set(one, (found = findEntries(one, paths)));
    return found;
  };
  const resolve = (from: string, specifier: string): string | undefined => {
    const clean = specifier.replace(/[?#].*$/, '');
    if (/^\.{1,2}(\/|$)/.test(clean)) return findFile(join(folderOf(from), clean), paths);
    const name = /^(@[^/]+\/)?[^/]+/.exec(clean)?.[0] ?? '';
    const own = workspaces().get(name);
    if (!own) return undefined;
    if (clean !== name) return findFile(join(own.folder, clean.slice(name.length + 1)), paths);
    return [...entriesOf(own).files].find((file) => paths.has(file));
  };
  return { resolve, packageOf, entriesOf };
}

function readPackage(folder: string, view: ProjectView): Package | undefined {
  const text = view.read(folder ? `${folder}/package.json` : 'package.json');
  if (text === undefined) return undefined;
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json ? { folder, json: json as PackageJson } : undefined;
  } catch {
    return { folder, json: {} }; // it is there, but says nothing that we could read
  }
}

const sources = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.json', '.vue', '.svelte'];
const compiledFrom: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx', '.jsx', '.mts', '.cts', '.mjs'],
  '.mjs': ['.mts', '.ts', '.js'],
  '.cjs': ['.cts', '.ts', '.js'],
  '.jsx': ['.tsx'],
};

/** A path as a specifier has it: perhaps without extension, a folder, or with the extension that a compiler will give it. */
export function findFile(path: string, paths: ReadonlySet<string>): string | undefined {
  if (paths.has(path)) return path;
  const extension = /\.[cm]?jsx?$/.exec(path)?.[0];
  if (extension) {
    const bare = path.slice(0, -extension.length);
    const source = compiledFrom[extension]?.map((other) => bare + other).find((other) => paths.has(other));
    if (source) return source;
  }
  const folder = path === '' ? '' : `${path}/`;
  const candidates = [...sources.map((one) => path + one), ...sources.map((one) => `${folder}index${one}`)];
  return candidates.find((one) => paths.has(one));
}

function findEntries(one: Package, paths: ReadonlySet<string>): ReturnType<Resolver['entriesOf']> {
  const files = new Set<string>();
  let unknown = false;
  for (const target of targetsOf(one.json)) {
    if (/\.(json|css|scss|less|node|wasm|html|md)$/.test(target)) continue;
    const found = target.includes('*') ? matching(one, target, paths) : sourceOf(one, target, paths);
    // Types that a build will write hide nothing: what they describe has its own entry.
    if (found.length === 0 && !/\.d\.[cm]?ts$/.test(target)) unknown = true;
    for (const file of found) files.add(file);
  }
  return { files, unknown };
}

/** All that package.json offers; `./index.js` when it names no main file. */
function targetsOf(json: PackageJson): string[] {
  const fields = [
    'main',
    'module',
    'browser',
    'exports',
    'bin',
    'types',
    'typings',
    'jsnext:main',
    'react-native',
    'umd:main',
    'source',
  ];
  const targets = fields.flatMap((field) => stringsIn(json[field]));
  return json.main === undefined && json.exports === undefined ? ['./index', ...targets] : targets;
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return value && typeof value === 'object' ? Object.values(value).flatMap(stringsIn) : [];
}

/** Where a build puts its output, so that `dist/index.js` can be traced to what it is made from. */
const outputs = /^(dist|build|lib|out|output|cjs|esm|es|umd|types|typings|commonjs|module|dist-\w+)\//;

function sourceOf(one: Package, target: string, paths: ReadonlySet<string>): string[] {
  const own = target.replace(/^\.\//, '');
  if (own === './index' || own === 'index') return optional(findFile(join(one.folder, 'index'), paths));
  const direct = findFile(join(one.folder, own), paths);
  if (direct) return [direct];
  let inner = own.replace(/\.d\.([cm]?)ts$/, '.$1js').replace(/\.min\.js$/, '.js');
  const guesses: string[] = [];
  while (outputs.test(inner)) {
    inner = inner.replace(outputs, '');
    for (const folder of ['src', 'source', 'lib', '']) guesses.push(join(one.folder, join(folder, inner)));
  }
  const guess = guesses.map((path) => findFile(path, paths)).find((path) => path !== undefined);
  return guess ? [guess] : [];
}

/** `./index` stands for nothing when there is none: a program, not a library. */
function optional(path: string | undefined): string[] {
  return [path ?? noFile];
}
const noFile = '\0';

function matching(one: Package, target: string, paths: ReadonlySet<string>): string[] {
  const [before = '', after = ''] = join(one.folder, target.replace(/^\.\//, '')).split('*');
  const bare = after.replace(/\.[cm]?[jt]sx?$/, '');
  return [...paths].filter((path) => path.startsWith(before) && path.replace(/\.[cm]?[jt]sx?$/, '').endsWith(bare));
}

export function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

/** `a/b` and `../c` → `a/c`. Leading `..` that leave the project stay, and match no file. */
export function join(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}
