import { answersPromise } from '../calls/promises.js';
import type { Entry, Target } from '../../flow/model.js';
import type { Range } from '../../types.js';
import { someOwn } from '../body.js';
import { bare } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { hasDynamicScope, isWriteTarget } from '../scope.js';
import type { Scopes } from '../scope.js';
import { rangeOf, snippetsOf } from '../snippet.js';
import { attempt, stop, stopWith } from '../stop.js';
import { admitRoot, admitTurns, isHandled, predicate, throwsIn, usedLibrary } from './admit.js';
import { libraryBehind, surelyOf } from './behind.js';
import type { Found } from './entry.js';
import { nothingSeen } from './env.js';
import type { Env } from './env.js';
import { chainOf } from './links.js';
import type { Chain } from './links.js';
import { floatBridge } from './library.js';
import type { LibraryShape } from './library.js';
import { isReduceSequence } from './reduce.js';
import { exitSteps } from './statements.js';
import { typedLibrary } from './typed.js';
import { functionAround, isExecutor, settlesAround } from './uses.js';

/** The expression of a statement that starts a chain and goes on: `p.then(f);`, `void p.then(f);`, `ready && p.then(f);`. */
export function floatingOf(statement: ts.Statement, scopes: Scopes): ts.Expression | undefined {
  if (!ts.isExpressionStatement(statement)) return undefined;
  let node = bare(statement.expression) as ts.Expression;
  if (ts.isVoidExpression(node)) node = bare(node.expression) as ts.Expression;
  return floats(node, scopes) ? node : undefined;
}

function floats(expression: ts.Expression, scopes: Scopes): boolean {
  const node = bare(expression) as ts.Expression;
  if (ts.isConditionalExpression(node)) return floats(node.whenTrue, scopes) || floats(node.whenFalse, scopes);
  if (isGuarded(node)) return floats(node.right, scopes);
  const chain = chainOf(node, scopes);
  if (chain) return chain.links.some((link) => link.method !== 'catch');
  return isReduceSequence(node, scopes);
}

/** `ready && p.then(f)` */
function isGuarded(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken;
}

/** `main().catch(report);`: the border of async code looks like this too. */
export function isBorder(statement: ts.Statement, scopes: Scopes): boolean {
  if (!ts.isExpressionStatement(statement)) return false;
  let node = bare(statement.expression);
  if (ts.isVoidExpression(node)) node = bare(node.expression);
  const chain = chainOf(node, scopes);
  return !!chain && chain.links.every((link) => link.method === 'catch' && link.args.length === 1);
}

/** A floating chain as an async function of its own that is started there. */
export function readFloat(statement: ts.ExpressionStatement, ctx: FileContext): ReturnType<typeof attempt<Found>> {
  return attempt(() => {
    const { scopes } = ctx;
    const expression = floatingOf(statement, scopes)!;
    const bridge = admitFloat(statement, expression, ctx);
    const seen = nothingSeen();
    const snippets = snippetsOf(ctx, statement);
    const env: Env = { ctx, snippets, seen, inLoop: false };
    const target: Target = { of: 'entry' };
    const leaving = { target, lead: [], at: rangeOf(statement), tries: 0, unused: true };
    const steps = exitSteps(expression, leaving, env);
    if (!seen.chains.length) stopWith(seen.left[0] ?? { code: 'promise-as-value', at: rangeOf(expression) });
    const entry: Entry = {
      style: 'promise',
      name: '',
      at: rangeOf(statement),
      body: writtenRange(statement),
      bodyKind: 'statement',
      shape: bridge ?? { kind: 'statement' },
      target,
      flow: { steps, tail: [] },
      params: [],
      head: { edits: [] },
      needs: seen.needs,
      notes: [],
    };
    return { entry, seen };
  });
}

/** The statement without a semicolon on a later line, which keeps the next statement apart. */
function writtenRange(statement: ts.ExpressionStatement): Range {
  const end = statement.expression.end;
  const behind = statement.getSourceFile().text.slice(end, statement.end);
  return { start: statement.getStart(), end: behind.includes('\n') ? end : statement.end };
}

/**
 * Proves that a floating chain may become an async function that is started there, or gives it up. Gives what must stand around that
 * function where rejections are a library's business.
 */
export function admitFloat(
  statement: ts.Statement,
  expression: ts.Expression,
  ctx: FileContext,
): LibraryShape | undefined {
  let bridge: LibraryShape | undefined;
  const { scopes } = ctx;
  if (hasDynamicScope(statement)) stop('dynamic-scope', expression);
  const around = functionAround(statement);
  if (around?.type && ts.isTypePredicateNode(around.type)) stopWith(predicate(around));
  if (settlesAround(expression, scopes) || (around && isExecutor(around, scopes))) stop('mixed-style', expression);
  // An `await` or `yield` of the function around can't move into a function of its own.
  if (someOwn(expression, (node) => ts.isAwaitExpression(node))) stop('expression-order', expression);
  if (someOwn(expression, (node) => ts.isYieldExpression(node))) stop('generator', expression);
  admitTurns(around ?? ctx.file, scopes);
  if (!around) admitModule(expression, ctx);
  for (const chain of chainsIn(expression, scopes)) {
    admitRoot(chain, ctx);
    const thrown = throwsIn(chain.root, scopes, 3);
    if (thrown) stop('sync-throw', thrown);
    const library = libraryBehind(chain.root, scopes) ?? typedLibrary(chain, ctx) ?? usedLibrary(chain.root, ctx);
    // A rejection that nobody handles ends the process, but only warns where the promise is the library's (H14).
    const unknown =
      !library && ctx.promiseLibraries.length > 0 && !answersPromise(chain.root, scopes, ctx.dependencies);
    const foreign = library ? library !== 'native' && library !== 'polyfill' : unknown;
    if (!foreign || isHandled(chain) || ctx.options.unsafe) continue;
    bridge ??= library && surelyOf(chain.whole, library, scopes) ? floatBridge(statement, library, ctx) : undefined;
    if (!bridge) stop('library-promise', chain.whole, 'then');
  }
  return bridge;
}

function chainsIn(expression: ts.Expression, scopes: Scopes): Chain[] {
  const node = bare(expression) as ts.Expression;
  if (ts.isConditionalExpression(node))
    return [...chainsIn(node.whenTrue, scopes), ...chainsIn(node.whenFalse, scopes)];
  if (isGuarded(node)) return chainsIn(node.right, scopes);
  const chain = chainOf(node, scopes);
  return chain ? [chain] : [];
}

/** At the top of a module a chain may hand its answer to importers: only waiting for it would keep that, and that is refused. */
function admitModule(expression: ts.Expression, ctx: FileContext): void {
  const visit = (node: ts.Node): void => {
    if (isWriteTarget(node)) {
      if (/^(module\.exports|exports)\b/.test(node.getText())) stop('top-level-await-cjs', expression);
      if (ts.isIdentifier(node) && isExported(node, ctx.scopes)) stop('top-level-await-export', expression);
    }
    ts.forEachChild(node, visit);
  };
  visit(expression);
}

function isExported(name: ts.Identifier, scopes: Scopes): boolean {
  const symbol = scopes.symbolOf(name);
  const declaration = symbol?.declarations?.[0];
  if (!symbol || !declaration) return false;
  if (ts.getCombinedModifierFlags(declaration as ts.Declaration) & ts.ModifierFlags.Export) return true;
  return scopes.references(symbol).some((use) => ts.isExportSpecifier(use.parent));
}
