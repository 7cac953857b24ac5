import type { Refusal } from '../../flow/model.js';
import { bare, memberName, originOf } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { fanOutsIn, functionAround, functionOf, isAsync, type FanOut } from './fan-outs.js';
import { isSharedLimiter, limiterAt, limitersIn, type Limiter } from './limiters.js';
import type { Rule } from './window.js';

/** A fan-out that runs in a pool: what is known of it whatever the library. */
export interface Limited {
  readonly library: string;
  /** The whole expression, `pMap(list, task, { concurrency: 4 })`. */
  readonly node: ts.CallExpression;
  readonly list: ts.Expression;
  readonly task: TaskText;
  /** Undefined: as many as there are. */
  readonly limit?: ts.Expression;
  readonly rule: Rule;
  /** An item that is a promise is waited for before its task starts. */
  readonly awaits: boolean;
  /** Nobody looks at the results, and the library gives none. */
  readonly gives: 'results' | 'nothing';
  /** What was made for this fan-out alone, and goes with it. */
  readonly limiter?: Limiter;
}

/** A task as the function that it is, or as what remains of a function when its turn-taking is taken out. */
export type TaskText =
  | { readonly kind: 'as-is'; readonly node: ts.Expression }
  /** `(x) => limit(() => f(x))`: the head of the outer function, the body of the inner one. */
  | {
      readonly kind: 'merged';
      readonly outer: ts.ArrowFunction | ts.FunctionExpression;
      readonly inner: ts.ArrowFunction | ts.FunctionExpression;
    }
  /** `(x) => limit(f, x)` */
  | {
      readonly kind: 'called';
      readonly outer: ts.ArrowFunction | ts.FunctionExpression;
      readonly callee: ts.Expression;
      readonly args: readonly ts.Expression[];
    };

export type Read = { readonly limited: Limited } | { readonly refusal: Refusal };

const refuse = (code: string, node: ts.Node): Read => ({ refusal: { code, at: rangeOf(node) } });

