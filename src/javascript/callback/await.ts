import type { Bind, Snippet, Task } from '../../flow/model.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { checkNames } from './report.js';
import type { Env, State } from './state.js';
import type { Awaiting, Gives } from './types.js';

export type Known = Exclude<Awaiting, { kind: 'unknown' }>;

/** How the callee can be awaited, or the end of this reading. */
export function awaitingOf(call: ts.CallExpression, state: State): Known {
  const unbound = withoutCall(call);
  const awaiting = unbound ? callable(state.calls(unbound)) : state.calls(call);
  if (awaiting.kind === 'unknown') stop(awaiting.code ?? 'unknown-callee', call.expression);
  return awaiting;
}

/** `f.call(self, x, cb)` as the call `f(x, cb)`. */
function withoutCall(call: ts.CallExpression): ts.CallExpression | undefined {
  const callee = bare(call.expression);
  if (!ts.isPropertyAccessExpression(callee) || callee.name.text !== 'call' || call.arguments.length < 2)
    return undefined;
  const made = ts.factory.createCallExpression(callee.expression, undefined, call.arguments.slice(1));
  return Object.assign(made, { pos: call.pos, end: call.end, parent: call.parent });
}

/** Only a form that still calls the very function with the object that it was given. */
function callable(awaiting: Awaiting): Awaiting {
  if (awaiting.kind === 'unknown' || awaiting.kind === 'promisify' || awaiting.kind === 'wrap') return awaiting;
  const { results, fields, errorFirst, sync } = awaiting;
  return fields ? { kind: 'unknown' } : { kind: 'wrap', results, errorFirst, sync };
}

/** The call without its callback, in a form that can be awaited. */
export function awaitedCall(call: ts.CallExpression, awaiting: Known, env: Env, state: State): Task {
  state.waits.push(call);
  if ('needs' in awaiting) state.needs.push(...awaiting.needs);
  const kept = call.arguments.slice(0, -1);
  kept.forEach((argument) => checkNames(argument, env, state));
  checkNames(call.expression, env, state);
  return { kind: 'call', form: 'awaitable', awaitable: awaitable(call, kept, awaiting, state) };
}

function awaitable(call: ts.CallExpression, kept: readonly ts.Expression[], awaiting: Known, state: State): Snippet {
  const { snippets } = state;
  const at = rangeOf(call);
  const callee = snippets.expression(call.expression);
  switch (awaiting.kind) {
    case 'async':
      return snippets.compose([callee, ...argumentText(call, kept, state)], at, 'yes');
    case 'awaitable': {
      const parts = awaiting.callee.map((part) => (typeof part === 'string' ? part : snippets.expression(part)));
      const { first } = awaiting;
      if (first)
        return snippets.compose(
          [...parts, `(${first}`, ...kept.flatMap((each) => [', ', snippets.expression(each)]), ')'],
          at,
          'yes',
        );
      return snippets.compose([...parts, ...argumentText(call, kept, state)], at, 'yes');
    }
    case 'promisify':
      return promisified(call, kept, awaiting.local, state);
    case 'wrap':
      return wrapped(call, kept, awaiting, state, awaiting.asList || awaiting.results === 'list');
  }
}

/** The argument list as written, up to the last argument that stays. */
function argumentText(call: ts.CallExpression, kept: readonly ts.Expression[], state: State): (string | Snippet)[] {
  const last = kept.at(-1);
  const types = call.typeArguments?.at(-1);
  const open = state.ctx.text.indexOf('(', types ? types.end : call.expression.end);
  if (!last) return ['()'];
  const { snippets, ctx } = state;
  if (!/^\(\s*\n/.test(ctx.text.slice(open, kept[0]!.getStart())))
    return [snippets.piece({ start: open, end: last.end }, kept), ')'];
  const gaps = kept.map((each, index) =>
    ctx.text.slice(each.end, (kept[index + 1] ?? call.arguments.at(-1)!).getStart()),
  );
  const isShort = kept.reduce((length, each) => length + each.getWidth() + 2, 0) <= 60;
  if (isShort && gaps.every((gap) => /^\s*,\s*$/.test(gap)) && kept.every((each) => !each.getText().includes('\n')))
    return ['(', ...kept.flatMap((each, index) => [...(index ? [', '] : []), snippets.expression(each)]), ')'];
  // `f(` on its own line, and so the `)`: as the source has it behind the callback.
  const tail = { start: call.arguments.at(-1)!.end, end: call.end };
  const isPlain = /^,?\s*\n\s*\)$/.test(ctx.text.slice(tail.start, tail.end));
  return [snippets.piece({ start: open, end: last.end }, kept), ...(isPlain ? [snippets.piece(tail, [])] : [')'])];
}

/** `promisify(f)(x)`, and `promisify(o.m).call(o, x)` where the object matters. */
function promisified(call: ts.CallExpression, kept: readonly ts.Expression[], local: string, state: State): Snippet {
  const { snippets } = state;
  const callee = bare(call.expression);
  const at = rangeOf(call);
  const promisify = [`${local}(`, snippets.expression(call.expression), ')'];
  const unbound = withoutCall(call);
  if (unbound) {
    const given = snippets.piece({ start: kept[0]!.getStart(), end: kept.at(-1)!.end }, kept);
    return snippets.compose([`${local}(`, snippets.expression(unbound.expression), ').call(', given, ')'], at, 'yes');
  }
  const receiver =
    ts.isPropertyAccessExpression(callee) || ts.isElementAccessExpression(callee) ? callee.expression : undefined;
  if (!receiver) return snippets.compose([...promisify, ...argumentText(call, kept, state)], at, 'yes');
  if (!isSimple(receiver)) stop('unknown-callee', call.expression);
  const self = snippets.expression(receiver);
  const rest = kept.length ? [', ', snippets.piece({ start: kept[0]!.getStart(), end: kept.at(-1)!.end }, kept)] : [];
  return snippets.compose([...promisify, '.call(', self, ...rest, ')'], at, 'yes');
}

