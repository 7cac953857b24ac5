import type { Block, Step } from '../../flow/model.js';
import { bare, memberName } from '../calls/origin.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { bodyOf, checkContinuation, readAnswer } from './answer.js';
import { negated, settledBy, simplify, truthOf } from './assume.js';
import type { Assumed } from './assume.js';
import { readAsyncLibrary } from './async-library.js';
import { awaitedCall, awaitingOf, isUsed, nameOnly } from './await.js';
import type { Known } from './await.js';
import { isErrorFirst } from './locals.js';
import { readLoop, readTurn } from './loops.js';
import { readStepCall } from './steps.js';
import { readThen } from './then.js';
import { putOff, sleep, timerOf } from './timers.js';
import { checkNames, noteFailure, plainSnippet, readReport, recordReport, roleCall, simpleText } from './report.js';
import type { ReportRole } from './report.js';
import { continuationOf } from './bound.js';
import { boundCall, isFunction, isPure } from './shape.js';
import { ended, silentEnd } from './silent.js';
import { readList } from './statements.js';
import { mention, roleOf, withKnown } from './state.js';
import type { Env, LocalFunction, State } from './state.js';
import type { FunctionNode, Gives } from './types.js';

/** Where an expression in tail position stands. */
export interface Tail {
  /** `return cb(err)`: nothing behind it runs. */
  readonly returned: boolean;
  readonly at: ts.Node;
}

/** An expression that is the last thing done: a report, a wait, a choice of these, or plain code. */
export function readTail(expression: ts.Expression, tail: Tail, env: Env, state: State): Step[] {
  const node = bare(expression) as ts.Expression;
  if (!mention(node, env, state)) {
    const end = tail.returned ? [silentEnd(tail.at, env, state)] : [];
    return tail.returned && isPure(node) ? end : [plainStep(node, tail.at, env, state), ...end];
  }
  if (ts.isVoidExpression(node)) return readTail(node.expression, tail, env, state);
  if (ts.isConditionalExpression(node)) return readChoice(node, tail, env, state);
  if (ts.isBinaryExpression(node)) return readBinary(node, tail, env, state);
  if (ts.isCallExpression(node)) {
    if (!tail.returned && env.followed) checkFollowed(env.followed, env, state);
    return readCall(node, tail, env, state);
  }
  return stop('reference-use', mention(node, env, state) ?? node);
}

export function plainStep(node: ts.Expression, at: ts.Node, env: Env, state: State): Step {
  checkNames(node, env, state);
  const whole = ts.isExpressionStatement(at) && bare(at.expression) === node;
  if (whole) return { kind: 'code', code: state.snippets.statement(at), lead: [], at: rangeOf(at) };
  return { kind: 'code', made: true, code: state.snippets.expression(node), lead: [], at: rangeOf(node) };
}

/** Something runs behind a report or a wait: a second report, or code that would run later. */
function checkFollowed(followed: ts.Node, env: Env, state: State): void {
  const again = mention(followed, env, state);
  if (again) stop('called-more-than-once', ts.isIterationStatement(followed, false) ? again : followed);
  stop('code-after-call', followed);
}

function readChoice(node: ts.ConditionalExpression, tail: Tail, env: Env, state: State): Step[] {
  const test = simplify(node.condition, env.known, state.ctx.scopes);
  const truth = settledBy(test, env.known, state.ctx.scopes);
  const arm = (of: ts.Expression) => readTail(of, tail, env, state);
  if (truth !== undefined) return arm(truth ? node.whenTrue : node.whenFalse);
  const [then, other] = [arm(node.whenTrue), arm(node.whenFalse)];
  return [branch(simpleText(test, node.condition, env, state), then, other, node)];
}

/** `cb && cb(err)`, `if`-like `&&`, and the comma of minified code. */
function readBinary(node: ts.BinaryExpression, tail: Tail, env: Env, state: State): Step[] {
  const op = node.operatorToken.kind;
  if (op === ts.SyntaxKind.CommaToken)
    return [
      ...readTail(node.left, { ...tail, returned: false }, { ...env, followed: undefined }, state),
      ...readTail(node.right, tail, env, state),
    ];
  if (op !== ts.SyntaxKind.AmpersandAmpersandToken && op !== ts.SyntaxKind.BarBarToken)
    return stop(
      op === ts.SyntaxKind.EqualsToken ? 'returns-value' : 'reference-use',
      mention(node, env, state) ?? node,
    );
  const and = op === ts.SyntaxKind.AmpersandAmpersandToken;
  const test = simplify(node.left, env.known, state.ctx.scopes);
  const truth = settledBy(test, env.known, state.ctx.scopes);
  if (truth !== undefined) {
    if (truth === and) return readTail(node.right, tail, env, state);
    return tail.returned ? [silentEnd(node, env, state)] : [];
  }
  const end = tail.returned ? [silentEnd(node, env, state)] : [];
  const then = readTail(node.right, tail, env, state);
  const printed = and
    ? simpleText(test, node.left, env, state)
    : (checkNames(node.left, env, state), negated(node.left, state.snippets));
  return [branch(printed, then, undefined, node), ...end];
}

