import type { Block, BlockTask, Exit, Snippet, Step, StepOf, Target } from '../../flow/model.js';
import { isTask, mapBlocks } from '../../flow/query.js';
import type { CallbackReading, ReportSite, StepReading } from '../callback/types.js';
import type { FileContext } from '../context.js';
import type { ts } from '../parse.js';
import { callsHandedOn, handsAsWritten } from './hands.js';
import type { Site } from './site.js';

/** What one successful end of the function hands to its callback, beside `null`. `unknown`: whatever a callee hands on. */
export type Handed = 'nothing' | 'null' | 'value' | 'list' | 'unknown';

export type Success = StepOf<'exit'> & { readonly how: 'succeed' };

/** What a call hands on: a function of the project what its own ends do, anything else what is known of it. */
export type HandedOn = (ctx: FileContext, call: ts.CallExpression) => Iterable<Handed>;

/** What the ends in a block hand over, each as the source says it; several things where a callee does. */
export function handedIn(block: Block, site: Site, handedOn: HandedOn): ReadonlyMap<Success, ReadonlySet<Handed>> {
  const reading = site.reading!;
  const flows = [block, ...(reading.steps ?? []).map(({ flow }) => flow)];
  const ends = flows
    .flatMap((flow) => successesIn(flow, reading.target))
    .filter((exit) => !exit.silent && !stepCalledAt(exit, reading));
  return new Map(ends.map((exit) => [exit, new Set(handed(exit, site, reading, handedOn))]));
}

/** Some path of a block, or of the steps that it calls, ends without an answer: where it does so. */
export function silentEndOf(block: Block, reading: CallbackReading): Step['at'] | undefined {
  const flows = [block, ...(reading.steps ?? []).map(({ flow }) => flow)];
  return flows.flatMap((flow) => successesIn(flow, reading.target)).find((exit) => exit.silent)?.at;
}

/**
 * All that each function hands over, in any of its ends. A function that hands on to itself adds nothing by that: what is found is
 * the least that explains all ends.
 */
export function markHanded(sites: readonly Site[], handedOn: HandedOn): void {
  for (const site of sites) site.hands = new Set(site.reading ? leafHands(site.reading) : handsAsWritten(site));
  for (let grown = true; grown;) {
    grown = false;
    for (const site of sites) {
      const { hands, reading } = site;
      if (!hands || reading?.leaf) continue;
      const before = hands.size;
      if (!reading) {
        for (const call of hands.has('unknown') ? [] : callsHandedOn(site))
          for (const kind of handedOn(site.ctx, call)) hands.add(kind);
      } else
        for (const kinds of handedIn(reading.flow, site, handedOn).values()) for (const kind of kinds) hands.add(kind);
      grown ||= hands.size > before;
    }
  }
}

/** The local function that an end calls: what it hands over is found in its own ends. */
export function stepCalledAt({ at }: Step, { stepCalls }: CallbackReading): StepReading | undefined {
  for (const [call, step] of stepCalls ?? []) if (call.getStart() === at.start && call.end === at.end) return step;
  return undefined;
}

function leafHands({ leaf }: CallbackReading): Handed[] {
  return leaf ? [leaf.results === 'mixed' ? 'unknown' : leaf.results] : [];
}

/** The flow from the first wait on. */
export function asyncPart(reading: CallbackReading): Block {
  const [first, ...rest] = reading.flow.steps.slice(reading.prologueSteps);
  if (!first) return { steps: [], tail: reading.flow.tail };
  // A comment of the part that stays where it is.
  const lead = first.lead.filter((each) => each === '' || each.start >= reading.from);
  return { steps: [{ ...first, lead }, ...rest], tail: reading.flow.tail };
}

/** Properties of steps that hold no steps. */
const isText = new Set([
  'lead',
  'trail',
  'tail',
  'at',
  'code',
  'test',
  'head',
  'bind',
  'param',
  'awaitable',
  'args',
  'callee',
  'over',
  'item',
]);

