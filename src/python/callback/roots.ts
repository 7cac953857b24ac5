import { ownLines } from '../async/places.js';
import { isName, qualified, textOf, type PyFile } from '../file.js';
import { removeStatement } from '../imports.js';
import type { PyFunction } from '../project.js';
import type { Binding } from '../scope.js';
import {
  blockOf,
  functionAround,
  isFunction,
  parentOf,
  statementOf,
  walkOwn,
  type Call,
  type Expr,
  type Node,
  type Stmt,
} from '../tree.js';
import { link, refuse, touch, type Unit } from '../unit.js';
import { sayExpression } from './answering.js';
import { Stop, type Body, type Shared } from './body.js';
import { loopAround, startTogether } from './root-loops.js';
import { firstLine } from './sequences.js';

/** Where the code that waits for everything calls a function that answered later: it goes on when that has returned, and needs no event for it. */
export function convertRoots(shared: Shared, file: PyFile, fn: PyFunction | undefined): void {
  const { project, units } = shared;
  const unit = fn ? units.of(fn) : units.ofModule(file);
  const own: Node[] = [];
  walkOwn(fn ? fn.def.body : file.module.body, (node) => {
    if (node.nodeType === 'Call' && !(fn === undefined && functionAround(node))) own.push(node);
  });
  let changes = false;
  for (const node of own) {
    const call = node as Call;
    const target = project.resolve(file, call.func);
    if (target?.kind !== 'function') continue;
    try {
      if (shared.answering.has(target)) changes = convertCall(shared, unit, fn, call) || changes;
      else if (shared.waiting.has(target)) changes = callWaiting(shared, unit, fn, target, call) || changes;
    } catch (stop) {
      if (!(stop instanceof Stop)) throw stop;
      refuse(unit, stop.code, firstLine(file, stop.at), stop.detail);
    }
  }
  if (!fn) return;
  if (changes) colour(shared, unit, fn);
}

function convertCall(shared: Shared, unit: Unit, fn: PyFunction | undefined, call: Call): boolean {
  const { file } = unit;
  const stmt = statementOf(call);
  touch(unit, stmt);
  link(unit, shared.units.of(shared.project.resolve(file, call.func) as PyFunction));
  const isAlone = (stmt.nodeType === 'Expr' || (stmt.nodeType === 'Return' && fn)) && stmt.value === call;
  if (!isAlone || !ownLines(file, stmt)) throw new Stop('function-value', call);
  const loop = loopAround(stmt);
  inLoop(loop ?? stmt);
  if (loop) {
    nothingBehind(shared, fn, loop);
    startTogether(shared, unit, fn, loop, call);
    return true;
  }
  const ends = waitBehind(shared, unit, fn, stmt);
  const body: Body = { ...shared, unit, file, ...(fn && { fn }), errors: new Set(), inlined: new Set() };
  const indent = unit.rewrite.indentAt(stmt.start);
  const text = sayExpression(body, call, indent).text;
  const lines = { start: unit.rewrite.lineOf(stmt.start).start, end: unit.rewrite.lineOf(stmt.end).end };
  const comment = file.text.slice(stmt.end, lines.end).trim();
  if (comment) throw new Stop('comment-lost', stmt);
  unit.rewrite.replace(lines, file.text.endsWith('\n', lines.end) ? text : text.replace(/\n$/, ''));
  for (const each of ends) removeStatement(file, each, shared.units.around(file, each).rewrite);
  return true;
}

/** Each turn would wait for the one before. */
function inLoop(stmt: Stmt): void {
  for (let at = parentOf(stmt); at && !isFunction(at); at = parentOf(at))
    if (/^(?:For|While)$/.test(at.nodeType)) throw new Stop('schedule-differs', stmt);
}

/**
 * What comes behind the call: nothing, or a wait for an event that the continuations set, which goes with the event; or a shutdown. Gives the
 * statements that go.
 */
function waitBehind(shared: Shared, unit: Unit, fn: PyFunction | undefined, stmt: Stmt): Stmt[] {
  const { file } = unit;
  const block = blockOf(stmt);
  const next = block[block.indexOf(stmt) + 1];
  const event = next && eventOf(file, next);
  if (event) return eventStatements(shared, unit, event, next);
  if (next && /^\w[\w.]*\.(?:shutdown\((?:wait=True)?\)|join\(\))$/.test(textOf(file, next))) return [];
  nothingBehind(shared, fn, stmt);
  return [];
}

/** The program ends there, and waits for its threads. */
function nothingBehind(shared: Shared, fn: PyFunction | undefined, stmt: Stmt): void {
  const daemons = shared.project.files.some(({ text }) => /\bdaemon\s*=\s*True|\bsetDaemon\b/.test(text));
  if (daemons) throw new Stop('schedule-differs', stmt);
  const next = blockOf(stmt)[blockOf(stmt).indexOf(stmt) + 1];
  if (next && !(next.nodeType === 'Return' && !next.value)) throw new Stop('code-after-call', next);
  if (fn && !isLastOfAll(shared, fn, stmt)) throw new Stop('code-after-call', stmt);
  if (!fn && !isLastIn(stmt)) throw new Stop('code-after-call', stmt);
}

