/** Says whether a path is one of those that patterns mean: always with `/`, from one root, and none of those that are excluded. */
export function matcherOf(include: readonly string[], exclude: readonly string[] = []): (file: string) => boolean {
  const picomatch = require('picomatch') as typeof import('picomatch');
  const matches = picomatch(include.map(plain), { dot: true });
  const isExcluded = exclude.length > 0 ? picomatch(exclude.map(plain), { dot: true }) : () => false;
  return (file) => matches(file) && !isExcluded(file);
}

/** `./src` and `src/` mean what is in the folder, as people write it. */
function plain(pattern: string): string {
  const short = pattern.replace(/^\.\//, '');
  return short.endsWith('/') ? `${short}**` : short;
}
