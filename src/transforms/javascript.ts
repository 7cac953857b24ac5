import { isTooDeep, TOO_DEEP } from '../edits/too-deep.js';
import { compose, type Composed, type WrittenGroup } from '../javascript/compose.js';
import type { FileContext } from '../javascript/context.js';
import { contextsOf } from '../javascript/contexts.js';
import type { PlacedRefusal, PlannedGroup } from '../javascript/plan.js';
import { typesFor, type Types } from '../javascript/types.js';
import { findWrong } from '../javascript/verify.js';
import type { FileError, ProjectResult, ProjectView, SourceText, Style, TransformOptions } from '../types.js';
import { asyncToCallback } from './async-to-callback.js';
import { asyncToPool } from './async-to-pool.js';
import { asyncToPromise } from './async-to-promise.js';
import { callbackToAsync } from './callback-to-async.js';
import { callbackToPool } from './callback-to-pool.js';
import { callbackToPromise } from './callback-to-promise.js';
import { withoutIgnored } from './ignore.js';
import { poolToAsync } from './pool-to-async.js';
import { followers, poolsFirst, withoutWindows } from './pools.js';
import { poolToCallback } from './pool-to-callback.js';
import { poolToPromise } from './pool-to-promise.js';
import { promiseToAsync } from './promise-to-async.js';
import { promiseToCallback } from './promise-to-callback.js';
import { promiseToPool } from './promise-to-pool.js';
import { changeOf, refusedOf, sortPlaces, unsafeOf } from './result.js';
import { untilNothingChanges } from './rounds.js';
import { isAsked, type Plan, type Transform } from './transform.js';

/** What can be asked for in JavaScript and TypeScript. */
export const transforms: readonly Transform[] = [
  callbackToAsync,
  callbackToPromise,
  promiseToAsync,
  asyncToPromise,
  promiseToCallback,
  asyncToCallback,
  poolToAsync,
  poolToPromise,
  poolToCallback,
  callbackToPool,
  asyncToPool,
  promiseToPool,
];

/**
 * Converts the files of one project. Pure: it reads other files through `view` only, and gives edits, never new files on disk.
 * Never throws for what users wrote: what can't be parsed or converted is in the result, and a defect of ours in one file
 * leaves that file alone.
 */
export function convertJavaScript(
  files: readonly SourceText[],
  options: TransformOptions,
  view: ProjectView,
): ProjectResult {
  const asked = transforms.filter((each) => isAsked(each, options));
  const wanted = transforms.filter((each) => isAsked(each, { to: options.to, rules: options.rules }));
  const types = options.types ? typesFor(view, files) : undefined;
  const first = convertOnce(files, asked, options, view, types);
  // Callback functions are decided together with all their callers, once: only chains are looked at again.
  const again = asked.filter((each) => each.from !== 'callback');
  const result = untilNothingChanges(first, files, view, (changed, later, touched) => {
    types?.follow(changed);
    const behindPools = options.from === 'pool' ? followers(wanted, options.to, touched) : [];
    return convertOnce(changed, [...again, ...behindPools], options, later, types);
  });
  types?.follow(files); // another project of the run may share the configuration
  return types?.warnings.length ? { ...result, warnings: types.warnings } : result;
}

function convertOnce(
  files: readonly SourceText[],
  asked: readonly Transform[],
  options: TransformOptions,
  view: ProjectView,
  types?: Types,
): ProjectResult {
  const { contexts, errors } = contextsOf(files, options, view, types);
  const plans = asked.map((transform) =>
    withoutIgnored(withoutWindows(planSafely(transform, contexts, options, view, errors))),
  );
  const groups = withoutClashes(
    poolsFirst(
      plans.flatMap((plan) => plan.groups),
      options.unsafe,
    ),
  );
  const allowed = groups.filter((group) => options.unsafe || group.unsafe.length === 0);
  const { written, unsaid } = composeSafely(allowed, options.to, errors);
  const { good, broken } = verified(written, errors);
  const said: PlacedRefusal[] = [
    ...plans.flatMap((plan) => plan.refusals),
    ...unsaid.map(({ group, code, at, ctx }) => ({ ctx, rule: group.rule, refusal: { code, at } })),
    ...broken,
  ];
  const refused = said.filter((each) => !each.ignored).map(refusedOf);
  const waiting = groups.filter((group) => !allowed.includes(group)).map(unsafeOf);
  const ignored = said.filter((each) => each.ignored).map(refusedOf);
  const changed = good.reduce((sum, group) => sum + group.members.length, 0);
  return {
    groups: sortPlaces(good.map(changeOf)),
    refused: sortPlaces([...refused, ...waiting]),
    errors,
    ignored: sortPlaces(ignored),
    sites: changed + refused.length + waiting.length + ignored.length,
  };
}

