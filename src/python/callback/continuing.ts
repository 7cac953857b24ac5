import { isName, qualified, textOf } from '../file.js';
import type { PyFunction } from '../project.js';
import {
  functionAround,
  isFunction,
  parentOf,
  walk,
  type Arguments,
  type Call,
  type Expr,
  type FunctionDef,
  type Keyword,
  type Node,
  type Stmt,
} from '../tree.js';
import { note } from '../unit.js';
import { assign, checkNames, sayBlock, sayExpression } from './answering.js';
import { isAbout, isNone, Stop, type Body, type Said } from './body.js';
import { argumentFor, type Answers } from './continuations.js';

/* What comes after a call that answers: its continuations as the rest of the sequence. */

/** `load(url, on_success, on_error)` → `value = load(url)`, and then what `on_success` does with it. */
export function callAnswering(body: Body, call: Call, fn: PyFunction, theirs: Answers, indent: string): Said {
  if (theirs.atOnce) throw new Stop('sync-callback', call);
  if (body.inThread && body.target === 'async') throw new Stop('schedule-differs', call);
  body.handled.add(call);
  const ok = argumentFor(fn, call, theirs.success);
  const bad = theirs.error === undefined ? undefined : argumentFor(fn, call, theirs.error);
  if (!ok || isNone(ok)) throw new Stop('task-escapes', call);
  const called = callText(body, call, [ok, bad], true);
  if (theirs.form === 'error-first') return errorFirst(body, called, ok, indent);
  if (theirs.form === 'two' && (!bad || isNone(bad))) throw new Stop('error-not-checked', call);
  const onError = bad && !isOwn(body, bad, body.error) ? handler(body, bad) : undefined;
  if (isOwn(body, ok, body.success)) {
    const sure = onError && sayFailure(body, onError, indent);
    if (!sure) return { text: `${indent}return ${called}\n`, end: 'answered' };
    return { text: `${indent}try:\n${indent}${body.file.unit}return ${called}\n${sure.text}`, end: sure.end };
  }
  const onSuccess = handler(body, ok);
  const isCalled = onSuccess.kind === 'call' && !onSuccess.takesNone;
  const value = isCalled ? body.units.firstFree(body.file, ['value', 'result', 'answer']) : parameterOf(onSuccess, 0);
  const line = value === undefined ? called : `${value} = ${called}`;
  return inSequence(body, line, onSuccess, value === undefined ? [] : [value], onError, indent);
}

/** The rest of the sequence behind a line that may raise. */
function inSequence(
  body: Body,
  line: string,
  onSuccess: Handler,
  values: readonly string[],
  onError: Handler | undefined,
  indent: string,
): Said {
  const { unit } = body.file;
  if (!onError) {
    const then = sayHandler(body, onSuccess, values, indent);
    return { text: `${indent}${line}\n${then.text}`, end: then.end };
  }
  const failed = sayFailure(body, onError, indent);
  const isOver = failed.end === 'answered';
  const then = sayHandler(body, onSuccess, values, isOver ? indent : indent + unit);
  const head = `${indent}try:\n${indent}${unit}${line}\n${failed.text}`;
  const text = isOver ? head + then.text : `${head}${indent}else:\n${then.text}`;
  return { text, end: isOver ? then.end : failed.end === 'open' || then.end === 'open' ? 'open' : 'next' };
}

/** `except Exception as error:` and what is done about it. */
function sayFailure(body: Body, onError: Handler, indent: string): Said {
  const name = parameterOf(onError, 0);
  const error =
    name ??
    (onError.kind === 'call' && !onError.takesNone
      ? body.units.firstFree(body.file, ['error', 'exc', 'failure'])
      : undefined);
  if (error !== undefined) body.errors.add(error);
  const said = sayHandler(body, onError, error === undefined ? [] : [error], indent + body.file.unit);
  const head = error === undefined ? 'except Exception:' : `except Exception as ${error}:`;
  return {
    text: `${indent}${head}\n${said.text.replaceAll(new RegExp(`\\braise ${error}\\n`, 'g'), 'raise\n')}`,
    end: said.end,
  };
}

