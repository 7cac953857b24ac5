import { renderRange, renderSnippet } from '../../edits/render.js';
import type { Block, Lead, Shape, Snippet, Step, Target } from '../../flow/model.js';
import type { Range } from '../../types.js';
import type { Pen } from '../pen.js';
import type { Names } from './write-names.js';

/** Something that has no callback form that behaves the same. Only the writer's border sees it. */
export class Unsayable {
  constructor(
    readonly code: string,
    readonly at: Range,
  ) {}
}

/** Gives the entry up. */
export function unsayable(code: string, at: Range): never {
  throw new Unsayable(code, at);
}

/** How the flow goes on from some place. */
export type Goto =
  /** A function is called: `callback(null, value)`, `next()`. `once`: not at once where nothing was waited for yet. */
  | {
      readonly kind: 'call';
      readonly fn: string;
      readonly args: (value: string | undefined) => readonly string[];
      readonly once?: boolean;
      /** Who waits for the flow gets its answer: that is not ours to run in a `try`. */
      readonly answers?: boolean;
      /** Another turn of a loop: where nothing was waited for in this one, no stack may grow. */
      readonly turn?: boolean;
      readonly used?: (env: Env) => void;
    }
  /** Nothing more happens. */
  | { readonly kind: 'stop' }
  /** What stands below in the text happens. */
  | { readonly kind: 'below' }
  /** The loop is one of the text. */
  | { readonly kind: 'native'; readonly word: 'break' | 'continue'; readonly later: Goto }
  /** What happens then is written here, because it is the only place. */
  | {
      readonly kind: 'inline';
      /** It may be said more than once. */ readonly again?: boolean;
      readonly write: (env: Env, value?: string) => string[];
    };

/** Where errors go. */
export interface Fail {
  /** An error-first function that takes errors as they come. */
  readonly pass?: string;
  /** The name by which the code there knows the error. */
  readonly param?: string;
  write(error: string, env: Env): string[];
}

/** What is shared by one entry. */
export interface World {
  readonly pen: Pen;
  readonly names: Names;
  readonly shape: Shape['kind'];
}

/** Where the writer stands. */
export interface Env {
  readonly world: World;
  readonly indent: string;
  readonly fail: Fail;
  readonly exits: ReadonlyMap<Target, Goto>;
  readonly next: Goto;
  readonly breaks?: Goto;
  readonly continues?: Goto;
  /** The entry's own way to fail, for what leaves a `try` unseen. */
  readonly outerFail: Fail;
  /** No `try` of the source is around. */
  readonly outer: boolean;
  /** In the function that the entry's own call runs. */
  readonly first: boolean;
  /** Something was waited for on every way here. */
  readonly later: boolean;
  /** Inside a `try` that we wrote for this: a throw goes where it should. */
  readonly trying: boolean;
  /** Inside any `try` that we wrote: what the flow goes on to may not run in it. */
  readonly enclosed: boolean;
  /** How many functions of ours are around. */
  readonly depth: number;
  /** What the flow goes on to comes a little later in any case. */
  readonly postponed?: boolean;
  /** Nothing stands behind in this function. */
  readonly tail: boolean;
}

/** A throw here goes where errors go, by itself. */
export function isSheltered(env: Env): boolean {
  if (env.trying) return true;
  if (!env.outer) return false;
  return env.world.shape === 'promisified' ? env.first : env.world.shape === 'statement' && env.later;
}

export function deeper(env: Env): Env {
  return { ...env, indent: env.indent + env.world.pen.style.indent };
}

export function textOf(snippet: Snippet, env: Env): string {
  return renderSnippet(snippet, env.indent, env.world.pen.canvas);
}

/** A name that we declare: where types are written, nobody could tell its type. */
export function typed(name: string, type: string, env: Env): string {
  return env.world.pen.typescript ? `${name}: ${type}` : name;
}

/** A statement's end, as the file has it. */
export function end(text: string, env: Env): string {
  return env.world.pen.style.semi ? `${text};` : text;
}

