/** Programs in callback style: error-first functions that call error-first I/O and one another. */

import { Choices } from './choices.js';
import { extraLines, prologue } from './callback-extras.js';
import { errorLines, loopLines, type Around } from './callback-parts.js';
import type { Call, Program } from './execute.js';
import { Maker, Scope, type Kind } from './scope.js';

export function callbackProgram(row: readonly number[]): Program {
  return new Writer(new Maker(new Choices(row))).program();
}

interface Made {
  readonly name: string;
  readonly exported: boolean;
  readonly list: boolean;
}

export class Writer {
  readonly c: Choices;
  private readonly made: Made[] = [];
  /** How many parameters the function made last has. */
  private arity = 0;

  constructor(readonly m: Maker) {
    this.c = m.c;
  }

  program(): Program {
    const { m, c } = this;
    const module = new Scope();
    const parts: string[] = [];
    const calls: Call[] = [];
    parts.push(`const io = require('./io')${m.semi}`, `const async = require('async')${m.semi}`);
    if (c.chance(30)) {
      module.names.set('total', 'mutable');
      parts.push(`let total = 0${m.semi}`);
    }
    if (c.chance(20)) {
      module.names.set('res', 'val');
      parts.push(`const res = ${m.str('outer')}${m.semi}`);
    }
    if (c.chance(30)) {
      m.helpers.push('fmt');
      parts.push(`function fmt(x) {\n${m.unit}return ${m.str('f')} + (x && x.id)${m.semi}\n}`);
    }
    const count = 1 + c.below(3);
    const inLib = count > 1 && c.chance(25) ? 1 + c.below(count - 1) : 0;
    const viaLib = c.chance(50);
    const prelude = [...parts];
    let lib = '';
    let functions: string[] = [];
    for (let index = 0; index < count; index++) {
      if (inLib && index === inLib) {
        const names = this.made.map((each) => each.name).join(', ');
        lib = `//// lib.js\n${[...prelude, ...functions].join('\n')}\nmodule.exports = { ${names} }${m.semi}\n//// program.js\n`;
        parts.push(viaLib ? `const lib = require('./lib')${m.semi}` : `const { ${names} } = require('./lib')${m.semi}`);
        for (const each of this.made.splice(0))
          this.made.push({ ...each, exported: false, name: viaLib ? `lib.${each.name}` : each.name });
        functions = [];
        calls.splice(0);
      }
      const exported = index === count - 1 || c.chance(50);
      const name = `f${index}`;
      const list = c.chance(30);
      functions.push(m.above('') + this.fn(name, module, list));
      const arity = this.arity;
      this.made.push({ name, exported, list });
      if (exported) calls.push({ name, args: list ? ['u1', ['a', 'b']] : ['u1'], contract: 'callback', arity });
      if (exported && c.chance(25))
        calls.push({ name, args: list ? ['', []] : [undefined], contract: 'callback', arity });
    }
    if (c.chance(30)) functions.reverse();
    parts.push(...functions);
    if (c.chance(20)) {
      parts.push(this.proto(module));
      calls.push({ name: 'K.m', args: ['u3'], contract: 'callback', arity: 2 });
    }
    const names = [
      ...this.made.filter((each) => each.exported).map((each) => each.name),
      ...(calls.some((each) => each.name === 'K.m') ? ['K'] : []),
    ];
    parts.push(
      c.chance(40)
        ? names.map((name) => `exports.${name} = ${name}${m.semi}`).join('\n')
        : `module.exports = { ${names.join(', ')} }${m.semi}`,
    );
    return { source: `${lib}${parts.filter((part) => part).join('\n')}\n`, io: 'callback', calls };
  }

  private fn(name: string, outer: Scope, list: boolean): string {
    const { c, m } = this;
    const scope = new Scope(outer);
    const id = c.of('id', 'x', 'res', 'name');
    const cb = c.of('cb', 'callback', 'done', 'next');
    scope.names.set(id, 'val');
    const items = c.of('list', 'items', 'data');
    if (list) scope.names.set(items, 'list');
    const around: Around = { scope, indent: m.unit, depth: 0, cb, self: '' };
    const first = prologue(this, around);
    around.cb = first.cb;
    const names = [id, ...(list ? [items] : []), ...(first.options ? ['opts'] : []), cb];
    const params = names.join(', ');
    this.arity = names.length;
    const body = (close: string): string =>
      this.body(around, close).replace('{\n', `{\n${first.lines.map((line) => `${line}\n`).join('')}`);
    const form = c.below(4);
    if (form === 3) return `const ${name} = (${params}) => ${body('')}${m.semi}`;
    if (form === 2) return `const ${name} = function (${params}) ${body('')}${m.semi}`;
    return `function ${name}(${params}) ${body('')}`;
  }

