import type { TextEdit } from '../../edits/edits.js';
import type { Note, Refusal } from '../../flow/model.js';
import type { Style } from '../../types.js';
import { bare } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { localNameFor } from '../imports.js';
import { ts } from '../parse.js';
import type { PlacedRefusal, PlannedGroup } from '../plan.js';
import { rangeOf } from '../snippet.js';
import { planAsyncLimits } from './async-calls.js';
import { isBounded } from './bounded.js';
import { mostItems } from './count.js';
import { fanOutsIn, functionAround, functionOf, isAsync, isWindow, type FanOut } from './fan-outs.js';
import { canImport, chooseLibrary, type Chosen, type Library } from './libraries.js';
import { declareAt, isWaitedFor, placeFor, scopeOf, type Place } from './place.js';
import { planPushes } from './push-limits.js';
import { wrapTask } from './task.js';
import type { Ready } from './threads/on-threads.js';
import { planThreads, threadGroups } from './threads/plan.js';

type From = Exclude<Style, 'pool' | 'callback'>;

/** One fan-out and how it is bounded. */
interface Site {
  readonly ctx: FileContext;
  readonly fanOut: FanOut;
  readonly most: number;
  readonly chosen: Chosen;
  readonly place: Place;
  readonly notes: readonly Note[];
}

interface Found {
  readonly groups: readonly PlannedGroup[];
  readonly refusals: readonly PlacedRefusal[];
}

/** Fan-outs of async functions (`from: async`) or of promise chains that get a bound; nothing else of a function changes. */
export function planLimits(files: readonly FileContext[], from: From): Found {
  const groups: PlannedGroup[] = [];
  const refusals: PlacedRefusal[] = [];
  for (const ctx of files) {
    const all = fanOutsIn(ctx).filter((each) => !isBounded(each, ctx) && !isWindow(each, ctx));
    const sites: Site[] = [];
    const onThreads: Ready[] = [];
    for (const fanOut of all) {
      if (styleAround(fanOut) !== from) continue;
      const threads = planThreads(fanOut, wrongWith(fanOut, all, ctx), ctx);
      if (threads) {
        if ('code' in threads) refusals.push({ ctx, rule: `${from}-to-pool`, refusal: threads });
        else onThreads.push(threads);
        continue;
      }
      const read = siteOf(fanOut, all, ctx);
      if ('code' in read) refusals.push({ ctx, rule: `${from}-to-pool`, refusal: read });
      else sites.push(read);
    }
    const threaded = threadGroups(onThreads, `${from}-to-pool`, ctx);
    const others = ctx.options.pool === 'threads' ? [] : othersIn(ctx, from);
    groups.push(...groupsOf(sites, ctx, `${from}-to-pool`), ...threaded.groups, ...others.flatMap((one) => one.groups));
    refusals.push(...threaded.refusals, ...others.flatMap((one) => one.refusals));
  }
  return { groups, refusals };
}

/** Fan-outs that are no `map`: jobs that a loop starts, and the `async` library with promises. */
function othersIn(ctx: FileContext, from: From): Found[] {
  const rule = `${from}-to-pool`;
  const pushes = planPushes(ctx, rule, (join) => styleAround({ join }) === from);
  const isAwaited = (call: ts.CallExpression): boolean => from === 'async' && ts.isAwaitExpression(call.parent);
  return [pushes, planAsyncLimits(ctx, rule, isAwaited)];
}

/** The style of the function that a fan-out stands in; at the top of a module that waits it is async. */
function styleAround({ join }: Pick<FanOut, 'join'>): From {
  const around = functionAround(join);
  if (isAsync(around)) return 'async';
  return !around && ts.isAwaitExpression(join.parent) ? 'async' : 'promise';
}

function siteOf(fanOut: FanOut, all: readonly FanOut[], ctx: FileContext): Site | Refusal {
  const { options } = ctx;
  const at = rangeOf(fanOut.join);
  const wrong = wrongWith(fanOut, all, ctx);
  if (wrong) return wrong;
  const count = mostItems(fanOut.list, ctx);
  if (count === undefined && options.limit === undefined) return { code: 'bound-unknown', at };
  const most = Math.max(1, Math.min(count ?? Infinity, options.limit ?? Infinity));
  const place = placeFor(fanOut.named ?? fanOut.join);
  const chosen = chooseLibrary(ctx, (library) => fits(library, fanOut, ctx, !!place));
  if (chosen === 'esm-only') return { code: 'library-esm-only', at };
  if (!place && chosen.library !== 'p-map') return { code: 'no-async-here', at };
  const isFewer = options.limit !== undefined && most < (count ?? Infinity);
  const notes: Note[] = [
    ...(isFewer ? [{ code: 'fewer-at-once', at }] : []),
    ...(chosen.beside ? [{ code: 'dependency-added', at }] : []),
  ];
  return { ctx, fanOut, most, chosen, place: place!, notes };
}

