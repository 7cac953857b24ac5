import type { BlockTask, Snippet, Step, Target, Task } from '../../flow/model.js';
import { bare, originOf } from '../calls/origin.js';
import { countHead, ofHead, whileHead } from '../loop-form.js';
import type { LoopHead } from '../loop-form.js';
import { ts } from '../parse.js';
import { windowed } from '../pool/windowed.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { readAnswer } from './answer.js';
import { isUsed } from './await.js';
import {
  bindNext,
  conditionOf,
  declared,
  elementsOf,
  entriesOf,
  invented,
  itemSnippet,
  readTask,
  together,
  wait,
} from './async-tasks.js';
import type { TaskBlock } from './async-tasks.js';
import { isListLike } from './lists.js';
import { checkNames, noteFailure, plainSnippet, recordReport } from './report.js';
import { isFunction } from './shape.js';
import { roleOf } from './state.js';
import type { Env, State } from './state.js';
import type { FunctionNode, Gives } from './types.js';

/** A call of the `async` library. `final`: its last argument, which gets what all of it gave. */
interface Call {
  readonly node: ts.CallExpression;
  readonly name: string;
  readonly args: readonly ts.Expression[];
  /** The results are looked at: they must be gathered. */
  readonly wanted: boolean;
}

/** What the whole gives, as a block of its own. */
interface Whole {
  readonly steps: readonly Step[];
  readonly gives: Gives['results'];
}

type Read = (call: Call, target: Target, env: Env, state: State) => Whole;

/**
 * Control flow of the `async` library, each function as the flow that it stands for. Queues have none and are refused.
 */
export function readAsyncLibrary(node: ts.CallExpression, env: Env, state: State): Step[] | undefined {
  const name = nameOf(node, state);
  if (name === undefined) return undefined;
  if (/^(queue|priorityQueue|cargo|cargoQueue)$/.test(name)) stop('live-queue', node);
  const known = readers[name.replace(/^forEach/, 'each')];
  const limited = /Limit$/.test(name);
  if (!known) return stop(limited ? 'schedule-differs' : 'unknown-callee', node.expression);
  const final = node.arguments.at(-1);
  if (!final || node.arguments.length < 2) return stop('path-without-callback', node);
  if (node.arguments.some(ts.isSpreadElement)) stop('unknown-callee', node);
  const call: Call = { node, name, args: node.arguments.slice(0, -1), wanted: wantsResults(final, state) };
  const target: Target = { of: 'block' };
  const inner = { ...env, targets: [...env.targets, target], followed: undefined, sync: false, inTry: undefined };
  const whole = known(call, target, inner, state);
  const on: BlockTask = { kind: 'block', target, body: { steps: whole.steps, tail: [] } };
  return answered(on, { results: whole.gives, errorFirst: true }, final, node, env, state);
}

function nameOf(node: ts.CallExpression, state: State): string | undefined {
  const origin = originOf(node.expression, state.ctx.scopes);
  if (!origin) return undefined;
  if (origin.module === 'async') return origin.path.length === 1 ? origin.path[0] : undefined;
  const file = /^async\/(\w+)$/.exec(origin.module)?.[1];
  return file && origin.path.length === 0 ? file : undefined;
}

/** A callback handed on may look at anything; a function written in place shows what it looks at. */
function wantsResults(final: ts.Expression, state: State): boolean {
  const fn = bare(final);
  if (!isFunction(fn)) return true;
  return fn.parameters.slice(1).some((param) => isUsed(param, state)) || /\barguments\b/.test(fn.body.getText());
}

function answered(
  on: Task,
  gives: Gives,
  final: ts.Expression,
  node: ts.CallExpression,
  env: Env,
  state: State,
): Step[] {
  const fn = bare(final);
  const role = roleOf(fn, env, state);
  const answer = (to: FunctionNode) => {
    const steps = readAnswer({ on, gives, fn: to, at: node }, env, state);
    const handled = steps.some((step) => step.kind === 'wait' && step.on === on && step.onFail);
    if (handled && on.kind === 'block' && state.foreign.has(on.target)) stop('error-not-checked', final);
    return steps;
  };
  if (isFunction(fn)) return answer(fn);
  if (role?.kind === 'inline') return answer(role.fn.node);
  if (role?.kind !== 'report' || role.shape !== 'errorFirst') return stop('reference-use', final);
  noteFailure(role, env, state);
  const kind = gives.results === 'unknown' ? 'value' : gives.results;
  recordReport(role.target, kind, state);
  return [{ kind: 'exit', how: 'succeed', of: role.target, with: on, lead: [], at: rangeOf(node) }];
}

