/** Words in colour, or the words alone: whoever prints decides, a report never asks the environment. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

const code =
  (open: number, close: number, on: boolean) =>
  (text: string): string =>
    on && text !== '' ? `\u001B[${open}m${text}\u001B[${close}m` : text;

export const paint = (on: boolean): Paint => ({
  bold: code(1, 22, on),
  dim: code(2, 22, on),
  red: code(31, 39, on),
  green: code(32, 39, on),
  yellow: code(33, 39, on),
  cyan: code(36, 39, on),
});

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
