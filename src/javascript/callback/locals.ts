import type { Step, Target } from '../../flow/model.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { stop } from '../stop.js';
import { readAnswer } from './answer.js';
import { isFunction, isPure } from './shape.js';
import { mention, mentions, roleOf, withRoles } from './state.js';
import type { Env, LocalFunction, Role, State } from './state.js';
import { readFrom } from './statements.js';
import type { Range } from '../../types.js';
import type { FunctionNode, Gives, ReportSite } from './types.js';

/**
 * Functions declared in a list of statements that report in the end: continuations with a name. One that is used once is read
 * in its place; one that calls itself is a loop; one that several arms lead to gets the answer of a block.
 */
export function localsOf(statements: readonly ts.Statement[], env: Env, state: State): Env {
  const all = statements
    .flatMap((statement) => declaredFunction(statement, state) ?? [])
    .filter((fn) => !env.roles.has(fn.symbol) && !isWindow(fn, state));
  const reporting = reach(all, env, state);
  if (!reporting.length) return env;
  for (const fn of reporting) state.moved.add(fn.statement!);
  const roles = reporting.map((fn): [ts.Symbol, Role] => [fn.symbol, roleFor(fn, reporting, env, state)]);
  return stepsOf(roles, statements, withRoles(env, roles), state);
}

/** It only keeps a window: see `windows.ts`. */
const isWindow = (fn: LocalFunction, state: State): boolean =>
  [...state.joins.values()].some((plan) => plan.turn === fn.node);

/** The function's own local functions, where they are to be async themselves. */
function stepsOf(
  roles: readonly [ts.Symbol, Role][],
  statements: readonly ts.Statement[],
  env: Env,
  state: State,
): Env {
  const { steps, entry } = state;
  const { body } = entry as FunctionNode;
  const target = env.targets[0];
  if (!steps || !target || !body || !ts.isBlock(body) || body.statements !== statements) return env;
  const made = roles.flatMap(([symbol, role]): [ts.Symbol, Role][] => {
    if (role.kind !== 'shared' && role.kind !== 'loop') return [];
    if (isContinuationOnce(role.fn, state)) return [[symbol, { kind: 'inline', fn: role.fn }]];
    steps.fns.set(role.fn.node, role.fn);
    return [[symbol, { kind: 'step', fn: role.fn, target }]];
  });
  return (steps.env = withRoles(env, made));
}

/** `fs.readFile(name, onText)`, and nothing else names it: it is read there. */
function isContinuationOnce(fn: LocalFunction, state: State): boolean {
  const [use, more] = usesOf(fn, state);
  return !more && !!use && ts.isCallExpression(use.parent) && use.parent.arguments.at(-1) === use;
}

function declaredFunction(statement: ts.Statement, state: State): LocalFunction | undefined {
  const { scopes } = state.ctx;
  if (ts.isFunctionDeclaration(statement) && statement.name && statement.body) {
    const symbol = scopes.symbolOf(statement.name);
    const written = symbol && scopes.references(symbol).some((use) => scopes.isWritten(use));
    return symbol && !written ? { symbol, node: statement as LocalFunction['node'], statement } : undefined;
  }
  if (!ts.isVariableStatement(statement) || statement.declarationList.declarations.length !== 1) return undefined;
  const [declaration] = statement.declarationList.declarations;
  const value = declaration?.initializer && bare(declaration.initializer);
  if (!declaration || !value || !isFunction(value) || !ts.isIdentifier(declaration.name)) return undefined;
  const symbol = scopes.symbolOf(declaration.name);
  return symbol && scopes.isConstant(symbol) ? { symbol, node: value, statement } : undefined;
}

/** Those that name a role, or another that does. */
function reach(all: readonly LocalFunction[], env: Env, state: State): LocalFunction[] {
  const found = new Set(all.filter((fn) => mention(fn.node, env, state)));
  for (let grown = true; grown;) {
    grown = false;
    for (const fn of all) {
      if (found.has(fn) || ![...found].some((other) => mentions(fn.node, other.symbol, state))) continue;
      found.add(fn);
      grown = true;
    }
  }
  return all.filter((fn) => found.has(fn));
}

function roleFor(fn: LocalFunction, all: readonly LocalFunction[], env: Env, state: State): Role {
  if (callsItself(fn, all, state)) return { kind: 'loop', fn };
  const once = usesOf(fn, state).length === 1;
  return once || isShortcut(fn, env, state) ? { kind: 'inline', fn } : { kind: 'shared', fn };
}

/** `function fail(text) { return cb(new Error(text)); }`, called with plain values: short enough to stand in each of its places. */
function isShortcut(fn: LocalFunction, env: Env, state: State): boolean {
  const { body, parameters } = fn.node;
  const [only, more] = ts.isBlock(body) ? body.statements : [];
  const value = ts.isBlock(body)
    ? only && !more && (ts.isReturnStatement(only) || ts.isExpressionStatement(only)) && only.expression
    : body;
  const called = value && bare(value);
  if (!called || !ts.isCallExpression(called) || hasFunction(called)) return false;
  if (roleOf(bare(called.expression), env, state)?.kind !== 'report') return false;
  const { scopes } = state.ctx;
  const plain = parameters.every((param) => {
    const symbol = ts.isIdentifier(param.name) ? scopes.symbolOf(param.name) : undefined;
    const simple = symbol && !param.initializer && !param.dotDotDotToken;
    return !!simple && !scopes.references(symbol).some((use) => scopes.isWritten(use));
  });
  return plain && usesOf(fn, state).every(({ parent }) => ts.isCallExpression(parent) && isCalledPlainly(parent, fn));
}

