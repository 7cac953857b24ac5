/** Every code has a sentence, a place in the code that gives it, a story that shows it, and a page. */

import * as fs from 'node:fs';
import * as path from 'node:path';
import { findMessage, messageFor, noteCodes, refusalCodes } from '../../src/messages/index.js';
import { readStories } from '../fixtures/stories.js';
import { readStories as readPythonStories } from '../python/stories.js';
import { filesUnder, root, sources } from './sources.js';

const { stale } = require('../../scripts/generate.cjs') as { stale(): { changed: string[]; orphans: string[] } };
const { readMessages } = require('../../scripts/lib/messages.cjs') as {
  readMessages(file: string): { code: string; example: string }[];
};

/** Of both languages. */
const stories = [...readStories(), ...readPythonStories()];

const literals = new Set(
  sources().flatMap((file) => (file.name.startsWith('messages/') ? [] : (file.text.match(/'[a-z0-9-]+'/g) ?? []))),
);
const given = (code: string): boolean => literals.has(`'${code}'`);

/** Not about a site in a story: the test that shows it, instead. */
const SHOWN_ELSEWHERE: Readonly<Record<string, string>> = {
  'parse-error': 'test/run and test/cli',
  'breaks-the-tests': 'test/cli/migrate',
  'caller-not-convertible': 'a net under the search for who can change: it has always come to rest',
  'early-return': 'a net under the readers: no story has got so far',
};

test('nothing generated is stale: npm run generate', () => {
  expect(stale()).toEqual({ changed: [], orphans: [] });
}, 180_000);

/** The page says how many stories are converted, by direction; that each of them is executed is what `test/behaviour` does. */
test('every direction converts at least 20 stories', () => {
  const page = fs.readFileSync(path.join(root, 'docs/directions.md'), 'utf8');
  const sums = new Map<string, number>();
  for (const [, from, table] of page.matchAll(/^## From (\w+)\n\n([^#]*)/gm)) {
    const [head, , ...rows] = table!.split('\n').filter((line) => line.startsWith('|'));
    head!.split('|').forEach((cell, column) => {
      const to = / to (\w+) /.exec(cell)?.[1];
      const counts = rows.flatMap((row) => row.split('|')[column]!.match(/\d+(?= (converted|bridged))/g) ?? []);
      if (to)
        sums.set(
          `${from} -> ${to}`,
          counts.reduce((sum, count) => sum + Number(count), 0),
        );
    });
  }
  expect(sums.size).toBe(12);
  expect([...sums].filter(([, count]) => count < 20)).toEqual([]);
});

test('every code in the messages is given somewhere in src', () => {
  expect([...refusalCodes, ...noteCodes].filter((code) => !given(code))).toEqual([]);
});

test('every refusal has a story', () => {
  const shown = new Set(stories.flatMap((input) => input.refusals.map((line) => /: ([a-z0-9-]+) at /.exec(line)?.[1])));
  expect(refusalCodes.filter((code) => !shown.has(code) && !(code in SHOWN_ELSEWHERE))).toEqual([]);
});

test('every note has a story', () => {
  const shown = new Set(stories.flatMap((input) => input.notes.map((line) => /: ([a-z0-9-]+)$/.exec(line)?.[1])));
  expect(noteCodes.filter((code) => !shown.has(code))).toEqual([]);
});

test('stories name only codes that exist', () => {
  const named = stories.flatMap((input) => [...input.refusals, ...input.notes].map((line) => line.split(' ')[3]!));
  const known = new Set<string>([...refusalCodes, ...noteCodes]);
  expect([...new Set(named)].filter((code) => !known.has(code))).toEqual([]);
});

test('every code has an example', () => {
  const all = ['refusals.md', 'notes.md'].flatMap((file) => readMessages(path.join(root, 'src/messages', file)));
  expect(all.filter((message) => message.example === '').map((message) => message.code)).toEqual([]);
});

test('a sentence names the site; a code of somebody else is its own sentence', () => {
  expect(messageFor('code-after-call', { code: 'count++;\nmore' })).toContain('`count++;` runs before the answer');
  expect(messageFor('code-after-call')).toContain('this code runs before');
  expect(messageFor('not-ours')).toBe('not-ours');
  expect(findMessage('toString')).toBeUndefined();
});

test('links between documents lead somewhere', () => {
  const documents = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...filesUnder('docs').filter((f) => f.endsWith('.md')),
  ];
  const dead = documents.flatMap((document) => {
    const text = fs.readFileSync(path.join(root, document), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((m) => m[1]!);
    return links
      .filter((link) => !fs.existsSync(path.join(root, path.dirname(document), link)))
      .map((link) => `${document}: ${link}`);
  });
  expect(dead).toEqual([]);
});