/** `got(error, value)` */
function errorFirst(body: Body, called: string, given: Expr, indent: string): Said {
  if (isOwn(body, given, body.success)) return { text: `${indent}return ${called}\n`, end: 'answered' };
  const what = handler(body, given);
  if (what.kind === 'call') return toldBoth(body, called, what, indent);
  const [error, value] = [parameterOf(what, 0), parameterOf(what, 1)];
  if (what.kind !== 'inline' || error === undefined) throw new Stop('error-not-checked', given);
  const parts = errorBranch(body, what.def, error);
  if (!parts) throw new Stop('error-not-checked', what.def);
  body.errors.add(error);
  const deep = indent + body.file.unit;
  const failed = sayBlock(body, parts.failed, deep);
  const line = value === undefined ? called : `${value} = ${called}`;
  if (failed.text.trim() === `raise ${error}`) {
    const then = sayBlock(body, parts.rest, indent);
    return { text: `${indent}${line}\n${then.text}`, end: then.end };
  }
  const caught = `${indent}except Exception as ${error}:\n${failed.text.replaceAll(`raise ${error}\n`, 'raise\n')}`;
  const isOver = failed.end === 'answered';
  const then = sayBlock(body, parts.rest, isOver ? indent : deep);
  const head = `${indent}try:\n${deep}${line}\n${caught}`;
  const end = isOver ? then.end : 'open';
  return { text: isOver ? head + then.text : `${head}${indent}else:\n${then.text}`, end };
}

/** `if error: return callback(error)` and the rest. */
function errorBranch(
  body: Body,
  def: FunctionDef,
  error: string,
): { failed: readonly Stmt[]; rest: readonly Stmt[] } | undefined {
  const [first, ...more] = def.body.filter((each) => each.nodeType !== 'Nonlocal');
  if (first?.nodeType !== 'If') return undefined;
  const test = textOf(body.file, first.test);
  if (test === error || test === `${error} is not None`) {
    const leaves = first.body.at(-1)!.nodeType === 'Return';
    return leaves || more.length === 0 ? { failed: first.body, rest: [...first.orelse, ...more] } : undefined;
  }
  if (test !== `not ${error}` && test !== `${error} is None`) return undefined;
  const rest = first.body;
  return first.orelse.length > 0 && more.length === 0 ? { failed: first.orelse, rest } : undefined;
}

/** A function that takes both is called with either. */
function toldBoth(body: Body, called: string, what: Handler, indent: string): Said {
  const { unit } = body.file;
  const error = body.units.firstFree(body.file, ['error', 'exc', 'failure']);
  const value = body.units.firstFree(body.file, ['value', 'result', 'answer']);
  const deep = indent + unit;
  const bad = sayHandler(body, what, [error, 'None'], deep);
  const good = sayHandler(body, what, ['None', value], deep);
  return {
    text: `${indent}try:\n${deep}${value} = ${called}\n${indent}except Exception as ${error}:\n${bad.text}${indent}else:\n${good.text}`,
    end: 'open',
  };
}

// ---- handlers ----

/** What is called with an answer: a function whose code comes to stand here, a lambda, or one that is called. */
export type Handler =
  | { readonly kind: 'inline'; readonly def: FunctionDef; readonly at: Expr }
  | { readonly kind: 'lambda'; readonly value: Expr; readonly args: Arguments; readonly at: Expr }
  | {
      readonly kind: 'call';
      readonly text: string;
      readonly first: readonly string[];
      readonly takesNone: boolean;
      readonly waits: boolean;
      readonly at: Expr;
    };

