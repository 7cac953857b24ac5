/** Programs in promise style: chains in all the shapes that people write them in. */

import { Choices } from './choices.js';
import type { Call, Program } from './execute.js';
import { Chains, type Around } from './promise-chains.js';
import { awaitingStatement, plainStatement } from './promise-parts.js';
import { Maker, Scope } from './scope.js';

export function promiseProgram(row: readonly number[]): Program {
  const writer = new Writer(new Maker(new Choices(row)));
  return writer.program();
}

class Writer extends Chains {
  program(): Program {
    const { m, c } = this;
    const module = new Scope();
    const parts: string[] = [];
    const calls: Call[] = [];
    parts.push(c.of(`const io = require('./io')${m.semi}`, ''));
    parts.push(`const seen = []${m.semi}`);
    parts.push(`function mark(n) {\n${m.unit}console.log('mark', n)${m.semi}\n${m.unit}return n${m.semi}\n}`);
    // Names of globals: what is shadowed in one handler means the global in the next.
    if (c.chance(40)) module.names.set('name', 'val');
    if (c.chance(40)) {
      module.names.set('total', 'mutable');
      parts.push(`let total = 0${m.semi}`);
    }
    if (c.chance(30)) {
      const name = c.of('res', 'data', 'id');
      module.names.set(name, 'val');
      parts.push(`const ${name} = ${m.str('outer')}${m.semi}`);
    }
    if (c.chance(50)) {
      m.helpers.push('fmt');
      parts.push(`function fmt(x) {\n${m.unit}return ${m.str('f')} + (x && x.id)${m.semi}\n}`);
    }
    const count = 1 + c.below(3);
    const names: string[] = [];
    for (let index = 0; index < count; index++) {
      const name = `f${index}`;
      parts.push(m.above('') + this.module(name, module));
      names.push(name);
      m.functions.push(name);
      calls.push({ name, args: ['u1', ['a', 'b']], contract: 'promise' });
      if (c.chance(30)) calls.push({ name, args: [undefined, []], contract: 'promise' });
    }
    if (c.chance(30)) {
      parts.push(this.klass(module));
      names.push('K');
      calls.push({ name: 'K.m', args: ['u3', ['c']], contract: 'promise' });
    }
    names.push('look');
    calls.push({ name: 'look', args: [], contract: 'promise' });
    parts.push(`function look() {\n${m.unit}console.log(seen.map((each) => each()))${m.semi}\n}`);
    parts.push(`module.exports = { ${names.join(', ')} }${m.semi}`);
    return { source: `${parts.filter((part) => part).join('\n')}\n`, io: 'promise', calls };
  }

  /** A function of the module: its parameters are `id` and `list`, under these or other names. */
  private module(name: string, outer: Scope): string {
    const { c, m } = this;
    const scope = new Scope(outer);
    const [id, list] = [c.of('id', 'x', 'name', 'res'), c.of('list', 'items', 'data')];
    scope.names.set(id, 'val').set(list, 'list');
    const params = c.of(`${id}, ${list}`, `${id}, ${list}`, `${id} = 'd', ${list} = []`);
    const form = c.below(6);
    const around: Around = { scope, indent: m.unit, depth: 0, async: form >= 4, of: 'function', self: false };
    if (form === 2) return `const ${name} = (${params}) => ${this.chain({ ...around, indent: '' }).text}${m.semi}`;
    const body = this.body(around, '');
    if (form === 0 || form === 1) return `function ${name}(${params}) ${body}`;
    if (form === 3) return `const ${name} = (${params}) => ${body}${m.semi}`;
    if (form === 4) return `async function ${name}(${params}) ${body}`;
    return `const ${name} = async (${params}) => ${body}${m.semi}`;
  }

  private klass(outer: Scope): string {
    const { m, c } = this;
    const scope = new Scope(outer);
    scope.names.set('id', 'val').set('list', 'list');
    const inner = m.unit + m.unit;
    const around: Around = { scope, indent: inner, depth: 0, async: false, of: 'function', self: true };
    const lines = [
      `class K {`,
      `${m.unit}constructor(own) {\n${inner}this.own = own${m.semi}\n${m.unit}}`,
      `${m.unit}load(id) {\n${inner}return io.get(id)${m.semi}\n${m.unit}}`,
      `${m.unit}${c.of('', '', 'async ')}m(id, list) ${this.body(around, m.unit)}`,
      `}`,
    ];
    return lines.join('\n');
  }

