import { calleeOf } from '../calls/callee.js';
import { handedAs } from '../callback/shape.js';
import { memberName } from '../calls/origin.js';
import { runsAtOnce } from '../calls/throws.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import type { CallbackFunction } from '../callback/types.js';
import type { AnswersSync } from './timing.js';

/** A function that was not read, and its callback. */
export interface Written {
  readonly ctx: FileContext;
  readonly fn: Pick<CallbackFunction, 'callback' | 'callbackSymbol' | 'shuffles' | 'alias'> & {
    readonly node: ts.Node;
  };
}

/**
 * True when a function that could not be read may use its callback before its call has returned: some use of it stands where code
 * of the call itself gets to. What stands in the continuation of something that answers later, or in a listener, does not.
 */
export function answersSyncAsWritten({ ctx, fn }: Written, isSync: AnswersSync): boolean {
  const alias = fn.alias && ctx.scopes.symbolOf(fn.alias);
  const names = [fn.callbackSymbol, ...(alias ? [alias] : [])].flatMap((symbol) => ctx.scopes.references(symbol));
  const looking: Looking = { ctx, isSync, within: fn.node, asked: new Map() };
  const sorted = fn.shuffles.map(({ node }) => node);
  return names.some((use) => {
    if (use.parent === fn.callback || sorted.some((node) => use.pos >= node.pos && use.end <= node.end)) return false;
    return !isTest(use) && !isHandedToLater(use, looking) && !isCalledLater(use, looking);
  });
}

interface Looking {
  readonly ctx: FileContext;
  readonly isSync: AnswersSync;
  readonly within: ts.Node;
  /** Local functions that were looked at: `true` also while they are. */
  readonly asked: Map<ts.Node, boolean>;
}

/** True when code at a place inside a function only runs after the function's call has returned. */
export function isCalledLater(place: ts.Node, looking: Looking): boolean {
  for (let node: ts.Node = place; node !== looking.within && node.parent; node = node.parent) {
    if (!ts.isFunctionLike(node)) continue;
    if (isContinuation(node, looking) || isListener(node)) return true;
    const name = nameOf(node);
    const symbol = name && looking.ctx.scopes.symbolOf(name);
    if (!symbol) continue;
    const before = looking.asked.get(node);
    if (before !== undefined) return before; // who calls itself was called by somebody else first
    looking.asked.set(node, true);
    const uses = looking.ctx.scopes.references(symbol).filter((use) => use !== name);
    const isLater = (use: ts.Identifier): boolean => isHandedToLater(use, looking) || isCalledLater(use, looking);
    const found = looking.ctx.scopes.isConstant(symbol) && uses.every(isLater);
    looking.asked.set(node, found);
    return found;
  }
  return false;
}

/** `fs.stat(path, done)`, `emitter.once('end', done)`, `process.nextTick(cb, null)` */
function isHandedToLater(use: ts.Node, { ctx, isSync }: Looking): boolean {
  const call = use.parent;
  if (!ts.isCallExpression(call) || call.expression === use) return false;
  if (isListening(call) && call.arguments[1] === use) return true;
  if (/^(removeListener|removeEventListener|off)$/.test(memberName(call.expression) ?? '')) return true;
  const known = calleeOf(call, ctx.scopes, { dependencies: ctx.dependencies });
  if (known) return call.arguments[known.callback] === use && !isSync(ctx, call);
  if (/^(process\.nextTick|setImmediate|queueMicrotask)$/.test(call.expression.getText()))
    return call.arguments[0] === use;
  if (atOnce.test(memberName(call.expression) ?? '')) return false;
  return call.arguments.at(-1) === use && !isSync(ctx, call);
}

/** What goes through a list, calls what it is given, or keeps it for whoever comes by. */
const atOnce =
  /^(map|forEach|filter|flatMap|reduce|reduceRight|some|every|find|findIndex|sort|from|each|push|unshift|add|set|call|apply|bind|emit|run|exec|tap)$/;

function isContinuation(node: ts.Node, looking: Looking): boolean {
  if (!ts.isArrowFunction(node) && !ts.isFunctionExpression(node)) return false;
  const handed = handedAs(node);
  if (!ts.isCallExpression(handed.parent) || runsAtOnce(node)) return false;
  const known = calleeOf(handed.parent, looking.ctx.scopes, { dependencies: looking.ctx.dependencies });
  const first = node.parameters[0]?.name;
  const isErrorFirst = !!first && ts.isIdentifier(first) && /^(er|err|error)\d*$/i.test(first.text);
  return (!!known || isErrorFirst) && isHandedToLater(handed, looking);
}

/** `emitter.on('end', () => …)`: nothing is called by registering it. */
function isListener(node: ts.Node): boolean {
  const handed = handedAs(node);
  return ts.isCallExpression(handed.parent) && isListening(handed.parent) && handed.parent.arguments[1] === handed;
}

function isListening(call: ts.CallExpression): boolean {
  const [event] = call.arguments;
  return !!event && ts.isStringLiteralLike(event) && /^(on|once|addListener)$/.test(memberName(call.expression) ?? '');
}

/** The name of a local function: `function step() {}`, `const step = () => …`, `(function next() { … })()` has none. */
function nameOf(node: ts.Node): ts.Identifier | undefined {
  if (ts.isFunctionDeclaration(node)) return node.name;
  const { parent } = node;
  return ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name) ? parent.name : undefined;
}

/** `if (cb)`, `typeof cb === 'function'`, the left side of `cb && cb()`. */
function isTest(use: ts.Identifier): boolean {
  const { parent } = use;
  if (ts.isTypeOfExpression(parent) || ts.isIfStatement(parent) || ts.isPrefixUnaryExpression(parent)) return true;
  return (
    ts.isBinaryExpression(parent) &&
    parent.left === use &&
    parent.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken
  );
}
