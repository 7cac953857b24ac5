import { indentAt, renderRange, renderSnippet } from '../../edits/render.js';
import type { Block, Entry, Lead, Snippet, Step, StepOf } from '../../flow/model.js';
import { isTask } from '../../flow/query.js';
import type { Pen } from '../pen.js';
import { writeTask } from './task.js';

/** Where the writer stands: the indentation, and whether an error here would be caught in this function. */
export interface Place {
  readonly indent: string;
  readonly guarded: boolean;
}

/**
 * The text for `entry.body`: the flow, after all passes, as an async function's body.
 * Line breaks are `\n`; `finish` gives them the file's form.
 */
export function writeBody(entry: Entry, flow: Block, pen: Pen): string {
  const indent = indentAt(pen.canvas.text, lineOf(entry, pen.canvas.text));
  const place: Place = { indent, guarded: false };
  const { shape } = entry;
  if (shape.kind === 'statement') return end(`void (async () => ${writeFunctionBody(flow, place, pen)})()`, pen);
  if (shape.kind === 'library') return writeThrough(entry, shape, flow, place, pen);
  if (shape.kind === 'promisified') throw new Error('bug: an async function needs no promisify');
  if (shape.kind === 'inside') {
    const callback = renderSnippet(shape.callback, indent, pen.canvas);
    const text = `${shape.via}(async () => ${writeFunctionBody(flow, place, pen)})(${callback})`;
    return entry.bodyKind === 'expression' ? text : end(text, pen);
  }
  if (entry.bodyKind === 'expression') return writeArrowBody(flow, place, pen);
  return writeFunctionBody(flow, place, pen);
}

/** `return Promise.try(async () => { … });`, or the same as an arrow's value or as a statement. */
function writeThrough(
  { bodyKind }: Entry,
  { before, after }: Extract<Entry['shape'], { kind: 'library' }>,
  flow: Block,
  place: Place,
  pen: Pen,
): string {
  const inner = bodyKind === 'block' ? { ...place, indent: place.indent + pen.style.indent } : place;
  const call = `${before}async () => ${writeArrowBody(flow, inner, pen)}${after}`;
  if (bodyKind === 'expression') return call;
  if (bodyKind === 'statement') return end(call, pen);
  return `{\n${inner.indent}${end(`return ${call}`, pen)}\n${place.indent}}`;
}

/** A body is indented as its closing brace is; an arrow's body that stood on a line of its own begins behind the arrow now. */
function lineOf({ bodyKind, body, shape }: Entry, text: string): number {
  if (shape.kind === 'inside') return body.start;
  if (bodyKind === 'block')
    return /^[ \t]*$/.test(text.slice(text.lastIndexOf('\n', body.end - 1) + 1, body.end - 1))
      ? body.end - 1
      : body.start;
  if (bodyKind !== 'expression') return body.start;
  const before = text.slice(0, body.start).trimEnd();
  return before.endsWith('=>') ? before.length : body.start;
}

/** `{ … }` with the closing brace at the place's indentation. */
export function writeFunctionBody(flow: Block, place: Place, pen: Pen): string {
  return writeBraces(flow, { ...place, guarded: false }, pen);
}

/** An arrow keeps its short form when all it does is to give a value. */
export function writeArrowBody(flow: Block, place: Place, pen: Pen): string {
  const [only, more] = flow.steps;
  const short = only && !more && only.kind === 'exit' && only.how === 'succeed' && only.with;
  const comments = [...(only?.lead ?? []), ...flow.tail, ...(only?.trail ?? [])].some((each) => each !== '');
  if (!short || comments) return writeFunctionBody(flow, place, pen);
  const inner = { ...place, guarded: false };
  const text = isTask(short) ? writeTask(short, inner, pen) : renderSnippet(short, place.indent, pen.canvas);
  return text.startsWith('{') ? `(${text})` : text;
}