function exit(target: Target, at: ts.Node, value?: Snippet | Task): Step {
  return { kind: 'exit', how: 'succeed', of: target, ...(value && { with: value }), lead: [], at: rangeOf(at) };
}

/** Each task gets what the one before gave; the last gives what the whole gives. */
const waterfall: Read = ({ node, args }, target, env, state) => {
  const tasks = elementsOf(args[0], node);
  const steps: Step[] = [];
  let before: { block: TaskBlock; at: ts.Node } | undefined;
  let gives: Gives['results'] = 'nothing';
  for (const [index, task] of tasks.entries()) {
    const last = index === tasks.length - 1;
    const block = readTask(task, [], env, state, last ? target : { of: 'block' });
    if (before) steps.push(wait(before.block.task, before.at, bindNext(block.params, before.block.gives, state)));
    else if (block.params.length) stop('several-results', block.params[0]!);
    if (before && !isFunction(bare(task)) && !/^(nothing|null)$/.test(before.block.gives.results))
      stop('unknown-callee', task);
    if (last && block.task.kind === 'block') steps.push(...block.task.body.steps);
    else if (last) steps.push(exit(target, task, block.task));
    gives = block.gives.results;
    before = { block, at: task };
  }
  return { steps, gives };
};

/** One after the other; the results in a list, or in an object by name. */
const series: Read = ({ node, args, wanted }, target, env, state) => {
  const entries = entriesOf(args[0], node);
  if (!wanted) {
    const waits = entries.map(({ task }) => wait(readTask(task, [], env, state).task, task));
    return { steps: [...waits, exit(target, node)], gives: 'nothing' };
  }
  const isObject = entries[0]?.key !== undefined;
  const results = declared('results', isObject ? '{}' : '[]', node, state);
  const steps = entries.flatMap(({ key, task }): Step[] => {
    const { bind, binding } = invented('result', task, state);
    const block = readTask(task, [], env, state);
    const parts = key ? [results.binding, member(key), ' = ', binding] : [results.binding, '.push(', binding, ')'];
    const code = state.snippets.compose(parts, rangeOf(task), 'no');
    return [wait(block.task, task, bind), { kind: 'code', made: true, code, lead: [], at: rangeOf(task) }];
  });
  return { steps: [results.step, ...steps, exit(target, node, results.use)], gives: 'value' };
};

function member(key: ts.PropertyName): string {
  return ts.isIdentifier(key) ? `.${key.text}` : `[${key.getText()}]`;
}

/** All at once; the first failure answers. */
const parallel: Read = ({ node, args }, target, env, state) => {
  const entries = entriesOf(args[0], node);
  const tasks = entries.map(({ task }) => readTask(task, [], together(env), state).task);
  const keys = entries.flatMap(({ key }) => (key ? [state.snippets.piece(rangeOf(key), [])] : []));
  const task: Task = { kind: 'together', tasks, join: 'all', ...(keys.length && { keys }) };
  return { steps: [exit(target, node, task)], gives: 'value' };
};

/** `each`, `map`: every element at once. */
const fanOut =
  (gather: boolean): Read =>
  ({ node, args }, target, env, state) => {
    const [list, iteratee] = listAnd(args, node, env, state);
    const item = invented('item', list, state);
    const block = readIteratee(iteratee, item, together(env), state);
    const each = asBlock(block.task, iteratee);
    const task: Task = { kind: 'fanOut', over: state.snippets.expression(list), item: block.items, each, join: 'all' };
    if (gather) return { steps: [exit(target, node, task)], gives: 'value' };
    return { steps: [wait(task, node), exit(target, node)], gives: 'null' };
  };

/** `eachLimit`, `mapLimit`: a window. */
const window =
  (gather: boolean): Read =>
  (call, target, env, state) => {
    const [list, limit, iteratee, more] = call.args;
    if (!list || !limit || !iteratee || more || state.ctx.options.to === 'pool')
      return stop('schedule-differs', call.node.expression);
    const whole = fanOut(gather)({ ...call, args: [list, iteratee] }, target, env, state);
    const most = plainSnippet(limit, env, state);
    return { ...whole, steps: windowed(whole.steps, most, limit, state.ctx) };
  };

/** `eachSeries`, `mapSeries`: one element after the other. */
const oneByOne =
  (gather: boolean): Read =>
  ({ node, args, wanted }, target, env, state) => {
    const [list, iteratee] = listAnd(args, node, env, state);
    if (iteratee.getText().includes(`${list.getText()}.push`)) stop('shared-loop-variable', iteratee);
    const item = invented('item', list, state);
    const block = readIteratee(iteratee, item, env, state);
    const over = state.snippets.expression(list);
    const head = ofHead(block.items[0] ?? item.bind.pattern, over, rangeOf(list), state.snippets);
    const whole = turns(head, block, iteratee, gather && wanted, node, target, state);
    return gather ? { ...whole, gives: 'value' } : whole;
  };

