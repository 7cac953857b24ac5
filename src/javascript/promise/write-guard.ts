import type { Handler, Snippet, Step, StepOf } from '../../flow/model.js';
import { blocksOf, isTask, leaves } from '../../flow/query.js';
import { clashes, isShort, joining, restOf } from './write-branch.js';
import { call, chain, entered, goOn, newLocal, newName, plain, sequence, taken, thenLink } from './write-flow.js';
import type { Env } from './write-flow.js';
import { give, lineOf, noLine, ours, Unsayable } from './write-model.js';
import type { Expr, Fn, Item, Link, Out } from './write-model.js';
import { promiseOf } from './write-task.js';
import { jumpsOut, suspends, usedIn } from './write-uses.js';
import type { Binding } from '../../flow/model.js';

/** A wait whose error is looked at: `.then(ok, bad)` is exactly that, and `.catch` where both then go on in the same way. */
export function failingWait(
  step: StepOf<'wait'> & { onFail: Handler },
  start: Expr,
  rest: readonly Step[],
  env: Env,
  own?: Set<Binding>,
): Out {
  const { onFail, bind } = step;
  const line = lineOf(step);
  const inside = entered(env);
  const out = (...links: Link[]): Out => ({ items: [give(chain(start, links), line)], links: [] });
  if (leaves(onFail.body.steps))
    return out(twoArmed(armed(step, rest, inside), failFn(onFail, inside), rest, inside, step));
  if (jumpsOut(onFail.body.steps).length > 0) return mixed(step, start, rest, inside);
  const used = usedIn(rest);
  const isNeeded = bind && (bind.how === 'assign' || bind.pattern.declares.some((each) => used.has(each.binding)));
  if (!isNeeded) return goOn(out(caught(failFn(onFail, stopping(inside, 'anything')))), undefined, rest, env, own);
  if (bind.how !== 'assign') {
    const pattern = bind.pattern.destructures ? withDefault(bind.pattern) : bind.pattern;
    return goOn(out(caught(failFn(onFail, stopping(inside, 'undefined')))), { ...bind, pattern }, rest, env, own);
  }
  const { params, items } = taken(bind, inside, used);
  const both = thenLink({ params, body: { items } }, failFn(onFail, stopping(inside, 'anything')));
  return goOn(out(both), undefined, rest, env, own);
}

function armed(step: StepOf<'wait'>, rest: readonly Step[], env: Env): Fn {
  const { params, items } = taken(step.bind, env, usedIn(rest));
  const isUsed =
    !step.bind ||
    step.bind.how === 'assign' ||
    step.bind.pattern.destructures ||
    step.bind.pattern.declares.some((each) => usedIn(rest).has(each.binding));
  return { params: isUsed ? params : [], body: { items: [...items, ...sequence(rest, env).items] } };
}

function twoArmed(ok: Fn, bad: Fn, rest: readonly Step[], env: Env, step: StepOf<'wait'>): Link {
  const isIdle = ok.body.items.length === 0 && env.end.kind === 'stop' && env.end.gives === 'anything' && !step.bind;
  return (isIdle && rest.length === 0) || handsBack(ok) ? caught(bad) : thenLink(ok, bad);
}

/** `(value) => value` */
function handsBack({ params, body }: Fn): boolean {
  const [param] = params;
  const [only, more] = body.items;
  const value = only?.kind === 'return' && !more && only.lead.every((each) => each === '') ? only.value : undefined;
  if (!param || param.destructures || value?.kind !== 'text' || !value.text.pure) return false;
  const [use, another] = value.text.uses;
  return !another && !!use?.binding && use.binding === param.declares[0]?.binding;
}

/** Some errors end it, others go on as if all had been well: both ways lead to what follows. */
function mixed(step: StepOf<'wait'> & { onFail: Handler }, start: Expr, rest: readonly Step[], env: Env): Out {
  const local = newLocal('rest', env.world);
  const { params, items } = taken(step.bind, env, usedIn(rest));
  local.fn = { params, body: { items: [...items, ...sequence(rest, env).items] } };
  const going: Env = { ...env, end: { kind: 'go', to: () => [give(call(local))] } };
  const ok: Fn = { params: [], body: { items: [give(call(local))] }, named: local };
  const link = thenLink(ok, failFn(step.onFail, going));
  return { items: [{ kind: 'local', local, ...noLine }, give(chain(start, [link]), lineOf(step))], links: [] };
}

