import { connectionLimit, isLimitChosen } from '../http/aiohttp-sessions.js';
import type { PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import { walk, type Call, type Node } from '../tree.js';
import type { Unit } from '../unit.js';
import { valueOf, type Value } from '../values.js';
import type { SyncContext } from './context.js';
import type { Cluster } from './fans.js';

/*
 * A session that was told how many connections it may open bounds all that asks it. Threads are bounded by their number; where that cannot be the same, the
 * session is given slots of its own.
 */

const SLOTS = (semaphore: string) => (name: string) => `def ${name}(session, limit):
    """No more requests of the session at once than its connections were limited to."""
    slots = ${semaphore}(limit)
    request = session.request

    def limited(*args, **kwargs):
        with slots:
            return request(*args, **kwargs)

    session.request = limited`;

/** Sessions with a limit that somebody chose, and what became of it. */
export class SessionLimits {
  private readonly byWorkers = new Map<Call, number>();
  private readonly bySlots = new Set<Call>();

  constructor(private readonly project: PyProject) {}

  /** How many workers keep the limit of the session that a group of tasks asks; undefined when workers are not what keeps it. */
  workersFor(unit: Unit, cluster: Cluster): string | undefined {
    const started = targetsOf(this.project, unit.file, cluster);
    const sessions = this.chosenIn(unit.file, cluster, started);
    const [only] = sessions;
    const limit = only && connectionLimit(only);
    const isSimple = sessions.length === 1 && limit && only.made!.file === unit.file && !fansOut(this.project, started);
    if (!isSimple || waitsForOthers(this.project, started)) {
      for (const { made } of sessions) this.bySlots.add(made!.call);
      return undefined;
    }
    const call = only.made!.call;
    this.byWorkers.set(call, (this.byWorkers.get(call) ?? 0) + 1);
    return limit;
  }

  /** True when a session keeps its limit by itself. */
  hasSlots(call: Call): boolean {
    return this.bySlots.has(call) || (this.byWorkers.get(call) ?? 0) > 1;
  }

  /** The line that gives a session its slots. */
  slots(c: SyncContext, unit: Unit, name: string): string {
    return `${c.units.helper(unit, 'limit_requests', SLOTS(c.units.need(unit, 'threading', 'BoundedSemaphore')))}(${name}, `;
  }

  private chosenIn(file: PyFile, cluster: Cluster, started: readonly PyFunction[]): Value[] {
    const found = new Map<Call, Value>();
    const look = (where: PyFile, node: Node): void => {
      if (node.nodeType !== 'Call' || node.func.nodeType !== 'Attribute') return;
      const session = valueOf(this.project, where, node.func.value);
      if (!session || !/^(?:aiohttp\.ClientSession|httpx\.AsyncClient)$/.test(session.kind)) return;
      for (const each of session.made ? [session] : sessionsOf(this.project, session.kind))
        if (each.kind === 'aiohttp.ClientSession' && isLimitChosen(each)) found.set(each.made!.call, each);
    };
    for (const { call } of cluster.spawns) look(file, call);
    for (const fn of reached(this.project, started))
      for (const top of fn.def.body) walk(top, (node) => look(fn.file, node));
    return [...found.values()];
  }
}

/** Every session of a kind that the project makes. */
function sessionsOf(project: PyProject, kind: string): Value[] {
  return project.files.flatMap((file) => {
    const found: Value[] = [];
    walk(file.module, (node) => {
      const value = node.nodeType === 'Call' ? valueOf(project, file, node) : undefined;
      if (value?.kind === kind && value.made?.call === node) found.push(value);
    });
    return found;
  });
}

/** The functions of the project that a group of tasks runs. */
export function targetsOf(project: PyProject, file: PyFile, cluster: Cluster): PyFunction[] {
  return cluster.spawns.flatMap(({ call, mapped }) => {
    const target = project.resolve(file, mapped ? call.args[0] : call.func);
    return target?.kind === 'function' ? [target] : [];
  });
}

/** Some functions, and all that they call. */
export function reached(project: PyProject, from: readonly PyFunction[]): Set<PyFunction> {
  const found = new Set<PyFunction>();
  const visit = (fn: PyFunction): void => {
    if (found.has(fn)) return;
    found.add(fn);
    for (const top of fn.def.body)
      walk(top, (node) => {
        const target = node.nodeType === 'Call' ? project.resolve(fn.file, node.func) : undefined;
        if (target?.kind === 'function') visit(target);
        const cls =
          node.nodeType === 'AsyncWith'
            ? node.items.map((item) => valueOf(project, fn.file, item.context_expr)?.cls)
            : [];
        for (const each of cls)
          for (const name of ['__aenter__', '__aexit__']) {
            const method = each && project.method(each, name);
            if (method) visit(method);
          }
      });
  };
  from.forEach(visit);
  return found;
}

const STARTS = /^(?:gather|create_task|ensure_future|wait|as_completed)$/;

function fansOut(project: PyProject, started: readonly PyFunction[]): boolean {
  return anyCall(project, started, (_file, { func }) =>
    func.nodeType === 'Attribute' ? STARTS.test(func.attr) : func.nodeType === 'Name' && STARTS.test(func.id),
  );
}

/** Tasks that wait for one another need a thread each. */
export function waitsForOthers(project: PyProject, started: readonly PyFunction[]): boolean {
  return anyCall(project, started, (file, { func }) => {
    const kind = func.nodeType === 'Attribute' ? valueOf(project, file, func.value)?.kind : undefined;
    return (
      kind !== undefined &&
      /^asyncio\.(?:Event|Condition|Queue|Barrier)$/.test(kind) &&
      func.nodeType === 'Attribute' &&
      /^(?:wait|wait_for|get|put|join)$/.test(func.attr)
    );
  });
}

function anyCall(
  project: PyProject,
  started: readonly PyFunction[],
  test: (file: PyFile, call: Call) => boolean,
): boolean {
  let found = false;
  for (const fn of reached(project, started))
    for (const top of fn.def.body)
      walk(top, (node) => {
        found ||= node.nodeType === 'Call' && test(fn.file, node);
        return !found;
      });
  return found;
}
