import type { Binding, Bind, BlockTask, Snippet, Step, Target, Task } from '../../flow/model.js';
import { leaves } from '../../flow/query.js';
import { bare, memberName, originOf } from '../calls/origin.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { bodyOf, checkContinuation } from './answer.js';
import { bindResults, nameOnly, patternOf } from './await.js';
import { givesOf } from './locals.js';
import { checkNames } from './report.js';
import { isFunction } from './shape.js';
import { readList } from './statements.js';
import { roleOf, withRoles } from './state.js';
import type { Env, Role, State } from './state.js';
import type { FunctionNode, Gives } from './types.js';

/** A function of a list of tasks, or an iteratee: its parameters before the callback, and what it does as a block. */
export interface TaskBlock {
  readonly params: readonly ts.ParameterDeclaration[];
  readonly task: Task;
  readonly gives: Gives;
}

/** Inside a task that runs beside others nothing may answer for the whole; one after another, an outer answer just stops there. */
export function together(env: Env): Env {
  const roles = [...env.roles].map(([symbol]): [ts.Symbol, Role] => [
    symbol,
    { kind: 'closed', code: 'called-more-than-once' },
  ]);
  return { ...env, roles: new Map(roles) };
}

/** Reads a task written in place, or by name. `target`: what its own callback reports to. */
export function readTask(
  node: ts.Expression,
  args: readonly ts.Expression[],
  env: Env,
  state: State,
  target: Target = { of: 'block' },
): TaskBlock {
  const fn = bare(node);
  if (isFunction(fn)) return blockOf(fn, env, state, target);
  const role = roleOf(fn, env, state);
  if (role?.kind === 'inline') return blockOf(role.fn.node, env, state, target);
  const applied = appliedBy(fn, state);
  if (applied) return namedTask(applied.callee, [...applied.args, ...args], env, state);
  return namedTask(node, args, env, state);
}

function blockOf(fn: FunctionNode, env: Env, state: State, target: Target): TaskBlock {
  checkContinuation(fn, state);
  const reporter = fn.parameters.at(-1);
  const symbol = reporter && ts.isIdentifier(reporter.name) ? state.ctx.scopes.symbolOf(reporter.name) : undefined;
  if (!symbol) return stop('path-without-callback', fn);
  const inner: Env = {
    ...withRoles(env, [[symbol, { kind: 'report', target, shape: 'errorFirst' }]]),
    known: new Map([...env.known, [symbol, 'given']]),
    targets: env.targets.includes(target) ? env.targets : [...env.targets, target],
    sync: false,
    followed: undefined,
    inTry: undefined,
    caught: undefined,
  };
  const body = bodyOf(fn);
  const block = readList(body.statements, body.range, inner, state);
  if (!leaves(block.steps)) stop('path-without-callback', body.statements.at(-1) ?? fn);
  const kinds = state.reports.get(target) ?? [];
  if (kinds.includes('list') && kinds.includes('value')) stop('several-results', fn);
  const task = asTask({ kind: 'block', target, body: { steps: block.steps, tail: block.tail } });
  return { params: fn.parameters.slice(0, -1), task, gives: givesOf(kinds, true) };
}

/** A block that only hands on a call is that call. */
function asTask(block: BlockTask): Task {
  const [only, more] = block.body.steps;
  if (more || only?.kind !== 'exit' || only.how !== 'succeed' || !only.with || !('kind' in only.with)) return block;
  const comments = [...only.lead, ...(only.trail ?? []), ...block.body.tail].some((each) => each !== '');
  return only.with.kind === 'call' && only.of === block.target && !comments ? only.with : block;
}

/** `async.apply(fs.readFile, path)`, `fs.readFile.bind(fs, path)` */
function appliedBy(node: ts.Node, state: State): { callee: ts.Expression; args: readonly ts.Expression[] } | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const origin = originOf(node.expression, state.ctx.scopes);
  const [first, ...rest] = node.arguments;
  if (origin?.module === 'async' && origin.path[0] === 'apply' && first) return { callee: first, args: rest };
  const callee = bare(node.expression);
  if (memberName(callee) !== 'bind' || !ts.isPropertyAccessExpression(callee) || !first) return undefined;
  const bound = bare(callee.expression);
  const self = ts.isPropertyAccessExpression(bound) ? bound.expression.getText() : 'null';
  return first.getText() === self ? { callee: callee.expression, args: rest } : undefined;
}

