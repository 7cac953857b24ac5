/** What goes on threads is run on real ones: the stories' runtime only plays them. */

import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { applyEdits } from '../../src/edits/edits.js';
import { convertProject } from '../../src/transforms/index.js';

const top = path.join(__dirname, '..', '..');

/** Below our node_modules, so that the libraries are found. */
const home = path.join(top, 'node_modules', '.cache', 'asyncshift-threads');
afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

const program = (from: string, thrown: string): string => `${from}
async function digest(text) {
  if (text === 'bad') throw new ${thrown}('no digest of ' + text);
  let out = text;
  for (let i = 0; i < 100; i++) out = crypto.createHash('sha256').update(out).digest('hex');
  return { text, out };
}

async function main() {
  const salt = 'x';
  console.log(await Promise.all(['a', 'b', 'c'].map(digest)));
  console.log(await Promise.all(['a', 'b'].map(async (text) => {
    let sum = 0;
    for (const char of text + salt) sum += char.charCodeAt(0);
    return sum;
  })));
  try {
    await Promise.all(['a', 'bad'].map((text) => digest(text)));
  } catch (err) {
    console.log(err instanceof ${thrown}, err.message);
  }
}
main();
`;

function run(name: string, files: Readonly<Record<string, string>>, main: string): string {
  const folder = path.join(home, name);
  fs.rmSync(folder, { recursive: true, force: true });
  for (const [file, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), text);
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [main], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

test.each([
  ['piscina, CommonJS', 'main.js', "const crypto = require('crypto');", 'piscina'],
  ['piscina, ES modules', 'main.mjs', "import crypto from 'node:crypto';", 'piscina'],
  ['workerpool', 'main.js', "const crypto = require('crypto');", 'workerpool'],
])('%s: threads give what one thread gave, and the program ends', (name, main, head, library) => {
  const before = {
    [main]: program(head, library === 'workerpool' ? 'Error' : 'TypeError'),
    'package.json': JSON.stringify({ name: 'x', dependencies: { [library]: '*' } }),
  };
  const read = (file: string): string | undefined => before[file];
  const files = [{ path: main, text: before[main]! }];
  const result = convertProject(files, { to: 'pool', pool: 'threads' }, { root: '/x', read, others: [] });
  const edits = result.groups.flatMap((group) => group.edits);
  const after: Record<string, string> = { ...before };
  for (const file of new Set(edits.map((edit) => edit.path)))
    after[file] = applyEdits(
      before[file] ?? '',
      edits.filter((edit) => edit.path === file),
    );
  expect(Object.keys(after).sort()).toEqual(
    [`digest.task${path.extname(main)}`, main, `main.task${path.extname(main)}`, 'package.json'].sort(),
  );
  expect(run(`${name} after`, after, main)).toBe(run(`${name} before`, before, main));
});
