/** The Python that stories run with. Without one the runs are skipped, and the reason is printed once. */

const { pythonEnvironment } = require('../../scripts/python-env.cjs') as {
  pythonEnvironment(version?: string): { python?: string; version?: string; reason?: string };
};

/** The interpreter, or undefined after the reason was printed. */
export function pythonOrReason(): string | undefined {
  const { python, reason } = pythonEnvironment();
  if (!python) process.stderr.write(`Python programs are not run: ${reason}\n`);
  return python;
}
