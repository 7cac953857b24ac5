import type { Block, Entry, Target } from '../../flow/model.js';
import { inside, readStatements } from '../body.js';
import { bare } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { rangeOf, snippetsOf } from '../snippet.js';
import { attempt, stop, stopWith } from '../stop.js';
import type { Admitted } from './admit.js';
import { admit, admitNames, admitRoot, admitType, throwsIn } from './admit.js';
import { nothingSeen } from './env.js';
import type { Env, Seen } from './env.js';
import { admitFloat, floatingOf } from './float.js';
import { headOf } from './head.js';
import { kindOf, returnsOf } from './kinds.js';
import { chainOf } from './links.js';
import { exitSteps, readingFor } from './statements.js';
import { declaredJustBefore } from './variable.js';
import { callsOf, isAsync, isGenerator, nameOf } from './uses.js';
import type { FunctionNode } from './uses.js';

export interface Found {
  readonly entry: Entry;
  readonly seen: Seen;
}

/**
 * A function as an entry. `undefined`: nothing in it is ours to read. The chains that a refusal speaks for are those that the
 * function returns.
 */
export function readFunctionEntry(
  fn: FunctionNode & { body: ts.ConciseBody },
  ctx: FileContext,
  left: Seen['left'],
): ReturnType<typeof attempt<Found>> | undefined {
  if (isAsync(fn)) return isGenerator(fn) ? undefined : readAsync(fn, ctx, left);
  const chains = returnedChains(fn, ctx);
  if (!chains.length) return endsWithFloat(fn, ctx) ? attempt(() => readEndingWithFloat(fn, ctx)) : undefined;
  return attempt(() => {
    if (isGenerator(fn)) stop('generator', chains[0]!);
    const admitted = admit(fn, chains, ctx);
    const tried = attempt(() => read(fn, ctx, admitted));
    if (tried.ok) return tried.value;
    return stopWith(
      tried.refusal.code === nothing ? { code: 'promise-as-value', at: rangeOf(chains[0]!) } : tried.refusal,
    );
  });
}

/** Expressions that the function returns and that are read as flows. */
export function returnedChains(fn: FunctionNode, ctx: FileContext): ts.Node[] {
  return returnsOf(fn)
    .flatMap((each) => (each ? armsOf(each) : []))
    .map((each) => declaredBefore(each, ctx))
    .filter((each) => kindOf(each, ctx.scopes) === 'chain');
}

/** The chain that a returned name was declared with, where nothing stands in between. */
function declaredBefore(expression: ts.Expression, ctx: FileContext): ts.Expression {
  const start = ts.isIdentifier(expression) ? declaredJustBefore(expression, ctx.scopes) : undefined;
  return start ? (bare(start) as ts.Expression) : expression;
}

function armsOf(expression: ts.Expression): ts.Expression[] {
  const node = bare(expression) as ts.Expression;
  return ts.isConditionalExpression(node) ? [...armsOf(node.whenTrue), ...armsOf(node.whenFalse)] : [node];
}

function readAsync(
  fn: FunctionNode & { body: ts.ConciseBody },
  ctx: FileContext,
  left: Seen['left'],
): ReturnType<typeof attempt<Found>> | undefined {
  if (!mentionsChain(fn.body, ctx)) return undefined;
  const tried = attempt(() => read(fn, ctx, { notes: [] }, undefined, left));
  return tried.ok || tried.refusal.code !== nothing ? tried : undefined;
}

const nothing = 'nothing';

/** A chain in the function's own code, not in functions inside it. */
function mentionsChain(node: ts.Node, ctx: FileContext): boolean {
  if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
  if (ts.isCallExpression(node) && chainOf(node, ctx.scopes)) return true;
  return !!ts.forEachChild(node, (child) => mentionsChain(child, ctx) || undefined);
}

function read(
  fn: FunctionNode & { body: ts.ConciseBody },
  ctx: FileContext,
  { notes, bridge }: Admitted,
  last?: ts.Statement,
  left: Seen['left'] = [],
): Found {
  const seen = nothingSeen(left);
  const snippets = snippetsOf(ctx, fn);
  const env: Env = { ctx, snippets, seen, inLoop: false };
  const target: Target = { of: 'entry' };
  const flow = flowOf(fn, target, env, last);
  if (!seen.chains.length)
    stopWith(seen.left[0] ? { code: seen.left[0].code, at: seen.left[0].at } : { code: nothing, at: rangeOf(fn) });
  for (const node of seen.chains) {
    const chain = chainOf(node, ctx.scopes);
    if (chain) admitRoot(chain, ctx);
  }
  const bodyKind = ts.isBlock(fn.body) ? 'block' : 'expression';
  const entry: Entry = {
    style: 'promise',
    name: nameOf(fn),
    at: rangeOf(fn),
    body: rangeOf(fn.body),
    bodyKind,
    shape: bridge ?? { kind: 'function' },
    target,
    flow,
    params: snippets.paramsOf(fn as ts.SignatureDeclaration),
    head: headOf(fn, ctx, !!bridge),
    needs: seen.needs,
    notes,
  };
  return { entry, seen };
}

function flowOf(
  fn: FunctionNode & { body: ts.ConciseBody },
  target: Target,
  env: Env,
  last: ts.Statement | undefined,
): Block {
  const { body } = fn;
  if (!ts.isBlock(body)) {
    const leaving = { target, lead: [], at: rangeOf(body), tries: 0, unused: false };
    return { steps: exitSteps(body, leaving, env), tail: [] };
  }
  const reading = readingFor(target, env);
  return readStatements(body.statements, inside(body), {
    ...reading,
    make: (site) => {
      const floating = site.statement === last ? floatingOf(site.statement, env.ctx.scopes) : undefined;
      if (!floating) return reading.make(site);
      const { lead, trail } = site;
      return {
        steps: exitSteps(floating, { target, lead, trail, at: rangeOf(site.statement), tries: 0, unused: true }, env),
      };
    },
  });
}

/** `function main() { …; p.then(…) }` whose calls are statements: nobody sees what it returns, so it may wait itself. */
function endsWithFloat(fn: FunctionNode, ctx: FileContext): boolean {
  if (!fn.body || !ts.isBlock(fn.body) || isGenerator(fn) || ts.isMethodDeclaration(fn)) return false;
  const last = fn.body.statements.at(-1);
  if (!last || !floatingOf(last, ctx.scopes) || returnsOf(fn).some((each) => each)) return false;
  const calls = callsOf(fn, ctx.scopes);
  if (!calls?.length || !calls.every((call) => ts.isExpressionStatement(call.parent))) return false;
  const floats = attempt(() => admitFloat(last, floatingOf(last, ctx.scopes)!, ctx));
  if (floats.ok && floats.value) return false;
  return !fn.type && !throwsIn(fn.body, ctx.scopes, 3);
}

function readEndingWithFloat(fn: FunctionNode & { body: ts.ConciseBody }, ctx: FileContext): Found {
  const last = (fn.body as ts.Block).statements.at(-1)!;
  admitType(fn, ctx);
  admitNames(fn);
  admitFloat(last, floatingOf(last, ctx.scopes)!, ctx);
  return read(fn, ctx, { notes: [] }, last);
}
