import { isName } from '../file.js';
import { removeStatement } from '../imports.js';
import { parentOf, statementOf, type Attribute, type Call, type Node } from '../tree.js';
import { refuse, touch } from '../unit.js';
import type { Converter } from './from-async.js';

/* Where the loop was run: the call stands there itself. */

/** `asyncio.run(main())` → `main()`. */
export function run(c: Converter, call: Call): void {
  const { unit } = c;
  touch(unit, call);
  const [value] = call.args;
  if (c.fans.joinOf.has(call)) return;
  if (call.args.length !== 1 || call.keywords.some((each) => each.arg !== 'debug'))
    return refuse(unit, 'unknown-callee', call);
  if (isName(value) && c.fans.awaits.has(value)) return unit.rewrite.replace(call, `${value.id}.result()`);
  if (isName(value) && c.inlined.has(value)) return c.unwrap(call, c.inlined.get(value)!);
  if (
    value?.nodeType === 'Call' &&
    c.isTaskMaker(value) &&
    value.args[0]?.nodeType === 'Call' &&
    c.isCoroutine(value.args[0])
  )
    return c.unwrap(call, value.args[0]);
  if (value?.nodeType === 'Call' && c.isCoroutine(value)) return c.unwrap(call, value);
  refuse(unit, 'coroutine-value', call);
}

export function loopCall(c: Converter, call: Call, func: Attribute): void {
  const { unit } = c;
  touch(unit, call);
  const stmt = statementOf(call);
  if (func.attr === 'time') {
    unit.rewrite.replace(func, c.units.need(unit, 'time', 'monotonic'));
  } else if (/^(?:close|stop|set_debug)$/.test(func.attr) && stmt.nodeType === 'Expr' && stmt.value === call) {
    removeStatement(c.file, stmt, unit.rewrite);
  } else if (!c.isTaskMaker(call) && func.attr !== 'run_in_executor') refuse(unit, 'unknown-callee', call);
}

/** A task that is made and waited for with nothing between, or outside of a running loop: the call stands where it was waited for. */
export function findInlined(c: Converter, nodes: readonly Node[]): Map<Node, Call> {
  const found = new Map<Node, Call>();
  for (const node of nodes) {
    if (
      node.nodeType !== 'Assign' ||
      node.targets.length !== 1 ||
      !isName(node.targets[0]) ||
      node.value.nodeType !== 'Call'
    )
      continue;
    const maker = node.value;
    const call = c.isTaskMaker(maker) && maker.args[0]?.nodeType === 'Call' ? maker.args[0] : maker;
    if (!c.isCoroutine(call)) continue;
    const binding = c.file.scopes.bindingOf(node.targets[0]);
    const [use] = binding?.uses ?? [];
    if (!binding || !use || binding.sites.length !== 1 || binding.uses.length !== 1) continue;
    const waiter = parentOf(use);
    const isWaited =
      waiter?.nodeType === 'Await' || (waiter?.nodeType === 'Call' && waiter.args[0] === use && c.isRunner(waiter));
    if (!isWaited || !canMove(node, call, waiter)) continue;
    found.set(use, call);
    for (const each of [call, maker]) found.set(each, call);
    touch(c.unit, node);
    removeStatement(c.file, node, c.unit.rewrite);
  }
  return found;
}

/** Nothing between changes what the call means: it follows at once, or it is a coroutine that does not run before. */
export function canMove(from: Node, call: Call, to: Node): boolean {
  const block = Object.values(parentOf(from)!).find((value) => Array.isArray(value) && value.includes(from)) as
    Node[] | undefined;
  const target = statementOf(to);
  if (!block?.includes(target)) return false;
  if (block.indexOf(target) === block.indexOf(from) + 1) return true;
  const outside = to.nodeType === 'Call';
  const plain = [...call.args, ...call.keywords.map((each) => each.value)].every(
    (each) => each.nodeType === 'Constant',
  );
  return outside && plain;
}