/** `finished.wait()` of an Event. */
function eventOf(file: PyFile, stmt: Stmt): Binding | undefined {
  const call = stmt.nodeType === 'Expr' && stmt.value.nodeType === 'Call' ? stmt.value : undefined;
  if (call?.func.nodeType !== 'Attribute' || call.func.attr !== 'wait' || !isName(call.func.value)) return undefined;
  if (call.args.length + call.keywords.length > 0) throw new Stop('schedule-differs', call);
  const binding = file.scopes.bindingOf(call.func.value);
  const made = binding?.sites.length === 1 ? parentOf(binding.sites[0]!) : undefined;
  const isEvent =
    made?.nodeType === 'Assign' &&
    made.value.nodeType === 'Call' &&
    qualified(file, made.value.func) === 'threading.Event';
  return isEvent ? binding : undefined;
}

/** The event is set as the last thing that continuations do, and waited for once. */
function eventStatements(shared: Shared, unit: Unit, event: Binding, wait: Stmt): Stmt[] {
  const { file } = unit;
  const gone: Stmt[] = [parentOf(event.sites[0]!) as Stmt, wait];
  for (const use of event.uses) {
    const stmt = statementOf(use);
    if (stmt === wait) continue;
    const isSet = textOf(file, stmt) === `${event.name}.set()`;
    const def = functionAround(stmt);
    if (!isSet || !def || !endsFunction(stmt)) throw new Stop('schedule-differs', stmt);
    link(unit, shared.units.around(file, stmt));
    touch(shared.units.around(file, stmt), stmt);
    gone.push(stmt);
  }
  return gone;
}

/** Nothing of its function comes behind it. */
function endsFunction(stmt: Stmt): boolean {
  for (let at: Stmt = stmt; ;) {
    const next = blockOf(at)[blockOf(at).indexOf(at) + 1];
    if (next) return next.nodeType === 'Return' && !next.value;
    const parent = parentOf(at)!;
    if (isFunction(parent)) return true;
    if (parent.nodeType !== 'If' && parent.nodeType !== 'Try' && parent.nodeType !== 'ExceptHandler') return false;
    at = (parent.nodeType === 'ExceptHandler' ? parentOf(parent) : parent) as Stmt;
  }
}

/** The last statement of the program. */
function isLastIn(stmt: Stmt): boolean {
  for (let at: Stmt = stmt; ;) {
    if (blockOf(at).at(-1) !== at) return false;
    const parent = parentOf(at)!;
    if (parent.nodeType === 'Module') return true;
    if (parent.nodeType !== 'If') return false;
    at = parent;
  }
}

/** The function ends with the call, and it is a continuation itself, or the last that the program calls. */
function isLastOfAll(shared: Shared, fn: PyFunction, stmt: Stmt): boolean {
  if (!endsFunction(stmt)) return false;
  return shared.project.usesOf(fn).every(({ file, at, call }) => {
    if (!call) return isContinuation(shared, file, at);
    return functionAround(call) === undefined && isLastIn(statementOf(call));
  });
}

/** It is handed to a function that answers. */
function isContinuation({ project, answering }: Shared, file: PyFile, at: Expr): boolean {
  const parent = parentOf(at);
  const call = parent?.nodeType === 'Keyword' ? parentOf(parent) : parent;
  const target = call?.nodeType === 'Call' ? project.resolve(file, call.func) : undefined;
  return target?.kind === 'function' && answering.has(target);
}

// ---- callers of those that wait ----

/** `main()`: awaited by those who wait themselves, run by the module. */
function callWaiting(shared: Shared, unit: Unit, fn: PyFunction | undefined, target: PyFunction, call: Call): boolean {
  link(unit, shared.units.of(target));
  if (shared.target === 'blocking') return false;
  touch(unit, call);
  for (let at = parentOf(call); at && !isFunction(at); at = parentOf(at))
    if (/^(?:Lambda|GeneratorExp)$/.test(at.nodeType)) throw new Stop('no-async-here', call);
  const parent = parentOf(call);
  const isTaken = parent?.nodeType === 'Attribute' || parent?.nodeType === 'Subscript';
  const [open, close] = fn ? (isTaken ? ['(await ', ')'] : ['await ', '']) : [`${run(shared, unit)}(`, ')'];
  unit.rewrite.insert(call.start, open!);
  if (close) unit.rewrite.insert(call.end, close);
  return true;
}

export const run = ({ units }: Shared, unit: Unit): string => units.need(unit, 'asyncio', 'run');

function colour(shared: Shared, unit: Unit, fn: PyFunction): void {
  const { def, file } = fn;
  if (/^__\w+__$/.test(fn.name)) return refuse(unit, 'no-async-here', firstLine(file, def), fn.name);
  if (shared.project.isNamedOutside(fn)) refuse(unit, 'exported-callers-unknown', firstLine(file, def), fn.name);
  if (def.decorator_list.length > 0) refuse(unit, 'decorated', def.decorator_list[0]!);
  if (shared.target === 'async') unit.rewrite.insert(def.start, 'async ');
  for (const { file: theirs, at, call } of shared.project.usesOf(fn))
    if (!call && !isContinuation(shared, theirs, at)) refuse(unit, 'function-value', at, fn.name);
}
