import type { Block } from '../../flow/model.js';
import type { Range } from '../../types.js';
import type { Site } from './site.js';

/** True when the outer function's new text still holds the inner one as it is written: then it has its own entry. */
export function survives(inner: Site, outer: Site): boolean {
  const at = { start: inner.fn.node.getStart(), end: inner.fn.node.end };
  const body = outer.reading!.facts.body;
  if (!contains(body, at)) return true;
  if (outer.reading!.consumed.includes(inner.fn.node)) return false;
  if (outer.mode === 'keep' && at.end <= outer.reading!.from) return true;
  const step = outer.reading!.steps?.find(({ node }) => contains({ start: node.getStart(), end: node.end }, at));
  return (step ? copiedIn(step.flow) : copied(outer)).some((range) => contains(range, at));
}

const known = new WeakMap<object, readonly Range[]>();

/** The ranges of the source that the flow copies. */
function copied(site: Site): readonly Range[] {
  return copiedIn(site.reading!.flow);
}

function copiedIn(flow: Block): readonly Range[] {
  let ranges = known.get(flow);
  if (!ranges) known.set(flow, (ranges = rangesIn(flow)));
  return ranges;
}

function rangesIn(value: unknown): Range[] {
  if (Array.isArray(value)) return value.flatMap(rangesIn);
  if (!value || typeof value !== 'object') return [];
  if ('parts' in value && Array.isArray(value.parts)) return value.parts.filter(isRange);
  return Object.values(value).flatMap(rangesIn);
}

function isRange(part: unknown): part is Range {
  return typeof part === 'object' && part !== null && 'start' in part;
}

function contains(outer: Range, inner: Range): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}
