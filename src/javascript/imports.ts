import { builtinModules } from 'node:module';

import type { TextEdit } from '../edits/edits.js';
import type { ImportNeed } from '../flow/model.js';
import type { FileContext } from './context.js';
import { wholeImportLine } from './import-line.js';
import { ts } from './parse.js';
import { addWindows, isWindowNeed, windowIn } from './pool/window.js';

/**
 * The text by which a file says what is needed: a binding that it already has (`util.callbackify`), else a name that is free in
 * the whole file. Asked twice it gives the same text; `addImports` declares exactly these names.
 */
export function localNameFor(ctx: FileContext, need: ImportNeed): string {
  const memory = memoryOf(ctx);
  const key = keyOf(need);
  let text = memory.texts.get(key);
  if (text === undefined) {
    text = existingText(ctx, need) ?? freeName(need.local, memory.taken);
    memory.texts.set(key, text);
  }
  return text;
}

/**
 * True when a file can import Node's own modules: it does so, or nothing says that it is for a browser. A plain script of a page
 * has no way to import anything.
 */
export function canImportBuiltins(ctx: FileContext): boolean {
  if (ctx.moduleStyle === 'script') return false;
  if (headOf(ctx.file).flatMap(modulesOf).some(isBuiltin)) return true;
  if (Object.keys(ctx.dependencies).some((name) => pageLibraries.test(name)) || /\.[jt]sx$/.test(ctx.path))
    return false;
  if (pageGlobals.some((name) => ctx.scopes.named(name).some(ctx.scopes.isGlobal))) return false;
  return !/"browser"\s*:/.test(ctx.view.read('package.json') ?? '');
}

const pageLibraries = /^(react|react-dom|vue|svelte|preact|jquery|backbone|@angular\/core|react-native)$/;
const pageGlobals = ['window', 'document', 'XMLHttpRequest', 'localStorage', 'navigator'];

/** The edits that bring in what the file lacks, once each: names added to a destructuring that is there, or lines of their own. */
export function addImports(ctx: FileContext, needs: readonly ImportNeed[]): TextEdit[] {
  const missing = new Map<string, ImportNeed>();
  for (const need of needs)
    if (existingText(ctx, need) === undefined) missing.set(keyOf(need), { ...need, local: localNameFor(ctx, need) });
  const byModule = new Map<string, ImportNeed[]>();
  const windows = [...missing.values()].filter(isWindowNeed);
  for (const need of missing.values()) {
    if (isWindowNeed(need)) continue;
    const from = bare(need.from);
    byModule.set(from, [...(byModule.get(from) ?? []), need]);
  }
  const edits: TextEdit[] = addWindows(ctx, windows);
  const lines: string[] = [];
  for (const group of byModule.values()) {
    const named = group.filter((need) => need.name !== '*' && need.name !== 'default');
    const list = named.length > 0 ? listToExtend(ctx, group[0]!.from) : undefined;
    if (list) edits.push(extended(ctx, list, named));
    lines.push(...linesFor(ctx, group, list ? [] : named));
  }
  if (lines.length > 0) edits.push(insertLines(ctx, lines));
  return edits;
}

interface Memory {
  readonly texts: Map<string, string>;
  readonly taken: Set<string>;
  bindings?: readonly ModuleBinding[];
}

const memories = new WeakMap<ts.SourceFile, Memory>();

function memoryOf(ctx: FileContext): Memory {
  let memory = memories.get(ctx.file);
  if (!memory)
    memories.set(ctx.file, (memory = { texts: new Map(), taken: new Set(ctx.scopes.namesWithin(ctx.file)) }));
  return memory;
}

const bare = (from: string): string => from.replace(/^node:/, '');
const keyOf = (need: ImportNeed): string => `${bare(need.from)}#${need.name}`;

function freeName(wish: string, taken: Set<string>): string {
  let name = wish;
  for (let n = 2; taken.has(name); n++) name = `${wish}${n}`;
  taken.add(name);
  return name;
}

