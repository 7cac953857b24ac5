import { countCodes } from '../explain.js';
import { helpFor, type Reported } from './finding.js';

/** At most this many rows of a table: a pull request's text is read, not searched. */
const rows = 50;

/** A text for a pull request or a job summary: what changes, what was left and why, how to undo. */
export function markdown({ document, command }: Reported): string {
  const { summary, groups, refused, errors, config } = document;
  const parts = [
    `## asyncshift: to ${config.to}`,
    `${summary.changed} of ${summary.files} files change in ${summary.groups} change groups; ${summary.refused} sites were left, ` +
      `${summary.needUnsafe} need \`--unsafe\`, ${summary.errors} errors.`,
    table(
      'Changes',
      ['file', 'change', 'rule', 'level'],
      groups.map((group) => [
        `${code(group.path)}:${group.line}`,
        cell(group.title),
        code(group.rule),
        group.differences.length > 0 ? `${group.level}: ${group.differences.map(code).join(', ')}` : group.level,
      ]),
    ),
    table(
      'Left as it was',
      ['reason', 'sites', 'what it means'],
      countCodes(refused.map((one) => one.unsafe ?? one.reason)).map(([reason, count]) => [
        code(reason),
        String(count),
        cell(helpFor(reason).short),
      ]),
    ),
    table(
      'Errors',
      ['file', 'what'],
      errors.map((error) => [`${code(error.path)}:${error.line}:${error.column}`, cell(error.message)]),
    ),
    groups.length > 0
      ? `Made by \`${command}\`. To undo: \`git revert\` of this commit; name it in \`.git-blame-ignore-revs\` to keep it out of \`git blame\`.`
      : '',
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

function table(title: string, head: readonly string[], body: readonly (readonly string[])[]): string {
  if (body.length === 0) return '';
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const more = body.length > rows ? [`\n… and ${body.length - rows} more.`] : [];
  const lines = [line(head), line(head.map(() => '---')), ...body.slice(0, rows).map(line), ...more];
  return `### ${title}\n\n${lines.join('\n')}`;
}

const cell = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replace(/\s+/g, ' ');
/** A code span that a table can hold. */
const code = (text: string): string => `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``;
