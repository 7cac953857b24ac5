import type { Bind, BlockTask, Snippet, Step, StepOf, Task } from '../../flow/model.js';
import { writeJoin } from './write-fan-out.js';
import { isShort, placeOf } from './write-join.js';
import { isSurePromise } from './write-calm.js';
import {
  answering,
  arrow,
  block,
  continued,
  deeper,
  failWith,
  leadLines,
  leave,
  line,
  oneLine,
  says,
  stepsOf,
  textOf,
  trailLines,
  typed,
  type Env,
  type Fail,
} from './write-model.js';
import { writeFlow } from './write-steps.js';

/** A wait: what follows it stands in its continuation. */
export function writeWait(step: StepOf<'wait'>, rest: readonly Step[], env: Env): string[] {
  const lead = [...leadLines(step.lead, env), ...trailLines(step, env)];
  const again = rest.length === 0 ? isShort(env.next) : placeOf(rest, () => []).again === true;
  return [...lead, ...started(step.on, step, (inner, value) => writeFlow([...value, ...rest], inner), env, again)];
}

/** `return f(x);`: who waits for the function gets the answer of the task. */
export function writeTail(step: StepOf<'exit'> & { how: 'succeed' }, task: Task, env: Env): string[] {
  const to = env.exits.get(step.of);
  if (!to) throw new Error('bug: an exit of nothing');
  const fail = step.unawaited ? env.outerFail : env.fail;
  const { names } = env.world;
  const name = task.kind === 'call' || task.kind === 'block' ? names.local('value') : names.fresh('results');
  const bind: Bind = {
    how: 'const',
    pattern: { parts: [name], uses: [], declares: [], promise: 'no', pure: true, at: step.at },
  };
  const after = (inner: Env): string[] => leave(to, name, inner);
  return started(
    task,
    { ...step, kind: 'wait', on: task, bind } as StepOf<'wait'>,
    after,
    { ...env, fail },
    isShort(to),
  );
}

export type After = (inner: Env, value: readonly Step[]) => string[];

function started(task: Task, step: StepOf<'wait'>, after: After, env: Env, again: boolean): string[] {
  switch (task.kind) {
    case 'call': {
      const { before, behind, results } = formOf(task, env);
      const text = before + continuation(step, results, after, env) + behind;
      return [line(env.tail ? text : `return ${text}`, env)];
    }
    case 'block':
      return blockLines(task, step, after, env);
    case 'fanOut':
    case 'together':
      return writeJoin(task, step, after, env, again);
  }
}

interface Form {
  readonly before: string;
  readonly behind: string;
  readonly results: 'none' | 'value';
}

/** The text around the continuation: the call's own callback form, or a bridge around the awaitable. */
export function formOf(task: Task & { kind: 'call' }, env: Env): Form {
  if (task.callback) {
    const { before, after, results } = task.callback;
    return { before: textOf(before, env), behind: textOf(after, env), results };
  }
  const via = env.world.pen.need({ from: 'util', name: 'callbackify', local: 'callbackify' });
  const text = textOf(task.awaitable, env);
  const body = text.startsWith('{') ? `(${text})` : text;
  const sure = isSurePromise(task) ? '' : 'async ';
  return { before: `${via}(${sure}() => ${body})(`, behind: ')', results: 'value' };
}

/**
 *   (err, value) => {
 *     if (err) return callback(err);
 *     …
 *   }
 */
export function continuation(step: StepOf<'wait'>, results: 'none' | 'value', after: After, env: Env): string {
  const inner = continued(env);
  const { param, steps } = bound(step, inner);
  const rest = after(inner, steps);
  const own = ownError(step, env);
  const usable = own !== undefined && own !== param && (own === env.world.names.error || !says(rest, own));
  const error = usable ? own : env.world.names.error;
  const failing = failLines(step, error, inner);
  const short = passed(failing, rest, error, param, results, env.fail);
  if (short !== undefined && !step.onFail) return short;
  const params = param !== undefined && says([...failing, ...rest], param) ? [error, param] : [error];
  return `(${params.join(', ')}) => ${block([...failing, ...rest], env)}`;
}

