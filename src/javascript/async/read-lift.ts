import type { Bind, Binding, Snippet, Step } from '../../flow/model.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { rangeOf, skipParentheses } from '../snippet.js';
import { stop } from '../stop.js';
import { declareStep, hasAwait, nameSnippet, useSnippet } from './read-env.js';
import type { Env } from './read-env.js';
import { nameFor } from './read-names.js';
import { operandsOf } from './read-operands.js';
import type { Operand } from './read-operands.js';
import { isStable } from './read-stable.js';
import { readTask } from './read-task.js';

/** Where the steps go that come before an expression, and the expression that all of it belongs to. */
export interface Place {
  readonly steps: Step[];
  readonly root: ts.Node;
}

/**
 * Takes the waits out of an expression: each becomes a step with a name of ours, in the order of evaluation, and what is evaluated
 * before a wait and could be another thing after it gets a name too. What is left of the expression is read with the filled snippets.
 */
export function lift(node: ts.Node, place: Place, env: Env): void {
  if (!hasAwait(node)) return;
  if (ts.isAwaitExpression(node)) return liftAwait(node, place, env);
  if (isOptionalPast(node)) stop('expression-order', node);
  if (ts.isBinaryExpression(node)) return liftBinary(node, place, env);
  if (ts.isConditionalExpression(node)) {
    lift(node.condition, place, env);
    if (hasAwait(node.whenTrue) || hasAwait(node.whenFalse)) liftChoice(node, place, env);
    return;
  }
  const operands = operandsOf(node);
  if (!operands) stop('expression-order', node);
  inOrder(operands, place, env);
}

function liftAwait(node: ts.AwaitExpression, { steps, root }: Place, env: Env): void {
  const on = readTask(node, { steps, root }, env);
  const binding: Binding = env.snippets.invent(nameFor(node, 'result', env));
  const at = rangeOf(node);
  // Parentheses that go would be missing where a writer puts the wait back in the place of the name.
  const invented = !ts.isParenthesizedExpression(node.parent);
  const bind: Bind = { pattern: nameSnippet(binding, at), how: 'const', ...(invented && { invented }) };
  steps.push({ kind: 'wait', on, bind, lead: commentsBefore(node, env), at });
  fill(node, useSnippet(binding, at), env);
}

/** Between `await` and what it waits for. */
function commentsBefore(node: ts.AwaitExpression, env: Env) {
  const range = { start: node.getStart() + 'await'.length, end: node.expression.getStart() };
  return env.snippets.comments(range).filter((each) => each !== '');
}

/** Puts a name in the place of a node, and of parentheses that were only around it. */
function fill(node: ts.Node, by: Snippet, env: Env): void {
  let outer = node;
  while (ts.isParenthesizedExpression(outer.parent)) outer = outer.parent;
  env.snippets.fill(rangeOf(outer), by);
}

/** Values that are evaluated one after the other. */
export function liftInOrder(values: readonly ts.Expression[], place: Place, env: Env): void {
  inOrder(
    values.map((node) => ({ node, role: 'value' })),
    place,
    env,
  );
}

/** What is evaluated before a later wait gets a name, unless it can't change. */
function inOrder(operands: readonly Operand[], place: Place, env: Env): void {
  const last = operands.findLastIndex((operand) => hasAwait(operand.node));
  operands.slice(0, last + 1).forEach((operand, index) => {
    lift(operand.node, place, env);
    if (index < last) save(operand, place, env);
  });
}