function branch(
  test: Extract<Step, { kind: 'branch' }>['test'],
  then: Step[],
  other: Step[] | undefined,
  node: ts.Node,
): Step {
  const block = (steps: Step[]): Block => ({ steps, tail: [] });
  return { kind: 'branch', test, then: block(then), ...(other && { else: block(other) }), lead: [], at: rangeOf(node) };
}

function readCall(call: ts.CallExpression, tail: Tail, env: Env, state: State): Step[] {
  const named = roleCall(call, env, state);
  if (named) return readRoleCall(named, call, env, state);
  const callee = bare(call.expression);
  if (isFunction(callee)) return readInPlace(call, callee, env, state);
  const later = readLater(call, env, state);
  if (later) return later;
  const library = readAsyncLibrary(call, env, state);
  if (library) return library;
  return readThen(call, tail.returned, env, state) ?? readWait(call, env, state);
}

function readRoleCall(
  named: NonNullable<ReturnType<typeof roleCall>>,
  call: ts.CallExpression,
  env: Env,
  state: State,
): Step[] {
  const { role, args } = named;
  if (args === 'arguments') return stop('arity-observed', call);
  for (const argument of args) {
    const again = mention(argument, env, state);
    if (again) stop(isFunction(bare(argument)) ? 'called-more-than-once' : 'reference-use', again);
  }
  switch (role.kind) {
    case 'report':
      return readReport(role, args, call, env, state);
    case 'inline':
      return readWithArguments(role.fn, args, env, state);
    case 'loop':
      return readLoop(role.fn, args, call, env, state);
    case 'turn':
      return readTurn(role.turn, args, call, env, state);
    case 'step':
      return readStepCall(role, named.name, args, call, env, state);
    case 'shared':
      return stop('reference-use', call);
    case 'closed':
      return stop(role.code, call);
  }
}

/** A local function called in place: its parameters become constants. */
export function readWithArguments(
  fn: Pick<LocalFunction, 'node'>,
  args: readonly ts.Expression[],
  env: Env,
  state: State,
): Step[] {
  const { node } = fn;
  checkContinuation(node, state);
  const { scopes } = state.ctx;
  const known: [ts.Symbol, Assumed][] = [];
  const steps: Step[] = [];
  node.parameters.forEach((param, index) => {
    if (!ts.isIdentifier(param.name) || param.initializer || param.dotDotDotToken) stop('reference-use', param);
    const symbol = scopes.symbolOf(param.name)!;
    const argument = args[index];
    const written = scopes.references(symbol).some((use) => scopes.isWritten(use));
    if (scopes.references(symbol).length < 2 && (!argument || isPure(argument))) return;
    const simple = argument && simplify(argument, env.known, scopes);
    const truth = simple ? truthOf(simple, env.known, scopes) : false;
    if (truth === false && !written) return void known.push([symbol, 'noError']);
    if (truth === true) known.push([symbol, 'error']);
    const value = argument
      ? plainSnippet(argument, env, state)
      : state.snippets.compose(['undefined'], rangeOf(param), 'no');
    const name = nameOnly(param.name, state);
    if (!written && argument && standsFor(argument, node, state)) {
      state.substitutes.set(name.declares[0]!.binding, value);
      return;
    }
    const code = state.snippets.compose(
      [written ? 'let ' : 'const ', name, ' = ', value],
      rangeOf(argument ?? param),
      'no',
    );
    steps.push({ kind: 'code', made: true, code, lead: [], at: rangeOf(argument ?? param) });
  });
  for (const extra of args.slice(node.parameters.length)) if (!isPure(extra)) stop('expression-order', extra);
  const body = bodyOf(node);
  const inner = { ...withKnown(env, known), followed: undefined };
  const block = readList(body.statements, body.range, inner, state);
  return [...steps, ...ended(block.steps, body.statements.at(-1) ?? node, inner, state)];
}

/** The argument can stand where the parameter stood: it never changes, or the body is over at once. */
function standsFor(argument: ts.Expression, fn: FunctionNode, state: State): boolean {
  const node = bare(argument);
  if (!isPure(argument) || isFunction(node)) return false;
  const symbol = ts.isIdentifier(node) ? state.ctx.scopes.symbolOf(node) : undefined;
  const fixed = !symbol || !state.ctx.scopes.references(symbol).some((use) => state.ctx.scopes.isWritten(use));
  return fixed || !ts.isBlock(fn.body!) || fn.body.statements.length === 1;
}

