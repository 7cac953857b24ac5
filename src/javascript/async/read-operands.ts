import { ts } from '../parse.js';
import type { Role } from './read-stable.js';

/** A part of an expression that is evaluated by itself. */
export interface Operand {
  readonly node: ts.Expression;
  readonly role: Role;
  /** Its value is taken apart at once: `...list`. */
  readonly spread?: 'list' | 'object';
}

/** The parts of an expression in the order of evaluation; `undefined` for what is not known here. */
export function operandsOf(node: ts.Node): readonly Operand[] | undefined {
  const value = (each: ts.Expression): Operand => ({ node: each, role: 'value' });
  const argument = (each: ts.Expression): Operand =>
    ts.isSpreadElement(each) ? { node: each.expression, role: 'value', spread: 'list' } : value(each);
  if (isWrapper(node)) return [value(node.expression)];
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) return [value(node.operand)];
  if (ts.isTypeOfExpression(node) || ts.isVoidExpression(node) || ts.isDeleteExpression(node))
    return [value(node.expression)];
  if (ts.isPropertyAccessExpression(node)) return [{ node: node.expression, role: 'base' }];
  if (ts.isElementAccessExpression(node))
    return [{ node: node.expression, role: 'base' }, value(node.argumentExpression)];
  if (ts.isCallExpression(node) || ts.isNewExpression(node))
    return [{ node: node.expression, role: 'callee' }, ...(node.arguments ?? []).map(argument)];
  if (ts.isArrayLiteralExpression(node)) return node.elements.map(argument);
  if (ts.isObjectLiteralExpression(node)) return node.properties.flatMap(ofProperty);
  if (ts.isTemplateExpression(node)) return node.templateSpans.map((span) => ({ node: span.expression, role: 'text' }));
  if (ts.isTaggedTemplateExpression(node)) {
    const { template } = node;
    const spans = ts.isTemplateExpression(template) ? template.templateSpans : [];
    return [{ node: node.tag, role: 'callee' }, ...spans.map((span) => value(span.expression))];
  }
  return ofJsx(node);
}

function isWrapper(node: ts.Node): node is ts.ParenthesizedExpression {
  return (
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isTypeAssertionExpression(node)
  );
}

function ofProperty(property: ts.ObjectLiteralElementLike): Operand[] {
  if (ts.isSpreadAssignment(property)) return [{ node: property.expression, role: 'value', spread: 'object' }];
  const key: Operand[] = ts.isComputedPropertyName(property.name)
    ? [{ node: property.name.expression, role: 'value' }]
    : [];
  if (ts.isPropertyAssignment(property)) return [...key, { node: property.initializer, role: 'value' }];
  // `{ user }` reads a variable: where it can change meanwhile it would need a name of its own.
  return ts.isShorthandPropertyAssignment(property) ? [{ node: property.name, role: 'value' }] : key;
}

/** The tag, attributes, then children, each as it stands. */
function ofJsx(node: ts.Node): readonly Operand[] | undefined {
  if (ts.isJsxFragment(node)) return node.children.flatMap(ofChild);
  if (ts.isJsxSelfClosingElement(node)) return ofAttributes(node.attributes);
  return ts.isJsxElement(node)
    ? [...ofAttributes(node.openingElement.attributes), ...node.children.flatMap(ofChild)]
    : undefined;
}

function ofAttributes({ properties }: ts.JsxAttributes): Operand[] {
  return properties.flatMap((each): Operand[] => {
    if (ts.isJsxSpreadAttribute(each)) return [{ node: each.expression, role: 'value', spread: 'object' }];
    return each.initializer ? ofChild(each.initializer) : [];
  });
}

function ofChild(child: ts.JsxChild | ts.JsxAttributeValue): Operand[] {
  if (ts.isJsxExpression(child)) return child.expression ? [{ node: child.expression, role: 'value' }] : [];
  if (ts.isJsxText(child) || ts.isStringLiteral(child)) return [];
  return [{ node: child, role: 'value' }];
}
