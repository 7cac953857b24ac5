/** Flow models: what a program does, in no style. The printers (`flow-*.ts`) write each in every style. */

import { asyncExtra } from './flow-extras.js';
import type { Maker } from './scope.js';
import { Scope, type Kind } from './scope.js';

export type Op = 'get' | 'list' | 'save' | 'text';
export type Steps = readonly Step[];

export type Step =
  | { readonly kind: 'call'; readonly op: Op; readonly arg: string; readonly name?: string }
  | { readonly kind: 'own'; readonly fn: string; readonly args: string; readonly name: string }
  | { readonly kind: 'log'; readonly what: string }
  | { readonly kind: 'let' | 'set'; readonly name: string; readonly value: string }
  | { readonly kind: 'if'; readonly test: string; readonly then: Steps; readonly else?: Steps }
  | { readonly kind: 'for'; readonly name: string; readonly over: string; readonly body: Steps }
  | { readonly kind: 'count'; readonly name: string; readonly to: number; readonly body: Steps }
  | {
      readonly kind: 'guard';
      readonly body: Steps;
      readonly error: string;
      readonly handler?: Steps;
      readonly always?: Steps;
    }
  | {
      readonly kind: 'all';
      readonly name: string;
      readonly over: string;
      readonly item: string;
      readonly body: Steps;
      readonly settled: boolean;
      /** At most so many at once: told in pool and callback style only. */
      readonly limit?: number;
    }
  | { readonly kind: 'pair'; readonly names: readonly [string, string]; readonly calls: readonly [Call, Call] }
  | Exit
  /** Only async style can say it so. */
  | { readonly kind: 'lines'; readonly lines: readonly string[]; readonly exits?: boolean };

export type Exit =
  | { readonly kind: 'give'; readonly value: string }
  | { readonly kind: 'tail'; readonly op: Op; readonly arg: string }
  | { readonly kind: 'fail'; readonly message: string }
  | { readonly kind: 'break' | 'continue' };

export interface Call {
  readonly op: Op;
  readonly arg: string;
}

export interface FlowFunction {
  readonly name: string;
  readonly params: readonly [string, string];
  readonly body: Steps;
}

export interface FlowModel {
  /** Lines before the functions. */
  readonly prelude: readonly string[];
  readonly functions: readonly FlowFunction[];
}

export interface Wanted {
  /** Awaits in places that only async style has. */
  readonly extras: boolean;
  readonly limits: boolean;
}

/** Where a block stands. */
export interface Place {
  readonly scope: Scope;
  readonly depth: number;
  readonly inLoop: boolean;
  /** Texts that stand in the block so far: a name declared now must not be in them. */
  readonly before: string[];
}

export class Modeller {
  constructor(
    readonly m: Maker,
    readonly wanted: Wanted,
  ) {}

  model(): FlowModel {
    const { m } = this;
    const { c } = m;
    const module = new Scope();
    const prelude: string[] = [];
    if (c.chance(30)) {
      module.names.set('total', 'mutable');
      prelude.push('let total = 0');
    }
    if (c.chance(30)) {
      m.helpers.push('fmt');
      prelude.push(`const fmt = (x) => ${m.str('f')} + (x && x.id)`);
    }
    const functions: FlowFunction[] = [];
    for (let index = 0, count = 1 + c.below(3); index < count; index++) functions.push(this.fn(`f${index}`, module));
    return { prelude, functions };
  }

  private fn(name: string, module: Scope): FlowFunction {
    const { c } = this.m;
    const params = [c.of('id', 'x', 'res'), c.of('list', 'items', 'data')] as const;
    const scope = new Scope(module);
    scope.names.set(params[0], 'val').set(params[1], 'list');
    const body = this.block({ scope, depth: 0, inLoop: false, before: [] }, 1 + c.below(5));
    this.m.functions.push(name);
    return { name, params, body };
  }

  /** Steps in a scope of their own. */
  inner(place: Place, declared: readonly (readonly [string, Kind])[] = [], more: Partial<Place> = {}): Step[] {
    const scope = new Scope(place.scope);
    for (const [name, kind] of declared) scope.names.set(name, kind);
    const steps = this.block(
      { ...place, before: [], ...more, scope, depth: place.depth + 1 },
      1 + this.m.c.below(place.depth > 1 ? 2 : 3),
    );
    place.before.push(...steps.map(textOf));
    return steps;
  }

