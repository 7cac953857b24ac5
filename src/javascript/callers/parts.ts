import type { CallbackFunction } from '../callback/types.js';
import { readCallback } from '../callback/read.js';
import { memberName } from '../calls/origin.js';
import { ts } from '../parse.js';
import { checkKept } from './decide.js';
import type { Decided } from './decide.js';
import { endsSync } from './pace.js';
import { asyncPart, handedIn } from './exits.js';
import type { Site } from './site.js';
import { isCalledLater } from './written-timing.js';

/**
 * Parts of a function that stays as a whole. A function inside it that ends by answering its callback is as good as a function
 * that was given it: what surrounds it may answer at once, many times, or in a way that nobody can say; that all stays as it is.
 *
 *     cache.on('miss', (key) => {                    cache.on('miss', (key) => {
 *       fs.stat(key, (err, stat) => {                  callbackify(async () => {
 *         if (err) return cb(err);                       const stat = await promisify(fs.stat)(key);
 *         …                                              …
 *       });                                            })(cb);
 *     });                                            });
 */
export function partsOf(site: Site, sites: readonly Site[], known: Decided): Site[] {
  if (!mayHaveParts(site)) return [];
  const standing = new Set<ts.Node>(sites.filter(({ mode }) => mode !== 'left').map(({ fn }) => fn.node));
  const { ctx, fn } = site;
  const uses = ctx.scopes.references(fn.callbackSymbol);
  const alias = fn.alias && ctx.scopes.symbolOf(fn.alias);
  const names = [...uses, ...(alias ? ctx.scopes.references(alias) : [])];
  const found: Site[] = [];
  const visit = (node: ts.Node): void => {
    if (!names.some((use) => use.pos >= node.pos && use.end <= node.end)) return;
    if (ts.isFunctionLike(node)) {
      if (standing.has(node) || !isPlainFunction(node) || isHandlerOfPromise(node)) return;
      const part = partAt(node, site, names, known);
      if (part) return void found.push(part);
    }
    ts.forEachChild(node, visit);
  };
  const own = tailPart(site, names, known);
  if (own) return [own];
  ts.forEachChild(fn.node.body!, visit);
  return found;
}

/** Functions of which nothing may be taken for what it seems. */
const whole = /^(dynamic-scope|mixed-style|generator|callback-and-promise|not-error-first|exported-callers-unknown)$/;

function mayHaveParts({ mode, refusal, fn, isBridged }: Site): boolean {
  return mode === 'left' && !!refusal && !whole.test(refusal.code) && !fn.unclear && !isBridged;
}

function isPlainFunction(node: ts.Node): node is ts.ArrowFunction | ts.FunctionExpression | ts.FunctionDeclaration {
  if (!ts.isArrowFunction(node) && !ts.isFunctionExpression(node) && !ts.isFunctionDeclaration(node)) return false;
  return !node.asteriskToken && !node.modifiers?.some((each) => each.kind === ts.SyntaxKind.AsyncKeyword);
}

/** A handler of a chain, or an executor: what it throws or gives is the chain's. */
function isHandlerOfPromise(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isNewExpression(parent)) return true;
  if (!ts.isCallExpression(parent) || parent.expression === node) return false;
  return /^(then|catch|finally|tap|spread|done|fail|always)$/.test(memberName(parent.expression) ?? '');
}

/** The function's own last statements, where those above can't be read. */
function tailPart(site: Site, names: readonly ts.Identifier[], known: Decided): Site | undefined {
  return partIn(site.fn, 1, false, site, names, known);
}

const hasFunction = (node: ts.Node): boolean =>
  ts.isFunctionLike(node) || !!ts.forEachChild(node, (child) => hasFunction(child) || undefined);

type Plain = ts.ArrowFunction | ts.FunctionExpression | ts.FunctionDeclaration;

function partAt(node: Plain, site: Site, names: readonly ts.Identifier[], known: Decided): Site | undefined {
  // Two waits are one function in another at least.
  if (!ts.forEachChild(node.body!, (child) => hasFunction(child) || undefined)) return undefined;
  const within = { ctx: site.ctx, isSync: known.isSync, within: site.fn.node, asked: new Map() };
  return partIn({ ...site.fn, node }, 0, isCalledLater(node, within), site, names, known);
}

/** All of a body that can be read, from a statement on that names the callback: what stands above it need not be understood. */
function partIn(
  fn: CallbackFunction,
  first: number,
  later: boolean,
  site: Site,
  names: readonly ts.Identifier[],
  known: Decided,
): Site | undefined {
  const { body } = fn.node;
  if (!body || !ts.isBlock(body)) return first === 0 ? partFrom(fn, 0, later, site, known) : undefined;
  const starts = body.statements.flatMap((statement, index) => {
    const isNamed = names.some((use) => use.pos >= statement.pos && use.end <= statement.end);
    return index >= first && isNamed && !ts.isFunctionDeclaration(statement) ? [index] : [];
  });
  for (const from of starts.slice(0, 1 + first).concat(starts.slice(-1))) {
    const part = partFrom(fn, from, later, site, known);
    if (part) return part;
  }
  return undefined;
}

function partFrom(fn: CallbackFunction, from: number, later: boolean, site: Site, known: Decided): Site | undefined {
  const { ctx } = site;
  const taken: CallbackFunction = { ...fn, part: { from, later } };
  const read = readCallback(taken, ctx, known.resolve(ctx));
  if (!read.ok || read.value.answersAtOnce) return undefined;
  const part: Site = {
    ctx,
    fn: taken,
    // What is gained by one wait in a function that stands in another one is little.
    naming: { kind: fn.node === site.fn.node ? site.naming.kind : 'inline', symbols: [], exports: [] },
    uses: [],
    isSeen: false,
    mode: 'keep',
    reading: read.value,
    answersSync: true,
    failsSync: true,
    partOf: site,
  };
  const isSync = (call: ts.CallExpression, failing: boolean): boolean => known.isSync(ctx, call, failing);
  const atOnce = endsSync(asyncPart(read.value).steps, read.value, isSync);
  if (atOnce && !later) return undefined;
  part.hands = new Set([...handedIn(read.value.flow, part, known.handedOn).values()].flatMap((kinds) => [...kinds]));
  checkKept(part, known.handedOn);
  return part.mode === 'keep' ? part : undefined;
}
