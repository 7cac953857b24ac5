import { bare, originOf } from '../calls/origin.js';
import { promiseLibraryOf } from '../calls/libraries.js';
import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';

/** One `.then(…)` and the like of a chain. */
export interface Link {
  /** The standard's name where it has one: `fin` is `finally`, `caught` is `catch`. */
  readonly method: string;
  readonly call: ts.CallExpression;
  readonly name: ts.MemberName;
  readonly args: readonly ts.Expression[];
  /** Where the expression that it is called on ends. */
  readonly from: number;
}

/** `get(id).then(a).catch(b)`: the root is `get(id)`. */
export interface Chain {
  readonly whole: ts.CallExpression;
  readonly root: ts.Expression;
  readonly links: readonly Link[];
}

const standard = new Set(['then', 'catch', 'finally']);

/** Other names of the standard's methods in Bluebird and Q. */
const aliases = new Map([
  ['caught', 'catch'],
  ['fail', 'catch'],
  ['lastly', 'finally'],
  ['fin', 'finally'],
]);

/** Methods that only promises of libraries have; some have an exact form in plain code. */
const extras = new Set(
  (
    'spread tap tapCatch get return thenReturn throw thenThrow call all props any some race map mapSeries each filter ' +
    'reduce delay timeout done error asCallback nodeify bind reflect cancel isPending always progress inspect isFulfilled ' +
    'isRejected value reason catchReturn catchThrow disposer suppressUnhandledRejections denodeify thenResolve thenReject ' +
    'settle allSettled invoke post notify finallyCall abort'
  ).split(' '),
);

/** The chain whose last link this call is; `undefined` when it is no link. */
export function chainOf(expression: ts.Node, scopes: Scopes): Chain | undefined {
  const whole = bare(expression);
  if (!ts.isCallExpression(whole)) return undefined;
  const links: Link[] = [];
  let node: ts.Node = whole;
  for (let link = linkOf(node); link; link = linkOf(node)) {
    links.unshift(link);
    node = bare((link.call.expression as ts.PropertyAccessExpression).expression);
  }
  // `axios.get(url).then(…)`: `get` is no link, because nothing says that `axios` is a promise.
  while (links.length && isExtra(links[0]!) && !isPromiseOfLibrary(rootOf(links), scopes)) links.shift();
  if (!links.length || links.every((link) => !isSign(link, links, scopes))) return undefined;
  return { whole, root: rootOf(links), links };
}

function rootOf(links: readonly Link[]): ts.Expression {
  return (links[0]!.call.expression as ts.PropertyAccessExpression).expression;
}

function linkOf(node: ts.Node): Link | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const callee = node.expression;
  if (!ts.isPropertyAccessExpression(callee)) return undefined;
  const name = callee.name.text;
  const method = aliases.get(name) ?? name;
  if (!standard.has(method) && !extras.has(method)) return undefined;
  return { method, call: node, name: callee.name, args: node.arguments, from: callee.expression.end };
}

export function isExtra(link: Link): boolean {
  return !standard.has(link.method) || link.name.text !== link.method;
}

function isPromiseOfLibrary(root: ts.Expression, scopes: Scopes): boolean {
  const node = bare(root);
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return false;
  const library = promiseLibraryOf(node, scopes);
  return !!library && library !== 'native';
}

/** A method name that makes an expression a chain; `x.catch(y)` alone may be a parser's or an observable's. */
function isSign(link: Link, links: readonly Link[], scopes: Scopes): boolean {
  if (link.method === 'then') return link.args.length > 0;
  if (isExtra(link)) return isPromiseOfLibrary(rootOf(links), scopes);
  return true;
}

/** Only `.catch` and `.finally`: that the root is a promise must be seen from something else. */
export function needsProof(chain: Chain): boolean {
  return chain.links.every((link) => link.method !== 'then' && !isExtra(link));
}

/** `Promise.resolve`, `Promise.all` of the language or of a library that is used in its place. */
export function promiseStatic(
  expression: ts.Node,
  scopes: Scopes,
): { name: string; call: ts.CallExpression } | undefined {
  const call = bare(expression);
  if (!ts.isCallExpression(call)) return undefined;
  const callee = call.expression;
  if (!ts.isPropertyAccessExpression(callee) || !ts.isIdentifier(callee.expression)) return undefined;
  if (!isPromiseClass(callee.expression, scopes)) return undefined;
  return { name: callee.name.text, call };
}

/** The name `Promise`, or what the file calls its promise library. */
export function isPromiseClass(node: ts.Node, scopes: Scopes): boolean {
  if (!ts.isIdentifier(node)) return false;
  const origin = originOf(node, scopes);
  if (!origin) return false;
  if (origin.module === '') return origin.path.join('.') === 'Promise';
  return !!promiseLibraryOf(node, scopes) && (origin.path.length === 0 || origin.path[0] === 'Promise');
}

/** `new Promise(executor)`. */
export function newPromise(expression: ts.Node, scopes: Scopes): ts.NewExpression | undefined {
  const node = bare(expression);
  return ts.isNewExpression(node) && isPromiseClass(node.expression, scopes) ? node : undefined;
}
