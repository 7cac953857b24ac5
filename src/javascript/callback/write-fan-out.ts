import type { BlockTask, Snippet, Step, StepOf, Task } from '../../flow/model.js';
import {
  answering,
  arrow,
  block,
  continued,
  deeper,
  failWith,
  isSheltered,
  leave,
  line,
  typed,
  oneLine,
  stepsOf,
  textOf,
  unsayable,
  type Env,
  type Goto,
} from './write-model.js';
import { startMayThrow } from './write-calm.js';
import { leadingTo } from './write-join.js';
import { byLibrary } from './write-library.js';
import { tryLines, writeFlow } from './write-steps.js';
import { formOf, ownFlow } from './write-wait.js';
import { copyOf, firstTurns, heldIn, limitLines, turnLines, type Held } from './write-window.js';

type Join = Extract<Task, { kind: 'fanOut' | 'together' }>;
type After = (inner: Env, value: readonly Step[]) => string[];

/**
 * Several tasks at once, and what follows when they are done:
 *
 *   const users = [];
 *   let left = ids.length;
 *   let failed = false;
 *   const collect = (index) => (err, user) => {
 *     if (failed) return;
 *     if (err) {
 *       failed = true;
 *       return callback(err);
 *     }
 *     users[index] = user;
 *     if (--left === 0) next();
 *   };
 *   ids.forEach((id, index) => load(id, collect(index)));
 */
export function writeJoin(task: Join, step: StepOf<'wait'>, after: After, env: Env, again: boolean): string[] {
  const short = byLibrary(task, step, after, env);
  if (short) return short;
  const held = heldIn(task, step, env);
  if (step.onFail) unsayable('no-callback-form', step.at);
  const { names } = env.world;
  const { name, steps } = resultName(task, step, env);
  const one = task.join === 'race' || task.join === 'any';
  const joined: Joined = {
    values: name,
    left: names.fresh('left'),
    over: names.fresh(one ? 'settled' : 'failed'),
    collect: names.fresh('collect'),
    list:
      task.kind === 'together' ? '' : (held?.items ?? (task.over.pure ? textOf(task.over, env) : names.fresh('list'))),
    one,
    ...(held && { held }),
  };
  return leadingTo(
    {
      stem: 'next',
      ...(one && { param: name }),
      again: again && steps.length === 0,
      write: (at) => after({ ...at }, steps),
    },
    env,
    (to) => [
      ...declared(task, joined, env),
      ...(held ? limitLines(held, env) : []),
      ...collector(task, joined, to, env),
      ...(held ? turns(held, joined, to, env) : starts(task, joined, to, env)),
    ],
  );
}

/** How a fan-out with a limit starts its tasks: each that is done starts the next one. */
function turns(held: Held, { collect, left }: Joined, to: Goto, env: Env): string[] {
  const start = arrow([], env, (inner) =>
    turnLines(held, inner, (each, index) => itemLines(each, `${collect}(${index})`, inner, env)),
  );
  return [
    line(`const ${held.start} = ${start}`, env),
    `${env.indent}if (${left} === 0) ${later(to, env).trimStart()}`,
    ...firstTurns(held, left, env),
    ...(env.tail ? [] : [line('return', env)]),
  ];
}

interface Joined {
  /** The list of results; of a race the name of the winner's value. */
  readonly values: string;
  readonly left: string;
  readonly over: string;
  readonly collect: string;
  /** The list that is gone through. */
  readonly list: string;
  /** One answer ends it. */
  readonly one: boolean;
  readonly held?: Held;
}

/** The name of the results is the one that the source gives them, where that is a name. */
function resultName(task: Join, step: StepOf<'wait'>, env: Env): { name: string; steps: Step[] } {
  const { names } = env.world;
  const { bind } = step;
  const own = bind && bind.how !== 'assign' && !bind.pattern.destructures;
  if (own && bind.how === 'const') return { name: textOf(withoutType(bind.pattern), env), steps: [] };
  const name = names.fresh(task.join === 'race' || task.join === 'any' ? 'value' : 'results');
  if (!bind) return { name, steps: [] };
  const value = task.kind === 'together' && task.keys ? named(task, name, env) : name;
  const assign = bind.how === 'assign';
  const code: Snippet = {
    ...bind.pattern,
    parts: [assign ? '' : `${bind.how} `, ...bind.pattern.parts, ` = ${value}`],
    declares: assign ? [] : bind.pattern.declares,
    calm: isFlat(bind.pattern, env),
    pure: false,
  };
  return { name, steps: [{ kind: 'code', made: true, code, lead: [], at: step.at }] };
}

function named(task: Join & { kind: 'together' }, name: string, env: Env): string {
  return `{ ${task.keys!.map((key, index) => `${textOf(key, env)}: ${name}[${index}]`).join(', ')} }`;
}

