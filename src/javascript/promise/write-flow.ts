import type { Bind, Binding, Block, Snippet, Step, StepOf, Target, Value } from '../../flow/model.js';
import { isTask, leaves } from '../../flow/query.js';
import { plainName } from '../../flow/passes/inline.js';
import { branchStep, switchStep } from './write-branch.js';
import { failingWait, guardStep } from './write-guard.js';
import { loopStep } from './write-loop.js';
import { give, lineOf, ours, returns, Unsayable } from './write-model.js';
import type { Body, Expr, Fn, Item, Lined, Link, Local, Out } from './write-model.js';
import { taskExpr } from './write-task.js';
import { bindingsIn, declaredBy, suspends, usedIn } from './write-uses.js';

/** Where steps stand: what they may leave, and what happens behind the last of them. */
export interface Env {
  readonly target: Target;
  readonly end: End;
  /** How the flow's own exits are said; without it: `return`. */
  readonly leave?: (exit: StepOf<'exit'>, value: Expr | undefined) => readonly Item[];
  readonly breaks?: Jump;
  readonly continues?: Jump;
  /** The same inside a handler, where that is not the same: a native loop goes on by itself only before the first wait. */
  readonly later?: Pick<Env, 'end' | 'breaks' | 'continues'>;
  /** Nothing was waited for yet: what starts here starts before the caller goes on. */
  readonly atOnce?: boolean;
  readonly world: World;
}

export type End =
  /** The function is over. `undefined`: it must not give anything. */
  | { readonly kind: 'stop'; readonly gives: 'undefined' | 'anything' }
  | { readonly kind: 'go'; readonly to: () => readonly Item[] }
  /** What follows in the same function follows. */
  | { readonly kind: 'below' };

export type Jump = 'native' | (() => readonly Item[]);

/** What is shared by one entry. */
export interface World {
  /** An error at once was a rejection: what runs before the first wait may not throw at the caller. */
  readonly strict: boolean;
  /** Names of what was waited for. */
  readonly awaited: ReadonlySet<Binding>;
  readonly locals: Local[];
  /** Names that we made up: they must be free where the entry stands. */
  readonly names: Binding[];
}

/**
 * Steps as a function's items. `own` is given in a handler: the names that this function has declared so far. Then what follows a
 * wait can be the next link of the chain that the handler stands in, unless it needs one of them.
 */
export function sequence(steps: readonly Step[], env: Env, own?: Set<Binding>): Out {
  const items: Item[] = [];
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!;
    if (!suspends(step)) {
      items.push(...plain(step, env));
      declaredBy(step).forEach((binding) => own?.add(binding));
      continue;
    }
    const flat = own && !returns(items) ? own : undefined;
    const out = suspended(step, steps.slice(i + 1), env, flat);
    return { items: [...items, ...out.items], links: out.links };
  }
  return { items: leaves(steps) ? items : [...items, ...ended(env)], links: [] };
}

export function ended({ end }: Env): readonly Item[] {
  return end.kind === 'go' ? end.to() : [];
}

function suspended(step: Step, rest: readonly Step[], env: Env, own?: Set<Binding>): Out {
  switch (step.kind) {
    case 'wait': {
      const start = taskExpr(step.on, env);
      if (step.onFail) return failingWait({ ...step, onFail: step.onFail }, start, rest, env, own);
      return goOn({ items: [give(start, lineOf(step))], links: [] }, step.bind, rest, env, own);
    }
    case 'branch':
      return branchStep(step, rest, env, own);
    case 'switch':
      return switchStep(step, rest, env, own);
    case 'loop':
      return loopStep(step, rest, env, own);
    case 'guard':
      return guardStep(step, rest, env, own);
    default:
      throw new Error(`bug: a step that does not wait: ${step.kind}`);
  }
}

/**
 * `before` ends with a promise (or is all that a handler does); then `rest` with its value. As the next link where `rest` needs
 * nothing of this function, else as a handler inside.
 */
