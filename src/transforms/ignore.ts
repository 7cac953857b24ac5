import type { FileContext } from '../javascript/context.js';
import { ignoresIn, type Ignored } from '../javascript/ignores.js';
import type { PlacedRefusal, PlannedGroup } from '../javascript/plan.js';
import type { Plan } from './transform.js';

/** The same plan without what the user asked to leave alone; what was left alone is told, as `ignored`. */
export function withoutIgnored(plan: Plan): Plan {
  const known = new Map<FileContext, Ignored[]>();
  const ignoreAt = (ctx: FileContext, at: number, rule: string): Ignored | undefined => {
    let all = known.get(ctx);
    if (!all) known.set(ctx, (all = ignoresIn(ctx.file)));
    return all.find((each) => each.start <= at && at < each.end && (!each.rule || each.rule === rule));
  };
  const groups: PlannedGroup[] = [];
  const refusals: PlacedRefusal[] = plan.refusals.map((each) =>
    ignoreAt(each.ctx, each.refusal.at.start, each.rule) ? { ...each, ignored: true } : each,
  );
  for (const group of plan.groups) {
    const places = [
      ...group.entries.map(({ ctx, entry }) => ({ ctx, at: entry.at })),
      ...group.edits.map(({ ctx, edit }) => ({ ctx, at: edit })),
    ];
    const ignored = places.find(({ ctx, at }) => ignoreAt(ctx, at.start, group.rule));
    if (!ignored) groups.push(group);
    else
      refusals.push({
        ctx: ignored.ctx,
        rule: group.rule,
        ignored: true,
        refusal: { code: 'ignored', at: ignored.at },
      });
  }
  return { groups, refusals };
}
