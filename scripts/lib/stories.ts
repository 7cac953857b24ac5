/** What the chores about stories are asked for: `<part of a title> [callback|promise|async|pool|project] [--to promise]`. */

import { parseArgs } from 'node:util';
import { readDirections, STYLES } from '../../test/fixtures/stories.js';
import type { Input } from '../../test/fixtures/stories.js';
import type { Style } from '../../src/types.js';

export interface Asked {
  readonly wanted: string;
  /** A telling's style, or `project`. */
  readonly label?: string;
  readonly to?: Style;
  readonly failing?: number;
}

/** Throws what node:util says of an unknown option; ends the process when a style is none. */
export function readAsked(args: readonly string[]): Asked {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { to: { type: 'string' }, from: { type: 'string' }, failing: { type: 'string' } },
  });
  const [wanted = '', label = values.from] = positionals;
  const to = values.to as Style | undefined;
  if (to && !STYLES.includes(to)) {
    console.error(`--to ${to}: not one of ${STYLES.join(', ')}`);
    process.exit(2);
  }
  return {
    wanted,
    ...(label && { label }),
    ...(to && { to }),
    ...(values.failing !== undefined && { failing: Number(values.failing) }),
  };
}

/** Exact directions, or with `to` those in it. */
export function inputsFor({ wanted, label, to }: Asked): Input[] {
  return readDirections().filter((input) => {
    const inDirection = to ? input.options.to === to && input.label !== to : input.exact;
    return inDirection && input.title.includes(wanted) && (!label || input.label === label);
  });
}
