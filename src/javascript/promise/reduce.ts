import type { Range } from '../../types.js';
import type { Binding, BlockTask, Snippet, Step, Target, Task } from '../../flow/model.js';
import { bare, memberName } from '../calls/origin.js';
import { isWriteTarget } from '../scope.js';
import type { Scopes } from '../scope.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { readLinks } from './chain.js';
import { commentsIn, inventedPattern, inventedUse } from './env.js';
import type { Env } from './env.js';
import { readFunction } from './function.js';
import { handlerForm, isFixedValue, isUndefined } from './handler.js';
import type { HandlerForm } from './handler.js';
import { chainOf, promiseStatic } from './links.js';
import type { Chain, Link } from './links.js';

interface Sequence {
  readonly list: ts.Expression;
  readonly step: ts.ArrowFunction | ts.FunctionExpression;
  readonly item: ts.ParameterDeclaration | undefined;
  readonly chain: Chain;
  readonly start: ts.Expression | undefined;
  readonly call: ts.CallExpression;
}

export function isReduceSequence(expression: ts.Node, scopes: Scopes): boolean {
  return !!sequenceOf(expression, scopes);
}

/** `list.reduce((p, x) => p.then(() => f(x)), Promise.resolve())`: one after the other, nothing else in the function. */
function sequenceOf(expression: ts.Node, scopes: Scopes): Sequence | undefined {
  const call = bare(expression);
  if (!ts.isCallExpression(call) || memberName(call.expression) !== 'reduce' || call.arguments.length !== 2)
    return undefined;
  const [fn, initial] = call.arguments;
  const step = fn && bare(fn);
  if (!step || !(ts.isArrowFunction(step) || ts.isFunctionExpression(step)) || step.parameters.length > 2)
    return undefined;
  const start = initial && promiseStatic(initial, scopes);
  if (start?.name !== 'resolve' || start.call.arguments.length > 1) return undefined;
  const [previous, item] = step.parameters;
  const value = answerOf(step);
  const chain = value && chainOf(value, scopes);
  if (!chain || !previous || !ts.isIdentifier(previous.name) || !isOnlyUse(previous.name, chain.root, scopes))
    return undefined;
  if (!chain.links.every((link) => link.method === 'then' && link.args.length === 1)) return undefined;
  const list = (call.expression as ts.PropertyAccessExpression).expression;
  return { list, step, item, chain, start: start.call.arguments[0], call };
}

function answerOf(fn: ts.ArrowFunction | ts.FunctionExpression): ts.Expression | undefined {
  if (!ts.isBlock(fn.body)) return fn.body;
  const [only, more] = fn.body.statements;
  return only && !more && ts.isReturnStatement(only) ? only.expression : undefined;
}

function isOnlyUse(name: ts.Identifier, root: ts.Expression, scopes: Scopes): boolean {
  const symbol = scopes.symbolOf(name);
  if (!symbol) return false;
  const uses = scopes.references(symbol);
  return uses.length === 2 && uses[1] === bare(root);
}

/** The sequence as a loop; `undefined` when the expression is none. */
export function readReduce(expression: ts.Expression, env: Env, wanted = true): Task | undefined {
  const found = sequenceOf(expression, env.ctx.scopes);
  if (!found) return undefined;
  const { snippets } = env;
  const at = rangeOf(found.call);
  const list = listOf(found.list, env);
  if (!list || (found.item && (found.item.initializer || found.item.dotDotDotToken))) return undefined;
  if (ts.isFunctionExpression(found.step) && handlerForm(found.step, env).kind !== 'function') return undefined;
  env.seen.chains.push(found.chain.whole);
  env.seen.inlined.push(found.step);
  const target: Target = { of: 'block' };
  const { declare, turn, value } = gather(found, env, wanted);
  const item = found.item ? snippets.pattern(found.item.name) : inventedPattern(snippets.invent('item'), at);
  const head = snippets.compose(['for (const ', item, ' of ', list, ')'], at, 'no');
  const lead = [...commentsIn(found.call.expression.end, found.step.getStart(), snippets), ...headOf(found, env)];
  const loop: Step = { kind: 'loop', head, body: { steps: [turn], tail: [] }, lead, at };
  const end = { start: at.end, end: at.end };
  const exit: Step = { kind: 'exit', how: 'succeed', of: target, ...(value && { with: value }), lead: [], at: end };
  const initial = found.call.arguments[1]!;
  const tail = [
    ...commentsIn(found.step.end, initial.getStart(), snippets),
    ...commentsIn(initial.end, found.call.end, snippets),
  ];
  return { kind: 'block', target, body: { steps: [...declare, loop, exit], tail } } satisfies BlockTask;
}

/** Comments around the step's answer. */
function headOf(found: Sequence, env: Env) {
  const before = commentsIn(found.step.getStart(), found.chain.whole.getStart(), env.snippets);
  return [...before, ...commentsIn(found.chain.whole.end, found.step.end, env.snippets)];
}

interface Gathered {
  readonly declare: Step[];
  readonly turn: Step;
  readonly value?: Snippet;
}

