import { isTask, leaves } from '../../flow/query.js';
import type { Snippet, Step, StepOf } from '../../flow/model.js';
import { writeSteps } from '../async/write.js';
import { writeBranch, writeSwitch } from './write-branch.js';
import { declaredBy, isPlain, mayThrow, says as saysBinding, waitsIn } from './write-calm.js';
import { writeGuard } from './write-guard.js';
import { writeLoop } from './write-loop.js';
import {
  deeper,
  failWith,
  isSheltered,
  leadLines,
  leave,
  line,
  says,
  textOf,
  trailLines,
  unsayable,
  type Env,
} from './write-model.js';
import { writeTail, writeWait } from './write-wait.js';

/** Steps as lines of one function, and of the continuations in it. What follows a wait is written inside its continuation. */
export function writeFlow(steps: readonly Step[], env: Env): string[] {
  const lines: string[] = [];
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!;
    if (!isSheltered(env) && mayThrow(step, env)) return [...lines, ...sheltered(steps.slice(i), env)];
    if (!isPlain(step, env)) return [...lines, ...special(step, steps.slice(i + 1), env)];
    lines.push(...plain(step, env, lines.length > 0));
    if (step.kind === 'exit') return lines;
  }
  return [...lines, ...leave(env.next, undefined, env)];
}

/** As the source has it. */
function plain(step: Step, env: Env, below: boolean): string[] {
  const blank = below && step.lead[0] === '' ? [''] : [];
  const lines = writeSteps({ steps: [step], tail: [] }, { indent: env.indent, guarded: false }, env.world.pen);
  return [...blank, ...(env.world.pen.typescript ? lines.map(open) : lines)];
}

/** A variable without a value gets its type from what is assigned where it can be seen; in a continuation it can't. */
function open(text: string): string {
  return text.replace(/^(\s*(?:let|var)\s+[\w$]+)(;?)$/, '$1: any$2');
}

function special(step: Step, rest: readonly Step[], env: Env): string[] {
  switch (step.kind) {
    case 'wait':
      return writeWait(step, rest, env);
    case 'branch':
      return writeBranch(step, rest, env);
    case 'switch':
      return writeSwitch(step, rest, env);
    case 'loop':
      return writeLoop(step, rest, env);
    case 'guard':
      return writeGuard(step, rest, env);
    case 'exit':
      return writeExit(step, env);
    case 'code':
      throw new Error('bug: code that is not plain');
  }
}

function writeExit(step: StepOf<'exit'>, env: Env): string[] {
  const lead = [...leadLines(step.lead, env), ...trailLines(step, env)];
  if (step.how === 'fail') {
    const error = textOf(step.with, env);
    const { param } = env.fail;
    // The branch that takes this error calls it by a name that the error itself is made of.
    if (!env.trying && param !== undefined && param !== error && says([error], param))
      unsayable('no-callback-form', step.at);
    return [...lead, ...(env.trying ? [line(`throw ${error}`, env)] : failWith(error, env))];
  }
  if (step.how !== 'succeed') {
    const to = step.how === 'break' ? env.breaks : env.continues;
    if (!to || step.label) unsayable('labels', step.at);
    return [...lead, ...leave(to, undefined, env)];
  }
  if (step.with && isTask(step.with)) return [...lead, ...writeTail(step, step.with, env)];
  const to = env.exits.get(step.of);
  if (!to) throw new Error('bug: an exit of nothing');
  return [...lead, ...leave(to, step.with && textOf(step.with, env), env)];
}

/**
 * Steps of which the first can throw where nobody would see it: they stand in a `try`, and what the flow goes on to stands behind
 * it, so that no error of that is taken for theirs.
 *
 *   let result;
 *   try {
 *     result = JSON.parse(text);
 *   } catch (err) {
 *     return callback(err);
 *   }
 *   callback(null, result);
 */
function sheltered(steps: readonly Step[], env: Env): string[] {
  const tested = testedBefore(steps, env);
  if (tested) return tested;
  const hoisted = hoistedTry(steps, env);
  if (hoisted) return hoisted;
  const cut = endOfTry(steps, env);
  const body = steps.slice(0, cut);
  const rest = steps.slice(cut);
  const last = body.at(-1)!;
  const inner: Env = { ...deeper(env), trying: true, enclosed: true, tail: false, next: { kind: 'below' } };
  if (rest.length > 0) return [...tryLines(writeFlow(body, inner), env, false), ...writeFlow(rest, env)];
  const value =
    last.kind === 'exit' && last.how === 'succeed' && last.with && !isTask(last.with) ? last.with : undefined;
  const ends = leaves(body) || body.some((step) => goesOn(step, env));
  if (last.kind === 'exit' && last.how === 'succeed' && value && !body.slice(0, -1).some((step) => goesOn(step, env)))
    return answered(body.slice(0, -1), last, value, env);
  const lines = writeFlow(body, { ...inner, ...(ends && { next: env.next, tail: env.tail }) });
  if (ends) return tryLines(lines, env, env.tail);
  return [...tryLines(lines, env, false), ...leave(env.next, undefined, env)];
}

