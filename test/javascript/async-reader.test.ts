import { again } from './async-identity';

/** The body of a function, indented as the tests below are written. */
const inFunction = (body: string): string => {
  const lines = body.trim().split('\n');
  const text = lines.map((line, index) => `  ${index === 0 ? line : line.replace(/^ {4}/, '')}`.trimEnd()).join('\n');
  return `async function run(a, b, list) {\n${text}\n}\n`;
};

function stays(name: string, body: string): void {
  test(`as it is: ${name}`, () => {
    const text = inFunction(body);
    expect(again(text)).toEqual({ text, refused: [] });
  });
}

function becomes(name: string, body: string, after: string, path = 'a.js'): void {
  test(name, () => {
    const result = again(inFunction(body), path);
    expect(result).toEqual({ text: inFunction(after), refused: [] });
  });
}

function leaves(name: string, text: string, ...refused: string[]): void {
  test(`left: ${name}`, () => expect(again(text)).toEqual({ text, refused }));
}

describe('what must stay', () => {
  leaves(
    'an async iterator',
    'async function f(s) { for await (const x of s) use(x); }\n',
    'waits-on-exit at for await (const x of s) use(x);',
  );
  leaves(
    'what is disposed of at the end of its block',
    'async function f() { using a = open(); await g(a); }\n',
    'waits-on-exit at using a = open();',
  );
  leaves(
    'an async generator',
    'const o = { async *f() { yield await g(); } };\n',
    'generator at async *f() { yield await g(); }',
  );
  leaves(
    'names that nobody sees',
    'async function f(x) { await eval(x); }\n',
    'dynamic-scope at async function f(x) { await eval(x); }',
  );
  leaves(
    'the function of a promise that is made',
    'new Promise(async (ok) => { ok(await f()); });\n',
    'mixed-style at async (ok) => { ok(await f()); }',
  );
  leaves(
    'a call that may not happen',
    'async function f(a) { use(a?.b(await g()).c); }\n',
    'expression-order at a?.b(await g()).c',
  );
  leaves(
    'a wait in a pattern',
    'async function f(a) { const { b = await g() } = a; }\n',
    'expression-order at { b = await g() } = a',
  );
  leaves(
    'a wait in the step of a loop',
    'async function f() { for (;; await g()) h(); }\n',
    'expression-order at await g()',
  );
  leaves(
    'a wait in a label',
    'async function f(a) { switch (a) { case await g(): h(); } }\n',
    'expression-order at case await g(): h();',
  );
  leaves(
    'a wait in a base class',
    'async function f() { class A extends (await g()) {} }\n',
    'expression-order at await g()',
  );
  leaves(
    'a label across a wait',
    'async function f(a) { b: for (;;) { await g(); break b; } }\n',
    'labels at b: for (;;) { await g(); break b; }',
  );
  leaves('the top of a module', 'export const x = await f();\n', 'top-level-await at await f()');
  leaves(
    'what the async library looks at',
    "import { each } from 'async';\neach(list, async (x) => { await f(x); });\n",
    'framework-callback at each(list, async (x) => { await f(x); })',
  );
  leaves(
    'an action of a server',
    "'use server';\nexport async function save(x) { await f(x); }\n",
    'framework-callback at export async function save(x) { await f(x); }',
  );
});

describe('waits that are statements', () => {
  stays(
    'bound, assigned, alone',
    `const x = await f(a); // trail
    // above
    b = await g(x);

    this.x = await g(x);
    await h();
    return x;`,
  );
  stays(
    'taken apart',
    `const { c, d = 2 } = await f(a);
    [a, b] = await g(c, d);
    ({ a, b } = await g(c, d));`,
  );
  stays(
    'in loops and branches',
    `for (const x of list) {
      if (x) continue;
      await f(x);
    }
    while (a) b = await g(b);
    if (a) {
      await f(a);
    } else {
      return g();
    }`,
  );
  stays(
    'in try',
    `try {
      await f(a);
      return g();
    } catch (err) {
      await h(err);
    } finally {
      await k();
    }`,
  );
  stays(
    'started first',
    `const started = f(a);
    await g(b);
    await started;`,
  );
});

