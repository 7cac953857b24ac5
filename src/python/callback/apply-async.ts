import { inside, ownLines } from '../async/places.js';
import { isName, textOf, type PyFile } from '../file.js';
import { removeStatement } from '../imports.js';
import type { PyProject } from '../project.js';
import type { Piece } from '../rewrite.js';
import type { Binding } from '../scope.js';
import {
  blockOf,
  functionAround,
  parentOf,
  walk,
  type Assign,
  type Attribute,
  type Call,
  type Expr,
  type Keyword,
  type Node,
  type Stmt,
  type With,
} from '../tree.js';
import { link, refuse, touch, type Unit, type Units } from '../unit.js';
import { valueOf } from '../values.js';
import { aloneIn, deliver, looseVariable } from './deliver.js';
import { mapAsync } from './map-async.js';
import { tiedToThread } from './quick.js';

/**
 * `pool.apply_async(f, args, callback=g, error_callback=h)`: the thread pool becomes an executor, and the code that waited for it calls `g` and `h`, one
 * after the other, as the handler thread of the pool did.
 */
export function asyncResults(project: PyProject, units: Units, file: PyFile, calls: readonly Call[]): void {
  const pools = new Map<Binding, Call[]>();
  for (const call of calls) {
    const receiver = (call.func as Attribute).value;
    const kind = valueOf(project, file, receiver)?.kind;
    if (!/^(?:Thread|Process)Pool$/.test(kind ?? '') || !hasCallback(call)) continue;
    const unit = units.around(file, call);
    touch(unit, call);
    if (kind === 'ProcessPool') refuse(unit, 'process-pool', call);
    else if (!isName(receiver) || file.scopes.bindingOf(receiver)?.sites.length !== 1)
      refuse(unit, 'task-escapes', call);
    else {
      const binding = file.scopes.bindingOf(receiver)!;
      pools.set(binding, [...(pools.get(binding) ?? []), call]);
    }
  }
  for (const [binding, sites] of pools) {
    const isMap = (call: Call): boolean => (call.func as Attribute).attr !== 'apply_async';
    const unit = units.around(file, sites[0]!);
    for (const site of sites) link(unit, units.around(file, site));
    if (sites.every(isMap)) sites.forEach((site) => mapAsync(project, units, file, site));
    else if (sites.some(isMap)) refuse(unit, 'mixed-style', sites[0]!);
    else writePool(project, units, file, binding, sites);
  }
}

const hasCallback = (call: Call): boolean =>
  call.keywords.some((each) => /^(?:error_)?callback$/.test(each.arg ?? '')) || call.args.length > 3;

/** What a call of `apply_async` says. */
interface Asked {
  readonly call: Call;
  readonly stmt: Stmt;
  readonly worker: Expr;
  readonly args: readonly Piece[];
  readonly callback?: Expr;
  readonly failed?: Expr;
}

function writePool(project: PyProject, units: Units, file: PyFile, binding: Binding, calls: readonly Call[]): void {
  const unit = units.around(file, calls[0]!);
  const frame = frameOf(unit, binding);
  if (!frame) return refuse(unit, 'task-escapes', calls[0]!);
  const asked: Asked[] = [];
  for (const call of calls) {
    const one = readCall(units, file, call);
    if (!one) return;
    if (functionAround(call) !== functionAround(frame.made) || !frame.block.some((each) => inside(one.stmt, each)))
      return refuse(unit, 'task-escapes', call);
    asked.push(one);
  }
  if (!alikeIn(asked)) return refuse(unit, 'mixed-style', asked[1]!.call);
  for (const one of asked) if (!callbacksAreFine(project, unit, one, frame.block)) return;
  const limit = workers(units, unit, frame.call);
  if (limit === undefined) return;
  const executor = units.need(unit, 'concurrent.futures', 'ThreadPoolExecutor');
  const deeper = frame.made.nodeType === 'With' ? '' : file.unit;
  const [first] = asked;
  const alike = asked.length === 1 && callbacksOf(first!).every((each) => staysTheSame(file, each, frame.block));
  deliver(project, units, {
    unit,
    file,
    block: frame.block,
    deeper,
    endsWithWork: true,
    alike,
    grows: false,
    sites: asked.map((one) => ({
      unit,
      stmt: one.stmt,
      future: [`${binding.name}.submit(`, one.worker, ...one.args, ')'],
      kept: callbacksOf(one),
    })),
    lines: (future, kept) => calling(units, file, first!, future, alike ? undefined : kept),
  });
  if (unit.refusals.length > 0) return;
  writeFrame(unit, frame, `${executor}(max_workers=${limit})`, binding.name);
}

