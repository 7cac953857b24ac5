import type { Block, Entry, Task } from '../../flow/model.js';
import { blocksOf, isTask } from '../../flow/query.js';
import type { FunctionNode } from '../callback/types.js';
import { bare } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import type { ModuleGraph } from '../modules/graph.js';
import { ts } from '../parse.js';
import { usesArguments } from '../scope.js';
import type { TransformOptions } from '../../types.js';
import { namingOf, useOf, usesIn } from './uses.js';
import type { Use } from './uses.js';

type CallTask = Task & { kind: 'call' };

/** A function (or statement) that becomes callbacks. */
export interface CallbackSite {
  readonly ctx: FileContext;
  readonly entry: Entry;
  readonly node: FunctionNode | undefined;
  /** Calls that wait for it, by who waits. */
  readonly calls: readonly { readonly by: CallbackSite; readonly task: CallTask; readonly call: ts.CallExpression }[];
  readonly isExported: boolean;
  /** Nobody outside of the run can call it. */
  readonly isSeen: boolean;
  /** `change`: it takes a callback itself; `keep`: it gives a promise as before. */
  mode: 'change' | 'keep';
}

export interface Project {
  readonly graph: ModuleGraph;
  readonly options: TransformOptions;
  readonly byPath: ReadonlyMap<string, FileContext>;
}

/** Who is called by whom, and which functions can take a callback themselves: those whose every use is a call that waits for it. */
export function sitesOf(found: readonly { ctx: FileContext; entry: Entry }[], project: Project): CallbackSite[] {
  const sites = found.map(({ ctx, entry }): CallbackSite & { calls: CallbackSite['calls'] } => ({
    ctx,
    entry,
    node: nodeOf(ctx, entry),
    calls: [],
    isExported: false,
    isSeen: true,
    mode: 'keep',
  }));
  const waiting = new Map<ts.Node, { by: CallbackSite; task: CallTask }>();
  for (const by of sites)
    for (const task of callsIn(by.entry.flow)) {
      const call = callAt(by.ctx, task);
      if (call) waiting.set(call, { by, task });
    }
  for (const site of sites) Object.assign(site, decided(site, waiting, project));
  return sites;
}

function decided(
  site: CallbackSite,
  waiting: ReadonlyMap<ts.Node, { by: CallbackSite; task: CallTask }>,
  project: Project,
): Partial<CallbackSite> {
  const { ctx, node } = site;
  if (!node || site.entry.shape.kind !== 'function') return {};
  const naming = namingOf(ctx, { node });
  const names = [...new Set([node, ...naming.symbols].flatMap((what) => project.graph.namesOf(ctx.path, what)))];
  const own = usesIn(ctx, naming.symbols, node);
  const uses = [...own, ...names.flatMap((name) => usesElsewhere(ctx, name, project))];
  const isExported = names.length > 0 || naming.exports.length > 0 || own.some((use) => use.kind === 'export');
  const isGlobal = ctx.moduleStyle === 'script' && naming.symbols.some(isTopLevel);
  const isSeen =
    (!isExported && !isGlobal) || (names.length > 0 && project.graph.callersVisible(ctx.path, names).visible);
  const calls = uses.flatMap((use) => (use.kind === 'call' ? [{ call: use.call, ...waiting.get(use.call) }] : []));
  const known = calls.flatMap(({ call, by, task }) => (by && task && canCarry(call, node) ? [{ call, by, task }] : []));
  const follows =
    !ctx.typescript &&
    (naming.kind === 'local' || naming.kind === 'export') &&
    naming.symbols.every((symbol) => ctx.scopes.isConstant(symbol)) &&
    (isSeen || project.options.exports === 'change') &&
    uses.every((use) => use.kind === 'call' || use.kind === 'export') &&
    known.length === calls.length &&
    (calls.length > 0 || isExported) &&
    known.every(({ by }) => !by.ctx.typescript) &&
    takesCallback(node);
  return { isExported, isSeen, calls: known, mode: follows ? 'change' : 'keep' };
}

