import type { Block, Handler, Snippet, Step, Target, Task } from '../../flow/model.js';
import { leaves } from '../../flow/query.js';
import { inside, readBody, readStatements, withLead } from '../body.js';
import type { Made, Reading, Site } from '../body.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { usesArguments, usesThis } from '../scope.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { answer } from './answer.js';
import { readLinks } from './chain.js';
import { markData } from './data.js';
import { commentsIn } from './env.js';
import type { Env } from './env.js';
import type { HandlerFunction } from './handler.js';
import { chainOf } from './links.js';
import type { Chain, Link } from './links.js';

/** The two functions that an executor is given. */
export interface Settlers {
  readonly resolve: ts.Symbol;
  readonly reject: ts.Symbol;
  /** How often they are named in what was read. */
  read: number;
}

/**
 * `new Promise((resolve, reject) => { get(id).then((user) => resolve(user.name)).catch(reject); })`: the chain alone says
 * the same, when each path of it settles the promise as the last thing that it does, and each error rejects it.
 */
export function readExecutor(made: ts.NewExpression, env: Env): Task {
  const fn = made.arguments?.[0] && bare(made.arguments[0]);
  if (!fn || made.arguments!.length !== 1 || !(ts.isArrowFunction(fn) || ts.isFunctionExpression(fn)))
    return stop('mixed-style', made);
  if (fn.asteriskToken || fn.modifiers?.length) stop('mixed-style', fn);
  if (ts.isFunctionExpression(fn) && (usesThis(fn.body) || usesArguments(fn))) stop('own-this', fn);
  const settlers = settlersOf(fn, env);
  const { before, chain, statement } = partsOf(fn, env);
  const target: Target = { of: 'block' };
  const lead = leadOf(made, fn, statement, env);
  const task = settled(chain, settlers, env);
  const named = (symbol: ts.Symbol) => env.ctx.scopes.references(symbol).length - 1;
  if (named(settlers.resolve) + named(settlers.reject) !== settlers.read) stop('mixed-style', made);
  env.seen.inlined.push(fn);
  env.seen.chains.push(chain.whole);
  const exit: Step = { kind: 'exit', how: 'succeed', of: target, with: task, lead: [], at: rangeOf(chain.whole) };
  const body = withLead({ steps: [...before.steps, { ...exit, lead: before.lastLead }], tail: before.tail }, lead);
  return { kind: 'block', target, body };
}

export function settlersOf(fn: HandlerFunction, env: Env): Settlers {
  const [first, second, more] = fn.parameters;
  const { scopes } = env.ctx;
  const symbolOf = (parameter: ts.ParameterDeclaration | undefined) =>
    parameter && ts.isIdentifier(parameter.name) && !parameter.initializer && !parameter.dotDotDotToken
      ? scopes.symbolOf(parameter.name)
      : undefined;
  const resolve = symbolOf(first);
  const reject = symbolOf(second);
  if (!resolve || !reject || more) return stop('path-without-callback', fn);
  return { resolve, reject, read: 0 };
}

interface Parts {
  readonly before: Block & { readonly lastLead: Step['lead'] };
  readonly chain: Chain;
  readonly statement: ts.Node;
}

/** Plain statements, then one chain. */
function partsOf(fn: HandlerFunction, env: Env): Parts {
  const body = fn.body;
  if (!ts.isBlock(body)) {
    const chain = chainOf(body, env.ctx.scopes) ?? stop('mixed-style', body);
    return { before: { steps: [], tail: [], lastLead: [] }, chain, statement: body };
  }
  const last = body.statements.at(-1) ?? stop('path-without-callback', fn);
  const expression = ts.isExpressionStatement(last) || ts.isReturnStatement(last) ? last.expression : undefined;
  const chain = expression && chainOf(expression, env.ctx.scopes);
  if (!chain) return stop('mixed-style', last);
  const range = inside(body);
  const first = body.statements.slice(0, -1);
  const reading = {
    snippets: env.snippets,
    holds: () => false,
    make: ({ statement }: Site): Made | undefined =>
      ts.isReturnStatement(statement) ? stop('mixed-style', statement) : undefined,
  };
  const until = first.at(-1)?.end ?? range.start;
  const trail = first.length ? env.snippets.trailOf(first.at(-1)!, last.getStart()) : [];
  const block = readStatements(first, { start: range.start, end: trail.at(-1)?.end ?? until }, reading);
  const lastLead = first.length
    ? env.snippets.leadOf(last, trail.at(-1)?.end ?? until)
    : env.snippets.comments({ start: range.start, end: last.getStart() });
  const tail = env.snippets.comments({ start: expression!.end, end: range.end });
  return { before: { steps: block.steps, tail: [...block.tail, ...tail], lastLead }, chain, statement: last };
}