/** `[a, b]`: of a list that is there. */
function isFlat(pattern: Snippet, env: Env): boolean {
  return !pattern.destructures || /^\[[\w$,\s]*\]$/.test(textOf(pattern, env));
}

function withoutType(pattern: Snippet): Snippet {
  const binding = pattern.declares[0]?.binding;
  return binding ? { ...pattern, parts: [binding] } : pattern;
}

/** What is gone through is evaluated once, where that can be told from twice; what can throw in it is an error of the flow. */
function counted(task: Join, { left, list, held }: Joined, env: Env): string[] {
  const ts = env.world.pen.typescript;
  if (task.kind === 'together') return task.join === 'race' ? [] : [line(`let ${left} = ${task.tasks.length}`, env)];
  const over = held ? copyOf(textOf(task.over, env)) : textOf(task.over, env);
  if (isSheltered(env) || (task.over.calm && task.over.list))
    return [
      ...(list === over ? [] : [line(`const ${list} = ${over}`, env)]),
      ...(task.join === 'race' ? [] : [line(`let ${left} = ${list}.length`, env)]),
    ];
  const inner: Env = { ...deeper(env), trying: true, enclosed: true };
  const lines = [...(list === over ? [] : [line(`${list} = ${over}`, inner)]), line(`${left} = ${list}.length`, inner)];
  return [
    ...(list === over ? [] : [line(`let ${typed(list, 'any', env)}`, env)]),
    line(`let ${left}${ts ? ': number' : ''}`, env),
    ...tryLines(lines, env, false),
  ];
}

function declared(task: Join, joined: Joined, env: Env): string[] {
  const { values, over, one } = joined;
  const lines: string[] = [];
  if (task.join === 'any') lines.push(line(`const ${typed('errors', 'any[]', env)} = []`, env));
  if (!one) lines.push(line(`const ${typed(values, 'any[]', env)} = []`, env));
  lines.push(...counted(task, joined, env));
  if (task.join !== 'settled') lines.push(line(`let ${over} = false`, env));
  return lines;
}

function collector(task: Join, joined: Joined, to: Goto, env: Env): string[] {
  const { values, left, over, collect, held } = joined;
  const { names } = env.world;
  const value = joined.one ? values : names.local('value');
  const error = names.error;
  const index = names.local('index');
  const body = (inner: Env): string[] => {
    const at: Env = { ...continued({ ...env, indent: inner.indent }), indent: inner.indent };
    const nested = { ...deeper(at), tail: false };
    const done = (given?: string): string[] => leave(to, given, { ...nested, tail: true });
    const ends = (lines: readonly string[]): string[] =>
      oneLine(lines) !== undefined
        ? [`${at.indent}if (--${left} === 0) ${oneLine(lines)}`]
        : [`${at.indent}if (--${left} === 0) {`, ...lines, `${at.indent}}`];
    const once = [`${at.indent}if (${over}) return${at.world.pen.style.semi ? ';' : ''}`];
    const set = line(`${over} = true`, nested);
    const next = held ? [line(`${held.start}()`, at)] : [];
    const goesOn = held?.rule === 'go-on';
    const kept = line(`${values}[${index}] = ${value}`, at);
    const failing = [`${at.indent}if (${error}) {`, set, ...failWith(error, nested), `${at.indent}}`];
    switch (task.join) {
      case 'all':
        return goesOn
          ? [...next, ...once, ...failing, kept, ...ends(done())]
          : [...once, ...failing, kept, ...next, ...ends(done())];
      case 'settled': {
        const bad = `{ status: 'rejected', reason: ${error} }`;
        const good = `{ status: 'fulfilled', ${value === 'value' ? value : `value: ${value}`} }`;
        return [line(`${values}[${index}] = ${error} ? ${bad} : ${good}`, at), ...next, ...ends(done())];
      }
      case 'race':
        return [
          ...once,
          line(`${over} = true`, at),
          ...raced(error, nested, at),
          ...leave(to, value, { ...at, tail: true }),
        ];
      case 'any': {
        const all = "new AggregateError(errors, 'All promises were rejected')";
        const won = [`${at.indent}if (!${error}) {`, set, ...leave(to, value, nested), `${at.indent}}`];
        return [
          ...once,
          ...won,
          line(`errors[${index}] = ${error}`, at),
          ...ends(failWith(all, { ...nested, tail: true })),
        ];
      }
    }
  };
  const curried = task.join === 'race' ? '' : `(${typed(index, 'number', env)}) => `;
  const params = `${typed(error, 'any', env)}, ${typed(env.world.pen.typescript ? `${value}?` : value, 'any', env)}`;
  const inner = deeper(env);
  return [line(`const ${collect} = ${curried}(${params}) => {\n${body(inner).join('\n')}\n${env.indent}}`, env)];
}

