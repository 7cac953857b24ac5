import fc from 'fast-check';
import { applyEdits, eolOf, lineEndFor, lineText, positionOf, shrinkEdit } from '../../src/edits/edits.js';

describe('applyEdits', () => {
  test('leaves the rest alone, in any order', () => {
    const edits = [
      { start: 4, end: 5, text: 'E' },
      { start: 0, end: 1, text: '' },
    ];
    expect(applyEdits('abcdef', edits)).toBe('bcdEf');
  });

  test('insertions at one place keep their order, before what is replaced there', () => {
    const edits = [
      { start: 2, end: 3, text: 'C' },
      { start: 2, end: 2, text: '1' },
      { start: 2, end: 2, text: '2' },
    ];
    expect(applyEdits('abc', edits)).toBe('ab12C');
  });

  test('overlap and places outside are our bugs', () => {
    expect(() =>
      applyEdits('abc', [
        { start: 0, end: 2, text: '' },
        { start: 1, end: 3, text: '' },
      ]),
    ).toThrow('overlap');
    expect(() => applyEdits('abc', [{ start: 2, end: 4, text: '' }])).toThrow('bug');
  });
});

test('a shrunk edit makes the same text, and never cuts a pair or a CRLF', () => {
  const part = fc.constantFrom('a', 'b', '\r\n', '\n', '\u{1F600}', '\u{1F601}', ' ');
  const text = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, text, text, text, (before, old, fresh, after) => {
      const whole = before + old + after;
      const edit = { start: before.length, end: before.length + old.length, text: fresh };
      const small = shrinkEdit(whole, edit);
      if (!small) return old === fresh;
      const cut = (at: number): boolean =>
        /[\uD800-\uDBFF]/.test(whole[at - 1] ?? '') && at > edit.start && at < edit.end;
      return (
        applyEdits(whole, [small]) === before + fresh + after && !cut(small.start) && small.text.length <= fresh.length
      );
    }),
  );
});

test('places are 1-based; every kind of line end counts once', () => {
  const text = 'a\r\nb\rc\n\u2028d';
  expect(positionOf(text, 0)).toEqual({ line: 1, column: 1 });
  expect(positionOf(text, 3)).toEqual({ line: 2, column: 1 });
  expect(positionOf(text, 5)).toEqual({ line: 3, column: 1 });
  expect(positionOf(text, 99)).toEqual({ line: 4, column: 3 });
  expect([1, 2, 3, 4, 5].map((line) => lineText(text, line))).toEqual(['a', 'b', 'c', '\u2028d', '']);
});

test('line ends of a text', () => {
  expect(['', 'a\n', 'a\r\n', 'a\r', 'a\r\nb\n'].map(eolOf)).toEqual(['none', 'lf', 'crlf', 'cr', 'mixed']);
  expect(['', 'a\r\nb\r\nc\n', 'a\n'].map(lineEndFor)).toEqual(['\n', '\r\n', '\n']);
});
