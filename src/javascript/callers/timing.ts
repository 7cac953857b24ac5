import { calleeOf } from '../calls/callee.js';
import { bare, memberName, originOf } from '../calls/origin.js';
import type { Range } from '../../types.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { isOwnExport } from './awaiting.js';
import { asyncPart } from './exits.js';
import { endsSync } from './pace.js';
import { callsOf } from './site.js';
import type { Site } from './site.js';
import { answersSyncAsWritten } from './written-timing.js';
import type { Written } from './written-timing.js';
import type { Wrapped } from './wrapped.js';

/** Says of a call that its callee may answer before the call has returned; `failing`: with an error. */
export type AnswersSync = (ctx: FileContext, call: ts.CallExpression, failing?: boolean) => boolean;

/**
 * Marks the functions that may answer at once: by a report of their own, or by waiting for something that may. The code of other
 * packages is taken to answer later, as Node's own does; what a caller hands in is not, for he may have chosen it because it does.
 */
export function markTiming(
  sites: readonly Site[],
  files: readonly FileContext[],
  wrapped: ReadonlyMap<ts.Node, Wrapped>,
): AnswersSync {
  const called = new Map<ts.Node, Site>();
  const named = new Map<string, Site[]>();
  for (const site of sites) {
    for (const { call } of callsOf(site)) called.set(call, site);
    const name = lastName(site);
    if (name !== undefined) named.set(name, [...(named.get(name) ?? []), site]);
  }
  const unread = new Map<string, Unread[]>();
  for (const each of files.flatMap((ctx) => unreadMembers(ctx, sites)))
    unread.set(each.name, [...(unread.get(each.name) ?? []), each]);
  const unreadSync = new Set<string>();
  const byNode = new Map<ts.Node, Site>(sites.map((site) => [site.fn.node, site]));
  const isSync: AnswersSync = (ctx, call, failing) => {
    const answers = (each: Site): boolean => (failing ? each.failsSync : each.answersSync);
    const site = called.get(call);
    if (site) return answers(site);
    const held = wrapped.get(call);
    if (held) return !!held.inner && answers(held.inner);
    // What runs the functions that it is given answers when they do.
    const given = call.arguments.slice(0, -1).map(bare).filter(isFunctionNode);
    if (given.some((fn) => byNode.get(fn)?.answersSync ?? true)) return true;
    const name = memberName(bare(call.expression));
    const alike = name === undefined ? undefined : named.get(name);
    // Whose method it is nobody says; those of this name in the project say how they answer.
    const isUnowned = name !== undefined && !originOf(call.expression, ctx.scopes);
    if (isUnowned && unreadSync.has(name)) return true;
    if (isUnowned && alike) return alike.some(answers);
    if (isUnowned && unread.has(name)) return false;
    return isSyncByText(ctx, call);
  };
  for (const site of sites) {
    site.answersSync = !!site.reading?.answersAtOnce;
    site.failsSync = false;
  }
  for (let grown = true; grown;) {
    grown = false;
    for (const site of sites) {
      const { reading } = site;
      const may = (failing: boolean): boolean =>
        reading ? !!ends(site, reading.flow.steps, isSync, failing) : answersSyncAsWritten(site, isSync);
      if (!site.answersSync && may(false)) site.answersSync = grown = true;
      if (!site.failsSync && site.answersSync && may(true)) site.failsSync = grown = true;
    }
    for (const [name, members] of unread) {
      if (unreadSync.has(name) || !members.some((each) => answersSyncAsWritten(each, isSync))) continue;
      unreadSync.add(name);
      grown = true;
    }
  }
  for (const site of sites) site.endsSync = site.reading && ends(site, asyncPart(site.reading).steps, isSync);
  return isSync;
}

/** A method that takes something like a callback and was not found to be a callback function: how it answers is read from its text. */
type Unread = Written & { readonly name: string };

const membersOf = new WeakMap<ts.SourceFile, readonly Unread[]>();

function unreadMembers(ctx: FileContext, sites: readonly Site[]): readonly Unread[] {
  let members = membersOf.get(ctx.file);
  if (!members) membersOf.set(ctx.file, (members = findMembers(ctx, new Set(sites.map((site) => site.fn.node)))));
  return members;
}

function findMembers(ctx: FileContext, known: ReadonlySet<ts.Node>): Unread[] {
  const found: Unread[] = [];
  const visit = (node: ts.Node): void => {
    const isMember = ts.isMethodDeclaration(node) || isFunctionNode(node);
    const callback = isMember && !known.has(node) ? callbackOf(ctx, node) : undefined;
    const name = isMember && callback ? memberNameOf(node) : undefined;
    if (isMember && callback && name !== undefined)
      found.push({ name, ctx, fn: { node, callback: callback.param, callbackSymbol: callback.symbol, shuffles: [] } });
    ts.forEachChild(node, visit);
  };
  visit(ctx.file);
  return found;
}

