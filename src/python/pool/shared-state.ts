import { isBuiltin, qualified, textOf, type PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import { isFunction, parentOf, statementOf, walk, type Expr, type Name, type Node, type Stmt } from '../tree.js';
import { refuse, type Unit, type Units } from '../unit.js';
import { valueOf } from '../values.js';

/**
 * Between two awaits a coroutine has everything to itself; a thread never has. Where coroutines that run at the same time change what they share, a
 * lock goes round the smallest statement that does; where a decision and the change that it leads to are apart, the function is refused.
 */
export function guardSharedState(units: Units): void {
  const { project } = units;
  for (const fn of concurrent(project)) {
    const unit = units.of(fn);
    if (!unit.touched) continue;
    for (const top of fn.def.body)
      walk(top, (node) => {
        if (isFunction(node) || node.nodeType === 'ClassDef') return false;
        if (node.nodeType === 'AugAssign' || node.nodeType === 'Assign') update(units, unit, fn, node);
        if (node.nodeType === 'If' || node.nodeType === 'While') decision(units, unit, fn, node);
        return true;
      });
  }
}

/** Functions that run while others of them do: coroutines that are started without being awaited, and what these call. */
function concurrent(project: PyProject): Set<PyFunction> {
  const found = new Set<PyFunction>();
  const add = (fn: PyFunction): void => {
    if (found.has(fn)) return;
    found.add(fn);
    for (const top of fn.def.body)
      walk(top, (node) => {
        const target = node.nodeType === 'Call' ? project.resolve(fn.file, node.func) : undefined;
        if (target?.kind === 'function') add(target);
      });
  };
  for (const fn of project.functions) {
    const isStarted = project.usesOf(fn).some(({ call }) => call && parentOf(call)?.nodeType !== 'Await');
    if (fn.def.nodeType === 'AsyncFunctionDef' && isStarted && !isRun(project, fn)) add(fn);
  }
  return found;
}

/** `asyncio.run(main())`, `loop.run_until_complete(main())`: nothing else runs. */
function isRun(project: PyProject, fn: PyFunction): boolean {
  return project.usesOf(fn).every(({ call, file }) => {
    const outer = call && parentOf(call);
    if (outer?.nodeType === 'Await') return true;
    if (outer?.nodeType !== 'Call' || outer.func === call) return outer?.nodeType === 'AsyncFor' || isIteration(call);
    const runs = outer.func.nodeType === 'Attribute' && outer.func.attr === 'run_until_complete';
    return runs || qualified(file, outer.func) === 'asyncio.run';
  });
}

/** `async for x in pages()`, `[x async for x in pages()]`, `async with session():` */
function isIteration(node: Node | undefined): boolean {
  const outer = node && parentOf(node);
  return outer?.nodeType === 'Comprehension' || outer?.nodeType === 'WithItem';
}

// ---- one statement ----

/** `stats.done += 1`, `self.n = self.n + 1` */
function update(
  units: Units,
  unit: Unit,
  fn: PyFunction,
  stmt: Extract<Stmt, { nodeType: 'AugAssign' | 'Assign' }>,
): void {
  const { file } = unit;
  const target = stmt.nodeType === 'AugAssign' ? stmt.target : stmt.targets[0]!;
  if (!isShared(file, fn, target) || isLocked(units, file, stmt)) return;
  if (stmt.nodeType === 'Assign' && !mentions(file, stmt.value, textOf(file, target))) return;
  // `total += await f()` reads before it waits, and lost updates before.
  if (holds(stmt, (node) => node.nodeType === 'Await')) return;
  if (!isPlain(file, stmt.value) || !isAlone(file, stmt))
    return refuse(unit, 'shared-state', stmt, textOf(file, target));
  lock(units, unit, stmt);
}

/** The lock is never held while other code of the program runs. */
function isPlain(file: PyFile, value: Expr): boolean {
  return !holds(value, (node) => node.nodeType === 'Call' && !isBuiltin(file, node.func, 'len'));
}

function lock(units: Units, unit: Unit, stmt: Stmt): void {
  const { file, rewrite } = unit;
  const make = units.need(unit, 'threading', 'Lock');
  const name = units.helper(unit, 'shared', (own) => `${own} = ${make}()`);
  const indent = rewrite.indentAt(stmt.start);
  rewrite.insert(rewrite.lineOf(stmt.start).start, `${indent}with ${name}:\n`);
  rewrite.indent({ start: rewrite.lineOf(stmt.start).start, end: rewrite.lineOf(stmt.end).end }, file.unit);
}

function isAlone(file: PyFile, stmt: Stmt): boolean {
  const before = file.text.slice(file.text.lastIndexOf('\n', stmt.start - 1) + 1, stmt.start);
  const after = /^[ \t]*(?:#.*)?(?:\r?\n|$)/.test(file.text.slice(stmt.end));
  return /^[ \t]*$/.test(before) && after;
}

// ---- a decision, and what it leads to ----

const CHANGES = /^(?:add|append|appendleft|pop|popleft|remove|discard|update|setdefault|insert|extend|clear)$/;

/** `if url not in seen: seen.add(url)`: another thread may stand between the two. */
function decision(units: Units, unit: Unit, fn: PyFunction, stmt: Extract<Stmt, { nodeType: 'If' | 'While' }>): void {
  const { file } = unit;
  if (isLocked(units, file, stmt)) return;
  walk(stmt.test, (node) => {
    if (asksQueue(units, file, node)) refuse(unit, 'shared-state', node, textOf(file, node));
    if (node.nodeType !== 'Name' && node.nodeType !== 'Attribute' && node.nodeType !== 'Subscript') return true;
    if (!isShared(file, fn, node)) return true;
    const name = textOf(file, node);
    if (fn.def.body.some((top) => holds(top, (each) => each.start >= stmt.start && changes(file, each, name))))
      refuse(unit, 'shared-state', stmt.test, name);
    return false;
  });
}

/** `queue.empty()`, `lock.locked()`: true now, and perhaps not when it matters. */
function asksQueue(units: Units, file: PyFile, node: Node): boolean {
  if (node.nodeType !== 'Call' || node.func.nodeType !== 'Attribute') return false;
  const kind = valueOf(units.project, file, node.func.value)?.kind;
  return /^asyncio\.(?:Queue|Lock|Semaphore)$/.test(kind ?? '') && /^(?:empty|full|qsize|locked)$/.test(node.func.attr);
}

function changes(file: PyFile, node: Node, name: string): boolean {
  if (node.nodeType === 'Call' && node.func.nodeType === 'Attribute')
    return CHANGES.test(node.func.attr) && textOf(file, node.func.value) === name;
  if (node.nodeType === 'Subscript') return node.ctx.nodeType !== 'Load' && textOf(file, node.value) === name;
  const isStore = (node.nodeType === 'Name' || node.nodeType === 'Attribute') && node.ctx.nodeType !== 'Load';
  return isStore && textOf(file, node) === name;
}

// ---- what is shared ----

/** What is reached from a parameter, `self`, a global or an outer function; a name that is the function's own is not. */
function isShared(file: PyFile, fn: PyFunction, expr: Expr): boolean {
  const base = baseOf(expr);
  const binding = base && file.scopes.bindingOf(base);
  if (!base || !binding) return false;
  const isOwn = binding.scope === file.scopes.of(fn.def);
  if (base === expr) return !isOwn && binding.kinds.has('variable');
  return isOwn ? binding.kinds.has('parameter') : binding.kinds.has('variable') || binding.kinds.has('parameter');
}

function baseOf(expr: Expr): Name | undefined {
  if (expr.nodeType === 'Name') return expr;
  return expr.nodeType === 'Attribute' || expr.nodeType === 'Subscript' ? baseOf(expr.value) : undefined;
}

/** Inside `async with lock:`, which is a lock of threads afterwards. */
function isLocked(units: Units, file: PyFile, node: Node): boolean {
  for (let at = parentOf(statementOf(node)); at && !isFunction(at); at = parentOf(at)) {
    if (at.nodeType !== 'AsyncWith') continue;
    if (at.items.some((item) => valueOf(units.project, file, item.context_expr)?.kind === 'asyncio.Lock')) return true;
  }
  return false;
}

function mentions(file: PyFile, value: Expr, name: string): boolean {
  return holds(value, (node) => 'ctx' in node && textOf(file, node as Expr) === name);
}

function holds(node: Node, what: (node: Node) => boolean): boolean {
  let found = false;
  walk(node, (each) => {
    found ||= what(each);
    return !found;
  });
  return found;
}
