/** Awaits where only async style can have them: in expressions, heads of loops, closures, beside promises kept as values. */

import type { Modeller, Place, Step } from './flow-model.js';
import { lists } from './flow-model.js';

export function asyncExtra(maker: Modeller, place: Place): Step {
  const { m } = maker;
  const { c } = m;
  const { scope } = place;
  const io = (): string => {
    const { op, arg } = maker.bare(place);
    return `io.${op}(${arg})`;
  };
  const value = (): string => m.value(scope);
  const log = (): string => m.str(`l${m.tag()}`);
  const test = (): string => m.condition(scope);
  const named = (lines: (name: string) => string[], ...texts: string[]): Step => {
    const name = maker.name(place, 'val', ...texts);
    return { kind: 'lines', lines: lines(name) };
  };
  const plain = (...lines: string[]): Step => ({ kind: 'lines', lines });
  const mutable = scope.ofKind('mutable');
  const tag = m.tag();
  const get = (): string => `io.get(${value()})`;
  const options: (() => Step)[] = [
    () => plain(`console.log(${log()}, await ${io()})`),
    () => {
      const call = get();
      return named((name) => [`const ${name} = (await ${call}).n`], call);
    },
    () => {
      const call = get();
      return named((name) => [`const { id: ${name}, tags: [k${tag}] } = await ${call}`], call);
    },
    () => plain(`if ((await ${get()}).ok) console.log(${log()})`, `else await ${io()}`),
    () => {
      const [a, b, t] = [io(), value(), test()];
      return named((name) => [`const ${name} = ${t} ? await ${a} : ${c.of(b, `await ${io()}`)}`], a, b, t);
    },
    () => {
      const [a, t] = [io(), test()];
      return named((name) => [`const ${name} = ${t} ${c.of('&&', '||')} (await ${a})`], a, t);
    },
    () => {
      const [a, b, d] = [io(), io(), value()];
      return named(
        (name) => [
          c.of(
            `const ${name} = [await ${a}, ${d}, await ${b}]`,
            `const ${name} = { a: await ${a}, d: ${d}, b: await ${b} }`,
          ),
        ],
        a,
        b,
        d,
      );
    },
    () => {
      const over = lists(m, scope);
      return plain(
        `for (const k${tag} of await io.list(${value()})) {`,
        `\tconsole.log(k${tag})`,
        c.of('', `\tif (k${tag} === 'q') break`),
        `\tawait io.save(k${tag})`,
        '}',
        `void ${over}`,
      );
    },
    () =>
      plain(
        `let n${tag} = 0`,
        `while ((await io.get(n${tag})).ok && n${tag} < 3) {`,
        `\tn${tag}++`,
        c.of('', `\tif (n${tag} === 2) continue`),
        `\tconsole.log(n${tag})`,
        '}',
      ),
    () => plain(`let n${tag} = 0`, 'do {', `\tn${tag}++`, `\tawait io.save(n${tag})`, `} while (n${tag} < 2)`),
    () => {
      const call = get();
      return plain(
        `switch ((await ${call}).n) {`,
        '\tcase 0:',
        `\t\tconsole.log(${log()})`,
        c.of('\t\tbreak', ''),
        '\tcase 1:',
        `\t\tawait ${io()}`,
        '\t\tbreak',
        '\tdefault:',
        `\t\t${c.of(`console.log(await ${io()})`, `return ${value()}`)}`,
        '}',
      );
    },
    () => {
      const v = value();
      return named(
        (name) => [
          `const h${tag} = async (k) => {`,
          `\tconst got = await io.get(k)`,
          `\tif (!got.ok) ${c.of('return', "throw new Error('not ok')", "return 'none'")}`,
          `\treturn ${c.of('got.id', 'io.save(got.id)', 'await io.save(got)')}`,
          '}',
          `const ${name} = await h${tag}(${v})`,
        ],
        v,
      );
    },
    () => {
      const over = lists(m, scope);
      const item = c.of(
        '(k) => io.get(k)',
        'async (k) => (await io.get(k)).n',
        'async (k, i) => [i, await io.save(k)]',
        'io.get',
      );
      const all = item === 'io.get' ? `${over}.map((k) => io.get(k))` : `${over}.map(${item})`;
      return named((name) => [`const ${name} = await Promise.${c.of('all', 'allSettled')}(${all})`], over);
    },
    () => {
      const [a, b] = [io(), io()];
      return named((name) => [`const ${name} = await Promise.race([${a}, ${b}])`], a, b);
    },
    () => {
      const a = io();
      return named(
        (name) => [
          `const ${name} = await ${a}${c.of('.catch(() => null)', '.then((r) => r && r.n)', '.then((r) => io.save(r))', `.finally(() => console.log(${log()}))`)}`,
        ],
        a,
      );
    },
    () =>
      plain(
        `out${tag}: for (const a of ${lists(m, scope)}) {`,
        `\tfor (const b of ['y', 'z']) {`,
        `\t\tconst got = await io.get(a + b)`,
        `\t\tif (!got.ok) ${c.of('continue', 'break')} out${tag}`,
        `\t\tconsole.log(got.id)`,
        '\t}',
        '}',
      ),
    () =>
      plain(
        'try {',
        `\tconsole.log(await ${io()})`,
        `\tif (${test()}) return await ${io()}`,
        '} finally {',
        `\t${c.of(`console.log(${log()})`, `await ${io()}`)}`,
        '}',
      ),
    () => plain('try {', `\treturn ${c.of('await ', '')}${io()}`, '} catch {', `\tconsole.log(${log()})`, '}'),
    () => plain(`${io()}.catch(() => {})`),
    () => {
      const [a, b] = [io(), io()];
      return named(
        (name) => [`const p${tag} = ${a}`, `const q${tag} = await ${b}`, `const ${name} = [q${tag}, await p${tag}]`],
        a,
        b,
      );
    },
    () =>
      mutable.length ? plain(`${c.of(...mutable)} ${c.of('+=', '=', '+=')} await ${io()}`) : plain(`await ${io()}`),
    () =>
      plain(
        `const all${tag} = []`,
        `for (const k of ${lists(m, scope)}) all${tag}.push(${c.of('await io.get(k)', '[k, await io.save(k)]')})`,
        `console.log(all${tag})`,
      ),
    () => {
      const [a, b] = [io(), value()];
      return named((name) => [`const ${name} = \`\${await ${a}}-\${${b}}\``], a, b);
    },
    () => plain(`if (${test()}) return (await ${get()}).id`),
    () => plain(`console.log(await ${c.of('null', '1', 'undefined')}, ${log()})`),
    () =>
      plain(
        `for (let i = 0; i < 3; i++) {`,
        '\ttry {',
        `\t\tconst got = await io.save(i)`,
        `\t\tif (got) ${c.of('break', 'continue', 'return got')}`,
        '\t} catch (e) {',
        `\t\tif (i === 2) throw ${c.of('e', "new Error('gone')")}`,
        '\t}',
        '}',
      ),
    () => plain(`await (async () => {`, `\tif (${test()}) return`, `\tconsole.log(await ${io()})`, '})()'),
  ];
  return c.of(...options)();
}
