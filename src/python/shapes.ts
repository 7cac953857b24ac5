import { isBuiltin, isName, qualified, type PyFile } from './file.js';
import type { PyProject } from './project.js';
import type { Binding } from './scope.js';
import {
  functionAround,
  isFunction,
  parentOf,
  walkOwn,
  type Arg,
  type Call,
  type Expr,
  type FunctionDef,
  type Node,
} from './tree.js';
import { valueOf, type Value } from './values.js';

/*
 * What is in lists, dictionaries and tuples: `values.ts` knows what a name is, this knows what a loop takes out of it. Only what is seen to be put in
 * counts; what is not known is undefined.
 */

export type Shape =
  | { readonly is: 'value'; readonly value: Value }
  | { readonly is: 'list'; readonly of: Shape | undefined }
  | { readonly is: 'dict'; readonly key: Shape | undefined; readonly value: Shape | undefined }
  | { readonly is: 'tuple'; readonly items: readonly (Shape | undefined)[] }
  /** It is just being found out: it says nothing against anything. */
  | { readonly is: 'busy' };

interface Known {
  readonly found: Map<Node | Binding, Shape | undefined>;
  readonly busy: Set<Node | Binding>;
  /** What was found meanwhile does not know everything yet, and is not kept. */
  met: Set<Node | Binding>;
}
const known = new WeakMap<PyProject, Known>();
const BUSY: Shape = { is: 'busy' };

/** The kind of value that an expression is known to have, also as an item of what is iterated over. */
export function kindOf(project: PyProject, file: PyFile, expr: Expr): string | undefined {
  return valueIn(project, file, expr)?.kind;
}

/** As `valueOf`, also for what comes out of a list, a dictionary or a tuple. */
export function valueIn(project: PyProject, file: PyFile, expr: Expr): Value | undefined {
  const value = valueOf(project, file, expr);
  if (value) return value;
  const shape = shapeOf(project, file, expr);
  return shape?.is === 'value' ? shape.value : undefined;
}

/** What an iteration over an expression gives. */
export function itemOf(project: PyProject, file: PyFile, expr: Expr): Shape | undefined {
  return taken(shapeOf(project, file, expr));
}

function taken(shape: Shape | undefined): Shape | undefined {
  if (shape?.is === 'list') return shape.of;
  if (shape?.is === 'dict') return shape.key;
  if (shape?.is === 'tuple') return agreed(shape.items);
  return shape?.is === 'busy' ? shape : undefined;
}

export function shapeOf(project: PyProject, file: PyFile, expr: Expr): Shape | undefined {
  return remembered(project, expr, () => findShape(project, file, expr));
}

function remembered(project: PyProject, key: Node | Binding, find: () => Shape | undefined): Shape | undefined {
  let all = known.get(project);
  if (!all) {
    known.set(project, (all = { found: new Map(), busy: new Set(), met: new Set() }));
    // Who calls what is found out first: until then values are only half known.
    if (project.functions[0]) project.usesOf(project.functions[0]);
  }
  if (all.found.has(key)) return all.found.get(key);
  if (all.busy.has(key)) {
    all.met.add(key);
    return BUSY;
  }
  all.busy.add(key);
  const found = find();
  all.busy.delete(key);
  all.met.delete(key);
  if (all.met.size === 0) all.found.set(key, found);
  return found;
}

const list = (of: Shape | undefined): Shape => ({ is: 'list', of });

function findShape(project: PyProject, file: PyFile, expr: Expr): Shape | undefined {
  const value = valueOf(project, file, expr);
  if (value) return { is: 'value', value };
  const shape = (each: Expr): Shape | undefined => shapeOf(project, file, each);
  switch (expr.nodeType) {
    case 'Name': {
      const binding = file.scopes.bindingOf(expr);
      return binding && bindingShape(project, file, binding);
    }
    case 'Attribute':
      return attributeShape(project, file, expr);
    case 'NamedExpr':
      return shape(expr.value);
    case 'IfExp':
      return agreed([shape(expr.body), shape(expr.orelse)]);
    case 'List':
    case 'Set':
      return list(
        agreed(expr.elts.map((each) => (each.nodeType === 'Starred' ? taken(shape(each.value)) : shape(each)))),
      );
    case 'Tuple':
      return { is: 'tuple', items: expr.elts.map(shape) };
    case 'Dict':
      return {
        is: 'dict',
        key: agreed(expr.keys.map((each) => each ?? undefined).map((each) => each && shape(each))),
        value: agreed(expr.values.map(shape)),
      };
    case 'ListComp':
    case 'SetComp':
    case 'GeneratorExp':
      return list(shape(expr.elt));
    case 'DictComp':
      return { is: 'dict', key: shape(expr.key), value: shape(expr.value) };
    case 'BinOp': // [a] + [b]
      return agreed([shape(expr.left), shape(expr.right)]);
    case 'Subscript':
      return partOf(shape(expr.value), expr.slice);
    case 'Call':
      return callShape(project, file, expr);
    default:
      return undefined;
  }
}

