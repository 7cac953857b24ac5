import type { Block, Task } from '../../flow/model.js';
import { blocksOf, isTask } from '../../flow/query.js';
import type { PlacedRefusal, PlannedGroup } from '../plan.js';

interface Plan {
  readonly groups: readonly PlannedGroup[];
  readonly refusals: readonly PlacedRefusal[];
}

/** Of what callback functions could become, those that hold a window: `async.mapLimit(list, 4, task, cb)`. */
export function onlyWindows(read: Plan, rule: string): Plan {
  return {
    groups: read.groups
      .filter((group) => group.entries.some(({ entry }) => holdsWindow(entry.flow)))
      .map((group) => ({ ...group, rule })),
    refusals: read.refusals
      .filter(({ ctx, refusal }) =>
        /\b(map|each|forEach)Limit\b/.test(ctx.text.slice(refusal.at.start, refusal.at.end)),
      )
      .map((each) => ({ ...each, rule })),
  };
}

function holdsWindow(block: Block): boolean {
  return block.steps.some((step) => {
    if (blocksOf(step).some(holdsWindow)) return true;
    if (step.kind === 'wait') return isWindow(step.on);
    return step.kind === 'exit' && step.how === 'succeed' && !!step.with && isTask(step.with) && isWindow(step.with);
  });
}

function isWindow(task: Task): boolean {
  switch (task.kind) {
    case 'call':
      return false;
    case 'fanOut':
      return !!task.limit || holdsWindow(task.each.body);
    case 'together':
      return task.tasks.some(isWindow);
    case 'block':
      return holdsWindow(task.body);
  }
}
