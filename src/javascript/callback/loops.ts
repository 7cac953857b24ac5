import type { Block, Snippet, Step } from '../../flow/model.js';
import { leaves } from '../../flow/query.js';
import { bare, memberName } from '../calls/origin.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { bodyOf, checkContinuation } from './answer.js';
import { negated, simplify, truthOf } from './assume.js';
import { nameOnly } from './await.js';
import { isErrorFirst, usesOf } from './locals.js';
import { checkNames, noteFailure, plainSnippet, readReport, simpleText } from './report.js';
import type { ReportRole } from './report.js';
import { isFunction } from './shape.js';
import { readList } from './statements.js';
import { mention, mentions, roleOf, withKnown, withRoles } from './state.js';
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
  if (!leaves(read.steps)) stop('path-without-callback', plan.body.at(-1) ?? node);
  checkCaptured(fn, params, plan, state);
  const head = headOf(plan, params, args, env, state);
  steps.push({ kind: 'loop', head, body: withoutLastContinue(read), lead: [], at: rangeOf(call) });
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

function isNamed(node: ts.Expression, symbol: ts.Symbol, state: State): boolean {
  const inner = bare(node);
  return ts.isIdentifier(inner) && state.ctx.scopes.symbolOf(inner) === symbol;
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

interface Plan {
  /** The step variable of a `for` head. */
  readonly counter?: ts.Symbol;
  readonly test?: ts.Expression;
  /** The loop goes on while the test holds, or while it does not. */
  readonly whileTrue: boolean;
  readonly body: readonly ts.Statement[];
  /** What is done when the loop has ended. */
  readonly after?: ts.Statement;
}

/** `if (i >= n) return EXIT; REST` and `if (i < n) { REST } else { EXIT }` say when the loop ends. */
function planLoop(
  fn: LocalFunction,
  params: readonly ts.ParameterDeclaration[],
  statements: readonly ts.Statement[],
  env: Env,
  state: State,
): Plan {
  const [first, ...rest] = statements;
  const plain: Plan = { whileTrue: true, body: statements };
  if (
    !first ||
    !ts.isIfStatement(first) ||
    mention(first.expression, env, state) ||
    mentions(first.expression, fn.symbol, state)
  )
    return plain;
  const counter = counterOf(fn, params, state);
  const withCounter = counter && mentions(first.expression, counter, state) ? { counter } : {};
  const { thenStatement, elseStatement, expression: test } = first;
  if (!elseStatement && endsList(thenStatement) && !mentions(thenStatement, fn.symbol, state))
    return { ...withCounter, test, whileTrue: false, body: rest, after: thenStatement };
  if (!elseStatement || rest.length) return plain;
  if (mentions(thenStatement, fn.symbol, state) && !mentions(elseStatement, fn.symbol, state))
    return { ...withCounter, test, whileTrue: true, body: listOf(thenStatement), after: elseStatement };
  if (mentions(elseStatement, fn.symbol, state) && !mentions(thenStatement, fn.symbol, state))
    return { ...withCounter, test, whileTrue: false, body: listOf(elseStatement), after: thenStatement };
  return plain;
}

function listOf(statement: ts.Statement): readonly ts.Statement[] {
  return ts.isBlock(statement) ? statement.statements : [statement];
}

function endsList(statement: ts.Statement): boolean {
  const last = listOf(statement).at(-1);
  return !!last && (ts.isReturnStatement(last) || ts.isThrowStatement(last));
}

/** The one parameter, when every next turn is called with one more. */
function counterOf(fn: LocalFunction, params: readonly ts.ParameterDeclaration[], state: State): ts.Symbol | undefined {
  const [only, more] = params;
  const symbol = only && ts.isIdentifier(only.name) ? state.ctx.scopes.symbolOf(only.name) : undefined;
  if (!symbol || more) return undefined;
  const turns = usesOf(fn, state).filter((use) => use.pos >= fn.node.pos && use.end <= fn.node.end);
  const adds = turns.every((use) => {
    const call = use.parent;
    return (
      ts.isCallExpression(call) &&
      call.expression === use &&
      call.arguments.length === params.length &&
      isOneMore(call.arguments[0]!, symbol, state)
    );
  });
  const written = state.ctx.scopes.references(symbol).filter((use) => state.ctx.scopes.isWritten(use));
  return adds &&
    written.every((use) => ts.isPrefixUnaryExpression(use.parent) && ts.isCallExpression(use.parent.parent))
    ? symbol
    : undefined;
}

function isOneMore(node: ts.Expression, symbol: ts.Symbol, state: State): boolean {
  const inner = bare(node);
  if (ts.isPrefixUnaryExpression(inner))
    return inner.operator === ts.SyntaxKind.PlusPlusToken && isNamed(inner.operand, symbol, state);
  if (!ts.isBinaryExpression(inner) || inner.operatorToken.kind !== ts.SyntaxKind.PlusToken) return false;
  return isNamed(inner.left, symbol, state) && inner.right.getText() === '1';
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
): Snippet {
  const { snippets } = state;
  const at = rangeOf(plan.test ?? params[0] ?? state.entry);
  if (!plan.test) return { ...snippets.compose(['while (true)'], at, 'no'), endless: true };
  const test = plan.whileTrue ? plainSnippet(plan.test, env, state) : ended(plan.test, plan, state);
  if (!plan.counter) return snippets.compose(['while (', test, ')'], at, 'no');
  const name = nameOnly(params[0]!.name as ts.Identifier, state);
  const start = plainSnippet(args.at(-1)!, env, state);
  const binding = snippets.bindingOf(params[0]!.name as ts.Identifier)!;
  return snippets.compose(['for (let ', name, ' = ', start, '; ', test, '; ', binding, '++)'], at, 'no');
}

const numeric = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.GreaterThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '>'],
  [ts.SyntaxKind.LessThanToken, '>='],
]);

