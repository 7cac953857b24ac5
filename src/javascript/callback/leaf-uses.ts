import type { TextEdit } from '../../edits/edits.js';
import { bare, memberName, originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { stop } from '../stop.js';
import { isFailedAjax } from './leaf-ajax.js';
import { isRemoval, isTimer } from './leaf-events.js';
import type { Handing } from './leaf-events.js';
import { handedTo } from './leaf-pairs.js';
import type { Search } from './leaf-paths.js';
import { isFailureHandler } from './leaf-xhr.js';
import { isEmptyValue, isFunction } from './shape.js';
import type { CallResolver, ReportSite } from './types.js';

/** The names that the promise's own functions get. */
export interface Settle {
  readonly resolve: string;
  readonly reject: string;
  /** How much further in the body stands. */
  readonly indent: string;
}

/** One place that uses the callback, and what it becomes. */
export interface LeafUse {
  readonly node: ts.Node;
  readonly kind: 'report' | 'handing';
  readonly handing?: Handing;
  readonly gives: ReportSite['kind'];
  readonly write: (names: Settle) => TextEdit[];
  /** A call that gives a promise once its callback is gone. */
  readonly awaited?: ts.CallExpression;
}

/** What one mention of the callback does; refused where that has no counterpart among `resolve` and `reject`. */
export function useOf(name: ts.Identifier, search: Search): LeafUse {
  const { ctx, calls } = search;
  const { parent } = name;
  if (ts.isCallExpression(parent) && parent.expression === name) return reportOf(parent, ctx);
  if (!ts.isCallExpression(parent)) return stop('reference-use', name, name.text);
  if (isTimer(parent, ctx) && parent.arguments[0] === name) return laterOf(parent, name, ctx);
  const handing = handedTo(name, search);
  if (!handing) return stop('reference-use', name, name.text);
  return handedOn(name, handing, calls);
}

/** `cb(err)`, `cb(null, x)` */
function reportOf(call: ts.CallExpression, ctx: FileContext): LeafUse {
  const [first, ...values] = call.arguments;
  const spread = call.arguments.find(ts.isSpreadElement);
  if (spread) stop('several-results', spread);
  const base = { node: call, kind: 'report' as const };
  if (!first || isNoError(first, ctx)) {
    for (const value of values) if (isPromise(value)) stop('promise-as-value', value);
    const gives = successKind(first, values.length);
    return { ...base, gives, write: (names) => resolveEdits(call, names, ctx) };
  }
  for (const value of values)
    if (!isEmptyValue(value, ctx.scopes) && !isPaired(first, value, ctx)) stop('partial-result-with-error', call);
  if (isError(first, ctx)) return { ...base, gives: 'fail', write: (names) => rejectEdits(call, names, ctx) };
  if (!ts.isIdentifier(bare(first)) || values.length > 1) return stop('error-not-checked', first);
  return { ...base, gives: successKind(first, values.length), write: (names) => eitherEdits(call, names, ctx) };
}

function successKind(first: ts.Expression | undefined, values: number): ReportSite['kind'] {
  if (values > 1) return 'list';
  return values === 1 ? 'value' : first ? 'null' : 'nothing';
}

function isNoError(node: ts.Expression, ctx: FileContext): boolean {
  return isEmptyValue(node, ctx.scopes);
}

/** It would be waited for. */
function isPromise(node: ts.Expression): boolean {
  const inner = bare(node);
  if (ts.isNewExpression(inner)) return inner.expression.getText() === 'Promise';
  return ts.isCallExpression(inner) && /^(then|catch|finally)$/.test(memberName(bare(inner.expression)) ?? '');
}

/** Something that is always true where it stands: an error by its making, the argument of an `error` listener, a tested name. */
export function isError(node: ts.Expression, ctx: FileContext): boolean {
  const inner = bare(node) as ts.Expression;
  if (ts.isNewExpression(inner) || ts.isObjectLiteralExpression(inner)) return true;
  if (ts.isStringLiteralLike(inner)) return inner.text !== '';
  if (ts.isCallExpression(inner)) return isErrorMade(inner);
  if (!ts.isIdentifier(inner)) return false;
  const symbol = ctx.scopes.symbolOf(inner);
  const declaration = symbol?.declarations?.[0];
  if (!symbol || !declaration) return false;
  if (isTestedAround(inner, symbol, ctx)) return true;
  if (!ctx.scopes.isConstant(symbol)) return false;
  if (ts.isVariableDeclaration(declaration))
    return (
      ts.isCatchClause(declaration.parent) ||
      (!!declaration.initializer && !ts.isIdentifier(declaration.initializer) && isError(declaration.initializer, ctx))
    );
  if (!ts.isParameter(declaration) || declaration.parent.parameters[0] !== declaration) return false;
  return isErrorListener(declaration.parent, ctx);
}

function isErrorMade(call: ts.CallExpression): boolean {
  const callee = bare(call.expression);
  if (memberName(callee) === 'assign') return !!call.arguments[0] && ts.isNewExpression(bare(call.arguments[0]));
  return ts.isIdentifier(callee) && /^[A-Z]\w*Error$|^Error$/.test(callee.text);
}

/** `.on('error', function (err) { … })`, and a name that is handed to such listeners only. */
function isErrorListener(fn: ts.Node, ctx: FileContext): boolean {
  if ((isFunction(fn) || ts.isMethodDeclaration(fn)) && isErrorEvent(fn)) return true;
  const name = ts.isFunctionDeclaration(fn)
    ? fn.name
    : ts.isVariableDeclaration(fn.parent)
      ? fn.parent.name
      : undefined;
  const symbol = name && ts.isIdentifier(name) && ctx.scopes.symbolOf(name);
  if (!symbol || !ctx.scopes.isConstant(symbol)) return false;
  const uses = ctx.scopes.references(symbol).filter((use) => use !== name);
  return uses.some(isErrorEvent) && uses.every((use) => isErrorEvent(use) || isRemoval(use.parent));
}

function isErrorEvent(listener: ts.Node): boolean {
  const call = listener.parent;
  if (isFailureHandler(listener) || isFailedAjax(listener)) return true;
  if (!ts.isCallExpression(call) || call.arguments[1] !== listener) return false;
  const [event] = call.arguments;
  const name = memberName(bare(call.expression)) ?? '';
  return /^(on|once|addListener)$/.test(name) && !!event && ts.isStringLiteralLike(event) && event.text === 'error';
}

/** `if (err) return cb(err);`, `if (err && !done) { … }`, `err ? cb(err) : …` */
function isTestedAround(use: ts.Node, symbol: ts.Symbol, ctx: FileContext): boolean {
  for (let node = use; node.parent && !ts.isFunctionLike(node.parent); node = node.parent) {
    const { parent } = node;
    if (ts.isIfStatement(parent) && parent.thenStatement === node && implies(parent.expression, symbol, ctx))
      return true;
    if (ts.isConditionalExpression(parent) && parent.whenTrue === node && implies(parent.condition, symbol, ctx))
      return true;
    if (isAnd(parent) && parent.right === node && implies(parent.left, symbol, ctx)) return true;
  }
  return false;
}

const isAnd = (node: ts.Node): node is ts.BinaryExpression =>
  ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken;

function implies(test: ts.Expression, symbol: ts.Symbol, ctx: FileContext): boolean {
  const node = bare(test) as ts.Expression;
  if (ts.isIdentifier(node)) return ctx.scopes.symbolOf(node) === symbol;
  return isAnd(node) && (implies(node.left, symbol, ctx) || implies(node.right, symbol, ctx));
}

/** `(err, value) => … cb(err, value)`: the two parameters of one function that is called with either an error or a result. */
function isPaired(error: ts.Expression, value: ts.Expression, ctx: FileContext): boolean {
  const [one, other] = [error, value].map((each) => parameterOf(each, ctx));
  if (!one || !other || one.parent !== other.parent) return false;
  const { parameters } = one.parent;
  return parameters[0] === one && parameters[1] === other && givesEither(one.parent, ctx);
}

function parameterOf(node: ts.Expression, ctx: FileContext): ts.ParameterDeclaration | undefined {
  const inner = bare(node);
  const symbol = ts.isIdentifier(inner) ? ctx.scopes.symbolOf(inner) : undefined;
  const declaration = symbol?.declarations?.[0];
  return symbol && declaration && ts.isParameter(declaration) && ctx.scopes.isConstant(symbol)
    ? declaration
    : undefined;
}

/** Every call of the function that is seen hands over an error or a result; what libraries call gets one of them. */
function givesEither(fn: ts.SignatureDeclaration, ctx: FileContext): boolean {
  const { parent } = fn;
  if (ts.isCallExpression(parent)) return parent.arguments.at(-1) === (fn as ts.Node) && !isErrorEvent(fn);
  const name = ts.isFunctionDeclaration(fn) ? fn.name : ts.isVariableDeclaration(parent) ? parent.name : undefined;
  const symbol = name && ts.isIdentifier(name) ? ctx.scopes.symbolOf(name) : undefined;
  if (!symbol) return false;
  return ctx.scopes.references(symbol).every((use) => {
    const call = use.parent;
    if (use === name || !ts.isCallExpression(call) || call.expression !== use) return true;
    const [error, value] = call.arguments;
    return !value || (!!error && isNoError(error, ctx)) || isEmptyValue(value, ctx.scopes);
  });
}

/** `setTimeout(cb, 10, null, x)`, `process.nextTick(cb, err)` */
function laterOf(call: ts.CallExpression, name: ts.Identifier, ctx: FileContext): LeafUse {
  const delayed = originOf(call.expression, ctx.scopes)?.path.join('.') === 'setTimeout';
  const given = call.arguments.slice(delayed ? 2 : 1);
  const [first, ...values] = given;
  const base = { node: name, kind: 'handing' as const, handing: handing(call) };
  if (!first) return { ...base, gives: 'nothing', write: ({ resolve }) => [replaced(name, resolve)] };
  if (values.length > 1) return stop('several-results', call);
  if (isNoError(first, ctx)) {
    const start = call.arguments[call.arguments.indexOf(first) - 1]!.end;
    const gone = { start, end: first.end, text: '' };
    return {
      ...base,
      gives: successKind(first, values.length),
      write: ({ resolve }) => [replaced(name, resolve), gone],
    };
  }
  if (!isError(first, ctx) || values.length) return stop('error-not-checked', first);
  return { ...base, gives: 'fail', write: ({ reject }) => [replaced(name, reject)] };
}

const handing = (call: ts.CallExpression): Handing => ({ call, once: true, sync: false, gives: 'nothing' });

/** The callback itself is what is called: by an event, by another function that answers. */
function handedOn(name: ts.Identifier, given: Handing, calls: CallResolver): LeafUse {
  const base = { node: name, kind: 'handing' as const, handing: given };
  if (given.gives === 'error') return { ...base, gives: 'fail', write: ({ reject }) => [replaced(name, reject)] };
  if (given.gives === 'nothing')
    return { ...base, gives: 'nothing', write: ({ resolve }) => [replaced(name, resolve)] };
  if (given.gives !== 'answer') return stop('not-error-first', name, name.text);
  const results = given.results === 'unknown' || !given.results ? 'value' : given.results;
  const { call } = given;
  if (given.resultWithError || !ts.isCallExpression(call)) return stop('partial-result-with-error', call);
  const awaiting = calls(call);
  const isDeed = ts.isExpressionStatement(call.parent) || ts.isReturnStatement(call.parent);
  if (awaiting.kind === 'async' && isDeed)
    return { ...base, gives: results, awaited: call, write: (names) => chained(call, names) };
  return { ...base, gives: results, write: (names) => [replaced(name, continuation(results, names))] };
}

function continuation(results: ReportSite['kind'], { resolve, reject }: Settle): string {
  if (results === 'list') return `(err, ...values) => (err ? ${reject}(err) : ${resolve}(values))`;
  if (results === 'value') return `(err, value) => (err ? ${reject}(err) : ${resolve}(value))`;
  return `(err) => (err ? ${reject}(err) : ${resolve}())`;
}

// getUrl(res.headers.location, cb);
// resolve(getUrl(res.headers.location));
function chained(call: ts.CallExpression, { resolve }: Settle): TextEdit[] {
  const last = call.arguments.at(-1)!;
  const start = call.arguments.at(-2)?.end ?? last.getStart();
  return [
    { start: call.getStart(), end: call.getStart(), text: `${resolve}(` },
    { start, end: last.end, text: '' },
    { start: call.end, end: call.end, text: ')' },
  ];
}

function replaced(node: ts.Node, text: string): TextEdit {
  return { start: node.getStart(), end: node.end, text };
}

// cb(null, text)  ->  resolve(text)
function resolveEdits(call: ts.CallExpression, { resolve }: Settle, ctx: FileContext): TextEdit[] {
  const [first, second] = call.arguments;
  const list = call.arguments.length > 2;
  const edits = [replaced(call.expression, resolve)];
  if (!first) return edits;
  edits.push(...without(first.getStart(), (second ?? first).getStart(), first.end, ctx, list ? '[' : ''));
  if (list) edits.push({ start: call.arguments.at(-1)!.end, end: call.arguments.at(-1)!.end, text: ']' });
  return edits;
}

/** Removes the first argument with its comma; a comment between them stays. */
function without(start: number, next: number, end: number, ctx: FileContext, text: string): TextEdit[] {
  const stop = Math.max(next, end);
  const comments = ctx.text.slice(start, stop).match(/\/\*[\s\S]*?\*\/|\/\/[^\r\n]*\r?\n/g) ?? [];
  return [{ start, end: stop, text: text + comments.map((each) => `${each.trimEnd()} `).join('') }];
}

// cb(err, undefined)  ->  reject(err)
function rejectEdits(call: ts.CallExpression, { reject }: Settle, ctx: FileContext): TextEdit[] {
  const [first, more] = call.arguments;
  const edits = [replaced(call.expression, reject)];
  if (!more) return edits;
  return [...edits, ...without(first!.end, call.arguments.at(-1)!.end, first!.end, ctx, '')];
}

// cb(err, text);  ->  if (err) reject(err); else resolve(text);
function eitherEdits(call: ts.CallExpression, { resolve, reject, indent: more }: Settle, ctx: FileContext): TextEdit[] {
  const [first, second] = call.arguments;
  const err = first!.getText();
  const value = second && !isEmptyValue(second, ctx.scopes) ? second.getText() : '';
  const { parent } = call;
  const statement = ts.isExpressionStatement(parent) && ts.isBlock(parent.parent) ? parent : undefined;
  const text = `${err} ? ${reject}(${err}) : ${resolve}(${value})`;
  if (!statement) return [replaced(call, ts.isReturnStatement(parent) ? text : `(${text})`)];
  const before = ctx.text.slice(ctx.text.lastIndexOf('\n', statement.getStart() - 1) + 1, statement.getStart());
  const semi = ctx.style.semi ? ';' : '';
  const gap = before.trim() ? (semi ? ' ' : '; ') : `\n${before}${more}`;
  return [replaced(statement, `if (${err}) ${reject}(${err})${semi}${gap}else ${resolve}(${value})${semi}`)];
}
