import { calleeOf } from '../calls/callee.js';
import { bare, isOrigin, memberName, originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { ajaxHandingOf } from './leaf-ajax.js';
import { xhrHandingOf } from './leaf-xhr.js';
import { isFunction } from './shape.js';
import type { CallResolver } from './types.js';

/** How a function that is handed to a call will be called. */
export interface Handing {
  /** The call that it is handed to; of `xhr.onload = F` the assignment. */
  readonly call: ts.CallExpression | ts.BinaryExpression;
  /** Once at most. */
  readonly once: boolean;
  /** Perhaps before the call returns. */
  readonly sync: boolean;
  /** `error`: with an error, always; `answer`: error-first; `other`: with something that says nothing about success. */
  readonly gives: 'nothing' | 'error' | 'answer' | 'other';
  /** Of `answer`: how many results, where that is known, and whether they can come with an error. */
  readonly results?: 'nothing' | 'null' | 'value' | 'list' | 'unknown';
  readonly resultWithError?: boolean;
  /** Of a listener, and of a request's response callback. */
  readonly event?: string;
  readonly emitter?: Emitter;
  /** Of a request in a page, which ends in one of several ways: what ends, and how. */
  readonly of?: ts.Node | ts.Symbol;
  readonly ends?: readonly string[];
  /** The function of the file that calls one of the handlers it is given. */
  readonly pair?: ts.Node;
}

/** What an expression is that emits events. Two expressions are the same emitter when `of` is the same. */
export interface Emitter {
  readonly of: ts.Node | ts.Symbol;
  readonly kind?: 'request' | 'response' | 'child' | 'stream';
}

/** What is known about a function or name that stands among a call's arguments; undefined when nobody says when it is called. */
export function handingOf(node: ts.Node, ctx: FileContext, calls: CallResolver): Handing | undefined {
  const inPage = xhrHandingOf(node, ctx) ?? ajaxHandingOf(node, ctx);
  if (inPage) return inPage;
  const call = node.parent;
  if (!ts.isCallExpression(call) || call.expression === node || call.questionDotToken) return undefined;
  if (call.arguments.some(ts.isSpreadElement)) return undefined;
  return (
    listenerOf(node, call, ctx) ??
    responseOf(node, call, ctx) ??
    timerOf(node, call, ctx) ??
    knownOf(node, call, ctx) ??
    answerOf(node, call, calls)
  );
}

const adding = /^(on|once|addListener|prependListener|prependOnceListener)$/;

/** `req.on('error', F)` */
function listenerOf(node: ts.Node, call: ts.CallExpression, ctx: FileContext): Handing | undefined {
  const name = memberName(bare(call.expression));
  const [first, second, more] = call.arguments;
  if (!name || !adding.test(name) || more || second !== node || !first || !ts.isStringLiteralLike(first))
    return undefined;
  const emitter = emitterOf((bare(call.expression) as ts.AccessExpression).expression, ctx);
  const event = first.text;
  return {
    call,
    event,
    ...(emitter && { emitter }),
    once: /once/i.test(name) || isOneShot(emitter?.kind, event),
    sync: !emitter?.kind,
    gives: event === 'error' ? 'error' : isSilent(emitter?.kind, event) ? 'nothing' : 'other',
  };
}

/** `req.removeListener('error', onError)` */
export function isRemoval(node: ts.Node): boolean {
  if (!ts.isCallExpression(node)) return false;
  const callee = bare(node.expression);
  return ts.isPropertyAccessExpression(callee) && /^(off|removeListener)$/.test(callee.name.text);
}

/** Events that an object of Node's own emits once at most. */
function isOneShot(kind: Emitter['kind'], event: string): boolean {
  switch (kind) {
    case 'request':
      return /^(response|error|close|finish)$/.test(event);
    case 'response':
      return /^(end|close|error)$/.test(event);
    case 'child':
      return /^(exit|close|error)$/.test(event);
    case 'stream':
      return /^(end|finish|close|error|open|ready)$/.test(event);
    default:
      return false;
  }
}

/** Events that hand over nothing. */
function isSilent(kind: Emitter['kind'], event: string): boolean {
  if (kind === 'stream') return /^(end|finish|close|ready)$/.test(event);
  return kind === 'response' && /^(end|close)$/.test(event);
}

/** `http.get(url, F)` */
function responseOf(node: ts.Node, call: ts.CallExpression, ctx: FileContext): Handing | undefined {
  if (!isRequest(call, ctx) || call.arguments.at(-1) !== node) return undefined;
  return {
    call,
    event: 'response',
    emitter: { of: call, kind: 'request' },
    once: true,
    sync: false,
    gives: 'other',
  };
}

function isRequest(call: ts.CallExpression, ctx: FileContext): boolean {
  const origin = originOf(call.expression, ctx.scopes);
  return ['http', 'https'].some((each) => isOrigin(origin, each, 'get') || isOrigin(origin, each, 'request'));
}

/** `setTimeout(F, 10)`, `process.nextTick(F)` */
function timerOf(node: ts.Node, call: ts.CallExpression, ctx: FileContext): Handing | undefined {
  if (!isTimer(call, ctx) || call.arguments[0] !== node) return undefined;
  return { call, once: true, sync: false, gives: 'nothing' };
}

export function isTimer(call: ts.CallExpression, ctx: FileContext): boolean {
  const origin = originOf(call.expression, ctx.scopes);
  if (!origin || (origin.module !== '' && origin.module !== 'timers')) return false;
  return /^(setTimeout|setImmediate|process\.nextTick|queueMicrotask)$/.test(origin.path.join('.'));
}

/** Functions of the tables: each calls its callback once. */
function knownOf(node: ts.Node, call: ts.CallExpression, ctx: FileContext): Handing | undefined {
  const callee = calleeOf(call, ctx.scopes, { dependencies: ctx.dependencies });
  if (!callee || call.arguments[callee.callback] !== node) return undefined;
  const count = callee.results.length;
  return {
    call,
    once: true,
    sync: callee.mayCallSync,
    gives: callee.shape === 'error-first' ? 'answer' : 'other',
    results: count === 0 ? 'null' : count === 1 ? 'value' : 'list',
    resultWithError: callee.resultWithError,
  };
}

/** Functions of the project, and those that nobody described: a last argument that looks at an error first. */
function answerOf(node: ts.Node, call: ts.CallExpression, calls: CallResolver): Handing | undefined {
  if (call.arguments.at(-1) !== node || (isFunction(node) && !takesError(node))) return undefined;
  const awaiting = calls(call);
  if (awaiting.kind === 'unknown' || awaiting.errorFirst === false) return undefined;
  // What is handed on to something unknown must be taken for a callback there.
  if (!isFunction(node) && awaiting.results === 'unknown' && awaiting.kind !== 'async') return undefined;
  return {
    call,
    once: true,
    sync: awaiting.sync !== 'never',
    gives: 'answer',
    results: awaiting.fields ? 'list' : awaiting.results,
    ...(awaiting.fields && { resultWithError: true }),
  };
}

function takesError(fn: ts.FunctionExpression | ts.ArrowFunction): boolean {
  const name = fn.parameters[0]?.name;
  return !!name && ts.isIdentifier(name) && /^(e|er|err|error)$/i.test(name.text);
}

/** Methods that give back what they are called on. */
const chaining =
  /^(on|once|addListener|prependListener|prependOnceListener|setEncoding|setTimeout|setNoDelay|resume|pause)$/;

export function emitterOf(expression: ts.Expression, ctx: FileContext, depth = 0): Emitter | undefined {
  const node = bare(expression) as ts.Expression;
  if (depth > 8) return undefined;
  if (ts.isIdentifier(node)) return emitterOfName(node, ctx, depth);
  if (ts.isPropertyAccessExpression(node)) {
    const owner = emitterOf(node.expression, ctx, depth + 1);
    const isPipe = owner?.kind === 'child' && /^(stdin|stdout|stderr)$/.test(node.name.text);
    return isPipe ? { of: node, kind: 'stream' } : undefined;
  }
  if (!ts.isCallExpression(node)) return undefined;
  const made = madeBy(node, ctx);
  if (made) return { of: node, kind: made };
  const name = memberName(bare(node.expression));
  if (name === 'pipe') return node.arguments[0] && emitterOf(node.arguments[0], ctx, depth + 1);
  if (!name || !chaining.test(name)) return undefined;
  return emitterOf((bare(node.expression) as ts.AccessExpression).expression, ctx, depth + 1);
}

function emitterOfName(node: ts.Identifier, ctx: FileContext, depth: number): Emitter | undefined {
  const symbol = ctx.scopes.symbolOf(node);
  const declaration = symbol?.declarations?.[0];
  if (!symbol || !declaration || !ctx.scopes.isConstant(symbol)) return undefined;
  if (ts.isVariableDeclaration(declaration) && declaration.initializer)
    return emitterOf(declaration.initializer, ctx, depth + 1) ?? { of: symbol };
  if (ts.isParameter(declaration) && isResponse(declaration, ctx)) return { of: symbol, kind: 'response' };
  return { of: symbol };
}

/** The first parameter of a request's response callback, or of its `response` listener. */
function isResponse(param: ts.ParameterDeclaration, ctx: FileContext): boolean {
  const fn = param.parent;
  const call = fn.parent;
  if (!isFunction(fn) || fn.parameters[0] !== param || !ts.isCallExpression(call)) return false;
  const handing = responseOf(fn, call, ctx) ?? listenerOf(fn, call, ctx);
  return handing?.event === 'response' && handing.emitter?.kind === 'request';
}

function madeBy(call: ts.CallExpression, ctx: FileContext): Emitter['kind'] {
  if (isRequest(call, ctx)) return 'request';
  const origin = originOf(call.expression, ctx.scopes);
  const name = origin?.path.join('.') ?? '';
  if (origin?.module === 'child_process') return /^(spawn|fork|exec|execFile)$/.test(name) ? 'child' : undefined;
  if (origin?.module === 'fs') return /^create(Read|Write)Stream$/.test(name) ? 'stream' : undefined;
  return origin?.module === 'zlib' && /^create[A-Z]/.test(name) ? 'stream' : undefined;
}

/**
 * True when only one of two handed functions is ever called: a request that answers does not fail, a process that never
 * started does not exit. A stream can fail after its end, and a process that did not start is closed all the same.
 */
export function excludeEachOther(one: Handing, other: Handing): boolean {
  if (one.pair) return one.pair === other.pair && one.call === other.call;
  if (one.ends) return !!other.ends && one.of === other.of && !one.ends.some((each) => other.ends!.includes(each));
  if (!one.emitter?.kind || one.emitter.of !== other.emitter?.of) return false;
  const events = [one.event, other.event].sort().join(' ');
  if (one.emitter.kind === 'request') return events === 'error response';
  return one.emitter.kind === 'child' && events === 'error exit';
}

/** `once(F)` of the packages that have it. */
export function isOnceCall(node: ts.Node, ctx: FileContext): node is ts.CallExpression {
  if (!ts.isCallExpression(node) || node.arguments.length !== 1) return false;
  const origin = originOf(node.expression, ctx.scopes);
  const name = origin?.path.join('.');
  if (!origin) return false;
  if (/^(once|onetime|lodash\.once)$/.test(origin.module)) return name === '';
  return /^(lodash|underscore)(\/once)?$/.test(origin.module) && (name === 'once' || origin.module.endsWith('/once'));
}