/** `(function next(i) { … })(0)` */
function readInPlace(
  call: ts.CallExpression,
  fn: ts.FunctionExpression | ts.ArrowFunction,
  env: Env,
  state: State,
): Step[] {
  for (const argument of call.arguments) {
    const again = mention(argument, env, state);
    if (again) stop('reference-use', again);
  }
  const name = ts.isFunctionExpression(fn) ? fn.name : undefined;
  const symbol = name && state.ctx.scopes.symbolOf(name);
  const recursive = symbol && state.ctx.scopes.references(symbol).length > 1;
  if (recursive) return readLoop({ symbol, node: fn }, call.arguments, call, env, state);
  return readWithArguments({ node: fn }, call.arguments, env, state);
}

/** `process.nextTick(cb, null, v)`, `setImmediate(() => cb())`, `setTimeout(cb, 10)`: an answer that is only put off. */
function readLater(call: ts.CallExpression, env: Env, state: State): Step[] | undefined {
  const timer = timerOf(call, state);
  if (!timer) return undefined;
  const [first, ...rest] = call.arguments;
  if (!first) return undefined;
  const given = timer === 'setTimeout' ? rest.slice(1) : rest;
  const wait = timer === 'setTimeout' ? [sleep(call, rest[0], env, state)] : [];
  const role = roleOf(bare(first), env, state);
  if (role) {
    const made = readRoleCall(
      { role, name: bare(first) as ts.Identifier, args: given },
      call,
      { ...env, inTry: undefined },
      state,
    );
    return [...wait, ...made];
  }
  const bound = boundCall(first);
  const boundRole = bound && !given.length ? roleOf(bound.name, env, state) : undefined;
  if (bound && boundRole) {
    const called = { role: boundRole, name: bound.name, args: bound.args };
    return [...wait, ...readRoleCall(called, call, { ...env, inTry: undefined }, state)];
  }
  const fn = bare(first);
  if (!isFunction(fn) || given.length) return undefined;
  checkContinuation(fn, state);
  const body = bodyOf(fn);
  const inner = { ...env, sync: false, followed: undefined, inTry: undefined };
  const block = readList(body.statements, body.range, inner, state);
  const steps = ended(block.steps, body.statements.at(-1) ?? fn, inner, state);
  const [only, more] = steps;
  // A mere answer is later anyway; code that was put off stays put off.
  const plain = only?.kind === 'exit' && !more;
  return [...(plain ? wait : timer === 'setTimeout' ? wait : [putOff(call, state)]), ...steps];
}

/** A call whose last argument is a continuation, or the callback itself. */
function readWait(call: ts.CallExpression, env: Env, state: State): Step[] {
  if (env.inTry) stop('sync-throw', env.inTry);
  const last = call.arguments.at(-1);
  const first = mention(call, env, state)!;
  if (!last || first.pos < last.pos) stop(whyNotLast(call, first), call);
  if (ts.isOptionalChain(call)) stop('path-without-callback', call);
  if (isEvent(call)) stop('many-events', call);
  if (keeps(call)) stop('reference-use', call, first.text);
  const continuation = continuationOf(last, state);
  const role = roleOf(continuation, env, state);
  if (role?.kind === 'report') return passThrough(call, role, env, state);
  if (role?.kind === 'inline') return answerOf(call, role.fn.node, env, state);
  if (role?.kind === 'turn') return readTurnAnswer(call, role.turn, env, state);
  if (role?.kind === 'loop') return intoLoop(call, role.fn, env, state);
  if (role?.kind === 'closed') stop(role.code, call);
  if (role) stop('reference-use', call);
  if (isFunction(continuation)) return answerOf(call, continuation, env, state);
  return stop(ts.isCallExpression(continuation) ? 'unknown-callee' : 'reference-use', continuation);
}

function answerOf(
  call: ts.CallExpression,
  fn: LocalFunction['node'] | ts.FunctionExpression | ts.ArrowFunction,
  env: Env,
  state: State,
): Step[] {
  if (iterates(call)) stop('called-more-than-once', call);
  const awaiting = allResults(awaitingOf(call, state), fn, state);
  const on = awaitedCall(call, awaiting, env, state);
  return readAnswer({ on, gives: awaiting, fn, at: call }, env, state);
}

/** A continuation that looks at more than one result of a callee that nobody has described gets all of them. */
function allResults(awaiting: Known, fn: FunctionNode, state: State): Known {
  if (awaiting.results !== 'unknown' || (awaiting.kind !== 'promisify' && awaiting.kind !== 'wrap')) return awaiting;
  const several = fn.parameters.some((param, at) => at > 0 && (at > 1 || param.dotDotDotToken) && isUsed(param, state));
  return several && !state.ctx.typescript
    ? { kind: 'wrap', results: 'list', errorFirst: awaiting.errorFirst, sync: awaiting.sync }
    : awaiting;
}