// ---- the pool ----

interface Frame {
  readonly made: Stmt;
  readonly call: Call;
  readonly block: readonly Stmt[];
  readonly close: readonly Stmt[];
}

/** The statements between the making of a pool and its `join()`; it is used for `apply_async` only. */
function frameOf(unit: Unit, binding: Binding): Frame | undefined {
  const { file } = unit;
  const site = parentOf(binding.sites[0]!);
  const made = site?.nodeType === 'WithItem' ? (parentOf(site) as With) : site;
  if (made?.nodeType !== 'With' && made?.nodeType !== 'Assign') return undefined;
  if (made.nodeType === 'With' && made.items.length !== 1) return undefined;
  const call = made.nodeType === 'With' ? made.items[0]!.context_expr : (made as Assign).value;
  if (call.nodeType !== 'Call') return undefined;
  const all = made.nodeType === 'With' ? made.body : blockOf(made).slice(blockOf(made).indexOf(made) + 1);
  const ends = all.filter((each) => isEnd(file, each, binding.name));
  const join = ends.find((each) => textOf(file, each).endsWith('.join()'));
  if (!join || ends.length !== 2 || ends[1] !== join) return undefined;
  const methods = binding.uses.map((use) => parentOf(use)).filter((each) => each !== undefined);
  const known = methods.every(
    (each) => each.nodeType === 'Attribute' && /^(?:apply_async|close|join)$/.test(each.attr) && isCalled(each),
  );
  if (!known || binding.uses.length !== methods.length) return undefined;
  const block = all.slice(0, all.indexOf(join)).filter((each) => !ends.includes(each));
  return block.length > 0 ? { made, call, block, close: ends } : undefined;
}

const isCalled = (func: Node): boolean => {
  const call = parentOf(func);
  return call?.nodeType === 'Call' && call.func === func;
};

const isEnd = (file: PyFile, stmt: Stmt, name: string): boolean =>
  textOf(file, stmt) === `${name}.close()` || textOf(file, stmt) === `${name}.join()`;

/** How many threads, as text. */
function workers(units: Units, unit: Unit, call: Call): string | undefined {
  const [first, ...more] = [...call.args, ...call.keywords];
  const given = first?.nodeType === 'Keyword' ? first.value : first;
  const isOther = first?.nodeType === 'Keyword' && first.arg !== 'processes';
  if (more.length > 0 || isOther) {
    refuse(unit, 'pool-option', call, 'initializer');
    return undefined;
  }
  if (given && !(given.nodeType === 'Constant' && given.value === null)) return textOf(unit.file, given);
  return `${units.need(unit, 'os', 'cpu_count')}()`;
}

function writeFrame(unit: Unit, { made, block, close }: Frame, text: string, name: string): void {
  const { rewrite, file } = unit;
  for (const stmt of [...block, ...close, made]) if (!ownLines(file, stmt)) return refuse(unit, 'one-line-block', stmt);
  for (const stmt of close) removeStatement(file, stmt, rewrite);
  if (made.nodeType === 'With') return rewrite.replace(made.items[0]!.context_expr, text);
  rewrite.replace(made, `with ${text} as ${name}:`);
  const lines = { start: rewrite.lineOf(made.end).end, end: rewrite.lineOf(block.at(-1)!.end).end };
  rewrite.indent(lines, file.unit);
}

// ---- the calls ----

function readCall(units: Units, file: PyFile, call: Call): Asked | undefined {
  const unit = units.around(file, call);
  const stmt = aloneIn(call);
  const [worker, args, kwds, third] = call.args;
  const named = (name: string): Keyword | undefined => call.keywords.find((each) => each.arg === name);
  const known = call.keywords.every((each) => /^(?:args|kwds|callback|error_callback)$/.test(each.arg ?? ''));
  if (!stmt || !worker || worker.nodeType === 'Starred' || !known || call.args.length > 4) {
    refuse(unit, 'task-escapes', call);
    return undefined;
  }
  const positional = args ?? named('args')?.value;
  const byName = kwds ?? named('kwds')?.value;
  const callback = notNone(third ?? named('callback')?.value);
  const failed = notNone(named('error_callback')?.value);
  return {
    call,
    stmt,
    worker,
    args: [...spread(positional), ...keywords(byName)],
    ...(callback && { callback }),
    ...(failed && { failed }),
  };
}

