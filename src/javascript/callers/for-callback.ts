import type { Block, CallbackForm, Entry, Note, Refusal, Snippet, Step, Task } from '../../flow/model.js';
import { holdsWindow, withoutHeld } from '../../flow/passes/windows.js';
import { isTask, mapBlocks, mapTask } from '../../flow/query.js';
import type { TransformOptions } from '../../types.js';
import type { FileContext } from '../context.js';
import { canImportBuiltins, localNameFor } from '../imports.js';
import type { ModuleGraph } from '../modules/graph.js';
import type { PlacedRefusal, PlannedGroup } from '../plan.js';
import { ts } from '../parse.js';
import { onlyHandsOn, sitesOf } from './for-callback-sites.js';
import type { CallbackSite } from './for-callback-sites.js';
import { promisifiedType } from './for-callback-types.js';
import { withoutUnusedWindows } from './for-callback-windows.js';

/** What a reader found in one file. */
export interface ReadFile {
  readonly ctx: FileContext;
  readonly entries: readonly Entry[];
  readonly refusals: readonly { readonly refusal: Refusal; readonly rule: string }[];
}

export interface CallbackPlan {
  readonly rule: (entry: Entry) => string;
  readonly graph: ModuleGraph;
  readonly options: TransformOptions;
  /** Why the writer can't say an entry. */
  readonly unsaid: (entry: Entry, ctx: FileContext) => Refusal | undefined;
}

/**
 * Who changes when functions that give promises become callback functions, over all files of a run: a function whose every use is
 * a call that waits for it takes a callback itself, together with those calls. Whoever else is called still gives a promise: only
 * its inside changes.
 */
export function planCallbacks(
  files: readonly ReadFile[],
  { rule, graph, options, unsaid }: CallbackPlan,
): { groups: PlannedGroup[]; refusals: PlacedRefusal[] } {
  const refusals: PlacedRefusal[] = [];
  const found: { ctx: FileContext; entry: Entry }[] = [];
  for (const { ctx, entries, refusals: left } of files) {
    refusals.push(...left.map((each) => ({ ctx, ...each })));
    for (const one of entries) {
      if (isBridge(ctx, one)) continue;
      const first = unsaidAsKept(one, ctx, unsaid);
      // A window that can't be said in place stays a function that is called.
      const entry = first && holdsWindow(one.flow) ? { ...one, flow: withoutHeld(one.flow) } : one;
      const why = entry === one ? first : unsaidAsKept(entry, ctx, unsaid);
      if (why) refusals.push({ ctx, rule: rule(entry), refusal: why });
      else found.push({ ctx, entry });
    }
  }
  const byPath = new Map(files.map(({ ctx }) => [ctx.path, ctx]));
  const sites = sitesOf(found, { graph, options, byPath });
  for (const site of sites) if (site.mode === 'change' && unsaid(changed(site, sites), site.ctx)) site.mode = 'keep';
  const taken = sites.filter((site) => {
    if (site.mode === 'keep' && onlyHandsOn(withCalls(site, sites))) {
      refusals.push({
        ctx: site.ctx,
        rule: rule(site.entry),
        refusal: { code: 'no-callback-form', at: site.entry.at },
      });
      return false;
    }
    if (options.exports !== 'refuse' || !site.isExported || site.isSeen || site.mode === 'change') return true;
    const { start, end } = site.entry.at;
    refusals.push({
      ctx: site.ctx,
      rule: rule(site.entry),
      refusal: { code: 'exported-callers-unknown', at: { start, end } },
    });
    return false;
  });
  return { groups: withoutUnusedWindows(groupsOf(taken, sites, rule)), refusals };
}

function unsaidAsKept(entry: Entry, ctx: FileContext, unsaid: CallbackPlan['unsaid']): Refusal | undefined {
  const kept = keptPromise(ctx, entry);
  return 'code' in kept ? kept : unsaid(kept, ctx);
}

