/** What a value is, as far as we must know: none of these is a thenable. `plain`: not a promise, nothing more known. */
export type Kind = 'string' | 'number' | 'boolean' | 'array' | 'object' | 'function' | 'plain';

const all = (kind: Kind, names: string): [string, Kind][] => names.split(' ').map((name) => [name, kind]);
const table = (...rows: [string, Kind][][]): ReadonlyMap<string, Kind> => new Map(rows.flat());

/** Results of global functions and of members of global objects, called without `new`. */
export const globalCalls = table(
  all(
    'number',
    'parseInt parseFloat Number Date.now Date.parse Date.UTC Buffer.byteLength Buffer.compare process.uptime',
  ),
  all(
    'string',
    'String encodeURIComponent decodeURIComponent encodeURI decodeURI escape unescape btoa atob Date process.cwd',
  ),
  all('string', 'String.raw String.fromCharCode String.fromCodePoint'),
  all(
    'boolean',
    'Boolean isNaN isFinite Array.isArray Number.isInteger Number.isFinite Number.isNaN Number.isSafeInteger',
  ),
  all(
    'boolean',
    'Object.is Object.isFrozen Object.isSealed Object.isExtensible Object.hasOwn Buffer.isBuffer Buffer.isEncoding',
  ),
  all(
    'array',
    'Array Array.from Array.of Object.keys Object.values Object.entries Object.getOwnPropertyNames Reflect.ownKeys',
  ),
  all('plain', 'BigInt Symbol Symbol.for RegExp JSON.parse JSON.stringify Object.getOwnPropertyDescriptor'),
  all('plain', 'Error TypeError RangeError SyntaxError EvalError ReferenceError URIError'),
  all(
    'plain',
    'Buffer.from Buffer.alloc Buffer.allocUnsafe Buffer.concat process.hrtime process.memoryUsage process.nextTick process.exit',
  ),
  all(
    'plain',
    'console.log console.error console.warn console.info console.debug console.trace console.dir console.table',
  ),
  all('plain', 'console.time console.timeEnd console.assert console.group console.groupEnd'),
  all('plain', 'setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask'),
);

/** `new X()` of these globals gives no thenable. */
export const plainClasses = new Set(
  (
    'Date Map Set WeakMap WeakSet WeakRef RegExp Array Object String Number Boolean Error TypeError RangeError SyntaxError EvalError ' +
    'ReferenceError URIError AggregateError URL URLSearchParams Buffer ArrayBuffer DataView Uint8Array Int8Array Uint16Array Int16Array ' +
    'Uint32Array Int32Array Float32Array Float64Array Uint8ClampedArray BigInt64Array BigUint64Array TextEncoder TextDecoder ' +
    'AbortController Headers FormData Blob Event'
  ).split(' '),
);

/** Results of members of Node's own modules, beside everything that ends in `Sync`. */
export const moduleCalls: ReadonlyMap<string, ReadonlyMap<string, Kind>> = new Map([
  [
    'path',
    table(
      all('string', 'join resolve normalize basename dirname extname relative format'),
      all('boolean', 'isAbsolute'),
      all('object', 'parse'),
    ),
  ],
  [
    'url',
    table(
      all('string', 'format resolve fileURLToPath domainToASCII domainToUnicode'),
      all('plain', 'parse pathToFileURL'),
    ),
  ],
  ['querystring', table(all('string', 'stringify escape unescape'), all('plain', 'parse'))],
  [
    'util',
    table(
      all('string', 'format inspect stripVTControlCharacters'),
      all('boolean', 'isDeepStrictEqual isArray'),
      all('plain', 'inherits'),
    ),
  ],
  [
    'os',
    table(
      all('string', 'tmpdir homedir hostname platform type release arch endianness'),
      all('number', 'totalmem freemem uptime'),
      all('array', 'cpus'),
    ),
  ],
  [
    'crypto',
    table(
      all('plain', 'createHash createHmac createCipheriv createDecipheriv'),
      all('string', 'randomUUID'),
      all('boolean', 'timingSafeEqual'),
    ),
  ],
  [
    'assert',
    table(
      all(
        'plain',
        'ok equal notEqual deepEqual notDeepEqual strictEqual notStrictEqual deepStrictEqual notDeepStrictEqual throws match fail ifError',
      ),
    ),
  ],
]);

export const stringMethods = table(
  all(
    'string',
    'charAt concat normalize padEnd padStart repeat replace replaceAll slice substr substring toLowerCase toUpperCase trim trimEnd',
  ),
  all('string', 'trimStart trimLeft trimRight toString valueOf toLocaleLowerCase toLocaleUpperCase at'),
  all('number', 'charCodeAt codePointAt indexOf lastIndexOf localeCompare search length'),
  all('boolean', 'endsWith includes startsWith'),
  all('array', 'split'),
  all('plain', 'match matchAll'),
);

/** `pop`, `find`, `reduce` and the like give what the array holds, which may be a promise. */
export const arrayMethods = table(
  all(
    'array',
    'concat copyWithin fill filter flat flatMap map reverse slice sort splice toReversed toSorted toSpliced with',
  ),
  all('number', 'indexOf lastIndexOf findIndex findLastIndex push unshift length'),
  all('boolean', 'every includes some'),
  all('string', 'join toString toLocaleString'),
  all('plain', 'forEach entries keys values'),
);

export const numberMethods = table(
  all('string', 'toFixed toString toPrecision toExponential toLocaleString'),
  all('number', 'valueOf'),
);

/** Methods whose name says the result, whatever the object is: nobody answers them with a promise. */
export const unmistakable = table(
  all(
    'string',
    'toUpperCase toLowerCase toFixed toISOString toString charAt substring substr trim padStart padEnd toLocaleString',
  ),
  all('number', 'charCodeAt codePointAt getTime localeCompare indexOf lastIndexOf'),
  all(
    'boolean',
    'hasOwnProperty isPrototypeOf propertyIsEnumerable startsWith endsWith isFile isDirectory isSymbolicLink',
  ),
);

/** Global functions that never look at `this`: they may be called without the object that they are a member of. */
export const thisFree = new Set(
  (
    'parseInt parseFloat Number String Boolean BigInt Symbol isNaN isFinite encodeURIComponent decodeURIComponent encodeURI decodeURI ' +
    'escape unescape btoa atob setTimeout setImmediate clearTimeout clearInterval queueMicrotask Error TypeError RangeError Object RegExp ' +
    'console.log console.error console.warn console.info console.debug console.trace console.dir console.table JSON.parse JSON.stringify ' +
    'Object.keys Object.values Object.entries Object.assign Object.freeze Object.seal Object.create Object.fromEntries Object.is ' +
    'Object.getOwnPropertyNames Object.getPrototypeOf Array.isArray Array.from Array.of Number.isInteger Number.isFinite Number.isNaN ' +
    'Number.isSafeInteger Number.parseInt Number.parseFloat String.fromCharCode String.fromCodePoint Date.now Date.parse Buffer.from ' +
    'Buffer.concat Buffer.isBuffer Buffer.byteLength process.nextTick fetch structuredClone require'
  ).split(' '),
);
