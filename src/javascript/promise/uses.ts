import { bare, memberName, originOf } from '../calls/origin.js';
import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';
import { chainOf, isPromiseClass } from './links.js';

export type FunctionNode =
  | ts.FunctionDeclaration
  | ts.FunctionExpression
  | ts.ArrowFunction
  | ts.MethodDeclaration
  | ts.AccessorDeclaration
  | ts.ConstructorDeclaration;

export function isFunctionNode(node: ts.Node): node is FunctionNode & { body: ts.ConciseBody } {
  return (
    (ts.isFunctionDeclaration(node) ||
      ts.isFunctionExpression(node) ||
      ts.isArrowFunction(node) ||
      ts.isMethodDeclaration(node) ||
      ts.isAccessor(node) ||
      ts.isConstructorDeclaration(node)) &&
    !!node.body
  );
}

export function isAsync(fn: FunctionNode): boolean {
  return !!fn.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.AsyncKeyword);
}

export function isGenerator(fn: FunctionNode): boolean {
  return !ts.isArrowFunction(fn) && !ts.isAccessor(fn) && !ts.isConstructorDeclaration(fn) && !!fn.asteriskToken;
}

/** The function whose own code the node is; `undefined` at the top of the file and in class bodies. */
export function functionAround(node: ts.Node): FunctionNode | undefined {
  for (let outer = node.parent; outer; outer = outer.parent) {
    if (isFunctionNode(outer)) return outer;
    if (ts.isClassStaticBlockDeclaration(outer) || ts.isPropertyDeclaration(outer)) return undefined;
  }
  return undefined;
}

/** The name under which a function is known to people. */
export function nameOf(fn: ts.Node): string {
  const own = (fn as ts.NamedDeclaration).name;
  if (own) return own.getText();
  const { parent } = fn;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent))
    return parent.name.getText();
  if (ts.isBinaryExpression(parent)) return memberName(parent.left) ?? parent.left.getText();
  return '';
}

/** All calls of a function that has a name of its own in the file; `undefined` when it can be called from elsewhere too. */
export function callsOf(fn: FunctionNode, scopes: Scopes): readonly ts.CallExpression[] | undefined {
  const name = ownName(fn);
  const symbol = name && scopes.symbolOf(name);
  if (!name || !symbol || !scopes.isConstant(symbol)) return undefined;
  const calls: ts.CallExpression[] = [];
  for (const use of scopes.references(symbol)) {
    if (use === name) continue;
    if (!ts.isCallExpression(use.parent) || use.parent.expression !== use) return undefined;
    calls.push(use.parent);
  }
  return calls;
}

/** The name of a declaration or constant that is not exported where it stands. */
function ownName(fn: FunctionNode): ts.Identifier | undefined {
  const exported = (node: ts.Node) =>
    ts.canHaveModifiers(node) && node.modifiers?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword);
  if (ts.isFunctionDeclaration(fn)) return exported(fn) ? undefined : fn.name;
  const { parent } = fn;
  if (!ts.isVariableDeclaration(parent) || !ts.isIdentifier(parent.name)) return undefined;
  return exported(parent.parent.parent) ? undefined : parent.name;
}

/** How a call's answer is used, as far as a promise in its place would matter. */
export type Use = 'awaited' | 'chained' | 'returned' | 'floating' | 'other';

export function useOf(call: ts.Expression): Use {
  let node: ts.Node = call;
  while (
    ts.isParenthesizedExpression(node.parent) ||
    ts.isAsExpression(node.parent) ||
    ts.isNonNullExpression(node.parent)
  )
    node = node.parent;
  const { parent } = node;
  if (ts.isAwaitExpression(parent)) return 'awaited';
  if (ts.isExpressionStatement(parent) || ts.isVoidExpression(parent)) return 'floating';
  if (ts.isPropertyAccessExpression(parent) && /^(then|catch|finally)$/.test(parent.name.text)) return 'chained';
  if (ts.isReturnStatement(parent) || (ts.isArrowFunction(parent) && parent.body === node)) return 'returned';
  return 'other';
}

/** A throw at this call is a rejection for whoever waits: it stands in an async function or in a promise's handler. */
export function throwIsRejection(call: ts.CallExpression, scopes: Scopes): boolean {
  const use = useOf(call);
  if (use !== 'awaited' && use !== 'returned') return false;
  const fn = functionAround(call);
  if (!fn) return false;
  if (use === 'returned' && isInTry(call, fn)) return false;
  return isAsync(fn) || isHandler(fn, scopes);
}

function isInTry(node: ts.Node, fn: ts.Node): boolean {
  for (let outer = node.parent; outer && outer !== fn; outer = outer.parent) if (ts.isTryStatement(outer)) return true;
  return false;
}

/** A function in place that is handed to `.then` and the like: what it throws is a rejection. */
export function isHandler(fn: ts.Node, scopes: Scopes): boolean {
  let node = fn;
  while (ts.isParenthesizedExpression(node.parent)) node = node.parent;
  const call = node.parent;
  if (!ts.isCallExpression(call) || !call.arguments.includes(node as ts.Expression)) return false;
  const chain = chainOf(call, scopes);
  return !!chain && chain.links.at(-1)!.call === call;
}

/** The function that `new Promise` runs. */
export function isExecutor(fn: ts.Node, scopes: Scopes): boolean {
  return ts.isNewExpression(fn.parent) && isPromiseClass(fn.parent.expression, scopes);
}

/** Does the node settle a promise that is made around it? */
export function settlesAround(node: ts.Node, scopes: Scopes): boolean {
  const isSettler = (name: ts.Identifier): boolean => {
    const declaration = scopes.symbolOf(name)?.declarations?.[0];
    const fn = declaration && ts.isParameter(declaration) ? declaration.parent : undefined;
    return !!fn && isExecutor(fn, scopes) && fn.pos <= node.pos && fn.end >= node.end && fn !== node;
  };
  const visit = (child: ts.Node): boolean =>
    (ts.isIdentifier(child) && isSettler(child)) || !!ts.forEachChild(child, (next) => visit(next) || undefined);
  return visit(node);
}

const testFunctions =
  /^(it|test|before|after|beforeEach|afterEach|beforeAll|afterAll|specify|setup|teardown|suiteSetup|suiteTeardown)$/;

/** A test's or hook's function: its runner takes a throw and a rejection alike. */
export function isTestFunction(fn: ts.Node, scopes: Scopes): boolean {
  const call = fn.parent;
  if (!ts.isCallExpression(call) || !call.arguments.includes(fn as ts.Expression)) return false;
  let callee = bare(call.expression);
  while (ts.isPropertyAccessExpression(callee)) callee = bare(callee.expression);
  if (!ts.isIdentifier(callee) || !testFunctions.test(callee.text)) return false;
  const origin = originOf(callee, scopes);
  return (
    scopes.isGlobal(callee) || /^(mocha|vitest|node:test|test|@jest\/globals|bun:test)$/.test(origin?.module ?? '')
  );
}

/** The function of the file that a constant name means. */
export function functionNamed(name: ts.Node, scopes: Scopes): FunctionNode | undefined {
  const symbol = ts.isIdentifier(name) ? scopes.symbolOf(name) : undefined;
  const declaration = symbol && scopes.isConstant(symbol) ? symbol.declarations?.[0] : undefined;
  if (!declaration) return undefined;
  const fn =
    ts.isVariableDeclaration(declaration) && declaration.initializer ? bare(declaration.initializer) : declaration;
  return isFunctionNode(fn) ? fn : undefined;
}
