/** Programs by style and seed. */

import { callbackProgram } from './callback-programs.js';
import { rowOf } from './choices.js';
import type { Program } from './execute.js';
import { promiseProgram } from './promise-programs.js';

export type Style = 'promise' | 'callback';

export function makeProgram(style: Style, row: readonly number[]): Program {
  const program = style === 'promise' ? promiseProgram(row) : callbackProgram(row);
  if ((row[0] ?? 0) % 12 !== 7) return program;
  return { ...program, source: program.source.replaceAll('\n', '\r\n') };
}

/** Small programs first: what is wrong in them is easily seen. */
export function programOf(style: Style, seed: number): { row: number[]; program: Program } {
  const row = rowOf(seed, 40 + (seed % 12) * 40);
  return { row, program: makeProgram(style, row) };
}