const notNone = (expr: Expr | undefined): Expr | undefined =>
  expr?.nodeType === 'Constant' && expr.value === null ? undefined : expr;

/** `(name,)` → `, name`; anything else → `, *args`. */
function spread(args: Expr | undefined): Piece[] {
  if (!args) return [];
  if (args.nodeType === 'Tuple' || args.nodeType === 'List') return args.elts.flatMap((each): Piece[] => [', ', each]);
  return [', *', args];
}

function keywords(kwds: Expr | undefined): Piece[] {
  if (!kwds) return [];
  const plain = kwds.nodeType === 'Dict' && kwds.keys.every((key) => key && isIdentifier(key));
  if (!plain) return [', **', kwds];
  return kwds.values.flatMap((value, index): Piece[] => [
    `, ${(kwds.keys[index] as { value?: string }).value}=`,
    value,
  ]);
}

const isIdentifier = (key: Expr): boolean =>
  key.nodeType === 'Constant' && typeof key.value === 'string' && /^[A-Za-z_]\w*$/.test(key.value);

// ---- the callbacks ----

const callbacksOf = ({ callback, failed }: Asked): Expr[] =>
  [callback, failed].filter((each): each is Expr => each !== undefined);

/** All of them have the same kinds of callbacks. */
const alikeIn = (asked: readonly Asked[]): boolean =>
  asked.every((one) => !one.callback === !asked[0]!.callback && !one.failed === !asked[0]!.failed);

/** `found.append`, `show`: nothing binds it anew while the pool works. */
function staysTheSame(file: PyFile, callback: Expr, block: readonly Stmt[]): boolean {
  const base = callback.nodeType === 'Attribute' ? callback.value : callback;
  if (!isName(base)) return false;
  const sites = file.scopes.bindingOf(base)?.sites ?? [];
  return !sites.some((site) => block.some((each) => inside(site, each)));
}

/** An error in a callback ends the handler thread of a pool, and nothing is answered any more. */
function callbacksAreFine(project: PyProject, unit: Unit, one: Asked, block: readonly Stmt[]): boolean {
  const { file } = unit;
  const top = block.find((each) => inside(one.stmt, each))!;
  for (const callback of callbacksOf(one)) {
    const target = project.resolve(file, callback);
    const isLambda = callback.nodeType === 'Lambda';
    const bodies: readonly Node[] = target?.kind === 'function' ? target.def.body : isLambda ? [callback.body] : [];
    const loose = top !== one.stmt && looseVariable(target?.kind === 'function' ? target.file : file, bodies, top);
    let raised: Node | undefined;
    for (const body of bodies) walk(body, (node) => void (node.nodeType === 'Raise' && (raised ??= node)));
    const tied = bodies.map((each) => tiedToThread(target?.file ?? file, each)).find(Boolean);
    if (loose) refuse(unit, 'shared-loop-variable', loose, loose.id);
    else if (raised) refuse(unit, 'throws-in-callback', raised);
    else if (tied) refuse(unit, 'thread-identity', callback);
    else if (target?.kind === 'function' && target.def.nodeType === 'AsyncFunctionDef')
      refuse(unit, 'unknown-callee', callback);
    else continue;
    return false;
  }
  return true;
}

/** The lines that look how a future ended and call what is there for that. */
function calling(
  units: Units,
  file: PyFile,
  { callback, failed }: Asked,
  future: string,
  kept: string | undefined,
): Piece[][] {
  const both = callback && failed;
  const [ok, bad] = both ? ['callback', 'error_callback'].map((name) => units.firstFree(file, [name])) : [kept!, kept!];
  const first: Piece[][] = kept !== undefined && both ? [[`${ok}, ${bad} = ${kept}`]] : [];
  const good: Piece[] = [kept === undefined ? textOf(file, callback ?? failed!) : ok!, `(${future}.result())`];
  const wrong: Piece[] = [
    file.unit,
    kept === undefined ? textOf(file, failed ?? callback!) : bad!,
    `(${future}.exception())`,
  ];
  if (!callback) return [...first, [`if ${future}.exception() is not None:`], wrong];
  const then: Piece[][] = [[`if ${future}.exception() is None:`], [file.unit, ...good]];
  return failed ? [...first, ...then, ['else:'], wrong] : [...first, ...then];
}
