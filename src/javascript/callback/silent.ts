import type { Step } from '../../flow/model.js';
import { leaves } from '../../flow/query.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { stop } from '../stop.js';
import { mentions } from './state.js';
import type { Env, State } from './state.js';
import type { CallbackFunction, FunctionNode } from './types.js';

/** The steps, and the silent end of a path that they leave open; refused where silence can't be said. */
export function ended(steps: readonly Step[], at: ts.Node, env: Env, state: State): Step[] {
  return leaves(steps) ? [...steps] : [...steps, silentEnd(at, env, state)];
}

/**
 * A path that ends without telling anybody: `if (!user) return res.status(404).end();` of a handler with `next`. An async function
 * answers there, so that the function can't become one; a bridge around its inside can say nothing.
 */
export function silentEnd(at: ts.Node, env: Env, state: State): Step {
  const [target, inner] = env.targets;
  if (!state.silence || !target || inner || env.inTry) stop('path-without-callback', at);
  return { kind: 'exit', how: 'succeed', of: target, silent: true, lead: [], at: { start: at.end, end: at.end } };
}

/**
 * What a path may do where it is silent: `ok(user)` beside `fail(err)`, where what the other function throws would be told to the
 * callback, as if nothing had been said; or a function around a part, which answers in its own way.
 */
export function tellsAnother(fn: CallbackFunction, state: State): boolean {
  const { scopes } = state.ctx;
  const owner = fn.callback.parent as FunctionNode;
  const isInside = (use: ts.Node): boolean => use.pos >= owner.pos && use.end <= owner.end;
  const others = parametersAround(owner).flatMap((param) =>
    param !== fn.callback && ts.isIdentifier(param.name) ? (scopes.symbolOf(param.name) ?? []) : [],
  );
  if (others.some((symbol) => scopes.references(symbol).some((use) => isInside(use) && isCalled(use)))) return true;
  return fn.node !== owner && answering(owner, fn, state).some((symbol) => mentions(fn.node, symbol, state));
}

/** Of the function and those around it. */
function parametersAround(fn: ts.Node): readonly ts.ParameterDeclaration[] {
  const outer = ts.findAncestor(fn.parent, ts.isFunctionLike);
  const own = ts.isFunctionLike(fn) ? fn.parameters : [];
  return outer ? [...own, ...parametersAround(outer)] : [...own];
}

function isCalled(use: ts.Identifier): boolean {
  const { parent } = use;
  return ts.isCallExpression(parent) && bare(parent.expression) === use;
}

/** Functions with a name, beside a part, that get to the callback by themselves or through each other. */
function answering(owner: FunctionNode, fn: CallbackFunction, state: State): ts.Symbol[] {
  const { scopes } = state.ctx;
  const alias = fn.alias && scopes.symbolOf(fn.alias);
  const reached = [fn.callbackSymbol, ...(alias ? [alias] : [])];
  const named = namedIn(owner, fn.node, state);
  for (let grown = true; grown;) {
    const more = named.filter(
      ([symbol, node]) => !reached.includes(symbol) && reached.some((each) => mentions(node, each, state)),
    );
    reached.push(...more.map(([symbol]) => symbol));
    grown = more.length > 0;
  }
  return reached.slice(alias ? 2 : 1);
}

function namedIn(owner: ts.Node, without: ts.Node, state: State): [ts.Symbol, ts.Node][] {
  const found: [ts.Symbol, ts.Node][] = [];
  const visit = (node: ts.Node): void => {
    const isAround = node.pos <= without.pos && without.end <= node.end;
    const name = isAround || node === without ? undefined : nameOf(node);
    const symbol = name && state.ctx.scopes.symbolOf(name);
    if (symbol) found.push([symbol, node]);
    if (node !== without) ts.forEachChild(node, visit);
  };
  ts.forEachChild(owner, visit);
  return found;
}

function nameOf(node: ts.Node): ts.Identifier | undefined {
  if (ts.isFunctionDeclaration(node)) return node.name;
  if (!ts.isVariableDeclaration(node) || !ts.isIdentifier(node.name) || !node.initializer) return undefined;
  return ts.isFunctionLike(bare(node.initializer)) ? node.name : undefined;
}
