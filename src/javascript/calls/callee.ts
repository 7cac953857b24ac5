import { ts } from '../parse.js';
import { isDeclarationName, isWriteTarget } from '../scope.js';
import type { Scopes } from '../scope.js';
import { madeBy, nodeApi } from './node-api.js';
import type { Api } from './node-api.js';
import { bare, memberName, originOf } from './origin.js';
import type { Origin } from './origin.js';
import { likeFs, packages, rangeWithin } from './packages.js';
import type { PackageApi } from './packages.js';

/** A called function that is known to answer through a callback, and how the same call is written to be awaited. */
export interface Callee {
  /** Without `node:`; `''` for globals. */
  readonly module: string;
  /** `readFile`, `process.nextTick`, `Interface#question`; `''` when the module itself is called. */
  readonly name: string;
  readonly shape: 'error-first' | 'success-only';
  /** Index of the callback among this call's arguments. */
  readonly callback: number;
  /** What is handed to the callback after the error. */
  readonly results: readonly Result[];
  /** Results can come with an error. `Result.onError` says where they are found then. */
  readonly resultWithError: boolean;
  /** True when it may call back before the call returns. No function of Node's does. */
  readonly mayCallSync: boolean;
  /** True when it checks its arguments and throws at once, where the awaited form rejects. */
  readonly throwsSync: boolean;
  /** True when the call gives something back at once: a process, a request, a timer. */
  readonly returns: boolean;
  readonly twin: 'equal' | 'differs' | 'none';
  readonly awaitable: Awaitable;
}

export interface Result {
  readonly name: string;
  /** Where it is in the awaited value: `''` is that value, `stdout` its property; `undefined`: the awaited form loses it. */
  readonly from: string | undefined;
  /** Its property on the error that the awaited form rejects with. */
  readonly onError?: string;
}

/** How to write the call so that it gives a promise. The arguments are the same without the callback. */
export type Awaitable =
  /** `fs.promises.readFile(…)`: `text` is the new callee, nothing to import. */
  | { readonly kind: 'member-of-promises'; readonly text: string }
  /** `readFile(…)` with `name` of `from` imported. */
  | { readonly kind: 'import'; readonly from: string; readonly name: string }
  /** `promisify(of)(…)`; `from` is the module to import `promisify` from. */
  | { readonly kind: 'promisify'; readonly of: string; readonly from: string }
  /** The same call without its callback. */
  | { readonly kind: 'same-call' }
  /** What `.end(callback)` is called on is the promise: `await superagent.get(url)`. It is sent only then. */
  | { readonly kind: 'receiver'; readonly text: string }
  /** Only `new Promise((resolve, reject) => call)` around the call as it is. */
  | { readonly kind: 'wrap' };

export interface CalleeOptions {
  /** Names and ranges of the nearest package.json: some packages changed their ways between versions. */
  readonly dependencies?: Readonly<Record<string, string>>;
  /** True when tests replace this function (`sinon.stub(fs, 'readFile')`): its twin would not be replaced. */
  readonly isPatched?: (module: string, name: string) => boolean;
}

/** What a call with a callback calls, when that is known exactly; `undefined` otherwise, and when it passes no callback. */
export function calleeOf(call: ts.CallExpression, scopes: Scopes, options: CalleeOptions = {}): Callee | undefined {
  if (call.arguments.some(ts.isSpreadElement) || call.questionDotToken) return undefined;
  const made = calleeOfMade(call, scopes);
  if (made) return made;
  const origin = originOf(call.expression, scopes);
  if (!origin || isReplaced(origin, scopes)) return undefined;
  const name = origin.path.join('.');
  const node = nodeApi(origin.module, name);
  if (node) return fromNode(call, origin, node, scopes, options);
  return likeFs.has(origin.module)
    ? fromLikeFs(call, origin, scopes, options)
    : fromPackage(call, origin, scopes, options);
}

