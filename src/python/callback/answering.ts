import { ownLines } from '../async/places.js';
import { isName, textOf } from '../file.js';
import {
  functionAround,
  isFunction,
  parentOf,
  walk,
  walkOwn,
  type Call,
  type Expr,
  type FunctionDef,
  type If,
  type Node,
  type Stmt,
  type Try,
} from '../tree.js';
import { sayAnswer } from './answer.js';
import { isAbout, isNone, Stop, type Body, type End, type Said } from './body.js';
import { isThread, isSubmit } from './continuations.js';
import { callAnswering, finishFuture, runThread } from './continuing.js';
import { slowPart } from './quick.js';
import { bodyStart, indentOf, keepBlock, leadOf, reindent, verbatim } from './lines.js';

/** The statements of a block as a sequence that returns and raises what they answered. */
export function sayBlock(body: Body, stmts: readonly Stmt[], indent: string, last = true): Said {
  let text = '';
  for (const [index, stmt] of stmts.entries()) {
    const rest = stmts.slice(index + 1);
    if (!ownLines(body.file, stmt)) throw new Stop('one-line-block', stmt);
    const lead = leadOf(body, stmts, index);
    const above = text === '' ? '' : reindent(lead, indentOf(body, stmt), indent);
    if (stmt.nodeType === 'Nonlocal' && body.inlined.has(parentOf(stmt) as FunctionDef)) {
      checkNonlocal(body, stmt);
      continue;
    }
    if (isFunction(stmt) && isPartOfSequence(body, stmt)) continue;
    const tail = rest.length === 0 ? last : rest.every(isBareReturn);
    const said = sayStatement(body, stmt, rest, indent, tail);
    if (!said) {
      text += above + verbatim(body, stmt, indent);
      continue;
    }
    const isEmpty = text === '' && lead.trim() !== '';
    text += (isEmpty ? reindent(lead.replace(/^\s*\n/, ''), indentOf(body, stmt), indent) : above) + said.text;
    // Without a return what stands behind would be done too, and might answer again.
    if (said.isSimple && stmt.nodeType !== 'Return' && !tail && !rest.some(isBareReturn))
      throw new Stop('called-more-than-once', stmt);
    if (said.end === 'answered' || (said.end === 'next' && rest.length === 0)) {
      const left = rest.find((each) => !isBareReturn(each) && !(isFunction(each) && isPartOfSequence(body, each)));
      if (left) throw new Stop('code-after-call', left);
      return { text, end: said.end };
    }
  }
  return { text, end: 'open' };
}

/** What is kept as it is leaves the function nowhere, and does not block an event loop. */
function checkKept(body: Body, stmt: Stmt): void {
  if (!body.answers) return;
  walkOwn([stmt], (node) => {
    if (node.nodeType === 'Return') throw new Stop('path-without-callback', node);
  });
  const slow = body.target === 'async' && !body.inThread ? slowPart(body.project, body.file, stmt) : undefined;
  if (slow && !isOutcomeOf(slow)) throw new Stop('no-async-twin', slow);
}

/** `future.result()`, where the future is done. */
const isOutcomeOf = (node: Node): boolean =>
  node.nodeType === 'Call' && node.func.nodeType === 'Attribute' && /^(?:result|exception)$/.test(node.func.attr);

/** The names belong to the function whose sequence it becomes. */
function checkNonlocal(body: Body, stmt: Extract<Stmt, { nodeType: 'Global' | 'Nonlocal' }>): void {
  for (const name of stmt.names) {
    const binding = body.file.scopes.lookUp(name, body.file.scopes.of(parentOf(stmt)!)!);
    const home = binding?.scope.node;
    if (!home || !body.fn || !isInside(home, body.fn.def)) throw new Stop('hoisted-name', stmt, name);
  }
}

/** Undefined: it is kept as it is. */
function sayStatement(body: Body, stmt: Stmt, rest: readonly Stmt[], indent: string, last: boolean): Said | undefined {
  const call = callOf(stmt);
  if (call) {
    const said = sayCall(body, call, indent, last);
    if (said) return { ...said, isSimple: said.end !== 'open' };
  }
  const twoLines = startedByName(body, stmt, rest, indent);
  if (twoLines) return twoLines;
  if (!isAbout(body, stmt)) {
    checkKept(body, stmt);
    return undefined;
  }
  if (stmt.nodeType === 'If') return sayIf(body, stmt, rest, indent, last);
  if (stmt.nodeType === 'Try') return sayTry(body, stmt, rest, indent, last);
  if (stmt.nodeType === 'With') {
    const header = body.file.text.slice(stmt.start, bodyStart(body, stmt.body)).trimEnd();
    if (stmt.items.some(({ context_expr: each }) => /lock|cond|sem/i.test(textOf(body.file, each))))
      throw new Stop('lock-held', stmt.items[0]!);
    const inner = sayBlock(body, stmt.body, indent + body.file.unit, last);
    return { text: `${indent}${header}\n${inner.text}`, end: inner.end };
  }
  throw new Stop('callback-argument', stmt);
}

