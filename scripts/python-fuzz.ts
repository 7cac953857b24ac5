/**
 * Generated Python programs, before and after their conversion: `npm run fuzz:python -- [--style pool|async|callback] [--to style] [--count n] [--seconds n]
 * [--from seed] [--most n] [--show]`. Prints the programs that behave differently, and a last line with the counts.
 */

import { parseArgs } from 'node:util';
import type { Style } from '../src/types.js';
import { rowOf } from '../test/generated/choices.js';
import { startPython } from '../test/python/behave.js';
import { pythonOrReason } from '../test/python/environment.js';
import { check } from '../test/python/generated/check.js';
import type { Said } from '../test/python/generated/parts.js';
import { programFrom } from '../test/python/generated/programs.js';

const { values } = parseArgs({
  options: {
    style: { type: 'string', default: 'pool' },
    to: { type: 'string', default: 'async' },
    count: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '60' },
    from: { type: 'string', default: '0' },
    most: { type: 'string', default: '5' },
    show: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  const interpreter = pythonOrReason();
  if (!interpreter) return 0;
  const python = startPython(interpreter, 6);
  const until = Date.now() + Number(values.seconds) * 1000;
  const reasons = new Map<string, number>();
  const counts = { programs: 0, changed: 0, wrong: 0 };
  let seed = Number(values.from);
  const last = seed + Number(values.count);
  const one = async (): Promise<void> => {
    while (seed < last && Date.now() < until && counts.wrong < Number(values.most)) {
      const own = seed++;
      const text = programFrom(rowOf(own, 120), values.style as Said);
      const { after, refused, problems } = await check(python, text, values.style as Style, values.to as Style);
      counts.programs++;
      if (after !== text) counts.changed++;
      for (const reason of new Set(refused)) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      if (values.show) console.log(`# seed ${own}\n${text}\n# becomes\n${after}`);
      if (problems.length === 0) continue;
      counts.wrong++;
      console.log(`##### seed ${own}\n${text}\n--- becomes\n${after}\n--- ${problems.join('\n')}`);
    }
  };
  await Promise.all(Array.from({ length: 6 }, one));
  await python.close();
  console.log(`refused: ${[...reasons].map(([reason, count]) => `${reason} ${count}`).join(', ') || 'none'}`);
  console.log(`${counts.programs} programs, ${counts.changed} changed, ${counts.wrong} wrong`);
  return counts.wrong > 0 ? 1 : 0;
}

void main().then((code) => process.exit(code));
