import type { CallbackFunction, FunctionNode } from '../callback/types.js';
import { bare, isOrigin, memberName, originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';

/** One place that uses a function. */
export type Use =
  /** `load(id, cb)` */
  | { readonly kind: 'call'; readonly ctx: FileContext; readonly call: ts.CallExpression }
  /** `promisify(load)`: `node` is the whole call. */
  | {
      readonly kind: 'promisified';
      readonly ctx: FileContext;
      readonly node: ts.CallExpression;
      readonly name: ts.Node;
    }
  /** Its name goes out of the file: `exports.load = load`. */
  | { readonly kind: 'export'; readonly ctx: FileContext; readonly node: ts.Node; readonly as: string }
  /** A property of the function object is read or set: `load.sync = …`. `length` tells how many parameters there are. */
  | { readonly kind: 'member'; readonly ctx: FileContext; readonly node: ts.Node; readonly name: string }
  /** Handed on as a value: who calls it, and how, is not seen. */
  | { readonly kind: 'reference'; readonly ctx: FileContext; readonly node: ts.Node };

/** How a function can be named from elsewhere. */
export interface Naming {
  /** `local`: by a variable of its file; `export`: by the module's own object; `member`: by an object or class; `inline`: not at all. */
  readonly kind: 'local' | 'export' | 'member' | 'inline';
  /** Variables that are this function and nothing else, ever. */
  readonly symbols: readonly ts.Symbol[];
  /** Names under which the definition itself exports: `=` is the module's whole value, `default` that of ES modules. */
  readonly exports: readonly { readonly as: string; readonly node: ts.Node }[];
  /** For members: the class or constructor that it belongs to, and its name there. */
  readonly owner?: { readonly of: ts.Node | ts.Symbol; readonly name: string };
}

/** What the definition of a function says about its names. */
export function namingOf(ctx: FileContext, fn: Pick<CallbackFunction, 'node'>): Naming {
  const { node } = fn;
  if (ts.isFunctionDeclaration(node))
    return { kind: 'local', symbols: symbolsOf(ctx, node.name), exports: exportModifiers(node, node.name) };
  const own = ts.isFunctionExpression(node) ? symbolsOf(ctx, node.name) : [];
  return { ...fromPlace(ctx, node), symbols: [...own, ...fromPlace(ctx, node).symbols] };
}

function symbolsOf(ctx: FileContext, name: ts.Node | undefined): ts.Symbol[] {
  const symbol = name && ts.isIdentifier(name) ? ctx.scopes.symbolOf(name) : undefined;
  return symbol ? [symbol] : [];
}

function exportModifiers(node: ts.Node, name: ts.Identifier | undefined): Naming['exports'] {
  if (!ts.canHaveModifiers(node)) return [];
  const kinds = ts.getModifiers(node)?.map((modifier) => modifier.kind) ?? [];
  if (!kinds.includes(ts.SyntaxKind.ExportKeyword)) return [];
  return [{ as: kinds.includes(ts.SyntaxKind.DefaultKeyword) || !name ? 'default' : name.text, node }];
}

/** The names that an expression gets from where it stands: a variable, an export, a property. */
function fromPlace(ctx: FileContext, node: FunctionNode | ts.Expression): Naming {
  const { parent } = node;
  const nothing: Naming = { kind: 'inline', symbols: [], exports: [] };
  if (ts.isParenthesizedExpression(parent) || ts.isAsExpression(parent)) return fromPlace(ctx, parent);
  if (ts.isVariableDeclaration(parent) && parent.initializer === node) {
    if (!ts.isIdentifier(parent.name)) return { ...nothing, kind: 'member' };
    const statement = parent.parent.parent;
    const exported = ts.isVariableStatement(statement) ? exportModifiers(statement, parent.name) : [];
    return { kind: 'local', symbols: symbolsOf(ctx, parent.name), exports: exported };
  }
  if (ts.isExportAssignment(parent))
    return { ...nothing, kind: 'export', exports: [{ as: parent.isExportEquals ? '=' : 'default', node }] };
  if (isAssignedTo(node, parent)) return fromAssignment(ctx, parent);
  const member = memberOf(ctx, node);
  return member ?? nothing;
}

function isAssignedTo(node: ts.Node, parent: ts.Node): parent is ts.BinaryExpression {
  return (
    ts.isBinaryExpression(parent) && parent.right === node && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken
  );
}

// exports.load = function …;  module.exports = exports = function …;  Store.prototype.load = function …
function fromAssignment(ctx: FileContext, assignment: ts.BinaryExpression): Naming {
  const { left } = assignment;
  const outer = fromPlace(ctx, assignment);
  const as = exportedAs(ctx, left);
  if (as !== undefined)
    return { kind: 'export', symbols: outer.symbols, exports: [{ as, node: assignment }, ...outer.exports] };
  if (ts.isIdentifier(left))
    return { kind: 'local', symbols: [...symbolsOf(ctx, left), ...outer.symbols], exports: outer.exports };
  const name = memberName(left);
  const object = name === undefined ? undefined : bare((left as ts.AccessExpression).expression);
  const prototype =
    object && memberName(object) === 'prototype' ? bare((object as ts.AccessExpression).expression) : undefined;
  const of = prototype && ts.isIdentifier(prototype) ? ctx.scopes.symbolOf(prototype) : undefined;
  return { kind: 'member', symbols: [], exports: [], ...(of && { owner: { of, name: name! } }) };
}

/** The export that an assignment's left side is: `exports.load` and `module.exports.load` are `load`, `module.exports` is `=`. */
export function exportedAs(ctx: FileContext, left: ts.Node): string | undefined {
  if (isModuleObject(ctx, left)) return '=';
  const name = memberName(left);
  if (name === undefined) return undefined;
  return isModuleObject(ctx, bare((left as ts.AccessExpression).expression)) ? name : undefined;
}

/** `exports` or `module.exports`. */
export function isModuleObject(ctx: FileContext, node: ts.Node): boolean {
  if (ts.isIdentifier(node)) return node.text === 'exports' && ctx.scopes.isGlobal(node);
  if (memberName(node) !== 'exports') return false;
  const object = (node as ts.AccessExpression).expression;
  return ts.isIdentifier(object) && object.text === 'module' && ctx.scopes.isGlobal(object);
}

/** A method or a property of an object or class. */
function memberOf(ctx: FileContext, node: ts.Node): Naming | undefined {
  const property = ts.isPropertyAssignment(node.parent) && node.parent.initializer === node ? node.parent : node;
  if (ts.isPropertyDeclaration(node.parent))
    return { kind: 'member', symbols: [], exports: [], ...ownerOf(node.parent.parent, node.parent.name) };
  if (
    !ts.isPropertyAssignment(property) &&
    !ts.isMethodDeclaration(property) &&
    !ts.isAccessor(property) &&
    !ts.isConstructorDeclaration(property)
  )
    return undefined;
  const name = property.name && ts.isIdentifier(property.name) ? property.name.text : undefined;
  const object = property.parent;
  const assignment = ts.isObjectLiteralExpression(object) ? object.parent : undefined;
  if (name !== undefined && assignment && isAssignedTo(object, assignment) && exportedAs(ctx, assignment.left) === '=')
    return { kind: 'export', symbols: [], exports: [{ as: name, node: property }] };
  if (ts.isClassLike(object)) return { kind: 'member', symbols: [], exports: [], ...ownerOf(object, property.name) };
  return { kind: 'member', symbols: [], exports: [] };
}

function ownerOf(of: ts.Node, name: ts.Node | undefined): Pick<Naming, 'owner'> {
  if (!name || !(ts.isIdentifier(name) || ts.isPrivateIdentifier(name))) return {};
  return { owner: { of, name: name.text } };
}

/** Every use that the file itself makes of a name. */
export function usesIn(ctx: FileContext, symbols: readonly ts.Symbol[], definition: ts.Node): Use[] {
  const names = symbols.flatMap((symbol) => ctx.scopes.references(symbol));
  return names.filter((name) => !isDefinition(name, definition)).map((name) => useOf(ctx, name));
}

/** The name in `function load`, `const load = function`, `load = module.exports = function`. */
function isDefinition(name: ts.Identifier, definition: ts.Node): boolean {
  const { parent } = name;
  if (parent === definition) return true;
  if (ts.isVariableDeclaration(parent)) return parent.name === name;
  return isWrittenBy(parent, name) && parent.right.pos <= definition.pos && parent.right.end >= definition.end;
}

function isWrittenBy(parent: ts.Node, name: ts.Node): parent is ts.BinaryExpression {
  return (
    ts.isBinaryExpression(parent) && parent.left === name && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken
  );
}

/** What one mention of the function does with it: `node` is its name, or `x.name` of an imported module. */
export function useOf(ctx: FileContext, node: ts.Node): Use {
  const { parent } = node;
  if (ts.isParenthesizedExpression(parent) || ts.isNonNullExpression(parent)) return useOf(ctx, parent);
  if (ts.isCallExpression(parent) && parent.expression === node && !parent.questionDotToken)
    return { kind: 'call', ctx, call: parent };
  if (ts.isCallExpression(parent) && parent.arguments[0] === node && parent.arguments.length === 1) {
    if (isOrigin(originOf(parent.expression, ctx.scopes), 'util', 'promisify'))
      return { kind: 'promisified', ctx, node: parent, name: node };
  }
  if (ts.isPropertyAccessExpression(parent) && parent.expression === node)
    return memberUse(ctx, node, parent.name.text);
  const as = exportOf(ctx, node);
  return as === undefined ? { kind: 'reference', ctx, node } : { kind: 'export', ctx, node, as };
}

function memberUse(ctx: FileContext, node: ts.Node, name: string): Use {
  return /^(call|apply|bind)$/.test(name) ? { kind: 'reference', ctx, node } : { kind: 'member', ctx, node, name };
}

/** The names under which an expression goes out of its file as it stands. */
export function exportsOf(ctx: FileContext, node: ts.Node): string[] {
  const as = exportOf(ctx, node);
  return as === undefined ? [] : [as];
}

// export { load as read };  export default load;  exports.load = load;  module.exports = { load };
function exportOf(ctx: FileContext, node: ts.Node): string | undefined {
  const { parent } = node;
  if (ts.isExportSpecifier(parent)) return parent.name.text;
  if (ts.isExportAssignment(parent)) return parent.isExportEquals ? '=' : 'default';
  if (isAssignedTo(node, parent)) return exportedAs(ctx, parent.left);
  const property =
    ts.isShorthandPropertyAssignment(parent) || (ts.isPropertyAssignment(parent) && parent.initializer === node);
  if (!property || !ts.isIdentifier(parent.name)) return undefined;
  const object = parent.parent;
  if (!ts.isObjectLiteralExpression(object) || !isAssignedTo(object, object.parent)) return undefined;
  return exportedAs(ctx, object.parent.left) === '=' ? parent.name.text : undefined;
}

/** What `this.name` or `self.name` belongs to, where the text shows whose `this` it is: a class, or a constructor function. */
export function ownerAt(ctx: FileContext, receiver: ts.Node): ts.Node | ts.Symbol | undefined {
  const node = bare(receiver);
  if (ts.isIdentifier(node)) {
    const symbol = ctx.scopes.symbolOf(node);
    const declaration = symbol && ctx.scopes.isConstant(symbol) ? symbol.declarations?.[0] : undefined;
    const isAlias =
      declaration &&
      ts.isVariableDeclaration(declaration) &&
      declaration.initializer?.kind === ts.SyntaxKind.ThisKeyword;
    return isAlias ? ownerAt(ctx, declaration.initializer) : undefined;
  }
  if (node.kind !== ts.SyntaxKind.ThisKeyword) return undefined;
  const around = ts.findAncestor(node, (each) => ts.isFunctionLike(each) && !ts.isArrowFunction(each));
  if (!around) return undefined;
  if (ts.isClassLike(around.parent)) return around.parent;
  if (ts.isFunctionDeclaration(around)) return around.name && ctx.scopes.symbolOf(around.name);
  return ts.isFunctionExpression(around) ? fromPlace(ctx, around).owner?.of : undefined;
}
