import { bare, memberName } from '../calls/origin.js';
import { ts } from '../parse.js';
import { isDeclarationName, scopesOf } from '../scope.js';
import type { Scopes } from '../scope.js';

/** Something that a file gives to others. */
export interface Exported {
  /**
   * `load`; `default` of ES modules; `=` for the whole value of a CommonJS module. Members of exported classes and objects:
   * `Store#load` of the prototype, `Store.create` of the class, `default.load`; of a class that is the module itself, `#load` and `create`.
   */
  readonly name: string;
  /** Where it is exported. */
  readonly node: ts.Node;
  /** The variable, function or class that it is, when it has a name in the file. */
  readonly symbol?: ts.Symbol;
  /** The expression or declaration that gives the value, when the text shows it. */
  readonly value?: ts.Node;
}

export interface Exports {
  readonly all: readonly Exported[];
  readonly style: 'esm' | 'cjs' | 'none';
  /** `exports[name] = …`, `helper(exports)`: it also gives things that we do not see, or gives what it has in other ways. */
  readonly open: boolean;
}

export function exportsOf(file: ts.SourceFile): Exports {
  const found: Exported[] = [];
  const maker: Maker = { scopes: scopesOf(file), found, following: new Set(), aliases: new Set(), open: false };
  for (const statement of file.statements) fromStatement(statement, maker);
  const style = found.length > 0 ? 'esm' : 'cjs';
  for (const text of ['module', 'exports']) {
    for (const name of maker.scopes.named(text)) if (maker.scopes.isGlobal(name)) fromModuleObject(name, maker);
  }
  const none = found.length === 0 && !maker.open;
  return { all: found, style: none ? 'none' : style, open: maker.open };
}

interface Maker {
  readonly scopes: Scopes;
  readonly found: Exported[];
  /** Bindings whose members are being listed. */
  readonly following: Set<ts.Symbol>;
  readonly aliases: Set<ts.Symbol>;
  open: boolean;
}

function add(maker: Maker, name: string, node: ts.Node, value?: ts.Node): void {
  const inner = value && bare(value);
  const symbol = inner && ts.isIdentifier(inner) ? maker.scopes.symbolOf(inner) : undefined;
  maker.found.push({
    name,
    node,
    ...(symbol && { symbol }),
    ...(inner && { value: definitionOf(inner, maker.scopes) }),
  });
  if (inner) addMembers(maker, name, node, inner);
}

/** What a name stands for: the function, class or initialiser that its one declaration gives. */
function definitionOf(node: ts.Node, scopes: Scopes): ts.Node {
  if (!ts.isIdentifier(node)) return node;
  const symbol = scopes.symbolOf(node);
  if (!symbol || !scopes.isConstant(symbol)) return node;
  const declaration = symbol.declarations?.find((one) => !ts.isFunctionDeclaration(one) || one.body) ?? node;
  if (!ts.isVariableDeclaration(declaration)) return declaration;
  return declaration.initializer ? bare(declaration.initializer) : declaration;
}

/** Members of what is exported can be called from outside too. */
function addMembers(maker: Maker, name: string, node: ts.Node, value: ts.Node): void {
  const prefix = name === '=' ? '' : name;
  const dotted = prefix && `${prefix}.`;
  const definition = definitionOf(value, maker.scopes);
  if (ts.isClassLike(definition)) addClass(maker, prefix, definition);
  if (ts.isObjectLiteralExpression(definition)) addProperties(maker, dotted, definition);
  // module.exports = Store;  Store.prototype.load = …;  Store.create = …
  if (!ts.isIdentifier(value)) return;
  const symbol = maker.scopes.symbolOf(value);
  if (!symbol || maker.following.has(symbol)) return; // `Store.Store = Store`
  maker.following.add(symbol);
  for (const reference of maker.scopes.references(symbol)) addAssigned(maker, prefix, reference, node);
  maker.following.delete(symbol);
}