/** The opposite of the test that ends the loop; a counter is a number, so that `i >= n` has `i < n`. */
function ended(test: ts.Expression, plan: Plan, state: State): Snippet {
  const node = bare(test);
  const opposite = plan.counter && ts.isBinaryExpression(node) ? numeric.get(node.operatorToken.kind) : undefined;
  if (!opposite || !ts.isBinaryExpression(node)) return negated(test, state.snippets);
  const { snippets } = state;
  return snippets.compose(
    [snippets.expression(node.left), ` ${opposite} `, snippets.expression(node.right)],
    rangeOf(node),
    'no',
  );
}

function readAfter(after: ts.Statement, inner: Env, env: Env, state: State): Step[] {
  const known = { ...env, known: inner.known, sync: false, followed: undefined };
  const block = readList(
    listOf(after),
    ts.isBlock(after) ? { start: after.getStart() + 1, end: after.end - 1 } : rangeOf(after),
    known,
    state,
  );
  if (!leaves(block.steps)) stop('path-without-callback', after);
  return [...block.steps];
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

/** Each call had variables of its own; in the loop a `var` or an outer `let` is one for all turns. */
function checkCaptured(fn: LocalFunction, params: readonly ts.ParameterDeclaration[], plan: Plan, state: State): void {
  const shared = new Set<ts.Symbol>();
  const { scopes } = state.ctx;
  for (const param of params) {
    const symbol = scopes.symbolOf(param.name as ts.Identifier);
    if (symbol && symbol !== plan.counter) shared.add(symbol);
  }
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && isVar(node) && ts.isIdentifier(node.name) && isInlined(node, fn, state)) {
      if (!node.initializer && !ts.isForOfStatement(node.parent.parent) && !ts.isForInStatement(node.parent.parent))
        stop('shared-loop-variable', node, node.name.text);
      const symbol = scopes.symbolOf(node.name);
      if (symbol && isReadOutside(symbol, node, state)) stop('shared-loop-variable', node, node.name.text);
      if (symbol) shared.add(symbol);
    }
    ts.forEachChild(node, visit);
  };
  visit(fn.node.body);
  for (const symbol of shared)
    for (const use of scopes.references(symbol)) {
      const closure = closureOf(use, fn, state);
      if (closure) stop('shared-loop-variable', use, use.text);
    }
}

/** `if (x) { var y = 1; } use(y)`: without `x` each turn had an empty `y`, the loop has the last one. */
function isReadOutside(symbol: ts.Symbol, node: ts.VariableDeclaration, state: State): boolean {
  const block = ts.findAncestor(node, (each) => ts.isBlock(each) || ts.isCaseBlock(each) || ts.isFunctionLike(each));
  if (!block || ts.isFunctionLike(block) || ts.isFunctionLike(block.parent)) return false;
  return state.ctx.scopes.references(symbol).some((use) => use.pos < block.pos || use.end > block.end);
}

const isVar = (node: ts.VariableDeclaration): boolean => !(ts.getCombinedNodeFlags(node) & ts.NodeFlags.BlockScoped);

/** Its function is read in place: the variable becomes one of the loop. */
function isInlined(node: ts.Node, fn: LocalFunction, state: State): boolean {
  const owner = ts.findAncestor(node.parent, ts.isFunctionLike);
  return owner === fn.node || (!!owner && state.inlined.has(owner));
}

/** A function that stays one and may run when the loop has gone on. */
function closureOf(use: ts.Node, fn: LocalFunction, state: State): ts.Node | undefined {
  for (let node = use.parent; node && node !== fn.node; node = node.parent)
    if (ts.isFunctionLike(node) && !state.inlined.has(node) && !runsAtOnce(node)) return node;
  return undefined;
}

function runsAtOnce(node: ts.Node): boolean {
  const call = node.parent;
  if (!isFunction(node) || !ts.isCallExpression(call)) return false;
  return /^(forEach|map|filter|some|every|find|findIndex|reduce|sort|flatMap)$/.test(
    memberName(bare(call.expression)) ?? '',
  );
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
