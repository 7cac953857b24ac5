import type { Api } from './node-api.js';

/** A function of a package. `below` and `from` are major versions: the row holds for ranges that stay within them. */
export interface PackageApi extends Omit<Api, 'twin'> {
  readonly below?: number;
  readonly from?: number;
  /** Called without its callback it gives a promise of the first value, from this major version on. */
  readonly promiseFrom?: number;
  /** It may call back before the call has returned. */
  readonly mayCallSync?: boolean;
}

const last = { at: [], shape: 'error-first' } as const;
const nothing: PackageApi = { ...last, values: [] };
const one = (value: string, more: Partial<PackageApi> = {}): PackageApi => ({
  ...last,
  values: [value],
  promisified: [''],
  ...more,
});
const of = (names: string, api: PackageApi): Record<string, PackageApi> =>
  Object.fromEntries(names.split(' ').map((name) => [name, api]));

/** `request(url, (err, response, body) => …)`: the body is on the response too. */
const answer: PackageApi = { ...last, values: ['response', 'body'], promisified: ['', 'body'], returns: true };

const tasks = one('results', { mayCallSync: true, withError: [undefined] });

/** By package and member; `''` is the package itself. Members are joined with dots. */
export const packages: Readonly<Record<string, Readonly<Record<string, PackageApi>>>> = {
  request: of(' get post put patch head del delete options', answer),
  needle: of('get post put patch head delete request', answer),
  mkdirp: of(' mkdirp', one('made', { below: 1 })),
  rimraf: of(' rimraf', { ...nothing, below: 4 }),
  glob: of(' glob', one('matches', { below: 9, returns: true })),
  ncp: of(' ncp', nothing),
  tmp: {
    ...of('file', { ...last, values: ['path', 'fd', 'cleanupCallback'], promisified: ['', undefined, undefined] }),
    ...of('dir', { ...last, values: ['path', 'cleanupCallback'], promisified: ['', undefined] }),
    ...of('tmpName', one('path')),
  },
  jsonfile: { ...of('readFile', one('obj', { promiseFrom: 5 })), ...of('writeFile', { ...nothing, promiseFrom: 5 }) },
  'write-file-atomic': of('', { ...nothing, promiseFrom: 3 }),
  bcrypt: {
    ...of('hash', one('encrypted', { promiseFrom: 1 })),
    ...of('compare', one('same', { promiseFrom: 1 })),
    ...of('genSalt', one('salt', { promiseFrom: 1 })),
  },
  'run-parallel': of('', tasks),
  'run-parallel-limit': of('', tasks),
  'run-series': of('', tasks),
  'run-waterfall': of('', tasks),
  'run-auto': of('', tasks),
  'each-series': of('', { ...nothing, mayCallSync: true }),
  'fs-extra': {
    ...of('copy move remove outputFile writeJson writeJSON outputJson outputJSON emptyDir emptydir', {
      ...nothing,
      promiseFrom: 3,
    }),
    ...of('ensureFile createFile ensureLink createLink ensureSymlink createSymlink', { ...nothing, promiseFrom: 3 }),
    ...of('ensureDir mkdirs mkdirp', { ...nothing, promiseFrom: 3 }),
    ...of('readJson readJSON', one('object', { promiseFrom: 3 })),
    ...of('pathExists', one('exists', { promiseFrom: 3 })),
  },
};

/** Packages whose members are those of `fs`, callbacks included; the second also gives promises when no callback is given. */
export const likeFs = new Set(['graceful-fs', 'fs-extra']);

/** True when every version in the range lies in [from, below) by its major number. Without a range nothing is known. */
export function rangeWithin(range: string | undefined, from = 0, below = Infinity): boolean {
  if (from === 0 && below === Infinity) return true;
  const majors = majorsOf(range);
  return !!majors && majors.low >= from && (below === Infinity || majors.high < below);
}

/** The lowest and highest major version that a range of package.json allows; `undefined` for tags, addresses and `*`. */
export function majorsOf(range: string | undefined): { low: number; high: number } | undefined {
  const parts = (range ?? '')
    .replace(/^(workspace|npm:[^@]*@):?/, '')
    .split('||')
    .map((part) => majorsOfPart(part.trim()));
  if (!parts.every((part) => part !== undefined)) return undefined;
  return { low: Math.min(...parts.map((part) => part.low)), high: Math.max(...parts.map((part) => part.high)) };
}

function majorsOfPart(part: string): { low: number; high: number } | undefined {
  const between = /^(\d+)\S*\s+-\s+(\d+)/.exec(part) ?? /^>=?\s*(\d+)\S*\s+<\s*(\d+)(?=$|\.0(?:\.0)?$)/.exec(part);
  if (between) return { low: Number(between[1]), high: Number(between[2]) - (part.includes('<') ? 1 : 0) };
  const match = /^(\^|~>?|=|v|>=|>)?\s*v?(\d+)(\.[\dx*]+)*(-[\w.]+)?$/.exec(part);
  if (!match) return undefined;
  const low = Number(match[2]);
  return { low, high: match[1]?.startsWith('>') ? Infinity : low };
}
