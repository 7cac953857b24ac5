import { changedRegions, type Region } from './line-diff.js';

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
  const [old, fresh] = [linesOf(before), linesOf(after)];
  const lines = hunksOf(changedRegions(old, fresh), old.length, context).flatMap((hunk) => hunkLines(hunk, old, fresh));
  return [...head, `--- ${isNew ? '/dev/null' : named(a)}`, `+++ ${named(b)}`, ...lines, ''].join('\n');
}

/** Lines with their ends, so that one without is another line. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** Regions whose surroundings meet are shown together. */
function hunksOf(regions: readonly Region[], length: number, context: number): Region[][] {
  const hunks: Region[][] = [];
  for (const region of regions) {
    const last = hunks.at(-1)?.at(-1);
    if (last && region.oldStart - last.oldEnd <= context * 2) hunks.at(-1)!.push(region);
    else hunks.push([region]);
  }
  return hunks.map((hunk) => around(hunk, length, context));
}

/** With empty regions at both ends of the context, so that a hunk says where it starts and ends. */
function around(hunk: readonly Region[], length: number, context: number): Region[] {
  const [first, last] = [hunk[0]!, hunk.at(-1)!];
  const before = Math.min(context, first.oldStart);
  const behind = Math.min(context, length - last.oldEnd);
  const [start, fresh] = [first.oldStart - before, first.newStart - before];
  const [end, freshEnd] = [last.oldEnd + behind, last.newEnd + behind];
  return [
    { oldStart: start, oldEnd: start, newStart: fresh, newEnd: fresh },
    ...hunk,
    { oldStart: end, oldEnd: end, newStart: freshEnd, newEnd: freshEnd },
  ];
}

function hunkLines(hunk: readonly Region[], old: readonly string[], fresh: readonly string[]): string[] {
  const [first, last] = [hunk[0]!, hunk.at(-1)!];
  const lines: string[] = [];
  let at = first.oldStart;
  for (const { oldStart, oldEnd, newStart, newEnd } of hunk) {
    lines.push(...marked(' ', old.slice(at, oldStart)));
    lines.push(...marked('-', old.slice(oldStart, oldEnd)), ...marked('+', fresh.slice(newStart, newEnd)));
    at = oldEnd;
  }
  const sides = [
    rangeOf(first.oldStart + 1, last.oldEnd - first.oldStart),
    rangeOf(first.newStart + 1, last.newEnd - first.newStart),
  ];
  return [`@@ -${sides[0]} +${sides[1]} @@`, ...lines];
}

const marked = (sign: string, lines: readonly string[]): string[] =>
  lines.flatMap((line) =>
    line.endsWith('\n') ? [sign + line.slice(0, -1)] : [sign + line, '\\ No newline at end of file'],
  );

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
