import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';
import { isBodyOfGot, neverThrows } from './calm-clients.js';
import { bare, memberName, originOf } from './origin.js';
import type { Origin } from './origin.js';
import { rangeWithin } from './packages.js';

/**
 * True for a call that is known to answer with a promise: `fetch(…)`, `fs.promises.stat(…)`, `axios.get(…)`, `Promise.all(…)`, a
 * promisified function, an async function of the file. False says nothing.
 */
export function answersPromise(
  expression: ts.Node,
  scopes: Scopes,
  dependencies: Readonly<Record<string, string>> = {},
): boolean {
  const call = bare(expression);
  if (ts.isNewExpression(call)) return isMember(originOf(call.expression, scopes), '', 'Promise');
  if (!ts.isCallExpression(call)) return false;
  if (isPromisified(call.expression, scopes) || isAsyncFunction(call.expression, scopes)) return true;
  const origin = originOf(call.expression, scopes);
  if (origin?.module === 'needle') return neverThrows(call, scopes, dependencies) && call.arguments.length === 2;
  if (origin) return isPromiseApi(origin, dependencies);
  if (isBodyOfGot(call, scopes, dependencies)) return true;
  // `axios.get(url).then(…)`: a chain of promises goes on being one.
  const name = memberName(call.expression);
  if (name !== 'then' && name !== 'catch' && name !== 'finally') return false;
  return answersPromise((call.expression as ts.AccessExpression).expression, scopes, dependencies);
}

const statics = /^(all|allSettled|any|race|resolve|reject|try)$/;
const verbs = /^(|get|post|put|patch|delete|head|options|request)$/;

/** Clients whose calls give native promises when no callback is given, whatever the version unless one is named. */
const clients: Readonly<Record<string, { readonly members: RegExp; readonly from?: number; readonly below?: number }>> =
  {
    axios: { members: verbs },
    'node-fetch': { members: /^$/ },
    'cross-fetch': { members: /^(|fetch)$/ },
    'isomorphic-fetch': { members: /^$/ },
    got: { members: verbs },
    ky: { members: verbs },
    undici: { members: /^(fetch|request)$/ },
    execa: { members: /^(|execa|command)$/ },
    mkdirp: { members: /^(|mkdirp)$/, from: 1 },
    rimraf: { members: /^(|rimraf)$/, from: 4 },
    glob: { members: /^(|glob)$/, from: 9 },
  };

function isPromiseApi(origin: Origin, dependencies: Readonly<Record<string, string>>): boolean {
  const path = origin.path.join('.');
  if (origin.module === '')
    return path === 'fetch' || (origin.path[0] === 'Promise' && statics.test(origin.path[1] ?? ''));
  if (/^(fs|dns|stream|readline)\/promises$/.test(origin.module))
    return origin.path.length === 1 && !/^(watch|glob|createInterface|getServers|setServers)$/.test(path);
  if (origin.module === 'timers/promises') return /^(setTimeout|setImmediate)$/.test(path);
  if (origin.module === 'events') return path === 'once';
  const client = Object.hasOwn(clients, origin.module) ? clients[origin.module] : undefined;
  return !!client && client.members.test(path) && rangeWithin(dependencies[origin.module], client.from, client.below);
}

function isMember(origin: Origin | undefined, module: string, path: string): boolean {
  return origin?.module === module && origin.path.join('.') === path;
}

/** `promisify(fs.stat)`, or a constant that is one. */
function isPromisified(callee: ts.Node, scopes: Scopes): boolean {
  const made = initializerOf(callee, scopes) ?? bare(callee);
  return ts.isCallExpression(made) && isMember(originOf(made.expression, scopes), 'util', 'promisify');
}

function isAsyncFunction(callee: ts.Node, scopes: Scopes): boolean {
  const node = bare(callee);
  const symbol = ts.isIdentifier(node) ? scopes.symbolOf(node) : undefined;
  const declared =
    symbol && scopes.isConstant(symbol) ? symbol.declarations?.find(ts.isFunctionDeclaration) : undefined;
  const definition = declared ?? initializerOf(node, scopes) ?? node;
  if (!ts.isFunctionDeclaration(definition) && !ts.isFunctionExpression(definition) && !ts.isArrowFunction(definition))
    return false;
  const isAsync = definition.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.AsyncKeyword);
  return !!isAsync && !definition.asteriskToken;
}

function initializerOf(node: ts.Node, scopes: Scopes): ts.Node | undefined {
  const symbol = ts.isIdentifier(node) ? scopes.symbolOf(node) : undefined;
  const declaration = symbol && scopes.isConstant(symbol) ? symbol.declarations?.[0] : undefined;
  const isVariable = declaration && ts.isVariableDeclaration(declaration) && ts.isIdentifier(declaration.name);
  return isVariable && declaration.initializer ? bare(declaration.initializer) : undefined;
}
