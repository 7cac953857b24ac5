/** What a generated program may name at a place, and how it says simple things. */

import type { Choices } from './choices.js';

export type Kind = 'rec' | 'list' | 'val' | 'err' | 'mutable' | 'hidden';

/** Few names, used at every level: those of outer variables, of globals, of each other. */
const NAMES = ['res', 'data', 'x', 'err', 'value', 'result', 'id', 'e', 'item', 'fetch', 'name', 'user', 'n'] as const;

export class Scope {
  readonly names = new Map<string, Kind>();

  constructor(readonly parent?: Scope) {}

  kindOf(name: string): Kind | undefined {
    return this.names.get(name) ?? this.parent?.kindOf(name);
  }

  private all(): Set<string> {
    return new Set([...(this.parent?.all() ?? []), ...this.names.keys()]);
  }

  ofKind(...kinds: Kind[]): string[] {
    return [...this.all()].filter((name) => kinds.includes(this.kindOf(name)!));
  }
}

/** The settings of one program and its counters. */
export class Maker {
  private tags = 0;
  readonly semi: string;
  readonly quote: string;
  readonly comments: number;
  readonly unit: string;
  /** Sync helpers and asynchronous functions made so far: what a later one may call. */
  readonly helpers: string[] = [];
  readonly functions: string[] = [];

  constructor(readonly c: Choices) {
    this.semi = c.of(';', ';', '');
    this.quote = c.of("'", '"');
    this.comments = c.of(0, 0, 12);
    this.unit = c.of('  ', '  ', '    ', '\t');
  }

  tag(): number {
    return ++this.tags;
  }

  str(text: string): string {
    return this.quote + text + this.quote;
  }

  /** A name that is not yet in this block nor in any of these texts. */
  fresh(scope: Scope, ...texts: readonly string[]): string {
    const free = (name: string): boolean =>
      !scope.names.has(name) && !texts.some((text) => new RegExp(`(?<![.\\w'"])${name}\\b(?!:)`).test(text));
    const rest = NAMES.filter(free);
    if (rest.length === 0) return `v${this.tag()}`;
    // Biased towards the front: the same names at every level.
    return rest[Math.min(this.c.below(rest.length), this.c.below(rest.length))]!;
  }

  /** A simple expression without calls of I/O. */
  value(scope: Scope): string {
    const { c } = this;
    const recs = scope.ofKind('rec');
    const vals = scope.ofKind('val', 'mutable');
    const lists = scope.ofKind('list');
    const errs = scope.ofKind('err');
    const options: (() => string)[] = [() => this.str(`s${this.tag()}`), () => String(c.below(4))];
    if (vals.length)
      options.push(
        () => c.of(...vals),
        () => c.of(...vals),
      );
    if (recs.length) {
      const rec = c.of(...recs);
      options.push(
        () => `${rec}.id`,
        () => `${rec}.n + 1`,
        () => rec,
        () => `(${rec} && ${rec}.name)`,
      );
      options.push(() => `\`t${this.tag()}-\${${rec}.n}\``);
    }
    if (lists.length)
      options.push(
        () => `${c.of(...lists)}.length`,
        () => c.of(...lists),
      );
    if (errs.length) options.push(() => `${c.of(...errs)}.message`);
    if (this.helpers.length && vals.length) options.push(() => `${c.of(...this.helpers)}(${c.of(...vals)})`);
    if (vals.length > 1)
      options.push(
        () => `{ ${vals[0]}, b: ${vals[1]} }`,
        () => `[${vals[0]}, ${vals[1]}]`,
      );
    return c.of(...options)();
  }

  condition(scope: Scope): string {
    const { c } = this;
    const recs = scope.ofKind('rec');
    const vals = scope.ofKind('val', 'mutable');
    const lists = scope.ofKind('list');
    const errs = scope.ofKind('err');
    const options: (() => string)[] = [];
    if (recs.length) {
      const rec = c.of(...recs);
      options.push(
        () => `${rec}.ok`,
        () => `!${rec}.ok`,
        () => `${rec}.n > 1`,
        () => `${rec} && ${rec}.n === 2`,
      );
    }
    if (vals.length)
      options.push(
        () => c.of(...vals),
        () => `!${c.of(...vals)}`,
        () => `typeof ${c.of(...vals)} === ${this.str('string')}`,
      );
    if (lists.length) options.push(() => `${c.of(...lists)}.length > 1`);
    if (errs.length) options.push(() => `${c.of(...errs)}.code === ${this.str('EGET')}`);
    return options.length ? c.of(...options)() : c.of('io.on', '!io.on');
  }

  /** A comment on a line of its own, sometimes. */
  above(indent: string): string {
    if (!this.comments || !this.c.chance(this.comments)) return this.comments && this.c.chance(8) ? '\n' : '';
    return this.c.of(
      `${indent}// c${this.tag()}\n`,
      `${indent}/* c${this.tag()} */\n`,
      `\n${indent}// c${this.tag()}\n`,
    );
  }

  /** A comment behind a statement, sometimes. */
  behind(): string {
    return this.comments && this.c.chance(this.comments) ? ` // c${this.tag()}` : '';
  }
}
