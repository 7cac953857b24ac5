import type { Block, Declared, Entry, Head, ImportNeed, Note, Shape, Snippet } from '../../flow/model.js';
import type { Range } from '../../types.js';
import type { CallbackReading, FunctionNode } from '../callback/types.js';
import type { FileContext } from '../context.js';
import { localNameFor } from '../imports.js';
import { ts } from '../parse.js';
import { asyncPart, handedIn, silentEndOf, withLists } from './exits.js';
import type { HandedOn } from './exits.js';
import { asyncKeyword } from './head.js';
import { optionalForm } from './optional.js';
import { resultTypes } from './signature.js';
import { resultsOf } from './site.js';
import type { Site } from './site.js';

export const callbackifyNeed: ImportNeed = { from: 'util', name: 'callbackify', local: 'callbackify' };

/** The function itself becomes async. */
export function changedEntry(site: Site, head: Head['edits'], notes: readonly Note[]): Entry {
  const reading = site.reading!;
  const { node } = site.fn;
  return {
    ...commonEntry(site, reading),
    body: reading.facts.body,
    bodyKind: node.body && ts.isBlock(node.body) ? 'block' : 'expression',
    shape: { kind: 'function' },
    flow: reading.flow,
    params: reading.snippets.paramsOf(node),
    head: { edits: head },
    needs: reading.needs,
    notes: [...reading.notes, ...notes],
  };
}

/**
 * The inside becomes async, the outside stays: what stands before the first wait runs as it did, at the call.
 *
 *     if (!id) return cb(new Error('no id'));
 *     callbackify(async () => { … })(cb);
 */
export function keptEntry(site: Site, notes: readonly Note[]): Entry {
  const { callback, flow } = site.bridge!;
  const reading = site.reading!;
  const via = localNameFor(site.ctx, callbackifyNeed) + typeOfAnswer(site);
  const shape: Shape = { kind: 'inside', via, callback };
  const expression = isExpressionBody(site.fn.node);
  return {
    ...commonEntry(site, reading),
    body: expression ? reading.facts.body : { start: reading.from, end: endOfStatements(site.ctx, site.fn.node) },
    bodyKind: expression ? 'expression' : 'block',
    shape,
    flow,
    params: [...reading.snippets.paramsOf(site.fn.node), ...prologueNames(site.fn.node, reading)],
    head: { edits: [] },
    needs: [...reading.needs, callbackifyNeed],
    notes: [...reading.notes, ...notes],
  };
}

/** The local functions that become async themselves. */
export function stepEntries(site: Site): Entry[] {
  const reading = site.reading!;
  return (reading.steps ?? []).map(({ node, name, flow, snippets }) => ({
    style: 'callback',
    name,
    at: rangeOf(node),
    target: reading.target,
    body: rangeOf(node.body!),
    bodyKind: 'block',
    shape: { kind: 'function' },
    flow,
    params: snippets.paramsOf(node),
    head: { edits: [asyncKeyword(node)] },
    needs: [],
    notes: [],
  }));
}

/** A chain is typed by what is made of it: its answer's type must be told, where an async function would tell it. */
function typeOfAnswer(site: Site): string {
  const { ctx, fn } = site;
  if (!ctx.typescript || ctx.options.to !== 'promise') return '';
  const types = resultTypes(ctx, fn.callback, resultsOf(site));
  return types && types !== 'void' ? `<${types}>` : '';
}

function commonEntry(site: Site, reading: CallbackReading): Pick<Entry, 'style' | 'name' | 'at' | 'target'> {
  const { node } = site.fn;
  return { style: 'callback', name: site.fn.name, at: rangeOf(node), target: reading.target };
}

function rangeOf(node: ts.Node): Range {
  return { start: node.getStart(), end: node.end };
}

export function isExpressionBody(node: FunctionNode): boolean {
  return ts.isArrowFunction(node) && !ts.isBlock(node.body);
}

/** Where the last statement or comment of a body ends. */
function endOfStatements(ctx: FileContext, node: FunctionNode): number {
  const brace = node.body!.end - 1;
  return ctx.text.slice(0, brace).trimEnd().length;
}

/** What the statements that stay outside declare: names of the async part must not hide them. */
function prologueNames(node: FunctionNode, reading: CallbackReading): Declared[] {
  if (!node.body || !ts.isBlock(node.body)) return [];
  return node.body.statements
    .filter((statement) => statement.getStart() < reading.from)
    .flatMap((statement) => reading.snippets.statement(statement).declares);
}

