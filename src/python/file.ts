import type { Range } from '../types.js';
import { parsePython, type SyntaxError, type Token } from './parse.js';
import { indentUnit } from './rewrite.js';
import { analyse, type Binding, type Scope, type Scopes } from './scope.js';
import {
  isFunction,
  parentOf,
  walk,
  type Alias,
  type Expr,
  type ImportFrom,
  type Module,
  type Name,
  type Node,
} from './tree.js';

/** One Python file, parsed, with its names. */
export interface PyFile {
  readonly path: string;
  readonly text: string;
  /** `a.b` for `a/b.py` and `a/b/__init__.py`. */
  readonly moduleName: string;
  readonly module: Module;
  readonly scopes: Scopes;
  readonly tokens: readonly Token[];
  readonly comments: readonly Range[];
  readonly strings: readonly Range[];
  readonly unit: string;
}

/** Parses a file, or gives the place where it is no Python. */
export function pyFile(path: string, text: string): PyFile | { readonly error: SyntaxError } {
  const parsed = parsePython(text);
  if ('error' in parsed) return parsed;
  return {
    path,
    text,
    moduleName: moduleNameOf(path),
    scopes: analyse(parsed.module),
    unit: indentUnit(text, parsed.tokens),
    ...parsed,
  };
}

const moduleNameOf = (path: string): string =>
  path
    .replace(/\.pyi?$/, '')
    .replace(/(?:^|\/)__init__$/, '')
    .replaceAll('/', '.');

export const textOf = (file: PyFile, node: Range): string => file.text.slice(node.start, node.end);

/** The binding of a name, if every place that binds it is of one kind. */
export function only(binding: Binding | undefined, kind: 'import' | 'function' | 'class'): Binding | undefined {
  return binding && binding.kinds.size === 1 && binding.kinds.has(kind) ? binding : undefined;
}

/**
 * What a dotted expression is called outside of this file: `asyncio.gather` for `aio.gather` and for `gather`; undefined when its first
 * name is not bound by imports alone.
 */
export function qualified(file: PyFile, expr: Expr | undefined): string | undefined {
  if (expr?.nodeType === 'Attribute') {
    const left = qualified(file, expr.value);
    return left && `${left}.${expr.attr}`;
  }
  if (expr?.nodeType !== 'Name') return undefined;
  const binding = only(file.scopes.bindingOf(expr), 'import');
  const [first, ...others] = (binding?.sites ?? []) as Alias[];
  const name = first && importedName(file, first);
  // `try: import requests as http`, `except ImportError: import httpx as http`: who knows.
  return others.every((each) => importedName(file, each) === name) ? name : undefined;
}

/** What an alias of an import stands for, with relative imports made absolute. */
export function importedName(file: PyFile, alias: Alias): string {
  const stmt = parentOf(alias)!;
  if (stmt.nodeType === 'Import') return alias.asname ? alias.name : alias.name.split('.')[0]!;
  return [moduleOf(file, stmt as ImportFrom), alias.name].filter(Boolean).join('.');
}

/** The absolute module that a `from` import names. */
export function moduleOf(file: PyFile, stmt: ImportFrom): string {
  const level = stmt.level ?? 0;
  if (level === 0) return stmt.module ?? '';
  const isPackage = /(?:^|\/)__init__\.pyi?$/.test(file.path);
  const parts = file.moduleName === '' ? [] : file.moduleName.split('.');
  const base = parts.slice(0, parts.length - (isPackage ? level - 1 : level));
  return [...base, ...(stmt.module ? [stmt.module] : [])].join('.');
}

/** The builtin `name`, if nothing in the file shadows it. */
export const isBuiltin = (file: PyFile, expr: Expr, name: string): boolean =>
  expr.nodeType === 'Name' && expr.id === name && !file.scopes.bindingOf(expr);

/** The scope in which the statements of a function (or the module) stand. */
export function scopeAround(file: PyFile, node: Node): Scope {
  for (let at: Node | undefined = node; at; at = parentOf(at)) {
    if (at !== node || isFunction(at) || at.nodeType === 'Module') {
      const scope = file.scopes.of(at);
      if (scope && scope.kind !== 'comprehension') return scope;
    }
  }
  return file.scopes.module;
}

/** Every name that is bound or read anywhere in a file: a name that is not among them is free to use. */
export function namesIn(file: PyFile): ReadonlySet<string> {
  const names = new Set<string>();
  walk(file.module, (node) => {
    for (const key of ['id', 'arg', 'name', 'asname', 'rest'] as const) {
      const value = (node as unknown as Record<string, unknown>)[key];
      if (typeof value === 'string') names.add(value.split('.')[0]!);
    }
  });
  return names;
}

/** `wanted`, or with a number behind it when the file has the name already. */
export function freshName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  for (let n = 2; ; n++) if (!taken.has(`${wanted}${n}`) && !taken.has(`${wanted}_${n}`)) return `${wanted}_${n}`;
}

/** The import statements that bring in a name or module, with their aliases. */
export function importAliases(file: PyFile): { alias: Alias; name: string; binding: Binding | undefined }[] {
  const found: { alias: Alias; name: string; binding: Binding | undefined }[] = [];
  walk(file.module, (node) => {
    if (node.nodeType !== 'Alias' || node.name === '*') return;
    const local = node.asname ?? node.name.split('.')[0]!;
    const scope = scopeAround(file, node);
    found.push({ alias: node, name: importedName(file, node), binding: scope.bindings.get(local) });
  });
  return found;
}

/** The range of an expression with the parentheses that stand round it alone, when something is taken from it behind them. */
export function withoutParens(file: PyFile, node: Expr): Range {
  const { text } = file;
  const before = /\(\s*$/.exec(text.slice(0, node.start));
  const after = /^\s*\)/.exec(text.slice(node.end));
  const parent = parentOf(node);
  const isReceiver = (parent?.nodeType === 'Attribute' || parent?.nodeType === 'Subscript') && parent.value === node;
  if (!before || !after || !isReceiver) return node;
  return { start: before.index, end: node.end + after[0].length };
}

export const isName = (expr: Expr | undefined, id?: string): expr is Name =>
  expr?.nodeType === 'Name' && (id === undefined || expr.id === id);
