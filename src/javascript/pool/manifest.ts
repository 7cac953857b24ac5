import type { FileContext } from '../context.js';
import type { FileEdit, ProjectView } from '../../types.js';

/** The package.json that applies to a file: where a dependency goes. */
export interface Manifest {
  readonly path: string;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** The nearest package.json above a file that describes a package; one that only says `"type"` is no place for dependencies. */
export function manifestFor(path: string, view: ProjectView): Manifest | undefined {
  for (let folder = parentOf(path); ; folder = parentOf(folder)) {
    const file = folder === '' ? 'package.json' : `${folder}/package.json`;
    const text = view.read(file);
    const json = text === undefined ? undefined : parsed(text);
    if (text !== undefined && json && (folder === '' || isPackage(json))) return { path: file, text, json };
    if (folder === '') return undefined;
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

const isPackage = (json: Readonly<Record<string, unknown>>): boolean =>
  ['name', 'dependencies', 'devDependencies', 'scripts', 'workspaces', 'main', 'exports'].some((key) => key in json);

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** True when the package can be loaded at run time: a development dependency is only there for tests and tools. */
export function hasDependency(manifest: Manifest, name: string): boolean {
  return ['dependencies', 'peerDependencies', 'optionalDependencies'].some(
    (kind) => name in listOf(manifest.json, kind),
  );
}

const listOf = (json: Readonly<Record<string, unknown>>, kind: string): Readonly<Record<string, unknown>> => {
  const list = json[kind];
  return typeof list === 'object' && list !== null ? (list as Record<string, unknown>) : {};
};

/** The version range under which a package is listed anywhere in a package.json. */
export function rangeOf(manifest: Manifest | undefined, name: string): string | undefined {
  if (!manifest) return undefined;
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies', 'devDependencies']) {
    const range = listOf(manifest.json, kind)[name];
    if (typeof range === 'string') return range;
  }
  return undefined;
}

/**
 * The edit that lists a package, as npm would write it: in alphabetical order, indented as its neighbours. Undefined when the text is not
 * shaped so that this can be seen to be right. Its range is never empty, so that several change groups can carry the same edit.
 */
export function withDependency(manifest: Manifest, name: string, range: string): FileEdit | undefined {
  const edit = 'dependencies' in manifest.json ? among(manifest, name, range) : newList(manifest, name, range);
  if (!edit) return undefined;
  const after = parsed(manifest.text.slice(0, edit.start) + edit.text + manifest.text.slice(edit.end));
  return after && listOf(after, 'dependencies')[name] === range ? { path: manifest.path, ...edit } : undefined;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function among({ text, json }: Manifest, name: string, range: string): Edit | undefined {
  const open = /^([ \t]*)"dependencies"\s*:\s*\{/m.exec(text) ?? /()"dependencies"\s*:\s*\{/.exec(text);
  if (!open) return undefined;
  const start = open.index + open[0].length;
  const end = text.indexOf('}', start);
  const inside = text.slice(start, end);
  const names = Object.keys(listOf(json, 'dependencies'));
  const entry = `"${name}": "${range}"`;
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  if (names.length === 0) {
    const step = open[1]! || indentOf(text);
    return { start: start - 1, end: end + 1, text: `{${eol}${open[1]}${step}${entry}${eol}${open[1]}}` };
  }
  const before = names.filter((other) => other < name).at(-1);
  const lead = /^\s*/.exec(inside)![0];
  // In front of the first one, or behind the one that it follows.
  const anchor = `"${before ?? names[0]!}"`;
  const at = inside.search(new RegExp(`${anchor.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}\\s*:`));
  if (at < 0) return undefined;
  if (before === undefined)
    return { start: start + at, end: start + at + anchor.length, text: `${entry},${lead || ' '}${anchor}` };
  const value = /^"[^"]*"\s*:\s*"[^"]*"/.exec(inside.slice(at))?.[0];
  if (value === undefined) return undefined;
  return { start: start + at, end: start + at + value.length, text: `${value},${lead || ' '}${entry}` };
}

const indentOf = (text: string): string => /^([ \t]+)"/m.exec(text)?.[1] ?? '  ';

/** npm puts a first `dependencies` at the end. */
function newList({ text }: Manifest, name: string, range: string): Edit | undefined {
  const last = /(\S)(\s*)\}\s*$/.exec(text);
  if (!last) return undefined;
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const indent = indentOf(text);
  const list = `"dependencies": {${eol}${indent}${indent}"${name}": "${range}"${eol}${indent}}`;
  const comma = last[1] === '{' ? '' : ',';
  return {
    start: last.index,
    end: last.index + 1,
    text: `${last[1]}${comma}${eol}${indent}${list}${last[2] ? '' : eol}`,
  };
}

/** The edit that takes packages out of `dependencies`; undefined when none is there, or it stands in a way that we do not know. */
export function withoutDependencies(manifest: Manifest, names: readonly string[]): FileEdit | undefined {
  const { path, text } = manifest;
  const listed = names.filter((name) => name in listOf(manifest.json, 'dependencies'));
  let after = text;
  for (const name of listed) {
    const shorter = without(after, name);
    if (shorter === undefined) return undefined;
    after = shorter;
  }
  const json = parsed(after);
  if (listed.length === 0 || !json || listed.some((name) => name in listOf(json, 'dependencies'))) return undefined;
  let start = 0;
  while (text[start] === after[start]) start++;
  let tail = 0;
  while (tail < after.length - start && text.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return { path, start, end: text.length - tail, text: after.slice(start, after.length - tail) };
}

function without(text: string, name: string): string | undefined {
  const open = /^[ \t]*"dependencies"\s*:\s*\{/m.exec(text) ?? /"dependencies"\s*:\s*\{/.exec(text);
  if (!open) return undefined;
  const from = open.index + open[0].length;
  const escaped = `"${name}"`.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  const entry = new RegExp(`(,?)\\s*${escaped}\\s*:\\s*"[^"]*"(\\s*,)?`).exec(text.slice(from));
  if (!entry) return undefined;
  const start = from + entry.index;
  // With a comma on both sides one of them stays; the only one goes with the white space behind it.
  const kept = entry[1] && entry[2] ? ',' : '';
  let end = start + entry[0].length;
  if (!entry[1] && !entry[2]) end += /^\s*/.exec(text.slice(end))![0].length;
  return text.slice(0, start) + kept + text.slice(end);
}

/** The manifest of a file of the run. */
export const manifestOf = (ctx: FileContext): Manifest | undefined => manifestFor(ctx.path, ctx.view);
