import { bind, type Binder } from './binder.js';
import { isDeclarationName, isVariableName, roleOf } from './names.js';
import { ts } from './parse.js';

export { isDeclarationName, isVariableName } from './names.js';

/** What names mean in one file. Everything is found lexically: no types, no other files. Built once per tree and on demand. */
export interface Scopes {
  readonly file: ts.SourceFile;
  /**
   * The binding that an identifier declares or refers to; `undefined` for property names, labels and names that the file does not
   * declare (globals). A shorthand property, an export specifier and a JSX tag give the variable they read.
   */
  symbolOf(identifier: ts.Identifier): ts.Symbol | undefined;
  /** All identifiers of the file that mean this binding, its declarations included, in source order. */
  references(symbol: ts.Symbol): readonly ts.Identifier[];
  /** All identifiers of the file with this text, property names included, in source order. */
  named(text: string): readonly ts.Identifier[];
  /** True for a name that is read or written as a variable and that the file does not declare: `require`, `setTimeout`. */
  isGlobal(identifier: ts.Identifier): boolean;
  /** True where this identifier is given a new value after its declaration: `x = 1`, `x++`, `for (x of …)`, `[x] = …`. */
  isWritten(identifier: ts.Identifier): boolean;
  /** True when the binding has one declaration and nothing writes it later, so that its initialiser says what it is. */
  isConstant(symbol: ts.Symbol): boolean;
  /** Names that the node reads or writes and does not declare itself: outer variables, globals, outer types. */
  freeNames(node: ts.Node): ReadonlySet<string>;
  /** Every name in or below the node that is a binding, a reference or a type: a new name must be none of them. */
  namesWithin(node: ts.Node): ReadonlySet<string>;
  /** The bindings that belong to this very scope: parameters and variables of a function, `let` of a block, top level of a file. */
  declaredIn(scope: ts.Node): ReadonlyMap<string, ts.Symbol>;
}

/** What is built holds the tree, so this lives exactly as long as the tree does. */
const known = new WeakMap<ts.SourceFile, Scopes>();

export function scopesOf(file: ts.SourceFile): Scopes {
  let scopes = known.get(file);
  if (!scopes) known.set(file, (scopes = build(file)));
  return scopes;
}

function build(file: ts.SourceFile): Scopes {
  let started: Binder | undefined;
  const binder = (): Binder => (started ??= bind(file));
  let index: Map<string, ts.Identifier[]> | undefined;
  const symbols = new Map<ts.Identifier, ts.Symbol | undefined>();
  const bySymbol = new Map<string, ReadonlyMap<ts.Symbol | undefined, ts.Identifier[]>>();
  const found = new Map<ts.Symbol, readonly ts.Identifier[]>();
  const constant = new Map<ts.Symbol, boolean>();

  const named = (text: string): readonly ts.Identifier[] => (index ??= indexOf(file)).get(text) ?? [];
  const symbolOf = (identifier: ts.Identifier): ts.Symbol | undefined => {
    if (!symbols.has(identifier)) symbols.set(identifier, resolve(identifier, binder()));
    return symbols.get(identifier);
  };
  // All bindings of one text at once: in a large file the same short name is declared a thousand times.
  const meant = (text: string): ReadonlyMap<ts.Symbol | undefined, ts.Identifier[]> => {
    let grouped = bySymbol.get(text);
    if (!grouped) bySymbol.set(text, (grouped = groupBySymbol(named(text), symbolOf)));
    return grouped;
  };
  const references = (symbol: ts.Symbol): readonly ts.Identifier[] => {
    let all = found.get(symbol);
    if (!all) {
      const texts = [...textsOf(symbol)].flatMap((text) => meant(text).get(symbol) ?? []);
      all = texts.sort((a, b) => a.pos - b.pos);
      found.set(symbol, all);
    }
    return all;
  };
  const isFixed = (symbol: ts.Symbol): boolean => {
    let is = constant.get(symbol);
    if (is === undefined) constant.set(symbol, (is = isConstant(references(symbol))));
    return is;
  };
  return {
    file,
    symbolOf,
    references,
    named,
    isGlobal: (identifier) => isVariableName(identifier) && !symbolOf(identifier),
    isWritten,
    isConstant: isFixed,
    freeNames: (node) => freeNames(node, symbolOf),
    namesWithin,
    declaredIn: (scope) => declaredIn(scope, binder()),
  };
}

