import { structuredPatch, type StructuredPatchHunk } from 'diff';

/** A file before and after, BOM included: a patch shows every byte. */
export interface Change {
  /** Relative to where the patch is applied, with `/`. */
  readonly path: string;
  readonly before: string;
  readonly after: string;
  /** There was no such file. */
  readonly isNew?: boolean;
}

/** A patch that `git apply` and `patch -p1` take; sorted as given. */
export const patchOf = (changes: readonly Change[], context = 3): string =>
  changes.map((change) => filePatch(change, context)).join('');

/** One file's part. Its lines end with `\n` only: a CR, a form feed or U+2028 stays inside its line. */
export function filePatch({ path, before, after, isNew = false }: Change, context: number): string {
  const [a, b] = [`a/${path}`, `b/${path}`];
  const head = [`diff --git ${quoted(a)} ${quoted(b)}`, ...(isNew ? ['new file mode 100644'] : [])];
  if (before === after) return isNew ? [...head, ''].join('\n') : '';
  const found = structuredPatch('', '', before, after, undefined, undefined, { context, maxEditLength: MOST_EDITS });
  const hunks = found?.hunks ?? [wholeHunk(before, after)];
  const lines = hunks.flatMap((hunk) => [
    `@@ -${rangeOf(hunk.oldStart, hunk.oldLines)} +${rangeOf(hunk.newStart, hunk.newLines)} @@`,
    ...hunk.lines,
  ]);
  return [...head, `--- ${isNew ? '/dev/null' : named(a)}`, `+++ ${named(b)}`, ...lines, ''].join('\n');
}

/** The time to find the smallest difference grows with the square of its size: seconds, above this many lines. */
const MOST_EDITS = 3000;

/** All old lines out, all new lines in. */
function wholeHunk(
  before: string,
  after: string,
): Pick<StructuredPatchHunk, 'oldStart' | 'oldLines' | 'newStart' | 'newLines' | 'lines'> {
  const [old, fresh] = [linesOf(before), linesOf(after)];
  const lines = [...marked('-', old, before), ...marked('+', fresh, after)];
  return { oldStart: 1, oldLines: old.length, newStart: 1, newLines: fresh.length, lines };
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

const marked = (sign: string, lines: readonly string[], text: string): string[] => [
  ...lines.map((line) => sign + line),
  ...(text === '' || text.endsWith('\n') ? [] : ['\\ No newline at end of file']),
];

/** An empty side is counted from the line before it; `,1` is left out as git does. */
const rangeOf = (start: number, lines: number): string =>
  lines === 1 ? `${start}` : `${lines === 0 ? start - 1 : start},${lines}`;

/** A tab after a name with a space ends it for `patch`, as git writes it. */
const named = (name: string): string => {
  const shown = quoted(name);
  return shown === name && name.includes(' ') ? `${shown}\t` : shown;
};

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
};

/** A name as git writes it: in quotes with octal bytes when it holds anything but plain printable ASCII. */
export function quoted(name: string): string {
  if (!/[^\x20-\x7e]|["\\]/.test(name)) return name;
  let out = '';
  for (const byte of Buffer.from(name)) {
    const char = String.fromCharCode(byte);
    const plain = byte >= 0x20 && byte < 0x7f && !(char in ESCAPES);
    out += plain ? char : (ESCAPES[char] ?? `\\${byte.toString(8).padStart(3, '0')}`);
  }
  return `"${out}"`;
}
