import { builtinModules } from 'node:module';

import type { ImportNeed } from '../../flow/model.js';
import type { Awaiting, Gives } from '../callback/types.js';
import { calleeOf } from '../calls/callee.js';
import type { Callee, CalleeOptions } from '../calls/callee.js';
import { bare, memberName, originOf } from '../calls/origin.js';
import { rangeWithin } from '../calls/packages.js';
import type { FileContext } from '../context.js';
import { canImportBuiltins, localNameFor } from '../imports.js';
import { ts } from '../parse.js';

type Call = ts.CallExpression | ts.NewExpression;

/** How a call of something outside the project can be awaited: by the table of known functions, else by what callbacks usually are. */
export function awaitingOf(ctx: FileContext, call: Call, isPatched?: CalleeOptions['isPatched']): Awaiting {
  if (ts.isNewExpression(call)) return { kind: 'unknown' };
  const known = calleeOf(call, ctx.scopes, { dependencies: ctx.dependencies, isPatched });
  return known ? fromTable(ctx, call, known) : unknownCallee(ctx, call);
}

function fromTable(ctx: FileContext, call: ts.CallExpression, callee: Callee): Awaiting {
  const gives = givesOf(call, callee);
  const { awaitable } = callee;
  if (awaitable.kind === 'wrap' || awaitable.kind === 'receiver' || gives === 'lost')
    return { kind: 'wrap', ...wholeList(callee) };
  switch (awaitable.kind) {
    case 'member-of-promises':
      return { kind: 'awaitable', callee: [awaitable.text], needs: [], ...gives };
    case 'import':
      return { kind: 'awaitable', ...imported(ctx, awaitable.from, awaitable.name), ...gives };
    case 'same-call':
      return { kind: 'awaitable', callee: [call.expression], needs: [], ...gives };
    case 'promisify':
      return promisifiedMember(ctx, call, gives, callee);
  }
}

/** `lost`: the callback reads a result that the awaited form does not have. */
function givesOf(call: ts.CallExpression, callee: Callee): Gives | 'lost' {
  const base = baseOf(callee);
  const { results } = callee;
  const [first] = results;
  if (!first) return { ...base, results: callee.shape === 'success-only' ? 'nothing' : 'null' };
  if (results.length === 1) return first.from === '' ? { ...base, results: 'value' } : 'lost';
  const fields = results.map((result) => result.from);
  if (fields.every((field) => !!field)) return { ...base, results: 'list', fields: fields as string[] };
  const read = parametersRead(call.arguments[callee.callback]);
  const wanted = read === undefined ? undefined : read - (callee.shape === 'error-first' ? 1 : 0);
  return wanted !== undefined && wanted <= 1 && first.from === '' ? { ...base, results: 'value' } : 'lost';
}

function baseOf(callee: Callee): Omit<Gives, 'results'> {
  return {
    ...(callee.shape === 'success-only' && { errorFirst: false }),
    sync: callee.mayCallSync ? 'maybe' : 'never',
  };
}

/** Everything that the callback gets, when the call itself stays as it is. */
function wholeList(callee: Callee): Gives {
  const count = callee.results.length;
  const nothing = callee.shape === 'success-only' ? 'nothing' : 'null';
  return { ...baseOf(callee), results: count === 0 ? nothing : count === 1 ? 'value' : 'list' };
}

/** How many arguments a callback written in place looks at; undefined when that is not seen. */
function parametersRead(callback: ts.Expression | undefined): number | undefined {
  const node = callback && bare(callback);
  if (!node || (!ts.isArrowFunction(node) && !ts.isFunctionExpression(node))) return undefined;
  if (node.parameters.some((each) => each.dotDotDotToken)) return undefined;
  return /\barguments\b/.test(node.getText()) ? undefined : node.parameters.length;
}

function imported(
  ctx: FileContext,
  from: string,
  name: string,
): { callee: readonly string[]; needs: readonly ImportNeed[] } {
  const wanted: ImportNeed = { from, name, local: name };
  const text = localNameFor(ctx, wanted);
  if (text === name || text.includes('.')) return { callee: [text], needs: [wanted] };
  // The name is taken, mostly by the callback form itself: the module as a whole says better which one is meant.
  const whole: ImportNeed = { from, name: '*', local: `${from.replace(/^node:|\/promises$/g, '')}Promises` };
  return { callee: [`${localNameFor(ctx, whole)}.${name}`], needs: [whole] };
}

/** Functions of Node's own need no object: `promisify(crypto.randomBytes)(16)`. */
function promisifiedMember(ctx: FileContext, call: ts.CallExpression, gives: Gives, callee: Callee): Awaiting {
  const object = callee.module === 'needle' ? needleOf(ctx, call) : undefined;
  if (object) return { kind: 'awaitable', callee: [object], first: quoted(ctx, callee.name), needs: [], ...gives };
  const plain = promisified(ctx, gives);
  if (plain.kind !== 'promisify' || !builtins.has(callee.module)) return plain;
  return { ...plain, kind: 'awaitable', callee: [`${plain.local}(`, call.expression, ')'] };
}

