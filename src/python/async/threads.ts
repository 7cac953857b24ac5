import { isName, qualified, textOf, type PyFile } from '../file.js';
import type { PyClass, PyFunction, PyProject } from '../project.js';
import { valueIn } from '../shapes.js';
import { parentOf, walk, type Call, type ClassDef, type Expr, type Name, type Node } from '../tree.js';
import { link, refuse, touch, type Unit } from '../unit.js';
import type { Value } from '../values.js';
import { wrapAwait } from './coroutine.js';
import type { Converter } from './from-pool.js';
import { TASK } from './helpers.js';
import { workerOf } from './workers.js';

/* Threads become tasks that begin when they are started, and that are joined without being asked what they died of. */

const THREAD = 'threading.Thread';

/** `Thread`, or a class of the project that is one. */
export function isThread(project: PyProject, value: Value | undefined): boolean {
  return value?.kind === THREAD || (value?.cls !== undefined && isThreadClass(project, value.cls));
}

export function isThreadClass(project: PyProject, cls: PyClass): boolean {
  if (cls.def.bases.some((base) => qualified(cls.file, base) === THREAD)) return true;
  return project.basesOf(cls).some((base) => isThreadClass(project, base));
}

/** `Thread(target=f)`, `Download(url)`; undefined for every other call. */
export function threadMade(project: PyProject, file: PyFile, call: Call): { readonly cls?: PyClass } | undefined {
  if (qualified(file, call.func) === THREAD) return {};
  const cls = project.resolve(file, call.func);
  return cls?.kind === 'class' && isThreadClass(project, cls) ? { cls } : undefined;
}

/** `t.start()`, `t.join()` */
export function threadMethod(project: PyProject, file: PyFile, call: Call): string | undefined {
  if (call.func.nodeType !== 'Attribute') return undefined;
  return isThread(project, valueIn(project, file, call.func.value)) ? call.func.attr : undefined;
}

/** What a thread runs: the target, or `run` of its class. */
export function threadWork(c: Converter, file: PyFile, call: Call): PyFunction | undefined {
  const made = threadMade(c.project, file, call);
  if (made?.cls) return c.project.method(made.cls, 'run');
  const worker = workerOf(c, file, call.keywords.find((each) => each.arg === 'target')?.value);
  return worker.is === 'coroutine' ? worker.fn : undefined;
}

export const taskClass = (c: Converter, unit: Unit): string => {
  c.units.need(unit, 'asyncio');
  return c.units.helper(unit, 'Task', TASK);
};

/** Converts `Thread(…)`, `t.start()`, `t.join()`; true when it was one of them. */
export function threadCall(c: Converter, unit: Unit, call: Call): boolean {
  const made = threadMade(c.project, unit.file, call);
  if (made) {
    if (made.cls) threadClass(c, made.cls, unit);
    else plainThread(c, unit, call);
    return true;
  }
  const method = threadMethod(c.project, unit.file, call);
  if (method === undefined) return false;
  c.units.awaited.add(call);
  if (method === 'join') wrapAwait(unit, call);
  else if (/^(?:getName|setName|isDaemon|setDaemon)$/.test(method)) refuse(unit, 'thread-identity', call, method);
  return true;
}

const OPTIONS = /^(?:target|args|kwargs|daemon|name)$/;

function plainThread(c: Converter, unit: Unit, call: Call): void {
  const other = call.args[0] ?? call.keywords.find((each) => !OPTIONS.test(each.arg ?? ''));
  if (other) return refuse(unit, 'pool-option', other, textOf(unit.file, other));
  const target = call.keywords.find((each) => each.arg === 'target');
  const worker = workerOf(c, unit.file, target?.value);
  if (!target || worker.is !== 'coroutine')
    return refuse(unit, 'no-async-twin', call, target && textOf(unit.file, target.value));
  unit.rewrite.replace(call.func, taskClass(c, unit));
  if (c.needsSession(worker.fn)) passSession(c, unit, call, worker.fn);
}

/** The session goes behind the other arguments, by its name. */
function passSession(c: Converter, unit: Unit, call: Call, fn: PyFunction): void {
  const given = call.keywords.find((each) => each.arg === 'kwargs')?.value;
  const entry = `'${c.sessionName(fn.file)}': ${c.sessionName(unit.file)}`;
  if (!given) {
    const last = [...call.keywords].sort((a, b) => a.end - b.end).at(-1)!;
    return unit.rewrite.insert(last.end, `, kwargs={${entry}}`);
  }
  if (given.nodeType !== 'Dict') return refuse(unit, 'own-signature', given, fn.name);
  unit.rewrite.insert(given.end - 1, given.keys.length > 0 ? `, ${entry}` : entry);
}

