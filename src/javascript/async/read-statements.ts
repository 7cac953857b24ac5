import type { Lead, Snippet, Step } from '../../flow/model.js';
import type { Range } from '../../types.js';
import { readBody, readStatements } from '../body.js';
import type { Made, Reading, Site } from '../body.js';
import { ts } from '../parse.js';
import { rangeOf, skipParentheses } from '../snippet.js';
import { stop } from '../stop.js';
import { hasAwait, isWait } from './read-env.js';
import type { Env } from './read-env.js';
import { readDeclarations } from './read-declarations.js';
import { lift } from './read-lift.js';
import { isUsing, readLoop } from './read-loops.js';
import { readWindow } from './read-joins.js';
import { callTask, taskOf } from './read-task.js';
import { unusedSteps } from './read-unused.js';

/** How the statements of an async function are read. */
export function readingFor(env: Env): Reading {
  return { snippets: env.snippets, holds: isWait, make: (site) => make(site, env) };
}

function make(site: Site, env: Env): Made | undefined {
  const { statement } = site;
  if (ts.isReturnStatement(statement)) return { steps: returnSteps(statement, site, env) };
  // What it declares is disposed of at the end of the block, which a function of ours would cut short.
  if (ts.isVariableStatement(statement) && isUsing(statement.declarationList)) stop('waits-on-exit', statement);
  if (env.headed.has(statement) || !hasAwait(statement)) return undefined;
  if (ts.isExpressionStatement(statement)) {
    const steps = unusedSteps(statement.expression, rangeOf(statement), env);
    return steps ? { steps } : headed(site, statement.expression, env);
  }
  if (ts.isVariableStatement(statement)) return readDeclarations(statement, env) ?? headedDeclaration(site, env);
  if (ts.isIfStatement(statement)) return nestedIf(statement, site, env) ?? headed(site, statement.expression, env);
  if (ts.isThrowStatement(statement)) return headed(site, statement.expression, env);
  if (ts.isSwitchStatement(statement)) {
    const test = statement.caseBlock.clauses.find((clause) => ts.isCaseClause(clause) && hasAwait(clause.expression));
    if (test) stop('expression-order', test);
    return headed(site, statement.expression, env);
  }
  if (ts.isIterationStatement(statement, false)) return readLoop(statement, site, env);
  return undefined;
}

/** `if (a && (await b())) …` without an `else` is one `if` in another. */
function nestedIf(statement: ts.IfStatement, site: Site, env: Env): Made | undefined {
  const test = skipParentheses(statement.expression);
  if (statement.elseStatement || !ts.isBinaryExpression(test) || !hasAwait(test.right)) return undefined;
  if (test.operatorToken.kind !== ts.SyntaxKind.AmpersandAmpersandToken) return undefined;
  const { snippets } = env;
  const at = rangeOf(statement);
  const before: Step[] = [];
  lift(test.left, { steps: before, root: test }, env);
  const outer = snippets.expression(test.left);
  const steps: Step[] = [];
  lift(test.right, { steps, root: test }, env);
  const between = commentsBeside(
    { start: at.start, end: statement.thenStatement.getStart() },
    [test.left, test.right].map(rangeOf),
    env,
  );
  const then = readBody(statement.thenStatement, readingFor(env), site);
  const inner: Step = { kind: 'branch', test: snippets.expression(test.right), then, lead: [], at };
  const branch: Step = { kind: 'branch', test: outer, then: { steps: [...steps, inner], tail: [] }, lead: between, at };
  return { steps: [...before, branch] };
}

/** The waits of the head come before; the rest is read as always, with what they gave in their places. */
export function headed(site: Site, head: ts.Expression | undefined, env: Env): Made | undefined {
  if (!head || !hasAwait(head)) return undefined;
  const steps: Step[] = [];
  lift(head, { steps, root: head }, env);
  return { steps: [...steps, ...restOf(site, env)] };
}

/** The statement by the general rule. */
export function restOf({ statement, tries, loops }: Site, env: Env): readonly Step[] {
  env.headed.add(statement);
  return readStatements([statement], rangeOf(statement), readingFor(env), { tries, loops }).steps;
}

function headedDeclaration(site: Site, env: Env): Made | undefined {
  const [only] = (site.statement as ts.VariableStatement).declarationList.declarations;
  return headed(site, only?.initializer, env);
}