function writeBraces(block: Block, place: Place, pen: Pen): string {
  const inner = { ...place, indent: place.indent + pen.style.indent };
  const lines = writeSteps(block, inner, pen);
  return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${place.indent}}`;
}

/** The block's lines, each with its indentation; blank lines as the source had them, none first or last. */
export function writeSteps(block: Block, place: Place, pen: Pen): string[] {
  const lines: string[] = [];
  let above: { step: Step; text: string } | undefined;
  for (const step of block.steps) {
    lines.push(...writeLead(step.lead, place, pen));
    const text = writeStep(step, place, pen);
    if (text === '') continue;
    const trail = (step.trail ?? []).map((range) => ` ${renderRange(range, place.indent, pen.canvas)}`).join('');
    lines.push(place.indent + apart(above, text) + text + trail);
    above = { step, text };
  }
  lines.push(...writeLead(block.tail, place, pen));
  while (lines[0] === '') lines.shift();
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Without a semicolon before it, a line that starts with a bracket would go on with the line above. */
function apart(above: { step: Step; text: string } | undefined, text: string): string {
  if (!above || !/^[([`/+-]/.test(text) || /^\/[/*]/.test(text) || /;\s*$/.test(above.text)) return '';
  // A `}` ends a block, a function or a class; of other code it may end a value.
  const whole =
    above.step.kind === 'code' ? /^(async\s+function|function|class)\b/.test(above.text) : above.text !== '';
  const ends = /\}\s*$/.test(above.text) && whole && !['wait', 'exit'].includes(above.step.kind);
  return ends ? '' : ';';
}

function writeLead(lead: readonly Lead[], place: Place, pen: Pen): string[] {
  return lead.map((each) => (each === '' ? '' : place.indent + renderRange(each, place.indent, pen.canvas)));
}

function end(text: string, pen: Pen): string {
  return pen.style.semi ? `${text};` : text;
}

/** An expression that would be taken for a block or a declaration stands in parentheses. */
function asStatement(text: string): string {
  return /^(\{|(async\s+)?function\b|class\b|let\s*\[)/.test(text) ? `(${text})` : text;
}

function writeStep(step: Step, place: Place, pen: Pen): string {
  const text = (snippet: Snippet) => renderSnippet(snippet, place.indent, pen.canvas);
  const braces = (block: Block, inner = place) => writeBraces(block, inner, pen);
  switch (step.kind) {
    case 'code':
      if (step.code.parts.length === 0) return '';
      return step.made ? end(asStatement(text(step.code)), pen) : text(step.code);
    case 'wait':
      return writeWait(step, place, pen);
    case 'branch':
      return writeBranch(step, place, pen);
    case 'loop': {
      const bare = step.foot ? undefined : bareStatement(step.body, place, pen);
      if (bare !== undefined) return text(step.head) + bare;
      return `${text(step.head)} ${braces(step.body)}${step.foot ? end(` ${text(step.foot)}`, pen) : ''}`;
    }
    case 'switch':
      return writeSwitch(step, place, pen);
    case 'guard':
      return writeGuard(step, place, pen);
    case 'exit':
      return writeExit(step, place, pen);
  }
}

function writeWait(step: StepOf<'wait'>, place: Place, pen: Pen): string {
  if (step.onFail) throw new Error('bug: a wait with an error branch reached the writer');
  const awaited = writeAwait(step.on, place, pen);
  if (!step.bind) return end(awaited, pen);
  const pattern = renderSnippet(step.bind.pattern, place.indent, pen.canvas);
  if (step.bind.how === 'assign')
    return end(pattern.startsWith('{') ? `(${pattern} = ${awaited})` : `${pattern} = ${awaited}`, pen);
  return end(`${step.bind.how} ${pattern} = ${awaited}`, pen);
}

function writeAwait(task: StepOf<'wait'>['on'], place: Place, pen: Pen): string {
  const text = writeTask(task, place, pen);
  return task.kind === 'call' && task.awaitable.loose ? `await (${text})` : `await ${text}`;
}

function writeBranch(step: StepOf<'branch'>, place: Place, pen: Pen): string {
  const test = `if (${renderSnippet(step.test, place.indent, pen.canvas)})`;
  const other = step.else;
  const then = bareStatement(step.then, place, pen);
  if (!other || (other.steps.length === 0 && other.tail.every((each) => each === '')))
    return test + (then ?? ` ${writeBraces(step.then, place, pen)}`);
  const elseBare = bareStatement(other, place, pen);
  const bare = then !== undefined && elseBare !== undefined;
  const head = test + (bare ? `${then}\n${place.indent}` : ` ${writeBraces(step.then, place, pen)} `);
  const [only, more] = other.steps;
  const chained = only?.kind === 'branch' && !more && [...only.lead, ...other.tail].every((each) => each === '');
  if (chained) return `${head}else ${writeBranch(only, place, pen)}`;
  return `${head}else${bare ? elseBare : ` ${writeBraces(other, place, pen)}`}`;
}

/** ` return x;` or the same on a line of its own, when the source had no braces and there is still one simple line. */
function bareStatement(block: Block, place: Place, pen: Pen): string | undefined {
  const [only, more] = block.steps;
  if (!block.bare || !only || more || only.trail?.length || [...only.lead, ...block.tail].some((each) => each !== ''))
    return undefined;
  if (only.kind !== 'exit' && only.kind !== 'code' && only.kind !== 'wait') return undefined;
  const inner = block.bare === 'same' ? place : { ...place, indent: place.indent + pen.style.indent };
  const text = writeStep(only, inner, pen);
  if (text === '' || text.includes('\n') || /^(let|const|class|function)\b/.test(text)) return undefined;
  return block.bare === 'same' ? ` ${text}` : `\n${inner.indent}${text}`;
}

function writeSwitch(step: StepOf<'switch'>, place: Place, pen: Pen): string {
  const arm = { ...place, indent: place.indent + pen.style.indent };
  const body = { ...place, indent: arm.indent + pen.style.indent };
  const lines = step.arms.flatMap(({ label, lead, braced, body: block }) => [
    ...writeLead(lead, arm, pen),
    arm.indent + renderSnippet(label, arm.indent, pen.canvas) + (braced ? ` ${writeBraces(block, arm, pen)}` : ''),
    ...(braced ? [] : writeSteps(block, body, pen)),
  ]);
  return `switch (${renderSnippet(step.on, place.indent, pen.canvas)}) {\n${lines.join('\n')}\n${place.indent}}`;
}

function writeGuard(step: StepOf<'guard'>, place: Place, pen: Pen): string {
  const guarded = { ...place, guarded: true };
  let out = `try ${writeBraces(step.body, guarded, pen)}`;
  if (step.onFail) {
    const param = step.onFail.param && renderSnippet(step.onFail.param.pattern, place.indent, pen.canvas);
    // With a finally behind it, what the catch returns is still waited for first.
    const inner = step.always ? guarded : place;
    out += ` catch ${param ? `(${param}) ` : ''}${writeBraces(step.onFail.body, inner, pen)}`;
  }
  if (step.always) out += ` finally ${writeBraces(step.always, place, pen)}`;
  return out;
}

function writeExit(step: StepOf<'exit'>, place: Place, pen: Pen): string {
  if (step.how === 'fail') return end(`throw ${renderSnippet(step.with, place.indent, pen.canvas)}`, pen);
  if (step.how !== 'succeed') return end(step.label ? `${step.how} ${step.label}` : step.how, pen);
  if (!step.with) return end('return', pen);
  const value = step.with;
  if (isTask(value)) {
    const must = place.guarded && !step.unawaited;
    return end(`return ${must ? writeAwait(value, place, pen) : writeTask(value, place, pen)}`, pen);
  }
  const text = renderSnippet(value, place.indent, pen.canvas);
  if (!place.guarded || step.unawaited || value.promise === 'no') return end(`return ${text}`, pen);
  return end(`return await ${value.loose ? `(${text})` : text}`, pen);
}
