import type { Range } from '../types.js';

/**
 * THE FLOW MODEL: what a function that answers later does, in no style.
 *
 * A reader says it from a syntax tree, passes simplify it, a writer prints it in another style. Everything that is not a
 * wait stays the user's own text: a `Snippet` is made of ranges of the source, and it never contains a wait or an exit of
 * the function. Objects are immutable; identity matters for `Binding` and `Target` only.
 */

/** A name declared inside the entry. Two `err` of two callbacks are two bindings; `name` is what the source calls it. */
export interface Binding {
  readonly name: string;
}

/** One identifier of the source. Without `binding` it means something outside the entry and can't be renamed. */
export interface Use {
  /** Offset of the identifier in the file. */
  readonly at: number;
  readonly name: string;
  readonly binding?: Binding;
  /** `{ res }`, as a property or in a pattern: a new name must be written `{ res: res2 }`. */
  readonly shorthand?: boolean;
  /** It stands in a function inside the snippet, which may run later. */
  readonly inner?: boolean;
}

/** How a name enters its block: `var` and top-level functions belong to the function, the others to the block. */
export interface Declared {
  readonly binding: Binding;
  readonly how: 'lexical' | 'var' | 'function';
}

/** A piece of output: our own text, a range of the source (copied, re-indented, renamed), or the final name of a binding. */
export type Part = string | Range | Binding;

export interface Snippet {
  readonly parts: readonly Part[];
  /** Identifiers in the source ranges that refer to something outside this snippet or declared at its top level. */
  readonly uses: readonly Use[];
  /** What a statement or pattern brings into the block that it stands in. */
  readonly declares: readonly Declared[];
  /** Of an expression: can its value be a promise (or thenable)? `no` needs a proof. */
  readonly promise: 'no' | 'maybe' | 'yes';
  /** Evaluating it has no effect and can't throw: a literal, a name. It may be dropped or moved. */
  readonly pure?: boolean;
  /** Nothing is called in it: names, their members, operators. */
  readonly quiet?: boolean;
  /** Evaluating it can't throw: shown from its text, not guessed. Only told where a writer asks for it. */
  readonly calm?: boolean;
  /** Its value is an array for sure. */
  readonly list?: boolean;
  /** A name that is never given another value. */
  readonly fixed?: boolean;
  /** Of a pattern: it takes its value apart (`{ a }`, `[b]`). */
  readonly destructures?: boolean;
  /** Of a loop's head or test: it never ends by itself (`while (true)`). */
  readonly endless?: boolean;
  /** Binds less tightly than `await`: a condition, an operator, an arrow. The writer puts it in parentheses. */
  readonly loose?: boolean;
  /** Of a test (`!x`, `a === b`): how its opposite is written (`x`, `a !== b`). */
  readonly opposite?: readonly Part[];
  /** The source range that it stands for, for reports. */
  readonly at: Range;
}

/** A comment of the source, or `''` for a blank line. */
export type Lead = '' | Range;

interface StepBase {
  /** Comments and blank lines above. */
  readonly lead: readonly Lead[];
  /** Comments behind it on its last line. */
  readonly trail?: readonly Range[];
  readonly at: Range;
}

/** What an exit leaves: the entry, or a block that gives a value (`BlockTask`). Compared by identity. */
export interface Target {
  readonly of: 'entry' | 'block';
}

export type Step = StepBase &
  (
    | { readonly kind: 'code'; readonly code: Snippet; readonly made?: boolean } // one whole statement as written, without wait or exit; `made`: we wrote it, the writer ends it
    | { readonly kind: 'wait'; readonly on: Task; readonly bind?: Bind; readonly onFail?: Handler } // onFail guards this wait alone
    | { readonly kind: 'branch'; readonly test: Snippet; readonly then: Block; readonly else?: Block }
    | {
        readonly kind: 'loop';
        readonly head: Snippet;
        readonly body: Block;
        readonly foot?: Snippet;
        readonly form?: LoopForm;
      } // head `for (const a of b)`; do-while: head `do`, foot `while (x)`
    | {
        readonly kind: 'switch';
        readonly on: Snippet;
        readonly arms: readonly {
          readonly label: Snippet;
          /** `x` of `case x:`, where the label was read from a source. */
          readonly test?: Snippet;
          readonly lead: readonly Lead[];
          readonly isDefault?: boolean;
          /** The source had braces around it: its names are its own. */
          readonly braced?: boolean;
          readonly body: Block;
        }[];
      }
    | { readonly kind: 'guard'; readonly body: Block; readonly onFail?: Handler; readonly always?: Block } // try/catch/finally
    | Exit
  );

