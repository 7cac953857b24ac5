import type { Block, BlockTask, Handler, Part, Snippet, Step, StepOf, Target } from '../model.js';
import { blocksOf, isTask, mapBlocks, mapTaskOf } from '../query.js';
import { plainName } from './inline.js';

/**
 * What nobody would write by hand goes: error branches that only rethrow, names we made up, a `return` at the very end.
 * `fills`: a wait may stand inside of an expression (`await` can).
 */
export function simplify(block: Block, target: Target, fills = true): Block {
  return dropLastExit(simplifyBlock(block, fills), target);
}

function simplifyBlock(block: Block, fills: boolean): Block {
  const own = (task: BlockTask): BlockTask => ({ ...task, body: simplify(task.body, task.target, fills) });
  const steps = block.steps.flatMap((raw): Step[] => {
    const step = mapBlocks(mapTaskOf(raw, own), (inner) => simplifyBlock(inner, fills));
    if (step.kind === 'guard') return dropRethrow(step);
    if (step.kind === 'branch') return [turned(step)];
    if (step.kind === 'wait' && step.onFail && onlyRethrows(step.onFail)) return [withoutHandler(step)];
    return [step];
  });
  return { ...block, steps: fuse(steps, fills) };
}

/** `if (x) {} else { A }` is `if (!x) { A }`. */
function turned(step: StepOf<'branch'>): Step {
  const { else: other, ...rest } = step;
  if (!other || other.steps.length === 0 || !isEmpty(step.then)) return step;
  const { test } = step;
  const negated = test.opposite ? test.opposite : test.loose ? ['!(', ...test.parts, ')'] : ['!', ...test.parts];
  return { ...rest, test: { ...test, parts: negated, loose: false, opposite: undefined }, then: other };
}

function isEmpty(block: Block): boolean {
  return block.steps.length === 0 && block.tail.every((each) => each === '');
}

function dropRethrow(step: StepOf<'guard'>): Step[] {
  if (!step.onFail || !onlyRethrows(step.onFail)) return [step];
  if (step.always)
    return [
      {
        kind: 'guard',
        body: step.body,
        always: step.always,
        lead: step.lead,
        at: step.at,
        ...(step.trail && { trail: step.trail }),
      },
    ];
  const [first, ...rest] = step.body.steps;
  // Its names would move into the block around: the names pass sees to that. Its comments must have a place to go.
  if (!first || step.body.tail.some((each) => each !== '') || step.trail?.length) return [step];
  return [{ ...first, lead: [...step.lead, ...first.lead] }, ...rest];
}

function withoutHandler(step: StepOf<'wait'>): Step {
  const { onFail: _, ...rest } = step;
  return rest;
}

/** `catch (err) { throw err; }`, without a comment that would be lost. */
function onlyRethrows(handler: Handler): boolean {
  const [only, more] = handler.body.steps;
  if (more || only?.kind !== 'exit' || only.how !== 'fail') return false;
  if ([...only.lead, ...handler.body.tail].some((each) => each !== '') || only.trail?.length) return false;
  return !!handler.param && namesExactly(only.with, handler.param.pattern);
}

function namesExactly(snippet: Snippet, pattern: Snippet): boolean {
  const binding = pattern.destructures ? undefined : pattern.declares[0]?.binding;
  const [part, more] = snippet.parts;
  if (!binding || !part || more) return false;
  if (part === binding) return true;
  const use = snippet.uses[0];
  return (
    typeof part === 'object' &&
    'start' in part &&
    use?.binding === binding &&
    use.at === part.start &&
    part.end - part.start === use.name.length
  );
}

/** `const v = await f(); return v;` is `return f();`, and a name that we made up goes where it is used. */
function fuse(steps: readonly Step[], fills: boolean): Step[] {
  const out: Step[] = [];
  for (const step of steps) {
    const before = out.at(-1);
    const fused =
      before?.kind === 'wait' && !before.onFail && !before.trail?.length ? fuseWith(before, step, fills) : undefined;
    if (fused) out[out.length - 1] = fused;
    else out.push(step);
  }
  return out;
}

