import { bare, isOrigin, memberName, originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';

/** Methods that leave a list as it is. */
const readers =
  /^(map|filter|forEach|slice|join|concat|indexOf|includes|find|findIndex|some|every|reduce|reduceRight|flatMap|keys|values|entries|at|lastIndexOf|toString)$/;
/** Methods whose list is as long as, or shorter than, the one they are called on. */
const notLonger = /^(map|filter|slice|sort|reverse|toSorted|toReversed)$/;

/** The most items that a list can have, when the text shows it: `[a, b]`, a constant that holds one, `.slice(0, 6)` of anything. */
export function mostItems(list: ts.Expression, ctx: FileContext, depth = 0): number | undefined {
  if (depth > 8) return undefined;
  const node = bare(list);
  if (ts.isArrayLiteralExpression(node)) return sumOf(node.elements, ctx, depth);
  if (ts.isObjectLiteralExpression(node)) return lengthOf(node);
  if (ts.isIdentifier(node)) return mostOfName(node, ctx, depth);
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) return mostOfCall(node, ctx, depth);
  return undefined;
}

function sumOf(elements: readonly ts.Expression[], ctx: FileContext, depth: number): number | undefined {
  let sum = 0;
  for (const element of elements) {
    const more = ts.isSpreadElement(element) ? mostItems(element.expression, ctx, depth + 1) : 1;
    if (more === undefined) return undefined;
    sum += more;
  }
  return sum;
}

/** `{ length: 6 }` */
function lengthOf(node: ts.ObjectLiteralExpression): number | undefined {
  const [only, more] = node.properties;
  if (!only || more || !ts.isPropertyAssignment(only) || only.name.getText() !== 'length') return undefined;
  return numberOf(only.initializer);
}

export function numberOf(node: ts.Node | undefined): number | undefined {
  return node && ts.isNumericLiteral(bare(node)) ? Number((bare(node) as ts.NumericLiteral).text) : undefined;
}

/** A constant that nothing in the file changes or hands on to who might. */
function mostOfName(name: ts.Identifier, ctx: FileContext, depth: number): number | undefined {
  const symbol = ctx.scopes.symbolOf(name);
  const declaration = symbol?.declarations?.[0];
  if (!symbol || !declaration || !ts.isVariableDeclaration(declaration) || !declaration.initializer) return undefined;
  if (!ctx.scopes.isConstant(symbol) || ts.isBindingElement(declaration)) return undefined;
  const others = ctx.scopes.references(symbol).filter((use) => use.parent !== declaration);
  return others.every(onlyReads) ? mostItems(declaration.initializer, ctx, depth + 1) : undefined;
}

/** The use reads a list and hands it to nobody who might change it. */
export function onlyReads(use: ts.Identifier): boolean {
  const { parent } = use;
  if (ts.isSpreadElement(parent))
    return ts.isArrayLiteralExpression(parent.parent) || ts.isCallExpression(parent.parent);
  if (ts.isForOfStatement(parent)) return parent.expression === use;
  if (ts.isElementAccessExpression(parent)) return parent.expression === use && !isWritten(parent);
  if (ts.isTypeOfExpression(parent) || ts.isTypeQueryNode(parent)) return true;
  // The first argument of `Array.from`, `async.map` and their like is read; other functions may do what they want.
  if (ts.isCallExpression(parent))
    return (
      parent.arguments[0] === use &&
      /^(from|entries|keys|values|log|all|(map|each|forEach|eachOf|filter|reject)(Limit|Series)?)$/.test(
        memberName(parent.expression) ?? '',
      )
    );
  if (!ts.isPropertyAccessExpression(parent) || parent.expression !== use || isWritten(parent)) return false;
  return parent.name.text === 'length' || (readers.test(parent.name.text) && ts.isCallExpression(parent.parent));
}

const isWritten = ({ parent }: ts.Node): boolean =>
  (ts.isBinaryExpression(parent) && parent.operatorToken.kind !== ts.SyntaxKind.EqualsEqualsEqualsToken) ||
  ts.isDeleteExpression(parent) ||
  ts.isPostfixUnaryExpression(parent) ||
  ts.isPrefixUnaryExpression(parent);

function mostOfCall(node: ts.CallExpression | ts.NewExpression, ctx: FileContext, depth: number): number | undefined {
  const args = node.arguments ?? [];
  const isArray = (expression: ts.Expression): boolean => isOrigin(originOf(expression, ctx.scopes), '', 'Array');
  if (isArray(node.expression)) return args.length === 1 ? numberOf(args[0]) : undefined;
  const name = memberName(node.expression);
  if (name === undefined) return undefined;
  const owner = (node.expression as ts.AccessExpression).expression;
  if (name === 'slice' && args.length === 2 && numberOf(args[0]) !== undefined && numberOf(args[1]) !== undefined)
    return Math.max(0, numberOf(args[1])! - numberOf(args[0])!);
  if (name === 'from' && isArray(owner)) return args[0] && mostItems(args[0], ctx, depth + 1);
  if (/^(keys|values|entries)$/.test(name))
    return args.length === 0 ? mostItems(owner, ctx, depth + 1) : namesOf(args[0]!, owner, ctx);
  if (name === 'fill' || notLonger.test(name)) return mostItems(owner, ctx, depth + 1);
  return undefined;
}

/** `Object.entries({ a: 1, b: 2 })` */
function namesOf(of: ts.Expression, owner: ts.Expression, ctx: FileContext): number | undefined {
  if (!isOrigin(originOf(owner, ctx.scopes), '', 'Object')) return undefined;
  const value = bare(of);
  const plain = ts.isObjectLiteralExpression(value) && value.properties.every((each) => !ts.isSpreadAssignment(each));
  return plain ? value.properties.length : undefined;
}