function groupBySymbol(
  identifiers: readonly ts.Identifier[],
  symbolOf: Scopes['symbolOf'],
): Map<ts.Symbol | undefined, ts.Identifier[]> {
  const grouped = new Map<ts.Symbol | undefined, ts.Identifier[]>();
  for (const identifier of identifiers) {
    const symbol = symbolOf(identifier);
    const list = grouped.get(symbol);
    if (list) list.push(identifier);
    else grouped.set(symbol, [identifier]);
  }
  return grouped;
}

function indexOf(file: ts.SourceFile): Map<string, ts.Identifier[]> {
  const index = new Map<string, ts.Identifier[]>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const list = index.get(node.text);
      if (list) list.push(node);
      else index.set(node.text, [node]);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return index;
}

/** The names under which a binding can appear: `default` is the symbol's name of `export default function load`, `load` is its text. */
function textsOf(symbol: ts.Symbol): Set<string> {
  const texts = new Set<string>([symbol.name]);
  for (const declaration of symbol.declarations ?? []) {
    const name = ts.getNameOfDeclaration(declaration);
    if (name && ts.isIdentifier(name)) texts.add(name.text);
  }
  return texts;
}

function resolve(identifier: ts.Identifier, binder: Binder): ts.Symbol | undefined {
  const role = roleOf(identifier);
  if (role === 'none') return undefined;
  if (role === 'declaration') return declared(identifier, binder);
  const symbol = lookUp(identifier.text, identifier, role === 'type' ? typeMeaning : valueMeaning, binder);
  // `export { Shape }` and the like carry whatever the name means.
  return symbol ?? (role === 'any' ? lookUp(identifier.text, identifier, typeMeaning, binder) : undefined);
}

const valueMeaning = ts.SymbolFlags.Value | ts.SymbolFlags.Alias;
const typeMeaning = ts.SymbolFlags.Type | ts.SymbolFlags.Namespace | ts.SymbolFlags.Alias;

function lookUp(text: string, at: ts.Node, meaning: ts.SymbolFlags, binder: Binder): ts.Symbol | undefined {
  const symbol = binder.lookUp(text, at, meaning);
  // `arguments`, `undefined` and `require` have a symbol and no declaration; `module` and `exports` are declared by the file itself.
  if (!symbol || symbol.flags & ts.SymbolFlags.ModuleExports) return undefined;
  const isDeclared = symbol.declarations?.some((declaration) => !ts.isSourceFile(declaration));
  return isDeclared ? binder.exportOf(symbol) : undefined;
}

function declared(identifier: ts.Identifier, binder: Binder): ts.Symbol | undefined {
  const declaration = identifier.parent;
  // `var f; function f() {}` is one binding for JavaScript and two symbols for the binder: ask what the name means there.
  if (ts.isFunctionDeclaration(declaration) || isVar(declaration)) {
    const at = ts.isFunctionDeclaration(declaration) ? declaration.parent : identifier;
    const symbol = lookUp(identifier.text, at, valueMeaning, binder);
    if (symbol) return symbol;
  }
  const own = (declaration as ts.Node & { symbol?: ts.Symbol }).symbol;
  return own && binder.exportOf(own);
}

function isVar(node: ts.Node): boolean {
  const root = ts.isBindingElement(node) ? ts.walkUpBindingElementsAndPatterns(node) : node;
  return (
    ts.isVariableDeclaration(root) &&
    !(ts.getCombinedNodeFlags(root) & ts.NodeFlags.BlockScoped) &&
    !ts.isCatchClause(root.parent)
  );
}

function isConstant(identifiers: readonly ts.Identifier[]): boolean {
  const declarations = identifiers.filter(isDeclarationName);
  if (declarations.length > 1 && !declarations.every(isSignature)) return false;
  if (declarations.some((name) => isVar(name.parent) && inLoopHead(name))) return false;
  return !identifiers.some(isWritten);
}

