import type { Block, Lead, Snippet, Step, Task } from '../../flow/model.js';
import { mapBlocks, blocksOf, isTask, snippetsIn } from '../../flow/query.js';
import type { Range } from '../../types.js';
import { ts } from '../parse.js';

/**
 * Comments that stood beside something that is not written any more (an error test, a head of a callback) go above what follows
 * them, or to the end of the block. No comment may be lost.
 */
export function keepComments(flow: Block, body: ts.Node): Block {
  const all = commentsOf(body);
  if (!all.length) return flow;
  const covered: Range[] = [];
  collect(flow, covered);
  const lost = all.filter(
    (comment) => !covered.some((range) => range.start <= comment.start && comment.end <= range.end),
  );
  return lost.reduce((block, comment) => placed(block, comment) ?? { ...block, tail: [...block.tail, comment] }, flow);
}

function collect(block: Block, into: Range[]): void {
  for (const step of block.steps) {
    addLeads(step.lead, into);
    into.push(...(step.trail ?? []));
    snippetsIn(step).forEach((snippet) => addParts(snippet, into));
    if (step.kind === 'wait') collectTask(step.on, into);
    if (step.kind === 'exit' && step.how === 'succeed' && step.with && isTask(step.with)) collectTask(step.with, into);
    if ((step.kind === 'wait' || step.kind === 'guard') && step.onFail?.param)
      addParts(step.onFail.param.pattern, into);
    if (step.kind === 'switch') step.arms.forEach((arm) => addLeads(arm.lead, into));
    blocksOf(step).forEach((inner) => collect(inner, into));
  }
  addLeads(block.tail, into);
}

function collectTask(task: Task, into: Range[]): void {
  if (task.kind === 'block') collect(task.body, into);
  if (task.kind === 'together') task.tasks.forEach((each) => collectTask(each, into));
  if (task.kind === 'fanOut') {
    task.item.forEach((item) => addParts(item, into));
    collect(task.each.body, into);
  }
}

function addLeads(leads: readonly Lead[], into: Range[]): void {
  for (const lead of leads) if (lead !== '') into.push(lead);
}

function addParts(snippet: Snippet, into: Range[]): void {
  for (const part of snippet.parts) if (typeof part === 'object' && 'start' in part) into.push(part);
}

/** Above the first step that begins behind the comment, as deep inside as it goes. */
function placed(block: Block, comment: Range): Block | undefined {
  for (const [index, step] of block.steps.entries()) {
    if (step.at.start >= comment.end) return withStep(block, index, { ...step, lead: inOrder(step.lead, comment) });
    if (step.at.end <= comment.start) continue;
    let done = false;
    const inner = mapInner(step, (each) => {
      if (done) return each;
      const found = placed(each, comment);
      if (found) done = true;
      return found ?? each;
    });
    if (done) return withStep(block, index, inner);
  }
  return undefined;
}

function inOrder(lead: readonly Lead[], comment: Range): Lead[] {
  const index = lead.findIndex((each) => each !== '' && each.start > comment.start);
  const at = index < 0 ? lead.length : index;
  return [...lead.slice(0, at), comment, ...lead.slice(at)];
}

function withStep(block: Block, index: number, step: Step): Block {
  return { ...block, steps: block.steps.map((each, at) => (at === index ? step : each)) };
}

function mapInner(step: Step, map: (block: Block) => Block): Step {
  const own = mapBlocks(step, map);
  if (own.kind === 'wait') return { ...own, on: mapTask(own.on, map) };
  if (own.kind === 'exit' && own.how === 'succeed' && own.with && isTask(own.with))
    return { ...own, with: mapTask(own.with, map) };
  return own;
}

function mapTask(task: Task, map: (block: Block) => Block): Task {
  if (task.kind === 'block') return { ...task, body: map(task.body) };
  if (task.kind === 'together') return { ...task, tasks: task.tasks.map((each) => mapTask(each, map)) };
  return task.kind === 'fanOut' ? { ...task, each: { ...task.each, body: map(task.each.body) } } : task;
}

function commentsOf(body: ts.Node): Range[] {
  const { text } = body.getSourceFile();
  if (!/\/[/*]/.test(text.slice(body.pos, body.end))) return [];
  const found: Range[] = [];
  const visit = (node: ts.Node): void => {
    const children = node.getChildren();
    if (children.length > 0) return children.forEach(visit);
    if (node.kind === ts.SyntaxKind.JsxText) return;
    const trivia = text.slice(node.pos, node.getStart());
    if (!trivia.includes('/')) return;
    for (const match of trivia.matchAll(/\/\/[^\r\n\u2028\u2029]*|\/\*[\s\S]*?\*\//g)) {
      const start = node.pos + match.index;
      if (start >= body.getStart()) found.push({ start, end: start + match[0].length });
    }
  };
  visit(body);
  return found;
}

/** Steps without the comments that a block has already: what stands above `if (err) … else …` is read with both of its arms. */
export function withoutCommentsOf(block: Block, steps: readonly Step[]): Step[] {
  const covered: Range[] = [];
  collect(block, covered);
  const there = new Set(covered.map(({ start }) => start));
  const isNew = (each: Lead): boolean => each === '' || !there.has(each.start);
  return steps.map((step) => {
    if (step.lead.every(isNew) && (step.trail ?? []).every(isNew)) return step;
    return { ...step, lead: step.lead.filter(isNew), ...(step.trail && { trail: step.trail.filter(isNew) }) };
  });
}
