import type { Range } from '../../types.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import type { JoinPlan } from './joins.js';
import { isFunction, isHarmless, isInert } from './shape.js';
import { mention } from './state.js';
import type { Env, State } from './state.js';

/** The place where one of several answers is counted, and what the last of them goes on with. */
export interface CounterStep {
  readonly counter: ts.Symbol;
  /** `--left === 0`, not `++done === list.length`. */
  readonly down: boolean;
  /** What it counts up to. */
  readonly until?: ts.Expression;
  /** The statement with the test. */
  readonly statement: ts.Statement;
  /** `left--;` on a line of its own. */
  readonly also: readonly ts.Statement[];
  readonly final: readonly ts.Statement[];
  readonly range: Range;
  readonly flag?: Flag;
}

/** A variable that says that a failure was reported already. */
export interface Flag {
  readonly symbol: ts.Symbol;
  /** The tests and the plain assignments of it. */
  readonly statements: readonly ts.Statement[];
}

/** The counter in a function that is called when one of them is done. */
export function counterIn(node: ts.Node, env: Env, state: State): CounterStep | undefined {
  const lists: (readonly ts.Statement[])[] = [];
  const visit = (child: ts.Node): void => {
    if (ts.isBlock(child)) lists.push(child.statements);
    ts.forEachChild(child, visit);
  };
  visit(node);
  for (const list of lists)
    for (const [index, statement] of list.entries()) {
      const step = stepAt(list, index, statement, env, state);
      if (!step) continue;
      const flag = flagIn(list, state);
      return { ...step, ...(flag && { flag }) };
    }
  return undefined;
}

function stepAt(
  list: readonly ts.Statement[],
  index: number,
  statement: ts.Statement,
  env: Env,
  state: State,
): CounterStep | undefined {
  if (!ts.isIfStatement(statement) || statement.elseStatement) return undefined;
  const count = countOf(statement.expression, list[index - 1], state);
  if (!count) return undefined;
  const { then, rest } = { then: statement.thenStatement, rest: list.slice(index + 1) };
  if (!count.isLast) {
    // `if (--left) return; FINAL`
    if (!isBareReturn(then) || !rest.length) return undefined;
    return { ...count.step, statement, final: rest, range: { start: statement.end, end: rest.at(-1)!.end } };
  }
  if (rest.some((each) => !ts.isReturnStatement(each) || each.expression) || !mention(then, env, state))
    return undefined;
  const final = ts.isBlock(then) ? then.statements : [then];
  const range = ts.isBlock(then) ? { start: then.getStart() + 1, end: then.end - 1 } : rangeOf(then);
  return { ...count.step, statement, final, range };
}

function isBareReturn(statement: ts.Statement): boolean {
  if (ts.isBlock(statement)) return statement.statements.length === 1 && isBareReturn(statement.statements[0]!);
  return ts.isReturnStatement(statement) && !statement.expression;
}

interface Count {
  readonly step: Pick<CounterStep, 'counter' | 'down' | 'until' | 'also'>;
  /** The test is true for the last one (`=== 0`), or for all but the last (`> 0`, `--left`). */
  readonly isLast: boolean;
}

/** `--left === 0`, `!--left`, `--left`, `++done === n`, and `left--; if (left === 0)` */
function countOf(test: ts.Expression, before: ts.Statement | undefined, state: State): Count | undefined {
  const node = bare(test);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    const step = changeOf(node.operand, before, state);
    return step?.down ? { step, isLast: true } : undefined;
  }
  if (!ts.isBinaryExpression(node)) {
    const step = ts.isPrefixUnaryExpression(node) ? changeOf(node as ts.Expression, before, state) : undefined;
    return step?.down ? { step, isLast: false } : undefined;
  }
  const step = changeOf(node.left, before, state);
  if (!step) return undefined;
  const op = node.operatorToken.kind;
  const equal = op === ts.SyntaxKind.EqualsEqualsEqualsToken || op === ts.SyntaxKind.EqualsEqualsToken;
  if (!step.down)
    return equal || op === ts.SyntaxKind.GreaterThanEqualsToken
      ? { step: { ...step, until: node.right }, isLast: true }
      : undefined;
  if (node.right.getText() === '0') {
    if (equal || op === ts.SyntaxKind.LessThanEqualsToken) return { step, isLast: true };
    const more = [
      ts.SyntaxKind.GreaterThanToken,
      ts.SyntaxKind.ExclamationEqualsToken,
      ts.SyntaxKind.ExclamationEqualsEqualsToken,
    ];
    return more.includes(op) ? { step, isLast: false } : undefined;
  }
  return node.right.getText() === '1' && op === ts.SyntaxKind.LessThanToken ? { step, isLast: true } : undefined;
}

