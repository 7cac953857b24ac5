/** The harness itself: an engine that is wrong in one way is caught by the check for it. */

import type { ChangeGroup, ProjectResult } from '../../src/types.js';
import { startPython } from './behave.js';
import { checks } from './checks.js';
import { behaviourProblems, tellingProblems, textProblems } from './compare.js';
import type { Engine } from './convert.js';
import { pythonOrReason } from './environment.js';
import type { Input } from './stories.js';

const before = `from concurrent.futures import ThreadPoolExecutor
import requests

def get(n):
    # One page.
    return requests.get(f"https://www.example.com/{n}").text

with ThreadPoolExecutor(max_workers=2) as executor:
    print(list(executor.map(get, range(3))))
`;

const good = `import asyncio
import aiohttp

async def get(session, limit, n):
    # One page.
    async with limit, session.get(f"https://www.example.com/{n}") as response:
        return await response.text()

async def main():
    limit = asyncio.Semaphore(2)
    async with aiohttp.ClientSession() as session:
        return await asyncio.gather(*(get(session, limit, n) for n in range(3)))

print(asyncio.run(main()))
`;

const input: Input = {
  story: 'by-hand',
  from: 'pool',
  to: 'async',
  isProject: false,
  title: 'by-hand/pool.py -> async',
  options: { from: 'pool', to: 'async' },
  files: { 'pool.py': before },
  others: {},
  expected: { 'pool.py': good },
  refusals: [],
  notes: [],
  main: 'pool.py',
  script: { mayDiffer: ['after failure'] },
};

const nothing: ProjectResult = { groups: [], refused: [], errors: [], ignored: [], sites: 0 };

/** An engine that replaces texts as if by hand, with the line ends of the input. */
function replacing(table: Readonly<Record<string, string>>): Engine {
  return (files) => {
    const edits = files.flatMap(({ path, text }) => {
      const to = table[text.replace(/\r\n/g, '\n')];
      const fitting = text.includes('\r\n') ? to?.replace(/\n/g, '\r\n') : to;
      return fitting === undefined ? [] : [{ path, start: 0, end: text.length, text: fitting }];
    });
    const at = { rule: 'pool-to-async', level: 'safe' as const, title: '', path: '', line: 1, column: 1 };
    const group: ChangeGroup = { id: 'g', differences: [], edits, ...at };
    return edits.length > 0 ? { ...nothing, groups: [group], sites: 1 } : nothing;
  };
}

const right = replacing({ [before]: good });

test('an engine that is right passes every check', () => {
  expect(Object.values(checks).flatMap((check) => check(right, input))).toEqual([]);
});

test.each<[string, Engine]>([
  ['exact bytes', replacing({ [before]: good.replace('range(3)', 'range( 3)') })],
  ['second run empty', replacing({ [before]: good, [good]: before })],
  ['never silent', () => nothing],
  ['CRLF kept', (files, ...rest) => (files[0]!.text.includes('\r') ? nothing : right(files, ...rest))],
  [
    'refused as listed',
    (files, ...rest) => ({ ...right(files, ...rest), refused: [refusedAt(before.indexOf('def'))] }),
  ],
])('%s: a wrong engine is caught', (name, wrong) => {
  expect(checks[name]!(wrong, input)).not.toEqual([]);
});

function refusedAt(start: number) {
  const place = { path: 'pool.py', start, end: start + 3, line: 1, column: 1 };
  return { ...place, rule: 'pool-to-async', reason: 'unknown-callee', message: '', excerpt: '' };
}

const interpreter = pythonOrReason();

(interpreter ? describe : describe.skip)('behaviour', () => {
  const python = startPython(interpreter ?? 'python3');
  afterAll(() => python.close());

  const problems = (after: string): Promise<string[]> => behaviourProblems(python, input, { 'pool.py': after });

  test('the same behaviour is no problem', async () => {
    expect(await tellingProblems(python, input)).toEqual([]);
    expect(await problems(good)).toEqual([]);
    expect(await textProblems(python, input, { 'pool.py': good })).toEqual([]);
  });

  test.each([
    ['another output', good.replace('print(', 'print("", ')],
    ['no limit', good.replace('Semaphore(2)', 'Semaphore(3)')],
    ['one at a time', good.replace('Semaphore(2)', 'Semaphore(1)')],
    ['another order of requests', good.replace('range(3)', '(2, 1, 0)')],
    ['one request more', good.replace('range(3)', 'range(4)')],
    ['another header', good.replace('{n}")', '{n}", headers={"X-N": "1"})')],
    ['a swallowed error', good.replace('range(3))', 'range(3)), return_exceptions=True')],
    ['another exit code', `${good}raise SystemExit(3)\n`],
    [
      'another error',
      good.replace('        return await', '        response.raise_for_status()\n        return await'),
    ],
    ['output after the end', `${good}print("done")\n`],
  ])('%s is a problem', async (_name, after) => {
    expect(await problems(after)).not.toEqual([]);
  });

  test.each([
    ['what does not compile', good.replace('async def main', 'def main')],
    ['a lost comment', good.replace('    # One page.\n', '')],
  ])('%s is a problem', async (_name, after) => {
    expect(await textProblems(python, input, { 'pool.py': after })).not.toEqual([]);
  });

  test('a telling that does not run is a problem', async () => {
    const wrong = { ...input, files: { 'pool.py': before.replace('import requests', '') } };
    expect(await tellingProblems(python, wrong)).not.toEqual([]);
  });
});
