import type { Binding, Block, Snippet, Step, StepOf } from '../../flow/model.js';
import { mapBlocks, mapTaskOf } from '../../flow/query.js';
import { declaredFirst, unpack } from '../../flow/passes/inline.js';
import { Unsayable } from './write-model.js';
import { snippetsUnder, suspends, usedIn } from './write-uses.js';

/**
 * Steps in an order and with declarations that handlers can stand around: what is used before it is declared (by a function that
 * runs later) is declared first, functions stand at the top of their block, and a loop's variables in front of it.
 */
export function hoisted(block: Block): Block {
  const steps = block.steps
    .map((step) =>
      mapBlocks(
        mapTaskOf(step, (own) => ({ ...own, body: hoisted(own.body) })),
        hoisted,
      ),
    )
    .flatMap(headFirst);
  return { ...block, steps: declaredEarly(functionsFirst(steps)) };
}

/** `for (let i = 0, n = 3; …; …)`: what has no short form is declared in front. */
function headFirst(step: Step): Step[] {
  if (step.kind !== 'loop' || !suspends(step) || step.form?.kind !== 'for' || step.form.counter) return [step];
  const { init, how, ...form } = step.form;
  if (!init) return [step];
  if (how !== 'var' && looksLater(step, declaredIn(init))) throw new Unsayable('shared-loop-variable', step.at);
  const code: StepOf<'code'> = { kind: 'code', made: true, code: init, lead: step.lead, at: step.at };
  return [code, { ...step, form, lead: [] }];
}

/** Functions can be called above the place where they are declared. */
function functionsFirst(steps: readonly Step[]): readonly Step[] {
  const firstWait = steps.findIndex(suspends);
  if (firstWait < 0) return steps;
  const late = steps.filter((step, index) => index > firstWait && isFunction(step) && isUsedBefore(step, steps, index));
  return late.length === 0 ? steps : [...late, ...steps.filter((step) => !late.includes(step))];
}

function isFunction(step: Step): boolean {
  return (
    step.kind === 'code' && step.code.declares.length > 0 && step.code.declares.every((each) => each.how === 'function')
  );
}

function isUsedBefore(step: Step, steps: readonly Step[], index: number): boolean {
  const used = usedIn(steps.slice(0, index));
  return step.kind === 'code' && step.code.declares.some((each) => used.has(each.binding));
}

/** `const user = await load()`, and a function above it that uses `user`. */
function declaredEarly(steps: readonly Step[]): Step[] {
  const out: Step[] = [];
  const before: { index: number; step: StepOf<'code'> }[] = [];
  steps.forEach((step, index) => {
    const names = step.kind === 'wait' && step.bind && step.bind.how !== 'assign' ? declaredIn(step.bind.pattern) : [];
    const first =
      names.length > 0 ? steps.slice(0, index).findIndex((each) => names.some((name) => usedIn([each]).has(name))) : -1;
    if (first < 0 || step.kind !== 'wait' || step.bind?.pattern.destructures) return void out.push(step);
    const [[declare], assign] = declaredFirst(step.bind, step);
    if (!declare || !assign) return void out.push(step);
    before.push({ index: first, step: declare });
    out.push({ ...step, bind: assign }, ...unpack(step.bind, assign, step));
  });
  for (const { index, step } of before.reverse()) out.splice(index, 0, step);
  return out;
}

function declaredIn(pattern: Snippet): Binding[] {
  return pattern.declares.map((each) => each.binding);
}

/** A function inside a turn that may look at the turn's own variable later. */
function looksLater(step: Step, names: readonly Binding[]): boolean {
  return snippetsUnder([step]).some((snippet) =>
    snippet.uses.some((use) => use.inner && use.binding && names.includes(use.binding)),
  );
}