/** Overloads of a function are many declarations of one value. */
function isSignature(name: ts.Identifier, at: number, all: readonly ts.Identifier[]): boolean {
  const declaration = name.parent;
  return ts.isFunctionDeclaration(declaration) && (at === all.length - 1 || !declaration.body);
}

function inLoopHead(name: ts.Identifier): boolean {
  const root = ts.isBindingElement(name.parent) ? ts.walkUpBindingElementsAndPatterns(name.parent) : name.parent;
  const statement = root.parent?.parent;
  return !!statement && (ts.isForInStatement(statement) || ts.isForOfStatement(statement));
}

function isAssignment(kind: ts.SyntaxKind): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

function isWritten(identifier: ts.Identifier): boolean {
  return isVariableName(identifier) && isWriteTarget(identifier);
}

/** True when the expression is what an assignment, a `for` head or a destructuring pattern writes to. Works for members too. */
export function isWriteTarget(node: ts.Node): boolean {
  const parent = node.parent;
  if (ts.isPrefixUnaryExpression(parent) || ts.isPostfixUnaryExpression(parent)) {
    return parent.operator === ts.SyntaxKind.PlusPlusToken || parent.operator === ts.SyntaxKind.MinusMinusToken;
  }
  if (ts.isBinaryExpression(parent)) {
    if (parent.left !== node || !isAssignment(parent.operatorToken.kind)) return false;
    return true; // also the default of a pattern, `[x = 1] = list`: its own left side is written
  }
  if (ts.isForInStatement(parent) || ts.isForOfStatement(parent)) return parent.initializer === node;
  if (ts.isParenthesizedExpression(parent) || ts.isNonNullExpression(parent)) return isWriteTarget(parent);
  if (ts.isAsExpression(parent) || ts.isSatisfiesExpression(parent) || ts.isTypeAssertionExpression(parent))
    return isWriteTarget(parent);
  if (ts.isArrayLiteralExpression(parent) || ts.isSpreadElement(parent)) return isWriteTarget(parent);
  if (ts.isShorthandPropertyAssignment(parent)) return parent.name === node && isWriteTarget(parent.parent);
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node && isWriteTarget(parent.parent);
  if (ts.isSpreadAssignment(parent)) return isWriteTarget(parent.parent);
  return false;
}

function freeNames(node: ts.Node, symbolOf: Scopes['symbolOf']): ReadonlySet<string> {
  const names = new Set<string>();
  visitIdentifiers(node, (identifier) => {
    const role = roleOf(identifier);
    if (role === 'none' || role === 'declaration') return;
    const declarations = symbolOf(identifier)?.declarations ?? [];
    if (!declarations.length || declarations.some((declaration) => !contains(node, declaration)))
      names.add(identifier.text);
  });
  return names;
}

function contains(outer: ts.Node, inner: ts.Node): boolean {
  // A function expression's name is its own; a declaration's name belongs to the scope around it.
  if (inner === outer) return ts.isFunctionExpression(inner) || ts.isClassExpression(inner);
  return inner.pos >= outer.pos && inner.end <= outer.end;
}

/** Every name that is a binding or a reference in or below the node; `arguments` too. Property names are not among them. */
function namesWithin(node: ts.Node): ReadonlySet<string> {
  const names = new Set<string>();
  visitIdentifiers(node, (identifier) => {
    if (roleOf(identifier) !== 'none') names.add(identifier.text);
  });
  return names;
}

function visitIdentifiers(node: ts.Node, see: (identifier: ts.Identifier) => void): void {
  if (ts.isIdentifier(node)) see(node);
  ts.forEachChild(node, (child) => visitIdentifiers(child, see));
}

function declaredIn(scope: ts.Node, binder: Binder): ReadonlyMap<string, ts.Symbol> {
  const locals = (scope as ts.Node & { locals?: ReadonlyMap<ts.__String, ts.Symbol> }).locals;
  const names = new Map<string, ts.Symbol>();
  for (const symbol of locals?.values() ?? []) names.set(ts.symbolName(symbol), binder.exportOf(symbol));
  return names;
}

