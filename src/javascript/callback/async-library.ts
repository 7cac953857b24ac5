import type { Step } from '../../flow/model.js';
import type { ts } from '../parse.js';
import type { Env, State } from './state.js';

/** Control flow of the `async` library. */
export function readAsyncLibrary(_call: ts.CallExpression, _env: Env, _state: State): Step[] | undefined {
  return undefined;
}
