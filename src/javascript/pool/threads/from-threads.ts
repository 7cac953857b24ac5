import type { TextEdit } from '../../../edits/edits.js';
import type { ImportNeed, Note, Refusal } from '../../../flow/model.js';
import type { ProjectView, Style } from '../../../types.js';
import { bare, memberName, originOf } from '../../calls/origin.js';
import type { FileContext } from '../../context.js';
import { localNameFor } from '../../imports.js';
import { ts } from '../../parse.js';
import type { PlacedRefusal, PlannedGroup } from '../../plan.js';
import { rangeOf } from '../../snippet.js';
import { mostItems } from '../count.js';
import { fanOutsIn, isAsync } from '../fan-outs.js';
import { hasFixedLines, importsLeft, withoutLines } from '../to-plain.js';
import { changesItsItem, unsafeNotes } from './here.js';
import { planRawWorkers } from './raw-plan.js';
import { workerAt, type WorkerTask } from './worker.js';

/** `const pool = new Piscina({ filename, maxThreads: 4 })` and all that is done with it. */
interface PoolOfThreads {
  readonly declaration: ts.VariableDeclaration;
  readonly library: string;
  readonly made: ts.NewExpression | ts.CallExpression;
  readonly runs: readonly ts.CallExpression[];
  /** Calls that end it. */
  readonly ends: readonly ts.CallExpression[];
}

/**
 * Pools of threads become calls of their task in this thread. A task that works would block the event loop (H53), and an error that
 * crosses no border keeps its class and fields (H51): both need `--unsafe`.
 */
export function planFromThreads(
  files: readonly FileContext[],
  to: Exclude<Style, 'pool'>,
  view: ProjectView,
): { groups: PlannedGroup[]; refusals: PlacedRefusal[] } {
  const rule = `pool-to-${to}`;
  const groups: PlannedGroup[] = [];
  const refusals: PlacedRefusal[] = [];
  for (const ctx of files) {
    const raw = planRawWorkers(ctx, files, rule, view);
    groups.push(...raw.groups);
    refusals.push(...raw.refusals);
    const sites: Site[] = [];
    for (const found of poolsIn(ctx)) {
      const read = 'code' in found ? found : siteOf(found, ctx, view);
      if ('code' in read) refusals.push({ ctx, rule, refusal: read });
      else sites.push(read);
    }
    for (const members of [
      sites.filter((site) => site.unsafe.length === 0),
      sites.filter((site) => site.unsafe.length > 0),
    ])
      if (members.length > 0) groups.push(groupOf(members, ctx, rule));
  }
  return { groups, refusals };
}

const libraries = /^(piscina|tinypool|workerpool)$/;

function poolsIn(ctx: FileContext): (PoolOfThreads | Refusal)[] {
  if (!/\b(piscina|tinypool|workerpool)\b/.test(ctx.text)) return [];
  const found: (PoolOfThreads | Refusal)[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
      const origin = originOf(node.expression, ctx.scopes);
      const { module = '', path = [] } = origin ?? {};
      const isMade = libraries.test(module) && (ts.isNewExpression(node) || path.at(-1) === 'pool');
      if (isMade) found.push(poolOf(node, module, ctx));
    }
    ts.forEachChild(node, visit);
  };
  visit(ctx.file);
  return found;
}

function poolOf(
  made: ts.NewExpression | ts.CallExpression,
  library: string,
  ctx: FileContext,
): PoolOfThreads | Refusal {
  const declaration = made.parent;
  const symbol =
    ts.isVariableDeclaration(declaration) && ts.isIdentifier(declaration.name)
      ? ctx.scopes.symbolOf(declaration.name)
      : undefined;
  const at = rangeOf(made);
  if (!symbol || !ts.isVariableDeclaration(declaration) || !ctx.scopes.isConstant(symbol))
    return { code: 'live-queue', at };
  const runs: ts.CallExpression[] = [];
  const ends: ts.CallExpression[] = [];
  for (const use of ctx.scopes.references(symbol)) {
    if (use === declaration.name) continue;
    const call = callOn(use);
    const name = call && memberName(call.expression);
    if (name === 'run' || name === 'exec') runs.push(call!);
    else if (name === 'destroy' || name === 'close' || name === 'terminate') ends.push(call!);
    else return { code: 'live-queue', at: rangeOf(use) };
  }
  return { declaration, library, made, runs, ends };
}