function fromNode(
  call: ts.CallExpression,
  origin: Origin,
  api: Api,
  scopes: Scopes,
  options: CalleeOptions,
): Callee | undefined {
  const callback = callbackIn(call, api, scopes);
  const results = callback === undefined ? undefined : resultsOf(call, origin, api);
  if (callback === undefined || !results) return undefined;
  const name = origin.path.join('.');
  const patched = options.isPatched?.(origin.module, name) ?? false;
  const twin = patched ? 'differs' : api.pathOnly && !isPathLike(call.arguments[0]) ? 'none' : api.twin;
  return {
    ...common(origin, name, api, callback, results),
    throwsSync: true,
    twin,
    awaitable: api.promisified ? awaitableOf(call, origin, twin, scopes) : { kind: 'wrap' },
  };
}

function common(origin: Origin, name: string, api: Omit<Api, 'twin'>, callback: number, results: readonly Result[]) {
  const { shape } = api;
  const resultWithError = !!api.withError;
  return {
    module: origin.module,
    name,
    shape,
    callback,
    results,
    resultWithError,
    mayCallSync: false,
    returns: !!api.returns,
  };
}

/** Where the callback is: an allowed place that is the last argument, and not something that no callback can be. */
function callbackIn(
  call: ts.CallExpression,
  api: Pick<Api, 'at' | 'optional'>,
  scopes: Scopes,
  isOptional = api.optional,
): number | undefined {
  const count = call.arguments.length;
  const last = call.arguments[count - 1];
  if (isOptional && !(last && isFunctionLike(last, scopes))) return undefined;
  // Timers take their callback first; more arguments than callback and delay are handed on to it.
  if (api.at.length === 1 && api.at[0] === 0)
    return count >= 1 && count <= 2 ? notData(call.arguments[0]!, 0) : undefined;
  if (count === 0 || (api.at.length > 0 && !api.at.includes(count - 1))) return undefined;
  return notData(call.arguments[count - 1]!, count - 1);
}

/** Where the callback may be left out, only what is a function or has a callback's name is one. */
function isFunctionLike(argument: ts.Expression, scopes: Scopes): boolean {
  const node = bare(argument);
  if (ts.isFunctionExpression(node) || ts.isArrowFunction(node)) return true;
  if (ts.isCallExpression(node) && memberName(node.expression) === 'bind') return true;
  const name = ts.isIdentifier(node) ? node.text : memberName(node);
  if (
    name !== undefined &&
    /^(_?(cb|callback|done|next|fn|handler|finish|end|resolve)|on[A-Z]\w*|\w*(Cb|CB|Callback|Handler|Done|Next))$/.test(
      name,
    )
  )
    return true;
  const symbol = ts.isIdentifier(node) ? scopes.symbolOf(node) : undefined;
  const declaration = symbol && scopes.isConstant(symbol) ? symbol.declarations?.[0] : undefined;
  if (!declaration) return false;
  if (ts.isFunctionDeclaration(declaration)) return true;
  const value =
    ts.isVariableDeclaration(declaration) && declaration.initializer ? bare(declaration.initializer) : undefined;
  return !!value && (ts.isFunctionExpression(value) || ts.isArrowFunction(value));
}

function notData(argument: ts.Expression, index: number): number | undefined {
  const node = bare(argument);
  if (ts.isObjectLiteralExpression(node) || ts.isArrayLiteralExpression(node) || ts.isLiteralExpression(node))
    return undefined;
  const isConstant = [ts.SyntaxKind.TrueKeyword, ts.SyntaxKind.FalseKeyword, ts.SyntaxKind.NullKeyword].includes(
    node.kind,
  );
  return isConstant || (ts.isIdentifier(node) && node.text === 'undefined') ? undefined : index;
}

function resultsOf(call: ts.CallExpression, origin: Origin, api: Omit<Api, 'twin'>): readonly Result[] | undefined {
  const names = api.values.map((name, index) => {
    const onError = api.withError?.[index];
    return { name, from: api.promisified?.[index], ...(onError === undefined ? {} : { onError }) };
  });
  if (origin.module !== 'dns' || origin.path[0] !== 'lookup' || call.arguments.length < 3) return names;
  // With `all: true` there is one result, a list, and not an address and a family.
  const options = bare(call.arguments[1]!);
  if (ts.isNumericLiteral(options)) return names;
  if (!ts.isObjectLiteralExpression(options) || !options.properties.every(ts.isPropertyAssignment)) return undefined;
  const all = options.properties.find((property) => property.name?.getText() === 'all');
  if (!all) return names;
  if (ts.isPropertyAssignment(all) && all.initializer.kind === ts.SyntaxKind.TrueKeyword)
    return [{ name: 'addresses', from: '' }];
  return undefined;
}

