import type { Block, Entry, Exit, Step, StepOf } from '../../flow/model.js';
import { guardWaits } from '../../flow/passes/guards.js';
import { inlineBlocks } from '../../flow/passes/inline.js';
import { simplify } from '../../flow/passes/simplify.js';
import { isTask, leaves, mapBlocks, mapTaskOf } from '../../flow/query.js';
import type { Pen } from '../pen.js';
import type { Source, Writer } from '../writers.js';
import { checkErrors, checkNames } from './write-check.js';
import { Unsayable } from './write-model.js';
import { shadowsIn } from './write-names.js';
import { writeEntry } from './write.js';

/** Error-first callbacks: what follows a wait stands in its continuation, errors go to the callback. */
export const callbackWriter: Writer = {
  keyword: false,
  prepare(entry, source) {
    const { target } = entry;
    const read = simplify(inlineBlocks(unfused(entry.flow)), target);
    const flow = waitedFor(simplify(guardsThatGoOn(read), target), entry, false);
    try {
      checkErrors(flow, source.text);
      checkNames(entry, flow, source.text);
      writeEntry(entry, flow, penWithoutFile(source));
      return { flow };
    } catch (thrown) {
      if (thrown instanceof Unsayable) return { code: thrown.code, at: thrown.at };
      throw thrown;
    }
  },
  rename: shadowsIn,
  write: writeEntry,
};

/** Writing once for the question whether it can be written. */
function penWithoutFile({ text, style, typescript }: Source): Pen {
  const canvas = {
    text,
    frozen: [],
    renames: new Map<number, string>(),
    nested: [],
    nameOf: ({ name }: { name: string }) => name,
  };
  return { canvas, style, typescript, need: ({ local }) => local };
}

/** A continuation's parameter has a name: what was made up stays. */
function unfused(block: Block): Block {
  return everywhere(block, (step) =>
    step.kind === 'wait' && step.bind?.invented ? { ...step, bind: { ...step.bind, invented: false } } : step,
  );
}

/** A function that is declared behind an exit is there all the same. */
function upToExit(block: Block): Block {
  const exit = block.steps.findIndex((step) => step.kind === 'exit');
  const behind = exit < 0 ? [] : block.steps.slice(exit + 1).filter(declaresFunction);
  if (behind.length === 0) return block;
  const before = block.steps.slice(0, exit + 1);
  const wait = before.findLastIndex((step) => step.kind !== 'code' && step.kind !== 'exit') + 1;
  return { ...block, steps: [...before.slice(0, wait), ...behind, ...before.slice(wait)] };
}

/** Other code there is never reached. */
function declaresFunction(step: Step): boolean {
  return step.kind === 'code' && step.code.declares[0]?.how === 'function';
}

function everywhere(block: Block, change: (step: Step) => Step): Block {
  const all = (inner: Block): Block => everywhere(inner, change);
  const steps = block.steps.map((step) =>
    change(
      mapBlocks(
        mapTaskOf(step, (own) => ({ ...own, body: all(own.body) })),
        all,
      ),
    ),
  );
  return upToExit({ ...block, steps });
}

/** An error branch that leaves stands in the continuation; one behind which the flow goes on is a guard around the wait. */
function guardsThatGoOn(block: Block): Block {
  const steps = block.steps.flatMap((raw): readonly Step[] => {
    const step = mapBlocks(
      mapTaskOf(raw, (own) => ({ ...own, body: guardsThatGoOn(own.body) })),
      guardsThatGoOn,
    );
    if (step.kind !== 'wait' || !step.onFail) return [step];
    const simple = step.on.kind === 'call' || step.on.kind === 'block';
    return simple && leaves(step.onFail.body.steps) ? [step] : guardWaits({ steps: [step], tail: [] }).steps;
  });
  return { ...block, steps };
}

/** What may be a promise is waited for before it is answered, but where a promise takes the answer. */
function waitedFor(block: Block, entry: Entry, guarded: boolean): Block {
  const steps = block.steps.map((step): Step => {
    const inner =
      step.kind === 'guard'
        ? guardedBlocks(step, entry, guarded)
        : mapBlocks(step, (each) => waitedFor(each, entry, guarded));
    const own = mapTaskOf(inner, (task) => ({ ...task, body: waitedFor(task.body, entry, true) }));
    return own.kind === 'exit' ? answer(own, entry, guarded) : own;
  });
  return { ...block, steps };
}

function guardedBlocks(step: StepOf<'guard'>, entry: Entry, guarded: boolean): Step {
  const inside = !!step.onFail || !!step.always || guarded;
  const { onFail } = step;
  return {
    ...step,
    body: waitedFor(step.body, entry, inside),
    ...(onFail && { onFail: { ...onFail, body: waitedFor(onFail.body, entry, !!step.always || guarded) } }),
    ...(step.always && { always: waitedFor(step.always, entry, true) }),
  };
}

function answer(step: Step & Exit, entry: Entry, guarded: boolean): Step {
  if (step.how !== 'succeed' || !step.with || isTask(step.with) || step.with.promise === 'no') return step;
  const direct = entry.shape.kind === 'promisified' && step.of === entry.target && (!guarded || step.unawaited);
  return direct ? step : { ...step, with: { kind: 'call', form: 'awaitable', awaitable: step.with } };
}
