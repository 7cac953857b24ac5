import { bare, originOf } from '../calls/origin.js';
import { answersPromise } from '../calls/promises.js';
import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';
import { functionElsewhere, isSettled } from './elsewhere.js';
import { chainOf, newPromise, promiseStatic } from './links.js';
import { wrapsKnownCallback } from './node-callback.js';
import { isReduceSequence } from './reduce.js';
import { declaredJustBefore } from './variable.js';
import { isAsync, isFunctionNode, isGenerator } from './uses.js';
import type { FunctionNode } from './uses.js';

/**
 * What a returned expression is. `chain`: something that is read; `promise`: certainly a promise; `kept`: it may be one
 * that others hold too; `value`: certainly none; `unknown`.
 */
export type Kind = 'chain' | 'promise' | 'kept' | 'value' | 'unknown';

const promiseStatics =
  /^(resolve|reject|all|race|any|allSettled|try|map|mapSeries|each|props|join|delay|fromCallback|method|reduce|filter|some)$/;
const promiseGlobals = /^(fetch|import)$/;

export function kindOf(expression: ts.Expression, scopes: Scopes, depth = 0): Kind {
  const { kinds } = knownOf(scopes);
  const byDepth = kinds.get(expression) ?? [];
  const kind = (byDepth[depth] ??= findKind(expression, scopes, depth));
  kinds.set(expression, byDepth);
  return kind;
}

/** What was found out about a file: functions that call one another are asked about again and again. */
interface Known {
  readonly settled: boolean;
  /** By expression and depth. */
  readonly kinds: Map<ts.Node, Kind[]>;
  /** The callees that are waited for somewhere, by their last name. */
  readonly waited: Map<string, ReadonlySet<string>>;
}

const known = new WeakMap<Scopes, Known>();

function knownOf(scopes: Scopes): Known {
  let one = known.get(scopes);
  // Where the file's home is not known yet, questions end at its border: what was answered then holds no longer.
  if (!one || one.settled !== isSettled(scopes)) {
    one = { settled: isSettled(scopes), kinds: new Map(), waited: new Map() };
    known.set(scopes, one);
  }
  return one;
}

function findKind(expression: ts.Expression, scopes: Scopes, depth: number): Kind {
  const node = bare(expression) as ts.Expression;
  if (ts.isConditionalExpression(node))
    return worst(kindOf(node.whenTrue, scopes, depth), kindOf(node.whenFalse, scopes, depth));
  if (chainOf(node, scopes) || isReduceSequence(node, scopes)) return 'chain';
  if (promiseStatics.test(promiseStatic(node, scopes)?.name ?? '')) return 'promise';
  const made = newPromise(node, scopes);
  if (made) return executorHasChain(made, scopes) || wrapsKnownCallback(made, scopes) ? 'chain' : 'promise';
  if (ts.isCallExpression(node)) return kindOfCall(node, scopes, depth);
  if (ts.isIdentifier(node)) return kindOfName(node, scopes, depth);
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node) || isAssignment(node)) return 'kept';
  if (ts.isLiteralExpression(node) || ts.isObjectLiteralExpression(node) || ts.isArrayLiteralExpression(node))
    return 'value';
  return 'unknown';
}

function isAssignment(node: ts.Node): boolean {
  return ts.isBinaryExpression(node) && /^(\|\||\?\?|&&)?=$/.test(node.operatorToken.getText());
}

function worst(one: Kind, other: Kind): Kind {
  const order: Kind[] = ['value', 'unknown', 'kept', 'chain', 'promise'];
  return order.indexOf(one) < order.indexOf(other) ? one : other;
}

/** Does the executor end with a chain, as a promise around a promise does? */
export function executorHasChain(made: ts.NewExpression, scopes: Scopes): boolean {
  const fn = made.arguments?.[0] && bare(made.arguments[0]);
  if (!fn || !(ts.isArrowFunction(fn) || ts.isFunctionExpression(fn))) return false;
  if (!ts.isBlock(fn.body)) return !!chainOf(fn.body, scopes);
  const last = fn.body.statements.at(-1);
  const value = last && (ts.isExpressionStatement(last) || ts.isReturnStatement(last)) ? last.expression : undefined;
  return !!value && !!chainOf(value, scopes);
}