/** Own use of `this`: in the function or its arrows, not in functions and classes inside it that have their own. */
export const usesThis = (node: ts.Node): boolean => usesOwn(node, (child) => child.kind === ts.SyntaxKind.ThisKeyword);
export const usesSuper = (node: ts.Node): boolean =>
  usesOwn(node, (child) => child.kind === ts.SyntaxKind.SuperKeyword);
export const usesNewTarget = (node: ts.Node): boolean =>
  usesOwn(node, (child) => ts.isMetaProperty(child) && child.keywordToken === ts.SyntaxKind.NewKeyword);
export const usesArguments = (node: ts.Node): boolean =>
  usesOwn(node, (child) => ts.isIdentifier(child) && child.text === 'arguments' && isVariableName(child));

function usesOwn(node: ts.Node, is: (node: ts.Node) => boolean): boolean {
  const visit = (child: ts.Node): boolean =>
    is(child) || !!ts.forEachChild(child, (next) => ownParts(next).some(visit));
  return visit(node);
}

/** What of a child still has the `this` of its parent: all of it, or only the computed names and the base class. */
function ownParts(node: ts.Node): readonly ts.Node[] {
  if (ts.isClassLike(node)) {
    const names = node.members.flatMap((member) =>
      member.name && ts.isComputedPropertyName(member.name) ? [member.name] : [],
    );
    return [...(node.heritageClauses ?? []), ...names];
  }
  if (!ts.isFunctionLike(node) || ts.isArrowFunction(node)) return [node];
  return node.name && ts.isComputedPropertyName(node.name) ? [node.name] : [];
}

/**
 * True when a name can mean something that the text does not show: a direct `eval` in the node, `with` in or around it.
 * Names must then be neither moved nor renamed.
 */
export function hasDynamicScope(node: ts.Node): boolean {
  for (let outer = node.parent; outer; outer = outer.parent) if (ts.isWithStatement(outer)) return true;
  const visit = (child: ts.Node): boolean =>
    ts.isWithStatement(child) || isDirectEval(child) || !!ts.forEachChild(child, visit);
  return visit(node);
}

function isDirectEval(node: ts.Node): boolean {
  return ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'eval';
}

export type ModuleStyle = 'esm' | 'cjs' | 'script';

/** True when the file has `import`, `export` or `import.meta`. */
export function isModuleFile(file: ts.SourceFile): boolean {
  return (file as ts.SourceFile & { externalModuleIndicator?: unknown }).externalModuleIndicator !== undefined;
}

/**
 * The module system that the file is written in. `packageType` is `type` of the nearest package.json: it decides for a `.js` file
 * that shows neither `import` nor `require`, and else whether it speaks to its process. ESM syntax in a CommonJS package is still `esm`: a compiler is at work there.
 */
export function moduleStyleOf(file: ts.SourceFile, packageType?: string): ModuleStyle {
  const extension = /\.[cm]?[jt]sx?$/.exec(file.fileName)?.[0] ?? '';
  if (/^\.m/.test(extension) || isModuleFile(file)) return 'esm';
  if (/^\.c/.test(extension) || usesCommonJs(scopesOf(file))) return 'cjs';
  if (packageType === 'module') return 'esm';
  return packageType === 'commonjs' || usesProcess(scopesOf(file)) ? 'cjs' : 'script';
}

/** `process.exitCode = 1`: no page has that. `process.env` is replaced by what makes pages. */
function usesProcess(scopes: Scopes): boolean {
  return scopes.named('process').some((name) => {
    const { parent } = name;
    const member = ts.isPropertyAccessExpression(parent) && parent.expression === name ? parent.name.text : '';
    return scopes.isGlobal(name) && /^(argv|exit|exitCode|stdin|stdout|stderr|cwd|on|once|pid|hrtime)$/.test(member);
  });
}

function usesCommonJs(scopes: Scopes): boolean {
  return ['require', 'module', 'exports', '__dirname', '__filename'].some((name) =>
    scopes.named(name).some(scopes.isGlobal),
  );
}
