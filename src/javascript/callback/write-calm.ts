import type { Binding, Block, Part, Snippet, Step, StepOf, Task, Value } from '../../flow/model.js';
import { blocksOf, isTask, leaves } from '../../flow/query.js';
import { everySnippet, everyStep } from './write-names.js';
import { isSheltered, type Env } from './write-model.js';

/** Questions that the callback writer asks of steps: what can throw, what waits, what leaves. */

const quiet = (snippet: Snippet): boolean =>
  snippet.calm === true || snippet.pure === true || snippet.parts.every(isHarmless);

/** Words and names of our own. */
function isHarmless(part: Part): boolean {
  return typeof part === 'string' ? /^[\w\s=!,;]*$/.test(part) : 'name' in part;
}

/** Does the step wait, in this function? */
export function waitsIn(step: Step): boolean {
  if (step.kind === 'wait') return true;
  if (step.kind === 'exit') return step.how === 'succeed' && !!step.with && isTask(step.with);
  return blocksOf(step).some((block) => block.steps.some(waitsIn));
}

/** Text as in the source will do: no wait, no answer, no jump out of it, and no throw that would go elsewhere than errors do. */
export function isPlain(step: Step, env: Env): boolean {
  return !waitsIn(step) && !leavesFrom(step, isSheltered(env), false, 0, env.breaks?.kind === 'native');
}

function leavesFrom(step: Step, sheltered: boolean, guarded: boolean, loops: number, native: boolean): boolean {
  if (step.kind === 'exit') {
    if (step.how === 'succeed') return true;
    if (step.how === 'fail') return !sheltered && !guarded;
    return !!step.label || (loops === 0 && !native);
  }
  if (step.kind === 'guard') {
    const body = step.body.steps.some((each) => leavesFrom(each, sheltered, guarded || !!step.onFail, loops, native));
    const others = [step.onFail?.body, step.always].some((block) =>
      block?.steps.some((each) => leavesFrom(each, sheltered, guarded, loops, native)),
    );
    return body || others;
  }
  const inner = loops + (step.kind === 'loop' || step.kind === 'switch' ? 1 : 0);
  return blocksOf(step).some((block) =>
    block.steps.some((each) => leavesFrom(each, sheltered, guarded, inner, native)),
  );
}

/** Can what runs of this step before the first wait throw? */
export function mayThrow(step: Step, env: Env): boolean {
  const plain = isPlain(step, env);
  switch (step.kind) {
    case 'code':
      return !quiet(step.code);
    case 'exit':
      if (step.how === 'fail') return !quiet(step.with);
      return step.how === 'succeed' && !!step.with && valueMayThrow(step.with);
    case 'wait':
      return startMayThrow(step.on);
    case 'branch':
      return !quiet(step.test) || (plain && blockMayThrow([step.then, step.else], env));
    case 'switch':
      return (
        !quiet(step.on) ||
        step.arms.some(({ label }) => !quiet(label)) ||
        (plain &&
          blockMayThrow(
            step.arms.map((arm) => arm.body),
            env,
          ))
      );
    case 'loop':
      return plain
        ? !quiet(step.head) || (!!step.foot && !quiet(step.foot)) || blockMayThrow([step.body], env)
        : startsBadly(step);
    case 'guard':
      return plain && blockMayThrow([...(step.onFail ? [step.onFail.body] : [step.body]), step.always], env);
  }
}

function blockMayThrow(blocks: readonly (Block | undefined)[], env: Env): boolean {
  return blocks.some((block) =>
    block?.steps.some((step) => (step.kind === 'exit' && step.how === 'fail') || mayThrow(step, env)),
  );
}

/** What a loop does once, before its first turn. */
function startsBadly({ form }: StepOf<'loop'>): boolean {
  if (form?.kind === 'for') return !!form.init && !quiet(form.init);
  return form?.kind === 'in' && !quiet(form.over);
}

function valueMayThrow(value: Value): boolean {
  return isTask(value) ? startMayThrow(value) : !quiet(value);
}

/** Can starting it throw, before anything is waited for? What `callbackify` is given answers with its errors. */
export function startMayThrow(task: Task): boolean {
  switch (task.kind) {
    case 'call':
      return task.callback ? !(task.args ?? []).every(quiet) || !task.args : false;
    case 'block':
      return false;
    case 'fanOut':
      return task.join === 'race' && !(task.over.list && quiet(task.over));
    case 'together':
      return false;
  }
}

/** A promise for sure, and making it can't throw: `callbackify` may be given a plain arrow. */
export function isSurePromise(task: Task & { kind: 'call' }): boolean {
  return task.awaitable.promise === 'yes' && !!task.callee?.pure && !!task.args?.every(quiet);
}

/** Bindings that these steps declare in the block that they stand in. */
export function declaredBy(steps: readonly Step[]): Set<Binding> {
  const found = new Set<Binding>();
  for (const step of steps) {
    if (step.kind === 'code') step.code.declares.forEach(({ binding }) => found.add(binding));
    if (step.kind === 'wait' && step.bind && step.bind.how !== 'assign')
      step.bind.pattern.declares.forEach(({ binding }) => found.add(binding));
  }
  return found;
}

/** Do the steps, with all that is inside them, say one of these names? */
export function says(steps: readonly Step[], names: ReadonlySet<Binding>): boolean {
  if (names.size === 0) return false;
  let found = false;
  everyStep({ steps, tail: [] }, (step) => {
    for (const snippet of everySnippet(step)) {
      if (snippet.uses.some((use) => use.binding && names.has(use.binding))) found = true;
      if (snippet.parts.some((part) => typeof part === 'object' && 'name' in part && names.has(part))) found = true;
    }
  });
  return found;
}

/** Does each way through the steps to their end, or to the next turn, wait? */
export function alwaysWaits(steps: readonly Step[]): boolean {
  for (const step of steps) {
    if (step.kind === 'wait') return true;
    if (step.kind === 'exit') return step.how !== 'continue';
    if (step.kind === 'branch') {
      const arms = [step.then.steps, step.else?.steps ?? []];
      if (arms.some((arm) => hasContinue(arm) && !alwaysWaits(arm))) return false;
      if (arms.every((arm) => alwaysWaits(arm) || leaves(arm))) return true;
      continue;
    }
    if (step.kind === 'guard' && guardWaits(step)) return true;
    if (blocksOf(step).some((block) => hasContinue(block.steps))) return false;
  }
  return false;
}

/** What throws before the first wait goes to the handler at once. */
function guardWaits({ body, onFail, always }: StepOf<'guard'>): boolean {
  if (always && alwaysWaits(always.steps)) return true;
  if (!alwaysWaits(body.steps)) return false;
  const [first] = body.steps;
  const task =
    first?.kind === 'wait' ? first.on : first?.kind === 'exit' && first.how === 'succeed' ? first.with : undefined;
  const safe = !!task && isTask(task) && !startMayThrow(task);
  return safe || !onFail || leaves(onFail.body.steps) || alwaysWaits(onFail.body.steps);
}

function hasContinue(steps: readonly Step[]): boolean {
  return steps.some((step) =>
    step.kind === 'exit'
      ? step.how === 'continue'
      : step.kind !== 'loop' && blocksOf(step).some((block) => hasContinue(block.steps)),
  );
}
