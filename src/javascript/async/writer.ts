import type { Step } from '../../flow/model.js';
import { guardWaits } from '../../flow/passes/guards.js';
import { foreignExits, inlineBlocks, nestedTasks } from '../../flow/passes/inline.js';
import { simplify } from '../../flow/passes/simplify.js';
import type { Range } from '../../types.js';
import type { Writer } from '../writers.js';
import { writeBody } from './write.js';

/** async/await: blocks that give a value are spliced in, error branches become `try` around the wait that they guarded. */
export const asyncWriter: Writer = {
  keyword: true,
  prepare({ flow: read, target }) {
    const flow = simplify(guardWaits(simplify(inlineBlocks(read), target)), target);
    return unsayable(flow.steps) ?? { flow };
  },
  write: writeBody,
};

/** A local async function can't leave the function around it. */
function unsayable(steps: readonly Step[]): { code: string; at: Range } | undefined {
  for (const task of nestedTasks(steps)) {
    if (task.kind !== 'block') continue;
    const exit = foreignExits(task)[0];
    if (exit) return { code: 'early-return', at: task.body.steps[0]?.at ?? { start: 0, end: 0 } };
  }
  return undefined;
}
