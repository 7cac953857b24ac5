import type { Style } from '../types.js';

/*
 * One regular expression per style that is read: a file that fails it holds nothing of that style, and no callee of it either, so no
 * engine is loaded for it. They are generous: a false alarm costs one parse, a miss would be silent. This file loads nothing.
 */

/** What waits in any style: a module of blocking calls may hold the workers of another module's pool. */
const WAITS = 'requests|urllib|httpx|aiohttp|sleep';

const tests: Readonly<Record<Style, RegExp | undefined>> = {
  async: new RegExp(`\\bawait\\b|\\basync\\s+(?:def|with|for)\\b|\\basyncio\\b|\\bhttpx\\b|\\baiohttp\\b`),
  pool: new RegExp(`\\b(?:Thread|ThreadPool\\w*|threading|futures|multiprocessing|${WAITS})\\b`),
  callback: new RegExp(
    `\\badd_done_callback\\b|\\bcallback\\b|\\berrback\\b|\\bon_\\w+\\b|\\bcb\\b|\\bthen\\b|\\btwisted\\b|\\btornado\\b|\\badd(?:Callback|Errback|Both)|\\b(?:${WAITS})\\b`,
  ),
  promise: undefined,
};

/** False when a Python text has nothing that a run towards `to` could change. */
export function mayHoldPython(text: string, options: { readonly to: Style; readonly from?: Style }): boolean {
  const styles: readonly Style[] = options.from ? [options.from] : ['async', 'pool', 'callback'];
  return styles.some((style) => style !== options.to && tests[style]?.test(text) === true);
}
