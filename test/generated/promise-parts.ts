/** Statements and links that need no chain of their own: names, closures, loops, guards. */

import type { Around } from './promise-chains.js';
import { Scope, type Maker } from './scope.js';

/** One statement that goes on, perhaps with an exit in it. `before`: what stands above it in its block. */
export function plainStatement(m: Maker, around: Around, before: readonly string[]): string {
  const { c } = m;
  const { scope, indent, of } = around;
  const deep = indent + m.unit;
  const end = m.semi;
  const leaves = of === 'handler' || around.async;
  return c.of(
    () => `${indent}seen.push(() => (${m.value(scope)}))${end}`,
    () => {
      const name = c.of('helper', 'get', 'make');
      if (scope.names.has(name) || before.some((line) => new RegExp(`\\b${name}\\b(?!:)`).test(line)))
        return `${indent}console.log(${m.str(`l${m.tag()}`)})${end}`;
      const value = m.value(scope);
      scope.names.set(name, 'hidden');
      return `${indent}function ${name}() {\n${deep}return ${value}${end}\n${indent}}\n${indent}console.log(${name}())${end}`;
    },
    () => `${indent}for (let i = 0; i < 2; i++) {\n${deep}seen.push(() => i)${end}\n${loopExit(m, around)}${indent}}`,
    () => {
      const on = scope.ofKind('rec', 'val');
      const over = on.length ? `Object(${c.of(...on)})` : '{ a: 1 }';
      return `${indent}for (const key in ${over}) {\n${deep}console.log(key)${end}\n${loopExit(m, around)}${indent}}`;
    },
    () => {
      const inner = new Scope(scope);
      const name = m.fresh(inner);
      inner.names.set(name, 'err');
      const exit = leaves && c.chance(50) ? `return ${m.value(inner)}` : `console.log(${name}.message)`;
      const text = `${indent}try {\n${deep}console.log(JSON.parse(${m.value(scope)}))${end}\n${indent}}`;
      return `${text} catch (${name}) {\n${deep}${exit}${end}\n${indent}}`;
    },
    () => {
      const name = m.fresh(scope, ...before);
      scope.names.set(name, 'mutable');
      return `${indent}let ${name}${end}\n${indent}if (${m.condition(scope)}) ${name} = ${m.str(`s${m.tag()}`)}${end}`;
    },
    () => {
      const value = m.value(scope);
      const [a, b] = [m.fresh(scope, value, ...before), 'n'];
      if (scope.names.has(b) || a === b || before.some((line) => /\bn\b/.test(line)) || /\bn\b/.test(value))
        return `${indent}console.log(${m.str(`l${m.tag()}`)}, ${value})${end}`;
      scope.names.set(a, 'val').set(b, 'val');
      return `${indent}const { id: ${a}, n = 4 } = Object(${value})${end}`;
    },
    () =>
      `${indent}outer: for (const a of [1, 2]) {\n${deep}for (const b of [1, 2]) {\n${deep}${m.unit}if (a === b) continue outer${end}\n${deep}${m.unit}console.log(a, b)${end}\n${deep}}\n${indent}}`,
    () => {
      const own = c.of('kept', 'res', 'data', 'x');
      if (scope.names.has(own) || before.some((line) => new RegExp(`\\b${own}\\b(?!:)`).test(line)))
        return `${indent}console.log(mark(${m.tag()}))${end}`;
      const value = m.value(scope);
      if (new RegExp(`\\b${own}\\b`).test(value)) return `${indent}console.log(${value})${end}`;
      // Only at the top of a function or handler: else it could meet a name of a block around.
      const how = around.top ? 'var' : 'let';
      scope.names.set(own, 'mutable');
      return `${indent}${how} ${own} = ${value}${end}\n${indent}seen.push(() => ${own})${end}`;
    },
    () => {
      const mutable = scope
        .ofKind('mutable', 'val')
        .filter((name) => scope.names.get(name) && scope.names.get(name) === 'mutable');
      return mutable.length
        ? `${indent}${c.of(...mutable)} = [${c.of(...mutable)}, ${m.value(scope)}]${end}`
        : `${indent}console.log(mark(${m.tag()}))${end}`;
    },
    () => {
      const name = `Own${m.tag()}`;
      return `${indent}class ${name} {\n${deep}get() {\n${deep}${m.unit}return ${m.value(scope)}${end}\n${deep}}\n${indent}}\n${indent}console.log(new ${name}().get())${end}`;
    },
    () => `${indent}console.log(\`a\n  \${${m.value(scope)}} b\`)${end}`,
    () => {
      const test = [m.condition(scope), m.condition(scope)];
      const arms = [0, 1, 2].map(() => `${deep}console.log(${m.str(`l${m.tag()}`)})${end}\n`);
      const exit = leaves ? `${deep}return ${m.value(scope)}${end}\n` : '';
      return `${indent}if (${test[0]}) {\n${arms[0]}${indent}} else if (${test[1]}) {\n${arms[1]}${exit}${indent}} else {\n${arms[2]}${indent}}`;
    },
  )();
}

