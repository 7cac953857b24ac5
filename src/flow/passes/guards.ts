import type { Binding, Block, Snippet, Step, StepOf } from '../model.js';
import { isTask, leaves, mapBlocks } from '../query.js';
import { plainName } from './inline.js';

/**
 * An error branch that guards one wait becomes a guard around that wait alone: what follows stays outside of it.
 *
 *   wait v = f() onFail(e) { A; exit }   becomes   let v; guard { v = wait f() } onFail(e) { A; exit }
 */
export function guardWaits(block: Block): Block {
  const out: Step[] = [];
  for (let i = 0; i < block.steps.length; i++) {
    const raw = block.steps[i]!;
    const step = mapBlocks(mapTasks(raw), guardWaits);
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

function mapTasks(step: Step): Step {
  const map = <T>(value: T): T => {
    if (typeof value !== 'object' || !value || !('kind' in value)) return value;
    const task = value as unknown as { kind: string; body?: Block; each?: { body: Block }; tasks?: readonly unknown[] };
    if (task.kind === 'block') return { ...value, body: guardWaits(task.body!) };
    if (task.kind === 'fanOut') return { ...value, each: { ...task.each, body: guardWaits(task.each!.body) } };
    if (task.kind === 'together') return { ...value, tasks: task.tasks!.map(map) };
    return value;
  };
  if (step.kind === 'wait') return { ...step, on: map(step.on) };
  if (step.kind === 'exit' && step.how === 'succeed' && step.with && isTask(step.with))
    return { ...step, with: map(step.with) };
  return step;
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
  if (!bind || bind.how === 'assign') return [guardOf(step, { ...wait, ...(bind && { bind }), lead: [] })];
  const binding = plainName(bind);
  const name: Binding = binding ?? { name: 'result' };
  const pattern: Snippet = { parts: [name], uses: [], declares: [], promise: 'no', pure: true, at: bind.pattern.at };
  // A callback that went on after an error had its parameters all the same: a list that is taken apart must be there.
  const open = binding || leaves(step.onFail!.body.steps) ? undefined : bind.pattern.parts[0];
  const empty = typeof open !== 'string' ? '' : open.startsWith('[') ? ' = []' : ' = {}';
  const declare: Snippet = binding
    ? { ...bind.pattern, parts: ['let ', ...bind.pattern.parts] }
    : { ...pattern, parts: ['let ', name, empty], declares: [{ binding: name, how: 'lexical' }] };
  const unpacked: Step[] = binding
    ? []
    : [
        {
          kind: 'code',
          made: true,
          lead: [],
          at: step.at,
          code: { ...bind.pattern, parts: [`${bind.how} `, ...bind.pattern.parts, ' = ', name] },
        },
      ];
  return [
    { kind: 'code', made: true, code: declare, lead: step.lead, at: step.at },
    { ...guardOf(step, { ...wait, bind: { pattern, how: 'assign' }, lead: [] }), lead: [] },
    ...unpacked,
  ];
}