// ---- answers and starts ----

function sayCall(body: Body, call: Call, indent: string, last: boolean): Said | undefined {
  const answer = sayAnswer(body, call, indent);
  if (answer !== undefined) return { text: answer, end: 'answered' };
  const { loop } = body;
  if (loop && isName(call.func) && body.file.scopes.bindingOf(call.func)?.sites[0] === loop.def)
    return { text: nextTurn(body, call, indent, last), end: last ? 'next' : 'answered' };
  const started = startedThread(body, call);
  if (started) return { text: runThread(body, started, indent), end: 'answered' };
  if (isRegistration(call) && call.func.value.nodeType === 'Call' && isSubmit(body.project, body.file, call.func.value))
    return finishFuture(body, call.func.value, call.args[0]!, indent);
  const target = body.project.resolve(body.file, call.func);
  const theirs = target?.kind === 'function' ? body.answering.get(target) : undefined;
  if (theirs && target?.kind === 'function') return callAnswering(body, call, target, theirs, indent);
  const local = localLoop(body, call);
  if (local) return sayLoop(body, call, local, indent);
  return undefined;
}

// ---- branches ----

function sayIf(body: Body, stmt: If, rest: readonly Stmt[], indent: string, last: boolean): Said {
  const { file } = body;
  if (isPresenceTest(body, stmt.test)) return sayGuard(body, stmt, indent, last);
  if (isAbout(body, stmt.test)) throw new Stop('callback-argument', stmt.test);
  const deep = indent + file.unit;
  const header = `${indent}if ${textOf(file, stmt.test)}:\n`;
  const yes = sayBlock(body, stmt.body, deep, last);
  const text = header + orPass(yes.text, deep);
  if (stmt.orelse.length === 0) {
    if (rest.length === 0 && yes.end !== 'open' && body.answers) throw new Stop('path-without-callback', stmt);
    return { text, end: 'open' };
  }
  const no = sayBlock(body, stmt.orelse, deep, last);
  const end =
    yes.end === 'open' || no.end === 'open' ? 'open' : yes.end === 'next' || no.end === 'next' ? 'next' : 'answered';
  if (end === 'open' && rest.length === 0 && body.answers) throw new Stop('path-without-callback', stmt);
  if (no.text === '') return { text, end };
  const [only] = stmt.orelse;
  const isElif = stmt.orelse.length === 1 && only!.nodeType === 'If' && textOf(file, only!).startsWith('elif');
  if (isElif)
    return {
      text:
        text +
        no.text
          .replace(new RegExp(`^${deep}if`), `${indent}elif`)
          .replace(new RegExp(`^${file.unit}(?=${indent})`, 'gm'), ''),
      end,
    };
  return { text: `${text}${indent}else:\n${no.text}`, end };
}

const orPass = (text: string, indent: string): string => text || `${indent}pass\n`;

/** `if on_error is not None: on_error(e)`: who gave none is told by the exception. */
function sayGuard(body: Body, stmt: If, indent: string, last: boolean): Said {
  const other = stmt.orelse[0];
  const isRaise = stmt.orelse.length === 1 && other!.nodeType === 'Raise';
  if (other && !isRaise) throw new Stop('callback-argument', other);
  return sayBlock(body, stmt.body, indent, last);
}

function isPresenceTest(body: Body, test: Expr): boolean {
  const name = test.nodeType === 'Compare' && textOf(body.file, test).endsWith(' is not None') ? test.left : test;
  const binding = isName(name) ? body.file.scopes.bindingOf(name) : undefined;
  return binding !== undefined && (binding === body.success || binding === body.error);
}

