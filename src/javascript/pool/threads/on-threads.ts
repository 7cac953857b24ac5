import type { TextEdit } from '../../../edits/edits.js';
import type { ImportNeed, Note, Refusal } from '../../../flow/model.js';
import type { FileEdit } from '../../../types.js';
import { bare, originOf } from '../../calls/origin.js';
import type { FileContext } from '../../context.js';
import { localNameFor } from '../../imports.js';
import { ts } from '../../parse.js';
import { rangeOf } from '../../snippet.js';
import { functionOf, type FanOut } from '../fan-outs.js';
import { declareAt, placeFor } from '../place.js';
import { importsLeft, withoutLines } from '../to-plain.js';
import { isCloneable, isCloneableType, namesOf, resultsOf, type KnownNames } from './cloneable.js';
import { calledParameter, computes, richError } from './hazards.js';
import { threadsFor, type Threads } from './library.js';
import { withComments, workerText } from './module.js';
import { isOwnStatement, movedWith, statementOf, type Moved } from './moved.js';
import { runtimeOf, type Runtime } from './runtime.js';

/** A fan-out on threads: all that a change group needs. */
export interface OnThreads {
  readonly edits: readonly TextEdit[];
  readonly needs: readonly ImportNeed[];
  readonly beside: readonly FileEdit[];
  readonly unsafe: readonly Note[];
  readonly notes: readonly Note[];
}

