/** One model told in every style is one program: the same calls, answers and errors, whatever fails. */

import { sortedTurns, visible } from './check.js';
import { execute, type Trace } from './execute.js';
import { everyStyle } from './flow-programs.js';

const MOST_FAILING = 6;

export async function styleDifferences(row: readonly number[]): Promise<string[]> {
  const [told, ...others] = everyStyle(row);
  const [first, reference] = told!;
  const usual = await execute(reference, { salt: 1 });
  if (/SyntaxError/.test(usual.lines[0] ?? ''))
    return [`the program does not load: ${usual.lines[0]}\n${reference.source}`];
  for (const failing of [undefined, ...usual.calls.slice(0, MOST_FAILING)]) {
    const weather = { salt: 1, ...(failing && { failing }) };
    const wanted = said(failing ? await execute(reference, weather) : usual);
    for (const [style, program] of others) {
      const found = said(await execute(program, weather));
      if (found === wanted) continue;
      const when = failing ? `${failing} fails` : 'nothing fails';
      return [`${when}: ${first}\n${reference.source}\n${wanted}\n--- ${style}\n${program.source}\n${found}`];
    }
  }
  return [];
}

/** When the caller is back, and which of two running flows came first, is each style's own. */
function said({ lines }: Trace): string {
  return sortedTurns(visible(lines, { to: 'async', exports: 'change' }));
}
