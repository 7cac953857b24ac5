import { ownLines } from '../async/places.js';
import { isName, textOf, type PyFile } from '../file.js';
import { removeStatement } from '../imports.js';
import type { PyProject } from '../project.js';
import type { Piece } from '../rewrite.js';
import { blockOf, parentOf, statementOf, type Attribute, type Call, type Expr, type Stmt } from '../tree.js';
import { refuse, type Units } from '../unit.js';

/** `pool.map_async(f, xs, callback=g, error_callback=h)` that is waited for at once: `pool.map(f, xs)`, and what comes of it goes to `g` or to `h`. */
export function mapAsync(project: PyProject, units: Units, file: PyFile, call: Call): void {
  const unit = units.around(file, call);
  const waited = waitedFor(file, call);
  if (!waited || !ownLines(file, statementOf(call))) return refuse(unit, 'schedule-differs', call);
  const { attr, value: pool } = call.func as Attribute;
  const named = (name: string): Expr | undefined => call.keywords.find((each) => each.arg === name)?.value;
  const [callback, failed] = [named('callback') ?? call.args[3], named('error_callback') ?? call.args[4]];
  for (const each of [callback, failed])
    if (each && !isPlain(project, file, each)) return refuse(unit, 'unknown-callee', each);
  const stmt = statementOf(call);
  const { rewrite } = unit;
  const indent = rewrite.indentAt(stmt.start);
  const deep = `\n${indent}${file.unit}`;
  const rest = [...call.args.slice(0, 3), ...call.keywords.filter((each) => !/callback$/.test(each.arg ?? ''))];
  const mapped: Piece[] = [
    pool,
    `.${attr.replace('_async', '')}(`,
    ...rest.flatMap((each, index): Piece[] => (index > 0 ? [', ', each] : [each])),
    ')',
  ];
  if (waited.target && failed) return refuse(unit, 'schedule-differs', call);
  const name = waited.target ?? units.firstFree(file, ['results', 'values', 'answers']);
  const then: Piece[] = callback ? [callback, `(${name})`] : [];
  if (waited.raises) {
    rewrite.replace(stmt, `${name} = `, ...mapped, ...(callback ? [`\n${indent}`, ...then] : []));
  } else {
    const error = units.firstFree(file, ['error', 'exc', 'failure']);
    const handler: Piece[] = failed
      ? [`\n${indent}except Exception as ${error}:${deep}`, failed, `(${error})`]
      : [`\n${indent}except Exception:${deep}pass`];
    const head: Piece[] = callback ? [`try:${deep}${name} = `, ...mapped] : [`try:${deep}`, ...mapped];
    rewrite.replace(stmt, ...head, ...handler, ...(callback ? [`\n${indent}else:${deep}`, ...then] : []));
  }
  if (waited.stmt) removeStatement(file, waited.stmt, rewrite);
}

interface Waited {
  /** A statement that only waits for the result. */
  readonly stmt?: Stmt;
  /** The variable that gets the results. */
  readonly target?: string;
  /** The wait raises what went wrong. */
  readonly raises: boolean;
}

/** How the code waits: `.wait()`, `.get()`, a variable and a wait for it in the next statement, or the pool's `close()` and `join()`. */
function waitedFor(file: PyFile, call: Call): Waited | undefined {
  const stmt = statementOf(call);
  const method = parentOf(call);
  const outer = method && parentOf(method);
  if (
    method?.nodeType === 'Attribute' &&
    outer?.nodeType === 'Call' &&
    outer.args.length + outer.keywords.length === 0
  ) {
    if (method.attr === 'wait' && stmt.nodeType === 'Expr' && stmt.value === outer) return { raises: false };
    const isGet = method.attr === 'get' && stmt.nodeType === 'Assign' && stmt.value === outer;
    const [target] = isGet ? stmt.targets : [];
    return isName(target) ? { target: target.id, raises: true } : undefined;
  }
  const next = blockOf(stmt)[blockOf(stmt).indexOf(stmt) + 1];
  if (!next) return undefined;
  if (stmt.nodeType === 'Expr' && stmt.value === call) {
    const pool = textOf(file, (call.func as Attribute).value);
    const last = blockOf(stmt)[blockOf(stmt).indexOf(next) + 1];
    const isEnd = textOf(file, next) === `${pool}.close()` && last && textOf(file, last) === `${pool}.join()`;
    return isEnd ? { raises: false } : undefined;
  }
  const [kept] = stmt.nodeType === 'Assign' && stmt.value === call ? stmt.targets : [];
  if (!isName(kept) || file.scopes.bindingOf(kept)?.uses.length !== 1) return undefined;
  return textOf(file, next) === `${kept.id}.wait()` ? { stmt: next, raises: false } : undefined;
}

/** It is called after the map, not during it: so it must not be looked up anew in between. */
function isPlain(project: PyProject, file: PyFile, callback: Expr): boolean {
  const base = callback.nodeType === 'Attribute' ? callback.value : callback;
  const target = project.resolve(file, callback);
  return isName(base) && !(target?.kind === 'function' && target.def.nodeType === 'AsyncFunctionDef');
}
