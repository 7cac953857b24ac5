/** Runs `npm run fuzz` with these arguments; its words when it found nothing wrong, else they are thrown. */

import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import { transforms } from '../../src/transforms/javascript.js';
import type { Style } from '../../src/types.js';

export function fuzz(...args: readonly string[]): string {
  const command = ['--no-warnings', '-r', './scripts/register.cjs', 'scripts/fuzz.ts', '--most', '1', ...args];
  const child = spawnSync(process.execPath, command, { cwd: path.join(__dirname, '../..'), encoding: 'utf8' });
  if (child.status !== 0 || child.stderr) throw new Error(child.stdout + child.stderr);
  return child.stdout;
}

/** Some programs of each style that can be converted to this one; a file per target: jest's workers share them. */
export function testProgramsTo(to: Style): void {
  const directions = transforms.filter((each) => each.to === to).map((each) => each.from);
  if (directions.length === 0) test(`nothing is converted to ${to} yet`, () => expect(directions).toEqual([]));
  else
    test.each(directions)(
      `%s programs behave the same when they are converted to ${to}, there and back`,
      (from) => {
        const said = fuzz('--from', from, '--to', to, '--count', '110', '--seconds', '7');
        const [, programs, changed] = /(\d+) programs, (\d+) changed/.exec(said)!.map(Number);
        // Programs that are only refused would prove nothing. Of those with callbacks few have a fan-out at all.
        const least = to !== 'pool' ? 0.25 : from === 'callback' ? 0 : 0.1;
        expect(changed! / programs!).toBeGreaterThanOrEqual(least);
      },
      90_000,
    );
}
