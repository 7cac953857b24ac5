import { bare, memberName } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { isFunction } from './shape.js';
import type { FunctionNode, OptionalCallback, Shuffle } from './types.js';

/** Statements at the top of a function that only sort its arguments out and settle what the callback is. */
export function shufflesOf(node: FunctionNode, callback: ts.Symbol, ctx: FileContext): Shuffle[] {
  if (!node.body || !ts.isBlock(node.body)) return [];
  const params = new Map<ts.Symbol, ts.ParameterDeclaration>();
  for (const param of node.parameters) {
    const symbol = ts.isIdentifier(param.name) ? ctx.scopes.symbolOf(param.name) : undefined;
    if (symbol) params.set(symbol, param);
  }
  const found: Shuffle[] = [];
  const alias = aliasOf(callback, ctx);
  for (const statement of node.body.statements) {
    const shuffle =
      shuffleOf(statement, callback, params, ctx) ??
      (alias?.statement === statement ? { node: statement, kind: 'alias' as const, value: alias.value } : undefined) ??
      otherOf(statement, alias ? [callback, alias.symbol] : [callback], ctx);
    if (shuffle) found.push(shuffle);
  }
  return found;
}

export interface Alias {
  readonly symbol: ts.Symbol;
  readonly name: ts.Identifier;
  readonly statement: ts.VariableStatement;
  readonly value: ts.Expression;
}

/** `var done = cb || noop, self = this`: the name that stands for the callback from here on. */
export function aliasOf(callback: ts.Symbol, ctx: FileContext): Alias | undefined {
  for (const use of ctx.scopes.references(callback)) {
    const declaration = ts.findAncestor(
      use.parent,
      (node) => ts.isVariableDeclaration(node) || ts.isFunctionLike(node),
    );
    if (!declaration || !ts.isVariableDeclaration(declaration) || !declaration.initializer) continue;
    if (!ts.isIdentifier(declaration.name) || !isItself(declaration.initializer, callback, ctx)) continue;
    const symbol = ctx.scopes.symbolOf(declaration.name);
    const statement = declaration.parent.parent;
    if (!symbol || !ctx.scopes.isConstant(symbol) || !ts.isVariableStatement(statement)) continue;
    return { symbol, name: declaration.name, statement, value: declaration.initializer };
  }
  return undefined;
}

/** `cb`, `cb || noop`, `once(cb)`, `typeof options === 'function' ? options : cb` */
function isItself(value: ts.Expression, callback: ts.Symbol, ctx: FileContext): boolean {
  const node = bare(value);
  if (ts.isIdentifier(node)) return ctx.scopes.symbolOf(node) === callback;
  if (ts.isBinaryExpression(node)) {
    const op = node.operatorToken.kind;
    const either = op === ts.SyntaxKind.BarBarToken || op === ts.SyntaxKind.QuestionQuestionToken;
    return (
      either &&
      (isItself(node.left, callback, ctx) || isItself(node.right, callback, ctx)) &&
      isStandIn(bare(node.right))
    );
  }
  if (ts.isConditionalExpression(node))
    return [node.whenTrue, node.whenFalse].some((arm) => isItself(arm, callback, ctx));
  const symbolOf = (each: ts.Expression) => {
    const inner = bare(each);
    return ts.isIdentifier(inner) ? ctx.scopes.symbolOf(inner) : undefined;
  };
  return isOnce(value, callback, symbolOf);
}

/** Checks of the callback, and ways of sorting arguments out that have no name: it is written or tested there, but not called. */
function otherOf(statement: ts.Statement, callbacks: readonly ts.Symbol[], ctx: FileContext): Shuffle | undefined {
  const uses = callbacks
    .flatMap((symbol) => ctx.scopes.references(symbol))
    .filter((use) => use.pos >= statement.pos && use.end <= statement.end);
  if (!uses.length || ts.isFunctionDeclaration(statement)) return undefined;
  if (isCheck(statement)) return { node: statement, kind: 'check' };
  const written = uses.some((use) => ctx.scopes.isWritten(use));
  return written && uses.every((use) => isSorted(use, statement, ctx)) && !hasReturn(statement)
    ? { node: statement, kind: 'other' }
    : undefined;
}

/** `assert.equal(typeof cb, 'function', …)` */
function isCheck(statement: ts.Statement): boolean {
  if (!ts.isExpressionStatement(statement)) return false;
  const call = bare(statement.expression);
  return ts.isCallExpression(call) && /^assert\b/.test(call.expression.getText());
}

function isSorted(use: ts.Identifier, statement: ts.Statement, ctx: FileContext): boolean {
  if (ctx.scopes.isWritten(use)) return true;
  for (let node: ts.Node = use; node !== statement; node = node.parent) {
    if (ts.isFunctionLike(node)) return false;
    if (ts.isTypeOfExpression(node) || (ts.isIfStatement(node.parent) && node.parent.expression === node)) return true;
    if (ts.isCallExpression(node.parent)) return false;
  }
  return true;
}

