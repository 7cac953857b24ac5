import builder from 'junit-report-builder';
import { findingsOf, type Finding, type Reported } from './finding.js';

/** JUnit XML: a suite per file, a failing case per change that a check would ask for, a skipped one per site that was left. */
export function junit(reported: Reported): string {
  const findings = findingsOf(reported);
  const report = builder.newBuilder();
  for (const { path } of reported.document.files) {
    const suite = report.testSuite().name(path);
    const own = findings.filter((finding) => finding.path === path);
    for (const finding of own) addCase(suite, finding);
    if (own.length === 0) suite.testCase().className(path).name('nothing to convert');
  }
  return `${report.build()}\n`;
}

function addCase(suite: ReturnType<typeof builder.testSuite>, { kind, code, path, region, message }: Finding): void {
  const place = region ? `:${region.line}:${region.column}` : '';
  const made = suite.testCase().className(path).name(`${code} ${path}${place}`).file(path);
  if (kind === 'change') made.failure(message, code);
  else if (kind === 'error') made.error(message, code);
  else made.standardOutput(message).skipped();
}
