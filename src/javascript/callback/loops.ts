import type { Block, Snippet, Step } from '../../flow/model.js';
import { bare } from '../calls/origin.js';
import { countHead, whileHead } from '../loop-form.js';
import type { LoopHead } from '../loop-form.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { bodyOf, checkContinuation } from './answer.js';
import { negated, simplify, truthOf } from './assume.js';
import { nameOnly } from './await.js';
import { isErrorFirst, usesOf } from './locals.js';
import { isNamed, isOneMore, listOf, planLoop } from './loop-plan.js';
import type { Plan } from './loop-plan.js';
import { checkCaptured } from './loop-variables.js';
import { checkNames, noteFailure, plainSnippet, readReport, simpleText } from './report.js';
import type { ReportRole } from './report.js';
import { ended } from './silent.js';
import { readList } from './statements.js';
import { mentions, roleOf, withKnown, withRoles } from './state.js';
import type { Env, LocalFunction, State, Turn } from './state.js';

/**
 * A function that calls itself for its next step is a loop:
 *
 *   (function next(i) { if (i >= n) return cb(null, out); g(l[i], (e, v) => { …; next(i + 1); }); })(0)
 *   for (let i = 0; i < n; i++) { wait v = g(l[i]); … }  exit out
 */
export function readLoop(
  fn: LocalFunction,
  args: readonly ts.Expression[],
  call: ts.Node,
  env: Env,
  state: State,
): Step[] {
  const { node } = fn;
  const outside = usesOf(fn, state).filter((use) => use.pos < node.pos || use.end > node.end);
  if (outside.length > 1) stop('reference-use', outside[1]!);
  state.turning.add(node);
  checkContinuation(node, state);
  const errorFirst = isErrorFirst(fn, state) && !givesError(args[0], env, state);
  const params = errorFirst ? node.parameters.slice(1) : node.parameters;
  for (const param of node.parameters)
    if (!ts.isIdentifier(param.name) || param.initializer || param.dotDotDotToken) stop('shared-loop-variable', param);
  const body = bodyOf(node);
  const failRole = errorFirst ? passedOn(node, body.statements, env, state) : undefined;
  if (failRole) noteFailure(failRole, env, state);
  const plan = planLoop(fn, params, body.statements.slice(failRole ? 1 : 0), env, state);
  const turn: Turn = { fn, errorFirst, ...(plan.counter && { counter: plan.counter }), ...(failRole && { failRole }) };
  const inner = turnEnv(fn, turn, env, state);
  const steps = starting(params, errorFirst ? args.slice(1) : args, plan, env, state);
  const first = plan.body[0];
  const from = first ? body.statements.indexOf(first) : -1;
  const read: Block = !first
    ? { steps: [], tail: [] }
    : from >= 0
      ? readList(body.statements, body.range, inner, state, from)
      : readList(plan.body, { start: first.pos, end: plan.body.at(-1)!.end }, inner, state);
  const closed: Block = { ...read, steps: ended(read.steps, plan.body.at(-1) ?? node, inner, state) };
  checkCaptured(fn, params, plan, state);
  const head = headOf(plan, params, args, env, state);
  steps.push({ kind: 'loop', ...head, body: withoutLastContinue(closed), lead: [], at: rangeOf(call) });
  if (plan.after) steps.push(...readAfter(plan.after, inner, env, state));
  return steps;
}

function givesError(arg: ts.Expression | undefined, env: Env, state: State): boolean {
  return !!arg && truthOf(simplify(arg, env.known, state.ctx.scopes), env.known, state.ctx.scopes) !== false;
}

/** `if (err) return cb(err);` at the top of the turn: whom it reports to. */
function passedOn(
  node: LocalFunction['node'],
  statements: readonly ts.Statement[],
  env: Env,
  state: State,
): ReportRole {
  const error = state.ctx.scopes.symbolOf(node.parameters[0]!.name as ts.Identifier)!;
  const [first] = statements;
  const call = first && ts.isIfStatement(first) && !first.elseStatement ? onlyCall(first.thenStatement) : undefined;
  const role = call && roleOf(bare(call.expression), env, state);
  const passes = call && call.arguments.length === 1 && isNamed(call.arguments[0]!, error, state);
  const tested = first && ts.isIfStatement(first) && isNamed(first.expression, error, state);
  if (!passes || !tested || role?.kind !== 'report') return stop('error-not-checked', node);
  if (statements.slice(1).some((each) => mentions(each, error, state)))
    stop('shared-loop-variable', node.parameters[0]!);
  return role;
}