/** The operand's value in a constant. Of a method call the object is kept, the method is read when it is called. */
function save({ node, role, spread }: Operand, place: Place, env: Env): void {
  if (!spread && isStable(node, env, place.root, role)) return;
  const inner = bare(node);
  if (role === 'callee' && (ts.isPropertyAccessExpression(inner) || ts.isElementAccessExpression(inner))) {
    if (inner.questionDotToken) stop('expression-order', node);
    save({ node: inner.expression, role: 'base' }, place, env);
    if (ts.isElementAccessExpression(inner)) save({ node: inner.argumentExpression, role: 'value' }, place, env);
    return;
  }
  if (!ts.isExpression(inner) || inner.kind === ts.SyntaxKind.SuperKeyword) stop('expression-order', node);
  const at = rangeOf(node);
  const text = env.snippets.expression(node);
  const { compose } = env.snippets;
  const value =
    spread === 'list'
      ? compose(['[...', text, ']'], at, 'no')
      : spread === 'object'
        ? compose(['{ ...', text, ' }'], at, 'no')
        : role === 'text'
          ? compose(['`${', text, '}`'], at, 'no')
          : text;
  const binding = env.snippets.invent(nameFor(node, spread ? 'rest' : 'value', env));
  place.steps.push(declareStep('const', binding, value, env));
  const use = useSnippet(binding, at);
  if (ts.isShorthandPropertyAssignment(node.parent))
    env.snippets.fill(at, compose([`${node.getText()}: `, use], at, 'no'));
  else if (ts.isJsxElement(node.parent) || ts.isJsxFragment(node.parent))
    env.snippets.fill(at, compose(['{', use, '}'], at, 'no'));
  else fill(node, use, env);
}

/** `a?.b(await c)`: whether it is evaluated at all depends on what stands before it. */
function isOptionalPast(node: ts.Node): boolean {
  let inner: ts.Node = node;
  let waits = false;
  for (;;) {
    if (ts.isCallExpression(inner)) waits ||= inner.arguments.some(hasAwait);
    else if (ts.isElementAccessExpression(inner)) waits ||= hasAwait(inner.argumentExpression);
    else if (!ts.isPropertyAccessExpression(inner) && !ts.isNonNullExpression(inner)) return false;
    if ('questionDotToken' in inner && inner.questionDotToken && waits) return true;
    inner = (inner as ts.LeftHandSideExpression & { expression: ts.Node }).expression;
  }
}

function liftBinary(node: ts.BinaryExpression, place: Place, env: Env): void {
  const { kind } = node.operatorToken;
  if (kind === ts.SyntaxKind.EqualsToken) {
    liftTarget(node.left, place, env);
    return lift(node.right, place, env);
  }
  if (isLogical(kind) && hasAwait(node.right)) {
    lift(node.left, place, env);
    return liftShortcut(node, place, env);
  }
  if (isLogical(kind)) return lift(node.left, place, env);
  if (kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment)
    return liftUpdate(node, place, env);
  if (kind === ts.SyntaxKind.CommaToken && hasAwait(node.right)) return liftComma(node, place, env);
  inOrder(
    [
      { node: node.left, role: 'value' },
      { node: node.right, role: 'value' },
    ],
    place,
    env,
  );
}

export function isLogical(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.QuestionQuestionToken
  );
}

/** `o[k()] = await f()`: object and key are evaluated first. */
export function liftTarget(target: ts.Expression, place: Place, env: Env): void {
  const node = bare(target);
  if (ts.isIdentifier(node)) return;
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
    const key = ts.isElementAccessExpression(node) ? [node.argumentExpression] : [];
    lift(node.expression, place, env);
    if (node.expression.kind !== ts.SyntaxKind.SuperKeyword) save({ node: node.expression, role: 'base' }, place, env);
    for (const each of key) {
      lift(each, place, env);
      save({ node: each, role: 'value' }, place, env);
    }
    return;
  }
  // What a pattern writes to is evaluated when the value is there.
  if (hasAwait(target)) stop('expression-order', target);
}

/** `x += await f()` reads `x` first: it is `x = before + (await f())`. */
function liftUpdate(node: ts.BinaryExpression, place: Place, env: Env): void {
  const operator = node.operatorToken.getText().slice(0, -1);
  if (['&&', '||', '??'].includes(operator)) stop('expression-order', node);
  if (!hasAwait(node.right)) return lift(node.left, place, env);
  const name = bare(node.left);
  // A variable that nobody else writes can as well be read afterwards.
  if (ts.isIdentifier(name) && isStable(name, env, node.right)) return lift(node.right, place, env);
  liftTarget(node.left, place, env);
  const at = rangeOf(node);
  const { snippets } = env;
  const target = snippets.expression(node.left);
  const before = snippets.invent(nameFor(node.left, 'value', env));
  place.steps.push(declareStep('const', before, target, env));
  lift(node.right, place, env);
  const right = snippets.expression(node.right);
  const operand = right.loose ? ['(', right, ')'] : [right];
  const whole = snippets.compose([target, ' = ', useSnippet(before, at), ` ${operator} `, ...operand], at, 'no');
  snippets.fill(at, { ...whole, loose: true });
}