export function goOn(before: Out, bind: Bind | undefined, rest: readonly Step[], env: Env, own?: Set<Binding>): Out {
  const inside = entered(env);
  const takes = bind && needsBind(bind, rest) ? bind : undefined;
  if (rest.length === 0 && !takes && inside.end.kind === 'stop') {
    if (inside.end.gives === 'anything') return chained(before, [], own);
    return chained(before, [thenLink({ params: [], body: { items: [] } })], own);
  }
  const { fn, links } = handler(takes, rest, { ...inside, atOnce: false });
  const needed = usedIn(rest);
  const isFree = own && ![...own].some((name) => needed.has(name)) && !(takes && bindsTo(takes, own));
  return chained(before, [thenLink(fn), ...links], isFree ? own : undefined);
}

/** With `own`, links go on the chain around; else on the promise that `before` ends with. */
export function chained(before: Out, links: readonly Link[], own?: Set<Binding>): Out {
  if (own) return { items: before.items, links: [...before.links, ...links] };
  const all = [...before.links, ...links];
  if (all.length === 0) return before;
  const last = before.items.at(-1);
  if (last?.kind !== 'return' || !last.value || returns(before.items.slice(0, -1)))
    throw new Error('bug: nothing to chain to');
  return { items: [...before.items.slice(0, -1), { ...last, value: chain(last.value, all) }], links: [] };
}

export function chain(start: Expr, links: readonly Link[]): Expr {
  if (links.length === 0) return start;
  if (start.kind === 'chain') return { ...start, links: [...start.links, ...links] };
  if (start.kind === 'call') start.local.gives = 'promise';
  return { kind: 'chain', start, links };
}

export function thenLink(...handlers: Fn[]): Link {
  return { method: 'then', handlers };
}

/** Inside a handler. */
export function entered(env: Env): Env {
  const { later, ...outer } = env;
  if (!later) return env;
  return { ...outer, breaks: undefined, continues: undefined, ...later };
}

export function handler(bind: Bind | undefined, rest: readonly Step[], env: Env): { fn: Fn; links: readonly Link[] } {
  const own = new Set<Binding>();
  const { params, items } = taken(bind, env, usedIn(rest));
  params.forEach((param) => param.declares.forEach(({ binding }) => own.add(binding)));
  const out = sequence(rest, env, own);
  return { fn: { params, body: { items: [...items, ...out.items] } }, links: out.links };
}

/** What a handler takes: the name itself, or a name of ours that is put into one that was there before. */
export function taken(
  bind: Bind | undefined,
  env: Env,
  used: ReadonlySet<Binding>,
): { params: Snippet[]; items: Item[] } {
  if (!bind) return { params: [], items: [] };
  if (bind.how !== 'assign') {
    if (bind.how === 'var') bind.pattern.declares.forEach((each) => used.has(each.binding));
    return { params: [bind.pattern], items: [] };
  }
  const value = newName('value', env.world);
  const isPattern = bind.pattern.destructures === true;
  const parts = [...(isPattern ? ['('] : []), ...bind.pattern.parts, ' = ', value, ...(isPattern ? [')'] : [])];
  const code: Snippet = { ...bind.pattern, declares: [], parts };
  return { params: [ours([value])], items: [{ kind: 'code', code, made: true, lead: [] }] };
}

/** Is the value put anywhere that somebody looks at? */
function needsBind(bind: Bind, rest: readonly Step[]): boolean {
  if (bind.how === 'assign' || bind.how === 'var' || !plainName(bind)) return true;
  return usedIn(rest).has(plainName(bind)!);
}

function bindsTo(bind: Bind, own: ReadonlySet<Binding>): boolean {
  return bind.how === 'assign' && bindingsIn(bind.pattern).some((binding) => own.has(binding));
}

/** A step that does not wait, as it stands but for its exits. */
export function plain(step: Step, env: Env): readonly Item[] {
  const line = lineOf(step);
  const inner = (block: Block, more: Partial<Env> = {}): Body => plainBody(block, { ...env, ...more });
  switch (step.kind) {
    case 'code':
      return [{ ...line, kind: 'code', code: step.code, ...(step.made && { made: true }) }];
    case 'exit':
      return lined(exitItems(step, env), line);
    case 'branch':
      return [
        {
          ...line,
          kind: 'branch',
          test: step.test,
          then: inner(step.then),
          ...(step.else && { else: inner(step.else) }),
        },
      ];
    case 'loop': {
      const body = inner(step.body, { breaks: 'native', continues: 'native' });
      return [{ ...line, kind: 'loop', head: step.head, ...(step.foot && { foot: step.foot }), body }];
    }
    case 'switch': {
      const arms = step.arms.map((arm) => ({
        label: arm.label,
        lead: arm.lead,
        ...(arm.braced && { braced: true }),
        body: inner(arm.body, { breaks: 'native' }),
      }));
      return [{ ...line, kind: 'switch', on: step.on, arms }];
    }
    case 'guard':
      return [plainGuard(step, env, inner)];
    case 'wait':
      throw new Error('bug: a wait is no plain step');
  }
}

