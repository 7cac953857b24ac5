import type { ReportSite } from '../callback/types.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import type { Handed, HandedOn } from './exits.js';
import type { Site } from './site.js';

/**
 * What a function that was not read hands to its callback, as far as its text shows every use of that: for those that hand their
 * own callback to it. `unknown` where it does anything else with it than to call it or to hand it on.
 */
export function handsAsWritten({ ctx, fn }: Site): Handed[] {
  if (fn.alias || fn.unclear || fn.shuffles.some((each) => each.kind === 'other')) return ['unknown'];
  const explained = [...fn.reports.filter(isPlainReport).map(({ at }) => at), ...fn.shuffles.map(({ node }) => node)];
  const uses = ctx.scopes.references(fn.callbackSymbol).filter((use) => use.parent !== fn.callback);
  if (!uses.every((use) => isTested(use) || explained.some((node) => node.pos <= use.pos && use.end <= node.end)))
    return ['unknown'];
  return [...new Set(fn.reports.flatMap(handedBy))];
}

/** Calls that get the callback of a function that was not read. */
export function callsHandedOn({ fn }: Site): ts.CallExpression[] {
  return fn.reports.flatMap(({ kind, at }) => (kind === 'passed' ? [at as ts.CallExpression] : []));
}

/** `g(x, cb)` where nobody knows how much `g` hands on: all of it, as a list. */
export function isListTail(site: Site, call: ts.CallExpression, handedOn: HandedOn): boolean {
  const { ctx, fn } = site;
  const last = call.arguments.at(-1) && bare(call.arguments.at(-1)!);
  const symbol = last && ts.isIdentifier(last) ? ctx.scopes.symbolOf(last) : undefined;
  const own = [fn.callbackSymbol, fn.alias && ctx.scopes.symbolOf(fn.alias)];
  if (!symbol || !own.includes(symbol)) return false;
  const kinds = new Set(handedOn(ctx, call));
  return kinds.has('unknown') || (kinds.has('value') && kinds.size > 1);
}

function isPlainReport({ kind, at }: ReportSite): boolean {
  if (kind === 'unknown' || !ts.isCallExpression(at)) return false;
  return !at.arguments.some(ts.isSpreadElement) && !/\.apply$/.test(at.expression.getText());
}

function handedBy({ kind, at, count }: ReportSite): Handed[] {
  if (kind === 'passed') return [];
  if (kind === 'unknown') return ['unknown'];
  if (kind !== 'fail') return [kind];
  if (count > 0) return ['unknown'];
  return isSurelyError(at as ts.CallExpression) ? [] : ['null'];
}

/** `cb(new Error('x'))`, `if (err) cb(err)`: never a success. */
function isSurelyError(call: ts.CallExpression): boolean {
  const error = call.arguments[0] && bare(call.arguments[0]);
  if (!error) return false;
  if (ts.isNewExpression(error)) return true;
  for (let node: ts.Node = call; node.parent && !ts.isFunctionLike(node.parent); node = node.parent) {
    const { parent } = node;
    if (
      ts.isIfStatement(parent) &&
      parent.thenStatement === node &&
      bare(parent.expression).getText() === error.getText()
    )
      return true;
  }
  return false;
}

/** `if (cb)`, `typeof cb === 'function'`, the left side of `cb && cb()`. */
function isTested(use: ts.Identifier): boolean {
  const { parent } = use;
  if (ts.isTypeOfExpression(parent) || ts.isIfStatement(parent) || ts.isPrefixUnaryExpression(parent)) return true;
  return (
    ts.isBinaryExpression(parent) &&
    parent.left === use &&
    parent.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken
  );
}