function isCalledPlainly(call: ts.CallExpression, fn: LocalFunction): boolean {
  const callee = bare(call.expression);
  if (!ts.isIdentifier(callee) || callee.text !== fn.symbol.name) return false;
  return (
    call.arguments.length >= fn.node.parameters.length &&
    call.arguments.every((each) => isPure(each) && !isFunction(bare(each)))
  );
}

function hasFunction(node: ts.Node): boolean {
  return ts.isFunctionLike(node) || !!ts.forEachChild(node, (child) => hasFunction(child) || undefined);
}

export function usesOf(fn: LocalFunction, state: State): ts.Identifier[] {
  const name = ts.isFunctionDeclaration(fn.node) || ts.isFunctionExpression(fn.node) ? fn.node.name : undefined;
  return state.ctx.scopes.references(fn.symbol).filter((use) => use !== name && !ts.isVariableDeclaration(use.parent));
}

/** Directly, or through another continuation of the list. */
function callsItself(fn: LocalFunction, all: readonly LocalFunction[], state: State): boolean {
  const seen = new Set<LocalFunction>();
  const visit = (at: LocalFunction): boolean =>
    mentions(at.node, fn.symbol, state) &&
    usesOf(fn, state).some((use) => use.pos >= at.node.pos && use.end <= at.node.end)
      ? true
      : all.some(
          (next) =>
            next !== at &&
            next !== fn &&
            !seen.has(next) &&
            mentions(at.node, next.symbol, state) &&
            (seen.add(next), visit(next)),
        );
  return visit(fn);
}

/** A continuation that several places of the rest lead to, where the rest begins to lead there. */
export function sharedAt(
  statements: readonly ts.Statement[],
  index: number,
  env: Env,
  state: State,
): LocalFunction | undefined {
  const locals = [...env.roles.values()]
    .flatMap((role) => (role.kind === 'shared' || role.kind === 'inline' || role.kind === 'loop' ? [role] : []))
    .filter(({ fn }) => fn.statement && statements.includes(fn.statement));
  const shared = locals
    .filter((role) => role.kind === 'shared' && !state.counting.has(role.fn.symbol))
    .map((role) => role.fn);
  if (!shared.length) return undefined;
  const all = locals.map((role) => role.fn);
  const leads = shared.filter((fn) =>
    statements.slice(index).some((each) => !state.moved.has(each) && leadsTo(each, fn, all, state)),
  );
  if (!leads.some((fn) => leadsTo(statements[index]!, fn, all, state))) return undefined;
  // The last in the chain is around the others: it gets what they report.
  return leads.find((fn) => !leads.some((other) => other !== fn && leadsTo(fn.node, other, all, state)));
}

/** The node names the function, or one whose body leads to it. */
function leadsTo(node: ts.Node, fn: LocalFunction, all: readonly LocalFunction[], state: State): boolean {
  const seen = new Set<LocalFunction>();
  const visit = (at: ts.Node): boolean =>
    mentions(at, fn.symbol, state) ||
    all.some((via) => {
      if (via === fn || seen.has(via) || !mentions(at, via.symbol, state)) return false;
      seen.add(via);
      return visit(via.node);
    });
  return visit(node);
}

/** The rest of the list as a block that reports to the continuation, then the continuation. */
export function readShared(
  fn: LocalFunction,
  statements: readonly ts.Statement[],
  range: Range,
  index: number,
  env: Env,
  state: State,
): Step[] {
  const target: Target = { of: 'block' };
  const shape = isErrorFirst(fn, state) ? 'errorFirst' : 'values';
  const role: Role = { kind: 'report', target, shape };
  const inner = { ...withRoles(env, [[fn.symbol, role]]), targets: [...env.targets, target] };
  const body = readFrom(statements, range, inner, state, index, true);
  const on = { kind: 'block' as const, target, body: { steps: body.steps, tail: body.tail } };
  const kinds = state.reports.get(target) ?? [];
  // Some give one value and others several: no pattern takes both apart.
  if (kinds.includes('list') && kinds.some((kind) => kind !== 'list' && kind !== 'fail'))
    stop('several-results', fn.node);
  const gives = givesOf(kinds, shape === 'errorFirst');
  const steps = readAnswer({ on, gives, fn: fn.node, at: statements[index]! }, env, state);
  if (state.foreign.has(target) && steps.some((step) => step.kind === 'wait' && step.on === on && step.onFail))
    stop('error-not-checked', fn.node);
  return steps;
}

/** What a block gives, from what was reported to it. */
export function givesOf(kinds: readonly ReportSite['kind'][], errorFirst: boolean): Gives {
  const list = kinds.includes('list');
  return { results: list ? 'list' : kinds.includes('value') ? 'value' : 'nothing', errorFirst };
}

/** It is handed to callees as their callback, or its first parameter is named and used like an error. */
export function isErrorFirst(fn: LocalFunction, state: State): boolean {
  const [first] = fn.node.parameters;
  if (!first || !ts.isIdentifier(first.name)) return false;
  const handedOn = usesOf(fn, state).some(
    (use) => ts.isCallExpression(use.parent) && use.parent.arguments.includes(use),
  );
  return handedOn || /^(e|er|err|error|ex|exception|failure|_?err\w*)\d*$/i.test(first.name.text);
}
