/**
 * Writes what is derived from other files: the message types and the docs pages.
 * `node scripts/generate.cjs` writes; with `--check` it only says what is stale, and exits 1.
 */
const fs = require('node:fs');
const path = require('node:path');
const { messageFiles } = require('./lib/messages.cjs');
const { transformPages } = require('./lib/transform-pages.cjs');

const root = path.join(__dirname, '..');

/** Every generated file: path relative to the project → text. A test calls it to see that nothing is stale. */
function generated(from = root) {
  return { ...messageFiles(from), ...transformPages(from) };
}

/** Paths whose text on disk is not what would be generated, and pages that nothing generates any more. */
function stale(from = root) {
  const files = generated(from);
  const changed = Object.keys(files).filter((name) => read(path.join(from, name)) !== files[name]);
  const orphans = ['docs/refusals', 'docs/notes', 'docs/transforms']
    .flatMap((folder) => list(path.join(from, folder)).map((name) => `${folder}/${name}`))
    .filter((name) => !(name in files));
  return { changed, orphans };
}

function write() {
  const files = generated();
  const { changed, orphans } = stale();
  for (const name of orphans) fs.unlinkSync(path.join(root, name));
  for (const name of changed) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), files[name]);
  }
  return [...changed, ...orphans];
}

function read(file) {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
}

function list(folder) {
  return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
}

module.exports = { generated, stale };

if (require.main === module) {
  const checkOnly = process.argv.includes('--check');
  const { changed, orphans } = stale();
  const names = checkOnly ? [...changed, ...orphans] : write();
  for (const name of names) console.log(`${checkOnly ? 'stale' : 'written'}: ${name}`);
  if (checkOnly && names.length > 0) process.exitCode = 1;
}