/** When a writer throws, the files that make it throw are found one by one and left alone; the others are written without them. */
function composeSafely(groups: readonly PlannedGroup[], to: Style, errors: FileError[]): Composed {
  try {
    return compose(groups, to);
  } catch (thrown) {
    const byFile = new Map<FileContext, PlannedGroup[]>();
    for (const group of groups) byFile.set(group.main.ctx, [...(byFile.get(group.main.ctx) ?? []), group]);
    const sound = [...byFile].flatMap(([ctx, inFile]) => {
      try {
        compose(inFile, to);
        return inFile;
      } catch (own) {
        errors.push(defectIn(ctx, own));
        return [];
      }
    });
    if (sound.length < groups.length) return composeSafely(sound, to, errors);
    // It only throws with all of them together: nothing is converted rather than something wrong.
    errors.push(...[...byFile.keys()].map((ctx) => defectIn(ctx, thrown)));
    return { written: [], unsaid: [] };
  }
}

/** When a reader throws, the files that make it throw are found one by one and left alone; the others are planned without them. */
function planSafely(
  transform: Transform,
  contexts: readonly FileContext[],
  options: TransformOptions,
  view: ProjectView,
  errors: FileError[],
): Plan {
  try {
    return transform.plan(contexts, options, view);
  } catch (thrown) {
    if (contexts.length === 1) {
      errors.push(defectIn(contexts[0]!, thrown));
      return { groups: [], refusals: [] };
    }
    const sound = contexts.filter((ctx) => {
      try {
        transform.plan([ctx], options, view);
        return true;
      } catch (own) {
        errors.push(defectIn(ctx, own));
        return false;
      }
    });
    if (sound.length < contexts.length) return planSafely(transform, sound, options, view, errors);
    // It only throws with all of them together: nothing is converted rather than something wrong.
    errors.push(...contexts.map((ctx) => defectIn(ctx, thrown)));
    return { groups: [], refusals: [] };
  }
}

function defectIn(ctx: FileContext, thrown: unknown): FileError {
  if (isTooDeep(thrown)) return { path: ctx.path, line: 0, column: 0, kind: 'too-large', message: TOO_DEEP };
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const frame = thrown instanceof Error ? /\n\s+at (.*)/.exec(thrown.stack ?? '')?.[1] : undefined;
  return {
    path: ctx.path,
    line: 1,
    column: 1,
    kind: 'internal-error',
    message: frame ? `${message} (${frame})` : message,
  };
}

/** Two plans for one body can't both be carried out: the first stands. */
function withoutClashes(groups: readonly PlannedGroup[]): PlannedGroup[] {
  const taken = new Map<FileContext, PlannedGroup['entries'][number]['entry']['body'][]>();
  const isInWhole = (group: PlannedGroup): boolean =>
    groups.some(
      (other) =>
        other !== group &&
        other.wholes?.some((whole) =>
          group.entries.some(
            ({ ctx, entry }) => whole.ctx === ctx && whole.at.start <= entry.at.start && entry.at.end <= whole.at.end,
          ),
        ),
    );
  return groups.filter((group) => {
    if (isInWhole(group)) return false;
    const clashes = group.entries.some(({ ctx, entry }) =>
      (taken.get(ctx) ?? []).some((body) => {
        const apart = body.end <= entry.body.start || entry.body.end <= body.start;
        const inside = body.start < entry.body.start && entry.body.end < body.end;
        const around = entry.body.start < body.start && body.end < entry.body.end;
        return !apart && !inside && !around;
      }),
    );
    if (clashes) return false;
    for (const { ctx, entry } of group.entries) taken.set(ctx, [...(taken.get(ctx) ?? []), entry.body]);
    return true;
  });
}

function verified(
  written: readonly WrittenGroup[],
  errors: FileError[],
): { good: WrittenGroup[]; broken: PlacedRefusal[] } {
  const wrong = findWrong(written);
  const broken: PlacedRefusal[] = [];
  for (const { group, ctx, why, detail } of wrong) {
    const { main, rule } = group.members[0]!;
    if (why === 'unparsable') errors.push(defectIn(ctx, new Error(`the result would not parse: ${detail}`)));
    else
      broken.push({
        ctx: main.ctx,
        rule,
        refusal: { code: why, at: { start: main.at, end: main.at + 1 }, detail },
      });
  }
  const bad = new Set(wrong.map((each) => each.group));
  return { good: written.filter((group) => !bad.has(group)), broken };
}
