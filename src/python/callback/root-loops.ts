import { ownLines } from '../async/places.js';
import { lengthOf } from '../pool/bound.js';
import { isName, textOf, type PyFile } from '../file.js';
import type { PyFunction } from '../project.js';
import {
  blockOf,
  functionAround,
  isFunction,
  parentOf,
  walk,
  walkOwn,
  type Call,
  type Expr,
  type For,
  type Name,
  type Stmt,
} from '../tree.js';
import type { Unit } from '../unit.js';
import { slowPart } from './quick.js';
import { sayExpression } from './answering.js';
import { Stop, type Body, type Shared } from './body.js';

/** Threads that every default executor of an event loop has: `min(32, cpus + 4)`, with one processor. */
const FEWEST_THREADS = 5;

/** `for name in names: load(name, show)`: the loop that only starts what answers later, if the call is in one. */
export function loopAround(stmt: Stmt): For | undefined {
  const parent = parentOf(stmt);
  if (parent?.nodeType !== 'For') return undefined;
  return parent.body.length === 1 && parent.body[0] === stmt && parent.orelse.length === 0 ? parent : undefined;
}

/** Each turn becomes a function that is called at once with the others: by the threads of a pool, or as coroutines. */
export function startTogether(shared: Shared, unit: Unit, fn: PyFunction | undefined, loop: For, call: Call): void {
  const { file, rewrite } = unit;
  const { units, target } = shared;
  const count = lengthOf(shared.project, file, loop.iter);
  if (count === undefined || (target === 'async' && count > FEWEST_THREADS)) throw new Stop('bound-unknown', loop.iter);
  if (!ownLines(file, loop) || !ownLines(file, loop.body[0]!)) throw new Stop('one-line-block', loop);
  const own = { start: rewrite.lineOf(loop.start).start, end: rewrite.lineOf(loop.end).end };
  if (/#/.test(file.text.slice(own.start, own.end))) throw new Stop('comment-lost', loop);
  answersLater(shared, file, call);
  if (target === 'async') for (const each of call.args) staysQuick(shared, file, each);
  const names = targetNames(loop);
  const indent = rewrite.indentAt(loop.start);
  const name = units.firstFree(file, ['answer', 'one', 'each_one']);
  // In a function of its own it is never the module that runs it.
  const inner: Body = {
    ...shared,
    unit,
    file,
    isInFunction: true,
    ...(fn && { fn }),
    errors: new Set(),
    inlined: new Set(),
  };
  const said = sayExpression(inner, call, indent + file.unit).text;
  const head = `${indent}${target === 'async' ? 'async ' : ''}def ${name}(${names.join(', ')}):\n${said}`;
  const lead = blockOf(loop)[0] === loop || !isFunction(parentOf(loop)) ? '' : '\n';
  const gap = fn ? '\n' : '\n\n';
  rewrite.replace(own, lead, head, gap, ...joined(shared, unit, fn, loop, name, count, indent));
}

/** What answers before it returns would do so in the order of the loop. */
function answersLater({ project, answering }: Shared, file: PyFile, call: Call): void {
  const target = project.resolve(file, call.func) as PyFunction;
  const { success, error } = answering.get(target)!;
  walkOwn(target.def.body, (node) => {
    const isAnswer = node.nodeType === 'Call' && (isName(node.func, success) || (error && isName(node.func, error)));
    if (isAnswer && functionAround(node) === target.def) throw new Stop('sync-callback', call);
  });
}

/** What is called with an answer must not keep an event loop from the others. */
function staysQuick({ project }: Shared, file: PyFile, handler: Expr): void {
  const target = project.resolve(file, handler);
  const bodies = target?.kind === 'function' ? target.def.body : [];
  for (const body of bodies) if (slowPart(project, target!.file, body)) throw new Stop('no-async-twin', handler);
}

function targetNames(loop: For): string[] {
  const names: string[] = [];
  walk(loop.target, (node) => void (node.nodeType === 'Name' && names.push((node as Name).id)));
  return names;
}

function joined(
  { units, target }: Shared,
  unit: Unit,
  fn: PyFunction | undefined,
  loop: For,
  name: string,
  count: number,
  indent: string,
): string[] {
  const { file } = unit;
  const [over, items] = [textOf(file, loop.iter), textOf(file, loop.target)];
  const given = targetNames(loop).join(', ');
  const deep = indent + file.unit;
  if (target === 'blocking') {
    const executor = units.firstFree(file, ['executor', 'pool']);
    const made = units.need(unit, 'concurrent.futures', 'ThreadPoolExecutor');
    return [
      `${indent}with ${made}(max_workers=${Math.max(count, 1)}) as ${executor}:\n`,
      `${deep}for ${items} in ${over}:\n${deep}${file.unit}${executor}.submit(${name}, ${given})\n`,
    ];
  }
  const gather = units.need(unit, 'asyncio', 'gather');
  const all = `${gather}(*[${name}(${given}) for ${items} in ${over}], return_exceptions=True)`;
  if (fn) return [`${indent}await ${all}\n`];
  const whole = units.fresh(file, 'run_all');
  const run = units.need(unit, 'asyncio', 'run');
  return [`${indent}async def ${whole}():\n${deep}await ${all}\n\n\n${indent}${run}(${whole}())\n`];
}
