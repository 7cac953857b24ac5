import { bare } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';

/** What makes a thing happen once: a flag that is tested and set, or `once(…)`. Compared by identity. */
export type Guard = ts.Symbol | ts.Node;

/**
 * The flag that a place stands behind, when it is reached once for all that test the same flag:
 *
 *     if (done) return;          if (!done) {
 *     clearTimeout(timer);         done = true;
 *     done = true;                 cb(null, x);
 *     cb(null, x);               }
 */
export function guardAt(node: ts.Node, fn: ts.Node, root: ts.Node, ctx: FileContext): Guard | undefined {
  for (const { list, index } of listsAround(node, fn)) {
    for (let i = index - 1; i >= 0; i--) {
      const set = setBy(list[i]!, ctx);
      if (set && isFlag(set, root, ctx) && isTested(set, list, i, fn, ctx)) return set;
    }
  }
  return undefined;
}

/** The lists of statements that a node stands in, innermost first. */
function listsAround(node: ts.Node, fn: ts.Node): { list: readonly ts.Statement[]; index: number }[] {
  const found: { list: readonly ts.Statement[]; index: number }[] = [];
  for (let at = node; at !== fn; at = at.parent)
    if (ts.isBlock(at.parent))
      found.push({ list: at.parent.statements, index: at.parent.statements.indexOf(at as ts.Statement) });
  return found;
}

/** `done = true;` */
function setBy(statement: ts.Statement, ctx: FileContext): ts.Symbol | undefined {
  if (!ts.isExpressionStatement(statement)) return undefined;
  const node = bare(statement.expression);
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.EqualsToken) return undefined;
  if (node.right.kind !== ts.SyntaxKind.TrueKeyword || !ts.isIdentifier(node.left)) return undefined;
  return ctx.scopes.symbolOf(node.left);
}

/** A variable of the function itself that starts as false and only ever becomes true. */
function isFlag(symbol: ts.Symbol, root: ts.Node, ctx: FileContext): boolean {
  const declaration = symbol.declarations?.[0];
  if (!declaration || !ts.isVariableDeclaration(declaration)) return false;
  if (ts.findAncestor(declaration, ts.isFunctionLike) !== root || inLoop(declaration, root)) return false;
  if (declaration.initializer && !/^(false|null|undefined|0)$/.test(declaration.initializer.getText())) return false;
  return ctx.scopes.references(symbol).every((use) => {
    if (use.parent === declaration || !ctx.scopes.isWritten(use)) return true;
    const { parent } = use;
    return ts.isBinaryExpression(parent) && parent.right.kind === ts.SyntaxKind.TrueKeyword;
  });
}

function inLoop(node: ts.Node, root: ts.Node): boolean {
  for (let at = node; at !== root; at = at.parent) if (ts.isIterationStatement(at, false)) return true;
  return false;
}

/** Where the flag is set it was false before: `if (done) return;` stands in front of it, or all of it in `if (!done) { … }`. */
function isTested(
  flag: ts.Symbol,
  list: readonly ts.Statement[],
  index: number,
  fn: ts.Node,
  ctx: FileContext,
): boolean {
  const isName = (node: ts.Node): boolean => ts.isIdentifier(node) && ctx.scopes.symbolOf(node) === flag;
  let [at, before] = [list[index] as ts.Node, list.slice(0, index)];
  for (;;) {
    for (let i = before.length - 1; i >= 0; i--) {
      if (leavesIfSet(before[i]!, isName)) return true;
      if (!isQuiet(before[i]!)) return false;
    }
    const block = at.parent;
    if (!ts.isBlock(block) || block.parent === fn) return false;
    const around = block.parent;
    if (!ts.isIfStatement(around) || around.thenStatement !== block) return false;
    if (isNotSet(around.expression, isName)) return true;
    if (!ts.isBlock(around.parent)) return false;
    at = around;
    before = around.parent.statements.slice(0, around.parent.statements.indexOf(around));
  }
}

/** `if (done) return;` */
function leavesIfSet(statement: ts.Statement, isName: (node: ts.Node) => boolean): boolean {
  if (!ts.isIfStatement(statement) || statement.elseStatement) return false;
  const then = statement.thenStatement;
  const [only, more] = ts.isBlock(then) ? then.statements : [then];
  return !more && !!only && ts.isReturnStatement(only) && !only.expression && isSet(statement.expression, isName);
}

/** `done`, `done || x` */
function isSet(test: ts.Expression, isName: (node: ts.Node) => boolean): boolean {
  const node = bare(test) as ts.Expression;
  if (isName(node)) return true;
  return (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.BarBarToken &&
    (isSet(node.left, isName) || isSet(node.right, isName))
  );
}

/** `!done`, `!done && x` */
function isNotSet(test: ts.Expression, isName: (node: ts.Node) => boolean): boolean {
  const node = bare(test) as ts.Expression;
  if (ts.isPrefixUnaryExpression(node))
    return node.operator === ts.SyntaxKind.ExclamationToken && isName(bare(node.operand));
  return (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken &&
    (isNotSet(node.left, isName) || isNotSet(node.right, isName))
  );
}

/** Between the test and the setting nothing may run that could come here again. */
function isQuiet(statement: ts.Statement): boolean {
  const calls = (node: ts.Node): boolean => {
    if (ts.isFunctionLike(node)) return false;
    if (ts.isCallExpression(node) && !/^clear(Timeout|Interval|Immediate)$/.test(node.expression.getText()))
      return true;
    return !!ts.forEachChild(node, (child) => calls(child) || undefined);
  };
  return !calls(statement);
}