/** A `try` whose handlers only hand the error on goes; what it guarded is what raises. */
function sayTry(body: Body, stmt: Try, rest: readonly Stmt[], indent: string, last: boolean): Said {
  const { file } = body;
  if (stmt.finalbody.length > 0) throw new Stop('finally-overrides', stmt.finalbody[0]!);
  for (const each of stmt.body) checkKept(body, each);
  const answered = stmt.body.find((each) => isAbout(body, each));
  if (answered) throw new Stop('called-more-than-once', answered);
  const deep = indent + file.unit;
  const handlers = stmt.handlers.map((handler) => {
    const said = sayBlock(body, handler.body, deep, last);
    return { handler, said, passes: said.text.trim() === 'raise' };
  });
  const open = handlers.find(({ said }) => said.end === 'open');
  const passing = handlers.every(({ passes }) => passes);
  const rested =
    stmt.orelse.length > 0 ? sayBlock(body, stmt.orelse, passing || !open ? indent : deep, last) : undefined;
  const end: End = rested && !open ? rested.end : 'open';
  if (end === 'open' && rest.length === 0 && body.answers && !body.loop) throw new Stop('path-without-callback', stmt);
  if (passing) return { text: keepBlock(body, stmt.body, indent) + (rested?.text ?? ''), end };
  const guarded = `${indent}try:\n${keepBlock(body, stmt.body, deep)}`;
  const caught = handlers.map(({ handler, said }) => {
    const head = file.text.slice(handler.start, bodyStart(body, handler.body)).trimEnd();
    return `${indent}${head}\n${orPass(said.text, deep)}`;
  });
  const text = guarded + caught.join('');
  if (!rested) return { text, end };
  return { text: open ? `${text}${indent}else:\n${rested.text}` : text + rested.text, end };
}

// ---- loops by recursion ----

/** `step(0)`, where `step` is a function in this one that goes on by calling itself. */
function localLoop(body: Body, call: Call): FunctionDef | undefined {
  const site = isName(call.func) ? body.file.scopes.bindingOf(call.func)?.sites : undefined;
  const def = site?.length === 1 ? site[0] : undefined;
  if (!isFunction(def) || !body.fn || body.loop || parentOf(def) !== body.fn.def || def === body.fn.def)
    return undefined;
  return isAbout(body, { ...def, body: def.body } as Node) ? def : undefined;
}

function sayLoop(body: Body, call: Call, def: FunctionDef, indent: string): Said {
  const { file } = body;
  const names = def.args.args.map(({ arg }) => arg);
  const plain = def.args.defaults.length + def.args.kwonlyargs.length === 0 && !def.args.vararg && !def.args.kwarg;
  if (!plain || call.keywords.length > 0 || call.args.length !== names.length) throw new Stop('own-signature', call);
  checkNames(body, def);
  body.inlined.add(def);
  body.loop = { def, names };
  const first = assign(body, names, call.args, indent);
  const recurses = countUses(body, def) > 1;
  const inner = sayBlock(body, def.body, recurses ? indent + file.unit : indent);
  body.loop = undefined;
  if (inner.end === 'open' && body.answers) throw new Stop('path-without-callback', def);
  return { text: recurses ? `${first}${indent}while True:\n${inner.text}` : first + inner.text, end: 'answered' };
}

const countUses = (body: Body, def: FunctionDef): number => {
  let count = 0;
  walk(body.fn!.def, (node) => {
    if (node.nodeType === 'Name' && node.ctx.nodeType === 'Load' && body.file.scopes.bindingOf(node)?.sites[0] === def)
      count++;
  });
  return count;
};

function nextTurn(body: Body, call: Call, indent: string, last: boolean): string {
  const { names } = body.loop!;
  if (call.keywords.length > 0 || call.args.length !== names.length) throw new Stop('own-signature', call);
  return assign(body, names, call.args, indent) + (last ? '' : `${indent}continue\n`);
}

export function assign(body: Body, names: readonly string[], values: readonly Expr[], indent: string): string {
  const changed = names
    .map((name, index) => ({ name, value: textOf(body.file, values[index]!) }))
    .filter(({ name, value }) => name !== value);
  if (changed.length === 0) return '';
  const [left, right] = [changed.map(({ name }) => name), changed.map(({ value }) => value)];
  const [, one, operator, other] = /^(\w+) ([+-]) (\w+)$/.exec(right[0]!) ?? [];
  if (changed.length === 1 && one === left[0]) return `${indent}${one} ${operator}= ${other}\n`;
  return `${indent}${left.join(', ')} = ${right.join(', ')}\n`;
}

// ---- threads and futures ----

export interface Registering extends Call {
  readonly func: Extract<Expr, { nodeType: 'Attribute' }>;
}

const isRegistration = (call: Call): call is Registering =>
  call.func.nodeType === 'Attribute' && call.func.attr === 'add_done_callback' && call.args.length === 1;