function partOf(shape: Shape | undefined, index: Expr): Shape | undefined {
  if (index.nodeType === 'Slice') return shape;
  if (shape?.is === 'dict') return shape.value;
  if (shape?.is === 'list') return shape.of;
  if (shape?.is === 'busy') return shape;
  if (shape?.is === 'tuple' && index.nodeType === 'Constant') return shape.items[Number(index.value)];
  return undefined;
}

const COPIES = ['list', 'set', 'tuple', 'frozenset', 'sorted', 'reversed', 'iter', 'filter'];

function callShape(project: PyProject, file: PyFile, call: Call): Shape | undefined {
  const [first] = call.args;
  const item = (each: Expr | undefined): Shape | undefined => each && itemOf(project, file, each);
  const copied = isBuiltin(file, call.func, 'filter') ? call.args[1] : first;
  if (COPIES.some((name) => isBuiltin(file, call.func, name))) return list(item(copied));
  if (isBuiltin(file, call.func, 'dict') && first) return shapeOf(project, file, first);
  if (isBuiltin(file, call.func, 'enumerate')) return list({ is: 'tuple', items: [undefined, item(first)] });
  if (isBuiltin(file, call.func, 'zip')) return list({ is: 'tuple', items: call.args.map(item) });
  if (isBuiltin(file, call.func, 'next')) return item(first);
  const name = qualified(file, call.func);
  if (name === 'concurrent.futures.as_completed') return list(item(first));
  if (name === 'concurrent.futures.wait') return { is: 'tuple', items: [list(item(first)), list(item(first))] };
  if (name === 'collections.deque' && first) return list(item(first));
  // `for future in tqdm(as_completed(futures))` shows how far it is.
  if (name?.startsWith('tqdm.')) return list(item(first));
  const symbol = project.resolve(file, call.func);
  if (symbol?.kind === 'function') return returnedShape(project, symbol.file, symbol.def);
  return call.func.nodeType === 'Attribute' ? methodShape(project, file, call, call.func.value) : undefined;
}

function methodShape(project: PyProject, file: PyFile, call: Call, receiver: Expr): Shape | undefined {
  const method = (call.func as Extract<Expr, { nodeType: 'Attribute' }>).attr;
  const value = valueIn(project, file, receiver);
  const answer = (task: Expr | undefined): Shape | undefined => task && workerShape(project, file, task);
  if (value?.kind === 'ThreadPoolExecutor') return method === 'map' ? list(answer(call.args[0])) : undefined;
  if (value?.kind === 'ThreadPool')
    return /^(?:map|starmap|imap|imap_unordered)$/.test(method) ? list(answer(call.args[0])) : undefined;
  if ((value?.kind === 'Future' && method === 'result') || (value?.kind === 'AsyncResult' && method === 'get'))
    return value.made && workerShape(project, value.made.file, value.made.call.args[0]!);
  const shape = shapeOf(project, file, receiver);
  if (shape?.is === 'dict') {
    if (method === 'items') return list({ is: 'tuple', items: [shape.key, shape.value] });
    if (method === 'keys') return list(shape.key);
    if (method === 'values') return list(shape.value);
    if (/^(?:get|pop|setdefault)$/.test(method)) return shape.value;
    if (method === 'popitem') return { is: 'tuple', items: [shape.key, shape.value] };
  }
  if (shape?.is === 'list' && /^(?:pop|popleft)$/.test(method)) return shape.of;
  if (shape && method === 'copy') return shape;
  return undefined;
}

/** What a function gives that is handed to a pool. */
export function workerShape(project: PyProject, file: PyFile, worker: Expr): Shape | undefined {
  if (worker.nodeType === 'Lambda') return shapeOf(project, file, worker.body);
  const symbol = project.resolve(file, worker);
  if (symbol?.kind === 'function') return returnedShape(project, symbol.file, symbol.def);
  const name = qualified(file, worker) ?? '';
  const verb = /^(requests|httpx)\.(?:get|post|put|patch|delete|head|options)$/.exec(name);
  if (verb) return { is: 'value', value: { kind: `${verb[1]}.Response` } };
  if (worker.nodeType === 'Attribute') {
    const kind = valueIn(project, file, worker.value)?.kind;
    if (kind === 'requests.Session') return { is: 'value', value: { kind: 'requests.Response' } };
    if (kind === 'httpx.Client') return { is: 'value', value: { kind: 'httpx.Response' } };
  }
  return undefined;
}