/** `class Download(Thread)`: its `run` is a coroutine now. */
function threadClass(c: Converter, cls: PyClass, from: Unit): void {
  const unit = c.units.ofModule(cls.file);
  link(unit, from);
  for (const base of cls.def.bases) {
    if (qualified(cls.file, base) !== THREAD || c.listed.has(base)) continue;
    c.listed.add(base);
    touch(unit, base);
    unit.rewrite.replace(base, taskClass(c, unit));
    identity(cls.def, cls.file, unit);
  }
}

/** What only a thread has. */
function identity(def: ClassDef, file: PyFile, unit: Unit): void {
  walk(def, (node) => {
    if (node.nodeType !== 'Attribute' || !isName(node.value, 'self') || node.ctx.nodeType !== 'Load') return;
    if (!/^(?:name|ident|native_id|getName|_target|_args)$/.test(node.attr)) return;
    const isOwn = new RegExp(`self\\.${node.attr}\\s*(?::[^=\\n]*)?=[^=]`).test(file.text.slice(def.start, def.end));
    if (!isOwn) refuse(unit, 'thread-identity', node, node.attr);
  });
}

/** Calls of `Thread.__init__` in classes that become tasks. */
export function baseInits(c: Converter): void {
  for (const file of c.project.files)
    walk(file.module, (node) => {
      const isBase = node.nodeType === 'Attribute' && qualified(file, node) === `${THREAD}.__init__`;
      const unit = c.units.around(file, node);
      if (!isBase || !c.spans.some((span) => span.file === file)) return;
      touch(unit, node);
      unit.rewrite.replace(node.value, taskClass(c, unit));
      link(unit, c.units.ofModule(file));
    });
}

// ---- who waits for them ----

/** The variables that have a thread: its own, and lists that it is put in. */
function carriers(file: PyFile, made: Expr): Name[] {
  const parent = parentOf(made)!;
  if (parent.nodeType === 'Assign')
    return parent.targets.flatMap((target): Name[] => (isName(target) ? [target, ...putIn(file, target)] : []));
  if (/^(?:ListComp|List|SetComp|Set|Tuple)$/.test(parent.nodeType)) return carriers(file, parent as Expr);
  if (parent.nodeType === 'Call' && parent.func.nodeType === 'Attribute' && /^(?:append|add)$/.test(parent.func.attr))
    return isName(parent.func.value) ? [parent.func.value] : [];
  return [];
}

/** `threads.append(t)` */
function putIn(file: PyFile, name: Name): Name[] {
  return (file.scopes.bindingOf(name)?.uses ?? []).flatMap((use) => {
    const parent = parentOf(use);
    return parent?.nodeType === 'Call' && parent.args.includes(use) ? carriers(file, use) : [];
  });
}

/** Some place joins the thread, or all the threads of the list that it is in. */
export function isJoined(file: PyFile, made: Call): boolean {
  return carriers(file, made).some((name) =>
    (file.scopes.bindingOf(name)?.uses ?? []).some((use) => isJoin(use) || isLoopJoin(file, use)),
  );
}

function isJoin(use: Node): boolean {
  const method = parentOf(use);
  const item = method?.nodeType === 'Subscript' ? parentOf(method) : method;
  return item?.nodeType === 'Attribute' && item.attr === 'join' && parentOf(item)?.nodeType === 'Call';
}

/** `for t in threads: t.join()` */
function isLoopJoin(file: PyFile, use: Name): boolean {
  const loop = parentOf(use);
  if (loop?.nodeType !== 'For' && loop?.nodeType !== 'Comprehension') return false;
  if (loop.iter !== use || !isName(loop.target)) return false;
  return (file.scopes.bindingOf(loop.target)?.uses ?? []).some(isJoin);
}

/** Local variables have it, and nobody else: it ends in the function that it begins in. */
export function isContained(file: PyFile, made: Call): boolean {
  const names = carriers(file, made);
  return (
    names.length > 0 &&
    names.every(
      (name) => !(file.scopes.bindingOf(name)?.uses ?? []).some((use) => parentOf(use)?.nodeType === 'Return'),
    )
  );
}
