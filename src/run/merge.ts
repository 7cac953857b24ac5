import type { ChangeGroup, FileError, Refused, Warning } from '../types.js';
import { byFileError, bySite, warningsOf, type FileResult, type ResultDocument, type Summary } from './document.js';
import { byText } from './paths.js';
import { byPlace } from './plan.js';

/** Why results cannot be put together. */
export class MergeProblem extends Error {}

/** A result and the name that messages call it by. */
export interface Part {
  readonly name: string;
  readonly document: ResultDocument;
}

/**
 * The result of the whole from the results of its parts: of shards all of one run, or of runs over different files. It is what one run
 * over all of it would have given, byte for byte. Throws a `MergeProblem` when parts are missing, overlap, or were made differently.
 */
export function mergeResults(parts: readonly Part[]): ResultDocument {
  const [first] = parts;
  if (!first) throw new MergeProblem('there is nothing to merge');
  for (const part of parts) mustAgree(first, part);
  mustBeComplete(parts);
  mustBeApart(parts);
  const all = parts.map((part) => part.document);
  const { shard: _, ...whole } = first.document;
  const warnings = warningsOf(all.flatMap((one): readonly Warning[] => one.warnings ?? []));
  return {
    ...whole,
    files: all.flatMap((one): readonly FileResult[] => one.files).sort((a, b) => byText(a.path, b.path)),
    groups: all
      .flatMap((one): readonly ChangeGroup[] => one.groups)
      .sort((a, b) => byPlace(a, b) || byText(a.id, b.id)),
    refused: all.flatMap((one): readonly Refused[] => one.refused).sort(bySite),
    ignored: all.flatMap((one): readonly Refused[] => one.ignored).sort(bySite),
    skipped: all.flatMap((one): readonly FileError[] => one.skipped).sort(byFileError),
    errors: all.flatMap((one): readonly FileError[] => one.errors).sort(byFileError),
    ...(warnings.length > 0 && { warnings }),
    summary: sumOf(all.map((one) => one.summary)),
  };
}

function mustAgree(first: Part, part: Part): void {
  const [a, b] = [first.document, part.document];
  const differ = (what: string, one: string, other: string): never => {
    throw new MergeProblem(`${first.name} and ${part.name} disagree on ${what}: ${one}, ${other}`);
  };
  if (b.schema !== 'asyncshift.result/1') throw new MergeProblem(`${part.name} is no result of asyncshift`);
  if (a.tool.version !== b.tool.version) differ('the version', a.tool.version, b.tool.version);
  if (a.config.hash !== b.config.hash) differ('the configuration', settings(a), settings(b));
  if (a.root !== b.root) differ('the root', a.root, b.root);
  if (a.shard?.count !== b.shard?.count) differ('the number of shards', shardCount(a), shardCount(b));
}

function settings({ config }: ResultDocument): string {
  const { hash: _, ...rest } = config;
  return JSON.stringify(rest);
}

const shardCount = ({ shard }: ResultDocument): string => (shard ? String(shard.count) : 'none');

function mustBeComplete(parts: readonly Part[]): void {
  const count = parts[0]!.document.shard?.count;
  if (count === undefined) return;
  const names = new Map<number, string>();
  for (const { name, document } of parts) {
    const { index } = document.shard!;
    const other = names.get(index);
    if (other !== undefined) throw new MergeProblem(`${other} and ${name} are both shard ${index}/${count}`);
    names.set(index, name);
  }
  const missing = Array.from({ length: count }, (_, at) => at + 1).filter((index) => !names.has(index));
  if (missing.length > 0)
    throw new MergeProblem(`shards are missing: ${missing.map((index) => `${index}/${count}`).join(', ')}`);
}

function mustBeApart(parts: readonly Part[]): void {
  const owner = new Map<string, string>();
  for (const { name, document } of parts)
    for (const { path } of document.files) {
      const other = owner.get(path);
      if (other !== undefined) throw new MergeProblem(`${other} and ${name} overlap: both have ${path}`);
      owner.set(path, name);
    }
}

function sumOf(summaries: readonly Summary[]): Summary {
  const keys = Object.keys(summaries[0]!) as (keyof Summary)[];
  const sums = keys.map((key) => [key, summaries.reduce((sum, one) => sum + one[key], 0)]);
  return Object.fromEntries(sums) as Record<keyof Summary, number>;
}
