import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as path from 'node:path';

import { applyEdits } from '../../src/edits/edits';
import { convertProject } from '../../src/transforms';
import type { Style } from '../../src/types';

/** The six-URL program in four styles and with two clients, asked of a server of our own. */

const head = `const BASE = process.env.BASE;
const urls = ['/a', '/b', '/c', '/d', '/e', '/f'].map((path) => BASE + path);
`;
const show = (indent: string): string => `${indent}pages.forEach((page, i) => console.log(urls[i], page.length));\n`;
const failed = `  console.error(err.code || err.message);
  process.exitCode = 1;
`;

const events = `http
      .get(url, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => SUCCEED(text));
      })
      .on('error', FAIL);`;
const promised = events.replace('SUCCEED(', 'resolve(').replace('FAIL', 'reject');

const getUrl: Record<'http' | 'fetch', Partial<Record<Style, string>>> = {
  http: {
    callback: `function getUrl(url, cb) {
  ${events.replace('SUCCEED(', 'cb(null, ').replace('FAIL', 'cb')}
}
`,
    promise: `function getUrl(url) {
  return new Promise((resolve, reject) => {
    ${promised}
  });
}
`,
  },
  fetch: {
    callback: `function getUrl(url, cb) {
  callbackify(() => fetch(url))((err, response) => {
    if (err) return cb(err);
    callbackify(() => response.text())(cb);
  });
}
`,
    promise: `function getUrl(url) {
  return fetch(url).then((response) => response.text());
}
`,
    async: `async function getUrl(url) {
  const response = await fetch(url);
  return response.text();
}
`,
  },
};

const mains: Record<Style, string> = {
  callback: `function getAll(list, cb) {
  const pages = [];
  let left = list.length;
  let failed = false;
  if (left === 0) return cb(null, pages);
  list.forEach((url, i) => {
    getUrl(url, (err, text) => {
      if (failed) return;
      if (err) {
        failed = true;
        return cb(err);
      }
      pages[i] = text;
      left -= 1;
      if (left === 0) cb(null, pages);
    });
  });
}

getAll(urls, (err, pages) => {
  if (err) {
  ${failed.replace(/\n(?=.)/g, '\n  ')}    return;
  }
${show('  ')}});
`,
  promise: `function run() {
  return Promise.all(urls.map((url) => getUrl(url))).then((pages) => {
${show('    ')}  });
}

run().catch((err) => {
${failed}});
`,
  async: `async function run() {
  const pages = await Promise.all(urls.map((url) => getUrl(url)));
${show('  ')}}

run().catch((err) => {
${failed}});
`,
  pool: `async function run() {
  const limit = pLimit(6);
  const pages = await Promise.all(urls.map((url) => limit(() => getUrl(url))));
${show('  ')}}

run().catch((err) => {
${failed}});
`,
};

const styles = Object.keys(mains) as Style[];

function program(style: Style, client: 'http' | 'fetch'): string {
  const forms = getUrl[client];
  const get = forms[style] ?? (style === 'pool' ? forms.async : undefined) ?? forms.promise!;
  const imports = [
    ...(client === 'http' ? ["const http = require('http');"] : []),
    ...(style === 'pool' ? ["const pLimit = require('p-limit');"] : []),
    ...(/callbackify/.test(get) ? ["const { callbackify } = require('util');"] : []),
  ];
  return `${imports.join('\n')}\n${head}\n${get}\n${mains[style]}`;
}

function converted(text: string, from: Style, to: Style): string {
  const manifest = JSON.stringify({ dependencies: { 'p-limit': '^3.1.0' } });
  const view = { root: '/', read: (name: string) => (name === 'package.json' ? manifest : undefined), others: [] };
  const options = { to, from, exports: 'wrap', unsafe: false, pool: 'limit', limit: 6 } as const;
  const { groups } = convertProject([{ path: 'six.js', text }], options, view);
  const edits = groups.flatMap((group) => group.edits).filter((edit) => edit.path === 'six.js');
  return applyEdits(text, edits);
}

interface Run {
  readonly output: string;
  readonly code: number | null;
  readonly most: number;
  readonly asked: readonly string[];
}

/** The server answers when all six wait: a program that sends fewer at once never ends. The last is answered first. */
async function run(text: string, failing?: string): Promise<Run> {
  const waiting: (() => void)[] = [];
  const asked: string[] = [];
  const server = createServer((req, res) => {
    const url = req.url!;
    asked.push(url);
    waiting.push(() => void (url === failing ? req.socket.destroy() : res.end(`page ${url}`.repeat(asked.length))));
    if (waiting.length === 6) waiting.reverse().forEach((answer, i) => setTimeout(answer, i * 2));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const child = spawn(process.execPath, ['-e', text], {
    cwd: path.join(__dirname, '../..'),
    env: { BASE: base, PATH: process.env.PATH },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return { output: output.replaceAll(base, 'BASE'), code, most: waiting.length, asked: [...asked].sort() };
}

const directions = (['http', 'fetch'] as const).flatMap((client) =>
  styles.flatMap((from) => styles.filter((to) => to !== from).map((to) => [client, from, to] as const)),
);

test.each(directions)(
  'with %s, %s -> %s: the same output, requests and exit code, six in flight',
  async (client, from, to) => {
    const before = program(from, client);
    const after = converted(before, from, to);
    expect(after).not.toBe(before);
    for (const failing of [undefined, '/c']) {
      const [one, two] = await Promise.all([run(before, failing), run(after, failing)]);
      expect(two).toEqual(one);
      expect([two.most, two.code]).toEqual([6, failing ? 1 : 0]);
    }
  },
  30_000,
);