/** The name by which the code for the error knows it. */
function ownError({ onFail }: StepOf<'wait'>, env: Env): string | undefined {
  if (!onFail) return env.fail.param;
  const [declared, more] = onFail.param?.pattern.declares ?? [];
  if (!declared || more || onFail.param?.pattern.destructures) return undefined;
  return env.world.pen.canvas.nameOf(declared.binding);
}

/** The parameter, and what takes it apart. */
function bound(step: StepOf<'wait'>, env: Env): { param: string | undefined; steps: Step[] } {
  const { bind } = step;
  if (!bind) return { param: undefined, steps: [] };
  const plain = bind.how !== 'assign' && !bind.pattern.destructures;
  if (plain) return { param: textOf(bind.pattern, env), steps: [] };
  const param = env.world.names.local('value');
  const assign = bind.how === 'assign';
  const open = assign && textOf(bind.pattern, env).startsWith('{');
  const parts = [open ? '(' : assign ? '' : `${bind.how} `, ...bind.pattern.parts, ` = ${param}${open ? ')' : ''}`];
  const calm = assign && !bind.pattern.destructures && bind.pattern.pure;
  const code: Snippet = {
    ...bind.pattern,
    parts,
    declares: assign ? [] : bind.pattern.declares,
    calm: calm ?? false,
    pure: false,
  };
  return { param, steps: [{ kind: 'code', made: true, code, lead: [], at: step.at }] };
}

/** `if (err) return callback(err);`, or what the error branch does. */
function failLines(step: StepOf<'wait'>, error: string, env: Env): string[] {
  const inner: Env = { ...env, tail: false };
  const handler = step.onFail;
  if (handler) {
    const body = deeper(inner);
    const plain = ownError(step, env);
    const name = plain ?? (handler.param && textOf(handler.param.pattern, body));
    const steps = stepsOf(handler.body);
    const lines = writeFlow(steps, { ...body, next: { kind: 'below' } });
    const known =
      name !== undefined && name !== error && (plain === undefined || says(lines, name))
        ? [line(`const ${name} = ${error}`, body)]
        : [];
    return [`${env.indent}if (${error}) {`, ...known, ...lines, `${env.indent}}`];
  }
  const lines = failWith(error, deeper(inner));
  const only = oneLine(lines);
  if (only !== undefined) return [`${env.indent}if (${error}) ${only}`];
  return [`${env.indent}if (${error}) {`, ...lines, `${env.indent}}`];
}

/** `callback` itself, where the continuation would only hand everything on. */
function passed(
  failing: readonly string[],
  rest: readonly string[],
  error: string,
  param: string | undefined,
  results: 'none' | 'value',
  fail: Fail,
): string | undefined {
  const [onFail, more] = failing;
  const [only, another] = rest;
  if (!fail.pass || more !== undefined || another !== undefined || onFail === undefined || only === undefined)
    return undefined;
  const plain = (text: string): string => text.trim().replace(/;$/, '');
  if (plain(onFail) !== `if (${error}) return ${fail.pass}(${error})`) return undefined;
  if (param !== undefined && plain(only) === `${fail.pass}(null, ${param})`) return fail.pass;
  if (plain(only) !== `${fail.pass}(null)`) return undefined;
  return results === 'none' ? fail.pass : `(${error}) => ${fail.pass}(${error})`;
}

/** A flow of its own: a local function that answers to its continuation. */
function blockLines(task: BlockTask, step: StepOf<'wait'>, after: After, env: Env): string[] {
  const { names } = env.world;
  const [run, done] = [names.fresh('run'), names.fresh('done')];
  const { goto, fail } = answering(done, true);
  const body = arrow([typed(done, 'any', env)], env, (inner) => {
    const exits = new Map(env.exits).set(task.target, goto);
    return writeFlow(stepsOf(task.body), ownFlow({ ...inner, exits, fail, next: goto }, env));
  });
  const text = `${run}(${continuation(step, 'value', after, env)})`;
  return [line(`const ${run} = ${body}`, env), line(env.tail ? text : `return ${text}`, env)];
}

/** Inside a function of ours that is called at once. */
export function ownFlow(inner: Env, env: Env): Env {
  const { breaks: _breaks, continues: _continues, ...rest } = inner;
  return {
    ...rest,
    outerFail: inner.fail,
    outer: false,
    first: false,
    later: false,
    trying: false,
    enclosed: false,
    tail: true,
    depth: env.depth + 1,
  };
}
