import type { Binding, Block, Step, StepOf } from '../../flow/model.js';
import { isTask, leaves } from '../../flow/query.js';
import { body, call, entered, ended, goOn, newLocal, plain, sequence } from './write-flow.js';
import type { Env } from './write-flow.js';
import { give, lineOf, NeedsTurn, noLine, ours, Unsayable } from './write-model.js';
import type { Arm, Item, Local, Out } from './write-model.js';
import { jumpsOut, suspends, usedIn, wordsIn } from './write-uses.js';

/**
 * An `if` in whose arms something is waited for. What follows runs behind both: as the next link where the arms only give or fail,
 * else as a function that each arm ends with.
 */
export function branchStep(step: StepOf<'branch'>, rest: readonly Step[], env: Env, own?: Set<Binding>): Out {
  const arms = step.else ? [step.then, step.else] : [step.then];
  if (rest.length === 0) return { items: [branchItem(step, env), ...(step.else ? [] : ended(env))], links: [] };
  if (isShort(rest)) return atOnce(step, (where) => shared(rest, where), env);
  const falling = arms.filter((arm) => !leaves(arm.steps));
  if (!step.else && falling.length === 0) return leavingFirst(step, rest, env, own);
  if (step.else && falling.length === 1 && !clashes(falling[0]!, rest)) {
    const longer = (arm: Block): Block =>
      arm === falling[0] ? { ...arm, bare: undefined, steps: [...arm.steps, ...rest] } : arm;
    const item: Item = {
      ...lineOf(step),
      kind: 'branch',
      test: step.test,
      then: body(longer(step.then), env),
      else: body(longer(step.else), env),
    };
    return { items: [item], links: [] };
  }
  if (own && isLinkable(arms, rest, own)) {
    const stop: Env = { ...env, end: { kind: 'stop', gives: 'anything' } };
    return goOn({ items: [branchItem(step, stop)], links: [] }, undefined, rest, env, own);
  }
  const local = restOf(rest, env);
  const then = atOnce(step, (where) => calling(local, where, !!env.later), env);
  return { items: [{ kind: 'local', local, lead: [] }, ...then.items], links: [] };
}

function leavingFirst(step: StepOf<'branch'>, rest: readonly Step[], env: Env, own?: Set<Binding>): Out {
  const item = branchItem(step, env);
  const onlyThrows = !jumpsOut(step.then.steps).length && !step.then.steps.some(suspends);
  const out = sequence(rest, env, onlyThrows ? own : undefined);
  return { items: [item, ...out.items], links: out.links };
}

function branchItem(step: StepOf<'branch'>, env: Env): Item {
  return {
    ...lineOf(step),
    kind: 'branch',
    test: step.test,
    then: body(step.then, env),
    ...(step.else && { else: body(step.else, env) }),
  };
}

/** Both arms end with what follows. */
function atOnce(step: StepOf<'branch'>, then: (where: Env) => readonly Item[], env: Env): Out {
  const item = branchItem(step, ending(env, then));
  return { items: [item, ...(step.else ? [] : then(env))], links: [] };
}

/** What follows runs behind each end of an item that ends in several ways. */
export function joining(rest: readonly Step[], env: Env, make: (where: Env) => Item): Out {
  if (rest.length === 0) return { items: [make(env), ...ended(env)], links: [] };
  const local = isShort(rest) ? undefined : restOf(rest, env);
  const then = (where: Env): readonly Item[] => (local ? calling(local, where, !!env.later) : shared(rest, where));
  const before: Item[] = local ? [{ kind: 'local', local, ...noLine }] : [];
  return { items: [...before, make(ending(env, then)), ...then(env)], links: [] };
}

/** Behind the last step, here and in handlers. */
function ending(env: Env, then: (where: Env) => readonly Item[]): Env {
  const { later } = env;
  const inside = entered(env);
  return {
    ...env,
    end: { kind: 'go', to: () => then(env) },
    ...(later && { later: { ...later, end: { kind: 'go', to: () => then(inside) } } }),
  };
}

/**
 * What follows, written once as a function. In a native loop's turn it only does its part, and the turn goes on by itself: were it
 * to start the next one, turns that wait for nothing would stand on one another.
 */
