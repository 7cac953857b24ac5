import type { Language, Style, TransformOptions, ProjectView } from '../types.js';
import type { FileContext } from '../javascript/context.js';
import type { PlacedRefusal, PlannedGroup } from '../javascript/plan.js';

/** One direction that a user can ask for. Its file's doc comment is its docs page. */
export interface Transform {
  /** `promise-to-async`: what reports, configs and `list` call it. */
  readonly name: string;
  readonly from: Style;
  readonly to: Style;
  readonly languages: readonly Language[];
  /** Finds every site of its style and says what it would change and what it leaves. Pure. */
  plan(files: readonly FileContext[], options: TransformOptions, view: ProjectView): Plan;
}

export interface Plan {
  readonly groups: readonly PlannedGroup[];
  readonly refusals: readonly PlacedRefusal[];
}

/** Is this direction one of those that a run asks for? */
export const isAsked = (
  { name, from, to }: { readonly name: string; readonly from: Style; readonly to: Style },
  options: TransformOptions,
): boolean =>
  to === options.to && (!options.from || from === options.from) && (!options.rules || options.rules.includes(name));
