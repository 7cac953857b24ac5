/**
 * What a preview costs: `node bench/preview.cjs [--files 3500] [--runs 3] [folder]` (after `npm run build`).
 *
 * Over a folder of real code, or over a git repository made in a temporary folder: of every ten files three are stories of `fixtures/js`
 * (which apply), seven hold nothing to convert. Prints the median of whole processes: seconds on the clock, seconds of processor (which other
 * programs on the machine disturb less), and the most memory.
 */
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { files: { type: 'string', default: '3500' }, runs: { type: 'string', default: '3' } },
});
const count = Number(values.files);
const runs = Number(values.runs);
const root = path.join(__dirname, '..');
const bin = path.join(root, 'bin/asyncshift.js');
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-bench-'));
const made = path.join(home, 'repository');
const kept = path.join(home, 'kept');

const plain = Array.from({ length: 60 }, (_, n) => `exports.area${n} = (a, b) => a * b + ${n};`).join('\n') + '\n';
const chain = "const { stat } = require('fs').promises;\nexports.size = (file) => stat(file).then((s) => s.size);\n";

function stories() {
  const folder = path.join(root, 'fixtures/js');
  const names = ['callback.js', 'promise.js'];
  const files = fs.readdirSync(folder).flatMap((story) => names.map((name) => path.join(folder, story, name)));
  return files.filter((file) => fs.existsSync(file)).map((file) => fs.readFileSync(file, 'utf8'));
}

function make() {
  const texts = stories();
  for (let n = 0; n < count; n++) {
    const file = path.join(made, 'src', String(n % 50), `file${n}.js`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, n % 10 < 3 ? texts[n % texts.length] : plain);
  }
  fs.writeFileSync(path.join(made, 'package.json'), '{ "private": true }\n');
  git('init', '-q');
  git('add', '-A');
  git('-c', 'user.name=bench', '-c', 'user.email=bench@example.org', 'commit', '-q', '-m', 'all');
}

const git = (...args) => execFileSync('git', args, { cwd: made });

/** Stages one file and nothing else. */
function stage(text) {
  git('reset', '-q', '--hard');
  fs.writeFileSync(path.join(made, 'staged.js'), text);
  git('add', 'staged.js');
}

const probe = path.join(home, 'probe.cjs');
fs.writeFileSync(
  probe,
  `if (require('node:worker_threads').isMainThread) process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    require('node:fs').writeFileSync(process.env.BENCH_USAGE, JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1e6, memory: maxRSS / 1024 }));
  });\n`,
);

function once(folder, args) {
  const usage = path.join(home, 'usage.json');
  const started = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, ['--require', probe, bin, '--to', 'async', ...args], {
    cwd: folder,
    env: { ...process.env, BENCH_USAGE: usage },
    maxBuffer: 2 ** 30,
    encoding: 'utf8',
  });
  const clock = Number(process.hrtime.bigint() - started) / 1e9;
  // 2: some file of real code does not parse
  if (status !== 0 && status !== 2) throw new Error(stderr);
  return { clock, ...JSON.parse(fs.readFileSync(usage, 'utf8')) };
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

function measure(title, folder, args, before = () => undefined) {
  const found = Array.from({ length: runs }, () => (before(), once(folder, args)));
  const of = (key) => median(found.map((one) => one[key]));
  const [clock, cpu, memory] = [of('clock').toFixed(2), of('cpu').toFixed(2), of('memory').toFixed(0)];
  console.log(`${title.padEnd(36)} ${clock.padStart(7)} s   ${cpu.padStart(7)} s cpu   ${memory.padStart(5)} MB`);
}

try {
  make();
  const folder = positionals[0] ? path.resolve(positionals[0]) : made;
  const forget = () => fs.rmSync(kept, { recursive: true, force: true });
  measure('preview, nothing kept', folder, ['--cache-location', kept, '.'], forget);
  measure('preview again, from the cache', folder, ['--cache-location', kept, '.']);
  measure('preview, one thread, no cache', folder, ['--no-cache', '--jobs', '1', '.']);
  stage(plain);
  measure('one staged file, nothing applies', made, ['--staged']);
  stage(chain);
  measure('one staged file, something applies', made, ['--staged']);
} finally {
  fs.rmSync(home, { recursive: true, force: true });
}
