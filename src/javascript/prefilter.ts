/*
 * One regular expression per style that is read: a file that fails it holds nothing of that style, so no engine is loaded for it.
 * They are generous: a false alarm costs one parse, a miss would be silent. This file loads nothing.
 */

/** False when the text holds no promise chain. */
export const mayHoldPromises = (text: string): boolean => PROMISE.test(text);

/** False when the text holds no async function. */
export const mayHoldAsync = (text: string): boolean => ASYNC.test(text);

/** False when no function of the text can be an error-first callback function. */
export const mayHoldCallbacks = (text: string): boolean => CALLBACK.test(text);

/** False when nothing in the text is started for each item of a list and waited for as a whole. */
export const mayHoldFanOuts = (text: string): boolean => FAN_OUT.test(text);

/** False when the text uses no pool that we know. */
export const mayHoldPools = (text: string): boolean => POOL.test(text);

const FAN_OUT = /\.\s*(?:all|allSettled)\s*[(<]|['"]async(?:\/\w+)?['"]|\.\s*forEach\s*\(|\b(?:for|while)\s*\(/;
const POOL =
  /['"](?:p-map|p-limit|p-queue|async(?:\/\w+)?|piscina|tinypool|workerpool|(?:node:)?worker_threads)['"]|\b(?:concurrency|running|active|inFlight|pending)\b/;

const ASYNC = /\basync\b|\bawait\b/;

const PROMISE =
  /\.\s*(?:then|catch|finally)\b|\.\s*(?:spread|tap|tapCatch|fail|fin|done|asCallback|nodeify|otherwise|always)\s*[(<]|\bnew\s+Promise\b|\bPromise\s*\.|\bDeferred\b|\bdefer\s*\(/;

const ERROR_NAME = '_?(?:e|er|err|error|ex|exc|exception|\\w*Err(?:or)?)';
const CALLBACK = new RegExp(
  [
    // A continuation by its first parameter: `function (err`, `(err, x) =>`, `err =>`.
    `\\bfunction\\b[^(){}]{0,80}\\(\\s*${ERROR_NAME}\\s*[,)?:]`,
    `\\(\\s*${ERROR_NAME}\\s*\\??\\s*(?::[^=)]{0,80})?(?:,[^()]{0,200})?\\)\\s*=>`,
    `\\b_?(?:e|er|err|error|ex|exc)\\s*=>`,
    // An answer by the name of what is called, or a callback that is handed on.
    `\\b(?:[cC]b|[cC]allback|_?[dD]one|[nN]ext|[nN]odeback|fn|[cC]ontinuation|on(?:Done|End|Complete)|[hH]andler)\\w*\\s*(?:\\?\\.)?\\s*\\(`,
    `\\b_?(?:[cC]b|[cC]allback|[nN]odeback|[dD]one)\\s*[,)]`,
    `\\w\\(\\s*_?err(?:or)?\\s*,`,
    // The `async` library.
    `['"]async(?:/\\w+)?['"]`,
  ].join('|'),
);