/** The counter, changed by one in the test itself or by the statement before. */
function changeOf(node: ts.Expression, before: ts.Statement | undefined, state: State): Count['step'] | undefined {
  const direct = changedBy(bare(node) as ts.Expression, true, state);
  if (direct) return { ...direct, also: [] };
  const name = bare(node);
  if (!ts.isIdentifier(name) || !before || !ts.isExpressionStatement(before)) return undefined;
  const changed = changedBy(bare(before.expression) as ts.Expression, false, state);
  return changed && changed.counter === state.ctx.scopes.symbolOf(name) ? { ...changed, also: [before] } : undefined;
}

/** `--x`, and as a statement also `x--`, `x -= 1`. */
function changedBy(
  node: ts.Expression,
  inTest: boolean,
  state: State,
): { counter: ts.Symbol; down: boolean } | undefined {
  const named = (of: ts.Expression, down: boolean) => {
    const counter = ts.isIdentifier(of) ? state.ctx.scopes.symbolOf(of) : undefined;
    return counter && { counter, down };
  };
  if (ts.isPrefixUnaryExpression(node) || (!inTest && ts.isPostfixUnaryExpression(node))) {
    if (node.operator === ts.SyntaxKind.MinusMinusToken) return named(node.operand, true);
    return node.operator === ts.SyntaxKind.PlusPlusToken ? named(node.operand, false) : undefined;
  }
  if (!ts.isBinaryExpression(node) || node.right.getText() !== '1') return undefined;
  const op = node.operatorToken.kind;
  if (op === ts.SyntaxKind.MinusEqualsToken) return named(node.left, true);
  return op === ts.SyntaxKind.PlusEqualsToken ? named(node.left, false) : undefined;
}

/** `if (failed) return;` at the top of the list (`known`: tests of it elsewhere), and where `failed` is set: in front of a report, or in its argument. */
export function flagIn(list: readonly ts.Statement[], state: State, known: readonly ts.Node[] = []): Flag | undefined {
  const [first] = list;
  if (!first || !ts.isIfStatement(first) || first.elseStatement || !isBareReturn(first.thenStatement)) return undefined;
  const name = bare(first.expression);
  const symbol = ts.isIdentifier(name) ? state.ctx.scopes.symbolOf(name) : undefined;
  const declaration = symbol?.declarations?.[0];
  if (!symbol || !declaration || !ts.isVariableDeclaration(declaration)) return undefined;
  if (declaration.initializer && !/^(false|null|undefined)$/.test(declaration.initializer.getText())) return undefined;
  if (!list.slice(1).every(isLocalEffect)) return undefined;
  const statements: ts.Statement[] = [first];
  for (const use of state.ctx.scopes.references(symbol)) {
    if (use.parent === declaration || (use.pos >= first.pos && use.end <= first.end)) continue;
    if (known.some((each) => each.pos <= use.pos && use.end <= each.end)) continue;
    const { parent } = use;
    if (
      !ts.isBinaryExpression(parent) ||
      parent.left !== use ||
      parent.operatorToken.kind !== ts.SyntaxKind.EqualsToken
    )
      return undefined;
    if (ts.isExpressionStatement(parent.parent)) statements.push(parent.parent);
    else if (!ts.isCallExpression(parent.parent)) return undefined;
  }
  return { symbol, statements };
}

/** Nothing that anyone could notice when a failure was reported before: results put into a list, the error branch, the counter. */
function isLocalEffect(statement: ts.Statement): boolean {
  if (ts.isIfStatement(statement) || ts.isReturnStatement(statement)) return true;
  if (ts.isVariableStatement(statement)) return false;
  if (!ts.isExpressionStatement(statement)) return false;
  const node = bare(statement.expression);
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) return true;
  if (ts.isBinaryExpression(node)) return ts.isElementAccessExpression(node.left) || ts.isIdentifier(node.left);
  return (
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    node.expression.name.text === 'push' &&
    !node.arguments.some(isFunction)
  );
}

/** The ways to ask whether the list is empty, as text without spaces. */
function emptyTests(plan: Pick<JoinPlan, 'list' | 'step' | 'length'>): string[] {
  const length = `${plan.list.getText()}.length`;
  const counter = plan.step.counter.name;
  return [length, ...(plan.length ? [plan.length] : []), ...(plan.step.down ? [counter] : [])].flatMap((each) => [
    `!${each}`,
    `${each}===0`,
    `${each}==0`,
    `${each}<1`,
    `${each}<=0`,
    `0===${each}`,
  ]);
}

