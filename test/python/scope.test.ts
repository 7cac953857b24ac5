/** Scopes are those of CPython: compared with its own symtable over its own library. */

import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { parsePython } from '../../src/python/parse.js';
import { analyse, type Scope } from '../../src/python/scope.js';

const PROGRAM = `
import json, symtable, sys
def table(t):
    names = {}
    for s in t.get_symbols():
        kind = 'parameter' if s.is_parameter() else 'local' if s.is_local() else 'free' if s.is_free() else 'global'
        names[s.get_name()] = kind
    kids = [table(c) for c in t.get_children()]
    return [t.get_type(), t.get_name(), t.get_lineno(), names, kids]
for line in sys.stdin:
    try:
        print(json.dumps(table(symtable.symtable(open(line.strip(), encoding='utf-8').read(), line, 'exec'))))
    except Exception as error:
        print(json.dumps(str(error)))
`;

type Table = [type: string, name: string, line: number, names: Record<string, string>, children: Table[]];

const python = spawnSync('python3', [
  '-c',
  'import sys, sysconfig; print(sys.version_info[:2] >= (3, 8) and sysconfig.get_path("stdlib"))',
]);
const library = python.status === 0 ? python.stdout.toString().trim() : '';
const there = library !== '' && library !== 'False';

(there ? test : test.skip)(
  there ? "as CPython's symtable says" : 'not run: there is no python3 of 3.8 or later',
  () => {
    const files = [
      '',
      'asyncio',
      'concurrent/futures',
      'unittest',
      'email',
      'http',
      'json',
      'importlib',
      'multiprocessing',
      'urllib',
      'logging',
    ].flatMap((folder) => pythonFiles(path.join(library, folder)));
    const run = spawnSync('python3', ['-c', PROGRAM], { input: files.join('\n'), maxBuffer: 1 << 29 });
    const tables = run.stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Table | string);
    expect(tables).toHaveLength(files.length);
    let compared = 0;
    const wrong = files.flatMap((file, index) => {
      const table = tables[index]!;
      if (typeof table === 'string') return [];
      const text = fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
      const parsed = parsePython(text);
      if ('error' in parsed || /^from __future__ import.*annotations/m.test(text)) return [];
      compared++;
      return differences(table, analyse(parsed.module).module, path.basename(file), text);
    });
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(compared).toBeGreaterThan(200);
  },
  120_000,
);

function pythonFiles(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.py'))
    .map((name) => path.join(folder, name));
}

/** Scope by scope, in the order of the text. Comprehensions are matched like all others. */
function differences([, , , names, children]: Table, scope: Scope, where: string, text: string): string[] {
  const wrong: string[] = [];
  for (const [name, kind] of Object.entries(names)) {
    if (name.startsWith('.') || name === '__class__' || /__/.test(name)) continue; // made by the compiler, or mangled
    const ours = kindOf(name, scope);
    // Bound only by a `global` in functions: ours is the module's, CPython calls it global.
    if (ours === 'local' && kind === 'global' && scope.kind === 'module') continue;
    if (ours !== kind && ours !== 'unused') wrong.push(`${where}: ${name} is ${kind}, not ${ours}`);
  }
  const own = [...scope.children].sort((a, b) => order(a) - order(b));
  const theirs = [...children].sort((a, b) => a[2] - b[2]);
  if (own.length !== theirs.length) return [...wrong, `${where}: ${own.length} scopes, not ${theirs.length}`];
  // Several scopes of one line: any order will do, as long as each finds its like.
  const left = [...own];
  for (const table of theirs) {
    const results = left.map((each) => differences(table, each, `${where}:${table[1]}`, text));
    const best = results.findIndex((each) => each.length === 0);
    if (best >= 0) left.splice(best, 1);
    else if (left.length > 0) wrong.push(...differences(table, left.shift()!, `${where}:${table[1]}`, text));
  }
  return wrong;
}

const order = (scope: Scope): number => scope.node.start;

function kindOf(name: string, scope: Scope): string {
  const own = scope.bindings.get(name);
  if (own && !scope.globals.has(name)) return own.kinds.has('parameter') ? 'parameter' : 'local';
  if (scope.globals.has(name)) return scope.kind === 'module' ? 'local' : 'global';
  const used = scope.reads.some((each) => each.id === name) || scope.nonlocals.has(name) || freeBelow(name, scope);
  if (!used) return 'unused';
  for (let at = scope.parent; at; at = at.parent) {
    if (at.kind === 'class') continue;
    if (at.globals.has(name)) return 'global';
    if (at.bindings.has(name)) return at.kind === 'module' ? 'global' : 'free';
  }
  return 'global';
}

const freeBelow = (name: string, scope: Scope): boolean =>
  scope.children.some(
    (child) => (!child.bindings.has(name) && child.reads.some((each) => each.id === name)) || freeBelow(name, child),
  );
