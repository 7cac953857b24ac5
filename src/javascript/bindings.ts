import type { Binding, Declared, Use } from '../flow/model.js';
import type { Range } from '../types.js';
import type { FileContext } from './context.js';
import { ts } from './parse.js';

/** Which names belong to an entry, and where they are used: one binding for each symbol declared inside. */
export interface Bindings {
  /** The binding of a name declared in the entry; undefined for names from outside. */
  of(node: ts.Identifier): Binding | undefined;
  /** A name that always holds what another of the same spelling holds: the two are one binding. */
  alias(node: ts.Identifier, binding: Binding): void;
  /** Mark a name's value as never a promise: it was bound by a wait. */
  settle(pattern: ts.BindingName): void;
  isSettled(node: ts.Identifier): boolean;
  declared(name: ts.Identifier, how: Declared['how']): Declared[];
  /** Identifiers in the range that mean something outside it, or that its top level declares. */
  usesIn(nodes: readonly ts.Node[], range: Range): Use[];
}

export function bindingsOf(ctx: FileContext, entry: ts.Node): Bindings {
  const { scopes } = ctx;
  const bindings = new Map<ts.Symbol, Binding>();
  const settled = new Set<ts.Symbol>();
  const ofSymbol = (symbol: ts.Symbol | undefined): Binding | undefined => {
    if (!symbol || !isLocal(symbol, entry)) return undefined;
    let binding = bindings.get(symbol);
    if (!binding) bindings.set(symbol, (binding = { name: symbol.name }));
    return binding;
  };
  const useOf = (node: ts.Identifier, range: Range): Use | undefined => {
    if (node.getStart() < range.start || node.end > range.end || !isReference(node)) return undefined;
    const symbol = scopes.symbolOf(node);
    if (symbol && declaredDeepInside(symbol, range, entry)) return undefined;
    const binding = ofSymbol(symbol);
    const shorthand = isShorthand(node);
    return { at: node.getStart(), name: node.text, ...(binding && { binding }), ...(shorthand && { shorthand }) };
  };
  return {
    of: (node) => ofSymbol(scopes.symbolOf(node)),
    alias(node, binding) {
      const symbol = scopes.symbolOf(node);
      if (symbol) bindings.set(symbol, binding);
    },
    settle(pattern) {
      // Only a plain name holds what was waited for; the parts of a pattern may hold promises of their own.
      const symbol = ts.isIdentifier(pattern) ? scopes.symbolOf(pattern) : undefined;
      if (symbol && !scopes.references(symbol).some((use) => scopes.isWritten(use))) settled.add(symbol);
    },
    isSettled(node) {
      const symbol = scopes.symbolOf(node);
      return !!symbol && settled.has(symbol);
    },
    declared(name, how) {
      const binding = ofSymbol(scopes.symbolOf(name));
      return binding ? [{ binding, how }] : [];
    },
    usesIn(nodes, range) {
      const uses: Use[] = [];
      const visit = (node: ts.Node, inner = false): void => {
        if (!ts.isIdentifier(node)) {
          const deeper = inner || ts.isFunctionLike(node);
          return void ts.forEachChild(node, (child) => visit(child, deeper));
        }
        const use = useOf(node, range);
        if (use) uses.push(inner ? { ...use, inner } : use);
      };
      nodes.forEach((node) => visit(node));
      return uses;
    },
  };
}

/** Every identifier that a name or pattern declares. */
export function namesOf(name: ts.BindingName): ts.Identifier[] {
  if (ts.isIdentifier(name)) return [name];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : namesOf(element.name)));
}

/** What a statement declares at its top level: its own `let`/`const`/class/function, and every `var` however deep. */
export function declarationsOf(
  node: ts.Node,
  declared: (name: ts.Identifier, how: Declared['how']) => Declared[],
): Declared[] {
  const found: Declared[] = [];
  if (ts.isVariableStatement(node) && node.declarationList.flags & ts.NodeFlags.BlockScoped)
    for (const each of node.declarationList.declarations)
      found.push(...namesOf(each.name).flatMap((name) => declared(name, 'lexical')));
  if (ts.isFunctionDeclaration(node) && node.name) found.push(...declared(node.name, 'function'));
  if ((ts.isClassDeclaration(node) || ts.isEnumDeclaration(node)) && node.name)
    found.push(...declared(node.name, 'lexical'));
  const vars = (inner: ts.Node): void => {
    if (ts.isFunctionLike(inner) || ts.isClassLike(inner)) return;
    if (ts.isVariableDeclarationList(inner) && !(inner.flags & ts.NodeFlags.BlockScoped))
      for (const each of inner.declarations) found.push(...namesOf(each.name).flatMap((name) => declared(name, 'var')));
    ts.forEachChild(inner, vars);
  };
  vars(node);
  return found;
}

