/** A jest reporter: the last line is the count alone, `123 passed, 0 failed`, for people and programs that read only that. */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    const crashed = results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const failed = results.numFailedTests + crashed;
    // After jest's own summary, which is written to stderr too when the run ends.
    process.on('exit', () => {
      process.stdout.write(
        `${results.numPassedTests} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}\n`,
      );
    });
  }
};
