import type { Block, BlockTask, HeldWindow, Snippet, Step, StepOf, Task } from '../../flow/model.js';
import { deeper, failWith, isSheltered, line, textOf, unsayable, type Env } from './write-model.js';

type FanOut = Extract<Task, { kind: 'fanOut' }>;

/**
 * A fan-out of which at most so many run at once. Each task that is done starts the next one:
 *
 *   let started = 0;
 *   const start = () => {
 *     if (started >= items.length) return;
 *     const index = started++;
 *     load(items[index], collect(index));
 *   };
 *   for (let n = Math.min(2, left); n > 0; n--) start();
 */
export interface Held {
  readonly rule: HeldWindow['rule'];
  readonly task: FanOut;
  readonly window: HeldWindow;
  /** The name of the function that starts the next task. */
  readonly start: string;
  /** The name of the list, which is the window's own. */
  readonly items: string;
  /** How many have been started. */
  readonly started: string;
  /** The text of the limit. */
  readonly limit: string;
  /** It is evaluated once, under this name. */
  readonly isNamed: boolean;
}

/** What a fan-out with a limit needs; undefined where there is no limit. */
export function heldIn(task: Task, step: StepOf<'wait'>, env: Env): Held | undefined {
  if (task.kind !== 'fanOut' || !task.limit) return undefined;
  const { held: window, limit, join } = task;
  const isKnown = limit.pure === true || limit.calm === true || isSheltered(env);
  if (!window || !isKnown || (join !== 'all' && join !== 'settled')) unsayable('no-callback-form', step.at);
  const { names } = env.world;
  const text = textOf(limit, env);
  const isNamed = !/^([\w$]+|\d+)$/.test(text);
  return {
    rule: window.rule,
    task,
    window,
    start: names.fresh('start'),
    items: names.fresh('items'),
    started: names.fresh('started'),
    limit: isNamed ? names.fresh('limit') : text,
    isNamed,
  };
}

/** The list as it is when the window begins. */
export function copyOf(list: string): string {
  return /^\[[^[\]]*\]$/.test(list) ? list : `[...${list}]`;
}

/** What says the limit, once, and what is wrong with it. */
export function limitLines({ task, window, limit, isNamed, started }: Held, env: Env): string[] {
  const lines = isNamed ? [line(`const ${limit} = ${textOf(task.limit!, env)}`, env)] : [];
  if (window.checked) {
    const inner: Env = { ...deeper(env), tail: false };
    lines.push(
      `${env.indent}if (!((Number.isInteger(${limit}) || ${limit} === Infinity) && ${limit} >= 1)) {`,
      ...failWith(`new TypeError(\`Expected a limit from 1 up, got \${${limit}}\`)`, inner),
      `${env.indent}}`,
    );
  }
  return [...lines, line(`let ${started} = 0`, env)];
}

/** One turn: the next item, if there is one, and its task. */
export function turnLines(
  { task, window, items, started }: Held,
  inner: Env,
  write: (each: BlockTask, index: string) => string[],
): string[] {
  const [item, second] = task.item;
  const index = second
    ? second.declares[0] && textOf({ ...second, parts: [second.declares[0].binding] }, inner)
    : undefined;
  const name = index ?? inner.world.names.local('index');
  const end = inner.world.pen.style.semi ? ';' : '';
  const value = `${items}[${name}]`;
  const head = [
    `${inner.indent}if (${started} >= ${items}.length) return${end}`,
    line(`const ${name} = ${started}++`, inner),
  ];
  if (!item) return [...head, ...write(task.each, name)];
  if (!window.awaits && !item.destructures)
    return [...head, line(`const ${textOf(item, inner)} = ${value}`, inner), ...write(task.each, name)];
  return [...head, ...write({ ...task.each, body: withItem(task.each.body, item, value, window.awaits) }, name)];
}

/** Taking an item apart can throw, and waiting for it can fail: that is its task's failure. */
function withItem(body: Block, item: Snippet, value: string, awaits: boolean): Block {
  const { at } = item;
  const read: Snippet = { parts: [value], uses: [], declares: [], promise: 'maybe', pure: true, at };
  const first: Step = awaits
    ? {
        kind: 'wait',
        on: { kind: 'call', form: 'awaitable', awaitable: read },
        bind: { how: 'const', pattern: item },
        lead: [],
        at,
      }
    : {
        kind: 'code',
        made: true,
        code: { ...item, parts: ['const ', ...item.parts, ` = ${value}`], calm: false, pure: false },
        lead: [],
        at,
      };
  return { ...body, steps: [first, ...body.steps] };
}

/** As many as may run at once. */
export function firstTurns({ limit, start }: Held, left: string, env: Env): string[] {
  const n = env.world.names.local('n');
  return [line(`for (let ${n} = Math.min(${limit}, ${left}); ${n} > 0; ${n}--) ${start}()`, env)];
}
