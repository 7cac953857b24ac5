import { findingsOf, type Finding, type Reported } from './finding.js';

/** GitHub shows about this many annotations of one step: the worst are printed, the rest is in the job summary. */
const shown = 10;
const order: readonly Finding['kind'][] = ['error', 'change', 'unsafe', 'refused'];
const commands = { error: 'error', change: 'warning', unsafe: 'notice', refused: 'notice' } as const;

/** Workflow commands, errors first: lines that a GitHub Actions log turns into annotations. */
export function github(reported: Reported): string {
  const findings = findingsOf(reported).sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  return findings
    .slice(0, shown)
    .map((finding) => `${annotation(finding, reported)}\n`)
    .join('');
}

function annotation({ kind, code, path, region, message }: Finding, { command }: Reported): string {
  const place: Record<string, string | number> = {
    file: path,
    ...(region && { line: region.line, endLine: region.endLine }),
    // GitHub takes columns for a place on one line only.
    ...(region && region.line === region.endLine && { col: region.column, endColumn: region.endColumn }),
    title: code,
  };
  const properties = Object.entries(place).map(([name, value]) => `${name}=${property(String(value))}`);
  const advice = kind === 'change' ? ` Run: ${command} ${path}` : '';
  return `::${commands[kind]} ${properties.join(',')}::${data(message + advice)}`;
}

/** Escapes as the runner reads them: https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
