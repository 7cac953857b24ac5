import type { CallbackForm, ImportNeed } from '../../flow/model.js';
import type { FileContext } from '../context.js';
import type { ts } from '../parse.js';
import type { Snippets } from '../snippet.js';

export interface CallbackCall {
  readonly form: CallbackForm;
  readonly needs: readonly ImportNeed[];
}

/** How an awaited call is written with an error-first continuation; `undefined` when no such form is known. */
export function callbackFormOf(
  _call: ts.CallExpression,
  _snippets: Snippets,
  _ctx: FileContext,
): CallbackCall | undefined {
  return undefined;
}
