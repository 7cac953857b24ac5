import type { ResultDocument } from '../run/document.js';
import { countCodes } from './explain.js';

const many = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** The last line of a run: what changed, what was left, in one sentence each. */
export function summaryLines(
  document: ResultDocument,
  how: { write: boolean; wrote: boolean; explained: boolean },
): string[] {
  const { summary } = document;
  const sentences: string[] = [];
  if (summary.changed === 0)
    sentences.push(how.wrote && summary.files > 0 ? 'Nothing was changed.' : nothing(document));
  else if (how.wrote)
    sentences.push(`Changed ${many(summary.changed, 'file')}, ${many(summary.groups, 'change')}${kinds(document)}.`);
  else
    sentences.push(
      `Would change ${many(summary.changed, 'file')} (${many(summary.groups, 'change')}${kinds(document)}).`,
    );
  if (summary.needUnsafe > 0)
    sentences.push(
      `${many(summary.needUnsafe, 'more change')} ${summary.needUnsafe === 1 ? 'needs' : 'need'} --unsafe.`,
    );
  if (summary.refused > 0)
    sentences.push(`${many(summary.refused, 'site')} refused${how.explained ? '' : ' (--explain)'}.`);
  if (summary.ignored > 0) sentences.push(`${many(summary.ignored, 'site')} ignored by a comment.`);
  return [
    sentences.join(' '),
    ...(summary.changed > 0 && !how.write ? ['Nothing was written. Add --write to apply.'] : []),
  ];
}

function nothing({ summary }: ResultDocument): string {
  if (summary.sites > 0) return `Nothing to change in ${many(summary.files, 'file')}.`;
  return summary.files === 0 ? 'No files to look at.' : `Nothing to convert in ${many(summary.files, 'file')}.`;
}

const kinds = ({ summary }: ResultDocument): string => (summary.unsafe > 0 ? `, ${summary.unsafe} of them unsafe` : '');

/** Numbers of a run for `--stats`, one per line. */
export function statsLines(document: ResultDocument, milliseconds: number): string[] {
  const { summary, groups, refused } = document;
  const bytes = groups.flatMap((group) => group.edits);
  const counted = (title: string, codes: readonly string[]): string[] =>
    countCodes(codes).map(([code, count]) => `  ${title} ${code}: ${count}`);
  return [
    `Looked at ${many(summary.files, 'file')}, parsed ${summary.parsed}, ${(milliseconds / 1000).toFixed(2)} s.`,
    `${many(summary.sites, 'site')}: ${summary.groups} changes with ${many(bytes.length, 'edit')}, ${summary.refused} refused, ${summary.needUnsafe} need --unsafe, ${summary.ignored} ignored.`,
    ...counted(
      'rule',
      groups.map((group) => group.rule),
    ),
    ...counted(
      'note',
      groups.flatMap((group) => group.differences),
    ),
    ...counted(
      'refused',
      refused.filter((one) => !one.unsafe).map((one) => one.reason),
    ),
    ...counted(
      'unsafe',
      refused.flatMap((one) => one.unsafe ?? []),
    ),
  ];
}
