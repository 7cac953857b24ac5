import type { Binding, Block, Entry, Step } from '../../flow/model.js';
import { blocksOf } from '../../flow/query.js';
import { unsayable } from './write-model.js';
import { waitsIn } from './write-calm.js';
import { everySnippet, everyStep, tasksOf } from './write-names.js';

/** Names must be declared where all can see them who say them, once what follows a wait stands in a function of its own. */
export function checkNames(entry: Entry, flow: Block, text: string): void {
  checkWords(flow, text);
  const stretch = new Map<Binding, number>();
  let turn = 0;
  everyStep(flow, (step) => {
    if (step.kind === 'wait') turn++;
    for (const snippet of everySnippet(step))
      for (const { binding } of snippet.declares) if (!stretch.has(binding)) stretch.set(binding, turn);
  });
  turn = 0;
  everyStep(flow, (step) => {
    for (const { binding, at } of everySnippet(step).flatMap((snippet) => snippet.uses)) {
      const declared = binding && stretch.get(binding);
      // Said before it is declared, by a function that is called later.
      if (declared !== undefined && declared > turn && step.kind !== 'wait')
        unsayable('no-callback-form', { start: at, end: at + 1 });
    }
    if (step.kind === 'wait') turn++;
  });
  checkVars(entry, flow);
}

/** An error that is no error at all would read as success. */
export function checkErrors(flow: Block, text: string): void {
  everyStep(flow, (step) => {
    if (step.kind !== 'exit' || step.how !== 'fail') return;
    const said = step.with.parts
      .map((part) => (typeof part === 'string' ? part : 'start' in part ? text.slice(part.start, part.end) : part.name))
      .join('');
    if (/^(undefined|null|false|0|''|""|``|void 0)$/.test(said.trim())) unsayable('no-callback-form', step.at);
  });
}

/** What only an async function or a generator may say. */
function checkWords(flow: Block, text: string): void {
  everyStep(flow, (step) => {
    for (const { parts } of everySnippet(step))
      for (const part of parts) {
        if (typeof part !== 'object' || !('start' in part)) continue;
        const source = text.slice(part.start, part.end);
        const word = /\b(await|yield)\b/.exec(source);
        if (word && !/\basync\b|\bfunction\s*\*/.test(source.slice(0, word.index))) unsayable('mixed-style', part);
      }
  });
}

/** `var` in a block that becomes a function of its own, said outside of it. */
function checkVars(entry: Entry, flow: Block): void {
  const check = (block: Block): void => {
    for (const step of block.steps) {
      if (waitsIn(step) || tasksOf(step).length > 0)
        for (const inner of blocksOf(step)) {
          const vars = varsOf(inner);
          if (vars.size > 0 && saidOutside(flow, inner, vars)) unsayable('no-callback-form', step.at);
        }
      blocksOf(step).forEach(check);
    }
  };
  check(flow);
  void entry;
}

function varsOf(block: Block): Set<Binding> {
  const found = new Set<Binding>();
  everyStep(block, (step) => {
    for (const snippet of everySnippet(step))
      for (const { binding, how } of snippet.declares) if (how === 'var') found.add(binding);
  });
  return found;
}

function saidOutside(flow: Block, inside: Block, vars: ReadonlySet<Binding>): boolean {
  const own = new Set<Step>();
  everyStep(inside, (step) => own.add(step));
  let found = false;
  everyStep(flow, (step) => {
    if (own.has(step)) return;
    for (const snippet of everySnippet(step))
      if (snippet.uses.some((use) => use.binding && vars.has(use.binding))) found = true;
  });
  return found;
}
