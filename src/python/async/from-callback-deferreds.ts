import { isName, qualified, textOf, type PyFile } from '../file.js';
import type { PyFunction } from '../project.js';
import {
  blockOf,
  parentOf,
  statementOf,
  walk,
  type Call,
  type Expr,
  type FunctionDef,
  type Node,
  type Stmt,
} from '../tree.js';
import { removeStatement } from '../imports.js';
import { link, note, refuse, touch, type Unit } from '../unit.js';
import { ownLines } from './places.js';
import { awaitable, type Coroutines } from './from-callback-awaitables.js';

/** `d = fetch(url)`, what is added to `d`, and the loop that runs until the last of it stops it: one sequence. */
export interface Chain {
  readonly file: PyFile;
  readonly stmts: readonly Stmt[];
  readonly head: Call;
  readonly stages: readonly Call[];
  readonly run: Call;
}

const ADDS = /^add(?:Callback|Callbacks|Errback|Both)$/;

/** The chain of a module that stands right in front of `reactor.run()`. */
export function chainIn(file: PyFile): Chain | undefined {
  let run: Call | undefined;
  walk(file.module, (node) => {
    if (node.nodeType === 'Call' && qualified(file, node.func) === 'twisted.internet.reactor.run') run ??= node;
  });
  if (!run) return undefined;
  const end = statementOf(run);
  const block = blockOf(end);
  const stages: Call[] = [];
  const stmts: Stmt[] = [];
  for (let index = block.indexOf(end) - 1; index >= 0; index--) {
    const stmt = block[index]!;
    const value = stmt.nodeType === 'Expr' || stmt.nodeType === 'Assign' ? stmt.value : undefined;
    const [head, added] = value ? unwound(value) : [undefined, []];
    if (!head) return undefined;
    stages.unshift(...added);
    stmts.unshift(stmt);
    if (head.nodeType === 'Call' && (stages.length > 0 || added.length > 0)) {
      const isKept = stmt.nodeType === 'Assign';
      const isOne = isKept ? isName(stmt.targets[0]) && onlyAdded(file, stmt.targets[0], stmts) : stmts.length === 1;
      return isOne ? { file, stmts, head, stages, run } : undefined;
    }
    if (!isName(head) || added.length === 0) return undefined;
  }
  return undefined;
}

/** `x.addCallback(f).addErrback(g)` is x with two stages. */
function unwound(expr: Expr): [Expr, Call[]] {
  const stages: Call[] = [];
  let at = expr;
  while (at.nodeType === 'Call' && at.func.nodeType === 'Attribute' && ADDS.test(at.func.attr)) {
    stages.unshift(at);
    at = at.func.value;
  }
  return [at, stages];
}

/** The variable is used for the chain alone. */
function onlyAdded(file: PyFile, name: Expr | undefined, stmts: readonly Stmt[]): boolean {
  const binding = isName(name) ? file.scopes.bindingOf(name) : undefined;
  return binding?.sites.length === 1 && binding.uses.every((use) => stmts.includes(statementOf(use)));
}

/** The function that a chain begins with. */
export function headOfChain(c: Coroutines, chain: Chain): PyFunction | undefined {
  const target = c.project.resolve(chain.file, chain.head.func);
  return target?.kind === 'function' ? target : undefined;
}

// ---- written ----

interface Written {
  lines: string[];
  /** What the chain has come to, as an expression. */
  value: string;
  /** The loop is stopped whatever happens. */
  always: boolean;
  stops: boolean;
}

