/**
 * Generated programs, before and after: `npm run fuzz -- [--from async] [--to promise] [--seconds 60] [--count 1000] [--seed 1]`. Without
 * `--from` or `--to` every direction that there is takes its turn; `--models` compares what one flow model does in every style.
 * `--exports change`, `--turns` (other turns are problems too), `--again` (so is a second run that changes something), `--show`, `--most 5`.
 */

import { parseArgs } from 'node:util';
import { transforms } from '../src/transforms/javascript.js';
import { check } from '../test/generated/check.js';
import { rowOf } from '../test/generated/choices.js';
import { styleDifferences } from '../test/generated/flow-check.js';
import { programOf } from '../test/generated/programs.js';
import { shrink } from '../test/generated/shrink.js';
import type { Report } from '../test/generated/check.js';
import type { ExportsPolicy, Style, TransformOptions } from '../src/types.js';

const { values } = parseArgs({
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    models: { type: 'boolean', default: false },
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
const [first, count, most] = [Number(values.seed), Number(values.count), Number(values.most)];
const until = Date.now() + Number(values.seconds) * 1000;

interface Direction {
  readonly from: Style;
  readonly to: Style;
}

async function main(): Promise<void> {
  const asked = transforms.filter(
    ({ from, to }) => (!values.from || from === values.from) && (!values.to || to === values.to),
  );
  if (!values.models && asked.length === 0) throw new Error('there is no transform in this direction');
  const wrong = values.models ? await models() : await directions(asked);
  process.exitCode = wrong > 0 ? 1 : 0;
}

async function models(): Promise<number> {
  let [programs, wrong] = [0, 0];
  for (let seed = first; seed < first + count && Date.now() < until && wrong < most; seed++, programs++) {
    const [difference] = await styleDifferences(rowOf(seed, 40 + (seed % 12) * 30));
    if (!difference) continue;
    wrong++;
    console.log(`\n=== seed ${seed} ===\n${difference}`);
  }
  console.log(`\n${programs} models, ${wrong} differ`);
  return wrong;
}

async function directions(asked: readonly Direction[]): Promise<number> {
  const totals = asked.map(() => new Total());
  for (let seed = first; seed < first + count && Date.now() < until; seed++)
    for (const [index, direction] of asked.entries()) {
      if (totals[index]!.wrong < most) await one(direction, seed, totals[index]!);
    }
  for (const [index, { from, to }] of asked.entries()) console.log(`\n${from} -> ${to}: ${totals[index]!.text()}`);
  return totals.reduce((sum, each) => sum + each.wrong, 0);
}

/** A bound that nothing reaches, so that fan-outs of any length may become pools. */
function optionsFor({ to }: Direction): TransformOptions {
  const exported = values.exports as ExportsPolicy | undefined;
  return { to, ...(exported && { exports: exported }), ...(to === 'pool' && { limit: 9 }) };
}

async function one(direction: Direction, seed: number, total: Total): Promise<void> {
  const { from, to } = direction;
  const made = programOf(from, seed);
  const home = transforms.some((each) => each.from === to && each.to === from) ? from : undefined;
  const options = optionsFor(direction);
  const report = await check(made.program, options, home);
  total.add(report);
  if (values.show) console.log(`${made.program.source}\n----->\n${report.after}\n${report.refused.join(' ')}`);
  const isWrong =
    report.problems.length + (values.turns ? report.turns.length : 0) + (values.again ? report.repeats.length : 0);
  if (!isWrong) return;
  total.wrong++;
  const small = await shrink(from, made.row, options, home);
  const [problem] = [...small.report.problems, ...small.report.turns, ...small.report.repeats];
  console.log(`\n=== ${from} -> ${to}, seed ${seed} ===\n${small.program.source}--->\n${small.report.after}${problem}`);
}

class Total {
  wrong = 0;
  private readonly sums = { programs: 0, changed: 0, converted: 0, refused: 0, turns: 0, repeats: 0 };
  private readonly reasons = new Map<string, number>();

  add(report: Report): void {
    const { sums } = this;
    sums.programs++;
    if (report.converted) sums.changed++;
    sums.converted += report.converted;
    sums.refused += report.refused.length;
    sums.turns += report.turns.length;
    sums.repeats += report.repeats.length;
    for (const reason of report.refused) this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
  }

  text(): string {
    const { programs, changed, converted, refused, turns, repeats } = this.sums;
    const why = [...this.reasons].sort((a, b) => b[1] - a[1]).map(([reason, times]) => `${reason} ${times}`);
    return `${programs} programs, ${changed} changed; ${converted} converted, ${refused} refused (${why.join(', ')}); ${this.wrong} wrong, ${turns} in other turns, ${repeats} changed again by a second run`;
  }
}

void main();
