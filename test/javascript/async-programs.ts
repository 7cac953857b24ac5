import type { Choices } from '../generated/choices';

/** Expressions with effects, fields that others change, and waits, in any order: what happens, and in which order, stays. */

export function expression(pick: Choices, depth: number): string {
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
    () => `(!${inner()})`,
    () => `(${inner()} === ${inner()})`,
    () => `(${inner()})`,
  )();
}

export function statement(pick: Choices, n: number): string {
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
    () =>
      `try { t(${value()}); if (${value()} > 7) throw 'e' + (${value()}); } catch (e) { t(e); } finally { t(${value()}); }`,
    () => `x ??= ${value()};`,
    () => `y ||= ${value()};`,
    () => `${value()} || (await w(${value()}));`,
  )();
}

/** Whatever waits lets others write: fields are counted up, lists replaced. */
export const world = `
  const log = [];
  let tick = 0;
  const o = {
    x: 3, list: [1, 2], bag: { q: 1 },
    next() { tick++; return { x: tick % 5 }; },
    add(a, b) { log.push(['add', a, b]); if (a + b === 7) throw 'seven'; return (a + b) % 11; },
    m0(a) { log.push(['m0', a]); return 0; },
    m1(a) { log.push(['m1', a]); return a; },
  };
  o['mNaN'] = o.m0; o['m-1'] = o.m1; o['m-0'] = o.m0;
  class N { constructor(a, b) { log.push(['new', a, b]); this.v = a; } }
  const t = (...all) => {
    log.push(all);
    if (all[0] === 9) throw 'nine';
    return all.length > 1 ? Number(all[0]) % 13 : all[0];
  };
  const w = async (v) => {
    log.push(['w', v]);
    await new Promise((resolve) => setImmediate(resolve));
    o.x++;
    o.list = o.list.length > 9 ? [1] : [...o.list, 7];
    o.bag = { ...o.bag, ['z' + (o.x % 4)]: 1 };
    log.push(['done', v]);
    if (v === 12) throw 'twelve';
    return v;
  };
`;

export async function execute(text: string): Promise<string> {
  const end = `return f(5).then((v) => ['ok', v], (e) => ['bad', String(e)]).then((end) => JSON.stringify([end, log]));`;
  const run = new Function('require', `${world}\n${text}\n${end}`) as (load: NodeJS.Require) => Promise<string>;
  return run(require);
}

/** A function of nested blocks: every way in and out of them, with waits and throws on the way, names of every kind. */
export function controlFlow(pick: Choices): string {
  let count = 0;
  const value = (): string => expression(pick, pick.below(3));
  const some = (depth: number, inLoop: boolean): string =>
    Array.from({ length: 1 + pick.below(3) }, () => step(depth, inLoop)).join(' ');
  const step = (depth: number, inLoop: boolean): string => {
    const n = count++;
    const deeper = (loop = inLoop): string => some(depth - 1, loop);
    if (depth === 0 || !pick.more)
      return pick.of(
        () => `t(${value()});`,
        () => `x = await w(${value()});`,
        () => `await w(${value()});`,
        () => `const c${n} = await w(${value()}); later.push(() => c${n});`,
        () => `let m${n} = ${value()}; later.push(() => m${n}); m${n} += await w(1);`,
        () => `if (${value()}) return ${value()};`,
        () => `if (${value()}) throw 'e' + (${value()});`,
        () => (inLoop ? `if (${value()}) ${pick.of('break', 'continue')};` : `y = ${value()};`),
        () => `return w(${value()});`,
        () => `var z = await w(${value()}); t(z ?? 0);`,
        () => `y = hoisted${n}(${value()}); function hoisted${n}(a) { return t(a) + x; }`,
        () =>
          `const g${n} = async (p) => { ${pick.of("if (p) throw 'p' + p;", 't(p);', 'await w(p);')} return p + y; }; x = await g${n}(${value()});`,
        () =>
          `const { length: l${n}, a: a${n} = ${pick.of('1', 'o.x', 't(3)')} } = await w([1, ${value()}]); t(l${n}, a${n});`,
      )();
    return pick.of(
      () => step(0, inLoop),
      () => `if (${value()}) { ${deeper()} }`,
      () => `if (${value()}) { ${deeper()} } else { ${deeper()} }`,
      () => `if (${value()}) { ${deeper()} } else if (${value()}) { ${deeper()} } else { ${deeper()} }`,
      () => `try { ${deeper()} } catch (e) { ${pick.of('t(String(e));', 'throw e;', '')} ${deeper()} }`,
      () =>
        `try { ${deeper()} } catch { ${deeper()} } finally { ${pick.of(`t(${value()});`, `await w(${value()});`)} }`,
      () => `try { ${deeper()} } finally { ${pick.of(`t(${value()});`, `await w(${value()});`)} }`,
      () => `for (const q${n} of [${value()}, 2, ${value()}]) { later.push(() => q${n}); ${deeper(true)} }`,
      () => `for (let i${n} = 0; i${n} < 2; i${n}++) { later.push(() => i${n}); ${deeper(true)} }`,
      () => `for (const k${n} in o.bag) { ${deeper(true)} t(k${n}); }`,
      () => `{ let w${n} = 0; while (w${n}++ < 2) { ${deeper(true)} } }`,
      () => `{ let d${n} = 0; do { ${deeper(true)} } while (d${n}++ < 1 && ${value()}); }`,
      () =>
        `switch (${value()}) { case 1: { ${deeper()} } break; case ${value()}: ${pick.of('break;', 't(1);')} default: x = ${value()}; }`,
      () => `{ let x = ${pick.of('1', 'y', 't(4)')}; ${deeper()} t(x); }`,
    )();
  };
  const body = Array.from({ length: 3 }, () => step(3, false)).join('\n  ');
  return `async function f(x) {\n  let y = 1;\n  const later = [];\n  ${body}\n  return [x, y, later.map((each) => each())];\n}\n`;
}

/** A function of statements whose values wait in the middle. */
export function values(pick: Choices): string {
  const body = Array.from({ length: 3 }, (_, n) => statement(pick, n)).join('\n  ');
  return `async function f(x) {\n  let y = 1;\n  ${body}\n  return ${expression(pick, 2)};\n}\n`;
}
