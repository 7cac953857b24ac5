import type { PyFile } from '../file.js';
import { isName } from '../file.js';
import type { PyFunction } from '../project.js';
import { stringRanges } from '../parse.js';
import { Rewrite, shift } from '../rewrite.js';
import { isFunction, type Name, type Node } from '../tree.js';
import type { Range } from '../../types.js';
import { refuse, type Unit } from '../unit.js';
import { ownNodes } from './waits.js';
import { inside, ownLines, leaves } from './places.js';
import { wholeMap } from './region.js';
import type { Converter, Region } from './from-pool.js';
import { statementsOf, type Span } from './spans.js';

/* Where blocking code meets coroutines: a function of its own for the code of a module, and one inside a function that keeps its contract. */

// ---- module code ----

/** The region becomes an async function of its own, and runs where it stood. */
export function island(c: Converter, region: Region): void {
  const { unit, file, stmt } = region;
  if (unit.refusals.length > 0) return;
  const { rewrite } = unit;
  if (
    ownNodes(stmt.body).some(
      (node) =>
        isFunction(node) ||
        node.nodeType === 'ClassDef' ||
        (/^(?:Break|Continue)$/.test(node.nodeType) && leaves(node, stmt)),
    )
  )
    return refuse(unit, 'no-async-here', stmt);
  const lines = { start: rewrite.lineOf(stmt.start).start, end: rewrite.lineOf(stmt.end).end };
  const whole = wholeMap(c, region);
  const [only] = stmt.body;
  const name = c.units.fresh(file, 'run_all');
  const run = `${c.units.need(unit, 'asyncio', 'run')}(${name}())`;
  const indent = rewrite.indentAt(stmt.start);
  const stored = [...new Set([...storedNames(region), ...(c.globals.get(region) ?? [])])].sort();
  const single =
    whole && only?.nodeType === 'Assign' && only.targets.length === 1 && isName(only.targets[0]) ? only : undefined;
  let text = rewrite.render(lines);
  if (single) {
    const target = (single.targets[0] as Name).id;
    text = text.replace(new RegExp(`^([ \\t]*)${target}\\s*=\\s*(?=[^=]*$)`, 'm'), '$1return ');
    if (!whole!.listed) text = text.replace(/return \(task\.result\(\) for task in (\w+)\)/, 'return $1');
  }
  const dedented = shift(text, indent, file.unit, stringRanges(text)).trimEnd();
  const named = single ? (c.globals.get(region) ?? []) : stored;
  const globals = opening(c, [region], named, file.unit);
  const after = single
    ? `${(single.targets[0] as Name).id} = ${whole!.listed ? run : `(task.result() for task in ${run})`}`
    : run;
  const body = `async def ${name}():\n${globals}${dedented}\n`;
  rewrite.replace({ start: stmt.start, end: lines.end }, `${after}${lineEnd(file, lines.end)}`);
  placeFunction(region, body);
}

/** The statements of a module that have to do with threads move into an async function of their own. */
export function spanIsland(c: Converter, span: Span): void {
  const { unit, file, first, last } = span;
  if (unit.refusals.length > 0) return;
  const { rewrite } = unit;
  const stmts = statementsOf(span);
  const barred = ownNodes(stmts).find((node) => isFunction(node) || node.nodeType === 'ClassDef');
  if (barred) return refuse(unit, 'no-async-here', span.sites[0]!);
  const overlaps = c.regions.some((region) => !region.holder && region.file === file);
  if (overlaps || c.spans.some((other) => other !== span && other.file === file && !other.holder))
    return refuse(unit, 'mixed-style', span.sites[0]!);
  const lines = { start: rewrite.lineOf(first.start).start, end: rewrite.lineOf(last.end).end };
  const indent = rewrite.indentAt(first.start);
  const name = c.units.fresh(file, 'run_all');
  const stored = new Set<string>();
  for (const node of ownNodes(stmts)) {
    const binding = node.nodeType === 'Name' && node.ctx.nodeType !== 'Load' ? file.scopes.bindingOf(node) : undefined;
    if (binding?.scope.kind === 'module') stored.add(binding.name);
  }
  const text = rewrite.render(lines);
  const header = c.opened.get(span);
  const deep = header ? file.unit + file.unit : file.unit;
  const moved = shift(text, indent, deep, stringRanges(text)).trimEnd();
  const session = header ? file.unit + shift(header, indent, file.unit, []).replace(/^ */, '') : '';
  const body = `async def ${name}():\n${opening(c, [span], [...stored], file.unit)}${session}${moved}\n`;
  rewrite.settle(lines, `${indent}${c.units.need(unit, 'asyncio', 'run')}(${name}())${lineEnd(file, lines.end)}`);
  placeFunction({ file, unit, stmt: first }, body);
}

export interface Wrap {
  readonly unit: Unit;
  readonly lines: Range;
  /** What the lines stand in, with its own indentation and line end. */
  readonly header: string;
}

/** Puts whole lines, with all that was changed in them, one level deeper. */
export function wrapLines(c: Converter, { unit, lines, header }: Wrap): void {
  const { file } = unit;
  const text = merged(c, unit, lines).render(lines);
  unit.rewrite.settle(lines, header + shift(text, '', file.unit, stringRanges(text)));
}

