import { requestArguments } from '../http/from-requests.js';
import { isName, type PyFile } from '../file.js';
import type { Piece } from '../rewrite.js';
import type { Binding } from '../scope.js';
import { kindOf } from '../shapes.js';
import {
  functionAround,
  isFunction,
  parentOf,
  statementOf,
  walk,
  type Call,
  type Expr,
  type Name,
  type Node,
} from '../tree.js';
import { link, refuse, type Unit } from '../unit.js';
import type { Converter } from './from-pool.js';
import { RECEIVED } from './helpers.js';

/* Responses that leave the block in which they are open: they are read before, and are asked afterwards what they were asked before. */

const KEPT = /^(?:status_code|reason|ok|url|headers|content|text|json|raise_for_status)$/;
/** What an open response of aiohttp answers only when it is awaited. */
const AWAITED = /^(?:content|text|json)$/;

/** The name of the class of responses that were read. */
export function receivedClass(c: Converter, unit: Unit): string {
  c.received.add(unit);
  c.units.need(unit, 'json');
  return c.units.helper(unit, 'Received', RECEIVED);
}

/** `Received.of(session.get, url, …)` */
export function receivedPieces(c: Converter, unit: Unit, call: Call, session: Piece, verb: string): Piece[] {
  const args = requestArguments(c.units, unit, call, verb);
  return [`${receivedClass(c, unit)}.of(`, session, `.${verb}`, ...(args.length > 0 ? [', ', ...args] : []), ')'];
}

/** A name that has the response of a request of its own function, as long as that is open. */
export function isOpen(c: Converter, file: PyFile, name: Name): boolean {
  const binding = file.scopes.bindingOf(name);
  return binding !== undefined && isRequested(c, file, binding) && !isKept(c, file, binding);
}

function isRequested(c: Converter, file: PyFile, binding: Binding): boolean {
  const sites = binding.sites.filter((site) => !isNone(site));
  return (
    sites.length > 0 &&
    sites.every((site) => {
      const parent = parentOf(site);
      const value =
        parent?.nodeType === 'Assign'
          ? parent.value
          : parent?.nodeType === 'WithItem'
            ? parent.context_expr
            : undefined;
      return value?.nodeType === 'Call' && c.requestOf(file, value) !== undefined;
    })
  );
}

function isNone(site: Node): boolean {
  const parent = parentOf(site);
  return parent?.nodeType === 'Assign' && parent.value.nodeType === 'Constant' && parent.value.value === null;
}

/** It is returned, put somewhere, handed on, or asked where nothing can be awaited. */
export function isKept(c: Converter, file: PyFile, binding: Binding): boolean {
  const known = c.kept.get(binding);
  if (known !== undefined) return known;
  const isWith = binding.sites.some((site) => parentOf(site)?.nodeType === 'WithItem');
  const kept = !isWith && binding.uses.some((use) => leaves(c, file, binding, use));
  c.kept.set(binding, kept);
  return kept;
}

function leaves(c: Converter, file: PyFile, binding: Binding, use: Name): boolean {
  const parent = parentOf(use)!;
  if (functionAround(use) !== functionAround(binding.sites[0]!)) return true;
  if (parent.nodeType === 'Attribute') return AWAITED.test(parent.attr) && (isLazy(use) || isBetween(c, file, use));
  const isTest = /^(?:If|While|IfExp)$/.test(parent.nodeType) && 'test' in parent && parent.test === use;
  const isNoneTest = parent.nodeType === 'Compare' && parent.ops.every((op) => /^Is/.test(op.nodeType));
  return !(isTest || isNoneTest || parent.nodeType === 'UnaryOp');
}

/**
 * Nothing may come in between here: under a lock, and between reading a variable that others share and giving it its new value.
 */
export function isBetween(c: Converter, file: PyFile, node: Node): boolean {
  const stmt = statementOf(node);
  if (stmt.nodeType === 'AugAssign') return true;
  if (stmt.nodeType === 'Assign' && stmt.targets.some((target) => readsItself(file, target, stmt.value))) return true;
  for (let at: Node | undefined = stmt; at && !isFunction(at); at = parentOf(at)) {
    const locks = at.nodeType === 'With' ? at.items : [];
    if (locks.some((item) => kindOf(c.project, file, item.context_expr)?.startsWith('threading.'))) return true;
  }
  return false;
}

/** `counts[key] = counts.get(key, 0) + …` */
function readsItself(file: PyFile, target: Expr, value: Expr): boolean {
  let root = target;
  while (root.nodeType === 'Attribute' || root.nodeType === 'Subscript') root = root.value;
  const name = root.nodeType === 'Name' && (root !== target || isShared(file, root)) ? root.id : undefined;
  let found = false;
  walk(value, (node) => void (node.nodeType === 'Name' && node.id === name && (found = true)));
  return found;
}

const isShared = (file: PyFile, name: Name): boolean =>
  file.scopes.bindingOf(name)?.scope.node !== functionAround(name);

/** In a lambda, or in a generator that runs later. */
function isLazy(node: Node): boolean {
  for (let at = node, parent = parentOf(at); parent; at = parent, parent = parentOf(at)) {
    if (parent.nodeType === 'Lambda') return true;
    if (parent.nodeType === 'GeneratorExp' && parent.generators[0] !== at) return true;
  }
  return false;
}

/** Responses that were read are asked for no more than they have. */
export function receivedUse(unit: Unit, node: Expr): void {
  const parent = parentOf(node);
  if (node.nodeType === 'Attribute' && !KEPT.test(node.attr)) refuse(unit, 'http-option', node, node.attr);
  const call =
    node.nodeType === 'Attribute' && parent?.nodeType === 'Call' && parent.func === node ? parent : undefined;
  if (call && call.args.length + call.keywords.length > 0) refuse(unit, 'http-option', call, 'json');
}

/** Code that is not converted is given responses that were read: it must ask for no more than they have. */
export function receivedElsewhere(c: Converter): void {
  if (c.received.size === 0) return;
  for (const file of c.project.files)
    walk(file.module, (node) => {
      if (node.nodeType !== 'Attribute' || c.isConverted(file, node)) return;
      if (kindOf(c.project, file, node.value) !== 'requests.Response') return;
      if (isName(node.value) && isRequestedHere(c, file, node.value)) return;
      const unit = c.units.around(file, node);
      const before = unit.refusals.length;
      receivedUse(unit, node);
      if (unit.refusals.length > before) for (const other of c.received) link(unit, other);
    });
}

/** A request that stays what it is. */
function isRequestedHere(c: Converter, file: PyFile, name: Name): boolean {
  const binding = file.scopes.bindingOf(name);
  return binding !== undefined && isRequested(c, file, binding);
}
