import type { Piece } from '../rewrite.js';
import { removeStatement } from '../imports.js';
import {
  blockOf,
  functionAround,
  parentOf,
  statementOf,
  walk,
  type Attribute,
  type Call,
  type Name,
  type Stmt,
} from '../tree.js';
import { textOf } from '../file.js';
import { link, refuse, touch, type Unit } from '../unit.js';
import { wrapAwait } from './coroutine.js';
import type { Converter, Region } from './from-pool.js';
import { inside, ownLines } from './places.js';
import { sessionArguments, type SessionPlan } from './sessions.js';

/* Sessions of requests become sessions of aiohttp, which have to be opened in a coroutine and closed. */

/** `with requests.Session() as s:`, `s = requests.Session()` in a coroutine. */
export function session(c: Converter, unit: Unit, stmt: Stmt): void {
  const plan = c.sessions.all().find(({ call }) => call === madeBy(stmt));
  if (!plan) return;
  const { rewrite } = unit;
  if (!isAllConverted(c, plan)) return refuse(unit, 'session-outside', plan.call);
  for (const each of plan.folded) removeStatement(unit.file, each, rewrite);
  for (const close of closes(plan)) wrapAwait(unit, close);
  const opened = openedPieces(c, unit, plan, rewrite.indentAt(stmt.start));
  if (plan.how === 'with') {
    rewrite.replace({ start: stmt.start, end: stmt.start + 4 }, 'async with');
    return rewrite.replace(plan.call, ...opened);
  }
  const block = blockOf(stmt);
  const own = block.slice(block.indexOf(stmt) + 1);
  const last = own.findLast((each) => plan.binding.uses.some((use) => inside(use, each)));
  if (
    !last ||
    plan.binding.uses.some(
      (use) => functionAround(use) === functionAround(stmt) && !own.some((each) => inside(use, each)),
    )
  )
    return refuse(unit, 'session-outside', plan.call);
  if (!ownLines(unit.file, stmt) || !ownLines(unit.file, last)) return refuse(unit, 'one-line-block', stmt);
  rewrite.replace(stmt, 'async with ', ...opened, ` as ${plan.name.id}:`);
  rewrite.indent({ start: rewrite.lineOf(stmt.end).end, end: rewrite.lineOf(last.end).end }, unit.file.unit);
}

const madeBy = (stmt: Stmt): Call | undefined => {
  const value =
    stmt.nodeType === 'Assign' ? stmt.value : stmt.nodeType === 'With' ? stmt.items[0]!.context_expr : undefined;
  return value?.nodeType === 'Call' ? value : undefined;
};

/** Every request that it makes is made by a coroutine. */
export function isAllConverted(c: Converter, plan: SessionPlan): boolean {
  let all = true;
  walk(plan.file.module, (node) => {
    if (node.nodeType === 'Call' && c.sessions.verbOf(plan.file, node) && !c.isConverted(plan.file, node)) all = false;
  });
  return all;
}

export function closes(plan: SessionPlan): Call[] {
  return plan.binding.uses.flatMap((use: Name) => {
    const method = parentOf(use) as Attribute;
    const call = parentOf(method);
    return method.nodeType === 'Attribute' && method.attr === 'close' && call?.nodeType === 'Call' && statementOf(call)
      ? [call]
      : [];
  });
}

export function openedPieces(c: Converter, unit: Unit, plan: SessionPlan, indent: string): Piece[] {
  const aiohttp = c.units.need(unit, 'aiohttp');
  const inner = `\n${indent}${unit.file.unit}`;
  return [`${aiohttp}.ClientSession(${inner}${sessionArguments(aiohttp, plan).join(`,${inner}`)},\n${indent})`];
}

/** A session of the module is opened where the only pool of its file is, and closed with it. */
export function moduleSessions(c: Converter, region: Region): { items: string[]; setUp: string[] } {
  const { unit, file } = region;
  const found = { items: [] as string[], setUp: [] as string[] };
  for (const plan of c.sessions.all()) {
    if (plan.how !== 'module' || plan.file !== file || !isAsked(c, plan)) continue;
    const others = c.regions.some((each) => each !== region && each.file === file);
    if (others || !isAllConverted(c, plan) || closes(plan).length > 0) {
      refuse(unit, 'session-outside', plan.call);
      continue;
    }
    const indent = unit.rewrite.indentAt(region.stmt.start);
    found.items.push(`${openedPieces(c, unit, plan, indent).join('')} as ${plan.name.id}`);
    c.globals.set(region, [...(c.globals.get(region) ?? []), plan.name.id]);
    const home = c.units.ofModule(file);
    link(unit, home);
    touch(home, plan.call);
    removeStatement(file, statementOf(plan.call), home.rewrite);
    for (const stmt of setUps(plan)) {
      if (parentOf(stmt)?.nodeType !== 'Module') refuse(unit, 'session-outside', stmt);
      else if (!plan.folded.includes(stmt)) found.setUp.push(textOf(file, stmt));
      removeStatement(file, stmt, home.rewrite);
    }
  }
  return found;
}

/** Some coroutine makes requests with it. */
function isAsked(c: Converter, plan: SessionPlan): boolean {
  return plan.binding.uses.some((use) => c.isConverted(plan.file, use));
}

/** `session.headers.update(…)` in the code of the module. */
function setUps(plan: SessionPlan): Stmt[] {
  const stmts = plan.binding.uses.filter((use) => {
    const method = parentOf(use);
    return !functionAround(use) && method?.nodeType === 'Attribute' && /^(?:headers|auth|verify)$/.test(method.attr);
  });
  return [...new Set(stmts.map((use) => statementOf(use)))];
}