function fuseWith(wait: StepOf<'wait'>, next: Step, fills: boolean): Step | undefined {
  const { bind } = wait;
  if (!bind || bind.how === 'assign' || next.lead.some((each) => each !== '')) return undefined;
  const binding = plainName(bind);
  if (!binding) return undefined;
  if (
    next.kind === 'exit' &&
    next.how === 'succeed' &&
    next.with &&
    !isTask(next.with) &&
    !next.unawaited &&
    namesExactly(next.with, bind.pattern)
  )
    return { ...next, with: wait.on, lead: wait.lead };
  if (!fills || !bind.invented || wait.on.kind !== 'call') return undefined;
  const awaited = awaitedParts(wait.on.awaitable);
  const fill = (snippet: Snippet): Snippet | undefined =>
    fillIn(snippet, binding, awaited, wait.on.kind === 'call' ? wait.on.awaitable : snippet);
  if (next.kind === 'exit' && next.how === 'succeed' && next.with && !isTask(next.with)) {
    const filled = fill(next.with);
    return filled && { ...next, with: filled, lead: wait.lead };
  }
  if (next.kind === 'exit' && next.how === 'fail') {
    const filled = fill(next.with);
    return filled && { ...next, with: filled, lead: wait.lead };
  }
  if (next.kind === 'code') {
    const filled = fill(next.code);
    return filled && { ...next, code: filled, lead: wait.lead };
  }
  if (next.kind === 'wait' && next.on.kind === 'call' && !next.onFail) {
    const filled = fill(next.on.awaitable);
    return filled && { ...next, on: { ...next.on, awaitable: filled }, lead: wait.lead };
  }
  return undefined;
}

function awaitedParts(awaitable: Snippet): Part[] {
  return awaitable.loose ? ['await (', ...awaitable.parts, ')'] : ['await ', ...awaitable.parts];
}

/** Puts the wait where its name stood, when nothing that could notice is evaluated before it. */
function fillIn(snippet: Snippet, binding: object, awaited: readonly Part[], from: Snippet): Snippet | undefined {
  const index = snippet.parts.indexOf(binding as Part);
  if (index < 0 || snippet.parts.indexOf(binding as Part, index + 1) >= 0) return undefined;
  if (snippet.uses.some((use) => use.binding === binding)) return undefined;
  const next = snippet.parts[index + 1];
  const wrapped = typeof next === 'string' && /^[.[(?!`]/.test(next) ? ['(', ...awaited, ')'] : awaited;
  return {
    ...snippet,
    parts: [...snippet.parts.slice(0, index), ...wrapped, ...snippet.parts.slice(index + 1)],
    uses: [...snippet.uses, ...from.uses],
  };
}

/** A `return;` where the function ends anyway. A comment on it stays, at the end of the block. */
function dropLastExit(block: Block, target: Target): Block {
  const last = block.steps.at(-1);
  if (!last) return block;
  const before = block.steps.slice(0, -1);
  if (last.kind === 'exit' && last.how === 'succeed' && last.of === target && !last.with) {
    const comments = [...last.lead.filter((each) => each !== ''), ...(last.trail ?? [])];
    return dropLastExit({ steps: before, tail: [...comments, ...block.tail] }, target);
  }
  // Not in a guard that ends with cleanup: what stands in `finally` runs either way, but a `return` there is no end of a path.
  if (last.kind !== 'branch' && (last.kind !== 'guard' || last.always)) return block;
  // An arm must not become empty: `if (!x) return;` says something that `if (!x) {}` hides.
  const mapped = mapBlocks(last, (inner) => {
    const dropped = dropLastExit(inner, target);
    return dropped.steps.length > 0 ? dropped : inner;
  });
  return { ...block, steps: [...before, mapped] };
}

/** Does any step of these wait (in this function)? */
export function waits(steps: readonly Step[]): boolean {
  return steps.some((step) => {
    if (step.kind === 'wait') return true;
    if (step.kind === 'exit' && step.how === 'succeed' && step.with && isTask(step.with)) return true;
    return blocksOf(step).some((block) => waits(block.steps));
  });
}
