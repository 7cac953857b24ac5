import type { Binding } from '../scope.js';
import type { Attribute, Call, Expr, Name, Node } from '../tree.js';

/** A coroutine that is started without being waited for at once. */
export interface Spawn {
  /** What is replaced: the task that is made, or the coroutine's call where a list of coroutines is made. */
  readonly node: Expr;
  readonly call: Call;
  /** `*map(f, xs)`: there is no call of the function itself. */
  readonly mapped?: boolean;
  /** `*map(lambda x: f(x), xs)`: `call` is what the lambda calls, and this is the call of `map`. */
  readonly over?: Call;
  /** The name of the `TaskGroup` that it belongs to. */
  readonly group?: Name;
}

/** Where tasks are waited for. */
export interface Join {
  readonly kind: 'gather' | 'wait' | 'as_completed' | 'await';
  readonly call?: Call;
  /** The `await` (or the call that runs the loop) around it. */
  readonly outer: Expr;
}

/** Tasks that belong together: started, kept in the same variables, waited for together. */
export class Cluster {
  readonly spawns: Spawn[] = [];
  readonly joins: Join[] = [];
  /** Everything that must happen while the executor is there. */
  readonly nodes: Node[] = [];
  readonly variables = new Set<Binding>();
  /** They are told to stop, and do. */
  isStopped = false;
}

export interface Fans {
  readonly clusters: Cluster[];
  /** Coroutine calls that are waited for where they are made. */
  readonly spawnOf: ReadonlyMap<Expr, Spawn>;
  readonly joinOf: ReadonlyMap<Expr, Join>;
  /** Variables that hold tasks, or collections of them. */
  readonly tasks: ReadonlySet<Binding>;
  /** Reads of single tasks that are waited for: `await task`. */
  readonly awaits: ReadonlySet<Expr>;
}

/** What of the unit's surroundings the analysis needs. */
export interface SpawnQuestions {
  /** A call that makes a coroutine. */
  isCoroutine(call: Call): boolean;
  /** A function whose call makes a coroutine. */
  isCoroutineFunction(expr: Expr): boolean;
  /** `asyncio.create_task`, `ensure_future`, `loop.create_task`, `tg.create_task`. */
  isTaskMaker(call: Call): boolean;
  /** `asyncio.wait_for(x, 5)`, where the request in x keeps the limit by itself. */
  isTimeLimit(call: Call): boolean;
  /** `group` in `group.create_task(…)`, for a `TaskGroup`. */
  groupOf(call: Call): Name | undefined;
  /** `worker.cancel`, for workers that are told to stop in another way. */
  isStop(member: Attribute): boolean;
  /** `asyncio.run(x)`, `loop.run_until_complete(x)`: waits for x where no loop runs yet. */
  isRunner(call: Call): boolean;
}
