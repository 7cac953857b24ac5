import type { Block, Exit, Snippet, Step, StepOf } from '../../flow/model.js';
import { blocksOf, isTask, mapBlocks } from '../../flow/query.js';
import type { CallbackReading, CallResolver, ReportSite } from '../callback/types.js';
import type { ts } from '../parse.js';
import type { Site } from './site.js';

/** What one successful end of the function hands to its callback, beside `null`. `unknown`: whatever a callee hands on. */
export type Handed = 'nothing' | 'null' | 'value' | 'list' | 'unknown';

type Success = StepOf<'exit'> & { readonly how: 'succeed' };

/** What the ends of the async part hand over, each as the source says it. */
export function handedBy(site: Site, calls: CallResolver): ReadonlyMap<Success, Handed> {
  const reading = site.reading!;
  const exits = successesIn(asyncPart(reading), reading);
  return new Map(exits.map((exit) => [exit, handed(exit, site, reading, calls)]));
}

/** The flow from the first wait on. */
export function asyncPart(reading: CallbackReading): Block {
  const [first, ...rest] = reading.flow.steps.slice(reading.prologueSteps);
  if (!first) return { steps: [], tail: reading.flow.tail };
  // A comment of the part that stays where it is.
  const lead = first.lead.filter((each) => each === '' || each.start >= reading.from);
  return { steps: [{ ...first, lead }, ...rest], tail: reading.flow.tail };
}

/** Ends of the function itself, however deep: in branches, handlers, and blocks of tasks. */
function successesIn(value: unknown, reading: CallbackReading): Success[] {
  if (Array.isArray(value)) return value.flatMap((each) => successesIn(each, reading));
  if (!value || typeof value !== 'object') return [];
  const own = isSuccess(value, reading) ? [value] : [];
  return [...own, ...Object.values(value).flatMap((each) => successesIn(each, reading))];
}

function isSuccess(value: object, reading: CallbackReading): value is Success {
  return 'kind' in value && value.kind === 'exit' && 'of' in value && value.of === reading.target;
}

function handed(exit: Success, site: Site, reading: CallbackReading, calls: CallResolver): Handed {
  const all = reading.results;
  if (all !== 'value' && all !== 'mixed') return all;
  const call = reading.waits.find((each) => each.getStart() === exit.at.start && each.end === exit.at.end);
  if (exit.with && isTask(exit.with)) return call && exit.with.kind === 'call' ? given(calls, call) : 'value';
  const report = reportAt(site.fn.reports, exit);
  if (exit.with) return 'value';
  if (report?.kind === 'nothing') return 'nothing';
  return report && report.count > 0 ? 'value' : 'null';
}

function given(calls: CallResolver, call: CallbackReading['waits'][number]): Handed {
  const awaiting = calls(call);
  return awaiting.kind === 'unknown' ? 'unknown' : awaiting.results;
}

function reportAt(reports: readonly ReportSite[], exit: Exit & { readonly at: Step['at'] }): ReportSite | undefined {
  return reports.find(({ at }) => at.getStart() >= exit.at.start && at.end <= exit.at.end);
}

/**
 * The flow with every end giving the list of what its callback gets: `return []` for `cb(null)`, `return [user]` for
 * `cb(null, user)`. With `whole` the list starts with the `null`. `undefined` when an end stands where it can't be rewritten.
 */
export function withLists(
  flow: Block,
  kinds: ReadonlyMap<Success, Handed>,
  reading: CallbackReading,
  whole: boolean,
): Block | undefined {
  let done = 0;
  const mapBlock = (block: Block): Block => ({ ...block, steps: block.steps.flatMap(mapStep) });
  const mapStep = (step: Step): Step[] => {
    const kind = kinds.get(step as Success);
    if (!kind) return [mapBlocks(step, mapBlock)];
    done++;
    return listed(step as Success, kind, reading, whole);
  };
  const mapped = mapBlock(flow);
  return done === kinds.size ? mapped : undefined;
}

function listed(exit: Success, kind: Handed, reading: CallbackReading, whole: boolean): Step[] {
  const { snippets } = reading;
  const list = (value?: Snippet | string): Success => {
    const first = whole && kind !== 'nothing' ? ['null'] : [];
    const parts = [...first, ...(value ? [value] : [])].flatMap((part, i) => (i > 0 ? [', ', part] : [part]));
    return { ...exit, with: snippets.compose(['[', ...parts, ']'], exit.at, 'no') };
  };
  const given = exit.with;
  if (!given) return [list(kind === 'value' ? 'undefined' : undefined)];
  if (!isTask(given)) return [list(given)];
  const step: Step = { kind: 'wait', on: given, lead: exit.lead, at: exit.at };
  if (kind !== 'value') return [step, { ...list(), lead: [] }];
  const name = snippets.invent('value');
  const pattern = {
    ...snippets.compose([name], exit.at, 'no'),
    declares: [{ binding: name, how: 'lexical' as const }],
  };
  const bound: Step = { ...step, bind: { pattern, how: 'const' } };
  return [bound, { ...list(snippets.compose([name], exit.at, 'no')), lead: [] }];
}

/** Can an end be reached at once, when these calls may answer at once? */
export function endsSync(
  steps: readonly Step[],
  reading: CallbackReading,
  isSync: (call: ts.CallExpression) => boolean,
): boolean {
  const waitsSync = ({ at }: Step): boolean => {
    const call = reading.waits.find((each) => each.getStart() === at.start && each.end === at.end);
    return !!call && isSync(call);
  };
  return pace(steps, waitsSync) === 'ends';
}

/** `ends`: an end can be reached at once. `waits`: no path gets past these steps at once. `goes`: some does. */
type Pace = 'ends' | 'waits' | 'goes';

function pace(steps: readonly Step[], waitsSync: (step: Step) => boolean): Pace {
  for (const step of steps) {
    const found = paceOf(step, waitsSync);
    if (found !== 'goes') return found;
  }
  return 'goes';
}

function paceOf(step: Step, waitsSync: (step: Step) => boolean): Pace {
  if (step.kind === 'exit') {
    if (step.how === 'break' || step.how === 'continue') return 'goes';
    const waits = step.how === 'succeed' && !!step.with && isTask(step.with);
    return waits && !waitsSync(step) ? 'waits' : 'ends';
  }
  if (step.kind === 'wait' && !waitsSync(step)) return 'waits';
  const inner = blocksOf(step).map((block) => pace(block.steps, waitsSync));
  if (inner.includes('ends')) return 'ends';
  if (step.kind === 'guard') return inner[0]!;
  if (step.kind === 'loop') return step.head.endless || step.foot ? inner[0]! : 'goes';
  return step.kind === 'branch' && step.else && inner.every((each) => each === 'waits') ? 'waits' : 'goes';
}
