import type { Refusal } from '../../flow/model.js';
import { originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import type { PlacedRefusal, PlannedGroup } from '../plan.js';
import { rangeOf } from '../snippet.js';
import { mostItems, numberOf } from './count.js';

/** Functions of the `async` library that start everything at once and have a sister with a limit. */
const unbounded = /^(each|forEach|eachOf|forEachOf|map|mapValues|filter|select|reject|times)$/;

/** `async.map(list, task, cb)`: the sister with a limit says the same, results beside an error included. */
export function planAsyncLimits(
  ctx: FileContext,
  rule: string,
  isOurs: (call: ts.CallExpression) => boolean,
): { groups: PlannedGroup[]; refusals: PlacedRefusal[]; calls: ts.CallExpression[] } {
  const groups: PlannedGroup[] = [];
  const refusals: PlacedRefusal[] = [];
  const calls = asyncCallsIn(ctx).filter(isOurs);
  for (const call of calls) {
    const read = limitOf(call, ctx);
    if ('code' in read) refusals.push({ ctx, rule, refusal: read });
    else groups.push(groupOf(call, read, ctx, rule));
  }
  return { groups, refusals, calls };
}

export function asyncCallsIn(ctx: FileContext): ts.CallExpression[] {
  if (!/['"]async(\/\w+)?['"]/.test(ctx.text)) return [];
  const found: ts.CallExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isUnbounded(node, ctx)) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(ctx.file);
  return found;
}

/** Only `async.map`: a name that was imported alone would have to change with its import. */
function isUnbounded({ expression, arguments: args }: ts.CallExpression, ctx: FileContext): boolean {
  if (!ts.isPropertyAccessExpression(expression) || args.length < 2 || args.some(ts.isSpreadElement)) return false;
  const origin = originOf(expression, ctx.scopes);
  return origin?.module === 'async' && origin.path.length === 1 && unbounded.test(origin.path[0]!);
}

function limitOf(call: ts.CallExpression, ctx: FileContext): { most: number; fewer: boolean } | Refusal {
  const [list] = call.arguments as unknown as [ts.Expression];
  const isTimes = (call.expression as ts.PropertyAccessExpression).name.text === 'times';
  const count = isTimes ? numberOf(list) : mostItems(list, ctx);
  const asked = ctx.options.limit;
  if (count === undefined && asked === undefined) return { code: 'bound-unknown', at: rangeOf(call) };
  const most = Math.max(1, Math.min(count ?? Infinity, asked ?? Infinity));
  return { most, fewer: asked !== undefined && most < (count ?? Infinity) };
}

// async.map(ids, load, cb)
//       ~~~Limit  ~ , 6
function groupOf(
  call: ts.CallExpression,
  read: { most: number; fewer: boolean },
  ctx: FileContext,
  rule: string,
): PlannedGroup {
  const { name } = call.expression as ts.PropertyAccessExpression;
  const [list, task] = call.arguments as unknown as [ts.Expression, ts.Expression];
  // On a line of its own where the others are.
  const between = /^,(\s*\n\s*)$/.exec(ctx.text.slice(list.end, task.getStart()))?.[1] ?? ' ';
  return {
    rule,
    title: `at most ${read.most} at once`,
    entries: [],
    edits: [
      { ctx, edit: { start: name.end, end: name.end, text: 'Limit' } },
      { ctx, edit: { start: list.end, end: list.end, text: `,${between}${read.most}` } },
    ],
    unsafe: [],
    notes: read.fewer ? [{ code: 'fewer-at-once', at: rangeOf(call) }] : [],
    main: { ctx, at: call.getStart() },
  };
}
