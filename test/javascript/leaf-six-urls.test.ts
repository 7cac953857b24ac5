import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as path from 'node:path';

import { convert } from './callers.support';

/** The bundled example, asked over http of a server of our own. */
const source = readFileSync(path.join(__dirname, '../../examples/six-urls/callback.js'), 'utf8')
  .replace("require('https')", "require('http')")
  .replace(/ {2}'https:\/\/[^']*',\n/g, (_line, at: number) => `  BASE + '/${at}',\n`)
  .replace(/Process took \$\{[^}]*\}/, 'Process took')
  .replace(/(const urls = )/, 'const BASE = process.env.BASE;\n\n$1');
const urls = [...source.matchAll(/BASE \+ '([^']*)'/g)].map((found) => found[1]!);
const count = urls.length;

interface Run {
  readonly output: string;
  readonly code: number | null;
  /** How many requests were under way at once. */
  readonly most: number;
  readonly asked: readonly string[];
}

/** All requests wait for each other, so that a program that sends one at a time never ends; then the last is answered first. */
async function run(program: string, failing: number): Promise<Run> {
  const waiting: { url: string; answer: () => void }[] = [];
  let most = 0;
  const asked: string[] = [];
  const server = createServer((req, res) => {
    const index = urls.indexOf(req.url!);
    asked.push(req.url!);
    most = Math.max(most, asked.length);
    const answer = (): void =>
      void (index === failing ? req.socket.destroy() : res.end(`page ${req.url}`.repeat(index + 1)));
    waiting.push({ url: req.url!, answer });
    if (waiting.length < count) return;
    waiting.reverse().forEach((each, i) => setTimeout(each.answer, i * 3));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const child = spawn(process.execPath, ['-e', program], { env: { BASE: base, PATH: process.env.PATH } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return { output: output.replaceAll(base, 'BASE'), code, most, asked: [...asked].sort() };
}

const after = convert({ 'a.js': source });

test('all of it is converted', () => {
  expect(count).toBe(6);
  expect(after.refusals).toEqual([]);
  expect(after.files['a.js']).toContain('function getUrl(url) {\n  return new Promise((resolve, reject) => {\n');
  expect(after.files['a.js']).toContain('return Promise.all(list.map((url) => getUrl(url)));');
  expect(after.files['a.js']).not.toContain('left -= 1');
});

test.each([-1, 0, 1, 2, 3, 4, 5])(
  'the same output, exit code and requests when %i fails, all at once',
  async (failing) => {
    const [one, two] = [await run(source, failing), await run(after.files['a.js']!, failing)];
    expect(two).toEqual(one);
    expect(two.most).toBe(6);
    expect(two.code).toBe(failing < 0 ? 0 : 1);
  },
);