function kindOfCall(call: ts.CallExpression, scopes: Scopes, depth: number): Kind {
  const callee = bare(call.expression);
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return 'promise';
  if (isFunctionNode(callee)) return givesPromise(callee, scopes, depth + 1) ? 'promise' : 'unknown';
  const origin = originOf(callee, scopes);
  if (origin?.module === '' && origin.path.length === 1 && promiseGlobals.test(origin.path[0]!)) return 'promise';
  if (origin && /^(fs|dns|timers|stream|readline)\/promises$/.test(origin.module)) return 'promise';
  if (answersPromise(call, scopes)) return 'promise';
  const fn = functionCalled(callee, scopes);
  if (fn && givesPromise(fn, scopes, depth + 1)) return 'promise';
  const other = fn ? undefined : functionElsewhere(callee, scopes);
  if (other && givesPromise(other.fn, other.scopes, depth + 1)) return 'promise';
  return isWaitedElsewhere(call, scopes) ? 'promise' : 'unknown';
}

/** The function of this file that a call means: by name, or `this.name` of the same class or object. */
export function functionCalled(callee: ts.Node, scopes: Scopes): FunctionNode | undefined {
  if (ts.isIdentifier(callee)) return functionNamed(callee, scopes);
  if (!ts.isPropertyAccessExpression(callee) || callee.expression.kind !== ts.SyntaxKind.ThisKeyword) return undefined;
  let owner: ts.Node | undefined = callee;
  while (owner && !ts.isClassLike(owner) && !ts.isObjectLiteralExpression(owner)) owner = owner.parent;
  if (!owner) return undefined;
  const members: readonly ts.Node[] = ts.isClassLike(owner)
    ? owner.members
    : (owner as ts.ObjectLiteralExpression).properties;
  return members.find(
    (member): member is ts.MethodDeclaration =>
      ts.isMethodDeclaration(member) && !!member.body && member.name.getText() === callee.name.text,
  );
}

function functionNamed(name: ts.Identifier, scopes: Scopes): FunctionNode | undefined {
  const symbol = scopes.symbolOf(name);
  const declaration =
    symbol && scopes.isConstant(symbol)
      ? symbol.declarations?.find((each) => !ts.isFunctionDeclaration(each) || each.body)
      : undefined;
  if (!declaration) return undefined;
  if (isFunctionNode(declaration)) return declaration;
  const value =
    ts.isVariableDeclaration(declaration) && declaration.initializer ? bare(declaration.initializer) : undefined;
  return value && isFunctionNode(value) ? value : undefined;
}

/** Does every path of the function give a promise? Recursion counts as one. */
export function givesPromise(fn: FunctionNode, scopes: Scopes, depth = 0): boolean {
  if (depth > 6) return true;
  if (isAsync(fn)) return !isGenerator(fn);
  if (isGenerator(fn) || ts.isAccessor(fn) || ts.isConstructorDeclaration(fn) || !fn.body) return false;
  if (fn.type && isPromiseType(fn.type)) return true;
  const returns = returnsOf(fn);
  if (!returns.length || (ts.isBlock(fn.body) && !endsAlways(fn.body))) return false;
  return returns.every((each) => !!each && ['chain', 'promise'].includes(kindOf(each, scopes, depth)));
}

export function isPromiseType(type: ts.TypeNode): boolean {
  return ts.isTypeReferenceNode(type) && type.typeName.getText() === 'Promise';
}

/** A variable that is declared with a promise, and that nobody else gets hold of. */
function kindOfName(name: ts.Identifier, scopes: Scopes, depth: number): Kind {
  const symbol = scopes.symbolOf(name);
  if (!symbol) return name.text === 'undefined' ? 'value' : 'unknown';
  const declaration = symbol.declarations?.[0];
  if (!declaration || !ts.isVariableDeclaration(declaration) || !declaration.initializer) return 'unknown';
  const before = declaredJustBefore(name, scopes);
  if (before && kindOf(before, scopes, depth + 1) === 'chain') return 'chain';
  if (!scopes.isConstant(symbol)) return 'kept';
  const kind = kindOf(declaration.initializer, scopes, depth + 1);
  const local = scopes.references(symbol).every((use) => use.parent === declaration || isPromiseUse(use));
  if (kind === 'chain' || kind === 'promise') return local ? 'promise' : 'kept';
  return kind;
}