function hasReturn(node: ts.Node): boolean {
  if (ts.isFunctionLike(node)) return false;
  return ts.isReturnStatement(node) || !!ts.forEachChild(node, (child) => hasReturn(child) || undefined);
}

function shuffleOf(
  statement: ts.Statement,
  callback: ts.Symbol,
  params: ReadonlyMap<ts.Symbol, ts.ParameterDeclaration>,
  ctx: FileContext,
): Shuffle | undefined {
  const assignments = assignmentsIn(statement);
  if (!assignments) return undefined;
  const symbolOf = (node: ts.Expression) => {
    const inner = bare(node);
    return ts.isIdentifier(inner) ? ctx.scopes.symbolOf(inner) : undefined;
  };
  const toCallback = assignments.filter((each) => symbolOf(each.left) === callback);
  const [only, more] = toCallback;
  if (!only || more || !assignments.every((each) => params.has(symbolOf(each.left) ?? callback))) return undefined;
  const from = symbolOf(only.right);
  const option = from && from !== callback ? params.get(from) : undefined;
  if (option) {
    const value = assignments.find((each) => symbolOf(each.left) === from)?.right;
    return { node: statement, kind: 'shift', option, ...(value && { value }) };
  }
  if (assignments.length > 1) return undefined;
  if (isOnce(only.right, callback, symbolOf))
    return ts.isExpressionStatement(statement) ? { node: statement, kind: 'once' } : undefined;
  return isDefault(statement, only, callback, symbolOf)
    ? { node: statement, kind: 'default', value: only.right }
    : undefined;
}

type Assignment = ts.BinaryExpression;

/** The statement as a list of assignments, tests around them left out; undefined when it does anything else. */
function assignmentsIn(node: ts.Node): Assignment[] | undefined {
  if (ts.isBlock(node)) return all(node.statements.map(assignmentsIn));
  if (ts.isExpressionStatement(node)) return assignmentsIn(bare(node.expression));
  if (ts.isIfStatement(node)) return node.elseStatement ? undefined : assignmentsIn(node.thenStatement);
  if (!ts.isBinaryExpression(node)) return undefined;
  const op = node.operatorToken.kind;
  if (
    op === ts.SyntaxKind.EqualsToken ||
    op === ts.SyntaxKind.BarBarEqualsToken ||
    op === ts.SyntaxKind.QuestionQuestionEqualsToken
  ) {
    const inner = assignmentsIn(bare(node.right));
    return inner ? [node, ...inner] : [node];
  }
  if (op === ts.SyntaxKind.CommaToken) return all([assignmentsIn(bare(node.left)), assignmentsIn(bare(node.right))]);
  if (op === ts.SyntaxKind.AmpersandAmpersandToken || op === ts.SyntaxKind.BarBarToken)
    return isAssignment(bare(node.right)) ? assignmentsIn(bare(node.right)) : undefined;
  return undefined;
}

function isAssignment(node: ts.Node): boolean {
  return (
    ts.isBinaryExpression(node) &&
    (node.operatorToken.kind === ts.SyntaxKind.EqualsToken || node.operatorToken.kind === ts.SyntaxKind.CommaToken)
  );
}

function all(lists: readonly (Assignment[] | undefined)[]): Assignment[] | undefined {
  return lists.every((list) => list) ? lists.flatMap((list) => list!) : undefined;
}

type SymbolOf = (node: ts.Expression) => ts.Symbol | undefined;

/** `once(cb)`, `_.once(cb)`, `dezalgo(cb)`: the same callback, called at most once or later. */
function isOnce(value: ts.Expression, callback: ts.Symbol, symbolOf: SymbolOf): boolean {
  const node = bare(value);
  if (!ts.isCallExpression(node) || node.arguments.length !== 1 || symbolOf(node.arguments[0]!) !== callback)
    return false;
  const name = memberName(bare(node.expression)) ?? node.expression.getText();
  return /^(once|dezalgo|onlyOnce|callOnce)$/.test(name);
}

/** `cb = cb || noop`, `if (!cb) cb = noop`, `cb = typeof cb === 'function' ? cb : noop` */
function isDefault(statement: ts.Statement, assignment: Assignment, callback: ts.Symbol, symbolOf: SymbolOf): boolean {
  const value = bare(assignment.right);
  if (assignment.operatorToken.kind !== ts.SyntaxKind.EqualsToken) return true;
  if (ts.isIfStatement(statement) || !ts.isExpressionStatement(statement) || bare(statement.expression) !== assignment)
    return isStandIn(value);
  if (ts.isBinaryExpression(value)) return symbolOf(value.left) === callback;
  if (!ts.isConditionalExpression(value)) return false;
  return symbolOf(value.whenTrue) === callback || symbolOf(value.whenFalse) === callback;
}

function isStandIn(node: ts.Node): boolean {
  return isFunction(node) || ts.isIdentifier(node) || ts.isPropertyAccessExpression(node) || ts.isCallExpression(node);
}

