import type { TextEdit } from '../../edits/edits.js';
import type { Head } from '../../flow/model.js';
import type { CallbackFunction, FunctionNode, Gives } from '../callback/types.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { resultTypes } from './signature.js';

/**
 * The edits that make a function's head async: the keyword, the callback gone from the parameters, `void` become `Promise<T>`.
 * `undefined` where the head cannot say it: overloads, a type that stands elsewhere, a place where no async function can stand.
 * `leftOut`: some callers give no options, and the function had sorted that out by itself.
 */
export function asyncHead(
  ctx: FileContext,
  fn: CallbackFunction,
  results: Gives['results'],
  leftOut = false,
): Head['edits'] | undefined {
  const { node } = fn;
  if (ts.isConstructorDeclaration(node) || ts.isAccessor(node) || node.asteriskToken) return undefined;
  if (isTypedElsewhere(node) || hasOverloads(node)) return undefined;
  const type = returnEdit(ctx, fn, results);
  return type && [asyncKeyword(node), ...defaults(fn, leftOut), ...withoutParameter(ctx.text, node, fn.index), ...type];
}

/** Where callers leave the options out, `if (typeof options === 'function') { … options = {}; }` becomes `options = {}`. */
function defaults(fn: CallbackFunction, leftOut: boolean): TextEdit[] {
  return fn.shuffles.flatMap(({ option, value }) => {
    if (!leftOut || !option || !value) return [];
    return [{ start: option.end, end: option.end, text: ` = ${value.getText()}` }];
  });
}

// export default function load(id, cb) {
//                ^ "async "
export function asyncKeyword(node: FunctionNode): Head['edits'][number] {
  const at = keywordPlace(node);
  return { start: at, end: at, text: 'async ', keyword: true };
}

function keywordPlace(node: FunctionNode): number {
  if (ts.isMethodDeclaration(node)) return node.name.getStart();
  const keyword = node.getChildren().find((child) => child.kind === ts.SyntaxKind.FunctionKeyword);
  return (keyword ?? node).getStart();
}

/** The parameter goes with the comma that joined it; comments beside it stay. */
export function withoutParameter(text: string, node: ts.SignatureDeclaration, index: number): TextEdit[] {
  const { parameters } = node;
  const gone = parameters[index]!;
  const previous = parameters[index - 1];
  const next = parameters[index + 1];
  const start = gone.getStart();
  if (previous) return cut(text, previous.end, gone.end);
  if (next) return cut(text, start, next.getStart());
  // `cb => …` needs parentheses to be a parameter list at all.
  if (ts.isArrowFunction(node) && !hasParentheses(node)) return [{ start, end: gone.end, text: '()' }];
  return cut(text, start, parameters.hasTrailingComma ? parameters.end : gone.end);
}

function hasParentheses(node: ts.ArrowFunction): boolean {
  return node.getChildren().some((child) => child.kind === ts.SyntaxKind.OpenParenToken);
}

/** Removes a range but for the comments in it. */
export function cut(text: string, start: number, end: number): TextEdit[] {
  const comments = text.slice(start, end).match(/\/\*[\s\S]*?\*\/|\/\/[^\r\n]*(?:\r?\n)?/g) ?? [];
  return [{ start, end, text: comments.map((comment) => ` ${comment}`).join('') }];
}

/** `const load: Load = (id, cb) => …`, an argument, a property with a type: another place says what it returns. */
function isTypedElsewhere(node: FunctionNode): boolean {
  const { parent } = node;
  return ts.isVariableDeclaration(parent) && !!parent.type;
}

function hasOverloads(node: FunctionNode): boolean {
  const name = node.name && ts.isIdentifier(node.name) ? node.name.text : undefined;
  if (!ts.isFunctionDeclaration(node) || !name) return false;
  const siblings = (node.parent as ts.Block | ts.SourceFile).statements ?? [];
  return siblings.some((other) => other !== node && ts.isFunctionDeclaration(other) && other.name?.text === name);
}

// function load(id: string, cb: Callback<User>): void {
//                                                ^^^^ "Promise<User>"
function returnEdit(ctx: FileContext, fn: CallbackFunction, results: Gives['results']): TextEdit[] | undefined {
  const { type } = fn.node;
  if (!type) return [];
  if (!isNoType(type)) return undefined;
  const types = resultTypes(ctx, fn.callback, results);
  if (types) return [{ start: type.getStart(), end: type.end, text: `Promise<${types}>` }];
  // What it is cannot be said in words of this file: left to inference.
  return [{ start: startOfAnnotation(fn.node, type), end: type.end, text: '' }];
}

/** A return type that promises nothing. */
function isNoType(type: ts.TypeNode): boolean {
  return (
    type.kind === ts.SyntaxKind.VoidKeyword ||
    type.kind === ts.SyntaxKind.AnyKeyword ||
    type.kind === ts.SyntaxKind.UnknownKeyword ||
    type.kind === ts.SyntaxKind.UndefinedKeyword
  );
}

function startOfAnnotation(node: FunctionNode, type: ts.TypeNode): number {
  const colon = node
    .getChildren()
    .findLast((child) => child.kind === ts.SyntaxKind.ColonToken && child.end <= type.pos);
  return colon ? colon.getStart() : type.pos;
}
