import type { TextEdit } from '../../edits/edits.js';
import type { Note } from '../../flow/model.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { areExclusive, checkPath, pathsTo } from './leaf-paths.js';
import type { Path, Search } from './leaf-paths.js';
import { useOf } from './leaf-uses.js';
import type { LeafUse, Settle } from './leaf-uses.js';
import { checkPlace } from './read.js';
import type { CallbackFunction, CallResolver, Results } from './types.js';

/**
 * A function whose answer comes from events or from something that is not error-first, proven to answer once at most: what it does
 * can't be said as a flow, but as a whole it can become a promise.
 */
export interface Leaf {
  readonly results: Results;
  /** It may answer before its call has returned. */
  readonly sync: boolean;
  /** Calls in it that give promises when they lose their callback. */
  readonly awaited: readonly ts.CallExpression[];
  readonly notes: readonly Note[];
  /** The callback's uses as calls of `resolve` and `reject`, and what only kept it from being called twice gone. */
  readonly edits: (names: Settle) => TextEdit[];
  readonly usesReject: boolean;
}

/** The proof; refused at the place where it fails. */
export function leafOf(fn: CallbackFunction, ctx: FileContext, calls: CallResolver): Leaf {
  checkPlace(fn, ctx);
  checkScope(fn);
  const { guards, names } = namesOf(fn, ctx);
  if (fn.optional) stop('reference-use', fn.callback);
  const search = { root: fn.node, ctx, calls };
  const uses = names.map((name) => useOf(name, search));
  const paths = uses.map((use) => pathsTo(use, search));
  for (const path of paths.flat()) checkPath(path);
  if (!guards.length) checkOnce(paths.flat(), search);
  return {
    results: resultsOf(uses, fn),
    sync: paths.flat().some(isSync),
    awaited: uses.flatMap((use) => use.awaited ?? []),
    notes: guards.length ? [] : notesOf(paths.flat()),
    edits: (settle) => [...uses.flatMap((use) => use.write(settle)), ...guards.map((each) => withoutLine(each, ctx))],
    usesReject: uses.some((use) =>
      /\breject\b/.test(
        use
          .write({ resolve: '', reject: 'reject', indent: '' })
          .map((e) => e.text)
          .join(),
      ),
    ),
  };
}

/** The body gets a scope of its own: `var options = options || {};` would no longer mean the parameter. */
function checkScope({ node }: CallbackFunction): void {
  const names = new Set(node.parameters.flatMap((each) => each.name.getText().match(/[\w$]+/g) ?? []));
  const visit = (child: ts.Node): void => {
    const { name } = child as ts.NamedDeclaration;
    const isVar = ts.isVariableDeclaration(child) && !(ts.getCombinedNodeFlags(child) & ts.NodeFlags.BlockScoped);
    const declares = isVar || ts.isBindingElement(child) || ts.isFunctionDeclaration(child);
    if (declares && name && ts.isIdentifier(name) && names.has(name.text)) stop('reference-use', child, name.text);
    if (!ts.isFunctionLike(child)) ts.forEachChild(child, visit);
  };
  ts.forEachChild(node.body!, visit);
}

/** Every mention of the callback, but for `cb = once(cb);`, which a promise does by itself. */
function namesOf(fn: CallbackFunction, ctx: FileContext): { guards: ts.Statement[]; names: ts.Identifier[] } {
  const { scopes } = ctx;
  const guards = fn.shuffles.map((each) => {
    const isAlias = each.kind === 'alias' && ts.isVariableStatement(each.node) && isOnce(each.value);
    const alone = isAlias && (each.node as ts.VariableStatement).declarationList.declarations.length === 1;
    return each.kind === 'once' || alone ? each.node : stop('reference-use', each.node);
  });
  const alias = fn.alias && scopes.symbolOf(fn.alias);
  const symbols = [fn.callbackSymbol, ...(alias ? [alias] : [])];
  const names = symbols
    .flatMap((symbol) => scopes.references(symbol))
    .filter((use) => use !== fn.callback.name && !guards.some((node) => use.pos >= node.pos && use.end <= node.end));
  for (const use of names) if (scopes.isWritten(use)) stop('reference-use', use.parent, use.text);
  return { guards, names };
}

const isOnce = (value: ts.Expression | undefined): boolean => !!value && /\bonce\(/i.test(value.getText());

function checkOnce(paths: readonly Path[], search: Search): void {
  paths.forEach((one, index) => {
    const other = paths.slice(index + 1).find((each) => !areExclusive(one, each, search));
    if (other) stop('called-more-than-once', other.at(-1)!.node);
  });
}

function resultsOf(uses: readonly LeafUse[], fn: CallbackFunction): Results {
  const seen = new Set(uses.map((use) => use.gives).filter((kind) => kind !== 'fail'));
  if (seen.has('list')) return seen.size === 1 ? 'list' : stop('several-results', fn.callback, fn.name);
  if (seen.has('value')) return 'value';
  return seen.has('null') ? 'null' : 'nothing';
}

/** All that leads there may happen during the call. */
function isSync(path: Path): boolean {
  return path.every((link) => link.kind !== 'handing' || link.handing!.sync);
}

/** An answer given while the response still comes in: a request that breaks then calls the callback again. */
function notesOf(paths: readonly Path[]): Note[] {
  const fails = new Set(
    paths.flatMap((path) => path.flatMap(({ handing }) => (handing?.event === 'error' ? handing.emitter?.of : []))),
  );
  const early = paths.find((path) => {
    const [link] = path.slice(-2);
    return path.length > 1 && link?.handing?.event === 'response' && fails.has(link.handing.emitter?.of);
  });
  return early ? [{ code: 'answers-once', at: rangeOf(early.at(-1)!.node) }] : [];
}

/** A statement with the line that it stands on. */
function withoutLine(node: ts.Node, ctx: FileContext): TextEdit {
  const start = ctx.text.lastIndexOf('\n', node.getStart() - 1) + 1;
  const rest = /^[ \t]*\r?\n/.exec(ctx.text.slice(node.end));
  const alone = !ctx.text.slice(start, node.getStart()).trim() && rest;
  return alone
    ? { start, end: node.end + rest[0].length, text: '' }
    : { start: node.getStart(), end: node.end, text: '' };
}