/** How the function says that its callback may be missing. */
export function optionalOf(
  callback: ts.Symbol,
  shuffles: readonly Shuffle[],
  ctx: FileContext,
): OptionalCallback | undefined {
  const fallback = shuffles.find((each) => each.kind === 'default' || (each.kind === 'alias' && isEither(each.value)));
  if (fallback) return { how: standInKind(fallback.value!, ctx), at: rangeOf(fallback.node) };
  const alias = aliasOf(callback, ctx);
  const found = [callback, ...(alias ? [alias.symbol] : [])]
    .flatMap((symbol) => ctx.scopes.references(symbol))
    .flatMap((use): OptionalCallback[] => {
      if (shuffles.some((each) => use.pos >= each.node.pos && use.end <= each.node.end)) return [];
      const test = testOf(use);
      const how = test && missingBranch(test, use);
      return how ? [{ how, at: rangeOf(test) }] : [];
    });
  return found.find((each) => each.how !== 'guard') ?? found[0];
}

function isEither(value: ts.Expression | undefined): boolean {
  const node = value && bare(value);
  return !!node && ts.isBinaryExpression(node);
}

function standInKind(value: ts.Expression, ctx: FileContext): OptionalCallback['how'] {
  let node = bare(value);
  if (ts.isBinaryExpression(node)) node = bare(node.right);
  if (ts.isConditionalExpression(node))
    node = bare(
      isFunction(bare(node.whenTrue)) || /noop/i.test(node.whenTrue.getText()) ? node.whenTrue : node.whenFalse,
    );
  if (ts.isIdentifier(node)) {
    const declaration = ctx.scopes.symbolOf(node)?.declarations?.[0];
    if (declaration && ts.isFunctionDeclaration(declaration) && declaration.body) return bodyKind(declaration.body);
    if (
      declaration &&
      ts.isVariableDeclaration(declaration) &&
      declaration.initializer &&
      isFunction(bare(declaration.initializer))
    )
      return standInKind(declaration.initializer, ctx);
    return /noop/i.test(node.text) ? 'noop' : 'default';
  }
  if (isFunction(node)) return bodyKind(node.body);
  return /(^|\.)noop$|^Function\(\)|^new Function/i.test(node.getText()) ? 'noop' : 'default';
}

function bodyKind(body: ts.ConciseBody): OptionalCallback['how'] {
  if (ts.isBlock(body) && body.statements.length === 0) return 'noop';
  if (ts.isIdentifier(body) || ts.isObjectLiteralExpression(body)) return 'noop';
  return /\bthrow\b/.test(body.getText()) ? 'throws' : 'default';
}

/** The test that a use of the callback is, or is part of. */
function testOf(use: ts.Identifier): ts.Node | undefined {
  let node: ts.Node = use;
  if (ts.isTypeOfExpression(node.parent)) node = node.parent;
  for (let { parent } = node; ; node = parent, { parent } = node) {
    if (ts.isIfStatement(parent)) return parent.expression === node ? parent : undefined;
    if (ts.isConditionalExpression(parent)) return parent.condition === node ? parent : undefined;
    if (ts.isPrefixUnaryExpression(parent) || ts.isParenthesizedExpression(parent)) continue;
    if (!ts.isBinaryExpression(parent)) return undefined;
    const op = parent.operatorToken.kind;
    const logical = op === ts.SyntaxKind.AmpersandAmpersandToken || op === ts.SyntaxKind.BarBarToken;
    if (logical && parent.left === node && ts.isCallExpression(bare(parent.right))) return parent;
    if (op === ts.SyntaxKind.EqualsToken) return undefined;
  }
}

/** `cb(err);`, `return cb(err);`, `{ cb(err); return; }` */
function isOnlyReport(statement: ts.Statement, use: ts.Identifier): boolean {
  if (ts.isBlock(statement)) return statement.statements.every((each) => isOnlyReport(each, use));
  if (!ts.isReturnStatement(statement) && !ts.isExpressionStatement(statement)) return false;
  const call = statement.expression && bare(statement.expression);
  return !call || (ts.isCallExpression(call) && call.expression.getText().split('.')[0] === use.text);
}

function missingBranch(test: ts.Node, use: ts.Identifier): OptionalCallback['how'] | undefined {
  if (!ts.isIfStatement(test)) return 'guard';
  const negated = /^!|!==?/.test(test.expression.getText());
  // More than the report depends on the callback.
  if (!negated && !isOnlyReport(test.thenStatement, use)) return 'default';
  const missing = negated ? test.thenStatement : test.elseStatement;
  const text = missing?.getText() ?? '';
  // Without a callback it throws at once: then the callback is not optional at all.
  if (negated && /\bthrow\b/.test(text) && !text.includes(`${use.text}(`)) return undefined;
  if (/\bPromise\b|promisify/.test(text)) return 'promise';
  if (/\bthrow\b/.test(text)) return 'throws';
  return text.replace(/[{}\s;]|return/g, '') === '' ? 'guard' : 'default';
}
