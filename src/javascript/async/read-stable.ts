import { bare, originOf } from '../calls/origin.js';
import { ts } from '../parse.js';
import type { Env } from './read-env.js';

/** What an operand is read for. A `callee` or `base` is called or taken a member of; a `text` is turned into a string at once. */
export type Role = 'value' | 'callee' | 'base' | 'text';

/**
 * True when an operand gives the same whether it is evaluated before or after a wait that stands behind it: a literal, a name
 * that nobody writes meanwhile. Members of objects can change while we wait. Methods are taken to stay what they are.
 */
export function isStable(expression: ts.Node, env: Env, root: ts.Node, role: Role = 'value'): boolean {
  const node = bare(expression);
  const by = env.snippets.filled(node) ?? env.snippets.filled(expression);
  if (by) return !('parts' in by) || by.pure === true;
  const inner = (each: ts.Node, as: Role = 'value'): boolean => isStable(each, env, root, as);
  if (isConstantNode(node)) return true;
  if (ts.isIdentifier(node)) return isStableName(node, env, root, role);
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node))
    return isStableMember(node, role, env, root);
  if (ts.isPrefixUnaryExpression(node)) return !isStep(node.operator) && inner(node.operand);
  if (ts.isTypeOfExpression(node) || ts.isVoidExpression(node)) return inner(node.expression);
  if (ts.isTemplateExpression(node)) return node.templateSpans.every((span) => inner(span.expression, 'text'));
  if (ts.isConditionalExpression(node))
    return [node.condition, node.whenTrue, node.whenFalse].every((each) => inner(each));
  if (ts.isBinaryExpression(node)) {
    // `(0, lib.parse)(x)`, as compilers write a call without `this`.
    if (node.operatorToken.kind === ts.SyntaxKind.CommaToken) return inner(node.left) && inner(node.right, role);
    return isPlainOperator(node) && inner(node.left) && inner(node.right);
  }
  if (role === 'text') return false;
  if (ts.isArrayLiteralExpression(node)) return node.elements.every((each) => !ts.isSpreadElement(each) && inner(each));
  if (ts.isObjectLiteralExpression(node)) return node.properties.every((each) => isStableProperty(each, inner));
  return false;
}

function isConstantNode(node: ts.Node): boolean {
  if (ts.isLiteralExpression(node) || ts.isFunctionExpression(node) || ts.isArrowFunction(node)) return true;
  if (ts.isMetaProperty(node) || ts.isOmittedExpression(node)) return true;
  return [
    ts.SyntaxKind.NullKeyword,
    ts.SyntaxKind.TrueKeyword,
    ts.SyntaxKind.FalseKeyword,
    ts.SyntaxKind.ThisKeyword,
    ts.SyntaxKind.SuperKeyword,
    ts.SyntaxKind.ImportKeyword,
  ].includes(node.kind);
}

function isStep(operator: ts.PrefixUnaryOperator): boolean {
  return operator === ts.SyntaxKind.PlusPlusToken || operator === ts.SyntaxKind.MinusMinusToken;
}

/** No assignment, and nothing that looks into an object. */
function isPlainOperator(node: ts.BinaryExpression): boolean {
  const { kind } = node.operatorToken;
  if (kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment) return false;
  return kind !== ts.SyntaxKind.InKeyword && kind !== ts.SyntaxKind.InstanceOfKeyword;
}

function isStableProperty(property: ts.ObjectLiteralElementLike, inner: (node: ts.Node) => boolean): boolean {
  if (ts.isSpreadAssignment(property)) return false;
  if (ts.isComputedPropertyName(property.name) && !inner(property.name.expression)) return false;
  if (ts.isPropertyAssignment(property)) return inner(property.initializer);
  return ts.isShorthandPropertyAssignment(property) ? inner(property.name) : true;
}

const knownGlobals =
  /^(undefined|NaN|Infinity|globalThis|global|window|document|self|console|process|Math|JSON|Object|Array|Promise|Number|String|Boolean|Symbol|Date|Error|TypeError|RangeError|Map|Set|WeakMap|Buffer|URL|Reflect|Intl|BigInt|require|module|exports|__dirname|__filename|\$|_|jQuery)$/;

function isStableName(name: ts.Identifier, env: Env, root: ts.Node, role: Role): boolean {
  const { scopes } = env.ctx;
  const symbol = scopes.symbolOf(name);
  if (!symbol) return role === 'callee' || role === 'base' || knownGlobals.test(name.text);
  const declaration = symbol.declarations?.[0];
  if (!declaration) return false;
  // An import is a live view of a variable of another module; a function or a namespace is taken to stay.
  if (ts.findAncestor(declaration, ts.isImportDeclaration))
    return role === 'callee' || role === 'base' || !ts.isImportSpecifier(declaration) || /^[A-Z]/.test(name.text);
  if (role === 'text' && holdsObject(declaration)) return false;
  if (scopes.isConstant(symbol)) return true;
  return isOnlyWrittenHere(symbol, declaration, env, root);
}

/** A list or an object whose text changes with what is in it. */
function holdsObject(declaration: ts.Node): boolean {
  const value = ts.isVariableDeclaration(declaration) && declaration.initializer && bare(declaration.initializer);
  return (
    !!value && (ts.isArrayLiteralExpression(value) || ts.isObjectLiteralExpression(value) || ts.isNewExpression(value))
  );
}

/** A variable of the function itself that no function inside writes: while we wait, nobody does; and not in this expression. */
function isOnlyWrittenHere(symbol: ts.Symbol, declaration: ts.Node, env: Env, root: ts.Node): boolean {
  const { scopes } = env.ctx;
  if (declaration.pos < env.fn.pos || declaration.end > env.fn.end) return false;
  return scopes.references(symbol).every((use) => {
    if (!scopes.isWritten(use)) return true;
    if (use.pos >= root.pos && use.end <= root.end) return false;
    return ts.findAncestor(use, (node) => ts.isFunctionLike(node) || ts.isClassLike(node)) === env.fn;
  });
}

function isStableMember(
  node: ts.PropertyAccessExpression | ts.ElementAccessExpression,
  role: Role,
  env: Env,
  root: ts.Node,
): boolean {
  const isKey = ts.isElementAccessExpression(node);
  if (isKey && !isStable(node.argumentExpression, env, root)) return false;
  if (node.expression.kind === ts.SyntaxKind.SuperKeyword) return role === 'callee';
  if (isFixedMember(node, role, env)) return true;
  if (!isStable(node.expression, env, root, 'base')) return false;
  // `Status.DONE`: written as a constant. A method is taken to stay what it is.
  return role === 'callee' || (!isKey && /^[A-Z][A-Z0-9_]*$/.test(node.name.text));
}

const builtin = /^(fs|path|os|util|url|crypto|http|https|zlib|stream|events|dns|net|tls|constants)(\/|$)/;

/** What a module of Node's own or the language gives is not replaced while we wait. */
function isFixedMember(node: ts.Expression, role: Role, env: Env): boolean {
  const origin = originOf(node, env.ctx.scopes);
  if (!origin) return false;
  if (origin.module !== '') return builtin.test(origin.module);
  const [root] = origin.path;
  return (
    /^(Math|Number|console|JSON|Object|Array|Promise)$/.test(root ?? '') || (root === 'process' && role !== 'value')
  );
}
