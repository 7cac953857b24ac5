import type { Binding, LoopForm, Snippet, Step, StepOf } from '../../flow/model.js';
import { around } from './write-branch.js';
import { alwaysWaits, says as saysBinding } from './write-calm.js';
import { everySnippet, everyStep } from './write-names.js';
import { isShort, leadingTo, placeOf } from './write-join.js';
import {
  arrow,
  deeper,
  isSheltered,
  leadLines,
  leave,
  line,
  stepsOf,
  textOf,
  trailLines,
  typed,
  unsayable,
  type Env,
  type Goto,
} from './write-model.js';
import { tryLines, writeFlow } from './write-steps.js';

/**
 * A loop that waits is a local function that calls itself:
 *
 *   const step = (i) => {
 *     if (i >= list.length) return next();
 *     save(list[i], (err) => {
 *       if (err) return callback(err);
 *       step(i + 1);
 *     });
 *   };
 *   step(0);
 *
 * Where a turn may pass without a wait the loop of the text stays, and is entered again after each wait: no stack grows.
 */
export function writeLoop(step: StepOf<'loop'>, rest: readonly Step[], env: Env): string[] {
  const lead = [...leadLines(step.lead, env), ...trailLines(step, env)];
  const { form } = step;
  if (!form) unsayable('no-callback-form', step.at);
  const leads = (to: Goto): string[] => turns(step, form, to, env);
  if (rest.length === 0 && isShort(env.next) && env.next.kind !== 'native') return [...lead, ...leads(env.next)];
  const place = placeOf(rest, (at: Env) => writeFlow(rest, { ...at, ...around(env, at) }));
  return [...lead, ...leadingTo({ ...place, named: true }, env, leads)];
}

/** How one kind of loop goes on. */
interface Turning {
  /** Lines before the function. */
  readonly before: readonly string[];
  readonly params: readonly string[];
  readonly args: readonly string[];
  /** The next turn, from inside a turn. */
  readonly again: Goto;
  /** What a turn begins with. */
  readonly head: readonly Step[];
  /** What says that there is another turn, where no loop of the text does. */
  readonly test: readonly Step[];
  /** The loop of the text, where turns may pass without a wait. */
  readonly native: (env: Env) => string;
}

/** The function that makes a turn, as the turns call it. */
interface Stepping {
  readonly fn: string;
  /** It sees to it itself that no stack grows. */
  readonly bounces: boolean;
  /** A turn may call it before it has waited. */
  atOnce: boolean;
}

function turns(step: StepOf<'loop'>, form: LoopForm, to: Goto, env: Env): string[] {
  const { names } = env.world;
  const back = names.mark();
  const stepping: Stepping = { fn: names.fresh('step'), bounces: false, atOnce: false };
  const body = stepsOf(step.body);
  const turning = turningOf(form, step, stepping, to, env);
  const text = arrow(turning.params, env, (inner) => {
    const own = turnOf(inner, env);
    if (alwaysWaits(body)) return writeFlow([...turning.head, ...turning.test, ...body], inTurn(turning, to, own));
    return nativeTurns(turning, body, to, own);
  });
  if (stepping.atOnce) {
    back();
    return bouncing(step, form, to, env);
  }
  const { fn } = stepping;
  const start = `${fn}(${turning.args.join(', ')})`;
  return [...turning.before, line(`const ${fn} = ${text}`, env), line(env.tail ? start : `return ${start}`, env)];
}

function turnOf(inner: Env, env: Env): Env {
  return { ...inner, first: false, later: false, trying: false, enclosed: false, tail: true, depth: env.depth + 1 };
}

function inTurn(turning: Turning, to: Goto, own: Env): Env {
  return { ...own, next: turning.again, continues: turning.again, breaks: to };
}

/**
 * A turn may end before it has waited, somewhere in a function of its own: the next one is made when it has returned.
 *
 *   let [busy, more] = [false, false];
 *   const step = () => {
 *     more = true;
 *     if (busy) return;
 *     busy = true;
 *     while (more) {
 *       more = false;
 *       turn();
 *     }
 *     busy = false;
 *   };
 */
