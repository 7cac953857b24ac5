import { leaves } from '../../flow/query.js';
import type { Block, Snippet, Step, StepOf } from '../../flow/model.js';
import { leadingTo, isShort, placeOf } from './write-join.js';
import {
  afterWait,
  deeper,
  leadLines,
  leave,
  oneLine,
  stepsOf,
  textOf,
  trailLines,
  unsayable,
  type Env,
  type Goto,
} from './write-model.js';
import { writeFlow } from './write-steps.js';

/** A branch with waits or answers in it, and what follows it. */
export function writeBranch(step: StepOf<'branch'>, rest: readonly Step[], env: Env): string[] {
  const lead = [...leadLines(step.lead, env), ...trailLines(step, env)];
  const other = step.else ?? { steps: [], tail: [] };
  const arm = (block: Block, next: Goto): string[] => writeFlow(stepsOf(block), { ...deeper(env), next, tail: false });
  // What follows stands below in the same function where one arm leaves.
  if (leaves(step.then.steps)) {
    const first = ifLines(textOf(step.test, env), step.then, arm(step.then, { kind: 'stop' }), env);
    if (leaves(other.steps) || env.next.kind !== 'below')
      return [...lead, ...first, ...writeFlow([...stepsOf(other), ...rest], env)];
    if (other.steps.length === 0) return [...lead, ...first, ...writeFlow(rest, env)];
  }
  if (leaves(other.steps)) {
    const first = ifLines(opposite(step.test, env), other, arm(other, { kind: 'stop' }), env);
    return [...lead, ...first, ...writeFlow([...stepsOf(step.then), ...rest], env)];
  }
  const leads = (to: Goto): string[] => [
    ...ifLines(textOf(step.test, env), step.then, arm(step.then, to), env),
    ...writeFlow(stepsOf(other), { ...env, next: to }),
  ];
  if (rest.length === 0 && isShort(env.next)) return [...lead, ...leads(env.next)];
  const place = placeOf(rest, (at: Env) => writeFlow(rest, { ...at, ...around(env, at) }));
  return [...lead, ...leadingTo(place, env, leads)];
}

function opposite(test: Snippet, env: Env): string {
  if (test.opposite) return textOf({ ...test, parts: test.opposite }, env);
  return test.loose ? `!(${textOf(test, env)})` : `!${textOf(test, env)}`;
}

/** Where the flow goes on is that of the definition; a loop of the text is one only in its own function. */
export function around(
  env: Env,
  at: Env,
): Pick<Env, 'fail' | 'exits' | 'next' | 'breaks' | 'continues' | 'outer' | 'outerFail'> {
  const { fail, exits, outer, outerFail } = env;
  const same = at.depth === env.depth;
  const next = same ? env.next : afterWait(env.next);
  const breaks = same || !env.breaks ? env.breaks : afterWait(env.breaks);
  const continues = same || !env.continues ? env.continues : afterWait(env.continues);
  return { fail, exits, next, outer, outerFail, ...(breaks && { breaks }), ...(continues && { continues }) };
}

function declares(block: Block): boolean {
  return block.steps.some((step) => step.kind === 'code' && step.code.declares.length > 0);
}

function ifLines(test: string, source: Block, lines: readonly string[], env: Env): string[] {
  const only = source.bare === 'same' ? oneLine(lines) : undefined;
  if (only !== undefined) return [`${env.indent}if (${test}) ${only}`];
  if (lines.length === 0) return [`${env.indent}if (${test}) {}`];
  return [`${env.indent}if (${test}) {`, ...lines, `${env.indent}}`];
}

/** A switch with waits or answers in it: each arm leaves by itself. */
export function writeSwitch(step: StepOf<'switch'>, rest: readonly Step[], env: Env): string[] {
  const lead = [...leadLines(step.lead, env), ...trailLines(step, env)];
  const leads = (to: Goto): string[] => {
    const arm = deeper(env);
    const lines = step.arms.flatMap(({ label, lead: above, body }, index) => {
      const open = body.steps.length > 0 && !leaves(body.steps);
      if (open && index < step.arms.length - 1) unsayable('switch-fall-through', label.at);
      const inner: Env = { ...deeper(arm), next: to, breaks: to, tail: false };
      const text = textOf(label, arm);
      const own = body.steps.length === 0 ? [] : writeFlow(stepsOf(body), inner);
      const braces = declares(body);
      return [
        ...leadLines(above, arm),
        `${arm.indent}${text}${braces ? ' {' : ''}`,
        ...own,
        ...(braces ? [`${arm.indent}}`] : []),
      ];
    });
    const whole = step.arms.some((each) => each.isDefault) && to.kind !== 'below';
    const out = [`${env.indent}switch (${textOf(step.on, env)}) {`, ...lines, `${env.indent}}`];
    return whole ? out : [...out, ...leave(to, undefined, env)];
  };
  if (rest.length === 0 && isShort(env.next) && env.next.kind !== 'below') return [...lead, ...leads(env.next)];
  const place = placeOf(rest, (at: Env) => writeFlow(rest, { ...at, ...around(env, at) }));
  return [...lead, ...leadingTo(place, env, leads)];
}
