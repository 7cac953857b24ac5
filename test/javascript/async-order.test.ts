import { Choices, rowOf } from '../generated/choices';
import { again } from './async-identity';

/** Expressions with effects, fields that others change, and waits, in any order: what happens, and in which order, stays. */

function expression(pick: Choices, depth: number): string {
  const inner = (): string => expression(pick, depth - 1);
  if (depth === 0 || !pick.more) return pick.of('x', 'o.x', 'y', '1', 't(2)', 'o.next().x', 'o.list.length');
  return pick.of(
    () => `(await w(${inner()}))`,
    () => `t(${inner()}, ${inner()})`,
    () => `(${inner()} + ${inner()})`,
    () => `(${inner()} && ${inner()})`,
    () => `(${inner()} || ${inner()})`,
    () => `(${inner()} ?? ${inner()})`,
    () => `(${inner()} ? ${inner()} : ${inner()})`,
    () => `o.add(${inner()}, ${inner()})`,
    () => `o[\`m\${${inner()} % 2}\`](${inner()})`,
    () => `\`\${${inner()}}-\${${inner()}}\`.length`,
    () => `[${inner()}, ...o.list, ${inner()}].length`,
    () => `Object.values({ a: ${inner()}, ...o.bag, [\`k\${${inner()}}\`]: ${inner()}, y }).length`,
    () => `(x = ${inner()})`,
    () => `(x += ${inner()})`,
    () => `(o.x -= ${inner()})`,
    () => `(o.list[${inner()} % 3] = ${inner()})`,
    () => `(${inner()}, ${inner()})`,
    () => `(y++ + ${inner()})`,
    () => `o?.add(${inner()}, 1)`,
    () => `-(${inner()})`,
    () => `new N(${inner()}, ${inner()}).v`,
  )();
}

function statement(pick: Choices, n: number): string {
  const value = (): string => expression(pick, 3);
  return pick.of(
    () => `t(${value()});`,
    () => `const v${n} = ${value()}, u${n} = ${value()}; t(u${n}, v${n});`,
    () => `x = ${value()};`,
    () => `o.x += ${value()};`,
    () => `if (${value()} && ${value()}) t(${value()});`,
    () => `if (${value()}) t(${value()}); else x = ${value()};`,
    () => `for (const i of [1, ${value()}]) { if (i > 40) continue; t(${value()}); }`,
    () => `{ let i = 0; while (i++ < 2 && ${value()}) { if (i > 1) continue; y = ${value()}; } }`,
    () => `{ let i = 0; do { if (x > 40) continue; t(${value()}); } while (i++ < 1 && ${value()}); }`,
    () => `for (let i = ${value()} % 2; i < 1 + (${value()} % 2); i++) t(i);`,
    () => `switch (${value()}) { case 1: t(${value()}); break; default: x = ${value()}; }`,
    () => `try { t(${value()}); if (${value()} > 7) throw ${value()}; } catch (e) { t(e); } finally { t(${value()}); }`,
    () => `x ??= ${value()};`,
    () => `y ||= ${value()};`,
    () => `${value()} || (await w(${value()}));`,
  )();
}

/** Whatever waits lets others write: fields are counted up, lists replaced. */
const world = `
  const log = [];
  let tick = 0;
  const o = {
    x: 3, list: [1, 2], bag: { q: 1 },
    next() { tick++; return { x: tick % 5 }; },
    add(a, b) { log.push(['add', a, b]); return (a + b) % 11; },
    m0(a) { log.push(['m0', a]); return 0; },
    m1(a) { log.push(['m1', a]); return a; },
  };
  o['mNaN'] = o.m0; o['m-1'] = o.m1; o['m-0'] = o.m0;
  class N { constructor(a, b) { log.push(['new', a, b]); this.v = a; } }
  const t = (...all) => (log.push(all), all.length > 1 ? Number(all[0]) % 13 : all[0]);
  const w = async (v) => {
    log.push(['w', v]);
    await null;
    o.x++;
    o.list = o.list.length > 9 ? [1] : [...o.list, 7];
    o.bag = { ...o.bag, ['z' + (o.x % 4)]: 1 };
    log.push(['done', v]);
    if (v === 12) throw 'twelve';
    return v;
  };
`;

async function execute(text: string): Promise<string> {
  const end = `return f(5).then((v) => ['ok', v], (e) => ['bad', String(e)]).then((end) => JSON.stringify([end, log]));`;
  const run = new Function(`${world}\n${text}\n${end}`) as () => Promise<string>;
  return run();
}

test.each([1, 2, 3, 4, 5, 6])('generated functions do the same in the same order (%i)', async (round) => {
  for (let seed = round * 1000; seed < round * 1000 + Number(process.env['MANY'] ?? 60); seed++) {
    const pick = new Choices(rowOf(seed, 120));
    const body = Array.from({ length: 3 }, (_, n) => statement(pick, n)).join('\n  ');
    const text = `async function f(x) {\n  let y = 1;\n  ${body}\n  return ${expression(pick, 2)};\n}\n`;
    const after = again(text);
    if (after.refused.length) {
      expect(after.refused.filter((each) => !/^expression-order at .*\?\./.test(each))).toEqual([]);
      continue;
    }
    expect({ text, after: after.text, trace: await execute(after.text) }).toEqual({
      text,
      after: after.text,
      trace: await execute(text),
    });
  }
});
