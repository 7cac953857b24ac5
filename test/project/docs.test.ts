/** What the documents show is what the tool does. */

import * as fs from 'node:fs';
import * as path from 'node:path';
import { applyEdits } from '../../src/edits/edits.js';
import { convertProject } from '../../src/transforms/index.js';
import { transforms } from '../../src/transforms/javascript.js';
import type { ProjectResult, Style, TransformOptions } from '../../src/types.js';
import { ambient } from '../fixtures/convert.js';
import { root } from './sources.js';

const { readMessages } = require('../../scripts/lib/messages.cjs') as { readMessages(file: string): Message[] };
const { readTransforms } = require('../../scripts/lib/transform-pages.cjs') as { readTransforms(root: string): Page[] };

interface Message {
  readonly code: string;
  readonly language: string;
  readonly example: string;
}

interface Page {
  readonly name: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

const view = { root: '/story', read: (name: string): string | undefined => ambient[name], others: [] };

function run(text: string, file = 'example.js', options: Partial<TransformOptions> = {}): ProjectResult {
  return convertProject([{ path: file, text }], { to: 'async', ...options }, view);
}

/** Every target, and both kinds of pools. */
const targets: TransformOptions[] = [
  ...[...new Set(transforms.map((each) => each.to))].map((to) => ({ to })),
  { to: 'pool', pool: 'threads' },
];

/** `// in files.js` starts another file of the example. */
function runExample({ example, language }: Message, options: TransformOptions): ProjectResult {
  const [text = '', ...others] = example.split(/^(?:\/\/|#) in (?=\S+$)/m);
  const beside = new Map(others.map((other) => [other.slice(0, other.indexOf('\n')), other.replace(/^.*\n/, '')]));
  const more = { ...view, read: (name: string) => beside.get(name) ?? view.read(name), others: [...beside.keys()] };
  return convertProject([{ path: `example.${language}`, text }], options, more);
}

function converted(text: string, options: Partial<TransformOptions> = {}, file = 'example.js'): string {
  const edits = run(text, file, options)
    .groups.flatMap((group) => group.edits)
    .filter((edit) => edit.path === file);
  return applyEdits(text, edits);
}

/** All but the error of a file, what only the user's tests say, and the nets that nothing reaches. */
const refusals = readMessages(path.join(root, 'src/messages/refusals.md')).filter(
  (message) => !['parse-error', 'breaks-the-tests', 'early-return', 'caller-not-convertible'].includes(message.code),
);

test.each(refusals.map((message) => [message.code, message] as const))(
  'the example of %s is refused with it',
  (code, message) => {
    const results = targets.map((options) => runExample(message, options));
    expect(results.flatMap(({ refused, ignored }) => [...refused, ...ignored]).map((each) => each.reason)).toContain(
      code,
    );
  },
);

test('the example of parse-error is an error', () => {
  const [message] = readMessages(path.join(root, 'src/messages/refusals.md')).filter(
    (each) => each.code === 'parse-error',
  );
  expect(run(message!.example).errors.map((error) => error.kind)).toEqual(['parse-error']);
});

test.each(readTransforms(root).map((page) => [page.name, page] as const))(
  'the page of %s shows what it does',
  (_name, page) => {
    expect(page.before.length).toBeGreaterThan(0);
    const [from, to] = page.name.replace(/^python-/, '').split('-to-') as [Style, Style];
    const file = page.name.startsWith('python-') ? 'example.py' : 'example.js';
    expect(
      page.before.map((before) =>
        converted(before, { exports: from === 'callback' ? 'change' : 'wrap', from, to }, file),
      ),
    ).toEqual(page.after);
  },
);

test('the front page shows what it does', () => {
  const [, diff = ''] = /```diff\n([\s\S]*?)```/.exec(fs.readFileSync(path.join(root, 'README.md'), 'utf8')) ?? [];
  const lines = diff.split('\n').slice(0, -1);
  const side = (drop: string): string =>
    lines
      .filter((line) => line[0] !== drop)
      .map((line) => line.slice(1))
      .join('\n');
  expect(converted(side('+'))).toBe(side('-'));
});

test.each(['promise.js', 'callback.js'])('the six-URL example %s is converted whole', (name) => {
  const { groups, refused, errors } = run(fs.readFileSync(path.join(root, 'examples/six-urls', name), 'utf8'), name);
  expect({ refused, errors }).toEqual({ refused: [], errors: [] });
  expect(groups.length).toBeGreaterThan(0);
});
