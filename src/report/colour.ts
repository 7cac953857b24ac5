import { createColors } from 'picocolors';

/** Words in colour, or the words alone: whoever prints decides, a report never asks the environment. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

/** Colour on or off is the caller's word, whatever the environment says: `CI=1` turns nothing on. */
export const paint = (on: boolean): Paint => {
  const { bold, dim, red, green, yellow, cyan } = createColors(on);
  return { bold, dim, red, green, yellow, cyan };
};

/** A patch for a terminal: the same characters, coloured by line. */
export function colourPatch(patch: string, { bold, red, green, cyan }: Paint): string {
  return patch
    .split('\n')
    .map((line) => {
      if (/^(diff --git|--- |\+\+\+ )/.test(line)) return bold(line);
      if (line.startsWith('@@')) return cyan(line);
      if (line.startsWith('+')) return green(line);
      if (line.startsWith('-')) return red(line);
      return line;
    })
    .join('\n');
}
