import type { Binding, Exit, Snippet, Step, Task } from '../../flow/model.js';
import { blocksOf, isTask, leaves, snippetsIn, snippetsOfTask } from '../../flow/query.js';

/** What a promise writer asks about steps before it puts a function around them. */

/** Every snippet of the steps, however deep, those of functions inside too. */
export function snippetsUnder(steps: readonly Step[]): Snippet[] {
  return steps.flatMap((step) => [
    ...snippetsIn(step),
    ...handlerParams(step),
    ...tasksOf(step).flatMap(snippetsUnderTask),
    ...blocksOf(step).flatMap((block) => snippetsUnder(block.steps)),
  ]);
}

function handlerParams(step: Step): Snippet[] {
  const handler = step.kind === 'guard' || step.kind === 'wait' ? step.onFail : undefined;
  return handler?.param ? [handler.param.pattern] : [];
}

export function tasksOf(step: Step): Task[] {
  if (step.kind === 'wait') return [step.on];
  return step.kind === 'exit' && step.how === 'succeed' && step.with && isTask(step.with) ? [step.with] : [];
}

function snippetsUnderTask(task: Task): Snippet[] {
  switch (task.kind) {
    case 'call':
      return snippetsOfTask(task);
    case 'block':
      return snippetsUnder(task.body.steps);
    case 'fanOut':
      return [...snippetsOfTask(task), ...task.item, ...snippetsUnder(task.each.body.steps)];
    case 'together':
      return [...(task.keys ?? []), ...task.tasks.flatMap(snippetsUnderTask)];
  }
}

/** Bindings that the steps name. */
export function usedIn(steps: readonly Step[]): Set<Binding> {
  return new Set(snippetsUnder(steps).flatMap(bindingsIn));
}

/** Names that the steps mention, whatever they mean. */
export function wordsIn(steps: readonly Step[]): Set<string> {
  return new Set(
    snippetsUnder(steps).flatMap((snippet) => [
      ...snippet.uses.map((use) => use.name),
      ...snippet.parts.flatMap((part) => (typeof part === 'object' && 'name' in part ? [part.name] : [])),
    ]),
  );
}

export function bindingsIn(snippet: Snippet): Binding[] {
  return [
    ...snippet.uses.flatMap((use) => (use.binding ? [use.binding] : [])),
    ...snippet.parts.filter((part): part is Binding => typeof part === 'object' && 'name' in part),
  ];
}

/** What a step brings into the block that it stands in. */
export function declaredBy(step: Step): Binding[] {
  if (step.kind === 'loop') return [];
  return snippetsIn(step).flatMap((snippet) => snippet.declares.map((each) => each.binding));
}

/** Does one of these wait, in this function? */
export function suspends(step: Step): boolean {
  if (step.kind === 'wait') return true;
  if (step.kind === 'guard' && step.onFail && handsOnIn(step.body.steps)) return true;
  if (step.kind === 'guard' && step.always && handsOnIn([...step.body.steps, ...(step.onFail?.body.steps ?? [])]))
    return true;
  return blocksOf(step).some((block) => block.steps.some(suspends));
}

/** An answer that a guard around it waits for. */
function handsOnIn(steps: readonly Step[]): boolean {
  return steps.some(
    (step) =>
      (step.kind === 'exit' && step.how === 'succeed' && !!step.with && !step.unawaited && isAwaited(step.with)) ||
      blocksOf(step).some((block) => handsOnIn(block.steps)),
  );
}

function isAwaited(value: Snippet | Task): boolean {
  return isTask(value) || value.promise !== 'no';
}

/** The exits that leave these steps, but for errors: to the function's end, or to a loop or switch around them. */
export function jumpsOut(steps: readonly Step[], inLoop = false, inSwitch = false): Exit[] {
  return steps.flatMap((step): Exit[] => {
    if (step.kind === 'exit') {
      if (step.how === 'fail') return [];
      if (step.how === 'succeed' || step.label) return [step];
      return (step.how === 'break' ? inLoop || inSwitch : inLoop) ? [] : [step];
    }
    const loop = inLoop || step.kind === 'loop';
    const turn = inSwitch || step.kind === 'switch';
    return blocksOf(step).flatMap((block) => jumpsOut(block.steps, loop, turn));
  });
}

/** Can the steps be done, or the turn that they are be over, before anything was waited for? */
export function mayPassAtOnce(steps: readonly Step[]): boolean {
  for (const step of steps) {
    if (continuesIn(step)) return true;
    if (leaves([step]) || !passes(step)) return false;
  }
  return true;
}

function passes(step: Step): boolean {
  if (!suspends(step)) return true;
  switch (step.kind) {
    case 'branch':
      return mayPassAtOnce(step.then.steps) || !step.else || mayPassAtOnce(step.else.steps);
    case 'switch':
      return !step.arms.some((arm) => arm.isDefault) || step.arms.some((arm) => mayPassAtOnce(arm.body.steps));
    default:
      return false;
  }
}

/** A `continue` of the loop around, before the step has waited. */
function continuesIn(step: Step): boolean {
  if (step.kind === 'exit') return step.how === 'continue';
  if (step.kind === 'loop' || step.kind === 'wait') return false;
  if (step.kind === 'guard' && suspends(step)) return false;
  return blocksOf(step).some((block) => {
    for (const each of block.steps) {
      if (continuesIn(each)) return true;
      if (!passes(each)) return false;
    }
    return false;
  });
}

/** Names that hold what was waited for, and nothing else. */
export function awaitedIn(steps: readonly Step[]): Set<Binding> {
  return new Set(
    steps.flatMap((step) => {
      const bind = step.kind === 'wait' && step.bind?.how === 'const' ? step.bind.pattern : undefined;
      const own = bind && !bind.destructures ? bind.declares.map((each) => each.binding) : [];
      return [...own, ...blocksOf(step).flatMap((block) => [...awaitedIn(block.steps)])];
    }),
  );
}
