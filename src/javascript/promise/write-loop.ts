import type { Binding, LoopForm, Snippet, Step, StepOf } from '../../flow/model.js';
import { isShort, restOf } from './write-branch.js';
import { call, ended, entered, goOn, newLocal, newName, plain, sequence } from './write-flow.js';
import type { Env } from './write-flow.js';
import { give, lineOf, noLine, ours, Unsayable } from './write-model.js';
import type { Item, Local, Out } from './write-model.js';
import { jumpsOut } from './write-uses.js';

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
  const leaves = jumpsOut([step]).length > 0;
  const next = newLocal('next', env.world, leaves ? 'value' : 'nothing');
  const turns = turnsOf(form, env);
  const isTail = rest.length === 0 && inside.end.kind === 'stop';
  const shared = leaves && !isTail && !isShort(rest) ? restOf(rest, env) : undefined;
  const finish = (): readonly Item[] => {
    if (!leaves || isTail) return [give()];
    if (shared) return [give(call(shared))];
    const [only] = rest;
    const items = only ? plain({ ...only, lead: [] } as Step, inside) : ended(inside);
    return items.length > 0 ? items : [give()];
  };
  writeTurns(step, next, turns, finish, inside);
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
}

const none: Turns = { before: [], params: [], first: [], opens: [], binds: [], updates: [], following: [] };

function turnsOf(form: LoopForm, env: Env): Turns {
  switch (form.kind) {
    case 'while':
      return { ...none, ...(isTrue(form.test) ? {} : { over: negated(form.test) }) };
    case 'do':
      return { ...none, again: form.test };
    case 'for':
      return countedTurns(form);
    case 'of':
      if (form.over.list || !env.world.strict) return listTurns(form, env);
      if (form.lazy) throw new Unsayable('list-unknown', form.over.at);
      return iteratorTurns(form, env);
    case 'in':
      throw new Unsayable('shared-loop-variable', form.over.at);
  }
}

function countedTurns(form: Extract<LoopForm, { kind: 'for' }>): Turns {
  const over = form.test && !isTrue(form.test) ? { over: negated(form.test) } : {};
  if (form.counter) {
    const { name, start } = form.counter;
    return { ...none, params: [name], first: [start], following: [ours([...nameOf(name), ' + 1'])], ...over };
  }
  return {
    ...none,
    before: form.init ? [code(form.init)] : [],
    updates: form.update ? [code(form.update)] : [],
    ...over,
  };
}

function listTurns(form: Extract<LoopForm, { kind: 'of' | 'in' }>, env: Env): Turns {
  const i = newName('i', env.world);
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
  };
}

/** Whatever can be gone through, as `for…of` does it. */
function iteratorTurns(form: Extract<LoopForm, { kind: 'of' | 'in' }>, env: Env): Turns {
  const items = newName('items', env.world);
  const turn = newName('turn', env.world);
  const over = form.over.loose ? ['(', form.over, ')'] : [form.over];
  return {
    ...none,
    before: [code(ours(['const ', items, ' = ', ...over, '[Symbol.iterator]()']))],
    opens: [code(ours(['const ', turn, ' = ', items, '.next()']))],
    over: ours([turn, '.done']),
    binds: [code(bound(form, ours([turn, '.value'])))],
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
