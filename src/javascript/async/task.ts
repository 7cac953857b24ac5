import { renderSnippet } from '../../edits/render.js';
import type { BlockTask, Snippet, StepOf, Task } from '../../flow/model.js';
import { waits } from '../../flow/passes/simplify.js';
import type { Pen } from '../pen.js';
import { writeArrowBody, writeFunctionBody, type Place } from './write.js';

type Join = Extract<Task, { kind: 'fanOut' }>['join'];

const joins: Readonly<Record<Join, string>> = {
  all: 'Promise.all',
  settled: 'Promise.allSettled',
  race: 'Promise.race',
  any: 'Promise.any',
};

/** A task as an expression that can be awaited. */
export function writeTask(task: Task, place: Place, pen: Pen): string {
  const text = (snippet: Snippet) => renderSnippet(snippet, place.indent, pen.canvas);
  switch (task.kind) {
    case 'call':
      return text(task.awaitable);
    case 'block':
      return `(${writeLocalFunction('', task, place, pen)})()`;
    case 'fanOut': {
      const over = task.over.loose ? `(${text(task.over)})` : text(task.over);
      const params = task.item.map(text).join(', ');
      if (task.via) {
        const each = writeLocalFunction('', task.each, place, pen);
        return `${joins[task.join]}(${over}.map((${params}) => ${text(task.via)}(${each})))`;
      }
      const each = writeLocalFunction(params, task.each, place, pen);
      if (task.limit && task.window) {
        const name = pen.need(task.window);
        if (task.window.from !== 'p-map') return `${name}(${text(task.over)}, ${text(task.limit)}, ${each})`;
        return `${name}(${text(task.over)}, ${each}, { concurrency: ${text(task.limit)} })`;
      }
      return `${joins[task.join]}(${over}.map(${each}))`;
    }
    case 'together': {
      const tasks = task.tasks.map((each) => writeTask(each, place, pen));
      const joined = `${joins[task.join]}([${tasks.join(', ')}])`;
      if (!task.keys) return joined;
      const names = task.keys.map((_, index) => `value${index + 1}`);
      const fields = task.keys.map((key, index) => `${text(key)}: ${names[index]}`);
      return `${joined}.then(([${names.join(', ')}]) => ({ ${fields.join(', ')} }))`;
    }
  }
}

/** An arrow, `async` where it waits or could throw: a plain one only hands on a promise. */
function writeLocalFunction(params: string, task: BlockTask, place: Place, pen: Pen): string {
  const [only, more] = task.body.steps;
  const handsOn = only?.kind === 'exit' && !more && handedOn(only);
  if (handsOn) return `(${params}) => ${writeArrowBody(task.body, place, pen)}`;
  const body = waits(task.body.steps)
    ? writeFunctionBody(task.body, place, pen)
    : writeArrowBody(task.body, place, pen);
  return `async (${params}) => ${body}`;
}

function handedOn(exit: StepOf<'exit'>): boolean {
  return exit.how === 'succeed' && !!exit.with && 'kind' in exit.with && exit.with.kind === 'call';
}