function withDefault(pattern: Snippet): Snippet {
  const [open] = pattern.parts;
  const empty = typeof open === 'string' && open.startsWith('[') ? ' = []' : ' = {}';
  return { ...pattern, parts: [...pattern.parts, empty] };
}

function caught(fn: Fn): Link {
  return { method: 'catch', handlers: [fn] };
}

function stopping(env: Env, gives: 'undefined' | 'anything'): Env {
  return { ...env, end: { kind: 'stop', gives } };
}

function failFn({ param, body }: Handler, env: Env): Fn {
  return {
    params: param ? [param.pattern] : [],
    body: { items: sequence(body.steps, { ...env, atOnce: false }).items },
  };
}

/** `try`: its body as a promise of its own, so that `.catch` guards that and nothing behind it. */
export function guardStep(step: StepOf<'guard'>, rest: readonly Step[], env: Env, own?: Set<Binding>): Out {
  const { body, onFail, always } = step;
  if (always && jumpsOut(always.steps).length > 0) throw new Unsayable('finally-overrides', step.at);
  const inside = entered(env);
  const early = unawaited([...body.steps, ...(always && onFail ? onFail.body.steps : [])], env.world.awaited);
  if (early) {
    if (always) throw new Unsayable('return-in-try', early.at);
    return handsOnLast({ ...step, onFail: onFail! }, early, rest, inside) ?? flagged(step, rest, inside, true);
  }
  const inBody = jumpsOut(body.steps);
  if (onFail && !always && !inBody.length && !body.steps.some(suspends))
    return onlyFailureWaits(step, onFail, rest, env);
  const inHandler = onFail ? jumpsOut(onFail.body.steps) : [];
  const line = lineOf(step);
  if (inBody.length + inHandler.length === 0) {
    const still: Env = { ...stopping(inside, 'anything'), breaks: undefined, continues: undefined };
    return goOn({ items: [give(guarded(step, still), line)], links: [] }, undefined, rest, env, own);
  }
  const onlyReturns = [...inBody, ...inHandler].every((exit) => exit.how === 'succeed');
  if (onlyReturns && rest.length === 0 && inside.end.kind === 'stop')
    return { items: [give(guarded(step, { ...inside, breaks: undefined, continues: undefined }), line)], links: [] };
  if (onFail && !always) {
    const split = splitGuard({ ...step, onFail }, rest, inside);
    if (split) return split;
  }
  return flagged(step, rest, inside);
}

/** `try { … } catch (err) { await … }`: the body is plain code, and so is the `try`. */
function onlyFailureWaits(step: StepOf<'guard'>, onFail: Handler, rest: readonly Step[], env: Env): Out {
  const below: Env = { ...env, end: { kind: 'below' } };
  return joining(rest, env, (where) => ({
    ...lineOf(step),
    kind: 'try',
    body: { items: sequence(step.body.steps, below).items },
    ...(onFail.param && { param: onFail.param.pattern }),
    onFail: { items: sequence(onFail.body.steps, where).items },
  }));
}

/** A promise of the guard's body, and what guards it. */
function guarded({ body, onFail, always }: StepOf<'guard'>, env: Env, failing = env): Expr {
  const links: Link[] = [];
  if (onFail) links.push(caught(failFn(onFail, failing)));
  if (always) {
    const still: Env = { target: { of: 'block' }, world: env.world, end: { kind: 'stop', gives: 'anything' } };
    links.push({ method: 'finally', handlers: [{ params: [], body: { items: sequence(always.steps, still).items } }] });
  }
  return chain(promiseOf(sequence(body.steps, env, new Set()), env), links);
}