/** Ends of a target, however deep: in branches, handlers, and blocks of tasks. */
function successesIn(value: unknown, target: Target): Success[] {
  if (Array.isArray(value)) return value.flatMap((each) => successesIn(each, target));
  if (!value || typeof value !== 'object') return [];
  const own = isSuccess(value, target) ? [value] : [];
  return [
    ...own,
    ...Object.entries(value).flatMap(([key, each]) => (isText.has(key) ? [] : successesIn(each, target))),
  ];
}

function isSuccess(value: object, target: Target): value is Success {
  return 'kind' in value && value.kind === 'exit' && 'of' in value && value.of === target;
}

function handed(exit: Success, site: Site, reading: CallbackReading, handedOn: HandedOn): Iterable<Handed> {
  if (exit.with && isTask(exit.with)) {
    const call = reading.waits.find((each) => each.getStart() === exit.at.start && each.end === exit.at.end);
    if (exit.with.kind === 'call') return call ? handedOn(site.ctx, call) : ['unknown'];
    return exit.with.kind === 'block' ? handedByBlock(exit.with) : ['value'];
  }
  const report = reportAt(site.fn.reports, exit);
  if (exit.with) return [reading.results === 'list' ? 'list' : 'value'];
  if (report?.kind === 'nothing') return ['nothing'];
  return [report && report.count > 0 ? 'value' : 'null'];
}

/** `cb(null)` where the ends of a block give nothing; where they give results, those there are so far come beside an error. */
function handedByBlock(block: BlockTask): Handed[] {
  return successesIn(block.body, block.target).some((exit) => exit.with) ? ['unknown'] : ['null'];
}

function reportAt(reports: readonly ReportSite[], exit: Exit & { readonly at: Step['at'] }): ReportSite | undefined {
  return reports.find(({ at }) => at.getStart() >= exit.at.start && at.end <= exit.at.end);
}

/**
 * The flow with every end giving the list of what its callback gets behind the error: `return []` for `cb(null)`, `return [user]`
 * for `cb(null, user)`. `undefined` when an end stands where it can't be rewritten. `flagged`: they only say that they are ends.
 */
export function withLists(
  flow: Block,
  ends: ReadonlyMap<Success, ReadonlySet<Handed>>,
  reading: CallbackReading,
  flagged = false,
): Block | undefined {
  let done = 0;
  const mapBlock = (block: Block): Block => ({ ...block, steps: block.steps.flatMap(mapStep) });
  const mapStep = (step: Step): Step[] => {
    const kinds = ends.get(step as Success);
    if (!kinds) return [mapBlocks(step, mapBlock)];
    const { at } = step;
    if (reading.listTails?.some((call) => call.getStart() === at.start && call.end === at.end)) return (done++, [step]);
    if (kinds.has('unknown') || (kinds.has('value') && kinds.size > 1)) return [step]; // not done
    done++;
    return listed(step as Success, kinds.has('value'), reading, flagged);
  };
  const mapped = mapBlock(flow);
  return done === ends.size ? mapped : undefined;
}

function listed(exit: Success, hasValue: boolean, reading: CallbackReading, flagged: boolean): Step[] {
  const { snippets } = reading;
  const list = (value?: Snippet | string): Success => ({
    ...exit,
    with: snippets.compose(flagged ? ['true'] : ['[', ...(value ? [value] : []), ']'], exit.at, 'no'),
  });
  const given = exit.with;
  if (!given) return [list(hasValue ? 'undefined' : undefined)];
  if (!isTask(given)) return [list(given)];
  const step: Step = { kind: 'wait', on: given, lead: exit.lead, at: exit.at };
  if (!hasValue) return [step, { ...list(), lead: [] }];
  const name = snippets.invent('value');
  const pattern = {
    ...snippets.compose([name], exit.at, 'no'),
    declares: [{ binding: name, how: 'lexical' as const }],
  };
  const bound: Step = { ...step, bind: { pattern, how: 'const' } };
  return [bound, { ...list(snippets.compose([name], exit.at, 'no')), lead: [] }];
}
