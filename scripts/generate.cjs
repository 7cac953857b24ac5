/**
 * Writes what is derived from other files: the message types, the docs pages and the JSON schemas.
 * `node scripts/generate.cjs` writes; with `--quick` all but the page that the stories make and the schemas, which take seconds; with `--schemas`
 * these alone; with `--check` it only says what is stale, and exits 1.
 */
const fs = require('node:fs');
const path = require('node:path');
const { messageFiles } = require('./lib/messages.cjs');
const { transformPages } = require('./lib/transform-pages.cjs');

const root = path.join(__dirname, '..');

/** Every generated file: path relative to the project → text. A test calls it to see that nothing is stale. */
function generated(from = root) {
  return { ...quick(from), ...schemas(from), ...directionsPage() };
}

function quick(from = root) {
  return { ...messageFiles(from), ...transformPages(from) };
}

const schemas = (from = root) => require('./lib/schemas.cjs').schemaFiles(from);

/** The page that the stories make: it converts them all, so it is loaded (and, outside jest, compiled) only for this. */
function directionsPage() {
  if (!process.env.JEST_WORKER_ID) require('./register.cjs');
  return require('./lib/directions.ts').directionsPage();
}

/** Paths whose text on disk is not what would be generated, and pages that nothing generates any more. */
function stale(from = root, files = generated(from)) {
  const changed = Object.keys(files).filter((name) => read(path.join(from, name)) !== files[name]);
  const orphans = ['docs/refusals', 'docs/notes', 'docs/transforms']
    .flatMap((folder) => list(path.join(from, folder)).map((name) => `${folder}/${name}`))
    .filter((name) => folderIsIn(name, files) && !(name in files));
  return { changed, orphans };
}

function folderIsIn(name, files) {
  return `${path.posix.dirname(name)}/index.md` in files;
}

/** Writes what has changed, and says so. */
function write(files) {
  const { changed, orphans } = stale(root, files);
  for (const name of orphans) fs.unlinkSync(path.join(root, name));
  for (const name of changed) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), files[name]);
  }
  say('written', [...changed, ...orphans]);
}

function say(what, names) {
  for (const name of names) console.log(`${what}: ${name}`);
}

function read(file) {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
}

function list(folder) {
  return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
}

function main(args) {
  if (args.includes('--check')) {
    const { changed, orphans } = stale();
    say('stale', [...changed, ...orphans]);
    process.exitCode = changed.length + orphans.length > 0 ? 1 : 0;
    return;
  }
  if (args.includes('--schemas')) return write(schemas());
  // The types that messages become first: the tool that the last page runs is compiled with them.
  write(quick());
  if (!args.includes('--quick')) write({ ...schemas(), ...directionsPage() });
}

module.exports = { generated, stale };

if (require.main === module) main(process.argv.slice(2));