/** Where success and failure go different ways, each way is an arm of its own, outside of the guard. */
function splitGuard(step: StepOf<'guard'> & { onFail: Handler }, rest: readonly Step[], env: Env): Out | undefined {
  const { body, onFail } = step;
  const steps = body.steps;
  const inBody = jumpsOut(steps);
  const line = lineOf(step);
  const param = onFail.param?.pattern.declares.map((each) => each.binding.name) ?? [];
  const still: Env = { ...stopping(env, 'anything'), breaks: undefined, continues: undefined };
  const out = (start: Expr, link: Link, locals: readonly Item[] = []): Out => ({
    items: [...locals, give(chain(start, [link]), line)],
    links: [],
  });
  const bodyOf = (inner: readonly Step[], where: Env): Expr => promiseOf(sequence(inner, where, new Set()), where);
  const failing = (local?: ReturnType<typeof newLocal>): Fn => {
    if (leaves(onFail.body.steps)) return failFn(onFail, env);
    if (local) return failFn(onFail, { ...env, end: { kind: 'go', to: () => [give(call(local))] } });
    return failFn({ ...onFail, body: { ...onFail.body, steps: [...onFail.body.steps, ...rest] } }, env);
  };
  const mustShare = !leaves(onFail.body.steps) && !isShort(rest) && clashes(onFail.body, rest, param);
  const last = steps.at(-1);
  // `try { return await f(); } catch (err) { … }`, and on: what follows is only reached from the `catch`.
  if (leaves(steps) && inBody.every((exit) => exit.how === 'succeed')) {
    if (mustShare) return undefined;
    return out(bodyOf(steps, { ...env, breaks: undefined, continues: undefined }), caught(failing()));
  }
  if (inBody.length === 0) {
    const isShared = !leaves(onFail.body.steps) && !isShort(rest);
    const local = isShared ? restOf(rest, env) : undefined;
    const ok: Fn = local
      ? { params: [], body: { items: [give(call(local))] }, named: local }
      : { params: [], body: { items: sequence(rest, env).items } };
    return out(bodyOf(steps, still), thenLink(ok, failing(local)), local ? [{ kind: 'local', local, ...noLine }] : []);
  }
  // `try { await f(); break; } catch (err) { … }`: the jump is where success goes.
  if (
    inBody.length === 1 &&
    last?.kind === 'exit' &&
    inBody[0] === (last as unknown) &&
    isShort([last]) &&
    !mustShare
  ) {
    const ok: Fn = { params: [], body: { items: plain(last, env) } };
    return out(bodyOf(steps.slice(0, -1), still), thenLink(ok, failing()));
  }
  return undefined;
}

/** Ways out of the guard's body that pass by what follows: a variable says that one was taken. */
function flagged(given: StepOf<'guard'>, rest: readonly Step[], env: Env, passing = false): Out {
  const jumps = [...jumpsOut(given.body.steps), ...(given.onFail ? jumpsOut(given.onFail.body.steps) : [])];
  const kinds = [...new Set(jumps.map((exit) => exit.how))];
  const flag = newName('left', env.world);
  const step = passing ? passedBy(given, flag, env) : given;
  const value = newName('value', env.world);
  const one = kinds.length === 1;
  const set = (kind: string): Item => ({
    kind: 'code',
    made: true,
    code: ours([flag, one ? ' = true' : ` = '${kind}'`]),
    ...noLine,
  });
  const inner: Env = {
    ...stopping(env, 'anything'),
    leave: (exit, value) => leaving(value, set('return'), env, exit.how === 'succeed' && !!exit.unawaited),
    breaks: () => [set('break'), give()],
    continues: () => [set('continue'), give()],
  };
  // What the error branch gives is guarded by nothing but a cleanup.
  const failing: Env = step.always ? inner : { ...inner, leave: (_, value) => [set('return'), give(value)] };
  const hasValue = jumps.some((exit) => exit.how === 'succeed' && exit.with);
  const answer: Expr | undefined = hasValue ? { kind: 'text', text: ours([value]), isPromise: false } : undefined;
  const goes = (kind: string): readonly Item[] => {
    const jump = kind === 'break' ? env.breaks : env.continues;
    if (kind === 'succeed')
      return env.leave ? env.leave(jumps.find((each) => each.how === 'succeed') as never, answer) : [give(answer)];
    if (typeof jump !== 'function') throw new Unsayable('labels', step.at);
    return jump();
  };
  const tests = kinds.map((kind): Item => ({
    kind: 'branch',
    test: ours([flag, one ? '' : ` === '${kind === 'succeed' ? 'return' : kind}'`]),
    then: { items: goes(kind), bare: 'same' },
    ...noLine,
  }));
  const then: Fn = {
    params: answer ? [ours([value], [{ binding: value, how: 'lexical' }])] : [],
    body: { items: [...tests, ...sequence(rest, env).items] },
  };
  const declare: Item = {
    kind: 'code',
    made: true,
    code: ours(['let ', flag, one ? ' = false' : ''], [{ binding: flag, how: 'lexical' }]),
    ...noLine,
  };
  return { items: [declare, give(chain(guarded(step, inner, failing), [thenLink(then)]), lineOf(step))], links: [] };
}

