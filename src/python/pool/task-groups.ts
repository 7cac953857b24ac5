import { isName } from '../file.js';
import { walk, walkOwn, type Expr, type Node, type With } from '../tree.js';
import { note, refuse, type Unit } from '../unit.js';
import { boundOf, neverFails } from './bound.js';
import type { SyncContext } from './context.js';
import { Cluster, type Fans, type Spawn } from './fans.js';
import { targetsOf } from './limits.js';

/*
 * `asyncio.TaskGroup` is a pool that its tasks are submitted to: both are left when all is done. What the first failure stops is not stopped; what does not
 * end by itself is refused.
 */

const GROUP = (pool: string) => (name: string) => `class ${name}(${pool}):
    """Waits for all its tasks; the first error is raised in a group, as asyncio.TaskGroup does."""

    def __enter__(self):
        self.errors = []
        return super().__enter__()

    def submit(self, fn, /, *args, **kwargs):
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(self.done)
        return future

    def done(self, future):
        if future.exception() is not None:
            self.errors.append(future.exception())

    def __exit__(self, kind, error, trace):
        super().__exit__(kind, error, trace)
        errors = [error] if isinstance(error, Exception) else self.errors[:1]
        if errors and (error is None or isinstance(error, Exception)):
            raise ExceptionGroup("unhandled errors in a TaskGroup", errors) from None`;

/** Writes `async with TaskGroup() as group:` as a pool that is entered, and its tasks as submitted to it. */
export function writeGroup(
  ctx: SyncContext,
  unit: Unit,
  stmt: With,
  made: Expr,
  fans: Fans,
  submit: (spawn: Spawn, pool: string) => void,
): void {
  const name = stmt.items.find((item) => item.context_expr === made)?.optional_vars;
  const binding = isName(name) ? unit.file.scopes.bindingOf(name) : undefined;
  const all = fans.clusters.flatMap((cluster) => cluster.spawns);
  const spawns = all.filter(({ group }) => group && unit.file.scopes.bindingOf(group) === binding);
  const joined = fans.clusters.find(
    (each) => each.joins.length > 0 && each.spawns.some((spawn) => spawns.includes(spawn)),
  );
  if (joined) return refuse(unit, 'cancellation', joined.joins[0]!.outer, 'TaskGroup');
  const stray = binding?.uses.find((use) => !spawns.some(({ node }) => node.start === use.start));
  if (!binding || stray || binding.sites.length > 1) return refuse(unit, 'cancellation', stray ?? made, 'TaskGroup');
  const together = new Cluster();
  together.spawns.push(...spawns);
  const targets = targetsOf(ctx.project, unit.file, together);
  if (targets.some(({ def }) => goesOnForEver(def.body))) return refuse(unit, 'cancellation', made, 'TaskGroup');
  const bound = boundOf(ctx, unit, together, stmt);
  if (bound === undefined) return refuse(unit, 'bound-unknown', spawns[0]?.node ?? made);
  const isSafe =
    targets.length === spawns.length && targets.every((fn) => neverFails(fn.file, fn.def)) && onlyStarts(stmt);
  const pool = ctx.units.need(unit, 'concurrent.futures', 'ThreadPoolExecutor');
  const helper = isSafe ? pool : ctx.units.helper(unit, 'TaskGroup', GROUP(pool));
  if (!isSafe) note(unit, 'others-finish-first', made);
  unit.rewrite.replace(made, `${helper}(max_workers=${bound})`);
  for (const spawn of spawns) submit(spawn, spawn.group!.id);
}

/** `while True` with no way out but an error. */
export function goesOnForEver(body: readonly Node[]): boolean {
  let endless = false;
  walkOwn(body, (node) => {
    if (node.nodeType !== 'While' || node.test.nodeType !== 'Constant' || !node.test.value) return;
    let leaves = false;
    walkOwn(node.body, (inner) => void (leaves ||= inner.nodeType === 'Return' || inner.nodeType === 'Break'));
    endless ||= !leaves;
  });
  return endless;
}

/** The block does nothing but start tasks. */
function onlyStarts(stmt: With): boolean {
  let fine = true;
  for (const each of stmt.body)
    walk(each, (node) => void (fine &&= !/^(?:Await|Raise|AsyncWith|AsyncFor)$/.test(node.nodeType)));
  return fine;
}
