import type { Note, Refusal } from '../../flow/model.js';
import type { PromiseLibrary } from '../calls/libraries.js';
import { isLazyThenable, libraryOfModule, promiseLibraryOf } from '../calls/libraries.js';
import { answersPromise } from '../calls/promises.js';
import { bare, originOf } from '../calls/origin.js';
import { mayThrowSync, runsAtOnce } from '../calls/throws.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { hasDynamicScope } from '../scope.js';
import type { Scopes } from '../scope.js';
import { rangeOf } from '../snippet.js';
import { stop, stopWith } from '../stop.js';
import { declaredFunction, initialiserOf, libraryBehind, surelyOf } from './behind.js';
import { endsAlways, isPromiseType, kindOf, returnsOf } from './kinds.js';
import { libraryBridge } from './library.js';
import type { LibraryShape } from './library.js';
import { chainOf, isExtra, promiseStatic } from './links.js';
import type { Chain } from './links.js';
import {
  callsOf,
  isExecutor,
  isFunctionNode,
  isHandler,
  isTestFunction,
  nameOf,
  settlesAround,
  throwIsRejection,
  useOf,
} from './uses.js';
import type { FunctionNode } from './uses.js';
import { admitTyped, answersNative, typedLibrary } from './typed.js';

export interface Admitted {
  readonly notes: Note[];
  /** Set where the function must go on giving the promises of a library. */
  readonly bridge?: LibraryShape | undefined;
}

/** Proves that a function may become async, or gives it up. `chains`: those it returns, as far as they stand in it. */
export function admit(fn: FunctionNode, chains: readonly ts.Node[], ctx: FileContext): Admitted {
  const { scopes } = ctx;
  const first = chains[0] ?? fn;
  if (ts.isAccessor(fn) || ts.isConstructorDeclaration(fn) || isSpecialMethod(fn)) stop('no-async-here', first);
  admitType(fn, ctx);
  admitNames(fn);
  admitCallers(fn, ctx, first);
  admitPaths(fn, ctx, first);
  const bridge = admitLibrary(fn, chains, ctx);
  admitTurns(fn, scopes);
  return { notes: admitThrows(fn, ctx), bridge };
}

/** The call that a function is handed to, alone or in a list or object of functions. */
function callGiven(node: ts.Node): ts.CallExpression | undefined {
  let value = node;
  while (
    ts.isArrayLiteralExpression(value.parent) ||
    ts.isObjectLiteralExpression(value.parent) ||
    (ts.isPropertyAssignment(value.parent) && value.parent.initializer === value)
  )
    value = value.parent;
  const call = value.parent;
  return ts.isCallExpression(call) && call.arguments.includes(value as ts.Expression) ? call : undefined;
}

/** Some libraries treat async functions in another way: no callback for them, or an error when they take one. */
function seesAsync(call: ts.CallExpression, fn: FunctionNode, ctx: FileContext): boolean {
  const origin = originOf(call.expression, ctx.scopes);
  if (/^(async|neo-async|async-es)(\/|$)/.test(origin?.module ?? '')) return true;
  return fn.parameters.length > 2 && importsAny(ctx, /^(restify|fastify)$/);
}

const specialMethods = /^(toString|valueOf|toJSON|then|inspect|\[Symbol\.\w+\])$/;

function isSpecialMethod(fn: FunctionNode): boolean {
  const { parent } = fn;
  const named = ts.isMethodDeclaration(fn) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent);
  return named && specialMethods.test(nameOf(fn));
}

/** An async function's declared type must be `Promise<T>`. */
export function admitType(fn: FunctionNode, ctx: FileContext): void {
  const { type } = fn;
  if (!type) return;
  if (ts.isTypePredicateNode(type)) stopWith(predicate(fn));
  if (ctx.typescript && !isPromiseType(type)) stop('declared-return-type', type);
}

/** `function isUser(x): x is User` */
export function predicate(fn: FunctionNode): Refusal {
  const keyword = fn.getChildren().find((part) => part.kind === ts.SyntaxKind.FunctionKeyword);
  return { code: 'type-predicate', at: { start: (keyword ?? fn).getStart(), end: fn.end }, detail: nameOf(fn) };
}

/** `eval` could mean any name, and `await` is a word in an async function. */
export function admitNames(fn: FunctionNode): void {
  const odd = (node: ts.Node): ts.Node | undefined => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'eval') return node;
    if (ts.isIdentifier(node) && node.text === 'await') return node;
    return ts.forEachChild(node, odd);
  };
  const found = odd(fn);
  if (found || hasDynamicScope(fn)) stop('dynamic-scope', found ?? fn);
}

