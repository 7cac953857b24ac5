/** Exactly what CI runs: every part is run, also after one has failed, and the tests come last. */
const { spawnSync } = require('node:child_process');

const parts = [
  ['types', 'tsc -p tsconfig.json --noEmit'],
  ['generated files', 'node scripts/generate.cjs --check'],
  ['lint', 'eslint --max-warnings 0 .'],
  ['format', 'prettier --check --log-level warn .'],
  ['tests', 'jest'],
];

const failed = parts.filter(([name, command]) => {
  process.stdout.write(`${name}: ${command}\n`);
  return spawnSync(command, { shell: true, stdio: 'inherit' }).status !== 0;
});
if (failed.length > 0) {
  process.stderr.write(`failed: ${failed.map(([name]) => name).join(', ')}\n`);
  process.exitCode = 1;
}