describe('waits inside expressions', () => {
  stays(
    'evaluated first',
    `const x = (f(await g(a)), 1) + b;
    use(await f(a), b);
    throw new Error(await g());`,
  );
  stays('one after the other', 'use(await f(a), await g(b));');
  becomes('behind something that runs', 'use(f(a), await g(b));', 'const value = f(a);\n    use(value, await g(b));');
  becomes('behind a field that can change', 'use(a.id, await g(b));', 'const id = a.id;\n    use(id, await g(b));');
  becomes(
    'of an object that can change',
    'a.list.push(await g(b));',
    'const list2 = a.list;\n    list2.push(await g(b));'.replaceAll('list2', 'value'),
  );
  becomes(
    'a variable that another function writes',
    `let n = 0;
    on(() => n++);
    use(n, await g(b));`,
    `let n = 0;
    on(() => n++);
    const value = n;
    use(value, await g(b));`,
  );
  stays(
    'a variable that nobody else writes',
    `let n = 0;
    n++;
    use(n, await g(b));
    n += await g(n);`,
  );
  becomes(
    'copies',
    'use({ ...a, b: await g(b) }, [...list, await g(a)]);',
    `const rest = { ...a };
    const value = { ...rest, b: await g(b) };
    const rest2 = [...list];
    use(value, [...rest2, await g(a)]);`,
  );
  becomes('a field that is counted up', 'this.n += await g(b);', 'const n = this.n;\n    this.n = n + await g(b);');
  becomes('an element', 'list[a++] = await g(b);', 'const value = a++;\n    list[value] = await g(b);');
  becomes(
    'either of two',
    'const x = a ? await f(a) : b;',
    `let x;
    if (a) {
      x = await f(a);
    } else {
      x = b;
    }`,
  );
  becomes('perhaps', 'a && (await f(a));', 'if (a) await f(a);');
  becomes('perhaps not', 'a || (await f(a));', 'if (!a) await f(a);');
  becomes(
    'when it is not there',
    'this.x ??= await f(a);',
    `const value = this.x;
    if (value === undefined || value === null) {
      this.x = await f(a);
    }`,
  );
  becomes(
    'perhaps, as a value',
    'const x = a && (await f(a));',
    `let result = a;
    if (result) {
      result = await f(a);
    }
    const x = result;`,
  );
  becomes(
    'a returned choice',
    'return a ? await f(a) : b;',
    `if (a) {
      return f(a);
    } else {
      return b;
    }`,
  );
  becomes(
    'a member of what is waited for',
    'return (await f(a)).x;',
    'const result = await f(a);\n    return result.x;',
  );
  becomes(
    'a short property',
    'let n = 1;\n    on(() => n++);\n    use({ n, a: await f(a) });',
    'let n = 1;\n    on(() => n++);\n    const value = n;\n    use({ n: value, a: await f(a) });',
  );
  becomes(
    'several declarations',
    'const x = f(a), // one\n      y = await g(x);',
    'const x = f(a);\n    // one\n    const y = await g(x);',
  );
  becomes(
    'both tests',
    'if (a && (await f(a))) use(a);',
    'if (a) {\n      const result = await f(a);\n      if (result) use(a);\n    }',
  );
});

test('waits in JSX, in the order of its parts', () => {
  const text = 'const P = async ({ o }) => <A a={o.x} {...o.bag} b={await f(1)}>{o.y}<B />x{await g(2)}</A>;\n';
  const { text: after, refused } = again(text, 'a.jsx');
  expect(refused).toEqual([]);
  expect(after).toContain('<A a={x} {...bag} b={result}>{y}{value}x{await g(2)}</A>');
  expect(after).toContain('const x = o.x;');
  expect(after).toContain('const value = <B />;');
});

describe('loops whose heads wait', () => {
  becomes(
    'while',
    'while (await f(a)) use(a);',
    `while (true) {
      const result = await f(a);
      if (!result) break;
      use(a);
    }`,
  );
  becomes(
    'do',
    'do { use(a); } while ((await f(a)) > 1);',
    `while (true) {
      use(a);
      const result = await f(a);
      if (!(result > 1)) break;
    }`,
  );
  becomes(
    'do with continue',
    `do {
      if (a) continue;
      use(a);
    } while (await f(a));`,
    `let again = false;
    while (true) {
      if (again) {
        const result = await f(a);
        if (!result) break;
      }
      again = true;
      if (a) continue;
      use(a);
    }`,
  );
  becomes(
    'for',
    'for (let i = await f(a); i < (await g(b)); i++) use(i);',
    `const result = await f(a);
    for (let i = result; ; i++) {
      const result2 = await g(b);
      if (!(i < result2)) break;
      use(i);
    }`.replaceAll('result2', 'result'),
  );
  becomes(
    'of',
    'for (const x of await f(a)) use(x);',
    'const result = await f(a);\n    for (const x of result) use(x);',
  );
});
