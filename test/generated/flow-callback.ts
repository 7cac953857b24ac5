/** Writes a flow model with error-first callbacks: a continuation per wait, functions that call themselves for loops, counters for joins. */

import { asFiles, finish, indented } from './flow-async.js';
import type { Call, FlowFunction, FlowModel, Step, Steps } from './flow-model.js';
import type { Maker } from './scope.js';

export function flowCallbackProgram(model: FlowModel, m: Maker): string {
  const io = m.c.of(`const io = require('./io')`, `const fs = require('fs')`);
  const functions = model.functions.flatMap((fn) => functionLines(fn, m));
  const library = functions.some((line) => line.includes('async.')) ? [`const async = require('async')`] : [];
  const end = `module.exports = { ${model.functions.map((fn) => fn.name).join(', ')} }`;
  const text = finish([io, ...library, ...model.prelude, ...functions, end], m);
  return io.includes('fs') ? asFiles(text) : text;
}

function functionLines({ name, params, body }: FlowFunction, m: Maker): string[] {
  const around = { m, strict: true, ...reports('cb') };
  return [`function ${name}(${[...params, 'cb'].join(', ')}) {`, ...indented(steps(body, around)), '}'];
}

interface Around {
  readonly m: Maker;
  /** No wait has come before: a report now would come before the caller is back. */
  readonly strict: boolean;
  /** Statements that report, given whether that may happen at once. */
  readonly give: (value: string, strict: boolean) => string;
  readonly fail: (error: string, strict: boolean) => string;
  /** The callback itself, where handing it on says the same as calling it. */
  readonly whole?: string;
  readonly next?: string;
  readonly onBreak?: string;
  readonly onContinue?: string;
}

function reports(cb: string): Pick<Around, 'give' | 'fail' | 'whole'> {
  const said = (args: string, strict: boolean): string =>
    `return ${strict ? `process.nextTick(${cb}, ${args})` : `${cb}(${args})`}`;
  return { give: (value, strict) => said(value ? `null, ${value}` : 'null', strict), fail: said, whole: cb };
}

function steps(all: Steps, around: Around): string[] {
  const [step, ...rest] = all;
  if (!step) return [around.next ? `return ${around.next}` : around.give('', around.strict)];
  const loose = { ...around, strict: false };
  const wait = (head: string, parameter: string): string[] => [
    `${head}(error${parameter && `, ${parameter}`}) => {`,
    `\tif (error) ${around.fail('error', false)}`,
    ...indented(steps(rest, loose)),
    '})',
  ];
  switch (step.kind) {
    case 'call':
      return wait(`io.${step.op}(${step.arg}, `, step.name ?? '');
    case 'own':
      return wait(`${step.fn}(${step.args}, `, step.name);
    case 'log':
      return [`console.log(${step.what})`, ...steps(rest, around)];
    case 'let':
      return [`let ${step.name} = ${step.value}`, ...steps(rest, around)];
    case 'set':
      return [`${step.name} = ${step.value}`, ...steps(rest, around)];
    case 'give':
      return [around.give(step.value, around.strict)];
    case 'tail':
      return tail(step, around);
    case 'fail':
      return [around.fail(`new Error(${step.message})`, around.strict)];
    case 'break':
      return [`return ${around.onBreak}`];
    case 'continue':
      return [`return ${around.onContinue}`];
    case 'pair':
      return pair(step, rest, around);
    case 'all':
      return step.limit ? limited(step, step.limit, rest, around) : join(step, rest, around);
    case 'if':
      return branch(step, rest, around);
    case 'for':
    case 'count':
      return loop(step, rest, around);
    case 'guard':
      return guard(step, rest, around);
    case 'lines':
      throw new Error('bug: this model is for async style');
  }
}

function tail({ op, arg }: Call, around: Around): string[] {
  if (around.whole && around.m.c.chance(60))
    return [`${around.m.c.of('', 'return ')}io.${op}(${arg}, ${around.whole})`];
  return [
    `io.${op}(${arg}, (error, got) => {`,
    `\tif (error) ${around.fail('error', false)}`,
    `\t${around.give('got', false)}`,
    '})',
  ];
}

function following(
  rest: Steps,
  around: Around,
  name = `rest${around.m.tag()}`,
  parameter = '',
): { lines: string[]; next: string } {
  if (rest.length === 0 && around.next && !parameter) return { lines: [], next: around.next };
  return { lines: [`const ${name} = (${parameter}) => {`, ...indented(steps(rest, around)), '}'], next: `${name}()` };
}

function branch(step: Extract<Step, { kind: 'if' }>, rest: Steps, around: Around): string[] {
  const last = step.then.at(-1)!.kind;
  if (!step.else && ['give', 'tail', 'fail', 'break', 'continue'].includes(last)) {
    const then = steps(step.then, around);
    // A tail call that is not returned would go on with what stands behind.
    const returned = /^return\b/.test(then.at(-1)!) ? then : [...then, 'return'];
    return [`if (${step.test}) {`, ...indented(returned), '}', ...steps(rest, around)];
  }
  const { lines, next } = following(rest, around);
  const inner = { ...around, next };
  const other = indented(steps(step.else ?? [], inner));
  return [...lines, `if (${step.test}) {`, ...indented(steps(step.then, inner)), '} else {', ...other, '}'];
}

