import { applyEdits } from '../edits/edits.js';
import type { FileEdit } from '../types.js';
import type { PlannedChange } from './plan.js';
import type { PyProject } from './project.js';

/*
 * A project that is given another HTTP library lists it: in the requirements file or pyproject.toml that lists the one it had, next to it. The old
 * one goes when nobody imports it any more. Ranges are never empty, so that several change groups may carry the same edit.
 */

const LIBRARIES = ['aiohttp', 'httpx', 'requests'];
/** What a folder may list its dependencies in. */
const LISTS = [
  'requirements.txt',
  'requirements.in',
  'requirements/base.txt',
  'requirements/base.in',
  'pyproject.toml',
];

/** An edit, and the text of the file that it is for. */
export interface ListedEdit {
  readonly edit: FileEdit;
  readonly text: string;
}

/** The edits that list the libraries a change brings in; files that we do not understand are left. */
export function requirementEdits(project: PyProject, change: PlannedChange): ListedEdit[] {
  const found = new Map<string, ListedEdit>();
  const after = new Map(change.files.map(({ file, edits }) => [file.path, applyEdits(file.text, edits)] as const));
  for (const { file } of change.files) {
    const now = after.get(file.path)!;
    const added = LIBRARIES.find((name) => imports(now, name) && !imports(file.text, name));
    const before = LIBRARIES.find((name) => name !== added && imports(file.text, name));
    if (!added || !before) continue;
    const isUsed = project.files.some((each) => imports(after.get(each.path) ?? each.text, before));
    const isUsedElsewhere = project.others.some((path) => mentions(project.read(path) ?? '', before));
    for (const listed of listsFor(project, file.path, before)) {
      const stays = isUsed || isUsedElsewhere || hasCompanion(listed.text, before);
      const edit = edited(listed, before, added, stays);
      if (edit) found.set(listed.path, { edit: { path: listed.path, ...edit }, text: listed.text });
    }
  }
  return [...found.values()];
}

/** A module is imported: `import requests`, `from requests.auth import …`, `import_module("requests")`. */
function imports(text: string, name: string): boolean {
  return (
    new RegExp(`^[ \\t]*(?:from[ \\t]+${name}\\b|import[ \\t]+(?:.*,[ \\t]*)?${name}\\b)`, 'm').test(text) ||
    new RegExp(`(?:__import__|import_module)\\([ \\t]*['"]${name}\\b`).test(text)
  );
}

const mentions = (text: string, name: string): boolean =>
  new RegExp(`\\b(?:import|from)\\s+.*\\b${name}\\b`).test(text);

/** `pytest-aiohttp`, `requests-mock`: what goes with a library would miss it. */
const hasCompanion = (text: string, name: string): boolean =>
  new RegExp(`[\\w.]-${name}\\b|\\b${name}[-_]\\w`, 'i').test(text) ||
  (name === 'aiohttp' && /aioresponses/i.test(text));

interface List {
  readonly path: string;
  readonly text: string;
}

/** The lists of the nearest folder that list a library. */
function listsFor(project: PyProject, path: string, name: string): List[] {
  for (let folder = parentOf(path); ; folder = parentOf(folder)) {
    const lists = LISTS.flatMap((own): List[] => {
      const at = folder === '' ? own : `${folder}/${own}`;
      const text = project.read(at);
      return text !== undefined && !text.startsWith('\uFEFF') && entryOf({ path: at, text }, name)
        ? [{ path: at, text }]
        : [];
    });
    if (lists.length > 0 || folder === '') return lists;
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** Where a list names a library, and how an entry for another one is written there. */
interface Entry {
  readonly start: number;
  readonly end: number;
  /** What stands between this entry and the next. */
  readonly between: string;
  readonly written: (name: string) => string;
}

function entryOf(list: List, name: string): Entry | undefined {
  if (!list.path.endsWith('.toml')) return lineEntry(list.text, name);
  const project = section(list.text, 'project');
  const array = project && arrayIn(list.text, project);
  const poetry = section(list.text, 'tool.poetry.dependencies');
  return (array && stringEntry(list.text, array, name)) ?? (poetry && poetryEntry(list.text, poetry, name));
}

/** `requests[socks]>=2.30 ; python_version > "3.8"  # why`; a file with hashes is made by a tool and left to it. */
function lineEntry(text: string, name: string): Entry | undefined {
  if (/--hash[= ]/.test(text)) return undefined;
  const line = new RegExp(`^${name}(?![\\w.-])[^\\r\\n]*`, 'im').exec(text);
  if (!line || line[0].trimEnd().endsWith('\\')) return undefined;
  return { start: line.index, end: line.index + line[0].length, between: eolOf(text), written: (other) => other };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The lines of a table of a TOML file. */
function section(text: string, name: string): Span | undefined {
  const head = new RegExp(`^\\[${name.replaceAll('.', '\\.')}\\][ \\t]*(?:#.*)?\\r?$`, 'm').exec(text);
  if (!head) return undefined;
  const start = head.index + head[0].length;
  const next = /^\[/m.exec(text.slice(start));
  return { start, end: next ? start + next.index : text.length };
}

/** `dependencies = [ … ]` in `[project]`. */
function arrayIn(text: string, { start, end }: Span): Span | undefined {
  const open = /^dependencies[ \t]*=[ \t]*\[/m.exec(text.slice(start, end));
  if (!open) return undefined;
  const from = start + open.index + open[0].length;
  const close = /^(?:"[^"\n]*"|'[^'\n]*'|#.*|[^\]"'#])*\]/.exec(text.slice(from));
  return close ? { start: from, end: from + close[0].length } : undefined;
}

function stringEntry(text: string, { start, end }: Span, name: string): Entry | undefined {
  const found = new RegExp(`^((?:"[^"\\n]*"|'[^'\\n]*'|#.*|[^"'#])*?)((["'])${name}(?![\\w.-]).*?\\3)`, 'i').exec(
    text.slice(start, end),
  );
  if (!found) return undefined;
  const at = start + found[1]!.length;
  const indent = /(?:^|\n)([ \t]*)$/.exec(text.slice(0, at));
  const quote = found[3]!;
  return {
    start: at,
    end: at + found[2]!.length,
    between: indent ? `,${eolOf(text)}${indent[1]}` : ', ',
    written: (other) => `${quote}${other}${quote}`,
  };
}

function poetryEntry(text: string, { start, end }: Span, name: string): Entry | undefined {
  const line = new RegExp(`^${name}[ \\t]*=[ \\t]*(?:"[^"\\n]*"|'[^'\\n]*'|\\{[^\\n{}]*\\})`, 'im').exec(
    text.slice(start, end),
  );
  if (!line) return undefined;
  const at = start + line.index;
  return { start: at, end: at + line[0].length, between: eolOf(text), written: (other) => `${other} = "*"` };
}

const eolOf = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n');

/** The new library in place of the old one or next to it, in the order of the alphabet; without a version: whoever pins decides. */
function edited(list: List, old: string, added: string, stays: boolean): (Span & { text: string }) | undefined {
  if (entryOf(list, added)) return undefined;
  const { start, end, between, written } = entryOf(list, old)!;
  const before = list.text.slice(start, end);
  if (!stays) return { start, end, text: written(added) };
  // A comment behind the entry, or a comma, stays behind the same entry.
  return added < old
    ? { start, end, text: `${written(added)}${between}${before}` }
    : { start, end, text: `${before}${between}${written(added)}` };
}
