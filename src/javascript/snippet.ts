import type { Binding, Declared, Lead, Part, Snippet, Use } from '../flow/model.js';
import type { Range } from '../types.js';
import { isPlainValue } from './calls/values.js';
import { commentsBetween, trailingComments } from './comments.js';
import type { FileContext } from './context.js';
import { ts } from './parse.js';

/** Makes snippets for one entry: it knows which names belong to the entry and may therefore be renamed. */
export interface Snippets {
  /** A statement as written, its own semicolon included. */
  statement(node: ts.Node): Snippet;
  /** An expression as written. `promise` is decided here. */
  expression(node: ts.Expression): Snippet;
  /** A parameter or a declared name or pattern, with its type annotation; a parameter's default value too. */
  pattern(node: ts.BindingName | ts.ParameterDeclaration): Snippet;
  /** Part of a statement that is text for the model: `for (const a of b)`, `case x:`. */
  piece(range: Range, nodes: readonly ts.Node[]): Snippet;
  /** Our own text around other snippets; names that must be printed as they end up go in as `Binding`. */
  compose(parts: readonly (string | Snippet | Binding)[], at: Range, promise?: Snippet['promise']): Snippet;
  /** The binding of a name declared in the entry; undefined for names from outside. */
  bindingOf(node: ts.Identifier): Binding | undefined;
  /** A name that we make up, free in the whole file unless the writer must number it. */
  invent(name: string): Binding;
  /** All names that a function's own scope declares: parameters, and its own name where it has one inside. */
  paramsOf(fn: ts.SignatureDeclaration): Declared[];
  /** A name that always holds what another of the same spelling holds: the two are one binding. */
  alias(node: ts.Identifier, binding: Binding): void;
  /** Mark a name's value as never a promise: it was bound by a wait. */
  settle(pattern: ts.BindingName): void;
  /** Comments and blank lines above a node, since `from` (the end of what stands before it). */
  leadOf(node: ts.Node, from: number): Lead[];
  /** Comments on the node's last line behind it, up to `to`. */
  trailOf(node: ts.Node, to: number): Range[];
  /** Comments inside a range of trivia, blank lines as `''`. */
  comments(range: Range): Lead[];
}

export function rangeOf(node: ts.Node): Range {
  return { start: node.getStart(), end: node.end };
}

/** A semicolon on a later line only keeps the next statement apart; the writer puts one where it is needed. */
function statementRange(node: ts.Node): Range {
  const { start, end } = rangeOf(node);
  const plain = ts.isExpressionStatement(node) || ts.isVariableStatement(node);
  const apart = plain ? /\s*\n\s*;$/.exec(node.getSourceFile().text.slice(start, end)) : null;
  return { start, end: end - (apart?.[0].length ?? 0) };
}

/** `entry` is the function or statement that the names are local to. */
export function snippetsOf(ctx: FileContext, entry: ts.Node): Snippets {
  const bindings = new Map<ts.Symbol, Binding>();
  const settled = new Set<ts.Symbol>();
  const bindingOfSymbol = (symbol: ts.Symbol | undefined): Binding | undefined => {
    if (!symbol || !isLocal(symbol, entry)) return undefined;
    let binding = bindings.get(symbol);
    if (!binding) bindings.set(symbol, (binding = { name: symbol.name }));
    return binding;
  };
  const bindingOf = (node: ts.Identifier) => bindingOfSymbol(ctx.scopes.symbolOf(node));

  const usesIn = (nodes: readonly ts.Node[], range: Range): Use[] => {
    const uses: Use[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node)) {
        if (node.getStart() < range.start || node.end > range.end || !isReference(node)) return;
        const symbol = ctx.scopes.symbolOf(node);
        if (symbol && declaredDeepInside(symbol, range, entry)) return;
        const binding = bindingOfSymbol(symbol);
        const shorthand = isShorthand(node);
        uses.push({
          at: node.getStart(),
          name: node.text,
          ...(binding && { binding }),
          ...(shorthand && { shorthand }),
        });
        return;
      }
      ts.forEachChild(node, visit);
    };
    nodes.forEach(visit);
    return uses;
  };

  const isSettled = (node: ts.Expression): boolean => {
    const inner = skipParentheses(node);
    if (!ts.isIdentifier(inner)) return false;
    const symbol = ctx.scopes.symbolOf(inner);
    return !!symbol && settled.has(symbol);
  };
  const promiseOf = (node: ts.Expression): Snippet['promise'] =>
    isPlainValue(node, ctx.scopes, isSettled) || ctx.types?.promiseKind(rangeOf(node)) === 'plain' ? 'no' : 'maybe';

  const make = (
    range: Range,
    nodes: readonly ts.Node[],
    declares: readonly Declared[],
    promise: Snippet['promise'],
    pure = false,
  ): Snippet => ({
    parts: [range],
    uses: usesIn(nodes, range),
    declares,
    promise,
    ...(pure && { pure }),
    at: range,
  });
  const declared = (name: ts.Identifier, how: Declared['how']): Declared[] => {
    const binding = bindingOf(name);
    return binding ? [{ binding, how }] : [];
  };

  return {
    bindingOf,
    invent: (name) => ({ name }),
    alias(node, binding) {
      const symbol = ctx.scopes.symbolOf(node);
      if (symbol) bindings.set(symbol, binding);
    },
    settle: (pattern) =>
      namesOf(pattern).forEach((name) => {
        // Only a plain name holds what was waited for; the parts of a pattern may hold promises of their own.
        const symbol = name === pattern ? ctx.scopes.symbolOf(name) : undefined;
        if (symbol && !ctx.scopes.references(symbol).some((use) => ctx.scopes.isWritten(use))) settled.add(symbol);
      }),
    statement: (node) => make(statementRange(node), [node], declarationsOf(node, declared), 'no'),
    expression: (node) => ({
      ...make(rangeOf(node), [node], [], promiseOf(node), isPure(node)),
      ...(isLoose(node) && { loose: true }),
      ...opposite(node),
    }),
    pattern(node) {
      const range = ts.isParameter(node) ? { start: node.name.getStart(), end: node.end } : rangeWithType(node);
      const name = ts.isParameter(node) ? node.name : node;
      return {
        ...make(
          range,
          ts.isParameter(node) ? [node] : [node, ...typeOf(node)],
          namesOf(name).flatMap((each) => declared(each, 'lexical')),
          'no',
        ),
        ...(!ts.isIdentifier(name) && { destructures: true }),
      };
    },
    piece: (range, nodes) =>
      make(
        range,
        nodes,
        nodes.flatMap((node) => headDeclarations(node, declared)),
        'no',
      ),
    compose(parts, at, promise = 'maybe') {
      const flat = parts.flatMap((part): readonly Part[] =>
        typeof part === 'object' && 'parts' in part ? part.parts : [part],
      );
      const inner = parts.filter((part): part is Snippet => typeof part === 'object' && 'parts' in part);
      return {
        parts: flat,
        uses: inner.flatMap((s) => s.uses),
        declares: inner.flatMap((s) => s.declares),
        promise,
        at,
      };
    },
    paramsOf(fn) {
      const own = fn.parameters.flatMap((p) => namesOf(p.name)).flatMap((name) => declared(name, 'lexical'));
      return ts.isFunctionExpression(fn) && fn.name ? [...own, ...declared(fn.name, 'lexical')] : own;
    },
    leadOf: (node, from) => commentsBetween(ctx.text, from, node.getStart(), 'lead'),
    trailOf: (node, to) => trailingComments(ctx.text, node.end, to),
    comments: (range) => commentsBetween(ctx.text, range.start, range.end, 'all'),
  };
}

