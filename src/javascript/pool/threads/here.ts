import type { Note } from '../../../flow/model.js';
import { memberName } from '../../calls/origin.js';
import { ts } from '../../parse.js';
import { richError, worksHard } from './hazards.js';
import type { WorkerTask } from './worker.js';

/** What can differ when a task runs in this thread: it may block the event loop (H53), its errors keep their class and fields (H51). */
export function unsafeNotes(task: WorkerTask, at: Note['at']): Note[] {
  const nodes = [task.fn, ...task.others];
  return [
    ...(worksHard(nodes, task.ctx) ? [{ code: 'blocks-the-loop', at }] : []),
    ...(richError(nodes, task.ctx) ? [{ code: 'error-fields-kept', at }] : []),
  ];
}

/** The task writes to what it is given: a copy in a thread, the caller's own object here. */
export function changesItsItem({ fn, ctx }: WorkerTask): boolean {
  return fn.parameters.some(({ name }) => {
    if (!ts.isIdentifier(name)) return false;
    const symbol = ctx.scopes.symbolOf(name);
    return !!symbol && ctx.scopes.references(symbol).some((use) => use !== name && mayChange(use));
  });
}

function mayChange(use: ts.Identifier): boolean {
  let node: ts.Node = use;
  while (ts.isPropertyAccessExpression(node.parent) || ts.isElementAccessExpression(node.parent)) {
    if (node.parent.expression !== node) return false;
    node = node.parent;
  }
  const { parent } = node;
  if (ts.isBinaryExpression(parent) && parent.left === node)
    return (
      parent.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
      parent.operatorToken.kind <= ts.SyntaxKind.LastAssignment &&
      node !== use
    );
  if (ts.isDeleteExpression(parent) || ts.isPostfixUnaryExpression(parent)) return node !== use;
  const called = ts.isCallExpression(parent) && parent.expression === node ? memberName(node) : undefined;
  return !!called && /^(push|pop|shift|unshift|splice|sort|reverse|fill|set|delete|add|clear)$/.test(called);
}