function handler(body: Body, expr: Expr): Handler {
  const { file, project } = body;
  if (expr.nodeType === 'Lambda') {
    if (expr.args.defaults.length > 0 || expr.args.vararg) throw new Stop('unknown-handler', expr);
    return { kind: 'lambda', value: expr.body, args: expr.args, at: expr };
  }
  const target = project.resolve(file, expr);
  const isLocal = target?.kind === 'function' && isName(expr) && functionAround(target.def) !== undefined;
  const isOwnCode = isLocal && body.fn !== undefined && isWithin(target.def, body.fn.def);
  if (isOwnCode && body.answers) return { kind: 'inline', def: target.def, at: expr };
  if (body.answers) throw new Stop('unknown-handler', expr);
  if (target?.kind === 'function') {
    const waits = body.waiting.has(target);
    return { kind: 'call', text: textOf(file, expr), first: [], takesNone: takesNone(target), waits, at: expr };
  }
  if (expr.nodeType === 'Call' && qualified(file, expr.func) === 'functools.partial' && expr.keywords.length === 0) {
    const [callee, ...first] = expr.args;
    return {
      kind: 'call',
      text: textOf(file, callee!),
      first: first.map((each) => textOf(file, each)),
      takesNone: false,
      waits: false,
      at: expr,
    };
  }
  const isPlain =
    isName(expr) || (expr.nodeType === 'Attribute' && /^(?:append|put|set|add|update|extend)$/.test(expr.attr));
  if (!isPlain) throw new Stop('unknown-handler', expr);
  return { kind: 'call', text: textOf(file, expr), first: [], takesNone: false, waits: false, at: expr };
}

const takesNone = ({ def, owner }: PyFunction): boolean => def.args.args.length <= (owner ? 1 : 0) && !def.args.vararg;

const isWithin = (def: FunctionDef, outer: FunctionDef): boolean => outer.start <= def.start && def.end <= outer.end;

function parameterOf(what: Handler, index: number): string | undefined {
  if (what.kind === 'call') return undefined;
  const args = what.kind === 'inline' ? what.def.args : what.args;
  const name = args.args[index]?.arg;
  return name;
}

/** What a handler does with what it is given. */
function sayHandler(body: Body, what: Handler, values: readonly string[], indent: string): Said {
  if (what.kind === 'call') {
    const called = `${what.text}(${[...what.first, ...values].join(', ')})`;
    return { text: `${indent}${what.waits ? waited(body, called) : called}\n`, end: 'open' };
  }
  if (what.kind === 'lambda') return sayExpression(body, what.value, indent);
  if (what.def.args.defaults.length > 0 || what.def.args.vararg || what.def.args.kwarg)
    throw new Stop('own-signature', what.def);
  checkNames(body, what.def);
  body.inlined.add(what.def);
  const said = sayBlock(body, what.def.body, indent);
  if (said.end === 'open' && body.answers) throw new Stop('path-without-callback', what.def);
  return said;
}

/** One of the continuations of the function itself. */
const isOwn = (body: Body, expr: Expr, binding: Body['success']): boolean =>
  isName(expr) && binding !== undefined && body.file.scopes.bindingOf(expr) === binding;

// ---- threads and futures ----

/** `Thread(target=run).start()`: what it does is done here; a coroutine lets a thread of the loop do it. */
export function runThread(body: Body, thread: Call, indent: string): string {
  const { file } = body;
  const named = (name: string): Expr | undefined => thread.keywords.find((each) => each.arg === name)?.value;
  const run = named('target');
  const known = thread.keywords.every((each) => /^(?:target|args|daemon|name)$/.test(each.arg ?? ''));
  const args = named('args');
  if (!run || !known || thread.args.length > 0 || !body.answers || body.inThread)
    throw new Stop('task-escapes', thread);
  if (args && args.nodeType !== 'Tuple' && args.nodeType !== 'List') throw new Stop('own-signature', args);
  const given = args?.nodeType === 'Tuple' || args?.nodeType === 'List' ? args.elts : [];
  if (run.nodeType === 'Lambda') return runLambda(body, run.body, indent);
  const target = body.project.resolve(file, run);
  if (target?.kind !== 'function') throw new Stop('unknown-callee', run);
  const theirs = body.answering.get(target);
  if (theirs) return runAnswering(body, target, theirs, run, given, indent);
  const { def } = target;
  if (!body.fn || parentOf(def) !== body.fn.def || !isName(run)) throw new Stop('callback-argument', run);
  const names = def.args.args.map(({ arg }) => arg);
  if (names.length !== given.length || def.args.defaults.length > 0) throw new Stop('own-signature', run);
  if (!answersAll(def.body)) note(body.unit, 'ends-on-error', firstLineOf(body, def));
  body.inlined.add(def);
  const inner: Body = { ...body, inThread: true };
  if (body.target === 'blocking') {
    checkNames(body, def);
    const said = sayBlock(inner, def.body, indent);
    if (said.end !== 'answered') throw new Stop('path-without-callback', def);
    return assign(body, names, given, indent) + said.text;
  }
  const said = sayBlock(inner, def.body, indent + file.unit);
  if (said.end !== 'answered') throw new Stop('path-without-callback', def);
  const values = given.map((each) => `, ${textOf(file, each)}`).join('');
  const head = `${indent}def ${def.name}(${names.join(', ')}):\n`;
  return `${head}${said.text}\n${indent}return await ${executor(body)}(None, ${def.name}${values})\n`;
}

