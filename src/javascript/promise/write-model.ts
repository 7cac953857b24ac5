import type { Binding, ImportNeed, Lead, Part, Snippet, Task } from '../../flow/model.js';
import type { Range } from '../../types.js';

/**
 * What a promise writer prints: functions made of items, and expressions that are promises. Between the flow model, which knows
 * waits, and the text, which knows handlers. Everything that runs once is in one place here; what is needed twice is a `Local`.
 */

export interface Lined {
  /** Comments and blank lines above. */
  readonly lead: readonly Lead[];
  readonly trail?: readonly Range[];
}

/** A statement of a handler or function. */
export type Item = Lined &
  (
    | { readonly kind: 'code'; readonly code: Snippet; readonly made?: boolean }
    | { readonly kind: 'local'; readonly local: Local }
    | { readonly kind: 'branch'; readonly test: Snippet; readonly then: Body; readonly else?: Body }
    | { readonly kind: 'loop'; readonly head: Snippet; readonly foot?: Snippet; readonly body: Body }
    | { readonly kind: 'switch'; readonly on: Snippet; readonly arms: readonly Arm[] }
    | {
        readonly kind: 'try';
        readonly body: Body;
        readonly param?: Snippet;
        readonly onFail?: Body;
        readonly always?: Body;
      }
    | { readonly kind: 'return'; readonly value?: Expr }
    | { readonly kind: 'throw'; readonly value: Snippet }
    | { readonly kind: 'jump'; readonly how: 'break' | 'continue' }
  );

export type ItemOf<K extends Item['kind']> = Extract<Item, { kind: K }>;

export interface Arm {
  readonly label: Snippet;
  readonly lead: readonly Lead[];
  readonly braced?: boolean;
  readonly body: Body;
}

export interface Body {
  readonly items: readonly Item[];
  /** The source had one statement without braces. */
  readonly bare?: 'same' | 'below';
}

/** A function of ours that is needed by name: the next turn of a loop, what follows a branch. */
export interface Local {
  readonly name: Binding;
  /** It is called where a promise must come out, whatever happens: its answers are promises, its errors rejections. */
  gives: 'anything' | 'promise';
  fn: Fn;
  /** It calls itself, so that a compiler can't tell what it gives. */
  readonly turns?: 'nothing' | 'value';
}

/** An arrow function. */
export interface Fn {
  readonly params: readonly Snippet[];
  readonly body: Body;
  /** It does nothing but call this one: its name is enough. */
  readonly named?: Local;
}

export interface Link {
  readonly method: 'then' | 'catch' | 'finally';
  readonly handlers: readonly Fn[];
}

type Join = Extract<Task, { kind: 'fanOut' }>['join'];

export type Expr =
  /** The user's own expression, or a value. */
  | { readonly kind: 'text'; readonly text: Snippet; readonly isPromise: boolean }
  | { readonly kind: 'chain'; readonly start: Expr; readonly links: readonly Link[] }
  /** `new Promise((resolve) => { … })`, each `return` of the body a `resolve`. */
  | { readonly kind: 'made'; readonly body: Body; readonly resolve: Binding }
  | { readonly kind: 'call'; readonly local: Local; readonly args: readonly Snippet[] }
  | {
      readonly kind: 'map';
      readonly over: Snippet;
      readonly each: Fn;
      readonly join: Join;
      /** At most `limit` at once, as this function of the file keeps it. */
      readonly window?: { readonly limit: Snippet; readonly need: ImportNeed };
    }
  | {
      readonly kind: 'list';
      readonly all: readonly Expr[];
      readonly join: Join;
    }
  /** `Promise.resolve(value)`, `Promise.reject(error)` */
  | { readonly kind: 'settled'; readonly how: 'resolve' | 'reject'; readonly value?: Expr };

/** A function's items, and the links that its chain goes on with behind it. */
export interface Out {
  readonly items: readonly Item[];
  readonly links: readonly Link[];
}

export const noLine: Lined = { lead: [] };

/** A flow that no readable chain says. Caught by the writer. */
export class Unsayable extends Error {
  constructor(
    readonly code: string,
    readonly at: Range,
  ) {
    super(code);
  }
}

/** What follows in a native loop's turn must be called and may wait: the turn needs a function of its own. */
export class NeedsTurn extends Error {}

/** Our own text. */
export function ours(given: readonly (Part | Snippet)[], declares: Snippet['declares'] = []): Snippet {
  const parts = given.flatMap((part) => (isSnippet(part) ? part.parts : [part]));
  const uses = given.flatMap((part) => (isSnippet(part) ? part.uses : []));
  return { parts, uses, declares, promise: 'no', at: { start: 0, end: 0 } };
}

function isSnippet(part: Part | Snippet): part is Snippet {
  return typeof part === 'object' && 'parts' in part;
}

export function give(value?: Expr, lined: Lined = noLine): Item {
  return { kind: 'return', ...(value && { value }), ...lineOf(lined) };
}

export function lineOf({ lead, trail }: Lined): Lined {
  return { lead, ...(trail && { trail }) };
}

/** The bodies that belong to the item's own function. */
export function bodiesOf(item: Item): Body[] {
  switch (item.kind) {
    case 'branch':
      return [item.then, ...(item.else ? [item.else] : [])];
    case 'loop':
      return [item.body];
    case 'switch':
      return item.arms.map((arm) => arm.body);
    case 'try':
      return [item.body, ...(item.onFail ? [item.onFail] : []), ...(item.always ? [item.always] : [])];
    default:
      return [];
  }
}

/** Does one of these leave the function they stand in with `return`? */
export function returns(items: readonly Item[]): boolean {
  return items.some((item) => item.kind === 'return' || bodiesOf(item).some((body) => returns(body.items)));
}