/** What a promise that was returned without waiting rejects with was never for this `catch`. */
function passedBy(step: StepOf<'guard'>, flag: Binding, env: Env): StepOf<'guard'> {
  const onFail = step.onFail!;
  const error = newName('err', env.world);
  const pattern = onFail.param?.pattern ?? ours([error]);
  const [name] = pattern.destructures ? [] : pattern.declares;
  if (pattern.destructures) throw new Unsayable('return-in-try', step.at);
  const exit: Step = { kind: 'exit', how: 'fail', with: ours([name ? name.binding : error]), lead: [], at: step.at };
  const test: Step = {
    kind: 'branch',
    test: ours([flag]),
    then: { steps: [exit], tail: [], bare: 'same' },
    lead: [],
    at: step.at,
  };
  const body = { ...onFail.body, steps: [test, ...onFail.body.steps] };
  return { ...step, onFail: { param: { pattern, how: 'let' }, body } };
}

function leaving(given: Expr | undefined, set: Item, env: Env, unawaited: boolean): readonly Item[] {
  if (!given || (given.kind === 'text' && given.text.pure && given.text.promise === 'no')) return [set, give(given)];
  const value = newName('value', env.world);
  const text: Expr = { kind: 'text', text: ours([value]), isPromise: false };
  if (given.kind === 'text' && (unawaited || given.text.promise === 'no'))
    return [{ kind: 'code', made: true, code: ours(['const ', value, ' = ', given.text]), ...noLine }, set, give(text)];
  const then: Fn = { params: [ours([value])], body: { items: [set, give(text)] } };
  return [give(chain(given, [thenLink(then)]))];
}

/**
 * `try { const res = await fetch(url); return res.json(); } catch …`: what the last call rejects with passes by the `catch`, what it
 * throws does not.
 */
function handsOnLast(
  step: StepOf<'guard'> & { onFail: Handler },
  early: Step,
  rest: readonly Step[],
  env: Env,
): Out | undefined {
  const { steps } = step.body;
  const at = steps.findLastIndex(suspends);
  const wait = steps[at];
  const tail = steps.slice(at + 1);
  const last = tail.at(-1);
  if (wait?.kind !== 'wait' || wait.onFail || last !== early || jumpsOut(steps).length !== 1) return undefined;
  const param = step.onFail.param?.pattern;
  const names = param?.declares.map((each) => each.binding.name) ?? [];
  const falls = !leaves(step.onFail.body.steps);
  if (falls && clashes(step.onFail.body, rest, names)) return undefined;
  const handled = falls ? [...step.onFail.body.steps, ...rest] : step.onFail.body.steps;
  const failed = failFn({ ...step.onFail, body: { ...step.onFail.body, steps: handled } }, env);
  const still: Env = { ...stopping(env, 'anything'), breaks: undefined, continues: undefined };
  const before = sequence([...steps.slice(0, at), { ...wait, bind: undefined } as Step], still, new Set());
  const start = promiseOf(before, env);
  const { params, items } = taken(wait.bind, env, usedIn(tail));
  const inner = [...items, ...sequence(tail, env).items];
  const out = (link: Link, locals: readonly Item[] = []): Out => ({
    items: [...locals, give(chain(start, [link]), lineOf(step))],
    links: [],
  });
  const [only] = inner;
  const isSure = inner.length === 1 && only?.kind === 'return' && only.value?.kind === 'text' && only.value.text.calm;
  if (isSure) return out(thenLink({ params, body: { items: inner } }, failed));
  const local = newLocal('failed', env.world);
  local.fn = failed;
  const error = newName('err', env.world);
  const again = give(call(local, ...(param ? [ours([error])] : [])));
  const guard: Item = {
    kind: 'try',
    body: { items: inner },
    ...(param && { param: ours([error]) }),
    onFail: { items: [again] },
    ...noLine,
  };
  const bad: Fn = { params: [], body: { items: [give(call(local))] }, named: local };
  return out(thenLink({ params, body: { items: [guard] } }, bad), [{ kind: 'local', local, ...noLine }]);
}

/** A promise that the source returned from a `try` without waiting for it; what is read from an awaited value is none. */
function unawaited(steps: readonly Step[], awaited: ReadonlySet<Binding>): Step | undefined {
  for (const step of steps) {
    if (step.kind === 'exit' && step.how === 'succeed' && step.unawaited && step.with)
      if (isTask(step.with) || (step.with.promise !== 'no' && !isRead(step.with, awaited))) return step;
    for (const block of blocksOf(step)) {
      const found = unawaited(block.steps, awaited);
      if (found) return found;
    }
  }
  return undefined;
}

function isRead({ quiet, uses }: Snippet, awaited: ReadonlySet<Binding>): boolean {
  return !!quiet && uses.length > 0 && uses.every((use) => use.binding && awaited.has(use.binding));
}