/** What a function of the project returns, when all its `return`s agree; `None` is passed over. */
export function returnedShape(project: PyProject, file: PyFile, def: FunctionDef): Shape | undefined {
  return remembered(project, def, () => {
    const found: (Shape | undefined)[] = [];
    walkOwn(def.body, (node) => {
      if (node.nodeType === 'Return' && node.value && !isNone(node.value))
        found.push(shapeOf(project, file, node.value));
    });
    return agreed(found);
  });
}

const isNone = (expr: Expr | undefined): boolean => expr?.nodeType === 'Constant' && expr.value === null;

// ---- names ----

function bindingShape(project: PyProject, file: PyFile, binding: Binding): Shape | undefined {
  return remembered(project, binding, () => {
    const sites = binding.sites.filter((site) => !isPlaceholder(site)).map((site) => siteShape(project, file, site));
    const added = binding.uses.flatMap((use) => addedTo(project, file, use));
    return agreed([...sites, ...added]);
  });
}

function isPlaceholder(site: Node): boolean {
  const parent = parentOf(site);
  return (parent?.nodeType === 'Assign' || parent?.nodeType === 'AnnAssign') && isNone(parent.value);
}

function siteShape(project: PyProject, file: PyFile, site: Node): Shape | undefined {
  if (site.nodeType === 'Arg') return argumentShape(project, site);
  const place = targetOf(site);
  if (!place) return undefined;
  const { holder, path } = place;
  const whole =
    holder.nodeType === 'For' || holder.nodeType === 'AsyncFor' || holder.nodeType === 'Comprehension'
      ? itemOf(project, file, holder.iter)
      : 'value' in holder && holder.value
        ? shapeOf(project, file, holder.value as Expr)
        : undefined;
  return path.reduce<Shape | undefined>((shape, index) => unpacked(shape, index), whole);
}

function unpacked(shape: Shape | undefined, index: number): Shape | undefined {
  if (shape?.is === 'tuple') return shape.items[index];
  if (shape?.is === 'list') return shape.of;
  return shape?.is === 'busy' ? shape : undefined;
}

/** The statement that gives a name its value, and where in a pattern the name stands. */
function targetOf(site: Node): { holder: Node; path: number[] } | undefined {
  const path: number[] = [];
  let at = site;
  for (let parent = parentOf(at); parent; at = parent, parent = parentOf(parent)) {
    if (parent.nodeType === 'Tuple' || parent.nodeType === 'List') {
      if (parent.elts.some((each) => each.nodeType === 'Starred')) return undefined;
      path.unshift(parent.elts.indexOf(at as Expr));
    } else if (/^(?:Assign|AnnAssign|NamedExpr|For|AsyncFor|Comprehension)$/.test(parent.nodeType))
      return { holder: parent, path };
    else return undefined;
  }
  return undefined;
}

/** `xs.append(x)`, `xs.add(x)`, `xs[k] = x`, `xs.extend(ys)` say what is in a collection. */
function addedTo(project: PyProject, file: PyFile, use: Expr): Shape[] {
  const parent = parentOf(use);
  const outer = parent && parentOf(parent);
  const given = (shape: Shape | undefined, as: (shape: Shape) => Shape): Shape[] => (shape ? [as(shape)] : []);
  if (parent?.nodeType === 'Subscript' && parent.value === use && outer?.nodeType === 'Assign')
    return [
      {
        is: 'dict',
        key: shapeOf(project, file, parent.slice),
        value: shapeOf(project, file, outer.value),
      },
    ];
  if (parent?.nodeType !== 'Attribute' || outer?.nodeType !== 'Call' || outer.func !== parent) return [];
  const [first] = outer.args;
  if (!first) return [];
  if (/^(?:append|add|appendleft|insert)$/.test(parent.attr))
    return given(shapeOf(project, file, outer.args.at(-1)!), list);
  if (/^(?:extend|update)$/.test(parent.attr)) return given(itemOf(project, file, first), list);
  return [];
}

function argumentShape(project: PyProject, arg: Arg): Shape | undefined {
  const def = parentOf(parentOf(arg)!);
  if (!isFunction(def)) return undefined;
  const fn = project.functionOf(def);
  const at = [...def.args.posonlyargs, ...def.args.args].indexOf(arg) - (fn.owner ? 1 : 0);
  const given = project.usesOf(fn).map((use) => {
    if (!use.call) return handedOn(project, use.file, use.at, arg.arg, at);
    const expr = argumentOf(use.call, arg.arg, at);
    return expr && shapeOf(project, use.file, expr);
  });
  return agreed(given);
}

