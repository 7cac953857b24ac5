import { bare, memberName } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { mayHoldCallbacks } from '../prefilter.js';
import { aliasOf, optionalOf, shufflesOf } from './shuffle.js';
import { firstArgument, isError, isErrorFirstCall, isNamedError } from './find-errors.js';
import { handedAs, isCallbackNode } from './shape.js';
import type { CallbackFunction, FunctionNode, ReportSite, Results } from './types.js';

/** Says of a call with a callback, from knowledge beyond the file, that its callee is error-first. */
export type KnownErrorFirst = (call: ts.CallExpression) => boolean;

/**
 * Every function of the file whose parameter is an error-first callback: it is called with an error or with `null` first, or
 * handed on to something that does that. A name like `cb` is no proof.
 */
export function findCallbackFunctions(ctx: FileContext, isKnown: KnownErrorFirst = () => false): CallbackFunction[] {
  if (!mayHoldCallbacks(ctx.text)) return [];
  const candidates = functionsIn(ctx.file).flatMap((node) => candidateOf(node, ctx) ?? []);
  const found = new Set(candidates.filter((each) => isProven(each, ctx)));
  for (let grown = true; grown;) {
    grown = false;
    const names = new Map(
      [...found].flatMap((each) => {
        const name = nameSymbol(each.node, ctx);
        return name ? [[name, each.index] as const] : [];
      }),
    );
    for (const each of candidates) {
      if (found.has(each) || !handsOn(each, names, ctx, isKnown)) continue;
      found.add(each);
      grown = true;
    }
  }
  const unclear = new Map(
    candidates.flatMap((each) => {
      const site = found.has(each) ? undefined : answersLater(each, ctx);
      return site ? [[each, site] as const] : [];
    }),
  );
  return candidates
    .filter((each) => found.has(each) || unclear.has(each))
    .map((each) => ({ ...describe(each, found, ctx), ...(unclear.has(each) && { unclear: unclear.get(each) }) }));
}

/** A last parameter that answers from the continuation of an error-first call, but not error first: `cb(!err)`. */
function answersLater(candidate: Candidate, ctx: FileContext): ts.Node | undefined {
  if (!isLast(candidate)) return undefined;
  return candidate.sites.find((site) => {
    if (site.sync || site.kind !== 'fail' || !ts.isCallExpression(site.at)) return false;
    const owner = ts.findAncestor(site.at.parent, ts.isFunctionLike);
    const handed = owner && handedAs(owner);
    const call = handed?.parent;
    return !!call && ts.isCallExpression(call) && call.arguments.at(-1) === handed && isErrorFirstCall(call, ctx);
  })?.at;
}

interface Candidate {
  readonly node: FunctionNode;
  readonly param: ts.ParameterDeclaration;
  readonly symbol: ts.Symbol;
  readonly index: number;
  readonly sites: readonly ReportSite[];
}

