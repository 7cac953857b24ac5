import { isName, qualified, textOf, type PyFile } from '../file.js';
import { isFunction, parentOf, type Call, type Expr, type Node } from '../tree.js';
import { isAbout, isNone, Stop, type Body } from './body.js';
import { indentOf, reindent } from './lines.js';

/** `on_success(v)` → `return v`; `on_error(e)` → `raise e`. Undefined: it is no answer. */
export function sayAnswer(body: Body, call: Call, indent: string): string | undefined {
  const { file, answers } = body;
  const binding = isName(call.func) ? file.scopes.bindingOf(call.func) : undefined;
  if (!binding || !answers) return undefined;
  if (binding === body.error) return raising(body, call.args[0], call, indent);
  if (binding !== body.success) return undefined;
  if (call.keywords.length > 0 || call.args.some((each) => each.nodeType === 'Starred'))
    throw new Stop('several-results', call);
  if (answers.form !== 'error-first') {
    if (call.args.length > 1) throw new Stop('several-results', call);
    return returning(body, call.args[0], indent);
  }
  const [error, value] = call.args;
  if (!error || isNone(error)) return returning(body, value, indent);
  if (!value || isNone(value)) return raising(body, error, call, indent);
  // `callback(error, None if error else value)`
  if (value.nodeType !== 'IfExp' || !isName(error)) throw new Stop('partial-result-with-error', call);
  const test = textOf(file, value.test);
  const bad = test === error.id || test === `${error.id} is not None`;
  const good = test === `not ${error.id}` || test === `${error.id} is None`;
  if (!(bad && isNone(value.body)) && !(good && isNone(value.orelse)))
    throw new Stop('partial-result-with-error', call);
  const raised = raising(body, error, call, indent + file.unit);
  return `${indent}if ${error.id} is not None:\n${raised}${returning(body, bad ? value.orelse : value.body, indent)}`;
}

function returning(body: Body, value: Expr | undefined, indent: string): string {
  if (!value || isNone(value)) return `${indent}return\n`;
  if (isAbout(body, value)) throw new Stop('callback-argument', value);
  const isTuple = value.nodeType === 'Tuple' && value.elts.length > 1;
  const text = isTuple ? tupleText(body.file, value) : textOf(body.file, value);
  return `${indent}return ${reindent(text, indentOf(body, value), indent)}\n`;
}

/** Without the parentheses, which the call needed, where the tuple stands on one line. */
function tupleText(file: PyFile, tuple: Expr): string {
  const text = textOf(file, tuple);
  return text.startsWith('(') && !text.includes('\n') ? text.slice(1, -1).replace(/,\s*$/, '') : text;
}

function raising(body: Body, error: Expr | undefined, at: Node, indent: string): string {
  const { file } = body;
  if (!error) throw new Stop('not-error-first', at);
  const caught = isName(error) ? handlerOf(at, error.id) : undefined;
  if (caught) return `${indent}raise\n`;
  if (isName(error) && (body.errors.has(error.id) || holdsException(body, error)))
    return `${indent}raise ${error.id}\n`;
  if (isException(body, error)) return `${indent}raise ${textOf(file, error)}\n`;
  throw new Stop('not-error-first', error);
}

/** `ValueError("…")`, an exception class of the project, `future.exception()`. */
function isException(body: Body, error: Expr): boolean {
  if (error.nodeType !== 'Call') return false;
  if (error.func.nodeType === 'Attribute' && error.func.attr === 'exception') return true;
  const name = qualified(body.file, error.func) ?? textOf(body.file, error.func);
  if (/(?:Error|Exception|Timeout)$/.test(name)) return true;
  const cls = body.project.resolve(body.file, error.func);
  return cls?.kind === 'class' && cls.def.bases.some((each) => /(?:Error|Exception)$/.test(textOf(cls.file, each)));
}

/** `error = future.exception()` */
function holdsException(body: Body, name: Expr): boolean {
  const binding = isName(name) ? body.file.scopes.bindingOf(name) : undefined;
  const assigned = (binding?.sites ?? []).map((site) => parentOf(site));
  return assigned.length > 0 && assigned.every((each) => each?.nodeType === 'Assign' && isException(body, each.value));
}

/** The `except … as name` that an answer stands in. */
function handlerOf(at: Node, name: string): Node | undefined {
  for (let node: Node | undefined = at; node && !isFunction(node); node = parentOf(node))
    if (node.nodeType === 'ExceptHandler') return node.name === name ? node : undefined;
  return undefined;
}
