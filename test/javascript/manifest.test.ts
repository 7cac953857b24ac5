/** package.json gets and loses a dependency, and every other byte stays. */

import { manifestFor, withDependency, withoutDependencies } from '../../src/javascript/pool/manifest.js';
import type { FileEdit } from '../../src/types.js';

const view = (text: string) => ({
  root: '/',
  others: [],
  read: (path: string) => (path === 'package.json' ? text : undefined),
});
const apply = (text: string, edit: FileEdit | undefined): string | undefined =>
  edit && text.slice(0, edit.start) + edit.text + text.slice(edit.end);
const added = (text: string): string | undefined =>
  apply(text, withDependency(manifestFor('src/a.js', view(text))!, 'p-limit', '^3.1.0'));
const dropped = (text: string, ...names: string[]): string | undefined =>
  apply(text, withoutDependencies(manifestFor('src/a.js', view(text))!, names));

test.each<[string, string, string]>([
  [
    'between its neighbours',
    '{\n  "dependencies": {\n    "axios": "1",\n    "zod": "3"\n  }\n}\n',
    '{\n  "dependencies": {\n    "axios": "1",\n    "p-limit": "^3.1.0",\n    "zod": "3"\n  }\n}\n',
  ],
  [
    'first, with tabs',
    '{\n\t"dependencies": {\n\t\t"zod": "3"\n\t},\n\t"name": "x"\n}',
    '{\n\t"dependencies": {\n\t\t"p-limit": "^3.1.0",\n\t\t"zod": "3"\n\t},\n\t"name": "x"\n}',
  ],
  [
    'last, with CRLF',
    '{\r\n  "dependencies": {\r\n    "axios": "1"\r\n  }\r\n}\r\n',
    '{\r\n  "dependencies": {\r\n    "axios": "1",\r\n    "p-limit": "^3.1.0"\r\n  }\r\n}\r\n',
  ],
  ['into an empty list', '{\n  "dependencies": {}\n}\n', '{\n  "dependencies": {\n    "p-limit": "^3.1.0"\n  }\n}\n'],
  [
    'into a list of its own',
    '{\n  "name": "x"\n}\n',
    '{\n  "name": "x",\n  "dependencies": {\n    "p-limit": "^3.1.0"\n  }\n}\n',
  ],
  ['on one line', '{"dependencies": {"axios": "1"}}', '{"dependencies": {"axios": "1", "p-limit": "^3.1.0"}}'],
])('%s', (_name, before, after) => {
  expect(added(before)).toBe(after);
});

test.each<[string, string, string[], string | undefined]>([
  [
    'one of several',
    '{\n  "dependencies": {\n    "a": "1",\n    "p-map": "4",\n    "z": "1"\n  }\n}\n',
    ['p-map'],
    '{\n  "dependencies": {\n    "a": "1",\n    "z": "1"\n  }\n}\n',
  ],
  [
    'the last two',
    '{\n  "dependencies": {\n    "a": "1",\n    "p-limit": "3",\n    "p-map": "4"\n  }\n}\n',
    ['p-limit', 'p-map'],
    '{\n  "dependencies": {\n    "a": "1"\n  }\n}\n',
  ],
  ['the only one', '{\n  "dependencies": {\n    "p-map": "4"\n  }\n}\n', ['p-map'], '{\n  "dependencies": {}\n}\n'],
  ['one that is not there', '{\n  "dependencies": {\n    "a": "1"\n  }\n}\n', ['p-map'], undefined],
])('drops %s', (_name, before, names, after) => {
  expect(dropped(before, ...names)).toBe(after);
});