  /** `{ … }`; a function's body ends with a returned chain, a handler's with anything. */
  protected body(around: Around, close: string): string {
    const { m, c } = this;
    const lines: string[] = [];
    const count = c.below(around.depth > 1 ? 3 : 4);
    for (let index = 0; index < count; index++) lines.push(...this.statement({ ...around, top: true }, lines));
    const last = around.of === 'function' ? this.lastOfFunction(around, lines) : this.lastOfHandler(around, lines);
    if (last) lines.push(last);
    if (m.comments && c.chance(m.comments)) lines.push(`${around.indent}// c${m.tag()}`);
    return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${close}}`;
  }

  private line(around: Around, text: string): string {
    const apart = !this.m.semi && /^[([`]/.test(text) ? ';' : '';
    return `${this.m.above(around.indent)}${around.indent}${apart}${text}${this.m.semi}${this.m.behind()}`;
  }

  private lastOfFunction(around: Around, lines: readonly string[]): string {
    const { c } = this;
    const deeper = { ...around, depth: around.depth + 1 };
    const kind = c.below(10);
    if (kind === 9) return this.recursion(around);
    if (kind === 6) return this.arms(deeper, true);
    if (kind === 7) return this.tries(deeper);
    if (kind === 8) return this.inVariable(around, lines, true);
    return this.line(around, `return ${this.chain(around).text}`);
  }

  private lastOfHandler(around: Around, lines: readonly string[]): string {
    const { c, m } = this;
    const deeper = { ...around, depth: around.depth + 1 };
    const kind = c.below(9);
    if (kind <= 2) return this.line(around, `return ${m.value(around.scope)}`);
    if (kind === 3) return '';
    if (kind === 4) return this.line(around, `throw new Error(${m.str(`t${m.tag()}`)})`);
    if (around.depth > 3 || !c.more) return this.line(around, `return ${m.value(around.scope)}`);
    if (kind === 5) return this.arms(deeper, c.chance(50));
    if (kind === 6) return this.tries(deeper);
    if (kind === 7) return this.inVariable(around, lines, true);
    return this.line(around, `return ${this.chain(deeper).text}`);
  }

  /** One statement that goes on, perhaps with an exit in it. */
  private statement(around: Around, before: readonly string[]): string[] {
    const { c, m } = this;
    const { scope, indent } = around;
    const kind = c.below(21);
    const deeper: Around = { ...around, top: false, indent: indent + m.unit, depth: around.depth + 1 };
    const inside = (): Around => ({ ...deeper, scope: new Scope(scope) });
    if (kind <= 2) return [this.line(around, `console.log(${m.str(`l${m.tag()}`)}, ${m.value(scope)})`)];
    if (kind <= 4) return [this.declaration(around, before)];
    if (kind === 5 && scope.ofKind('mutable').length)
      return [this.line(around, `${c.of(...scope.ofKind('mutable'))} ${c.of('+=', '=')} ${m.value(scope)}`)];
    if (kind <= 7) return [this.guarded(around)];
    if (kind >= 17) return [m.above(indent) + plainStatement(m, around, before)];
    if (kind === 8) return [this.loop(inside(), indent)];
    if (around.depth > 2 || !c.more) return [this.line(around, `console.log(${m.str(`l${m.tag()}`)})`)];
    if (kind === 9) return [this.line(around, `${this.chain(deeper).text}${c.of('.catch(() => {})', '')}`)];
    if (kind === 10) return [this.inVariable(around, before, false)];
    if (kind === 11) return [this.localFunction(around, before)];
    if (kind === 12 && around.async) return [this.waiting(around, before)];
    if ((kind === 15 || kind === 16) && around.async)
      return [m.above(indent) + awaitingStatement(m, around, before, this.chain(deeper).text)];
    if (kind === 13) return this.pushes(around, before);
    if (kind === 14) return [this.arms(deeper, false)];
    return [this.line(around, `console.log(${m.str(`l${m.tag()}`)})`)];
  }

  private declaration(around: Around, before: readonly string[]): string {
    const { c, m } = this;
    const value = m.value(around.scope);
    const name = m.fresh(around.scope, value, ...before);
    const how = c.of('const', 'let', 'const', 'var');
    const text = this.line(around, `${how === 'var' && around.depth > 0 ? 'let' : how} ${name} = ${value}`);
    around.scope.names.set(name, how === 'let' ? 'mutable' : 'val');
    return text;
  }

  /** `if (…) return …;` in its forms. */
  private guarded(around: Around): string {
    const { c, m } = this;
    const { scope, indent } = around;
    const test = m.condition(scope);
    const exit = c.of(
      () => `return ${this.given(around)}`,
      () => `throw new Error(${m.str(`t${m.tag()}`)})`,
      () => (around.of === 'handler' || around.async ? 'return' : `return ${this.given(around)}`),
      () => `console.log(${m.str(`l${m.tag()}`)})`,
    )();
    if (c.chance(50)) return this.line(around, `if (${test}) ${exit}`);
    const inner = { ...around, indent: indent + m.unit };
    const arm = `{\n${this.line(inner, exit)}\n${indent}}`;
    const other = c.chance(40)
      ? ` else {\n${this.line(inner, `console.log(${m.str(`l${m.tag()}`)})`)}\n${indent}}`
      : '';
    return `${m.above(indent)}${indent}if (${test}) ${arm}${other}`;
  }

  private given(around: Around): string {
    const { c, m } = this;
    if (around.of === 'function' && !around.async)
      return c.of(
        () => `Promise.resolve(${m.value(around.scope)})`,
        () => this.short(around),
      )();
    return c.of(
      () => m.value(around.scope),
      () => m.value(around.scope),
      () => this.short(around),
    )();
  }

  private short(around: Around): string {
    return `io.${this.c.of('get', 'save', 'list')}(${this.m.value(around.scope)})`;
  }

  private loop(around: Around, indent: string): string {
    const { c, m } = this;
    const lists = around.scope.ofKind('list');
    const over = lists.length ? c.of(...lists) : '[1, 2]';
    const name = m.fresh(around.scope, over);
    around.scope.names.set(name, 'val');
    const inner = c.of(
      () => this.line(around, `console.log(${m.str(`l${m.tag()}`)}, ${m.value(around.scope)})`),
      () => this.guarded(around),
      () => this.line(around, `if (${m.condition(around.scope)}) ${c.of('continue', 'break')}`),
    )();
    const log = this.line(around, `console.log(${name})`);
    return `${m.above(indent)}${indent}for (const ${name} of ${over}) {\n${inner}\n${log}\n${indent}}`;
  }

  /** `if`/`else` or a `switch`; `all`: every arm leaves. */
  private arms(around: Around, all: boolean): string {
    const { c, m } = this;
    const indent = around.indent.slice(0, around.indent.length - (around.of ? 0 : 0));
    const inner = indent + m.unit;
    const arm = (at: string, leave: boolean): string => {
      const own: Around = { ...around, top: false, scope: new Scope(around.scope), indent: at };
      const lines: string[] = [];
      if (c.chance(40)) lines.push(...this.statement({ ...own, depth: 4 }, lines));
      if (leave) lines.push(this.line(own, `return ${c.chance(50) ? this.given(own) : this.chain(own).text}`));
      else if (lines.length === 0) lines.push(this.line(own, `console.log(${m.str(`l${m.tag()}`)})`));
      return lines.join('\n');
    };
    if (c.chance(25)) {
      const on = m.value(around.scope);
      const cases = [`${inner}case ${m.str('i2')}:`, `${inner}case 1:`, `${inner}default:`].map(
        (label) => `${label} {\n${arm(inner + m.unit, true)}\n${inner}}`,
      );
      return `${indent}switch (${on}) {\n${(all ? cases : cases.slice(0, 2)).join('\n')}\n${indent}}`;
    }
    const first = `${indent}if (${m.condition(around.scope)}) {\n${arm(inner, all || c.chance(60))}\n${indent}}`;
    if (c.chance(30) && all)
      return `${first}\n${this.line({ ...around, indent }, `return ${this.chain(around).text}`)}`;
    return `${first} else {\n${arm(inner, all || c.chance(20))}\n${indent}}`;
  }

  private tries(around: Around): string {
    const { c, m } = this;
    const { indent } = around;
    const own = (): Around => ({ ...around, top: false, scope: new Scope(around.scope), indent: indent + m.unit });
    const inTry = own();
    const log = c.chance(50)
      ? `${this.line(inTry, `console.log(${m.str(`l${m.tag()}`)}, ${m.value(inTry.scope)})`)}\n`
      : '';
    const wait = around.async && c.chance(50) ? 'await ' : '';
    const body = `${log}${this.line(inTry, `return ${wait}${this.chain(inTry).text}`)}`;
    const inCatch = own();
    const name = m.fresh(inCatch.scope);
    inCatch.scope.names.set(name, 'err');
    const handler = this.line(inCatch, `return ${this.given(inCatch)}`);
    const end = c.chance(25)
      ? ` finally {\n${this.line(own(), `console.log(${m.str(`l${m.tag()}`)})`)}\n${indent}}`
      : '';
    return `${indent}try {\n${body}\n${indent}} catch (${name}) {\n${handler}\n${indent}}${end}`;
  }

  /** A chain kept in a variable, gone on with later. */
  private inVariable(around: Around, before: readonly string[], returned: boolean): string {
    const { c, m } = this;
    const chain = this.chain({ ...around, depth: around.depth + 1 });
    const name = `p${m.tag()}`;
    const lines = [this.line(around, `${c.of('const', 'let')} ${name} = ${chain.text}`)];
    if (c.chance(30)) lines.push(...this.statement({ ...around, depth: 3 }, [...before, ...lines]));
    const { text } = this.links(around, { text: name, kind: chain.kind }, 1);
    if (returned) lines.push(this.line(around, `return ${c.of(name, text)}`));
    else lines.push(this.line(around, text));
    return lines.join('\n');
  }

  /** `const step = (i) => …step(i + 1)`: one after the other. */
  private recursion(around: Around): string {
    const { c, m } = this;
    const scope = new Scope(around.scope);
    scope.names.set('i', 'val');
    const over = scope.ofKind('list')[0] ?? '[1, 2]';
    const inner: Around = { ...around, scope, depth: around.depth + 1, self: false };
    const name = `step${m.tag()}`;
    const chain = this.links(inner, { text: `io.get(${over}[i])`, kind: 'rec' }, c.below(2)).text;
    const end = c.of(`Promise.resolve(${m.value(scope)})`, `Promise.resolve()`);
    const go = `${chain}.then(() => ${name}(i + 1))`;
    const deep = around.indent + m.unit;
    const text = c.of(
      `${around.indent}const ${name} = (i) => (i >= ${over}.length ? ${end} : ${go})${m.semi}`,
      `${around.indent}function ${name}(i) {\n${deep}if (i >= ${over}.length) return ${end}${m.semi}\n${deep}return ${go}${m.semi}\n${around.indent}}`,
    );
    return `${text}\n${this.line(around, `return ${name}(0)`)}`;
  }

  private localFunction(around: Around, before: readonly string[]): string {
    const { c, m } = this;
    const scope = new Scope(around.scope);
    const name = `local${m.tag()}`;
    const param = m.fresh(scope);
    scope.names.set(param, 'val');
    const inner: Around = {
      ...around,
      scope,
      indent: around.indent + m.unit,
      depth: around.depth + 1,
      of: 'function',
      async: false,
      self: false,
    };
    const chain = this.chain(inner).text;
    const text = c.of(
      () => `${around.indent}function ${name}(${param}) {\n${this.line(inner, `return ${chain}`)}\n${around.indent}}`,
      () => this.line(around, `const ${name} = (${param}) => ${chain}`),
    )();
    void before;
    return `${text}\n${this.line(around, `${name}(${m.value(around.scope)}).catch(() => {})`)}`;
  }

  /** `const x = await chain;` */
  private waiting(around: Around, before: readonly string[]): string {
    const { c, m } = this;
    const chain = this.chain({ ...around, depth: around.depth + 1 });
    const name = m.fresh(around.scope, chain.text, ...before);
    const text = this.line(around, c.of(`const ${name} = await ${chain.text}`, `await ${chain.text}`));
    if (text.includes(`const ${name} = await`)) around.scope.names.set(name, chain.kind);
    return text;
  }

  /** `const all = []; for (…) all.push(chain); … Promise.all(all)` */
  private pushes(around: Around, before: readonly string[]): string[] {
    const { c, m } = this;
    void before;
    const lists = around.scope.ofKind('list');
    const over = lists.length ? c.of(...lists) : '[1, 2]';
    const scope = new Scope(around.scope);
    const item = m.fresh(scope, over);
    scope.names.set(item, 'val');
    const all = `all${m.tag()}`;
    const inner: Around = { ...around, scope, indent: around.indent + m.unit, depth: around.depth + 1, of: 'handler' };
    const chain = this.chain(inner).text;
    const loop = c.of(
      `${around.indent}for (const ${item} of ${over}) {\n${this.line(inner, `${all}.push(${chain})`)}\n${around.indent}}`,
      `${around.indent}${over}.forEach((${item}) => {\n${this.line(inner, `${all}.push(${chain})`)}\n${around.indent}})${m.semi}`,
    );
    const end = `Promise.all(${all})${c.of('.catch(() => {})', '.then((all) => console.log(all.length))')}`;
    return [
      this.line(around, `const ${all} = []`),
      loop,
      this.line(around, around.async && c.chance(50) ? `await ${end}` : end),
    ];
  }
}