/** `a(), await b()` */
function liftComma(node: ts.BinaryExpression, place: Place, env: Env): void {
  lift(node.left, place, env);
  const left = env.snippets.expression(node.left);
  if (!left.pure) place.steps.push({ kind: 'code', code: left, made: true, lead: [], at: left.at });
  lift(node.right, place, env);
  env.snippets.fill(rangeOf(node), env.snippets.expression(node.right));
}

/** `a && (await b())` in the middle of something: a variable of ours, and an `if`. */
function liftShortcut(node: ts.BinaryExpression, place: Place, env: Env): void {
  const at = rangeOf(node);
  const result = env.snippets.invent(nameFor(node.right, 'result', env));
  place.steps.push(...valueFirst(result, env.snippets.expression(node.left), env));
  const test = shortcutTest(useSnippet(result, at), node.operatorToken.kind, env);
  const then = { steps: assignSteps(useSnippet(result, at), node.right, place.root, env), tail: [] };
  place.steps.push({ kind: 'branch', test, then, lead: [], at });
  fill(node, useSnippet(result, at), env);
}

/** `let x = a;`; in TypeScript as two statements, so that `x` may get a value of another type later. */
function valueFirst(result: Binding, value: Snippet, env: Env): Step[] {
  if (!env.ctx.typescript) return [declareStep('let', result, value, env)];
  const assign = env.snippets.compose([useSnippet(result, value.at), ' = ', value], value.at, 'no');
  return [
    declareStep('let', result, undefined, env),
    { kind: 'code', code: assign, made: true, lead: [], at: value.at },
  ];
}

/** When the right side of `a && b`, `a || b`, `a ?? b` is evaluated. */
export function shortcutTest(left: Snippet, operator: ts.SyntaxKind, env: Env): Snippet {
  const { compose } = env.snippets;
  const closed = left.loose ? ['(', left, ')'] : [left];
  if (operator === ts.SyntaxKind.AmpersandAmpersandToken) return left;
  if (operator === ts.SyntaxKind.QuestionQuestionToken)
    return { ...compose([...closed, ' === undefined || ', ...closed, ' === null'], left.at, 'no'), loose: true };
  if (left.opposite) return { ...left, parts: left.opposite, opposite: left.parts };
  return { ...compose(['!', ...closed], left.at, 'no'), opposite: left.parts };
}

function liftChoice(node: ts.ConditionalExpression, place: Place, env: Env): void {
  const at = rangeOf(node);
  const result = env.snippets.invent(nameFor(hasAwait(node.whenTrue) ? node.whenTrue : node.whenFalse, 'result', env));
  const test = env.snippets.expression(node.condition);
  place.steps.push(declareStep('let', result, undefined, env), {
    kind: 'branch',
    test,
    then: { steps: assignSteps(useSnippet(result, at), node.whenTrue, place.root, env), tail: [] },
    else: { steps: assignSteps(useSnippet(result, at), node.whenFalse, place.root, env), tail: [] },
    lead: [],
    at,
  });
  fill(node, useSnippet(result, at), env);
}

/** `target = <expression>`, waiting on the way. */
export function assignSteps(target: Snippet, expression: ts.Expression, root: ts.Node, env: Env): Step[] {
  const at = rangeOf(expression);
  const steps: Step[] = [];
  const node = skipParentheses(expression);
  if (ts.isAwaitExpression(node)) {
    const on = readTask(node, { steps, root }, env);
    return [...steps, { kind: 'wait', on, bind: { pattern: target, how: 'assign' }, lead: [], at }];
  }
  lift(expression, { steps, root }, env);
  const code = env.snippets.compose([target, ' = ', env.snippets.expression(expression)], at, 'no');
  return [...steps, { kind: 'code', code, made: true, lead: [], at }];
}