/** `for (const x of …)`: the head's names are seen by the body. */
export function headDeclarations(
  node: ts.Node,
  declared: (name: ts.Identifier, how: Declared['how']) => Declared[],
): Declared[] {
  if (!ts.isVariableDeclarationList(node)) return [];
  const how = node.flags & ts.NodeFlags.BlockScoped ? 'lexical' : 'var';
  return node.declarations.flatMap((each) => namesOf(each.name)).flatMap((name) => declared(name, how));
}

function isLocal(symbol: ts.Symbol, entry: ts.Node): boolean {
  const declaration = symbol.declarations?.[0];
  // The entry's own name, if it is a declaration, lives outside of it.
  return (
    !!declaration &&
    declaration !== entry &&
    declaration.pos >= entry.pos &&
    declaration.end <= entry.end &&
    !isMember(declaration)
  );
}

function isMember(node: ts.Node): boolean {
  return (
    ts.isPropertyAssignment(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isPropertySignature(node) ||
    ts.isAccessor(node) ||
    ts.isShorthandPropertyAssignment(node) ||
    ts.isPropertyAccessExpression(node) ||
    ts.isBinaryExpression(node)
  );
}

/** A name that lives and dies inside the range, in a scope below the range's top level: the outside can't see it. */
function declaredDeepInside(symbol: ts.Symbol, range: Range, entry: ts.Node): boolean {
  const declaration = symbol.declarations?.[0];
  if (!declaration || declaration.getSourceFile() !== entry.getSourceFile()) return false;
  if (declaration.getStart() < range.start || declaration.end > range.end) return false;
  for (let scope: ts.Node | undefined = scopeOfDeclaration(declaration); scope; scope = scope.parent) {
    if (scope.getStart() >= range.start && scope.end <= range.end && scope !== declaration) return true;
    if (scope.pos < range.start) return false;
  }
  return false;
}

/** The node whose scope holds the declaration: the function for `var` and parameters, the nearest block for the rest. */
function scopeOfDeclaration(declaration: ts.Node): ts.Node | undefined {
  if (ts.isParameter(declaration) || ts.isTypeParameterDeclaration(declaration)) return declaration.parent;
  if ((ts.isFunctionExpression(declaration) || ts.isClassExpression(declaration)) && declaration.name)
    return declaration.parent;
  const variable = ts.isVariableDeclaration(declaration) || ts.isBindingElement(declaration);
  if (ts.isBindingElement(declaration)) {
    const root = ts.walkUpBindingElementsAndPatterns(declaration);
    if (ts.isParameter(root)) return root.parent;
  }
  const isVar = variable && !(ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.BlockScoped);
  for (let node: ts.Node | undefined = declaration.parent; node; node = node.parent) {
    if (ts.isFunctionLike(node) || ts.isSourceFile(node) || ts.isClassStaticBlockDeclaration(node)) return node;
    if (isVar) continue;
    if (ts.isBlock(node) && !ts.isFunctionLike(node.parent)) return node;
    if (
      ts.isForStatement(node) ||
      ts.isForInStatement(node) ||
      ts.isForOfStatement(node) ||
      ts.isCatchClause(node) ||
      ts.isCaseBlock(node)
    )
      return node;
  }
  return undefined;
}

/** An identifier that names a variable or type, not a property, label or the like. */
function isReference(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent)) return parent.left === node;
  if (
    ts.isPropertyAssignment(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isAccessor(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isEnumMember(parent)
  )
    return parent.name !== node;
  if (ts.isBindingElement(parent)) return parent.propertyName !== node;
  if (ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent)) return false;
  if (ts.isJsxAttribute(parent)) return false;
  if (ts.isMetaProperty(parent)) return false;
  return true;
}

function isShorthand(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isShorthandPropertyAssignment(parent)) return parent.name === node;
  return (
    ts.isBindingElement(parent) &&
    !parent.propertyName &&
    !parent.dotDotDotToken &&
    parent.name === node &&
    ts.isObjectBindingPattern(parent.parent)
  );
}
