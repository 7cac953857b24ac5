import type { PyProject } from '../project.js';
import type { Piece } from '../rewrite.js';
import type { Call } from '../tree.js';
import type { Unit, Units } from '../unit.js';
import type { SessionLimits } from './limits.js';

/** What the parts of a conversion to blocking code share. */
export interface SyncContext {
  readonly project: PyProject;
  readonly units: Units;
  /** How joins are written: by waiting for futures, or by their callbacks. */
  readonly joins: 'waiting' | 'callbacks';
  readonly limits: SessionLimits;
  /** What a request may take that `wait_for` or a block limited. */
  readonly requestTimeouts: ReadonlyMap<Call, string>;
  /** `--limit`. */
  readonly limit?: number;
  /** A coroutine's call as a blocking one: the function, and the arguments that follow it. */
  callParts(unit: Unit, call: Call): { callee: Piece[]; args: Piece[] };
}