const executor = (body: Body): string =>
  `${body.units.need(body.unit, 'asyncio', 'get_running_loop')}().run_in_executor`;

/** What an error that a thread does not answer does: a place in the text for the note about it. */
function firstLineOf(body: Body, node: Node): { start: number; end: number } {
  return { start: node.start, end: body.unit.rewrite.lineOf(node.start).end - 1 };
}

/** Whatever is called in it stands in a `try` whose handlers take every error. */
function answersAll(stmts: readonly Stmt[]): boolean {
  return stmts.every((stmt) => {
    if (stmt.nodeType === 'Try') {
      const isAll = stmt.handlers.some(({ type }) => !type || (isName(type) && /^(?:Base)?Exception$/.test(type.id)));
      return isAll && answersAll(stmt.orelse);
    }
    if (stmt.nodeType === 'If') return answersAll([...stmt.body, ...stmt.orelse]);
    if (isFunction(stmt)) return true;
    let calls = false;
    const isAnswer = (stmt.nodeType === 'Expr' || stmt.nodeType === 'Return') && stmt.value?.nodeType === 'Call';
    const parts: readonly Node[] = isAnswer ? (stmt.value as Call).args : [stmt];
    for (const part of parts) walk(part, (node) => void (calls ||= node.nodeType === 'Call' && !isOutcome(node)));
    return !calls;
  });
}

/** `future.exception()` does not raise, and `future.result()` behind it does not either. */
const isOutcome = ({ func }: Call): boolean =>
  func.nodeType === 'Attribute' && /^(?:exception|result)$/.test(func.attr) && isName(func.value);

/** `lambda: callback(load(url))` */
function runLambda(body: Body, value: Expr, indent: string): string {
  note(body.unit, 'ends-on-error', firstLineOf(body, value));
  const said = sayExpression({ ...body, inThread: true }, value, indent);
  const answer = /^\s*return (.*)\n$/s.exec(said.text)?.[1];
  if (body.target === 'blocking' && said.end === 'answered') return said.text;
  if (answer === undefined) throw new Stop('unknown-handler', value);
  return `${indent}return await ${executor(body)}(None, lambda: ${answer})\n`;
}

/** A function that answers before it returns, to those who are answered to here. */
function runAnswering(
  body: Body,
  fn: PyFunction,
  theirs: Answers,
  run: Expr,
  given: readonly Expr[],
  indent: string,
): string {
  const call = { ...(parentOf(run) as Call), func: run, args: given, keywords: [] } as unknown as Call;
  const ok = argumentFor(fn, call, theirs.success);
  const bad = theirs.error === undefined ? undefined : argumentFor(fn, call, theirs.error);
  if (!theirs.atOnce || !ok || !isOwn(body, ok, body.success) || (bad && !isOwn(body, bad, body.error)))
    throw new Stop('unknown-handler', run);
  if (!answersAll(fn.def.body)) note(body.unit, 'ends-on-error', firstLineOf(body, run));
  const rest = given.filter((each) => each !== ok && each !== bad).map((each) => textOf(body.file, each));
  if (body.target === 'blocking') return `${indent}return ${textOf(body.file, run)}(${rest.join(', ')})\n`;
  return `${indent}return await ${executor(body)}(${['None', textOf(body.file, run), ...rest].join(', ')})\n`;
}

