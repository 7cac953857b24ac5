import type { Block, ImportNeed, Note, Refusal, Target } from '../../flow/model.js';
import type { Range } from '../../types.js';
import type { ts } from '../parse.js';
import type { Snippets } from '../snippet.js';
import type { Leaf } from './leaf.js';

/** A function node that can hold statements (or an arrow's expression). */
export type FunctionNode =
  | ts.FunctionDeclaration
  | ts.FunctionExpression
  | ts.ArrowFunction
  | ts.MethodDeclaration
  | ts.ConstructorDeclaration
  | ts.AccessorDeclaration;

/** One function whose parameter is an error-first callback, by evidence. Found before anything is known about its callees. */
export interface CallbackFunction {
  readonly node: FunctionNode;
  /** For reports and titles: `load`, `Store.get`, `exports.read`, or `<anonymous>`. */
  readonly name: string;
  /** The variable or function that the name is; undefined for members and anonymous functions. */
  readonly symbol?: ts.Symbol;
  readonly callback: ts.ParameterDeclaration;
  readonly callbackSymbol: ts.Symbol;
  /** The name under which the body calls it: `const done = once(cb)`. It is what a bridge must be given. */
  readonly alias?: ts.Identifier;
  /** Set when it answers, but not error first: a report that shows it. Reading it is refused. */
  readonly unclear?: ts.Node;
  /** Where the callback stands in the parameter list. */
  readonly index: number;
  /** How the source says that the callback may be missing; undefined when it never does. */
  readonly optional?: OptionalCallback;
  /** Statements that only sort the arguments out: `if (typeof opts === 'function') { cb = opts; opts = {}; }`, `cb = once(cb)`. */
  readonly shuffles: readonly Shuffle[];
  /** What is seen to be reported, without knowing callees. */
  readonly reports: readonly ReportSite[];
  /** The join of `reports`; `passed` when only callees decide (`db.get(id, cb)`). */
  readonly results: Results | 'passed';
  /** Functions of the file that stand around it and are callback functions too: their snippets contain this one. */
  readonly inside?: FunctionNode;
  /**
   * `node` is a function inside the one that takes the callback, or that one itself: only its statements from `from` on are read.
   * `later`: it is surely called after the call of the callback's function has returned.
   */
  readonly part?: { readonly from: number; readonly later: boolean };
}

/** `guard`: `if (cb) cb(err)`, `cb && cb()`, `typeof cb === 'function'`; `noop`: `cb = cb || noop`; `throws`: without it the error
 * is thrown; `promise`: without it a promise is returned (a dual function); `default`: another function stands in. */
export interface OptionalCallback {
  readonly how: 'guard' | 'noop' | 'throws' | 'promise' | 'default';
  readonly at: Range;
}

export interface Shuffle {
  readonly node: ts.Statement;
  /**
   * `shift`, `default`, `once`: gone when the parameter goes. `alias`: `const done = cb || noop`, its other declarations stay.
   * `check`: `assert.equal(typeof cb, 'function')`. `other`: sorts arguments out in a way that only the source can say: the
   * contract must be kept.
   */
  readonly kind: 'shift' | 'default' | 'once' | 'alias' | 'check' | 'other';
  /** `shift`: the parameter that may hold the callback in its place, and the value it then gets. */
  readonly option?: ts.ParameterDeclaration;
  readonly value?: ts.Expression;
}

/** `nothing`: `cb()`; `null`: `cb(null)`; `value`: `cb(null, v)`; `list`: `cb(null, a, b)`; `mixed`: not the same at every site. */
export type Results = 'nothing' | 'null' | 'value' | 'list' | 'mixed';

export interface ReportSite {
  /** `fail`: only an error; `passed`: the callback is handed on; `unknown`: any other use. */
  readonly kind: 'nothing' | 'null' | 'value' | 'list' | 'fail' | 'passed' | 'unknown';
  readonly at: ts.Node;
  /** How many results, for `value` and `list`. */
  readonly count: number;
  /** It may happen before the call returned (as far as the text shows). */
  readonly sync: boolean;
}

/** How the callee of a call with a callback can be awaited. Asked with the call as it stands, its callback included. */
export type CallResolver = (call: ts.CallExpression) => Awaiting;

/** What an awaited call gives: `fields` of an object (`exec`: `stdout`, `stderr`), the items of a list, one value or nothing. */
export interface Gives {
  readonly results: 'nothing' | 'null' | 'value' | 'list' | 'unknown';
  /** Names of the results in the order of the callback's parameters, when the awaited value is an object of them. */
  readonly fields?: readonly string[];
  /** It never reports an error (`setTimeout`, `fs.exists`): a continuation then gets results only, no error first. */
  readonly errorFirst?: boolean;
  /** Default: it may. `never` for Node's own functions; used for H01 only. */
  readonly sync?: 'never' | 'maybe';
}

