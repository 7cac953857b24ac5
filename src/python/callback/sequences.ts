import type { PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import { functionAround, walk, walkOwn, type Arg, type Expr, type Node } from '../tree.js';
import { link, refuse, touch, type Unit, type Units } from '../unit.js';
import { sayBlock } from './answering.js';
import { Stop, type Body, type Shared, type Target } from './body.js';
import { bodyStart } from './lines.js';
import { answeringFunctions, bindingIn, isThreadTarget, type Answers } from './continuations.js';
import { convertRoots } from './roots.js';

/**
 * Hand-written continuations become a sequence: a function that answered with `on_success(value)` returns it, one that answered with an error raises it, and
 * what a continuation did stands behind the call. Threads that it started run in its callers' time, or in those of an event loop.
 */
export function continuationsToSequence(project: PyProject, units: Units, target: Target): void {
  const answering = answeringFunctions(project);
  if (answering.size === 0) return;
  const shared: Shared = {
    project,
    units,
    target,
    answering,
    handled: new Set(),
    waiting: waitingFunctions(project, answering),
  };
  for (const [fn, answers] of answering) {
    try {
      convertAnswering(shared, fn, answers);
    } catch (stop) {
      if (!(stop instanceof Stop)) throw stop;
      refuse(units.of(fn), stop.code, firstLine(fn.file, stop.at), stop.detail);
    }
  }
  for (const fn of shared.waiting) convertRoots(shared, fn.file, fn);
  for (const file of project.files) convertRoots(shared, file, undefined);
  for (const fn of answering.keys())
    for (const { file, at, call } of project.usesOf(fn))
      if (
        call &&
        !shared.handled.has(call) &&
        units.of(fn).refusals.length + units.around(file, at).refusals.length === 0
      )
        refuse(units.around(file, at), 'function-value', at, fn.name);
}

/** Functions that call answering ones, or others that wait for such, without answering themselves. */
function waitingFunctions(project: PyProject, answering: ReadonlyMap<PyFunction, Answers>): Set<PyFunction> {
  const waiting = new Set<PyFunction>();
  for (let before = -1; before !== waiting.size;) {
    before = waiting.size;
    for (const fn of project.functions) {
      if (waiting.has(fn) || isPartOf(project, answering, fn)) continue;
      walkOwn(fn.def.body, (node) => {
        const target = node.nodeType === 'Call' ? project.resolve(fn.file, node.func) : undefined;
        if (target?.kind === 'function' && (answering.has(target) || waiting.has(target))) waiting.add(fn);
      });
    }
  }
  return waiting;
}

/** It answers, or stands in a function that does. */
function isPartOf(project: PyProject, answering: ReadonlyMap<PyFunction, Answers>, fn: PyFunction): boolean {
  for (let def: PyFunction['def'] | undefined = fn.def; def; def = functionAround(def))
    if (answering.has(project.functionOf(def))) return true;
  return false;
}

function convertAnswering(shared: Shared, fn: PyFunction, answers: Answers): void {
  const { units, project } = shared;
  const { def, file } = fn;
  const unit = units.of(fn);
  touch(unit, { start: def.start, end: def.end });
  for (const use of project.usesOf(fn)) {
    const around = functionAround(use.at);
    const outer = around && outermostAnswering(shared, around);
    link(unit, outer ? units.of(outer) : units.around(use.file, use.at));
  }
  checkFunction(shared, fn);
  for (const use of project.usesOf(fn)) {
    if (!use.call && !isThreadTarget(use.file, use.at)) throw new Stop('function-value', use.at, fn.name);
  }
  const body: Body = {
    ...shared,
    unit,
    file,
    fn,
    answers,
    success: bindingIn(fn, answers.success)!,
    ...(answers.error && { error: bindingIn(fn, answers.error)! }),
    errors: new Set(),
    inlined: new Set(),
    ...(answers.atOnce && { inThread: true }),
  };
  const [first] = def.body;
  const isDoc = first!.nodeType === 'Expr' && first!.value.nodeType === 'Constant' && def.body.length > 1;
  const stmts = isDoc ? def.body.slice(1) : def.body;
  const indent = unit.rewrite.indentAt(stmts[0]!.start);
  const said = sayBlock(body, stmts, indent);
  if (said.end === 'open') throw new Stop('path-without-callback', stmts.at(-1)!);
  const last = unit.rewrite.lineOf(stmts.at(-1)!.end).end;
  const text = file.text.endsWith('\n') || last < file.text.length ? said.text : said.text.replace(/\n$/, '');
  unit.rewrite.replace({ start: bodyStart(body, stmts), end: last }, lead(body, stmts[0]!) + text);
  dropParameters(unit, fn, [answers.success, answers.error]);
  if (shared.target === 'async' && !answers.atOnce) unit.rewrite.insert(def.start, 'async ');
}

/** Comments in front of the first statement. */
const lead = (body: Body, first: Node): string =>
  body.file.text.slice(bodyStart(body, [first as never]), body.unit.rewrite.lineOf(first.start).start);

function outermostAnswering({ project, answering }: Shared, def: PyFunction['def']): PyFunction | undefined {
  let found: PyFunction | undefined;
  for (let at: PyFunction['def'] | undefined = def; at; at = functionAround(at))
    if (answering.has(project.functionOf(at))) found = project.functionOf(at);
  return found;
}

function checkFunction({ project, answering, waiting }: Shared, fn: PyFunction): void {
  const { def, file } = fn;
  const head = { ...def, ...firstLine(file, def) } as Node;
  const [decorator] = def.decorator_list.filter(
    (each) => !(each.nodeType === 'Name' && /^(?:static|class)method$/.test(each.id)),
  );
  if (decorator) throw new Stop('decorated', decorator, file.text.slice(decorator.start, decorator.end));
  if (/^__\w+__$/.test(fn.name)) throw new Stop('no-async-here', head, fn.name);
  if (project.family(fn).length > 0) throw new Stop('caller-not-convertible', head, fn.name);
  if (project.isNamedOutside(fn) || project.usesOf(fn).length === 0)
    throw new Stop('exported-callers-unknown', head, fn.name);
  for (let at = functionAround(def); at; at = functionAround(at))
    if (answering.has(project.functionOf(at))) throw new Stop('mixed-style', head, fn.name);
  for (const stmt of def.body)
    walk(stmt, (node) => {
      if (/^Yield|^Await/.test(node.nodeType)) throw new Stop('generator', node, fn.name);
      const target = node.nodeType === 'Call' ? project.resolve(file, node.func) : undefined;
      if (target?.kind === 'function' && waiting.has(target)) throw new Stop('mixed-style', node, fn.name);
    });
}

/** The continuations among the parameters go, with their defaults. */
function dropParameters(unit: Unit, { def }: PyFunction, names: readonly (string | undefined)[]): void {
  const { args } = def;
  const positional = [...args.posonlyargs, ...args.args];
  const defaultOf = (arg: Arg): Expr | undefined =>
    args.kwonlyargs.includes(arg)
      ? (args.kw_defaults[args.kwonlyargs.indexOf(arg)] ?? undefined)
      : args.defaults[positional.indexOf(arg) - positional.length + args.defaults.length];
  const all = [...positional, ...args.kwonlyargs].map((arg) => ({
    arg,
    start: arg.start,
    end: Math.max(arg.end, arg.annotation?.end ?? 0, defaultOf(arg)?.end ?? 0),
  }));
  const gone = all.filter(({ arg }) => names.includes(arg.arg));
  const kept = all.filter((each) => !gone.includes(each));
  for (const one of gone) {
    const before = kept.findLast((each) => each.end <= one.start);
    const next = all[all.indexOf(one) + 1];
    const previous = all[all.indexOf(one) - 1];
    if (before) unit.rewrite.remove({ start: previous!.end, end: one.end });
    else unit.rewrite.remove({ start: one.start, end: next?.start ?? one.end });
  }
}

/** What is told of a place: its first line. */
export function firstLine(file: PyFile, at: Node): { start: number; end: number } {
  const end = file.text.indexOf('\n', at.start);
  return { start: at.start, end: Math.min(at.end, end < 0 ? file.text.length : end) };
}
