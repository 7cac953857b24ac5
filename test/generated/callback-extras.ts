/** Rarer shapes of callback programs: timers, retries, pages, two at once, local helpers, several results, the async library. */

import type { Around } from './callback-parts.js';
import type { Writer } from './callback-programs.js';

/** Lines that end with a report on every path. */
export function extraLines(w: Writer, around: Around): string[] {
  const { c, m } = w;
  const { cb, scope } = around;
  const semi = m.semi;
  const tag = m.tag();
  const lists = scope.ofKind('list');
  const over = lists.length ? c.of(...lists) : 'three';
  const three = lists.length ? [] : [`const three = ['x', 'y', 'z']${semi}`];
  const inner = w.deeper(around);
  const tail = (): string[] => w.tail({ ...inner, depth: around.depth + 2 }).map((line) => `\n${line}`);
  const value = m.value(scope);
  const lines = c.of(
    () => [`setTimeout(${c.of('() =>', 'function ()')} {`, ...tail(), `}, 10)${semi}`],
    () => [
      `io.get(${value}, (err, got) => ${c.of(`err ? ${cb}(err) : ${cb}(null, got.id)`, `${cb}(err, got && got.name)`)})${semi}`,
    ],
    () => [
      `function attempt(left) {`,
      `\tio.get(${value}, (err, got) => {`,
      `\t\tif (err && left > 0) return ${c.of('attempt(left - 1)', 'setTimeout(() => attempt(left - 1), 5)')}${semi}`,
      `\t\tif (err) return ${cb}(err)${semi}`,
      `\t\t${cb}(null, got.n)${semi}`,
      `\t})${semi}`,
      `}`,
      `attempt(2)${semi}`,
    ],
    () => [
      ...three,
      `const all = []${semi}`,
      `const page = (from) => {`,
      `\tio.list(from, (err, got) => {`,
      `\t\tif (err) return ${cb}(err)${semi}`,
      `\t\tfor (const one of got) all.push(one)${semi}`,
      `\t\tif (from < 2 && got.length) return page(from + 1)${semi}`,
      `\t\t${cb}(null, all)${semi}`,
      `\t})${semi}`,
      `}${semi}`,
      `page(0)${semi}`,
    ],
    () => [
      `let pending = 2${semi}`,
      `let failed = false${semi}`,
      `const got = {}${semi}`,
      `function ready(name) {`,
      `\treturn (err, one) => {`,
      `\t\tif (failed) return${semi}`,
      `\t\tif (err) {`,
      `\t\t\tfailed = true${semi}`,
      `\t\t\treturn ${cb}(err)${semi}`,
      `\t\t}`,
      `\t\tgot[name] = one${semi}`,
      `\t\tif (--pending === 0) ${cb}(null, got)${semi}`,
      `\t}${semi}`,
      `}`,
      `io.get(${value}, ready('a'))${semi}`,
      `io.save(${value}, ready('b'))${semi}`,
    ],
    () => [
      `const load${tag} = (key, done) => {`,
      `\tio.get(key, (err, got) => {`,
      `\t\tif (err) return ${c.of('done(err)', "done(null, 'none')")}${semi}`,
      `\t\tdone(null, got.id)${semi}`,
      `\t})${semi}`,
      `}${semi}`,
      `load${tag}(${value}, (err, first) => {`,
      `\tif (err) return ${cb}(err)${semi}`,
      `\tload${tag}(first, ${c.of(cb, `(err, second) => { if (err) return ${cb}(err); ${cb}(null, [first, second]); }`)})${semi}`,
      `})${semi}`,
    ],
    () => [
      `io.get(${value}, (err, got) => {`,
      `\tif (err) return ${cb}(err)${semi}`,
      `\tconst finish = (extra) => ${cb}(null, [got.id, extra])${semi}`,
      `\tif (got.ok) return finish('ok')${semi}`,
      `\tio.save(got, (err, saved) => {`,
      `\t\tif (err) return finish(err.message)${semi}`,
      `\t\tfinish(saved)${semi}`,
      `\t})${semi}`,
      `})${semi}`,
    ],
    () => [
      `var result${tag}${semi}`,
      `io.get(${value}, function (err, got) {`,
      `\tif (err) { result${tag} = err.message${semi} } else { result${tag} = got.id${semi} }`,
      `\tio.save(result${tag}, function (err) {`,
      `\t\tif (err) return ${cb}(err, result${tag})${semi}`,
      `\t\t${cb}(null, result${tag})${semi}`,
      `\t})${semi}`,
      `})${semi}`,
    ],
    () => [
      `io.get(${value}, (err, got) => {`,
      `\tif (err) return ${cb}(err)${semi}`,
      `\tswitch (got.n) {`,
      `\t\tcase 0:`,
      `\t\t\treturn ${cb}(null, 'zero')${semi}`,
      `\t\tcase 1:`,
      `\t\t\treturn io.save(got, ${cb})${semi}`,
      `\t\tdefault:`,
      `\t\t\tio.get(got.id, (err, more) => {`,
      `\t\t\t\tif (err) return ${cb}(err)${semi}`,
      `\t\t\t\t${cb}(null, more.n)${semi}`,
      `\t\t\t})${semi}`,
      `\t}`,
      `})${semi}`,
    ],
    () => [...three, ...library(w, over, cb, value)],
    () => [
      `io.get(${value}, (err, got) => {`,
      `\tif (err) return ${cb}(err)${semi}`,
      `\tfor (const each of got.tags) {`,
      `\t\tif (each === 'b') return ${cb}(null, each)${semi}`,
      `\t}`,
      `\ttry {`,
      `\t\tconsole.log(JSON.parse(got.name))${semi}`,
      `\t} catch (e) {`,
      `\t\tconsole.log('bad')${semi}`,
      `\t}`,
      `\tio.close(${cb})${semi}`,
      `})${semi}`,
    ],
  )();
  return lines.map((line) =>
    line.startsWith('\n') ? line.slice(1) : `${around.indent}${line.replaceAll('\t', m.unit)}`,
  );
}

