import type {
  Bind,
  Binding,
  Block,
  BlockTask,
  Exit,
  Handler,
  Lead,
  Snippet,
  Step,
  StepOf,
  Target,
  Task,
  Value,
} from '../model.js';
import { blocksOf, exits, exitsIn, isTask, leaves, mapBlocks, mapTask } from '../query.js';

/**
 * Splices block tasks into the flow around them, so that what was a handler becomes plain code:
 *
 *   wait x = block { A; exit 1 }     becomes   A; const x = 1
 *   exit block { A; exit 1 }         becomes   A; exit 1
 *   wait x = block { branch { exit 1 } exit 2 }   becomes   let x; branch { x = 1 } else { x = 2 }
 *
 * A `return` in a handler leaves the handler only. Where the code behind the handler would be skipped by it (a return
 * inside a loop, or half of an arm), the block stays `apart`: a local async function.
 */
export function inlineBlocks(block: Block, which: Which = 'any'): Block {
  return { ...block, steps: inlineSteps(block.steps, which) };
}

/** `straight`: of blocks whose value is needed only those with one end, for a style in which a handler with several is as good. */
type Which = 'any' | 'straight';

function inlineSteps(steps: readonly Step[], which: Which): Step[] {
  const out: Step[] = [];
  for (const raw of steps) {
    const step = mapBlocks(raw, (block) => inlineBlocks(block, which));
    if (step.kind === 'wait') out.push(...inlineWait(step, which));
    else if (step.kind === 'exit' && step.how === 'succeed' && step.with && isTask(step.with))
      out.push(...inlineExit(step, step.with, which));
    else out.push(step);
  }
  return out;
}

function inlineExit(step: StepOf<'exit'> & { how: 'succeed' }, task: Task, which: Which): Step[] {
  const inner = inlineTask(task, which);
  if (inner.kind !== 'block' || inner.apart) return [{ ...step, with: inner }];
  const spliced = retarget(inner.body.steps, inner.target, step.of);
  const ended = leaves(spliced) ? spliced : [...spliced, bareExit(step, step.of)];
  return withLead(ended, step, inner.body.tail);
}

function bareExit(step: Step, of: Target): Step {
  return { kind: 'exit', how: 'succeed', of, lead: [], at: { start: step.at.end, end: step.at.end } };
}

function inlineWait(step: StepOf<'wait'>, which: Which): Step[] {
  const on = inlineTask(step.on, which);
  if (on.kind !== 'block' || on.apart) return [{ ...step, on }];
  if (which === 'straight' && (step.onFail || (step.bind && !isStraight(on)))) return [{ ...step, on }];
  if (step.onFail) return guardedBlock(step, on, step.onFail);
  const bound = bindBlock(on, step.bind, step);
  return bound ? withLead(bound, step, on.body.tail) : [{ ...step, on: { ...on, apart: true } }];
}

/** `onFail` guards the whole block: a guard around it, its value assigned to a name that was declared before. */
function guardedBlock(step: StepOf<'wait'>, on: BlockTask, onFail: Handler): Step[] {
  const [declare, assign] = declaredFirst(step.bind, step);
  const bound = bindBlock(on, assign, { ...step, lead: [] });
  if (!bound) return [{ ...step, on: { ...on, apart: true } }];
  const failed =
    assign && cleansUp(on.body.steps, on.target) ? { ...onFail, body: emptied(onFail.body, assign, step) } : onFail;
  const body: Block = { steps: bound, tail: on.body.tail };
  const guard: Step = { kind: 'guard', body, onFail: failed, lead: [], at: step.at };
  return withLead([...declare, guard, ...unpack(step.bind, assign, step)], step, []);
}

