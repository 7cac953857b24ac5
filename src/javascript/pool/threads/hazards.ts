import type { Refusal } from '../../../flow/model.js';
import { bare, memberName, originOf } from '../../calls/origin.js';
import { stringMethods, arrayMethods, numberMethods } from '../../calls/value-tables.js';
import type { FileContext } from '../../context.js';
import { ts } from '../../parse.js';
import { rangeOf } from '../../snippet.js';
import { functionOf } from '../fan-outs.js';

/** Modules whose functions work in memory and throw nothing but JavaScript's own errors for data of the right kind. */
const inMemory = /^(path|node:path|crypto|node:crypto|util|node:util|url|node:url|querystring|string_decoder)$/;
const globalsInMemory =
  /^(Math|JSON|Number|String|Boolean|Array|Object|Date|Map|Set|RegExp|BigInt|Symbol|parseInt|parseFloat|isNaN|isFinite|encodeURIComponent|decodeURIComponent|Buffer|TextEncoder|TextDecoder)$/;

/**
 * The first place at which a task may fail with an error that has more than a message: one of a system call or a package has a
 * code or a class, and a thread hands on a plain error without them (H51). `undefined`: none of the code that moves does. `kept`: the
 * classes that arrive as they are.
 */
export function richError(nodes: readonly ts.Node[], ctx: FileContext, kept: RegExp = builtIn): ts.Node | undefined {
  for (const node of nodes) {
    const found = richIn(node, ctx, kept);
    if (found) return found;
  }
  return undefined;
}

/** Structured clone keeps JavaScript's own classes of errors; workerpool makes every error a plain one. */
const builtIn = /^(Error|TypeError|RangeError|SyntaxError|ReferenceError|EvalError|URIError)$/;
export const plainOnly = /^Error$/;

function richIn(node: ts.Node, ctx: FileContext, kept: RegExp): ts.Node | undefined {
  // Caught in the task: only what the catch itself does can leave it.
  if (ts.isTryStatement(node) && node.catchClause)
    return richIn(node.catchClause.block, ctx, kept) ?? (node.finallyBlock && richIn(node.finallyBlock, ctx, kept));
  if (ts.isThrowStatement(node) && !isPlainError(node.expression, ctx, kept)) return node;
  if (ts.isCallExpression(node) && !isInMemory(node, ctx)) return node;
  if (ts.isNewExpression(node) && !isBuiltIn(node.expression, ctx)) return node;
  return ts.forEachChild(node, (child) => richIn(child, ctx, kept));
}

/** `new Error(text)` of a class that JavaScript has: it arrives as it was thrown. */
function isPlainError(thrown: ts.Expression, ctx: FileContext, kept: RegExp): boolean {
  return (
    ts.isNewExpression(thrown) &&
    ts.isIdentifier(thrown.expression) &&
    kept.test(thrown.expression.text) &&
    ctx.scopes.isGlobal(thrown.expression)
  );
}

function isBuiltIn(callee: ts.Expression, ctx: FileContext): boolean {
  const origin = originOf(callee, ctx.scopes);
  return (
    origin?.module === '' && (globalsInMemory.test(origin.path[0] ?? '') || /Error$|Array$/.test(origin.path[0] ?? ''))
  );
}

function isInMemory(call: ts.CallExpression, ctx: FileContext): boolean {
  const origin = originOf(call.expression, ctx.scopes);
  if (origin?.module === '') return globalsInMemory.test(origin.path[0] ?? '');
  if (origin)
    return (
      (inMemory.test(origin.module) && !/Sync$|^(promises|webcrypto|subtle)$/.test(origin.path[0] ?? '')) ||
      isHashing(origin.path)
    );
  // A function of the file comes along, and is looked at on its own; methods of strings and lists fail at nothing.
  if (ts.isIdentifier(call.expression)) return ctx.scopes.symbolOf(call.expression) !== undefined;
  const name = memberName(call.expression) ?? '';
  return stringMethods.has(name) || arrayMethods.has(name) || numberMethods.has(name) || plainMethods.test(name);
}

const isHashing = (path: readonly string[]): boolean =>
  /^(createHash|createHmac|pbkdf2Sync|scryptSync|randomBytes)$/.test(path[0] ?? '');
/** Of hashes, maps, sets, lists and regular expressions. */
const plainMethods =
  /^(update|digest|get|set|has|add|delete|keys|values|entries|forEach|push|pop|shift|unshift|splice|sort|reverse|fill|test|exec|next|map|filter|reduce|some|every|find|findIndex|charCodeAt|codePointAt|toString|join|concat)$/;

/**
 * True when the task works and does not only wait: a loop that waits for nothing, hashing, packing (H53). A heuristic: it chooses
 * between two kinds of pool that are both right.
 */
export function computes(nodes: readonly ts.Node[], ctx: FileContext): boolean {
  const visit = (node: ts.Node): boolean => {
    if (ts.isIterationStatement(node, false) && !waits(node)) return true;
    if (ts.isCallExpression(node)) {
      const origin = originOf(node.expression, ctx.scopes);
      const name = origin?.path.at(-1) ?? memberName(node.expression) ?? '';
      if (/^(node:)?(crypto|zlib)$/.test(origin?.module ?? '') && /Sync$|^create(Hash|Hmac)$/.test(name)) return true;
    }
    return !!ts.forEachChild(node, (child) => visit(child) || undefined);
  };
  return nodes.some(visit);
}

