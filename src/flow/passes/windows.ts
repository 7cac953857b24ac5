import type { Block, Step, Task } from '../model.js';
import { blocksOf, isTask, mapBlocks, mapTaskOf } from '../query.js';

/** Is there a window of the source in the flow, one that could stay a call? */
export function holdsWindow(flow: Block): boolean {
  return flow.steps.some((step) => {
    if (blocksOf(step).some(holdsWindow)) return true;
    if (step.kind === 'wait') return isHeld(step.on);
    return step.kind === 'exit' && step.how === 'succeed' && !!step.with && isTask(step.with) && isHeld(step.with);
  });
}

function isHeld(task: Task): boolean {
  if (task.kind === 'block') return holdsWindow(task.body);
  if (task.kind === 'together') return task.tasks.some(isHeld);
  return task.kind === 'fanOut' && (!!task.held || holdsWindow(task.each.body));
}

/** The same flow with every window of the source called as it stands. */
export function withoutHeld(flow: Block): Block {
  const plain = (task: Task): Task => {
    if (task.kind === 'together') return { ...task, tasks: task.tasks.map(plain) };
    return task.kind === 'fanOut' && task.held ? task.held.call : task;
  };
  const steps = flow.steps.map((raw): Step => {
    const step = mapTaskOf(mapBlocks(raw, withoutHeld), (own) => ({ ...own, body: withoutHeld(own.body) }));
    if (step.kind === 'wait') return { ...step, on: plain(step.on) };
    if (step.kind !== 'exit' || step.how !== 'succeed' || !step.with || !isTask(step.with)) return step;
    return { ...step, with: plain(step.with) };
  });
  return { ...flow, steps };
}

/** What was read of windows in the flow, by the places of their calls. */
export function heldIn(flow: Block): Task[] {
  const found: Task[] = [];
  const inTask = (task: Task): void => {
    if (task.kind === 'block') inBlock(task.body);
    if (task.kind === 'together') task.tasks.forEach(inTask);
    if (task.kind !== 'fanOut') return;
    if (task.held) found.push(task.held.call);
    inBlock(task.each.body);
  };
  const inBlock = (block: Block): void => {
    for (const step of block.steps) {
      blocksOf(step).forEach(inBlock);
      if (step.kind === 'wait') inTask(step.on);
      if (step.kind === 'exit' && step.how === 'succeed' && step.with && isTask(step.with)) inTask(step.with);
    }
  };
  inBlock(flow);
  return found;
}
