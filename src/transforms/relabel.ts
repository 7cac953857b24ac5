import type { Plan } from './transform.js';

/**
 * A plan that a reader made for async functions, told as the plan of another direction: the same sites, under the name of what they
 * become. `becomes`: what stands for `becomes async` in a title.
 */
export function relabel(plan: Plan, rule: string, becomes: string): Plan {
  const title = (text: string): string => text.replace(/\b(?:becomes async|gives a promise)\b/g, becomes);
  return {
    groups: plan.groups.map((group) => ({ ...group, rule, title: title(group.title) })),
    refusals: plan.refusals.map((each) => ({ ...each, rule })),
  };
}
