import { calleeOf } from '../calls/callee.js';
import { bare, memberName, originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { boundCall, handedAs, isFunction } from './shape.js';

/** What shows that a report gives an error: its making, or the place that it comes from. */

export function firstArgument(at: ts.Node): ts.Expression | undefined {
  if (!ts.isCallExpression(at)) return undefined;
  const name = memberName(bare(at.expression));
  if (name === 'call') return at.arguments[1];
  if (name === 'apply') {
    const list = at.arguments[1];
    return list && ts.isArrayLiteralExpression(list) ? list.elements[0] : undefined;
  }
  if (name === 'nextTick' || at.expression.getText() === 'setImmediate')
    return (at.arguments[0] && boundCall(at.arguments[0])?.args[0]) ?? at.arguments[1];
  return at.arguments[0];
}

/** `new Error(…)`, a caught exception, the tested first parameter of a continuation. */
export function isError(node: ts.Expression | undefined, ctx: FileContext, depth = 0): boolean {
  if (!node || depth > 6) return false;
  const inner = bare(node);
  if (ts.isNewExpression(inner)) return /Error|Exception|Failure/.test(inner.expression.getText());
  if (ts.isCallExpression(inner)) return /Error\b|^assign$|^Boom\b/.test(inner.expression.getText());
  if (ts.isConditionalExpression(inner))
    return isError(inner.whenTrue, ctx, depth + 1) || isError(inner.whenFalse, ctx, depth + 1);
  if (ts.isBinaryExpression(inner))
    return isChoice(inner) && (isError(inner.left, ctx, depth + 1) || isError(inner.right, ctx, depth + 1));
  if (!ts.isIdentifier(inner)) return false;
  const declaration = ctx.scopes.symbolOf(inner)?.declarations?.[0];
  if (!declaration) return false;
  if (ts.isVariableDeclaration(declaration))
    return (
      ts.isCatchClause(declaration.parent) ||
      (!!declaration.initializer && isError(declaration.initializer, ctx, depth + 1)) ||
      isAssignedError(inner, depth, ctx)
    );
  if (!ts.isParameter(declaration)) return false;
  const owner = declaration.parent;
  // A function that stands alone gets arguments, not answers.
  if (!isHandedOn(owner)) return false;
  const handed = handedAs(owner);
  const call = handed.parent;
  if (ts.isCallExpression(call) && call.arguments.at(-1) === handed && isErrorFirstCall(call, ctx))
    return owner.parameters[0] === declaration;
  return (
    owner.parameters[0] === declaration &&
    (isFunction(owner) || ts.isFunctionDeclaration(owner)) &&
    isTested(declaration, inner, ctx)
  );
}

/** `db.run(sql, function (err) { cb(err); })`: nothing tests it, but it is the first thing that a continuation is told, and named so. */
export function isNamedError(node: ts.Expression | undefined, ctx: FileContext): boolean {
  const name = node && bare(node);
  const declaration = name && ts.isIdentifier(name) ? ctx.scopes.symbolOf(name)?.declarations?.[0] : undefined;
  if (!declaration || !ts.isParameter(declaration) || !/^(e|er|err|error)\d*$/i.test(declaration.name.getText()))
    return false;
  const owner = declaration.parent;
  const handed = handedAs(owner);
  const { parent } = handed;
  return owner.parameters[0] === declaration && ts.isCallExpression(parent) && parent.arguments.at(-1) === handed;
}

/** A function in an argument list, or a local one that can be handed on by its name. */
function isHandedOn(owner: ts.SignatureDeclaration): boolean {
  const { parent } = handedAs(owner);
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) return true;
  return (
    !!ts.findAncestor(parent, ts.isFunctionLike) &&
    (ts.isFunctionDeclaration(owner) || ts.isVariableDeclaration(parent))
  );
}

/** `first = err` somewhere. */
function isAssignedError(name: ts.Identifier, depth: number, ctx: FileContext): boolean {
  const symbol = ctx.scopes.symbolOf(name);
  if (!symbol || depth > 2) return false;
  return ctx.scopes.references(symbol).some((use) => {
    const { parent } = use;
    const assigned =
      ts.isBinaryExpression(parent) && parent.left === use && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken;
    return assigned && isError(parent.right, ctx, depth + 1);
  });
}

/** `err || x`, `err && x`, `err != null` */
function isChoice(node: ts.BinaryExpression): boolean {
  const { kind } = node.operatorToken;
  if (
    [ts.SyntaxKind.BarBarToken, ts.SyntaxKind.AmpersandAmpersandToken, ts.SyntaxKind.QuestionQuestionToken].includes(
      kind,
    )
  )
    return true;
  return node.right.kind === ts.SyntaxKind.NullKeyword || node.right.getText() === 'undefined';
}

/** `if (err)`, `err ? …`, `err || …`, or the continuation that only passes on: `(err, v) => cb(err, v)`. */
function isTested(param: ts.ParameterDeclaration, use: ts.Identifier, ctx: FileContext): boolean {
  const symbol = ctx.scopes.symbolOf(use);
  if (!symbol) return false;
  if (ts.isCallExpression(use.parent) && use.parent.arguments.length > 1 && param.parent.parameters.length > 1)
    return true;
  return ctx.scopes.references(symbol).some((each) => {
    const { parent } = each;
    if (ts.isIfStatement(parent)) return true;
    if (ts.isConditionalExpression(parent)) return parent.condition === each;
    if (ts.isPrefixUnaryExpression(parent)) return parent.operator === ts.SyntaxKind.ExclamationToken;
    return ts.isBinaryExpression(parent) && parent.left === each && isChoice(parent);
  });
}

/** Node's functions, those of known packages, and the `async` library. */
export function isErrorFirstCall(call: ts.CallExpression, ctx: FileContext): boolean {
  if (calleeOf(call, ctx.scopes, { dependencies: ctx.dependencies })?.shape === 'error-first') return true;
  return /^async(\/|$)/.test(originOf(call.expression, ctx.scopes)?.module ?? '');
}