/** The chain as the body of a coroutine that `asyncio.run` runs. */
export function writeChain(c: Coroutines, chain: Chain): void {
  const { file, stmts, head, stages, run } = chain;
  const unit = c.units.ofModule(file);
  touch(unit, stmts[0]!);
  for (const stmt of [...stmts, statementOf(run)])
    if (!ownLines(file, stmt) || parentOf(stmt)?.nodeType !== 'Module') return refuse(unit, 'one-line-block', stmt);
  const target = headOfChain(c, chain);
  if (target) link(unit, c.units.of(target));
  const list = head.args[0];
  const pieces =
    list && isName(list) && /DeferredList|gatherResults/.test(textOf(file, head.func))
      ? undefined
      : awaitable(c, unit, head);
  if (!pieces) return refuse(unit, 'unknown-callee', head);
  const text = pieces.map((each) => (typeof each === 'string' ? each : unit.rewrite.render(each))).join('');
  const state: Written = { lines: [], value: c.plain.has(head) ? text : `await ${text}`, always: false, stops: false };
  for (const stage of stages) if (!writeStage(c, unit, state, stage)) return;
  if (!state.stops) return refuse(unit, 'waits-on-exit', run);
  if (!state.always) note(unit, 'ends-on-error', run);
  if (!/^(?:result|None)$/.test(state.value)) state.lines.push(state.value);
  const reads = state.lines.join('\n').replaceAll(/\bresult = /g, '');
  const lines = /\bresult\b/.test(reads) ? state.lines : state.lines.map((line) => line.replace(/\bresult = /, ''));
  const name = c.units.firstFree(file, ['main', 'run_all', 'amain']);
  const { rewrite } = unit;
  const body = lines.map((line) => `${file.unit}${line}\n`).join('');
  const from = rewrite.lineOf(stmts[0]!.start).start;
  const to = rewrite.lineOf(stmts.at(-1)!.end).end;
  if (/#/.test(file.text.slice(from, to))) return refuse(unit, 'comment-lost', stmts[0]!);
  rewrite.replace({ start: from, end: to }, `async def ${name}():\n${body}\n\n`);
  rewrite.replace(run, `${c.units.need(unit, 'asyncio', 'run')}(${name}())`);
}

function writeStage(c: Coroutines, unit: Unit, state: Written, stage: Call): boolean {
  const method = (stage.func as { attr?: string }).attr!;
  const fail = (code: string, at: Node): false => {
    refuse(unit, code, at);
    return false;
  };
  const [first, second] = stage.args;
  const most = method === 'addCallbacks' ? 2 : 1;
  if (!first || stage.args.length > most || stage.keywords.length > 0) return fail('unknown-handler', stage);
  if (method === 'addBoth') {
    if (!stopsAlone(unit.file, first)) return fail('unknown-handler', first);
    const inner = [...state.lines, ...(/^(?:None|result)$/.test(state.value) ? [] : [state.value])];
    state.lines = ['try:', ...deeper(unit, inner), 'except Exception:', `${unit.file.unit}pass`];
    Object.assign(state, { value: 'None', always: true, stops: true });
    return true;
  }
  if (method === 'addErrback') {
    const caught = errback(c, unit, first);
    if (caught === undefined) return fail('unknown-handler', first);
    state.lines = [
      'try:',
      ...deeper(unit, [...state.lines, `result = ${state.value}`]),
      ...caught.map((line, index) => (index > 0 ? unit.file.unit + line : line)),
    ];
    state.value = 'result';
    return true;
  }
  if (method === 'addCallback') return callback(c, unit, state, first) || fail('unknown-handler', first);
  const caught = second && errback(c, unit, second);
  if (!caught) return fail('unknown-handler', second ?? stage);
  const own: Written = { lines: [], value: 'answer', always: false, stops: false };
  if (!callback(c, unit, own, first)) return fail('unknown-handler', first);
  state.lines = [
    'try:',
    ...deeper(unit, [...state.lines, `answer = ${state.value}`]),
    ...caught.map((line, index) => (index > 0 ? unit.file.unit + line : line)),
    'else:',
    ...deeper(unit, [...own.lines, `result = ${own.value}`]),
  ];
  state.value = 'result';
  state.stops ||= own.stops;
  return true;
}

const deeper = (unit: Unit, lines: readonly string[]): string[] => lines.map((line) => unit.file.unit + line);

/** `lambda _: reactor.stop()` */
function stopsAlone(file: PyFile, expr: Expr): boolean {
  return (
    expr.nodeType === 'Lambda' &&
    expr.body.nodeType === 'Call' &&
    qualified(file, expr.body.func) === 'twisted.internet.reactor.stop'
  );
}

function callback(c: Coroutines, unit: Unit, state: Written, expr: Expr): boolean {
  const { file } = unit;
  if (stopsAlone(file, expr)) {
    state.lines.push(state.value);
    Object.assign(state, { value: 'None', stops: true });
    return true;
  }
  const target = c.project.resolve(file, expr);
  if (target?.kind === 'function' && isName(expr)) {
    if (c.functions.has(target)) c.awaited.add(expr);
    else if (mayGiveDeferred(target)) return false;
    const stop = stopIn(target);
    if (stop === 'elsewhere') return false;
    link(unit, c.units.of(target));
    if (stop) {
      touch(c.units.of(target), stop);
      removeStatement(target.file, stop, c.units.of(target).rewrite);
      state.stops = true;
    }
    state.value = `${c.functions.has(target) ? 'await ' : ''}${expr.id}(${state.value})`;
    return true;
  }
  return false;
}

/** What a function of the chain gives may be a Deferred itself: it returns what is not known. */
function mayGiveDeferred({ file, def }: PyFunction): boolean {
  let may = false;
  for (const stmt of def.body)
    walk(stmt, (node) => {
      const name = node.nodeType === 'Call' ? (qualified(file, node.func) ?? '') : '';
      if (
        /^(?:twisted\.(?!internet\.reactor\.stop$)|treq\.|txrequests)/.test(name) ||
        /^(?:Yield|Await)$/.test(node.nodeType)
      )
        may = true;
    });
  return may;
}

/** `reactor.stop()` as the last statement of a function. */
function stopIn({ file, def }: PyFunction): Stmt | 'elsewhere' | undefined {
  const stops: Node[] = [];
  for (const stmt of def.body)
    walk(stmt, (node) => {
      const isStop = node.nodeType === 'Call' && qualified(file, node.func) === 'twisted.internet.reactor.stop';
      if (isStop) stops.push(node);
    });
  if (stops.length === 0) return undefined;
  const last = def.body.at(-1)!;
  return stops.length === 1 && last.nodeType === 'Expr' && last.value === stops[0] && def.body.length > 1
    ? last
    : 'elsewhere';
}

// ---- errbacks ----

/** `except Exception as error:` and the call; the errback takes the exception itself then. Undefined: it asks for more than that has. */
function errback(c: Coroutines, unit: Unit, expr: Expr): string[] | undefined {
  const target = c.project.resolve(unit.file, expr);
  if (target?.kind !== 'function' || !isName(expr) || target.def.args.args.length !== 1) return undefined;
  if (stopIn(target) || mayGiveDeferred(target)) return undefined;
  if (!c.project.usesOf(target).every(({ call, at }) => !call && isErrback(at))) return undefined;
  const own = c.units.of(target);
  link(unit, own);
  if (!takesException(own, target.def)) return undefined;
  touch(own, target.def);
  return ['except Exception as error:', `result = ${expr.id}(error)`];
}

function isErrback(at: Expr): boolean {
  const call = parentOf(at);
  if (call?.nodeType !== 'Call' || call.func.nodeType !== 'Attribute') return false;
  return call.func.attr === 'addErrback' || (call.func.attr === 'addCallbacks' && call.args[1] === at);
}

/** What is asked of a Failure is asked of the exception. */
function takesException(unit: Unit, def: FunctionDef): boolean {
  const { file, rewrite } = unit;
  const name = def.args.args[0]!.arg;
  const binding = file.scopes.of(def)?.bindings.get(name);
  return (binding?.uses ?? []).every((use) => {
    const parent = parentOf(use);
    if (parent?.nodeType === 'Return') {
      rewrite.replace(parent, `raise ${name}`);
      return true;
    }
    if (parent?.nodeType !== 'Attribute') return false;
    const call = parentOf(parent);
    if (parent.attr === 'value') {
      rewrite.replace(parent, name);
      return true;
    }
    if (call?.nodeType !== 'Call' || call.func !== parent) return false;
    const kinds = call.args.map((each) => textOf(file, each));
    const tuple = kinds.length === 1 ? kinds[0]! : `(${kinds.join(', ')})`;
    const stmt = statementOf(call);
    const isAlone = stmt.nodeType === 'Expr' && stmt.value === call && ownLines(file, stmt);
    if (parent.attr === 'getErrorMessage') rewrite.replace(call, `str(${name})`);
    else if (parent.attr === 'trap' && isAlone && kinds.length > 0)
      rewrite.replace(
        stmt,
        `if not isinstance(${name}, ${tuple}):\n${rewrite.indentAt(stmt.start)}${file.unit}raise ${name}`,
      );
    else if (parent.attr === 'check' && parentOf(call)?.nodeType === 'If')
      rewrite.replace(call, `isinstance(${name}, ${tuple})`);
    else return false;
    return true;
  });
}
