import type { Step } from '../../flow/model.js';
import type { ts } from '../parse.js';
import type { Env, State } from './state.js';

export interface Join {
  readonly steps: readonly Step[];
  /** How many statements of the list it is. */
  readonly taken: number;
}

/** A fan-out over a list whose counter joins it. */
export function readJoin(
  _statements: readonly ts.Statement[],
  _index: number,
  _env: Env,
  _state: State,
): Join | undefined {
  return undefined;
}
