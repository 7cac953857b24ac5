import { bare, memberName } from '../calls/origin.js';
import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';
import type { FunctionNode } from './types.js';

/** Questions about statements that need no state: does it do anything, does it leave, what is a function. */

/** Evaluating it changes nothing and cannot be noticed. */
export function isPure(expression: ts.Expression | undefined): boolean {
  if (!expression) return true;
  const node = bare(expression) as ts.Expression;
  if (ts.isIdentifier(node) || ts.isLiteralExpression(node) || isFunction(node)) return true;
  if (ts.isVoidExpression(node)) return isPure(node.expression);
  if (ts.isPrefixUnaryExpression(node)) return node.operator === ts.SyntaxKind.ExclamationToken && isPure(node.operand);
  return pureKinds.has(node.kind);
}

const pureKinds = new Set([
  ts.SyntaxKind.NullKeyword,
  ts.SyntaxKind.TrueKeyword,
  ts.SyntaxKind.FalseKeyword,
  ts.SyntaxKind.ThisKeyword,
]);

/** Reading it has no effect, though it may throw where something is missing: `user.name`, `[a, b]`, `a || b`, `x === 1`. */
export function isHarmless(expression: ts.Expression | undefined): boolean {
  if (!expression || isPure(expression)) return true;
  const node = bare(expression) as ts.Expression;
  if (ts.isPropertyAccessExpression(node)) return isHarmless(node.expression);
  if (ts.isElementAccessExpression(node)) return isHarmless(node.expression) && isHarmless(node.argumentExpression);
  if (ts.isArrayLiteralExpression(node)) return node.elements.every(isHarmless);
  if (ts.isObjectLiteralExpression(node))
    return node.properties.every(
      (p) => ts.isShorthandPropertyAssignment(p) || (ts.isPropertyAssignment(p) && isHarmless(p.initializer)),
    );
  if (ts.isConditionalExpression(node)) return [node.condition, node.whenTrue, node.whenFalse].every(isHarmless);
  if (ts.isPrefixUnaryExpression(node)) return !isStep(node.operator) && isHarmless(node.operand);
  if (ts.isTypeOfExpression(node)) return isHarmless(node.expression);
  if (ts.isTemplateExpression(node)) return node.templateSpans.every((span) => isHarmless(span.expression));
  if (ts.isBinaryExpression(node)) {
    const kind = node.operatorToken.kind;
    const assigns = kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
    return !assigns && isHarmless(node.left) && isHarmless(node.right);
  }
  return false;
}

const isStep = (operator: ts.PrefixUnaryOperator): boolean =>
  operator === ts.SyntaxKind.PlusPlusToken || operator === ts.SyntaxKind.MinusMinusToken;

/** A statement behind a report or a wait that does nothing there. */
export function isInert(statement: ts.Statement): boolean {
  if (ts.isEmptyStatement(statement) || ts.isFunctionDeclaration(statement)) return true;
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) return true;
  if (ts.isBreakStatement(statement) || ts.isContinueStatement(statement)) return true;
  if (ts.isReturnStatement(statement)) return isPure(statement.expression);
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.every((d) => !d.initializer || isFunction(bare(d.initializer)));
  if (ts.isExpressionStatement(statement)) return ts.isStringLiteral(statement.expression);
  return false;
}

/** The list goes on behind this statement: it is neither `return`, `throw`, `break` nor `continue`. */
export function stopsList(statement: ts.Statement): boolean {
  return (
    ts.isReturnStatement(statement) ||
    ts.isThrowStatement(statement) ||
    ts.isBreakStatement(statement) ||
    ts.isContinueStatement(statement)
  );
}

export function isFunction(node: ts.Node): node is ts.FunctionExpression | ts.ArrowFunction {
  return ts.isFunctionExpression(node) || ts.isArrowFunction(node);
}

