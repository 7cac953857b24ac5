import type { Block, BlockTask, Step, StepOf } from '../model.js';
import { isTask, leaves, mapBlocks, mapTaskOf } from '../query.js';
import { declaredFirst, plainName, unpack } from './inline.js';

/**
 * An error branch that guards one wait becomes a guard around that wait alone: what follows stays outside of it.
 *
 *   wait v = f() onFail(e) { A; exit }   becomes   let v; guard { v = wait f() } onFail(e) { A; exit }
 */
export function guardWaits(block: Block): Block {
  const out: Step[] = [];
  for (let i = 0; i < block.steps.length; i++) {
    const raw = block.steps[i]!;
    const step = mapBlocks(mapTaskOf(raw, guardOwn), guardWaits);
    if (step.kind !== 'wait' || !step.onFail) {
      out.push(step);
      continue;
    }
    const next = block.steps[i + 1];
    if (next && returnsItsValue(step, next)) {
      out.push(guardOf(step, { ...next, with: step.on, lead: [] } as Step));
      i++;
    } else out.push(...declaredGuard(step));
  }
  return { ...block, steps: out };
}

function guardOwn(own: BlockTask): BlockTask {
  return { ...own, body: guardWaits(own.body) };
}

/** `wait v …; exit v`, when the error branch can't get there: the wait itself can be returned. */
function returnsItsValue(wait: StepOf<'wait'>, next: Step): boolean {
  const binding = wait.bind && wait.bind.how !== 'assign' ? plainName(wait.bind) : undefined;
  if (!binding || !wait.onFail || !leaves(wait.onFail.body.steps)) return false;
  if (next.kind !== 'exit' || next.how !== 'succeed' || !next.with || isTask(next.with)) return false;
  if (next.lead.some((each) => each !== '') || next.unawaited) return false;
  const [use, more] = next.with.uses;
  return next.with.pure === true && !more && use?.binding === binding;
}

function guardOf(wait: StepOf<'wait'>, body: Step): Step {
  return {
    kind: 'guard',
    body: { steps: [body], tail: [] },
    onFail: wait.onFail,
    lead: wait.lead,
    at: wait.at,
    ...(wait.trail && { trail: wait.trail }),
  };
}

function declaredGuard(step: StepOf<'wait'>): Step[] {
  const { onFail: _onFail, bind, trail: _trail, ...wait } = step;
  const [[declare], assign] = declaredFirst(bind, step);
  const guard = guardOf(step, { ...wait, ...(assign && { bind: assign }), lead: [] });
  if (!declare) return [guard];
  const code = { ...declare.code, parts: [...declare.code.parts, emptyValue(step)] };
  return [{ ...declare, code, lead: step.lead }, { ...guard, lead: [] }, ...unpack(bind, assign, step)];
}

/** A callback that went on after an error had its parameters all the same: a list that is taken apart must be there. */
function emptyValue({ bind, onFail }: StepOf<'wait'>): string {
  const open = !bind || plainName(bind) || leaves(onFail!.body.steps) ? undefined : bind.pattern.parts[0];
  if (typeof open !== 'string') return '';
  return open.startsWith('[') ? ' = []' : ' = {}';
}
