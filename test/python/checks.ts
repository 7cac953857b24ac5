/** The checks that every telling gets for free, in every direction. Each gives its problems as sentences; none means well. */

import { convert } from './convert.js';
import type { Engine } from './convert.js';
import type { Input, Texts } from './stories.js';

type Check = (engine: Engine, input: Input) => string[];

/** Name of the check → the check. */
export const checks: Readonly<Record<string, Check>> = {
  'exact bytes': exactBytes,
  'refused as listed': refusedAsListed,
  'never silent': neverSilent,
  'second run empty': secondRunEmpty,
  'CRLF kept': crlfKept,
};

function exactBytes(engine: Engine, input: Input): string[] {
  const { texts, errors } = convert(engine, input);
  const names = new Set([...Object.keys(texts), ...Object.keys(input.expected)]);
  const wrong = [...names].filter((name) => texts[name] !== input.expected[name]);
  return [...errors, ...wrong.map((name) => `${name} became\n${texts[name]}\nnot\n${input.expected[name]}`)];
}

/** Refusals and notes are results too: exactly those listed, and none elsewhere. */
function refusedAsListed(engine: Engine, input: Input): string[] {
  const { refusals, notes } = convert(engine, input);
  return [...differences(refusals, input.refusals), ...differences(notes, input.notes)];
}

function differences(found: readonly string[], listed: readonly string[]): string[] {
  const extra = minus(found, listed).map((line) => `not listed: ${line}`);
  return [...extra, ...minus(listed, found).map((line) => `listed, but did not happen: ${line}`)];
}

/** A story is told to be changed or refused: when neither happens, it says why there is nothing to do. */
function neverSilent(engine: Engine, input: Input): string[] {
  const { texts, refusals, errors } = convert(engine, input);
  if (input.script.nothingToDo?.[input.from]) return [];
  const isChanged = Object.keys(texts).some((name) => texts[name] !== input.files[name]);
  return isChanged || refusals.length > 0 || errors.length > 0 ? [] : ['neither changed nor refused nor ignored'];
}

function secondRunEmpty(engine: Engine, input: Input): string[] {
  const once = convert(engine, input).texts;
  const twice = convert(engine, input, once);
  return Object.keys(once)
    .filter((name) => once[name] !== twice.texts[name])
    .map((name) => `the second run changed ${name} again, to\n${twice.texts[name]}`);
}

/** The same text with CRLF line ends gives the same result with CRLF line ends. */
function crlfKept(engine: Engine, input: Input): string[] {
  if (Object.values(input.files).some((text) => text.includes('\r'))) return [];
  const { texts, refusals } = convert(engine, input);
  const crlf = convert(engine, input, withCrlf(input.files));
  const wanted = withCrlf(texts);
  const wrong = Object.keys(wanted).filter((name) => crlf.texts[name] !== wanted[name] && name.endsWith('.py'));
  return [
    ...wrong.map((name) => `${name} became\n${JSON.stringify(crlf.texts[name])}`),
    ...differences(crlf.refusals, refusals),
  ];
}

function withCrlf(texts: Texts): Texts {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text.replace(/\n/g, '\r\n')]));
}

/** What is in `all` more often than in `taken`. */
export function minus(all: readonly string[], taken: readonly string[]): string[] {
  const left = [...taken];
  return all.filter((item) => {
    const at = left.indexOf(item);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
