import type { Binding, Declared, Lead, Part, Snippet } from '../flow/model.js';
import type { Range } from '../types.js';
import { bindingsOf, declarationsOf, headDeclarations, namesOf, type Bindings } from './bindings.js';
import { isCalm } from './calls/calm.js';
import { isPlainValue, valueKind } from './calls/values.js';
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
  const bindings = bindingsOf(ctx, entry);
  const { declared, usesIn } = bindings;
  // Where errors travel by hand it matters what can throw.
  const asked = ctx.options.to === 'callback' || ctx.options.to === 'promise';
  const calm = (nodes: readonly ts.Node[]) =>
    asked && nodes.every((node) => isCalm(node, ctx.scopes, ctx.dependencies)) && { calm: true };
  const make = (range: Range, nodes: readonly ts.Node[], declares: readonly Declared[]): Snippet => {
    return { parts: [range], uses: usesIn(nodes, range), declares, promise: 'no', ...calm(nodes), at: range };
  };
  return {
    ...triviaOf(ctx.text),
    bindingOf: bindings.of,
    alias: bindings.alias,
    settle: bindings.settle,
    invent: (name) => ({ name }),
    compose,
    statement: (node) => make(statementRange(node), [node], declarationsOf(node, declared)),
    expression: (node) => ({
      ...make(rangeOf(node), [node], []),
      promise: promiseOf(node, ctx, bindings),
      ...(asked && valueKind(node, ctx.scopes) === 'array' && { list: true }),
      ...(isPure(node) && { pure: true }),
      ...(!calls(node) && { quiet: true }),
      ...(isFixedName(node, ctx) && { fixed: true }),
      ...(isLoose(node) && { loose: true }),
      ...opposite(node),
    }),
    pattern(node) {
      const parameter = ts.isParameter(node);
      const name = parameter ? node.name : node;
      const range = parameter ? { start: name.getStart(), end: node.end } : rangeWithType(node);
      const how = isVariable(node) ? 'var' : 'lexical';
      const declares = namesOf(name).flatMap((each) => declared(each, how));
      const made = make(range, parameter ? [node] : [node, ...typeOf(node)], declares);
      return ts.isIdentifier(name) ? made : { ...made, destructures: true };
    },
    piece(range, nodes) {
      const declares = nodes.flatMap((node) => headDeclarations(node, declared));
      return make(range, nodes, declares);
    },
    paramsOf(fn) {
      const own = fn.parameters.flatMap((p) => namesOf(p.name)).flatMap((name) => declared(name, 'lexical'));
      return ts.isFunctionExpression(fn) && fn.name ? [...own, ...declared(fn.name, 'lexical')] : own;
    },
  };
}

function triviaOf(text: string): Pick<Snippets, 'leadOf' | 'trailOf' | 'comments'> {
  return {
    leadOf: (node, from) => commentsBetween(text, from, node.getStart(), 'lead'),
    trailOf: (node, to) => trailingComments(text, node.end, to),
    comments: (range) => commentsBetween(text, range.start, range.end, 'all'),
  };
}

function compose(
  parts: readonly (string | Snippet | Binding)[],
  at: Range,
  promise: Snippet['promise'] = 'maybe',
): Snippet {
  const isSnippet = (part: string | Snippet | Binding): part is Snippet => typeof part === 'object' && 'parts' in part;
  const inner = parts.filter(isSnippet);
  return {
    parts: parts.flatMap((part): readonly Part[] => (isSnippet(part) ? part.parts : [part])),
    uses: inner.flatMap((each) => each.uses),
    declares: inner.flatMap((each) => each.declares),
    promise,
    at,
  };
}

/** `no` needs a proof: from the text, from what was waited for, or from types where the user wants them. */
function promiseOf(node: ts.Expression, ctx: FileContext, bindings: Bindings): Snippet['promise'] {
  const isSettled = (each: ts.Expression): boolean => {
    const inner = skipParentheses(each);
    return ts.isIdentifier(inner) && bindings.isSettled(inner);
  };
  return isPlainValue(node, ctx.scopes, isSettled) || ctx.types?.promiseKind(rangeOf(node)) === 'plain'
    ? 'no'
    : 'maybe';
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

/** Declared by `var`: it belongs to the function, whatever block it stands in. */
function isVariable({ parent }: ts.Node): boolean {
  return (
    ts.isVariableDeclaration(parent) &&
    ts.isVariableDeclarationList(parent.parent) &&
    !(parent.parent.flags & ts.NodeFlags.BlockScoped)
  );
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

/** A name whose variable is written once. */
function isFixedName(node: ts.Expression, { scopes }: FileContext): boolean {
  const symbol = ts.isIdentifier(node) ? scopes.symbolOf(node) : undefined;
  return !!symbol && !scopes.references(symbol).some((use) => scopes.isWritten(use));
}

/** Is anything called in it, in this function? */
function calls(node: ts.Node): boolean {
  if (ts.isFunctionLike(node)) return false;
  if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isTaggedTemplateExpression(node)) return true;
  return ts.isAwaitExpression(node) || ts.isYieldExpression(node) || !!ts.forEachChild(node, (child) => calls(child));
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
