import type { Bind, Handler, Step } from '../../flow/model.js';
import { leaves } from '../../flow/query.js';
import { bare, memberName } from '../calls/origin.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { bodyOf, checkContinuation } from './answer.js';
import { isUsed, nameOnly, patternOf } from './await.js';
import { checkNames, noteFailure } from './report.js';
import { isFunction } from './shape.js';
import { readList } from './statements.js';
import { mention, roleOf, withKnown } from './state.js';
import type { Env, State } from './state.js';

/**
 * `load(x).then((v) => cb(null, v), cb)`: a promise whose both ends report. `.then(ok).catch(cb)` is not the same: there an
 * exception of the callback is reported to it again.
 */
export function readThen(call: ts.CallExpression, returned: boolean, env: Env, state: State): Step[] | undefined {
  const callee = bare(call.expression);
  if (memberName(callee) !== 'then' || !ts.isPropertyAccessExpression(callee)) return undefined;
  const [first, second, more] = call.arguments;
  if (!first || !second || more || mention(callee.expression, env, state)) return undefined;
  if (env.inTry) stop('sync-throw', env.inTry);
  // The caller is given the promise as well.
  if (returned && env.sync) stop('callback-and-promise', call);
  const ok = bare(first);
  if (!isFunction(ok) || ok.parameters.length > 1) return stop('mixed-style', call);
  checkNames(callee.expression, env, state);
  checkContinuation(ok, state);
  const inner = { ...env, sync: false, followed: undefined };
  const onFail = failureOf(bare(second), inner, state);
  const [param] = ok.parameters;
  const bind: Bind | undefined =
    param && isUsed(param, state) ? { pattern: patternOf(param, state), how: howOf(param, state) } : undefined;
  if (param) state.snippets.settle(param.name);
  const awaitable = { ...state.snippets.expression(callee.expression), promise: 'yes' as const };
  const at = rangeOf(call);
  const wait: Step = {
    kind: 'wait',
    on: { kind: 'call', form: 'awaitable', awaitable },
    ...(bind && { bind }),
    ...(onFail && { onFail }),
    lead: [],
    at,
  };
  return [wait, ...bodySteps(ok, inner, state)];
}

function howOf(param: ts.ParameterDeclaration, state: State): Bind['how'] {
  const symbol = ts.isIdentifier(param.name) ? state.ctx.scopes.symbolOf(param.name) : undefined;
  const { scopes } = state.ctx;
  return symbol && scopes.references(symbol).some((use) => scopes.isWritten(use)) ? 'let' : 'const';
}

/** `cb` itself passes the failure on; a function of its own is an error branch. */
function failureOf(node: ts.Node, env: Env, state: State): Handler | undefined {
  const role = roleOf(node, env, state);
  if (role?.kind === 'report' && role.shape !== 'values') {
    noteFailure(role, env, state);
    return undefined;
  }
  if (!isFunction(node) || node.parameters.length > 1) return stop('mixed-style', node);
  checkContinuation(node, state);
  const [param] = node.parameters;
  if (!param) return { body: { steps: bodySteps(node, env, state), tail: [] } };
  if (!ts.isIdentifier(param.name)) return stop('mixed-style', param);
  const symbol = state.ctx.scopes.symbolOf(param.name)!;
  const name = nameOnly(param.name, state);
  const pattern = state.ctx.typescript ? { ...name, parts: [...name.parts, ': any'] } : name;
  const steps = bodySteps(node, withKnown(env, [[symbol, 'error']]), state);
  return { param: { pattern, how: 'let' }, body: { steps, tail: [] } };
}

function bodySteps(fn: ts.FunctionExpression | ts.ArrowFunction, env: Env, state: State): readonly Step[] {
  const body = bodyOf(fn);
  const block = readList(body.statements, body.range, env, state);
  if (!leaves(block.steps)) stop('path-without-callback', body.statements.at(-1) ?? fn);
  return block.steps;
}