function plainGuard(step: StepOf<'guard'>, env: Env, inner: (block: Block) => Body): Item {
  // What a jump calls would run inside of the `try`.
  const jumps = [env.breaks, env.continues].some((jump) => typeof jump === 'function') || !!env.leave;
  if (jumps && leavesByJump(step)) throw new Unsayable('early-return', step.at);
  return {
    ...lineOf(step),
    kind: 'try',
    body: inner(step.body),
    ...(step.onFail && { onFail: inner(step.onFail.body) }),
    ...(step.onFail?.param && { param: step.onFail.param.pattern }),
    ...(step.always && { always: inner(step.always) }),
  };
}

function leavesByJump(step: Step): boolean {
  const inner = (steps: readonly Step[]): boolean =>
    steps.some((each) => {
      if (each.kind === 'exit') return each.how === 'break' || each.how === 'continue';
      return each.kind !== 'loop' && each.kind !== 'switch' && inner(blocksUnder(each));
    });
  return inner(blocksUnder(step));
}

function blocksUnder(step: Step): Step[] {
  if (step.kind === 'guard')
    return [...step.body.steps, ...(step.onFail?.body.steps ?? []), ...(step.always?.steps ?? [])];
  return step.kind === 'branch' ? [...step.then.steps, ...(step.else?.steps ?? [])] : [];
}

/** A block inside plain code: what follows it follows. */
function plainBody(block: Block, env: Env): Body {
  const { items } = sequence(block.steps, { ...env, end: { kind: 'below' } });
  return { items, ...(block.bare && { bare: block.bare }) };
}

/** A block that ends the function, or goes on where `env` says. */
export function body(block: Block, env: Env): Body {
  const { items } = sequence(block.steps, env);
  return { items, ...(block.bare && { bare: block.bare }) };
}

export function exitItems(step: StepOf<'exit'>, env: Env): readonly Item[] {
  if (step.how === 'fail') return [{ kind: 'throw', value: step.with, lead: [] }];
  if (step.how === 'succeed') {
    if (step.of !== env.target) throw new Unsayable('early-return', step.at);
    const value = step.with && valueExpr(step.with, env);
    return env.leave ? env.leave(step, value) : [give(value)];
  }
  const jump = step.how === 'break' ? env.breaks : env.continues;
  if (step.label || !jump) throw new Unsayable('labels', step.at);
  return jump === 'native' ? [{ kind: 'jump', how: step.how, lead: [] }] : jump();
}

export function valueExpr(value: Value, env: Env): Expr {
  return isTask(value) ? taskExpr(value, env) : { kind: 'text', text: value, isPromise: value.promise === 'yes' };
}

function lined(items: readonly Item[], line: Lined): readonly Item[] {
  const [first, ...rest] = items;
  if (!first)
    return line.lead.length || line.trail?.length ? [{ ...line, kind: 'code', code: ours([]), made: true }] : [];
  const last = { ...(rest.at(-1) ?? first) };
  const head = { ...first, lead: [...line.lead, ...first.lead] };
  if (!line.trail) return [head, ...rest];
  if (rest.length === 0) return [{ ...head, trail: [...(head.trail ?? []), ...line.trail] }];
  return [head, ...rest.slice(0, -1), { ...last, trail: [...(last.trail ?? []), ...line.trail] }];
}

export function newName(name: string, world: World): Binding {
  const binding = { name };
  world.names.push(binding);
  return binding;
}

export function newLocal(name: string, world: World, turns?: Local['turns']): Local {
  const fn: Fn = { params: [], body: { items: [] } };
  const local: Local = { name: newName(name, world), gives: 'anything', fn, ...(turns && { turns }) };
  world.locals.push(local);
  return local;
}

export function call(local: Local, ...args: Snippet[]): Expr {
  return { kind: 'call', local, args };
}
