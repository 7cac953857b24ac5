/** Writes a flow model in async style; as pool style with `pool`: fan-outs go through p-map. */

import type { Call, FlowFunction, FlowModel, Step, Steps } from './flow-model.js';
import type { Maker } from './scope.js';

export function asyncProgram(model: FlowModel, m: Maker, pool = false): string {
  const io = m.c.of(
    `const io = require('./io')`,
    `const io = require('./io')`,
    `const fs = require('fs').promises`,
    `const fs = require('fs/promises')`,
  );
  const head = [io, ...(pool ? [`const pMap = require('p-map')`] : []), ...model.prelude];
  const functions = model.functions.flatMap((fn) => functionLines(fn, m, pool));
  const end = `module.exports = { ${model.functions.map((fn) => fn.name).join(', ')} }`;
  const text = finish([...head, ...functions, end], m);
  return io.includes('fs') ? asFiles(text) : text;
}

/** The same with calls of Node's own `fs`. */
export function asFiles(source: string): string {
  return source.replace(/\bio\.(get|list|save|text)\b/g, (_, op: string) => `fs.${FILES[op as keyof typeof FILES]}`);
}

const FILES = { get: 'stat', list: 'readdir', save: 'realpath', text: 'readFile' } as const;

/** Statement ends, indentation and comments as this program has them: lines come with tabs and without semicolons. */
export function finish(lines: readonly string[], m: Maker): string {
  const told = lines.filter((line) => line.trim() !== '');
  const text = told.map((line, index) => {
    const [, tabs, code] = /^(\t*)(.*)$/.exec(line)!;
    const indent = tabs!.replaceAll('\t', m.unit);
    const goesOn = /[{(,[:]$|^}$/.test(code!) || /^\t*\./.test(told[index + 1] ?? '');
    const apart = !m.semi && /^[([`]/.test(code!) ? ';' : '';
    return `${m.above(indent)}${indent}${apart}${code}${goesOn ? '' : m.semi}`;
  });
  return `${text.join('\n')}\n`;
}

function functionLines({ name, params, body }: FlowFunction, m: Maker, pool: boolean): string[] {
  const head = params.join(', ');
  const inside = indented(block(body, { m, pool }));
  return m.c.of(
    [`async function ${name}(${head}) {`, ...inside, '}'],
    [`const ${name} = async (${head}) => {`, ...inside, '}'],
    [`const ${name} = async function (${head}) {`, ...inside, '}'],
  );
}

interface Around {
  readonly m: Maker;
  readonly pool: boolean;
  /** A promise returned from a `try` without `await` is none of its business: no other style says so. */
  readonly inGuard?: boolean;
}

export function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `\t${line}`);
}

function block(steps: Steps, around: Around): string[] {
  return steps.flatMap((step) => lines(step, around));
}

const call = ({ op, arg }: Call): string => `io.${op}(${arg})`;

function lines(step: Step, around: Around): string[] {
  const { m } = around;
  switch (step.kind) {
    case 'call':
      return [`${step.name ? `const ${step.name} = ` : ''}await ${call(step)}`];
    case 'own':
      return [`const ${step.name} = await ${step.fn}(${step.args})`];
    case 'log':
      return [`console.log(${step.what})`];
    case 'let':
      return [`let ${step.name} = ${step.value}`];
    case 'set':
      return [`${step.name} = ${step.value}`];
    case 'if':
      return branch(step, around);
    case 'for':
      return [`for (const ${step.name} of ${step.over}) {`, ...indented(block(step.body, around)), '}'];
    case 'count':
      return [
        `for (let ${step.name} = 0; ${step.name} < ${step.to}; ${step.name}++) {`,
        ...indented(block(step.body, around)),
        '}',
      ];
    case 'guard':
      return guard(step, { ...around, inGuard: true });
    case 'all':
      return fanOut(step, around);
    case 'pair':
      return [`const [${step.names.join(', ')}] = await Promise.all([${step.calls.map(call).join(', ')}])`];
    case 'give':
      return [`return ${step.value}`];
    case 'tail':
      return [`return ${around.inGuard ? 'await ' : m.c.of('', 'await ')}${call(step)}`];
    case 'fail':
      return [`throw new Error(${step.message})`];
    case 'break':
    case 'continue':
      return [step.kind];
    case 'lines':
      return [...step.lines];
  }
}

function guard(step: Extract<Step, { kind: 'guard' }>, around: Around): string[] {
  return [
    'try {',
    ...indented(block(step.body, around)),
    ...(step.handler ? [`} catch (${step.error}) {`, ...indented(block(step.handler, around))] : []),
    ...(step.always ? ['} finally {', ...indented(block(step.always, around))] : []),
    '}',
  ];
}

function branch(step: Extract<Step, { kind: 'if' }>, around: Around): string[] {
  const then = block(step.then, around);
  const last = step.else ? ['} else {', ...indented(block(step.else, around)), '}'] : ['}'];
  if (then.length === 1 && !/^(const|let) /.test(then[0]!) && !step.else && around.m.c.chance(50))
    return [`if (${step.test}) ${then[0]}`];
  return [`if (${step.test}) {`, ...indented(then), ...last];
}

function fanOut(step: Extract<Step, { kind: 'all' }>, around: Around): string[] {
  const body = indented(block(step.body, { ...around, inGuard: false }));
  const bound = step.limit ? `, { concurrency: ${step.limit} }` : around.m.c.of('', ', { concurrency: 9 }');
  if (around.pool && !step.settled)
    return [`const ${step.name} = await pMap(${step.over}, async (${step.item}) => {`, ...body, `}${bound})`];
  const join = step.settled ? 'allSettled' : 'all';
  return [`const ${step.name} = await Promise.${join}(${step.over}.map(async (${step.item}) => {`, ...body, '}))'];
}