  private block(place: Place, count: number): Step[] {
    const steps: Step[] = [];
    for (let index = 0; index < count; index++) {
      const step = this.step(place);
      steps.push(step);
      place.before.push(textOf(step));
      if (isExit(step)) return steps;
    }
    if (place.depth === 0 || this.m.c.chance(25)) steps.push(this.exit(place));
    return steps;
  }

  private step(place: Place): Step {
    const { m } = this;
    const { c } = m;
    const { scope, depth } = place;
    const deep = depth < 3 && c.more;
    const kind = c.below(this.wanted.extras ? 30 : 22);
    if (kind <= 4) return this.call(place);
    if (kind <= 6) return { kind: 'log', what: `${m.str(`l${m.tag()}`)}, ${m.value(scope)}` };
    if (kind === 7) return this.declaration(place);
    if (kind === 8 && scope.ofKind('mutable').length) return this.assignment(place);
    if (kind === 9 && m.functions.length) {
      const args = `${m.value(scope)}, ${lists(m, scope)}`;
      return { kind: 'own', fn: c.of(...m.functions), args, name: this.name(place, 'val', args) };
    }
    if (kind === 10 || kind === 11) return this.early(place);
    if (kind >= 22) return asyncExtra(this, place);
    if (!deep) return this.call(place);
    if (kind <= 14) return this.branch(place);
    if (kind === 15) return this.loop(place);
    if (kind === 16) {
      const name = `i${m.tag()}`;
      return { kind: 'count', name, to: c.below(3), body: this.inner(place, [[name, 'val']], { inLoop: true }) };
    }
    if (kind <= 18) return this.guard(place);
    if (kind <= 20) return this.fanOut(place);
    const calls = [this.bare(place), this.bare(place)] as const;
    const texts = calls.map((call) => call.arg);
    return {
      kind: 'pair',
      calls,
      names: [this.name(place, kindOf(calls[0].op), ...texts), this.name(place, kindOf(calls[1].op), ...texts)],
    };
  }

  bare({ scope }: Place): Call {
    const { m } = this;
    return { op: m.c.of('get', 'save', 'list', 'text'), arg: m.value(scope) };
  }

  private call(place: Place): Step {
    const call = this.bare(place);
    if (this.m.c.chance(25)) return { kind: 'call', ...call };
    return { kind: 'call', ...call, name: this.name(place, kindOf(call.op), call.arg) };
  }

  /** Declares a name that nothing in the block has used yet. */
  name(place: Place, kind: Kind, ...texts: readonly string[]): string {
    const name = this.m.fresh(place.scope, ...texts, ...place.before);
    place.scope.names.set(name, kind);
    return name;
  }

  private declaration(place: Place): Step {
    const value = this.m.value(place.scope);
    return { kind: 'let', name: this.name(place, 'mutable', value), value };
  }

  private assignment({ scope }: Place): Step {
    return { kind: 'set', name: this.m.c.of(...scope.ofKind('mutable')), value: this.m.value(scope) };
  }

  /** An exit on a condition. */
  private early(place: Place): Step {
    return { kind: 'if', test: this.m.condition(place.scope), then: [this.exit(place)] };
  }

  private branch(place: Place): Step {
    const test = this.m.condition(place.scope);
    const then = this.inner(place);
    return { kind: 'if', test, then, ...(this.m.c.chance(50) && { else: this.inner(place) }) };
  }

  private loop(place: Place): Step {
    const over = lists(this.m, place.scope);
    const name = this.m.fresh(new Scope(place.scope), over);
    return { kind: 'for', name, over, body: this.inner(place, [[name, 'val']], { inLoop: true, before: [over] }) };
  }

  private guard(place: Place): Step {
    const { c } = this.m;
    const error = c.of('e', 'err');
    const body = this.inner(place);
    const which = c.of('catch', 'catch', 'finally', 'both');
    const handler = which === 'finally' ? undefined : this.inner(place, [[error, 'err']]);
    const always = which === 'catch' ? undefined : this.cleanup(place);
    return { kind: 'guard', body, error, ...(handler && { handler }), ...(always && { always }) };
  }

