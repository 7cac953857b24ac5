import type { Shape } from '../../flow/model.js';
import { libraryOfModule } from '../calls/libraries.js';
import type { PromiseLibrary } from '../calls/libraries.js';
import { originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { surelyOf } from './behind.js';
import { returnsOf } from './kinds.js';
import type { FunctionNode } from './uses.js';

export type LibraryShape = Extract<Shape, { kind: 'library' }>;

/**
 * How a function goes on giving a library's promise although it waits inside: `return Promise.try(async () => { … });` with Bluebird.
 * Callers keep all of the library's methods, and a rejection that nobody handles is treated as the library does (H14, H40).
 * `undefined`: the file has no name for the library, or the function gives other promises too.
 */
export function libraryBridge(fn: FunctionNode, library: PromiseLibrary, ctx: FileContext): LibraryShape | undefined {
  if (ctx.options.to !== 'async' || ctx.options.exports === 'refuse' || isWatched(ctx)) return undefined;
  if (declaresParameterAgain(fn, ctx)) return undefined;
  if (!returnsOf(fn).every((each) => each && surelyOf(each, library, ctx.scopes))) return undefined;
  return callThrough(fn, library, ctx);
}

/** The same for a chain that nobody waits for: its rejection stays the library's business. */
export function floatBridge(at: ts.Node, library: PromiseLibrary, ctx: FileContext): LibraryShape | undefined {
  return ctx.options.to === 'async' && !isWatched(ctx) ? callThrough(at, library, ctx) : undefined;
}

/** What a cancelled promise tells those that it waits for, and what a promise reports on the way: an async function hands on neither. */
function isWatched(ctx: FileContext): boolean {
  return /\bcancellation\b|\.cancel(lable)?\s*\(|\bonCancel\b|\.(progress|notify)\s*\(/.test(ctx.text);
}

/** `function f(x) { var x = x || 1; … }`: in a function inside, it would be another `x`. */
function declaresParameterAgain(fn: FunctionNode, ctx: FileContext): boolean {
  const names = fn.parameters.flatMap((each) => namesIn(each.name));
  return names.some((name) => (ctx.scopes.symbolOf(name)?.declarations?.length ?? 0) > 1);
}

function namesIn(name: ts.BindingName): ts.Identifier[] {
  if (ts.isIdentifier(name)) return [name];
  return name.elements.flatMap((each) => (ts.isOmittedExpression(each) ? [] : namesIn(each.name)));
}

/** What stands around `async () => { … }`. Only Bluebird's `try` starts a function at once; other libraries take its promise. */
function callThrough(at: ts.Node, library: PromiseLibrary, ctx: FileContext): LibraryShape | undefined {
  const name = nameOfLibrary(at, library, ctx);
  if (!name) return undefined;
  if (library === 'bluebird') return { kind: 'library', before: `${name.text}.try(`, after: ')' };
  const call = name.isClass ? `${name.text}.resolve` : name.text;
  return { kind: 'library', before: `${call}((`, after: ')())' };
}

/** What the file calls the library: declared once, above, so that the name means the same everywhere below. */
function nameOfLibrary(
  at: ts.Node,
  library: PromiseLibrary,
  { file, scopes }: FileContext,
): { text: string; isClass: boolean } | undefined {
  for (const statement of file.statements) {
    if (statement.pos >= at.pos) return undefined;
    for (const name of namesDeclaredBy(statement)) {
      const origin = originOf(name, scopes);
      if (!origin || libraryOfModule(origin.module) !== library) continue;
      const path = origin.path.join('.');
      if (path !== '' && path !== 'Promise') continue;
      const symbol = scopes.symbolOf(name);
      const same = scopes.named(name.text).every((use) => !isOtherName(use, symbol, scopes));
      if (same) return { text: name.text, isClass: path === 'Promise' || library === 'rsvp' };
    }
  }
  return undefined;
}

function isOtherName(use: ts.Identifier, symbol: ts.Symbol | undefined, scopes: FileContext['scopes']): boolean {
  const found = scopes.symbolOf(use);
  return !!found && found !== symbol;
}

function namesDeclaredBy(statement: ts.Statement): ts.Identifier[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap((each) => namesIn(each.name));
  if (!ts.isImportDeclaration(statement)) return [];
  const { name, namedBindings } = statement.importClause ?? {};
  const inner = !namedBindings
    ? []
    : ts.isNamespaceImport(namedBindings)
      ? [namedBindings.name]
      : namedBindings.elements.map((each) => each.name);
  return [...(name ? [name] : []), ...inner];
}
