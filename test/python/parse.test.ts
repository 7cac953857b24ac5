/** What the parser's facade promises: offsets of our texts, all of Python 3's syntax, a place for what is none. */

import { parsePython, ruffRefuses } from '../../src/python/parse.js';
import { Rewrite } from '../../src/python/rewrite.js';
import { applyEdits } from '../../src/edits/edits.js';
import { walk, type Node } from '../../src/python/tree.js';

function nodes(text: string, kind: Node['nodeType']): string[] {
  const parsed = parsePython(text);
  if ('error' in parsed) throw new Error(parsed.error.message);
  const found: string[] = [];
  walk(parsed.module, (node) => void (node.nodeType === kind && found.push(text.slice(node.start, node.end))));
  return found;
}

test('offsets are UTF-16, behind other than ASCII, in f-strings, with CRLF and form feeds', () => {
  expect(nodes('é = "😀" + naïve(x)\r\n', 'Call')).toEqual(['naïve(x)']);
  expect(nodes('\fx = f"{é} {café(1)!r:>{n}}"\n', 'Call')).toEqual(['café(1)']);
  expect(nodes('\f\ndef f():\n\f    return g(1)\n', 'Call')).toEqual(['g(1)']);
});

test('async set and dict comprehensions, which the parser refuses', () => {
  const text =
    'async def f():\n    return {a async for a in b()}, {k: v async for k, v in c() if k}, {x for x in d()}\n';
  const parsed = parsePython(text);
  const marks: number[] = [];
  if ('error' in parsed) throw new Error(parsed.error.message);
  walk(parsed.module, (node) => void (node.nodeType === 'Comprehension' && marks.push(node.is_async)));
  expect(marks).toEqual([1, 1, 0]);
});

test.each([
  ['x = (1\n', 1],
  ["print 'x'\n", 1],
  ['def f(:\n', 1],
  ['try:\n    pass\nexcept ValueError, e:\n    pass\n', 3],
])('%j has an error with its place', (text, line) => {
  const parsed = parsePython(text);
  expect(parsed).toMatchObject({
    error: { line: expect.any(Number) as number, message: expect.any(String) as string },
  });
  if ('error' in parsed) expect(parsed.error.line).toBeGreaterThanOrEqual(line);
});

test('a second opinion', () => {
  expect(ruffRefuses('x = 1\n')).toBeUndefined();
  expect(ruffRefuses('x = (\n')).toContain('unexpected EOF');
});

test('changes inside copied ranges are carried out; lines inside strings are not indented', () => {
  const text = 'a = f(x)\nb = """\nfixed\n"""\n';
  const parsed = parsePython(text);
  if ('error' in parsed) throw new Error(parsed.error.message);
  const rewrite = new Rewrite(text, parsed.strings);
  rewrite.replace({ start: 6, end: 7 }, 'y');
  rewrite.replace({ start: 4, end: 8 }, 'g(', { start: 4, end: 8 }, ')');
  rewrite.indent({ start: 0, end: text.length }, '  ');
  expect(applyEdits(text, rewrite.edits())).toBe('  a = g(f(y))\n  b = """\nfixed\n"""\n');
});