function leadOf(made: ts.NewExpression, fn: HandlerFunction, statement: ts.Node, env: Env) {
  const first = commentsIn(made.expression.end, fn.getStart(), env.snippets);
  const end = ts.isBlock(fn.body) ? fn.body.getStart() : statement.getStart();
  return [...first, ...commentsIn(fn.getStart(), end, env.snippets), ...commentsIn(fn.end, made.end, env.snippets)];
}

/** The chain's value is what it resolves with, its error what it rejects with. */
function settled(chain: Chain, settlers: Settlers, env: Env): Task {
  const links = [...chain.links];
  const last = links.at(-1)!;
  if (last.method === 'then' && last.args.length === 2) {
    // What the first function throws would be lost here; only `resolve` itself can't throw.
    if (!isName(last.args[0]!, settlers.resolve, env) || !isName(last.args[1]!, settlers.reject, env))
      return stop('path-without-callback', last.call);
    settlers.read += 2;
    return readLinks(chain.root, links.slice(0, -1), env);
  }
  const then = links.at(-2);
  if (last.method !== 'catch' || last.args.length !== 1 || then?.method !== 'then' || then.args.length !== 1)
    return stop('path-without-callback', last.call);
  const before = readLinks(chain.root, links.slice(0, -2), env);
  const ok = resolving(before, then, settlers, env);
  return rejecting(ok, last, settlers, env, commentsIn(then.from, then.name.getStart(), env.snippets).length > 0);
}

function isName(node: ts.Expression, symbol: ts.Symbol, env: Env): boolean {
  const name = bare(node);
  return ts.isIdentifier(name) && env.ctx.scopes.symbolOf(name) === symbol;
}

function resolving(before: Task, link: Link, settlers: Settlers, env: Env): Task {
  const argument = link.args[0]!;
  if (isName(argument, settlers.resolve, env)) {
    settlers.read++;
    return before;
  }
  const fn = functionIn(argument);
  const target: Target = { of: 'block' };
  const param = fn.parameters[0];
  if (param) env.snippets.settle(param.name);
  if (param) markData(param.name, before, env);
  const block = settlingBody(fn, target, settlers, env, true);
  const lead = [
    ...commentsIn(link.from, link.name.getStart(), env.snippets),
    ...commentsIn(link.name.end, fn.getStart(), env.snippets),
  ];
  const wait: Step = {
    kind: 'wait',
    on: before,
    ...(param && { bind: { pattern: env.snippets.pattern(param.name), how: 'const' as const } }),
    lead: [],
    at: rangeOf(link.call),
  };
  const rest = withLead(block, lead);
  return { kind: 'block', target, body: { steps: [wait, ...rest.steps], tail: rest.tail } };
}

function rejecting(ok: Task, link: Link, settlers: Settlers, env: Env, commented: boolean): Task {
  const argument = link.args[0]!;
  const lead = commentsIn(link.from, link.name.getStart(), env.snippets);
  if (isName(argument, settlers.reject, env)) {
    if (lead.length || commented) stop('mixed-style', argument);
    settlers.read++;
    return ok;
  }
  const fn = functionIn(argument);
  const target: Target = { of: 'block' };
  const param = fn.parameters[0];
  const block = settlingBody(fn, target, settlers, env, false);
  const pattern: Snippet | undefined = param && env.snippets.pattern(param.name);
  if (param?.type) stop('mixed-style', param);
  const onFail: Handler = { ...(pattern && { param: { pattern, how: 'let' as const } }), body: withLead(block, lead) };
  const given: Step = { kind: 'exit', how: 'succeed', of: target, with: ok, lead: [], at: rangeOf(link.call) };
  const guard: Step = { kind: 'guard', body: { steps: [given], tail: [] }, onFail, lead: [], at: rangeOf(link.call) };
  return { kind: 'block', target, body: { steps: [guard], tail: [] } };
}

export function functionIn(argument: ts.Expression, most = 1): HandlerFunction {
  const fn = bare(argument);
  if (!(ts.isArrowFunction(fn) || ts.isFunctionExpression(fn))) return stop('unknown-handler', argument);
  if (fn.asteriskToken || fn.modifiers?.length || fn.parameters.length > most || fn.type) stop('mixed-style', fn);
  if (fn.parameters.some((p) => p.initializer || p.dotDotDotToken)) stop('mixed-style', fn);
  if (ts.isFunctionExpression(fn) && (usesThis(fn.body) || usesArguments(fn) || fn.name)) stop('own-this', fn);
  return fn;
}

