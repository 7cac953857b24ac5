import { leaves } from '../../flow/query.js';
import type { Block, Handler, Snippet, Step, StepOf } from '../../flow/model.js';
import { around } from './write-branch.js';
import { alwaysWaits, waitsIn } from './write-calm.js';
import { isShort, leadingTo, placeOf } from './write-join.js';
import {
  afterWait,
  arrow,
  deeper,
  leadLines,
  leave,
  line,
  oneLine,
  stepsOf,
  textOf,
  trailLines,
  typed,
  unsayable,
  type Env,
  type Fail,
  type Goto,
} from './write-model.js';
import { writeFlow } from './write-steps.js';

/** try/catch/finally around waits: each wait in it has the handler as its error branch. */
export function writeGuard(step: StepOf<'guard'>, rest: readonly Step[], env: Env): string[] {
  const lead = [...leadLines(step.lead, env), ...trailLines(step, env)];
  const leads = (to: Goto): string[] => (step.always ? writeFinally(step, to, env) : writeCaught(step, to, env));
  if (rest.length === 0 && isShort(env.next)) return [...lead, ...leads(env.next)];
  const open = !leaves(step.body.steps) || (!!step.onFail && !leaves(step.onFail.body.steps));
  if (!open) return [...lead, ...leads({ kind: 'stop' })];
  const place = placeOf(rest, (at: Env) => writeFlow(rest, { ...at, ...around(env, at) }));
  return [...lead, ...leadingTo(place, env, leads)];
}

function writeCaught(step: StepOf<'guard'>, to: Goto, env: Env): string[] {
  const body = (inner: Env): string[] => inBlock(step.body.steps, inner);
  const { onFail } = step;
  if (!onFail) return body({ ...env, next: to });
  return handled(onFail, to, env, (fail) => body({ ...env, fail, next: to, outer: false, trying: false }));
}

/** The names of a `try` are its own: they are in braces where they could meet others. */
function inBlock(steps: readonly Step[], env: Env): string[] {
  return writeFlow(steps, env);
}

/** The handler where it is needed: in place where that is one place, else a local function above. */
function handled(handler: Handler, to: Goto, env: Env, body: (fail: Fail) => string[]): string[] {
  const { names } = env.world;
  const write = (at: Env): string[] => writeFlow(stepsOf(handler.body), { ...at, ...around({ ...env, next: to }, at) });
  const back = names.mark();
  const fn = names.fresh('failed');
  const seen: Env[] = [];
  const call = (error: string): Goto => ({ kind: 'call', fn, args: () => [error], used: (at) => void seen.push(at) });
  const lines = body({ pass: fn, write: (error, at) => leave(call(error), undefined, at) });
  if (seen.length === 0) return lines;
  if (seen.length === 1 && !seen[0]!.enclosed) {
    back();
    const param = plainParam(handler, env);
    return body({
      ...(param !== undefined && { param }),
      write: (error, at) => [...takenApart(handler, param, error, at), ...write(at)],
    });
  }
  const later = seen.every((at) => at.later);
  const param = plainParam(handler, env);
  const error = param ?? names.error;
  const text = arrow([typed(error, 'any', env)], env, (inner) => {
    const at: Env = { ...inner, later, first: false, trying: false, enclosed: false, tail: true, depth: env.depth + 1 };
    return [...takenApart(handler, param, error, at), ...write(at)];
  });
  return [line(`const ${fn} = ${text}`, env), ...lines];
}

function plainParam({ param }: Handler, env: Env): string | undefined {
  if (!param || param.pattern.destructures) return undefined;
  return textOf(withoutType(param.pattern), env);
}

/** In JavaScript a parameter is its name; a `catch` may say `unknown` or `any`, which a parameter does not need. */
function withoutType(pattern: Snippet): Snippet {
  const binding = pattern.declares[0]?.binding;
  return binding ? { ...pattern, parts: [binding] } : pattern;
}

/** `const { code } = err;` */
function takenApart({ param }: Handler, name: string | undefined, error: string, env: Env): string[] {
  if (!param || name !== undefined || !param.pattern.destructures) return [];
  return [line(`const ${textOf(param.pattern, env)} = ${error}`, env)];
}

/**
 * Cleanup on every way out:
 *
 *   const finish = (err, value) => {
 *     cleanup();
 *     callback(err, value);
 *   };
 */
