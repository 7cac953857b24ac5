import { namesOf } from '../../bindings.js';
import { bare, isOrigin, memberName, originOf } from '../../calls/origin.js';
import { valueKind } from '../../calls/values.js';
import type { FileContext } from '../../context.js';
import { ts } from '../../parse.js';
import { functionOf } from '../fan-outs.js';

/** Names whose values are known to be cloneable: parameters of a task whose items were proven. */
export type KnownNames = ReadonlySet<ts.Symbol>;

const none: KnownNames = new Set();
const plainKinds = new Set(['string', 'number', 'boolean']);

/**
 * True when the text shows that the value crosses a thread's border unchanged: strings, numbers, plain objects and lists of such
 * (structured clone, H48). Instances, functions, buffers and whatever is not known are not.
 */
export function isCloneable(expression: ts.Node, ctx: FileContext, known: KnownNames = none, depth = 0): boolean {
  const node = bare(expression);
  if (depth > 20) return false;
  const deeper = (each: ts.Node): boolean => isCloneable(each, ctx, known, depth + 1);
  if (plainKinds.has(valueKind(node, ctx.scopes) ?? '') || isPlainWord(node)) return true;
  if (ts.isArrayLiteralExpression(node))
    return node.elements.every((each) => deeper(ts.isSpreadElement(each) ? each.expression : each));
  if (ts.isObjectLiteralExpression(node)) return node.properties.every((each) => isCloneableProperty(each, deeper));
  if (ts.isConditionalExpression(node)) return deeper(node.whenTrue) && deeper(node.whenFalse);
  if (ts.isBinaryExpression(node)) return isCloneableOperation(node, deeper);
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) return true;
  if (ts.isAwaitExpression(node)) return deeper(node.expression);
  if (ts.isIdentifier(node)) return isCloneableName(node, ctx, known, depth);
  // What a part of a plain value is, is plain; a getter or method of a plain object is none of its own.
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node))
    return !ts.isCallExpression(node.parent) && deeper(node.expression);
  return ts.isCallExpression(node) && isCloneableCall(node, ctx, deeper, depth);
}

function isPlainWord(node: ts.Node): boolean {
  return (
    node.kind === ts.SyntaxKind.NullKeyword ||
    ts.isVoidExpression(node) ||
    ts.isBigIntLiteral(node) ||
    (ts.isIdentifier(node) && node.text === 'undefined')
  );
}

function isCloneableProperty(property: ts.ObjectLiteralElementLike, deeper: (node: ts.Node) => boolean): boolean {
  if (ts.isPropertyAssignment(property)) return deeper(property.initializer);
  if (ts.isShorthandPropertyAssignment(property)) return deeper(property.name);
  return ts.isSpreadAssignment(property) && deeper(property.expression);
}

function isCloneableOperation(node: ts.BinaryExpression, deeper: (node: ts.Node) => boolean): boolean {
  switch (node.operatorToken.kind) {
    case ts.SyntaxKind.AmpersandAmpersandToken:
    case ts.SyntaxKind.BarBarToken:
    case ts.SyntaxKind.QuestionQuestionToken:
      return deeper(node.left) && deeper(node.right);
    case ts.SyntaxKind.AmpersandAmpersandEqualsToken:
    case ts.SyntaxKind.BarBarEqualsToken:
    case ts.SyntaxKind.QuestionQuestionEqualsToken:
      return deeper(node.right);
    case ts.SyntaxKind.EqualsToken:
    case ts.SyntaxKind.CommaToken:
      return deeper(node.right);
    // Every other operator gives a string, a number or a boolean.
    default:
      return true;
  }
}

function isCloneableName(node: ts.Identifier, ctx: FileContext, known: KnownNames, depth: number): boolean {
  const symbol = ctx.scopes.symbolOf(node);
  if (!symbol) return false;
  if (known.has(symbol)) return true;
  const [declaration, more] = symbol.declarations ?? [];
  if (!declaration || more) return false;
  if ((ts.isVariableDeclaration(declaration) || ts.isParameter(declaration)) && declaration.type)
    return isCloneableType(declaration.type);
  if (!ts.isVariableDeclaration(declaration)) return false;
  const list = declaration.parent;
  if (ts.isVariableDeclarationList(list) && ts.isForOfStatement(list.parent))
    return isCloneable(list.parent.expression, ctx, known, depth + 1);
  if (!declaration.initializer || !ts.isIdentifier(declaration.name)) return false;
  // Every value that the name ever gets.
  const written = ctx.scopes.references(symbol).filter(ctx.scopes.isWritten);
  const values = written.map((use) => assignedTo(use));
  return [declaration.initializer, ...values].every((value) => !!value && isCloneable(value, ctx, known, depth + 1));
}

