import type { ProjectView } from '../../types.js';
import { originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { exportsOf, type Exported } from '../modules/exports.js';
import { folderOf, join } from '../modules/resolve.js';
import { parseSource } from '../parse.js';
import type { ts } from '../parse.js';
import { scopesOf } from '../scope.js';
import type { Scopes } from '../scope.js';
import { isFunctionNode } from './uses.js';
import type { FunctionNode } from './uses.js';

interface Home {
  readonly path: string;
  readonly view: ProjectView;
}

/** Where a file's names live, so that a question about a name can go on in another file. */
const homes = new WeakMap<Scopes, Home>();

/** Lets questions about this file's names look into the files that it imports. */
export function settleIn({ path, view, scopes }: FileContext): void {
  homes.set(scopes, { path, view });
}

export const isSettled = (scopes: Scopes): boolean => homes.has(scopes);

export interface Elsewhere {
  readonly fn: FunctionNode;
  readonly scopes: Scopes;
}

/** The function of another file of the project that a callee means: `utils.reject`, an imported `load`. */
export function functionElsewhere(callee: ts.Node, scopes: Scopes): Elsewhere | undefined {
  const there = exportElsewhere(callee, scopes);
  const found = there?.exported.find((each) => each.value && isFunctionNode(each.value));
  return found && { fn: found.value as FunctionNode, scopes: scopesOf(there!.file) };
}

/** True for what a file of the project gives in a way that the text does not show: `exports[name] = wrap(fs[name])`. */
export function isMadeElsewhere(callee: ts.Node, scopes: Scopes): boolean {
  const there = exportElsewhere(callee, scopes);
  return !!there && there.exported.length === 0 && exportsOf(there.file).open;
}

/** What an imported name means in the file that it comes from, when that is a file of the project. */
function exportElsewhere(
  callee: ts.Node,
  scopes: Scopes,
): { readonly file: ts.SourceFile; readonly exported: readonly Exported[] } | undefined {
  const home = homes.get(scopes);
  const origin = home && originOf(callee, scopes);
  if (!home || !origin || !/^\.{1,2}(\/|$)/.test(origin.module)) return undefined;
  const file = fileAt(join(folderOf(home.path), origin.module), home.view);
  if (!file) return undefined;
  const name = origin.path.join('.');
  const wanted = name === '' ? ['=', 'default'] : [name, `=.${name}`, `default.${name}`];
  return { file, exported: exportsOf(file).all.filter((each) => wanted.includes(each.name)) };
}

const files = new WeakMap<ProjectView, Map<string, ts.SourceFile | undefined>>();
const endings = [
  '',
  '.js',
  '.ts',
  '.tsx',
  '.mjs',
  '.cjs',
  '.jsx',
  '.mts',
  '/index.js',
  '/index.ts',
  '/index.tsx',
  '/index.mjs',
];

function fileAt(path: string, view: ProjectView): ts.SourceFile | undefined {
  let known = files.get(view);
  if (!known) files.set(view, (known = new Map()));
  if (!known.has(path)) known.set(path, read(path, view));
  return known.get(path);
}

function read(path: string, view: ProjectView): ts.SourceFile | undefined {
  const stems = /\.[cm]?js$/.test(path) ? [path, path.replace(/\.([cm]?)js$/, '.$1ts')] : [path];
  for (const candidate of stems.flatMap((stem) => endings.map((ending) => stem + ending))) {
    if (!/\.[cm]?[jt]sx?$/.test(candidate)) continue;
    const text = view.read(candidate);
    if (text === undefined) continue;
    const { file, errors } = parseSource(candidate, text);
    if (errors.length) return undefined;
    homes.set(scopesOf(file), { path: candidate, view });
    return file;
  }
  return undefined;
}
