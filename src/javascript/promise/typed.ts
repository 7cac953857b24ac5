import { isLazyThenable, promiseLibraryOf } from '../calls/libraries.js';
import type { PromiseLibrary } from '../calls/libraries.js';
import { bare } from '../calls/origin.js';
import { answersPromise } from '../calls/promises.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import type { PromiseKind } from '../types.js';
import type { Chain } from './links.js';

/** What the compiler says of the chain's root, if it is asked at all. A type that is no promise's gives the chain up. */
export function admitTyped(chain: Chain, ctx: FileContext): PromiseKind | undefined {
  const kind = ctx.types?.promiseKind(rangeOf(chain.root));
  if (kind !== 'other-thenable' && kind !== 'plain') return kind;
  // Of a package that we know by name we know more than its types say.
  const { scopes, dependencies } = ctx;
  const known =
    promiseLibraryOf(chain.root, scopes) ||
    isLazyThenable(chain.root, scopes) ||
    answersPromise(chain.root, scopes, dependencies);
  return known ? undefined : stop('custom-thenable', chain.whole);
}

/** The library whose promise the chain starts from, by its type: the file need not import it. */
export function typedLibrary(chain: Chain, ctx: FileContext): PromiseLibrary | undefined {
  const kind = ctx.types?.promiseKind(rangeOf(chain.root));
  return kind === 'native' || kind === 'bluebird' ? kind : undefined;
}

/** A call that gives the language's promise, by its type. */
export function answersNative(expression: ts.Expression | undefined, ctx: FileContext): boolean {
  if (!ctx.types || !expression || !ts.isCallExpression(bare(expression))) return false;
  return ctx.types.promiseKind(rangeOf(expression)) === 'native';
}
