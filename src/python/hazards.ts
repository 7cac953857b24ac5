import { isBuiltin, isName, qualified, type PyFile } from './file.js';
import { isFunction, parentOf, walk, type Call, type Expr, type Node } from './tree.js';
import { refuse, type Unit, type Units } from './unit.js';
import { valueOf } from './values.js';

/**
 * What no conversion of a single function can see: names that are only known when the program runs, libraries that somebody replaces, tests that a
 * framework calls, things of threads that block an event loop. Functions that such a place may be about are refused there.
 */
export function refuseHazards(units: Units, rule: string): void {
  const changed = units.all().filter((unit) => unit.touched && !unit.rewrite.isEmpty);
  const recoloured = changed.filter((unit) => isRecoloured(unit, rule));
  for (const file of new Set(recoloured.map((unit) => unit.file))) {
    const own = recoloured.filter((unit) => unit.file === file);
    dynamicNames(units, file, own);
    perThread(units, file, own, rule);
  }
  if (rule.includes('async')) replacedLibraries(units, changed); // the others keep their library
  for (const unit of recoloured) if (toAsync(rule)) testMethod(unit);
  for (const unit of changed) if (rule.startsWith('python-async')) wrongType(units, unit);
  for (const unit of changed) if (toAsync(rule)) blocking(units, unit);
}

const toAsync = (rule: string): boolean => rule.endsWith('-to-async');

/** It is called in another way afterwards: with `await`, or without its callback. */
function isRecoloured(unit: Unit, rule: string): boolean {
  const def = unit.fn?.def;
  if (!def) return false;
  if (rule.startsWith('python-callback')) return true;
  return def.nodeType === 'AsyncFunctionDef' || unit.rewrite.render(def).startsWith('async ');
}

// ---- names that only the running program knows ----

/** `exec(code)`, `getattr(commands, name)()`, `globals()[name]`: may mean any function of the file. */
function dynamicNames(units: Units, file: PyFile, own: readonly Unit[]): void {
  walk(file.module, (node) => {
    if (node.nodeType !== 'Call') return;
    if (isBuiltin(file, node.func, 'exec') || isBuiltin(file, node.func, 'eval') || isTable(file, node))
      for (const unit of own) refuse(unit, 'dynamic-scope', node);
    if (isBuiltin(file, node.func, 'getattr'))
      for (const unit of own) if (mayMean(units, file, node, unit)) refuse(unit, 'dynamic-scope', node);
  });
}

/** `globals()["load_" + name]` */
function isTable(file: PyFile, call: Call): boolean {
  const isNames = isBuiltin(file, call.func, 'globals') || isBuiltin(file, call.func, 'locals');
  const parent = parentOf(call);
  const isRead = parent?.nodeType === 'Subscript' || (parent?.nodeType === 'Attribute' && parent.attr === 'get');
  return isNames && isRead;
}

function mayMean(units: Units, file: PyFile, call: Call, unit: Unit): boolean {
  const [object, name] = call.args;
  if (!object || !name) return false;
  const { fn } = unit;
  const start = knownStart(name);
  if (start.isAll ? fn!.name !== start.text : !fn!.name.startsWith(start.text)) return false;
  const cls = valueOf(units.project, file, object)?.cls;
  if (!fn!.owner) return units.project.resolve(file, object)?.kind === 'module';
  const related = cls && (cls === fn!.owner || units.project.basesOf(cls).includes(fn!.owner));
  return related || (cls === undefined && units.project.resolve(file, object)?.kind !== 'module');
}

/** How a computed name is known to begin: `"do_" + command`, `f"do_{command}"`. */
function knownStart(name: Expr): { text: string; isAll: boolean } {
  if (name.nodeType === 'Constant') return { text: String(name.value), isAll: true };
  const first = name.nodeType === 'BinOp' ? name.left : name.nodeType === 'JoinedStr' ? name.values[0] : undefined;
  return { text: first?.nodeType === 'Constant' ? String(first.value) : '', isAll: false };
}

// ---- libraries that somebody replaces ----

const LIBRARY = /(?:^|\.)(?:requests|aiohttp|httpx|urllib)(?:\.|$)/;

/** `requests.get = counted`, `mock.patch("requests.get")`, `monkeypatch.setattr(requests, "get", fake)`: what was replaced is no longer called. */
function replacedLibraries(units: Units, changed: readonly Unit[]): void {
  for (const file of units.project.files)
    walk(file.module, (node) => {
      const name = replacedName(file, node);
      if (!name) return;
      const about = changed.filter((unit) => unit.file === file || name.startsWith(`${unit.file.moduleName}.`));
      for (const unit of about) refuse(unit, 'library-replaced', node);
    });
}

function replacedName(file: PyFile, node: Node): string | undefined {
  const isStore = node.nodeType === 'Attribute' && node.ctx.nodeType !== 'Load';
  const stored = isStore ? qualified(file, node) : undefined;
  if (stored && LIBRARY.test(stored)) return stored;
  if (node.nodeType !== 'Call') return undefined;
  const method = node.func.nodeType === 'Attribute' ? node.func.attr : isName(node.func) ? node.func.id : '';
  const [first, second] = node.args;
  if (/^patch$/.test(method) && first?.nodeType === 'Constant' && LIBRARY.test(String(first.value)))
    return String(first.value);
  const target = /^(?:setattr|object|multiple|dict)$/.test(method) ? qualified(file, first) : undefined;
  return target && LIBRARY.test(`${target}.`) ? `${target}.${second ? '' : '*'}` : undefined;
}

