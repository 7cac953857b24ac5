import { bare, memberName, originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import type { Handing } from './leaf-events.js';
import { isFunction } from './shape.js';

/**
 * How `XMLHttpRequest` calls what stands at `xhr.onload = F` or `xhr.addEventListener('load', F)`: a request that is sent once ends in one of
 * `load`, `error`, `timeout` and `abort`, and reaches `readyState` 4 once. Undefined for any other node, and for a request that is not
 * proven to be sent once.
 */
export function xhrHandingOf(node: ts.Node, ctx: FileContext): Handing | undefined {
  const place = handlerPlace(node);
  const symbol = place && ts.isIdentifier(place.on) ? ctx.scopes.symbolOf(place.on) : undefined;
  if (!place || !symbol) return undefined;
  const request = requestOf(symbol, ctx);
  const { events } = place;
  if (!request || (place.only && events.some((each) => isSetTwice(symbol, each, ctx)))) return undefined;
  const isEnd = events.every((each) => ways.test(each));
  const isState = events.length === 1 && events[0] === 'readystatechange';
  return {
    call: place.call,
    event: events[0]!,
    once: isState ? isBehindDone(node, symbol, ctx) : isEnd || (events.length === 1 && oneShot.test(events[0]!)),
    sync: request.sync,
    gives: isEnd && !events.includes('load') ? 'error' : 'other',
    ...(isEnd && { of: symbol, ends: events }),
  };
}

const ways = /^(load|error|timeout|abort)$/;
const oneShot = /^(load|error|timeout|abort|loadend|loadstart)$/;

/** True for what gets an event that says the request failed: `xhr.onerror = F`, `xhr.addEventListener('timeout', F)`. */
export function isFailureHandler(node: ts.Node): boolean {
  const events = handlerPlace(node)?.events ?? [];
  return events.length > 0 && events.every((each) => /^(error|timeout|abort)$/.test(each));
}

interface HandlerPlace {
  readonly call: ts.CallExpression | ts.BinaryExpression;
  readonly on: ts.Node;
  /** Several of `xhr.onerror = xhr.ontimeout = F`. */
  readonly events: readonly string[];
  /** Only the last that is set there is called. */
  readonly only: boolean;
}

function handlerPlace(node: ts.Node): HandlerPlace | undefined {
  const { parent } = node;
  if (ts.isBinaryExpression(parent) && parent.right === node) return assignedPlace(parent);
  if (!ts.isCallExpression(parent) || memberName(parent.expression) !== 'addEventListener') return undefined;
  const [first, second, more] = parent.arguments;
  if (more || second !== node || !first || !ts.isStringLiteralLike(first)) return undefined;
  const on = bare((parent.expression as ts.AccessExpression).expression);
  return { call: parent, on, events: [first.text], only: false };
}

/** `xhr.onload = F`, `xhr.onerror = xhr.ontimeout = F` */
function assignedPlace(assignment: ts.BinaryExpression): HandlerPlace | undefined {
  const left = bare(assignment.left);
  const event = ts.isPropertyAccessExpression(left) ? /^on([a-z]+)$/.exec(left.name.text)?.[1] : undefined;
  if (event === undefined || assignment.operatorToken.kind !== ts.SyntaxKind.EqualsToken) return undefined;
  const on = bare((left as ts.PropertyAccessExpression).expression);
  const { parent } = assignment;
  if (!ts.isBinaryExpression(parent)) return { call: assignment, on, events: [event], only: true };
  const outer = parent.right === assignment ? assignedPlace(parent) : undefined;
  return outer && outer.on.getText() === on.getText() ? { ...outer, events: [event, ...outer.events] } : undefined;
}

/** A request that is made, opened and sent once in one run of a function; nobody else can send it again. */
function requestOf(symbol: ts.Symbol, ctx: FileContext): { sync: boolean } | undefined {
  const declaration = symbol.declarations?.[0];
  if (!declaration || !ts.isVariableDeclaration(declaration) || !ctx.scopes.isConstant(symbol)) return undefined;
  const made = declaration.initializer && bare(declaration.initializer);
  if (!made || !ts.isNewExpression(made) || !isRequestClass(made.expression, ctx)) return undefined;
  const home = ts.findAncestor(declaration, ts.isFunctionLike);
  const uses = ctx.scopes.references(symbol).filter((use) => use !== declaration.name);
  if (!uses.every((use) => isKept(use, home))) return undefined;
  const [open, opened] = calls(uses, 'open');
  const [send, sent] = calls(uses, 'send');
  if (!open || opened || !send || sent) return undefined;
  const isOnce = (call: ts.Node): boolean =>
    ts.findAncestor(call, ts.isFunctionLike) === home && !ts.findAncestor(call, (each) => isLoopIn(each, home));
  if (!isOnce(open) || !isOnce(send) || !isOnce(declaration)) return undefined;
  const mode = open.arguments[2];
  return { sync: !!mode && mode.kind !== ts.SyntaxKind.TrueKeyword };
}

function isRequestClass(callee: ts.Node, ctx: FileContext): boolean {
  const origin = originOf(callee, ctx.scopes);
  if (!origin || origin.path.length > 1) return false;
  if (origin.module === '') return origin.path[0] === 'XMLHttpRequest';
  return /^(xmlhttprequest|xmlhttprequest-ssl|xhr2)$/.test(origin.module);
}

const isLoopIn = (node: ts.Node, home: ts.Node | undefined): boolean =>
  ts.isIterationStatement(node, false) && (!home || node.pos >= home.pos);

const calls = (uses: readonly ts.Identifier[], name: string): ts.CallExpression[] =>
  uses.flatMap((use) => {
    const access = use.parent;
    const call = access.parent;
    return memberName(access) === name && ts.isCallExpression(call) && call.expression === access ? [call] : [];
  });

/** Its members are used; as a whole it is only given back, or handed on when it has ended: in a handler. */
function isKept(use: ts.Identifier, home: ts.Node | undefined): boolean {
  const { parent } = use;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === use;
  if (ts.isReturnStatement(parent)) return true;
  const isGiven = ts.isCallExpression(parent) || ts.isNewExpression(parent) || ts.isPropertyAssignment(parent);
  return isGiven && ts.findAncestor(use, ts.isFunctionLike) !== home;
}

/** `xhr.onload = …` a second time, or given away: the first is no longer called. */
function isSetTwice(symbol: ts.Symbol, event: string, ctx: FileContext): boolean {
  const sets = ctx.scopes.references(symbol).filter((use) => memberName(use.parent) === `on${event}`);
  return sets.length > 1;
}

// if (xhr.readyState !== 4) return;     if (xhr.readyState === 4 && xhr.status === 200) { … } else if (xhr.readyState === 4) { … }
function isBehindDone(node: ts.Node, symbol: ts.Symbol, ctx: FileContext): boolean {
  if (!isFunction(node) || !ts.isBlock(node.body)) return false;
  const [first, ...rest] = node.body.statements;
  if (!first || !ts.isIfStatement(first)) return false;
  const state = (test: ts.Node): 'done' | 'not done' | undefined => stateIn(test, node, symbol, ctx);
  if (state(first.expression) === 'not done' && !first.elseStatement && isReturn(first.thenStatement)) return true;
  const isGuarded = (statement: ts.IfStatement): boolean =>
    state(statement.expression) === 'done' &&
    (!statement.elseStatement || (ts.isIfStatement(statement.elseStatement) && isGuarded(statement.elseStatement)));
  return rest.length === 0 && isGuarded(first);
}

function isReturn(statement: ts.Statement): boolean {
  const [only, more] = ts.isBlock(statement) ? statement.statements : [statement];
  return !!only && !more && ts.isReturnStatement(only) && !only.expression;
}

/** What a test says of `readyState`: all of an `&&`, one of an `||`. */
function stateIn(
  test: ts.Node,
  fn: ts.FunctionExpression | ts.ArrowFunction,
  symbol: ts.Symbol,
  ctx: FileContext,
): 'done' | 'not done' | undefined {
  const node = bare(test);
  if (!ts.isBinaryExpression(node)) return undefined;
  const { kind } = node.operatorToken;
  if (kind === ts.SyntaxKind.AmpersandAmpersandToken) {
    const both = [node.left, node.right].map((each) => stateIn(each, fn, symbol, ctx));
    return both.includes('done') ? 'done' : undefined;
  }
  const isState = (each: ts.Node): boolean => {
    const access = bare(each);
    if (!ts.isPropertyAccessExpression(access) || access.name.text !== 'readyState') return false;
    const on = bare(access.expression);
    if (on.kind === ts.SyntaxKind.ThisKeyword) return ts.isFunctionExpression(fn);
    return ts.isIdentifier(on) && ctx.scopes.symbolOf(on) === symbol;
  };
  const isDone = (each: ts.Node): boolean => /^(4|XMLHttpRequest\.DONE|\w+\.DONE)$/.test(bare(each).getText());
  if (!(isState(node.left) && isDone(node.right)) && !(isState(node.right) && isDone(node.left))) return undefined;
  if (kind === ts.SyntaxKind.EqualsEqualsEqualsToken || kind === ts.SyntaxKind.EqualsEqualsToken) return 'done';
  const isNot = kind === ts.SyntaxKind.ExclamationEqualsEqualsToken || kind === ts.SyntaxKind.ExclamationEqualsToken;
  return isNot || (kind === ts.SyntaxKind.LessThanToken && isState(node.left)) ? 'not done' : undefined;
}