function addAssigned(maker: Maker, prefix: string, reference: ts.Identifier, node: ts.Node): void {
  const access = reference.parent;
  const member = (access as Partial<ts.AccessExpression>).expression === reference ? memberName(access) : undefined;
  if (member === undefined) return;
  const dotted = prefix && `${prefix}.`;
  if (member !== 'prototype') {
    const right = assignedTo(access);
    if (right) add(maker, dotted + member, access, right);
    return;
  }
  const outer = memberName(access.parent);
  const right = outer === undefined ? assignedTo(access) : assignedTo(access.parent);
  if (!right) return;
  if (outer !== undefined) maker.found.push({ name: `${prefix}#${outer}`, node, value: bare(right) });
  else if (ts.isObjectLiteralExpression(bare(right)))
    addProperties(maker, `${prefix}#`, bare(right) as ts.ObjectLiteralExpression);
}

function addClass(maker: Maker, prefix: string, node: ts.ClassLikeDeclaration): void {
  for (const member of node.members) {
    const name =
      member.name && (ts.isIdentifier(member.name) || ts.isStringLiteral(member.name)) ? member.name.text : undefined;
    if (name === undefined) continue; // private or computed
    const isStatic =
      ts.canHaveModifiers(member) && member.modifiers?.some((one) => one.kind === ts.SyntaxKind.StaticKeyword);
    const value = ts.isPropertyDeclaration(member) ? member.initializer : member;
    const separator = isStatic ? (prefix ? '.' : '') : '#';
    maker.found.push({ name: `${prefix}${separator}${name}`, node: member, ...(value && { value: bare(value) }) });
  }
}

function addProperties(maker: Maker, prefix: string, object: ts.ObjectLiteralExpression): void {
  for (const property of object.properties) {
    const name = property.name && !ts.isComputedPropertyName(property.name) ? property.name.text : undefined;
    // `...require('./x')` and `...api` give names that only the other file shows: `importsOf` follows the first.
    if (name === undefined) maker.open ||= !isSpreadOfRequire(property, maker.scopes);
    else if (ts.isShorthandPropertyAssignment(property)) add(maker, prefix + name, property, property.name);
    else if (ts.isPropertyAssignment(property)) add(maker, prefix + name, property, property.initializer);
    else maker.found.push({ name: prefix + name, node: property, value: property });
  }
}

function isSpreadOfRequire(property: ts.ObjectLiteralElementLike, scopes: Scopes): boolean {
  const node = ts.isSpreadAssignment(property) ? bare(property.expression) : undefined;
  return (
    !!node &&
    ts.isCallExpression(node) &&
    node.expression.getText() === 'require' &&
    scopes.isGlobal(node.expression as ts.Identifier)
  );
}

function fromStatement(statement: ts.Statement, maker: Maker): void {
  if (ts.isExportAssignment(statement))
    return add(maker, statement.isExportEquals ? '=' : 'default', statement, statement.expression);
  if (ts.isExportDeclaration(statement)) {
    const clause = statement.exportClause;
    if (statement.moduleSpecifier) {
      const names = !clause
        ? ['*']
        : ts.isNamespaceExport(clause)
          ? [clause.name.text]
          : clause.elements.map((one) => one.name.text);
      for (const name of names) maker.found.push({ name, node: statement });
    } else if (clause && ts.isNamedExports(clause)) {
      for (const element of clause.elements)
        add(maker, element.name.text, element, element.propertyName ?? element.name);
    }
    return;
  }
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  if (!modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)) return;
  const isDefault = modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword);
  if (ts.isVariableStatement(statement))
    return void statement.declarationList.declarations.forEach((one) => addNames(one.name, maker));
  const name = (statement as ts.Statement & { name?: ts.Node }).name;
  if (name && ts.isIdentifier(name)) add(maker, isDefault ? 'default' : name.text, statement, name);
  else add(maker, 'default', statement, statement);
}

function addNames(name: ts.BindingName, maker: Maker): void {
  if (ts.isIdentifier(name)) return add(maker, name.text, name.parent, name);
  for (const element of name.elements) if (ts.isBindingElement(element)) addNames(element.name, maker);
}

