import { promiseLibraryOf } from '../calls/libraries.js';
import type { PromiseLibrary } from '../calls/libraries.js';
import { bare, memberName } from '../calls/origin.js';
import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';
import { functionElsewhere } from './elsewhere.js';
import { endsAlways, functionCalled, returnsOf } from './kinds.js';
import { chainOf } from './links.js';
import { isAsync, isFunctionNode, isGenerator } from './uses.js';
import type { FunctionNode } from './uses.js';

/** The library whose promise the expression is: by its own name, or as the answer of a function of the file. */
export function libraryBehind(expression: ts.Node, scopes: Scopes, depth = 0): PromiseLibrary | undefined {
  const root = bare(expression);
  // `const deferred = Q.defer(); … deferred.promise`
  const deferred =
    ts.isPropertyAccessExpression(root) && root.name.text === 'promise' && initialiserOf(root.expression, scopes);
  const own = promiseLibraryOf(deferred || expression, scopes);
  if (own || depth > 4 || !ts.isCallExpression(root) || !ts.isIdentifier(root.expression)) return own;
  const fn = declaredFunction(root.expression, scopes);
  if (!fn) return undefined;
  for (const each of returnsOf(fn)) {
    const chain = each && chainOf(each, scopes);
    const found = each && libraryBehind(chain ? chain.root : each, scopes, depth + 1);
    if (found && found !== 'native') return found;
  }
  return undefined;
}

/** Certainly a promise of this library, on every path, and none that carries a `this` for its callers' handlers. */
export function surelyOf(expression: ts.Node, library: PromiseLibrary, scopes: Scopes, depth = 0): boolean {
  if (depth > 6) return false;
  const node = bare(expression);
  if (ts.isConditionalExpression(node))
    return [node.whenTrue, node.whenFalse].every((arm) => surelyOf(arm, library, scopes, depth));
  const chain = chainOf(node, scopes);
  if (chain)
    return !chain.links.some((link) => link.method === 'bind') && surelyOf(chain.root, library, scopes, depth + 1);
  if (ts.isIdentifier(node)) {
    const made = initialiserOf(node, scopes);
    const symbol = scopes.symbolOf(node);
    return !!made && !!symbol && scopes.isConstant(symbol) && surelyOf(made, library, scopes, depth + 1);
  }
  if (ts.isNewExpression(node)) return promiseLibraryOf(node, scopes) === library;
  if (!ts.isCallExpression(node) || memberName(node.expression) === 'bind') return false;
  if (promiseLibraryOf(node, scopes) === library) return true;
  if (promisifierOf(node.expression, scopes) === library) return true;
  const own = functionCalled(bare(node.expression), scopes);
  if (own) return everyPath(own, library, scopes, depth);
  const other = functionElsewhere(node.expression, scopes);
  return !!other && everyPath(other.fn, library, other.scopes, depth);
}

function everyPath(fn: FunctionNode, library: PromiseLibrary, scopes: Scopes, depth: number): boolean {
  if (isAsync(fn) || isGenerator(fn) || !fn.body || (ts.isBlock(fn.body) && !endsAlways(fn.body))) return false;
  const returned = returnsOf(fn);
  return returned.length > 0 && returned.every((each) => each && surelyOf(each, library, scopes, depth + 1));
}

/** `const read = Promise.promisify(fs.readFile)`, or `fs.readFileAsync` of `const fs = Promise.promisifyAll(require('fs'))`. */
function promisifierOf(callee: ts.Node, scopes: Scopes): PromiseLibrary | undefined {
  const node = bare(callee);
  const all = ts.isPropertyAccessExpression(node) && node.name.text.endsWith('Async');
  const made = initialiserOf(all ? node.expression : node, scopes);
  const call = made && bare(made);
  if (!call || !ts.isCallExpression(call)) return undefined;
  const by = all ? /^promisifyAll$/ : /^(promisify|method|coroutine|denodeify|nfbind)$/;
  return by.test(memberName(call.expression) ?? '') ? promiseLibraryOf(call, scopes) : undefined;
}

/** What a constant that holds a promise was declared with. */
export function initialiserOf(root: ts.Node, scopes: Scopes): ts.Expression | undefined {
  const name = bare(root);
  const declaration = ts.isIdentifier(name) ? scopes.symbolOf(name)?.declarations?.[0] : undefined;
  return declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
}

export function declaredFunction(name: ts.Identifier, scopes: Scopes): FunctionNode | undefined {
  const declaration = scopes.symbolOf(name)?.declarations?.[0];
  if (!declaration) return undefined;
  const fn =
    ts.isVariableDeclaration(declaration) && declaration.initializer ? bare(declaration.initializer) : declaration;
  if (!isFunctionNode(fn) || ts.isMethodDeclaration(fn)) return undefined;
  const isPlain =
    !fn.modifiers?.some((m) => m.kind === ts.SyntaxKind.AsyncKeyword) &&
    !(!ts.isArrowFunction(fn) && 'asteriskToken' in fn && fn.asteriskToken);
  return isPlain ? fn : undefined;
}
