import { bare, memberName, requiredBy } from '../calls/origin.js';
import { ts } from '../parse.js';
import { isVariableName, isWriteTarget, scopesOf } from '../scope.js';
import type { Scopes } from '../scope.js';
import { exportNamesOf, isExportsObject } from './exports.js';
import type { Exports } from './exports.js';

/**
 * What a file does with something that it imports. `path` says what: `[]` the module's whole value, `['load']` its export `load`,
 * `['Store', 'create']` a member of an export; ES modules' default is `['default']`.
 */
export interface ImportUse {
  readonly specifier: string;
  readonly path: readonly string[];
  /**
   * `call`: the node is called. `re-export`: it leaves this file under the names `as`. `type`: only its type is used.
   * `member`: a property of it is read, and that use stands for itself. `reference`: handed on, compared, made with `new`.
   * `unknown`: the whole module is handed on, anything can be done with it.
   */
  readonly kind: 'call' | 'member' | 'reference' | 're-export' | 'type' | 'unknown';
  /** The expression that stands for what is used: `load`, `api.load`, `require('./x').load`. */
  readonly node: ts.Node;
  readonly call?: ts.CallExpression;
  /** Export names of this file; `*` when all names of the module are passed on as they are. The specifier `''` is the file itself. */
  readonly as?: readonly string[];
}

/** Every use of another module, and of the file's own exports, in source order. */
export function importsOf(file: ts.SourceFile, exports: Exports): readonly ImportUse[] {
  const uses: ImportUse[] = [];
  const reader: Reader = { scopes: scopesOf(file), add: (use) => void uses.push(use), seen: new Set() };
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) fromSpecifier(node, reader);
    if (isOwnMember(node, reader.scopes)) follow(node, '', [memberName(node)!], reader);
    if (node.kind === ts.SyntaxKind.ThisKeyword) fromThis(node, exports, reader);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return uses;
}

/** `exports.load(…)`: what the file itself does with its exports. */
function isOwnMember(node: ts.Node, scopes: Scopes): boolean {
  return (
    memberName(node) !== undefined &&
    !isWriteTarget(node) &&
    isExportsObject((node as ts.AccessExpression).expression, scopes)
  );
}

/** In a function that is exported `this` is what it was exported in: `module.exports = { load() {}, all() { this.load(); } }`. */
function fromThis(node: ts.Node, exports: Exports, reader: Reader): void {
  const owner = ts.findAncestor(node.parent, hasOwnThis) ?? node.getSourceFile();
  if (ts.isSourceFile(owner)) {
    if (exports.style === 'cjs') reader.add({ specifier: '', path: [], kind: 'unknown', node });
    return;
  }
  for (const { name, value } of exports.all) {
    if (value !== owner || name === '=' || name === 'default' || name.includes('#')) continue;
    const around = name.split('.').slice(0, -1);
    const { parent } = node;
    const member = (parent as Partial<ts.AccessExpression>).expression === node ? memberName(parent) : undefined;
    if (member === undefined) reader.add({ specifier: '', path: around, kind: 'unknown', node });
    else if (!isWriteTarget(parent)) follow(parent, '', [...around, member], reader);
  }
}

function hasOwnThis(node: ts.Node): boolean {
  return (
    (ts.isFunctionLike(node) && !ts.isArrowFunction(node)) ||
    ts.isPropertyDeclaration(node) ||
    ts.isClassStaticBlockDeclaration(node)
  );
}

interface Reader {
  readonly scopes: Scopes;
  readonly add: (use: ImportUse) => void;
  /** Symbols that are being followed: `a = b, b = a` ends. */
  readonly seen: Set<ts.Symbol>;
}

/** A string that is a module's name, in all the forms that we can follow. */
function fromSpecifier(text: ts.StringLiteralLike, reader: Reader): void {
  const { parent } = text;
  const specifier = text.text;
  if (ts.isImportDeclaration(parent)) fromImport(parent, specifier, reader);
  else if (ts.isExportDeclaration(parent)) fromExport(parent, specifier, reader);
  else if (ts.isExternalModuleReference(parent) && ts.isImportEqualsDeclaration(parent.parent))
    followName(parent.parent.name, specifier, [], reader);
  else if (requiredBy(parent, reader.scopes)) follow(parent, specifier, [], reader);
  else if (ts.isLiteralTypeNode(parent) && ts.isImportTypeNode(parent.parent))
    reader.add({ specifier, path: [], kind: 'type', node: parent });
  else if (ts.isCallExpression(parent) && parent.expression.kind === ts.SyntaxKind.ImportKeyword)
    fromDynamic(parent, specifier, reader);
}

function fromImport(node: ts.ImportDeclaration, specifier: string, reader: Reader): void {
  const clause = node.importClause;
  if (clause?.name) followName(clause.name, specifier, ['default'], reader);
  const bindings = clause?.namedBindings;
  if (!bindings) return;
  if (ts.isNamespaceImport(bindings)) return followName(bindings.name, specifier, [], reader);
  for (const element of bindings.elements)
    followName(element.name, specifier, [(element.propertyName ?? element.name).text], reader);
}

