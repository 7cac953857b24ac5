/** The docs table of directions and constructs, made of what becomes of each story: converted, bridged, or refused with a code. */

import { notes } from '../../src/messages/generated.js';
import { convert } from '../../test/fixtures/convert.js';
import { ownEngine } from '../../test/fixtures/own-engine.js';
import { readDirections, STYLES } from '../../test/fixtures/stories.js';
import type { Input } from '../../test/fixtures/stories.js';
import type { Style } from '../../src/types.js';

/** Which construct a story is about, by its name: the first that matches. */
export const constructs: readonly (readonly [string, RegExp])[] = [
  ['Fan-outs with a bound, queues', /^pool-|limit|queue-(one|handed)|live-queue|concurrency/],
  ['The library `async`', /^cb-async-/],
  ['Bluebird, Q, jQuery', /^bluebird|^q-|jquery|deferred/],
  ['HTTP clients', /client|fetch|http|needle|request/],
  ['Streams, events, wrapped callbacks', /^leaf-|stream|event|^wraps-|listener|handle$/],
  ['Types', /^typed|^cb-typed|^type-|jsx/],
  ['Fan-outs and joins', /^all-|join|fan-out|^any-|race|results-pushed|started|reduce|iteratee|-literal|spread/],
  ['Loops and retries', /loop|retry|while|recursi|pages|walk|queue|interval|steps|mutual|labelled|foreach/],
  [
    'Branches and early answers',
    /-if|branch|early|conditional|switch|ternary|cache|optional-chain|jumps|constant-tests|iife|else/,
  ],
  [
    'Errors: catch, finally, throw',
    /catch|error|finally|throw|guard|reject|cleanup|bug|log-and-pass|fallback|null-bad|sync|forget|fail/,
  ],
  [
    'Classes, methods, `this`',
    /class|method|this|prototype|super|bind|^object-|iterator|getter|lazy|constructor|call-apply/,
  ],
  [
    'Exports, callers, modules',
    /export|caller|project|called|reference|module|esm|express|framework|handed|optional|length|arity|arguments/,
  ],
  ['Text: comments, layout, directives', /comment|semicolons|shebang|tabs|directive|ignored-by/],
  ['Sequences, values used later', /(?:)/],
];

interface Cell {
  converted: number;
  bridged: number;
  readonly refused: Map<string, number>;
}

type Table = Map<string, Map<Style, Cell>>;

/** `docs/directions.md`. */
export function directionsPage(inputs: readonly Input[] = readDirections()): Record<string, string> {
  const tables = new Map(
    STYLES.map((from) => [from, tableOf(inputs.filter(({ label, options }) => label === from && options.to !== from))]),
  );
  const parts = STYLES.flatMap((from) => tableText(from, tables.get(from)!));
  return { 'docs/directions.md': `${[...lead, ...parts].join('\n').trimEnd()}\n` };
}

const lead = [
  '# Directions and constructs',
  '',
  'What becomes of the stories in `fixtures/js` in each direction. Each story that is converted is executed before and after, with each of its calls failing',
  'in turn. _Bridged_: the inside is converted, the exported name keeps its contract. A story may be converted in one part and refused in another; why a site is',
  'refused says its [page](refusals/index.md).',
  '',
];

function tableOf(inputs: readonly Input[]): Table {
  const table: Table = new Map(constructs.map(([name]) => [name, new Map()]));
  for (const input of inputs) {
    const row = table.get(constructOf(input.story))!;
    const cell = row.get(input.options.to) ?? { converted: 0, bridged: 0, refused: new Map<string, number>() };
    row.set(input.options.to, cell);
    count(cell, input);
  }
  return table;
}

export function constructOf(story: string): string {
  return constructs.find(([, test]) => test.test(story))![0];
}

function count(cell: Cell, input: Input): void {
  const { texts, refusals, notes } = convert(ownEngine, input);
  if (Object.keys(texts).some((name) => texts[name] !== input.files[name])) {
    if (notes.some((line) => line.endsWith(': bridged'))) cell.bridged++;
    else cell.converted++;
  }
  for (const code of new Set(refusals.map((line) => /: ([a-z0-9-]+) at /.exec(line)![1]!)))
    if (code !== 'ignored') cell.refused.set(code, (cell.refused.get(code) ?? 0) + 1);
}

function tableText(from: Style, table: Table): string[] {
  const targets = STYLES.filter((to) => to !== from && [...table.values()].some((row) => row.has(to)));
  if (targets.length === 0) return [];
  const rows = [...table].filter(([, row]) => row.size > 0);
  return [
    `## From ${from}`,
    '',
    `| construct | ${targets.map((to) => `to ${to}`).join(' | ')} |`,
    `| --- | ${targets.map(() => '---').join(' | ')} |`,
    ...rows.map(([name, row]) => `| ${name} | ${targets.map((to) => cellText(row.get(to))).join(' | ')} |`),
    '',
  ];
}

/** The commonest codes are named; the rest are counted. */
const MOST_CODES = 4;

function cellText(cell: Cell | undefined): string {
  if (!cell) return '';
  const codes = [...cell.refused]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([code]) => `[${code}](${code in notes ? 'notes' : 'refusals'}/${code}.md)`);
  const more = codes.length > MOST_CODES ? ` and ${codes.length - MOST_CODES} more` : '';
  return [
    ...(cell.converted ? [`${cell.converted} converted`] : []),
    ...(cell.bridged ? [`${cell.bridged} bridged`] : []),
    ...(codes.length ? [`refused: ${codes.slice(0, MOST_CODES).join(', ')}${more}`] : []),
  ].join('; ');
}