/** `module` or `exports` somewhere in a CommonJS file: what is done with it? */
function fromModuleObject(name: ts.Identifier, maker: Maker): void {
  let object: ts.Node = name;
  if (name.text === 'module') {
    const member = memberName(name.parent);
    if (member !== 'exports') {
      if (member === undefined && !isHarmless(name)) maker.open = true;
      return;
    }
    object = name.parent;
  }
  fromExportsObject(object, maker);
}

/** `typeof module`, `require.main === module`: looks at it and gives nothing away. */
function isHarmless(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isTypeOfExpression(parent)) return true;
  if (ts.isBinaryExpression(parent)) {
    return parent.operatorToken.kind !== ts.SyntaxKind.EqualsToken || (parent.left !== node && isHarmless(parent));
  }
  return (
    ts.isIfStatement(parent) ||
    ts.isExpressionStatement(parent) ||
    ts.isPrefixUnaryExpression(parent) ||
    ts.isConditionalExpression(parent)
  );
}

/** `object` is `exports`, `module.exports` or a constant that is the same. */
function fromExportsObject(object: ts.Node, maker: Maker): void {
  const { parent } = object;
  const whole = assignedTo(object);
  if (whole && ts.isIdentifier(object) && object.text === 'exports') return fromOwnName(parent, maker);
  if (whole) return void addWhole(whole, parent, maker);
  const member = (parent as Partial<ts.AccessExpression>).expression === object ? memberName(parent) : undefined;
  if (member !== undefined) {
    const right = assignedTo(parent);
    if (right && member !== '__esModule') add(maker, member, parent.parent, lastOf(right));
    return;
  }
  if (ts.isElementAccessExpression(parent) && parent.expression === object) maker.open = true;
  else if (ts.isVariableDeclaration(parent) && parent.initializer === object) fromAlias(parent.name, maker);
  else if (ts.isBinaryExpression(parent) && parent.right === object) fromRightSide(parent, maker);
  else if (ts.isCallExpression(parent) && parent.expression !== object) fromCall(parent, object, maker);
  else if (!isHarmless(object)) maker.open = true;
}

/** `exports = value` gives nothing away, and later `exports.x` no more, unless `module.exports` stands in the same chain. */
function fromOwnName(assignment: ts.Node, maker: Maker): void {
  const chain = ts.findAncestor(assignment, (node) => !isExpressionOf(node.parent)) ?? assignment;
  if (!/\bmodule\s*\.\s*exports\b/.test(chain.getText())) maker.open = true;
}

function isExpressionOf(parent: ts.Node): boolean {
  return ts.isBinaryExpression(parent) || ts.isParenthesizedExpression(parent);
}

/** `module.exports = exports = value`: the value at the end. */
function lastOf(node: ts.Node): ts.Node {
  const right = bare(node);
  return ts.isBinaryExpression(right) && right.operatorToken.kind === ts.SyntaxKind.EqualsToken
    ? lastOf(right.right)
    : right;
}

function addWhole(right: ts.Node, node: ts.Node, maker: Maker): void {
  const value = lastOf(right);
  const isEmpty = ts.isObjectLiteralExpression(value) && value.properties.length === 0;
  if (!isEmpty && !isExportsObject(value, maker.scopes)) add(maker, '=', node, value);
  // `const api = (module.exports = {}); api.load = …`
  let outer: ts.Node = node;
  while (ts.isBinaryExpression(outer.parent) || ts.isParenthesizedExpression(outer.parent)) outer = outer.parent;
  if (ts.isVariableDeclaration(outer.parent)) fromAlias(outer.parent.name, maker);
}

function fromRightSide(assignment: ts.BinaryExpression, maker: Maker): void {
  // `exports = module.exports`: the left side is looked at by itself. `self = exports`: a variable that may change.
  if (!isExportsObject(assignment.left, maker.scopes) && !isHarmless(assignment.right)) maker.open = true;
}

function fromAlias(name: ts.BindingName, maker: Maker): void {
  const symbol = ts.isIdentifier(name) ? maker.scopes.symbolOf(name) : undefined;
  if (!symbol || !maker.scopes.isConstant(symbol)) {
    maker.open = true;
    return;
  }
  if (maker.aliases.has(symbol)) return;
  maker.aliases.add(symbol);
  for (const reference of maker.scopes.references(symbol))
    if (!isDeclarationName(reference)) fromExportsObject(reference, maker);
}

