import type { Snippet, Step, Task } from '../../flow/model.js';
import { isTask } from '../../flow/query.js';
import type { FileContext } from '../context.js';
import type { ts } from '../parse.js';
import { limitIn, windowNeed } from './window.js';

/** Steps of a fan-out of which at most `most` run at once, and of which no more start after a failure: `async.mapLimit`. */
export function windowed(steps: readonly Step[], most: Snippet, limit: ts.Expression, ctx: FileContext): Step[] {
  const known = limitIn(limit, ctx);
  const window = windowNeed({ rule: 'stop', checked: known === undefined || known < 1 });
  const bound = (task: Task): Task => (task.kind === 'fanOut' ? { ...task, limit: most, window } : task);
  return steps.map((step) => {
    if (step.kind === 'wait') return { ...step, on: bound(step.on) };
    if (step.kind !== 'exit' || step.how !== 'succeed' || !step.with || !isTask(step.with)) return step;
    return { ...step, with: bound(step.with) };
  });
}