/** What a task or the place of a fan-out must not be; one reason per line. */
function wrongWith(fanOut: FanOut, all: readonly FanOut[], ctx: FileContext): Refusal | undefined {
  const at = rangeOf(fanOut.join);
  const task = bare(fanOut.task);
  const fn = functionOf(task, ctx);
  const own = fn && (task === fn ? fn : undefined);
  if (!canImport(ctx)) return { code: 'reference-use', at };
  if (own && !startsSomething(own.body!)) return { code: 'already-started', at };
  if (own && ts.isFunctionExpression(own) && own.asteriskToken) return { code: 'generator', at };
  if (fanOut.named && !isUsedAtOnce(fanOut, ctx)) return { code: 'already-started', at };
  // Thrown while the list is walked it ends the walk; thrown in its turn it would only fail one task.
  if (own && !isAsync(own) && throwsItself(own.body!)) return { code: 'sync-throw', at: rangeOf(own) };
  const isOther = (node: ts.Node): boolean => all.some(({ join }) => join === bare(node));
  if (!isWaitedFor(fanOut.join, isOther)) return { code: 'microtask-order', at };
  return undefined;
}

/** A call, a `new` or an `await`: a task that only reads a promise out of its item has nothing that could wait for its turn. */
function startsSomething(node: ts.Node): boolean {
  if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isTaggedTemplateExpression(node))
    return !isChainOn(node);
  if (ts.isAwaitExpression(node)) return startsSomething(node.expression);
  return !!ts.forEachChild(node, (child) => startsSomething(child) || undefined);
}

/** `job.then(f)` of a name: the promise is under way. */
function isChainOn(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
  const { name, expression } = node.expression;
  if (!/^(then|catch|finally)$/.test(name.text)) return false;
  return ts.isIdentifier(expression) || ts.isPropertyAccessExpression(expression) || isChainOn(expression);
}

function throwsItself(node: ts.Node): boolean {
  if (ts.isThrowStatement(node)) return true;
  if (ts.isFunctionLike(node)) return false;
  return !!ts.forEachChild(node, (child) => throwsItself(child) || undefined);
}

/** `const jobs = list.map(task);` is followed by the statement with the join, and nobody else looks at `jobs`. */
function isUsedAtOnce({ named, join }: FanOut, ctx: FileContext): boolean {
  const symbol = ts.isIdentifier(named!.name) ? ctx.scopes.symbolOf(named!.name) : undefined;
  const list = named!.parent;
  if (!symbol || ctx.scopes.references(symbol).length !== 2 || !ts.isVariableDeclarationList(list)) return false;
  const statement = list.parent;
  if (list.declarations.length > 1 || !ts.isVariableStatement(statement)) return false;
  const block = statement.parent;
  if (!ts.isBlock(block) && !ts.isSourceFile(block)) return false;
  const next = block.statements[block.statements.indexOf(statement) + 1];
  return !!next && next.pos <= join.pos && join.end <= next.end && functionAround(join) === functionAround(named!);
}

/** Can this library say the fan-out, with the same results and the same rule at the first failure? */
function fits(library: Library, fanOut: FanOut, ctx: FileContext, hasPlace: boolean): boolean {
  if (library === 'p-limit') return hasPlace;
  if (fanOut.settled || fanOut.named || !fanOut.native) return false;
  if (library === 'p-map' && ts.isObjectLiteralExpression(bare(fanOut.list))) return false; // `{ length: 6 }` is no iterable
  if (library === 'p-queue')
    return hasPlace && !functionOf(fanOut.task, ctx)?.parameters.some((each) => each.dotDotDotToken);
  // The mapper gets the item, awaited, and its index.
  const fn = functionOf(fanOut.task, ctx);
  if (!fn || fn.parameters.length > 2 || fn.parameters.some((each) => each.dotDotDotToken)) return false;
  const [item] = fn.parameters;
  const name = item && ts.isIdentifier(item.name) ? item.name.text : undefined;
  return (
    name === undefined || !new RegExp(`\\b${name}\\s*\\.\\s*(then|catch|finally)\\b`).test(fn.body?.getText() ?? '')
  );
}

