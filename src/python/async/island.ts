import type { PyFile } from '../file.js';
import { isName } from '../file.js';
import type { PyFunction } from '../project.js';
import { stringRanges } from '../parse.js';
import { Rewrite, shift } from '../rewrite.js';
import { isFunction, type Name } from '../tree.js';
import { refuse } from '../unit.js';
import { ownNodes } from './waits.js';
import { inside, ownLines, leaves } from './places.js';
import { wholeMap } from './region.js';
import type { Converter, Region } from './from-pool.js';

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
  const stored = storedNames(region);
  const single =
    whole && only?.nodeType === 'Assign' && only.targets.length === 1 && isName(only.targets[0]) ? only : undefined;
  let text = rewrite.render(lines);
  if (single) {
    const target = (single.targets[0] as Name).id;
    text = text.replace(new RegExp(`^([ \\t]*)${target}\\s*=\\s*(?=[^=]*$)`, 'm'), '$1return ');
    if (!whole!.listed) text = text.replace(/return \(task\.result\(\) for task in (\w+)\)/, 'return $1');
  }
  const dedented = shift(text, indent, file.unit, stringRanges(text)).trimEnd();
  const globals = single || stored.length === 0 ? '' : `${file.unit}global ${stored.join(', ')}\n`;
  const after = single
    ? `${(single.targets[0] as Name).id} = ${whole!.listed ? run : `(task.result() for task in ${run})`}`
    : run;
  const body = `async def ${name}():\n${globals}${dedented}\n`;
  rewrite.replace({ start: stmt.start, end: lines.end }, `${after}${lineEnd(file, lines.end)}`);
  placeFunction(region, body);
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
  unit.rewrite.replace(
    lines,
    `${indent}async def ${name}():\n${nonlocal}${moved}\n\n${indent}return ${run}${lineEnd(file, lines.end)}`,
  );
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
export function placeFunction(region: Region, text: string): void {
  const { body } = region.file.module;
  const index = body.findIndex((each) => inside(region.stmt, each));
  const last = body.slice(0, index).findLast((each) => isFunction(each) || each.nodeType === 'ClassDef');
  const { rewrite } = region.unit;
  if (last) return rewrite.insert(rewrite.lineOf(last.end).end, `\n\n${text}`);
  rewrite.insert(rewrite.lineOf(body[index]!.start).start, `${text}\n\n`);
}

/** The last line of a file may have no end. */
const lineEnd = (file: PyFile, end: number): string => (file.text[end - 1] === '\n' ? '\n' : '');
