import type { TextEdit } from '../../../edits/edits.js';
import { reindent } from '../../../edits/render.js';
import { bare, memberName } from '../../calls/origin.js';
import type { FileContext } from '../../context.js';
import { ts } from '../../parse.js';
import { withoutLines } from '../to-plain.js';
import { isCloneable } from './cloneable.js';

/**
 * The edits that make a module of a worker which does one thing: what it posts becomes what its task gives.
 *
 *   const { parentPort, workerData } = require('worker_threads');      (gone)
 *   parentPort.postMessage(digest(workerData));                        module.exports = async (workerData) => digest(workerData);
 *
 * `isEnded`: who started it ends it. Undefined when it does more, or is not so told; a code where its own state would now be shared.
 */
export function plainWorker(
  ctx: FileContext,
  how: 'data' | 'message',
  isEnded: boolean,
): TextEdit[] | { code: string } | undefined {
  const { statements } = ctx.file;
  const own = statements.filter((each) => importsThreads(each));
  const [line, more] = own;
  if (!line || more || !namesIn(line).every((name) => name === 'parentPort' || name === 'workerData')) return undefined;
  const posts = usesOf('parentPort', line, ctx);
  const last = statements.at(-1)!;
  const made =
    how === 'data'
      ? (postedLast(posts, line, ctx) ?? postedInside(last, posts, ctx))
      : answered(last, posts, isEnded, ctx);
  if (!made) return undefined;
  const head = statements.slice(0, statements.indexOf(made.first)).filter((each) => each !== line);
  if (head.some((each) => isOwnModule(each))) return { code: 'module-state' };
  if (head.some((each) => /\bworkerData\b/.test(each.getText()) || !isStill(each, ctx))) return undefined;
  if (how === 'message' && usesOf('workerData', line, ctx).length > 0) return undefined;
  return [...withoutLines([line], ctx), ...made.edits];
}

interface Made {
  readonly first: ts.Statement;
  readonly edits: TextEdit[];
}

function importsThreads(node: ts.Statement): boolean {
  return /^(?:import\s*\{[^}]*\}\s*from\s*|(?:const|let|var)\s*\{[^}]*\}\s*=\s*require\(\s*)['"](?:node:)?worker_threads['"]/.test(
    node.getText(),
  );
}

const namesIn = (line: ts.Statement): string[] =>
  /\{([^}]*)\}/
    .exec(line.getText())![1]!
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean);

function usesOf(name: string, line: ts.Statement, ctx: FileContext): ts.Identifier[] {
  return ctx.scopes.named(name).filter((each) => each.pos >= line.end && !isMember(each));
}

const isMember = (name: ts.Identifier): boolean =>
  (ts.isPropertyAccessExpression(name.parent) && name.parent.name === name) ||
  (ts.isPropertyAssignment(name.parent) && name.parent.name === name);

/** `parentPort.postMessage(x)` */
function postOf(use: ts.Identifier): ts.CallExpression | undefined {
  const call = use.parent.parent;
  const isPost =
    memberName(use.parent) === 'postMessage' && ts.isCallExpression(call) && call.expression === use.parent;
  return isPost && call.arguments.length === 1 && !ts.isSpreadElement(call.arguments[0]!) ? call : undefined;
}

const opening = (ctx: FileContext, param: string): string =>
  `${ctx.moduleStyle === 'esm' ? 'export default' : 'module.exports ='} async (${param}) => `;

// const text = read(workerData);          module.exports = async (workerData) => {
// parentPort.postMessage(text);             const text = read(workerData);
//                                           return text;
//                                         };
function postedLast(posts: readonly ts.Identifier[], line: ts.Statement, ctx: FileContext): Made | undefined {
  const { statements } = ctx.file;
  const last = statements.at(-1)!;
  const call = posts.length === 1 ? postOf(posts[0]!) : undefined;
  if (!call || call.parent !== last || !ts.isExpressionStatement(last)) return undefined;
  const from = statements.findIndex((each) => each !== line && (!isStill(each, ctx) || each === last));
  const first = statements[from]!;
  const given = call.arguments[0]!;
  const { text, style } = ctx;
  const end = style.semi ? ';' : '';
  const value = text.slice(given.getStart(), given.end);
  if (first === last) {
    const said = ts.isObjectLiteralExpression(bare(given)) ? `(${value})` : value;
    return {
      first,
      edits: [{ start: first.getStart(), end: last.end, text: `${opening(ctx, 'workerData')}${said}${end}` }],
    };
  }
  if (statements.slice(from).some((each) => ts.isFunctionDeclaration(each) || ts.isClassDeclaration(each)))
    return undefined;
  const body = `${text.slice(first.getStart(), last.getStart())}return ${value}${end}`;
  const inner = reindent(body, '', style.indent);
  return {
    first,
    edits: [
      {
        start: first.getStart(),
        end: last.end,
        text: `${opening(ctx, 'workerData')}{\n${style.indent}${inner}\n}${end}`,
      },
    ],
  };
}

