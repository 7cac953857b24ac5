/** `npm run fuzz -- [--style promise|callback] [--seed 1] [--count 1000] [--seconds 60] [--one seed]`: generated programs, before and after. */

import { parseArgs } from 'node:util';
import { check } from '../test/generated/check.js';
import { programOf, type Style } from '../test/generated/programs.js';
import { shrink } from '../test/generated/shrink.js';

const { values } = parseArgs({
  options: {
    style: { type: 'string', default: 'promise' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '60' },
    turns: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    show: { type: 'boolean', default: false },
    most: { type: 'string', default: '5' },
    exports: { type: 'string' },
  },
});

async function main(): Promise<void> {
  const style = values.style as Style;
  const options = { to: 'async' as const, ...(values.exports && { exports: values.exports as 'change' }) };
  const until = Date.now() + Number(values.seconds) * 1000;
  const first = Number(values.seed);
  let [programs, changed, converted, refused, wrong, turns, repeats] = [0, 0, 0, 0, 0, 0, 0];
  const reasons = new Map<string, number>();
  for (let seed = first; seed < first + Number(values.count) && Date.now() < until; seed++) {
    const made = programOf(style, seed);
    const report = await check(made.program, options);
    programs++;
    if (report.converted) changed++;
    converted += report.converted;
    turns += report.turns.length;
    repeats += report.repeats.length;
    refused += report.refused.length;
    for (const reason of report.refused) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    if (values.show) console.log(`${made.program.source}\n----->\n${report.after}\n${report.refused.join(' ')}`);
    if (!report.problems.length && !(values.turns && report.turns.length) && !(values.again && report.repeats.length))
      continue;
    wrong++;
    const small = await shrink(style, made.row, options);
    console.log(
      `\n=== seed ${seed} ===\n${small.program.source}--->\n${small.report.after}${small.report.problems[0] ?? small.report.turns[0] ?? small.report.repeats[0]}`,
    );
    if (wrong >= Number(values.most)) break;
  }
  const why = [...reasons].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${reason} ${count}`);
  console.log(
    `\n${programs} programs, ${changed} changed; ${converted} converted, ${refused} refused (${why.join(', ')}); ${wrong} wrong, ${turns} in other turns, ${repeats} changed again by a second run`,
  );
  process.exitCode = wrong > 0 ? 1 : 0;
}

void main();
