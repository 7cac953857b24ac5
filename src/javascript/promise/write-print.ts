import { renderRange, renderSnippet } from '../../edits/render.js';
import type { Lead, Snippet } from '../../flow/model.js';
import type { Pen } from '../pen.js';
import { leavesFor, settled } from './write-settle.js';
import { give, ours } from './write-model.js';
import type { Body, Expr, Fn, Item, ItemOf, Link, Local } from './write-model.js';

/** How an answer is said where the items stand: `return`, or `resolve(…)` in the function that `new Promise` is given. */
interface Place {
  readonly indent: string;
  readonly resolve?: string;
  /** Nothing of the function follows: a `resolve(…)` at the end needs no `return`. */
  readonly isTail?: boolean;
}

const widest = 110;

const joins = { all: 'Promise.all', settled: 'Promise.allSettled', race: 'Promise.race', any: 'Promise.any' } as const;

/** `{ … }` with the closing brace at the indentation. */
export function printBody(body: Body, indent: string, pen: Pen): string {
  return braces(body, { indent }, pen);
}

/** An arrow's body: an expression where that is all there is. */
export function printArrowBody(body: Body, indent: string, pen: Pen): string {
  const [only, more] = body.items;
  if (only?.kind === 'return' && !more && only.value && !hasComments(only)) {
    const text = printExpr(only.value, indent, pen);
    if (!text.includes('\n') || only.value.kind === 'made' || isInline(only.value))
      return text.startsWith('{') ? `(${text})` : text;
  }
  return braces(body, { indent }, pen);
}

/** A chain that stands on the line where it begins. */
function isInline(value: Expr): boolean {
  return value.kind === 'text' || value.kind === 'map' || value.kind === 'list' || value.kind === 'settled';
}

function hasComments(item: Item): boolean {
  return item.lead.some((each) => each !== '') || !!item.trail?.length;
}

