import type { ProjectView } from '../../types.js';
import { builtins, findFile, folderOf, join } from './resolve.js';
import type { Resolver } from './resolve.js';
import { loadsByName, mentionsIn, textsOf } from './scan.js';

/** A file that loads another one. `dynamic`: in a way that nobody can follow, such as a mock or a name that is made up. */
export interface Importer {
  readonly path: string;
  readonly inRun: boolean;
  readonly dynamic: boolean;
}

/** By imported file and importing file. */
export type Importers = ReadonlyMap<string, ReadonlyMap<string, Importer>>;

interface Project {
  readonly run: ReadonlyMap<string, { readonly text: string }>;
  readonly view: ProjectView;
  readonly paths: ReadonlySet<string>;
  readonly resolver: Resolver;
}

/** Files that can load a module. What package.json says of its own files is for the resolver. */
const code = /\.([cm]?[jt]sx?|vue|svelte|html?|coffee)$|(^|\/)(?!package(-lock)?\.)[^/]+\.json$|(^|\/)[^./]+$/;

/** The texts of the project's files that can load others, in the run or not. */
export function* codeTexts({ run, view }: Project): Iterable<{ path: string; text: string; inRun: boolean }> {
  for (const [path, { text }] of run) yield { path, text, inRun: true };
  for (const [path, text] of textsOf(view)) if (code.test(path) && !run.has(path)) yield { path, text, inRun: false };
}

/** Who loads whom, from the texts alone: parsing every file of a large project would take longer than all the rest. */
export function findImporters(project: Project): Importers {
  const found = new Map<string, Map<string, Importer>>();
  const note = (target: string, importer: Importer): void => {
    const known = found.get(target) ?? new Map<string, Importer>();
    if (!known.get(importer.path)?.dynamic) known.set(importer.path, importer);
    found.set(target, known);
  };
  for (const { path, text, inRun } of codeTexts(project)) {
    for (const { specifier, kind } of mentionsIn(text)) {
      const target = project.resolver.resolve(path, specifier);
      if (target !== undefined) note(target, { path, inRun, dynamic: kind === 'dynamic' });
      else for (const guess of guesses(project, path, specifier)) note(guess, { path, inRun, dynamic: true });
    }
    for (const folder of loadedFolders(path, text)) {
      for (const one of filesIn(project, folder)) note(one, { path, inRun, dynamic: true });
    }
  }
  for (const path of project.paths) {
    const twin = shadowOf(path, project.paths);
    if (twin) note(twin, { path, inRun: false, dynamic: false });
  }
  return found;
}

/** A manual mock, or types written by hand, repeat what a module exports. */
function shadowOf(path: string, paths: ReadonlySet<string>): string | undefined {
  if (/(^|\/)__mocks__\//.test(path)) return findFile(path.replace(/(^|\/)__mocks__\//, '$1'), paths);
  return path.endsWith('.d.ts') ? findFile(path.replace(/\.d\.ts$/, '.js'), paths) : undefined;
}

/** Folders from which a text loads files by names that it makes up. */
function loadedFolders(path: string, text: string): string[] {
  return loadsByName(text).flatMap((prefix) => {
    if (prefix !== '') return [join(folderOf(path), prefix.startsWith('/') ? `.${prefix}` : prefix)];
    return /readdir|glob|__dirname|import\.meta/.test(text) ? [folderOf(path)] : [];
  });
}

function filesIn(project: Project, prefix: string): string[] {
  return [...project.run.keys()].filter(
    (path) => prefix === '' || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}`),
  );
}

/**
 * A specifier that leads to no file. A folder or pattern means all files in it; a name that is no dependency may be an alias of a
 * bundler or of tsconfig.json, so every file that it could mean is in doubt.
 */
function guesses(project: Project, from: string, specifier: string): string[] {
  if (/^\.{1,2}(\/|$)/.test(specifier)) {
    const folder = join(folderOf(from), specifier.replace(/\*.*$/, ''));
    return folder === '' ? [] : filesIn(project, `${folder}/`);
  }
  const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? '';
  const json = project.resolver.packageOf(from)?.json ?? {};
  const fields = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'];
  if (/^(node|https?|data|file):/.test(specifier) || builtins.has(name)) return [];
  if (fields.some((field) => Object.hasOwn((json[field] as object | undefined) ?? {}, name))) return [];
  const tails = [specifier, specifier.replace(/^[^/]*\//, '')].map((one) => one.replace(/\.[cm]?[jt]sx?$/, ''));
  return tails.flatMap((tail) => {
    const candidates = namedLike(project).get(tail.slice(tail.lastIndexOf('/') + 1)) ?? [];
    return candidates.filter(({ bare }) => bare === tail || bare.endsWith(`/${tail}`)).map(({ path }) => path);
  });
}

interface Named {
  readonly path: string;
  /** Without extension, and without `index`. */
  readonly bare: string;
}

const indexes = new WeakMap<Project['run'], ReadonlyMap<string, readonly Named[]>>();

/** The files of the run by the last part of their bare path. */
function namedLike({ run }: Project): ReadonlyMap<string, readonly Named[]> {
  let index = indexes.get(run) as Map<string, Named[]> | undefined;
  if (index) return index;
  index = new Map();
  for (const path of run.keys()) {
    const bare = path.replace(/(\/index)?\.[cm]?[jt]sx?$/, '');
    const last = bare.slice(bare.lastIndexOf('/') + 1);
    index.set(last, [...(index.get(last) ?? []), { path, bare }]);
  }
  indexes.set(run, index);
  return index;
}
