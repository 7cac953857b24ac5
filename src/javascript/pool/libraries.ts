import type { ImportNeed } from '../../flow/model.js';
import type { FileEdit } from '../../types.js';
import type { FileContext } from '../context.js';
import { hasDependency, manifestOf, rangeOf, withDependency, type Manifest } from './manifest.js';

export type Library = 'p-limit' | 'p-map' | 'p-queue';

/** What a bounded fan-out of a file is written with. */
export interface Chosen {
  readonly library: Library;
  readonly need: ImportNeed;
  /** The package.json that lists it from now on; undefined when it is listed, or there is no package.json. */
  readonly beside?: FileEdit;
}

export const needs: Readonly<Record<Library, ImportNeed>> = {
  'p-limit': { from: 'p-limit', name: 'default', local: 'pLimit' },
  'p-map': { from: 'p-map', name: 'default', local: 'pMap' },
  'p-queue': { from: 'p-queue', name: 'default', local: 'PQueue' },
};

/** From this major version on, `require` does not load it. */
const esmFrom: Readonly<Record<Library, number>> = { 'p-limit': 4, 'p-map': 5, 'p-queue': 7 };

/**
 * The library that the file uses already, else one that its package has, else p-limit (p-map where that does not fit), which package.json
 * then lists. `fits` says which of them can say what is to be said. `esm-only`: the package has p-limit in a version that this file cannot `require`.
 */
export function chooseLibrary(ctx: FileContext, fits: (library: Library) => boolean): Chosen | 'esm-only' {
  const manifest = manifestOf(ctx);
  const all = (Object.keys(needs) as Library[]).filter(fits);
  const inFile = all.find((library) => importsIt(ctx, library));
  if (inFile) return chosen(inFile);
  const inPackage = all.filter((library) => library !== 'p-queue' && manifest && hasDependency(manifest, library));
  const loadable = inPackage.find((library) => isLoadable(ctx, library, manifest));
  if (loadable) return chosen(loadable);
  const last = fits('p-limit') ? 'p-limit' : 'p-map';
  if (inPackage.includes(last)) return 'esm-only';
  const listed = rangeOf(manifest, last);
  if (listed !== undefined && !isLoadable(ctx, last, manifest)) return 'esm-only';
  if (listed !== undefined && isForDevelopers(ctx.path)) return chosen(last);
  const beside = manifest && withDependency(manifest, last, listed ?? rangeFor(ctx, manifest, last));
  return { ...chosen(last), ...(beside && { beside }) };
}

const chosen = (library: Library): Chosen => ({ library, need: needs[library] });

function importsIt(ctx: FileContext, library: Library): boolean {
  if (!new RegExp(`(?:from|require\\()\\s*['"]${library}['"]`).test(ctx.text)) return false;
  return true;
}

function isLoadable(ctx: FileContext, library: Library, manifest: Manifest | undefined): boolean {
  if (ctx.moduleStyle === 'esm') return true;
  const major = Number(/\d+/.exec(rangeOf(manifest, library) ?? '')?.[0] ?? NaN);
  return major < esmFrom[library];
}

/** Tests and tools may use what only developers have installed. */
const isForDevelopers = (path: string): boolean =>
  /(^|\/)(tests?|__tests__|spec|scripts|tools|bench|benchmarks|examples?)\/|\.(test|spec)\.[cm]?[jt]sx?$/.test(path);

/** As `npm install` writes it: the last version that `require` loads, unless the package is made of ES modules. */
function rangeFor(ctx: FileContext, { json }: Manifest, library: 'p-limit' | 'p-map'): string {
  const isModule = json['type'] === 'module' || /\.m[jt]s$/.test(ctx.path);
  if (library === 'p-map') return isModule ? '^7.0.3' : '^4.0.0';
  if (!isModule) return '^3.1.0';
  const engines = json['engines'] as { node?: unknown } | undefined;
  const oldest = Number(/\d+/.exec(String(engines?.node ?? ''))?.[0] ?? 20);
  return oldest >= 20 ? '^7.3.3' : oldest >= 18 ? '^6.2.0' : '^4.0.0';
}

/** A script of a page has no modules; anything that lies in a package is run by Node. */
export function canImport(ctx: FileContext): boolean {
  if (ctx.moduleStyle !== 'script') return true;
  const page = ['window', 'document', 'XMLHttpRequest', 'localStorage', 'navigator', 'jQuery', '$'];
  return !page.some((name) => ctx.scopes.named(name).some(ctx.scopes.isGlobal));
}

/** How a file imports the `async` library; undefined where its package does not have it, or in a version that we do not know. */
export function asyncLibraryFor(ctx: FileContext): ImportNeed | undefined {
  const manifest = manifestOf(ctx);
  if (ctx.typescript || ctx.moduleStyle === 'script' || !manifest || !hasDependency(manifest, 'async'))
    return undefined;
  const major = Number(/^[\^~]?(\d+)\./.exec(rangeOf(manifest, 'async') ?? '')?.[1] ?? NaN);
  if (ctx.moduleStyle === 'esm') return major === 3 ? { from: 'async', name: 'default', local: 'async' } : undefined;
  return major === 2 || major === 3 ? { from: 'async', name: '*', local: 'async' } : undefined;
}
