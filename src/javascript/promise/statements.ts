import type { Bind, Binding, Lead, Snippet, Step, Target, Value } from '../../flow/model.js';
import type { Range } from '../../types.js';
import type { Made, Reading, Site } from '../body.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { attempt, stop } from '../stop.js';
import { readChain, readLinks, resolvedValue, rootTask } from './chain.js';
import { answer } from './answer.js';
import { directValue } from './direct.js';
import { commentsIn, inventedPattern, tentatively } from './env.js';
import type { Env, Unused } from './env.js';
import { isFixedValue, isUndefined } from './handler.js';
import { firstWait } from './hoist.js';
import { chainOf, newPromise, promiseStatic } from './links.js';
import { readCallbackExecutor } from './node-callback.js';
import { isReduceSequence } from './reduce.js';
import { declaredJustBefore, onlyBreaksAChain } from './variable.js';
import { readExecutor } from './wrappers.js';

/** Where a value leaves: which flow it ends, and how. */
export interface Leaving {
  readonly target: Target;
  readonly lead: readonly Lead[];
  readonly trail?: readonly Range[];
  readonly at: Range;
  readonly tries: number;
  /** Nobody looks at the value. */
  readonly unused: Unused;
}

/** How the statements of a handler or function are read: what leaves it, and the awaited chains on the way. */
export function readingFor(target: Target, env: Env, unused: Unused = false): Reading {
  return {
    snippets: env.snippets,
    holds: (node) => ts.isAwaitExpression(node) && !!chainOf(node.expression, env.ctx.scopes),
    make: (site) =>
      makeReturn(site, target, env, unused) ?? makeBrokenChain(site, target, env, unused) ?? makeWait(site, env),
  };
}

function makeReturn(site: Site, target: Target, env: Env, unused: Unused): Made | undefined {
  const { statement, lead, trail, tries } = site;
  if (!ts.isReturnStatement(statement)) return undefined;
  const at = rangeOf(statement);
  if (!statement.expression) return { steps: [{ kind: 'exit', how: 'succeed', of: target, lead, trail, at }] };
  const between = commentsIn(at.start + 'return'.length, statement.expression.getStart(), env.snippets);
  return {
    steps: exitSteps(
      statement.expression,
      { target, lead: [...lead, ...between], trail, at, tries, unused },
      inLoopOf(site, env),
    ),
  };
}

/** `const answer = <chain>; return answer.then(…);` is one chain. */
function makeBrokenChain(site: Site, target: Target, env: Env, unused: Unused): Made | undefined {
  const { scopes } = env.ctx;
  const [next] = site.following;
  const use = site.tries === 0 ? onlyBreaksAChain(site.statement, next, scopes) : undefined;
  if (!use || !next || !ts.isReturnStatement(next) || !next.expression) return undefined;
  const start = declaredJustBefore(use, scopes)!;
  if (assertion(start) || assertion(next.expression)) return undefined;
  const from = site.trail.at(-1)?.end ?? site.statement.end;
  const lead = [...site.lead, ...commentsIn(from, next.expression.getStart(), env.snippets)];
  const leaving = { target, lead, at: rangeOf(next), tries: 0, unused };
  if (bare(next.expression) === use)
    return holdsTask(start, env) ? { steps: exitSteps(start, leaving, inLoopOf(site, env)), taken: 1 } : undefined;
  const chain = chainOf(next.expression, scopes);
  if (!chain || bare(chain.root) !== use) return undefined;
  const on = readOrLeave(() => readLinks(start, chain.links, inLoopOf(site, env), unused), chain.whole, env);
  if (!on) return undefined;
  env.seen.chains.push(chain.whole);
  return { steps: [{ kind: 'exit', how: 'succeed', of: target, with: on, lead, at: rangeOf(next) }], taken: 1 };
}

function inLoopOf(site: Site, env: Env): Env {
  return site.loops > 0 && !env.inLoop ? { ...env, inLoop: true } : env;
}

