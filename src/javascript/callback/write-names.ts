import type { Canvas } from '../../edits/render.js';
import type { Binding, Block, Entry, Snippet, Step, Task } from '../../flow/model.js';
import { blocksOf, isTask, snippetsIn } from '../../flow/query.js';
import { waitsIn } from './write-calm.js';

/** Names of ours in one entry. */
export interface Names {
  /** The parameter of continuations that takes the error. */
  readonly error: string;
  /** A name that is used nowhere else in the entry. */
  fresh(stem: string): string;
  /** A name for the span of a few lines: the same each time. */
  local(stem: string): string;
  /** Takes back what was given since: the same text is written once more. */
  mark(): () => void;
}

export function namesOf(entry: Entry, flow: Block, canvas: Canvas): Names {
  const words = new Set(canvas.text.slice(entry.at.start, entry.at.end).match(/[\w$\u00aa-\uffff]+/g) ?? []);
  for (const [at, name] of canvas.renames) if (at >= entry.at.start && at < entry.at.end) words.add(name);
  if (entry.shape.kind !== 'inside' && 'callback' in entry.shape && entry.shape.callback)
    words.add(canvas.nameOf(entry.shape.callback));
  everyStep(flow, (step) => {
    for (const snippet of everySnippet(step)) {
      snippet.declares.forEach(({ binding }) => words.add(canvas.nameOf(binding)));
      for (const part of snippet.parts) if (typeof part === 'object' && 'name' in part) words.add(canvas.nameOf(part));
    }
  });
  const said = spoken(flow, canvas);
  const used = new Set<string>();
  const short = new Set<string>();
  const free = (stem: string, isTaken: (name: string) => boolean): string => {
    for (let n = 1; ; n++) if (!isTaken(n === 1 ? stem : `${stem}${n}`)) return n === 1 ? stem : `${stem}${n}`;
  };
  const error = ['err', 'error', 'failure'].find((name) => !said.has(name)) ?? free('err', (name) => words.has(name));
  used.add(error);
  return {
    error,
    fresh(stem) {
      const name = free(stem, (each) => words.has(each) || used.has(each) || short.has(each));
      used.add(name);
      return name;
    },
    local(stem) {
      const name = free(stem, (each) => words.has(each) || used.has(each));
      short.add(name);
      return name;
    },
    mark() {
      const before = [...used];
      return () => {
        used.clear();
        before.forEach((name) => used.add(name));
      };
    },
  };
}

/**
 * Names that the source's own code says, but for what error branches call their error. Where such a branch waits, a continuation in it would
 * hide that name.
 */
function spoken(flow: Block, canvas: Canvas): Set<string> {
  const found = new Set<string>();
  const own = new Set<Binding>();
  everyStep(flow, (step) => {
    if ((step.kind === 'guard' || step.kind === 'wait') && step.onFail?.param && !step.onFail.body.steps.some(waitsIn))
      step.onFail.param.pattern.declares.forEach(({ binding }) => own.add(binding));
  });
  everyStep(flow, (step) => {
    for (const snippet of everySnippet(step)) {
      for (const use of snippet.uses)
        if (!use.binding || !own.has(use.binding)) found.add(use.binding ? canvas.nameOf(use.binding) : use.name);
      for (const { binding } of snippet.declares) if (!own.has(binding)) found.add(canvas.nameOf(binding));
    }
  });
  return found;
}

/** Every step, those of blocks and of functions inside too, in the order of the text. */
export function everyStep(flow: Block, visit: (step: Step) => void): void {
  for (const step of flow.steps) {
    visit(step);
    tasksOf(step).forEach((task) => blocksOfTask(task).forEach((inner) => everyStep(inner, visit)));
    blocksOf(step).forEach((inner) => everyStep(inner, visit));
  }
}

export function tasksOf(step: Step): Task[] {
  if (step.kind === 'wait') return [step.on];
  return step.kind === 'exit' && step.how === 'succeed' && step.with && isTask(step.with) ? [step.with] : [];
}

function blocksOfTask(task: Task): Block[] {
  if (task.kind === 'block') return [task.body];
  if (task.kind === 'fanOut') return [task.each.body];
  return task.kind === 'together' ? task.tasks.flatMap(blocksOfTask) : [];
}

