import type { Piece } from '../rewrite.js';
import { valueIn } from '../shapes.js';
import { walk, type Attribute, type Call, type Node } from '../tree.js';
import { refuse, touch, type Unit } from '../unit.js';
import type { Callbacks } from './from-pool.js';
import { joinHelper } from './joins.js';

/* The pools of `multiprocessing.pool`: each of their methods has a form that calls back, and answers as a future does. */

/** `pool.map(f, xs)`, `answer.get()`. */
export function threadPoolCall(c: Callbacks, unit: Unit, call: Call, method: Attribute, kind: string): void {
  if (kind === 'AsyncResult') return answerCall(c, unit, call, method);
  const { attr } = method;
  if (call.args.some((arg) => arg.nodeType === 'Starred') || call.keywords.some(({ arg }) => arg === undefined))
    return refuse(unit, 'pool-option', call, attr);
  if (/^(?:map|starmap|apply)$/.test(attr)) {
    touch(unit, call);
    const done = joinHelper(c.units, unit, 'done');
    return started(c, unit, call, method, `${attr}_async`, [`${done}(`], [').result()']);
  }
  if (/^(?:map|starmap|apply)_async$/.test(attr) && !callsBack(call)) {
    touch(unit, call);
    return started(c, unit, call, method, attr, [], []);
  }
  if (/^imap(?:_unordered)?$/.test(attr)) imap(c, unit, call, method);
}

function started(
  c: Callbacks,
  unit: Unit,
  call: Call,
  { value }: Attribute,
  name: string,
  before: Piece[],
  after: Piece[],
): void {
  const [first] = [...call.args, ...call.keywords];
  if (!first) return refuse(unit, 'pool-option', call, name);
  const args = { start: first.start, end: call.end - 1 };
  const answer = joinHelper(c.units, unit, 'answer');
  unit.rewrite.replace(call, ...before, `${answer}(`, value, `.${name}, `, args, ')', ...after);
}

function imap(c: Callbacks, unit: Unit, call: Call, method: Attribute): void {
  touch(unit, call);
  // With chunks an error ends its chunk.
  if (call.args.length !== 2 || call.keywords.length > 0) return refuse(unit, 'pool-option', call, 'chunksize');
  const order = method.attr === 'imap' ? '' : ', ordered=False';
  unit.rewrite.replace(
    call,
    `${joinHelper(c.units, unit, 'imap')}(`,
    method.value,
    ', ',
    call.args[0]!,
    ', ',
    call.args[1]!,
    `${order})`,
  );
}

const callsBack = (call: Call): boolean => call.keywords.some(({ arg }) => /callback$/.test(arg ?? ''));

function allCalls(top: Node): Call[] {
  const found: Call[] = [];
  walk(top, (node) => void (node.nodeType === 'Call' && found.push(node)));
  return found;
}

/** Answers are futures now. */
function answerCall(c: Callbacks, unit: Unit, call: Call, method: Attribute): void {
  const { attr, value } = method;
  const { made } = valueIn(c.project, unit.file, value) ?? {};
  if (made ? callsBack(made.call) : allCalls(unit.file.module).some(callsBack)) return; // it tells its own callbacks
  touch(unit, call);
  if (call.args.length + call.keywords.length > 0) return refuse(unit, 'pool-option', call, attr);
  if (attr === 'get') unit.rewrite.replace(call, `${joinHelper(c.units, unit, 'done')}(`, value, ').result()');
  else if (attr === 'wait') unit.rewrite.replace(call, `${joinHelper(c.units, unit, 'done')}(`, value, ')');
  else if (attr === 'ready') unit.rewrite.replace({ start: value.end, end: call.end }, '.done()');
  else refuse(unit, 'pool-option', call, attr);
}