/** The block's steps with its value bound to `bind`; undefined when its exits do not all stand at its end. */
function bindBlock(on: BlockTask, bind: Bind | undefined, step: Step): Step[] | undefined {
  const { steps } = on.body;
  const last = steps.at(-1);
  const straight = !exits(steps.slice(0, -1), on.target);
  if (straight && last?.kind === 'exit' && last.how === 'succeed' && last.of === on.target)
    return [...steps.slice(0, -1), ...bindValue(bind, last.with, last)];
  if (straight && last && !exits([last], on.target)) {
    if (!bind || leaves(steps)) return [...steps];
    return [...steps, ...bindValue(bind, undefined, step)];
  }
  const [declare, assign] = declaredFirst(bind, step);
  const tailed = toTail(steps, on.target);
  if (!tailed) return undefined;
  // A variable that was there before still holds its old value where a path ends without one, and a cleanup that throws
  // comes behind the assignment.
  const stale = (bind?.how === 'assign' && !bind.fresh) || cleanupCaught(tailed, on.target);
  const ended = stale ? closed(tailed, on.target, step) : tailed;
  const first = ended.findIndex((each) => exits([each], on.target));
  const bound = assignExits(ended.slice(first), on.target, assign && { ...assign, fresh: !stale }, step);
  return [...ended.slice(0, first), ...declare, ...bound, ...unpack(bind, assign, step)];
}

/** A `finally` in one of these: what it throws comes after the value was assigned. */
function cleansUp(steps: readonly Step[], target: Target): boolean {
  return steps.some(
    (step) =>
      (step.kind === 'guard' && !!step.always && exits([step], target)) ||
      blocksOf(step).some((block) => cleansUp(block.steps, target)),
  );
}

function cleanupCaught(steps: readonly Step[], target: Target): boolean {
  return steps.some(
    (step) =>
      (step.kind === 'guard' && !!step.onFail && cleansUp(step.body.steps, target)) ||
      blocksOf(step).some((block) => cleanupCaught(block.steps, target)),
  );
}

/** An error branch behind which the variable holds nothing. */
function emptied(block: Block, assign: Bind, at: Step): Block {
  const target: Target = { of: 'block' };
  const steps = assignExits(closed(block.steps, target, at), target, { ...assign, fresh: false }, at);
  return { ...block, steps };
}

/** The same with an exit at the end of each path that has none. */
function closed(steps: readonly Step[], target: Target, at: Step): readonly Step[] {
  if (leaves(steps)) return steps;
  const last = steps.at(-1);
  if (last && (last.kind === 'branch' || last.kind === 'guard') && exits([last], target)) {
    const end = (block: Block): Block => ({ ...block, steps: closed(block.steps, target, at) });
    const inner =
      last.kind === 'branch'
        ? { ...last, then: end(last.then), else: end(last.else ?? { steps: [], tail: [] }) }
        : {
            ...last,
            body: end(last.body),
            ...(last.onFail && { onFail: { ...last.onFail, body: end(last.onFail.body) } }),
          };
    return [...steps.slice(0, -1), inner];
  }
  return [...steps, bareExit(at, target)];
}

/** The same steps with every exit of `target` at the end of a path, or undefined. */
function toTail(steps: readonly Step[], target: Target): readonly Step[] | undefined {
  const index = steps.findIndex((step) => exits([step], target));
  const step = steps[index];
  if (!step) return steps;
  const before = steps.slice(0, index);
  const rest = steps.slice(index + 1);
  if (step.kind === 'exit') return [...before, step];
  const moved = rest.length === 0 || leaves([step]) ? step : moveRest(step, rest);
  if (!moved || moved.kind === 'loop') return undefined;
  if (moved.kind === 'guard' && moved.always && exits(moved.always.steps, target)) return undefined;
  // What a wait's error branch gives must not be followed by the code for success.
  if (moved.kind === 'wait') return undefined;
  if (moved.kind === 'switch') return undefined;
  let whole = true;
  const mapped = mapBlocks(moved, (block) => {
    const inner = toTail(block.steps, target);
    if (!inner) whole = false;
    return { ...block, steps: inner ?? block.steps };
  });
  return whole ? [...before, mapped] : undefined;
}

