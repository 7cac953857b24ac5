import type { ProjectView } from '../../types.js';
import { parseSource, ts } from '../parse.js';
import { moduleStyleOf, scopesOf } from '../scope.js';
import { exportsOf } from './exports.js';
import type { Exported, Exports } from './exports.js';
import { importsOf } from './imports.js';
import type { ImportUse } from './imports.js';
import { codeTexts, findImporters } from './importers.js';
import type { Importer, Importers } from './importers.js';
import { createResolver } from './resolve.js';
import type { Resolver } from './resolve.js';
import { patchedMembers } from './scan.js';

export interface GraphFile {
  readonly path: string;
  readonly text: string;
  /** The tree, when it is there already. */
  readonly file?: ts.SourceFile;
}

/** A use of an export, in the run. */
export interface ModuleUse extends Omit<ImportUse, 'specifier' | 'path' | 'as'> {
  /** The file in which it stands. */
  readonly path: string;
  /** The name that was asked for, as that file knows it; other than the asked one behind a re-export. */
  readonly name: string;
}

export type { Importer } from './importers.js';

export interface Visibility {
  /** True when every caller is in the run and was found: the function's contract may change with its callers. */
  readonly visible: boolean;
  readonly why: 'not-exported' | 'internal-module' | 'entry-point' | 'imported-outside-run' | 'dynamic';
}

/** Who exports what to whom. Names are those of `Exported.name`: `load`, `default`, `=`, `Store#load`. */
export interface ModuleGraph {
  exportsOf(path: string): Exports;
  importersOf(path: string): readonly Importer[];
  /** Every use in files of the run, behind re-exports too. Uses of the local name in its own file are for `Scopes.references`. */
  usesOf(path: string, name: string): readonly ModuleUse[];
  /** The names under which a binding, or the very node of a value, is exported. */
  namesOf(path: string, what: ts.Symbol | ts.Node): readonly string[];
  callersVisible(path: string, what: ts.Symbol | ts.Node | readonly string[]): Visibility;
  /** All `x.name`, `'name'` and `{ name } = …` in the run, and whether a file outside has this word: for methods, whose objects nobody follows. */
  accessesOf(name: string): { readonly nodes: readonly ts.Node[]; readonly outside: boolean };
  /** True when tests replace this function of a Node module: `isPatched('fs', 'readFile')`. */
  isPatched(module: string, name: string): boolean;
  resolve(from: string, specifier: string): string | undefined;
  readonly resolver: Resolver;
}

export function buildGraph(files: readonly GraphFile[], view: ProjectView): ModuleGraph {
  const state = createState(files, view);
  const namesOf = (path: string, what: ts.Symbol | ts.Node): readonly string[] => {
    const named = state.exports(path).all.filter((one) => isIt(one, what));
    return [...new Set(named.map((one) => one.name))];
  };
  return {
    resolver: state.resolver,
    resolve: state.resolver.resolve,
    exportsOf: state.exports,
    importersOf: (path) => [...(state.importers().get(path)?.values() ?? [])],
    usesOf: (path, name) => reach(state, path, name).uses,
    namesOf,
    callersVisible: (path, what) => {
      if (isNames(what)) return visibility(state, path, what);
      const names = namesOf(path, what);
      return names.length > 0 ? visibility(state, path, names) : notExported(state, path, what);
    },
    accessesOf: (name) => accessesOf(state, name),
    isPatched: (module, name) => state.patched().has(`${module}.${name}`) || state.patched().has(`${module}.*`),
  };
}

function isNames(what: ts.Symbol | ts.Node | readonly string[]): what is readonly string[] {
  return Array.isArray(what);
}

function isIt(one: Exported, what: ts.Symbol | ts.Node): boolean {
  return one.symbol === what || one.value === what || one.node === what;
}

interface State {
  readonly run: ReadonlyMap<string, GraphFile>;
  readonly view: ProjectView;
  readonly paths: ReadonlySet<string>;
  readonly resolver: Resolver;
  tree(path: string): ts.SourceFile;
  exports(path: string): Exports;
  imports(path: string): readonly ImportUse[];
  importers(): Importers;
  patched(): ReadonlySet<string>;
}

