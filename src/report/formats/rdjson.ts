import { findingsOf, regionOf, type Finding, type Region, type Reported } from './finding.js';

const severities = { change: 'WARNING', unsafe: 'INFO', refused: 'INFO', error: 'ERROR' } as const;

/**
 * Reviewdog Diagnostic Format: one object with all diagnostics. A change that stands in one file carries its edits as
 * suggestions; one that spans files can't be accepted a file at a time, so it has none.
 * Columns are 1-based and count UTF-8 bytes: https://github.com/reviewdog/reviewdog/tree/master/proto/rdf
 */
export function rdjson(reported: Reported): string {
  const diagnostics = findingsOf(reported).map((finding) => diagnosticOf(finding, reported));
  const source = { name: 'asyncshift', url: 'https://www.npmjs.com/package/asyncshift' };
  return `${JSON.stringify({ source, diagnostics }, undefined, 2)}\n`;
}

function diagnosticOf({ kind, code, path, region, message, group }: Finding, { text }: Reported): object {
  const own = group?.edits.every((edit) => edit.path === path) ? group.edits : [];
  const source = text(path);
  return {
    message,
    location: { path, ...(region && { range: rangeOf(region, source) }) },
    severity: severities[kind],
    code: { value: code },
    ...(own.length > 0 && {
      suggestions: own.map((edit) => ({ range: rangeOf(regionOf(source ?? '', edit)!, source), text: edit.text })),
    }),
  };
}

function rangeOf(region: Region, text: string | undefined): object {
  const lines = text?.split('\n') ?? [];
  const column = (line: number, units: number): number =>
    Buffer.byteLength((lines[line - 1] ?? '').slice(0, units - 1)) + 1;
  return {
    start: { line: region.line, column: column(region.line, region.column) },
    end: { line: region.endLine, column: column(region.endLine, region.endColumn) },
  };
}