/** The parts of a loop's head (and foot), for writers that can't write it as it stands. The same text as `head`, never more. */
export type LoopForm =
  /** `item` is a name or pattern with its type; of `assign` it names what exists already. */
  | {
      readonly kind: 'of' | 'in';
      readonly how: Bind['how'];
      readonly item: Snippet;
      readonly over: Snippet;
      /** What it goes through comes out of a call and may be a generator, which wants to be told when the loop is left. */
      readonly lazy?: boolean;
    }
  | { readonly kind: 'while' | 'do'; readonly test: Snippet }
  /** `init` is the whole of it: `let i = 0, n = 3`, or an expression when there is no `how`. */
  | {
      readonly kind: 'for';
      readonly how?: 'const' | 'let' | 'var';
      readonly init?: Snippet;
      /** `let i = start; …; i++`: one variable, one more each turn. */
      readonly counter?: { readonly name: Snippet; readonly start: Snippet };
      readonly test?: Snippet;
      readonly update?: Snippet;
    };

export type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>;

export type Exit = { readonly kind: 'exit' } & (
  | {
      readonly how: 'succeed';
      readonly of: Target;
      readonly with?: Value;
      /** the source returned the promise from a `try` without waiting for it */ readonly unawaited?: boolean;
      /** Of the entry: it ends here and tells nobody, which only a bridge around it can say. */ readonly silent?: boolean;
    }
  | { readonly how: 'fail'; readonly with: Snippet }
  | { readonly how: 'break' | 'continue'; readonly label?: string }
);

export interface Block {
  /** The source had one statement without braces: on the line of its `if`, or below it. Written so again where it still is one line. */
  readonly bare?: 'same' | 'below';
  readonly steps: readonly Step[];
  /** Comments before the closing brace. */
  readonly tail: readonly Lead[];
}

/** `pattern` may be a name or a destructuring pattern, with its type annotation if it had one. */
export interface Bind {
  readonly pattern: Snippet;
  /** `assign`: the names exist already. */
  readonly how: 'const' | 'let' | 'var' | 'assign';
  /** Of `assign`: the name was declared just before, without a value. */
  readonly fresh?: boolean;
  /** We made the name up: the writer may do without it. */
  readonly invented?: boolean;
}

/** An error branch. When its body ends without an exit, the steps behind it go on. */
export interface Handler {
  readonly param?: Bind;
  readonly body: Block;
}

export type Value = Snippet | Task;

export type Task =
  | {
      readonly kind: 'call';
      readonly form: 'awaitable' | 'callback';
      /** how it is written when it is awaited, without the `await` */ readonly awaitable: Snippet;
      readonly callee?: Snippet;
      readonly args?: readonly Snippet[];
      /** How it is written with a continuation: `fs.stat(path, ` and `)`. Without one, a callback writer wraps the awaitable. */
      readonly callback?: CallbackForm;
    }
  | {
      readonly kind: 'fanOut';
      readonly over: Snippet;
      readonly item: readonly Snippet[];
      readonly each: BlockTask;
      readonly join: 'all' | 'settled' | 'race' | 'any';
      /** At most this many at once; after a failure no more start. */
      readonly limit?: Snippet;
      /** With `limit`: the function that keeps it, called with the list, the limit and the task. */
      readonly window?: ImportNeed;
      /** With `limit`: no library kept it, but variables of the source. */
      readonly byHand?: boolean;
      /** With `limit`: a function of the source keeps it. */
      readonly held?: HeldWindow;
      /** What each task is handed to, which decides when it starts: the name of a limiter. */
      readonly via?: Snippet;
    }
  | {
      readonly kind: 'together';
      readonly tasks: readonly Task[];
      readonly join: 'all' | 'settled' | 'race' | 'any';
      /** for an object of results */ readonly keys?: readonly Snippet[];
    }
  | BlockTask;

