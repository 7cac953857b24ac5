import type { Block, Entry, Snippet } from '../../flow/model.js';
import { mapBlocks, mapTaskOf } from '../../flow/query.js';
import { inlineBlocks } from '../../flow/passes/inline.js';
import { simplify } from '../../flow/passes/simplify.js';
import type { Writer } from '../writers.js';
import { planChains, writePlanned } from './write.js';
import { hoisted } from './write-hoist.js';
import type { Planned } from './write.js';
import { Unsayable } from './write-model.js';

/** Comments at a block's end become a step, for a handler to take along. */
function commented(block: Block): Block {
  const steps = block.steps.map((step) =>
    mapBlocks(
      mapTaskOf(step, (own) => ({ ...own, body: commented(own.body) })),
      commented,
    ),
  );
  const comments = block.tail.filter((each) => each !== '');
  if (comments.length === 0) return { ...block, steps, tail: [] };
  const at = steps.at(-1)?.at ?? { start: 0, end: 0 };
  const code: Snippet = { parts: [], uses: [], declares: [], promise: 'no', calm: true, at };
  return { ...block, steps: [...steps, { kind: 'code', made: true, code, lead: comments, at }], tail: [] };
}

const plans = new WeakMap<Block, Planned>();

/** Promise chains: what follows a wait is the next link, or a handler inside where it needs what came before. */
export const promiseWriter: Writer = {
  keyword: false,
  prepare(entry) {
    try {
      const read = simplify(inlineBlocks(entry.flow, 'straight'), entry.target, false);
      const flow = hoisted(commented(read));
      plans.set(flow, planChains(entry, flow));
      return { flow };
    } catch (thrown) {
      if (thrown instanceof Unsayable) return { code: thrown.code, at: thrown.at };
      throw thrown;
    }
  },
  write: (entry: Entry, flow, pen) => writePlanned(entry, plans.get(flow)!, pen),
};
