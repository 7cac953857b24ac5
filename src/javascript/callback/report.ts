import type { Block, Exit, Snippet, Step, Target } from '../../flow/model.js';
import { bare, memberName } from '../calls/origin.js';
import { ts } from '../parse.js';
import { kindOf } from '../promise/kinds.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { assumedOf, nodesOf, simpleSnippet, simplify, truthOf } from './assume.js';
import type { Simple } from './assume.js';
import { isEmptyValue, isHarmless, isPure } from './shape.js';
import { roleOf } from './state.js';
import type { Env, Role, State } from './state.js';
import type { ReportSite } from './types.js';

export type ReportRole = Extract<Role, { kind: 'report' }>;

/** A call that names a role: `cb(err)`, `cb.call(this, err)`, `cb.apply(this, [err])`, `cb.apply(null, arguments)`. */
export interface RoleCall {
  readonly role: Role;
  readonly name: ts.Identifier;
  readonly args: readonly ts.Expression[] | 'arguments';
}

export function roleCall(node: ts.Node, env: Env, state: State): RoleCall | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const callee = bare(node.expression);
  const direct = roleOf(callee, env, state);
  if (direct) return { role: direct, name: callee as ts.Identifier, args: node.arguments };
  if (!ts.isPropertyAccessExpression(callee)) return undefined;
  const name = bare(callee.expression);
  const role = roleOf(name, env, state);
  if (!role) return undefined;
  const [self, list] = node.arguments;
  const kind = memberName(callee);
  if (self && !isPure(self)) return undefined;
  if (kind === 'call') return { role, name: name as ts.Identifier, args: node.arguments.slice(1) };
  if (kind !== 'apply' || !list) return undefined;
  if (ts.isArrayLiteralExpression(list)) return { role, name: name as ts.Identifier, args: list.elements };
  if (ts.isIdentifier(list) && list.text === 'arguments')
    return { role, name: name as ts.Identifier, args: 'arguments' };
  return undefined;
}

/** The exits that a report is. `cb(err, v)` where `err` may or may not be set becomes a branch. */
export function readReport(
  role: ReportRole,
  args: readonly ts.Expression[],
  at: ts.Node,
  env: Env,
  state: State,
): Step[] {
  const spread = args.find(ts.isSpreadElement);
  if (spread && (spread === args[0] || role.shape !== 'errorFirst')) stop('several-results', spread);
  if (env.inTry) stop('called-more-than-once', at);
  if (role.shape === 'values') return succeed(role, role.single ? args.slice(0, 1) : args, at, env, state);
  const [first, ...values] = args;
  const error = first && withoutFlag(first, state);
  if (role.shape === 'error') return [fail(role, error, at, env, state)];
  if (!error) return succeed(role, [], at, env, state);
  return readErrorFirst(role, simplify(error, env.known, state.ctx.scopes), error, values, at, env, state);
}

/** `cb(failed = err)`, where `failed` only says that something was reported, is `cb(err)`. */
function withoutFlag(node: ts.Expression, state: State): ts.Expression {
  const inner = bare(node);
  if (!ts.isBinaryExpression(inner) || inner.operatorToken.kind !== ts.SyntaxKind.EqualsToken) return node;
  const symbol = ts.isIdentifier(inner.left) ? state.ctx.scopes.symbolOf(inner.left) : undefined;
  return symbol && state.flags.has(symbol) ? inner.right : node;
}

function readErrorFirst(
  role: ReportRole,
  error: Simple,
  node: ts.Expression,
  values: readonly ts.Expression[],
  at: ts.Node,
  env: Env,
  state: State,
): Step[] {
  const truth = truthOf(error, env.known, state.ctx.scopes);
  if (truth === false) return succeed(role, values, at, env, state, 'null');
  if (truth === true) return failWith(role, error, node, values, at, env, state);
  // `err || err2`, where one of them is nothing.
  if (error.kind === 'join' && error.op === '||' && truthOf(error.right, env.known, state.ctx.scopes) === false)
    return readErrorFirst(role, error.left, node, values, at, env, state);
  const bareNode = error.kind === 'node' ? bare(error.node) : undefined;
  if (bareNode && ts.isConditionalExpression(bareNode)) return readChoice(role, bareNode, values, at, env, state);
  const stripped = bareNode && withoutDefault(bareNode, env, state);
  if (stripped) return readErrorFirst(role, { kind: 'node', node: stripped }, node, values, at, env, state);
  return readMaybe(role, error, node, values, at, env, state);
}