/** How the bridge hands over exactly what the old callback got: `callbackify` itself always gives `(null, value)`. */
export interface Bridge {
  readonly callback: Snippet;
  readonly flow: Block;
}

/** `undefined` where no short form does it: several results in TypeScript, or a callee that hands on nobody knows what. */
export function bridgeOf(site: Site, handedOn: HandedOn): Bridge | undefined {
  const { ctx } = site;
  const { callback } = site.fn;
  const reading = site.reading!;
  // `const done = once(cb)`: the name that the body calls.
  const name = site.fn.alias ?? callback.name;
  if (!ts.isIdentifier(name)) return undefined;
  const cb = reading.snippets.bindingOf(name) ?? name.text;
  const err = name.text === 'err' ? 'error' : 'err';
  const flow = asyncPart(reading);
  const ends = handedIn(flow, site, handedOn);
  const seen = new Set([...ends.values()].flatMap((kinds) => [...kinds]));
  // Who gets `cb()` on one path and `cb(null)` on another takes both for the same.
  if (seen.has('null') || seen.has('value')) seen.delete('nothing') && seen.add('null');
  type Parts = readonly (string | typeof cb)[];
  // `done!(err)`: an optional parameter that the body takes for given.
  const sure = ctx.typescript && !site.fn.alias && !!callback.questionToken && optionalForm(site) === 'given';
  const called: Parts = sure ? [cb, '!'] : [cb];
  const given = (params: string, call: Parts): Snippet => {
    const guard: Parts = optionalForm(site) === 'guarded' ? [cb, ' && '] : [];
    return reading.snippets.compose([`(${params}) => `, ...guard, ...call], rangeOf(callback), 'no');
  };
  const orError = (params: string, ...success: Parts): Snippet =>
    given(`${err}${params}`, [`(${err} ? `, ...called, `(${err}) : `, ...success, ')']);
  if (silentEndOf(flow, reading)) {
    if (seen.size === 0) return { flow, callback: given(err, [`${err} && `, ...called, `(${err})`]) };
    const [kind, mixed] = seen;
    const flagged = !mixed && (kind === 'nothing' || kind === 'null');
    const told = kind === 'list' && !mixed ? flow : withLists(flow, ends, reading, flagged);
    if (!told || ctx.typescript || reading.listTails?.length || seen.has('unknown')) return undefined;
    const success = flagged ? (kind === 'null' ? '(null)' : '()') : '(null, ...results)';
    const results = flagged ? 'told' : 'results';
    return { flow: told, callback: orError(`, ${results}`, `${results} && `, ...called, success) };
  }
  const [tail, more] = reading.listTails ?? [];
  if (tail ? more : seen.has('unknown')) return undefined;
  if (seen.has('list') && (seen.size > 1 || ctx.typescript)) return undefined;
  const spread = orError(', results', ...called, '(null, ...results)');
  if (seen.has('list')) return { flow, callback: spread };
  if (seen.size > 1 || tail) {
    const lists = ctx.typescript ? undefined : withLists(flow, ends, reading);
    return lists && { flow: lists, callback: spread };
  }
  const [kind = 'value'] = seen;
  if (kind === 'null') return { flow, callback: given(err, [...called, `(${err})`]) };
  if (kind === 'nothing') return { flow, callback: orError('', ...called, '()') };
  if (isUndefinedFirst(site)) return { flow, callback: orError(', value', ...called, '(undefined, value)') };
  if (optionalForm(site) === 'guarded') return { flow, callback: given('...args', [cb, '(...args)']) };
  return { flow, callback: reading.snippets.compose(called, rangeOf(callback), 'no') };
}

/** Success is said as `cb(undefined, value)`: not with the `null` of others. */
function isUndefinedFirst(site: Site): boolean {
  const firsts = site.fn.reports.flatMap(({ kind, at }) => {
    const call = ts.isExpressionStatement(at) ? at.expression : at;
    return kind === 'value' && ts.isCallExpression(call) && call.arguments[0] ? [call.arguments[0]] : [];
  });
  return firsts.length > 0 && firsts.every((first) => ts.isVoidExpression(first) || first.getText() === 'undefined');
}