  private proto(outer: Scope): string {
    const { c, m } = this;
    const scope = new Scope(outer);
    scope.names.set('id', 'val');
    const self = c.of('self', 'this');
    const around: Around = { scope, indent: m.unit, depth: 0, cb: 'cb', self };
    const first = self === 'self' ? `${m.unit}var self = this${m.semi}\n` : '';
    const body = this.body(around, '').replace('{\n', `{\n${first}`);
    const head = `function K(own) {\n${m.unit}this.own = own${m.semi}\n}`;
    const load = `K.prototype.load = function (id, cb) {\n${m.unit}io.get(id, cb)${m.semi}\n}${m.semi}`;
    return `${head}\n${load}\nK.prototype.m = function (id, cb) ${body}${m.semi}`;
  }

  line(around: Around, text: string): string {
    return `${this.m.above(around.indent)}${around.indent}${text}${this.m.semi}${this.m.behind()}`;
  }

  body(around: Around, close: string): string {
    const lines = this.tail(around);
    return `{\n${lines.join('\n')}\n${close}}`;
  }

  deeper(around: Around): Around {
    return { ...around, scope: new Scope(around.scope), indent: around.indent + this.m.unit, depth: around.depth + 1 };
  }

  /** Lines that end with exactly one report on every path. */
  tail(around: Around): string[] {
    const { c, m } = this;
    const lines: string[] = [];
    for (let count = c.below(3); count > 0; count--) lines.push(...this.statement(around, lines));
    if (around.depth > 3 || (!c.more && around.depth > 0)) return [...lines, this.report(around)];
    const kind = c.below(around.depth === 0 ? 15 : 18);
    if (kind >= 10 && kind <= 13) return [...lines, ...extraLines(this, around)];
    if (kind <= 4) return [...lines, ...this.call(around, lines)];
    if (kind === 5) return [...lines, this.handOn(around)];
    if (kind === 6) return [...lines, ...this.arms(around)];
    if (kind === 7) return [...lines, ...this.named(around)];
    if (kind === 8) return [...lines, ...loopLines(this, around)];
    if (kind === 9) return [...lines, ...this.parsed(around, lines)];
    void m;
    return [...lines, this.report(around)];
  }

  report(around: Around): string {
    const { c, m } = this;
    const { cb, scope } = around;
    const ret = c.of('', 'return ');
    if (around.depth === 0 && c.chance(80))
      return this.line(around, `${ret}process.nextTick(${cb}, null, ${m.value(scope)})`);
    return this.line(
      around,
      c.of(
        () => `${ret}${cb}(null, ${m.value(scope)})`,
        () => `${ret}${cb}(null, ${m.value(scope)})`,
        () => `${ret}${cb}()`,
        () => `${ret}${cb}(null)`,
        () => `${ret}${cb}(new Error(${m.str(`t${m.tag()}`)}))`,
        () => `setImmediate(() => ${cb}(null, ${m.value(scope)}))`,
      )(),
    );
  }

  statement(around: Around, before: readonly string[]): string[] {
    const { c, m } = this;
    const { scope, cb } = around;
    const kind = c.below(9);
    if (kind <= 2) return [this.line(around, `console.log(${m.str(`l${m.tag()}`)}, ${m.value(scope)})`)];
    if (kind === 3 || kind === 4) {
      const value = m.value(scope);
      const name = m.fresh(scope, value, ...before);
      const how = c.of('const', 'let', 'var');
      const text = this.line(around, `${how === 'var' && around.depth > 0 ? 'let' : how} ${name} = ${value}`);
      scope.names.set(name, how === 'let' ? 'mutable' : 'val');
      return [text];
    }
    if (kind === 5 && around.depth > 0) {
      const text = c.of(
        `return ${cb}(null, ${m.value(scope)})`,
        `return ${cb}()`,
        `return ${cb}(new Error(${m.str(`t${m.tag()}`)}))`,
      );
      return [
        this.line(
          around,
          `if (${m.condition(scope)}) ${c.of(text, `{\n${around.indent}${m.unit}${text}${m.semi}\n${around.indent}}`)}`,
        ),
      ];
    }
    if (kind === 6 && scope.ofKind('mutable').length)
      return [this.line(around, `${c.of(...scope.ofKind('mutable'))} ${c.of('+=', '=')} ${m.value(scope)}`)];
    if (kind === 7 && c.chance(40))
      return [this.line(around, `io.save(${m.value(scope)}, ${c.of('() => {}', 'function () {}')})`)];
    if (kind === 8 && c.chance(40))
      return [
        this.line(
          around,
          `if (${m.condition(scope)}) ${c.of(`console.log(${m.str(`l${m.tag()}`)})`, around.depth ? `throw new Error(${m.str(`t${m.tag()}`)})` : '')}`,
        ),
      ];
    return [this.line(around, `console.log(${m.str(`l${m.tag()}`)})`)];
  }

