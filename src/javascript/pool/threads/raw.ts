import { applyEdits, type TextEdit } from '../../../edits/edits.js';
import type { ImportNeed, Refusal } from '../../../flow/model.js';
import type { ProjectView } from '../../../types.js';
import { bare, memberName, originOf } from '../../calls/origin.js';
import type { FileContext } from '../../context.js';
import { localNameFor } from '../../imports.js';
import { folderOf, join } from '../../modules/resolve.js';
import { ts } from '../../parse.js';
import { rangeOf } from '../../snippet.js';
import { plainWorker } from './raw-worker.js';
import { fileOf, taskOfText, type WorkerTask } from './worker.js';

/** A promise of what one worker answers, made anew for each call: the promise, and the task that its worker's file would be. */
export interface RawSite {
  readonly made: ts.NewExpression;
  readonly promise: ts.NewExpression;
  readonly need: ImportNeed;
  readonly edits: readonly TextEdit[];
  /** The worker's file, and what makes a module of it. */
  readonly worker: FileContext;
  readonly workerEdits: readonly TextEdit[];
  readonly task: WorkerTask;
}

/**
 * `new Promise((resolve, reject) => { const worker = new Worker(file, { workerData }); … })`, where the worker does one thing and posts it.
 * A worker that is kept, or talked to more than once, can answer many times or never.
 */
export function rawSiteOf(
  made: ts.NewExpression,
  files: readonly FileContext[],
  ctx: FileContext,
  view: ProjectView,
): RawSite | Refusal {
  const at = rangeOf(made);
  const read = readOnce(made, ctx);
  if (!read) return { code: 'many-events', at };
  const named = fileOf(made);
  const path = named === undefined ? undefined : join(folderOf(ctx.path), named);
  const worker = files.find((each) => each.path === path);
  if (named === undefined || !worker || worker === ctx || worker.typescript) return { code: 'callee-not-seen', at };
  if (isNamedElsewhere(worker.path, files, ctx, view)) return { code: 'reference-use', at };
  const workerEdits = plainWorker(worker, read.how, read.ends);
  if (!workerEdits) return { code: 'callee-not-seen', at };
  if ('code' in workerEdits) return { ...workerEdits, at };
  const task = taskOfText(worker.path, applyEdits(worker.text, workerEdits), named, ctx);
  if (!task) return { code: 'module-state', at };
  const need: ImportNeed = { from: task.from, name: task.isModule ? 'default' : '*', local: 'task' };
  const { promise, given } = read;
  const edits = [
    { start: promise.getStart(), end: given?.getStart() ?? promise.end, text: `${localNameFor(ctx, need)}(` },
    ...(given ? [{ start: given.end, end: promise.end, text: ')' }] : []),
  ];
  if (!given) edits[0]!.text += ')';
  return { made, promise, need, edits, worker, workerEdits, task };
}

interface Once {
  readonly promise: ts.NewExpression;
  /** What the worker is given. */
  readonly given?: ts.Expression;
  /** How: with its making, or as a message. */
  readonly how: 'data' | 'message';
  /** It is ended when it has answered. */
  readonly ends: boolean;
}

function readOnce(made: ts.NewExpression, ctx: FileContext): Once | undefined {
  const { scopes } = ctx;
  const declaration = made.parent;
  if (!ts.isVariableDeclaration(declaration) || !ts.isIdentifier(declaration.name)) return undefined;
  const symbol = scopes.symbolOf(declaration.name);
  const statement = declaration.parent.parent;
  const block = statement.parent;
  if (!symbol || !scopes.isConstant(symbol) || !ts.isBlock(block) || block.statements[0] !== statement)
    return undefined;
  const executor = block.parent;
  const promise = executor.parent;
  if (!ts.isArrowFunction(executor) && !ts.isFunctionExpression(executor)) return undefined;
  if (!promise || !ts.isNewExpression(promise) || promise.arguments?.length !== 1) return undefined;
  const origin = originOf(promise.expression, scopes);
  if (origin?.module !== '' || origin.path.join() !== 'Promise') return undefined;
  const [resolve, reject, more] = executor.parameters.map(({ name }) => (ts.isIdentifier(name) ? name : undefined));
  if (!resolve || !reject || more) return undefined;
  const data = dataOf(made);
  if (data === 'other') return undefined;
  const isWorker = (node: ts.Node): boolean => ts.isIdentifier(node) && scopes.symbolOf(node) === symbol;
  const does = new Set<string>();
  let sent: ts.Expression | undefined;
  for (const each of block.statements.slice(1)) {
    const call = ts.isExpressionStatement(each) ? bare(each.expression) : each;
    if (!ts.isCallExpression(call) || !ts.isPropertyAccessExpression(call.expression)) return undefined;
    if (!isWorker(call.expression.expression)) return undefined;
    const what = deedOf(call, resolve, reject, isWorker, ctx);
    if (!what || does.has(what)) return undefined;
    does.add(what);
    if (what === 'send') sent = call.arguments[0];
  }
  if (!does.has('message') || !does.has('error') || (data && sent)) return undefined;
  const given = data ?? sent;
  if (given && !isQuiet(given)) return undefined;
  const ends = /\.terminate\(\)/.test(block.getText());
  return { promise, how: sent ? 'message' : 'data', ends, ...(given && { given }) };
}

