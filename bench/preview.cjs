/**
 * How long a preview takes: `node bench/preview.cjs [files] [runs]` (after `npm run build`).
 *
 * Makes a git repository in a temporary folder: of every ten files three are stories of `fixtures/js` (which apply), seven hold
 * nothing to convert. Prints the seconds of each whole process: the preview, and one file in which nothing applies.
 */
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const [count = 3500, runs = 3] = process.argv.slice(2).map(Number);
const root = path.join(__dirname, '..');
const bin = path.join(root, 'bin/asyncshift.js');

function stories() {
  const folder = path.join(root, 'fixtures/js');
  const names = ['callback.js', 'promise.js'];
  const files = fs.readdirSync(folder).flatMap((story) => names.map((name) => path.join(folder, story, name)));
  return files.filter((file) => fs.existsSync(file)).map((file) => fs.readFileSync(file, 'utf8'));
}

const plain = Array.from({ length: 60 }, (_, n) => `exports.area${n} = (a, b) => a * b + ${n};`).join('\n') + '\n';
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-bench-'));

function make() {
  const texts = stories();
  for (let n = 0; n < count; n++) {
    const file = path.join(folder, 'src', String(n % 50), `file${n}.js`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, n % 10 < 3 ? texts[n % texts.length] : plain);
  }
  fs.writeFileSync(path.join(folder, 'plain.js'), plain);
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  execFileSync('git', ['init', '-q', folder]);
}

function seconds(args) {
  const started = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, [bin, '--to', 'async', ...args], {
    cwd: folder,
    maxBuffer: 2 ** 30,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return Number(process.hrtime.bigint() - started) / 1e9;
}

try {
  make();
  for (const [title, args] of [
    [`preview of ${count} files`, ['.']],
    ['one file, nothing applies', ['plain.js']],
  ]) {
    const times = Array.from({ length: runs }, () => seconds(args)).sort((a, b) => a - b);
    console.log(`${title}: ${times.map((time) => time.toFixed(2)).join(' ')} s`);
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
