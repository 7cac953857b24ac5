import { parseSource } from '../../src/javascript/parse';
import { awaitNames, firstUnsound } from '../../src/javascript/sound';

const messageOf = (text: string) => firstUnsound(parseSource('a.js', text).file)?.message;

test.each([
  ['for (const x of y) { if (x) break; }'],
  ['a: { break a; }'],
  ['a: for (;;) for (;;) continue a;'],
  ['switch (x) { case 1: { break; } }'],
  ['const a = 1; { const a = 2; }'],
  ['function f(a) { { let a = 1; } }'],
  ['var a = 1; var a = 2;'],
  ['try {} catch (e) { const x = 1; } const x = 2;'],
])('sound: %s', (text) => expect(messageOf(text)).toBeUndefined());

test.each([
  ['for (const x of y) z(() => { break; });', "'break;' stands outside of what it leaves"],
  ['switch (x) { case 1: continue; }', "'continue;' stands outside of what it leaves"],
  ['a: for (;;) f(() => { continue a; });', "'continue a;' stands outside of what it leaves"],
  ['function f() { let a = 1; const a = 2; }', "'a' is declared twice"],
  ['const f = (a) => { const { b, a } = c; };', "'a' is declared twice"],
  ['switch (x) { case 1: let a; break; case 2: let a; }', "'a' is declared twice"],
])('not sound: %s', (text, message) => expect(messageOf(text)).toBe(message));

test('an await that is a call is seen', () => {
  const count = (text: string) => awaitNames(parseSource('a.js', text).file);
  expect(count('const f = () => { await (g()); };')).toBe(1);
  expect(count('const f = async () => { await (g()); };')).toBe(0);
});
