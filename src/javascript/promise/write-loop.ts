import type { Binding, LoopForm, Snippet, Step, StepOf } from '../../flow/model.js';
import { isShort, restOf } from './write-branch.js';
import { call, ended, entered, goOn, newLocal, newName, plain, sequence, thenLink } from './write-flow.js';
import type { Env } from './write-flow.js';
import { give, lineOf, NeedsTurn, noLine, ours, Unsayable } from './write-model.js';
import type { Expr, Item, Local, Out } from './write-model.js';
import { promised } from './write-settle.js';
import { jumpsOut, mayPassAtOnce } from './write-uses.js';

/**
 * A loop that waits is a function that ends by calling itself:
 *
 *   const next = (i) => {
 *     if (i >= names.length) return Promise.resolve();
 *     return load(names[i]).then(() => next(i + 1));
 *   };
 *   return next(0).then(…);
 */
export function loopStep(step: StepOf<'loop'>, rest: readonly Step[], env: Env, own?: Set<Binding>): Out {
  const { form } = step;
  if (!form) throw new Unsayable('labels', step.at);
  const inside = entered(env);
  const turns = turnsOf(form, env);
  // Without a turn, what follows starts at once: it must not become the next link.
  const startsAtOnce = !!env.atOnce && rest.length > 0 && !!turns.over;
  const leaves = startsAtOnce || jumpsOut([step]).length > 0;
  const next = newLocal('next', env.world, leaves ? 'value' : 'nothing');
  const isTail = rest.length === 0 && inside.end.kind === 'stop';
  const shared = leaves && !isTail && !isShort(rest) ? restOf(rest, inside) : undefined;
  const finish = (): readonly Item[] => {
    if (!leaves || isTail) return [give()];
    if (shared) return [give(call(shared))];
    const [only] = rest;
    const items = only ? plain({ ...only, lead: [] } as Step, inside) : ended(inside);
    return items.length > 0 ? items : [give()];
  };
  if (mayPassAtOnce(step.body.steps) && !turns.again) writeNative(step, next, turns, finish, inside);
  else writeTurns(step, next, turns, finish, inside);
  const locals: Item[] = [
    ...(shared ? [{ kind: 'local' as const, local: shared, ...noLine }] : []),
    ...turns.before,
    { kind: 'local', local: next, ...lineOf(step) },
  ];
  const out: Out = { items: [...locals, give(call(next, ...turns.first))], links: [] };
  return leaves || isTail ? out : goOn(out, undefined, rest, env, own);
}

/** How a loop's turns are counted. */
interface Turns {
  readonly before: readonly Item[];
  readonly params: readonly Snippet[];
  readonly first: readonly Snippet[];
  /** At the start of a turn. */
  readonly opens: readonly Item[];
  /** True when there are no more turns. */
  readonly over?: Snippet;
  /** Behind the test, before the body. */
  readonly binds: readonly Item[];
  /** At the end of a turn, before the next. */
  readonly updates: readonly Item[];
  readonly following: readonly Snippet[];
  /** Of do-while: whether there is another turn. */
  readonly again?: Snippet;
  /** The head of a native loop that goes on where the function was called. */
  readonly native: Snippet;
  readonly from?: Binding;
}

const none: Turns = {
  before: [],
  params: [],
  first: [],
  opens: [],
  binds: [],
  updates: [],
  following: [],
  native: ours(['while (true)']),
};

function turnsOf(form: LoopForm, env: Env): Turns {
  switch (form.kind) {
    case 'while':
      if (isTrue(form.test)) return none;
      return { ...none, over: negated(form.test), native: ours(['while (', form.test, ')']) };
    case 'do':
      return { ...none, again: form.test };
    case 'for':
      return countedTurns(form, env);
    case 'of':
      if (form.over.list || !env.world.strict) return listTurns(form, env);
      if (form.lazy) throw new Unsayable('list-unknown', form.over.at);
      return iteratorTurns(form, env);
    case 'in':
      throw new Unsayable('shared-loop-variable', form.over.at);
  }
}

function countedTurns(form: Extract<LoopForm, { kind: 'for' }>, env: Env): Turns {
  const over = form.test && !isTrue(form.test) ? { over: negated(form.test) } : {};
  if (form.counter) {
    const { name, start } = form.counter;
    const from = newName('from', env.world);
    const head = [
      'for (let ',
      name,
      ' = ',
      from,
      '; ',
      ...(form.test ? [form.test] : []),
      '; ',
      ...nameOf(name),
      '++)',
    ];
    return {
      ...none,
      params: [name],
      first: [start],
      following: [ours([...nameOf(name), ' + 1'])],
      ...over,
      native: ours(head, name.declares),
      from,
    };
  }
  return {
    ...none,
    before: form.init ? [code(form.init)] : [],
    updates: form.update ? [code(form.update)] : [],
    ...over,
    native: ours(['for (; ', ...(form.test ? [form.test] : []), '; ', ...(form.update ? [form.update] : []), ')']),
  };
}

function listTurns(form: Extract<LoopForm, { kind: 'of' | 'in' }>, env: Env): Turns {
  const i = newName('i', env.world);
  const from = newName('from', env.world);
  const isName = form.over.fixed === true;
  const items = isName ? form.over : ours([newName('items', env.world)]);
  const item = ours([items, '[', i, ']']);
  return {
    ...none,
    before: isName ? [] : [code(ours(['const ', items, ' = ', form.over]))],
    params: [ours([i])],
    first: [ours(['0'])],
    over: ours([i, ' >= ', items, '.length']),
    binds: [code(bound(form, item))],
    following: [ours([i, ' + 1'])],
    native: ours(['for (let ', i, ' = ', from, '; ', i, ' < ', items, '.length; ', i, '++)']),
    from,
  };
}