/** A handler in which every path ends with `resolve(…)` or `reject(…)`; `mayThrow`: an error in it rejects as well. */
export function settlingBody(
  fn: HandlerFunction,
  target: Target,
  settlers: Settlers,
  env: Env,
  mayThrow: boolean,
  done?: ts.IfStatement,
): Block {
  env.seen.inlined.push(fn);
  const comments = commentsIn(fn.parameters[0]?.end ?? fn.getStart(), fn.body.getStart(), env.snippets);
  if (!ts.isBlock(fn.body)) {
    const exit = settle(fn.body, target, settlers, env) ?? stop('path-without-callback', fn.body);
    return { steps: [{ ...exit, lead: comments, at: rangeOf(fn.body) }], tail: [] };
  }
  const body = fn.body;
  const reading: Reading = {
    snippets: env.snippets,
    holds: (node) => ts.isCallExpression(node) && !!settlerOf(node, settlers, env),
    make: (site) =>
      site.statement === done
        ? { steps: done.elseStatement ? elseSteps(done.elseStatement, reading) : [] }
        : makeSettled(site, body, target, settlers, env, mayThrow),
  };
  const block = readStatements(body.statements, inside(body), reading);
  if (!leaves(block.steps)) stop('path-without-callback', fn);
  return withLead(block, comments);
}

/** A branch of a handler in which every path settles. */
export function settlingBranch(branch: ts.Statement, target: Target, settlers: Settlers, env: Env): Block {
  const make = (site: Site) =>
    makeSettled(site, ts.isBlock(branch) ? branch : site.statement, target, settlers, env, true);
  const holds = (node: ts.Node) => ts.isCallExpression(node) && !!settlerOf(node, settlers, env);
  const block = readBody(branch, { snippets: env.snippets, holds, make });
  if (!leaves(block.steps)) stop('path-without-callback', branch);
  return block;
}

/** What follows an error check that has been read. */
function elseSteps(other: ts.Statement, reading: Reading): readonly Step[] {
  const block = readBody(other, reading);
  if (block.tail.some((each) => each !== '')) stop('comment-lost', other);
  return block.steps;
}

function makeSettled(
  site: Site,
  body: ts.Node,
  target: Target,
  settlers: Settlers,
  env: Env,
  mayThrow: boolean,
): Made | undefined {
  const { statement, lead, trail } = site;
  const base = { lead, trail, at: rangeOf(statement) };
  if (ts.isThrowStatement(statement) && !mayThrow) stop('path-without-callback', statement);
  if (ts.isReturnStatement(statement)) {
    const exit = statement.expression && settle(statement.expression, target, settlers, env);
    if (!exit || site.tries) return stop('path-without-callback', statement);
    return { steps: [{ ...exit, ...base }] };
  }
  if (!ts.isExpressionStatement(statement)) return undefined;
  const exit = settle(statement.expression, target, settlers, env);
  if (!exit) return undefined;
  const [next] = site.following;
  const left = next && ts.isReturnStatement(next) && !next.expression;
  if (site.tries || (!left && (site.loops || !isAtEnd(statement, body)))) stop('called-more-than-once', statement);
  return { steps: [{ ...exit, ...base }], ...(next && { taken: 1 }) };
}

/** Nothing happens behind the statement: it is last in its block, and so are the blocks around it. */
function isAtEnd(statement: ts.Node, body: ts.Node): boolean {
  for (let node = statement; node !== body; node = node.parent) {
    const { parent } = node;
    if (ts.isIfStatement(parent)) continue;
    if (!ts.isBlock(parent)) return false;
    const rest = parent.statements.slice(parent.statements.indexOf(node as ts.Statement) + 1);
    if (rest.length > 1 || (rest[0] && !(ts.isReturnStatement(rest[0]) && !rest[0].expression))) return false;
  }
  return true;
}

function settlerOf(call: ts.CallExpression, settlers: Settlers, env: Env): 'resolve' | 'reject' | undefined {
  if (isName(call.expression, settlers.resolve, env)) return 'resolve';
  return isName(call.expression, settlers.reject, env) ? 'reject' : undefined;
}

/** `resolve(x)` ends with `x`, `reject(e)` fails with `e`. */
function settle(expression: ts.Expression, target: Target, settlers: Settlers, env: Env): Step | undefined {
  const call = bare(expression);
  const which = ts.isCallExpression(call) ? settlerOf(call, settlers, env) : undefined;
  if (!which || !ts.isCallExpression(call)) return undefined;
  const [value, more] = call.arguments;
  if (more || (value && ts.isSpreadElement(value))) stop('mixed-style', call);
  settlers.read++;
  const base = { lead: [], at: rangeOf(call) };
  if (which === 'resolve')
    return {
      ...base,
      kind: 'exit',
      how: 'succeed',
      of: target,
      ...(value && { with: answer(value, env) }),
    };
  const reason = value ? env.snippets.expression(value) : env.snippets.compose(['undefined'], base.at, 'no');
  return { ...base, kind: 'exit', how: 'fail', with: reason };
}