function functionsIn(file: ts.SourceFile): FunctionNode[] {
  const found: FunctionNode[] = [];
  const visit = (node: ts.Node): void => {
    if (isCallbackNode(node) && node.body && node.parameters.length > 0) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** The last parameter that is proven to be a callback; else the last that is called, or is handed on like one. */
function candidateOf(node: FunctionNode, ctx: FileContext): Candidate | undefined {
  if (isExecutor(node, ctx)) return undefined;
  const found: Candidate[] = [];
  for (let index = node.parameters.length - 1; index >= 0; index--) {
    const each = candidateAt(node, index, ctx);
    if (each && isProven(each, ctx)) return each;
    if (each) found.push(each);
  }
  // `mkdirs(dir, cb, made)` hands `made` on, and says nothing of it by that.
  return found.find(({ sites }) => sites.some(({ kind }) => kind !== 'passed' && kind !== 'unknown')) ?? found[0];
}

function candidateAt(node: FunctionNode, index: number, ctx: FileContext): Candidate | undefined {
  const param = node.parameters[index]!;
  const symbol = ts.isIdentifier(param.name) ? ctx.scopes.symbolOf(param.name) : undefined;
  if (!symbol || symbol.name === 'this') return undefined;
  const alias = aliasOf(symbol, ctx);
  const sites = [symbol, ...(alias ? [alias.symbol] : [])].flatMap((each) => sitesOf(each, node, ctx));
  return sites.some((site) => site.kind !== 'unknown') ? { node, param, symbol, index, sites } : undefined;
}

/** `new Promise((resolve, reject) => …)`, or a function with a name that goes there and nowhere else. */
function isExecutor(node: FunctionNode, ctx: FileContext): boolean {
  if (isPromiseOf(node)) return true;
  const symbol = nameSymbol(node, ctx);
  const uses = symbol
    ? ctx.scopes.references(symbol).filter(({ parent }) => parent !== node && !ts.isVariableDeclaration(parent))
    : [];
  return uses.length > 0 && uses.every(isPromiseOf);
}

function isPromiseOf(executor: ts.Node): boolean {
  const { parent } = executor;
  return (
    ts.isNewExpression(parent) &&
    parent.arguments?.[0] === executor &&
    ts.isIdentifier(parent.expression) &&
    /Promise$|^Bluebird$|^Q$/.test(parent.expression.text)
  );
}

function sitesOf(symbol: ts.Symbol, node: FunctionNode, ctx: FileContext): ReportSite[] {
  const sites: ReportSite[] = [];
  for (const use of ctx.scopes.references(symbol)) {
    if (ts.isParameter(use.parent) || ctx.scopes.isWritten(use)) continue;
    const site = siteOf(use, node, ctx);
    if (site) sites.push(site);
  }
  return sites;
}

function siteOf(name: ts.Identifier, node: FunctionNode, ctx: FileContext): ReportSite | undefined {
  // `cb!(err)`, `(cb as Done)(err)`
  let use: ts.Node = name;
  while (
    ts.isNonNullExpression(use.parent) ||
    ts.isParenthesizedExpression(use.parent) ||
    ts.isAsExpression(use.parent)
  )
    use = use.parent;
  const { parent } = use;
  const sync = ts.findAncestor(parent, ts.isFunctionLike) === node;
  if (ts.isCallExpression(parent) && parent.expression === use) return reportSite(parent, parent.arguments, sync, ctx);
  if (ts.isPropertyAccessExpression(parent) && parent.expression === use) return memberSite(parent, sync, ctx);
  if (ts.isCallExpression(parent) && parent.arguments.some((each) => each === use))
    return argumentSite(parent, use, sync, ctx);
  return undefined;
}

function memberSite(access: ts.PropertyAccessExpression, sync: boolean, ctx: FileContext): ReportSite | undefined {
  const call = access.parent;
  if (!ts.isCallExpression(call) || call.expression !== access) return undefined;
  const timer = call.parent;
  if (access.name.text === 'bind' && ts.isCallExpression(timer) && timer.arguments[0] === call && isTimer(timer))
    return reportSite(timer, call.arguments.slice(1), sync, ctx);
  if (access.name.text === 'call') return reportSite(call, call.arguments.slice(1), sync, ctx);
  const list = call.arguments[1];
  if (access.name.text !== 'apply') return undefined;
  return list && ts.isArrayLiteralExpression(list)
    ? reportSite(call, list.elements, sync, ctx)
    : { kind: 'passed', at: call, count: 0, sync };
}

const isTimer = (call: ts.CallExpression): boolean =>
  /^(nextTick|setImmediate|queueMicrotask|setTimeout)$/.test(
    memberName(bare(call.expression)) ?? (ts.isIdentifier(call.expression) ? call.expression.text : ''),
  );

/** `process.nextTick(cb, null, v)` reports; `db.get(id, cb)` hands on. */
function argumentSite(call: ts.CallExpression, use: ts.Node, sync: boolean, ctx: FileContext): ReportSite {
  const name = memberName(bare(call.expression)) ?? (ts.isIdentifier(call.expression) ? call.expression.text : '');
  if (/^(nextTick|setImmediate|queueMicrotask)$/.test(name) && call.arguments[0] === use)
    return reportSite(call, call.arguments.slice(1), sync, ctx);
  if (name === 'setTimeout' && call.arguments[0] === use) return reportSite(call, call.arguments.slice(2), sync, ctx);
  return { kind: call.arguments.at(-1) === use ? 'passed' : 'unknown', at: call, count: 0, sync };
}

function reportSite(at: ts.Node, args: readonly ts.Expression[], sync: boolean, ctx: FileContext): ReportSite {
  const [first] = args;
  const count = Math.max(0, args.length - 1);
  if (!first) return { kind: 'nothing', at, count, sync };
  if (!isNull(first, ctx)) return { kind: 'fail', at, count, sync };
  return { kind: count === 0 ? 'null' : count === 1 ? 'value' : 'list', at, count, sync };
}

function isNull(node: ts.Expression, ctx: FileContext): boolean {
  const inner = bare(node);
  if (ts.isIdentifier(inner)) return inner.text === 'undefined' && !ctx.scopes.symbolOf(inner);
  return (
    inner.kind === ts.SyntaxKind.NullKeyword || inner.kind === ts.SyntaxKind.FalseKeyword || ts.isVoidExpression(inner)
  );
}

/** It reports `null` and a result, or an error that is one by its making or its place. */
function isProven(candidate: Candidate, ctx: FileContext): boolean {
  const calls = candidate.sites.filter((site) => site.kind !== 'passed' && site.kind !== 'unknown');
  if (calls.some((site) => site.kind === 'value' || site.kind === 'list')) return true;
  const errors = calls.filter((site) => site.kind === 'fail');
  // `req.on('error', cb)`, and something else that it is told.
  const others = candidate.sites.filter((site) => site.kind !== 'unknown' && !isErrorListener(site));
  if (others.length > 0 && candidate.sites.some(isErrorListener)) return true;
  if (errors.some((site) => isError(firstArgument(site.at), ctx))) return true;
  if (errors.length > 0 && errors.every((site) => site.count === 0 && isNamedError(firstArgument(site.at), ctx)))
    return isLast(candidate) || calls.some((site) => site.kind === 'null');
  return (
    calls.some((site) => site.kind === 'null') &&
    errors.length === 0 &&
    isLast(candidate) &&
    calls.every((site) => site.count === 0)
  );
}

function isErrorListener({ kind, at }: ReportSite): boolean {
  if (kind !== 'passed' || !ts.isCallExpression(at)) return false;
  const [event] = at.arguments;
  const name = memberName(bare(at.expression)) ?? '';
  return /^(on|once|addListener)$/.test(name) && !!event && ts.isStringLiteralLike(event) && event.text === 'error';
}

const isLast = (candidate: Candidate): boolean => candidate.index === candidate.node.parameters.length - 1;

/** It hands its callback on to something error-first, and does nothing that speaks against it. */
function handsOn(
  candidate: Candidate,
  names: ReadonlyMap<ts.Symbol, number>,
  ctx: FileContext,
  isKnown: KnownErrorFirst,
): boolean {
  const passed = candidate.sites.filter((site) => site.kind === 'passed');
  return passed.some((site) => {
    const call = site.at as ts.CallExpression;
    if (isErrorFirstCall(call, ctx) || isKnown(call)) return true;
    const symbol = calledSymbol(call, ctx);
    // Behind the place of its callback stands something else.
    return !!symbol && call.arguments.length - 1 <= (names.get(symbol) ?? -1);
  });
}

function calledSymbol(call: ts.CallExpression, ctx: FileContext): ts.Symbol | undefined {
  const callee = bare(call.expression);
  return ts.isIdentifier(callee) ? ctx.scopes.symbolOf(callee) : undefined;
}

function nameSymbol(node: FunctionNode, ctx: FileContext): ts.Symbol | undefined {
  if ((ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node)) && node.name)
    return ctx.scopes.symbolOf(node.name);
  const { parent } = node;
  return ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name)
    ? ctx.scopes.symbolOf(parent.name)
    : undefined;
}