/** The step itself says how the flow goes on behind it. */
function goesOn(step: Step, env: Env): boolean {
  return !isPlain(step, { ...env, trying: true }) && !onlyLeaves(step);
}

/** A test that can throw, of a branch that waits: it is made before, so that the branch does not have to stand in the `try`. */
function testedBefore([step, ...rest]: readonly Step[], env: Env): string[] | undefined {
  if (step?.kind !== 'branch' || !waitsIn(step)) return undefined;
  const name = env.world.names.fresh('test');
  const inner: Env = { ...deeper(env), trying: true, enclosed: true };
  const { opposite: _, ...test } = step.test;
  const known: Snippet = { ...test, parts: [name], uses: [], loose: false, pure: true };
  return [
    ...leadLines(step.lead, env),
    line(`let ${name}`, env),
    ...tryLines([line(`${name} = ${textOf(step.test, inner)}`, inner)], env, false),
    ...writeFlow([{ ...step, lead: [], test: known }, ...rest], env),
  ];
}

/**
 * Names that what follows needs stand before the `try`, so that it does not have to stand in it:
 *
 *   let config;
 *   try {
 *     config = JSON.parse(text);
 *   } catch (err) {
 *     return callback(err);
 *   }
 */
function hoistedTry(steps: readonly Step[], env: Env): string[] | undefined {
  if (env.world.pen.typescript) return undefined;
  const end = steps.findIndex((step) => step.kind === 'exit' || goesOn(step, env) || onlyLeaves(step));
  const plainSteps = end < 0 ? steps : steps.slice(0, end);
  const last = plainSteps.findLastIndex((step) => mayThrow(step, env));
  const body = plainSteps.slice(0, last + 1);
  const rest = steps.slice(last + 1);
  // A lone answer has a form of its own.
  const [next] = rest;
  if (last < 0 || (next?.kind === 'exit' && mayThrow(next, env)) || !saysBinding(rest, declaredBy(body)))
    return undefined;
  const inner: Env = { ...deeper(env), trying: true, enclosed: true, tail: false, next: { kind: 'below' } };
  const names: string[] = [];
  const lines: string[] = [];
  for (const step of body) {
    const declared = step.kind === 'code' && saysBinding(rest, declaredBy([step]));
    if (!declared) lines.push(...plain(step, inner, lines.length > 0));
    else {
      const simple =
        step.code.declares.length === 1
          ? /^(?:const|let) ([\w$]+) = ([\s\S]+?);?$/.exec(textOf(step.code, inner))
          : null;
      if (!simple) return undefined;
      names.push(simple[1]!);
      const trail = (step.trail ?? []).map((range) => ` ${textOf({ ...step.code, parts: [range] }, inner)}`).join('');
      lines.push(...leadLines(step.lead, inner), line(`${simple[1]} = ${simple[2]}`, inner) + trail);
    }
  }
  return [line(`let ${names.join(', ')}`, env), ...tryLines(lines, env, false), ...writeFlow(rest, env)];
}

function answered(
  before: readonly Step[],
  exit: StepOf<'exit'> & { how: 'succeed' },
  value: Snippet,
  env: Env,
): string[] {
  const name = env.world.names.local('result');
  const to = env.exits.get(exit.of);
  if (!to) throw new Error('bug: an exit of nothing');
  const inner: Env = { ...deeper(env), trying: true, enclosed: true, tail: false, next: { kind: 'below' } };
  const lines = [
    ...writeFlow(before, inner),
    ...leadLines(exit.lead, inner),
    ...trailLines(exit, inner),
    line(`${name} = ${textOf(value, inner)}`, inner),
  ];
  return [line(`let ${name}`, env), ...tryLines(lines, env, false), ...leave(to, name, env)];
}

export function tryLines(lines: readonly string[], env: Env, tail: boolean): string[] {
  const param = env.fail.param ?? env.world.names.error;
  const caught = env.fail.write(param, { ...deeper(env), trying: false, tail });
  const head = says(caught, param) ? `} catch (${param}) {` : '} catch {';
  return [`${env.indent}try {`, ...lines, env.indent + head, ...caught, `${env.indent}}`];
}

/** How many of the steps belong in the `try`: up to the last that can throw, and further where its names are said. */
function endOfTry(steps: readonly Step[], env: Env): number {
  let last = 0;
  for (let i = 0; i < steps.length; i++) {
    if (i > 0 && steps[i]!.kind === 'branch' && waitsIn(steps[i]!)) break;
    if (mayThrow(steps[i]!, env)) last = i;
    if (goesOn(steps[i]!, env)) {
      if (i === last) return steps.length;
      break;
    }
  }
  const within = steps.slice(0, last + 1);
  if (within.some((step) => goesOn(step, env))) return steps.length;
  return saysBinding(steps.slice(last + 1), declaredBy(within)) ? steps.length : last + 1;
}

/** `if (!x) return y;`: the flow goes on behind it in the same function. */
function onlyLeaves(step: Step): boolean {
  return step.kind === 'branch' && !step.else && leaves(step.then.steps);
}
