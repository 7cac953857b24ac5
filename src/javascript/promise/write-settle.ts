import type { World } from './write-flow.js';
import { bodiesOf, give, noLine, ours } from './write-model.js';
import type { Body, Expr, Fn, Item, Local } from './write-model.js';
import { bindingsIn } from './write-uses.js';
import type { Binding } from '../../flow/model.js';

/**
 * A function that answers with a promise whatever happens. Where nothing that runs at once can throw, its values become
 * `Promise.resolve`, its errors `Promise.reject`; else what runs at once stands in `new Promise`, which turns a throw into a rejection.
 */
export function settledBody(body: Body, world: World, { resolve, error }: Ways, typed: boolean): Body {
  if (isCalm(body.items, world)) return { ...body, items: settled(body.items) };
  return { items: [typed ? caught(body.items, error) : give(wrapped(body.items, resolve))] };
}

/** The names with which errors that are thrown at once become rejections. */
export interface Ways {
  readonly resolve: Binding;
  readonly error: Binding;
}

/** `new Promise` hides types: where there are some, `try` and `Promise.reject`. */
function caught(items: readonly Item[], error: Binding): Item {
  const value: Expr = { kind: 'text', text: ours([error]), isPromise: false };
  const onFail: Body = { items: [give({ kind: 'settled', how: 'reject', value })] };
  return { kind: 'try', body: { items: settled(items, true) }, param: ours([error]), onFail, ...noLine };
}

/** The same for a function of a fan-out, whose values may be plain. */
export function settledFn(fn: Fn, world: World, resolve: () => Binding): Fn {
  if (isCalm(fn.body.items, world)) return { ...fn, body: { ...fn.body, items: rejecting(fn.body.items) } };
  return { ...fn, body: { items: [give(wrapped(fn.body.items, resolve()))] } };
}

/** Functions of ours on whose answers something is chained. */
export function settleLocals(world: World, typed: boolean): void {
  for (const local of world.locals) if (typed && local.turns) local.gives = 'promise';
  const done = new Set<Local>();
  for (let more = true; more;) {
    more = false;
    for (const local of world.locals) {
      if (local.gives !== 'promise' || done.has(local)) continue;
      done.add(local);
      more = true;
      local.fn = { ...local.fn, body: { ...local.fn.body, items: settled(local.fn.body.items) } };
    }
  }
}

/** `new Promise((resolve) => { …; resolve(first()); }).then(…)`: what needs no name from inside stays outside. */
function wrapped(items: readonly Item[], resolve: Binding): Expr {
  const last = items.at(-1);
  const before = items.slice(0, -1);
  const straight = before.every((item) => item.kind === 'code');
  if (straight && last?.kind === 'return' && last.value?.kind === 'chain') {
    const { start, links } = last.value;
    const names = new Set(
      before.flatMap((item) => (item.kind === 'code' ? item.code.declares : [])).map((d) => d.binding),
    );
    const isFree =
      names.size === 0 || !links.some((link) => link.handlers.some((fn) => mentions(fn.body.items, names)));
    // What throws before the chain starts must not meet an error branch of the chain.
    const catches = links.some((link) => link.method !== 'then' || link.handlers.length > 1);
    if (isFree && (before.length === 0 || !catches))
      return {
        kind: 'chain',
        start: { kind: 'made', body: { items: [...before, { ...last, value: start }] }, resolve },
        links,
      };
  }
  return { kind: 'made', body: { items }, resolve };
}

/** A function of ours may call itself: each object is looked at once. */
function mentions(value: unknown, names: ReadonlySet<Binding>, seen: Set<unknown> = new Set()): boolean {
  if (Array.isArray(value)) return value.some((each) => mentions(each, names, seen));
  if (!value || typeof value !== 'object' || seen.has(value)) return false;
  seen.add(value);
  if ('parts' in value && 'uses' in value)
    return bindingsIn(value as Parameters<typeof bindingsIn>[0]).some((b) => names.has(b));
  return Object.values(value).some((each) => mentions(each, names, seen));
}

/** Values as promises, errors as rejections. */
export function settled(items: readonly Item[], isCaught = false): Item[] {
  const mapped = items.map((item) => mapAnswers(item, answered, isCaught));
  return leavesFor(mapped) ? mapped : [...mapped, give({ kind: 'settled', how: 'resolve' })];
}

