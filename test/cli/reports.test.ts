/** Reports in the formats of other tools, as the command line prints them. */

import { toBeValidSarifLog } from '@microsoft/jest-sarif';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Log } from 'sarif';
import { builtBin, old, repository } from './harness.js';

beforeAll(() => void builtBin());

const files = {
  'src/a b.js': old(),
  'src/é.js': "const ä = 'ü'; p.then(LEAVE);\np.then(RISKY);\n",
  'one.js': 'p.then(JOIN);\n',
  'two.js': 'p.then(JOIN);\n',
  'bad.js': 'x;\np.then(SYNTAX(',
};

function report(format: string): string {
  const repo = repository(files);
  const { out, code } = repo.run(['--to', 'async', '--output', format, '.']);
  expect(code).toBe(2); // a file does not parse
  return out;
}

describe('sarif', () => {
  test('it is what the schema of SARIF 2.1.0 says', () => {
    expect.extend({ toBeValidSarifLog });
    const log = JSON.parse(report('sarif')) as Log;
    (expect(log) as unknown as { toBeValidSarifLog(): void }).toBeValidSarifLog();
    (
      expect({ ...log, runs: [{ results: [] }] }) as unknown as { not: { toBeValidSarifLog(): void } }
    ).not.toBeValidSarifLog();
  });

  test('places are relative, encoded and 1-based, a change group is one fix over all its files', () => {
    const [run] = (JSON.parse(report('sarif')) as Log).runs;
    const results = run!.results!;
    expect(results.map((one) => [one.ruleId, one.level])).toEqual([
      ['toy-to-async', 'warning'],
      ['toy-to-async', 'warning'],
      ['code-after-call', 'note'],
      ['tick-order', 'note'],
      ['parse-error', 'error'],
    ]);
    const [join, spaced, left, , error] = results;
    expect(join!.fixes![0]!.artifactChanges.map((each) => each.artifactLocation.uri)).toEqual(['one.js', 'two.js']);
    expect(spaced!.locations![0]!.physicalLocation).toEqual({
      artifactLocation: { uri: 'src/a%20b.js', uriBaseId: '%SRCROOT%' },
      region: { startLine: 1, startColumn: 8, endLine: 1, endColumn: 11 },
    });
    expect(spaced!.fixes![0]!.artifactChanges[0]!.replacements).toEqual([
      {
        deletedRegion: { startLine: 1, startColumn: 8, endLine: 1, endColumn: 11 },
        insertedContent: { text: 'NEW' },
      },
    ]);
    expect(left!.locations![0]!.physicalLocation!.region).toMatchObject({
      startLine: 1,
      startColumn: 23,
      endColumn: 28,
    });
    expect(error!.locations![0]!.physicalLocation!.region).toMatchObject({ startLine: 2, startColumn: 8 });
    const rules = run!.tool.driver.rules!.map((rule) => rule.id);
    expect(rules).toEqual([...new Set(results.map((one) => one.ruleId))].sort());
  });
});

test('github: errors first, properties and data escaped as the runner reads them', () => {
  const lines = report('github').trimEnd().split('\n');
  expect(lines[0]).toBe("::error file=bad.js,line=2,endLine=2,col=8,endColumn=9,title=parse-error::')' expected.");
  expect(lines[2]).toBe(
    '::warning file=src/a b.js,line=1,endLine=1,col=8,endColumn=11,title=toy-to-async::OLD becomes NEW (safe). Run: npx asyncshift --to async --write src/a b.js',
  );
  expect(lines).toHaveLength(5);
});

test('github: the whole is added to the summary of the step, in a workflow', () => {
  const repo = repository(files);
  const summary = path.join(repo.folder, 'summary.md');
  fs.writeFileSync(summary, 'before\n');
  const done = repo.run(['--to', 'async', '--output', 'github', '.'], { env: { GITHUB_STEP_SUMMARY: summary } });
  expect(done.out).toMatch(/^::error file=bad\.js/);
  const text = fs.readFileSync(summary, 'utf8');
  expect(text.startsWith('before\n')).toBe(true);
  expect(text).toContain('code-after-call');
});

test('rdjson: byte columns, suggestions for changes of one file only', () => {
  const { diagnostics } = JSON.parse(report('rdjson')) as {
    diagnostics: { location: Place; suggestions?: object[] }[];
  };
  const [join, spaced, left] = diagnostics;
  expect(join!.suggestions).toBeUndefined();
  expect(spaced!.suggestions).toEqual([
    { range: { start: { line: 1, column: 8 }, end: { line: 1, column: 11 } }, text: 'NEW' },
  ]);
  // Two letters of two bytes stand before it.
  expect(left!.location.range).toEqual({ start: { line: 1, column: 25 }, end: { line: 1, column: 30 } });
});

interface Place {
  readonly range: { readonly start: object; readonly end: object };
}

test('junit: a suite per file, failures for changes, skipped for what was left, errors', () => {
  const xml = report('junit');
  expect(xml).toMatch(/<testsuites [^>]*tests="6" failures="2" errors="1" skipped="2"/);
  expect(xml).toContain('name="toy-to-async src/a b.js:1:8"');
  expect(xml).toContain('name="nothing to convert"');
});

test('md: a text for a pull request', () => {
  const text = report('md');
  expect(text).toContain('## asyncshift: to async');
  expect(text).toContain('| `src/a b.js`:1 | OLD becomes NEW | `toy-to-async` | safe |');
  expect(text).toMatch(/\| `code-after-call` \| 1 \| .+ \|/);
  expect(text).toContain('`bad.js`:2:8');
});

test('ndjson: one object a line, the same objects as in json', () => {
  const lines = report('ndjson')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  const json = JSON.parse(report('json')) as { groups: object[]; summary: object };
  expect(lines.filter((line) => line.type === 'group')).toEqual(
    json.groups.map((group) => ({ type: 'group', ...group })),
  );
  expect(lines.at(-1)).toEqual({ type: 'summary', ...json.summary });
});

test('several reports of one run, each in its file', () => {
  const repo = repository({ 'a.js': old() });
  const { out, code } = repo.run([
    '--to',
    'async',
    '--output',
    'sarif=r.sarif',
    '--output',
    'md=r.md',
    '--output',
    'github',
  ]);
  expect([code, out.startsWith('::warning file=a.js')]).toEqual([0, true]);
  for (const file of ['r.sarif', 'r.md']) expect(fs.existsSync(path.join(repo.folder, file))).toBe(true);
});

test('a report is about files: not of a text from stdin', () => {
  const { code, err } = repository({}).run(['--to', 'async', '--output', 'sarif', '-'], { input: old() });
  expect([code, err]).toEqual([2, expect.stringContaining("--output sarif is about files; name them instead of '-'.")]);
});
