import type { Entry, Refusal } from '../../flow/model.js';
import { bare, memberName } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';
import { isWriteTarget } from '../scope.js';
import { rangeOf } from '../snippet.js';
import { attempt } from '../stop.js';
import { admitRoot } from './admit.js';
import { settleIn } from './elsewhere.js';
import { readFunctionEntry, returnedChains } from './entry.js';
import type { Found } from './entry.js';
import { floatingOf, isBorder, readFloat } from './float.js';
import { chainOf } from './links.js';
import type { Chain } from './links.js';
import { functionAround, isAsync, isExecutor, isFunctionNode, isGenerator, isHandler } from './uses.js';

export interface PromisesRead {
  readonly entries: Entry[];
  readonly refusals: Refusal[];
}

/**
 * Finds the promise chains of a file and says what they do.
 *
 * Entries are functions that return chains, async functions that still hold some, and statements that start one. Each
 * chain is in one entry or in one refusal; functions inside an entry are entries of their own unless they became part of it.
 */
export function readPromises(ctx: FileContext): PromisesRead {
  const reading: Reading = { ctx, entries: [], refusals: [], done: new Set(), inlined: new Set(), reasons: new Map() };
  if (/[.\]]\s*(then|catch|finally|fin|fail|caught|lastly|spread|reduce)\b|\bnew Promise\b/.test(ctx.text)) {
    settleIn(ctx);
    visit(ctx.file, reading);
    leftover(ctx.file, reading);
  }
  const { entries, refusals } = reading;
  return { entries, refusals: refusals.sort((a, b) => a.at.start - b.at.start) };
}

interface Reading {
  readonly ctx: FileContext;
  readonly entries: Entry[];
  readonly refusals: Refusal[];
  /** Chains that are in an entry or refused. */
  readonly done: Set<ts.Node>;
  readonly inlined: Set<ts.Node>;
  /** Why a chain was left, where its reading was tried. */
  readonly reasons: Map<ts.Node, Refusal>;
}

/** What compilers put into a file to run async functions in old engines. */
function isHelper(node: ts.Node): boolean {
  const name = ts.isVariableDeclaration(node) || ts.isFunctionDeclaration(node) ? node.name?.getText() : undefined;
  return /^(__awaiter|__asyncGenerator|__asyncDelegator|__asyncValues|_?asyncToGenerator|asyncGeneratorStep|_?asyncIterator|_AsyncGenerator)$/.test(
    name ?? '',
  );
}

function visit(node: ts.Node, reading: Reading): void {
  if (isHelper(node)) return chainsOf(node, reading.ctx).forEach((chain) => reading.done.add(chain.whole));
  const { ctx, inlined } = reading;
  const isOurs = isFunctionNode(node) && !inlined.has(node) && !staysHandler(node, ctx.scopes);
  if (isOurs && !isExecutor(node, ctx.scopes)) takeFunction(node, reading);
  else if (ts.isExpressionStatement(node)) takeFloat(node, reading);
  ts.forEachChild(node, (child) => visit(child, reading));
}

/** A handler of a link that stays: it is part of a chain, and as such no function to convert. */
function staysHandler(fn: Parameters<typeof isAsync>[0], scopes: Scopes): boolean {
  return !isAsync(fn) && isHandler(fn, scopes);
}

function takeFunction(fn: Parameters<typeof readFunctionEntry>[0], reading: Reading): void {
  const { ctx } = reading;
  const left: Found['seen']['left'] = [];
  const tried = readFunctionEntry(fn, ctx, left);
  for (const each of left) reading.reasons.set(each.chain, each);
  if (!tried) return;
  if (tried.ok) return accept(tried.value, reading);
  const chains = isAsync(fn) ? [] : returnedChains(fn, ctx);
  const open = chains.filter((chain) => !reading.done.has(chain));
  if (isAsync(fn)) return;
  refuse(tried.refusal, open, reading);
}

function takeFloat(statement: ts.ExpressionStatement, reading: Reading): void {
  const { ctx, done } = reading;
  const expression = floatingOf(statement, ctx.scopes);
  if (!expression) {
    if (isBorder(statement, ctx.scopes))
      chainsOf(statement, ctx)
        .slice(0, 1)
        .forEach((chain) => done.add(chain.whole));
    return;
  }
  if (chainsOf(statement, ctx).some((chain) => done.has(chain.whole))) return;
  const tried = readFloat(statement, ctx);
  if (tried.ok) return accept(tried.value, reading);
  const [first] = chainsOf(statement, ctx);
  refuse(tried.refusal, first ? [first.whole] : [], reading);
}

