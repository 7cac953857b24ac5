/** Writes a flow model with promises and without `async`: a handler per wait, functions that call themselves for loops. */

import { finish, indented } from './flow-async.js';
import { exitsOf, waits } from './flow-model.js';
import type { Call, FlowFunction, FlowModel, Step, Steps } from './flow-model.js';
import type { Maker } from './scope.js';

export function flowPromiseProgram(model: FlowModel, m: Maker): string {
  const head = [`const io = require('./io')`, `const [GO, BREAK, AGAIN] = [{}, {}, {}]`, ...model.prelude];
  const functions = model.functions.flatMap((fn) => functionLines(fn, m));
  const end = `module.exports = { ${model.functions.map((fn) => fn.name).join(', ')} }`;
  return finish([...head, ...functions, end], m);
}

function functionLines({ name, params, body }: FlowFunction, m: Maker): string[] {
  return [`function ${name}(${params.join(', ')}) {`, ...indented(steps(body, { m, strict: true })), '}'];
}

interface Around {
  readonly m: Maker;
  /** Outside any handler: what is given must be a promise, and nothing may be thrown. */
  readonly strict: boolean;
  /** An expression for what follows. */
  readonly next?: string;
  readonly onBreak?: string;
  readonly onContinue?: string;
}

const call = ({ op, arg }: Call): string => `io.${op}(${arg})`;
const give = (value: string, { strict }: Around): string => `return ${strict ? `Promise.resolve(${value})` : value}`;

/** Lines that return on every path, or fall off their end in a handler that nothing follows. */
function steps(all: Steps, around: Around): string[] {
  const [step, ...rest] = all;
  if (!step) return around.next ? [`return ${around.next}`] : around.strict ? ['return Promise.resolve()'] : [];
  const loose = { ...around, strict: false };
  const then = (parameter: string, more: Steps = rest): string[] => [
    `.then((${parameter}) => {`,
    ...indented(steps(more, loose)),
    '})',
  ];
  const after = (head: readonly string[], tail: readonly string[]): string[] => [
    ...head.slice(0, -1),
    `${head.at(-1)}${tail[0]}`,
    ...tail.slice(1),
  ];
  switch (step.kind) {
    case 'call':
      return after([`return ${call(step)}`], then(step.name ?? ''));
    case 'own':
      return after([`return ${step.fn}(${step.args})`], then(step.name));
    case 'log':
      return [`console.log(${step.what})`, ...steps(rest, around)];
    case 'let':
      return [`let ${step.name} = ${step.value}`, ...steps(rest, around)];
    case 'set':
      return [`${step.name} = ${step.value}`, ...steps(rest, around)];
    case 'give':
      return [give(step.value, around)];
    case 'tail':
      return [`return ${call(step)}`];
    case 'fail':
      return [around.strict ? `return Promise.reject(new Error(${step.message}))` : `throw new Error(${step.message})`];
    case 'break':
      return [`return ${around.onBreak}`];
    case 'continue':
      return [`return ${around.onContinue}`];
    case 'pair':
      return after([`return Promise.all([${step.calls.map(call).join(', ')}])`], then(`[${step.names.join(', ')}]`));
    case 'all': {
      const body = indented(steps(step.body, { m: around.m, strict: true }));
      const join = step.settled ? 'allSettled' : 'all';
      return after([`return Promise.${join}(${step.over}.map((${step.item}) => {`, ...body, '}))'], then(step.name));
    }
    case 'if':
      return branch(step, rest, around);
    case 'for':
    case 'count':
      return loop(step, rest, around);
    case 'guard':
      return guard(step, rest, around, then);
    case 'lines':
      throw new Error('bug: this model is for async style');
  }
}

/** What follows as an expression, and the lines that define it. */
function following(rest: Steps, around: Around): { lines: string[]; next: string } {
  if (rest.length === 0) return { lines: [], next: around.next ?? (around.strict ? 'Promise.resolve()' : 'undefined') };
  const name = `rest${around.m.tag()}`;
  return { lines: [`const ${name} = () => {`, ...indented(steps(rest, around)), '}'], next: `${name}()` };
}