function createState(files: readonly GraphFile[], view: ProjectView): State {
  const run = new Map(files.map((file) => [file.path, file]));
  const paths = new Set([...run.keys(), ...view.others]);
  const resolver = createResolver(paths, view);
  const tree = once((path: string) => {
    const one = run.get(path)!;
    return one.file ?? parseSource(path, one.text).file;
  });
  const nothing: Exports = { all: [], style: 'none', open: true };
  const state: State = {
    run,
    view,
    paths,
    resolver,
    tree,
    exports: once((path) => (run.has(path) ? exportsOf(tree(path)) : nothing)),
    imports: once((path) => importsOf(tree(path), state.exports(path))),
    importers: lazy(() => findImporters(state)),
    patched: lazy(() => patchedMembers([...codeTexts(state)].map((one) => one.text))),
  };
  return state;
}

function once<T>(make: (path: string) => T): (path: string) => T {
  const made = new Map<string, T>();
  return (path) => {
    if (!made.has(path)) made.set(path, make(path));
    return made.get(path)!;
  };
}

function lazy<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

interface Reach {
  readonly uses: readonly ModuleUse[];
  /** Files and names by which it can be had, the first among them. */
  readonly doors: readonly { readonly path: string; readonly name: string }[];
}

/** Follows an export through all re-exports. */
function reach(state: State, path: string, name: string): Reach {
  const doors = [{ path, name }];
  const uses: ModuleUse[] = [];
  const seen = new Set([`${path}\0${name}`]);
  for (const door of doors) {
    for (const importer of [door.path, ...(state.importers().get(door.path)?.keys() ?? [])]) {
      if (!state.run.has(importer)) continue;
      for (const use of state.imports(importer)) {
        const target = use.specifier === '' ? importer : state.resolver.resolve(importer, use.specifier);
        if (target !== door.path) continue;
        for (const next of meet(state, importer, door, use, uses)) {
          if (seen.has(`${importer}\0${next}`)) continue;
          seen.add(`${importer}\0${next}`);
          doors.push({ path: importer, name: next });
        }
      }
    }
  }
  return { uses, doors };
}

/** One use against one asked name: is it meant? Gives the names under which it goes on from there. */
function meet(
  state: State,
  importer: string,
  door: { path: string; name: string },
  use: ImportUse,
  uses: ModuleUse[],
): string[] {
  const used = meaning(use, state.exports(door.path));
  const rest = restOf(door.name, used);
  if (rest === undefined) return [];
  const { specifier: _specifier, path: _path, as: names = [], ...what } = use;
  if (use.kind === 're-export') {
    uses.push({ ...what, path: importer, name: door.name });
    return names.map((as) => (as === '*' ? door.name : as === '=' ? rest.replace(/^\./, '') || '=' : as + rest));
  }
  if (rest === '') uses.push({ ...what, path: importer, name: door.name });
  // What is inside something that is handed on can be used by anybody.
  else if (use.kind === 'reference' || use.kind === 'unknown')
    uses.push({ ...what, kind: 'unknown', path: importer, name: door.name });
  return [];
}

/** What a use names, in the words of the file that it uses: `''` is the module as a whole. */
function meaning(use: ImportUse, target: Exports): string {
  const isCommonJs = target.style !== 'esm';
  const path = use.path[0] === 'default' && isCommonJs ? use.path.slice(1) : use.path;
  const isWhole = use.kind === 'unknown' || use.kind === 're-export' || use.kind === 'type';
  if (path.length === 0) return isWhole && use.path.length === 0 ? '' : '=';
  return path.join('.').replace('.prototype.', '#');
}

/** What remains of an asked name inside what is used: `''` when it is the very thing, `undefined` when it is not in it. */
function restOf(asked: string, used: string): string | undefined {
  if (used === '') return asked === '=' ? '' : asked.startsWith('#') ? asked : `.${asked}`;
  if (asked === used) return '';
  if (used === '=') return asked.startsWith('#') ? asked : `.${asked}`;
  return asked.startsWith(`${used}.`) || asked.startsWith(`${used}#`) ? asked.slice(used.length) : undefined;
}

