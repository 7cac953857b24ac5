import { bare } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { stop } from '../stop.js';
import { excludeEachOther, isOnceCall, isRemoval } from './leaf-events.js';
import type { Handing } from './leaf-events.js';
import { guardAt } from './leaf-guards.js';
import type { Guard } from './leaf-guards.js';
import { handedTo } from './leaf-pairs.js';
import { isFunction, isInert, isPure } from './shape.js';
import type { CallResolver, FunctionNode } from './types.js';

/** One step on the way to a report: a place in one function that makes another one run, at last the report itself. */
export interface Link {
  /** The function that the place belongs to. */
  readonly fn: ts.Node;
  readonly node: ts.Node;
  readonly kind: 'report' | 'call' | 'handing';
  readonly handing?: Handing;
  /** What lets only the first of all that pass it go on. */
  readonly guard?: Guard;
}

/** From the function's own body to one report. */
export type Path = readonly Link[];

export interface Search {
  readonly root: FunctionNode;
  readonly ctx: FileContext;
  readonly calls: CallResolver;
  /** How many functions were looked into to get here. */
  readonly depth?: number;
}

/** All ways that lead to a place; refused where one of them can't be followed. */
export function pathsTo(link: Omit<Link, 'fn' | 'guard'>, search: Search, within: readonly ts.Node[] = []): Path[] {
  const fn = ts.findAncestor(link.node.parent, ts.isFunctionLike);
  if (!fn || within.includes(fn) || within.length > 8) stop('called-more-than-once', link.node);
  const guard = guardAt(link.node, fn, search.root, search.ctx);
  const here: Link = { ...link, fn, ...(guard && { guard }) };
  if (fn === search.root) return [[here]];
  const { triggers, once } = triggersOf(fn, search);
  const last: Link = once && !guard ? { ...here, guard: once } : here;
  return triggers.flatMap((each) => pathsTo(each, search, [...within, fn]).map((path) => [...path, last]));
}

type Trigger = Omit<Link, 'fn' | 'guard'>;

/** What makes a function run: the call that it is handed to, or every use of its name. */
function triggersOf(fn: ts.SignatureDeclaration, search: Search): { triggers: Trigger[]; once?: Guard } {
  const { ctx } = search;
  if (ts.isFunctionDeclaration(fn)) return { triggers: namedTriggers(fn.name, fn, search) };
  if (!isFunction(fn) && !ts.isMethodDeclaration(fn)) return stop('reference-use', fn);
  let holder: ts.Node = fn;
  while (ts.isParenthesizedExpression(holder.parent)) holder = holder.parent;
  const once = isOnceCall(holder.parent, ctx) ? holder.parent : undefined;
  if (once) holder = once;
  const { parent } = holder;
  const guard = once && { once };
  if (ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name))
    return { triggers: namedTriggers(parent.name, fn, search), ...guard };
  if (ts.isCallExpression(parent) && parent.expression === holder)
    return { triggers: [{ node: parent, kind: 'call' }], ...guard };
  const handing = handedTo(holder, search);
  if (!handing) return stop(ts.isCallExpression(parent) || isHandler(parent) ? 'many-events' : 'reference-use', parent);
  return { triggers: [{ node: holder, kind: 'handing', handing }], ...guard };
}

/** `xhr.onload = function () { … }` */
function isHandler(node: ts.Node): boolean {
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.EqualsToken) return false;
  return ts.isPropertyAccessExpression(node.left) && /^on[a-z]+$/.test(node.left.name.text);
}

function namedTriggers(name: ts.Identifier | undefined, fn: ts.Node, search: Search): Trigger[] {
  const { scopes } = search.ctx;
  const symbol = name && scopes.symbolOf(name);
  if (!symbol || !scopes.isConstant(symbol)) return stop('reference-use', fn);
  return scopes.references(symbol).flatMap((use): Trigger[] => {
    const { parent } = use;
    if (use === name) return [];
    if (ts.isCallExpression(parent) && parent.expression === use) return [{ node: parent, kind: 'call' }];
    if (isRemoval(parent)) return [];
    const handing = handedTo(use, search);
    if (!handing) return stop('reference-use', use, use.text);
    return [{ node: use, kind: 'handing', handing }];
  });
}