/** The loop, its results in a list if they are wanted. */
function turns(
  head: LoopHead,
  block: TaskBlock,
  iteratee: ts.Node,
  gather: boolean,
  node: ts.Node,
  target: Target,
  state: State,
): Whole {
  const loopOf = (steps: Step[]): Step => ({
    kind: 'loop',
    ...head,
    body: { steps, tail: [] },
    lead: [],
    at: rangeOf(node),
  });
  if (!gather) return { steps: [loopOf([wait(block.task, iteratee)]), exit(target, node)], gives: 'null' };
  const results = declared('results', '[]', node, state);
  const { bind, binding } = invented('result', iteratee, state);
  const push = state.snippets.compose([results.binding, '.push(', binding, ')'], rangeOf(iteratee), 'no');
  const loop = loopOf([
    wait(block.task, iteratee, bind),
    { kind: 'code', made: true, code: push, lead: [], at: rangeOf(iteratee) },
  ]);
  return { steps: [results.step, loop, exit(target, node, results.use)], gives: 'value' };
}

/** `reduce(list, start, (memo, item, callback) => …)` */
const reduce: Read = ({ node, args }, target, env, state) => {
  const [list, start, iteratee] = args;
  const fn = iteratee && bare(iteratee);
  if (!list || !start || !fn || !isFunction(fn) || !isListLike(list, state)) return stop('list-unknown', list ?? node);
  checkNames(list, env, state);
  const block = readTask(iteratee, [], env, state);
  const [memo, item] = block.params;
  if (!memo || !item || !ts.isIdentifier(memo.name)) return stop('not-error-first', fn);
  const name = itemSnippet(memo, state);
  const binding = state.snippets.bindingOf(memo.name)!;
  const declare = state.snippets.compose(['let ', name, ' = ', plainSnippet(start, env, state)], rangeOf(start), 'no');
  const use = { ...state.snippets.compose([binding], rangeOf(memo), 'no'), pure: true };
  const head = ofHead(itemSnippet(item, state), state.snippets.expression(list), rangeOf(list), state.snippets);
  const body: Step[] = [wait(block.task, iteratee, { pattern: use, how: 'assign' })];
  const loop: Step = { kind: 'loop', ...head, body: { steps: body, tail: [] }, lead: [], at: rangeOf(node) };
  return {
    steps: [{ kind: 'code', made: true, code: declare, lead: [], at: rangeOf(start) }, loop, exit(target, node, use)],
    gives: 'value',
  };
};

/** `whilst(() => i < n, iteratee)`; since version 3 the test answers through a callback as well. */
const whilst =
  (holds: boolean): Read =>
  ({ node, args }, target, env, state) => {
    const [test, iteratee] = args;
    const condition = test && conditionOf(test, state);
    if (!condition || !iteratee) return stop('unknown-callee', test ?? node);
    const block = readTask(iteratee, [], env, state);
    if (block.gives.results !== 'nothing' && block.gives.results !== 'null') stop('several-results', iteratee);
    const text = plainSnippet(condition, env, state);
    const against = holds ? text : state.snippets.compose(['!(', text, ')'], rangeOf(condition), 'no');
    const head = whileHead(against, rangeOf(condition), state.snippets);
    const loop: Step = {
      kind: 'loop',
      ...head,
      body: { steps: [wait(block.task, iteratee)], tail: [] },
      lead: [],
      at: rangeOf(node),
    };
    return { steps: [loop, exit(target, node)], gives: 'null' };
  };

/** `times(n, (i, callback) => …)`: at once; `timesSeries`: one by one. */
const times: Read = ({ node, args }, target, env, state) => {
  const [count, iteratee] = args;
  if (!count || !iteratee) return stop('unknown-callee', node);
  const item = invented('index', count, state);
  const block = readIteratee(iteratee, item, together(env), state);
  const number = plainSnippet(count, env, state);
  const over = state.snippets.compose(
    ['Array.from({ length: ', number, ' }, (_, index) => index)'],
    rangeOf(count),
    'no',
  );
  const task: Task = { kind: 'fanOut', over, item: block.items, each: asBlock(block.task, iteratee), join: 'all' };
  return { steps: [exit(target, node, task)], gives: 'value' };
};