/**
 * `if (left === 0) return cb(null, out);` in front of the fan-out, where its end says the very same: a join over nothing comes
 * to that end by itself.
 */
export function emptyAnswer(
  plan: Pick<JoinPlan, 'statement' | 'list' | 'step'>,
  statements: readonly ts.Statement[],
  state: State,
): ts.Statement | undefined {
  const [final, more] = plan.step.final;
  const said = final && !more && saidBy(final);
  const before = statements.slice(0, statements.indexOf(plan.statement));
  const index = before.findLastIndex(ts.isIfStatement);
  const statement = before[index];
  if (!said || !statement || !ts.isIfStatement(statement) || statement.elseStatement) return undefined;
  if (!emptyTests(plan).includes(statement.expression.getText().replace(/[\s()]/g, ''))) return undefined;
  const { thenStatement } = statement;
  const [only, end, third] = ts.isBlock(thenStatement) ? thenStatement.statements : [thenStatement];
  const leaves = only && (ts.isReturnStatement(only) ? !end : !!end && isBareReturn(end) && !third);
  if (!leaves || (saidBy(only) !== said && saidBy(only) !== withoutNames(final, plan, state))) return undefined;
  return before.slice(index + 1).every(isQuiet) ? statement : undefined;
}

/** `cb(null,[])` of `cb(null, out)`, where `out` is a list that only the fan-out puts something into. */
function withoutNames(
  final: ts.Statement,
  { statement }: Pick<JoinPlan, 'statement'>,
  { ctx: { scopes } }: State,
): string | undefined {
  const call = (ts.isReturnStatement(final) || ts.isExpressionStatement(final)) && final.expression;
  if (!call || !ts.isCallExpression(call)) return undefined;
  const texts = call.arguments.map((argument) => {
    const symbol = ts.isIdentifier(argument) ? scopes.symbolOf(argument) : undefined;
    const declaration = symbol?.declarations?.[0];
    if (!symbol || !declaration || !ts.isVariableDeclaration(declaration)) return argument.getText();
    const isOwn = scopes
      .references(symbol)
      .every(
        (use) => use === declaration.name || use === argument || (use.pos >= statement.pos && use.end <= statement.end),
      );
    return isOwn && scopes.isConstant(symbol) && declaration.initializer?.getText() === '[]'
      ? '[]'
      : argument.getText();
  });
  return `${call.expression.getText()}(${texts.join()})`.replace(/\s+/g, '');
}

/** `cb(null, out)` of a statement, whatever its spaces. */
function saidBy(statement: ts.Statement): string | undefined {
  const has = ts.isReturnStatement(statement) || ts.isExpressionStatement(statement);
  return has ? statement.expression?.getText().replace(/\s+/g, '') : undefined;
}

/** Running it for an empty list too changes nothing. */
function isQuiet(statement: ts.Statement): boolean {
  if (!ts.isVariableStatement(statement)) return isInert(statement);
  return statement.declarationList.declarations.every((each) => isHarmless(each.initializer));
}

/** An empty list is answered before, or there is none: `if (!list.length) return cb(null, [])`, a literal with elements. */
export function emptyIsAnswered(
  plan: Pick<JoinPlan, 'statement' | 'list' | 'length' | 'step'>,
  statements: readonly ts.Statement[],
  state: State,
): boolean {
  const list = bare(plan.list);
  if (ts.isArrayLiteralExpression(list)) return list.elements.length > 0;
  const tests = emptyTests(plan);
  const before = statements.slice(0, statements.indexOf(plan.statement));
  if (isFilledConstant(list, state)) return true;
  return before.some((each) => {
    if (!ts.isIfStatement(each)) return false;
    const parts = each.expression
      .getText()
      .replace(/[\s()]/g, '')
      .split('||');
    return parts.some((part) => tests.includes(part)) && endsWithReturn(each.thenStatement);
  });
}

function isFilledConstant(node: ts.Node, state: State): boolean {
  const symbol = ts.isIdentifier(node) ? state.ctx.scopes.symbolOf(node) : undefined;
  const declaration = symbol?.declarations?.[0];
  if (!symbol || !declaration || !ts.isVariableDeclaration(declaration) || !declaration.initializer) return false;
  const value = bare(declaration.initializer);
  return (
    state.ctx.scopes.isConstant(symbol) &&
    ts.isArrayLiteralExpression(value) &&
    value.elements.length > 0 &&
    !value.elements.some(ts.isSpreadElement)
  );
}

function endsWithReturn(statement: ts.Statement): boolean {
  const last = ts.isBlock(statement) ? statement.statements.at(-1) : statement;
  return !!last && ts.isReturnStatement(last);
}