/** Each path is taken once at most, whatever the others do; nothing runs behind a report. */
export function checkPath(path: Path): void {
  const guarded = path.findLastIndex((link) => link.guard);
  path.forEach((link, index) => {
    if (link.kind !== 'handing') checkLast(link);
    // What stands in front of a guard may run as often as it likes.
    if (index < guarded) return;
    if (link.kind === 'handing' && !link.handing!.once) stop(manyCode(link.handing!), link.handing!.call);
    if (isInLoop(link.node, link.fn)) stop('called-more-than-once', link.node);
  });
}

const manyCode = (handing: Handing): string => (handing.event ? 'many-events' : 'called-more-than-once');

function isInLoop(node: ts.Node, fn: ts.Node): boolean {
  for (let at = node; at !== fn; at = at.parent) if (ts.isIterationStatement(at, false)) return true;
  return false;
}

/** Its value is not used, and what stands behind it does nothing: that would run before the answer is seen. */
function checkLast(link: Link): void {
  const statement = tailStatement(link.node);
  if (!statement) return stop('returns-value', link.node);
  const after = behind(statement, link.fn).find((each) => !ts.isStatement(each) || !isInert(each));
  if (!after) return;
  // try { cb(null, JSON.parse(text)); } catch (err) { cb(err); }
  if (ts.isCatchClause(after.parent) && callsToo(after, link.node)) stop('called-more-than-once', link.node);
  stop(ts.isIterationStatement(after, false) ? 'called-more-than-once' : 'code-after-call', after);
}

/** What the callback throws comes back here, and calls it again. */
function callsToo(node: ts.Node, first: ts.Node): boolean {
  if (!ts.isCallExpression(first)) return false;
  const name = first.expression.getText();
  const visit = (child: ts.Node): boolean =>
    (ts.isCallExpression(child) && child.expression.getText() === name) ||
    !!ts.forEachChild(child, (each) => visit(each) || undefined);
  return visit(node);
}

/** The statement whose last deed the expression is; an arrow's expression counts as one. */
function tailStatement(node: ts.Node): ts.Node | undefined {
  const { parent } = node;
  if (ts.isExpressionStatement(parent) || ts.isReturnStatement(parent)) return parent;
  if (ts.isArrowFunction(parent) && parent.body === node) return node;
  if (ts.isParenthesizedExpression(parent) || ts.isVoidExpression(parent)) return tailStatement(parent);
  if (ts.isConditionalExpression(parent) && parent.condition !== node) return tailStatement(parent);
  const isAnd =
    ts.isBinaryExpression(parent) &&
    parent.right === node &&
    parent.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken;
  return isAnd && isPure(parent.left) ? tailStatement(parent) : undefined;
}

/** What can run behind a node in the same run of its function. */
function behind(node: ts.Node, fn: ts.Node): ts.Node[] {
  const found: ts.Node[] = [];
  for (let at = node; at !== fn; at = at.parent) {
    const { parent } = at;
    if (ts.isTryStatement(parent)) {
      if (parent.tryBlock === at && parent.catchClause) found.push(parent.catchClause.block);
      if (parent.finallyBlock && parent.finallyBlock !== at) found.push(parent.finallyBlock);
    }
    if (ts.isReturnStatement(at) || ts.isThrowStatement(at)) return [...found, ...finals(at, fn)];
    if (ts.isIterationStatement(parent, false)) found.push(parent);
    if (!ts.isBlock(parent) && !ts.isCaseOrDefaultClause(parent)) continue;
    const rest = parent.statements.slice(parent.statements.indexOf(at as ts.Statement) + 1);
    const end = rest.findIndex((each) => ts.isReturnStatement(each) || ts.isThrowStatement(each));
    if (end >= 0) return [...found, ...rest.slice(0, end + 1), ...finals(at, fn)];
    const jump = rest.findIndex(ts.isBreakOrContinueStatement);
    found.push(...(jump < 0 ? rest : rest.slice(0, jump)));
    if (jump < 0 && ts.isCaseOrDefaultClause(parent))
      found.push(
        ...parent.parent.clauses
          .slice(parent.parent.clauses.indexOf(parent) + 1)
          .flatMap((each): readonly ts.Statement[] => each.statements),
      );
  }
  return found;
}