/** `cb(code ? new Error('x') : null, v)` */
function readChoice(
  role: ReportRole,
  node: ts.ConditionalExpression,
  values: readonly ts.Expression[],
  at: ts.Node,
  env: Env,
  state: State,
): Step[] {
  const arm = (of: ts.Expression): Block => ({
    steps: readErrorFirst(role, simplify(of, env.known, state.ctx.scopes), of, values, at, env, state),
    tail: [],
  });
  const test = plainSnippet(node.condition, env, state);
  const [then, other] = [arm(node.whenTrue), arm(node.whenFalse)];
  return [{ kind: 'branch', test, then, lead: [], at: rangeOf(at) }, ...other.steps];
}

/** `err || null` is `err`. */
function withoutDefault(node: ts.Node, env: Env, state: State): ts.Expression | undefined {
  if (!ts.isBinaryExpression(node)) return undefined;
  const op = node.operatorToken.kind;
  if (op !== ts.SyntaxKind.BarBarToken && op !== ts.SyntaxKind.QuestionQuestionToken) return undefined;
  const right = simplify(node.right, env.known, state.ctx.scopes);
  return truthOf(right, env.known, state.ctx.scopes) === false ? node.left : undefined;
}

/** An error that may be there: tested where it stands. */
function readMaybe(
  role: ReportRole,
  error: Simple,
  node: ts.Expression,
  values: readonly ts.Expression[],
  at: ts.Node,
  env: Env,
  state: State,
): Step[] {
  const printed = simpleText(error, node, env, state);
  const paired = pairOf(error, env, state);
  for (const value of values) {
    if (!isHarmless(value)) stop('expression-order', value);
    if (!isEmptyValue(value, state.ctx.scopes) && !onlyNames(value, paired, state))
      stop('partial-result-with-error', at);
  }
  const range = rangeOf(at);
  const pure = nodesOf(error).every(isPure) && error.kind === 'node';
  const after = succeed(role, values, at, env, state, 'null');
  if (pure) {
    noteFailure(role, env, state);
    const exit: Step = { kind: 'exit', how: 'fail', with: printed, lead: [], at: range };
    return [{ kind: 'branch', test: printed, then: { steps: [exit], tail: [] }, lead: [], at: range }, ...after];
  }
  noteFailure(role, env, state);
  const name = state.snippets.invent('error');
  const kept = state.snippets.compose([name], range);
  const declare = state.snippets.compose(['const ', name, ' = ', printed], range, 'no');
  const exit: Step = { kind: 'exit', how: 'fail', with: kept, lead: [], at: range };
  return [
    {
      kind: 'code',
      made: true,
      code: { ...declare, declares: [{ binding: name, how: 'lexical' }] },
      lead: [],
      at: range,
    },
    { kind: 'branch', test: kept, then: { steps: [exit], tail: [] }, lead: [], at: range },
    ...after,
  ];
}

/** The results that are absent when the kept error is set: giving both is giving one. */
function pairOf(error: Simple, env: Env, state: State): ReadonlySet<ts.Symbol> {
  const node = error.kind === 'node' ? bare(error.node) : undefined;
  const symbol = node && ts.isIdentifier(node) ? state.ctx.scopes.symbolOf(node) : undefined;
  return (symbol && env.paired.get(symbol)) ?? new Set();
}

function onlyNames(value: ts.Expression, allowed: ReadonlySet<ts.Symbol>, state: State): boolean {
  let node = bare(value) as ts.Expression;
  while (ts.isPropertyAccessExpression(node)) node = bare(node.expression) as ts.Expression;
  const symbol = ts.isIdentifier(node) ? state.ctx.scopes.symbolOf(node) : undefined;
  return !!symbol && allowed.has(symbol);
}

function failWith(
  role: ReportRole,
  error: Simple,
  node: ts.Expression,
  values: readonly ts.Expression[],
  at: ts.Node,
  env: Env,
  state: State,
): Step[] {
  for (const value of values) {
    const simple = simplify(value, env.known, state.ctx.scopes);
    // `cb(err, !err)` gives `false` beside the error; `v && v.id` gives nothing.
    if (simple.kind === 'truth' && isNot(value)) stop('partial-result-with-error', at);
    const absent =
      simple.kind !== 'node' || dependsOnAbsent(simple.node, env, state) || isEmptyValue(simple.node, state.ctx.scopes);
    if (!absent || !nodesOf(simple).every(isHarmless)) stop('partial-result-with-error', at);
  }
  noteFailure(role, env, state);
  recordReport(role.target, 'fail', state);
  return [{ kind: 'exit', how: 'fail', with: simpleText(error, node, env, state), lead: [], at: rangeOf(at) }];
}

function isNot(value: ts.Expression): boolean {
  const node = bare(value);
  return ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken;
}