/** Control flow of the library `async`. */
function library(w: Writer, over: string, cb: string, value: string): string[] {
  const { c, m } = w;
  const semi = m.semi;
  const item = c
    .of(
      [`io.get(item, done)${semi}`],
      [
        `io.get(item, (err, got) => {`,
        `\tif (err) return done(err)${semi}`,
        `\tdone(null, got.id)${semi}`,
        `})${semi}`,
      ],
    )
    .map((line) => `\t${line}`);
  const joined = c.of(
    [`}, ${cb})${semi}`],
    [`}, (err, all) => {`, `\tif (err) return ${cb}(err)${semi}`, `\t${cb}(null, all)${semi}`, `})${semi}`],
  );
  const name = c.of('map', 'mapSeries', 'each', 'eachSeries', 'filter', 'forEachOf');
  return c.of(
    () => [`async.${name}(${over}, (item, ${name === 'forEachOf' ? 'key, ' : ''}done) => {`, ...item, ...joined],
    () => [`async.mapLimit(${over}, 2, (item, done) => {`, ...item, ...joined],
    () => [
      `async.${c.of('series', 'parallel')}([`,
      `\t(next) => io.get(${value}, next),`,
      `\t(next) => io.save(${value}, next),`,
      `], ${cb})${semi}`,
    ],
    () => [
      `async.waterfall([`,
      `\t(next) => io.get(${value}, next),`,
      `\t(got, next) => io.save(got.id, next),`,
      `], ${cb})${semi}`,
    ],
  )();
}

/** The first lines of a function: options sorted out, an optional callback, another name for it. */
export function prologue(w: Writer, around: Around): { lines: string[]; cb: string; options: boolean } {
  const { c, m } = w;
  const { cb, indent } = around;
  const kind = c.below(20);
  if (kind === 17)
    return {
      lines: [
        `${indent}if (typeof opts === 'function') {`,
        `${indent}${m.unit}${cb} = opts${m.semi}`,
        `${indent}${m.unit}opts = {}${m.semi}`,
        `${indent}}`,
      ],
      cb,
      options: true,
    };
  if (kind === 18) return { lines: [`${indent}${cb} = ${cb} || function () {}${m.semi}`], cb, options: false };
  if (kind === 19) return { lines: [`${indent}const answer = ${cb}${m.semi}`], cb: 'answer', options: false };
  return { lines: [], cb, options: false };
}