export function restOf(rest: readonly Step[], env: Env): Local {
  const local = newLocal('rest', env.world);
  if (env.later && (rest.some(suspends) || jumpsOut(rest).length > 0)) throw new NeedsTurn();
  const where: Env = env.later ? { ...entered(env), end: { kind: 'stop', gives: 'anything' } } : env;
  local.fn = { params: [], body: { items: sequence(rest, where).items } };
  return local;
}

function calling(local: Local, env: Env, isPart: boolean): readonly Item[] {
  if (!isPart) return [give(call(local))];
  return [{ kind: 'code', code: ours([local.name, '()']), made: true, ...noLine }, ...ended(env)];
}

/** It may be written twice: nothing, or one plain answer. */
export function isShort(rest: readonly Step[]): boolean {
  const [only, more] = rest;
  if (!only) return true;
  if (more || only.kind !== 'exit' || only.lead.some((each) => each !== '') || only.trail?.length) return false;
  if (only.how === 'break' || only.how === 'continue') return true;
  if (only.how === 'fail') return only.with.pure === true;
  return only.how === 'succeed' && (!only.with || (!isTask(only.with) && only.with.pure === true));
}

function shared(rest: readonly Step[], env: Env): readonly Item[] {
  const [only] = rest;
  return only ? plain({ ...only, lead: [] } as Step, env) : ended(env);
}

function isLinkable(arms: readonly Block[], rest: readonly Step[], own: ReadonlySet<Binding>): boolean {
  const needed = usedIn(rest);
  return arms.every((arm) => jumpsOut(arm.steps).length === 0) && ![...own].some((name) => needed.has(name));
}

/** A name that a block declares means something else in the steps that would move into it. */
export function clashes(block: Block, rest: readonly Step[], more: readonly string[] = []): boolean {
  const words = wordsIn(rest);
  const declared = block.steps.flatMap((step) => (step.kind === 'loop' ? [] : declaredNames(step)));
  return [...declared, ...more].some((name) => words.has(name));
}

function declaredNames(step: Step): string[] {
  if (step.kind === 'code') return step.code.declares.map((each) => each.binding.name);
  return step.kind === 'wait' && step.bind ? step.bind.pattern.declares.map((each) => each.binding.name) : [];
}

/** A `switch` in whose arms something is waited for: each arm ends by itself. */
export function switchStep(step: StepOf<'switch'>, rest: readonly Step[], env: Env, own?: Set<Binding>): Out {
  if (env.later && rest.length > 0) throw new NeedsTurn();
  const flat = !!own && step.arms.every((arm) => !jumpsOut(arm.body.steps, false, true).length) && !isShort(rest);
  const isFlat = flat && ![...own].some((name) => usedIn(rest).has(name));
  const local = !isFlat && !isShort(rest) ? restOf(rest, env) : undefined;
  const then = (): readonly Item[] => (isFlat ? [] : local ? [give(call(local))] : shared(rest, env));
  const over = (): readonly Item[] => {
    const items = then();
    if (items.length > 0) return items;
    if (env.end.kind === 'below') throw new NeedsTurn();
    return [give()];
  };
  const inner: Env = {
    ...env,
    end: isFlat ? { kind: 'stop', gives: 'anything' } : { kind: 'go', to: then },
    breaks: over,
  };
  const arms = step.arms.map((arm, index): Arm => {
    const isLast = index === step.arms.length - 1;
    const { steps } = arm.body;
    const falls = steps.length > 0 && !leaves(steps) && !isLast;
    if (falls && steps.some(suspends)) throw new Unsayable('switch-fall-through', arm.body.steps[0]!.at);
    return {
      label: arm.label,
      lead: arm.lead,
      ...(arm.braced && { braced: true }),
      body: body(arm.body, isLast ? inner : { ...inner, ...(steps.some(suspends) ? {} : { end: { kind: 'below' } }) }),
    };
  });
  const item: Item = { ...lineOf(step), kind: 'switch', on: step.on, arms };
  if (isFlat) return goOn({ items: [item], links: [] }, undefined, rest, env, own);
  const before: Item[] = local ? [{ kind: 'local', local, lead: [] }] : [];
  return { items: [...before, item, ...then()], links: [] };
}
