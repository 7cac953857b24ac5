import type { Reported } from './finding.js';

/** One JSON object a line, each with its `type`: `run` first, then `file`, `group`, `refused`, `ignored`, `error`, `summary` last. */
export function ndjson({ document }: Reported): string {
  const { schema, tool, config, root, files, groups, refused, ignored, errors, summary } = document;
  const typed = (type: string, items: readonly object[]): object[] => items.map((item) => ({ type, ...item }));
  const lines = [
    { type: 'run', schema, tool, config, root },
    ...typed('file', files),
    ...typed('group', groups),
    ...typed('refused', refused),
    ...typed('ignored', ignored),
    ...typed('error', errors),
    { type: 'summary', ...summary },
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