/** Not a descriptor, as far as the text shows: descriptors are numbers and named like it. */
function isPathLike(argument: ts.Expression | undefined): boolean {
  if (!argument) return false;
  const node = bare(argument);
  if (ts.isNumericLiteral(node)) return false;
  return !/(^|[^a-z])fd\b|[a-z]Fd\b|std(in|out|err)|handle|descriptor/i.test(
    node.getText().replace(/(['"`]).*?\1/g, ''),
  );
}

function awaitableOf(call: ts.CallExpression, origin: Origin, twin: Callee['twin'], scopes: Scopes): Awaitable {
  const name = origin.path.join('.');
  const util = origin.specifier.startsWith('node:') ? 'node:util' : 'util';
  if (twin !== 'equal') return { kind: 'promisify', of: call.expression.getText(), from: util };
  const holder = holderIn(call, origin, scopes);
  if (holder) return { kind: 'member-of-promises', text: `${holder}.promises.${name}` };
  return { kind: 'import', from: `${origin.specifier}/promises`, name };
}

/** The text by which the module is at hand at the call: `fs` of `fs.readFile(…)`, or of `const fs = …` beside `const { readFile } = fs`. */
function holderIn(call: ts.CallExpression, origin: Origin, scopes: Scopes): string | undefined {
  const callee = bare(call.expression);
  if (memberName(callee) !== undefined) {
    const base = (callee as ts.AccessExpression).expression;
    const from = originOf(base, scopes);
    if (ts.isIdentifier(base) && from?.module === origin.module && from.path.length === 0) return base.text;
    if (from?.path.length === 0) return undefined; // `require('fs').readFile(…)`
  }
  const holder = holdersIn(scopes).find((one) => one.module === origin.module && one.name.pos < call.pos);
  return holder?.name.text;
}

interface Holder {
  readonly module: string;
  readonly name: ts.Identifier;
}

const holders = new WeakMap<Scopes, readonly Holder[]>();

/** Top-level variables that are a whole module, where no other variable of that name could stand between it and a call. */
function holdersIn(scopes: Scopes): readonly Holder[] {
  let found = holders.get(scopes);
  if (found) return found;
  found = [...scopes.declaredIn(scopes.file).keys()].flatMap((text) => {
    const declarations = scopes.named(text).filter(isDeclarationName);
    const [name] = declarations;
    const origin = declarations.length === 1 && name ? originOf(name, scopes) : undefined;
    return name && origin && origin.path.length === 0 ? [{ module: origin.module, name }] : [];
  });
  holders.set(scopes, found);
  return found;
}

/** `fs.readFile = …` somewhere in this file: then nothing is known of what it does. */
function isReplaced(origin: Origin, scopes: Scopes): boolean {
  const name = origin.path.at(-1);
  if (name === undefined || origin.module.startsWith('.')) return false;
  return scopes.named(name).some((identifier) => {
    const access = identifier.parent;
    if (!ts.isPropertyAccessExpression(access) || access.name !== identifier || !isWriteTarget(access)) return false;
    return originOf(access, scopes)?.module === origin.module;
  });
}

function fromLikeFs(
  call: ts.CallExpression,
  origin: Origin,
  scopes: Scopes,
  options: CalleeOptions,
): Callee | undefined {
  const name = origin.path.join('.');
  const api = nodeApi('fs', name);
  if (!api) return fromPackage(call, origin, scopes, options);
  const callback = callbackIn(call, api, scopes, true);
  const results = callback === undefined ? undefined : resultsOf(call, origin, api);
  if (callback === undefined || !results) return undefined;
  const dual =
    origin.module === 'fs-extra' && rangeWithin(options.dependencies?.['fs-extra'], 3) && fsExtraGivesPromises(name);
  const awaitable: Awaitable = dual ? { kind: 'same-call' } : promisified(call, origin);
  return { ...common(origin, name, api, callback, results), throwsSync: true, twin: 'none', awaitable };
}

/** fs-extra made these promise functions one by one; those below came later or were never wrapped. */
function fsExtraGivesPromises(name: string): boolean {
  return !['readv', 'writev', 'statfs', 'glob', 'lutimes', 'opendir', 'rm', 'cp'].includes(name);
}

function promisified(call: ts.CallExpression, origin: Origin): Awaitable {
  return {
    kind: 'promisify',
    of: call.expression.getText(),
    from: origin.specifier.startsWith('node:') ? 'node:util' : 'util',
  };
}

function fromPackage(
  call: ts.CallExpression,
  origin: Origin,
  scopes: Scopes,
  options: CalleeOptions,
): Callee | undefined {
  const rows = Object.hasOwn(packages, origin.module) ? packages[origin.module]! : {};
  const name = origin.path.join('.');
  const api: PackageApi | undefined = Object.hasOwn(rows, name) ? rows[name] : undefined;
  const range = options.dependencies?.[origin.module];
  if (!api || !rangeWithin(range, api.from, api.below)) return undefined;
  const callback = callbackIn(call, api, scopes, true);
  const results = callback === undefined ? undefined : resultsOf(call, origin, api);
  if (callback === undefined || !results) return undefined;
  const dual = api.promiseFrom !== undefined && rangeWithin(range, api.promiseFrom);
  return {
    ...common(origin, name, api, callback, results),
    mayCallSync: !!api.mayCallSync,
    throwsSync: false,
    twin: 'none',
    awaitable: dual ? { kind: 'same-call' } : promisified(call, origin),
  };
}

/** Methods of an object that a known call has made: `rl.question(…)`, `superagent.get(url).end(…)`. */
function calleeOfMade(call: ts.CallExpression, scopes: Scopes): Callee | undefined {
  const name = memberName(call.expression);
  if (name === undefined) return undefined;
  const receiver = (call.expression as ts.AccessExpression).expression;
  if (name === 'end') return endOfSuperagent(call, receiver, scopes);
  const maker = makerOf(receiver, scopes);
  const methods = maker && madeBy[`${maker.module}.${maker.path.join('.')}`];
  const api = methods && Object.hasOwn(methods, name) ? methods[name] : undefined;
  const callback = api && callbackIn(call, api, scopes);
  if (!maker || !api || callback === undefined) return undefined;
  const results = api.values.map((value) => ({ name: value, from: '' }));
  return {
    ...common(maker, `Interface#${name}`, api, callback, results),
    throwsSync: false,
    twin: 'none',
    awaitable: { kind: 'wrap' },
  };
}

function makerOf(receiver: ts.Expression, scopes: Scopes): Origin | undefined {
  const symbol = ts.isIdentifier(receiver) ? scopes.symbolOf(receiver) : undefined;
  const declaration = symbol && scopes.isConstant(symbol) ? symbol.declarations?.[0] : undefined;
  if (!declaration || !ts.isVariableDeclaration(declaration) || !declaration.initializer) return undefined;
  const initializer = bare(declaration.initializer);
  return ts.isCallExpression(initializer) ? originOf(initializer.expression, scopes) : undefined;
}

function endOfSuperagent(call: ts.CallExpression, receiver: ts.Expression, scopes: Scopes): Callee | undefined {
  let root = bare(receiver);
  if (!ts.isCallExpression(root) || call.arguments.length !== 1) return undefined;
  while (ts.isCallExpression(root) || ts.isPropertyAccessExpression(root)) root = bare(root.expression);
  const origin = originOf(root, scopes);
  if (origin?.module !== 'superagent' || notData(call.arguments[0]!, 0) === undefined) return undefined;
  return {
    module: 'superagent',
    name: 'Request#end',
    shape: 'error-first',
    callback: 0,
    results: [{ name: 'res', from: '', onError: 'response' }],
    resultWithError: true, // a 404 is an error and an answer
    mayCallSync: false,
    throwsSync: false,
    returns: true,
    twin: 'none',
    awaitable: { kind: 'receiver', text: receiver.getText() },
  };
}