/** A name of the file's top level that holds a module or something in it: `const { promises: fsp } = require('fs')` is fs, [promises]. */
interface ModuleBinding {
  readonly name: string;
  readonly from: string;
  readonly path: readonly string[];
}

const builtins = new Set(builtinModules);
const isBuiltin = (from: string): boolean => builtins.has(bare(from)) || from.startsWith('node:');

/** `fs/promises` is `promises` of `fs`, and a builtin's default is the builtin itself. Other packages are taken as they are named. */
function placeOf(from: string, path: readonly string[]): { from: string; path: readonly string[] } {
  const module = bare(from);
  if (!isBuiltin(from)) return { from: module, path };
  const rest = path[0] === 'default' || path[0] === '*' ? path.slice(1) : path;
  const slash = module.endsWith('/promises') ? module.slice(0, -'/promises'.length) : undefined;
  return slash ? { from: slash, path: ['promises', ...rest] } : { from: module, path: rest };
}

function existingText(ctx: FileContext, need: ImportNeed): string | undefined {
  if (isWindowNeed(need)) return windowIn(ctx, need);
  const wanted = placeOf(need.from, [need.name]);
  let best: ModuleBinding | undefined;
  for (const binding of bindingsOf(ctx)) {
    if (binding.from !== wanted.from || binding.path.length > wanted.path.length) continue;
    if (!binding.path.every((part, i) => part === wanted.path[i])) continue;
    if (!best || binding.path.length > best.path.length) best = binding;
  }
  // `const pLimit = require('p-limit')`: of such a package the whole is the default.
  if (!best && need.name === 'default' && isCallable.test(need.from))
    return bindingsOf(ctx).find((each) => each.from === need.from && each.path.join() === '*')?.name;
  return best && [best.name, ...wanted.path.slice(best.path.length)].join('.');
}

const isCallable = /^p-(limit|map)$/;

/** Bindings of the file's head that hold modules, are never written, and are shadowed nowhere in the file. */
function bindingsOf(ctx: FileContext): readonly ModuleBinding[] {
  const memory = memoryOf(ctx);
  if (memory.bindings) return memory.bindings;
  const found: ModuleBinding[] = [];
  const add = (name: ts.Identifier, from: string, path: readonly string[]): void => {
    const symbol = ctx.scopes.symbolOf(name);
    if (!symbol || !ctx.scopes.isConstant(symbol)) return;
    const means = (other: ts.Identifier): ts.Symbol | undefined => ctx.scopes.symbolOf(other);
    if (ctx.scopes.named(name.text).some((other) => means(other) && means(other) !== symbol)) return;
    found.push({ name: name.text, ...placeOf(from, path) });
  };
  for (const statement of headOf(ctx.file)) {
    if (ts.isImportDeclaration(statement)) importNames(statement, add);
    else if (ts.isVariableStatement(statement))
      for (const each of statement.declarationList.declarations) requireNames(each, found, add);
    else if (ts.isImportEqualsDeclaration(statement) && !statement.isTypeOnly) importEquals(statement, add);
  }
  memory.bindings = found;
  return found;
}

type AddBinding = (name: ts.Identifier, from: string, path: readonly string[]) => void;

function importNames(statement: ts.ImportDeclaration, add: AddBinding): void {
  const clause = statement.importClause;
  const from = textOf(statement.moduleSpecifier);
  if (!clause || from === undefined || clause.isTypeOnly) return;
  if (clause.name) add(clause.name, from, ['default']);
  const names = clause.namedBindings;
  if (names && ts.isNamespaceImport(names)) add(names.name, from, ['*']);
  if (names && ts.isNamedImports(names))
    for (const each of names.elements)
      if (!each.isTypeOnly) add(each.name, from, [(each.propertyName ?? each.name).text]);
}