/** `Thread(target=f).start()` */
function startedThread({ file }: Body, call: Call): Call | undefined {
  const { func } = call;
  if (func.nodeType !== 'Attribute' || func.attr !== 'start' || func.value.nodeType !== 'Call') return undefined;
  return isThread(file, func.value) ? func.value : undefined;
}

/** `t = Thread(target=f)` and `t.start()`; `future = pool.submit(f)` and `future.add_done_callback(g)`. */
function startedByName(body: Body, stmt: Stmt, rest: readonly Stmt[], indent: string): Said | undefined {
  const { file } = body;
  if (stmt.nodeType !== 'Assign' || stmt.targets.length !== 1 || stmt.value.nodeType !== 'Call') return undefined;
  const [target] = stmt.targets;
  if (!isName(target)) return undefined;
  const isOwn = (each: Stmt | undefined, method: string): each is Stmt =>
    each !== undefined && textOf(file, each).startsWith(`${target.id}.${method}`);
  const settings = rest.filter((each) => /^\w+\.(?:daemon|name) = /.test(textOf(file, each)) && isOwn(each, ''));
  const next = rest.find((each) => !settings.includes(each) && !(isFunction(each) && isPartOfSequence(body, each)));
  const after = next && rest.slice(rest.indexOf(next) + 1).find((each) => !isBareReturn(each));
  let text: string | Said | undefined;
  if (isThread(file, stmt.value) && isOwn(next, 'start()')) text = runThread(body, stmt.value, indent);
  if (isSubmit(body.project, file, stmt.value) && isOwn(next, 'add_done_callback(')) {
    const call = callOf(next)!;
    text = finishFuture(body, stmt.value, call.args[0]!, indent, target.id);
  }
  if (text === undefined) return undefined;
  if (after) throw new Stop('code-after-call', after);
  (rest as Stmt[]).splice(0);
  return typeof text === 'string' ? { text, end: 'answered' } : text;
}

// ---- questions ----

const isBareReturn = (stmt: Stmt): boolean => stmt.nodeType === 'Return' && (!stmt.value || isNone(stmt.value));

/** `f(x)`, or `return f(x)`. */
function callOf(stmt: Stmt): Call | undefined {
  const value = stmt.nodeType === 'Expr' || stmt.nodeType === 'Return' ? stmt.value : undefined;
  return value?.nodeType === 'Call' ? value : undefined;
}

/** A function whose code comes to stand elsewhere: it is only handed over as a continuation, or run by a thread, or a loop. */
export function isPartOfSequence(body: Body, def: FunctionDef): boolean {
  if (body.inlined.has(def)) return true;
  const binding = body.file.scopes.lookUp(def.name, body.file.scopes.of(parentOf(def)!) ?? body.file.scopes.module);
  return binding?.sites.length === 1 && binding.sites[0] === def && isAbout(body, def);
}

/** Names of an inner function come to stand in the outer one: none may be one that is read from further out, or again by another turn or function. */
export function checkNames(body: Body, def: FunctionDef): void {
  const scope = body.file.scopes.of(def);
  if (!body.fn || !scope) return;
  if (scope.globals.size > 0) throw new Stop('hoisted-name', def);
  const outer: FunctionDef[] = [];
  for (let at = functionAround(def); at && isInside(at, body.fn.def); at = functionAround(at)) outer.push(at);
  for (const [name, own] of scope.bindings) {
    if (own.scope !== scope) continue;
    for (const each of outer) {
      const theirs = body.file.scopes.of(each)?.bindings.get(name);
      const again = theirs?.uses.some((use) => body.loop || functionAround(use) !== each);
      if (again) throw new Stop('hoisted-name', def, name);
    }
    walk(body.fn.def, (node) => {
      if (node.nodeType !== 'Name' || node.id !== name || isInside(node, def)) return;
      const binding = body.file.scopes.bindingOf(node);
      if (!binding || !isInside(binding.scope.node, body.fn!.def)) throw new Stop('hoisted-name', def, name);
    });
  }
}

const isInside = (node: Node, outer: Node): boolean => outer.start <= node.start && node.end <= outer.end;

/** An expression as the statement that it would be. */
export function sayExpression(body: Body, expr: Expr, indent: string): Said {
  const said = expr.nodeType === 'Call' ? sayCall(body, expr, indent, true) : undefined;
  if (said) return said;
  if (body.answers) throw new Stop('path-without-callback', expr);
  return { text: `${indent}${textOf(body.file, expr)}\n`, end: 'open' };
}