/** `Thread(target=f, args=(a, b))`, `executor.submit(f, a, b)`, `executor.map(f, xs)`, `pool.apply_async(f, (a, b))` */
function handedOn(project: PyProject, file: PyFile, use: Expr, name: string, at: number): Shape | undefined {
  const parent = parentOf(use)!;
  const call = parent.nodeType === 'Keyword' ? parentOf(parent) : parent;
  if (call?.nodeType !== 'Call') return undefined;
  const shape = (expr: Expr | undefined): Shape | undefined =>
    expr && expr.nodeType !== 'Starred' ? shapeOf(project, file, expr) : undefined;
  const keyword = (own: string): Expr | undefined => call.keywords.find((each) => each.arg === own)?.value;
  const inTuple = (args: Expr | undefined): Shape | undefined =>
    args?.nodeType === 'Tuple' || args?.nodeType === 'List' ? shape(args.elts[at]) : undefined;
  if (parent.nodeType === 'Keyword') {
    if (parent.arg !== 'target') return undefined;
    const named = keyword('kwargs');
    const index = named?.nodeType === 'Dict' ? named.keys.findIndex((key) => isText(key, name)) : -1;
    return named?.nodeType === 'Dict' && index >= 0 ? shape(named.values[index]) : inTuple(keyword('args'));
  }
  if (call.args[0] !== use || call.func.nodeType !== 'Attribute') return undefined;
  const { attr } = call.func;
  if (/^(?:submit|partial)$/.test(attr)) return shape(keyword(name) ?? call.args[1 + at]);
  if (/^apply(?:_async)?$/.test(attr)) return inTuple(call.args[1] ?? keyword('args'));
  const items = attr === 'map' || /^imap/.test(attr) ? call.args[1 + at] : undefined;
  return items && itemOf(project, file, items);
}

const isText = (key: Expr | null, text: string): boolean => key?.nodeType === 'Constant' && key.value === text;

function argumentOf(call: Call, name: string, at: number): Expr | undefined {
  const keyword = call.keywords.find((each) => each.arg === name)?.value;
  const given = keyword ?? (at >= 0 ? call.args[at] : undefined);
  return given?.nodeType === 'Starred' ? undefined : given;
}

/** `self.x`: all that the methods of its class put there. */
function attributeShape(
  project: PyProject,
  file: PyFile,
  expr: Extract<Expr, { nodeType: 'Attribute' }>,
): Shape | undefined {
  const cls = valueIn(project, file, expr.value)?.cls;
  if (!cls) return undefined;
  const found: (Shape | undefined)[] = [];
  for (const each of [cls, ...project.basesOf(cls)])
    for (const { def, file: theirs } of each.methods.values())
      walkOwn(def.body, (node) => {
        if (node.nodeType !== 'Attribute' || node.attr !== expr.attr) return;
        if (!isName(node.value, def.args.args[0]?.arg) || functionAround(node) !== def) return;
        if (node.ctx.nodeType === 'Load') found.push(...addedTo(project, theirs, node));
        else if (!isPlaceholder(node)) found.push(siteShape(project, theirs, node));
      });
  return agreed(found);
}

// ---- agreement ----

/** What all places agree on: an empty list agrees with every other one. */
function agreed(shapes: readonly (Shape | undefined)[]): Shape | undefined {
  return shapes.length === 0 ? undefined : shapes.reduce((all, each) => both(all, each));
}

function both(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (!a || !b) return undefined;
  if (a.is === 'busy') return b;
  if (b.is === 'busy') return a;
  if (a.is === 'list' && b.is === 'list') return list(either(a.of, b.of));
  // `{}` may be a dictionary that is filled, `xs[0] = x` an item of a list.
  if (a.is === 'list' && b.is === 'dict') return list(either(a.of, b.value));
  if (a.is === 'dict' && b.is === 'list') return list(either(a.value, b.of));
  if (a.is === 'dict' && b.is === 'dict')
    return { is: 'dict', key: either(a.key, b.key), value: either(a.value, b.value) };
  if (a.is === 'tuple' && b.is === 'tuple' && a.items.length === b.items.length)
    return { is: 'tuple', items: a.items.map((item, index) => both(item, b.items[index])) };
  if (a.is === 'value' && b.is === 'value' && a.value.kind === b.value.kind && a.value.cls === b.value.cls)
    return a.value.made?.call === b.value.made?.call
      ? a
      : { is: 'value', value: { kind: a.value.kind, ...(a.value.cls && { cls: a.value.cls }) } };
  return undefined;
}

/** What is empty has no items to say what they are. */
const either = (a: Shape | undefined, b: Shape | undefined): Shape | undefined => (a && b ? both(a, b) : (a ?? b));