function importEquals(statement: ts.ImportEqualsDeclaration, add: AddBinding): void {
  const reference = statement.moduleReference;
  const from = ts.isExternalModuleReference(reference) ? textOf(reference.expression) : undefined;
  if (from !== undefined) add(statement.name, from, ['*']);
}

function requireNames(node: ts.VariableDeclaration, known: readonly ModuleBinding[], add: AddBinding): void {
  const source = node.initializer && modulePath(node.initializer, known);
  if (!source) return;
  const whole = source.path.length > 0 ? source.path : ['*'];
  if (ts.isIdentifier(node.name)) add(node.name, source.from, isBuiltin(source.from) ? source.path : whole);
  if (!ts.isObjectBindingPattern(node.name)) return;
  for (const each of node.name.elements) {
    if (each.dotDotDotToken || each.initializer || !ts.isIdentifier(each.name)) continue;
    const property = each.propertyName ?? each.name;
    if (ts.isIdentifier(property)) add(each.name, source.from, [...source.path, property.text]);
  }
}

/** `require('fs').promises`, or `util.promisify` of a binding that is known already. */
function modulePath(
  node: ts.Expression,
  known: readonly ModuleBinding[],
): { from: string; path: string[] } | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    const inner = modulePath(node.expression, known);
    return inner && { from: inner.from, path: [...inner.path, node.name.text] };
  }
  if (ts.isIdentifier(node)) {
    const binding = known.find((each) => each.name === node.text);
    return binding && isBuiltin(binding.from) ? { from: binding.from, path: [...binding.path] } : undefined;
  }
  const from = requiredBy(node);
  return from === undefined ? undefined : { from, path: [] };
}

/** What `require('x')` names. */
function requiredBy(node: ts.Expression): string | undefined {
  if (!ts.isCallExpression(node) || node.arguments.length !== 1) return undefined;
  if (!ts.isIdentifier(node.expression) || node.expression.text !== 'require') return undefined;
  return textOf(node.arguments[0]!);
}

function textOf(node: ts.Expression): string | undefined {
  return ts.isStringLiteralLike(node) ? node.text : undefined;
}

/**
 * The statements at the top before which nothing of the project can have been called: directives, imports, requires and declarations.
 * In CommonJS what stands below may run too late for a function that is called while modules load.
 */
function headOf(file: ts.SourceFile): readonly ts.Statement[] {
  const stop = file.statements.findIndex((statement) => !isHead(statement));
  const head = stop < 0 ? file.statements : file.statements.slice(0, stop);
  // Imports are hoisted: where they stand means nothing.
  return stop < 0 ? head : [...head, ...file.statements.slice(stop).filter(ts.isImportDeclaration)];
}

function isHead(node: ts.Statement): boolean {
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.every((each) => !runsCode(each.initializer));
  return (
    isDirective(node) ||
    isImport(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    (ts.isExpressionStatement(node) && requiredBy(node.expression) !== undefined)
  );
}

const isImport = (node: ts.Statement): boolean => ts.isImportDeclaration(node) || ts.isImportEqualsDeclaration(node);
const isDirective = (node: ts.Statement): boolean =>
  ts.isExpressionStatement(node) && ts.isStringLiteral(node.expression);

/** Can it call anything but `require`? */
function runsCode(node: ts.Expression | undefined): boolean {
  if (!node || ts.isFunctionExpression(node) || ts.isArrowFunction(node)) return false;
  const visit = (inner: ts.Node): boolean => {
    if (ts.isFunctionLike(inner)) return false;
    if (ts.isNewExpression(inner) || ts.isTaggedTemplateExpression(inner)) return true;
    if (ts.isCallExpression(inner) && requiredBy(inner) === undefined && !requiresInside(inner)) return true;
    return !!ts.forEachChild(inner, visit);
  };
  return visit(node);
}

/** `require('debug')('app')`: a library's setup, which cannot know our functions. */
const requiresInside = (call: ts.CallExpression): boolean =>
  ts.isCallExpression(call.expression) ? requiredBy(call.expression) !== undefined : isBuiltinCall(call);
const isBuiltinCall = (call: ts.CallExpression): boolean =>
  ts.isPropertyAccessExpression(call.expression) &&
  ts.isIdentifier(call.expression.expression) &&
  ['path', 'util', 'Object', 'Symbol'].includes(call.expression.expression.text);

/** `{ promisify }` of `const { promisify } = require('util')` or of an import, to which a name can be added. */
function listToExtend(ctx: FileContext, from: string): ts.ObjectBindingPattern | ts.NamedImports | undefined {
  const isWanted = (name: string | undefined): boolean => name !== undefined && bare(name) === bare(from);
  for (const statement of headOf(ctx.file)) {
    if (ts.isImportDeclaration(statement)) {
      const names = statement.importClause?.namedBindings;
      if (!names || !ts.isNamedImports(names) || names.elements.length === 0) continue;
      if (!statement.importClause.isTypeOnly && isWanted(textOf(statement.moduleSpecifier))) return names;
    }
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!ts.isObjectBindingPattern(name) || name.elements.length === 0) continue;
      if (name.elements.some((each) => each.dotDotDotToken)) continue;
      if (initializer && isWanted(requiredBy(initializer))) return name;
    }
  }
  return undefined;
}