  /** What a `finally` does: it never leaves by itself. */
  private cleanup(place: Place): Step[] {
    const { m } = this;
    const log: Step = { kind: 'log', what: m.str(`l${m.tag()}`) };
    return m.c.of<() => Step[]>(
      () => [log],
      () => [{ kind: 'call', ...this.bare(place) }],
      () => [{ kind: 'call', ...this.bare(place) }, log],
    )();
  }

  private fanOut(place: Place): Step {
    const { m } = this;
    const over = lists(m, place.scope);
    const item = m.fresh(new Scope(place.scope), over);
    const inner = new Scope(place.scope);
    inner.names.set(item, 'val');
    const own: Place = { scope: inner, depth: place.depth + 2, inLoop: false, before: [] };
    const steps = this.block(own, 1 + m.c.below(2));
    const body = isExit(steps.at(-1)!) ? steps : [...steps, this.result(own)];
    place.before.push(...body.map(textOf));
    const settled = m.c.chance(20);
    const limit = this.wanted.limits && !settled && m.c.chance(60) ? 1 + m.c.below(3) : undefined;
    return { kind: 'all', name: this.name(place, 'hidden', over), over, item, body, settled, ...(limit && { limit }) };
  }

  private result({ scope }: Place): Step {
    return { kind: 'give', value: this.m.value(scope) };
  }

  private exit(place: Place): Exit {
    const { m } = this;
    const { c } = m;
    if (place.inLoop && c.chance(50)) return { kind: c.of('continue', 'break') };
    const kind = c.below(6);
    if (kind === 5) return { kind: 'fail', message: m.str(`t${m.tag()}`) };
    if (kind === 4) return { kind: 'tail', ...this.bare(place) };
    return { kind: 'give', value: m.value(place.scope) };
  }
}

export function lists(m: Maker, scope: Scope): string {
  const known = scope.ofKind('list');
  return known.length ? m.c.of(...known) : `[${m.str('a')}, ${m.str('b')}]`;
}

export function kindOf(op: Op): Kind {
  return op === 'get' ? 'rec' : op === 'list' ? 'list' : 'val';
}

export function isExit(step: Step): boolean {
  return (
    ['give', 'tail', 'fail', 'break', 'continue'].includes(step.kind) || (step.kind === 'lines' && step.exits === true)
  );
}

/** All that the step names. */
function textOf(step: Step): string {
  return Object.values(step)
    .flatMap((value) =>
      Array.isArray(value)
        ? value.map((each) => (typeof each === 'string' ? each : textOf(each as Step)))
        : [String(value)],
    )
    .join(' ');
}

/** Exits that leave this block for somewhere outside it. */
export function exitsOf(steps: Steps, inLoop = false): Set<'give' | 'break' | 'continue'> {
  const found = new Set<'give' | 'break' | 'continue'>();
  const add = (inner: Steps | undefined, loop = inLoop): void =>
    void (inner && exitsOf(inner, loop).forEach((each) => found.add(each)));
  for (const step of steps) {
    if (step.kind === 'give' || step.kind === 'tail') found.add('give');
    else if ((step.kind === 'break' || step.kind === 'continue') && !inLoop) found.add(step.kind);
    else if (step.kind === 'if') (add(step.then), add(step.else));
    else if (step.kind === 'for' || step.kind === 'count') add(step.body, true);
    else if (step.kind === 'guard') (add(step.body), add(step.handler));
  }
  return found;
}

/** Something in it is waited for. */
export function waits(steps: Steps): boolean {
  return steps.some((step) => {
    if (step.kind === 'if') return waits(step.then) || waits(step.else ?? []);
    if (step.kind === 'for' || step.kind === 'count') return waits(step.body);
    if (step.kind === 'guard') return waits(step.body) || waits(step.handler ?? []) || waits(step.always ?? []);
    return ['call', 'own', 'all', 'pair', 'tail', 'lines'].includes(step.kind);
  });
}
