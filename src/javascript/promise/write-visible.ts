import type { Binding, Snippet } from '../../flow/model.js';
import { bodiesOf, Unsayable } from './write-model.js';
import type { Body, Expr, Fn, Item } from './write-model.js';
import { bindingsIn } from './write-uses.js';

/** What one function or block declares, and where it stands. */
interface Scope {
  readonly names: ReadonlySet<Binding>;
  readonly around?: Scope;
}

/**
 * Every name that the flow declares is declared around each of its uses. Handlers are functions: what one of them declares, nobody
 * outside of it sees. `declared`: the names that the flow itself brings in.
 */
export function checkVisible(body: Body, declared: ReadonlySet<Binding>): void {
  checkFunction([], body, { names: new Set() }, declared);
}

function checkFunction(params: readonly Snippet[], body: Body, around: Scope, declared: ReadonlySet<Binding>): void {
  const own = params.flatMap(declaresOf);
  const scope: Scope = { names: new Set([...own, ...variables(body.items)]), around };
  params.forEach((param) => check(param, scope, declared));
  checkBody(body, scope, declared);
}

/** `var`, however deep in the function. */
function variables(items: readonly Item[]): Binding[] {
  return items.flatMap((item) => [
    ...textsOf(item).flatMap((text) => text.declares.filter((each) => each.how === 'var').map((each) => each.binding)),
    ...bodiesOf(item).flatMap((body) => variables(body.items)),
  ]);
}

function checkBody(body: Body, around: Scope, declared: ReadonlySet<Binding>): void {
  const names = body.items.flatMap((item) => (item.kind === 'loop' ? [] : textsOf(item).flatMap(declaresOf)));
  const scope: Scope = { names: new Set(names), around };
  for (const item of body.items) checkItem(item, scope, declared);
}

function checkItem(item: Item, scope: Scope, declared: ReadonlySet<Binding>): void {
  const inner: Scope = item.kind === 'loop' ? { names: new Set(declaresOf(item.head)), around: scope } : scope;
  textsOf(item).forEach((text) => check(text, inner, declared));
  if (item.kind === 'local') checkFunction(item.local.fn.params, item.local.fn.body, scope, declared);
  if (item.kind === 'return' && item.value) checkExpr(item.value, scope, declared);
  if (item.kind === 'try' && item.onFail) {
    const caught: Scope = { names: new Set(item.param ? declaresOf(item.param) : []), around: scope };
    checkBody(item.onFail, caught, declared);
  }
  for (const body of bodiesOf(item)) if (item.kind !== 'try' || body !== item.onFail) checkBody(body, inner, declared);
}

function checkExpr(value: Expr, scope: Scope, declared: ReadonlySet<Binding>): void {
  const fn = ({ params, body, named }: Fn): void => {
    if (!named) checkFunction(params, body, scope, declared);
  };
  switch (value.kind) {
    case 'text':
      return check(value.text, scope, declared);
    case 'chain':
      checkExpr(value.start, scope, declared);
      return value.links.forEach((link) => link.handlers.forEach(fn));
    case 'made':
      return checkFunction([], value.body, scope, declared);
    case 'call':
      return value.args.forEach((arg) => check(arg, scope, declared));
    case 'map':
      check(value.over, scope, declared);
      return fn(value.each);
    case 'list':
      return value.all.forEach((each) => checkExpr(each, scope, declared));
    case 'settled':
      if (value.value) checkExpr(value.value, scope, declared);
  }
}

function check(text: Snippet, scope: Scope, declared: ReadonlySet<Binding>): void {
  for (const binding of bindingsIn(text))
    if (declared.has(binding) && !sees(scope, binding)) throw new Unsayable('hoisted-name', text.at);
}

function sees(scope: Scope | undefined, binding: Binding): boolean {
  return !!scope && (scope.names.has(binding) || sees(scope.around, binding));
}

function declaresOf(text: Snippet): Binding[] {
  return text.declares.map((each) => each.binding);
}

/** The item's own snippets. */
function textsOf(item: Item): Snippet[] {
  switch (item.kind) {
    case 'code':
      return [item.code];
    case 'branch':
      return [item.test];
    case 'loop':
      return [item.head, ...(item.foot ? [item.foot] : [])];
    case 'switch':
      return [item.on, ...item.arms.map((arm) => arm.label)];
    case 'throw':
      return [item.value];
    default:
      return [];
  }
}
