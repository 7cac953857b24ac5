import { block, branch, call, code, fail, guard, loop, nested, say, succeed, target, text, wait } from './say.js';

const entry = target('entry');
const x = { name: 'x' };
const y = { name: 'y' };
const err = { name: 'err' };

test('a block in tail position is spliced, its exits are the function’s', () => {
  const inner = target();
  const flow = block(succeed(entry, nested(inner, wait(call('get()'), x), succeed(inner, text('$x.name', { x })))));
  expect(say(flow, entry)).toBe('{\n  const x = await get();\n  return x.name;\n}');
});

test('an early return of a handler in the middle becomes an else that assigns (H20)', () => {
  const inner = target();
  const handler = nested(inner, branch('!id', block(succeed(inner, text("'none'")))), succeed(inner, text("'some'")));
  const flow = block(wait(handler, x), succeed(entry, text('$x.length', { x })));
  expect(say(flow, entry)).toBe(
    "{\n  let x;\n  if (!id) {\n    x = 'none';\n  } else {\n    x = 'some';\n  }\n  return x.length;\n}",
  );
});

test('a return inside a loop of a middle handler keeps a local async function', () => {
  const inner = target();
  const handler = nested(inner, loop('for (;;)', block(succeed(inner, text('1')))), succeed(inner, text('2')));
  const flow = block(wait(handler, x), code('use();'), succeed(entry, text('$x', { x }, { pure: true })));
  expect(say(flow, entry)).toBe(
    '{\n  const x = await (async () => {\n    for (;;) {\n      return 1;\n    }\n    return 2;\n  })();\n  use();\n  return x;\n}',
  );
});

test('an error branch of one wait guards that wait alone (H09)', () => {
  const flow = block(
    wait(call('get()'), x, { err, body: block(succeed(entry, text('bad($err)', { err }))) }),
    succeed(entry, text('ok($x)', { x })),
  );
  expect(say(flow, entry)).toBe(
    '{\n  let x;\n  try {\n    x = await get();\n  } catch (err) {\n    return bad(err);\n  }\n  return ok(x);\n}',
  );
});

test('a value that may be a promise is waited for inside a guard (H10), and not outside', () => {
  const value = text('more()', {}, { promise: 'maybe' });
  expect(say(block(succeed(entry, value)), entry)).toBe('{\n  return more();\n}');
  const guarded = block(guard(block(succeed(entry, value)), { err, body: block(succeed(entry, value)) }));
  expect(say(guarded, entry)).toBe(
    '{\n  try {\n    return await more();\n  } catch (err) {\n    return more();\n  }\n}',
  );
});

test('an error branch that only rethrows goes, and so does a name that is only returned', () => {
  const flow = block(
    guard(block(wait(call('get()'), x), succeed(entry, text('$x', { x }, { pure: true }))), {
      err,
      body: block(fail(text('$err', { err }))),
    }),
  );
  expect(say(flow, entry)).toBe('{\n  return get();\n}');
});

test('two bindings of one name that meet get two names (H22)', () => {
  const res = { name: 'res' };
  const other = { name: 'res' };
  const flow = block(
    wait(call('a()'), res),
    wait(call('b($r)', { r: res }), other),
    succeed(entry, text('[$r, $o]', { r: res, o: other })),
  );
  expect(say(flow, entry)).toBe('{\n  const res = await a();\n  const res2 = await b(res);\n  return [res, res2];\n}');
});

test('a name that would hide one from outside gets another', () => {
  const fetch = { name: 'fetch' };
  const flow = block(wait(call('fetch(url)'), fetch), succeed(entry, text('$f.body', { f: fetch })));
  expect(say(flow, entry)).toBe('{\n  const fetch2 = await fetch(url);\n  return fetch2.body;\n}');
});

test('a name we made up is not printed when its value can stand where it is used', () => {
  const flow = block(wait(call('get()'), y, undefined, true), succeed(entry, text('parse($y)', { y })));
  expect(say(flow, entry)).toBe('{\n  return parse(await get());\n}');
});