function loopExit(m: Maker, around: Around): string {
  const { c } = m;
  const deep = around.indent + m.unit;
  const exits = ['', `${deep}if (${m.condition(around.scope)}) break${m.semi}\n`];
  if (around.of === 'handler' || around.async)
    exits.push(`${deep}if (${m.condition(around.scope)}) return ${m.value(around.scope)}${m.semi}\n`);
  return c.of(...exits);
}

/** Statements with `await` in an async function; `chain` makes one. */
export function awaitingStatement(m: Maker, around: Around, before: readonly string[], chain: string): string {
  const { c } = m;
  const { scope, indent } = around;
  const deep = indent + m.unit;
  const name = m.fresh(scope, chain, ...before);
  const lists = scope.ofKind('list');
  const short = `io.get(${m.value(scope)}).then((got) => got.n)`;
  return c.of(
    () => `${indent}console.log(await ${chain})${m.semi}`,
    () => {
      scope.names.set(name, 'val');
      return `${indent}const { id: ${name} } = Object(await ${chain})${m.semi}`;
    },
    () =>
      `${indent}for (const one of ${lists[0] ?? '[1, 2]'}) {\n${deep}console.log(one)${m.semi}\n${deep}await ${chain}${m.semi}\n${indent}}`,
    () => `${indent}console.log(mark(${m.tag()}), await ${chain}, mark(${m.tag()}))${m.semi}`,
    () => `${indent}console.log((await ${chain} || {}).id, ${m.value(scope)})${m.semi}`,
    () => `${indent}console.log([${m.value(scope)}, await ${chain}, await ${short}])${m.semi}`,
    () => `${indent}if (${m.condition(scope)} && (await ${chain})) console.log(${m.str(`l${m.tag()}`)})${m.semi}`,
    () => `${indent}for (const one of [].concat(await ${chain})) console.log(one)${m.semi}`,
    () => `${indent}console.log(${m.condition(scope)} ? await ${chain} : ${m.value(scope)})${m.semi}`,
    () => `${indent}console.log(\`\${mark(${m.tag()})}-\${await ${chain}}-\${await ${short}}\`)${m.semi}`,
    () =>
      `${indent}switch (await ${chain}) {\n${deep}case 1:\n${deep}${m.unit}console.log('one')${m.semi}\n${deep}${m.unit}break${m.semi}\n${deep}default:\n${deep}${m.unit}console.log(await ${short})${m.semi}\n${indent}}`,
    () =>
      `${indent}let times = 0${m.semi}\n${indent}while ((await ${chain}) && times++ < 2) console.log(times)${m.semi}`.replaceAll(
        'times',
        `times${m.tag()}`,
      ),
    () => `${indent}await Promise.all([${chain}, ${short}])${m.semi}`,
    () => `${indent}if (await ${chain}) console.log(${m.str(`l${m.tag()}`)})${m.semi}`,
    () => {
      const mutable = scope.ofKind('mutable');
      return `${indent}${mutable.length ? `${c.of(...mutable)} ${c.of('=', '+=')} ` : ''}await ${chain}${m.semi}`;
    },
    () =>
      `${indent}try {\n${deep}await ${chain}${m.semi}\n${indent}} catch (e) {\n${deep}console.log(e.message)${m.semi}\n${indent}}`,
  )();
}

/** A link whose handler says little. */
export function plainLink(m: Maker, around: Around): string {
  const { c } = m;
  const { scope } = around;
  return c.of(
    () => `.catch((e) => { throw e${m.semi} })`,
    () => `.catch((err) => { if (err.code === 'EGET') return ${m.value(scope)}; throw err${m.semi} })`,
    () => `.catch((e) => Promise.reject(new Error(e.message + ${m.str(`r${m.tag()}`)})))`,
    () => `.then(null, (e) => (${m.value(scope)}))`,
    () => `.then(undefined, (e) => { console.log(e.message)${m.semi} })`,
    () => `.finally(() => { console.log(${m.str(`l${m.tag()}`)})${m.semi} })`,
    () => `.finally(() => io.close())`,
    () => `.then(() => { throw new Error(${m.str(`t${m.tag()}`)})${m.semi} })`,
    () => `.then(JSON.stringify)`,
    () => `.then(() => {})`,
  )();
}
