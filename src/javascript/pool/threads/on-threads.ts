import type { TextEdit } from '../../../edits/edits.js';
import type { ImportNeed, Note, Refusal } from '../../../flow/model.js';
import type { FileEdit } from '../../../types.js';
import { originOf } from '../../calls/origin.js';
import type { FileContext } from '../../context.js';
import { localNameFor } from '../../imports.js';
import { ts } from '../../parse.js';
import type { PlannedGroup } from '../../plan.js';
import { rangeOf } from '../../snippet.js';
import type { FanOut } from '../fan-outs.js';
import { declareAt, placeFor, scopeOf, type Place } from '../place.js';
import { importsLeft } from '../to-plain.js';
import { computes, plainOnly, richError } from './hazards.js';
import { threadsFor, type Threads } from './library.js';
import { withComments, workerText } from './module.js';
import { isOwnStatement, nameOf } from './moved.js';
import { runtimeOf, type Runtime } from './runtime.js';
import { taskOf, type Task } from './task.js';

/** A fan-out that can go on threads. */
export interface Ready {
  readonly fanOut: FanOut;
  readonly task: Task;
  readonly most: number;
  readonly place: Place;
  readonly runtime: Runtime;
  readonly threads: Threads;
  /** Notes of its own, beside those that every such change carries. */
  readonly notes: readonly Note[];
}

/** Looks whether `Promise.all(texts.map(digest))` can go on threads. */
export function readyFor(fanOut: FanOut, most: number, ctx: FileContext): Ready | Refusal {
  const at = rangeOf(fanOut.join);
  const place = placeFor(fanOut.named ?? fanOut.join);
  if (!place) return { code: 'no-async-here', at };
  const runtime = runtimeOf(ctx);
  if (!runtime) return { code: 'ts-worker-runtime-unknown', at };
  const task = taskOf(fanOut, ctx);
  return 'code' in task ? task : { fanOut, task, most, place, runtime, threads: threadsFor(ctx), notes: [] };
}

/**
 * One change group for all fan-outs with the same task: it moves into a module of its own, and each fan-out runs it on a pool that lives
 * as long as the fan-out.
 */
export function groupFor(
  sites: readonly Ready[],
  names: ReadonlyMap<Ready, string>,
  rule: string,
  ctx: FileContext,
): PlannedGroup | Refusal {
  const [{ task, runtime, threads, fanOut }] = sites as [Ready];
  const left = usesLeft(sites, ctx);
  // A module that answers to a pool is not one that can be imported.
  if (threads.library === 'workerpool' && left[0])
    return { code: 'reference-use', at: rangeOf(left[0]), detail: left[0].text };
  const path = newPath(task, runtime, ctx);
  const needs: ImportNeed[] = [threads.need, ...(runtime.kind === 'cjs' ? [pathNeed] : [])];
  const edits = [
    ...sites.flatMap((site) => editsAt(site, names.get(site)!, path, ctx)),
    ...withoutMoved(task, left.length > 0 ? importOf(task.name!, path, runtime, ctx) : undefined, ctx),
    ...withoutImports(sites, ctx),
  ];
  const created: FileEdit = { path, start: 0, end: 0, text: textFor(task, threads, ctx), create: true };
  const rich = richErrorOf(sites[0]!, ctx);
  const at = rangeOf(fanOut.join);
  return {
    rule,
    title: `${task.name ?? 'a task'} runs on threads`,
    entries: [],
    edits: edits.map((edit, index) => ({ ctx, edit, ...(index === 0 && { needs }) })),
    beside: [created, ...(threads.beside ? [threads.beside] : [])],
    unsafe:
      rich && !sites.every((site) => handlesNoFields(site.fanOut))
        ? [{ code: 'error-fields-lost', at: rangeOf(rich) }]
        : [],
    notes: [
      ...sites.flatMap((site) => site.notes),
      { code: 'task-moved', at },
      ...(threads.beside ? [{ code: 'dependency-added', at }] : []),
      ...(computes([task.fn, ...task.moved.statements], ctx) ? [] : [{ code: 'nothing-to-gain', at }]),
    ],
    main: { ctx, at: fanOut.join.getStart() },
  };
}

/** True when a change to threads would be an unsafe one. */
export function isUnsafe(site: Ready, ctx: FileContext): boolean {
  return !!richErrorOf(site, ctx) && !handlesNoFields(site.fanOut);
}

function richErrorOf({ task, threads }: Ready, ctx: FileContext): ts.Node | undefined {
  const kept = threads.library === 'workerpool' ? plainOnly : undefined;
  return richError([task.fn, ...task.moved.statements], ctx, kept);
}

