/**
 * What happens to a real repository: `npm run real -- DIR… [--to async] [--from style] [--exports wrap] [--paths lib,src] [--test "npm test"]
 * [--json results.json]`.
 *
 * Each folder is copied (with its node_modules), and in the copy: tests, types (where there is a tsconfig.json and a compiler), conversion, types and
 * tests again. Also told: sites changed and refused by code, lines, comments lost, whether a second run changes something, seconds. Prints a row of
 * Markdown per repository; exits 1 when tests or types that were green are red, a comment is lost, or a second run changes something.
 */

import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { commentsIn } from '../src/javascript/comments.js';
import { parseSource } from '../src/javascript/parse.js';
import { parsePython } from '../src/python/parse.js';
import { run, type ExportsPolicy, type ResultDocument, type Style } from '../src/index.js';

interface Outcome {
  readonly green: boolean;
  /** The runner's own count, as it printed it. */
  readonly count: string;
  readonly seconds: number;
}

interface Row {
  readonly name: string;
  readonly version: string;
  readonly to: string;
  readonly files: number;
  readonly sites: number;
  readonly changed: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly lines: string;
  readonly commentsLost: number;
  readonly secondRun: number;
  readonly seconds: number;
  readonly typesBefore?: number;
  readonly typesAfter?: number;
  readonly before: Outcome;
  readonly after: Outcome;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    to: { type: 'string', default: 'async' },
    from: { type: 'string' },
    exports: { type: 'string', default: 'wrap' },
    limit: { type: 'string' },
    paths: { type: 'string', default: '.' },
    test: { type: 'string' },
    json: { type: 'string' },
    unsafe: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (positionals.length === 0) throw new Error('name the folders of repositories, installed and with green tests');
  const rows: Row[] = [];
  for (const folder of positionals) {
    const copy = copied(path.resolve(folder));
    try {
      rows.push(await measure(path.basename(path.resolve(folder)), copy));
    } finally {
      if (values.keep) process.stderr.write(`kept: ${copy}\n`);
      else fs.rmSync(path.dirname(copy), { recursive: true, force: true });
    }
  }
  process.stdout.write(table(rows));
  if (values.json) fs.writeFileSync(values.json, `${JSON.stringify(rows, undefined, 2)}\n`);
  process.exitCode = rows.every(isSound) ? 0 : 1;
}

/** A copy that is a git repository with everything committed: the conversion is guarded by git as usual. */
function copied(folder: string): string {
  const copy = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-real-')), path.basename(folder));
  must('cp', ['-a', folder, copy]);
  if (!fs.existsSync(path.join(copy, '.git'))) must('git', ['init', '-q', copy]);
  must('git', ['-C', copy, 'add', '--all']);
  const who = ['-c', 'user.name=real', '-c', 'user.email=real@localhost', '-c', 'core.hooksPath=/dev/null'];
  must('git', ['-C', copy, ...who, 'commit', '-q', '--allow-empty', '-m', 'before']);
  return copy;
}

