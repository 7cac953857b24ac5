import { indentAt, renderSnippet } from '../../edits/render.js';
import type { Binding, Block, Entry } from '../../flow/model.js';
import { awaitedIn, snippetsUnder } from './write-uses.js';
import type { Pen } from '../pen.js';
import { newName, sequence } from './write-flow.js';
import type { World } from './write-flow.js';
import { settledBody, settleLocals } from './write-settle.js';
import type { Ways } from './write-settle.js';
import type { Body } from './write-model.js';
import { checkVisible } from './write-visible.js';
import { printArrowBody, printBody, printExpr } from './write-print.js';

/** An entry's flow as items, and the names that we made up for it. */
export interface Planned {
  readonly body: Body;
  readonly world: World;
  readonly ways: Ways;
  readonly flow: Block;
}

/** The flow as chains. Throws `Unsayable` where no readable chain says it. */
export function planChains(entry: Entry, flow: Block): Planned {
  const world: World = { strict: entry.style !== 'callback', awaited: awaitedIn(flow.steps), locals: [], names: [] };
  const { items } = sequence(flow.steps, {
    target: entry.target,
    end: { kind: 'stop', gives: 'undefined' },
    atOnce: true,
    world,
  });
  const body = { items };
  const ways = { resolve: newName('resolve', world), error: newName('err', world) };
  const declared = snippetsUnder(flow.steps).flatMap((snippet) => snippet.declares.map((each) => each.binding));
  checkVisible(body, new Set(declared));
  return { body, world, ways, flow };
}

/** The text for `entry.body`. */
export function writePlanned(entry: Entry, plan: Planned, given: Pen): string {
  const pen = withNames(entry, plan, given);
  const body = settledBody(plan.body, plan.world, plan.ways, !!pen.typescript);
  settleLocals(plan.world, !!pen.typescript);
  const indent = indentAt(pen.canvas.text, lineOf(entry, pen.canvas.text));
  const { shape } = entry;
  if (shape.kind === 'promisified' || shape.kind === 'library')
    throw new Error('bug: what gives promises needs no bridge');
  if (shape.kind === 'statement') return end(statementOf(body, indent, pen), pen);
  if (shape.kind === 'inside') {
    const callback = renderSnippet(shape.callback, indent, pen.canvas);
    const text = `${shape.via}(() => ${printArrowBody(body, indent, pen)})(${callback})`;
    return entry.bodyKind === 'expression' ? text : end(text, pen);
  }
  const [only, more] = body.items;
  // An arrow's body on a line of its own stays there where it is one expression.
  if (entry.bodyKind === 'expression' && startsLine(entry, pen) && only?.kind === 'return' && only.value && !more) {
    const inner = indentAt(pen.canvas.text, entry.body.start);
    const text = printExpr(only.value, inner, pen);
    return text.startsWith('{') ? `(${text})` : text;
  }
  return entry.bodyKind === 'expression' ? printArrowBody(body, indent, pen) : printBody(body, indent, pen);
}

function statementOf(body: Body, indent: string, pen: Pen): string {
  const [only, more] = body.items;
  if (only?.kind === 'return' && only.value && !more) return printExpr(only.value, indent, pen);
  return `void (() => ${printBody(body, indent, pen)})()`;
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

function startsLine({ body }: Entry, { canvas: { text } }: Pen): boolean {
  return /^[ \t]*$/.test(text.slice(text.lastIndexOf('\n', body.start - 1) + 1, body.start));
}

function end(text: string, pen: Pen): string {
  return pen.style.semi ? `${text};` : text;
}

/** Our names, each other than all that the entry says. */
function withNames(entry: Entry, { world, flow }: Planned, pen: Pen): Pen {
  const { canvas } = pen;
  const { names } = world;
  const taken = new Set(entry.params.map((each) => canvas.nameOf(each.binding)));
  for (const snippet of snippetsUnder(flow.steps)) {
    for (const use of snippet.uses) taken.add(use.binding ? canvas.nameOf(use.binding) : use.name);
    for (const { binding } of snippet.declares) taken.add(canvas.nameOf(binding));
    for (const part of snippet.parts)
      if (typeof part === 'string') part.match(/[\w$]+/g)?.forEach((word) => taken.add(word));
  }
  const chosen = new Map<Binding, string>();
  for (const binding of names) {
    const name = freeName(binding.name, (each) => taken.has(each));
    // Functions of `new Promise` may be called the same inside one another.
    if (binding.name !== 'resolve') taken.add(name);
    chosen.set(binding, name);
  }
  return { ...pen, canvas: { ...canvas, nameOf: (binding) => chosen.get(binding) ?? canvas.nameOf(binding) } };
}

function freeName(name: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(name)) return name;
  const stem = name.replace(/\d+$/, '') || name;
  for (let n = 2; ; n++) if (!isTaken(`${stem}${n}`)) return `${stem}${n}`;
}
