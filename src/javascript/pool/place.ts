import type { TextEdit } from '../../edits/edits.js';
import { indentAt } from '../../edits/render.js';
import { memberName } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';

/** Where the declaration of a limiter goes: in front of a statement, or in a block that an arrow's expression becomes. */
export type Place =
  | { readonly kind: 'statement'; readonly node: ts.Statement }
  | { readonly kind: 'expression'; readonly arrow: ts.ArrowFunction };

/** The place for what must be made anew each time that the expression is reached; undefined when there is none. */
export function placeFor(node: ts.Node): Place | undefined {
  let at: ts.Node = node;
  for (;;) {
    const { parent } = at;
    if (!parent) return undefined;
    if (ts.isArrowFunction(parent)) return parent.body === at ? { kind: 'expression', arrow: parent } : undefined;
    if (ts.isStatement(at) && (ts.isBlock(parent) || ts.isSourceFile(parent) || ts.isModuleBlock(parent)))
      return { kind: 'statement', node: at };
    // A loop's body would share what stands before the loop; a parameter's default and a field have no statement.
    if (ts.isIterationStatement(parent, false) && !mayStandBefore(parent, at)) return undefined;
    if (ts.isFunctionLike(parent) || ts.isClassElement(parent) || ts.isLabeledStatement(parent)) return undefined;
    at = parent;
  }
}

/** The list of a `for…of` is looked at once. */
const mayStandBefore = (loop: ts.IterationStatement, part: ts.Node): boolean =>
  (ts.isForOfStatement(loop) || ts.isForInStatement(loop)) && loop.expression === part;

/** The node that holds what the place declares. */
export const scopeOf = (place: Place): ts.Node => (place.kind === 'statement' ? place.node.parent : place.arrow);

/** `const limit = pLimit(6);` at its place: edits in front, and those behind. */
export function declareAt(place: Place, line: string, ctx: FileContext): { starts: TextEdit[]; ends: TextEdit[] } {
  const { text, style } = ctx;
  const end = style.semi ? ';' : '';
  if (place.kind === 'statement') return { starts: [before(place.node, line + end, text)], ends: [] };
  const { body } = place.arrow;
  const indent = indentAt(text, place.arrow.getStart());
  const inner = indent + style.indent;
  const start = body.getStart();
  const opened = `{\n${inner}${line}${end}\n${inner}return `;
  // The body may stand on a line of its own, behind the arrow.
  const arrow = place.arrow.equalsGreaterThanToken.end;
  const from = /^\s*$/.test(text.slice(arrow, start)) ? arrow : start;
  return {
    starts: [{ start: from, end: start, text: `${from === arrow ? ' ' : ''}${opened}` }],
    ends: [{ start: body.end, end: body.end, text: `${end}\n${indent}}` }],
  };
}

/** The edit that puts a line in front of a statement. */
export function before(node: ts.Statement, line: string, text: string): TextEdit {
  const at = node.getStart();
  const indent = indentAt(text, at);
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  const lead = text.slice(lineStart, at);
  // Without a semicolon, what starts with a bracket would go on with our line.
  const guard = !line.endsWith(';') && /^[([`/+-]/.test(text.slice(at)) ? ';' : '';
  if (lead.trim() === '') return { start: at, end: at, text: `${line}${guard}\n${indent}` };
  return { start: at, end: at, text: `${line.endsWith(';') ? line : `${line};`} ` };
}

/**
 * True when all that is done with the promise is to wait for it, hand it to the caller or chain on it, so that a task that starts a turn
 * later starts in front of the same things.
 */
export function isWaitedFor(node: ts.Node, alsoConverted: (node: ts.Node) => boolean): boolean {
  const { parent } = node;
  if (
    ts.isParenthesizedExpression(parent) ||
    ts.isAsExpression(parent) ||
    ts.isNonNullExpression(parent) ||
    ts.isSatisfiesExpression(parent)
  )
    return isWaitedFor(parent, alsoConverted);
  if (ts.isAwaitExpression(parent) || ts.isReturnStatement(parent)) return true;
  if (ts.isArrowFunction(parent)) return parent.body === node;
  if (ts.isPropertyAccessExpression(parent) && parent.expression === node)
    return /^(then|catch|finally)$/.test(memberName(parent) ?? '') && ts.isCallExpression(parent.parent)
      ? isWaitedFor(parent.parent, alsoConverted)
      : false;
  if (ts.isVoidExpression(parent)) return isWaitedFor(parent, alsoConverted);
  if (ts.isExpressionStatement(parent)) return isLast(parent);
  if (ts.isConditionalExpression(parent)) return parent.condition !== node && isWaitedFor(parent, alsoConverted);
  if (ts.isVariableDeclaration(parent)) return isWaitedForNext(parent);
  return ts.isArrayLiteralExpression(parent) && isLastOf(parent, node, alsoConverted);
}

/** Nothing is done behind it in its function, or in the file. */
function isLast(node: ts.Statement): boolean {
  const { parent } = node;
  if (!ts.isBlock(parent) && !ts.isSourceFile(parent)) return false;
  const rest = parent.statements.slice(parent.statements.indexOf(node) + 1);
  const nothing = rest.every(
    (each) =>
      ts.isFunctionDeclaration(each) ||
      ts.isExportDeclaration(each) ||
      ts.isInterfaceDeclaration(each) ||
      ts.isTypeAliasDeclaration(each) ||
      isExport(each),
  );
  return nothing && (ts.isSourceFile(parent) || ts.isFunctionLike(parent.parent));
}

/** `module.exports = { load };` */
const isExport = (node: ts.Statement): boolean => /^(module\.)?exports\b[^()]*$/.test(node.getText());

/** `const all = Promise.all(…);` and then `await all`. */
function isWaitedForNext({ name, parent }: ts.VariableDeclaration): boolean {
  if (!ts.isIdentifier(name) || !ts.isVariableDeclarationList(parent) || parent.declarations.length > 1) return false;
  const statement = parent.parent;
  if (!ts.isVariableStatement(statement)) return false;
  const block = statement.parent;
  if (!ts.isBlock(block) && !ts.isSourceFile(block)) return false;
  const next = block.statements[block.statements.indexOf(statement) + 1];
  return (
    !!next &&
    new RegExp(`^(?:(?:const|let|var)\\s[^=]*=\\s*)?(?:return(?:\\s+await)?|await)\\s+${name.text}\\b`).test(
      next.getText(),
    )
  );
}

/** `Promise.all([ours])`, where what stands behind it is converted too. */
function isLastOf(list: ts.ArrayLiteralExpression, node: ts.Node, alsoConverted: (node: ts.Node) => boolean): boolean {
  const behind = list.elements.slice(list.elements.indexOf(node as ts.Expression) + 1);
  const call = list.parent;
  return (
    behind.every(alsoConverted) &&
    ts.isCallExpression(call) &&
    memberName(call.expression) === 'all' &&
    isWaitedFor(call, alsoConverted)
  );
}