/** What these items give, if anything, is a promise. */
export function promised(items: readonly Item[], seen = new Set<Local>()): Item[] {
  return items.map((item) =>
    mapAnswers(item, (each) => {
      if (each.kind !== 'return' || !each.value) return each;
      if (each.value.kind !== 'call') return answered(each);
      const { local } = each.value;
      if (!seen.has(local))
        local.fn = { ...local.fn, body: { ...local.fn.body, items: promised(local.fn.body.items, seen.add(local)) } };
      return each;
    }),
  );
}

function rejecting(items: readonly Item[]): Item[] {
  return items.map((item) => mapAnswers(item, (each) => (each.kind === 'throw' ? answered(each) : each)));
}

function answered(item: Item): Item {
  if (item.kind === 'throw') {
    const value: Expr = { kind: 'text', text: item.value, isPromise: false };
    return { ...give({ kind: 'settled', how: 'reject', value }, item) };
  }
  if (item.kind !== 'return') return item;
  const { value } = item;
  if (!value) return { ...item, value: { kind: 'settled', how: 'resolve' } };
  if (value.kind === 'call') value.local.gives = 'promise';
  if (value.kind !== 'text' || value.isPromise) return item;
  return { ...item, value: { kind: 'settled', how: 'resolve', value } };
}

function mapAnswers(item: Item, map: (item: Item) => Item, caught = false): Item {
  const inner = (body: Body, isCaught = caught): Body => ({
    ...body,
    items: body.items.map((each) => mapAnswers(each, map, isCaught)),
  });
  switch (item.kind) {
    case 'branch':
      return { ...item, then: inner(item.then), ...(item.else && { else: inner(item.else) }) };
    case 'loop':
      return { ...item, body: inner(item.body) };
    case 'switch':
      return { ...item, arms: item.arms.map((arm) => ({ ...arm, body: inner(arm.body) })) };
    case 'try':
      return {
        ...item,
        // What a `catch` of the same function takes stays a throw.
        body: inner(item.body, caught || !!item.onFail),
        ...(item.onFail && { onFail: inner(item.onFail) }),
        ...(item.always && { always: inner(item.always) }),
      };
    case 'throw':
      return caught ? item : map(item);
    case 'return':
      return map(item);
    default:
      return item;
  }
}

/** Do these items never come to their end? */
export function leavesFor(items: readonly Item[]): boolean {
  return items.some((item) => {
    switch (item.kind) {
      case 'return':
      case 'throw':
      case 'jump':
        return true;
      case 'branch':
        return !!item.else && leavesFor(item.then.items) && leavesFor(item.else.items);
      case 'try':
        if (item.always && leavesFor(item.always.items)) return true;
        return leavesFor(item.body.items) && (!item.onFail || leavesFor(item.onFail.items));
      default:
        return false;
    }
  });
}

/** Nothing that these items do at once can throw. */
function isCalm(items: readonly Item[], world: World, seen: ReadonlySet<Local> = new Set()): boolean {
  if (!world.strict) return true;
  const calm = (inner: readonly Item[]): boolean => isCalm(inner, world, seen);
  return items.every((item) => {
    switch (item.kind) {
      case 'code':
        return item.code.parts.length === 0 || item.code.calm === true;
      case 'local':
      case 'jump':
        return true;
      case 'throw':
        return item.value.calm === true;
      case 'return':
        return !item.value || isCalmValue(item.value, world, seen);
      case 'try':
        return (
          (!!item.onFail || calm(item.body.items)) &&
          [item.onFail, item.always].every((body) => !body || calm(body.items))
        );
      case 'branch':
        return item.test.calm === true && bodiesOf(item).every((body) => calm(body.items));
      case 'loop':
        return item.head.calm === true && (!item.foot || item.foot.calm === true) && calm(item.body.items);
      case 'switch':
        return item.on.calm === true && item.arms.every((arm) => arm.label.calm === true && calm(arm.body.items));
    }
  });
}

function isCalmValue(value: Expr, world: World, seen: ReadonlySet<Local>): boolean {
  switch (value.kind) {
    case 'text':
      return value.text.calm === true;
    case 'chain':
      return isCalmValue(value.start, world, seen);
    case 'made':
      return true;
    case 'settled':
      return !value.value || isCalmValue(value.value, world, seen);
    case 'call': {
      if (value.args.some((arg) => !arg.calm)) return false;
      return seen.has(value.local) || isCalm(value.local.fn.body.items, world, new Set([...seen, value.local]));
    }
    case 'map':
      return value.over.calm === true && (!value.window || value.window.limit.pure === true);
    case 'list':
      return value.all.every((each) => isCalmValue(each, world, seen));
  }
}
