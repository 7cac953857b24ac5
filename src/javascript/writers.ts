import type { Binding, Block, Entry } from '../flow/model.js';
import type { Range, Style } from '../types.js';
import { asyncWriter } from './async/writer.js';
import { callbackWriter } from './callback/writer.js';
import type { FileContext } from './context.js';
import type { Pen } from './pen.js';
import { poolWriter } from './pool/writer.js';
import { promiseWriter } from './promise/writer.js';

/** The file that an entry stands in, as far as a writer may know it. */
export type Source = Pick<FileContext, 'text' | 'style' | 'typescript'>;

/** Says a flow in one style. It never sees a syntax tree. */
export interface Writer {
  /** Functions of this style carry the word `async`. */
  readonly keyword: boolean;
  /** The entry's flow through the passes that this style needs, or the code of the reason why it can't be said. */
  prepare(entry: Entry, source: Source): { readonly flow: Block } | { readonly code: string; readonly at: Range };
  /** Names that this style must change, known before anything is written; their uses go on the canvas. */
  rename?(entry: Entry, flow: Block, canvas: Pen['canvas']): ReadonlyMap<Binding, string>;
  /** The text for `entry.body`, line breaks as `\n`, of the flow that `prepare` gave. */
  write(entry: Entry, flow: Block, pen: Pen): string;
}

const writers: Readonly<Partial<Record<Style, Writer>>> = {
  async: asyncWriter,
  callback: callbackWriter,
  promise: promiseWriter,
  pool: poolWriter,
};

/** The writer of a style that some transform writes. */
export function writerFor(style: Style): Writer {
  const writer = writers[style];
  if (!writer) throw new Error(`bug: nothing writes ${style}`);
  return writer;
}
