import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';
import { isFixedValue } from './handler.js';

/** The `await` that is evaluated before anything else in the expression that could have an effect or be changed meanwhile. */
export function firstWait(expression: ts.Expression, scopes: Scopes): ts.AwaitExpression | undefined {
  let node: ts.Node = expression;
  for (;;) {
    if (ts.isAwaitExpression(node)) return node === expression ? undefined : node;
    const next = firstPart(node, scopes);
    if (!next) return undefined;
    node = next;
  }
}

function firstPart(node: ts.Node, scopes: Scopes): ts.Node | undefined {
  if (
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isTypeAssertionExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isSatisfiesExpression(node)
  )
    return node.expression;
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) return node.expression;
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
    return isFixedCallee(node.expression, scopes)
      ? node.arguments?.[0]
      : ts.isCallExpression(node)
        ? node.expression
        : undefined;
  }
  if (ts.isBinaryExpression(node)) {
    const kind = node.operatorToken.kind;
    return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment ? undefined : node.left;
  }
  if (ts.isConditionalExpression(node)) return node.condition;
  if (ts.isPrefixUnaryExpression(node)) return node.operand;
  if (ts.isTemplateExpression(node)) return node.templateSpans[0]?.expression;
  if (ts.isSpreadElement(node)) return node.expression;
  if (ts.isArrayLiteralExpression(node)) return node.elements[0];
  if (ts.isObjectLiteralExpression(node)) {
    const [first] = node.properties;
    return first && ts.isPropertyAssignment(first) && ts.isIdentifier(first.name) ? first.initializer : undefined;
  }
  return undefined;
}

/** A name or `console.log`: reading it before or after the wait gives the same function. */
function isFixedCallee(callee: ts.Expression, scopes: Scopes): boolean {
  if (ts.isIdentifier(callee)) return isFixedValue(callee, scopes) || scopes.isGlobal(callee);
  return (
    ts.isPropertyAccessExpression(callee) &&
    ts.isIdentifier(callee.expression) &&
    scopes.isGlobal(callee.expression) &&
    /^(console|JSON|Object|Array|Math|Promise|Number|String)$/.test(callee.expression.text)
  );
}