/** The variable that holds what the turn before gave, and one turn. */
function gather(found: Sequence, env: Env, wanted: boolean): Gathered {
  const { snippets } = env;
  const inner: Env = { ...env, inLoop: true };
  const at = rangeOf(found.chain.whole);
  const first = found.chain.links[0]!;
  const form = handlerForm(first.args[0], inner);
  const param = form.kind === 'function' ? form.fn.parameters[0]?.name : undefined;
  if (param && !ts.isIdentifier(param)) stop('unknown-handler', param);
  const named = param && snippets.bindingOf(param as ts.Identifier);
  const binding: Binding = named ?? snippets.invent('result');
  const on = readLinks(
    found.chain.root,
    found.chain.links.slice(1),
    inner,
    false,
    firstTurn(form, binding, first, inner),
  );
  const symbol = param && env.ctx.scopes.symbolOf(param as ts.Identifier);
  const same = givesBack(found.chain, symbol, env.ctx.scopes);
  if (!same && symbol && isCaptured(symbol, form, env)) stop('shared-loop-variable', param!);
  if (!wanted && !named && form.kind === 'function') return { declare: [], turn: { kind: 'wait', on, lead: [], at } };
  const bind = same ? undefined : { pattern: inventedPattern(binding, at), how: 'assign' as const };
  const turn: Step = { kind: 'wait', on, ...(bind && { bind }), lead: [], at };
  return { declare: [declared(found.start, binding, at, env)], turn, value: inventedUse(binding, at) };
}

/** The first function of a turn gets the variable itself. */
function firstTurn(form: HandlerForm, binding: Binding, link: Link, env: Env): Task {
  const target: Target = { of: 'block' };
  if (form.kind === 'function') return { kind: 'block', target, body: readFunction(form.fn, target, env, false).block };
  if (form.kind !== 'call') return stop('unknown-handler', link.call);
  const at = rangeOf(link.args[0]!);
  const exit: Step = {
    kind: 'exit',
    how: 'succeed',
    of: target,
    with: env.snippets.compose(form.call(binding), at),
    lead: [],
    at,
  };
  return { kind: 'block', target, body: { steps: [exit], tail: [] } };
}

function declared(start: ts.Expression | undefined, binding: Binding, at: Range, env: Env): Step {
  const base = { lead: [], at };
  const pattern = inventedPattern(binding, at);
  if (!start || isUndefined(bare(start), env.ctx.scopes)) {
    const code: Snippet = { ...env.snippets.compose(['let ', binding], at, 'no'), declares: pattern.declares };
    return { ...base, kind: 'code', code, made: true };
  }
  const value = env.snippets.expression(start);
  if (value.promise !== 'no')
    return {
      ...base,
      kind: 'wait',
      on: { kind: 'call', form: 'awaitable', awaitable: value },
      bind: { pattern, how: 'let' },
    };
  const code: Snippet = {
    ...env.snippets.compose(['let ', binding, ' = ', value], at, 'no'),
    declares: pattern.declares,
  };
  return { ...base, kind: 'code', code, made: true };
}

/** A function that lives on reads the variable when it may already belong to another turn. */
function isCaptured(symbol: ts.Symbol, form: HandlerForm, env: Env): boolean {
  return env.ctx.scopes.references(symbol).some((use) => {
    for (let node: ts.Node = use.parent; node; node = node.parent) {
      if (form.kind === 'function' && node === form.fn) return false;
      if (ts.isFunctionLike(node) && !env.seen.inlined.includes(node)) return true;
    }
    return false;
  });
}

/** Does the chain give the very value it was given, on every path? */
function givesBack(chain: Chain, symbol: ts.Symbol | undefined, scopes: Scopes): boolean {
  const last = chain.links.at(-1)!;
  const fn = last.args[0] && bare(last.args[0]);
  if (last.args.length !== 1 || !fn || !(ts.isArrowFunction(fn) || ts.isFunctionExpression(fn))) return false;
  const answers = ts.isBlock(fn.body) ? returnsOf(fn.body) : [fn.body];
  if (ts.isBlock(fn.body) && !ts.isReturnStatement(fn.body.statements.at(-1) ?? fn.body)) return false;
  return answers.every((answer) => {
    const node = answer && bare(answer);
    if (!node) return false;
    if (ts.isIdentifier(node)) return scopes.symbolOf(node) === symbol;
    const inner = chainOf(node, scopes);
    return !!inner && inner.links.at(-1)!.method === 'then' && givesBack(inner, symbol, scopes);
  });
}

function returnsOf(node: ts.Node): (ts.Expression | undefined)[] {
  const found: (ts.Expression | undefined)[] = [];
  const visit = (child: ts.Node): void => {
    if (ts.isFunctionLike(child) || ts.isClassLike(child)) return;
    if (ts.isReturnStatement(child)) found.push(child.expression);
    ts.forEachChild(child, visit);
  };
  visit(node);
  return found;
}

/** `reduce` looks at the list once, a loop at each turn: the list must not change in between. */
function listOf(list: ts.Expression, env: Env): string | Snippet | undefined {
  const node = bare(list);
  const text = env.snippets.expression(list);
  if (ts.isArrayLiteralExpression(node) || ts.isCallExpression(node)) return text;
  if (ts.isIdentifier(node) && isFixedValue(node, env.ctx.scopes) && !isChanged(node, env.ctx.scopes)) return text;
  if (!ts.isIdentifier(node) && !ts.isPropertyAccessExpression(node)) return undefined;
  return env.snippets.compose(['[...', text, ']'], rangeOf(list), 'no');
}

const changing = /^(push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin|length)$/;

function isChanged(name: ts.Identifier, scopes: Scopes): boolean {
  const symbol = scopes.symbolOf(name);
  if (!symbol) return true;
  return scopes.references(symbol).some((use) => {
    const parent = use.parent;
    if (ts.isElementAccessExpression(parent) && parent.expression === use) return isWriteTarget(parent);
    return (
      changing.test(memberName(parent) ?? '') &&
      (parent as ts.AccessExpression).expression === use &&
      (isWriteTarget(parent) || memberName(parent) !== 'length')
    );
  });
}