  /** A call and the kind of what it gives: `callee(arguments`, without the callback. */
  start(around: Around): { text: string; kind: Kind } {
    const { c, m } = this;
    const value = m.value(around.scope);
    const options: (() => { text: string; kind: Kind })[] = [
      () => ({ text: `io.get(${value}`, kind: 'rec' }),
      () => ({ text: `io.list(${value}`, kind: 'list' }),
      () => ({ text: `io.save(${value}`, kind: 'val' }),
      () => ({ text: `io.get(${value}`, kind: 'rec' }),
    ];
    for (const { name, list } of this.made)
      options.push(() => ({ text: `${name}(${value}${list ? ', []' : ''}`, kind: 'val' }));
    if (around.self)
      options.push(() => ({ text: `${around.self}.load(${c.of(value, `${around.self}.own`)}`, kind: 'rec' }));
    return c.of(...options)();
  }

  call(around: Around, before: readonly string[]): string[] {
    const { c } = this;
    const { text, kind } = this.start(around);
    const inner = this.deeper(around);
    const [params, lines] = this.answered(inner, kind);
    void before;
    const arrow = around.self === 'this' || c.chance(50);
    const fn = arrow ? `(${params}) => {` : `function (${params}) {`;
    return [
      `${this.m.above(around.indent)}${around.indent}${c.of('', '', 'return ')}${text}, ${fn}\n${lines.join('\n')}\n${around.indent}})${this.m.semi}`,
    ];
  }

  /** Parameters and body of a callback. */
  answered(inner: Around, kind: Kind): [string, string[]] {
    const { c, m } = this;
    const err = c.of('err', 'e', 'error', 'err');
    inner.scope.names.set(err, 'hidden');
    const name = m.fresh(inner.scope);
    inner.scope.names.set(name, kind);
    const lines = errorLines(this, inner, err, name);
    const params = c.chance(12) ? err : `${err}, ${name}`;
    if (params === err) inner.scope.names.delete(name);
    if (params === err) return [params, [...errorLines(this, inner, err, undefined), ...this.tail(inner)]];
    return [params, lines.done ? lines : [...lines, ...this.tail(inner)]];
  }

  private handOn(around: Around): string {
    const { c } = this;
    return this.line(around, `${c.of('', 'return ')}${this.start(around).text}, ${around.cb})`);
  }

  private arms(around: Around): string[] {
    const { m, c } = this;
    const [then, other] = [this.deeper(around), this.deeper(around)];
    const head = `${m.above(around.indent)}${around.indent}if (${m.condition(around.scope)}) {\n${this.armOf(then)}\n${around.indent}}`;
    if (c.chance(60)) return [`${head} else {\n${this.armOf(other)}\n${around.indent}}`];
    const left = head.replace(/\n(\s*)}$/, `\n$1${m.unit}return${m.semi}\n$1}`);
    return [left, ...this.tail({ ...around, depth: around.depth + 1 })];
  }

  private armOf(around: Around): string {
    return (this.c.chance(70) ? this.call(around, []) : this.tail(around)).join('\n');
  }

  /** A named continuation, before or (hoisted) behind the call. */
  private named(around: Around): string[] {
    const { c } = this;
    const { text, kind } = this.start(around);
    const inner = this.deeper(around);
    const [params, lines] = this.answered(inner, kind);
    const name = `on${this.m.tag()}`;
    const fn = `${around.indent}function ${name}(${params}) {\n${lines.join('\n')}\n${around.indent}}`;
    const call = this.line(around, `${text}, ${name})`);
    return c.chance(50) ? [call, fn] : [fn, call];
  }

  /** `JSON.parse` of a text, guarded. */
  private parsed(around: Around, before: readonly string[]): string[] {
    const { c, m } = this;
    void before;
    const inner = this.deeper(around);
    const err = c.of('err', 'e');
    inner.scope.names.set('text', 'val').set(err, 'hidden');
    const lines = [this.line(inner, `if (${err}) return ${around.cb}(${err})`)];
    const own = m.fresh(inner.scope);
    const fail = c.of(`return ${around.cb}(bad)`, `return ${around.cb}(null, ${m.str('bad')})`, `${own} = { n: 0 }`);
    const deep = inner.indent + m.unit;
    lines.push(`${inner.indent}let ${own}${m.semi}`);
    lines.push(
      `${inner.indent}try {\n${deep}${own} = JSON.parse(text)${m.semi}\n${inner.indent}} catch (bad) {\n${deep}${fail}${m.semi}\n${inner.indent}}`,
    );
    inner.scope.names.set(own, 'rec');
    lines.push(...this.tail(inner));
    return [
      `${around.indent}io.text(${m.value(around.scope)}, (${err}, text) => {\n${lines.join('\n')}\n${around.indent}})${m.semi}`,
    ];
  }
}