/** `Object.assign(exports, { … })`, `Object.defineProperty(exports, 'a', …)`, `__exportStar(require('./x'), exports)`. */
function fromCall(call: ts.CallExpression, object: ts.Node, maker: Maker): void {
  const callee = call.expression.getText();
  const [first, second] = call.arguments;
  if (callee === 'Object.defineProperty' && first === object && second && ts.isStringLiteralLike(second)) {
    if (second.text !== '__esModule') maker.found.push({ name: second.text, node: call });
  } else if (callee === 'Object.assign' && first === object) {
    for (const source of call.arguments.slice(1)) {
      const definition = definitionOf(bare(source), maker.scopes);
      if (ts.isObjectLiteralExpression(definition)) addProperties(maker, '', definition);
      else if (!ts.isCallExpression(definition)) maker.open = true;
    }
  } else if (!/(^|\.)_*(exportStar|export)$/.test(callee)) maker.open = true;
}

/** `exports` or `module.exports` themselves. */
export function isExportsObject(node: ts.Node, scopes: Scopes): boolean {
  if (ts.isIdentifier(node)) return node.text === 'exports' && scopes.isGlobal(node);
  if (memberName(node) !== 'exports') return false;
  const object = (node as ts.AccessExpression).expression;
  return ts.isIdentifier(object) && object.text === 'module' && scopes.isGlobal(object);
}

function assignedTo(left: ts.Node): ts.Expression | undefined {
  const { parent } = left;
  const isAssigned =
    ts.isBinaryExpression(parent) && parent.left === left && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken;
  return isAssigned ? parent.right : undefined;
}

/**
 * The names under which an expression leaves its file by where it stands: `exports.load = x`, `module.exports = { load: x }`,
 * `export default x`, `export { x as load }`. `=` is the module's whole value; `undefined` when it stands elsewhere.
 */
export function exportNamesOf(node: ts.Node, scopes: Scopes): readonly string[] | undefined {
  const { parent } = node;
  if (ts.isExportSpecifier(parent)) return [parent.name.text];
  if (ts.isExportAssignment(parent)) return [parent.isExportEquals ? '=' : 'default'];
  if (ts.isParenthesizedExpression(parent) || ts.isAsExpression(parent)) return exportNamesOf(parent, scopes);
  if (ts.isBinaryExpression(parent) && parent.right === node && assignedTo(parent.left) === node) {
    const own = exportedBy(parent.left, scopes);
    const outer = exportNamesOf(parent, scopes);
    return own || outer ? [...(own ?? []), ...(outer ?? [])] : undefined;
  }
  if (ts.isSpreadAssignment(parent)) return isWholeValue(parent.parent, scopes) ? ['='] : undefined;
  const isValue =
    ts.isShorthandPropertyAssignment(parent) || (ts.isPropertyAssignment(parent) && parent.initializer === node);
  if (isValue && !ts.isComputedPropertyName(parent.name) && isWholeValue(parent.parent, scopes))
    return [parent.name.text];
  const isPassedOn =
    ts.isCallExpression(parent) &&
    parent.expression !== node &&
    parent.arguments.some((one) => isExportsObject(one, scopes));
  return isPassedOn && /(^Object\.assign|_*exportStar|_*export)$/.test(parent.expression.getText()) ? ['='] : undefined;
}

function exportedBy(left: ts.Node, scopes: Scopes): readonly string[] | undefined {
  if (isExportsObject(left, scopes)) return ts.isIdentifier(left) ? undefined : ['='];
  const name = memberName(left);
  if (name === undefined) return undefined;
  return isExportsObject(bare((left as ts.AccessExpression).expression), scopes) ? [name] : undefined;
}

/** The object literal in `module.exports = { … }` or `Object.assign(exports, { … })`. */
function isWholeValue(object: ts.Node, scopes: Scopes): boolean {
  return ts.isObjectLiteralExpression(object) && !!exportNamesOf(object, scopes)?.includes('=');
}