/** Changes of a unit together with those of the functions in it. */
function merged(c: Converter, unit: Unit, lines: Range): Rewrite {
  const all = new Rewrite(unit.file.text, unit.file.strings);
  all.addAll(unit.rewrite);
  for (const other of c.project.functions)
    if (other.file === unit.file && other !== unit.fn && lines.start <= other.def.start && other.def.end <= lines.end)
      all.addAll(c.units.of(other).rewrite);
  return all;
}

/** The function's body becomes a coroutine inside it, and the function runs that. */
export function inner(c: Converter, fn: PyFunction): void {
  const unit = c.units.of(fn);
  const { file, def } = fn;
  const [head] = def.body;
  const isDoc = head!.nodeType === 'Expr' && head!.value.nodeType === 'Constant' && def.body.length > 1;
  const body = isDoc ? def.body.slice(1) : def.body;
  const [first, last] = [body[0]!, body.at(-1)!];
  if (unit.refusals.length > 0) return;
  if (!ownLines(file, first) || !ownLines(file, last)) return refuse(unit, 'one-line-block', first);
  const merged = new Rewrite(file.text, file.strings);
  merged.addAll(unit.rewrite);
  for (const other of c.project.functions)
    if (other !== fn && other.file === file && inside(other.def, def)) merged.addAll(c.units.of(other).rewrite);
  const lines = { start: merged.lineOf(first.start).start, end: merged.lineOf(last.end).end };
  const indent = merged.indentAt(first.start);
  const text = merged.render(lines);
  const moved = shift(text, indent, indent + file.unit, stringRanges(text)).trimEnd();
  const name = c.units.fresh(file, 'run_all');
  const kept = storedParameters(fn);
  const nonlocal = kept.length > 0 ? `${indent}${file.unit}nonlocal ${kept.join(', ')}\n` : '';
  const run = `${c.units.need(unit, 'asyncio', 'run')}(${name}())`;
  const global = opening(c, entriesOf(c, fn), [], indent + file.unit);
  unit.rewrite.replace(
    lines,
    `${indent}async def ${name}():\n${nonlocal}${global}${moved}\n\n${indent}return ${run}${lineEnd(file, lines.end)}`,
  );
}

const entriesOf = (c: Converter, fn: PyFunction): (Region | Span)[] =>
  [...c.regions, ...c.spans].filter(({ holder }) => holder === fn);

/** The first lines of a coroutine that begins an event loop: names of the module, and what belongs to the loop. */
function opening(c: Converter, entries: readonly (Region | Span)[], stored: readonly string[], indent: string): string {
  const names = [...new Set([...stored, ...entries.flatMap((entry) => c.globals.get(entry) ?? [])])].sort();
  const created = entries.flatMap((entry) => c.created.get(entry) ?? []);
  const lines = [...(names.length > 0 ? [`global ${names.join(', ')}`] : []), ...created];
  return lines.map((line) => `${indent}${line}\n`).join('');
}

/** `global session` at the beginning of a coroutine. */
export function declareGlobals(c: Converter, fn: PyFunction): void {
  if (opening(c, entriesOf(c, fn), [], '') === '') return;
  const { rewrite } = c.units.of(fn);
  const [head, ...more] = fn.def.body;
  const first = head!.nodeType === 'Expr' && head!.value.nodeType === 'Constant' && more[0] ? more[0] : head!;
  if (!ownLines(fn.file, first)) return refuse(c.units.of(fn), 'one-line-block', first);
  rewrite.insert(rewrite.lineOf(first.start).start, opening(c, entriesOf(c, fn), [], rewrite.indentAt(first.start)));
}

export function storedParameters(fn: PyFunction): string[] {
  const scope = fn.file.scopes.of(fn.def);
  const stored = [...(scope?.bindings.values() ?? [])].filter(
    (binding) => binding.kinds.has('parameter') && binding.sites.length > 1,
  );
  return stored.map((binding) => binding.name).sort();
}

export function storedNames({ file, stmt }: Region): string[] {
  const names = new Set<string>();
  for (const node of ownNodes(stmt.body)) {
    const binding = node.nodeType === 'Name' && node.ctx.nodeType !== 'Load' ? file.scopes.bindingOf(node) : undefined;
    if (binding?.scope.kind === 'module') names.add(binding.name);
  }
  return [...names].sort();
}

/** Behind the last function above it, else in front of the statement of the module that it was in. */
export function placeFunction(
  region: { readonly file: PyFile; readonly unit: Unit; readonly stmt: Node },
  text: string,
): void {
  const { body } = region.file.module;
  const index = body.findIndex((each) => inside(region.stmt, each));
  const last = body.slice(0, index).findLast((each) => isFunction(each) || each.nodeType === 'ClassDef');
  const { rewrite } = region.unit;
  if (last) return rewrite.insert(rewrite.lineOf(last.end).end, `\n\n${text}`);
  rewrite.insert(rewrite.lineOf(body[index]!.start).start, `${text}\n\n`);
}

/** The last line of a file may have no end. */
const lineEnd = (file: PyFile, end: number): string => (file.text[end - 1] === '\n' ? '\n' : '');