/** The steps that leave with an expression's value. */
export function exitSteps(expression: ts.Expression, leaving: Leaving, env: Env): Step[] {
  const { target, lead, trail, at, tries, unused } = leaving;
  const base = { lead, at, ...(trail?.length && { trail }) };
  const node = bare(expression) as ts.Expression;
  if (ts.isAwaitExpression(node) && holdsTask(node.expression, env))
    return exitSteps(node.expression, { ...leaving, tries: 0 }, env);
  if (tries > 0 && !isSettled(expression, env)) return [unawaited(expression, leaving, env)];
  if (ts.isConditionalExpression(node) && (holdsTask(node.whenTrue, env) || holdsTask(node.whenFalse, env)))
    return [choice(node, leaving, env)];
  const asserted = assertion(expression);
  if (asserted && env.ctx.typescript && holdsTask(node, env)) {
    env.seen.left.push({ code: 'declared-return-type', at: rangeOf(asserted), chain: node });
    return [{ ...base, kind: 'exit', how: 'succeed', of: target, with: env.snippets.expression(expression) }];
  }
  const shortcut = guardedAnswer(node, leaving, env);
  if (shortcut) return shortcut;
  const reason = rejection(node, env);
  if (reason) return [{ ...base, kind: 'exit', how: 'fail', with: reason }];
  const waited = hoisted(expression, env);
  if (waited)
    return [
      ...led(waited.before, lead),
      { ...base, lead: [], kind: 'exit', how: 'succeed', of: target, with: waited.rest },
    ];
  if (unused) {
    const arms = unusedArms(node, leaving, env);
    if (arms) return arms;
  }
  const value = valueOf(expression, env, unused);
  if (unused === true) return discarded(value, node, leaving, env);
  return [{ ...base, kind: 'exit', how: 'succeed', of: target, ...(value && { with: value }) }];
}

/** `return force && <chain>`: the left side is the answer when it is false, and can be read twice. */
function guardedAnswer(node: ts.Expression, leaving: Leaving, env: Env): Step[] | undefined {
  if (!ts.isBinaryExpression(node) || leaving.unused || !holdsTask(node.right, env)) return undefined;
  const kind = node.operatorToken.kind;
  const isAnd = kind === ts.SyntaxKind.AmpersandAmpersandToken;
  if (!isAnd && kind !== ts.SyntaxKind.BarBarToken) return undefined;
  const left = bare(node.left);
  if (!ts.isIdentifier(left) || !isFixedValue(left, env.ctx.scopes)) return undefined;
  if (commentsIn(node.left.end, node.right.getStart(), env.snippets).length) return undefined;
  const { target, lead, trail, at } = leaving;
  // What is false is no promise.
  const value: Snippet = { ...env.snippets.expression(left), ...(isAnd && { promise: 'no' as const }) };
  const exit: Step = { kind: 'exit', how: 'succeed', of: target, with: value, lead: [], at: rangeOf(left) };
  const test = isAnd ? env.snippets.compose(['!', value], value.at, 'no') : value;
  const early: Step = { kind: 'branch', test, then: { steps: [exit], tail: [], bare: 'same' }, lead, at };
  return [early, ...exitSteps(node.right, { ...leaving, lead: [], trail, at: rangeOf(node.right) }, env)];
}