function accept({ entry, seen }: Found, reading: Reading): void {
  reading.entries.push(entry);
  for (const chain of seen.chains) reading.done.add(chain);
  for (const fn of seen.inlined) reading.inlined.add(fn);
  for (const left of seen.left) reading.reasons.set(left.chain, left);
}

/** One refusal for the chains that it speaks for, with all that stands in their handlers. */
function refuse(refusal: Refusal, chains: readonly ts.Node[], reading: Reading): void {
  const known = reading.refusals.some((each) => each.code === refusal.code && each.at.start === refusal.at.start);
  if (!known)
    reading.refusals.push({
      code: refusal.code,
      at: refusal.at,
      ...(refusal.detail !== undefined && { detail: refusal.detail }),
    });
  for (const chain of chains) cover(chain, reading);
}

/** The chain, and chains that its handlers return, are spoken for. */
function cover(chain: ts.Node, reading: Reading): void {
  for (const inner of chainsOf(chain, reading.ctx)) {
    const fn = functionAround(inner.whole);
    const { scopes } = reading.ctx;
    const own = inner.whole === chain || (fn && (isHandler(fn, scopes) || isExecutor(fn, scopes)));
    if (own) reading.done.add(inner.whole);
  }
}

/** All chains in or below a node, outermost first. */
function chainsOf(node: ts.Node, ctx: FileContext): Chain[] {
  const found: Chain[] = [];
  const see = (child: ts.Node, part: boolean): void => {
    const chain = ts.isCallExpression(child) && !part ? chainOf(child, ctx.scopes) : undefined;
    if (chain) found.push(chain);
    // What a link is called on belongs to the same chain.
    const links = new Set<ts.Node>(chain ? chain.links.map((link) => link.call) : []);
    ts.forEachChild(child, function each(next): void {
      const inner = chain
        ? links.has(next) || (ts.isPropertyAccessExpression(next) && next.parent === child)
        : part && ts.isPropertyAccessExpression(child);
      see(next, inner && !isRoot(next, chain));
    });
  };
  see(node, false);
  return unique(found);
}

function isRoot(node: ts.Node, chain: Chain | undefined): boolean {
  return !!chain && bare(chain.root) === node;
}

/** A call inside a longer chain is no chain of its own. */
function unique(chains: readonly Chain[]): Chain[] {
  const inner = new Set<ts.Node>(chains.flatMap((chain) => chain.links.slice(0, -1).map((link) => link.call)));
  return chains.filter((chain) => !inner.has(chain.whole));
}

/** Chains that no entry and no refusal has spoken for: they stand where a value is wanted. */
function leftover(file: ts.SourceFile, reading: Reading): void {
  for (const chain of chainsOf(file, reading.ctx)) {
    if (reading.done.has(chain.whole)) continue;
    const admitted = attempt(() => admitRoot(chain, reading.ctx));
    const refusal = admitted.ok ? (reading.reasons.get(chain.whole) ?? reasonOf(chain, reading.ctx)) : admitted.refusal;
    refuse(refusal, [chain.whole], reading);
  }
}

function reasonOf(chain: Chain, ctx: FileContext): Refusal {
  const at = rangeOf(chain.whole);
  const fn = functionAround(chain.whole);
  if (fn && isGenerator(fn)) return { code: 'generator', at };
  if (chain.links.some((link) => /^(timeout|cancel|asCallback|nodeify|done|delay)$/.test(link.method)))
    return { code: 'library-promise', at, detail: chain.links.at(-1)!.name.text };
  if (isKept(chain.whole) && fn && !isAsync(fn)) return { code: 'promise-identity', at };
  if (fn && isExecutor(fn, ctx.scopes)) return { code: 'mixed-style', at };
  return { code: 'promise-as-value', at };
}

/** Stored where others find it: `this.ready = p.then(…)`, `pending.set(id, p.then(…))`. */
function isKept(node: ts.Node): boolean {
  let value = node;
  while (ts.isParenthesizedExpression(value.parent) || ts.isBinaryExpression(value.parent)) {
    const { parent } = value;
    if (ts.isBinaryExpression(parent) && parent.right === value && isWriteTarget(parent.left))
      return !ts.isIdentifier(parent.left);
    value = parent;
  }
  const call = value.parent;
  return (
    ts.isCallExpression(call) &&
    memberName(call.expression) === 'set' &&
    call.arguments.includes(value as ts.Expression)
  );
}
