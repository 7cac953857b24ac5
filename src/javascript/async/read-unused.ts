import type { Block, Snippet, Step } from '../../flow/model.js';
import type { Range } from '../../types.js';
import { ts } from '../parse.js';
import { rangeOf, skipParentheses } from '../snippet.js';
import { declareStep, hasAwait, useSnippet } from './read-env.js';
import type { Env } from './read-env.js';
import { assignSteps, isLogical, lift, liftTarget, shortcutTest } from './read-lift.js';
import { commentsBeside, led } from './read-statements.js';
import { readTask } from './read-task.js';

/** The steps of an expression whose value nobody wants; `undefined` when it is a statement with a wait inside. `at`: the statement. */
export function unusedSteps(expression: ts.Expression, at: Range, env: Env): Step[] | undefined {
  const node = skipParentheses(expression);
  if (ts.isVoidExpression(node)) {
    const inner = unusedSteps(node.expression, at, env);
    return inner && led(inner, commentsBeside(at, [rangeOf(node.expression)], env));
  }
  if (ts.isAwaitExpression(node)) {
    const steps: Step[] = [];
    const on = readTask(node, { steps, root: node }, env);
    return led([...steps, { kind: 'wait', on, lead: [], at }], commentsBeside(at, [rangeOf(node.expression)], env));
  }
  if (ts.isConditionalExpression(node) && (hasAwait(node.whenTrue) || hasAwait(node.whenFalse)))
    return choice(node, at, env);
  if (!ts.isBinaryExpression(node)) return undefined;
  const { kind } = node.operatorToken;
  if (kind === ts.SyntaxKind.EqualsToken) return assignment(node, at, env);
  const operator = logicalOf(kind);
  if (operator) return hasAwait(node.right) ? keepIfUnset(node, operator, at, env) : undefined;
  if (isLogical(kind) && hasAwait(node.right)) return shortcut(node, at, env);
  if (kind !== ts.SyntaxKind.CommaToken) return undefined;
  const sides = [node.left, node.right].map((side) => unusedSteps(side, rangeOf(side), env) ?? plain(side, env));
  return led(sides.flat(), commentsBeside(at, [rangeOf(node.left), rangeOf(node.right)], env));
}

/** `x = await f()`, `[a, b] = await f()`, `o.x = await f()` */
function assignment(node: ts.BinaryExpression, at: Range, env: Env): Step[] | undefined {
  const value = skipParentheses(node.right);
  if (!ts.isAwaitExpression(value)) return undefined;
  const steps: Step[] = [];
  const place = { steps, root: node };
  liftTarget(node.left, place, env);
  const on = readTask(value, place, env);
  const comments = commentsBeside(at, [rangeOf(node.left), rangeOf(value.expression)], env);
  const takesApart = ts.isObjectLiteralExpression(node.left) || ts.isArrayLiteralExpression(node.left);
  const pattern: Snippet = {
    ...env.snippets.expression(node.left),
    pure: true,
    ...(takesApart && { destructures: true }),
  };
  return led([...steps, { kind: 'wait', on, bind: { pattern, how: 'assign' }, lead: [], at }], comments);
}

/** What an arm does, on the line of its `if` where it is one thing. */
function arm(expression: ts.Expression, env: Env): Block {
  const steps = unusedSteps(expression, rangeOf(expression), env) ?? plain(expression, env);
  return { steps, tail: [], ...(steps.length === 1 && { bare: 'same' }) };
}

function plain(expression: ts.Expression, env: Env): Step[] {
  const steps: Step[] = [];
  lift(expression, { steps, root: expression }, env);
  const code = env.snippets.expression(expression);
  return code.pure ? steps : [...steps, { kind: 'code', code, made: true, lead: [], at: code.at }];
}

function choice(node: ts.ConditionalExpression, at: Range, env: Env): Step[] {
  const steps: Step[] = [];
  lift(node.condition, { steps, root: node }, env);
  const comments = commentsBeside(at, [node.condition, node.whenTrue, node.whenFalse].map(rangeOf), env);
  const test = env.snippets.expression(node.condition);
  const then = arm(node.whenTrue, env);
  const other = arm(node.whenFalse, env);
  return led([...steps, { kind: 'branch', test, then, else: other, lead: [], at }], comments);
}

/** `ready && (await show());` */
function shortcut(node: ts.BinaryExpression, at: Range, env: Env): Step[] {
  const steps: Step[] = [];
  lift(node.left, { steps, root: node }, env);
  const comments = commentsBeside(at, [rangeOf(node.left), rangeOf(node.right)], env);
  let left = env.snippets.expression(node.left);
  const { kind } = node.operatorToken;
  if (kind === ts.SyntaxKind.QuestionQuestionToken && !left.pure) {
    const binding = env.snippets.invent('value');
    steps.push(declareStep('const', binding, left, env));
    left = useSnippet(binding, left.at);
  }
  const test = shortcutTest(left, kind, env);
  return led([...steps, { kind: 'branch', test, then: arm(node.right, env), lead: [], at }], comments);
}

/** `&&` of `&&=` */
function logicalOf(kind: ts.SyntaxKind): ts.SyntaxKind | undefined {
  if (kind === ts.SyntaxKind.AmpersandAmpersandEqualsToken) return ts.SyntaxKind.AmpersandAmpersandToken;
  if (kind === ts.SyntaxKind.BarBarEqualsToken) return ts.SyntaxKind.BarBarToken;
  return kind === ts.SyntaxKind.QuestionQuestionEqualsToken ? ts.SyntaxKind.QuestionQuestionToken : undefined;
}

/** `x ??= await f();` */
function keepIfUnset(node: ts.BinaryExpression, operator: ts.SyntaxKind, at: Range, env: Env): Step[] {
  const steps: Step[] = [];
  liftTarget(node.left, { steps, root: node }, env);
  const comments = commentsBeside(at, [rangeOf(node.left), rangeOf(node.right)], env);
  const target = env.snippets.expression(node.left);
  let left = target;
  if (operator === ts.SyntaxKind.QuestionQuestionToken && !left.pure) {
    const binding = env.snippets.invent('value');
    steps.push(declareStep('const', binding, left, env));
    left = useSnippet(binding, left.at);
  }
  const then = assignSteps({ ...target, pure: true }, node.right, node, env);
  const test = shortcutTest(left, operator, env);
  const branch: Step = { kind: 'branch', test, then: { steps: then, tail: [] }, lead: [], at };
  return led([...steps, branch], comments);
}