/** `if (x) return 1; REST` is `if (x) return 1; else REST`: the rest moves into the one arm that goes on. */
function moveRest(step: Step, rest: readonly Step[]): Step | undefined {
  if (step.kind !== 'branch') return undefined;
  if (leaves(step.then.steps)) {
    // A comment behind `if (x) return 1;` speaks of that return, not of what is now the end of the branch.
    const { trail, ...branch } = step;
    const then = trail && !step.else ? withTrail(step.then, trail) : step.then;
    const before = step.else ?? { steps: [], tail: [], ...(step.then.bare && { bare: step.then.bare }) };
    const moved = { ...branch, then, else: { ...before, steps: [...before.steps, ...rest] } };
    return then === step.then && trail ? { ...moved, trail } : moved;
  }
  if (step.else && leaves(step.else.steps))
    return { ...step, then: { ...step.then, steps: [...step.then.steps, ...rest] } };
  return undefined;
}

function withTrail(block: Block, trail: NonNullable<Step['trail']>): Block {
  const last = block.steps.at(-1);
  if (!last) return block;
  return { ...block, steps: [...block.steps.slice(0, -1), { ...last, trail: [...(last.trail ?? []), ...trail] }] };
}

function assignExits(steps: readonly Step[], target: Target, bind: Bind | undefined, at: Step): Step[] {
  const assigned = steps.flatMap((step): Step[] => {
    if (step.kind === 'exit' && step.how === 'succeed' && step.of === target) return bindValue(bind, step.with, step);
    return [mapBlocks(step, (block) => ({ ...block, steps: assignExits(block.steps, target, bind, at) }))];
  });
  return assigned;
}

/** `const x = value`, waiting where the value may be a promise. Without a bind the value is only evaluated. */
function bindValue(bind: Bind | undefined, value: Value | undefined, exit: Step): Step[] {
  const base = { lead: exit.lead, at: exit.at, ...(exit.trail && { trail: exit.trail }) };
  if (value && (isTask(value) || value.promise !== 'no'))
    return [{ ...base, kind: 'wait', on: isTask(value) ? value : awaitableOf(value), ...(bind && { bind }) }];
  // A name that was only declared is undefined already.
  if (bind?.how === 'assign' && bind.fresh && !value) return leadOnly(base);
  if (!bind) return !value || value.pure ? leadOnly(base) : [{ ...base, kind: 'code', code: value, made: true }];
  const text: Snippet = value ?? {
    parts: ['undefined'],
    uses: [],
    declares: [],
    promise: 'no',
    pure: true,
    at: exit.at,
  };
  if (bind.how === 'let' && !value)
    return [{ ...base, kind: 'code', made: true, code: joined(['let ', bind.pattern], exit) }];
  const parts = bind.how === 'assign' ? assignment(bind, text) : [`${bind.how} `, bind.pattern, ' = ', text];
  return [{ ...base, kind: 'code', made: true, code: joined(parts, exit) }];
}

function leadOnly(base: Pick<Step, 'lead' | 'at' | 'trail'>): Step[] {
  return base.lead.some((each) => each !== '') || base.trail?.length
    ? [{ ...base, kind: 'code', made: true, code: { parts: [], uses: [], declares: [], promise: 'no', at: base.at } }]
    : [];
}

/** The names were declared further out. */
function assignment(bind: Bind, value: Snippet): (string | Snippet)[] {
  return [{ ...bind.pattern, declares: [] }, ' = ', value];
}

function awaitableOf(value: Snippet): Task {
  return { kind: 'call', form: 'awaitable', awaitable: value };
}

/** `let x;` before, `x = …` inside. A pattern can't be declared without a value: a name of ours stands for it. */
export function declaredFirst(bind: Bind | undefined, step: Pick<Step, 'at'>): [StepOf<'code'>[], Bind | undefined] {
  if (!bind || bind.how === 'assign') return [[], bind];
  const binding = plainName(bind);
  const name = binding ?? { name: 'result' };
  const pattern: Snippet = { parts: [name], uses: [], declares: [], promise: 'no', pure: true, at: bind.pattern.at };
  const declared: Snippet = binding
    ? joined(['let ', bind.pattern], step)
    : { ...joined(['let ', pattern], step), declares: [{ binding: name, how: 'lexical' }] };
  const declare: StepOf<'code'> = { kind: 'code', made: true, code: declared, lead: [], at: step.at };
  return [[declare], { pattern, how: 'assign', fresh: true }];
}

