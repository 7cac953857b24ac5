import type {
  Binding,
  Block,
  BlockTask,
  Entry,
  ImportNeed,
  Note,
  Refusal,
  Snippet,
  Step,
  Task,
} from '../../flow/model.js';
import { isTask, mapBlocks, mapTaskOf } from '../../flow/query.js';
import type { Range } from '../../types.js';
import type { FileContext } from '../context.js';
import { localNameFor } from '../imports.js';
import { ts } from '../parse.js';
import { mostItems } from './count.js';
import type { Chosen } from './libraries.js';

type FanOut = Extract<Task, { kind: 'fanOut' }>;

export type Bounded =
  | { readonly entry: Entry; readonly notes: readonly Note[]; readonly count: number; readonly windows: number }
  | { readonly refusal: Refusal };

/**
 * The entry with a limiter in front of every fan-out, and every window by hand as one of a library that stops as it does (`mapper`). `count`
 * and `windows` are how many there are: without any there is nothing to do.
 */
export function boundEntry(entry: Entry, ctx: FileContext, chosen: Chosen, mapper?: Chosen): Bounded {
  const work: Work = { ctx, chosen, notes: [], count: 0, windows: 0, ...(mapper && { mapper }) };
  const flow = boundBlock(entry.flow, work);
  if (work.refusal) return { refusal: work.refusal };
  const needs: ImportNeed[] = work.count > 0 ? [...entry.needs, chosen.need] : [...entry.needs];
  const { notes, count, windows } = work;
  return { entry: { ...entry, flow, needs }, notes, count, windows };
}

interface Work {
  readonly ctx: FileContext;
  readonly chosen: Chosen;
  readonly notes: Note[];
  readonly mapper?: Chosen;
  count: number;
  windows: number;
  refusal?: Refusal;
}

function boundBlock(block: Block, work: Work): Block {
  return { ...block, steps: block.steps.flatMap((step) => boundStep(step, work)) };
}

function boundStep(step: Step, work: Work): Step[] {
  const own = (task: BlockTask): BlockTask => ({ ...task, body: boundBlock(task.body, work) });
  const inner = mapTaskOf(
    mapBlocks(step, (block) => boundBlock(block, work)),
    own,
  );
  const made: Step[] = [];
  const bound = (task: Task): Task => {
    if (task.kind === 'together') return { ...task, tasks: task.tasks.map(bound) };
    if (task.kind === 'fanOut' && task.byHand && task.window) return mapped(task, work);
    if (task.kind !== 'fanOut' || task.limit || (task.join !== 'all' && task.join !== 'settled')) return task;
    const limiter = limiterFor(task, step, work);
    if (!limiter) return task;
    made.push(limiter.step);
    return { ...task, via: limiter.use };
  };
  const changed = withTask(inner, bound);
  // What stood above the step stands above its limiter.
  const [first] = made;
  if (!first) return [changed];
  return [{ ...first, lead: step.lead }, ...made.slice(1), { ...changed, lead: [] }];
}

/** `pMap(list, task, { concurrency: 4 })`, which starts nothing more after a failure either. */
function mapped(task: FanOut, work: Work): Task {
  if (!work.mapper) {
    work.refusal ??= { code: 'library-esm-only', at: task.over.at };
    return task;
  }
  work.windows += 1;
  return { ...task, window: work.mapper.need };
}

function withTask(step: Step, map: (task: Task) => Task): Step {
  if (step.kind === 'wait') return { ...step, on: map(step.on) };
  if (step.kind === 'exit' && step.how === 'succeed' && step.with && isTask(step.with))
    return { ...step, with: map(step.with) };
  return step;
}

/** `const limit = pLimit(3);` and the name by which tasks are handed to it. */
function limiterFor(task: FanOut, { at }: Step, work: Work): { step: Step; use: Snippet } | undefined {
  const { ctx, chosen } = work;
  const list = nodeAt(task.over.at, ctx.file);
  const count = list && mostItems(list, ctx);
  const asked = ctx.options.limit;
  if (count === undefined && asked === undefined) {
    work.refusal ??= { code: 'bound-unknown', at: task.over.at };
    return undefined;
  }
  const most = Math.max(1, Math.min(count ?? Infinity, asked ?? Infinity));
  if (asked !== undefined && most < (count ?? Infinity)) work.notes.push({ code: 'fewer-at-once', at });
  work.count += 1;
  const binding: Binding = { name: 'limit' };
  const local = localNameFor(ctx, chosen.need);
  const text = (parts: Snippet['parts'], declares: Snippet['declares']): Snippet => ({
    parts,
    uses: [],
    declares,
    promise: 'no',
    at,
  });
  const code = text(['const ', binding, ` = ${local}(${most})`], [{ binding, how: 'lexical' }]);
  return { step: { kind: 'code', made: true, code, lead: [], at }, use: text([binding], []) };
}

/** The expression that covers exactly this range. */
function nodeAt(range: Range, file: ts.SourceFile): ts.Expression | undefined {
  const visit = (node: ts.Node): ts.Node | undefined => {
    if (node.end < range.end || node.pos > range.start) return undefined;
    if (node.end === range.end && node.getStart() === range.start && ts.isExpression(node)) return node;
    return ts.forEachChild(node, visit);
  };
  return visit(file) as ts.Expression | undefined;
}