function raced(error: string, nested: Env, at: Env): string[] {
  const lines = failWith(error, nested);
  return oneLine(lines) !== undefined
    ? [`${at.indent}if (${error}) ${oneLine(lines)}`]
    : [`${at.indent}if (${error}) {`, ...lines, `${at.indent}}`];
}

function starts(task: Join, joined: Joined, to: Goto, env: Env): string[] {
  if (task.kind === 'fanOut' && task.join === 'any') to = noAnswers(env);
  const { collect, left } = joined;
  const done = (index: string): string => (task.join === 'race' ? collect : `${collect}(${index})`);
  if (task.kind === 'together') {
    const lines = task.tasks.flatMap((each, index) => startOf(each, done(String(index)), { ...env, tail: false }));
    return [...lines, ...(env.tail ? [] : [line('return', env)])];
  }
  const empty = task.join === 'race' ? [] : [`${env.indent}if (${left} === 0) ${later(to, env).trimStart()}`];
  const index = task.item[1] ? textOf(withoutType(task.item[1]), env) : env.world.names.local('index');
  const items = [task.item[0] ? textOf(task.item[0], env) : '_item', index];
  const body = arrow(items, env, (inner) => itemLines(task.each, done(index), inner, env));
  const all = line(`${joined.list}.forEach(${body})`, env);
  return [...empty, all, ...(env.tail ? [] : [line('return', env)])];
}

/** An empty list: what follows comes later all the same. */
function later(to: Goto, env: Env): string {
  const lines = leave(to, undefined, { ...deeper(env), tail: false, postponed: true });
  const only = oneLine(lines);
  return only === undefined ? block(lines, env) : only;
}

/** Nothing was started, so nothing can succeed. */
function noAnswers(env: Env): Goto {
  const text = "new AggregateError([], 'All promises were rejected')";
  return { kind: 'inline', write: (at) => failWith(text, { ...at, fail: env.fail }) };
}

/** All that is done with an item is one call. */
function directCall(each: BlockTask): (Task & { kind: 'call' }) | undefined {
  const [only, more] = each.body.steps;
  const given = only?.kind === 'exit' && !more && only.how === 'succeed' ? only.with : undefined;
  return given && 'kind' in given && given.kind === 'call' ? given : undefined;
}

function itemLines(each: BlockTask, done: string, inner: Env, env: Env): string[] {
  const direct = directCall(each);
  if (direct) return startOf(direct, done, { ...ownFlow(inner, env), tail: true });
  const name = inner.world.names.fresh('done');
  return [line(`const ${name} = ${done}`, inner), ...answerLines(each, name, inner, env)];
}

/** What is done with an item, answered to the function of this name. */
export function answerLines(each: BlockTask, name: string, inner: Env, env: Env): string[] {
  const direct = directCall(each);
  if (direct) return startOf(direct, name, { ...ownFlow(inner, env), tail: true });
  const { goto, fail } = answering(name, true);
  const exits = new Map(env.exits).set(each.target, goto);
  return writeFlow(stepsOf(each.body), { ...ownFlow({ ...inner, exits, fail, next: goto }, env), outerFail: fail });
}

/** One of the tasks, answered to `done`. */
function startOf(task: Task, done: string, env: Env): string[] {
  if (task.kind === 'call') {
    const { before, behind } = formOf(task, env);
    const text = line(`${before}${done}${behind}`, env);
    if (!startMayThrow(task)) return [text];
    const { error } = env.world.names;
    const inner = deeper(env);
    const { before: b, behind: a } = formOf(task, inner);
    return [
      `${env.indent}try {`,
      line(`${b}${done}${a}`, inner),
      `${env.indent}} catch (${error}) {`,
      line(`process.nextTick(${done}, ${error})`, inner),
      `${env.indent}}`,
    ];
  }
  const name = env.world.names.fresh('done');
  const { goto, fail } = answering(name, true);
  const inner: Env = ownFlow({ ...deeper(env), fail, next: goto, exits: env.exits }, env);
  const steps: Step[] =
    task.kind === 'block'
      ? [...stepsOf(task.body)]
      : [{ kind: 'exit', how: 'succeed', of: innerTarget, with: task, lead: [], at: { start: 0, end: 0 } }];
  const exits = new Map(env.exits).set(task.kind === 'block' ? task.target : innerTarget, goto);
  const lines = writeFlow(steps, { ...inner, exits });
  return [line(`((${typed(name, 'any', env)}) => ${block(lines, env)})(${done})`, env)];
}

const innerTarget = { of: 'block' } as const;
