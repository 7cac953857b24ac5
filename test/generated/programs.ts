/** Programs by style and seed. */

import { callbackProgram } from './callback-programs.js';
import { rowOf } from './choices.js';
import type { Program } from './execute.js';
import { flowProgram } from './flow-programs.js';
import { promiseProgram } from './promise-programs.js';
import type { Style } from '../../src/types.js';

/** A program of one style. Of promises and callbacks there are two kinds: as people write them, and flow models written out. */
export function makeProgram(style: Style, row: readonly number[]): Program {
  const own = style === 'promise' ? promiseProgram : style === 'callback' ? callbackProgram : undefined;
  const isFlow = !own || (row[4] ?? 0) % 3 === 0;
  const program = isFlow ? flowProgram(style, row, { extras: style === 'async' && (row[3] ?? 0) % 3 > 0 }) : own(row);
  return dressed(program, row, style === 'callback' && !isFlow);
}

/** Line ends, module style, and calls of Node's own modules. */
function dressed(program: Program, row: readonly number[], mayBeFiles: boolean): Program {
  const [form, end] = [(row[1] ?? 0) % 6, (row[0] ?? 0) % 12];
  const known = mayBeFiles && (row[2] ?? 0) % 2 === 1 ? asFiles(program.source) : program.source;
  const source = form === 5 && !known.includes(').promises') ? asModule(known) : known;
  return { ...program, source: end === 7 ? source.replaceAll('\n', '\r\n') : source };
}

/** The same with calls of Node's own `fs`, whose callbacks never come at once. */
function asFiles(source: string): string {
  return source
    .replace(/^const io = require\('\.\/io'\)/gm, "const fs = require('fs')")
    .replace(/\bio\.close\(/g, "fs.access('p', ")
    .replace(/\bio\.(get|list|save|text)\(/g, (_, op: string) => `fs.${FILES[op as keyof typeof FILES]}(`);
}

const FILES = { get: 'stat', list: 'readdir', save: 'realpath', text: 'readFile' } as const;

/** The same as an ES module. */
function asModule(source: string): string {
  return source
    .replace(
      /^const (\w+) = require\('(\.\/)?([\w/-]+)'\)/gm,
      (_, name, dot = '', id) => `import ${dot && id !== 'io' ? '* as ' : ''}${name} from '${dot}${id}${dot && '.js'}'`,
    )
    .replace(/^const (\{.*\}) = require\('(\.\/\w+)'\)/gm, "import $1 from '$2.js'")
    .replace(/^module\.exports = \{(.*)\}/gm, 'export {$1}')
    .replace(/^exports\.\w+ = (\w+)/gm, 'export { $1 }');
}

/** Small programs first: what is wrong in them is easily seen. */
export function programOf(style: Style, seed: number): { row: number[]; program: Program } {
  const row = rowOf(seed, 40 + (seed % 12) * 40);
  return { row, program: makeProgram(style, row) };
}