function isPromiseUse(use: ts.Node): boolean {
  const { parent } = use;
  if (ts.isReturnStatement(parent) || ts.isAwaitExpression(parent)) return true;
  return (
    ts.isPropertyAccessExpression(parent) &&
    parent.expression === use &&
    /^(then|catch|finally)$/.test(parent.name.text)
  );
}

/** Somewhere in the file the same callee is called and awaited, or its answer gets a `.then`. */
function isWaitedElsewhere(call: ts.CallExpression, scopes: Scopes): boolean {
  const callee = bare(call.expression);
  const last = ts.isIdentifier(callee)
    ? callee
    : ts.isPropertyAccessExpression(callee) && ts.isIdentifier(callee.name)
      ? callee.name
      : undefined;
  if (!last) return false;
  const { waited } = knownOf(scopes);
  let callees = waited.get(last.text);
  if (!callees) waited.set(last.text, (callees = waitedCallees(last.text, scopes)));
  return callees.has(callee.getText());
}

function waitedCallees(name: string, scopes: Scopes): Set<string> {
  const found = new Set<string>();
  for (const other of scopes.named(name)) {
    const owner = other.parent;
    const whole = ts.isPropertyAccessExpression(owner) && owner.name === other ? owner : other;
    const called = whole.parent;
    if (!ts.isCallExpression(called) || called.expression !== whole) continue;
    const waits = ts.isPropertyAccessExpression(called.parent) && called.parent.name.text === 'then';
    if (waits || ts.isAwaitExpression(called.parent)) found.add(whole.getText());
  }
  return found;
}

/** The expressions that a function returns; `undefined` for a bare `return`. */
export function returnsOf(fn: FunctionNode): (ts.Expression | undefined)[] {
  if (!fn.body) return [];
  if (!ts.isBlock(fn.body)) return [fn.body];
  const found: (ts.Expression | undefined)[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return;
    if (ts.isReturnStatement(node)) found.push(node.expression);
    ts.forEachChild(node, visit);
  };
  fn.body.statements.forEach(visit);
  return found;
}

/** Does control never reach the end of the statement? */
export function endsAlways(node: ts.Statement): boolean {
  if (ts.isReturnStatement(node) || ts.isThrowStatement(node)) return true;
  if (ts.isBlock(node)) return node.statements.some(endsAlways);
  if (ts.isIfStatement(node))
    return !!node.elseStatement && endsAlways(node.thenStatement) && endsAlways(node.elseStatement);
  if (ts.isTryStatement(node)) {
    if (node.finallyBlock && endsAlways(node.finallyBlock)) return true;
    return endsAlways(node.tryBlock) && (!node.catchClause || endsAlways(node.catchClause.block));
  }
  if (ts.isWhileStatement(node)) return node.expression.kind === ts.SyntaxKind.TrueKeyword && !breaks(node.statement);
  if (ts.isForStatement(node)) return !node.condition && !breaks(node.statement);
  if (ts.isSwitchStatement(node)) {
    const { clauses } = node.caseBlock;
    const last = clauses.at(-1);
    if (!clauses.some(ts.isDefaultClause) || !last) return false;
    if (clauses.some((clause) => clause.statements.some(breaks))) return false;
    return (
      clauses.every((clause) => !clause.statements.length || clause.statements.some(endsAlways)) &&
      last.statements.length > 0
    );
  }
  return false;
}

function breaks(node: ts.Node): boolean {
  if (ts.isBreakStatement(node)) return true;
  if (ts.isFunctionLike(node) || ts.isIterationStatement(node, false) || ts.isSwitchStatement(node)) return false;
  return !!ts.forEachChild(node, (child) => breaks(child) || undefined);
}