/** Takes the name of ours apart, as the pattern says. */
export function unpack(bind: Bind | undefined, assign: Bind | undefined, step: Pick<Step, 'at'>): Step[] {
  if (!bind || !assign || bind.how === 'assign' || plainName(bind)) return [];
  const code = joined([`${bind.how} `, bind.pattern, ' = ', assign.pattern], step);
  return [{ kind: 'code', made: true, code, lead: [], at: step.at }];
}

/** The binding of a pattern that is one name (with or without a type). */
export function plainName(bind: Bind): Binding | undefined {
  return bind.pattern.destructures || bind.pattern.declares.length !== 1
    ? undefined
    : bind.pattern.declares[0]?.binding;
}

function joined(parts: readonly (string | Snippet)[], step: Pick<Step, 'at'>): Snippet {
  const inner = parts.filter((part): part is Snippet => typeof part !== 'string');
  return {
    parts: parts.flatMap((part) => (typeof part === 'string' ? [part] : part.parts)),
    uses: inner.flatMap((part) => part.uses),
    declares: inner.flatMap((part) => part.declares),
    promise: 'no',
    ...(inner.every((part) => part.calm || part.pure) && { calm: true }),
    at: step.at,
  };
}

/** It ends with its one exit, or has none. */
function isStraight({ body, target }: BlockTask): boolean {
  const last = body.steps.at(-1);
  return !exits(body.steps.slice(0, -1), target) && (!last || last.kind === 'exit' || !exits([last], target));
}

function inlineTask(task: Task, which: Which): Task {
  const inlined = mapTask(task, (own) => ({ ...own, body: inlineBlocks(own.body, which) }));
  return inlined.kind === 'together' ? asApart(inlined) : inlined;
}

/** One of several tasks that run together is a function of its own. */
function asApart(task: Task): Task {
  if (task.kind === 'together') return { ...task, tasks: task.tasks.map(asApart) };
  return task.kind === 'block' ? { ...task, apart: true } : task;
}

/** Exits of one target become exits of another, in the flow's own blocks. */
function retarget(steps: readonly Step[], from: Target, to: Target): Step[] {
  return steps.map((step) => {
    if (step.kind === 'exit' && step.how === 'succeed' && step.of === from) return { ...step, of: to };
    return mapBlocks(step, (block) => ({ ...block, steps: retarget(block.steps, from, to) }));
  });
}

/** Comments of the step that was spliced stand above the first of its parts; those at the block's end stay behind the last. */
function withLead(steps: readonly Step[], step: Pick<Step, 'lead' | 'trail' | 'at'>, tail: readonly Lead[]): Step[] {
  const [first, ...rest] = steps;
  const comments = tail.filter((each) => each !== '');
  const end: Step[] =
    comments.length || step.trail?.length ? leadOnly({ lead: [...comments, ...(step.trail ?? [])], at: step.at }) : [];
  if (!first) return [...leadOnly({ lead: step.lead, at: step.at }), ...end];
  const led = [{ ...first, lead: mergeLeads(step.lead, first.lead) }, ...rest];
  // Behind an exit nothing is reached, but a comment may stand there.
  return [...led, ...end];
}

function mergeLeads(outer: readonly Lead[], inner: readonly Lead[]): Lead[] {
  const own =
    outer.length > 0 || inner.some((each) => each !== '')
      ? inner.filter((each, index) => each !== '' || index > 0)
      : [];
  return [...outer, ...own];
}

/** An exit of a target that is not the innermost function's own: a local function could not leave it. */
export function foreignExits(task: BlockTask): Exit[] {
  const own = new Set<Target>([task.target]);
  const inner = (steps: readonly Step[]): Exit[] =>
    exitsIn(steps).filter((exit) => (exit.how === 'succeed' ? !own.has(exit.of) : false));
  return inner(task.body.steps);
}

export function nestedTasks(steps: readonly Step[]): Task[] {
  return steps.flatMap((step) => {
    const own =
      step.kind === 'wait'
        ? [step.on]
        : step.kind === 'exit' && step.how === 'succeed' && step.with && isTask(step.with)
          ? [step.with]
          : [];
    return [...own, ...blocksOf(step).flatMap((block) => nestedTasks(block.steps))];
  });
}