function visibility(state: State, path: string, names: readonly string[]): Visibility {
  if (names.length === 0) return { visible: true, why: 'not-exported' };
  if (state.exports(path).open) return { visible: false, why: 'dynamic' };
  for (const name of names) {
    const { doors, uses } = reach(state, path, name);
    for (const door of doors) {
      const why = doorOf(state, door.path);
      if (why) return { visible: false, why };
    }
    if (uses.some((use) => use.kind === 'unknown')) return { visible: false, why: 'dynamic' };
  }
  return { visible: true, why: 'internal-module' };
}

/**
 * A name that is not exported is seen wherever it is used in its file, but for the top level of a script, which all scripts share.
 * A function without a name may be what `exports[name] = …` gives away.
 */
function notExported(state: State, path: string, what: ts.Symbol | ts.Node): Visibility {
  const hidden: Visibility = { visible: false, why: 'dynamic' };
  if ('kind' in what) return state.exports(path).open ? hidden : { visible: true, why: 'not-exported' };
  // `namespace A { export function f() {} }`: reached as `A.f`, which nobody follows.
  if (what.declarations?.some((one) => ts.getCombinedModifierFlags(one) & ts.ModifierFlags.Export)) return hidden;
  const file = state.tree(path);
  const isShared = moduleStyleOf(file) === 'script' && scopesOf(file).declaredIn(file).get(what.name) === what;
  return isShared && isUsedByScripts(state, path, what.name) ? hidden : { visible: true, why: 'not-exported' };
}

function isUsedByScripts(state: State, path: string, name: string): boolean {
  const word = wordOf(name);
  for (const [other, { text }] of state.run) {
    if (other === path || !word.test(text)) continue;
    const scopes = scopesOf(state.tree(other));
    if (scopes.named(name).some(scopes.isGlobal)) return true;
  }
  const shares = (text: string): boolean => !/\brequire\s*\(|^\s*(import|export)\b/m.test(text);
  return [...codeTexts(state)].some(({ text, inRun }) => !inRun && word.test(text) && shares(text));
}

function wordOf(name: string): RegExp {
  return new RegExp(`(?<![\\w$])${name.replace(/[$]/g, '\\$&')}(?![\\w$])`);
}

/** Why a file's exports can be had by somebody whom we do not see. */
function doorOf(state: State, path: string): Visibility['why'] | undefined {
  const importers = [...(state.importers().get(path)?.values() ?? [])].filter((one) => one.path !== path);
  if (state.exports(path).open || importers.some((one) => one.dynamic)) return 'dynamic';
  const own = state.resolver.packageOf(path);
  const isInternal = own?.json.private === true && own.json.exports === undefined;
  const entries = own && !isInternal ? state.resolver.entriesOf(own) : undefined;
  if (entries?.files.has(path) || entries?.unknown) return 'entry-point';
  if (importers.length === 0) return 'entry-point'; // somebody will use what it exports
  return importers.some((one) => !one.inRun) ? 'imported-outside-run' : undefined;
}

function accessesOf(state: State, name: string): { nodes: readonly ts.Node[]; outside: boolean } {
  const word = wordOf(name);
  const nodes: ts.Node[] = [];
  for (const [path, file] of state.run) {
    if (!word.test(file.text)) continue;
    const visit = (node: ts.Node): void => {
      if (ts.isPropertyAccessExpression(node) && node.name.text === name) nodes.push(node);
      else if (ts.isStringLiteralLike(node) && node.text === name) nodes.push(node);
      else if (ts.isBindingElement(node) && (node.propertyName ?? node.name).getText() === name) nodes.push(node);
      ts.forEachChild(node, visit);
    };
    visit(state.tree(path));
  }
  const outside = [...codeTexts(state)].some(({ text, inRun }) => !inRun && word.test(text));
  return { nodes, outside };
}