/** Whatever can be gone through, as `for…of` does it. */
function iteratorTurns(form: Extract<LoopForm, { kind: 'of' | 'in' }>, env: Env): Turns {
  const items = newName('items', env.world);
  const entry = newName('entry', env.world);
  const over = form.over.loose ? ['(', form.over, ')'] : [form.over];
  return {
    ...none,
    before: [code(ours(['const ', items, ' = ', ...over, '[Symbol.iterator]()']))],
    opens: [code(ours(['const ', entry, ' = ', items, '.next()']))],
    over: ours([entry, '.done']),
    binds: [code(bound(form, ours([entry, '.value'])))],
  };
}

function bound(form: Extract<LoopForm, { kind: 'of' | 'in' }>, value: Snippet): Snippet {
  if (form.how === 'assign') return ours([form.item, ' = ', value]);
  return ours([`${form.how} `, form.item, ' = ', value], form.item.declares);
}

function writeTurns(step: StepOf<'loop'>, next: Local, turns: Turns, finish: () => readonly Item[], env: Env): void {
  const again = (): readonly Item[] => {
    const go = give(call(next, ...turns.following));
    if (!turns.again) return [...turns.updates, go];
    return [{ kind: 'branch', test: turns.again, then: { items: [go], bare: 'same' }, ...noLine }, ...finish()];
  };
  const inner: Env = { ...env, end: { kind: 'go', to: again }, continues: again, breaks: finish };
  const stop: Item[] = turns.over
    ? [{ kind: 'branch', test: turns.over, then: { items: finish(), bare: 'same' }, ...noLine }]
    : [];
  const body = sequence(step.body.steps, inner).items;
  next.fn = { params: turns.params, body: { items: [...turns.opens, ...stop, ...turns.binds, ...body] } };
}

/**
 * Turns that may pass without waiting stay in a native loop: a function that called itself for each of them would fill the stack.
 *
 *   const next = (from) => {
 *     for (let i = from; i < names.length; i++) {
 *       if (skip(names[i])) continue;
 *       return load(names[i]).then(() => next(i + 1));
 *     }
 *   };
 */
function writeNative(step: StepOf<'loop'>, next: Local, turns: Turns, finish: () => readonly Item[], env: Env): void {
  const again = (): readonly Item[] => [...turns.updates, give(call(next, ...turns.following))];
  const later = { end: { kind: 'go' as const, to: again }, breaks: finish, continues: again };
  const inner: Env = { ...env, end: { kind: 'below' }, breaks: 'native', continues: 'native', later };
  const { locals, names } = env.world;
  const known = [locals.length, names.length] as const;
  let items: readonly Item[];
  try {
    items = sequence(step.body.steps, inner).items;
  } catch (thrown) {
    if (!(thrown instanceof NeedsTurn)) throw thrown;
    [locals.length, names.length] = known;
    items = turned(step, again, env);
  }
  const over: Item[] = turns.over && turns.opens.length > 0 ? [stopping(turns.over)] : [];
  const loop: Item = {
    kind: 'loop',
    head: turns.native,
    body: { items: [...turns.opens, ...over, ...turns.binds, ...items] },
    ...noLine,
  };
  const isLeft = !!turns.over || jumpsOut(step.body.steps).some((exit) => exit.how === 'break');
  const ends = isLeft ? finish() : [];
  const isIdle = ends.length === 1 && ends[0]!.kind === 'return' && !ends[0]!.value;
  const params = turns.from ? [ours([turns.from])] : turns.params;
  next.fn = { params, body: { items: [loop, ...(isIdle ? [] : ends)] } };
}

function stopping(over: Snippet): Item {
  return {
    kind: 'branch',
    test: over,
    then: { items: [{ kind: 'jump', how: 'break', ...noLine }], bare: 'same' },
    ...noLine,
  };
}

/** A turn as a function that gives a promise when it waits, and nothing when it does not. */
function turned(step: StepOf<'loop'>, again: () => readonly Item[], env: Env): readonly Item[] {
  if (jumpsOut(step.body.steps).some((exit) => exit.how !== 'continue')) throw new Unsayable('code-repeated', step.at);
  const turn = newLocal('turn', env.world);
  const waiting = newName('waiting', env.world);
  const alone: Env = {
    target: env.target,
    world: env.world,
    end: { kind: 'stop', gives: 'anything' },
    continues: () => [give()],
  };
  turn.fn = { params: [], body: { items: promised(sequence(step.body.steps, alone).items) } };
  const then: Expr = {
    kind: 'chain',
    start: { kind: 'text', text: ours([waiting]), isPromise: true },
    links: [thenLink({ params: [], body: { items: again() } })],
  };
  return [
    { kind: 'local', local: turn, ...noLine },
    code(ours(['const ', waiting, ' = ', turn.name, '()'])),
    { kind: 'branch', test: ours([waiting]), then: { items: [give(then)], bare: 'same' }, ...noLine },
  ];
}

function code(snippet: Snippet): Item {
  return { kind: 'code', code: snippet, made: true, ...noLine };
}

function nameOf(pattern: Snippet): Snippet['parts'] {
  const [declared] = pattern.declares;
  return declared ? [declared.binding] : pattern.parts;
}

function isTrue(test: Snippet): boolean {
  return test.endless === true;
}

function negated(test: Snippet): Snippet {
  const isTight = !test.loose && test.parts.length === 1;
  const parts = test.opposite ?? (isTight ? ['!', ...test.parts] : ['!(', ...test.parts, ')']);
  return { ...test, parts, loose: false, opposite: undefined };
}