function branch(step: Extract<Step, { kind: 'if' }>, rest: Steps, around: Around): string[] {
  const arms = [...step.then, ...(step.else ?? [])];
  const simple = !waits(arms) && !arms.some((each) => ['if', 'for', 'count', 'guard'].includes(each.kind));
  const [leaves, more] = [isLeft(step.then), step.else];
  if (simple && !more && (leaves || exitsOf(step.then).size + fails(step.then) === 0)) {
    const then = leaves ? steps(step.then, around) : plain(step.then);
    return [`if (${step.test}) {`, ...indented(then), '}', ...steps(rest, around)];
  }
  const { lines, next } = following(rest, around);
  const inner = { ...around, next };
  return [
    ...lines,
    `if (${step.test}) {`,
    ...indented(steps(step.then, inner)),
    ...(step.else ? ['} else {', ...indented(steps(step.else, inner)), '}'] : ['}', ...steps([], inner)]),
  ];
}

const isLeft = (all: Steps): boolean => ['give', 'tail', 'fail', 'break', 'continue'].includes(all.at(-1)?.kind ?? '');
const fails = (all: Steps): number => all.filter((each) => each.kind === 'fail').length;

function plain(all: Steps): string[] {
  return all.flatMap((step) => {
    if (step.kind === 'log') return [`console.log(${step.what})`];
    if (step.kind === 'set') return [`${step.name} = ${step.value}`];
    return step.kind === 'let' ? [`let ${step.name} = ${step.value}`] : [];
  });
}

function loop(step: Extract<Step, { kind: 'for' | 'count' }>, rest: Steps, around: Around): string[] {
  const { lines, next } = following(rest, around);
  const tag = around.m.tag();
  const [name, at] = [`step${tag}`, step.kind === 'for' ? `at${tag}` : step.name];
  const again = `${name}(${at} + 1)`;
  const end = step.kind === 'for' ? `${at} >= ${step.over}.length` : `${at} >= ${step.to}`;
  const item = step.kind === 'for' ? [`const ${step.name} = ${step.over}[${at}]`] : [];
  const body = steps(step.body, { ...around, next: again, onBreak: next, onContinue: again });
  const inside = [`if (${end}) return ${next}`, ...item, ...body];
  return [...lines, `const ${name} = (${at}) => {`, ...indented(inside), '}', `return ${name}(0)`];
}

/** Inside a guarded part an exit is a value that the last handler tells apart. */
function guard(
  step: Extract<Step, { kind: 'guard' }>,
  rest: Steps,
  around: Around,
  then: (parameter: string, more?: Steps) => string[],
): string[] {
  const { m } = around;
  const name = `part${m.tag()}`;
  const exits = exitsOf([step]);
  const inner: Around = {
    m,
    strict: false,
    ...(exits.size > 0 && { next: 'GO', onBreak: 'BREAK', onContinue: 'AGAIN' }),
  };
  const lines = [
    `const ${name} = () => {`,
    ...indented(steps(step.body, inner)),
    '}',
    `return new Promise((resolve) => resolve(${name}()))`,
    ...(step.handler
      ? [`\t.catch((${step.error}) => {`, ...indented(indented(steps(step.handler, inner))), '\t})']
      : []),
    ...(step.always
      ? ['\t.finally(() => {', ...indented(indented(steps(step.always, { m, strict: false }))), '\t})']
      : []),
  ];
  if (exits.size === 0) return [...lines, ...indented(then(''))];
  const tell = [
    ...(exits.has('break') ? [`if (how === BREAK) return ${around.onBreak}`] : []),
    ...(exits.has('continue') ? [`if (how === AGAIN) return ${around.onContinue}`] : []),
    'if (how !== GO) return how',
    ...steps(rest, { ...around, strict: false }),
  ];
  return [...lines, '\t.then((how) => {', ...indented(indented(tell)), '\t})'];
}