function usesElsewhere(ctx: FileContext, name: string, project: Project): Use[] {
  return project.graph.usesOf(ctx.path, name).map((use): Use => {
    const there = project.byPath.get(use.path)!;
    if (use.kind === 're-export') return { kind: 'export', ctx: there, node: use.node, as: use.name };
    if (use.kind === 'call' || use.kind === 'reference') return useOf(there, use.node);
    return { kind: 'reference', ctx: there, node: use.node };
  });
}

function isTopLevel(symbol: ts.Symbol): boolean {
  const declaration = symbol.declarations?.[0];
  return !!declaration && !ts.findAncestor(declaration.parent, ts.isFunctionLike);
}

/** A parameter can be added behind the others. */
function takesCallback(node: FunctionNode): boolean {
  if (ts.isMethodDeclaration(node) || !node.body || node.asteriskToken) return false;
  if (node.parameters.some((parameter) => parameter.dotDotDotToken)) return false;
  return ts.isArrowFunction(node) || !usesArguments(node.body);
}

/** The callback comes to stand where the function takes it; what is left out before it is `undefined`. */
function canCarry(call: ts.CallExpression, node: FunctionNode): boolean {
  return (
    !call.questionDotToken &&
    !call.arguments.some(ts.isSpreadElement) &&
    call.arguments.length <= node.parameters.length
  );
}

/** The function that the entry is of. */
function nodeOf(ctx: FileContext, { at, shape }: Entry): FunctionNode | undefined {
  if (shape.kind === 'statement') return undefined;
  const find = (node: ts.Node): FunctionNode | undefined => {
    if (node.pos > at.start || node.end < at.end) return undefined;
    if (ts.isFunctionLike(node) && node.getStart() === at.start && node.end === at.end) return node as FunctionNode;
    return ts.forEachChild(node, find);
  };
  return find(ctx.file);
}

/** Every call that is waited for, in functions inside too. */
function callsIn(flow: Block): CallTask[] {
  return flow.steps.flatMap((step) => {
    const task =
      step.kind === 'wait' ? step.on : step.kind === 'exit' && step.how === 'succeed' ? step.with : undefined;
    const own = task && isTask(task) ? callsOf(task) : [];
    return [...own, ...blocksOf(step).flatMap(callsIn)];
  });
}

function callsOf(task: Task): CallTask[] {
  switch (task.kind) {
    case 'call':
      return [task];
    case 'block':
      return callsIn(task.body);
    case 'fanOut':
      return callsIn(task.each.body);
    case 'together':
      return task.tasks.flatMap(callsOf);
  }
}

/** Nothing follows a wait in it, and no call in it has a callback form: it would only be wrapped. */
export function onlyHandsOn(flow: Block): boolean {
  return flow.steps.every((step) => {
    if (step.kind === 'wait' || step.kind === 'guard') return false;
    const task =
      step.kind === 'exit' && step.how === 'succeed' && step.with && isTask(step.with) ? step.with : undefined;
    if (task && (task.kind === 'call' ? task.callback : task.kind !== 'block' || !onlyHandsOn(task.body))) return false;
    return blocksOf(step).every(onlyHandsOn);
  });
}

/** The call that a task is. */
function callAt(ctx: FileContext, { awaitable, callee }: CallTask): ts.CallExpression | undefined {
  if (!callee) return undefined;
  const { start, end } = awaitable.at;
  const find = (node: ts.Node): ts.CallExpression | undefined => {
    if (node.pos > start || node.end < end) return undefined;
    if (ts.isExpression(node) && node.getStart() === start && node.end === end) {
      const call = bare(node);
      return ts.isCallExpression(call) ? call : undefined;
    }
    return ts.forEachChild(node, find);
  };
  return find(ctx.file);
}