/** `Store.prototype.load = function`, `load: function`, `load(id, cb) {}` */
function memberNameOf(node: ts.MethodDeclaration | ts.ArrowFunction | ts.FunctionExpression): string | undefined {
  if (ts.isMethodDeclaration(node)) return node.name.getText();
  const { parent } = node;
  if (ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)) return parent.name.getText();
  return ts.isBinaryExpression(parent) && parent.right === node ? memberName(parent.left) : undefined;
}

/** Its last parameter is called, or is named as one that is. */
function callbackOf(
  ctx: FileContext,
  node: ts.SignatureDeclaration,
): { readonly param: ts.ParameterDeclaration; readonly symbol: ts.Symbol } | undefined {
  const param = node.parameters.at(-1);
  const last = param?.name;
  const symbol = last && ts.isIdentifier(last) ? ctx.scopes.symbolOf(last) : undefined;
  if (!param || !symbol) return undefined;
  const uses = ctx.scopes.references(symbol).filter((use) => use !== last);
  const isCalled = uses.some((use) => ts.isCallExpression(use.parent) && use.parent.expression === use);
  return isCalled || (uses.length > 0 && /^(cb|callback|done|next)$/i.test(symbol.name))
    ? { param, symbol }
    : undefined;
}

const byText = new WeakMap<ts.Node, boolean>();

function isSyncByText(ctx: FileContext, call: ts.CallExpression): boolean {
  let sync = byText.get(call);
  if (sync === undefined) {
    const known = calleeOf(call, ctx.scopes, { dependencies: ctx.dependencies });
    sync = known ? known.mayCallSync : isHandedIn(ctx, call.expression) || isOwnCode(ctx, call.expression);
    byText.set(call, sync);
  }
  return sync;
}

function isFunctionNode(node: ts.Node): node is ts.ArrowFunction | ts.FunctionExpression {
  return ts.isArrowFunction(node) || ts.isFunctionExpression(node);
}

/** A function of the project that was not found to be a callback function: it does something else with what it is given. */
function isOwnCode(ctx: FileContext, callee: ts.Expression): boolean {
  const node = bare(callee);
  if (originOf(callee, ctx.scopes)?.module.startsWith('.') || isOwnExport(node)) return true;
  const declaration = ts.isIdentifier(node) ? ctx.scopes.symbolOf(node)?.declarations?.[0] : undefined;
  if (!declaration) return false;
  if (ts.isFunctionDeclaration(declaration)) return true;
  return (
    ts.isVariableDeclaration(declaration) && !!declaration.initializer && isFunctionNode(bare(declaration.initializer))
  );
}

function ends(
  site: Site,
  steps: Parameters<typeof endsSync>[0],
  isSync: AnswersSync,
  failing = false,
): Range | undefined {
  return endsSync(steps, site.reading!, (call, toFail) => isSync(site.ctx, call, toFail), failing);
}

function lastName({ fn, naming }: Site): string | undefined {
  if (naming.kind !== 'member') return undefined;
  return /([\w$]+)$/.exec(fn.name)?.[1];
}

/** `options.fs.stat`, `remove`: what a parameter of a named function holds, on its own or through a variable. */
function isHandedIn(ctx: FileContext, expression: ts.Expression, depth = 0): boolean {
  const node = bare(expression) as ts.Expression;
  if (depth > 6) return false;
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node))
    return isHandedIn(ctx, node.expression, depth + 1);
  if (ts.isBinaryExpression(node))
    return isHandedIn(ctx, node.left, depth + 1) || isHandedIn(ctx, node.right, depth + 1);
  if (ts.isConditionalExpression(node))
    return isHandedIn(ctx, node.whenTrue, depth + 1) || isHandedIn(ctx, node.whenFalse, depth + 1);
  const declaration = ts.isIdentifier(node) ? ctx.scopes.symbolOf(node)?.declarations?.[0] : undefined;
  if (!declaration) return false;
  const root = ts.isBindingElement(declaration) ? ts.walkUpBindingElementsAndPatterns(declaration) : declaration;
  if (ts.isVariableDeclaration(root)) return !!root.initializer && isHandedIn(ctx, root.initializer, depth + 1);
  // What the callback of another wait is given is that library's own.
  return (
    ts.isParameter(root) &&
    !(ts.isCallExpression(root.parent.parent) && root.parent.parent.expression !== (root.parent as ts.Node))
  );
}