/** `x` of `name = x`, `name += x`; `undefined` for every other way to write a name. */
function assignedTo(use: ts.Identifier): ts.Node | undefined {
  const { parent } = use;
  if (ts.isBinaryExpression(parent) && parent.left === use)
    return parent.operatorToken.kind === ts.SyntaxKind.EqualsToken ? parent.right : parent;
  return ts.isPrefixUnaryExpression(parent) || ts.isPostfixUnaryExpression(parent) ? parent : undefined;
}

const stringLists = /^(split|match)$/;
const sameItems = /^(slice|filter|sort|reverse|concat|flat|toSorted|toReversed|trim)$/;

/** A function of the file, all of whose results are cloneable when what it is given is. */
function givesCloneable(
  call: ts.CallExpression,
  ctx: FileContext,
  deeper: (node: ts.Node) => boolean,
  depth: number,
): boolean {
  const fn = functionOf(call.expression, ctx);
  if (!fn?.body || fn.asteriskToken) return false;
  if (fn.type && isCloneableType(fn.type)) return true;
  const known = new Set<ts.Symbol>();
  fn.parameters.forEach(({ name, initializer, dotDotDotToken }, at) => {
    const given = call.arguments[at];
    if (initializer || dotDotDotToken || (given && !deeper(given))) return;
    for (const each of namesOf(name)) known.add(ctx.scopes.symbolOf(each)!);
  });
  return resultsOf(fn).every((each) => isCloneable(each, ctx, known, depth + 1));
}

/** All that a function can give: its expression, or what its returns give. */
export function resultsOf({ body }: ts.FunctionLikeDeclaration): ts.Expression[] {
  if (!body || !ts.isBlock(body)) return body ? [body] : [];
  const found: ts.Expression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) return;
    if (ts.isReturnStatement(node) && node.expression) found.push(node.expression);
    ts.forEachChild(node, visit);
  };
  visit(body);
  return found;
}

function isCloneableCall(
  call: ts.CallExpression,
  ctx: FileContext,
  deeper: (node: ts.Node) => boolean,
  depth: number,
): boolean {
  const origin = originOf(call.expression, ctx.scopes);
  const name = memberName(call.expression);
  if (isOrigin(origin, '', 'JSON', 'parse') || isOrigin(origin, '', 'Object', 'keys')) return true;
  if (isOrigin(origin, '', 'Object', 'entries') || isOrigin(origin, '', 'Object', 'values'))
    return !!call.arguments[0] && deeper(call.arguments[0]);
  if (/^(fs|fs\/promises)$/.test(origin?.module ?? '') && /^readdir(Sync)?$/.test(origin!.path.at(-1) ?? ''))
    return call.arguments.length === 1;
  // `hash.digest('hex')`, `buffer.toString('utf8')`
  if (name === 'digest' || name === 'toString') return name === 'toString' || call.arguments.length === 1;
  if (name === undefined) return ts.isIdentifier(call.expression) && givesCloneable(call, ctx, deeper, depth);
  const owner = (call.expression as ts.AccessExpression).expression;
  if (stringLists.test(name)) return true;
  if (name === 'join' || name === 'toFixed' || name === 'toISOString') return true;
  if (sameItems.test(name))
    return deeper(owner) && call.arguments.every((each) => ts.isFunctionLike(bare(each)) || deeper(each));
  return false;
}

const plainTypes = new Set([
  ts.SyntaxKind.StringKeyword,
  ts.SyntaxKind.NumberKeyword,
  ts.SyntaxKind.BooleanKeyword,
  ts.SyntaxKind.BigIntKeyword,
  ts.SyntaxKind.UndefinedKeyword,
  ts.SyntaxKind.VoidKeyword,
]);

/** True for types made of strings, numbers and the like alone. */
export function isCloneableType(type: ts.TypeNode): boolean {
  if (plainTypes.has(type.kind) || ts.isLiteralTypeNode(type)) return true;
  if (ts.isArrayTypeNode(type)) return isCloneableType(type.elementType);
  if (ts.isParenthesizedTypeNode(type) || ts.isTypeOperatorNode(type)) return isCloneableType(type.type);
  if (ts.isTupleTypeNode(type))
    return type.elements.every((each) => isCloneableType(ts.isNamedTupleMember(each) ? each.type : each));
  if (ts.isUnionTypeNode(type)) return type.types.every(isCloneableType);
  if (ts.isTypeLiteralNode(type))
    return type.members.every((each) => ts.isPropertySignature(each) && !!each.type && isCloneableType(each.type));
  const inner = ts.isTypeReferenceNode(type) ? type.typeArguments : undefined;
  return (
    !!inner &&
    /^(Promise|Array|ReadonlyArray|Record)$/.test((type as ts.TypeReferenceNode).typeName.getText()) &&
    inner.every(isCloneableType)
  );
}