/** `pool.submit(f).add_done_callback(done)`: the future is waited for, and `done` goes on with it. */
export function finishFuture(body: Body, submit: Call, done: Expr, indent: string, name?: string): Said {
  if (!body.answers || body.inThread) throw new Stop('task-escapes', submit);
  const what = handler(body, done);
  const future = parameterOf(what, 0);
  if (what.kind === 'call' || future === undefined) throw new Stop('unknown-handler', done);
  void name;
  const looks = what.kind === 'inline' && (asksForError(what.def) || answersAll(what.def.body.filter(guardsResult)));
  if (!looks || (what.kind === 'inline' && !asksForError(what.def) && !what.def.body.some(guardsResult)))
    note(body.unit, 'ends-on-error', firstLineOf(body, done));
  if (submit.args.some((each) => isAbout(body, each))) throw new Stop('callback-argument', submit);
  const said = sayHandler(body, what, [future], indent);
  const text = textOf(body.file, submit);
  const short = shortened(body, said.text, future, text, indent);
  if (short !== undefined) return { text: short, end: said.end };
  if (body.target === 'blocking') return { text: `${indent}${future} = ${text}\n${said.text}`, end: said.end };
  const wrap = body.units.need(body.unit, 'asyncio', 'wrap_future');
  const wait = body.units.need(body.unit, 'asyncio', 'wait');
  return {
    text: `${indent}${future} = ${wrap}(${text})\n${indent}await ${wait}([${future}])\n${said.text}`,
    end: said.end,
  };
}

/** `error = future.exception()` is looked at. */
function asksForError(def: FunctionDef): boolean {
  let asks = false;
  walk(def, (node) => void (asks ||= node.nodeType === 'Attribute' && node.attr === 'exception'));
  return asks;
}

/** `try: value = future.result()` */
const guardsResult = (stmt: Stmt): boolean => stmt.nodeType === 'Try';

/** Where an error is only raised again, the result is all that is asked for. */
function shortened(body: Body, text: string, future: string, submit: string, indent: string): string | undefined {
  const asked = new RegExp(
    `^${indent}(\\w+) = ${future}\\.exception\\(\\)\\n${indent}if (\\w+)(?: is not None)?:\\n\\s*raise (\\w+)\\n(?:${indent}else:\\n)?`,
  ).exec(text);
  if (asked && (asked[1] !== asked[2] || asked[2] !== asked[3])) return undefined;
  let rest = asked ? text.slice(asked[0].length) : text;
  if (asked?.[0].endsWith('else:\n')) rest = rest.replaceAll(new RegExp(`^${indent}${body.file.unit}`, 'gm'), indent);
  const outcome = `${future}.result()`;
  const left = rest.replace(outcome, '');
  if (left === rest || new RegExp(`\\b${future}\\b`).test(left)) return undefined;
  const wrapped = `await ${body.target === 'async' ? body.units.need(body.unit, 'asyncio', 'wrap_future') : ''}(${submit})`;
  const isWhole = new RegExp(`(?:= |return )${future}\\.result\\(\\)\\n`).test(rest);
  if (body.target === 'blocking') return rest.replace(outcome, `${submit}.result()`);
  return rest.replace(outcome, isWhole ? wrapped : `(${wrapped})`);
}

// ---- calls ----

/** A coroutine is awaited, or run by the module; a function that blocks is called. */
function waited(body: Body, called: string): string {
  if (body.target === 'blocking') return called;
  return body.fn || body.isInFunction
    ? `await ${called}`
    : `${body.units.need(body.unit, 'asyncio', 'run')}(${called})`;
}

/** The call without its continuations. */
export function callText(body: Body, call: Call, without: readonly (Expr | undefined)[], isAnswering: boolean): string {
  const all: (Expr | Keyword)[] = [...call.args, ...call.keywords];
  const kept = all.filter((each) => !without.includes(each.nodeType === 'Keyword' ? each.value : each));
  for (const each of kept) if (isAbout(body, each)) throw new Stop('callback-argument', each);
  const text = `${textOf(body.file, call.func)}(${kept.map((each) => textOf(body.file, each)).join(', ')})`;
  return isAnswering ? waited(body, text) : text;
}
