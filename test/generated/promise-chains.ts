/** Chains of generated programs: what they start with, their links and handlers. */

import type { Choices } from './choices.js';
import { plainLink } from './promise-parts.js';
import { Scope, type Kind, type Maker } from './scope.js';

export interface Around {
  readonly scope: Scope;
  readonly indent: string;
  readonly depth: number;
  readonly async: boolean;
  /** `handler`: a `return` gives any value. `function`: it gives a promise. */
  readonly of: 'handler' | 'function';
  /** At the top of its function or handler. */
  readonly top?: boolean;
  /** `this` is an instance with `m`. */
  readonly self: boolean;
}

export interface Made {
  readonly text: string;
  readonly kind: Kind;
}

export abstract class Chains {
  protected readonly c: Choices;

  constructor(protected readonly m: Maker) {
    this.c = m.c;
  }

  /** `{ … }` of a function or handler. */
  protected abstract body(around: Around, close: string): string;

  /** A chain: what it starts with, and its links. */
  protected chain(around: Around): Made {
    const head = this.head(around);
    const most = around.depth > 2 || !this.c.more ? 1 : 4;
    return this.links(around, head, this.c.below(most + 1));
  }

  private head(around: Around): Made {
    const { c, m } = this;
    const value = m.value(around.scope);
    const heads: (() => Made)[] = [
      () => ({ text: `io.get(${value})`, kind: 'rec' }),
      () => ({ text: `io.list(${value})`, kind: 'list' }),
      () => ({ text: `io.save(${value})`, kind: 'val' }),
      () => ({ text: `io.get(${value})`, kind: 'rec' }),
      () => ({ text: `Promise.resolve(${value})`, kind: 'val' }),
      () => ({ text: `io.get(${value})`, kind: 'rec' }),
      () =>
        c.of<Made>(
          { text: 'Promise.resolve()', kind: 'val' },
          { text: `Promise.reject(new Error(${m.str('r')}))`, kind: 'val' },
        ),
    ];
    if (m.functions.length) heads.push(() => ({ text: `${c.of(...m.functions)}(${value}, [])`, kind: 'val' }));
    if (around.self)
      heads.push(
        () => ({ text: `this.load(${value})`, kind: 'rec' }),
        () => ({ text: `this.load(this.own)`, kind: 'rec' }),
      );
    if (around.depth < 3 && c.more)
      heads.push(
        () => this.joined(around),
        () => this.joined(around),
        () => this.wrapped(around),
        () => this.reduced(around),
        () => this.chosen(around),
      );
    return c.of(...heads)();
  }

  /** One chain or another. */
  private chosen(around: Around): Made {
    const { c, m } = this;
    const deeper = { ...around, depth: around.depth + 1 };
    const [one, other] = [this.chain(deeper).text, this.chain(deeper).text];
    return c.of<Made>(
      { text: `(${m.condition(around.scope)} ? ${one} : ${other})`, kind: 'val' },
      { text: `(() => ${one})()`, kind: 'val' },
      { text: `Promise.resolve(${one})`, kind: 'val' },
      { text: `(async () => (await ${one}) || ${m.value(around.scope)})()`, kind: 'val' },
    );
  }

  private joined(around: Around): Made {
    const { c } = this;
    const deeper = { ...around, depth: around.depth + 1 };
    const join = c.of('all', 'all', 'allSettled', 'race', 'any');
    const kind: Kind = join === 'all' || join === 'allSettled' ? 'list' : 'val';
    const lists = around.scope.ofKind('list');
    if (!lists.length || c.chance(40))
      return { text: `Promise.${join}([${this.chain(deeper).text}, ${this.chain(deeper).text}])`, kind };
    const over = c.of(...lists);
    return {
      text: `Promise.${join}(${over}.map(${this.handler(deeper, 'val')}))`,
      kind: join === 'race' ? 'val' : kind,
    };
  }

  private wrapped(around: Around): Made {
    const { c, m } = this;
    const deeper = { ...around, depth: around.depth + 1 };
    return c.of(
      (): Made => ({ text: `new Promise((resolve) => setTimeout(resolve, ${5 + c.below(90)}))`, kind: 'val' }),
      (): Made => {
        const { text, kind } = this.chain(deeper);
        return { text: `new Promise((resolve, reject) => ${text}.then(resolve, reject))`, kind };
      },
      (): Made => {
        const { text } = this.chain(deeper);
        const body = `${text}.then((all) => resolve(all)).catch(reject)${m.semi}`;
        return {
          text: `new Promise((resolve, reject) => {\n${around.indent}${m.unit}${body}\n${around.indent}})`,
          kind: 'val',
        };
      },
      (): Made => ({
        text: `new Promise((resolve, reject) => { if (${m.condition(around.scope)}) reject(new Error(${m.str(`t${m.tag()}`)}))${m.semi || ';'} else resolve(${m.value(around.scope)})${m.semi || ';'} })`,
        kind: 'val',
      }),
    )();
  }

