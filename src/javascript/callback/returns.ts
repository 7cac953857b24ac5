import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { mention } from './state.js';
import type { Env, State } from './state.js';
import type { CallbackFacts } from './types.js';

/** What the function's own `return`s give: nothing, the value of a call (a way to leave), or something on purpose. */
export function returnsOf(
  statements: readonly ts.Statement[],
  env: Env,
  state: State,
  seen: readonly ts.Node[] = [],
): CallbackFacts['returns'] {
  let found: CallbackFacts['returns'] = 'nothing';
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || found === 'value') return;
    if (ts.isReturnStatement(node) && node.expression && !isNothing(node.expression))
      found = mention(node.expression, env, state) || isLeaving(node.expression, env, state, seen) ? 'call' : 'value';
    ts.forEachChild(node, visit);
  };
  statements.forEach(visit);
  return found;
}

/** `return ready ? test() : create()`: steps of the function itself, which give nothing of their own. */
function isLeaving(expression: ts.Expression, env: Env, state: State, seen: readonly ts.Node[]): boolean {
  const node = bare(expression);
  if (ts.isConditionalExpression(node))
    return [node.whenTrue, node.whenFalse].every((arm) => isNothing(arm) || isLeaving(arm, env, state, seen));
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return false;
  const declaration = state.ctx.scopes.symbolOf(node.expression)?.declarations?.[0];
  const fn = declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : declaration;
  if (fn && state.steps?.fns.has(fn)) return true;
  if (!fn || !state.inlined.has(fn) || seen.includes(fn) || !ts.isFunctionLike(fn)) return false;
  const { body } = fn as ts.FunctionLikeDeclaration;
  return !!body && ts.isBlock(body) && returnsOf(body.statements, env, state, [...seen, fn]) !== 'value';
}

function isNothing(expression: ts.Expression): boolean {
  return ts.isVoidExpression(expression) || expression.getText() === 'undefined';
}
