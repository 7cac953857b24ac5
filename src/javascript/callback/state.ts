import type { ImportNeed, Note, Step, Target } from '../../flow/model.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import type { Snippets } from '../snippet.js';
import type { Assumed, Assumptions } from './assume.js';
import type { JoinPlan } from './joins.js';
import type { Substitutes } from './substitute.js';
import type { CallResolver, FunctionNode, ReportSite } from './types.js';

/** What is the same for the whole reading of one entry, and what it finds on its way. */
export interface State {
  readonly ctx: FileContext;
  readonly snippets: Snippets;
  readonly calls: CallResolver;
  readonly entry: ts.Node;
  readonly needs: ImportNeed[];
  readonly notes: Note[];
  readonly waits: ts.CallExpression[];
  readonly listTails: Set<ts.CallExpression>;
  /** All of the entry will be async: nothing in it needs to answer at once. */
  readonly whole?: boolean;
  /** What is reported to each target: for its results. */
  readonly reports: Map<Target, ReportSite['kind'][]>;
  /** Targets of blocks that are failed from outside their own reporters: such a failure must not be caught by the block's handler. */
  readonly foreign: Set<Target>;
  /** Functions that are read as loops: their own name inside means the next turn. */
  readonly turning: Set<ts.Node>;
  /** Functions whose `this` is that of the place where they stand: `function () { … }.bind(this)`. */
  readonly bound: Set<ts.Node>;
  /** Functions whose statements became part of the flow. */
  readonly inlined: Set<ts.Node>;
  /** Fan-outs by their statement, and the statements that count, with what they end. */
  readonly joins: Map<ts.Statement, JoinPlan>;
  readonly counters: Map<ts.Statement, { readonly target: Target; readonly value?: ts.Expression }>;
  /** Named continuations that count. */
  readonly counting: Set<ts.Symbol>;
  /** Variables that only said that something was reported already. */
  readonly flags: Set<ts.Symbol>;
  readonly dropped: Set<ts.VariableDeclaration>;
  /** Parameters of functions read in the place of a call, and what stands for them there. */
  readonly substitutes: Substitutes;
  /** Paths may end without an answer: what is read stays behind a bridge, which then tells nobody either. */
  readonly silence?: boolean;
  /** Local functions that become async themselves, where nothing simpler could be read; undefined while that is not tried. */
  readonly steps?: Steps;
  /** Declarations that are read where they are used. */
  readonly moved: Set<ts.Statement>;
}

export interface Steps {
  readonly fns: Map<ts.Node, LocalFunction>;
  /** The calls of them that end a path, and the functions that they call. */
  readonly calls: Map<ts.Node, LocalFunction>;
  /** What is known where they are declared. */
  env?: Env;
}

/** What calling a name means here. */
export type Role =
  /** `errorFirst`: `cb(err, v)`; `values`: every argument is a result; `error`: the argument is the error (`reject`). */
  | {
      readonly kind: 'report';
      readonly target: Target;
      readonly shape: 'errorFirst' | 'values' | 'error';
      /** Only failing is possible from here: the item of a fan-out reports to the join, not to the function. */
      readonly failOnly?: boolean;
      /** It is called once at most, whatever happens: `cb = once(cb)`. */
      readonly once?: boolean;
      /** Only its first argument counts: `resolve`. */
      readonly single?: boolean;
    }
  /** A local function that is used once, as a continuation: read in its place. */
  | { readonly kind: 'inline'; readonly fn: LocalFunction }
  /** A local function that several places lead to: the rest of its list becomes a block that reports to it. */
  | { readonly kind: 'shared'; readonly fn: LocalFunction }
  /** A local function that calls itself: its first call begins a loop. */
  | { readonly kind: 'loop'; readonly fn: LocalFunction }
  /** A local function that becomes async itself: calling it is waiting for its answer. */
  | { readonly kind: 'step'; readonly fn: LocalFunction; readonly target: Target }
  /** The next turn of a loop. */
  | { readonly kind: 'turn'; readonly turn: Turn }
  /** A name that may not be used here at all. */
  | { readonly kind: 'closed'; readonly code: string };

