/** What the tool says about a code. The sentences are written in refusals.md and notes.md; this only fills them in. */

import { notes, refusals } from './generated.js';
import type { Message, NoteCode, RefusalCode } from './generated.js';

export type { Message, NoteCode, RefusalCode } from './generated.js';

export const refusalCodes = Object.keys(refusals) as readonly RefusalCode[];
export const noteCodes = Object.keys(notes) as readonly NoteCode[];

/** What a sentence can name: `code` is the first line of the site, `name` a function, parameter or module. */
export type MessageValues = Readonly<Partial<Record<'code' | 'name', string>>>;

/** The sentence for a refusal or a note. An unknown code (a custom transform's own) is its own sentence. */
export function messageFor(code: RefusalCode | NoteCode | (string & {}), values: MessageValues = {}): string {
  const message = findMessage(code);
  if (!message) return code;
  return message.sentence
    .replace(/`%code%`/g, () => (values.code ? `\`${firstLine(values.code)}\`` : 'this code'))
    .replace(/`%name%`/g, () => (values.name ? `\`${values.name}\`` : 'this function'))
    .replace(/%name%/g, () => values.name ?? 'see the place');
}

/** Sentence, advice and example of a code, for `explain`; refusals first, since they are asked for most. */
export function findMessage(code: string): Message | undefined {
  return own(refusals, code) ?? own(notes, code);
}

function own(table: Readonly<Record<string, Message>>, code: string): Message | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

/** One line of at most 60 characters: a message is a line. */
function firstLine(code: string): string {
  const line = code.trim().split(/\r?\n/, 1)[0]!.trim();
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}