const timesSeries: Read = ({ node, args, wanted }, target, env, state) => {
  const [count, iteratee] = args;
  // It is looked at before each turn.
  if (!count || !iteratee || args.length !== 2 || !isFixed(count, state)) return stop('unknown-callee', count ?? node);
  const item = invented('index', count, state);
  const block = readIteratee(iteratee, item, env, state);
  const [param] = block.params;
  const { scopes } = state.ctx;
  const symbol = param && ts.isIdentifier(param.name) ? scopes.symbolOf(param.name) : undefined;
  if (param && (!symbol || scopes.references(symbol).some((use) => scopes.isWritten(use))))
    return stop('shared-loop-variable', param);
  const name = block.items[0] ?? item.bind.pattern;
  const counter = param ? state.snippets.bindingOf(param.name as ts.Identifier)! : item.binding;
  const { snippets } = state;
  const start = snippets.compose(['0'], rangeOf(count), 'no');
  const most = plainSnippet(count, env, state);
  const opposite = [counter, ' >= ', ...most.parts];
  const test = { ...snippets.compose([counter, ' < ', most], rangeOf(count), 'no'), loose: true, opposite };
  const head = countHead({ name, binding: counter, start, test }, rangeOf(count), snippets);
  return turns(head, block, iteratee, wanted, node, target, state);
};

/** A `parallelLimit` over tasks written in place that the limit does not hold up, or that run one by one. */
const parallelLimit: Read = (call, target, env, state) => {
  const [tasks, limit] = call.args;
  const most = limit && ts.isNumericLiteral(limit) ? Number(limit.text) : NaN;
  const rest = { ...call, args: [tasks!] };
  if (most === 1) return series(rest, target, env, state);
  if (most >= entriesOf(tasks, call.node).length) return parallel(rest, target, env, state);
  return stop('schedule-differs', call.node.expression);
};

function isFixed(node: ts.Expression, state: State): boolean {
  const inner = bare(node);
  const symbol = ts.isIdentifier(inner) ? state.ctx.scopes.symbolOf(inner) : undefined;
  return symbol
    ? !state.ctx.scopes.references(symbol).some((use) => state.ctx.scopes.isWritten(use))
    : ts.isNumericLiteral(inner);
}

const readers: Readonly<Record<string, Read>> = {
  waterfall,
  series,
  parallel,
  each: fanOut(false),
  map: fanOut(true),
  eachLimit: window(false),
  mapLimit: window(true),
  eachSeries: oneByOne(false),
  mapSeries: oneByOne(true),
  reduce,
  inject: reduce,
  foldl: reduce,
  whilst: whilst(true),
  until: whilst(false),
  times,
  timesSeries,
  parallelLimit,
};

function listAnd(
  args: readonly ts.Expression[],
  node: ts.Node,
  env: Env,
  state: State,
): [ts.Expression, ts.Expression] {
  const [list, iteratee] = args;
  if (!list || !iteratee || args.length !== 2) return stop('unknown-callee', node);
  if (!isListLike(list, state)) stop('list-unknown', list);
  checkNames(list, env, state);
  return [list, iteratee];
}

function readIteratee(
  iteratee: ts.Expression,
  item: ReturnType<typeof invented>,
  env: Env,
  state: State,
): TaskBlock & { readonly items: readonly Snippet[] } {
  const fn = bare(iteratee);
  const role = roleOf(fn, env, state);
  if (isFunction(fn) || role?.kind === 'inline') {
    const block = readTask(iteratee, [], env, state);
    if (block.params.length > 1) stop('arity-observed', block.params[1]!);
    return { ...block, items: block.params.map((param) => itemSnippet(param, state)) };
  }
  // A name stands for the element until it is known what calls it.
  const block = readTask(iteratee, [iteratee], env, state);
  if (block.task.kind !== 'call') return stop('unknown-callee', iteratee);
  const awaitable = replaceArgument(block.task.awaitable, iteratee, item.binding);
  return { ...block, task: { ...block.task, awaitable }, items: [item.bind.pattern] };
}

/** The argument that stood in for the element becomes its name. */
function replaceArgument(snippet: Snippet, standIn: ts.Expression, binding: Snippet['parts'][number]): Snippet {
  const { start, end } = rangeOf(standIn);
  const index = snippet.parts.findLastIndex(
    (part) => typeof part === 'object' && 'start' in part && part.start === start && part.end === end,
  );
  const parts = snippet.parts.map((part, at) => (at === index ? binding : part));
  return { ...snippet, parts };
}

function asBlock(task: Task, at: ts.Node): BlockTask {
  if (task.kind === 'block') return task;
  const target: Target = { of: 'block' };
  return { kind: 'block', target, body: { steps: [exit(target, at, task)], tail: [] } };
}
