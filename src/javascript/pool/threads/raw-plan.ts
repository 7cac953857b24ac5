import type { ProjectView } from '../../../types.js';
import { originOf } from '../../calls/origin.js';
import type { FileContext } from '../../context.js';
import { ts } from '../../parse.js';
import type { PlacedRefusal, PlannedGroup } from '../../plan.js';
import { rangeOf } from '../../snippet.js';
import { importsLeft, withoutLines } from '../to-plain.js';
import { resultsOf } from './cloneable.js';
import { changesItsItem, unsafeNotes } from './here.js';
import { rawSiteOf, type RawSite } from './raw.js';
import type { WorkerTask } from './worker.js';

/** The workers of Node's own that a file starts: those that do one thing become calls of it in this thread. */
export function planRawWorkers(
  ctx: FileContext,
  files: readonly FileContext[],
  rule: string,
  view: ProjectView,
): { groups: PlannedGroup[]; refusals: PlacedRefusal[] } {
  const sites: RawSite[] = [];
  const refusals: PlacedRefusal[] = [];
  for (const made of rawWorkersIn(ctx)) {
    const read = rawSiteOf(made, files, ctx, view);
    if ('code' in read) refusals.push({ ctx, rule, refusal: read });
    else if (changesItsItem(read.task) || givesItsItem(read.task))
      refusals.push({
        ctx,
        rule,
        refusal: {
          code: 'not-cloneable',
          at: rangeOf(made),
          detail: 'a changed item',
        },
      });
    else sites.push(read);
  }
  const isUnsafe = ({ task, made }: RawSite): boolean => unsafeNotes(task, rangeOf(made)).length > 0;
  const groups = [sites.filter((site) => !isUnsafe(site)), sites.filter(isUnsafe)]
    .filter((members) => members.length > 0)
    .map((members) => groupOf(members, ctx, rule));
  return { groups, refusals };
}

/** What it was given is part of what it gives: a copy of a copy came out of the thread. */
function givesItsItem({ fn }: WorkerTask): boolean {
  const [param] = fn.parameters;
  const name = param && ts.isIdentifier(param.name) ? param.name.text : undefined;
  const holds = (node: ts.Node): boolean => {
    if (ts.isIdentifier(node)) return node.text === name;
    if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isPropertyAccessExpression(node)) return false;
    if (ts.isPropertyAssignment(node)) return holds(node.initializer);
    return !ts.isFunctionLike(node) && !!ts.forEachChild(node, (child) => holds(child) || undefined);
  };
  return name !== undefined && resultsOf(fn).some(holds);
}

function rawWorkersIn(ctx: FileContext): ts.NewExpression[] {
  if (!/\bworker_threads\b/.test(ctx.text)) return [];
  const found: ts.NewExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node)) {
      const origin = originOf(node.expression, ctx.scopes);
      if (origin?.module === 'worker_threads' && origin.path[0] === 'Worker') found.push(node);
    }
    ts.forEachChild(node, visit);
  };
  visit(ctx.file);
  return found;
}

/** The workers' files and the one that starts them change together. */
function groupOf(sites: readonly RawSite[], ctx: FileContext, rule: string): PlannedGroup {
  const gone = sites.map(({ promise }) => promise);
  const imports = importsLeft(ctx, ['worker_threads', 'node:worker_threads', 'path', 'node:path'], gone);
  const all = [...sites.flatMap(({ edits }) => edits), ...withoutLines(imports.unused, ctx, true)];
  const needs = sites.map(({ need }) => need);
  return {
    rule,
    title: `${sites.map(({ need }) => need.from).join(', ')} ${sites.length === 1 ? 'runs' : 'run'} in this thread`,
    entries: [],
    edits: [
      ...all.map((edit, index) => ({
        ctx,
        edit,
        ...(index === 0 && { needs }),
      })),
      ...sites.flatMap(({ worker, workerEdits }) => workerEdits.map((edit) => ({ ctx: worker, edit }))),
    ],
    unsafe: sites.flatMap(({ task, made }) => unsafeNotes(task, rangeOf(made))),
    notes: [],
    main: { ctx, at: sites[0]!.made.getStart() },
  };
}
