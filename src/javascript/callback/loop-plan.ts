import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { usesOf } from './locals.js';
import { mention, mentions } from './state.js';
import type { Env, LocalFunction, State } from './state.js';

export interface Plan {
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
export function planLoop(
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

export function listOf(statement: ts.Statement): readonly ts.Statement[] {
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

export function isOneMore(node: ts.Expression, symbol: ts.Symbol, state: State): boolean {
  const inner = bare(node);
  if (ts.isPrefixUnaryExpression(inner))
    return inner.operator === ts.SyntaxKind.PlusPlusToken && isNamed(inner.operand, symbol, state);
  if (!ts.isBinaryExpression(inner) || inner.operatorToken.kind !== ts.SyntaxKind.PlusToken) return false;
  return isNamed(inner.left, symbol, state) && inner.right.getText() === '1';
}

export function isNamed(node: ts.Expression, symbol: ts.Symbol, state: State): boolean {
  const inner = bare(node);
  return ts.isIdentifier(inner) && state.ctx.scopes.symbolOf(inner) === symbol;
}
