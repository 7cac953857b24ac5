/** Some generated programs behave the same before and after their conversion; `npm run fuzz` tries many more. */

import { spawnSync } from 'node:child_process';
import * as path from 'node:path';

test.each([
  ['promise', []],
  ['callback', []],
  ['callback', ['--exports', 'change']],
])(
  '%s programs behave the same %s',
  (style, more) => {
    const fuzz = [
      '-r',
      './scripts/register.cjs',
      'scripts/fuzz.ts',
      '--style',
      style,
      '--count',
      '100',
      '--seconds',
      '6',
    ];
    const cwd = path.join(__dirname, '../..');
    const child = spawnSync(process.execPath, [...fuzz, '--most', '1', ...more], { cwd, encoding: 'utf8' });
    expect(child.stderr).toBe('');
    if (child.status !== 0) throw new Error(child.stdout);
    const [, programs, changed] = /(\d+) programs, (\d+) changed/.exec(child.stdout)!.map(Number);
    // Programs that are only refused would prove nothing.
    expect(changed! / programs!).toBeGreaterThan(0.25);
  },
  60_000,
);