export interface LocalFunction {
  readonly symbol: ts.Symbol;
  readonly node: FunctionNode & { readonly body: ts.ConciseBody };
  /** The statement that declares it; undefined for a named function expression called in place. */
  readonly statement?: ts.Statement;
}

export interface Turn {
  readonly fn: LocalFunction;
  /** The step variable of a `for` head, which adds one by itself. */
  readonly counter?: ts.Symbol;
  /** Its first parameter is an error: it is the continuation of its own waits. */
  readonly errorFirst: boolean;
  /** Where its error goes: `if (err) return cb(err)` at the top of the turn. */
  readonly failRole?: Extract<Role, { kind: 'report' }>;
}

/** What is known at one place of the flow. */
export interface Env {
  readonly roles: ReadonlyMap<ts.Symbol, Role>;
  readonly known: Assumptions;
  /** An error kept in a variable, with the results that are absent when it is set. */
  readonly paired: ReadonlyMap<ts.Symbol, ReadonlySet<ts.Symbol>>;
  /** Still in the activation of the function itself: a `throw` reaches its caller. */
  readonly sync: boolean;
  /** Blocks around this place, outermost first: a failure for an outer one passes through the inner ones. */
  readonly targets: readonly Target[];
  /** Effectful code follows when the list is left at its end without `return`. */
  readonly followed?: ts.Node;
  /** What follows the switch or loop that a `break` here leaves. */
  readonly breaksTo?: ts.Node;
  /** What follows where a `continue` here leads. */
  readonly continuesTo?: ts.Node;
  /** Not inside a loop of its own: a jump would leave what became a function. */
  readonly noJumps?: boolean;
  /** Inside a `try` with a `catch`: a `throw` is no exit of the function. */
  readonly caught?: boolean;
  /** Inside a `try` whose `catch` would see what a report throws. */
  readonly inTry?: ts.TryStatement;
}

export interface Reading {
  readonly steps: readonly Step[];
  /** Every path through the steps ends in an exit. */
  readonly ends: boolean;
  /** How many statements were read: the rest can't be reached. */
  readonly read: number;
}

/** The role of an identifier, when it has one. */
export function roleOf(node: ts.Node, env: Env, state: State): Role | undefined {
  if (!ts.isIdentifier(node)) return undefined;
  const symbol = state.ctx.scopes.symbolOf(node);
  return symbol && env.roles.get(symbol);
}

/** The first place in a node that names something with a role. */
export function mention(node: ts.Node, env: Env, state: State): ts.Identifier | undefined {
  let first: ts.Identifier | undefined;
  for (const symbol of env.roles.keys())
    for (const use of state.ctx.scopes.references(symbol))
      if (use.pos >= node.pos && use.end <= node.end && (!first || use.pos < first.pos)) first = use;
  return first;
}

export function mentions(node: ts.Node, symbol: ts.Symbol, state: State): boolean {
  return state.ctx.scopes.references(symbol).some((use) => use.pos >= node.pos && use.end <= node.end);
}

export function withRoles(env: Env, roles: Iterable<readonly [ts.Symbol, Role]>): Env {
  return { ...env, roles: new Map([...env.roles, ...roles]) };
}

export function withKnown(env: Env, known: Iterable<readonly [ts.Symbol, Assumed]>): Env {
  return { ...env, known: new Map([...env.known, ...known]) };
}

/** What has been found so far, so that a reading that is not used leaves nothing behind. */
export function mark(state: State): () => void {
  const lengths = [state.needs.length, state.notes.length, state.waits.length];
  const reports = new Map([...state.reports].map(([target, kinds]) => [target, kinds.length]));
  return () => {
    state.needs.length = lengths[0]!;
    state.notes.length = lengths[1]!;
    state.waits.length = lengths[2]!;
    for (const [target, kinds] of state.reports) kinds.length = reports.get(target) ?? 0;
  };
}