function fromExport(node: ts.ExportDeclaration, specifier: string, reader: Reader): void {
  const clause = node.exportClause;
  const kind = node.isTypeOnly ? 'type' : 're-export';
  if (!clause) return reader.add({ specifier, path: [], kind, node, as: ['*'] });
  if (ts.isNamespaceExport(clause)) return reader.add({ specifier, path: [], kind, node, as: [clause.name.text] });
  for (const element of clause.elements) {
    reader.add({
      specifier,
      path: [(element.propertyName ?? element.name).text],
      kind,
      node: element,
      as: [element.name.text],
    });
  }
}

/** `await import('./x')` is the module; any other use of the promise is out of sight. */
function fromDynamic(call: ts.CallExpression, specifier: string, reader: Reader): void {
  if (ts.isAwaitExpression(call.parent)) follow(call.parent, specifier, [], reader);
  else reader.add({ specifier, path: [], kind: 'unknown', node: call });
}

/** Follows a variable that holds the module or an export of it to all its uses. */
function followName(name: ts.Identifier, specifier: string, path: readonly string[], reader: Reader): void {
  const symbol = reader.scopes.symbolOf(name);
  if (!symbol || reader.seen.has(symbol)) return;
  if (!reader.scopes.isConstant(symbol)) return reader.add({ specifier, path, kind: 'unknown', node: name });
  reader.seen.add(symbol);
  for (const reference of reader.scopes.references(symbol)) {
    if (reference === name) continue;
    if (isVariableName(reference)) follow(reference, specifier, path, reader);
    else reader.add({ specifier, path, kind: 'type', node: reference });
  }
  reader.seen.delete(symbol);
}

const interop = /^(_?interopRequire(Default|Wildcard)|__import(Default|Star)|_interop_require_(default|wildcard))$/;

/** What is done with an expression that stands for the module (`path` empty) or for something in it. */
function follow(node: ts.Node, specifier: string, path: readonly string[], reader: Reader): void {
  const { parent } = node;
  const use = (kind: ImportUse['kind'], more: Partial<ImportUse> = {}): void =>
    reader.add({ specifier, path, kind, node, ...more });
  if (bare(parent) !== parent) return follow(parent, specifier, path, reader);
  if (ts.isExpressionStatement(parent)) return; // `require('./setup');`
  const as = exportNamesOf(node, reader.scopes);
  if (as) return use('re-export', { as: path.length === 0 ? as.map((one) => (one === '=' ? '*' : one)) : as });
  if (ts.isVariableDeclaration(parent) && parent.initializer === node) {
    return followBinding(parent.name, specifier, path, reader);
  }
  const name = (parent as Partial<ts.AccessExpression>).expression === node ? memberName(parent) : undefined;
  if (name !== undefined) {
    if (path.length > 0) use('member');
    return follow(parent, specifier, [...path, name], reader);
  }
  if (ts.isCallExpression(parent)) {
    if (parent.expression === node) return use('call', { call: parent });
    if (ts.isIdentifier(parent.expression) && interop.test(parent.expression.text))
      return follow(parent, specifier, path, reader);
  }
  if (ts.isPartOfTypeNode(node) || ts.isTypeQueryNode(parent)) return use('type');
  if (ts.isTypeOfExpression(parent)) return;
  const isClass = ts.isNewExpression(parent) || ts.isExpressionWithTypeArguments(parent) || isTested(node, parent);
  use(path.length === 0 && !isClass ? 'unknown' : 'reference');
}

/** `error instanceof Failure` */
function isTested(node: ts.Node, parent: ts.Node): boolean {
  return (
    ts.isBinaryExpression(parent) &&
    parent.right === node &&
    parent.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword
  );
}

/** `const load = require('./x').load`, `const { load, save: write } = require('./x')`. */
function followBinding(name: ts.BindingName, specifier: string, path: readonly string[], reader: Reader): void {
  if (ts.isIdentifier(name)) {
    reExportedByModifier(name, specifier, path, reader);
    return followName(name, specifier, path, reader);
  }
  for (const element of name.elements) {
    if (ts.isOmittedExpression(element)) continue;
    const key = element.propertyName ?? element.name;
    const text = ts.isIdentifier(key) || ts.isStringLiteral(key) ? key.text : undefined;
    if (text === undefined || element.dotDotDotToken || element.initializer || ts.isArrayBindingPattern(name)) {
      reader.add({ specifier, path, kind: 'unknown', node: element });
    } else followBinding(element.name, specifier, [...path, text], reader);
  }
}

/** `export const load = require('./x').load`. */
function reExportedByModifier(name: ts.Identifier, specifier: string, path: readonly string[], reader: Reader): void {
  const statement = ts.findAncestor(name, ts.isVariableStatement);
  const exported = statement?.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword);
  if (!exported) return;
  reader.add({ specifier, path, kind: 're-export', node: name, as: [name.text] });
}
