import * as fs from 'node:fs';
import * as path from 'node:path';
import { hashOf, bytesOf, isError, readSource, type Source } from '../run/read.js';
import type { ResultDocument } from '../run/document.js';
import { mergeResults, MergeProblem, type Part } from '../run/merge.js';
import { filesOf } from '../run/plan.js';
import type { RunDetails } from '../run/run.js';
import { convert } from './convert.js';
import type { Console, Loudness } from './main.js';
import { parseArguments, UsageError } from './options.js';

/** `asyncshift merge a.json b.json … [--output …] [--check]`: results of parts as the result of the whole. Returns the exit code. */
export async function mergeCommand(args: readonly string[], open: (loudness: Loudness) => Console): Promise<number> {
  const { options, paths } = parseArguments(args);
  const screen = open(options);
  if (options.help) return screen.out(HELP).then(() => 0);
  if (options.write) throw new UsageError('merge writes no files; asyncshift apply does that with its result.');
  if (paths.length === 0) throw new UsageError('name the results to merge: asyncshift merge r1.json r2.json');
  const document = merged(paths.map(partOf));
  const output = options.output.length > 0 ? options.output : [{ format: 'json' as const }];
  const details = detailsOf(
    document,
    output.some(({ format }) => needsTexts.has(format)),
  );
  return convert({ ...options, to: document.config.to, output }, [], screen, () => Promise.resolve(details));
}

const HELP = `Usage: asyncshift merge [options] <results...>

Results of shards (asyncshift --shard i/n --output json=ri.json), or of runs over different files, as one result.
Fails when shards are missing, overlap, or were made with another version or configuration.

      --output <fmt[=file]>   as for a run (default: json)
      --check                 exit 1 if anything would change
      --max-refused <n>       exit 1 if more sites are refused
      --stats                 numbers on stderr
`;

/** Formats that show the changed texts; the files must be there, as they were. */
const needsTexts = new Set(['patch', 'html']);

function partOf(name: string): Part {
  try {
    return { name, document: JSON.parse(fs.readFileSync(name, 'utf8')) as ResultDocument };
  } catch (error) {
    const why =
      error instanceof SyntaxError ? 'is no JSON' : `cannot be read (${(error as NodeJS.ErrnoException).code})`;
    throw new UsageError(`${name} ${why}`);
  }
}

function merged(parts: readonly Part[]): ResultDocument {
  const stranger = parts.find(({ document }) => document?.schema !== 'asyncshift.result/1' || !document.summary);
  if (stranger) throw new UsageError(`${stranger.name} is no result of asyncshift --output json`);
  try {
    return mergeResults(parts);
  } catch (error) {
    throw error instanceof MergeProblem ? new UsageError(error.message) : error;
  }
}

/** What reports need beside the document, from the files as they are here. */
function detailsOf(document: ResultDocument, mustShow: boolean): RunDetails {
  const cwd = fs.realpathSync(process.cwd());
  const root = path.resolve(cwd, document.root);
  const before = new Map(document.files.map((file) => [file.path, file]));
  const sources = new Map<string, Source>();
  for (const file of new Set(document.groups.flatMap((group) => group.edits.map((edit) => edit.path)))) {
    const found = sourceOf(root, file, before.get(file)?.before);
    if (found) sources.set(file, found);
    else if (mustShow) throw new UsageError(`${file} is not here as it was; the patch can only be made where it is.`);
  }
  const isComplete = document.groups.every((group) => group.edits.every((edit) => sources.has(edit.path)));
  const changes = isComplete ? filesOf(document.groups, sources) : [];
  return { document, root, cwd, changes, sources, notes: [], traces: [], interrupted: false };
}

function sourceOf(root: string, file: string, before: string | undefined): Source | undefined {
  if (before === undefined) return { path: file, text: '', bom: false, isNew: true };
  const read = readSource(root, file);
  return isError(read) || hashOf(bytesOf(read)) !== before ? undefined : read;
}