  private reduced(around: Around): Made {
    const { c, m } = this;
    const lists = around.scope.ofKind('list');
    const over = lists.length ? c.of(...lists) : '[1, 2]';
    const scope = new Scope(around.scope);
    const item = m.fresh(scope, over);
    scope.names.set(item, 'val');
    const inner: Around = { ...around, scope, depth: around.depth + 2 };
    return c.of(
      (): Made => ({
        text: `${over}.reduce((before, ${item}) => before.then(() => ${this.chain(inner).text}), Promise.resolve())`,
        kind: 'val',
      }),
      (): Made => ({
        text: `${over}.reduce((before, ${item}) => before.then((sum) => io.save(${m.value(scope)}).then((one) => sum + one)), Promise.resolve(0))`,
        kind: 'val',
      }),
    )();
  }

  protected links(around: Around, head: Made, count: number): Made {
    const { c, m } = this;
    let { text, kind } = head;
    const multi = c.chance(50);
    const inner: Around = multi ? { ...around, indent: around.indent + m.unit } : around;
    for (let index = 0; index < count; index++) {
      const [link, next] = this.link(inner, kind);
      const comment = multi && m.comments && c.chance(m.comments) ? `\n${inner.indent}// c${m.tag()}` : '';
      text += multi ? `${comment}\n${inner.indent}${link}` : link;
      kind = next;
    }
    return { text, kind };
  }

  private link(around: Around, kind: Kind): [string, Kind] {
    const { c, m } = this;
    const choice = c.below(14);
    if (choice === 12) return [plainLink(m, around), 'val'];
    if (choice === 13) return [`.then(${this.handler(around, kind)})`, 'val'];
    if (choice === 6 || choice === 7) return [`.catch(${this.handler(around, 'err')})`, kind];
    if (choice === 8) return [`.finally(${this.handler(around, undefined)})`, kind];
    if (choice === 9) return [`.then(${this.handler(around, kind)}, ${this.handler(around, 'err')})`, 'val'];
    if (choice === 10 && m.helpers.length) return [`.then(${c.of(...m.helpers)})`, 'val'];
    if (choice === 11)
      return c.of<[string, Kind]>(['.then(console.log)', 'val'], ['.catch(() => {})', kind], ['.then((x) => x)', kind]);
    return [`.then(${this.handler(around, kind)})`, 'val'];
  }

  /** A handler that gets one value of this kind, or none. */
  private handler(around: Around, kind: Kind | undefined): string {
    const { c, m } = this;
    const scope = new Scope(around.scope);
    const param = kind && !c.chance(15) ? this.parameter(scope, kind) : '';
    const inner: Around = {
      ...around,
      scope,
      depth: around.depth + 1,
      of: 'handler',
      async: false,
      indent: around.indent + m.unit,
    };
    const form = c.below(7);
    if (form <= 2) {
      const value =
        c.chance(60) || around.depth > 2 || !c.more
          ? m.value(scope)
          : this.chain({ ...inner, indent: around.indent }).text;
      const plain = /^\w+$/.test(param) && c.chance(50);
      return `${plain ? param : `(${param})`} => ${value.startsWith('{') ? `(${value})` : value}`;
    }
    if (form === 3 && !around.self) return `function (${param}) ${this.body(inner, around.indent)}`;
    if (form === 4 && c.chance(70)) return `async (${param}) => ${this.body({ ...inner, async: true }, around.indent)}`;
    return `(${param}) => ${this.body(inner, around.indent)}`;
  }

  private parameter(scope: Scope, kind: Kind): string {
    const { c, m } = this;
    if (kind === 'rec' && c.chance(25)) {
      scope.names.set('id', 'val').set('n', 'val');
      if (c.chance(50)) return c.of('{ id, n }', '{ id, n = 5 }');
      scope.names.delete('n');
      scope.names.set('tags', 'list');
      return '{ id, tags }';
    }
    if (kind === 'list' && c.chance(20)) {
      scope.names.set('x', 'val').set('data', 'val');
      return '[x, data]';
    }
    const name = kind === 'err' ? c.of('err', 'e', 'error', 'res') : m.fresh(scope);
    scope.names.set(name, kind);
    return c.chance(2) ? `${name} = ${c.of('7', 'id')}` : name;
  }
}