/** `this`, `a`, `a.b`: reading it twice is the same as reading it once. */
function isSimple(node: ts.Expression): boolean {
  const inner = bare(node);
  if (ts.isPropertyAccessExpression(inner)) return isSimple(inner.expression);
  return ts.isIdentifier(inner) || inner.kind === ts.SyntaxKind.ThisKeyword;
}

/** `new Promise((resolve, reject) => f(x, (err, value) => (err ? reject(err) : resolve(value))))` */
function wrapped(
  call: ts.CallExpression,
  kept: readonly ts.Expression[],
  gives: Gives,
  state: State,
  several: boolean,
): Snippet {
  const { snippets } = state;
  const last = kept.at(-1);
  const open = last
    ? [snippets.piece({ start: call.getStart(), end: last.end }, [call.expression, ...kept]), ', ']
    : [snippets.expression(call.expression), '('];
  const answer =
    gives.errorFirst === false
      ? 'resolve'
      : `(err, ${several ? '...values' : 'value'}) => (err ? reject(err) : resolve(${several ? 'values' : 'value'}))`;
  const head = gives.errorFirst === false ? 'new Promise((resolve) => ' : 'new Promise((resolve, reject) => ';
  return snippets.compose([head, ...open, answer, '))'], rangeOf(call), 'yes');
}

/** The names for what an awaited call gives. `undefined` when none is used. */
export function bindResults(params: readonly ts.ParameterDeclaration[], gives: Gives, state: State): Bind | undefined {
  const used = params.filter((param) => isUsed(param, state));
  const last = used.at(-1);
  if (!last) return undefined;
  const isList = gives.results === 'list' && !gives.fields;
  for (const param of params)
    if (param.initializer || (param.dotDotDotToken && !isList)) stop('several-results', param);
  const how = used.some((param) => isWrittenName(param, state)) ? 'let' : 'const';
  if (gives.fields) return { pattern: fieldsPattern(used, params, gives.fields, state), how };
  if (gives.results === 'list')
    return { pattern: listPattern(params.slice(0, params.indexOf(last) + 1), used, state), how };
  if (last !== params[0]) stop('several-results', last);
  state.snippets.settle(last.name);
  return { pattern: patternOf(last, state), how };
}

export function isUsed(param: ts.ParameterDeclaration, state: State): boolean {
  if (!ts.isIdentifier(param.name)) return true;
  const symbol = state.ctx.scopes.symbolOf(param.name);
  return !!symbol && state.ctx.scopes.references(symbol).length > 1;
}

function isWrittenName(param: ts.ParameterDeclaration, state: State): boolean {
  const symbol = ts.isIdentifier(param.name) ? state.ctx.scopes.symbolOf(param.name) : undefined;
  return !!symbol && state.ctx.scopes.references(symbol).some((use) => state.ctx.scopes.isWritten(use));
}

/** With its type, unless that is said of an optional parameter. */
export function patternOf(param: ts.ParameterDeclaration, state: State): Snippet {
  return param.questionToken && ts.isIdentifier(param.name)
    ? nameOnly(param.name, state)
    : state.snippets.pattern(param.name);
}

/** A declared name without its type. */
export function nameOnly(name: ts.Identifier, state: State): Snippet {
  const binding = state.snippets.bindingOf(name);
  const text = state.snippets.expression(name);
  return { ...text, declares: binding ? [{ binding, how: 'lexical' }] : [], promise: 'no' };
}

function fieldsPattern(
  used: readonly ts.ParameterDeclaration[],
  params: readonly ts.ParameterDeclaration[],
  fields: readonly string[],
  state: State,
): Snippet {
  const parts = used.map((param): (string | Snippet)[] => {
    const field = fields[params.indexOf(param)];
    if (!field || !ts.isIdentifier(param.name)) stop('several-results', param);
    const name = nameOnly(param.name, state);
    if (param.name.text !== field) return [`${field}: `, name];
    return [{ ...name, uses: name.uses.map((use) => ({ ...use, shorthand: true })) }];
  });
  const list = parts.flatMap((part, index) => (index === 0 ? part : [', ', ...part]));
  return { ...state.snippets.compose(['{ ', ...list, ' }'], rangeOf(used[0]!), 'no'), destructures: true };
}

function listPattern(
  params: readonly ts.ParameterDeclaration[],
  used: readonly ts.ParameterDeclaration[],
  state: State,
): Snippet {
  const [only] = params;
  // `(err, ...results)`: the list itself.
  if (only?.dotDotDotToken && ts.isIdentifier(only.name)) return nameOnly(only.name, state);
  const parts = params.map((param): (string | Snippet)[] => {
    if (!used.includes(param)) return [];
    if (param.dotDotDotToken) return ['...', nameOnly(param.name as ts.Identifier, state)];
    return [ts.isIdentifier(param.name) ? nameOnly(param.name, state) : state.snippets.pattern(param.name)];
  });
  const list = parts.flatMap((part, index) => (index === 0 ? part : [', ', ...part]));
  return { ...state.snippets.compose(['[', ...list, ']'], rangeOf(used[0]!), 'no'), destructures: true };
}