export function skipParentheses(node: ts.Expression): ts.Expression {
  return ts.isParenthesizedExpression(node) ? skipParentheses(node.expression) : node;
}

/** `x` of `!x`, `a !== b` of `a === b`: what an `if` with its arms turned round says. */
function opposite(node: ts.Expression): Pick<Snippet, 'opposite'> {
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    return { opposite: [rangeOf(skipParentheses(node.operand))] };
  if (!ts.isBinaryExpression(node)) return {};
  const operator = { '===': '!==', '!==': '===', '==': '!=', '!=': '==' }[node.operatorToken.getText()];
  const between = node.right.getStart() - node.left.end - node.operatorToken.getText().length;
  return operator && between <= 2 ? { opposite: [rangeOf(node.left), ` ${operator} `, rangeOf(node.right)] } : {};
}

/** Binds less tightly than a unary operator, so that `await x` needs parentheses around it. */
function isLoose(node: ts.Expression): boolean {
  return (
    ts.isBinaryExpression(node) ||
    ts.isConditionalExpression(node) ||
    ts.isArrowFunction(node) ||
    ts.isYieldExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node)
  );
}

/** `for (const x of …)`: the head's names are seen by the body. */
function headDeclarations(
  node: ts.Node,
  declared: (name: ts.Identifier, how: Declared['how']) => Declared[],
): Declared[] {
  if (!ts.isVariableDeclarationList(node)) return [];
  const how = node.flags & ts.NodeFlags.BlockScoped ? 'lexical' : 'var';
  return node.declarations.flatMap((each) => namesOf(each.name)).flatMap((name) => declared(name, how));
}

/** Every identifier that a name or pattern declares. */
export function namesOf(name: ts.BindingName): ts.Identifier[] {
  if (ts.isIdentifier(name)) return [name];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : namesOf(element.name)));
}

function rangeWithType(node: ts.BindingName): Range {
  const parent = node.parent;
  const end = (ts.isParameter(parent) || ts.isVariableDeclaration(parent)) && parent.type ? parent.type.end : node.end;
  return { start: node.getStart(), end };
}

function typeOf(node: ts.BindingName): ts.Node[] {
  const parent = node.parent;
  return (ts.isParameter(parent) || ts.isVariableDeclaration(parent)) && parent.type ? [parent.type] : [];
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

/** What a statement declares at its top level: its own `let`/`const`/class/function, and every `var` however deep. */
function declarationsOf(
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

function isPure(node: ts.Expression): boolean {
  const inner = skipParentheses(node);
  return (
    ts.isIdentifier(inner) ||
    ts.isLiteralExpression(inner) ||
    inner.kind === ts.SyntaxKind.NullKeyword ||
    inner.kind === ts.SyntaxKind.TrueKeyword ||
    inner.kind === ts.SyntaxKind.FalseKeyword ||
    inner.kind === ts.SyntaxKind.ThisKeyword ||
    (ts.isVoidExpression(inner) && isPure(inner.expression))
  );
}
