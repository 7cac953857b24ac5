/**
 * The package as users get it: publint and attw find nothing, nothing runs at its installation, and packed and installed in an empty
 * folder it works: the command, both kinds of import, and a transform for jscodeshift.
 */
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const top = path.join(__dirname, '..');
const bin = (name) => path.join(top, 'node_modules', '.bin', name);
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-package-'));

function run(cwd, file, ...args) {
  try {
    return execFileSync(file, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    throw new Error(`${path.basename(file)} ${args.join(' ')}\n${error.stdout ?? ''}${error.stderr ?? ''}`, {
      cause: error,
    });
  }
}

function expect(what, found, wanted) {
  if (!found.includes(wanted)) throw new Error(`${what}: ${JSON.stringify(wanted)} is not in\n${found}`);
}

function main() {
  const { scripts } = JSON.parse(fs.readFileSync(path.join(top, 'package.json'), 'utf8'));
  const atInstall = ['preinstall', 'install', 'postinstall'].filter((name) => name in scripts);
  if (atInstall.length > 0) throw new Error(`nothing may run at an installation: ${atInstall.join(', ')}`);
  const tarball = path.join(
    home,
    run(top, 'npm', 'pack', '--silent', '--pack-destination', home).trim().split('\n').at(-1),
  );
  run(home, bin('publint'), 'run', tarball, '--strict');
  run(home, bin('attw'), tarball, '--profile', 'node16', '--entrypoints', '.');
  const app = path.join(home, 'app');
  fs.mkdirSync(app);
  fs.writeFileSync(path.join(app, 'package.json'), '{"name":"app","private":true}\n');
  run(app, 'npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', tarball);
  fs.writeFileSync(path.join(app, 'a.js'), 'module.exports = (get) => get().then((x) => x.length);\n');
  expect(
    'the command',
    run(app, path.join(app, 'node_modules', '.bin', 'asyncshift'), '--to', 'async', 'a.js'),
    '+++ b/a.js',
  );
  const used = "console.log(transform('async () => 1', { to: 'promise' }).errors.length)";
  expect('require', run(app, process.execPath, '-e', `const { transform } = require('asyncshift'); ${used}`), '0');
  expect(
    'import',
    run(app, process.execPath, '--input-type=module', '-e', `import { transform } from 'asyncshift'; ${used}`),
    '0',
  );
  run(app, process.execPath, '-e', "require('asyncshift/transforms/to-async.cjs'); require('asyncshift/schema.json')");
  console.log(`the package works: ${path.basename(tarball)}`);
}

try {
  main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  fs.rmSync(home, { recursive: true, force: true });
}