/** `return cb(err)`, `{ return cb(err); }`, `{ cb(err); return; }` */
function onlyCall(statement: ts.Statement): ts.CallExpression | undefined {
  if (ts.isReturnStatement(statement)) return statement.expression && asCall(statement.expression);
  if (!ts.isBlock(statement)) return undefined;
  const [first, second, more] = statement.statements;
  if (!first || more || (second && (!ts.isReturnStatement(second) || second.expression))) return undefined;
  if (ts.isExpressionStatement(first)) return second && asCall(first.expression);
  return second ? undefined : onlyCall(first);
}

function asCall(node: ts.Expression): ts.CallExpression | undefined {
  const inner = bare(ts.isVoidExpression(node) ? node.expression : node);
  return ts.isCallExpression(inner) ? inner : undefined;
}

function turnEnv(fn: LocalFunction, turn: Turn, env: Env, state: State): Env {
  const inner = {
    ...withRoles(env, [[fn.symbol, { kind: 'turn', turn }]]),
    sync: false,
    followed: undefined,
    inTry: undefined,
    caught: undefined,
  };
  if (!turn.errorFirst) return inner;
  const error = state.ctx.scopes.symbolOf(fn.node.parameters[0]!.name as ts.Identifier)!;
  return withKnown(inner, [[error, 'noError']]);
}

/** The parameters of the first turn. */
function starting(
  params: readonly ts.ParameterDeclaration[],
  args: readonly ts.Expression[],
  plan: Plan,
  env: Env,
  state: State,
): Step[] {
  const steps: Step[] = [];
  params.forEach((param, index) => {
    const argument = args[index];
    if (plan.counter) {
      if (!argument) stop('shared-loop-variable', param);
      return;
    }
    const name = nameOnly(param.name as ts.Identifier, state);
    const value = argument ? [' = ', plainSnippet(argument, env, state)] : [];
    const code = state.snippets.compose(['let ', name, ...value], rangeOf(argument ?? param), 'no');
    steps.push({ kind: 'code', made: true, code, lead: [], at: rangeOf(argument ?? param) });
  });
  for (const extra of args.slice(params.length)) checkNames(extra, env, state);
  return steps;
}

function headOf(
  plan: Plan,
  params: readonly ts.ParameterDeclaration[],
  args: readonly ts.Expression[],
  env: Env,
  state: State,
): LoopHead {
  const { snippets } = state;
  const at = rangeOf(plan.test ?? params[0] ?? state.entry);
  if (!plan.test) return whileHead(undefined, at, snippets);
  const test = plan.whileTrue ? plainSnippet(plan.test, env, state) : opposite(plan.test, plan, state);
  if (!plan.counter) return whileHead(test, at, snippets);
  const name = nameOnly(params[0]!.name as ts.Identifier, state);
  const start = plainSnippet(args.at(-1)!, env, state);
  const binding = snippets.bindingOf(params[0]!.name as ts.Identifier)!;
  return countHead({ name, binding, start, test }, at, snippets);
}

const numeric = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.GreaterThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '>'],
  [ts.SyntaxKind.LessThanToken, '>='],
]);

/** The opposite of the test that ends the loop; a counter is a number, so that `i >= n` has `i < n`. */
function opposite(test: ts.Expression, plan: Plan, state: State): Snippet {
  const node = bare(test);
  const sign = plan.counter && ts.isBinaryExpression(node) ? numeric.get(node.operatorToken.kind) : undefined;
  if (!sign || !ts.isBinaryExpression(node)) return negated(test, state.snippets);
  const { snippets } = state;
  const parts = [snippets.expression(node.left), ` ${sign} `, snippets.expression(node.right)];
  return { ...snippets.compose(parts, rangeOf(node), 'no'), loose: true, opposite: snippets.expression(node).parts };
}