/** `needle.get(url, cb)` is `needle('get', url)` from 2 on, with the same errors; with more arguments they are read in another way. */
function needleOf(ctx: FileContext, call: ts.CallExpression): ts.Expression | undefined {
  const node = bare(call.expression);
  if (!ts.isPropertyAccessExpression(node) || !/^(get|head)$/.test(node.name.text)) return undefined;
  if (call.arguments.length !== 2 || !rangeWithin(ctx.dependencies['needle'], 2, 4)) return undefined;
  const origin = originOf(node.expression, ctx.scopes);
  return origin?.module === 'needle' && origin.path.length === 0 ? node.expression : undefined;
}

const quoted = ({ style }: FileContext, name: string): string => `${style.quote}${name}${style.quote}`;

const builtins = new Set(builtinModules);

const promisifyNeed: ImportNeed = { from: 'util', name: 'promisify', local: 'promisify' };

/** `promisify(f)(args)`, where the file can import it; else the call as it is in a promise of our own. */
export function promisified(ctx: FileContext, gives: Gives): Awaiting {
  if (!canImportBuiltins(ctx)) return { kind: 'wrap', ...gives };
  return { kind: 'promisify', local: localNameFor(ctx, promisifyNeed), needs: [promisifyNeed], ...gives };
}

/** Methods that are known to call a function many times, never, or with something else than an error. */
const manyTimes = new Set(
  (
    'on once off addListener prependListener removeListener addEventListener removeEventListener subscribe watch observe listen ' +
    'forEach map filter find findIndex some every reduce reduceRight flatMap sort each then catch finally done fail always tap ' +
    'use all param pipe describe it test before after beforeEach afterEach replace setTimeout setInterval bind call apply ' +
    'push unshift defineProperty createServer emit'
  ).split(' '),
);

/** `User.find({}, function (err, users) { … })`: what a list's method gives its function has no error in front. */
function isQuery(call: ts.CallExpression, name: string): boolean {
  const last = call.arguments.at(-1) && bare(call.arguments.at(-1)!);
  if (!last || (!ts.isFunctionExpression(last) && !ts.isArrowFunction(last))) return false;
  const [error, result] = last.parameters;
  if (!error || !/^(e|er|err|error)$/i.test(error.name.getText())) return false;
  if (/^(find|all|filter|test)$/.test(name)) return !!result && call.arguments.length <= 3;
  // `store.fail(id, reason, (err) => …)`: a handler of a deferred's end stands alone, or among handlers.
  return /^(fail|done|always)$/.test(name) && call.arguments.length > 1 && !call.arguments.slice(0, -1).some(isHandler);
}

function isHandler(node: ts.Expression): boolean {
  const inner = bare(node);
  return ts.isFunctionExpression(inner) || ts.isArrowFunction(inner);
}

/**
 * A function that nobody has described: its callback is taken for what the caller's own code takes it for, an error and a result.
 * The reader has seen that the callback looks at the error.
 */
function unknownCallee(ctx: FileContext, call: ts.CallExpression): Awaiting {
  const callee = bare(call.expression);
  const name = memberName(callee) ?? (ts.isIdentifier(callee) ? callee.text : undefined);
  if (call.questionDotToken || callee.kind === ts.SyntaxKind.SuperKeyword) return { kind: 'unknown' };
  if (name !== undefined && manyTimes.has(name) && !isQuery(call, name))
    return { kind: 'unknown', code: 'many-events' };
  const origin = originOf(callee, ctx.scopes);
  // A function of Node's own or of the language that the table does not have answers in some other way.
  if (origin && origin.module === '' && !isOwnExport(callee)) return { kind: 'unknown' };
  const gives: Gives = { results: 'unknown', sync: 'maybe' };
  if (ts.isIdentifier(callee)) return promisified(ctx, gives);
  if (memberName(callee) === undefined) return { kind: 'unknown' };
  return isPlainObject((callee as ts.AccessExpression).expression)
    ? promisified(ctx, gives)
    : { kind: 'wrap', ...gives };
}

/** `exports.load(…)` */
export function isOwnExport(callee: ts.Node): boolean {
  return (
    memberName(callee) !== undefined &&
    /^(module\.)?exports$/.test((callee as ts.AccessExpression).expression.getText())
  );
}

/** Reading it twice reads the same: `db`, `this.store`. */
function isPlainObject(node: ts.Expression): boolean {
  const inner = bare(node);
  if (ts.isIdentifier(inner) || inner.kind === ts.SyntaxKind.ThisKeyword) return true;
  return ts.isPropertyAccessExpression(inner) && isPlainObject(inner.expression);
}
