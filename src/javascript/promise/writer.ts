import type { Block, Entry } from '../../flow/model.js';
import { inlineBlocks } from '../../flow/passes/inline.js';
import { simplify } from '../../flow/passes/simplify.js';
import type { Writer } from '../writers.js';
import { planChains, writePlanned } from './write.js';
import type { Planned } from './write.js';
import { Unsayable } from './write-model.js';

const plans = new WeakMap<Block, Planned>();

/** Promise chains: what follows a wait is the next link, or a handler inside where it needs what came before. */
export const promiseWriter: Writer = {
  keyword: false,
  prepare(entry) {
    const flow = simplify(inlineBlocks(entry.flow, 'straight'), entry.target, false);
    try {
      plans.set(flow, planChains(entry, flow));
    } catch (thrown) {
      if (thrown instanceof Unsayable) return { code: thrown.code, at: thrown.at };
      throw thrown;
    }
    return { flow };
  },
  write: (entry: Entry, flow, pen) => writePlanned(entry, plans.get(flow)!, pen),
};