/** A call of a function of the source that holds tasks back: `mapBounded(list, 4, task)`. */
export interface HeldWindow {
  /** After a failure: no more start, or the others go on. */
  readonly rule: 'stop' | 'go-on';
  /** The limit is checked: one that is no number from 1 up is an error. */
  readonly checked: boolean;
  /** Items are waited for before their task starts. */
  readonly awaits: boolean;
  /** The call as it stands, for a target that can't say it in place. */
  readonly call: Task;
}

/**
 * A flow of its own that gives a value: its exits are those whose `of` is `target`. Ending without one gives undefined.
 * `apart`: it can't be spliced into the flow around it and is written as a local async function.
 */
export interface BlockTask {
  readonly kind: 'block';
  readonly apart?: boolean;
  readonly target: Target;
  readonly body: Block;
}

/** A call around the place of its error-first continuation. */
export interface CallbackForm {
  /** Up to the continuation, with the comma or bracket before it. */
  readonly before: Snippet;
  readonly after: Snippet;
  /** What the continuation gets behind the error. */
  readonly results: 'none' | 'value';
}

/** What must be added to the file for a snippet to mean something: `import { promisify } from 'node:util'`. */
export interface ImportNeed {
  readonly from: string;
  /** `*` and `default` as in ES modules. */
  readonly name: string;
  readonly local: string;
}

/** How the border is kept. Ranges are of the source. */
export type Shape =
  /** The function itself answers in the new way. `callback`: the parameter that its head now ends with. */
  | { readonly kind: 'function'; readonly callback?: Binding }
  /**
   * The body becomes `return <via>((<callback>) => { … })();`, `via` being `promisify` as this file calls it: callers still
   * get a promise.
   */
  | {
      readonly kind: 'promisified';
      readonly via: string;
      readonly callback: Binding;
      /** The callback's type, with its colon. */ readonly annotation?: string;
    }
  /**
   * The statements in `Entry.body` become `<via>(async () => { … })(<callback>);`: every contract stays.
   * `via` is `callbackify` as this file calls it; `callback` the whole argument: `cb`, or `(err) => (err ? cb(err) : cb())`.
   */
  | { readonly kind: 'inside'; readonly via: string; readonly callback: Snippet }
  /**
   * The body becomes `return <before>async () => { … }<after>;`, a statement the same without `return`: what comes out is still a promise
   * of the library, such as `Promise.try(async () => { … })`.
   */
  | { readonly kind: 'library'; readonly before: string; readonly after: string }
  /** A statement becomes `void (async () => { … })()`. */
  | { readonly kind: 'statement' };

/** One function (or statement) that answers later. */
export interface Entry {
  readonly style: 'callback' | 'promise' | 'async';
  readonly name: string;
  /** The whole function or statement. */
  readonly at: Range;
  /** What is replaced by the written block: a function's body (braces included), an arrow's expression, a statement. */
  readonly body: Range;
  readonly bodyKind: 'block' | 'expression' | 'statement';
  readonly shape: Shape;
  /** Directives (`'use strict'`) at the start of the body, which stay there: they are about all of it. Not in `flow`. */
  readonly prologue?: Range;
  readonly target: Target;
  readonly flow: Block;
  /** Parameters and other names of the function's own scope which the flow's names may not clash with. */
  readonly params: readonly Declared[];
  readonly head: Head;
  readonly needs: readonly ImportNeed[];
  /** Codes of notes, with what the sentence needs. */
  readonly notes: readonly Note[];
}

/** Edits of a function's head; made by the reader, which knows where things stand. `keyword`: the word `async`, for an async writer only. */
export interface Head {
  readonly edits: readonly (Range & { readonly text: string; readonly keyword?: boolean })[];
}

export interface Note {
  readonly code: string;
  readonly at: Range;
}

/** A site left as it was, and why: a value, never an exception. `detail` fills the message's `%code%`. */
export interface Refusal {
  readonly code: string;
  readonly at: Range;
  readonly detail?: string;
}

export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly notes: readonly Note[] }
  | { readonly ok: false; readonly refusal: Refusal };
