import { bare, memberName } from '../calls/origin.js';
import { ts } from '../parse.js';
import { stop } from '../stop.js';
import type { Plan } from './loop-plan.js';
import { isFunction } from './shape.js';
import type { LocalFunction, State } from './state.js';

/** Each call had variables of its own; in the loop a `var` or an outer `let` is one for all turns. */
export function checkCaptured(
  fn: LocalFunction,
  params: readonly ts.ParameterDeclaration[],
  plan: Plan,
  state: State,
): void {
  const shared = new Set<ts.Symbol>();
  const { scopes } = state.ctx;
  for (const param of params) {
    const symbol = scopes.symbolOf(param.name as ts.Identifier);
    if (symbol && symbol !== plan.counter) shared.add(symbol);
  }
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && isVar(node) && ts.isIdentifier(node.name) && isInlined(node, fn, state)) {
      if (!node.initializer && !ts.isForOfStatement(node.parent.parent) && !ts.isForInStatement(node.parent.parent))
        stop('shared-loop-variable', node, node.name.text);
      const symbol = scopes.symbolOf(node.name);
      if (symbol && isReadOutside(symbol, node, state)) stop('shared-loop-variable', node, node.name.text);
      if (symbol) shared.add(symbol);
    }
    ts.forEachChild(node, visit);
  };
  visit(fn.node.body);
  for (const symbol of shared)
    for (const use of scopes.references(symbol)) {
      const closure = closureOf(use, fn, state);
      if (closure) stop('shared-loop-variable', use, use.text);
    }
}

/** `if (x) { var y = 1; } use(y)`: without `x` each turn had an empty `y`, the loop has the last one. */
function isReadOutside(symbol: ts.Symbol, node: ts.VariableDeclaration, state: State): boolean {
  const block = ts.findAncestor(node, (each) => ts.isBlock(each) || ts.isCaseBlock(each) || ts.isFunctionLike(each));
  if (!block || ts.isFunctionLike(block) || ts.isFunctionLike(block.parent)) return false;
  return state.ctx.scopes.references(symbol).some((use) => use.pos < block.pos || use.end > block.end);
}

const isVar = (node: ts.VariableDeclaration): boolean => !(ts.getCombinedNodeFlags(node) & ts.NodeFlags.BlockScoped);

/** Its function is read in place: the variable becomes one of the loop. */
function isInlined(node: ts.Node, fn: LocalFunction, state: State): boolean {
  const owner = ts.findAncestor(node.parent, ts.isFunctionLike);
  return owner === fn.node || (!!owner && state.inlined.has(owner));
}

/** A function that stays one and may run when the loop has gone on. */
function closureOf(use: ts.Node, fn: LocalFunction, state: State): ts.Node | undefined {
  for (let node = use.parent; node && node !== fn.node; node = node.parent)
    if (ts.isFunctionLike(node) && !state.inlined.has(node) && !runsAtOnce(node)) return node;
  return undefined;
}

function runsAtOnce(node: ts.Node): boolean {
  const call = node.parent;
  if (!isFunction(node) || !ts.isCallExpression(call)) return false;
  return /^(forEach|map|filter|some|every|find|findIndex|reduce|sort|flatMap)$/.test(
    memberName(bare(call.expression)) ?? '',
  );
}