function describe(candidate: Candidate, all: ReadonlySet<Candidate>, ctx: FileContext): CallbackFunction {
  const { node, param, symbol, index, sites } = candidate;
  const outer = [...all]
    .filter((each) => each !== candidate && node.pos >= each.node.pos && node.end <= each.node.end)
    .at(-1);
  const shuffles = shufflesOf(node, symbol, ctx);
  const optional = optionalOf(symbol, shuffles, ctx);
  const own = nameSymbol(node, ctx);
  const alias = aliasOf(symbol, ctx);
  return {
    node,
    name: nameOf(node),
    ...(own && { symbol: own }),
    callback: param,
    callbackSymbol: symbol,
    ...(alias && { alias: alias.name }),
    index,
    ...(optional && { optional }),
    shuffles,
    reports: sites,
    results: resultsOf(sites),
    ...(outer && { inside: outer.node }),
  };
}

function resultsOf(sites: readonly ReportSite[]): Results | 'passed' {
  const kinds = new Set(
    sites.map((site) => (site.kind === 'fail' && site.count > 0 ? (site.count > 1 ? 'list' : 'value') : site.kind)),
  );
  for (const none of ['fail', 'unknown', 'passed'] as const) kinds.delete(none);
  if (kinds.size === 0) return sites.some((site) => site.kind === 'passed') ? 'passed' : 'nothing';
  if (kinds.size > 1) return kinds.has('list') ? 'mixed' : kinds.has('value') ? 'value' : 'mixed';
  return [...kinds][0] as Results;
}

/** `load`, `Store.get`, `exports.read`, `<anonymous>` */
export function nameOf(node: FunctionNode): string {
  if (ts.isConstructorDeclaration(node)) return `${className(node)}constructor`;
  if ((ts.isMethodDeclaration(node) || ts.isAccessor(node)) && node.name) return className(node) + node.name.getText();
  if (!ts.isArrowFunction(node) && node.name) return node.name.getText();
  const { parent } = node;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent))
    return parent.name.getText();
  if (ts.isBinaryExpression(parent) && parent.right === node) return parent.left.getText();
  return '<anonymous>';
}

function className(node: ts.Node): string {
  const name = ts.isClassLike(node.parent) ? node.parent.name?.text : undefined;
  return name ? `${name}.` : '';
}
