import { bare, isOrigin, memberName, originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';

/** `Promise.all(list.map(task))`: every task is started at once, then all are waited for. */
export interface FanOut {
  /** The join, `Promise.all(…)`. */
  readonly join: ts.CallExpression;
  readonly settled: boolean;
  /** `list.map(task)`, `Array.from(list, task)`. */
  readonly map: ts.CallExpression;
  readonly list: ts.Expression;
  readonly task: ts.Expression;
  /** The list of promises has a name of its own between the two: `const jobs = list.map(task); await Promise.all(jobs);`. */
  readonly named?: ts.VariableDeclaration;
  /** `Promise` is JavaScript's own. */
  readonly native: boolean;
}

export function fanOutsIn(ctx: FileContext): FanOut[] {
  const found: FanOut[] = [];
  const visit = (node: ts.Node): void => {
    const one = ts.isCallExpression(node) ? fanOutAt(node, ctx) : undefined;
    if (one) found.push(one);
    ts.forEachChild(node, visit);
  };
  visit(ctx.file);
  return found;
}

function fanOutAt(join: ts.CallExpression, ctx: FileContext): FanOut | undefined {
  const how = joinOf(join, ctx);
  const [given] = join.arguments;
  if (!how || join.arguments.length !== 1 || !given) return undefined;
  const inner = bare(given);
  const named = ts.isIdentifier(inner) ? listOfPromises(inner, ctx) : undefined;
  const map = named ? bare(named.initializer!) : inner;
  const over = mapOf(map, ctx);
  return over && { join, ...how, ...over, ...(named && { named }) };
}

/** `Promise.all` and `Promise.allSettled`, of JavaScript or of a library that has taken the name. */
export function joinOf(call: ts.CallExpression, ctx: FileContext): Pick<FanOut, 'settled' | 'native'> | undefined {
  const name = memberName(call.expression);
  if (name !== 'all' && name !== 'allSettled') return undefined;
  const origin = originOf((call.expression as ts.AccessExpression).expression, ctx.scopes);
  const native = isOrigin(origin, '', 'Promise');
  if (!native && !(origin?.path.length === 0 && origin.module === 'bluebird')) return undefined;
  return { settled: name === 'allSettled', native };
}

function mapOf(node: ts.Node, ctx: FileContext): Pick<FanOut, 'map' | 'list' | 'task'> | undefined {
  if (!ts.isCallExpression(node) || node.questionDotToken) return undefined;
  const name = memberName(node.expression);
  const [first, second] = node.arguments;
  if (!first || node.arguments.some(ts.isSpreadElement)) return undefined;
  const owner = name !== undefined ? (node.expression as ts.AccessExpression).expression : undefined;
  if (name === 'map' && node.arguments.length === 1 && !(node.expression as ts.AccessExpression).questionDotToken)
    return { map: node, list: owner!, task: first };
  if (name !== 'from' || node.arguments.length !== 2 || !second) return undefined;
  return isOrigin(originOf(owner!, ctx.scopes), '', 'Array') ? { map: node, list: first, task: second } : undefined;
}

/** `const jobs = list.map(task);` of the statement before, used by the join alone. */
function listOfPromises(name: ts.Identifier, ctx: FileContext): ts.VariableDeclaration | undefined {
  const symbol = ctx.scopes.symbolOf(name);
  const declaration = symbol?.declarations?.[0];
  if (!symbol || !declaration || !ts.isVariableDeclaration(declaration) || !declaration.initializer) return undefined;
  return ctx.scopes.isConstant(symbol) ? declaration : undefined;
}

/** N workers that each take the next item of something they share: `Array.from({ length: 4 }, worker)`. It is a window already. */
export function isWindow(fanOut: FanOut, ctx: FileContext): boolean {
  const task = functionOf(fanOut.task, ctx);
  if (!task?.body) return false;
  const loops = (node: ts.Node): boolean =>
    (ts.isIterationStatement(node, false) && waitsIn(node)) || !!ts.forEachChild(node, loops);
  return takesNoItem(task) && (loops(task.body) || callsItself(task, ctx));
}

const takesNoItem = (task: ts.FunctionLikeDeclaration): boolean =>
  task.parameters.length === 0 || task.parameters.every(({ name }) => ts.isIdentifier(name) && /^_/.test(name.text));

/** `const next = () => (queue.length ? load(queue.shift()).then(next) : undefined)` */
function callsItself(task: ts.FunctionLikeDeclaration, ctx: FileContext): boolean {
  const holder = ts.isVariableDeclaration(task.parent) ? task.parent.name : task.name;
  const symbol = holder && ts.isIdentifier(holder) ? ctx.scopes.symbolOf(holder) : undefined;
  if (!symbol) return false;
  return ctx.scopes.references(symbol).some((use) => use.pos >= task.body!.pos && use.end <= task.body!.end);
}

/** True when the node waits in its own function. */
export function waitsIn(node: ts.Node): boolean {
  if (ts.isAwaitExpression(node)) return true;
  if (ts.isForOfStatement(node) && node.awaitModifier) return true;
  return !!ts.forEachChild(node, (child) => (ts.isFunctionLike(child) ? undefined : waitsIn(child) || undefined));
}

/** The function that an expression is or names. */
export function functionOf(expression: ts.Node, ctx: FileContext): ts.FunctionLikeDeclaration | undefined {
  const node = bare(expression);
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return node;
  if (!ts.isIdentifier(node)) return undefined;
  const symbol = ctx.scopes.symbolOf(node);
  if (!symbol || !ctx.scopes.isConstant(symbol)) return undefined;
  const declaration = symbol.declarations?.find(
    (each) => ts.isVariableDeclaration(each) || (ts.isFunctionDeclaration(each) && each.body),
  );
  if (!declaration) return undefined;
  if (ts.isFunctionDeclaration(declaration)) return declaration;
  const value = ts.isVariableDeclaration(declaration) && declaration.initializer && bare(declaration.initializer);
  return value && (ts.isArrowFunction(value) || ts.isFunctionExpression(value)) ? value : undefined;
}

/** The function around a node: where its waits are. */
export function functionAround(node: ts.Node): ts.SignatureDeclaration | undefined {
  return ts.findAncestor(node.parent, ts.isFunctionLike);
}

export function isAsync(node: ts.Node | undefined): boolean {
  return (
    !!node &&
    ts.canHaveModifiers(node) &&
    !!ts.getModifiers(node)?.some((each) => each.kind === ts.SyntaxKind.AsyncKeyword)
  );
}
