import { indentAt } from '../../edits/render.js';
import type { Block, Entry, Target } from '../../flow/model.js';
import type { Pen } from '../pen.js';
import { answering, block, line, stepsOf, type Env, type Fail, type Goto } from './write-model.js';
import { namesOf, withoutShadows } from './write-names.js';
import { writeFlow } from './write-steps.js';

/**
 * The text for `entry.body`: the flow, after all passes, as error-first code. Line breaks are `\n`.
 *
 * Each continuation runs once. The callback is never called in the turn in which the function was called, and never in a `try`.
 */
export function writeEntry(entry: Entry, flow: Block, given: Pen): string {
  const canvas = withoutShadows(entry, flow, given.canvas);
  const pen: Pen = { ...given, canvas };
  const { shape } = entry;
  const indent = indentAt(canvas.text, lineOf(entry, canvas.text));
  const step = pen.style.indent;
  const end = pen.style.semi ? ';' : '';
  switch (shape.kind) {
    case 'inside':
    case 'library':
      throw new Error('bug: a callback function needs nothing around its inside');
    case 'statement':
      return statement(entry, flow, pen, indent);
    case 'function': {
      if (!shape.callback) throw new Error('bug: a callback function without a callback');
      const env = envFor(entry, flow, pen, indent + step, answering(canvas.nameOf(shape.callback), true));
      return block(writeFlow(stepsOf(flow), env), { ...env, indent });
    }
    case 'promisified': {
      const callback = canvas.nameOf(shape.callback);
      const isBlock = entry.bodyKind === 'block';
      const outer = isBlock ? indent + step : indent;
      const env = envFor(entry, flow, pen, outer + step, answering(callback, false));
      const lines = writeFlow(stepsOf(flow), env);
      const text = `${shape.via}((${callback}${shape.annotation ?? ''}) => ${bodyOf(lines, { ...env, indent: outer })})()`;
      return isBlock ? `{\n${outer}return ${text}${end}\n${indent}}` : text;
    }
  }
}

/** An arrow keeps its short form when all it does is one call. */
function bodyOf(lines: readonly string[], env: Env): string {
  const [only, more] = lines;
  if (only !== undefined && more === undefined && /^\s*[\w$.]+\(.*\);?$/.test(only))
    return only.trim().replace(/;$/, '');
  return block(lines, env);
}

function envFor(entry: Entry, flow: Block, pen: Pen, indent: string, to: { goto: Goto; fail: Fail }): Env {
  return {
    world: { pen, names: namesOf(entry, flow, pen.canvas), shape: entry.shape.kind },
    indent,
    fail: to.fail,
    exits: new Map<Target, Goto>([[entry.target, to.goto]]),
    next: to.goto,
    outerFail: to.fail,
    outer: true,
    first: true,
    later: false,
    trying: false,
    enclosed: false,
    depth: 0,
    tail: true,
  };
}

/** A body is indented as its closing brace is; an arrow's body that stood on a line of its own begins behind the arrow now. */
function lineOf({ bodyKind, body, head }: Entry, text: string): number {
  if (bodyKind === 'block')
    return /^[ \t]*$/.test(text.slice(text.lastIndexOf('\n', body.end - 1) + 1, body.end - 1))
      ? body.end - 1
      : body.start;
  if (bodyKind !== 'expression') return body.start;
  const joins = head.edits.some((edit) => edit.end === body.start && edit.start < edit.end);
  const before = text.slice(0, body.start).trimEnd();
  if (!joins && /\n/.test(text.slice(before.length, body.start))) return body.start;
  return before.endsWith('=>') ? before.length : body.start;
}

/** Nobody waits for it: an error that nobody takes ends the program, as an unhandled rejection did. */
function statement(entry: Entry, flow: Block, pen: Pen, indent: string): string {
  const fail: Fail = {
    write: (error, env) =>
      env.later
        ? [line(`throw ${error}`, env)]
        : [line(`${env.tail ? '' : 'return '}process.nextTick(() => { throw ${error}; })`, env)],
  };
  const write = (at: string): string[] =>
    writeFlow(stepsOf(flow), envFor(entry, flow, pen, at, { goto: { kind: 'stop' }, fail }));
  const lines = write(indent);
  const simple = lines.filter((each) => each.startsWith(indent) && /^[^\s})]/.test(each.slice(indent.length)));
  if (simple.length === 1 && !/^\s*(return|const|let)\b/.test(simple[0]!)) return lines.join('\n').trimStart();
  const env = envFor(entry, flow, pen, indent, { goto: { kind: 'stop' }, fail });
  return line(`(() => ${block(write(indent + pen.style.indent), env)})()`, env).trimStart();
}
