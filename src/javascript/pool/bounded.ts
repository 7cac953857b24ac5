import { bare, memberName, originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import type { FanOut } from './fan-outs.js';
import { functionOf } from './fan-outs.js';

/** True when each task waits for its turn already: `list.map((x) => limit(() => load(x)))`, `queue.add(() => …)`. */
export function isBounded({ task }: FanOut, ctx: FileContext): boolean {
  const fn = functionOf(task, ctx);
  const value = fn?.body && valueOf(fn.body);
  return !!value && isTurn(value, ctx);
}

/** What a function gives in the end. */
function valueOf(body: ts.ConciseBody): ts.Node | undefined {
  if (!ts.isBlock(body)) return bare(body);
  const last = body.statements.at(-1);
  return last && ts.isReturnStatement(last) && last.expression ? bare(last.expression) : undefined;
}

/** A call that hands a function to something that decides when it runs. */
function isTurn(node: ts.Node, ctx: FileContext): boolean {
  if (ts.isAwaitExpression(node)) return isTurn(bare(node.expression), ctx);
  if (!ts.isCallExpression(node)) return false;
  const [first] = node.arguments;
  if (!first) return false;
  const chained = memberName(node.expression);
  if (chained && /^(then|catch|finally)$/.test(chained))
    return isTurn(bare((node.expression as ts.AccessExpression).expression), ctx);
  const handsOn =
    ts.isArrowFunction(bare(first)) || ts.isFunctionExpression(bare(first)) || ts.isIdentifier(bare(first));
  const name = chained ?? (ts.isIdentifier(node.expression) ? node.expression.text : '');
  if (isLimiter(node.expression, ctx) || isPoolOfThreads(node.expression, ctx)) return true;
  const owner = ts.isPropertyAccessExpression(node.expression) ? node.expression.expression.getText() : '';
  return handsOn && /limit|throttl|queue|semaphore|schedul|mutex|\block\b|bottleneck/i.test(`${owner} ${name}`);
}

/** A constant that holds what `pLimit(4)` gave. */
function isLimiter(callee: ts.Expression, ctx: FileContext): boolean {
  const node = bare(callee);
  const symbol = ts.isIdentifier(node) ? ctx.scopes.symbolOf(node) : undefined;
  const declaration = symbol?.declarations?.[0];
  if (!declaration || !ts.isVariableDeclaration(declaration) || !declaration.initializer) return false;
  const made = bare(declaration.initializer);
  return ts.isCallExpression(made) && originOf(made.expression, ctx.scopes)?.module === 'p-limit';
}

/** `pool.run` of a pool of threads, which has a bound of its own. */
function isPoolOfThreads(callee: ts.Expression, ctx: FileContext): boolean {
  const owner = ts.isPropertyAccessExpression(callee) ? bare(callee.expression) : undefined;
  const symbol = owner && ts.isIdentifier(owner) ? ctx.scopes.symbolOf(owner) : undefined;
  const declaration = symbol?.declarations?.[0];
  if (!declaration || !ts.isVariableDeclaration(declaration) || !declaration.initializer) return false;
  const made = bare(declaration.initializer);
  if (!ts.isNewExpression(made) && !ts.isCallExpression(made)) return false;
  return /^(piscina|tinypool|workerpool)$/.test(originOf(made.expression, ctx.scopes)?.module ?? '');
}