interface Task {
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

/**
 * `Promise.all(texts.map(digest))` on threads: `digest` moves into a module of its own, a pool that lives as long as the fan-out runs it
 * for each item. Refused unless the arguments, the results and the errors can cross the border (H47-H51).
 */
export function onThreads(fanOut: FanOut, most: number, ctx: FileContext): OnThreads | Refusal {
  const at = rangeOf(fanOut.join);
  const place = placeFor(fanOut.named ?? fanOut.join);
  if (!place) return { code: 'no-async-here', at };
  const runtime = runtimeOf(ctx);
  if (!runtime) return { code: 'ts-worker-runtime-unknown', at };
  const task = taskOf(fanOut, ctx);
  if ('code' in task) return task;
  const wrong = crossing(task, fanOut, ctx);
  if (wrong) return wrong;
  const threads = threadsFor(ctx);
  const path = newPath(task, runtime, ctx);
  const pool = freeName('pool', ctx);
  const wanted: ImportNeed[] = [threads.need, ...(runtime.kind === 'cjs' ? [pathNeed] : [])];
  const filename = fileText(path, runtime, ctx);
  const made = threads.make(localNameFor(ctx, threads.need), filename, most);
  const declared = declareAt(place, `const ${pool} = ${made}`, ctx);
  const argument = argumentOf(task);
  const edits: TextEdit[] = [
    ...declared.starts,
    { ...rangeOf(fanOut.task), text: `(${argument.params}) => ${threads.run(pool, argument.value)}` },
    { start: fanOut.join.end, end: fanOut.join.end, text: `.finally(() => ${threads.close(pool)})` },
    ...declared.ends,
    ...withoutMoved(task, ctx, path, runtime),
    ...withoutImports(task, fanOut, ctx),
  ];
  const rich = richError([task.fn, ...task.moved.statements], ctx);
  const created: FileEdit = { path, start: 0, end: 0, text: textFor(task, threads, ctx), create: true };
  return {
    edits,
    needs: wanted,
    beside: [created, ...(threads.beside ? [threads.beside] : [])],
    unsafe: rich && !handlesNoFields(fanOut) ? [{ code: 'error-fields-lost', at: rangeOf(rich) }] : [],
    notes: [
      { code: 'task-moved', at },
      ...(threads.beside ? [{ code: 'dependency-added', at }] : []),
      ...(computes([task.fn, ...task.moved.statements], ctx) ? [] : [{ code: 'nothing-to-gain', at }]),
    ],
  };
}

const pathNeed: ImportNeed = { from: 'path', name: '*', local: 'path' };

/** The function that does the work: `digest` of `digest`, and of `(text) => digest(text)`. */
function workOf(task: ts.Expression, ctx: FileContext): { fn: ts.FunctionLikeDeclaration; name?: string } | undefined {
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

function taskOf({ task }: FanOut, ctx: FileContext): Task | Refusal {
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

function nameOf(statement: ts.Statement): ts.Identifier | undefined {
  if (ts.isFunctionDeclaration(statement)) return statement.name;
  const name = ts.isVariableStatement(statement) ? statement.declarationList.declarations[0]!.name : undefined;
  return name && ts.isIdentifier(name) ? name : undefined;
}

function isFunction(statement: ts.Statement): boolean {
  const value = ts.isVariableStatement(statement) ? statement.declarationList.declarations[0]!.initializer : undefined;
  return ts.isFunctionDeclaration(statement) || (!!value && ts.isFunctionLike(value));
}

/** What is handed over for an item: the item, or an object with the item and what the task captured. */
function argumentOf({ fn, moved }: Task): { params: string; value: string; pattern: string } {
  const [param] = fn.parameters;
  const own = param ? (ts.isIdentifier(param.name) ? param.name.text : 'item') : '';
  const captured = moved.captured.map((name) => name.text);
  if (captured.length === 0) return { params: own, value: own, pattern: param?.name.getText() ?? '' };
  const names = [...(own ? [own] : []), ...captured];
  const first = param && !ts.isIdentifier(param.name) ? `item: ${param.name.getText()}` : own;
  const pattern = `{ ${[...(first ? [first] : []), ...captured].join(', ')} }`;
  return { params: own, value: `{ ${names.join(', ')} }`, pattern };
}

function textFor(task: Task, threads: Threads, ctx: FileContext): string {
  return workerText({ moved: task.moved, task: task.name ?? inlineText(task, ctx), library: threads.library }, ctx);
}

/** The text of a task that stands in the fan-out, with what it captured among its parameters. */
function inlineText(task: Task, ctx: FileContext): string {
  const { fn } = task;
  const [param] = fn.parameters;
  const { pattern } = argumentOf(task);
  const type = task.moved.captured.length === 0 && param?.type ? `: ${param.type.getText()}` : '';
  const head = ts.getModifiers(fn as ts.ArrowFunction)?.length ? 'async ' : '';
  return `${head}(${pattern}${type}) => ${bodyText(fn, ctx)}`;
}

function bodyText({ body }: ts.FunctionLikeDeclaration, { text }: FileContext): string {
  const lines = text.slice(body!.getStart(), body!.end).split('\n');
  const last = lines.length > 1 ? /^[ \t]*/.exec(lines.at(-1)!)![0] : '';
  return lines.map((line, at) => (at > 0 && line.startsWith(last) ? line.slice(last.length) : line)).join('\n');
}

/** What moved is taken out; where the rest of the file uses the task, it is imported from its new place. */
function withoutMoved({ fn, moved, name }: Task, ctx: FileContext, path: string, runtime: Runtime): TextEdit[] {
  const edits: TextEdit[] = [];
  for (const statement of moved.statements) {
    const isTask = isOwnStatement(statement, fn);
    const own = nameOf(statement);
    const symbol = own && ctx.scopes.symbolOf(own);
    const outside = (use: ts.Identifier): boolean =>
      !moved.statements.some((each) => each.pos <= use.pos && use.end <= each.end);
    const uses = symbol ? ctx.scopes.references(symbol).filter(outside) : [];
    // The fan-out itself no longer names the task.
    const left = isTask ? uses.length - 1 : uses.length;
    if (left > 0 && !isTask) continue;
    const { start, end } = withComments(statement, ctx);
    if (left > 0) edits.push({ start, end, text: importOf(name!, path, runtime, ctx) });
    else edits.push({ start, end: end + /^[^\S\n]*(\r?\n){0,2}/.exec(ctx.text.slice(end))![0].length, text: '' });
  }
  return edits;
}

/** Imports that only what moved has used. */
function withoutImports({ fn, moved }: Task, { task }: FanOut, ctx: FileContext): TextEdit[] {
  const modules = moved.imported.flatMap((name) => originOf(name, ctx.scopes)?.module ?? []);
  const { unused } = importsLeft(ctx, [...new Set(modules)], [fn, task, ...moved.statements]);
  return withoutLines(unused, ctx);
}

function importOf(name: string, path: string, { isModule, shown }: Runtime, { style }: FileContext): string {
  const from = `${style.quote}./${shown(path)}${style.quote}`;
  const end = style.semi ? ';' : '';
  return isModule ? `import ${name} from ${from}${end}` : `const ${name} = require(${from})${end}`;
}

/** `digest.task.js` beside the file; numbered where that is taken. */
function newPath({ name }: Task, { extension }: Runtime, ctx: FileContext): string {
  const folder = ctx.path.slice(0, ctx.path.lastIndexOf('/') + 1);
  const stem = name ?? ctx.path.slice(folder.length).replace(/\.[^.]*$/, '');
  for (let n = 1; ; n++) {
    const path = `${folder}${stem}.task${n > 1 ? n : ''}${extension}`;
    if (ctx.view.read(path) === undefined) return path;
  }
}

/** How a running program names the new file. */
function fileText(path: string, { kind, shown }: Runtime, ctx: FileContext): string {
  const name = shown(path);
  const { quote } = ctx.style;
  if (kind === 'esm') return `new URL(${quote}./${name}${quote}, import.meta.url).href`;
  return `${localNameFor(ctx, pathNeed)}.resolve(__dirname, ${quote}${name}${quote})`;
}

function freeName(wish: string, ctx: FileContext): string {
  const taken = ctx.scopes.namesWithin(ctx.file);
  let name = wish;
  for (let n = 2; taken.has(name); n++) name = `${wish}${n}`;
  return name;
}

/** The fan-out's failure is caught right there, by something that looks at no more than its message. */
function handlesNoFields({ join }: FanOut): boolean {
  const around = ts.findAncestor(join, ts.isTryStatement);
  if (!around?.catchClause || !(around.tryBlock.pos <= join.pos && join.end <= around.tryBlock.end)) return false;
  const { variableDeclaration, block } = around.catchClause;
  const name = variableDeclaration?.name;
  if (!name) return true;
  if (!ts.isIdentifier(name)) return false;
  return !new RegExp(`\\b${name.text}\\b(?!\\.(message|stack)\\b)`).test(block.getText());
}
