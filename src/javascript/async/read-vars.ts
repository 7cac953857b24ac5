import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { functionAround } from '../promise/uses.js';
import type { FunctionNode } from '../promise/uses.js';
import { stop } from '../stop.js';
import { namesOf } from '../bindings.js';
import { hasAwait } from './read-env.js';

/**
 * Gives a function up whose `var` is one variable for parts that become functions of their own: each of them, and each turn
 * of a loop, would have its own.
 */
export function admitVars(fn: FunctionNode & { body: ts.ConciseBody }, ctx: FileContext): void {
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return;
    if (ts.isVariableDeclarationList(node) && !(node.flags & ts.NodeFlags.BlockScoped))
      for (const each of node.declarations) admitVar(each, fn, ctx);
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(fn.body, visit);
}

function admitVar(declaration: ts.VariableDeclaration, fn: FunctionNode, { scopes }: FileContext): void {
  const list = declaration.parent as ts.VariableDeclarationList;
  if (ts.isForStatement(list.parent)) return;
  const block = blockOf(list);
  const loop = waitingLoop(list);
  for (const name of namesOf(declaration.name)) {
    const symbol = scopes.symbolOf(name);
    if (!symbol) continue;
    const uses = scopes.references(symbol);
    const outside = uses.find((use) => !within(use, block));
    const twice = (symbol.declarations?.length ?? 0) > 1;
    if (outside && twice && block !== fn.body && hasAwait(block)) stop('hoisted-name', outside);
    if (!loop) continue;
    if (outside) stop('hoisted-name', outside);
    const kept = uses.find((use) => functionAround(use) !== fn);
    if (kept) stop('shared-loop-variable', kept, kept.text);
    const first = uses.reduce((one, other) => (other.pos < one.pos ? other : one), name);
    if (first !== name || (!declaration.initializer && !isHead(list))) stop('shared-loop-variable', first, first.text);
  }
}

function isHead(list: ts.VariableDeclarationList): boolean {
  return ts.isForOfStatement(list.parent) || ts.isForInStatement(list.parent);
}

/** The part of the text in which the declaration holds without any doubt. */
function blockOf(list: ts.VariableDeclarationList): ts.Node {
  if (isHead(list)) return list.parent;
  const { parent } = list.parent;
  return ts.isBlock(parent) || ts.isCaseOrDefaultClause(parent) || ts.isSourceFile(parent) ? parent : list.parent;
}

/** The loop around it that waits. */
function waitingLoop(node: ts.Node): ts.Node | undefined {
  for (let at = node.parent; !ts.isFunctionLike(at) && !ts.isSourceFile(at); at = at.parent)
    if (ts.isIterationStatement(at, false) && hasAwait(at)) return at;
  return undefined;
}

function within(node: ts.Node, part: ts.Node): boolean {
  return node.pos >= part.pos && node.end <= part.end;
}