/** All snippets of a step and of its tasks, not of its blocks. */
export function everySnippet(step: Step): Snippet[] {
  const handler =
    (step.kind === 'guard' || step.kind === 'wait') && step.onFail?.param ? [step.onFail.param.pattern] : [];
  return [...snippetsIn(step), ...handler, ...tasksOf(step).flatMap(itemsOf)];
}

function itemsOf(task: Task): Snippet[] {
  if (task.kind === 'fanOut') return [...task.item];
  return task.kind === 'together' ? task.tasks.flatMap(itemsOf) : [];
}

/** The canvas with a name of its own for each that would hide another (`shadowsIn`). */
export function withoutShadows(entry: Entry, flow: Block, canvas: Canvas): Canvas {
  const renamed = shadowsIn(entry, flow, canvas);
  return renamed.size === 0
    ? canvas
    : { ...canvas, nameOf: (binding) => renamed.get(binding) ?? canvas.nameOf(binding) };
}

/**
 * A name that hides another one in a block of its own would hide it in all that now stands inside the same continuation: it gets
 * a name of its own. These names, and on the canvas the places where they are used: in functions inside too, which are written first.
 */
export function shadowsIn(entry: Entry, flow: Block, canvas: Canvas): ReadonlyMap<Binding, string> {
  const free = new Set<string>();
  const taken = new Set(canvas.text.match(/[\w$\u00aa-\uffff]+/g) ?? []);
  everyStep(flow, (step) => {
    for (const snippet of everySnippet(step)) {
      for (const use of snippet.uses) if (!use.binding) free.add(use.name);
      snippet.declares.forEach(({ binding }) => taken.add(canvas.nameOf(binding)));
    }
  });
  const renamed = new Map<Binding, string>();
  const check = (block: Block, visible: ReadonlySet<string>, extra: readonly Snippet[]): void => {
    const own = new Set(visible);
    for (const snippet of [...extra, ...block.steps.flatMap((step) => ownSnippets(step))])
      for (const { binding } of snippet.declares) {
        if (renamed.has(binding)) continue;
        const name = canvas.nameOf(binding);
        if ((visible.has(name) || free.has(name)) && !pinned.has(binding)) renamed.set(binding, another(name, taken));
        else own.add(name);
      }
    for (const step of block.steps) {
      for (const task of tasksOf(step)) checkTask(task, own);
      const params = step.kind === 'loop' ? headOf(step) : [];
      for (const inner of blocksOf(step)) check(inner, own, isHandler(step, inner) ? handlerParam(step) : params);
    }
  };
  const checkTask = (task: Task, visible: ReadonlySet<string>): void => {
    if (task.kind === 'block') check(task.body, visible, []);
    if (task.kind === 'fanOut') check(task.each.body, visible, task.item);
    if (task.kind === 'together') task.tasks.forEach((each) => checkTask(each, visible));
  };
  const pinned = new Set(entry.params.map(({ binding }) => binding));
  check(flow, new Set(entry.params.map(({ binding }) => canvas.nameOf(binding))), []);
  everyStep(flow, (step) => {
    for (const snippet of everySnippet(step))
      for (const { at, name, binding, shorthand } of snippet.uses) {
        const fresh = binding && renamed.get(binding);
        if (fresh) canvas.renames.set(at, shorthand ? `${name}: ${fresh}` : fresh);
      }
  });
  return renamed;
}

/** What a step brings into the block that it stands in. */
function ownSnippets(step: Step): Snippet[] {
  return step.kind === 'loop' ? [] : snippetsIn(step);
}

function headOf(step: Step & { kind: 'loop' }): Snippet[] {
  return [step.head];
}

function isHandler(step: Step, block: Block): boolean {
  return (step.kind === 'guard' || step.kind === 'wait') && step.onFail?.body === block;
}

function handlerParam(step: Step): Snippet[] {
  return (step.kind === 'guard' || step.kind === 'wait') && step.onFail?.param ? [step.onFail.param.pattern] : [];
}

function another(name: string, taken: Set<string>): string {
  const stem = name.replace(/\d+$/, '') || name;
  for (let n = 2; ; n++)
    if (!taken.has(`${stem}${n}`)) {
      taken.add(`${stem}${n}`);
      return `${stem}${n}`;
    }
}
