import type { Refusal } from '../../../flow/model.js';
import { namesOf } from '../../bindings.js';
import { bare } from '../../calls/origin.js';
import type { FileContext } from '../../context.js';
import { ts } from '../../parse.js';
import { rangeOf } from '../../snippet.js';
import { functionOf, type FanOut } from '../fan-outs.js';
import { isCloneable, isCloneableType, resultsOf, type KnownNames } from './cloneable.js';
import { calledParameter, computes } from './hazards.js';
import { isOwnStatement, movedWith, nameOf, statementOf, type Moved } from './moved.js';

/** What runs in a thread, and what it takes along. */
export interface Task {
  readonly fn: ts.FunctionLikeDeclaration;
  /** The name by which the file knows it. */
  readonly name?: string;
  readonly moved: Moved;
}

/** True when a fan-out's task works and does not only wait: threads can gain something. */
export function worksForItself({ task }: FanOut, ctx: FileContext): boolean {
  const work = workOf(task, ctx);
  const moved = work && movedWith(work.fn, ctx);
  return !!moved && 'statements' in moved && computes([work.fn, ...moved.statements], ctx);
}

/** The task of a fan-out, if it may run in a thread: it, its arguments and its results can cross the border (H47-H50). */
export function taskOf(fanOut: FanOut, ctx: FileContext): Task | Refusal {
  const task = readTask(fanOut, ctx);
  return 'code' in task ? task : (crossing(task, fanOut, ctx) ?? task);
}

/** The function that does the work: `digest` of `digest`, and of `(text) => digest(text)`. */
export function workOf(
  task: ts.Expression,
  ctx: FileContext,
): { fn: ts.FunctionLikeDeclaration; name?: string } | undefined {
  const fn = functionOf(task, ctx);
  const node = bare(task);
  if (!fn) return undefined;
  if (ts.isIdentifier(node)) return { fn, name: node.text };
  const [param, more] = fn.parameters;
  const body = fn.body && bare(fn.body);
  if (!body || !ts.isCallExpression(body) || !ts.isIdentifier(body.expression) || !param || more) return { fn };
  const [given, second] = body.arguments;
  const handsOn = given && !second && ts.isIdentifier(given) && given.text === param.name.getText();
  const inner = handsOn ? functionOf(body.expression, ctx) : undefined;
  const statement = inner && statementOf(inner);
  return inner && statement && isOwnStatement(statement, inner) ? { fn: inner, name: body.expression.text } : { fn };
}

function readTask({ task }: FanOut, ctx: FileContext): Task | Refusal {
  const work = workOf(task, ctx);
  const fn = work?.fn;
  if (!fn?.body) return { code: 'captures', at: rangeOf(task), detail: task.getText() };
  if (fn.parameters.length > 1 || fn.parameters.some((each) => each.dotDotDotToken || each.initializer))
    return { code: 'arity-observed', at: rangeOf(task) };
  const called = calledParameter(fn, ctx);
  if (called) return called;
  const moved = movedWith(fn, ctx);
  if ('code' in moved) return moved;
  const statement = statementOf(fn);
  const { name } = work!;
  if (name !== undefined && !(statement && isOwnStatement(statement, fn)))
    return { code: 'captures', at: rangeOf(task), detail: name };
  return { fn, moved, ...(name !== undefined && { name }) };
}

/** What may not cross the border: arguments, what is captured, results; and what others of the file still need. */
function crossing(task: Task, { list, task: node }: FanOut, ctx: FileContext): Refusal | undefined {
  const { fn, moved } = task;
  const [param] = fn.parameters;
  if (param && !itemsAreCloneable(param, list, ctx))
    return { code: 'not-cloneable', at: rangeOf(list), detail: list.getText() };
  for (const name of moved.captured) {
    const symbol = ctx.scopes.symbolOf(name)!;
    if (!ctx.scopes.isConstant(symbol) || !isCloneable(name, ctx))
      return { code: 'captures', at: rangeOf(name), detail: name.text };
  }
  const known = namesOfParameter(param, ctx);
  const result = resultsOf(fn).find((each) => !isCloneable(each, ctx, known));
  if (result && !(fn.type && isCloneableType(fn.type)))
    return { code: 'not-cloneable', at: rangeOf(result), detail: result.getText() };
  const shared = sharedWith(task, node, ctx);
  return shared && { code: 'captures', at: rangeOf(shared), detail: shared.text };
}

function itemsAreCloneable(param: ts.ParameterDeclaration, list: ts.Expression, ctx: FileContext): boolean {
  if (param.type) return isCloneableType(param.type);
  return isCloneable(list, ctx);
}

function namesOfParameter(param: ts.ParameterDeclaration | undefined, ctx: FileContext): KnownNames {
  return new Set((param ? namesOf(param.name) : []).map((name) => ctx.scopes.symbolOf(name)!));
}

/** A function that moves, and that what stays uses too. Plain constants are simply there twice; the task itself is imported. */
function sharedWith({ fn, moved }: Task, used: ts.Node, ctx: FileContext): ts.Identifier | undefined {
  const inside = (node: ts.Node): boolean =>
    [fn, ...moved.statements].some((each) => each.pos <= node.pos && node.end <= each.end) || node === bare(used);
  for (const statement of moved.statements) {
    if (isOwnStatement(statement, fn)) continue;
    const name = nameOf(statement);
    const symbol = name && isFunction(statement) ? ctx.scopes.symbolOf(name) : undefined;
    const other = symbol && ctx.scopes.references(symbol).find((use) => !inside(use));
    if (other) return other;
  }
  return undefined;
}

function isFunction(statement: ts.Statement): boolean {
  const value = ts.isVariableStatement(statement) ? statement.declarationList.declarations[0]!.initializer : undefined;
  return ts.isFunctionDeclaration(statement) || (!!value && ts.isFunctionLike(value));
}