/** What `callbackify` is given is as it must be. */
function isBridge(ctx: FileContext, entry: Entry): boolean {
  return /\bcallbackify\d*\(\s*$/.test(ctx.text.slice(Math.max(0, entry.at.start - 40), entry.at.start));
}

/** Functions that take a callback now, and those that call them, stand or fall together. */
function groupsOf(
  sites: readonly CallbackSite[],
  all: readonly CallbackSite[],
  rule: (entry: Entry) => string,
): PlannedGroup[] {
  const parent = new Map<CallbackSite, CallbackSite>(sites.map((site) => [site, site]));
  const find = (site: CallbackSite): CallbackSite => {
    const up = parent.get(site) ?? site;
    return up === site ? site : find(up);
  };
  for (const site of sites)
    if (site.mode === 'change')
      for (const { by } of site.calls) if (find(by) !== find(site)) parent.set(find(by), find(site));
  const groups = new Map<CallbackSite, CallbackSite[]>();
  for (const site of sites) groups.set(find(site), [...(groups.get(find(site)) ?? []), site]);
  return [...groups.values()].map((members) => groupOf(members, all, rule));
}

function groupOf(
  members: readonly CallbackSite[],
  all: readonly CallbackSite[],
  rule: (entry: Entry) => string,
): PlannedGroup {
  const main = members[0]!;
  return {
    rule: rule(main.entry),
    title: titleOf(members),
    entries: members.map((site) => ({ ctx: site.ctx, entry: written(site, all) })),
    edits: [],
    unsafe: [],
    notes: members.flatMap(notesOf),
    main: { ctx: main.ctx, at: main.entry.at.start },
  };
}

function titleOf(members: readonly CallbackSite[]): string {
  const [main] = members;
  const { name, shape } = main!.entry;
  const more = members.length > 1 ? `; ${members.length - 1} more with it` : '';
  if (shape.kind === 'statement') return `a promise chain becomes callbacks${more}`;
  return main!.mode === 'change'
    ? `${name} takes a callback${more}`
    : `${name} waits through callbacks, and still gives a promise${more}`;
}

function notesOf(site: CallbackSite): Note[] {
  const { entry, mode, isExported, isSeen } = site;
  const broken = mode === 'change' && isExported && !isSeen;
  return [...entry.notes, ...(broken ? [{ code: 'contract-changed', at: entry.at }] : [])];
}

function written(site: CallbackSite, all: readonly CallbackSite[]): Entry {
  if (site.mode === 'change') return changed(site, all);
  const kept = keptPromise(site.ctx, site.entry);
  if ('code' in kept) throw new Error('bug: a refused function is written');
  return { ...kept, flow: withCalls(site, all) };
}

/** The function takes a callback, behind its other parameters. */
function changed(site: CallbackSite, all: readonly CallbackSite[]): Entry {
  const { ctx, entry, node } = site;
  const name = freeIn(ctx.text.slice(entry.at.start, entry.at.end));
  return {
    ...entry,
    flow: withCalls(site, all),
    shape: { kind: 'function', callback: { name } },
    head: { edits: [...entry.head.edits, ...parameterEdits(node!, name)] },
  };
}

// (id) => …, id => …, function load(id) {
//    ^ ", callback"
function parameterEdits(node: ts.SignatureDeclaration, name: string): Entry['head']['edits'] {
  const last = node.parameters.at(-1);
  const close = node.getChildren().find((part) => part.kind === ts.SyntaxKind.CloseParenToken);
  if (!close && last)
    return [
      { start: last.getStart(), end: last.getStart(), text: '(' },
      { start: last.end, end: last.end, text: `, ${name})` },
    ];
  const at = last ? last.end : close!.getStart();
  return [{ start: at, end: at, text: last ? `, ${name}` : name }];
}

/** The flow with each call of a function that takes a callback now as such a call. */
function withCalls(site: CallbackSite, all: readonly CallbackSite[]): Block {
  const forms = new Map<Task, CallbackForm>();
  for (const other of all)
    if (other.mode === 'change')
      for (const { by, task } of other.calls) if (by === site) forms.set(task, formOf(task, other));
  if (forms.size === 0) return site.entry.flow;
  const inTask = (task: Task): Task => {
    const form = forms.get(task);
    if (form) return { ...task, callback: form } as Task;
    if (task.kind === 'together') return { ...task, tasks: task.tasks.map(inTask) };
    return mapTask(task, (own) => ({ ...own, body: inBlock(own.body) }));
  };
  const inBlock = (block: Block): Block => ({
    ...block,
    steps: block.steps.map((raw): Step => {
      const step = mapBlocks(raw, inBlock);
      if (step.kind === 'wait') return { ...step, on: inTask(step.on) };
      if (step.kind === 'exit' && step.how === 'succeed' && step.with && isTask(step.with))
        return { ...step, with: inTask(step.with) };
      return step;
    }),
  });
  return inBlock(site.entry.flow);
}

/** `load(id, ` and `)`: an argument that was left out is `undefined`. */
function formOf(task: Task & { kind: 'call' }, { node }: CallbackSite): CallbackForm {
  const { awaitable } = task;
  const args = task.args ?? [];
  const missing = Array.from({ length: node!.parameters.length - args.length }, () => 'undefined');
  const inner = [
    ...args.flatMap((arg) => [', ', ...arg.parts]).slice(1),
    ...missing.flatMap((each) => [', ', each]).slice(args.length ? 0 : 1),
  ];
  const before: Snippet = {
    ...awaitable,
    parts: [...(task.callee?.parts ?? []), '(', ...inner, ...(inner.length ? [', '] : [])],
    promise: 'no',
  };
  const after: Snippet = { parts: [')'], uses: [], declares: [], promise: 'no', at: awaitable.at };
  return { before, after, results: 'value' };
}

/** The inside becomes callbacks; the function gives a promise as before. */
function keptPromise(ctx: FileContext, entry: Entry): Entry | Refusal {
  const at = { start: entry.at.start, end: entry.at.end };
  if (!canImportBuiltins(ctx)) return { code: 'no-callback-form', at };
  if (entry.shape.kind === 'statement') return entry;
  const type = promisifiedType(ctx, entry);
  if (type && 'code' in type) return type;
  const need = { from: 'util', name: 'promisify', local: 'promisify' };
  const via = localNameFor(ctx, need) + (type?.argument ?? '');
  const callback = { name: freeIn(ctx.text.slice(entry.at.start, entry.at.end)) };
  return {
    ...entry,
    shape: { kind: 'promisified', via, callback, ...(type && { annotation: type.annotation }) },
    needs: [...entry.needs, need],
  };
}

function freeIn(text: string): string {
  const words = new Set(text.match(/[\w$]+/g) ?? []);
  const name = ['callback', 'cb', 'done'].find((each) => !words.has(each));
  if (name) return name;
  for (let n = 2; ; n++) if (!words.has(`callback${n}`)) return `callback${n}`;
}