function writeFinally(step: StepOf<'guard'>, to: Goto, env: Env): string[] {
  const always = step.always!;
  if (leaves(always.steps)) unsayable('finally-overrides', always.steps[0]?.at ?? step.at);
  const { names } = env.world;
  const fn = names.fresh('finish');
  const value = names.fresh('value');
  // A wait in the cleanup has an error of its own.
  const error = always.steps.some(waitsIn) ? names.fresh('error') : names.error;
  const after = names.local('leave');
  const waits = alwaysWaits(always.steps);
  const whole = answersOnly(step, to, env);
  const seen: Env[] = [];
  const used = (at: Env): void => void seen.push(at);
  const wrap = (inner: Goto): Goto =>
    whole
      ? { kind: 'call', fn, args: (given) => ['null', ...(given === undefined ? [] : [given])], used }
      : thunked(fn, waits, (given, at) => leave(afterWait(inner), given, at), used);
  const fail: Fail = whole
    ? { pass: fn, write: (error, at) => leave({ kind: 'call', fn, args: () => [error], used }, undefined, at) }
    : {
        write: (error, at) =>
          leave(
            thunked(fn, waits, (_, there) => env.fail.write(error, there), used),
            undefined,
            at,
          ),
      };
  const exits = new Map([...env.exits].map(([target, goto]) => [target, wrap(goto)]));
  const inner: Env = {
    ...env,
    fail,
    outerFail: fail,
    exits,
    next: wrap(to),
    outer: false,
    trying: false,
    ...(env.breaks && { breaks: wrap(env.breaks) }),
    ...(env.continues && { continues: wrap(env.continues) }),
  };
  const { always: _always, ...guarded } = step;
  const lines = guarded.onFail ? writeCaught(guarded, inner.next, inner) : inBlock(step.body.steps, inner);
  const later = seen.every((at) => at.later);
  const local = { error, value, after };
  return [line(`const ${fn} = ${cleanupText(always, whole, later, local, env)}`, env), ...lines];
}

/** The function that cleans up and goes on. */
function cleanupText(
  always: Block,
  whole: boolean,
  later: boolean,
  names: { readonly error: string; readonly value: string; readonly after: string },
  env: Env,
): string {
  const { error, value, after } = names;
  const ts = env.world.pen.typescript;
  const params = whole
    ? [typed(ts ? `${error}?` : error, 'any', env), typed(ts ? `${value}?` : value, 'any', env)]
    : [typed(after, '() => void', env)];
  const once = env.world.shape === 'function';
  const next: Goto = whole
    ? { kind: 'call', fn: env.fail.pass!, answers: true, once, args: () => [error, value] }
    : { kind: 'call', fn: after, args: () => [] };
  return arrow(params, env, (at) =>
    writeFlow(stepsOf(always), {
      ...at,
      later,
      first: false,
      trying: false,
      enclosed: false,
      tail: true,
      depth: env.depth + 1,
      outer: env.outer,
      next,
    }),
  );
}

/** All ways out end in one error-first function. */
function answersOnly(step: StepOf<'guard'>, to: Goto, env: Env): boolean {
  const { pass } = env.fail;
  if (pass === undefined || env.breaks || env.continues) return false;
  const isIt = (goto: Goto): boolean => goto.kind === 'call' && goto.fn === pass && goto.args('v')[0] === 'null';
  const open = !leaves(step.body.steps) || (!!step.onFail && !leaves(step.onFail.body.steps));
  return [...env.exits.values()].every(isIt) && (!open || isIt(to));
}

function asBody(lines: readonly string[], env: Env): string {
  const only = oneLine(lines);
  if (only !== undefined && !/^(if|throw|return|for)\b/.test(only)) return only.replace(/;$/, '');
  return `{\n${lines.join('\n')}\n${env.indent}}`;
}

/** `return finish(() => callback(null, value));`: the value is known before the cleanup runs, which waits or goes on at once. */
function thunked(
  fn: string,
  waits: boolean,
  lines: (given: string | undefined, at: Env) => string[],
  used: (env: Env) => void,
): Goto {
  return {
    kind: 'inline',
    again: true,
    write(at, given) {
      const known = given === undefined || /^(\d+|'[^']*'|"[^"]*"|true|false|null|undefined)$/.test(given);
      const name = known ? given : at.world.names.fresh('result');
      const body = lines(name, {
        ...deeper(at),
        tail: true,
        trying: false,
        enclosed: false,
        later: waits || at.later,
        depth: at.depth + 1,
      });
      const then = `() => ${asBody(body, at)}`;
      const plain = /^\(\) => ([\w$]+)\(\)$/.exec(then)?.[1];
      const goto: Goto = { kind: 'call', fn, args: () => [plain ?? then], used };
      return [...(known ? [] : [line(`const ${name} = ${given}`, at)]), ...leave(goto, undefined, at)];
    },
  };
}