/** `{ workerData: x }` */
function dataOf(made: ts.NewExpression): ts.Expression | undefined | 'other' {
  const [, options, more] = made.arguments ?? [];
  if (!options) return undefined;
  const inner = bare(options);
  const [only, second] = ts.isObjectLiteralExpression(inner) ? inner.properties : [];
  if (more || !only || second) return 'other';
  if (ts.isShorthandPropertyAssignment(only)) return only.name.text === 'workerData' ? only.name : 'other';
  return ts.isPropertyAssignment(only) && only.name.getText() === 'workerData' ? only.initializer : 'other';
}

/** What one statement about the worker does: what it tells of is told to the promise, and nothing else happens. */
function deedOf(
  call: ts.CallExpression,
  resolve: ts.Identifier,
  reject: ts.Identifier,
  isWorker: (node: ts.Node) => boolean,
  ctx: FileContext,
): string | undefined {
  const name = memberName(call.expression);
  if (name === 'postMessage') return call.arguments.length === 1 ? 'send' : undefined;
  const [event, listener, more] = call.arguments;
  if (!/^(on|once)$/.test(name ?? '') || !event || !ts.isStringLiteralLike(event) || !listener || more)
    return undefined;
  const to = event.text === 'message' ? resolve : reject;
  if (!/^(message|error|messageerror|exit)$/.test(event.text)) return undefined;
  const is = (node: ts.Node, of: ts.Identifier): boolean =>
    ts.isIdentifier(node) && ctx.scopes.symbolOf(node) === ctx.scopes.symbolOf(of);
  if (event.text === 'exit') return isExitCheck(listener, reject) ? 'exit' : undefined;
  if (is(bare(listener), to)) return event.text;
  const fn = bare(listener);
  if (!ts.isArrowFunction(fn) && !ts.isFunctionExpression(fn)) return undefined;
  const [param] = fn.parameters;
  const deeds = ts.isBlock(fn.body)
    ? fn.body.statements.map((each) => (ts.isExpressionStatement(each) ? bare(each.expression) : each))
    : [bare(fn.body)];
  const tells = (node: ts.Node): boolean =>
    ts.isCallExpression(node) &&
    is(node.expression, to) &&
    node.arguments.length === 1 &&
    node.arguments[0]!.getText() === param?.name.getText();
  const ends = (node: ts.Node): boolean =>
    ts.isCallExpression(node) &&
    memberName(node.expression) === 'terminate' &&
    isWorker((node.expression as ts.AccessExpression).expression);
  return fn.parameters.length === 1 &&
    deeds.filter(tells).length === 1 &&
    deeds.every((each) => tells(each) || ends(each))
    ? event.text
    : undefined;
}

/** `(code) => { if (code !== 0) reject(new Error(…)); }`: a worker that ends well has answered, one that fails has told of it. */
const isExitCheck = (listener: ts.Expression, reject: ts.Identifier): boolean =>
  new RegExp(
    `^\\(?(\\w+)\\)?=>\\{?if\\((\\1!==?0|\\1)\\)\\{?(return)?${reject.text}\\(newError\\([^;]*\\)\\);?\\}?;?\\}?$`,
  ).test(listener.getText().replace(/\s/g, ''));

/** Names, literals, and lists and objects of them: nothing that throws. */
function isQuiet(node: ts.Node): boolean {
  const inner = bare(node);
  if (ts.isIdentifier(inner) || ts.isLiteralExpression(inner)) return true;
  if (ts.isPropertyAccessExpression(inner)) return isQuiet(inner.expression);
  if (ts.isArrayLiteralExpression(inner)) return inner.elements.every(isQuiet);
  return (
    ts.isObjectLiteralExpression(inner) &&
    inner.properties.every((each) =>
      ts.isPropertyAssignment(each) ? isQuiet(each.initializer) : ts.isShorthandPropertyAssignment(each),
    )
  );
}

/** Another place starts it, imports it, or says its name. */
function isNamedElsewhere(path: string, files: readonly FileContext[], ctx: FileContext, view: ProjectView): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '');
  const mentions = (text: string): number =>
    text.match(new RegExp(`['"\`/]${name.replace(/[^\w]/g, '\\$&')}(\\.[cm]?[jt]s)?['"\`]`, 'g'))?.length ?? 0;
  if (mentions(ctx.text) !== 1) return true;
  if (files.some((each) => each !== ctx && each.path !== path && mentions(each.text) > 0)) return true;
  return view.others.some((each) => each !== path && mentions(view.read(each) ?? '') > 0);
}