function must(command: string, args: readonly string[]): string {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.stderr || done.error?.message}`);
  return done.stdout;
}

async function measure(name: string, copy: string): Promise<Row> {
  const before = tests(copy);
  const typesBefore = typeErrors(copy);
  const asked = {
    cwd: copy,
    paths: values.paths.split(','),
    to: values.to as Style,
    ...(values.from && { from: values.from as Style }),
    exports: values.exports as ExportsPolicy,
    unsafe: values.unsafe,
    ...(values.limit && { limit: Number(values.limit) }),
    skipParseErrors: true,
  };
  const started = process.hrtime.bigint();
  const document = await run({ ...asked, write: true });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const again = await run(asked);
  const typesAfter = typeErrors(copy);
  return {
    name,
    version: versionOf(copy),
    to: values.to,
    files: document.summary.files,
    sites: document.summary.sites,
    changed: document.summary.sites - document.summary.refused - document.summary.needUnsafe - document.summary.ignored,
    refused: countBy(document),
    lines: must('git', ['-C', copy, 'diff', '--shortstat'])
      .replace(/\D+(\d+) insert\D+(\d+)?.*/s, ' +$1 -$2')
      .replace(/^.* \+/, '+')
      .trim(),
    commentsLost: commentsLost(copy, document),
    secondRun: again.summary.groups,
    seconds,
    ...(typesBefore !== undefined && { typesBefore }),
    ...(typesAfter !== undefined && { typesAfter }),
    before,
    after: tests(copy),
  };
}

/** The user's command, or `npm test`, or pytest where there is no package.json. */
function tests(copy: string): Outcome {
  const usual = fs.existsSync(path.join(copy, 'package.json')) ? 'npm test --silent' : 'python3 -m pytest -q';
  const started = process.hrtime.bigint();
  const done = spawnSync(values.test ?? usual, {
    cwd: copy,
    shell: true,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 600_000,
  });
  const said = stripVTControlCharacters(`${done.stdout}\n${done.stderr}`);
  return { green: done.status === 0, count: countIn(said), seconds: Number(process.hrtime.bigint() - started) / 1e9 };
}

/** The last count that a runner prints: mocha, tap, jest, ava, node:test, pytest. */
function countIn(said: string): string {
  const known = [
    /(\d+) passing/g,
    /^# pass\s+(\d+)/gm,
    /Tests:.*?(\d+) passed/g,
    /(\d+) tests? passed/g,
    /(\d+) passed/g,
    /^ok (\d+)/gm,
  ];
  for (const pattern of known) {
    const found = [...said.matchAll(pattern)];
    if (found.length > 0) return String(Math.max(...found.map((one) => Number(one[1]))));
  }
  return '?';
}

/** How many errors the project's own compiler finds; undefined where there is nothing to ask. */
function typeErrors(copy: string): number | undefined {
  const compiler = path.join(copy, 'node_modules', '.bin', 'tsc');
  if (!fs.existsSync(compiler) || !fs.existsSync(path.join(copy, 'tsconfig.json'))) return undefined;
  const done = spawnSync(compiler, ['--noEmit', '-p', '.'], { cwd: copy, encoding: 'utf8', maxBuffer: 1 << 28 });
  return (done.stdout.match(/error TS\d+/g) ?? []).length;
}

function versionOf(copy: string): string {
  const manifest = path.join(copy, 'package.json');
  if (!fs.existsSync(manifest)) return '';
  return String((JSON.parse(fs.readFileSync(manifest, 'utf8')) as { version?: string }).version ?? '');
}

function countBy({ refused }: ResultDocument): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of refused) counts[reason] = (counts[reason] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
}

/** Comments of the changed files that are in none of them afterwards. */
function commentsLost(copy: string, document: ResultDocument): number {
  let lost = 0;
  for (const { path: file, status, created } of document.files) {
    if (status !== 'changed' || created) continue;
    const now = comments(file, fs.readFileSync(path.join(copy, file), 'utf8'));
    for (const comment of comments(file, must('git', ['-C', copy, 'show', `HEAD:./${file}`]))) {
      const at = now.indexOf(comment);
      if (at < 0) lost++;
      else now.splice(at, 1);
    }
  }
  return lost;
}

function comments(file: string, text: string): string[] {
  if (/\.json$/.test(file)) return [];
  if (!/\.pyi?$/.test(file)) return commentsIn(parseSource(file, text).file);
  const parsed = parsePython(text);
  return 'error' in parsed ? [] : parsed.comments.map(({ start, end }) => text.slice(start, end));
}

const isSound = (row: Row): boolean =>
  (!row.before.green || row.after.green) &&
  (row.typesAfter ?? 0) <= (row.typesBefore ?? 0) &&
  row.commentsLost === 0 &&
  row.secondRun === 0;

function table(rows: readonly Row[]): string {
  const head =
    '| repository | to | sites changed / found | refused, by code | lines | comments lost | second run | tool, s | type errors | tests |\n' +
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n';
  return head + rows.map((row) => `| ${cells(row).join(' | ')} |\n`).join('');
}

function cells(row: Row): string[] {
  const refused = Object.entries(row.refused).map(([code, count]) => `${count} ${code}`);
  const verdict = ({ green, count }: Outcome): string => `${count} ${green ? 'green' : 'red'}`;
  return [
    `${row.name} ${row.version}`.trim(),
    row.to,
    `${row.changed} / ${row.sites}`,
    refused.join(', ') || '-',
    row.lines || '0',
    String(row.commentsLost),
    row.secondRun === 0 ? 'empty' : `${row.secondRun} changes`,
    row.seconds.toFixed(1),
    row.typesBefore === undefined ? '-' : `${row.typesBefore} → ${row.typesAfter}`,
    `${verdict(row.before)} → ${verdict(row.after)}`,
  ];
}

void main();
