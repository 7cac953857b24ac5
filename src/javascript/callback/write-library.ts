import type { Snippet, StepOf, Task } from '../../flow/model.js';
import { answerLines } from './write-fan-out.js';
import { arrow, deeper, isSheltered, line, textOf, type Env } from './write-model.js';
import { tryLines } from './write-steps.js';
import { continuation, type After } from './write-wait.js';
import { copyOf } from './write-window.js';

type FanOut = Extract<Task, { kind: 'fanOut' }>;

/**
 * A fan-out by the `async` library, where the project has it and where it keeps the rule at a failure: `map` and `each` start everything at
 * once as `Promise.all` did, `mapLimit` and `eachLimit` start nothing more after a failure. Undefined where our own join is right.
 *
 *   async.mapLimit(ids, 2, (id, done) => load(id, done), (err, users) => {
 *     if (err) return callback(err);
 *     …
 *   });
 */
export function byLibrary(task: Task, step: StepOf<'wait'>, after: After, env: Env): string[] | undefined {
  const { asyncLibrary: library } = env.world.pen;
  if (!library || task.kind !== 'fanOut' || !isSayable(task, step, env)) return undefined;
  const { names, pen } = env.world;
  const results = step.bind ? 'value' : 'none';
  const { list, lines, filled } = listFor(task, env);
  const iteratee = iterateeOf(task, env);
  let then = continuation(step, results, after, env);
  // Without an item the library answers in the turn in which it was called.
  if (!filled) {
    if (!/^[\w$.]+$/.test(then)) {
      const name = names.fresh('next');
      lines.push(line(`const ${name} = ${then}`, env));
      then = name;
    }
    const none = results === 'value' ? ', []' : '';
    lines.push(line(`if (${list}.length === 0) return process.nextTick(${then}, null${none})`, env));
  }
  const word = `${results === 'value' ? 'map' : 'each'}${task.limit ? 'Limit' : ''}`;
  const limit = task.limit ? [textOf(task.limit, env)] : [];
  const call = `${pen.need(library)}.${word}(${[list, ...limit, iteratee, then].join(', ')})`;
  return [...lines, line(env.tail ? call : `return ${call}`, env)];
}

function isSayable({ join, item, limit, held }: FanOut, { onFail }: StepOf<'wait'>, env: Env): boolean {
  const [first, index] = item;
  if (join !== 'all' || onFail || index || first?.destructures) return false;
  if (limit && (held?.rule !== 'stop' || held.awaits || held.checked || !/^[\w$]+$/.test(textOf(limit, env))))
    return false;
  return true;
}

/** The list as an array of which the length can be asked. */
function listFor({ over, limit }: FanOut, env: Env): { list: string; lines: string[]; filled: boolean } {
  const text = textOf(over, env);
  const isLiteral = /^\[[^[\]]*\]$/.test(text);
  const filled = isLiteral && /[^\s[\],.]/.test(text) && !text.includes('...');
  const isCalm = isSheltered(env) || (over.calm === true && over.list === true);
  if (filled || (isCalm && isPath(over, text) && !limit)) return { list: text, lines: [], filled };
  const list = env.world.names.fresh('items');
  // What is still to start is read later: the list may have changed by then.
  const value =
    !limit && isPath(over, text)
      ? `${text}.slice()`
      : limit && !(over.list && !isPath(over, text))
        ? copyOf(text)
        : text;
  if (isCalm) return { list, lines: [line(`const ${list} = ${value}`, env)], filled: false };
  const inner: Env = { ...deeper(env), trying: true, enclosed: true };
  return {
    list,
    lines: [line(`let ${list}`, env), ...tryLines([line(`${list} = ${value}`, inner)], env, false)],
    filled: false,
  };
}

const isPath = ({ pure }: Snippet, text: string): boolean => pure === true && /^[\w$.]+$/.test(text);

function iterateeOf(task: FanOut, env: Env): string {
  const done = env.world.names.fresh('done');
  const item = task.item[0] ? textOf(task.item[0], env) : '_item';
  const text = arrow([item, done], env, (inner) => answerLines(task.each, done, inner, env));
  const short = /^(\([^()]*\) => )\{\n\s*([\w$.]+\(.*\));?\n\s*\}$/.exec(text);
  return short ? short[1]! + short[2]! : text;
}