/** One of our own statements on a line of its own. */
export function line(text: string, env: Env): string {
  const apart = !env.world.pen.style.semi && /^[([`+/-]/.test(text) ? ';' : '';
  return env.indent + apart + end(text, env);
}

export function leadLines(lead: readonly Lead[], env: Env): string[] {
  return lead.map((each) => (each === '' ? '' : env.indent + renderRange(each, env.indent, env.world.pen.canvas)));
}

/** Comments that stood behind a step which has no line of its own any more. */
export function trailLines(step: Step, env: Env): string[] {
  return leadLines(step.trail ?? [], env);
}

export function block(lines: readonly string[], env: Env): string {
  const body = [...lines];
  while (body[0] === '') body.shift();
  while (body.at(-1) === '') body.pop();
  return body.length === 0 ? '{}' : `{\n${body.join('\n')}\n${env.indent}}`;
}

/** `(a, b) => { … }` with what `write` says, one level deeper. */
export function arrow(params: readonly string[], env: Env, write: (inner: Env) => string[]): string {
  return `(${params.join(', ')}) => ${block(write(deeper(env)), env)}`;
}

/** One statement of one line, which may stand behind `if (…)`. */
export function oneLine(lines: readonly string[]): string | undefined {
  const [only, more] = lines;
  if (only === undefined || more !== undefined || only.includes('\n')) return undefined;
  return /^\s*(\/[/*]|const\b|let\b|class\b|function\b)/.test(only) ? undefined : only.trimStart();
}

/** The statements that go on somewhere. */
export function leave(to: Goto, value: string | undefined, env: Env): string[] {
  switch (to.kind) {
    case 'stop':
      return env.tail ? [] : [line('return', env)];
    case 'below':
      return [];
    case 'native':
      return [line(to.word, env)];
    case 'inline':
      return to.write(env, value);
    case 'call': {
      to.used?.(env);
      const args = to.args(value);
      const waits = isLater(to, env);
      const call = waits ? `process.nextTick(${[to.fn, ...args].join(', ')})` : `${to.fn}(${args.join(', ')})`;
      return [line(env.tail ? call : `return ${call}`, env)];
    }
  }
}

/**
 * Must the call come a little later? An answer never comes in the turn of the call, and nothing of the caller's runs in a `try` of
 * ours. Functions of ours throw nothing, but those behind a wait may answer.
 */
function isLater(to: Goto & { kind: 'call' }, env: Env): boolean {
  if (env.postponed) return true;
  if (to.answers) return env.enclosed || (!!to.once && !env.later);
  if (to.turn && !env.later) return true;
  return env.enclosed && env.later && env.world.shape === 'function';
}

/** The same place from a function inside: a loop of the text is out of reach there. */
export function afterWait(to: Goto): Goto {
  return to.kind === 'native' ? to.later : to;
}

/** Inside a function of ours that runs after a wait. */
export function continued(env: Env): Env {
  const inner = {
    ...deeper(env),
    later: true,
    first: false,
    trying: false,
    enclosed: false,
    tail: true,
    depth: env.depth + 1,
  };
  return {
    ...inner,
    next: afterWait(env.next),
    ...(env.breaks && { breaks: afterWait(env.breaks) }),
    ...(env.continues && { continues: afterWait(env.continues) }),
  };
}

/** An error-first function as a place to go on, and as a place for errors. */
export function answering(fn: string, once: boolean): { goto: Goto; fail: Fail } {
  const goto: Goto = {
    kind: 'call',
    fn,
    once,
    answers: true,
    args: (value) => (value === undefined ? ['null'] : ['null', value]),
  };
  const fail: Fail = {
    pass: fn,
    write: (error, env) => leave({ kind: 'call', fn, once, answers: true, args: () => [error] }, undefined, env),
  };
  return { goto, fail };
}

/** A block's steps; its last comments are those of a step that does nothing, or stand above an exit. */
export function stepsOf(body: Block): readonly Step[] {
  const comments = body.tail.filter((each) => each !== '');
  if (comments.length === 0) return body.steps;
  const last = body.steps.at(-1);
  if (last?.kind === 'exit') return [...body.steps.slice(0, -1), { ...last, lead: [...last.lead, ...comments] }];
  const at = last?.at ?? { start: 0, end: 0 };
  const code: Snippet = { parts: [], uses: [], declares: [], promise: 'no', pure: true, at };
  return [...body.steps, { kind: 'code', made: true, code, lead: comments, at }];
}

/** An error that is a value of its own goes where errors go. */
export function failWith(error: string, env: Env): string[] {
  const { param } = env.fail;
  if (param === undefined || param === error) return env.fail.write(error, env);
  return [line(`const ${param} = ${error}`, env), ...env.fail.write(param, env)];
}

/** Does the text say this name? */
export function says(lines: readonly string[], name: string): boolean {
  const word = new RegExp(
    `(?<![\\w$\\u00aa-\\uffff])(?<!(?:^|[^.])\\.)${name.replace(/\$/g, '\\$')}(?![\\w$\\u00aa-\\uffff])`,
  );
  return lines.some((each) => word.test(each));
}