/** A function known by name only: called with the arguments that the library gives it. */
function namedTask(callee: ts.Expression, args: readonly ts.Expression[], env: Env, state: State): TaskBlock {
  const inner = bare(callee);
  if (!ts.isIdentifier(inner) && !ts.isPropertyAccessExpression(inner)) return stop('unknown-callee', callee);
  // The library calls it without its object.
  if (ts.isPropertyAccessExpression(inner) && !originOf(inner, state.ctx.scopes)) stop('unknown-callee', callee);
  checkNames(callee, env, state);
  args.forEach((argument) => checkNames(argument, env, state));
  const call = ts.factory.createCallExpression(callee as ts.LeftHandSideExpression, undefined, [...args, callee]);
  Object.assign(call, { pos: callee.pos, end: callee.end, parent: callee.parent });
  const awaiting = state.calls(call);
  if (awaiting.kind === 'unknown') return stop(awaiting.code ?? 'unknown-callee', callee);
  if (awaiting.errorFirst === false) return stop('not-error-first', callee);
  if ('needs' in awaiting) state.needs.push(...awaiting.needs);
  const { snippets } = state;
  const name = snippets.expression(callee);
  const list = args.flatMap((argument, index) => [...(index > 0 ? [', '] : []), snippets.expression(argument)]);
  const rest = list.length ? [...list, ', '] : [];
  const forms: Record<typeof awaiting.kind, (string | Snippet)[]> = {
    async: [name, '(', ...list, ')'],
    awaitable:
      awaiting.kind === 'awaitable'
        ? [
            ...awaiting.callee.map((part) => (typeof part === 'string' ? part : snippets.expression(part))),
            '(',
            ...list,
            ')',
          ]
        : [],
    promisify: awaiting.kind === 'promisify' ? [`${awaiting.local}(`, name, ')(', ...list, ')'] : [],
    wrap: [
      'new Promise((resolve, reject) => ',
      name,
      '(',
      ...rest,
      '(err, value) => (err ? reject(err) : resolve(value))))',
    ],
  };
  const awaitable = snippets.compose(forms[awaiting.kind], rangeOf(callee), 'yes');
  return { params: [], task: { kind: 'call', form: 'awaitable', awaitable }, gives: awaiting };
}

/** The names that a task's results get in the next: `(a, b, callback)` after `callback(null, a, b)`. */
export function bindNext(params: readonly ts.ParameterDeclaration[], gives: Gives, state: State): Bind | undefined {
  return bindResults(params, gives, state);
}

/** The parameter's name, as something that is declared in a head or a list of parameters. */
export function itemSnippet(param: ts.ParameterDeclaration, state: State): Snippet {
  return ts.isIdentifier(param.name) ? nameOnly(param.name, state) : patternOf(param, state);
}

export function wait(on: Task, at: ts.Node, bind?: Bind): Step {
  return { kind: 'wait', on, ...(bind && { bind }), lead: [], at: rangeOf(at) };
}

/** `const results = []` with a name of ours, and how it is used. */
export function declared(
  name: string,
  value: string | Snippet,
  at: ts.Node,
  state: State,
): { binding: Binding; step: Step; use: Snippet } {
  const binding = state.snippets.invent(name);
  const code = state.snippets.compose(['const ', binding, ' = ', value], rangeOf(at), 'no');
  const step: Step = {
    kind: 'code',
    made: true,
    code: { ...code, declares: [{ binding, how: 'lexical' }] },
    lead: [],
    at: rangeOf(at),
  };
  return { binding, step, use: { ...state.snippets.compose([binding], rangeOf(at), 'no'), pure: true } };
}

/** A value with a name of ours that goes where it is used. */
export function invented(name: string, at: ts.Node, state: State): { bind: Bind; binding: Binding } {
  const binding = state.snippets.invent(name);
  const pattern = {
    ...state.snippets.compose([binding], rangeOf(at), 'no'),
    declares: [{ binding, how: 'lexical' as const }],
  };
  return { bind: { pattern, how: 'const', invented: true }, binding };
}

/** The functions of a list written in place. */
export function elementsOf(node: ts.Expression | undefined, call: ts.Node): readonly ts.Expression[] {
  const list = node && bare(node);
  if (!list || !ts.isArrayLiteralExpression(list) || !list.elements.length || list.elements.some(ts.isSpreadElement))
    return stop('unknown-callee', node ?? call);
  return list.elements;
}

export function entriesOf(
  node: ts.Expression | undefined,
  call: ts.Node,
): { key?: ts.PropertyName; task: ts.Expression }[] {
  const object = node && bare(node);
  if (!object || !ts.isObjectLiteralExpression(object)) return elementsOf(node, call).map((task) => ({ task }));
  return object.properties.map((property) => {
    if (!ts.isPropertyAssignment(property) || ts.isComputedPropertyName(property.name))
      return stop('unknown-callee', property);
    return { key: property.name, task: property.initializer };
  });
}

/** The expression that a test gives: `() => x`, `function () { return x; }`, `(cb) => cb(null, x)`. */
export function conditionOf(test: ts.Expression, state: State): ts.Expression | undefined {
  const fn = bare(test);
  if (!isFunction(fn)) return undefined;
  state.inlined.add(fn);
  const only = ts.isBlock(fn.body) ? (fn.body.statements.length === 1 ? fn.body.statements[0] : undefined) : fn.body;
  const value =
    only && ts.isStatement(only)
      ? ts.isReturnStatement(only) || ts.isExpressionStatement(only)
        ? only.expression
        : undefined
      : only;
  if (!value || !ts.isExpression(value)) return undefined;
  const [reporter] = fn.parameters;
  if (!reporter)
    return ts.isBlock(fn.body) && only && ts.isExpressionStatement(only as ts.Statement) ? undefined : value;
  const call = bare(value);
  if (!ts.isCallExpression(call) || call.expression.getText() !== reporter.name.getText()) return undefined;
  return call.arguments[0]?.kind === ts.SyntaxKind.NullKeyword ? call.arguments[1] : undefined;
}