const pathNeed: ImportNeed = { from: 'path', name: '*', local: 'path' };

function editsAt(
  { fanOut, task, most, place, runtime, threads }: Ready,
  pool: string,
  path: string,
  ctx: FileContext,
): TextEdit[] {
  const made = threads.make(localNameFor(ctx, threads.need), fileText(path, runtime, ctx), most);
  const declared = declareAt(place, `const ${pool} = ${made}`, ctx);
  const argument = argumentOf(task);
  return [
    ...declared.starts,
    { ...rangeOf(fanOut.task), text: `(${argument.params}) => ${threads.run(pool, argument.value)}` },
    ...behind(fanOut.join.end, `.finally(() => ${threads.close(pool)})`, declared.ends),
  ];
}

/** A text behind the join, in front of what closes the arrow's body at the same place. */
function behind(at: number, text: string, ends: readonly TextEdit[]): TextEdit[] {
  const [same] = ends.filter((edit) => edit.start === at);
  if (!same) return [{ start: at, end: at, text }, ...ends];
  return ends.map((edit) => (edit === same ? { ...edit, text: text + edit.text } : edit));
}

/** Uses of the task's name that stay: neither in what moves nor in one of the fan-outs. */
function usesLeft(sites: readonly Ready[], ctx: FileContext): ts.Identifier[] {
  const [{ task }] = sites as [Ready];
  const own = task.moved.statements.find((statement) => isOwnStatement(statement, task.fn));
  const declared = own && nameOf(own);
  const symbol = declared && ctx.scopes.symbolOf(declared);
  if (!symbol) return [];
  const gone = [...task.moved.statements, ...sites.map((site) => site.fanOut.task)];
  const isIn = (use: ts.Node): boolean => gone.some((each) => each.pos <= use.pos && use.end <= each.end);
  return ctx.scopes.references(symbol).filter((use) => !isIn(use));
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

/** What moved is taken out; where the rest of the file uses the task, `instead` brings it in from its new place. */
function withoutMoved({ fn, moved }: Task, instead: string | undefined, ctx: FileContext): TextEdit[] {
  return moved.statements.flatMap((statement): TextEdit[] => {
    const { start, end } = withComments(statement, ctx);
    if (isOwnStatement(statement, fn) && instead !== undefined) return [{ start, end, text: instead }];
    if (!isOwnStatement(statement, fn) && isUsedElsewhere(statement, moved.statements, ctx)) return [];
    return [{ start, end: end + /^[^\S\n]*(\r?\n){0,2}/.exec(ctx.text.slice(end))![0].length, text: '' }];
  });
}

/** A constant that what stays uses too is simply there twice. */
function isUsedElsewhere(statement: ts.Statement, moved: readonly ts.Statement[], ctx: FileContext): boolean {
  const name = nameOf(statement);
  const symbol = name && ctx.scopes.symbolOf(name);
  const isIn = (use: ts.Node): boolean => moved.some((each) => each.pos <= use.pos && use.end <= each.end);
  return !!symbol && ctx.scopes.references(symbol).some((use) => !isIn(use));
}

/** Imports that only what moved has used. */
function withoutImports(sites: readonly Ready[], ctx: FileContext): TextEdit[] {
  const [{ task }] = sites as [Ready];
  const { fn, moved } = task;
  const modules = moved.imported.flatMap((name) => originOf(name, ctx.scopes)?.module ?? []);
  const { unused } = importsLeft(
    ctx,
    [...new Set(modules)],
    [fn, ...sites.map((site) => site.fanOut.task), ...moved.statements],
  );
  // The lines alone: new imports come in their place, so the blank line below stays.
  return unused.map((statement) => {
    const line = /^[^\S\n]*(\r?\n)?/.exec(ctx.text.slice(statement.end))![0];
    return { start: statement.getStart(), end: statement.end + line.length, text: '' };
  });
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

/** A name for each pool that nothing in the file has, and no other pool that can be seen from there. */
export function poolNames(sites: readonly Ready[], ctx: FileContext): Map<Ready, string> {
  const taken = ctx.scopes.namesWithin(ctx.file);
  const names = new Map<Ready, string>();
  for (const site of sites) {
    const scope = scopeOf(site.place);
    const near = [...names].filter(([other]) => meet(scopeOf(other.place), scope)).map(([, name]) => name);
    let name = 'pool';
    for (let n = 2; taken.has(name) || near.includes(name); n++) name = `pool${n}`;
    names.set(site, name);
  }
  return names;
}

const meet = (a: ts.Node, b: ts.Node): boolean => a.pos <= b.end && b.pos <= a.end;

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
