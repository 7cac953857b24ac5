import { type PyFile } from '../file.js';
import type { PyProject } from '../project.js';
import type { Piece } from '../rewrite.js';
import { isFunction, isStatement, parentOf, walk, type Expr, type Name, type Node, type Stmt } from '../tree.js';
import { refuse, type Unit, type Units } from '../unit.js';
import { inside, ownLines } from '../async/places.js';
import { slowPart } from './quick.js';

/** A place where a callback is registered for something that is handed to a pool. */
export interface Registration {
  readonly unit: Unit;
  readonly stmt: Stmt;
  /** What gives the future. */
  readonly future: readonly Piece[];
  /** What has to be kept for each future: the callbacks, evaluated where they are registered. */
  readonly kept: readonly Expr[];
}

/** Registrations for one pool, and the statements while which the pool is there. */
export interface Delivery {
  readonly unit: Unit;
  readonly file: PyFile;
  readonly block: readonly Stmt[];
  /** Where the block ends, its work is done: a `with`, a shutdown, the end of the program. */
  readonly endsWithWork: boolean;
  readonly sites: readonly Registration[];
  /** How much further in the block will stand. */
  readonly deeper?: string;
  /** The registrations keep nothing per future. */
  readonly alike: boolean;
  /** Callbacks hand in more work. */
  readonly grows: boolean;
  /** The lines that call what was registered, at no indentation. */
  lines(future: string, kept: string): Piece[][];
}

/**
 * The futures are kept, with the callbacks of each where these differ; in front of the first statement that waits, or at the end of the block, each is
 * handed to its callbacks as it is done.
 */
export function deliver(project: PyProject, units: Units, delivery: Delivery): void {
  const { unit, file, block, sites, alike, deeper = '' } = delivery;
  const tops = sites.map((site) => block.find((each) => inside(site.stmt, each) && !isFunction(each)));
  const own = tops.filter((each): each is Stmt => each !== undefined);
  const first = Math.min(...own.map((each) => block.indexOf(each)));
  const last = Math.max(...own.map((each) => block.indexOf(each)));
  for (const stmt of block.slice(first, last + 1)) {
    const slow = slowPart(project, file, stmt);
    if (slow) return refuse(unit, 'schedule-differs', slow);
  }
  if (!ownLines(file, block[first]!)) return refuse(unit, 'one-line-block', block[first]!);
  const place = placeBehind(project, file, delivery, last);
  if (place === undefined) return refuse(unit, 'task-escapes', sites[0]!.stmt);
  const list = units.firstFree(file, alike ? ['futures', 'pending', 'started'] : ['callbacks', 'pending', 'started']);
  const { rewrite } = unit;
  const indent = rewrite.indentAt(block[first]!.start) + deeper;
  rewrite.insert(rewrite.lineOf(block[first]!.start).start, `${indent}${list} = ${alike ? '[]' : '{}'}\n`);
  for (const site of sites) register(site, list, alike);
  const future = units.firstFree(file, ['future', 'finished', 'each']);
  const header = loopHeader(units, delivery, list, future);
  const lines = delivery.lines(future, delivery.grows ? `${list}.pop(${future})` : `${list}[${future}]`);
  const body = lines.flatMap((line): Piece[] => [`\n${indent}${file.unit}`, ...line]);
  const newline = place.atEnd && file.text.slice(place.at - 1, place.at) !== '\n' ? '\n' : '';
  const text = header.map((line, index) => `${index > 0 ? `\n${indent}${file.unit}` : indent}${line}`).join('');
  rewrite.insert(place.at, `${newline}${text}`, ...body, newline ? '' : '\n');
}

function loopHeader(units: Units, { unit, grows }: Delivery, list: string, future: string): string[] {
  const completed = units.need(unit, 'concurrent.futures', 'as_completed');
  if (!grows) return [`for ${future} in ${completed}(${list}):`];
  return [`while ${list}:`, `${future} = next(${completed}(${list}))`];
}

function register({ unit, stmt, future, kept }: Registration, list: string, alike: boolean): void {
  if (alike) return unit.rewrite.replace(stmt, `${list}.append(`, ...future, ')');
  const values = kept.flatMap((each, index): Piece[] => (index > 0 ? [', ', each] : [each]));
  const tuple = kept.length > 1 ? ['(', ...values, ')'] : values;
  unit.rewrite.replace(stmt, `${list}[`, ...future, '] = ', ...tuple);
}

/** In front of the first statement behind the registrations that takes time; else at the end of the block. */
function placeBehind(
  project: PyProject,
  file: PyFile,
  { unit, block, endsWithWork }: Delivery,
  last: number,
): { at: number; atEnd: boolean } | undefined {
  const { rewrite } = unit;
  const next = block.slice(last + 1).find((each) => slowPart(project, file, each) || leavesBlock(each));
  if (next && leavesBlock(next) && !slowPart(project, file, next) && !endsWithWork) return undefined;
  if (next) return { at: rewrite.lineOf(next.start).start, atEnd: false };
  return endsWithWork ? { at: rewrite.lineOf(block.at(-1)!.end).end, atEnd: true } : undefined;
}

function leavesBlock(stmt: Stmt): boolean {
  let leaves = false;
  walk(stmt, (node) => {
    leaves ||= /^(?:Return|Raise|Break|Continue)$/.test(node.nodeType);
    return !/^(?:FunctionDef|AsyncFunctionDef|Lambda|ClassDef|For|While)$/.test(node.nodeType) || node === stmt;
  });
  return leaves;
}

/** The variable of a loop around a registration that a callback reads without having bound it: it is another one by the time it is read. */
export function looseVariable(file: PyFile, bodies: readonly Node[], top: Stmt): Name | undefined {
  let found: Name | undefined;
  for (const body of bodies)
    walk(body, (node) => {
      if (node.nodeType !== 'Name' || found) return !found;
      const sites = file.scopes.bindingOf(node)?.sites ?? [];
      const isOurs = sites.some((site) => bodies.some((each) => inside(site, each)) || site.nodeType === 'Arg');
      if (!isOurs && sites.some((site) => isVariable(site) && inside(site, top))) found = node;
      return !found;
    });
  return found;
}

const isVariable = (site: Node): boolean => site.nodeType === 'Name';

/** The statement that a call is, when nothing else is done with what it gives. */
export function aloneIn(call: Node): Stmt | undefined {
  const parent = parentOf(call);
  return parent && isStatement(parent) && parent.nodeType === 'Expr' ? parent : undefined;
}
