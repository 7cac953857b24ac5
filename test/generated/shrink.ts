/** Makes a program that behaves differently smaller while it still does. */

import type { Style, TransformOptions } from '../../src/types.js';
import { check, type Report } from './check.js';
import type { Program } from './execute.js';
import { makeProgram } from './programs.js';

export interface Small {
  readonly program: Program;
  readonly report: Report;
}

export async function shrink(
  style: Style,
  row: readonly number[],
  options: TransformOptions,
  home?: Style,
): Promise<Small> {
  let best = await look(style, row, options, home);
  const kind = kindOf(best.report);
  const until = Date.now() + 20_000;
  const smaller = async (numbers: readonly number[]): Promise<boolean> => {
    const one = await look(style, numbers, options, home);
    if (kind !== kindOf(one.report)) return false;
    if (one.program.source.length < best.program.source.length) best = one;
    return true;
  };
  let left = [...row];
  for (let changed = true; changed && Date.now() < until;) {
    changed = false;
    // Blocks of the row go, then single numbers become 0.
    for (let size = left.length >> 1; size >= 1 && Date.now() < until; size >>= 1)
      for (let at = left.length - size; at >= 0 && Date.now() < until; at -= size) {
        const without = [...left.slice(0, at), ...left.slice(at + size)];
        if (await smaller(without)) ((left = without), (changed = true));
      }
    for (let at = 0; at < left.length && Date.now() < until; at++) {
      if (left[at] === 0) continue;
      const zeroed = left.map((each, index) => (index === at ? 0 : each));
      if (await smaller(zeroed)) ((left = zeroed), (changed = true));
    }
  }
  return best;
}

async function look(style: Style, row: readonly number[], options: TransformOptions, home?: Style): Promise<Small> {
  const program = makeProgram(style, row);
  return { program, report: await check(program, options, home) };
}

function kindOf(report: Report): string {
  return (report.problems[0] ?? (report.turns.length ? 'turns' : report.repeats.length ? 'repeats' : ''))
    .replace(/^salt.*: diff[^]*/, 'difference')
    .replace(/^there:[^]*(does not parse|comments:)[^]*/, 'back, $1')
    .replace(/^there:[^]*/, 'back')
    .slice(0, 40);
}