/** Who calls it may treat an async function in another way than one that returns a promise. */
function admitCallers(fn: FunctionNode, ctx: FileContext, first: ts.Node): void {
  const { scopes } = ctx;
  // A promise that is made by hand and settled from here: the two belong together.
  if (isExecutor(fn, scopes) || settlesAround(fn, scopes)) stop('mixed-style', first);
  const name = (fn as ts.NamedDeclaration).name;
  const symbol = name && ts.isIdentifier(name) ? scopes.symbolOf(name) : undefined;
  const handed = [fn, ...(symbol ? scopes.references(symbol) : [])].map((each) => callGiven(each));
  for (const call of handed) if (call && seesAsync(call, fn, ctx)) stop('framework-callback', call);
  const built =
    symbol && scopes.references(symbol).find((use) => ts.isNewExpression(use.parent) && use.parent.expression === use);
  if (built) stop('no-async-here', first);
}

/** Each path must give a promise, and one that nobody else holds. */
function admitPaths(fn: FunctionNode, ctx: FileContext, first: ts.Node): void {
  const { scopes } = ctx;
  if (fn.type && isPromiseType(fn.type) && !returnsOf(fn).some((each) => each && kindOf(each, scopes) === 'kept'))
    return;
  const waited = callsOf(fn, scopes)?.every((call) => ['awaited', 'chained'].includes(useOf(call)));
  for (const each of returnsOf(fn)) {
    const kind = each ? kindOf(each, scopes) : 'value';
    if (kind === 'kept') stop('promise-identity', each!, nameOf(fn));
    if (kind !== 'chain' && kind !== 'promise' && !waited && !answersNative(each, ctx))
      stop('mixed-style', each ?? first, nameOf(fn));
  }
  if (fn.body && ts.isBlock(fn.body) && !endsAlways(fn.body) && !waited) stop('mixed-style', first, nameOf(fn));
}

/** Callers of a library's promise may use its extra methods, or live with what nobody handles: they go on getting one. */
function admitLibrary(fn: FunctionNode, chains: readonly ts.Node[], ctx: FileContext): LibraryShape | undefined {
  const { scopes } = ctx;
  let bridge: LibraryShape | undefined;
  for (const node of chains) {
    const chain = chainOf(node, scopes);
    if (!chain) continue;
    admitRoot(chain, ctx);
    const source = initialiserOf(chain.root, scopes) ?? chain.root;
    const library = libraryBehind(source, scopes) ?? typedLibrary(chain, ctx) ?? usedLibrary(source, ctx);
    if (library === 'native' || library === 'polyfill') continue;
    // What an unknown function of a package gives may be a promise of the library that the package uses.
    const unknown = !library && !answersPromise(source, scopes, ctx.dependencies) && ctx.promiseLibraries.length > 0;
    if ((!library && !unknown) || (isArgument(fn) && library !== 'jquery')) continue;
    const calls = callsOf(fn, scopes);
    const sound = !!calls?.length && calls.every((call) => isPlainUse(call, ctx));
    if (sound) continue;
    bridge ??= library && libraryBridge(fn, library, ctx);
    if (!bridge) stop('library-promise', source === chain.root ? chain.whole : source, chain.links.at(-1)!.name.text);
  }
  return bridge;
}

/** The library of the package whose promise this is for certain. */
export function usedLibrary(expression: ts.Expression, ctx: FileContext): PromiseLibrary | undefined {
  return ctx.promiseLibraries
    .map((name) => libraryOfModule(name))
    .find((library) => library && surelyOf(expression, library, ctx.scopes));
}

/** A function handed over in place: whoever calls it takes any promise. */
function isArgument(fn: FunctionNode): boolean {
  return ts.isCallExpression(fn.parent) && fn.parent.arguments.includes(fn as ts.Expression);
}

function isPlainUse(call: ts.CallExpression, ctx: FileContext): boolean {
  const use = useOf(call);
  if (use === 'awaited') return true;
  if (use !== 'chained') return false;
  const chain = wholeChain(call, ctx.scopes);
  return (
    !!chain &&
    chain.links.every((link) => !isExtra(link)) &&
    (useOf(chain.whole) !== 'floating' || isHandled(chain) || !!ctx.options.unsafe)
  );
}

/** The longest chain that starts at this call. */
function wholeChain(call: ts.CallExpression, scopes: Scopes): Chain | undefined {
  let found: Chain | undefined;
  for (let node: ts.Node = call; ts.isExpression(node); node = node.parent) {
    const chain = chainOf(node, scopes);
    if (chain && bare(chain.root) === call) found = chain;
    if (!ts.isExpression(node.parent)) break;
  }
  return found;
}

/** It ends with a `.catch`, so that no rejection is left. */
export function isHandled(chain: Chain): boolean {
  const last = chain.links.at(-1)!;
  return last.method === 'catch' || (last.method === 'then' && last.args.length === 2);
}

