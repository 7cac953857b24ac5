import { isName, qualified, type PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import type { Binding } from '../scope.js';
import { parentOf, walk, type Call, type Expr, type FunctionDef, type Node } from '../tree.js';
import { valueOf } from '../values.js';

/** How a function answers: with `on_success(value)` or `on_error(error)`, with `callback(error, value)`, or with `callback(value)` alone. */
export interface Answers {
  readonly form: 'two' | 'error-first' | 'value';
  /** The parameter that gets the value; of an error-first function, the only one. */
  readonly success: string;
  readonly error?: string;
  /** It answers before it returns: it is what a thread runs. */
  readonly atOnce: boolean;
}

const SUCCESS =
  /^(?:on_?(?:success|done|result|complete|completed|finish|finished|loaded|load|response|data|ready|ok)|callback|cb|done|success|then|next_cb|resolve|handler)$/;
const ERROR = /^(?:on_?(?:error|failure|fail|err)|errback|eb|error_callback|failure|reject|error_cb)$/;

/** The functions of a project that answer through a parameter, and how each does. */
export function answeringFunctions(project: PyProject): Map<PyFunction, Answers> {
  const found = new Map<PyFunction, Answers>();
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const fn of project.functions) {
      const answers = found.has(fn) ? undefined : answersOf(project, found, fn);
      if (answers) found.set(fn, answers);
    }
  }
  // What answers at once is an ordinary function with a callback, unless a thread runs it.
  for (const [fn, { atOnce }] of found)
    if (atOnce && !project.usesOf(fn).some(({ file, at }) => isThreadTarget(file, at))) found.delete(fn);
  return found;
}

function answersOf(project: PyProject, known: ReadonlyMap<PyFunction, Answers>, fn: PyFunction): Answers | undefined {
  const { def, file } = fn;
  if (def.nodeType !== 'FunctionDef') return undefined;
  const names = [...def.args.posonlyargs, ...def.args.args, ...def.args.kwonlyargs].map(({ arg }) => arg);
  const success = names.find((name) => SUCCESS.test(name) && bindingIn(fn, name)!.uses.length > 0);
  const error = names.find((name) => ERROR.test(name) && bindingIn(fn, name)!.uses.length > 0);
  if (!success) return undefined;
  const atOnce = !starts(project, known, file, def);
  if (error) return { form: 'two', success, error, atOnce };
  const calls = bindingIn(fn, success)!.uses.flatMap((use) => {
    const call = parentOf(use);
    return call?.nodeType === 'Call' && call.func === use ? [call] : [];
  });
  if (calls.length > 0) {
    const most = Math.max(...calls.map((call) => call.args.length));
    if (most > 2 || calls.some((call) => call.keywords.length > 0)) return undefined;
    return { form: most === 2 ? 'error-first' : 'value', success, atOnce };
  }
  for (const use of bindingIn(fn, success)!.uses) {
    const call = parentOf(use);
    const target = call?.nodeType === 'Call' ? project.resolve(file, call.func) : undefined;
    const theirs = target?.kind === 'function' ? known.get(target) : undefined;
    if (theirs && theirs.form !== 'two') return { form: theirs.form, success, atOnce };
  }
  return undefined;
}

export const bindingIn = (fn: PyFunction, name: string): Binding | undefined =>
  fn.file.scopes.of(fn.def)?.bindings.get(name);

/** It starts something that answers later: a thread, work for a pool, a function that answers later itself. */
function starts(project: PyProject, known: ReadonlyMap<PyFunction, Answers>, file: PyFile, def: FunctionDef): boolean {
  let found = false;
  for (const stmt of def.body)
    walk(stmt, (node) => {
      if (node.nodeType !== 'Call') return !found;
      const target = project.resolve(file, node.func);
      const theirs = target?.kind === 'function' ? known.get(target) : undefined;
      found ||= isThread(file, node) || isSubmit(project, file, node) || (theirs !== undefined && !theirs.atOnce);
      return !found;
    });
  return found;
}

export const isThread = (file: PyFile, call: Call): boolean => qualified(file, call.func) === 'threading.Thread';

export function isSubmit(project: PyProject, file: PyFile, call: Call): boolean {
  if (call.func.nodeType !== 'Attribute' || call.func.attr !== 'submit') return false;
  return valueOf(project, file, call.func.value)?.kind === 'ThreadPoolExecutor';
}

/** `Thread(target=f)` */
export function isThreadTarget(file: PyFile, at: Expr): boolean {
  const keyword = parentOf(at);
  const call = keyword?.nodeType === 'Keyword' && keyword.arg === 'target' ? parentOf(keyword) : undefined;
  return call?.nodeType === 'Call' && isThread(file, call);
}

/** What is given for a parameter of a function that is called. */
export function argumentFor(fn: PyFunction, call: Call, name: string): Expr | undefined {
  const keyword = call.keywords.find((each) => each.arg === name);
  if (keyword) return keyword.value;
  const { args } = fn.def;
  const isStatic = fn.def.decorator_list.some((each) => isName(each, 'staticmethod'));
  const all = [...args.posonlyargs, ...args.args].slice(fn.owner && !isStatic ? 1 : 0);
  const index = all.findIndex(({ arg }) => arg === name);
  return index < 0 ? undefined : call.args[index];
}

/** Every name in a function's own code and in the functions in it. */
export function uses(node: Node, bindings: ReadonlySet<Binding | undefined>, file: PyFile): boolean {
  let found = false;
  walk(node, (each) => {
    if (each.nodeType === 'Name' && bindings.has(file.scopes.bindingOf(each))) found = true;
    return !found;
  });
  return found;
}