/** Sites that stand inside one another are one group: their edits meet at the same places. */
function groupsOf(sites: readonly Site[], ctx: FileContext, rule: string): PlannedGroup[] {
  const names = limiterNames(sites, ctx);
  const roots = sites.filter((site) => !sites.some((other) => other !== site && isInside(site, other)));
  return roots.map((root) => {
    const members = sites.filter((site) => site === root || isInside(site, root));
    const written = members.map((site) => write(site, names.get(site)!));
    const needs = members.map((site) => site.chosen.need);
    const starts = written.flatMap((each) => each.starts);
    const ends = [...written].reverse().flatMap((each) => each.ends);
    const edits = [...merged(starts), ...merged(ends)];
    const { join } = root.fanOut;
    return {
      rule,
      title: `at most ${root.most} at once`,
      entries: [],
      edits: edits.map((edit, at) => ({ ctx, edit, ...(at === 0 && { needs }) })),
      beside: members.flatMap(({ chosen }) => (chosen.beside ? [chosen.beside] : [])),
      unsafe: [],
      notes: members.flatMap((site) => site.notes),
      main: { ctx, at: join.getStart() },
    };
  });
}

/** Edits that meet at one place as one, outer text before inner where tasks begin, the other way round where they end. */
function merged(edits: readonly TextEdit[]): TextEdit[] {
  const out: TextEdit[] = [];
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    const last = out.at(-1);
    if (!last || edit.start > last.end) out.push(edit);
    else {
      const text = last.text.endsWith(' ') ? edit.text.replace(/^ /, '') : edit.text;
      out.splice(-1, 1, { start: last.start, end: Math.max(last.end, edit.end), text: last.text + text });
    }
  }
  return out;
}

const isInside = (site: Site, other: Site): boolean => {
  const around = other.fanOut.map;
  return around.pos <= site.fanOut.join.pos && site.fanOut.join.end <= around.end;
};

/** A name for each limiter that nothing in the file has, and no limiter that can be seen from there. */
function limiterNames(sites: readonly Site[], ctx: FileContext): Map<Site, string> {
  const inFile = ctx.scopes.namesWithin(ctx.file);
  const names = new Map<Site, string>();
  for (const site of sites) {
    if (!site.place) {
      names.set(site, '');
      continue;
    }
    const scope = scopeOf(site.place);
    const near = [...names]
      .filter(([other]) => other.place && overlaps(scopeOf(other.place), scope))
      .map(([, name]) => name);
    const wish = site.chosen.library === 'p-queue' ? 'queue' : 'limit';
    let name = wish;
    for (let n = 2; inFile.has(name) || near.includes(name); n++) name = `${wish}${n}`;
    names.set(site, name);
  }
  return names;
}

const overlaps = (a: ts.Node, b: ts.Node): boolean =>
  (a.pos <= b.pos && b.end <= a.end) || (b.pos <= a.pos && a.end <= b.end);

interface Written {
  readonly starts: readonly TextEdit[];
  readonly ends: readonly TextEdit[];
}

function write(site: Site, name: string): Written {
  const { fanOut, most, chosen, ctx, place } = site;
  const local = localNameFor(ctx, chosen.need);
  if (chosen.library === 'p-map') return asMap(fanOut, local, most);
  const isQueue = chosen.library === 'p-queue';
  const made = isQueue ? `new ${local}({ concurrency: ${most} })` : `${local}(${most})`;
  const declared = declareAt(place, `const ${name} = ${made}`, ctx);
  const wrapping = isQueue
    ? { open: '', close: '', spread: (fn: string) => `() => ${/^[\w$.]+$/.test(fn) ? fn : `(${fn})`}(...args)` }
    : { open: `${name}(`, close: ')', spread: (fn: string) => `${name}(${fn}, ...args)` };
  const task = wrapTask(fanOut, wrapping, ctx, [name]);
  const join = isQueue ? [joinBy(fanOut, `${name}.addAll`)] : [];
  return {
    starts: [...declared.starts, ...join, ...task.starts],
    ends: [...task.ends, ...declared.ends],
  };
}

// Promise.all(urls.map(load))
// ~~~~~~~~~~~ queue.addAll
function joinBy({ join }: FanOut, text: string): TextEdit {
  return { start: join.expression.getStart(), end: join.expression.end, text };
}

// Promise.all(urls.map(load))
// ~~~~~~~~~~~~    ~~~~~    ~~   pMap(urls, load, { concurrency: 6 })
function asMap({ join, list, task }: FanOut, local: string, most: number): Written {
  return {
    starts: [
      { start: join.getStart(), end: list.getStart(), text: `${local}(` },
      { start: list.end, end: task.getStart(), text: ', ' },
    ],
    ends: [{ start: task.end, end: join.end, text: `, { concurrency: ${most} })` }],
  };
}
