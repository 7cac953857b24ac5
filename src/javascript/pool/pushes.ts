import type { Refusal } from '../../flow/model.js';
import { bare, memberName } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { joinOf, waitsIn } from './fan-outs.js';

/** `for (const x of list) jobs.push(load(x)); await Promise.all(jobs);` */
export interface Pushes {
  readonly join: ts.CallExpression;
  /** `const jobs = [];` */
  readonly jobs: ts.VariableDeclaration;
  /** `load(x)` */
  readonly start: ts.CallExpression;
  /** What the loop goes through, when it is a list. */
  readonly list?: ts.Expression;
}

export type ReadPushes = Pushes | { readonly join: ts.CallExpression; readonly refusal: Refusal };

/** Fan-outs that a loop starts: the jobs are put in a list, which is then waited for as a whole. */
export function pushesIn(ctx: FileContext): ReadPushes[] {
  const found: ReadPushes[] = [];
  const visit = (node: ts.Node): void => {
    const one = ts.isCallExpression(node) ? pushesAt(node, ctx) : undefined;
    if (one) found.push(one);
    ts.forEachChild(node, visit);
  };
  visit(ctx.file);
  return found;
}

function pushesAt(join: ts.CallExpression, ctx: FileContext): ReadPushes | undefined {
  const given = joinOf(join, ctx) && join.arguments.length === 1 ? bare(join.arguments[0]!) : undefined;
  const symbol = given && ts.isIdentifier(given) ? ctx.scopes.symbolOf(given) : undefined;
  const jobs = symbol?.declarations?.[0];
  if (!symbol || !jobs || !ts.isVariableDeclaration(jobs) || !isEmptyList(jobs.initializer)) return undefined;
  const uses = ctx.scopes.references(symbol).filter((use) => use !== jobs.name && use !== given);
  const pushes = uses.map(pushOf);
  const [push] = pushes;
  if (!push || pushes.some((each) => !each)) return undefined;
  const start = bare(push.arguments[0]!);
  if (!ts.isCallExpression(start) || isTurn(start)) return undefined;
  const loop = loopOf(push);
  const refuse = (code: string, at: ts.Node): ReadPushes => ({ join, refusal: { code, at: rangeOf(at) } });
  if (pushes.length > 1 || !loop) return undefined; // a few calls of their own, each with its own condition
  if (!isSimple(loop.body, push) || !follows(jobs, loop.node, join)) return refuse('already-started', join);
  const late = lateName(start, loop, ctx);
  if (late) return refuse('shared-loop-variable', late);
  return { join, jobs, start, ...(loop.list && { list: loop.list }) };
}

const isEmptyList = (node: ts.Expression | undefined): boolean =>
  !!node && ts.isArrayLiteralExpression(node) && node.elements.length === 0;

/** `jobs.push(one)` as a statement. */
function pushOf(use: ts.Identifier): ts.CallExpression | undefined {
  const call = use.parent.parent;
  const isPush = ts.isPropertyAccessExpression(use.parent) && use.parent.name.text === 'push';
  if (!isPush || !ts.isCallExpression(call) || call.expression !== use.parent || call.arguments.length !== 1)
    return undefined;
  return ts.isExpressionStatement(call.parent) && !ts.isSpreadElement(call.arguments[0]!) ? call : undefined;
}

/** Something else decides when it starts. */
const isTurn = ({ expression, arguments: [first] }: ts.CallExpression): boolean =>
  !/^(then|catch|finally)$/.test(memberName(expression) ?? '') && isHandedOn(expression, first);

const isHandedOn = (expression: ts.Expression, first: ts.Expression | undefined): boolean =>
  (!!first && (ts.isArrowFunction(bare(first)) || ts.isFunctionExpression(bare(first)))) ||
  /limit|throttl|queue|semaphore|schedul|pool/i.test(expression.getText());

interface Loop {
  readonly node: ts.Statement;
  readonly body: ts.Node;
  readonly list?: ts.Expression;
}

/** The loop whose turn the push is: `for…of`, `for (let i …)`, `list.forEach((x) => …)`. */
function loopOf(push: ts.CallExpression): Loop | undefined {
  const statement = push.parent as ts.Statement;
  const body = ts.isBlock(statement.parent) ? statement.parent : statement;
  const around = body.parent;
  if (ts.isForOfStatement(around) && !around.awaitModifier) return { node: around, body, list: around.expression };
  if (ts.isForStatement(around)) return { node: around, body };
  if (!ts.isArrowFunction(around) || !ts.isCallExpression(around.parent)) return undefined;
  const { expression, parent } = around.parent;
  if (!ts.isPropertyAccessExpression(expression) || expression.name.text !== 'forEach') return undefined;
  return ts.isExpressionStatement(parent) ? { node: parent, body, list: expression.expression } : undefined;
}

/** Besides the push there are only tests that pass an item over and names that are made without a call. */
function isSimple(body: ts.Node, push: ts.CallExpression): boolean {
  if (waitsIn(body)) return false;
  if (!ts.isBlock(body)) return true;
  return body.statements.every((each) => each === push.parent || !callsSomething(each));
}

const callsSomething = (node: ts.Node): boolean =>
  ts.isCallExpression(node) ||
  ts.isNewExpression(node) ||
  !!ts.forEachChild(node, (child) => callsSomething(child) || undefined);

/** Nothing is done between the loop and the wait. */
function follows(jobs: ts.VariableDeclaration, loop: ts.Statement, join: ts.CallExpression): boolean {
  const block = loop.parent;
  const statement = jobs.parent.parent;
  if (!ts.isBlock(block) && !ts.isSourceFile(block)) return false;
  const at = block.statements.indexOf(loop);
  const next = block.statements[at + 1];
  return (
    !!next && next.pos <= join.pos && join.end <= next.end && block.statements.indexOf(statement as ts.Statement) >= 0
  );
}

/** A name that may have another value by the time that the job has its turn. */
function lateName(start: ts.CallExpression, loop: Loop, ctx: FileContext): ts.Identifier | undefined {
  let late: ts.Identifier | undefined;
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const symbol = ctx.scopes.symbolOf(node);
      const declaration = symbol?.declarations?.[0];
      const isOwn = !!declaration && declaration.pos >= loop.node.pos && declaration.end <= loop.node.end;
      const isVar =
        isOwn &&
        ts.isVariableDeclaration(declaration) &&
        ts.isVariableDeclarationList(declaration.parent) &&
        !(declaration.parent.flags & ts.NodeFlags.BlockScoped);
      const writes = symbol ? ctx.scopes.references(symbol).filter((use) => ctx.scopes.isWritten(use)) : [];
      const inLoop = writes.some((use) => use.pos >= loop.body.pos && use.end <= loop.body.end);
      const afterwards = !isOwn && writes.some((use) => use.pos >= loop.node.pos);
      if (isVar || inLoop || afterwards) late ??= node;
    }
    ts.forEachChild(node, visit);
  };
  visit(start);
  return late;
}