// ---- what is not JSON ----

/** aiohttp's `json()` of what is not declared as JSON is a ClientError; that of requests reads it, or raises a ValueError, which a handler here would catch. */
function wrongType(units: Units, unit: Unit): void {
  const { file } = unit;
  for (const top of unit.fn?.def.body ?? [])
    walk(top, (node) => {
      if (isFunction(node)) return false;
      if (node.nodeType !== 'Try') return true;
      const first = node.handlers.findIndex(
        ({ type }) => !type || namesIn(type).some((each) => isValueError(file, each)),
      );
      const before = node.handlers.slice(0, first).flatMap(({ type }) => (type ? namesIn(type) : []));
      const caught = before.some((each) =>
        /(?:ClientError|Exception)$/.test(qualified(file, each) ?? (isName(each) ? each.id : '')),
      );
      const handler = node.handlers[first];
      if (handler?.type && !caught && node.body.some((stmt) => readsJson(units, file, stmt)))
        refuse(unit, 'http-option', handler.type);
      return true;
    });
}

const namesIn = (type: Expr): readonly Expr[] => (type.nodeType === 'Tuple' ? type.elts : [type]);

const isValueError = (file: PyFile, expr: Expr): boolean =>
  isBuiltin(file, expr, 'ValueError') || /JSONDecodeError$/.test(qualified(file, expr) ?? '');

/** Itself, or in a function of the project that it calls. */
function readsJson(units: Units, file: PyFile, node: Node, seen = new Set<Node>()): boolean {
  let found = false;
  walk(node, (each) => {
    if (found || each.nodeType !== 'Call') return !found;
    const { func } = each;
    const kind =
      func.nodeType === 'Attribute' && func.attr === 'json'
        ? valueOf(units.project, file, func.value)?.kind
        : undefined;
    if (kind === 'aiohttp.ClientResponse' && !each.keywords.some(({ arg }) => arg === 'content_type')) found = true;
    const target = units.project.resolve(file, func);
    if (target?.kind === 'function' && !seen.has(target.def)) {
      seen.add(target.def);
      found ||= target.def.body.some((stmt) => readsJson(units, target.file, stmt, seen));
    }
    return !found;
  });
  return found;
}

// ---- tests ----

/** A test that has become a coroutine is never awaited by a framework that does not expect one: it would always pass. */
function testMethod(unit: Unit): void {
  const { fn, file } = unit;
  const inClass = fn!.owner && /^(?:test|setUp|tearDown)/.test(fn!.name);
  const bases = fn!.owner?.def.bases.map((base) => qualified(file, base) ?? (isName(base) ? base.id : '')) ?? [];
  const isTestCase = inClass && (bases.some((name) => /Test/.test(name)) || /^Test/.test(fn!.owner!.name));
  const isPytest = !fn!.owner && /^test_/.test(fn!.name) && isInModule(fn!.def);
  if (isTestCase || isPytest) refuse(unit, 'no-async-here', headOf(unit), fn!.name);
}

const isInModule = (node: Node): boolean => parentOf(node)?.nodeType === 'Module';

function headOf(unit: Unit): { start: number; end: number } {
  const { start } = unit.fn!.def;
  const end = unit.file.text.indexOf('\n', start);
  return { start, end: end < 0 ? unit.file.text.length : end };
}

// ---- things of threads ----

/** What blocks the thread that an event loop runs in. */
const BLOCKS: Readonly<Record<string, RegExp>> = {
  'threading.Lock': /^acquire$/,
  'threading.RLock': /^acquire$/,
  'threading.Barrier': /^wait$/,
  'threading.Event': /^wait$/,
  'threading.Condition': /^(?:wait|wait_for|acquire)$/,
  'threading.Semaphore': /^acquire$/,
  'threading.Thread': /^join$/,
  'queue.Queue': /^(?:get|put|join)$/,
};

function blocking(units: Units, unit: Unit): void {
  const { file } = unit;
  const body = unit.fn && unit.rewrite.render(unit.fn.def).startsWith('async ') ? unit.fn.def.body : [];
  for (const top of body)
    walk(top, (node) => {
      if (isFunction(node)) return false;
      if (node.nodeType !== 'Call' || node.func.nodeType !== 'Attribute') return true;
      const kind = valueOf(units.project, file, node.func.value)?.kind;
      const isKept = !unit.rewrite.takesOut(node) && !units.awaited.has(node);
      if (kind && isKept && BLOCKS[kind]?.test(node.func.attr)) refuse(unit, 'no-async-twin', node, kind);
      return true;
    });
}

/** `threading.local`: coroutines share one thread, so each would find what another has left there. */
function perThread(units: Units, file: PyFile, own: readonly Unit[], rule: string): void {
  if (!toAsync(rule)) return;
  walk(file.module, (node) => {
    const isLocal =
      node.nodeType === 'Call' && (qualified(file, node.func) === 'threading.local' || makesLocal(units, file, node));
    if (isLocal) for (const unit of own) refuse(unit, 'thread-identity', node);
  });
}

/** `class Own(threading.local)` */
function makesLocal(units: Units, file: PyFile, call: Call): boolean {
  const cls = units.project.resolve(file, call.func);
  return cls?.kind === 'class' && cls.def.bases.some((base) => qualified(cls.file, base) === 'threading.local');
}
