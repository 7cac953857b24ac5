import type { Bind, BlockTask, Block, Exit, Handler, Snippet, Step, Target, Task, Value } from './model.js';

/** Questions about a flow that passes and writers share. */

export const emptyBlock: Block = { steps: [], tail: [] };

export function isTask(value: Value): value is Task {
  return 'kind' in value;
}

/** The blocks that belong to the step's own function: not those of block tasks or fan-outs. */
export function blocksOf(step: Step): Block[] {
  const handler = (h?: Handler) => (h ? [h.body] : []);
  switch (step.kind) {
    case 'branch':
      return [step.then, ...(step.else ? [step.else] : [])];
    case 'loop':
      return [step.body];
    case 'switch':
      return step.arms.map((arm) => arm.body);
    case 'guard':
      return [step.body, ...handler(step.onFail), ...(step.always ? [step.always] : [])];
    case 'wait':
      return handler(step.onFail);
    case 'code':
    case 'exit':
      return [];
  }
}

/** The same step with each of its own blocks replaced. */
export function mapBlocks(step: Step, map: (block: Block) => Block): Step {
  const handler = (h?: Handler) => (h ? { ...h, body: map(h.body) } : undefined);
  switch (step.kind) {
    case 'branch':
      return { ...step, then: map(step.then), ...(step.else && { else: map(step.else) }) };
    case 'loop':
      return { ...step, body: map(step.body) };
    case 'switch':
      return { ...step, arms: step.arms.map((arm) => ({ ...arm, body: map(arm.body) })) };
    case 'guard':
      return {
        ...step,
        body: map(step.body),
        ...(step.onFail && { onFail: handler(step.onFail) }),
        ...(step.always && { always: map(step.always) }),
      };
    case 'wait':
      return step.onFail ? { ...step, onFail: handler(step.onFail) } : step;
    case 'code':
    case 'exit':
      return step;
  }
}

/** Can control never reach what stands behind these steps? */
export function leaves(steps: readonly Step[]): boolean {
  return steps.some((step) => {
    switch (step.kind) {
      case 'exit':
        return true;
      case 'branch':
        return !!step.else && leaves(step.then.steps) && leaves(step.else.steps);
      case 'guard':
        if (step.always && leaves(step.always.steps)) return true;
        return leaves(step.body.steps) && (!step.onFail || leaves(step.onFail.body.steps));
      case 'loop':
        return step.body.steps.length > 0 && isEndless(step.head) && !hasBreak(step.body.steps);
      case 'switch':
        return leavesSwitch(
          step.arms.map((arm) => arm.body.steps),
          step.arms.some((arm) => arm.isDefault),
        );
      case 'code':
      case 'wait':
        return false;
    }
  });
}

function leavesSwitch(arms: readonly (readonly Step[])[], hasDefault: boolean): boolean {
  const last = arms.at(-1);
  return (
    hasDefault &&
    !!last &&
    leaves(last) &&
    arms.every((steps) => !hasBreak(steps) && (steps.length === 0 || leaves(steps)))
  );
}

function isEndless(head: Snippet): boolean {
  return head.endless === true;
}

function hasBreak(steps: readonly Step[]): boolean {
  return steps.some((step) => {
    if (step.kind === 'exit') return step.how === 'break';
    // A `break` with a label may leave this loop from an inner one; without a label it is the inner one's.
    if (step.kind === 'loop' || step.kind === 'switch')
      return blocksOf(step).some((block) => hasLabelledBreak(block.steps));
    return blocksOf(step).some((block) => hasBreak(block.steps));
  });
}

function hasLabelledBreak(steps: readonly Step[]): boolean {
  return steps.some((step) =>
    step.kind === 'exit'
      ? step.how === 'break' && !!step.label
      : blocksOf(step).some((block) => hasLabelledBreak(block.steps)),
  );
}

/** Every exit in these steps that is not inside a function of its own. */
export function exitsIn(steps: readonly Step[]): Exit[] {
  return steps.flatMap((step) =>
    step.kind === 'exit' ? [step] : blocksOf(step).flatMap((block) => exitsIn(block.steps)),
  );
}

/** Is there an exit of this target in the steps? */
export function exits(steps: readonly Step[], target: Target): boolean {
  return exitsIn(steps).some((exit) => exit.how === 'succeed' && exit.of === target);
}

/** All snippets of a step itself, not of its blocks. */
export function snippetsIn(step: Step): Snippet[] {
  switch (step.kind) {
    case 'code':
      return [step.code];
    case 'wait':
      return [...(step.bind ? [boundBy(step.bind)] : []), ...snippetsOfTask(step.on)];
    case 'branch':
      return [step.test];
    case 'loop':
      return [step.head, ...(step.foot ? [step.foot] : [])];
    case 'switch':
      return [step.on, ...step.arms.map((arm) => arm.label)];
    case 'guard':
      return [];
    case 'exit':
      if (step.how === 'fail') return [step.with];
      if (step.how !== 'succeed' || !step.with) return [];
      return isTask(step.with) ? snippetsOfTask(step.with) : [step.with];
  }
}

/** An assignment declares nothing: its names stand further out. */
function boundBy(bind: Bind): Snippet {
  return bind.how === 'assign' ? { ...bind.pattern, declares: [] } : bind.pattern;
}

/** Snippets of a task that are evaluated in the scope where it is started; blocks inside are functions of their own. */
export function snippetsOfTask(task: Task): Snippet[] {
  switch (task.kind) {
    case 'call':
      return [task.awaitable];
    case 'fanOut':
      return [task.over, ...(task.limit ? [task.limit] : []), ...(task.via ? [task.via] : [])];
    case 'together':
      return task.tasks.flatMap(snippetsOfTask);
    case 'block':
      return [];
  }
}

/** The task with each block that is a function of its own replaced. */
export function mapTask(task: Task, map: (own: BlockTask) => BlockTask): Task {
  switch (task.kind) {
    case 'call':
      return task;
    case 'block':
      return map(task);
    case 'fanOut':
      return { ...task, each: map(task.each) };
    case 'together':
      return { ...task, tasks: task.tasks.map((each) => mapTask(each, map)) };
  }
}

/** The same for the task that a step waits for or hands on. */
export function mapTaskOf(step: Step, map: (own: BlockTask) => BlockTask): Step {
  if (step.kind === 'wait') return { ...step, on: mapTask(step.on, map) };
  if (step.kind === 'exit' && step.how === 'succeed' && step.with && isTask(step.with))
    return { ...step, with: mapTask(step.with, map) };
  return step;
}
