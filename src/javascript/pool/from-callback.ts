import type { Refusal } from '../../flow/model.js';
import type { FileEdit } from '../../types.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import type { PlacedRefusal, PlannedEntry, PlannedGroup } from '../plan.js';
import { rangeOf } from '../snippet.js';
import { planAsyncLimits } from './async-calls.js';
import { boundEntry } from './bound-flow.js';
import { isAsync, functionAround } from './fan-outs.js';
import { canImport, chooseLibrary } from './libraries.js';

const rule = 'callback-to-pool';

interface Plan {
  readonly groups: readonly PlannedGroup[];
  readonly refusals: readonly PlacedRefusal[];
}

/** Of what callback functions could become, only those with a fan-out, and these with a bound. */
export function planCallbackLimits(files: readonly FileContext[], read: Plan): Plan {
  const groups: PlannedGroup[] = [];
  const refusals: PlacedRefusal[] = [];
  const done = new Map<FileContext, ts.CallExpression[]>();
  for (const ctx of files) {
    const limits = planAsyncLimits(
      ctx,
      rule,
      (call) => !isAsync(functionAround(call)) && !ts.isAwaitExpression(call.parent),
    );
    groups.push(...limits.groups);
    refusals.push(...limits.refusals);
    done.set(ctx, limits.calls);
  }
  const holdsOne = (ctx: FileContext, at: { start: number; end: number }): boolean =>
    (done.get(ctx) ?? []).some((call) => at.start <= call.getStart() && call.end <= at.end);
  for (const group of read.groups) {
    if (group.entries.some(({ ctx, entry }) => holdsOne(ctx, entry.at))) continue;
    const bound = boundGroup(group);
    if (!bound) continue;
    if ('code' in bound) refusals.push({ ctx: group.main.ctx, rule, refusal: bound });
    else groups.push(bound);
  }
  for (const each of read.refusals)
    if (!holdsOne(each.ctx, functionAt(each)) && countsAnswers(each)) refusals.push({ ...each, rule });
  return { groups, refusals };
}

/** The group with every fan-out of its entries bounded; undefined when there is none. */
function boundGroup(group: PlannedGroup): PlannedGroup | Refusal | undefined {
  const entries: PlannedEntry[] = [];
  const beside: FileEdit[] = [];
  const notes = [...group.notes];
  let count = 0;
  for (const { ctx, entry } of group.entries) {
    const chosen = chooseLibrary(ctx, (library) => library === 'p-limit');
    const mapper = chooseLibrary(ctx, (library) => library === 'p-map');
    const bound =
      chosen === 'esm-only' ? undefined : boundEntry(entry, ctx, chosen, mapper === 'esm-only' ? undefined : mapper);
    if (bound && 'refusal' in bound) return bound.refusal;
    if (!bound) return { code: 'library-esm-only', at: entry.at };
    if (bound.count + bound.windows > 0 && !canImport(ctx)) return { code: 'reference-use', at: entry.at };
    for (const [uses, library] of [[bound.count, chosen] as const, [bound.windows, mapper] as const])
      if (uses > 0 && library !== 'esm-only' && library.beside) {
        beside.push(library.beside);
        notes.push({ code: 'dependency-added', at: entry.at });
      }
    count += bound.count + bound.windows;
    notes.push(...bound.notes);
    entries.push({ ctx, entry: bound.entry });
  }
  return count === 0 ? undefined : { ...group, rule, entries, beside, notes };
}

/** The function that a refusal is about. */
function functionAt({ ctx, refusal }: PlacedRefusal): { start: number; end: number } {
  let found: ts.Node = ctx.file;
  const visit = (node: ts.Node): void => {
    if (node.getStart() > refusal.at.start || node.end < refusal.at.end) return;
    if (ts.isFunctionLike(node) && found === ctx.file) found = node;
    ts.forEachChild(node, visit);
  };
  visit(ctx.file);
  return found === ctx.file ? refusal.at : rangeOf(found);
}

/** A function that starts something for each item and counts the answers: a fan-out, if it could be read. */
function countsAnswers(each: PlacedRefusal): boolean {
  const at = functionAt(each);
  const text = each.ctx.text.slice(at.start, at.end);
  return (
    /\.forEach\s*\(|\b(?:for|while)\s*\(|\.map\s*\(/.test(text) &&
    /--\s*\w+|\w+\s*--|\+\+\s*\w+|\w+\s*\+\+|[+-]=\s*1\b/.test(text) &&
    /\.length\b/.test(text)
  );
}
