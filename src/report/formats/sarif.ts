import type { Log, Region as SarifRegion, ReportingDescriptor, Result } from 'sarif';
import type { FileEdit } from '../../types.js';
import { findingsOf, helpFor, regionOf, type Finding, type Region, type Reported } from './finding.js';

/**
 * SARIF 2.1.0 as GitHub code scanning takes it: relative percent-encoded paths, tight regions, 1-based UTF-16 columns. A change
 * group is one fix, over as many files as it has; GitHub leaves fixes out, reviewdog and editors do not.
 */
export function sarif(reported: Reported): string {
  const { document } = reported;
  const findings = findingsOf(reported);
  const log: Log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: document.tool.name,
            semanticVersion: document.tool.version,
            rules: rulesOf(findings),
          },
        },
        automationDetails: { id: `asyncshift/${document.config.to}/` },
        originalUriBaseIds: { '%SRCROOT%': { description: { text: 'The root of the run.' } } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => resultOf(finding, reported)),
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function rulesOf(findings: readonly Finding[]): ReportingDescriptor[] {
  const codes = [...new Set(findings.map((finding) => finding.code))].sort();
  return codes.map((code) => {
    const { short, full } = helpFor(code);
    return {
      id: code,
      shortDescription: { text: short },
      fullDescription: { text: full },
      help: { text: `${full}\n\nasyncshift explain ${code}` },
    };
  });
}

const levels = { change: 'warning', unsafe: 'note', refused: 'note', error: 'error' } as const;

function resultOf(finding: Finding, reported: Reported): Result {
  const { group, path, region, code, message, kind } = finding;
  const location = {
    physicalLocation: { artifactLocation: artifact(path), ...(region && { region: sarifRegion(region) }) },
  };
  return {
    ruleId: code,
    level: levels[kind],
    message: { text: message },
    locations: [location],
    ...(group && {
      partialFingerprints: { 'asyncshiftGroup/v1': group.id },
      fixes: [{ description: { text: group.title }, artifactChanges: changesOf(group.edits, reported) }],
    }),
  };
}

function changesOf(
  edits: readonly FileEdit[],
  { text }: Reported,
): NonNullable<Result['fixes']>[number]['artifactChanges'] {
  const paths = [...new Set(edits.map((edit) => edit.path))];
  return paths.map((path) => ({
    artifactLocation: artifact(path),
    replacements: edits
      .filter((edit) => edit.path === path)
      .map((edit) => ({
        deletedRegion: sarifRegion(regionOf(text(path) ?? '', edit)!),
        insertedContent: { text: edit.text },
      })),
  }));
}

function artifact(path: string): { uri: string; uriBaseId: string } {
  return { uri: path.split('/').map(encodeURIComponent).join('/'), uriBaseId: '%SRCROOT%' };
}

function sarifRegion({ line, column, endLine, endColumn }: Region): SarifRegion {
  return { startLine: line, startColumn: column, endLine, endColumn };
}