/** Every pool of a file: what it does, or why it must stay. */
export function readLimited(ctx: FileContext): Read[] {
  if (!/['"`](?:p-map|p-limit|p-queue|bluebird|async(?:\/\w+)?)['"`]/.test(ctx.text)) return [];
  const found: Read[] = [];
  const visit = (node: ts.Node): void => {
    const one = ts.isCallExpression(node) ? poolCall(node, ctx) : undefined;
    if (one) found.push(one);
    ts.forEachChild(node, visit);
  };
  visit(ctx.file);
  return [...found, ...limitersIn(ctx).flatMap((limiter) => readLimiter(limiter, ctx))];
}

function poolCall(node: ts.CallExpression, ctx: FileContext): Read | undefined {
  const origin = originOf(node.expression, ctx.scopes);
  if (!origin) return undefined;
  const [name = ''] = origin.path;
  if (origin.module === 'p-map' && origin.path.length === 0) return readPMap(node);
  if (origin.module === 'bluebird' && origin.path.length === 1 && name === 'map') return readBluebird(node, ctx);
  const file = /^async\/(\w+)$/.exec(origin.module)?.[1];
  const called = origin.module === 'async' ? name : file;
  if (!called) return undefined;
  // In a callback function it is told of that function, unless only pools are asked for.
  const isOurs = ctx.options.from === 'pool' || isAsync(functionAround(node));
  if (/^(queue|priorityQueue|cargo|cargoQueue)$/.test(called)) return isOurs ? refuse('live-queue', node) : undefined;
  return /^(map|each|forEach)Limit$/.test(called) ? readAsyncLimit(node, called, ctx) : undefined;
}

/** `pMap(list, mapper, { concurrency, stopOnError })` */
function readPMap(node: ts.CallExpression): Read {
  const [list, mapper, options] = node.arguments;
  if (!list || !mapper || node.arguments.some(ts.isSpreadElement)) return refuse('unknown-callee', node);
  const asked = optionsOf(options);
  if (!asked || [...asked.keys()].some((key) => key !== 'concurrency' && key !== 'stopOnError'))
    return refuse('schedule-differs', options ?? node);
  const stops = asked.get('stopOnError');
  if (stops && stops.kind !== ts.SyntaxKind.TrueKeyword) return refuse('schedule-differs', stops);
  if (/\bpMapSkip\b/.test(node.getText())) return refuse('schedule-differs', node);
  if (isGeneratorCall(list)) return refuse('list-unknown', list);
  const limit = asked.get('concurrency');
  const task: TaskText = { kind: 'as-is', node: mapper };
  return {
    limited: {
      library: 'p-map',
      node,
      list,
      task,
      ...(limit && { limit }),
      rule: 'stop',
      awaits: true,
      gives: 'results',
    },
  };
}

/** `Bluebird.map(list, mapper, { concurrency })`: from its limit on it starts with the last item. Without a limit it is no pool. */
function readBluebird(node: ts.CallExpression, ctx: FileContext): Read | undefined {
  const [list, mapper, options] = node.arguments;
  const asked = optionsOf(options);
  const limit = asked?.get('concurrency');
  if (!options || asked?.size === 0) return undefined;
  if (!list || !mapper || !limit || asked?.size !== 1) return refuse('schedule-differs', node);
  if (!ts.isAwaitExpression(outerOf(node))) return refuse('library-promise', node);
  if (!isPlainList(list, ctx)) return refuse('list-unknown', list);
  if (takesMore(mapper)) return refuse('arity-observed', mapper);
  const task: TaskText = { kind: 'as-is', node: mapper };
  return {
    limited: { library: 'bluebird', node, list, task, limit, rule: 'last-first', awaits: true, gives: 'results' },
  };
}

/** `await async.mapLimit(list, 4, async (x) => …)`; with a callback at its end it belongs to a callback function. */
function readAsyncLimit(node: ts.CallExpression, name: string, ctx: FileContext): Read | undefined {
  const [list, limit, task, more] = node.arguments;
  if (!list || !limit || !task || more || !ts.isAwaitExpression(outerOf(node))) return undefined;
  const fn = functionOf(task, ctx);
  if (!fn || !isAsync(fn)) return refuse('unknown-handler', task);
  if (!isPlainList(list, ctx)) return refuse('list-unknown', list);
  const gives = name === 'mapLimit' ? 'results' : 'nothing';
  if (gives === 'nothing' && !ts.isExpressionStatement(outerOf(outerOf(node)))) return refuse('several-results', node);
  const text: TaskText = { kind: 'as-is', node: task };
  return { limited: { library: 'async', node, list, task: text, limit, rule: 'stop', awaits: false, gives } };
}

/** The fan-outs that a limiter holds back; one that does more than that stays. */
function readLimiter(limiter: Limiter, ctx: FileContext): Read[] {
  if (limiter.problem) return [{ refusal: limiter.problem }];
  const uses = ctx.scopes.references(limiter.symbol).filter((use) => use !== limiter.name);
  if (uses.length === 0) return [];
  const fanOuts = fanOutsIn(ctx);
  const read = new Map<ts.Node, Read>();
  for (const use of uses) {
    const one = turnOf(use, limiter, fanOuts, ctx);
    if ('refusal' in one) return [one];
    read.set(one.limited.node, one);
  }
  const nodes = [...read.keys()];
  if (isSharedLimiter(limiter, nodes)) return [refuse('limiter-shared', limiter.declaration)];
  return [...read.values()];
}

/** One use of a limiter as the fan-out that it is part of. */
function turnOf(use: ts.Identifier, limiter: Limiter, fanOuts: readonly FanOut[], ctx: FileContext): Read {
  if (limiter.library === 'p-queue' && memberName(use.parent) === 'addAll') return addedAll(use, limiter);
  const call = limiter.library === 'p-queue' ? use.parent.parent : use.parent;
  if (!ts.isCallExpression(call)) return refuse('live-queue', use);
  if (isNested(call, limiter, ctx)) return refuse('nested-limit', call);
  const around = fanOuts.find(({ task }) => task.pos <= call.pos && call.end <= task.end);
  const outer = around && bare(around.task);
  if (!around || !outer || !(ts.isArrowFunction(outer) || ts.isFunctionExpression(outer)))
    return refuse('schedule-differs', call);
  if (turnIn(outer) !== call) return refuse('schedule-differs', call);
  const task = taskOf(outer, call, limiter);
  if (!task) return refuse('schedule-differs', call);
  if (outer.parameters.length > 2) return refuse('arity-observed', outer);
  if (around.map.arguments.length === 2) return refuse('schedule-differs', around.map); // Array.from(list, task)
  if (around.named) return refuse('schedule-differs', around.join);
  const rule = around.settled ? 'settle' : 'go-on';
  const limited = {
    library: limiter.library,
    node: around.join,
    list: around.list,
    task,
    limit: limiter.limit,
    rule,
    awaits: false,
    gives: 'results',
    limiter,
  } as const;
  return { limited };
}

/** `queue.addAll(list.map((x) => () => f(x)))` */
function addedAll(use: ts.Identifier, limiter: Limiter): Read {
  const call = use.parent.parent;
  const map = ts.isCallExpression(call) && call.arguments.length === 1 ? bare(call.arguments[0]!) : undefined;
  if (!ts.isCallExpression(call) || !map || !ts.isCallExpression(map) || memberName(map.expression) !== 'map')
    return refuse('live-queue', use);
  const outer = map.arguments.length === 1 ? bare(map.arguments[0]!) : undefined;
  if (!outer || !(ts.isArrowFunction(outer) || ts.isFunctionExpression(outer)) || outer.parameters.length > 2)
    return refuse('schedule-differs', map);
  const inner = givenBy(outer);
  if (!inner || !(ts.isArrowFunction(inner) || ts.isFunctionExpression(inner)) || inner.parameters.length > 0)
    return refuse('schedule-differs', map);
  const { expression: list } = map.expression as ts.AccessExpression;
  const task: TaskText = { kind: 'merged', outer, inner };
  return {
    limited: {
      library: 'p-queue',
      node: call,
      list,
      task,
      limit: limiter.limit,
      rule: 'go-on',
      awaits: false,
      gives: 'results',
      limiter,
    },
  };
}

/** What a function gives when that is all it does. */
function givenBy({ body }: ts.ArrowFunction | ts.FunctionExpression): ts.Node | undefined {
  if (!ts.isBlock(body)) return bare(body);
  const [only, more] = body.statements;
  return only && !more && ts.isReturnStatement(only) && only.expression ? bare(only.expression) : undefined;
}

function turnIn(outer: ts.ArrowFunction | ts.FunctionExpression): ts.Node | undefined {
  const given = givenBy(outer);
  return given && ts.isAwaitExpression(given) ? bare(given.expression) : given;
}

function taskOf(
  outer: ts.ArrowFunction | ts.FunctionExpression,
  call: ts.CallExpression,
  limiter: Limiter,
): TaskText | undefined {
  const [first, ...args] = call.arguments;
  const inner = first && bare(first);
  if (!inner || args.some(ts.isSpreadElement)) return undefined;
  if (ts.isArrowFunction(inner) || ts.isFunctionExpression(inner))
    return args.length === 0 && inner.parameters.length === 0 ? { kind: 'merged', outer, inner } : undefined;
  return limiter.library === 'p-limit' ? { kind: 'called', outer, callee: first, args } : undefined;
}

/** A task that waits for a turn of its own pool while it holds one: it can wait for ever. */
function isNested(call: ts.CallExpression, limiter: Limiter, ctx: FileContext): boolean {
  for (let node: ts.Node = call.parent; !ts.isSourceFile(node); node = node.parent) {
    if (ts.isCallExpression(node) && limiterAt(node, ctx) === limiter.symbol) return true;
  }
  return false;
}

/** `{ concurrency: 4 }` by key; undefined for anything that is not plainly written out. */
function optionsOf(node: ts.Expression | undefined): ReadonlyMap<string, ts.Expression> | undefined {
  if (!node) return new Map();
  const options = bare(node);
  if (!ts.isObjectLiteralExpression(options)) return undefined;
  const found = new Map<string, ts.Expression>();
  for (const each of options.properties) {
    if (ts.isShorthandPropertyAssignment(each)) found.set(each.name.text, each.name);
    else if (ts.isPropertyAssignment(each) && (ts.isIdentifier(each.name) || ts.isStringLiteral(each.name)))
      found.set(each.name.text, each.initializer);
    else return undefined;
  }
  return found;
}

function outerOf(node: ts.Node): ts.Node {
  let { parent } = node;
  while (ts.isParenthesizedExpression(parent) || ts.isAsExpression(parent)) ({ parent } = parent);
  return parent;
}

/** A list is no promise and no iterator: what it is made of shows it, or what else is done with it. */
function isPlainList(list: ts.Expression, ctx: FileContext): boolean {
  const node = bare(list);
  if (ts.isArrayLiteralExpression(node)) return true;
  if (ts.isCallExpression(node))
    return /^(keys|values|entries|map|filter|split|slice|concat|sort|reverse|from|flat|flatMap)$/.test(
      memberName(node.expression) ?? '',
    );
  if (ts.isAwaitExpression(node)) return true;
  if (!ts.isIdentifier(node)) return false;
  const declaration = ctx.scopes.symbolOf(node)?.declarations?.[0];
  if (
    declaration &&
    ts.isVariableDeclaration(declaration) &&
    declaration.initializer &&
    bare(declaration.initializer) !== node
  ) {
    const made = bare(declaration.initializer);
    if (!ts.isIdentifier(made) && isPlainList(declaration.initializer, ctx)) return true;
  }
  const text = node.getSourceFile().text;
  return new RegExp(
    `\\b${node.text}\\.(length|map|forEach|filter|push|slice)\\b|\\b${node.text}\\s*=\\s*\\[|\\b${node.text}\\s*:\\s*[\\w<>.]+\\[\\]`,
  ).test(text);
}

const isGeneratorCall = (list: ts.Expression): boolean => {
  const node = bare(list);
  return ts.isCallExpression(node) && /generat|iterat|stream|\[Symbol/i.test(node.expression.getText());
};

/** Bluebird gives the item, the index and how many there are. */
function takesMore(mapper: ts.Expression): boolean {
  const fn = bare(mapper);
  return (ts.isArrowFunction(fn) || ts.isFunctionExpression(fn)) && fn.parameters.length > 2;
}