function bouncing(step: StepOf<'loop'>, form: LoopForm, to: Goto, env: Env): string[] {
  const { names } = env.world;
  const stepping: Stepping = { fn: names.fresh('step'), bounces: true, atOnce: false };
  const [turn, busy, more] = [names.fresh('turn'), names.fresh('busy'), names.fresh('more')];
  const turning = turningOf(form, step, stepping, to, env, true);
  const body = [...turning.head, ...turning.test, ...stepsOf(step.body)];
  const text = arrow(turning.params, env, (inner) => writeFlow(body, inTurn(turning, to, turnOf(inner, env))));
  const at = turning.params.map(() => names.fresh('at'));
  const from = turning.params.map(() => names.local('from'));
  const inner = deeper(env);
  const lines = [
    ...at.map((name, index) => line(`${name} = ${from[index]}`, inner)),
    line(`${more} = true`, inner),
    line(`if (${busy}) return`, inner),
    line(`${busy} = true`, inner),
    `${inner.indent}while (${more}) {`,
    line(`${more} = false`, deeper(inner)),
    line(`${turn}(${at.join(', ')})`, deeper(inner)),
    `${inner.indent}}`,
    line(`${busy} = false`, inner),
  ];
  const start = `${stepping.fn}(${turning.args.join(', ')})`;
  const params = from.map((name) => typed(name, 'number', env));
  return [
    ...turning.before,
    ...at.map((name) => line(`let ${typed(name, 'number', env)}`, env)),
    line(`let ${busy} = false`, env),
    line(`let ${more} = false`, env),
    line(`const ${turn} = ${text}`, env),
    line(`const ${stepping.fn} = ${arrow(params, env, () => lines)}`, env),
    line(env.tail ? start : `return ${start}`, env),
  ];
}

function nativeTurns(turning: Turning, body: readonly Step[], to: Goto, env: Env): string[] {
  const inner: Env = {
    ...deeper(env),
    tail: false,
    next: { kind: 'native', word: 'continue', later: turning.again },
    continues: { kind: 'native', word: 'continue', later: turning.again },
    breaks: { kind: 'native', word: 'break', later: to },
  };
  const lines = writeFlow([...turning.head, ...body], inner);
  while (/^\s*continue;?$/.test(lines.at(-1) ?? '')) lines.pop();
  return [`${env.indent}${turning.native(env)} {`, ...lines, `${env.indent}}`, ...leave(to, undefined, env)];
}

function turningOf(form: LoopForm, step: StepOf<'loop'>, fn: Stepping, to: Goto, env: Env, bounces = false): Turning {
  switch (form.kind) {
    case 'of':
    case 'in':
      return overList(form, step, fn, env);
    case 'while':
      return {
        before: [],
        params: [],
        args: [],
        again: call(fn),
        head: [],
        test: step.head.endless ? [] : [stopUnless(form.test, step)],
        native: (at) => `while (${textOf(form.test, at)})`,
      };
    case 'do':
      return bounces || alwaysWaits(stepsOf(step.body))
        ? doWhile(form, step, fn, to)
        : doWhileFirst(form, step, fn, env);
    case 'for':
      return counted(form, step, fn, env);
  }
}

function call(stepping: Stepping, ...args: string[]): Goto {
  return {
    kind: 'call',
    fn: stepping.fn,
    args: () => args,
    turn: !stepping.bounces,
    used(at) {
      if (!at.later) stepping.atOnce = true;
    },
  };
}

/** `if (!test) break;`, which is `return next();` in the function. */
function stopUnless(test: Snippet, step: StepOf<'loop'>): Step {
  const negated = test.opposite ?? (test.loose ? ['!(', ...test.parts, ')'] : ['!', ...test.parts]);
  const { opposite: _, ...rest } = test;
  const stop: Step = { kind: 'exit', how: 'break', lead: [], at: step.at };
  return {
    kind: 'branch',
    test: { ...rest, parts: negated, loose: false },
    then: { steps: [stop], tail: [], bare: 'same' },
    lead: [],
    at: step.at,
  };
}