function waits(node: ts.Node): boolean {
  if (ts.isAwaitExpression(node)) return true;
  return !!ts.forEachChild(node, (child) => (ts.isFunctionLike(child) ? undefined : waits(child) || undefined));
}

/** A parameter that the task calls, or hands on as a function: nothing can be called across the border (H49). */
export function calledParameter(task: ts.FunctionLikeDeclaration, ctx: FileContext): Refusal | undefined {
  for (const { name } of task.parameters) {
    if (!ts.isIdentifier(name)) continue;
    const symbol = ctx.scopes.symbolOf(name);
    const called =
      symbol &&
      ctx.scopes.references(symbol).find((use) => ts.isCallExpression(use.parent) && use.parent.expression === use);
    if (called) return { code: 'callback-argument', at: rangeOf(called), detail: name.text };
  }
  return undefined;
}

/**
 * True when a task may work for longer than it took to hand it its argument: a loop in a loop, one that the argument does not bound, a function that
 * calls itself, packing and slow hashes. One walk over the argument is no more than the copy of it that the border costs (H53).
 */
export function worksHard(nodes: readonly ts.Node[], ctx: FileContext): boolean {
  const seen = new Set<ts.Node>();
  const visit = (node: ts.Node, inLoop: boolean): boolean => {
    if (ts.isFunctionLike(node) && callsItself(node, ctx)) return true;
    if (ts.isIterationStatement(node, false) && !waits(node)) {
      if (inLoop || !isBoundByGiven(node, ctx)) return true;
      return visit(node.statement, true);
    }
    if (ts.isCallExpression(node)) {
      const origin = originOf(node.expression, ctx.scopes);
      const name = origin?.path.at(-1) ?? memberName(node.expression) ?? '';
      if (/^(node:)?(crypto|zlib)$/.test(origin?.module ?? '') && /Sync$/.test(name)) return true;
      const walks = walking.test(memberName(node.expression) ?? '');
      if (walks && (inLoop || !comesFromGiven(node.expression, ctx))) return true;
      // A size that somebody chose: `'x'.repeat(1e9)`, `Array.from({ length: 1e9 })`.
      if (
        /^(repeat|fill|from|padStart|padEnd|alloc)$/.test(name) &&
        !node.arguments.every((each) => comesFromGiven(each, ctx))
      )
        return true;
      const called = inLoop ? functionOf(node.expression, ctx) : undefined;
      if (called?.body && !seen.has(called) && (seen.add(called), visit(called.body, true))) return true;
      return !!ts.forEachChild(
        node,
        (child) => visit(child, inLoop || (walks && child !== node.expression)) || undefined,
      );
    }
    return !!ts.forEachChild(node, (child) => visit(child, inLoop) || undefined);
  };
  return nodes.some((node) => visit(node, false));
}

/** Methods that walk over a list. */
const walking = /^(map|filter|reduce|reduceRight|forEach|some|every|find|findIndex|findLast|flatMap|sort|toSorted)$/;

function callsItself(fn: ts.SignatureDeclaration, ctx: FileContext): boolean {
  const holder = ts.isVariableDeclaration(fn.parent) ? fn.parent.name : fn.name;
  const symbol = holder && ts.isIdentifier(holder) ? ctx.scopes.symbolOf(holder) : undefined;
  return (
    !!symbol && ctx.scopes.references(symbol).some((use) => use !== holder && fn.pos <= use.pos && use.end <= fn.end)
  );
}

/** `for (const word of given.words)`, `for (let i = 0; i < text.length; i++)` */
function isBoundByGiven(loop: ts.IterationStatement, ctx: FileContext): boolean {
  if (ts.isForOfStatement(loop) || ts.isForInStatement(loop)) return comesFromGiven(loop.expression, ctx);
  if (!ts.isForStatement(loop) || !loop.condition || !ts.isBinaryExpression(loop.condition)) return false;
  const { left, right, operatorToken } = loop.condition;
  const isUp =
    operatorToken.kind === ts.SyntaxKind.LessThanToken && /\+\+|\+=\s*1$/.test(loop.incrementor?.getText() ?? '');
  return isUp && ts.isIdentifier(left) && memberName(right) === 'length' && comesFromGiven(right, ctx);
}

/** A parameter, a part of it, or what one of its methods gives. */
function comesFromGiven(node: ts.Node, ctx: FileContext, depth = 0): boolean {
  let root = bare(node);
  while (ts.isPropertyAccessExpression(root) || ts.isElementAccessExpression(root) || ts.isCallExpression(root))
    root = bare(root.expression);
  const symbol = ts.isIdentifier(root) ? ctx.scopes.symbolOf(root) : undefined;
  const declaration = symbol?.declarations?.[0];
  if (!symbol || !declaration || !ctx.scopes.isConstant(symbol) || depth > 4) return false;
  const whole = ts.findAncestor(declaration, (each) => ts.isParameter(each) || ts.isVariableDeclaration(each));
  if (whole && ts.isParameter(whole)) return true;
  return (
    !!whole &&
    ts.isVariableDeclaration(whole) &&
    !!whole.initializer &&
    comesFromGiven(whole.initializer, ctx, depth + 1)
  );
}
