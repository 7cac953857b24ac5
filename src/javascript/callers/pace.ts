import type { Step, Target, Task } from '../../flow/model.js';
import { blocksOf, isTask } from '../../flow/query.js';
import type { Range } from '../../types.js';
import type { CallbackReading, StepReading } from '../callback/types.js';
import type { ts } from '../parse.js';
import { stepCalledAt } from './exits.js';

/**
 * Where an end is reached at once, when these calls may answer at once: the first of them that is passed on the way, else the end.
 * `undefined` when every way to an end waits. `failing`: only ends with an error count.
 */
export function endsSync(
  steps: readonly Step[],
  reading: CallbackReading,
  isSync: (call: ts.CallExpression, failing: boolean) => boolean,
  failing = false,
): Range | undefined {
  const asks = (at: Range, toFail: boolean): boolean => {
    const call = reading.waits.find((each) => each.getStart() === at.start && each.end === at.end);
    return !!call && isSync(call, toFail);
  };
  const asked = new Set<StepReading>();
  const looking: Looking = {
    waitsSync: (at) => asks(at, false),
    failsSync: (at) => asks(at, true),
    failing,
    isEnd: (target) => target === reading.target,
    ofCall: (step) => {
      const called = stepCalledAt(step, reading);
      if (!called) return undefined;
      if (asked.has(called)) return 'waits'; // who calls itself was called by somebody else first
      asked.add(called);
      const found = pace(called.flow.steps, looking);
      asked.delete(called);
      return typeof found === 'object' || found === 'goes' ? step.at : 'waits';
    },
  };
  const found = pace(steps, looking);
  return typeof found === 'object' ? found : undefined;
}

/** A place: an end can be reached at once. `waits`: no path gets past these steps at once. `goes`: some does. */
type Pace = Range | 'waits' | 'goes';

interface Looking {
  readonly waitsSync: (call: Range) => boolean;
  readonly failsSync: (call: Range) => boolean;
  readonly failing: boolean;
  /** Leaving this target is an end; any other only leaves a block. */
  readonly isEnd: (target: Target) => boolean;
  /** What fails here without a handler of its own is handled around it, and no end. */
  readonly caught?: boolean;
  /** Of a step that calls a local function: what that does. */
  readonly ofCall: (step: Step) => Pace | undefined;
}

function pace(steps: readonly Step[], looking: Looking): Pace {
  let passed: Range | undefined;
  for (const step of steps) {
    const found = paceOf(step, looking);
    if (found === 'goes') passed ??= step.kind === 'wait' ? step.at : undefined;
    else return typeof found === 'object' ? (passed ?? found) : found;
  }
  return 'goes';
}

function paceOf(step: Step, looking: Looking): Pace {
  if (step.kind === 'exit') {
    if (step.how === 'break' || step.how === 'continue') return 'goes';
    if (step.how !== 'succeed') return step.at;
    if (step.silent) return 'waits'; // nobody is told, at once or later
    const task = step.with && isTask(step.with) ? taskPace(step.with, step, looking) : 'goes';
    if (task !== 'goes') return task;
    if (step.with && isTask(step.with) && looking.isEnd(step.of) && mayFail(step.with, looking)) return step.at;
    return looking.isEnd(step.of) && !looking.failing ? step.at : 'waits';
  }
  const waited = step.kind === 'wait' ? taskPace(step.on, step, looking) : 'goes';
  if (waited !== 'goes') return waited;
  // What answers at once may fail at once, and that is told as it is.
  if (step.kind === 'wait' && !step.onFail && !looking.caught && mayFail(step.on, looking)) return step.at;
  const caught = step.kind === 'guard' && !!step.onFail;
  const inner = blocksOf(step).map((block, at) =>
    pace(block.steps, caught && at === 0 ? { ...looking, caught } : looking),
  );
  const end = inner.find((each) => typeof each === 'object');
  if (end) return step.kind === 'wait' ? step.at : end;
  if (step.kind === 'guard') return inner[0]!;
  if (step.kind === 'loop') return step.head.endless || step.foot ? inner[0]! : 'goes';
  return step.kind === 'branch' && step.else && inner.every((each) => each === 'waits') ? 'waits' : 'goes';
}

/** A block goes on where one of its own exits, or its last step, is reached at once. */
function taskPace(task: Task, step: Step, looking: Looking): Pace {
  if (task.kind === 'call') return looking.ofCall(step) ?? (looking.waitsSync(task.awaitable.at) ? 'goes' : 'waits');
  if (task.kind === 'fanOut') return taskPace(task.each, step, looking);
  if (task.kind === 'together') return togetherPace(task.tasks, step, looking);
  const found = pace(task.body.steps, looking);
  if (found !== 'waits') return found;
  const left = pace(task.body.steps, { ...looking, isEnd: (target) => target === task.target });
  return left === 'waits' ? 'waits' : 'goes';
}

/** All of them go on at once, and so does what waits for all; or one of them ends it. */
function togetherPace(tasks: readonly Task[], step: Step, looking: Looking): Pace {
  const paces = tasks.map((task) => taskPace(task, step, looking));
  const end = paces.find((each) => typeof each === 'object');
  return end ?? (paces.every((each) => each === 'goes') ? 'goes' : 'waits');
}

/** A call that answers at once with an error; what a block or a fan-out does is found in its own steps. */
function mayFail(task: Task, looking: Looking): boolean {
  if (task.kind === 'together') return task.tasks.some((each) => mayFail(each, looking));
  return task.kind === 'call' && looking.failsSync(task.awaitable.at);
}
