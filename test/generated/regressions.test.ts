/** What generated programs have found stays found. */

import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import type { Report } from './check.js';
import { directionCases } from './direction-regressions.js';
import { cases as first } from './regressions.js';

const cases = [...first, ...directionCases];
let reports: Report[] = [];

beforeAll(() => {
  const args = ['-r', './scripts/register.cjs', 'test/generated/child.ts'];
  const cwd = path.join(__dirname, '../..');
  const child = spawnSync(process.execPath, args, { cwd, input: JSON.stringify(cases), encoding: 'utf8' });
  expect(child.stderr).toBe('');
  reports = JSON.parse(child.stdout) as Report[];
}, 180_000);

test.each(cases.map((each, index) => [each.name, each, index] as const))('%s', (_name, { refused, program }, index) => {
  const report = reports[index]!;
  expect([...report.problems, ...report.repeats]).toEqual([]);
  if (refused) expect(report.after).toBe(program.source);
  else expect(report.converted).toBeGreaterThan(0);
});