// const { inspect } = require('util');
//                ^ ", callbackify"; on a line of its own where the others have one each
function extended(
  ctx: FileContext,
  list: ts.ObjectBindingPattern | ts.NamedImports,
  needs: readonly ImportNeed[],
): TextEdit {
  const last = list.elements[list.elements.length - 1]!;
  const separator = ts.isNamedImports(list) ? ' as ' : ': ';
  const names = needs.map((need) => (need.name === need.local ? need.name : `${need.name}${separator}${need.local}`));
  const start = last.getStart();
  const lineStart = ctx.text.lastIndexOf('\n', start - 1) + 1;
  const indent = /^[ \t]*/.exec(ctx.text.slice(lineStart))![0];
  const ownLine = lineStart + indent.length === start;
  const between = ownLine ? `,${ctx.style.eol}${indent}` : ', ';
  return { start: last.end, end: last.end, text: names.map((name) => between + name).join('') };
}

function linesFor(ctx: FileContext, group: readonly ImportNeed[], named: readonly ImportNeed[]): string[] {
  const { quote, semi } = ctx.style;
  const from = `${quote}${specifierFor(ctx, group[0]!.from)}${quote}`;
  const end = semi ? ';' : '';
  const esm = ctx.moduleStyle === 'esm';
  const lines = group
    .filter((need) => need.name === '*' || need.name === 'default')
    .map((need) => wholeImportLine(ctx, need, from, isBuiltin(need.from)) + end);
  if (named.length === 0) return lines;
  const names = named.map(({ name, local }) => (name === local ? name : `${name}${esm ? ' as ' : ': '}${local}`));
  const list = `{ ${names.join(', ')} }`;
  return [...lines, esm ? `import ${list} from ${from}${end}` : `const ${list} = require(${from})${end}`];
}

/** `node:` in front of builtins as the file has it; where it imports none, as is usual in its kind of module. */
function specifierFor(ctx: FileContext, from: string): string {
  if (!isBuiltin(from)) return from;
  const used = headOf(ctx.file).flatMap(modulesOf).filter(isBuiltin);
  const prefixed = used.length > 0 ? used.some((name) => name.startsWith('node:')) : ctx.moduleStyle === 'esm';
  return prefixed ? `node:${bare(from)}` : bare(from);
}

/** The modules that a statement of the head imports. */
function modulesOf(statement: ts.Statement): string[] {
  if (ts.isImportDeclaration(statement)) return [textOf(statement.moduleSpecifier) ?? ''];
  if (ts.isImportEqualsDeclaration(statement))
    return ts.isExternalModuleReference(statement.moduleReference)
      ? [textOf(statement.moduleReference.expression) ?? '']
      : [];
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) return;
    const from = ts.isExpression(node) ? requiredBy(node) : undefined;
    if (from !== undefined) found.push(from);
    ts.forEachChild(node, visit);
  };
  visit(statement);
  return found;
}

