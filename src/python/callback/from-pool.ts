import { isName, qualified, type PyFile } from '../file.js';
import type { PyProject } from '../project.js';
import type { Piece } from '../rewrite.js';
import { kindOf } from '../shapes.js';
import { parentOf, walk, type Attribute, type Call, type Expr, type Node } from '../tree.js';
import { refuse, touch, Units, type Unit } from '../unit.js';
import { joining } from './helpers.js';
import { joinHelper } from './joins.js';
import { threadBase, threadCall } from './threads.js';
import { threadPoolCall } from './thread-pools.js';

/**
 * Pools and threads that are waited for become completion callbacks: every future, task and thread tells a callback that it is done, and the callbacks
 * put the results where they are expected: in order (`map`), as they come (`as_completed`), all together. The workers stay as they are.
 */
export function poolToCallback(project: PyProject): Units {
  const c: Callbacks = { project, units: new Units(project) };
  for (const file of project.files)
    walk(file.module, (node) => {
      const unit = c.units.around(file, node);
      if (node.nodeType === 'Call') convertCall(c, unit, node);
      if (node.nodeType === 'ClassDef') threadBase(c, c.units.ofModule(file), node);
    });
  return c.units;
}

export interface Callbacks {
  readonly project: PyProject;
  readonly units: Units;
}

function convertCall(c: Callbacks, unit: Unit, call: Call): void {
  const { file } = unit;
  const name = qualified(file, call.func);
  if (name === 'concurrent.futures.as_completed') return completed(c, unit, call);
  if (name === 'concurrent.futures.wait') return waited(c, unit, call);
  if (threadCall(c, unit, call)) return;
  if (call.func.nodeType !== 'Attribute') return;
  const kind = kindOf(c.project, file, call.func.value);
  if (kind === 'ThreadPoolExecutor' && call.func.attr === 'map') return map(c, unit, call, call.func);
  if (kind === 'Future' && /^(?:result|exception)$/.test(call.func.attr)) return outcome(c, unit, call, call.func);
  if (kind === 'ThreadPool' || kind === 'AsyncResult') threadPoolCall(c, unit, call, call.func, kind);
}

// ---- executors ----

function map(c: Callbacks, unit: Unit, call: Call, method: Attribute): void {
  touch(unit, call);
  const [worker, ...iterables] = call.args;
  if (!worker || iterables.length === 0 || call.args.some((arg) => arg.nodeType === 'Starred'))
    return refuse(unit, 'pool-option', call, 'map');
  const option = call.keywords.find((keyword) => keyword.arg !== 'chunksize');
  if (option) return refuse(unit, 'pool-option', option, option.arg);
  const items = itemNames(unit.file, call);
  const over: Piece[] =
    iterables.length === 1
      ? [iterables[0]!]
      : ['zip(', ...iterables.flatMap((each, index) => (index > 0 ? [', ', each] : [each])), ')'];
  unit.rewrite.replace(
    call,
    `${joining(c.units, unit, 'in_order')}([`,
    method.value,
    '.submit(',
    worker,
    `, ${items.join(', ')}) for ${items.join(', ')} in `,
    ...over,
    '])',
  );
}

/** Short names for what a worker is given: what is read in the comprehension must not be hidden. */
export function itemNames(_file: PyFile, call: Call): string[] {
  const [, ...iterables] = call.args;
  const read = new Set<string>();
  for (const arg of [call.func, ...call.args])
    walk(arg as Node, (node) => void (node.nodeType === 'Name' && read.add(node.id)));
  return iterables.map((iterable: Expr) => {
    const plural = isName(iterable) ? /^(\w{2,}?)(?:s|_list)$/.exec(iterable.id)?.[1] : undefined;
    let name = plural ?? 'item';
    for (let n = 2; read.has(name); n++) name = `${plural ?? 'item'}_${n}`;
    read.add(name);
    return name;
  });
}

function completed(c: Callbacks, unit: Unit, call: Call): void {
  touch(unit, call);
  if (call.args.length !== 1 || call.keywords.length > 0) return refuse(unit, 'pool-option', call, 'timeout');
  unit.rewrite.replace(call.func, joining(c.units, unit, 'completed'));
}

/** `done, not_done = wait(futures)`: a named tuple elsewhere. */
function waited(c: Callbacks, unit: Unit, call: Call): void {
  touch(unit, call);
  const parent = parentOf(call);
  const isPair =
    parent?.nodeType === 'Expr' || (parent?.nodeType === 'Assign' && parent.targets.every((each) => isPairOf(each)));
  if (!isPair) return refuse(unit, 'pool-option', call, 'wait');
  unit.rewrite.replace(call.func, joinHelper(c.units, unit, 'wait'));
}

const isPairOf = (target: Expr): boolean =>
  (target.nodeType === 'Tuple' || target.nodeType === 'List') && target.elts.length === 2;

/** `future.result()`: a callback puts the future into a queue, and what it has is taken from there. */
function outcome(c: Callbacks, unit: Unit, call: Call, method: Attribute): void {
  if (isDone(unit.file, method.value)) return;
  touch(unit, call);
  const [timeout] = [...call.args, ...call.keywords.map(({ value }) => value)];
  unit.rewrite.replace(
    call,
    `${joinHelper(c.units, unit, 'done')}(`,
    method.value,
    ...(timeout ? [', ', timeout] : []),
    `).${method.attr}()`,
  );
}

/** `for future in as_completed(futures)` has it from a callback already. */
function isDone(file: PyFile, future: Expr): boolean {
  const [site, ...more] = (isName(future) && file.scopes.bindingOf(future)?.sites) || [];
  for (let at = site && parentOf(site); at && more.length === 0; at = parentOf(at)) {
    if (at.nodeType === 'Tuple') continue;
    if (at.nodeType !== 'For' && at.nodeType !== 'Comprehension') return false;
    let completes = false;
    walk(at.iter, (node) => {
      if (node.nodeType === 'Call' && qualified(file, node.func) === 'concurrent.futures.as_completed')
        completes = true;
    });
    return completes;
  }
  return false;
}