function callOn(use: ts.Identifier): ts.CallExpression | undefined {
  const access = use.parent;
  if (!ts.isPropertyAccessExpression(access) || access.expression !== use) return undefined;
  return ts.isCallExpression(access.parent) && access.parent.expression === access ? access.parent : undefined;
}

interface Site {
  readonly pool: PoolOfThreads;
  readonly need: ImportNeed;
  readonly edits: readonly TextEdit[];
  readonly gone: readonly ts.Statement[];
  readonly unsafe: readonly Note[];
}

function siteOf(pool: PoolOfThreads, ctx: FileContext, view: ProjectView): Site | Refusal {
  const task = workerAt(pool.made, ctx, view);
  const at = rangeOf(pool.made);
  if (!task) return { code: 'callee-not-seen', at };
  const wrong = wrongWith(pool, task, ctx);
  if (wrong) return wrong;
  const need: ImportNeed = { from: task.from, name: task.isModule ? 'default' : '*', local: task.name };
  const local = localNameFor(ctx, need);
  const edits: TextEdit[] = pool.runs.flatMap((run) => {
    const [first] = argumentsOf(run, pool);
    const end = run.end - 1;
    return [
      { start: run.getStart(), end: first?.getStart() ?? end, text: `${local}(` },
      { start: first?.end ?? end, end: run.end, text: ')' },
    ];
  });
  const gone: ts.Statement[] = [pool.declaration.parent.parent as ts.VariableStatement];
  for (const end of pool.ends) {
    const whole = wholeEnd(end, ctx);
    if (!whole) return { code: 'live-queue', at: rangeOf(end) };
    if (ts.isTryStatement(whole)) edits.push(...unwrapped(whole, ctx));
    else if (ts.isStatement(whole)) gone.push(whole);
    else edits.push({ start: (whole.expression as ts.AccessExpression).expression.end, end: whole.end, text: '' });
  }
  return { pool, need, edits, gone, unsafe: unsafeNotes(task, at) };
}

/** The pools of a file that go: together, since they share imports. */
function groupOf(sites: readonly Site[], ctx: FileContext, rule: string): PlannedGroup {
  const libraries = sites.map((site) => site.pool.library);
  const made = sites.map((site) => site.pool.made);
  const imports = importsLeft(ctx, [...new Set([...libraries, 'path', 'node:path'])], made);
  const edits = [
    ...sites.flatMap((site) => site.edits),
    ...withoutLines([...sites.flatMap((site) => site.gone), ...imports.unused], ctx, true),
  ];
  const needs = sites.map((site) => site.need);
  const tasks = sites.map((site) => localNameFor(ctx, site.need)).join(', ');
  return {
    rule,
    title: `${tasks} ${sites.length === 1 ? 'runs' : 'run'} in this thread`,
    entries: [],
    edits: edits.map((edit, index) => ({ ctx, edit, ...(index === 0 && { needs }) })),
    unsafe: sites.flatMap((site) => site.unsafe),
    notes: [],
    main: { ctx, at: made[0]!.getStart() },
  };
}

function wrongWith(pool: PoolOfThreads, task: WorkerTask, ctx: FileContext): Refusal | undefined {
  if (!isAsync(task.fn)) return { code: 'sync-throw', at: rangeOf(pool.made) };
  if (changesItsItem(task)) return { code: 'not-cloneable', at: rangeOf(pool.made), detail: 'a changed item' };
  const list = pool.declaration.parent;
  if (!ts.isVariableDeclarationList(list) || list.declarations.length > 1 || !ts.isVariableStatement(list.parent))
    return { code: 'live-queue', at: rangeOf(pool.made) };
  const fanOuts = fanOutsIn(ctx);
  for (const run of pool.runs) {
    const args = argumentsOf(run, pool);
    if (args.length > 1 || args.some(ts.isSpreadElement)) return { code: 'arity-observed', at: rangeOf(run) };
    const around = fanOuts.find(({ task: each }) => each.pos <= run.pos && run.end <= each.end);
    const count = around && mostItems(around.list, ctx);
    if (count === undefined || count > mostThreads(pool)) return { code: 'bound-unknown', at: rangeOf(run) };
  }
  return undefined;
}