const notPromises =
  /^(rxjs|rx|rx-lite|zod|yup|joi|fp-ts|neverthrow|effect|io-ts|xstream|most|kefir|baconjs|fluture|folktale|monet)(\/|$)/;

/** What the chain stands on must be a promise, sent when it is called. */
export function admitRoot(chain: Chain, ctx: FileContext): void {
  const { scopes } = ctx;
  let root = bare(chain.root);
  while (ts.isCallExpression(root) || ts.isPropertyAccessExpression(root)) root = bare(root.expression);
  if (ts.isIdentifier(root) && /^(cy|Cypress|browser|protractor)$/.test(root.text) && scopes.isGlobal(root))
    stop('custom-thenable', chain.whole);
  if (isAngularJs(ctx)) stop('framework-callback', chain.whole);
  const typed = admitTyped(chain, ctx);
  const bareErrors = chain.links.every((link) => link.method !== 'then');
  if (bareErrors && typed !== 'native' && importsAny(ctx, notPromises)) stop('custom-thenable', chain.whole);
  if (promiseLibraryOf(chain.root, scopes) === 'jquery' && /^[~^]?[12]\./.test(ctx.dependencies['jquery'] ?? ''))
    stop('library-promise', chain.whole, '$');
  const late = lateLazy(chain.root, scopes);
  if (late) stop('lazy-thenable', late);
}

/** `const a = superagent.get(x)` that is waited for further down: its request starts there. */
function lateLazy(root: ts.Expression, scopes: Scopes): ts.Node | undefined {
  const name = bare(root);
  const declaration = ts.isIdentifier(name) ? scopes.symbolOf(name)?.declarations?.[0] : undefined;
  if (!declaration || !ts.isVariableDeclaration(declaration) || !declaration.initializer) return undefined;
  return isLazyThenable(declaration.initializer, scopes) ? declaration.parent.parent : undefined;
}

/** AngularJS looks at the page after its own promises, and not after native ones. */
function isAngularJs(ctx: FileContext): boolean {
  return /\bangular\s*\.\s*module\s*\(|\$(q|http|timeout|resource|scope|rootScope)\b/.test(ctx.text);
}

function importsAny(ctx: FileContext, names: RegExp): boolean {
  return ctx.file.statements.some((statement) => {
    if (ts.isImportDeclaration(statement)) return names.test((statement.moduleSpecifier as ts.StringLiteral).text);
    const required = ts.isVariableStatement(statement)
      ? /require\(\s*['"]([^'"]+)['"]/.exec(statement.getText())
      : null;
    return !!required && names.test(required[1]!);
  });
}

/** Chains of one function that start at once and float take turns, and the turns would change. */
export function admitTurns(fn: ts.Node, scopes: Scopes): void {
  const started: Chain[] = [];
  let floats = 0;
  const visit = (node: ts.Node): void => {
    if (node !== fn && isFunctionNode(node)) return;
    const chain = ts.isCallExpression(node) ? chainOf(node, scopes) : undefined;
    if (chain && chain.whole === node) {
      if (/^(resolve|reject)$/.test(promiseStatic(chain.root, scopes)?.name ?? '')) {
        started.push(chain);
        if (useOf(chain.whole) === 'floating') floats++;
      }
      return;
    }
    ts.forEachChild(node, visit);
  };
  visit(fn);
  if (started.length > 1 && floats > 0) stop('microtask-order', started[0]!.whole);
}

/** What it throws at its caller would be a rejection. */
function admitThrows(fn: FunctionNode, ctx: FileContext): Note[] {
  const { scopes } = ctx;
  const place = fn.body && throwsIn(fn.body, scopes, 3);
  if (!place || isHandler(fn, scopes) || isTestFunction(fn, scopes)) return [];
  const calls = callsOf(fn, scopes);
  if (calls?.length && calls.every((call) => throwIsRejection(call, scopes))) return [];
  if (ctx.options.unsafe) return [{ code: 'throw-now-rejection', at: rangeOf(place) }];
  return stop('sync-throw', place);
}

/** The first place that throws at the caller, in the node or in a function of the file that it calls. */
export function throwsIn(node: ts.Node, scopes: Scopes, depth: number): ts.Node | undefined {
  const own = mayThrowSync(node, scopes);
  if (own || depth === 0) return own;
  const visit = (child: ts.Node): ts.Node | undefined => {
    if (ts.isFunctionLike(child) && !runsAtOnce(child)) return undefined;
    if (ts.isTryStatement(child) && child.catchClause) return undefined;
    if (ts.isCallExpression(child) && ts.isIdentifier(child.expression)) {
      const called = declaredFunction(child.expression, scopes);
      if (called?.body && throwsIn(called.body, scopes, depth - 1)) return child;
    }
    return ts.forEachChild(child, visit);
  };
  return visit(node);
}
