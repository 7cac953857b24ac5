/**
 * The environments in which Python stories run: a venv in .venv-test/ per Python version and per content of test/python/requirements.txt, made once.
 * `node scripts/python-env.cjs` makes that of `python3`; with `--all` also those of the other versions that this machine has, and the one with the
 * tools of test/hooks/requirements.txt.
 */
const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..');
const requirements = path.join(root, 'test/python/requirements.txt');
/** Tools written in Python that tests start, such as pre-commit: apart from what stories import. */
const tools = path.join(root, 'test/hooks/requirements.txt');
const folder = path.join(root, '.venv-test');
/** Versions on which the founding programs have to run. */
const VERSIONS = ['3.8', '3.11', '3.12', '3.13'];
const LOCK_SECONDS = 300;

/** The interpreter of the environment, made when it is missing; or why there is none. `version` as in `3.12`; default: what `python3` is. */
function pythonEnvironment(version) {
  return environment(requirements, version);
}

/** The same with the tools: their programs are in its `bin`. */
function toolEnvironment() {
  const { python, reason } = environment(tools);
  return python ? { bin: path.dirname(python) } : { reason };
}

function environment(list, version) {
  if (process.platform === 'win32') return { reason: 'programs are forked, which Windows cannot do' };
  const base = findPython(version);
  if (!base) return { reason: version ? `there is no Python ${version}` : 'there is no python3 (3.8 or later)' };
  const python = path.join(folder, nameOf(base, list), 'bin/python');
  if (fs.existsSync(python)) return { python, version: base.version };
  const failure = withLock(() => (fs.existsSync(python) ? undefined : make(base, list)));
  return failure ? { reason: failure } : { python, version: base.version };
}

/** Environments that are there already: others cost a minute each. */
function builtEnvironments() {
  const known = VERSIONS.map((version) => findPython(version)).filter(Boolean);
  return known
    .map((base) => ({ version: base.version, python: path.join(folder, nameOf(base, requirements), 'bin/python') }))
    .filter(({ python }) => fs.existsSync(python));
}

function nameOf({ version }, list) {
  const hash = createHash('sha256').update(fs.readFileSync(list)).digest('hex').slice(0, 12);
  return `${list === tools ? 'tools-' : ''}${version}-${hash}`;
}

/** `python3` itself, `python3.12` on the path, or a version of pyenv. */
function findPython(version) {
  const names = version ? [`python${version}`, ...pyenvPythons(version), 'python3'] : ['python3'];
  for (const command of names) {
    const run = spawnSync(command, ['-c', 'import sys, venv; print("%d.%d" % sys.version_info[:2])'], {
      encoding: 'utf8',
    });
    const found = run.status === 0 ? run.stdout.trim() : '';
    const isNewEnough = /^3\.(\d+)$/.test(found) && Number(found.slice(2)) >= 8;
    if (isNewEnough && (!version || found === version)) return { command, version: found };
  }
  return undefined;
}

function pyenvPythons(version) {
  const versions = path.join(process.env.PYENV_ROOT ?? path.join(os.homedir(), '.pyenv'), 'versions');
  if (!fs.existsSync(versions)) return [];
  const mine = fs.readdirSync(versions).filter((name) => name.startsWith(`${version}.`));
  return mine.map((name) => path.join(versions, name, 'bin/python'));
}

/** Made beside its place and renamed: an environment that is there is whole. Gives the reason when it cannot be made. */
function make(base, list) {
  const target = path.join(folder, nameOf(base, list));
  process.stderr.write(`making a Python ${base.version} environment of the tests: ${path.relative(root, target)}\n`);
  fs.rmSync(target, { recursive: true, force: true });
  const steps = [
    [base.command, ['-m', 'venv', target]],
    [path.join(target, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '--requirement', list]],
  ];
  for (const [command, args] of steps) {
    const run = spawnSync(command, args, { encoding: 'utf8' });
    if (run.status === 0) continue;
    fs.rmSync(target, { recursive: true, force: true });
    const said = `${run.stderr ?? ''}${run.stdout ?? ''}`.trim().split('\n').at(-1);
    return `the environment for Python ${base.version} could not be made: ${said}`;
  }
  return undefined;
}

/** Test files run in several processes: one makes, the others wait. */
function withLock(action) {
  fs.mkdirSync(folder, { recursive: true });
  const lock = path.join(folder, 'lock');
  const until = Date.now() + LOCK_SECONDS * 1000;
  for (;;) {
    try {
      fs.mkdirSync(lock);
      break;
    } catch {
      if (Date.now() > until) fs.rmSync(lock, { recursive: true, force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  try {
    return action();
  } finally {
    fs.rmSync(lock, { recursive: true, force: true });
  }
}

/** Fails when there is a Python that the environment cannot be made for; says so when there is none. */
function main(args) {
  const first = pythonEnvironment();
  if (!first.python && /there is no|cannot/.test(first.reason) && !/could not/.test(first.reason)) {
    process.stdout.write(`Python stories will not be run: ${first.reason}\n`);
    return 0;
  }
  const others = args.includes('--all')
    ? VERSIONS.filter((version) => version !== first.version && findPython(version))
    : [];
  const all = [first, ...others.map((version) => pythonEnvironment(version))];
  if (args.includes('--all')) {
    const { bin, reason } = toolEnvironment();
    all.push({ python: bin, reason });
  }
  for (const { reason } of all) if (reason) process.stdout.write(`${reason}\n`);
  process.stdout.write(`Python ${all.flatMap(({ version }) => version ?? []).join(', ')}\n`);
  return all.every(({ python }) => python) ? 0 : 1;
}

module.exports = { pythonEnvironment, toolEnvironment, builtEnvironments, VERSIONS };
if (require.main === module) process.exitCode = main(process.argv.slice(2));
