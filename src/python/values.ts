import { isName, qualified, type PyFile } from './file.js';
import type { PyClass, PyProject } from './project.js';
import type { Binding } from './scope.js';
import {
  functionAround,
  isFunction,
  parentOf,
  walk,
  walkOwn,
  type Arg,
  type Alias,
  type Call,
  type Expr,
  type FunctionDef,
  type Node,
} from './tree.js';

/** What a value is known to be: the name of its class, where it was made, and the class of the project it is an instance of. */
export interface Value {
  readonly kind: string;
  readonly cls?: PyClass;
  /** The call that made it, when there is just one. */
  readonly made?: { readonly file: PyFile; readonly call: Call };
}

/** Classes of libraries that are told apart, by every name they go by. */
const CLASSES: Readonly<Record<string, string>> = {
  'aiohttp.ClientSession': 'aiohttp.ClientSession',
  'aiohttp.client.ClientSession': 'aiohttp.ClientSession',
  'aiohttp.ClientResponse': 'aiohttp.ClientResponse',
  'aiohttp.ClientTimeout': 'aiohttp.ClientTimeout',
  'aiohttp.BasicAuth': 'aiohttp.BasicAuth',
  'aiohttp.TCPConnector': 'aiohttp.TCPConnector',
  'httpx.AsyncClient': 'httpx.AsyncClient',
  'httpx.Client': 'httpx.Client',
  'httpx.Response': 'httpx.Response',
  'requests.Session': 'requests.Session',
  'requests.session': 'requests.Session',
  'requests.sessions.Session': 'requests.Session',
  'requests.Response': 'requests.Response',
  'asyncio.Lock': 'asyncio.Lock',
  'asyncio.Semaphore': 'asyncio.Semaphore',
  'asyncio.BoundedSemaphore': 'asyncio.Semaphore',
  'asyncio.Event': 'asyncio.Event',
  'asyncio.Condition': 'asyncio.Condition',
  'asyncio.Queue': 'asyncio.Queue',
  'asyncio.PriorityQueue': 'asyncio.Queue',
  'asyncio.LifoQueue': 'asyncio.Queue',
  'asyncio.TaskGroup': 'asyncio.TaskGroup',
  'asyncio.AbstractEventLoop': 'asyncio.Loop',
  'asyncio.get_event_loop': 'asyncio.Loop',
  'asyncio.new_event_loop': 'asyncio.Loop',
  'asyncio.get_running_loop': 'asyncio.Loop',
  'concurrent.futures.ThreadPoolExecutor': 'ThreadPoolExecutor',
  'concurrent.futures.thread.ThreadPoolExecutor': 'ThreadPoolExecutor',
  'concurrent.futures.ProcessPoolExecutor': 'ProcessPoolExecutor',
  'multiprocessing.pool.ThreadPool': 'ThreadPool',
  'multiprocessing.dummy.Pool': 'ThreadPool',
  'multiprocessing.Pool': 'ProcessPool',
  'threading.Thread': 'threading.Thread',
  'threading.Lock': 'threading.Lock',
  'threading.RLock': 'threading.RLock',
  'threading.Event': 'threading.Event',
  'threading.Condition': 'threading.Condition',
  'threading.Semaphore': 'threading.Semaphore',
  'threading.BoundedSemaphore': 'threading.Semaphore',
  'threading.Barrier': 'threading.Barrier',
  'threading.local': 'threading.local',
  'tornado.httpclient.AsyncHTTPClient': 'tornado.AsyncHTTPClient',
  'tornado.ioloop.IOLoop': 'tornado.IOLoop',
  'tornado.ioloop.IOLoop.current': 'tornado.IOLoop',
  'tornado.ioloop.IOLoop.instance': 'tornado.IOLoop',
  'queue.Queue': 'queue.Queue',
  'queue.PriorityQueue': 'queue.Queue',
  'queue.LifoQueue': 'queue.Queue',
  'contextlib.AsyncExitStack': 'contextlib.AsyncExitStack',
  'contextlib.ExitStack': 'contextlib.ExitStack',
};

