import { bare, isOrigin, memberName, originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { functionOf } from './fan-outs.js';

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
  if (symbol && declaration && ts.isParameter(declaration)) return mostGiven(symbol, declaration, ctx, depth);
  if (!symbol || !declaration || !ts.isVariableDeclaration(declaration) || !declaration.initializer) return undefined;
  if (!ctx.scopes.isConstant(symbol) || ts.isBindingElement(declaration)) return undefined;
  const others = ctx.scopes.references(symbol).filter((use) => use.parent !== declaration);
  return others.every((use) => onlyReads(use, ctx)) ? mostItems(declaration.initializer, ctx, depth + 1) : undefined;
}

/** The use reads a list and hands it to nobody who might change it. */
export /** The longest list that a function of the file is given, when all that is done with the function is to call it. */
function mostGiven(
  symbol: ts.Symbol,
  param: ts.ParameterDeclaration,
  ctx: FileContext,
  depth: number,
): number | undefined {
  const fn = param.parent;
  const name = ts.isFunctionDeclaration(fn)
    ? fn.name
    : ts.isVariableDeclaration(fn.parent)
      ? fn.parent.name
      : undefined;
  const own = name && ts.isIdentifier(name) ? ctx.scopes.symbolOf(name) : undefined;
  if (!own || param.initializer || param.dotDotDotToken || !ctx.scopes.isConstant(own)) return undefined;
  if (ctx.moduleStyle === 'script' || ts.getCombinedModifierFlags(fn as ts.Declaration) & ts.ModifierFlags.Export)
    return undefined;
  if (!ctx.scopes.references(symbol).every((use) => use.parent === param || onlyReads(use, ctx))) return undefined;
  const at = fn.parameters.indexOf(param);
  let most = 0;
  for (const use of ctx.scopes.references(own)) {
    if (use === name) continue;
    const given =
      ts.isCallExpression(use.parent) && use.parent.expression === use ? use.parent.arguments[at] : undefined;
    const count = given && mostItems(given, ctx, depth + 1);
    if (count === undefined) return undefined;
    most = Math.max(most, count);
  }
  return most > 0 ? most : undefined;
}

export function onlyReads(use: ts.Identifier, ctx: FileContext, depth = 0): boolean {
  const { parent } = use;
  if (ts.isSpreadElement(parent))
    return ts.isArrayLiteralExpression(parent.parent) || ts.isCallExpression(parent.parent);
  if (ts.isForOfStatement(parent)) return parent.expression === use;
  if (ts.isElementAccessExpression(parent)) return parent.expression === use && !isWritten(parent);
  if (ts.isTypeOfExpression(parent) || ts.isTypeQueryNode(parent)) return true;
  // The first argument of `Array.from`, `async.map` and their like is read; other functions may do what they want.
  if (ts.isCallExpression(parent)) return isReadBy(parent, use, ctx, depth);
  if (!ts.isPropertyAccessExpression(parent) || parent.expression !== use || isWritten(parent)) return false;
  return parent.name.text === 'length' || (readers.test(parent.name.text) && ts.isCallExpression(parent.parent));
}

/** A function that only looks at the list it is given: one of the file, or one that is known. */
function isReadBy(call: ts.CallExpression, use: ts.Identifier, ctx: FileContext, depth: number): boolean {
  const at = call.arguments.indexOf(use);
  const known = /^(from|entries|keys|values|log|all|(map|each|forEach|eachOf|filter|reject)(Limit|Series)?)$/;
  if (at === 0 && known.test(memberName(call.expression) ?? '')) return true;
  const param = functionOf(call.expression, ctx)?.parameters[at];
  const symbol = param && ts.isIdentifier(param.name) ? ctx.scopes.symbolOf(param.name) : undefined;
  if (!symbol || depth > 3 || param?.dotDotDotToken) return false;
  return ctx.scopes.references(symbol).every((one) => one.parent === param || onlyReads(one, ctx, depth + 1));
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