// (async () => { …; parentPort.postMessage(x); })();
function postedInside(last: ts.Statement, posts: readonly ts.Identifier[], ctx: FileContext): Made | undefined {
  const call = ts.isExpressionStatement(last) ? bare(last.expression) : last;
  const fn = ts.isCallExpression(call) && call.arguments.length === 0 ? bare(call.expression) : undefined;
  if (!fn || !ts.isArrowFunction(fn) || fn.parameters.length > 0 || !/^async\b/.test(fn.getText())) return undefined;
  return endingWith(fn, 'workerData', last, posts, ctx);
}

// parentPort.on('message', (text) => { …; parentPort.postMessage(x); });
function answered(
  last: ts.Statement,
  posts: readonly ts.Identifier[],
  isEnded: boolean,
  ctx: FileContext,
): Made | undefined {
  const call = ts.isExpressionStatement(last) ? bare(last.expression) : last;
  if (!ts.isCallExpression(call) || !/^(on|once)$/.test(memberName(call.expression) ?? '')) return undefined;
  // One that goes on listening keeps the program from ending.
  if (memberName(call.expression) === 'on' && !isEnded) return undefined;
  const [listens, ...rest] = posts;
  if (!listens || listens.parent !== call.expression) return undefined;
  const [event, listener, more] = call.arguments;
  const fn = listener && bare(listener);
  if (more || !event || !/^['"]message['"]$/.test(event.getText()) || !fn || !ts.isArrowFunction(fn)) return undefined;
  const [param, second] = fn.parameters;
  return param && !second ? endingWith(fn, param.getText(), last, rest, ctx) : undefined;
}

/** The function ends by posting, and leaves in no other way. */
function endingWith(
  fn: ts.ArrowFunction,
  param: string,
  last: ts.Statement,
  posts: readonly ts.Identifier[],
  ctx: FileContext,
): Made | undefined {
  const call = posts.length === 1 ? postOf(posts[0]!) : undefined;
  if (!call) return undefined;
  const end = ctx.style.semi ? ';' : '';
  const given = call.arguments[0]!;
  const open = { start: last.getStart(), end: fn.body.getStart(), text: opening(ctx, param) };
  const close = { start: fn.body.end, end: last.end, text: end };
  if (fn.body === call) {
    const isObject = ts.isObjectLiteralExpression(bare(given));
    const before = { start: call.getStart(), end: given.getStart(), text: isObject ? '(' : '' };
    const after = { start: given.end, end: call.end, text: isObject ? ')' : '' };
    return {
      first: last,
      edits: [
        { ...open, end: before.end, text: open.text + before.text },
        { start: after.start, end: close.end, text: after.text + end },
      ],
    };
  }
  if (!ts.isBlock(fn.body)) return undefined;
  const tail = fn.body.statements.at(-1);
  if (tail !== call.parent || leaves(fn.body)) return undefined;
  const value = { start: call.getStart(), end: given.getStart(), text: 'return ' };
  const behind = { start: given.end, end: call.end, text: '' };
  return { first: last, edits: [open, value, behind, close] };
}

function leaves(node: ts.Node): boolean {
  if (ts.isFunctionLike(node)) return false;
  return ts.isReturnStatement(node) || !!ts.forEachChild(node, (child) => leaves(child) || undefined);
}

/** It only brings names in: an import, a function, a constant that is the same each time. */
function isStill(node: ts.Statement, ctx: FileContext): boolean {
  if (ts.isFunctionDeclaration(node) || ts.isImportDeclaration(node)) return true;
  if (ts.isExpressionStatement(node)) return ts.isStringLiteral(node.expression); // 'use strict'
  if (!ts.isVariableStatement(node)) return false;
  return node.declarationList.declarations.every(({ initializer }) => {
    const value = initializer && bare(initializer);
    if (!value) return false;
    if (ts.isArrowFunction(value) || ts.isFunctionExpression(value)) return true;
    if (/^require\(\s*['"][^'"]+['"]\s*\)(\.\w+)*$/.test(value.getText())) return true;
    return !/\bworkerData\b/.test(value.getText()) && !ts.isCallExpression(value) && isCloneable(value, ctx);
  });
}

/** `require('./counter')`: it was loaded anew for each worker. */
const isOwnModule = (node: ts.Statement): boolean =>
  /(?:require\(\s*|from\s+|^import\s+)['"]\.{1,2}\//.test(node.getText());
