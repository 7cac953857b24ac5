import table from './node-api.json';

/** What one function of Node's own does with the callback that it is given. */
export interface Api {
  /** Where the callback can stand, counted from 0. Empty: last, wherever that is. */
  readonly at: readonly number[];
  /** Names of what comes after the error. */
  readonly values: readonly string[];
  readonly shape: 'error-first' | 'success-only';
  /** May be left out: the last argument is then something else. */
  readonly optional?: boolean;
  /** Gives something back at once, beside calling back: a process, a timer. */
  readonly returns?: boolean;
  /** The member of `promises` that does the same: `equal` in result and error, `differs`, or `none`. */
  readonly twin: 'equal' | 'differs' | 'none';
  /** The twin takes no number (a file descriptor) as its first argument. */
  readonly pathOnly?: boolean;
  /** What `util.promisify` gives for each value: `''` the result itself, a property of it, or `undefined`: lost. */
  readonly promisified?: readonly (string | undefined)[];
  /** Results that can come together with an error: their names on the promisified function's error, `undefined` when lost. */
  readonly withError?: readonly (string | undefined)[];
}

interface Row {
  readonly at: readonly number[];
  readonly values: readonly string[];
  readonly fewest?: number;
  readonly optional?: boolean;
  readonly returns?: boolean;
  readonly since?: string;
  readonly twin?: string;
}

/** The function `name` of module `module` (without `node:`), or a global such as `setTimeout` under module `''`. */
export function nodeApi(module: string, name: string): Api | undefined {
  const key = `${module}.${name}`;
  const byHand = extra.get(key);
  if (byHand) return byHand;
  const rows: Readonly<Record<string, Readonly<Record<string, Row>>>> = table;
  const row = Object.hasOwn(rows, module) && Object.hasOwn(rows[module]!, name) ? rows[module]![name]! : undefined;
  return row && fromRow(key, row);
}

function fromRow(key: string, row: Row): Api {
  const values = row.values;
  return {
    at: key === 'stream.pipeline' ? [] : row.at,
    values,
    shape: 'error-first',
    optional: row.optional,
    returns: row.returns,
    twin: row.twin ? (verdicts.get(key) ?? 'equal') : 'none',
    pathOnly: pathOnly.has(key),
    promisified: promisified.get(key) ?? values.map((_, index) => (index === 0 ? '' : undefined)),
    withError: key.startsWith('child_process.exec') ? ['stdout', 'stderr'] : undefined,
  };
}

/**
 * Twins that are not the same function with a promise. Measured on Node 20 over arguments left out, null and wrong ones,
 * missing and forbidden files; all others gave equal results, errors and files.
 */
const verdicts = new Map<string, Api['twin']>([
  ['fs.open', 'none'], // a FileHandle, not a descriptor
  ['fs.glob', 'none'], // an async iterator
  ['fs.lchmod', 'none'], // not implemented except on macOS
  ['fs.realpath', 'differs'], // the native one: another `syscall` and message in errors
]);

/** These also take a descriptor; their twins take a FileHandle instead. */
const pathOnly = new Set(['fs.readFile', 'fs.writeFile', 'fs.appendFile', 'fs.truncate']);

/** Functions with a `util.promisify.custom` or named results. */
const promisified = new Map<string, Api['promisified']>([
  ['child_process.exec', ['stdout', 'stderr']],
  ['child_process.execFile', ['stdout', 'stderr']],
  ['fs.read', ['bytesRead', 'buffer']],
  ['fs.write', ['bytesWritten', 'buffer']],
  ['fs.readv', ['bytesRead', 'buffers']],
  ['fs.writev', ['bytesWritten', undefined]], // called `buffer` in Node 20 and `buffers` in the documentation
  ['crypto.generateKeyPair', ['publicKey', 'privateKey']],
  ['dns.lookup', ['address', 'family']],
  ['dns.lookupService', ['hostname', 'service']],
]);

const later = (at: number, returns: boolean): Api => ({
  at: [at],
  values: [],
  shape: 'success-only',
  returns,
  twin: 'differs',
});

/** Not error-first, so not in the generated table. Timers stay timers: a fake clock in a test sees `setTimeout` only. */
const extra = new Map<string, Api>([
  ['fs.exists', { at: [1], values: ['exists'], shape: 'success-only', twin: 'none', promisified: [''] }],
  ['.setTimeout', later(0, true)],
  ['.setImmediate', later(0, true)],
  ['.process.nextTick', later(0, false)],
  ['.queueMicrotask', later(0, false)],
  ['.requestAnimationFrame', later(0, true)],
  ['timers.setTimeout', later(0, true)],
  ['timers.setImmediate', later(0, true)],
]);

/** Methods of objects that a module's function gives: `readline.createInterface()` → `question`. */
export const madeBy: Readonly<Record<string, Readonly<Record<string, Api>>>> = {
  'readline.createInterface': {
    question: { at: [1, 2], values: ['answer'], shape: 'success-only', twin: 'none' },
  },
};