/** Lists are gone through by their own iterator, as the loop did. */
function overList(form: LoopForm & { kind: 'of' | 'in' }, step: StepOf<'loop'>, fn: Stepping, env: Env): Turning {
  if (/^for\s+await\b/.test(textOf(step.head, env))) unsayable('no-callback-form', step.at);
  // An iterator that is left early is told so: what a generator then does is lost.
  if (form.kind === 'of' && !form.over.list && /\bfunction\s*\*|\byield\b/.test(env.world.pen.canvas.text))
    unsayable('generator', form.over.at);
  const { names } = env.world;
  const items = names.fresh('items');
  const over = textOf(form.over, env);
  const before =
    form.kind === 'of'
      ? iterated(
          items,
          `${form.over.loose ? `(${over})` : over}[Symbol.iterator]()`,
          form.over.list === true && form.over.calm === true,
          env,
        )
      : keysOf(names.fresh('keys'), names.local('key'), over, items, env);
  const entry = names.fresh('item');
  const item = textOf(form.item, env);
  const calm = !form.item.destructures;
  const value: Snippet = {
    ...form.item,
    parts:
      form.how === 'assign' ? [item, ` = ${entry}.value`] : [`${form.how} `, ...form.item.parts, ` = ${entry}.value`],
    calm,
    pure: false,
  };
  const head: Step[] = [
    made([`const ${entry} = ${items}.next()`], step, true),
    stopUnless({ ...bareSnippet([`!${entry}.done`], step), opposite: [`${entry}.done`], calm: true }, step),
    { kind: 'code', made: true, code: value, lead: [], at: step.at },
  ];
  return { before, params: [], args: [], again: call(fn), head, test: [], native: () => 'for (;;)' };
}

/** What cannot be gone through is an error of the flow. */
function iterated(items: string, text: string, calm: boolean, env: Env): string[] {
  if (calm || isSheltered(env)) return [line(`const ${items} = ${text}`, env)];
  const inner: Env = { ...deeper(env), trying: true, enclosed: true };
  return [
    line(`let ${typed(items, 'Iterator<any>', env)}`, env),
    ...tryLines([line(`${items} = ${text}`, inner)], env, false),
  ];
}

function keysOf(keys: string, key: string, over: string, items: string, env: Env): string[] {
  return [
    line(`const ${typed(keys, 'string[]', env)} = []`, env),
    `${env.indent}for (const ${key} in ${over}) ${keys}.push(${key})${env.world.pen.style.semi ? ';' : ''}`,
    line(`const ${items} = ${keys}[Symbol.iterator]()`, env),
  ];
}

function bareSnippet(parts: Snippet['parts'], step: StepOf<'loop'>): Snippet {
  return { parts, uses: [], declares: [], promise: 'no', at: step.at };
}

function made(parts: Snippet['parts'], step: StepOf<'loop'>, calm: boolean): Step {
  return { kind: 'code', made: true, code: { ...bareSnippet(parts, step), calm }, lead: [], at: step.at };
}

/** The test stands behind each turn. */
function doWhile(form: LoopForm & { kind: 'while' | 'do' }, step: StepOf<'loop'>, fn: Stepping, to: Goto): Turning {
  const again: Goto = {
    kind: 'inline',
    again: true,
    write: (at) => writeFlow([stopUnless(form.test, step)], { ...at, next: call(fn), breaks: to }),
  };
  return { before: [], params: [], args: [], again, head: [], test: [], native: () => '' };
}

/** The test stands in front of each turn but the first. */
function doWhileFirst(
  form: LoopForm & { kind: 'while' | 'do' },
  step: StepOf<'loop'>,
  fn: Stepping,
  env: Env,
): Turning {
  const first = env.world.names.fresh('first');
  return {
    before: [line(`let ${first} = true`, env)],
    params: [],
    args: [],
    again: call(fn),
    head: [made([`${first} = false`], step, true)],
    test: [],
    native: (at) => {
      const test = textOf(form.test, at);
      return `while (${first} || ${form.test.loose ? `(${test})` : test})`;
    },
  };
}