/** `ready && show()` whose value nobody wants is an `if`. */
function unusedArms(node: ts.Expression, leaving: Leaving, env: Env): Step[] | undefined {
  const { lead, trail, at, target } = leaving;
  const base = { lead, at, ...(trail?.length && { trail }) };
  const exit: Step = { kind: 'exit', how: 'succeed', of: target, lead: [], at: { start: at.end, end: at.end } };
  const arm = (value: ts.Expression) => ({
    steps: exitSteps(value, { ...leaving, lead: [], trail: [], at: rangeOf(value) }, env),
    tail: [],
  });
  if (commentsIn(node.getStart(), node.end, env.snippets).length && /\/[/*]/.test(node.getText())) return undefined;
  if (ts.isConditionalExpression(node))
    return [
      {
        ...base,
        kind: 'branch',
        test: answer(node.condition, env),
        then: arm(node.whenTrue),
        else: arm(node.whenFalse),
      },
      exit,
    ];
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.AmpersandAmpersandToken)
    return undefined;
  return [{ ...base, kind: 'branch', test: answer(node.left, env), then: { ...arm(node.right), bare: 'same' } }, exit];
}

/** The type that an assertion gives a chain as a whole: the parts of the chain can't be said to have it. */
function assertion(expression: ts.Expression): ts.TypeNode | undefined {
  if (ts.isParenthesizedExpression(expression) || ts.isNonNullExpression(expression))
    return assertion(expression.expression);
  if (ts.isAsExpression(expression) || ts.isTypeAssertionExpression(expression) || ts.isSatisfiesExpression(expression))
    return expression.type;
  return ts.isAwaitExpression(expression) ? assertion(expression.expression) : undefined;
}

/** The value is evaluated and dropped. */
function discarded(value: Value | undefined, expression: ts.Expression, leaving: Leaving, env: Env): Step[] {
  const { target, lead, trail, at } = leaving;
  const base = { at, ...(trail?.length && { trail }) };
  const exit: Step = { kind: 'exit', how: 'succeed', of: target, lead: [], at: { start: at.end, end: at.end } };
  if (!value) return [{ ...exit, lead, ...base }];
  if ('kind' in value) return [{ ...base, lead, kind: 'exit', how: 'succeed', of: target, with: value }];
  if (value.pure) return [{ ...exit, lead, ...base }];
  const inner = env.snippets.expression(expression);
  const text = expression.getText();
  const code: Snippet = /^(\{|function\b|class\b|async\s+function\b|let\s*\[)/.test(text)
    ? { ...inner, parts: ['(', ...inner.parts, ')'] }
    : inner;
  return [{ ...base, lead, kind: 'code', code, made: true }, exit];
}

/** `return p` in a `try` is not waited for there; a handler's block would wait for it. */
function unawaited(expression: ts.Expression, leaving: Leaving, env: Env): Step {
  const { target, lead, trail, at } = leaving;
  if (target.of !== 'entry') stop('return-in-try', expression);
  if (holdsTask(expression, env))
    env.seen.left.push({ code: 'return-in-try', at: rangeOf(expression), chain: bare(expression) });
  return {
    kind: 'exit',
    how: 'succeed',
    of: target,
    with: env.snippets.expression(expression),
    unawaited: true,
    lead,
    at,
    ...(trail?.length && { trail }),
  };
}

function isSettled(expression: ts.Expression, env: Env): boolean {
  return isUndefined(bare(expression), env.ctx.scopes) || answer(expression, env).promise === 'no';
}

function choice(node: ts.ConditionalExpression, leaving: Leaving, env: Env): Step {
  const { lead, trail, at } = leaving;
  const arm = (value: ts.Expression, from: number): Step[] => {
    const own = commentsIn(from, value.getStart(), env.snippets);
    return exitSteps(value, { ...leaving, lead: own, trail: [], at: rangeOf(value) }, env);
  };
  return {
    kind: 'branch',
    test: env.snippets.expression(node.condition),
    then: { steps: arm(node.whenTrue, node.condition.end), tail: [] },
    else: { steps: arm(node.whenFalse, node.whenTrue.end), tail: [] },
    lead,
    at,
    ...(trail?.length && { trail }),
  };
}

/** Is the expression, or an arm of it, something that is read as a flow of its own? */
export function holdsTask(expression: ts.Expression, env: Env): boolean {
  const node = bare(expression) as ts.Expression;
  if (ts.isConditionalExpression(node)) return holdsTask(node.whenTrue, env) || holdsTask(node.whenFalse, env);
  if (ts.isAwaitExpression(node)) return holdsTask(node.expression, env);
  const { scopes } = env.ctx;
  return (
    !!chainOf(node, scopes) || !!rejection(node, env) || isReduceSequence(node, scopes) || !!newPromise(node, scopes)
  );
}

/** `e` of `Promise.reject(e)`. */
function rejection(node: ts.Expression, env: Env): Snippet | undefined {
  const found = promiseStatic(node, env.ctx.scopes);
  const [reason, more] = found?.call.arguments ?? [];
  if (found?.name !== 'reject' || more || (reason && ts.isSpreadElement(reason))) return undefined;
  if (!reason) return env.snippets.compose(['undefined'], rangeOf(node), 'no');
  const { snippets } = env;
  if (commentsIn(found.call.getStart(), reason.getStart(), snippets).length) return undefined;
  if (commentsIn(reason.end, found.call.end, snippets).length) return undefined;
  return snippets.expression(reason);
}

/** What a returned expression gives: a flow of its own, or the expression as it is. */
function valueOf(expression: ts.Expression, env: Env, unused: Unused): Value | undefined {
  const node = bare(expression) as ts.Expression;
  const { scopes } = env.ctx;
  if (isUndefined(node, scopes) && unused !== true) return answer(expression, env);
  const chain = chainOf(node, scopes);
  if (chain) return readOrLeave(() => readChain(chain, env, unused), chain.whole, env) ?? answer(expression, env);
  if (isReduceSequence(node, scopes) || newPromise(node, scopes)) {
    const task = tentatively(env.seen, () => {
      const tried = attempt(() => rootTask(node, env, !unused));
      return tried.ok && tried.value.kind === 'block' ? tried.value : undefined;
    });
    if (task) return task;
    leaveExecutor(node, env);
  }
  const found = promiseStatic(node, scopes);
  if (found?.name === 'resolve' && !found.call.arguments.length && !found.call.typeArguments) return undefined;
  return resolvedValue(node, env) ?? answer(expression, env);
}

/** A promise around a chain that must stay: the chain belongs to it. */
function leaveExecutor(node: ts.Expression, env: Env): void {
  const made = newPromise(node, env.ctx.scopes);
  const tried = made && attempt(() => readCallbackExecutor(made, env) ?? readExecutor(made, env));
  if (tried && !tried.ok) env.seen.left.push({ ...tried.refusal, chain: made! });
}

/** A chain that can't be read stays a value, and is reported. */
export function readOrLeave<T>(read: () => T, chain: ts.Node, env: Env): T | undefined {
  return tentatively(env.seen, () => {
    const tried = attempt(read);
    if (tried.ok) return tried.value;
    env.seen.left.push({ ...tried.refusal, chain });
    return undefined;
  });
}

/** `await chain;`, `const x = await chain;`, `x = await chain;`, or a chain awaited first in a statement. */
function makeWait(site: Site, outer: Env): Made | undefined {
  const env = inLoopOf(site, outer);
  const { statement, lead, trail } = site;
  const base = { lead, at: rangeOf(statement), ...(trail.length && { trail }) };
  if (ts.isExpressionStatement(statement)) {
    const awaited = awaitedChain(statement.expression, env);
    if (awaited) return { steps: [{ ...base, kind: 'wait', on: awaited }] };
    const assigned = assignment(statement.expression, env);
    if (assigned) return { steps: [{ ...base, kind: 'wait', ...assigned }] };
  }
  if (ts.isVariableStatement(statement)) {
    const made = declaration(statement, env);
    if (made) return { steps: [{ ...base, kind: 'wait', ...made }] };
  }
  return hoistedStatement(site, env);
}

function awaitedChain(expression: ts.Expression, env: Env) {
  const node = assertion(expression) ? undefined : bare(expression);
  const chain = node && ts.isAwaitExpression(node) && chainOf(node.expression, env.ctx.scopes);
  return chain ? readOrLeave(() => readChain(chain, env), chain.whole, env) : undefined;
}

function assignment(expression: ts.Expression, env: Env) {
  if (!ts.isBinaryExpression(expression) || expression.operatorToken.kind !== ts.SyntaxKind.EqualsToken)
    return undefined;
  const to = expression.left;
  const simple =
    ts.isIdentifier(to) || (ts.isPropertyAccessExpression(to) && to.expression.kind === ts.SyntaxKind.ThisKeyword);
  const on = simple ? awaitedChain(expression.right, env) : undefined;
  if (!on) return undefined;
  const pattern: Snippet = { ...env.snippets.expression(to), pure: true };
  return { on, bind: { pattern, how: 'assign' as const } satisfies Bind };
}

function declaration(statement: ts.VariableStatement, env: Env) {
  const [only, more] = statement.declarationList.declarations;
  if (!only?.initializer || more || statement.modifiers?.length) return undefined;
  const on = awaitedChain(only.initializer, env);
  if (!on) return undefined;
  const how = bindingKind(statement.declarationList);
  const pattern = env.snippets.pattern(only.name);
  return { on, bind: { how, pattern } satisfies Bind };
}

function bindingKind(list: ts.VariableDeclarationList): 'const' | 'let' | 'var' {
  if (list.flags & ts.NodeFlags.Const) return 'const';
  return list.flags & ts.NodeFlags.Let ? 'let' : 'var';
}

/** A chain that is awaited before anything else in the statement happens gets a line of its own. */
function hoistedStatement(site: Site, env: Env): Made | undefined {
  const { statement, lead, trail } = site;
  if (ts.isIfStatement(statement)) return undefined;
  const expression = ts.isExpressionStatement(statement)
    ? statement.expression
    : ts.isVariableStatement(statement)
      ? statement.declarationList.declarations[0]?.initializer
      : undefined;
  const waited = expression && hoisted(expression, env, statement);
  if (!waited) return undefined;
  const code: Snippet = { ...waited.rest, declares: env.snippets.statement(statement).declares };
  return { steps: [...led(waited.before, lead), { kind: 'code', code, lead: [], trail, at: rangeOf(statement) }] };
}

function led(steps: readonly Step[], lead: readonly Lead[]): Step[] {
  return steps.map((step, index) => (index ? step : { ...step, lead: [...lead, ...step.lead] }));
}

/** `const first = await <chain>` and the text with `first` in its place. */
function hoisted(
  expression: ts.Expression,
  env: Env,
  whole: ts.Node = expression,
): { before: Step[]; rest: Snippet } | undefined {
  const waited = firstWait(expression, env.ctx.scopes);
  const chain = waited && chainOf(waited.expression, env.ctx.scopes);
  if (!waited || !chain) return undefined;
  const on = readOrLeave(() => readChain(chain, env), chain.whole, env);
  if (!on) return undefined;
  const { snippets } = env;
  const outer = ts.isParenthesizedExpression(waited.parent) ? waited.parent : waited;
  const direct = directValue(on);
  if (direct && !direct.value.loose && !direct.comments.length) {
    const rest = around(whole, outer, direct.value, env);
    return { before: [...direct.steps], rest };
  }
  const name = snippets.invent('result');
  const at = rangeOf(waited);
  const before: Step = {
    kind: 'wait',
    on,
    bind: { pattern: inventedPattern(name, at), how: 'const', invented: true },
    lead: [],
    at,
  };
  return { before: [before], rest: around(whole, outer, name, env) };
}

/** The text of `whole` with something else in the place of `hole`. */
function around(whole: ts.Node, hole: ts.Node, filling: Snippet | Binding, env: Env): Snippet {
  const { snippets } = env;
  const before = snippets.piece({ start: whole.getStart(), end: hole.getStart() }, [whole]);
  const after = snippets.piece({ start: hole.end, end: whole.end }, [whole]);
  return snippets.compose([before, filling, after], rangeOf(whole));
}
