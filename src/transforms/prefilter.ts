import {
  mayHoldAsync,
  mayHoldCallbacks,
  mayHoldFanOuts,
  mayHoldPools,
  mayHoldPromises,
} from '../javascript/prefilter.js';
import { mayHoldPython } from '../python/prefilter.js';
import type { Style } from '../types.js';

const tests: Partial<Record<Style, (text: string) => boolean>> = {
  promise: mayHoldPromises,
  callback: mayHoldCallbacks,
  pool: mayHoldPools,
  async: mayHoldAsync,
};

/** False when a text has nothing that a run towards `to` could change. A style that has no test here is looked for everywhere. */
export function mayApply(
  text: string,
  options: { readonly to: Style; readonly from?: Style },
  path = 'unnamed.js',
): boolean {
  if (/\.pyi?$/i.test(path)) return options.to !== 'promise' && mayHoldPython(text, options);
  if (options.to === 'pool') return mayHoldFanOuts(text);
  const read: readonly Style[] = options.from ? [options.from] : ['promise', 'callback', 'pool', 'async'];
  return read.some((style) => style !== options.to && (tests[style]?.(text) ?? true));
}
