import { readAsync } from '../javascript/async/read.js';
import { planCallbacks } from '../javascript/callers/for-callback.js';
import type { FileContext } from '../javascript/context.js';
import { buildGraph } from '../javascript/modules/graph.js';
import { readPromises } from '../javascript/promise/read.js';
import { writerFor } from '../javascript/writers.js';
import type { Entry } from '../flow/model.js';
import type { ProjectView, TransformOptions } from '../types.js';
import type { Plan } from './transform.js';

const plans = new WeakMap<readonly FileContext[], Plan>();

/**
 * What becomes of promise chains and async functions on the way to callbacks. They call each other, so it is decided for both at
 * once; each of the two directions takes its own part.
 */
export function planToCallback(
  rule: 'promise-to-callback' | 'async-to-callback',
  files: readonly FileContext[],
  options: TransformOptions,
  view: ProjectView,
): Plan {
  let whole = plans.get(files);
  if (!whole) plans.set(files, (whole = planBoth(files, options, view)));
  return {
    groups: whole.groups.filter((group) => group.rule === rule),
    refusals: whole.refusals.filter((refusal) => refusal.rule === rule),
  };
}

function planBoth(files: readonly FileContext[], options: TransformOptions, view: ProjectView): Plan {
  const graph = buildGraph(
    files.map(({ path, text, file }) => ({ path, text, file })),
    view,
  );
  const asked = (style: 'promise' | 'async'): boolean => !options.from || options.from === style;
  const read = files.map((ctx) => {
    const promises = asked('promise') ? readPromises(ctx) : { entries: [], refusals: [] };
    const asyncs = asked('async') ? readAsync(ctx) : { entries: [], refusals: [] };
    // An async function that holds chains is read as what it is.
    const chains = promises.entries.filter((entry) => !isAsyncText(ctx.text, entry));
    return {
      ctx,
      entries: [...chains, ...asyncs.entries],
      refusals: [
        ...promises.refusals.map((refusal) => ({ refusal, rule: 'promise-to-callback' })),
        ...asyncs.refusals.map((refusal) => ({ refusal, rule: 'async-to-callback' })),
      ],
    };
  });
  return planCallbacks(read, {
    rule: (entry) => (entry.style === 'async' ? 'async-to-callback' : 'promise-to-callback'),
    graph,
    options,
    unsaid(entry, ctx) {
      const made = writerFor('callback').prepare(entry, ctx);
      return 'flow' in made ? undefined : made;
    },
  });
}

function isAsyncText(text: string, { at, shape }: Entry): boolean {
  if (shape.kind === 'statement') return false;
  return /^(?:(?:public|private|protected|static|override|export|default)\s+)*async\b/.test(
    text.slice(at.start, at.end),
  );
}
