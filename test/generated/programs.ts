/** Programs by style and seed. */

import { callbackProgram } from './callback-programs.js';
import { rowOf } from './choices.js';
import type { Program } from './execute.js';
import { promiseProgram } from './promise-programs.js';

export type Style = 'promise' | 'callback';

export function makeProgram(style: Style, row: readonly number[]): Program {
  const program = style === 'promise' ? promiseProgram(row) : callbackProgram(row);
  const [form, end] = [(row[1] ?? 0) % 6, (row[0] ?? 0) % 12];
  const source = form === 5 ? asModule(program.source) : program.source;
  return { ...program, source: end === 7 ? source.replaceAll('\n', '\r\n') : source };
}

/** The same as an ES module. */
function asModule(source: string): string {
  return source
    .replace(
      /^const (\w+) = require\('(\.\/)?(\w+)'\)/gm,
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