/** Behind the last builtin that is imported in the head, else behind the last import, else in front of the first statement. */
function insertLines(ctx: FileContext, lines: readonly string[]): TextEdit {
  const { eol, semi } = ctx.style;
  const statements = ctx.file.statements;
  const plain = statements.findIndex((each) => !isImportLine(each));
  const head =
    ctx.moduleStyle === 'esm' ? statements.filter(isImport) : statements.slice(0, plain < 0 ? undefined : plain);
  const imports = head.filter((each) => modulesOf(each).length > 0);
  const anchor = [...imports].reverse().find((each) => modulesOf(each).some(isBuiltin)) ?? imports[imports.length - 1];
  const text = lines.join(eol);
  if (anchor) {
    // A semicolon that opens the next line belongs to what follows it: it then ends our line.
    const end = semi ? anchor.end : ctx.text.slice(0, anchor.end).replace(/\s*[\r\n]\s*;$/, '').length;
    const at = endOfLine(ctx.text, end);
    if (at !== undefined)
      return { start: at, end: at, text: `${eol}${text}${end < anchor.end ? '' : guard(ctx, at, text)}` };
    return { start: end, end, text: `${eol}${text}${eol}` };
  }
  return insertAtTop(ctx, text);
}

const isImportLine = (node: ts.Statement): boolean =>
  isDirective(node) ||
  isImport(node) ||
  (modulesOf(node).length > 0 && isHead(node) && !ts.isFunctionDeclaration(node));

/** The end of the line when nothing but a comment follows on it. */
function endOfLine(text: string, from: number): number | undefined {
  const rest = /^[^\r\n]*/.exec(text.slice(from))![0];
  return /^[ \t]*(?:\/\/.*|\/\*(?:(?!\*\/).)*\*\/[ \t]*)?$/.test(rest) ? from + rest.length : undefined;
}

/** Without semicolons a line that starts with a bracket would go on where ours ends. */
function guard(ctx: FileContext, at: number, text: string): string {
  if (text.endsWith(';')) return '';
  const next = ctx.file.statements.find((each) => each.getStart() >= at);
  return next && /^[([`/+-]/.test(ctx.text.slice(next.getStart())) ? ';' : '';
}

function insertAtTop(ctx: FileContext, text: string): TextEdit {
  const { eol } = ctx.style;
  const directives = ctx.file.statements.filter(
    (each, i, all) => isDirective(each) && all.slice(0, i).every(isDirective),
  );
  const last = directives[directives.length - 1];
  const first = ctx.file.statements[directives.length];
  if (last) {
    const at = endOfLine(ctx.text, last.end) ?? last.end;
    const blank = first && /^\r?\n[ \t]*\r?\n/.test(ctx.text.slice(at)) ? eol : '';
    return { start: at, end: at, text: `${eol}${blank}${text}${guard(ctx, at, text)}` };
  }
  const at = first ? startWithDoc(ctx.text, first) : ctx.text.length;
  return { start: at, end: at, text: `${text}${first ? guard(ctx, at, text) : ''}${eol}${first ? eol : ''}` };
}

/** Where a statement begins with the comment that belongs to it; what heads the file (a licence, `eslint` rules) stays on top. */
function startWithDoc(text: string, first: ts.Statement): number {
  const comments = ts.getLeadingCommentRanges(text, first.pos) ?? [];
  let at = first.getStart();
  for (let i = comments.length - 1; i >= 0; i--) {
    const { pos, end } = comments[i]!;
    if (/\n[ \t]*\r?\n/.test(text.slice(end, at))) break;
    if (/^\/\*!|@license|copyright|eslint|jshint|jslint|global |@flow|@ts-|@jest/i.test(text.slice(pos, end))) break;
    at = pos;
  }
  return at;
}
