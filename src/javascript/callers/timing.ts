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

/** Says of a call that its callee may answer before the call has returned. */
export type AnswersSync = (ctx: FileContext, call: ts.CallExpression) => boolean;

/**
 * Marks the functions that may answer at once: by a report of their own, or by waiting for something that may. The code of other
 * packages is taken to answer later, as Node's own does; what a caller hands in is not, for he may have chosen it because it does.
 */
export function markTiming(sites: readonly Site[], files: readonly FileContext[]): AnswersSync {
  const called = new Map<ts.Node, Site>();
  const named = new Map<string, Site[]>();
  for (const site of sites) {
    for (const { call } of callsOf(site)) called.set(call, site);
    const name = lastName(site);
    if (name !== undefined) named.set(name, [...(named.get(name) ?? []), site]);
  }
  const unread = new Set(files.flatMap((ctx) => [...unreadMembers(ctx, sites)]));
  const byNode = new Map<ts.Node, Site>(sites.map((site) => [site.fn.node, site]));
  const isSync: AnswersSync = (ctx, call) => {
    const site = called.get(call);
    if (site) return site.answersSync;
    // What runs the functions that it is given answers when they do.
    const given = call.arguments.slice(0, -1).map(bare).filter(isFunctionNode);
    if (given.some((fn) => byNode.get(fn)?.answersSync ?? true)) return true;
    const name = memberName(bare(call.expression));
    const alike = name === undefined ? undefined : named.get(name);
    // Whose method it is nobody says; those of this name in the project say how they answer.
    const isUnowned = name !== undefined && !originOf(call.expression, ctx.scopes);
    if (isUnowned && unread.has(name)) return true;
    if (isUnowned && alike) return alike.some((each) => each.answersSync);
    return isSyncByText(ctx, call);
  };
  for (const site of sites) if (!site.isBridged) site.answersSync = !site.reading || !!site.reading.answersAtOnce;
  for (let grown = true; grown;) {
    grown = false;
    for (const site of sites) {
      if (site.answersSync || !site.reading || !ends(site, site.reading.flow.steps, isSync)) continue;
      site.answersSync = grown = true;
    }
  }
  for (const site of sites) site.endsSync = site.reading && ends(site, asyncPart(site.reading).steps, isSync);
  return isSync;
}

const membersOf = new WeakMap<ts.SourceFile, ReadonlySet<string>>();

/** Names of methods that take something like a callback and were not found to be callback functions: nothing is known of them. */
function unreadMembers(ctx: FileContext, sites: readonly Site[]): ReadonlySet<string> {
  let names = membersOf.get(ctx.file);
  if (!names) membersOf.set(ctx.file, (names = findMembers(ctx, new Set(sites.map((site) => site.fn.node)))));
  return names;
}

function findMembers(ctx: FileContext, known: ReadonlySet<ts.Node>): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    const isMember = ts.isMethodDeclaration(node) || isFunctionNode(node);
    if (isMember && !known.has(node) && takesCallback(ctx, node)) {
      const name = memberNameOf(node);
      if (name !== undefined) names.add(name);
    }
    ts.forEachChild(node, visit);
  };
  visit(ctx.file);
  return names;
}

/** `Store.prototype.load = function`, `load: function`, `load(id, cb) {}` */
function memberNameOf(node: ts.MethodDeclaration | ts.ArrowFunction | ts.FunctionExpression): string | undefined {
  if (ts.isMethodDeclaration(node)) return node.name.getText();
  const { parent } = node;
  if (ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)) return parent.name.getText();
  return ts.isBinaryExpression(parent) && parent.right === node ? memberName(parent.left) : undefined;
}

/** Its last parameter is called, or is named as one that is. */
function takesCallback(ctx: FileContext, node: ts.SignatureDeclaration): boolean {
  const last = node.parameters.at(-1)?.name;
  if (!last || !ts.isIdentifier(last)) return false;
  const symbol = ctx.scopes.symbolOf(last);
  const uses = symbol ? ctx.scopes.references(symbol).filter((use) => use !== last) : [];
  const isCalled = uses.some((use) => ts.isCallExpression(use.parent) && use.parent.expression === use);
  return isCalled || (uses.length > 0 && /^(cb|callback|done|next)$/i.test(last.text));
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

function ends(site: Site, steps: Parameters<typeof endsSync>[0], isSync: AnswersSync): Range | undefined {
  return endsSync(steps, site.reading!, (call) => isSync(site.ctx, call));
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