export function isCallbackNode(node: ts.Node): node is FunctionNode {
  return (
    isFunction(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isConstructorDeclaration(node) ||
    ts.isAccessor(node)
  );
}

/** A jump out of the node that is its own: `return`, a `throw` that nothing in it catches, `break` to something around it. */
export function ownJump(node: ts.Node): ts.Node | undefined {
  return findJump(node, false, false, []);
}

function findJump(node: ts.Node, loop: boolean, breakable: boolean, labels: readonly string[]): ts.Node | undefined {
  if (ts.isFunctionLike(node) || ts.isClassLike(node)) return undefined;
  if (ts.isReturnStatement(node) || ts.isThrowStatement(node)) return node;
  if (ts.isBreakOrContinueStatement(node)) {
    if (node.label) return labels.includes(node.label.text) ? undefined : node;
    return loop || (breakable && ts.isBreakStatement(node)) ? undefined : node;
  }
  if (ts.isTryStatement(node)) return findInTry(node, loop, breakable, labels);
  const inLoop = loop || ts.isIterationStatement(node, false);
  const inner = ts.isLabeledStatement(node) ? [...labels, node.label.text] : labels;
  return ts.forEachChild(node, (child) =>
    findJump(child, inLoop, breakable || inLoop || ts.isSwitchStatement(node), inner),
  );
}

function findInTry(
  node: ts.TryStatement,
  loop: boolean,
  breakable: boolean,
  labels: readonly string[],
): ts.Node | undefined {
  const tried = findJump(node.tryBlock, loop, breakable, labels);
  const caught = tried && ts.isThrowStatement(tried) && node.catchClause ? findReturn(node.tryBlock) : tried;
  return (
    caught ??
    (node.catchClause && findJump(node.catchClause.block, loop, breakable, labels)) ??
    (node.finallyBlock && findJump(node.finallyBlock, loop, breakable, labels))
  );
}

function findReturn(node: ts.Node): ts.Node | undefined {
  if (ts.isFunctionLike(node) || ts.isClassLike(node)) return undefined;
  return ts.isReturnStatement(node) ? node : ts.forEachChild(node, findReturn);
}

/** The statements of a function; an arrow's expression counts as the `return` of it. */
export function statementsOf(node: { readonly body?: ts.ConciseBody }): readonly ts.Statement[] | ts.Expression {
  if (!node.body) return [];
  return ts.isBlock(node.body) ? node.body.statements : node.body;
}

/** `null`, `undefined`, `void 0`, `false`, `''`, `0`: nothing that a caller could want beside an error. */
export function isEmptyValue(expression: ts.Expression, scopes: Scopes): boolean {
  const node = bare(expression);
  if (ts.isIdentifier(node)) return node.text === 'undefined' && !scopes.symbolOf(node);
  return (
    node.kind === ts.SyntaxKind.NullKeyword || node.kind === ts.SyntaxKind.FalseKeyword || ts.isVoidExpression(node)
  );
}

/** `function (err, user) { … }.bind(this)`: the function, and whether its `this` is that of the place where it stands. */
export function unbound(node: ts.Node): { readonly of: ts.Node; readonly own: boolean } | undefined {
  const call = bare(node);
  if (!ts.isCallExpression(call) || call.arguments.length !== 1 || memberName(call.expression) !== 'bind')
    return undefined;
  const self = call.arguments[0]!;
  if (!isPure(self)) return undefined;
  const of = bare((call.expression as ts.AccessExpression).expression);
  return { of, own: self.kind === ts.SyntaxKind.ThisKeyword };
}

/** What is handed on of a function: itself, or what `.bind(…)` makes of it. */
export function handedAs(fn: ts.Node): ts.Node {
  const access = fn.parent;
  const call = access?.parent;
  const isBound = ts.isPropertyAccessExpression(access) && access.expression === fn && access.name.text === 'bind';
  return isBound && ts.isCallExpression(call) && call.expression === access && call.arguments.length === 1 ? call : fn;
}

/** `cb.bind(null, err)`, as it is given to `process.nextTick`: the name and what it will be called with. */
export function boundCall(
  node: ts.Node,
): { readonly name: ts.Identifier; readonly self: ts.Expression; readonly args: readonly ts.Expression[] } | undefined {
  const call = bare(node);
  if (!ts.isCallExpression(call) || memberName(call.expression) !== 'bind') return undefined;
  const name = bare((call.expression as ts.AccessExpression).expression);
  const [self, ...args] = call.arguments;
  return ts.isIdentifier(name) && self && isPure(self) ? { name, self, args } : undefined;
}
