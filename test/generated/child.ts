/** The process in which programs run that may end it: reads them as JSON, answers with a report for each. */

import { readFileSync } from 'node:fs';
import { check, type Report } from './check.js';
import type { Case } from './regressions.js';

async function main(): Promise<void> {
  const cases = JSON.parse(readFileSync(0, 'utf8')) as Case[];
  const reports: Report[] = [];
  for (const { program, options, home } of cases) reports.push(await check(program, { to: 'async', ...options }, home));
  process.stdout.write(JSON.stringify(reports));
}

void main().then(() => process.exit(0));