function returnSteps(statement: ts.ReturnStatement, site: Site, env: Env): Step[] {
  const { lead, trail, tries } = site;
  const at = rangeOf(statement);
  if (!statement.expression) return [{ kind: 'exit', how: 'succeed', of: env.target, lead, trail, at }];
  const between = commentsIn({ start: at.start + 'return'.length, end: statement.expression.getStart() }, env);
  const behind = commentsIn({ start: statement.expression.end, end: at.end }, env);
  return exitSteps(statement.expression, { lead: [...lead, ...between, ...behind], trail, at, tries }, env);
}

/** Where a value leaves. */
export interface Leaving {
  readonly lead: readonly Lead[];
  readonly trail?: readonly Range[];
  readonly at: Range;
  readonly tries: number;
}

/** The steps that leave the function with an expression's value. */
export function exitSteps(expression: ts.Expression, leaving: Leaving, env: Env): Step[] {
  const { lead, trail, at, tries } = leaving;
  const steps: Step[] = [];
  const place = { steps, root: expression };
  const base = { kind: 'exit', how: 'succeed', of: env.target, at, ...(trail?.length && { trail }) } as const;
  const node = skipParentheses(expression);
  if (ts.isAwaitExpression(node)) {
    env.taken.add(node);
    const between = commentsIn({ start: node.getStart() + 'await'.length, end: node.expression.getStart() }, env);
    const value = taskOf(node.expression, place, env);
    return led([...steps, { ...base, with: value, lead: [] }], [...lead, ...between]);
  }
  if (ts.isConditionalExpression(node) && (hasAwait(node.whenTrue) || hasAwait(node.whenFalse)))
    return choice(node, leaving, env);
  lift(expression, place, env);
  return led([...steps, { ...base, ...valueOf(expression, tries, env), lead: [] }], lead);
}

/** What a `return` without `await` gives. In a `try` it is not waited for. */
function valueOf(expression: ts.Expression, tries: number, env: Env) {
  const value = env.snippets.expression(expression);
  if (value.promise === 'no') return { with: value };
  if (tries > 0) return { with: value, unawaited: true };
  const window = hasAwait(expression) ? undefined : readWindow(expression, env);
  if (window) return { with: window };
  const task = ts.isCallExpression(skipParentheses(expression)) ? callTask(expression, env) : undefined;
  const known = task?.kind === 'call' && (task.callback || task.awaitable.promise === 'yes');
  return { with: known ? task : value };
}

function choice(node: ts.ConditionalExpression, leaving: Leaving, env: Env): Step[] {
  const { lead, trail, at } = leaving;
  const steps: Step[] = [];
  lift(node.condition, { steps, root: node }, env);
  const arm = (value: ts.Expression, from: number) => {
    const own = commentsIn({ start: from, end: value.getStart() }, env);
    return { steps: exitSteps(value, { ...leaving, lead: own, trail: [], at: rangeOf(value) }, env), tail: [] };
  };
  const test: Snippet = env.snippets.expression(node.condition);
  const then = arm(node.whenTrue, node.condition.end);
  const other = arm(node.whenFalse, node.whenTrue.end);
  const branch: Step = { kind: 'branch', test, then, else: other, lead: [], at, ...(trail?.length && { trail }) };
  return led([...steps, branch], lead);
}

/** Comments in a stretch of trivia and punctuation, without blank lines. */
export function commentsIn({ start, end }: Range, env: Env): Range[] {
  return end <= start ? [] : env.snippets.comments({ start, end }).filter((each): each is Range => each !== '');
}

/** Comments above go to the first of the steps. */
export function led(steps: readonly Step[], lead: readonly Lead[]): Step[] {
  return steps.map((step, index) => (index ? step : { ...step, lead: [...lead, ...step.lead] }));
}

/** Comments in a node's range that stand in none of the parts that are kept. */
export function commentsBeside(range: Range, kept: readonly Range[], env: Env): Range[] {
  const sorted = [...kept].sort((a, b) => a.start - b.start);
  const starts = [range.start, ...sorted.map((part) => part.end)];
  const ends = [...sorted.map((part) => part.start), range.end];
  return starts.flatMap((start, index) => commentsIn({ start, end: ends[index]! }, env));
}