export type Awaiting =
  /** A function of the project that is async after this run: `await f(args)`, same callee, the callback dropped. */
  | ({ readonly kind: 'async' } & Gives)
  /** Another callee with the same arguments: `fs.promises.readFile`. Strings are our text, nodes are copied. */
  | ({
      readonly kind: 'awaitable';
      readonly callee: readonly (string | ts.Expression)[];
      /** An argument in front of the others: `needle('get', url)`. */
      readonly first?: string;
      readonly needs: readonly ImportNeed[];
    } & Gives)
  /** `promisify(f)(args)`; a member is promisified with its object: `promisify(o.m).call(o, args)`. `local` is promisify's name here. */
  | ({ readonly kind: 'promisify'; readonly local: string; readonly needs: readonly ImportNeed[] } & Gives)
  /** `new Promise((resolve, reject) => f(args, (err, v) => …))` */
  | ({
      readonly kind: 'wrap';
      /** The awaited value is the list of all that the callback gets behind the error, however many that are. */
      readonly asList?: boolean;
    } & Gives)
  | { readonly kind: 'unknown'; readonly code?: string };

export interface CallbackReading {
  /** The whole body without shuffles, its exits of `target`. Exactly one exit on every path. */
  readonly flow: Block;
  readonly target: Target;
  /** Made with the entry's own snippets, so that more snippets with the same bindings can be made. */
  readonly snippets: Snippets;
  /**
   * Where the async part must begin when the contract is kept: the first statement that waits or hands the callback on, or an
   * earlier one that the async part can't be cut from. Offset of its first lead comment or of itself; what is before it stays.
   */
  readonly from: number;
  /** How many of `flow.steps` belong to the prologue: `flow.steps.slice(prologueSteps)` is the flow of the async part. */
  readonly prologueSteps: number;
  /** What every succeeding report gives, callees included. */
  readonly results: Results;
  readonly facts: CallbackFacts;
  readonly needs: readonly ImportNeed[];
  readonly notes: readonly Note[];
  /** Callees that the flow waits for, as resolved: for the component's graph. */
  readonly waits: readonly ts.CallExpression[];
  /** Those of them that give the list of all that they hand on. */
  readonly listTails?: readonly ts.CallExpression[];
  /** Functions whose statements became part of this flow: iteratees and continuations are no functions of their own any more. */
  readonly consumed: readonly ts.Node[];
  /** Local functions that become async themselves; the flow holds their declarations, and calls of them in `stepCalls` end its paths. */
  readonly steps?: readonly StepReading[];
  readonly stepCalls?: ReadonlyMap<ts.Node, StepReading>;
  /** It answers an empty list before its call returns, which the flow does not say any more. */
  readonly answersAtOnce?: boolean;
  /** The flow says nothing but when it answers: the body stays, in a promise. With the reason why it can't be read. */
  readonly leaf?: Leaf & { readonly refusal: Refusal };
}

/** A local function on its own: its exits are those of the function around it. */
export interface StepReading {
  readonly node: FunctionNode;
  readonly name: string;
  readonly flow: Block;
  readonly snippets: Snippets;
}

export interface CallbackFacts {
  /** A report in the prologue: `return cb(new Error('no id'))` before the first wait. It stays as it is when the prologue stays out. */
  readonly reportsInPrologue: boolean;
  /** A report inside the async part that happened before the call returned: later now (`always-later`). */
  readonly reportsSyncInside: boolean;
  /** The prologue, or the first statement of the async part, can throw at the caller. */
  readonly mayThrowSync: boolean;
  /** A `throw` statement stands in the prologue: thrown on purpose. */
  readonly throwsInPrologue: boolean;
  /** The function gives its caller something: `call` as in `return cb(…)`, `return db.get(…)` (a way to leave), `value` on purpose. */
  readonly returns: 'nothing' | 'call' | 'value';
  /** The same of the async part alone: what stands in front of it stays, and gives what it gave. */
  readonly returnsInside: CallbackFacts['returns'];
  /** The body names `this` / `arguments` of its own. */
  readonly usesThis: boolean;
  readonly usesArguments: boolean;
  /** Where the body stands: braces included, or the arrow's expression. */
  readonly body: Range;
}

export type ReadOutcome<T> =
  | { readonly ok: true; readonly value: T; readonly notes: readonly Note[] }
  | { readonly ok: false; readonly refusal: Refusal };

/** What ends a flow when it is called: for reading bodies whose answer goes elsewhere than to an error-first parameter. */
export type Reporter =
  /** `cb(err, v)` */
  | { readonly kind: 'errorFirst'; readonly symbol: ts.Symbol }
  /** The pair of a promise's executor; `reject` may be missing. */
  | { readonly kind: 'settle'; readonly resolve: ts.Symbol; readonly reject?: ts.Symbol };

/** A flow read from a list of statements in tail position. */
export interface Reported {
  readonly flow: Block;
  readonly results: Results;
  readonly needs: readonly ImportNeed[];
  readonly notes: readonly Note[];
  readonly waits: readonly ts.CallExpression[];
}