function loop(step: Extract<Step, { kind: 'for' | 'count' }>, rest: Steps, around: Around): string[] {
  const { lines, next } = following(rest, around);
  const tag = around.m.tag();
  const [name, at] = [`step${tag}`, step.kind === 'for' ? `at${tag}` : step.name];
  const again = `${name}(${at} + 1)`;
  const end = step.kind === 'for' ? `${at} >= ${step.over}.length` : `${at} >= ${step.to}`;
  const item = step.kind === 'for' ? [`const ${step.name} = ${step.over}[${at}]`] : [];
  const body = steps(step.body, { ...around, next: again, onBreak: next, onContinue: again });
  return [
    ...lines,
    `const ${name} = (${at}) => {`,
    ...indented([`if (${end}) return ${next}`, ...item, ...body]),
    '}',
    `${name}(0)`,
  ];
}

/** `leave` says how the guarded part was left; what is always done comes before it. */
function guard(step: Extract<Step, { kind: 'guard' }>, rest: Steps, around: Around): string[] {
  const { m, strict } = around;
  const tag = m.tag();
  const [leave, caught] = [`leave${tag}`, `caught${tag}`];
  const end = (how: string) => (value: string) => `return ${leave}('${how}'${value && `, ${value}`})`;
  const inner: Around = {
    m,
    strict,
    give: end('give'),
    fail: end('fail'),
    next: `${leave}('go')`,
    onBreak: `${leave}('break')`,
    onContinue: `${leave}('continue')`,
  };
  const tell = [
    `if (how === 'fail') ${around.fail('given', strict)}`,
    `if (how === 'give') ${around.give('given', strict)}`,
    ...(around.onBreak ? [`if (how === 'break') return ${around.onBreak}`] : []),
    ...(around.onContinue ? [`if (how === 'continue') return ${around.onContinue}`] : []),
    ...steps(rest, around),
  ];
  const then = `then${tag}`;
  const always = step.always
    ? [`const ${then} = () => {`, ...indented(tell), '}', ...steps(step.always, { ...around, next: `${then}()` })]
    : tell;
  const handler = step.handler ? steps(step.handler, inner) : [];
  return [
    `const ${leave} = (how, given) => {`,
    ...indented(always),
    '}',
    ...(step.handler ? [`const ${caught} = (${step.error}) => {`, ...indented(handler), '}'] : []),
    ...apart(
      step.body,
      `part${tag}`,
      step.handler ? { ...inner, fail: (error) => `return ${caught}(${error})` } : inner,
    ),
  ];
}

/** A variable of the block must not meet one of the function around it. */
function apart(body: Steps, name: string, around: Around): string[] {
  const lines = steps(body, around);
  return body.some((step) => step.kind === 'let')
    ? [`const ${name} = () => {`, ...indented(lines), '}', `${name}()`]
    : lines;
}

function join(step: Extract<Step, { kind: 'all' }>, rest: Steps, around: Around): string[] {
  const tag = around.m.tag();
  const { lines } = following(rest, around, `joined${tag}`, step.name);
  const item = { m: around.m, strict: true, ...reports(`done${tag}`) };
  const failed = step.settled
    ? [
        `\t\tout${tag}[index${tag}] = error ? { status: 'rejected', reason: error } : { status: 'fulfilled', value: given }`,
      ]
    : [
        `\t\tif (failed${tag}) return`,
        '\t\tif (error) {',
        `\t\t\tfailed${tag} = true`,
        `\t\t\t${around.fail('error', false)}`,
        '\t\t}',
        `\t\tout${tag}[index${tag}] = given`,
      ];
  return [
    ...lines,
    `const out${tag} = []`,
    `let left${tag} = ${step.over}.length`,
    ...(step.settled ? [] : [`let failed${tag} = false`]),
    `if (left${tag} === 0) return process.nextTick(joined${tag}, out${tag})`,
    `${step.over}.forEach((${step.item}, index${tag}) => {`,
    `\tconst done${tag} = (error, given) => {`,
    ...failed,
    `\t\tleft${tag}--`,
    `\t\tif (left${tag} === 0) joined${tag}(out${tag})`,
    '\t}',
    ...indented(steps(step.body, item)),
    '})',
  ];
}

function limited(step: Extract<Step, { kind: 'all' }>, limit: number, rest: Steps, around: Around): string[] {
  const tag = around.m.tag();
  const item = { m: around.m, strict: true, ...reports(`done${tag}`) };
  return [
    `async.mapLimit(${step.over}, ${limit}, (${step.item}, done${tag}) => {`,
    ...indented(steps(step.body, item)),
    `}, (error, ${step.name}) => {`,
    `\tif (error) ${around.fail('error', false)}`,
    ...indented(steps(rest, around)),
    '})',
  ];
}

function pair(step: Extract<Step, { kind: 'pair' }>, rest: Steps, around: Around): string[] {
  const tag = around.m.tag();
  const [a, b] = step.calls;
  const { lines } = following(rest, { ...around, strict: false }, `both${tag}`, step.names.join(', '));
  const one = (index: number): string[] => [
    `\tif (failed${tag}) return`,
    '\tif (error) {',
    `\t\tfailed${tag} = true`,
    `\t\t${around.fail('error', false)}`,
    '\t}',
    `\tgot${tag}[${index}] = given`,
    `\tleft${tag}--`,
    `\tif (left${tag} === 0) both${tag}(...got${tag})`,
    '})',
  ];
  return [
    ...lines,
    `const got${tag} = []`,
    `let left${tag} = 2`,
    `let failed${tag} = false`,
    `io.${a.op}(${a.arg}, (error, given) => {`,
    ...one(0),
    `io.${b.op}(${b.arg}, (error, given) => {`,
    ...one(1),
  ];
}