/** `v`, `v.name`, `v && v.id` where `v` is the result of the call that failed. */
function dependsOnAbsent(value: ts.Expression, env: Env, state: State): boolean {
  let node = bare(value) as ts.Expression;
  while (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node))
    node = bare(node.expression) as ts.Expression;
  return assumedOf(node, env.known, state.ctx.scopes) === 'absent' && !isRest(node, state);
}

/** `(err, ...results)`: an empty list is there where nothing else is. */
function isRest(name: ts.Node, state: State): boolean {
  const declaration = ts.isIdentifier(name) ? state.ctx.scopes.symbolOf(name)?.declarations?.[0] : undefined;
  return !!declaration && ts.isParameter(declaration) && !!declaration.dotDotDotToken;
}

function fail(role: ReportRole, error: ts.Expression | undefined, at: ts.Node, env: Env, state: State): Step {
  noteFailure(role, env, state);
  recordReport(role.target, 'fail', state);
  const value = error
    ? simpleText(simplify(error, env.known, state.ctx.scopes), error, env, state)
    : state.snippets.compose(['undefined'], rangeOf(at), 'no');
  return { kind: 'exit', how: 'fail', with: value, lead: [], at: rangeOf(at) };
}

/** A failure for an outer target passes through the blocks inside it: none of them may handle it. */
export function noteFailure(role: ReportRole, env: Env, state: State): void {
  for (const inner of env.targets.slice(env.targets.indexOf(role.target) + 1)) state.foreign.add(inner);
}

function succeed(
  role: ReportRole,
  values: readonly ts.Expression[],
  at: ts.Node,
  env: Env,
  state: State,
  bare: 'nothing' | 'null' = 'nothing',
): Step[] {
  if (role.failOnly) stop('called-more-than-once', at);
  const promised = values.find((value) => isPromise(value, state));
  if (promised && role.shape === 'errorFirst') stop('promise-as-value', promised);
  const several = values.length > 1 || values.some(ts.isSpreadElement);
  const kind = values.length === 0 ? bare : several ? 'list' : 'value';
  recordReport(role.target, kind, state);
  const given = valueOf(values, at, env, state);
  const exit: Exit = { kind: 'exit', how: 'succeed', of: role.target, ...(given && { with: given }) };
  return [{ ...exit, lead: [], at: rangeOf(at) }];
}

/** Handed on as it is, where an async function would wait for it. */
function isPromise(value: ts.Expression, state: State): boolean {
  const node = bare(value);
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return false;
  const kind = kindOf(node, state.ctx.scopes);
  return kind === 'chain' || kind === 'promise';
}

function valueOf(values: readonly ts.Expression[], at: ts.Node, env: Env, state: State): Snippet | undefined {
  const [only, more] = values;
  if (!only) return undefined;
  if (!more && !ts.isSpreadElement(only)) {
    const isUndefined = isEmptyValue(only, state.ctx.scopes) && only.getText() === 'undefined';
    return isUndefined ? undefined : plainSnippet(only, env, state);
  }
  const parts = values.flatMap((value, index): (string | Snippet)[] => {
    const comma = index === 0 ? [] : [', '];
    if (!ts.isSpreadElement(value)) return [...comma, plainSnippet(value, env, state)];
    return [...comma, '...', plainSnippet(value.expression, env, state)];
  });
  return state.snippets.compose(['[', ...parts, ']'], rangeOf(at), 'no');
}

export function recordReport(target: Target, kind: ReportSite['kind'], state: State): void {
  const kinds = state.reports.get(target);
  if (kinds) kinds.push(kind);
  else state.reports.set(target, [kind]);
}

/** An expression without roles, with what is known worked out. */
export function plainSnippet(expression: ts.Expression, env: Env, state: State): Snippet {
  return simpleText(simplify(expression, env.known, state.ctx.scopes), expression, env, state);
}

/** Refuses what would name something that is not there any more: the callback, the error of a call that did not fail. */
export function simpleText(simple: Simple, at: ts.Expression, env: Env, state: State): Snippet {
  for (const node of nodesOf(simple)) checkNames(node, env, state);
  return simpleSnippet(simple, at, state.snippets);
}

export function checkNames(node: ts.Node, env: Env, state: State): void {
  const { scopes } = state.ctx;
  const visit = (child: ts.Node): void => {
    if (ts.isIdentifier(child)) {
      const symbol = scopes.symbolOf(child);
      if (!symbol) return;
      if (env.roles.has(symbol)) stop(closedCode(env.roles.get(symbol)!), child);
      const assumed = env.known.get(symbol);
      if (assumed === 'noError') stop('error-not-checked', child);
      if (assumed === 'absent') stop('partial-result-with-error', child);
      return;
    }
    ts.forEachChild(child, visit);
  };
  visit(node);
}

function closedCode(role: Role): string {
  return role.kind === 'closed' ? role.code : 'reference-use';
}
