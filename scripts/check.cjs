/** Exactly what CI runs: every part is run, also after one has failed, and the tests come last, so that their count is the last line. */
const { spawnSync } = require('node:child_process');

const parts = [
  ['types', 'tsc -p tsconfig.json --noEmit'],
  ['generated files', 'node scripts/generate.cjs --check'],
  ['lint', 'eslint --max-warnings 0 .'],
  ['format', 'prettier --check --log-level warn .'],
  ['Python environments', 'node scripts/python-env.cjs --all'],
  ['package', 'node scripts/package-check.cjs'],
];

function passes([name, command]) {
  process.stdout.write(`${name}: ${command}\n`);
  return spawnSync(command, { shell: true, stdio: 'inherit' }).status === 0;
}

const failed = parts.filter((part) => !passes(part)).map(([name]) => name);
process.stdout.write(failed.length > 0 ? `failed: ${failed.join(', ')}\n` : '');
const tested = passes(['tests', 'jest']);
process.exitCode = failed.length === 0 && tested ? 0 : 1;
