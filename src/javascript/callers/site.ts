import type { Refusal } from '../../flow/model.js';
import type { Range } from '../../types.js';
import { boundCall } from '../callback/shape.js';
import type { CallbackFunction, CallbackReading, Gives } from '../callback/types.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import type { Bridge } from './entries.js';
import type { Handed } from './exits.js';
import type { Naming, Use } from './uses.js';

/**
 * One callback function on its way to a decision. `change`: it becomes async and its callers follow; `keep`: its inside becomes
 * async behind a bridge; `left`: it stays as it is. A mode only ever moves down this list, so that deciding ends.
 */
export interface Site {
  readonly ctx: FileContext;
  readonly fn: CallbackFunction;
  readonly naming: Naming;
  readonly uses: readonly Use[];
  /** Nobody outside the run can have it. */
  readonly isSeen: boolean;
  mode: 'change' | 'keep' | 'left';
  /** Why it was left; without one there was nothing to gain. */
  refusal?: Refusal;
  /** How it was read under the last assumptions. */
  reading?: CallbackReading;
  /** Its inside is async already. */
  readonly isBridged?: boolean;
  /** What callees hand on is kept whole, in a list: nobody knows how much that is. */
  asLists?: boolean;
  /** All that its ends hand to the callback. */
  hands?: Set<Handed>;
  /** It may report before its call has returned. */
  answersSync: boolean;
  /** The same, with an error. */
  failsSync: boolean;
  /** Where the part that would become async may do so. */
  endsSync?: Range;
  /** How its contract is kept, when it is. */
  bridge?: Bridge;
  /** The function that it is a part of, which as a whole stays as it is. */
  readonly partOf?: Site;
}

/** What a call of the function gives to who waits for it. What was never read says only that it gives several. */
export function givesOfSite(site: Site): Gives {
  return { results: resultsOf(site), sync: site.answersSync || !site.reading ? 'maybe' : 'never' };
}

export function resultsOf(site: Site): Gives['results'] {
  const { hands } = site;
  // What was not read is known as far as its text shows every use of the callback.
  if (!hands || (!site.reading && (hands.has('unknown') || mixesLists(site))))
    return site.fn.results === 'list' || site.fn.results === 'value' ? site.fn.results : 'unknown';
  if (hands.has('unknown')) return 'unknown';
  if (hands.has('list')) return 'list';
  if (hands.has('value')) return 'value';
  return hands.has('null') ? 'null' : 'nothing';
}

/** Some ends give one value and others several: no promise says that. */
export function mixesLists({ hands }: Site): boolean {
  return !!hands && hands.has('list') && hands.size > 1;
}

export function leave(site: Site, refusal?: Refusal): void {
  site.mode = 'left';
  site.refusal = refusal;
}

/** Calls that are seen, with the file that they stand in. */
export function callsOf(site: Site): { ctx: FileContext; call: ts.CallExpression }[] {
  return site.uses.flatMap((use) => (use.kind === 'call' ? [{ ctx: use.ctx, call: use.call }] : []));
}

/** `cb.call(self, null, user)`: the callback is told whose answer it is, and a promise tells nobody. */
export function reportWithThis({ fn }: Site): ts.Node | undefined {
  return fn.reports
    .map(({ at }) => at)
    .find((at) => {
      const call = ts.isExpressionStatement(at) ? at.expression : at;
      if (!ts.isCallExpression(call)) return false;
      const bound = call.arguments[0] && boundCall(call.arguments[0]);
      if (bound && isNameOf(bound.name, fn)) return !isNothing(bound.self);
      if (!ts.isPropertyAccessExpression(call.expression)) return false;
      const { name, expression } = call.expression;
      const [self] = call.arguments;
      if (!/^(call|apply)$/.test(name.text) || !isNameOf(expression, fn) || !self) return false;
      return !isNothing(self);
    });
}

const isNothing = (node: ts.Expression): boolean =>
  node.kind === ts.SyntaxKind.NullKeyword || ts.isVoidExpression(node) || node.getText() === 'undefined';

function isNameOf(node: ts.Expression, fn: CallbackFunction): boolean {
  if (!ts.isIdentifier(node)) return false;
  const { name } = fn.callback;
  return node.text === fn.alias?.text || (ts.isIdentifier(name) && node.text === name.text);
}