function readAfter(after: ts.Statement, inner: Env, env: Env, state: State): Step[] {
  const known = { ...env, known: inner.known, sync: false, followed: undefined };
  const block = readList(
    listOf(after),
    ts.isBlock(after) ? { start: after.getStart() + 1, end: after.end - 1 } : rangeOf(after),
    known,
    state,
  );
  return ended(block.steps, after, known, state);
}

/** `next(i + 1)` */
export function readTurn(turn: Turn, args: readonly ts.Expression[], call: ts.Node, env: Env, state: State): Step[] {
  const at = rangeOf(call);
  const goOn: Step = { kind: 'exit', how: 'continue', lead: [], at };
  if (env.inTry) stop('called-more-than-once', call);
  if (turn.counter) return [goOn];
  const { parameters } = turn.fn.node;
  const own = turn.errorFirst ? parameters.slice(1) : parameters;
  const given = turn.errorFirst ? args.slice(1) : args;
  const failed = turn.errorFirst && args[0] ? failing(turn, args[0], call, env, state) : { steps: [], ended: false };
  if (failed.ended) return failed.steps;
  return [...failed.steps, ...assigned(own, given, call, env, state), goOn];
}

function failing(
  turn: Turn,
  error: ts.Expression,
  call: ts.Node,
  env: Env,
  state: State,
): { steps: Step[]; ended: boolean } {
  const truth = truthOf(simplify(error, env.known, state.ctx.scopes), env.known, state.ctx.scopes);
  if (truth === false) return { steps: [], ended: false };
  const role = turn.failRole!;
  if (truth === true) return { steps: readReport(role, [error], call, env, state), ended: true };
  const printed = simpleText(simplify(error, env.known, state.ctx.scopes), error, env, state);
  if (!ts.isIdentifier(bare(error))) stop('error-not-checked', error);
  noteFailure(role, env, state);
  const exit: Step = { kind: 'exit', how: 'fail', with: printed, lead: [], at: rangeOf(call) };
  return {
    steps: [{ kind: 'branch', test: printed, then: { steps: [exit], tail: [] }, lead: [], at: rangeOf(call) }],
    ended: false,
  };
}

function assigned(
  params: readonly ts.ParameterDeclaration[],
  args: readonly ts.Expression[],
  call: ts.Node,
  env: Env,
  state: State,
): Step[] {
  const steps: Step[] = [];
  const done: ts.Symbol[] = [];
  params.forEach((param, index) => {
    const symbol = state.ctx.scopes.symbolOf(param.name as ts.Identifier)!;
    const argument = args[index];
    if (!argument && state.ctx.scopes.references(symbol).length < 2) return;
    if (!argument || done.some((each) => mentions(argument, each, state)))
      stop('shared-loop-variable', argument ?? call);
    if (isNamed(argument, symbol, state)) return;
    done.push(symbol);
    const binding = state.snippets.bindingOf(param.name as ts.Identifier)!;
    const code = isOneMore(argument, symbol, state)
      ? state.snippets.compose([binding, '++'], rangeOf(argument), 'no')
      : state.snippets.compose([binding, ' = ', plainSnippet(argument, env, state)], rangeOf(argument), 'no');
    steps.push({ kind: 'code', made: true, code, lead: [], at: rangeOf(argument) });
  });
  return steps;
}

/** The end of the body goes to the next turn by itself. */
export function withoutLastContinue(block: Block): Block {
  const last = block.steps.at(-1);
  if (!last) return block;
  const before = block.steps.slice(0, -1);
  if (last.kind === 'exit' && last.how === 'continue' && !last.label) {
    const comments = [...last.lead, ...(last.trail ?? [])].filter((each) => each !== '');
    return withoutLastContinue({ steps: before, tail: [...comments, ...block.tail] });
  }
  if (last.kind !== 'branch') return block;
  const then = withoutLastContinue(last.then);
  const other = last.else && withoutLastContinue(last.else);
  if (!then.steps.length && !then.tail.length) return block;
  return { ...block, steps: [...before, { ...last, then, ...(other && { else: other }) }] };
}
