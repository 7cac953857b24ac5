/** The arrows of ARCHITECTURE.md: cli → run, report → transforms → javascript → flow, edits. */

import { sources } from './sources.js';
import type { Import } from './sources.js';

const files = sources();
const imports = files.flatMap((file) => file.imports);
const folderOf = (name: string): string => (name.includes('/') ? name.split('/')[0]! : '');

/** Folder → the folders it may import from, beside itself, `types` and `messages`. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  cli: ['run', 'report', 'transforms', ''],
  run: ['transforms', 'report', 'edits'],
  report: ['run', 'edits'],
  transforms: ['javascript', 'python', 'flow', 'edits'],
  javascript: ['flow', 'edits'],
  python: ['flow', 'edits'],
  flow: [],
  edits: ['flow'], // rendering a fragment of the model
  messages: [],
  jscodeshift: ['run', 'transforms'],
  '': ['run', 'report', 'transforms'],
};

test('every folder of src has its arrows', () => {
  const folders = new Set(files.map((file) => folderOf(file.name)));
  expect([...folders].filter((folder) => !(folder in ARROWS))).toEqual([]);
});

test('imports follow the arrows', () => {
  const local = imports.filter((each) => !isPackage(each) && each.to !== 'types' && folderOf(each.to) !== 'messages');
  const wrong = local.filter((each) => {
    const [from, to] = [folderOf(each.from), folderOf(each.to)];
    return from !== to && !ARROWS[from]!.includes(to);
  });
  expect(wrong.map(say)).toEqual([]);
});

test('a reader never imports a writer, nor the reverse', () => {
  const wrong = imports.filter(({ from, to }) => (isReader(from) && isWriter(to)) || (isWriter(from) && isReader(to)));
  expect(wrong.map(say)).toEqual([]);
});

/** Each style that is both read and written has files of both kinds. */
const inStyle = /^javascript\/(callback|promise|async)\//;
const isWriter = (name: string): boolean => /^javascript\/(callback|promise|async)\/(write|task)/.test(name);
const isReader = (name: string): boolean => inStyle.test(name) && !isWriter(name);
test('only javascript/parse knows the parser, and javascript/types ts-morph when it is asked; all others have its types at most', () => {
  const wrong = imports.filter((each) => /^(ts-morph|typescript|@ts-morph\/)/.test(each.to) && !each.typeOnly);
  const allowed = (each: Import): boolean =>
    each.from === 'javascript/parse.ts' || (each.from === 'javascript/types.ts' && each.lazy);
  expect(wrong.filter((each) => !allowed(each)).map(say)).toEqual([]);
});

test('only python/parse knows the parser of Python and its second opinion', () => {
  const wrong = imports.filter((each) => /^(py-ast|@wasm-fmt\/)/.test(each.to) && each.from !== 'python/parse.ts');
  expect(wrong.map(say)).toEqual([]);
});

test('only run and cli touch files and processes; the jscodeshift shape reads', () => {
  const outside = /^(node:)?(fs|fs\/promises|child_process|worker_threads|net|http|https)$/;
  const wrong = imports.filter((each) => outside.test(each.to) && !/^(run|cli|jscodeshift)\//.test(each.from));
  expect(wrong.map(say)).toEqual([]);
});

test('only the command line prints or ends the process', () => {
  const talks = /\bconsole\.\w+\(|\bprocess\.(exit|exitCode|stdout|stderr)\b/;
  const code = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|(['"`])(?:\\.|(?!\1).)*\1/g, '');
  const wrong = files.filter((file) => folderOf(file.name) !== 'cli' && talks.test(code(file.text)));
  expect(wrong.map((file) => file.name)).toEqual([]);
});

test('no file is longer than 400 lines', () => {
  const lines = files.map((file) => ({ name: file.name, lines: file.text.split('\n').length - 1 }));
  const long = lines.filter((file) => file.lines > 400 && file.name !== 'messages/generated.ts');
  expect(long).toEqual([]);
});

function isPackage({ to, from }: Import): boolean {
  return (
    !files.some((file) => file.name === `${to}.ts` || file.name === `${to}/index.ts`) &&
    !to.startsWith(`${folderOf(from)}/`)
  );
}

function say({ from, to }: Import): string {
  return `${from} imports ${to}`;
}
