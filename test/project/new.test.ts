/** `npm run new`: what it makes is well-formed, so that a contributor's first run fails for a good reason only. */

import { syntaxErrors } from '../fixtures/checks.js';

const { kinds } = require('../../scripts/new.cjs') as {
  kinds: Record<string, (name: string) => Record<string, string[]>>;
};

test.each([
  ['story', 'made-up'],
  ['recogniser', 'made-up'],
  ['transform', 'callback-to-promise'],
])('%s', (kind, name) => {
  const files = Object.entries(kinds[kind]!(name));
  const code = files.filter(([file]) => /\.(ts|js)$/.test(file));
  expect(code.flatMap(([file, lines]) => syntaxErrors(file, lines.join('\n')))).toEqual([]);
  const scripts = files.filter(([file]) => file.endsWith('script.json'));
  expect(scripts).toHaveLength(1);
  expect(() => JSON.parse(scripts[0]![1].join('\n'))).not.toThrow();
});

test('a transform is named after its direction', () => {
  expect(() => kinds['transform']!('made-up')).toThrow('direction');
});
