import type { Handler, Snippet, Step, Target, Task } from '../../flow/model.js';
import { withLead } from '../body.js';
import { bare } from '../calls/origin.js';
import { calleeOf } from '../calls/callee.js';
import { mayThrowSync } from '../calls/throws.js';
import { awaitingOf } from '../callers/awaiting.js';
import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { commentsIn } from './env.js';
import type { Env } from './env.js';
import type { HandlerFunction } from './handler.js';
import { functionIn, settlersOf, settlingBody, settlingBranch } from './wrappers.js';
import type { Settlers } from './wrappers.js';

/** Does the executor do nothing but call a function that has a promise form of its own? */
export function wrapsKnownCallback(made: ts.NewExpression, scopes: Scopes): boolean {
  const call = callIn(made);
  const kind = call && calleeOf(call, scopes)?.awaitable.kind;
  return kind === 'member-of-promises' || kind === 'import';
}

/** The one call that the executor consists of, with a function in place as its callback. */
function callIn(made: ts.NewExpression): ts.CallExpression | undefined {
  const fn = made.arguments?.[0] && bare(made.arguments[0]);
  if (!fn || !(ts.isArrowFunction(fn) || ts.isFunctionExpression(fn))) return undefined;
  const [only, more] = ts.isBlock(fn.body) ? fn.body.statements : [fn.body];
  if (!only || more) return undefined;
  const expression = ts.isExpressionStatement(only) || ts.isReturnStatement(only) ? only.expression : only;
  const call = expression && bare(expression);
  const last = call && ts.isCallExpression(call) ? call.arguments.at(-1) : undefined;
  return last && (ts.isArrowFunction(last) || ts.isFunctionExpression(last)) ? (call as ts.CallExpression) : undefined;
}

/**
 * `new Promise((resolve, reject) => fs.readFile(name, (err, text) => { if (err) return reject(err); resolve(text.length); }))`:
 * the function's own promise form, then what the callback does with the result.
 */
export function readCallbackExecutor(made: ts.NewExpression, env: Env): Task | undefined {
  const call = callIn(made);
  const awaiting = call && awaitingOf(env.ctx, call);
  if (!call || awaiting?.kind !== 'awaitable' || awaiting.errorFirst === false) return undefined;
  if (!/^(value|null|nothing)$/.test(awaiting.results)) return undefined;
  const executor = bare(made.arguments![0]!) as HandlerFunction;
  const settlers = settlersOf(executor, env);
  const callback = callbackOf(call);
  const [err, value, more] = callback.parameters;
  if (more || !err || !ts.isIdentifier(err.name)) return stop('several-results', more ?? callback);
  const check = errorCheck(callback, err.name, env);
  env.seen.inlined.push(executor);
  const target: Target = { of: 'block' };
  if (value) env.snippets.settle(value.name);
  const onFail = onError(check, err.name, target, settlers, env);
  const block = settlingBody(callback, target, settlers, env, true, check);
  const uses = (symbol: ts.Symbol) => env.ctx.scopes.references(symbol).length - 1;
  if (uses(settlers.resolve) + uses(settlers.reject) !== settlers.read) stop('mixed-style', made);
  const at = rangeOf(call);
  const bind = value && { pattern: env.snippets.pattern(value.name), how: 'const' as const };
  const lead = [
    ...commentsIn(made.getStart(), call.getStart(), env.snippets),
    ...commentsIn(call.end, made.end, env.snippets),
  ];
  const on: Task = { kind: 'call', form: 'awaitable', awaitable: awaited(call, awaiting.callee, env) };
  const wait: Step = { kind: 'wait', on, ...(bind && { bind }), ...(onFail && { onFail }), lead: [], at };
  env.seen.chains.push(made);
  env.seen.needs.push(...awaiting.needs);
  return { kind: 'block', target, body: withLead({ steps: [wait, ...block.steps], tail: block.tail }, lead) };
}

/** The callback has nothing of its own, and throws nothing on purpose: that ended the process and would reject now. */
function callbackOf(call: ts.CallExpression): HandlerFunction {
  const callback = functionIn(call.arguments.at(-1)!, 2);
  if (!ts.isBlock(callback.body)) return stop('error-not-checked', callback);
  return callback;
}

/** `if (err) …`, first in the callback. */
function errorCheck(callback: HandlerFunction, err: ts.Identifier, env: Env): ts.IfStatement {
  const [first, ...rest] = (callback.body as ts.Block).statements;
  const test = first && ts.isIfStatement(first) ? bare(first.expression) : undefined;
  if (!first || !ts.isIfStatement(first) || !test || !isName(test, err, env))
    return stop('error-not-checked', callback);
  const statements = ts.isBlock(first.thenStatement) ? first.thenStatement.statements : [first.thenStatement];
  const last = statements.at(-1);
  if (!last || !(ts.isReturnStatement(last) || first.elseStatement)) return stop('error-not-checked', first);
  const inside = env.ctx.scopes.references(env.ctx.scopes.symbolOf(err)!);
  const outside = inside.filter((use) => use !== err && use !== test && !within(use, first.thenStatement));
  if (outside.length) stop('partial-result-with-error', outside[0]!);
  const thrown = [...rest, first].map((each) => mayThrowSync(each, env.ctx.scopes)).find((each) => each);
  if (thrown) stop('sync-throw', thrown);
  return first;
}

function isName(node: ts.Node, name: ts.Identifier, env: Env): boolean {
  return ts.isIdentifier(node) && env.ctx.scopes.symbolOf(node) === env.ctx.scopes.symbolOf(name);
}

function within(node: ts.Node, outer: ts.Node): boolean {
  return node.pos >= outer.pos && node.end <= outer.end;
}

/** The error branch of the wait; none when it only rejects with the error as it is. */
function onError(
  check: ts.IfStatement,
  err: ts.Identifier,
  target: Target,
  settlers: Settlers,
  env: Env,
): Handler | undefined {
  const { thenStatement } = check;
  const body = settlingBranch(thenStatement, target, settlers, env);
  const [only, more] = body.steps;
  const [use, another] = only?.kind === 'exit' && only.how === 'fail' ? only.with.uses : [];
  const plain = only?.kind === 'exit' && only.how === 'fail' && only.with.pure === true && use?.name === err.text;
  if (plain && !more && !another && ![...only.lead, ...body.tail].some((each) => each !== '')) return undefined;
  return { param: { pattern: env.snippets.pattern(err), how: 'let' }, body };
}

function awaited(call: ts.CallExpression, callee: readonly (string | ts.Expression)[], env: Env): Snippet {
  const { snippets } = env;
  const parts = callee.map((part) => (typeof part === 'string' ? part : snippets.expression(part)));
  const args = call.arguments.slice(0, -1);
  const first = args[0];
  const list = first ? [snippets.piece({ start: first.getStart(), end: args.at(-1)!.end }, args)] : [];
  return snippets.compose([...parts, '(', ...list, ')'], rangeOf(call), 'yes');
}
