import type { TextEdit } from '../../edits/edits.js';
import { bare } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { isOwnComment, windowKinds, type Window } from './window.js';

/** `mapBounded(list, 4, (x) => …)`, taken apart. */
export interface WindowCall {
  readonly call: ts.CallExpression;
  readonly declaration: ts.FunctionDeclaration;
  readonly window: Window;
  readonly list: ts.Expression;
  readonly limit: ts.Expression;
  readonly fn: ts.ArrowFunction;
}

/** The call of a window of the file with a task that can stand in another function; undefined when it is another call. */
export function windowCall(expression: ts.Expression, ctx: FileContext): WindowCall | undefined {
  const call = bare(expression);
  if (!ts.isCallExpression(call) || call.questionDotToken || call.typeArguments || call.arguments.length !== 3)
    return undefined;
  const declaration = windowNamed(call.expression, ctx);
  const window = declaration && windowKinds(ctx).get(declaration);
  const [list, limit, task] = call.arguments as unknown as [ts.Expression, ts.Expression, ts.Expression];
  const fn = bare(task);
  if (!window || window.rule === 'last-first' || !ts.isArrowFunction(fn) || [list, limit].some(ts.isSpreadElement))
    return undefined;
  if (fn.parameters.length > 2 || fn.typeParameters || !fn.parameters.every((each) => isFixed(each, ctx)))
    return undefined;
  const [, index] = fn.parameters;
  if (index && !ts.isIdentifier(index.name)) return undefined;
  // What such a task throws at once ends an awaited window at once.
  const isAsync = !!fn.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword);
  if (!isAsync && !window.chained && window.rule === 'stop') return undefined;
  return { call, declaration: declaration!, window, list, limit, fn };
}

function windowNamed(callee: ts.Expression, ctx: FileContext): ts.FunctionDeclaration | undefined {
  const node = bare(callee);
  const declaration = ts.isIdentifier(node) ? ctx.scopes.symbolOf(node)?.declarations?.[0] : undefined;
  return declaration && ts.isFunctionDeclaration(declaration) ? declaration : undefined;
}

/** A parameter that nothing writes again and that has no default: it can be a constant. */
function isFixed(parameter: ts.ParameterDeclaration, ctx: FileContext): boolean {
  if (parameter.initializer || parameter.dotDotDotToken || parameter.questionToken) return false;
  const isConstant = (name: ts.BindingName): boolean => {
    if (!ts.isIdentifier(name))
      return name.elements.every((each) => ts.isOmittedExpression(each) || isConstant(each.name));
    const symbol = ctx.scopes.symbolOf(name);
    return !!symbol && ctx.scopes.isConstant(symbol);
  };
  return isConstant(parameter.name);
}

/** The edit that takes a window out of the file, with the comment above it. */
export function withoutWindow(declaration: ts.FunctionDeclaration, { text }: FileContext): TextEdit {
  const above = text.slice(0, declaration.getStart());
  const comment = /\n?([^\n]*)\r?\n$/.exec(above);
  const isOurs = !!comment && isOwnComment(comment[1]!.trim());
  const before = isOurs ? above.slice(0, above.length - comment[0].length) : above;
  return { start: before.trimEnd().length, end: declaration.end, text: '' };
}
