import { poolOf, ownNodes, type PoolWith } from '../async/waits.js';
import { isName, qualified, type PyFile } from '../file.js';
import type { PyProject } from '../project.js';
import type { Piece } from '../rewrite.js';
import { parentOf, walk, type Call, type Expr, type Name, type Node } from '../tree.js';
import { refuse, touch, Units, type Unit } from '../unit.js';
import { joining } from './helpers.js';

/**
 * Pools that are waited for become completion callbacks: every future tells a callback that it is done, and the callbacks put the results
 * where they are expected: in order (`map`), as they come (`as_completed`), all together. The workers stay as they are.
 */
export function poolToCallback(project: PyProject): Units {
  const units = new Units(project);
  for (const file of project.files)
    walk(file.module, (node) => {
      const pool = poolOf(project, file, node);
      if (pool) convertPool(project, units, pool);
    });
  return units;
}

function convertPool(project: PyProject, units: Units, pool: PoolWith): void {
  const { file, stmt } = pool;
  const unit = units.around(file, stmt);
  const name = stmt.items.find((item) => item.context_expr === pool.call)?.optional_vars;
  if (!isName(name)) return;
  const uses = file.scopes.bindingOf(name)?.uses ?? [];
  for (const use of uses) if (stmt.start <= use.start && use.end <= stmt.end) convertUse(units, unit, use);
  for (const node of ownNodes(stmt.body))
    if (node.nodeType === 'Call' && qualified(file, node.func) === 'concurrent.futures.as_completed')
      convertCompleted(units, unit, node);
  void project;
}

function convertUse(units: Units, unit: Unit, use: Name): void {
  const method = parentOf(use);
  const call = method && parentOf(method);
  if (method?.nodeType !== 'Attribute' || call?.nodeType !== 'Call' || call.func !== method) return;
  if (method.attr !== 'map') return;
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
    `${joining(units, unit, 'in_order')}([${use.id}.submit(`,
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
  for (const arg of call.args) walk(arg as Node, (node) => void (node.nodeType === 'Name' && read.add(node.id)));
  return iterables.map((iterable: Expr) => {
    const plural = isName(iterable) ? /^(\w{2,}?)(?:s|_list)$/.exec(iterable.id)?.[1] : undefined;
    let name = plural ?? 'item';
    for (let n = 2; read.has(name); n++) name = `${plural ?? 'item'}_${n}`;
    read.add(name);
    return name;
  });
}

function convertCompleted(units: Units, unit: Unit, call: Call): void {
  touch(unit, call);
  if (call.args.length !== 1 || call.keywords.length > 0) return refuse(unit, 'pool-option', call, 'timeout');
  unit.rewrite.replace(call.func, joining(units, unit, 'completed'));
}
