import { isName, qualified, type PyFile } from '../file.js';
import { parentOf, statementOf, type Call, type Expr, type Name } from '../tree.js';
import { refuse, type Unit } from '../unit.js';
import { valueOf } from '../values.js';
import { AS_COMPLETED } from './helpers.js';
import { ownNodes } from './waits.js';
import { inside, needsParens } from './places.js';
import { noAwaitHere } from './coroutine.js';
import type { Converter, Region } from './from-pool.js';

/* Futures become tasks. */

/** What is done with futures: `result()` is awaited, `as_completed` gives the tasks themselves. */
export function futures(c: Converter, region: Region): void {
  const { unit, file, stmt } = region;
  const scope = region.holder ? ownNodes(region.holder.def.body) : ownNodes(stmt.body);
  for (const node of scope) {
    if (node.nodeType === 'Call') {
      const name = qualified(file, node.func);
      if (name === 'concurrent.futures.as_completed') asCompleted(c, unit, node);
      else if (name === 'concurrent.futures.wait') wait(c, unit, node);
    }
    if (node.nodeType !== 'Call' || node.func.nodeType !== 'Attribute') continue;
    const { attr, value } = node.func;
    if (!isFuture(c, file, value)) continue;
    if (attr === 'result' && node.args.length + node.keywords.length === 0) {
      if (noAwaitHere(unit, node)) continue;
      const [open, close] = needsParens(node) ? ['(', ')'] : ['', ''];
      unit.rewrite.replace(node, `${open}await `, value, close);
    } else if (attr !== 'done' && attr !== 'exception') refuse(unit, 'pool-option', node, attr);
  }
  if (!region.holder && outlives(c, region)) refuse(unit, 'task-escapes', stmt);
}

/** Futures that are kept in a variable and looked at behind the region. */
export function outlives(c: Converter, region: Region): boolean {
  const { file, stmt } = region;
  return c.usesOf(region).some((use) => {
    const call = parentOf(parentOf(use)!) as Call;
    const target = statementOf(call);
    const names = target.nodeType === 'Assign' ? target.targets.filter((each): each is Name => isName(each)) : [];
    return names.some((name) => file.scopes.bindingOf(name)?.uses.some((each) => !inside(each, stmt)));
  });
}

/** A name that has what `submit` gave: directly, from a collection of such, or from `as_completed`. */
export function isFuture(c: Converter, file: PyFile, expr: Expr): boolean {
  if (valueOf(c.project, file, expr)?.kind === 'Future') return true;
  if (!isName(expr)) return false;
  const [site] = file.scopes.bindingOf(expr)?.sites ?? [];
  const loop = site && parentOf(site);
  if (loop?.nodeType !== 'For' && loop?.nodeType !== 'Comprehension') return false;
  const { iter } = loop;
  if (iter.nodeType === 'Call' && qualified(file, iter.func) === 'concurrent.futures.as_completed') return true;
  return hasFutures(c, file, iter);
}

export function hasFutures(c: Converter, file: PyFile, expr: Expr): boolean {
  if (expr.nodeType === 'ListComp' || expr.nodeType === 'GeneratorExp' || expr.nodeType === 'SetComp')
    return valueOf(c.project, file, expr.elt)?.kind === 'Future';
  if (expr.nodeType === 'DictComp') return valueOf(c.project, file, expr.key)?.kind === 'Future';
  if (!isName(expr)) return false;
  const binding = file.scopes.bindingOf(expr);
  return (binding?.sites ?? []).some((site) => {
    const stmt = parentOf(site);
    if (stmt?.nodeType !== 'Assign') return false;
    if (hasFutures(c, file, stmt.value)) return true;
    return binding!.uses.some((use) => {
      const parent = parentOf(use);
      const call = parent && parentOf(parent);
      if (parent?.nodeType === 'Subscript' && parentOf(parent)?.nodeType === 'Assign')
        return valueOf(c.project, file, parent.slice)?.kind === 'Future';
      const added =
        parent?.nodeType === 'Attribute' && call?.nodeType === 'Call' && /^(?:append|add)$/.test(parent.attr)
          ? call.args[0]
          : undefined;
      return added !== undefined && valueOf(c.project, file, added)?.kind === 'Future';
    });
  });
}

export function asCompleted(c: Converter, unit: Unit, call: Call): void {
  const outer = parentOf(call);
  if (outer?.nodeType !== 'For' || call.args.length !== 1 || call.keywords.length > 0)
    return refuse(unit, 'unknown-callee', call);
  unit.rewrite.insert(outer.start, 'async ');
  unit.rewrite.replace(call.func, c.units.helper(unit, 'as_completed', AS_COMPLETED));
  c.units.need(unit, 'asyncio');
}

export function wait(c: Converter, unit: Unit, call: Call): void {
  if (call.keywords.length > 0 || call.args.length !== 1 || parentOf(call)?.nodeType !== 'Expr')
    return refuse(unit, 'unknown-callee', call);
  unit.rewrite.replace(
    call,
    `await ${c.units.need(unit, 'asyncio', 'gather')}(*`,
    call.args[0]!,
    ', return_exceptions=True)',
  );
}