/** `pool.run(item)`, or `pool.exec('task', [item])`. */
function argumentsOf(run: ts.CallExpression, { library }: PoolOfThreads): readonly ts.Expression[] {
  if (library !== 'workerpool') return run.arguments;
  const list = run.arguments[1] && bare(run.arguments[1]);
  return list && ts.isArrayLiteralExpression(list) ? list.elements : run.arguments.slice(1);
}

function mostThreads({ made }: PoolOfThreads): number {
  const options = made.arguments?.map((each) => bare(each)).find(ts.isObjectLiteralExpression);
  for (const property of options?.properties ?? []) {
    if (!ts.isPropertyAssignment(property) || !/^(maxThreads|maxWorkers)$/.test(property.name.getText())) continue;
    if (ts.isNumericLiteral(property.initializer)) return Number(property.initializer.text);
  }
  return 0;
}

/**
 * `.finally(() => pool.destroy())` as the call whose end it is, or `await pool.destroy();` as a statement; where it is all that a `finally` does, the
 * whole `try`.
 */
function wholeEnd(end: ts.CallExpression, ctx: FileContext): ts.Statement | ts.CallExpression | undefined {
  let node: ts.Node = end;
  if (ts.isAwaitExpression(node.parent)) node = node.parent;
  if (ts.isExpressionStatement(node.parent)) {
    const block = node.parent.parent;
    const around = block.parent;
    const isAll = ts.isBlock(block) && block.statements.length === 1;
    if (!isAll || !ts.isTryStatement(around) || around.finallyBlock !== block) return node.parent;
    return canUnwrap(around, ctx) ? around : undefined;
  }
  const arrow = node.parent;
  if (!ts.isArrowFunction(arrow) || arrow.body !== node || !ts.isCallExpression(arrow.parent)) return undefined;
  const { parent: call } = arrow;
  return memberName((call as ts.CallExpression).expression) === 'finally' ? (call as ts.CallExpression) : undefined;
}

/** Its statements can stand where it stands: no name means another thing there. */
function canUnwrap({ tryBlock, catchClause, parent }: ts.TryStatement, ctx: FileContext): boolean {
  if (catchClause) return true;
  const isList = ts.isBlock(parent) || ts.isSourceFile(parent);
  const names = [...ctx.scopes.declaredIn(tryBlock).keys()];
  if (!isList || tryBlock.statements.length === 0 || hasFixedLines(tryBlock)) return false;
  const outer = ts.isBlock(parent) && ts.isFunctionLike(parent.parent) ? parent.parent : parent;
  const taken = new Set([...ctx.scopes.declaredIn(parent).keys(), ...ctx.scopes.declaredIn(outer).keys()]);
  const used = (name: string): boolean =>
    ctx.scopes.named(name).some((use) => use.pos >= parent.pos && use.end <= parent.end && !inside(use, tryBlock));
  return names.every((name) => !taken.has(name) && !used(name));
}

const inside = (node: ts.Node, outer: ts.Node): boolean => outer.pos <= node.pos && node.end <= outer.end;

// try {                                  return await work();
//   return await work();
// } finally {
//   await pool.destroy();
// }
function unwrapped(whole: ts.TryStatement, ctx: FileContext): TextEdit[] {
  const { text, style } = ctx;
  const { tryBlock, catchClause, finallyBlock } = whole;
  if (catchClause) return [{ start: catchClause.end, end: finallyBlock!.end, text: '' }];
  const [first] = tryBlock.statements;
  const last = tryBlock.statements.at(-1)!;
  const edits: TextEdit[] = [
    { start: whole.getStart(), end: first!.getStart(), text: '' },
    { start: last.end, end: whole.end, text: '' },
  ];
  for (let at = text.indexOf('\n', first!.getStart()); at >= 0 && at < last.end; at = text.indexOf('\n', at + 1))
    if (text.startsWith(style.indent, at + 1))
      edits.push({ start: at + 1, end: at + 1 + style.indent.length, text: '' });
  return edits;
}
