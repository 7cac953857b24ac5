/** Parts of callback programs: what is done about an error, and loops over lists. */

import type { Writer } from './callback-programs.js';
import type { Scope } from './scope.js';

export interface Around {
  readonly scope: Scope;
  readonly indent: string;
  readonly depth: number;
  /** What the callback is called. */
  cb: string;
  /** How an instance is called here, or ''. */
  readonly self: string;
}

/** `done`: the lines report on every path already. */
export type Lines = string[] & { done?: boolean };

/** The lines in a callback that look at its error. `value`: the other parameter. */
export function errorLines(w: Writer, around: Around, err: string, value: string | undefined): Lines {
  const { c, m } = w;
  const { cb, indent, scope } = around;
  const deep = indent + m.unit;
  const log = (): string => `${deep}console.log(${m.str(`l${m.tag()}`)}, ${err}.message)${m.semi}`;
  const block = (...lines: string[]): string[] => [
    `${indent}if (${err}) {`,
    ...lines.map((line) => line),
    `${indent}}`,
  ];
  const kind = c.below(14);
  if (kind === 4) return block(`${deep}return ${cb}(${err})${m.semi}`);
  if (kind === 5) return block(log(), `${deep}return ${cb}(${err})${m.semi}`);
  if (kind === 6) return block(`${deep}${cb}(${err})${m.semi}`, `${deep}return${m.semi}`);
  if (kind === 7) return [w.line(around, `if (${err}) return ${cb}(null, ${m.str(`d${m.tag()}`)})`)];
  if (kind === 8) return [w.line(around, `if (${err}) return ${cb}(new Error(${m.str(`t${m.tag()}`)}))`)];
  if (kind === 9)
    return [
      w.line(around, `if (${err} && ${err}.code === 'EGET') return ${cb}(null, 0)`),
      w.line(around, `if (${err}) return ${cb}(${err})`),
    ];
  if (kind === 10 && value) return block(log(), `${deep}${value} = ${m.str(`d${m.tag()}`)}${m.semi}`);
  if (kind === 11) return block(log());
  if (kind === 12 && around.depth < 4) {
    const arms = [w.deeper(around), w.deeper(around)].map((each, index) =>
      index === 0 && c.chance(60) ? [w.line(each, `${cb}(${err})`)] : w.tail(each),
    );
    const flip = c.chance(30);
    const [bad, good] = arms.map((lines) => lines.join('\n'));
    const text = flip
      ? `${indent}if (!${err}) {\n${good}\n${indent}} else {\n${bad}\n${indent}}`
      : `${indent}if (${err}) {\n${bad}\n${indent}} else {\n${good}\n${indent}}`;
    return Object.assign([text], { done: true });
  }
  void scope;
  return [w.line(around, `if (${err}) return ${cb}(${err})`)];
}

/** One after the other with `next`, or all at once with a counter. */
export function loopLines(w: Writer, around: Around): string[] {
  const { c, m } = w;
  const lists = around.scope.ofKind('list');
  const over = lists.length ? c.of(...lists) : 'two';
  const first = lists.length ? [] : [`${around.indent}const two = ['a', 'b']${m.semi}`];
  const lines = c.of(
    () => nextLoop(w, around, over),
    () => counterJoin(w, around, over),
    () => nextWithIndex(w, around, over),
  )();
  return [...first, ...lines.map((line) => `${around.indent}${line.replaceAll('\t', m.unit)}`)];
}

function nextLoop(w: Writer, { cb, scope }: Around, over: string): string[] {
  const { c, m } = w;
  const op = c.of('get', 'save');
  const body = c.of(
    `${'out.push(one)'}${m.semi}`,
    `if (!one) return go()${m.semi}\n\t\tout.push(one)${m.semi}`,
    `if (one && one.n === 2) return ${cb}(null, one)${m.semi}\n\t\tout.push(one)${m.semi}`,
  );
  void scope;
  const [err, given] = [c.of('err', 'e'), c.of('index', 'at')];
  return [
    `const out = []${m.semi}`,
    `let ${given} = 0${m.semi}`,
    `function go() {`,
    `\tif (${given} >= ${over}.length) return ${c.of(`${cb}(null, out)`, `process.nextTick(${cb}, null, out)`)}${m.semi}`,
    `\tio.${op}(${over}[${given}++], (${err}, one) => {`,
    `\t\tif (${err}) return ${cb}(${err})${m.semi}`,
    ...body.split('\n').map((line, index) => (index === 0 ? `\t\t${line}` : line)),
    `\t\tgo()${m.semi}`,
    `\t})${m.semi}`,
    `}`,
    `go()${m.semi}`,
  ];
}

function nextWithIndex(w: Writer, { cb }: Around, over: string): string[] {
  const { c, m } = w;
  const start = c.of('iife', 'plain');
  const head = start === 'iife' ? `${m.semi ? '' : ';'}(function step(i) {` : `function step(i) {`;
  const log = c.of('', `\t\tconsole.log(i, one)${m.semi}`);
  const onError = c.of(
    `if (err) return ${cb}(err)`,
    `if (err) return step(i + 1)`,
    `if (err) console.log(err.message)`,
  );
  return [
    head,
    `\tif (i === ${over}.length) return ${cb}()${m.semi}`,
    `\tio.save(${over}[i], function (err, one) {`,
    `\t\t${onError}${m.semi}`,
    ...(log ? [log] : []),
    `\t\tstep(i + 1)${m.semi}`,
    `\t})${m.semi}`,
    start === 'iife' ? `})(0)${m.semi}` : `}`,
    ...(start === 'iife' ? [] : [`step(0)${m.semi}`]),
  ];
}

function counterJoin(w: Writer, { cb }: Around, over: string): string[] {
  const { c, m } = w;
  const failed = c.chance(70);
  const end = c.of(
    `if (--left === 0) ${cb}(null, out)`,
    `left--${m.semi}\n\t\tif (!left) ${cb}(null, out)`,
    `left -= 1${m.semi}\n\t\tif (left === 0) return ${cb}(null, out)`,
  );
  const put = c.of(`out[i] = one`, `out.push(one)`);
  const onError = failed
    ? [
        `\t\tif (failed) return${m.semi}`,
        `\t\tif (err) {`,
        `\t\t\tfailed = true${m.semi}`,
        `\t\t\treturn ${cb}(err)${m.semi}`,
        `\t\t}`,
      ]
    : [`\t\tif (err) one = err.message${m.semi}`];
  return [
    `const out = []${m.semi}`,
    `let left = ${over}.length${m.semi}`,
    ...(failed ? [`let failed = false${m.semi}`] : []),
    ...(c.chance(70)
      ? [`if (left === 0) return ${c.of(`${cb}(null, out)`, `process.nextTick(${cb}, null, out)`)}${m.semi}`]
      : []),
    `${over}.forEach((item, i) => {`,
    `\tio.get(item, (err, one) => {`,
    ...onError,
    `\t\t${put}${m.semi}`,
    ...end
      .split('\n')
      .map((line, index) =>
        index === 0 ? `\t\t${line}${index === end.split('\n').length - 1 ? m.semi : ''}` : `${line}${m.semi}`,
      ),
    `\t})${m.semi}`,
    `})${m.semi}`,
  ];
}
