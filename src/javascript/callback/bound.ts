import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { isFunction, unbound } from './shape.js';
import type { State } from './state.js';

/** `function (err) { … }.bind(this)`, `done.bind(this)`: the function. */
export function continuationOf(last: ts.Expression, state: State): ts.Node {
  const made = unbound(last);
  if (!made) return bare(last);
  const symbol = ts.isIdentifier(made.of) ? state.ctx.scopes.symbolOf(made.of) : undefined;
  const declared = symbol && localFunctionOf(symbol);
  const fn = isFunction(made.of) ? made.of : declared;
  if (!fn) return bare(last);
  if (made.own) state.bound.add(fn);
  return made.of;
}

/** The function that a name was declared as. */
function localFunctionOf(symbol: ts.Symbol): ts.Node | undefined {
  const declaration = symbol.declarations?.[0];
  if (!declaration || ts.isFunctionDeclaration(declaration)) return declaration;
  const value = ts.isVariableDeclaration(declaration) && declaration.initializer && bare(declaration.initializer);
  return value && isFunction(value) ? value : undefined;
}