/** `for (let i = 0; …; i++)`: the counter is the function's parameter, so that each turn has its own. */
function counted(form: LoopForm & { kind: 'for' }, step: StepOf<'loop'>, fn: Stepping, env: Env): Turning {
  const { canvas } = env.world.pen;
  const declares = form.init?.declares ?? [];
  const own = declares[0]?.binding;
  const source = form.init ? canvas.text.slice(form.init.at.start, form.init.at.end) : '';
  const head = /^(?:let|var)\s+[\w$\u00aa-\uffff]+\s*=\s*/.exec(source);
  const next = own && form.update && advanced(form.update, own, env);
  const name = own && canvas.nameOf(own);
  // Where a wait was taken out of the start, its text is no longer that of the source.
  const isAsWritten = form.init?.parts.length === 1;
  const isOne = declares.length === 1 && (isAsWritten || !!form.counter);
  if (own && name && head && isOne && next && form.how === 'let' && form.init) {
    const { start, end } = form.init.at;
    const written = { ...form.init, parts: [{ start: start + head[0].length, end }] };
    const init = textOf(form.counter?.start ?? written, env);
    return {
      before: [],
      params: [typed(name, 'number', env)],
      args: [init],
      again: call(fn, next),
      head: [],
      test: form.test ? [stopUnless(form.test, step)] : [],
      native(at) {
        // In one function all turns have the one parameter.
        if (keeps(step.body.steps, new Set([own]), env)) unsayable('shared-loop-variable', step.at);
        return `for (; ${form.test ? textOf(form.test, at) : ''}; ${textOf(form.update!, at)})`;
      },
    };
  }
  return shared(form, step, fn, env);
}

/** `i + 1` of `i++`: what the next turn starts with. */
function advanced(update: Snippet, own: Binding, env: Env): string | undefined {
  const name = env.world.pen.canvas.nameOf(own);
  const text = textOf(update, env);
  const escaped = name.replace(/\$/g, '\\$');
  if (new RegExp(`^(${escaped}\\+\\+|\\+\\+${escaped})$`).test(text)) return `${name} + 1`;
  if (new RegExp(`^(${escaped}--|--${escaped})$`).test(text)) return `${name} - 1`;
  const by = new RegExp(`^${escaped}\\s*([+-])=\\s*([\\w$.]+)$`).exec(text);
  return by ? `${name} ${by[1]} ${by[2]}` : undefined;
}

/** The loop's variables stand before it: nothing that outlives a turn may have kept them. */
function shared(form: LoopForm & { kind: 'for' }, step: StepOf<'loop'>, fn: Stepping, env: Env): Turning {
  const names = new Set((form.init?.declares ?? []).map(({ binding }) => binding));
  if (form.how === 'let' && keeps(step.body.steps, names, env)) unsayable('shared-loop-variable', step.at);
  const update = form.update && textOf(form.update, env);
  const again: Goto = update
    ? { kind: 'inline', again: true, write: (at) => [line(update, at), ...leave(call(fn), undefined, at)] }
    : call(fn);
  return {
    before: form.init ? [line(textOf(form.init, env), env)] : [],
    params: [],
    args: [],
    again,
    head: [],
    test: form.test ? [stopUnless(form.test, step)] : [],
    native: (at) => `for (; ${form.test ? textOf(form.test, at) : ''}; ${update ?? ''})`,
  };
}

/** Is there a function in the source's own code that says one of the names? */
function keeps(steps: readonly Step[], names: ReadonlySet<Binding>, env: Env): boolean {
  if (!saysBinding(steps, names)) return false;
  let found = false;
  everyStep({ steps, tail: [] }, (step) => {
    for (const snippet of everySnippet(step))
      if (
        snippet.uses.some((use) => use.binding && names.has(use.binding)) &&
        /=>|\bfunction\b/.test(sourceOf(snippet, env))
      )
        found = true;
  });
  return found;
}

function sourceOf(snippet: Snippet, env: Env): string {
  return snippet.parts
    .map((part) => (typeof part === 'object' && 'start' in part ? textOf({ ...snippet, parts: [part] }, env) : ''))
    .join(' ');
}