const VERBS = new Set(['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'request']);

/** What a call of a method gives: receiver's kind → method → kind of the result. */
function methodResult(kind: string, method: string): string | undefined {
  const isVerb = VERBS.has(method);
  if (kind === 'aiohttp.ClientSession') return isVerb ? 'aiohttp.Request' : undefined;
  if (kind === 'httpx.AsyncClient')
    return isVerb || method === 'send' ? 'httpx.Request' : method === 'stream' ? 'httpx.Stream' : undefined;
  if (kind === 'httpx.Client')
    return isVerb || method === 'send' ? 'httpx.Response' : method === 'stream' ? 'httpx.Stream' : undefined;
  if (kind === 'requests.Session') return isVerb ? 'requests.Response' : undefined;
  if (kind === 'ThreadPoolExecutor')
    return method === 'submit' ? 'Future' : method === 'map' ? 'Futures.map' : undefined;
  if (kind === 'ThreadPool') return /_async$/.test(method) ? 'AsyncResult' : undefined;
  if (kind === 'asyncio.TaskGroup') return method === 'create_task' ? 'asyncio.Task' : undefined;
  if (kind === 'asyncio.Loop') return method === 'create_task' ? 'asyncio.Task' : undefined;
  return undefined;
}

/** What `with` gives its name, and what `await` gives. */
const ENTERED: Readonly<Record<string, string>> = {
  'aiohttp.Request': 'aiohttp.ClientResponse',
  'httpx.Stream': 'httpx.Response',
};
const AWAITED: Readonly<Record<string, string>> = {
  'aiohttp.Request': 'aiohttp.ClientResponse',
  'httpx.Request': 'httpx.Response',
};

/** What an expression is known to give; undefined when it is not known, or not always the same. */
export function valueOf(project: PyProject, file: PyFile, expr: Expr): Value | undefined {
  const { values } = project;
  if (values.has(expr)) return known(values.get(expr));
  values.set(expr, 'busy');
  const value = findValue(project, file, expr);
  values.set(expr, value);
  return value;
}

const known = (value: Value | 'busy' | undefined): Value | undefined => (value === 'busy' ? undefined : value);

function findValue(project: PyProject, file: PyFile, expr: Expr): Value | undefined {
  switch (expr.nodeType) {
    case 'Name': {
      const binding = file.scopes.bindingOf(expr);
      return binding && bindingValue(project, file, binding);
    }
    case 'NamedExpr':
      return valueOf(project, file, expr.value);
    case 'Await': {
      const inner = valueOf(project, file, expr.value);
      return inner && (AWAITED[inner.kind] ? { kind: AWAITED[inner.kind]! } : inner);
    }
    case 'BoolOp':
      return agreed(expr.values.map((each) => valueOf(project, file, each)));
    case 'Attribute': {
      const cls = valueOf(project, file, expr.value)?.cls;
      return cls && attributeValue(project, cls, expr.attr);
    }
    case 'Call':
      return callValue(project, file, expr);
    default:
      return undefined;
  }
}

function callValue(project: PyProject, file: PyFile, call: Call): Value | undefined {
  const name = qualified(file, call.func);
  const symbol = project.resolve(file, call.func);
  if (symbol?.kind === 'class') return { kind: 'instance', cls: symbol, made: { file, call } };
  if (symbol?.kind === 'function') return returned(project, symbol.file, symbol.def);
  if (name && CLASSES[name]) return { kind: CLASSES[name], made: { file, call } };
  if (name && /^asyncio\.(?:create_task|ensure_future)$/.test(name)) return { kind: 'asyncio.Task' };
  const lib = name && /^(requests|httpx)\.(\w+)$/.exec(name);
  if (lib && VERBS.has(lib[2]!)) return { kind: `${lib[1]}.Response` };
  if (name === 'aiohttp.request') return { kind: 'aiohttp.Request' };
  if (call.func.nodeType !== 'Attribute') return undefined;
  const receiver = valueOf(project, file, call.func.value);
  if (
    receiver &&
    /^(?:aiohttp\.Client|httpx\.(?:Async)?Client|requests\.)Session$/.test(receiver.kind) &&
    call.func.attr === '__enter__'
  )
    return receiver;
  const result = receiver && methodResult(receiver.kind, call.func.attr);
  return result ? { kind: result, made: { file, call } } : undefined;
}

/** What a function of the project returns: by its annotation, or when all its `return`s agree. */
function returned(project: PyProject, file: PyFile, def: FunctionDef): Value | undefined {
  const annotated = annotationValue(project, file, def.returns);
  if (annotated) return annotated;
  const values: (Value | undefined)[] = [];
  walkOwn(def.body, (node) => {
    if (node.nodeType === 'Return' && node.value) values.push(valueOf(project, file, node.value));
  });
  return agreed(values);
}

function bindingValue(project: PyProject, file: PyFile, binding: Binding): Value | undefined {
  const { values } = project;
  if (values.has(binding)) return known(values.get(binding));
  values.set(binding, 'busy');
  const sites = binding.sites.filter((site) => !isNone(site) && !isDeleted(site));
  const found = agreed(sites.map((site) => siteValue(project, file, site)));
  values.set(binding, found);
  return found;
}

/** The one value that all places agree on. */
function agreed(found: readonly (Value | undefined)[]): Value | undefined {
  const [first] = found;
  if (!first || found.some((each) => each?.kind !== first.kind || each.cls !== first.cls)) return undefined;
  return found.every((each) => each!.made?.call === first.made?.call)
    ? first
    : { kind: first.kind, ...(first.cls && { cls: first.cls }) };
}

const isDeleted = (site: Node): boolean => site.nodeType === 'Name' && site.ctx.nodeType === 'Del';

function isNone(site: Node): boolean {
  const parent = parentOf(site);
  const value = parent?.nodeType === 'Assign' || parent?.nodeType === 'AnnAssign' ? parent.value : undefined;
  return value?.nodeType === 'Constant' && value.value === null && value.end - value.start === 4;
}

function siteValue(project: PyProject, file: PyFile, site: Node): Value | undefined {
  const parent = parentOf(site);
  if (site.nodeType === 'Alias') {
    const variable = project.variableOf(file, site as Alias);
    return variable && bindingValue(project, variable.file, variable.binding);
  }
  if (site.nodeType === 'Arg') return argumentValue(project, file, site);
  if (parent?.nodeType === 'Assign' && parent.targets.includes(site as Expr))
    return valueOf(project, file, parent.value);
  if (parent?.nodeType === 'AnnAssign')
    return annotationValue(project, file, parent.annotation) ?? (parent.value && valueOf(project, file, parent.value));
  if (parent?.nodeType === 'NamedExpr') return valueOf(project, file, parent.value);
  if ((parent?.nodeType === 'For' || parent?.nodeType === 'Comprehension') && parent.target === site)
    return elementOf(project, file, parent.iter);
  if (parent?.nodeType === 'WithItem' && parent.optional_vars === site) {
    const given = managed(project, file, parent.context_expr);
    if (given) return given;
    const value = valueOf(project, file, parent.context_expr);
    return value && (ENTERED[value.kind] ? { kind: ENTERED[value.kind]! } : entered(project, value));
  }
  return undefined;
}

/** What the items of a list are that is written out, or made by a comprehension, and never changed. */
function elementOf(project: PyProject, file: PyFile, iter: Expr, depth = 0): Value | undefined {
  if (iter.nodeType === 'ListComp' || iter.nodeType === 'GeneratorExp') return valueOf(project, file, iter.elt);
  if (iter.nodeType === 'List' || iter.nodeType === 'Tuple')
    return agreed(iter.elts.map((each) => (each.nodeType === 'Starred' ? undefined : valueOf(project, file, each))));
  if (iter.nodeType !== 'Name' || depth > 2) return undefined;
  const binding = file.scopes.bindingOf(iter);
  const [site] = binding?.sites ?? [];
  const stmt = site && parentOf(site);
  const changed = binding?.uses.some((use) => {
    const parent = parentOf(use);
    return parent?.nodeType === 'Attribute' || (parent?.nodeType === 'Subscript' && parent.ctx.nodeType !== 'Load');
  });
  const isOnly = binding?.sites.length === 1 && !changed && stmt?.nodeType === 'Assign' && stmt.targets[0] === site;
  const value = isOnly ? elementOf(project, file, stmt.value, depth + 1) : undefined;
  return value && { kind: value.kind, ...(value.cls && { cls: value.cls }) };
}

/** `with session() as y`, where `session` is a generator of the project that is a context manager: what it yields. */
function managed(project: PyProject, file: PyFile, expr: Expr): Value | undefined {
  const fn = expr.nodeType === 'Call' ? project.resolve(file, expr.func) : undefined;
  if (fn?.kind !== 'function') return undefined;
  const isManager = fn.def.decorator_list.some((each) =>
    /^contextlib\.(?:async)?contextmanager$/.test(qualified(fn.file, each) ?? ''),
  );
  const values: (Value | undefined)[] = [];
  walkOwn(fn.def.body, (node) => {
    if (node.nodeType === 'Yield' && node.value) values.push(valueOf(project, fn.file, node.value));
  });
  return isManager ? agreed(values) : undefined;
}

/** `with x() as y`: y is x for what returns itself. */
function entered(project: PyProject, value: Value): Value | undefined {
  if (!value.cls) return value;
  const enter = project.method(value.cls, '__aenter__') ?? project.method(value.cls, '__enter__');
  return enter && returned(project, enter.file, enter.def);
}

/** A parameter: its annotation, `self`, or what all the calls of its function hand over. */
function argumentValue(project: PyProject, file: PyFile, arg: Arg): Value | undefined {
  const annotated = annotationValue(project, file, arg.annotation);
  if (annotated) return annotated;
  const def = parentOf(parentOf(arg)!);
  if (!isFunction(def)) return undefined;
  const fn = project.functionOf(def);
  const all = [...def.args.posonlyargs, ...def.args.args];
  const at = all.indexOf(arg);
  const isStatic = def.decorator_list.some((each) => isName(each, 'staticmethod'));
  const bound = fn.owner && !isStatic;
  if (bound && at === 0) return { kind: 'instance', cls: fn.owner! };
  const uses = fn.name === '__init__' && fn.owner ? constructions(project, fn.owner) : project.usesOf(fn);
  const handed = uses.flatMap((use) => {
    if (!use.call) return [spread(project, use.file, use.at, arg, at)];
    const keyword = use.call.keywords.find((each) => each.arg === arg.arg);
    const given = keyword?.value ?? (at >= 0 ? use.call.args[bound ? at - 1 : at] : undefined);
    // A function that calls itself hands on what it was given.
    if (given?.nodeType === 'Name' && use.file.scopes.bindingOf(given)?.sites[0] === arg) return [];
    return [given && given.nodeType !== 'Starred' ? valueOf(project, use.file, given) : undefined];
  });
  return handed.length > 0 ? agreed(handed) : undefined;
}

/** `executor.submit(f, a, b)`, `functools.partial(f, a)`: what follows the function are its arguments. */
function spread(project: PyProject, file: PyFile, use: Expr, arg: Arg, at: number): Value | undefined {
  const call = parentOf(use);
  if (call?.nodeType !== 'Call' || at < 0) return undefined;
  const index = call.args.indexOf(use);
  const isSubmit =
    call.func.nodeType === 'Attribute' && /^(?:submit|to_thread|run_in_executor|partial)$/.test(call.func.attr);
  if (index < 0 || !(isSubmit || isName(call.func, 'partial'))) return undefined;
  const keyword = call.keywords.find((each) => each.arg === arg.arg);
  const given = keyword?.value ?? call.args[index + 1 + at];
  return given && given.nodeType !== 'Starred' ? valueOf(project, file, given) : undefined;
}

/** The calls that make an instance of a class. */
function constructions(project: PyProject, cls: PyClass): { file: PyFile; at: Expr; call?: Call }[] {
  const found: { file: PyFile; at: Expr; call?: Call }[] = [];
  for (const file of project.files)
    walk(file.module, (node) => {
      if (node.nodeType !== 'Call') return;
      // By name first: to ask for every call what it is would ask for what is being found out.
      const { func } = node;
      const name = func.nodeType === 'Name' ? func.id : func.nodeType === 'Attribute' ? func.attr : undefined;
      if (name !== cls.name) return;
      if (node.nodeType === 'Call' && project.resolve(file, node.func) === cls)
        found.push({ file, at: node.func, call: node });
    });
  return found;
}

/** `self.x`: what all assignments in the class's methods agree on. */
function attributeValue(project: PyProject, cls: PyClass, attr: string): Value | undefined {
  const key = `${cls.file.path}:${cls.def.start}.${attr}`;
  if (project.values.has(key)) return known(project.values.get(key));
  project.values.set(key, 'busy');
  const found: (Value | undefined)[] = [];
  for (const each of [cls, ...project.basesOf(cls)])
    for (const method of each.methods.values())
      walkOwn(method.def.body, (node) => {
        if (node.nodeType !== 'Attribute' || node.attr !== attr || node.ctx.nodeType !== 'Store') return;
        if (!isName(node.value, method.def.args.args[0]?.arg)) return;
        if (!isNone(node)) found.push(siteValue(project, each.file, node));
      });
  for (const stmt of cls.def.body)
    if (stmt.nodeType === 'AnnAssign' && isName(stmt.target, attr))
      found.push(annotationValue(project, cls.file, stmt.annotation));
  const value = agreed(found);
  project.values.set(key, value);
  return value;
}

/** What an annotation says: a known class, `Optional[X]`, `X | None`, or the same in quotes. */
export function annotationValue(project: PyProject, file: PyFile, annotation: Expr | undefined): Value | undefined {
  if (!annotation) return undefined;
  if (annotation.nodeType === 'Constant' && typeof annotation.value === 'string')
    return quotedValue(project, file, annotation.value);
  if (annotation.nodeType === 'BinOp') {
    const sides = [annotation.left, annotation.right].filter(
      (side) => !(side.nodeType === 'Constant' && side.value === null),
    );
    return sides.length === 1 ? annotationValue(project, file, sides[0]) : undefined;
  }
  if (annotation.nodeType === 'Subscript') {
    const name = qualified(file, annotation.value);
    return name === 'typing.Optional' ? annotationValue(project, file, annotation.slice) : undefined;
  }
  const symbol = project.resolve(file, annotation);
  if (symbol?.kind === 'class') return { kind: 'instance', cls: symbol };
  const name = qualified(file, annotation);
  return name && CLASSES[name] ? { kind: CLASSES[name] } : undefined;
}

function quotedValue(project: PyProject, file: PyFile, text: string): Value | undefined {
  const [first, ...rest] = text.split('.') as [string, ...string[]];
  const binding = file.scopes.module.bindings.get(first);
  if (!/^[\w.]+$/.test(text) || !binding) return undefined;
  const cls =
    rest.length === 0 && binding.kinds.has('class')
      ? project.classes.find((each) => each.def === binding.sites[0])
      : undefined;
  if (cls) return { kind: 'instance', cls };
  const alias = binding.sites.find((site): site is Alias => site.nodeType === 'Alias');
  const stmt = alias && parentOf(alias);
  const from = stmt?.nodeType === 'ImportFrom' ? `${stmt.module}.${alias!.name}` : (alias?.name ?? '');
  const name = [from, ...rest].join('.');
  return CLASSES[name] ? { kind: CLASSES[name] } : undefined;
}

/** The function that a node stands in, as the project knows it. */
export const functionAt = (project: PyProject, node: Node) => {
  const def = functionAround(node);
  return def && project.functionOf(def);
};
