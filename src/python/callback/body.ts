import type { PyFile } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import type { Binding } from '../scope.js';
import { walk, type Expr, type FunctionDef, type Node } from '../tree.js';
import type { Unit, Units } from '../unit.js';
import type { Answers } from './continuations.js';

/** Why a function cannot be said without its continuations, and where. */
export class Stop extends Error {
  constructor(
    readonly code: string,
    readonly at: Node,
    readonly detail?: string,
  ) {
    super(code);
  }
}

/** What is written: functions that block, or coroutines. */
export type Target = 'blocking' | 'async';

/** What all of a project shares. */
export interface Shared {
  readonly project: PyProject;
  readonly units: Units;
  readonly target: Target;
  readonly answering: ReadonlyMap<PyFunction, Answers>;
  /** Calls of them that have been said anew. */
  readonly handled: Set<Node>;
  /** Functions that call answering ones without answering themselves, and so wait for them. */
  readonly waiting: ReadonlySet<PyFunction>;
}

/** A function that is said anew: who it answers to, and what has become part of its sequence. */
export interface Body extends Shared {
  readonly unit: Unit;
  readonly file: PyFile;
  readonly fn?: PyFunction;
  readonly answers?: Answers;
  readonly success?: Binding;
  readonly error?: Binding;
  /** Names that hold exceptions. */
  readonly errors: Set<string>;
  /** Functions in it that are no longer there: their code stands where they were called. */
  readonly inlined: Set<FunctionDef>;
  /** The function in it that starts itself again: a loop. */
  loop?: { readonly def: FunctionDef; readonly names: readonly string[] };
  /** Code that a thread runs: it blocks in every style. */
  readonly inThread?: boolean;
  /** It comes to stand in a function of ours. */
  readonly isInFunction?: boolean;
}

/** How a block ends: on all paths with an answer, with the next turn of the loop, or without either. */
export type End = 'answered' | 'next' | 'open';

export interface Said {
  readonly text: string;
  readonly end: End;
  /** One statement that answers, or starts what will. */
  readonly isSimple?: boolean;
}

export const isNone = (expr: Expr): boolean =>
  expr.nodeType === 'Constant' && expr.value === null && expr.end - expr.start === 4;

/** It names who is answered to, or starts something that answers. */
export function isAbout(body: Body, node: Node): boolean {
  let found = false;
  walk(node, (each) => {
    if (each.nodeType === 'Name') {
      const binding = body.file.scopes.bindingOf(each);
      if (binding && (binding === body.success || binding === body.error)) found = true;
      if (body.loop && binding?.sites[0] === body.loop.def) found = true;
    }
    if (each.nodeType === 'Call') {
      const target = body.project.resolve(body.file, each.func);
      if (target?.kind === 'function' && body.answering.has(target)) found = true;
    }
    return !found;
  });
  return found;
}