function braces(body: Body, place: Place, pen: Pen): string {
  const lines = printItems(body.items, { ...place, indent: place.indent + pen.style.indent }, pen);
  return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${place.indent}}`;
}

/** The items' lines, each with its indentation; no blank line first or last. */
function printItems(items: readonly Item[], place: Place, pen: Pen): string[] {
  const lines: string[] = [];
  let above: { item: Item; text: string } | undefined;
  items.forEach((item, index) => {
    lines.push(...printLead(item.lead, place, pen));
    const text = printItem(item, place, pen, !!place.isTail && index === items.length - 1);
    if (text === '') return;
    const trail = (item.trail ?? []).map((range) => ` ${renderRange(range, place.indent, pen.canvas)}`).join('');
    lines.push(place.indent + apart(above, text) + text + trail);
    above = { item, text };
  });
  while (lines[0] === '') lines.shift();
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Without a semicolon before it, a line that starts with a bracket would go on with the line above. */
function apart(above: { item: Item; text: string } | undefined, text: string): string {
  if (!above || !/^[([`/+-]/.test(text) || /^\/[/*]/.test(text) || /;\s*$/.test(above.text)) return '';
  const isBlock =
    above.item.kind === 'code'
      ? /^(async\s+function|function|class)\b/.test(above.text)
      : ['branch', 'loop', 'switch', 'try'].includes(above.item.kind);
  return isBlock && /\}\s*$/.test(above.text) ? '' : ';';
}

function printLead(lead: readonly Lead[], place: Place, pen: Pen): string[] {
  return lead.map((each) => (each === '' ? '' : place.indent + renderRange(each, place.indent, pen.canvas)));
}

function end(text: string, pen: Pen): string {
  return pen.style.semi ? `${text};` : text;
}

function render(snippet: Snippet, place: Pick<Place, 'indent'>, pen: Pen): string {
  return renderSnippet(snippet, place.indent, pen.canvas);
}

/** An expression that would be taken for a block or a declaration stands in parentheses. */
function asStatement(text: string): string {
  return /^(\{|(async\s+)?function\b|class\b|let\s*\[)/.test(text) ? `(${text})` : text;
}

function printItem(item: Item, outer: Place, pen: Pen, isLast: boolean): string {
  const place = { ...outer, isTail: isLast && item.kind === 'branch' };
  switch (item.kind) {
    case 'code':
      if (item.code.parts.length === 0) return '';
      return item.made ? end(asStatement(render(item.code, place, pen)), pen) : render(item.code, place, pen);
    case 'local':
      return end(`const ${pen.canvas.nameOf(item.local.name)} = ${printLocal(item.local, place.indent, pen)}`, pen);
    case 'branch':
      return printBranch(item, place, pen);
    case 'loop': {
      const foot = item.foot ? end(` ${render(item.foot, place, pen)}`, pen) : '';
      return `${render(item.head, place, pen)} ${braces(item.body, place, pen)}${foot}`;
    }
    case 'switch':
      return printSwitch(item, place, pen);
    case 'try':
      return printTry(item, place, pen);
    case 'throw':
      return end(`throw ${render(item.value, place, pen)}`, pen);
    case 'jump':
      return end(item.how, pen);
    case 'return':
      return printReturn(item, place, pen, isLast);
  }
}

function printReturn({ value }: ItemOf<'return'>, place: Place, pen: Pen, isLast: boolean): string {
  const text = value ? printExpr(value, place.indent, pen) : '';
  if (!place.resolve) return end(text ? `return ${text}` : 'return', pen);
  return end(`${isLast ? '' : 'return '}${place.resolve}(${text})`, pen);
}

function printBranch(item: ItemOf<'branch'>, place: Place, pen: Pen): string {
  const test = `if (${render(item.test, place, pen)})`;
  const other = item.else;
  const then = bareStatement(item.then, place, pen);
  if (!other || other.items.length === 0) return test + (then ?? ` ${braces(item.then, place, pen)}`);
  const elseBare = bareStatement(other, place, pen);
  const bare = then !== undefined && elseBare !== undefined;
  const head = test + (bare ? `${then}\n${place.indent}` : ` ${braces(item.then, place, pen)} `);
  const [only, more] = other.items;
  if (only?.kind === 'branch' && !more && !hasComments(only)) return `${head}else ${printBranch(only, place, pen)}`;
  return `${head}else${bare ? elseBare : ` ${braces(other, place, pen)}`}`;
}

/** ` return x;` or the same on a line of its own, when the source had no braces and there is still one simple line. */
function bareStatement(body: Body, place: Place, pen: Pen): string | undefined {
  const [only, more] = body.items;
  if (!body.bare || !only || more || hasComments(only)) return undefined;
  if (!['return', 'throw', 'code', 'jump'].includes(only.kind)) return undefined;
  const inner = body.bare === 'same' ? place : { ...place, indent: place.indent + pen.style.indent };
  const text = printItem(only, inner, pen, false);
  if (text === '' || text.includes('\n') || /^(let|const|class|function)\b/.test(text)) return undefined;
  return body.bare === 'same' ? ` ${text}` : `\n${inner.indent}${text}`;
}

function printSwitch(item: ItemOf<'switch'>, place: Place, pen: Pen): string {
  const arm = { ...place, indent: place.indent + pen.style.indent };
  const inner = { ...place, indent: arm.indent + pen.style.indent };
  const lines = item.arms.flatMap(({ label, lead, braced, body }) => [
    ...printLead(lead, arm, pen),
    arm.indent + render(label, arm, pen) + (braced ? ` ${braces(body, arm, pen)}` : ''),
    ...(braced ? [] : printItems([...body.items], inner, pen)),
  ]);
  return `switch (${render(item.on, place, pen)}) {\n${lines.join('\n')}\n${place.indent}}`;
}

function printTry(item: ItemOf<'try'>, place: Place, pen: Pen): string {
  let out = `try ${braces(item.body, place, pen)}`;
  const param = item.param ? `(${render(item.param, place, pen)}) ` : '';
  if (item.onFail) out += ` catch ${param}${braces(item.onFail, place, pen)}`;
  if (item.always) out += ` finally ${braces(item.always, place, pen)}`;
  return out;
}

/** With types where a compiler could not tell them: the function calls itself. */
function printLocal({ fn, turns }: Local, indent: string, pen: Pen): string {
  if (!pen.typescript || (!turns && !fn.params.length)) return printFn(fn, indent, pen);
  const params = fn.params.map((param) => {
    const text = render(param, { indent }, pen);
    return text.includes(':') ? text : `${text}: ${turns ? 'number' : 'any'}`;
  });
  if (!turns) return `(${params.join(', ')}) => ${printArrowBody(fn.body, indent, pen)}`;
  const gives = turns === 'nothing' ? 'void' : 'any';
  return `(${params.join(', ')}): Promise<${gives}> => ${printArrowBody(fn.body, indent, pen)}`;
}

/** An arrow function. */
export function printFn(fn: Fn, indent: string, pen: Pen): string {
  const params = fn.params.map((param) => render(param, { indent }, pen)).join(', ');
  return `(${params}) => ${printArrowBody(fn.body, indent, pen)}`;
}

function printHandler(fn: Fn, indent: string, pen: Pen): string {
  const named = fn.named ?? calledOnly(fn);
  return named ? pen.canvas.nameOf(named.name) : printFn(fn, indent, pen);
}

/** The function that is all that a handler calls, when that looks at nothing it is given. */
function calledOnly({ params, body }: Fn): Local | undefined {
  const [only, more] = body.items;
  if (params.length > 0 || more || only?.kind !== 'return' || hasComments(only)) return undefined;
  const { value } = only;
  return value?.kind === 'call' && value.args.length === 0 && value.local.fn.params.length === 0
    ? value.local
    : undefined;
}

/** An expression whose first line stands behind what is there, the others indented from `indent`. */
export function printExpr(expr: Expr, indent: string, pen: Pen): string {
  switch (expr.kind) {
    case 'text':
      return render(expr.text, { indent }, pen);
    case 'chain':
      return printChain(expr, indent, pen);
    case 'made':
      return printMade(expr, indent, pen);
    case 'call':
      return `${pen.canvas.nameOf(expr.local.name)}(${expr.args.map((arg) => render(arg, { indent }, pen)).join(', ')})`;
    case 'map': {
      const over = render(expr.over, { indent }, pen);
      if (expr.window) {
        const limit = render(expr.window.limit, { indent }, pen);
        return `${pen.need(expr.window.need)}(${over}, ${limit}, ${printFn(expr.each, indent, pen)})`;
      }
      return `${joins[expr.join]}(${expr.over.loose ? `(${over})` : over}.map(${printFn(expr.each, indent, pen)}))`;
    }
    case 'list':
      return printList(expr, indent, pen);
    case 'settled':
      return `Promise.${expr.how}(${expr.value ? printExpr(expr.value, indent, pen) : ''})`;
  }
}

function printMade({ body, resolve }: Extract<Expr, { kind: 'made' }>, indent: string, pen: Pen): string {
  if (pen.typescript) return printTyped(body, indent, pen);
  const name = pen.canvas.nameOf(resolve);
  const [only, more] = body.items;
  if (only?.kind === 'return' && !more && !hasComments(only)) {
    const text = only.value ? printExpr(only.value, indent, pen) : '';
    if (!text.includes('\n')) return `new Promise((${name}) => ${name}(${text}))`;
  }
  const items = leavesFor(body.items) ? body.items : [...body.items, { kind: 'return' as const, lead: [] }];
  return `new Promise((${name}) => ${braces({ items }, { indent, resolve: name, isTail: true }, pen)})`;
}

/** `new Promise` hides the type of what it resolves to. */
function printTyped(body: Body, indent: string, pen: Pen): string {
  const error: Expr = { kind: 'text', text: ours(['err']), isPromise: false };
  const onFail: Body = { items: [give({ kind: 'settled', how: 'reject', value: error })] };
  const item: Item = {
    kind: 'try',
    body: { items: settled(body.items, true) },
    param: ours(['err']),
    onFail,
    lead: [],
  };
  return `(() => ${braces({ items: [item] }, { indent }, pen)})()`;
}

function printList(expr: Extract<Expr, { kind: 'list' }>, indent: string, pen: Pen): string {
  const inline = expr.all.map((each) => printExpr(each, indent, pen));
  const isShort = indent.length + inline.join(', ').length < widest - 20 && !inline.some((each) => each.includes('\n'));
  const deeper = indent + pen.style.indent;
  const lines = expr.all.map((each) => `${deeper}${printExpr(each, deeper, pen)},\n`);
  const list = isShort ? `[${inline.join(', ')}]` : `[\n${lines.join('')}${indent}]`;
  return `${joins[expr.join]}(${list})`;
}

/** One link stands behind its promise where there is room; several stand below it, one to a line. */
function printChain({ start, links }: Extract<Expr, { kind: 'chain' }>, indent: string, pen: Pen): string {
  const head = printStart(start, indent, pen);
  const [only, more] = links;
  if (only && !more && (!head.includes('\n') || start.kind !== 'text')) {
    const whole = head + printLink(only, indent, pen);
    const isWide = (line: string): boolean => line.length > widest - 10;
    const isShort = !whole.includes('\n') && indent.length + 'return '.length + whole.length <= widest - 10;
    if (isShort || (whole.includes('\n') && !whole.split('\n').slice(0, 1).some(isWide))) return whole;
  }
  const deeper = indent + pen.style.indent;
  return head + links.map((link) => `\n${deeper}${printLink(link, deeper, pen)}`).join('');
}

/** What a link can be put behind. */
function printStart(start: Expr, indent: string, pen: Pen): string {
  const text = printExpr(start, indent, pen);
  if (start.kind !== 'text') return text;
  if (!start.isPromise) return `Promise.resolve(${text})`;
  return start.text.loose ? `(${text})` : text;
}

function printLink({ method, handlers }: Link, indent: string, pen: Pen): string {
  const inline = handlers.map((fn) => printHandler(fn, indent, pen));
  if (inline.length < 2 || !inline.some((text) => text.includes('\n'))) return `.${method}(${inline.join(', ')})`;
  const deeper = indent + pen.style.indent;
  const lines = handlers.map((fn) => `${deeper}${printHandler(fn, deeper, pen)},\n`);
  return `.${method}(\n${lines.join('')}${indent})`;
}