/** `list.forEach(function (x) { … cb … })`: called back many times, at once. */
function iterates(call: ts.CallExpression): boolean {
  return (
    /^(forEach|map|filter|some|every|reduce|each|find)$/.test(memberName(bare(call.expression)) ?? '') &&
    call.arguments.length === 1
  );
}

/** `waiting.push(cb)`, `seen.set(key, cb)`: called by someone, some time. `store.set(id, value, cb)` is told how it went. */
function keeps(call: ts.CallExpression): boolean {
  if (!/^(push|unshift|add|set|enqueue)$/.test(memberName(bare(call.expression)) ?? '')) return false;
  const given = call.arguments.length;
  const last = bare(call.arguments.at(-1)!);
  const error = isFunction(last) ? last.parameters[0]?.name.getText() : undefined;
  return given < 2 || (given === 2 && !/^(e|er|err|error)$/i.test(error ?? ''));
}

function isEvent(call: ts.CallExpression): boolean {
  const name = memberName(bare(call.expression));
  const [first] = call.arguments;
  return (
    /^(on|once|addListener|prependListener|addEventListener|subscribe)$/.test(name ?? '') &&
    call.arguments.length > 1 &&
    !!first &&
    !isFunction(bare(first))
  );
}

function whyNotLast(call: ts.CallExpression, first: ts.Identifier): string {
  const inCallee = first.end <= call.expression.end;
  if (!inCallee)
    return call.arguments.filter((each) => isFunction(bare(each))).length > 1 ? 'not-error-first' : 'reference-use';
  const name = memberName(bare(call.expression)) ?? '';
  if (/^(pipe|on|once|end)$/.test(name)) return /^(pipe|end)$/.test(name) ? 'stream' : 'many-events';
  return /^(then|catch|finally)$/.test(name) ? 'mixed-style' : 'reference-use';
}

/** `db.get(id, cb)`: what the callee reports is reported. */
function passThrough(call: ts.CallExpression, role: ReportRole, env: Env, state: State): Step[] {
  const awaiting = awaitingOf(call, state);
  const on = awaitedCall(call, awaiting, env, state);
  if (role.shape === 'error') stop('not-error-first', call);
  if (role.shape === 'values' && awaiting.errorFirst !== false) stop('error-not-checked', call);
  if (role.shape === 'errorFirst' && awaiting.errorFirst === false) stop('not-error-first', call);
  if (awaiting.fields) stop('several-results', call);
  noteFailure(role, env, state);
  recordReport(role.target, kindOf(awaiting), state);
  if (awaiting.kind === 'wrap' && awaiting.asList) state.listTails.add(call);
  if (role.failOnly) stop('called-more-than-once', call);
  return [{ kind: 'exit', how: 'succeed', of: role.target, with: on, lead: [], at: rangeOf(call) }];
}

function kindOf(gives: Gives): 'nothing' | 'null' | 'value' | 'list' {
  return gives.results === 'unknown' ? 'value' : gives.results;
}

/** `g(x, next)` where `next` calls itself: the answer begins the first turn. */
function intoLoop(call: ts.CallExpression, fn: LocalFunction, env: Env, state: State): Step[] {
  const awaiting = awaitingOf(call, state);
  const [error, ...results] = fn.node.parameters;
  if (awaiting.errorFirst === false || !error || !isErrorFirst(fn, state)) stop('error-not-checked', call);
  const used = results.find((param) => isUsed(param, state));
  if (used) stop('shared-loop-variable', used);
  const on = awaitedCall(call, awaiting, env, state);
  return [{ kind: 'wait', on, lead: [], at: rangeOf(call) }, ...readLoop(fn, [], call, env, state)];
}

/** `g(x, next)`: the answer begins the next turn. */
function readTurnAnswer(
  call: ts.CallExpression,
  turn: Extract<ReturnType<typeof roleOf>, { kind: 'turn' }>['turn'],
  env: Env,
  state: State,
): Step[] {
  const awaiting = awaitingOf(call, state);
  if (awaiting.errorFirst === false || !turn.errorFirst) stop('error-not-checked', call);
  const on = awaitedCall(call, awaiting, env, state);
  const rest = turn.fn.node.parameters.slice(1);
  if (
    rest.some(
      (param) => state.ctx.scopes.references(state.ctx.scopes.symbolOf(param.name as ts.Identifier)!).length > 1,
    )
  )
    stop('shared-loop-variable', rest[0]!);
  return [
    { kind: 'wait', on, lead: [], at: rangeOf(call) },
    { kind: 'exit', how: 'continue', lead: [], at: rangeOf(call) },
  ];
}