/** A `return` in a `try` still runs its `finally`, and what it calls may be caught. */
function finals(node: ts.Node, fn: ts.Node): ts.Node[] {
  const found: ts.Node[] = [];
  for (let at = node; at !== fn; at = at.parent) {
    const { parent } = at;
    if (!ts.isTryStatement(parent)) continue;
    if (parent.tryBlock === at && parent.catchClause) found.push(parent.catchClause.block);
    if (parent.finallyBlock && parent.finallyBlock !== at) found.push(parent.finallyBlock);
  }
  return found;
}

/** Of two paths only one is ever taken to its end. */
export function areExclusive(one: Path, other: Path, search: Search): boolean {
  const shared = sharedGuard(one, other);
  const [from, to] = shared ?? [0, 0];
  if (one[from]!.fn !== other[to]!.fn) return true;
  for (let i = 0; one[from + i] && other[to + i]; i++) {
    const [a, b] = [one[from + i]!, other[to + i]!];
    if (a.node === b.node) continue;
    if (removes(one[from + i + 1], b, search) && removes(other[to + i + 1], a, search)) return true;
    return excludeInTurn(a, b) && ![...one.slice(from + i + 1), ...other.slice(to + i + 1)].some(breaks);
  }
  return !!shared;
}

/** `server.removeListener('error', onError)` in front of what a listener answers: the other one is not called any more. */
function removes(link: Link | undefined, other: Link, { ctx }: Search): boolean {
  const { handing, node } = other;
  if (!link || !handing?.event || !ts.isIdentifier(node)) return false;
  const receiver = (of: ts.CallExpression): string =>
    (bare(of.expression) as ts.AccessExpression).expression?.getText() ?? '';
  const body = (link.fn as ts.FunctionLikeDeclaration).body;
  if (!body || !ts.isBlock(body)) return false;
  return body.statements.some((each) => {
    const call = ts.isExpressionStatement(each) && each.end <= link.node.pos + 1 ? bare(each.expression) : each;
    if (!ts.isCallExpression(call) || !isRemoval(call)) return false;
    const [event, listener] = call.arguments;
    return (
      !!event &&
      !!listener &&
      ts.isStringLiteralLike(event) &&
      event.text === handing.event &&
      ts.isIdentifier(listener) &&
      ctx.scopes.symbolOf(listener) === ctx.scopes.symbolOf(node) &&
      ts.isCallExpression(handing.call) &&
      receiver(call) === receiver(handing.call)
    );
  });
}

/** Where the two paths pass the same guard last. */
function sharedGuard(one: Path, other: Path): [number, number] | undefined {
  for (let i = one.length - 1; i >= 0; i--) {
    const { guard } = one[i]!;
    const j = guard ? other.findLastIndex((link) => link.guard === guard) : -1;
    if (j >= 0) return [i, j];
  }
  return undefined;
}

/** Two places of one function: on different arms, one behind the other's `return`, or events of which one happens. */
function excludeInTurn(a: Link, b: Link): boolean {
  if (a.handing && b.handing && excludeEachOther(a.handing, b.handing)) return !isStopped(a);
  if (onDifferentArms(a.node, b.node)) return true;
  const follows = (x: Link, y: Link): boolean => {
    const statement = ts.findAncestor(x.node, (each) => ts.isStatement(each) || each.parent === x.fn)!;
    if (contains(statement, y.node)) return true;
    return behind(statement, x.fn).some((each) => contains(each, y.node));
  };
  return !follows(a, b) && !follows(b, a);
}

/** `req.destroy(new Error(…))` in a handler that answers: the request fails then, too. */
function breaks({ fn }: Link): boolean {
  return /\.destroy\(\s*[^\s)]/.test(fn.getText());
}

/** A process that is told something can fail at that, and exit all the same. */
function isStopped({ handing, fn }: Link): boolean {
  return handing?.emitter?.kind === 'child' && /\.(kill|send|disconnect)\(|\bsignal\b/.test(fn.getText());
}

const contains = (outer: ts.Node, inner: ts.Node): boolean => outer.pos <= inner.pos && inner.end <= outer.end;

function onDifferentArms(a: ts.Node, b: ts.Node): boolean {
  const around = ts.findAncestor(a, (each) => contains(each, b));
  if (!around || !(ts.isIfStatement(around) || ts.isConditionalExpression(around))) return false;
  const [then, other] = ts.isIfStatement(around)
    ? [around.thenStatement, around.elseStatement]
    : [around.whenTrue, around.whenFalse];
  return !!other && ((contains(then, a) && contains(other, b)) || (contains(then, b) && contains(other, a)));
}
