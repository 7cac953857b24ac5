import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { builtBin, repository, type Files, type Repository } from './harness.js';

/** Why there is no server to test with; said once, and the tests that need it are not run. */
const noRedis = spawnSync('redis-server', ['--version']).error
  ? 'redis-server is not installed (Debian: apt-get install redis-server), so the fleet is not tested with a server'
  : undefined;
const withRedis = noRedis ? describe.skip : describe;
if (noRedis) process.stderr.write(`${noRedis}\n`);

beforeAll(() => void builtBin(false));

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-fleet-test-'));
const started: ChildProcess[] = [];
afterAll(async () => {
  for (const child of started) await ended(child, 'SIGKILL');
  fs.rmSync(home, { recursive: true, force: true });
});

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });

/** A server of our own: loopback only, its data in a folder of ours. Done when it answers. */
async function redis(port: number): Promise<ChildProcess> {
  const dir = path.join(home, String(port));
  fs.mkdirSync(dir, { recursive: true });
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''];
  const child = spawn('redis-server', [...args, '--appendonly', 'yes', '--appendfsync', 'always'], { stdio: 'ignore' });
  started.push(child);
  await until(async () => (await ping(port)) === '+PONG');
  return child;
}

const ping = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => (socket.destroy(), resolve(String(data).trim())));
    socket.once('error', () => resolve(''));
  });

async function until(is: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await is())) await new Promise((resolve) => setTimeout(resolve, 50));
}

const chain = (name: string): string =>
  `const { stat } = require('fs').promises;\n\nexports.${name} = function (file) {\n  return stat(file).then((s) => s.size);\n};\n`;

/** Two packages of so many files. */
function files(name: string, count: number): Files {
  const entries = ['a', 'b'].flatMap((folder): [string, string][] => [
    [`${folder}/package.json`, `{ "name": "${name}-${folder}" }\n`],
    ...Array.from({ length: count }, (_, at): [string, string] => [`${folder}/f${at}.js`, chain(`${name}${at}`)]),
  ]);
  return Object.fromEntries(entries);
}

interface Row {
  readonly id: string;
  readonly repo: string;
  readonly state: string;
  readonly shard: { readonly index: number; readonly count: number };
  readonly result: string;
  readonly patch: string;
}

/** The commands of one campaign, given from a folder of its own. */
function campaign(port: number, queue: string) {
  const out = path.join(home, queue);
  const from = repository({ 'x.txt': '' });
  const common = ['--redis', `redis://127.0.0.1:${port}`, '--queue', queue];
  const fleet = (action: string, ...more: string[]) => from.run(['fleet', action, ...common, ...more]);
  const worker = (...more: string[]): ChildProcess => {
    const args = ['fleet', 'work', ...common, '--out', out, '--stalled-after', '1500', ...more];
    const child = spawn(process.execPath, [builtBin(), ...args], { stdio: 'ignore' });
    started.push(child);
    return child;
  };
  const rows = (): Row[] =>
    fleet('results')
      .out.split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Row);
  const status = () => JSON.parse(fleet('status', '--json').out) as Record<string, number>;
  return { out, fleet, worker, rows, status };
}

/** The results of a repository are those of a run over it, and its patches apply to it. */
function mustBeRight(repo: Repository, rows: readonly Row[], out: string): void {
  const own = rows.filter((row) => row.repo === repo.folder);
  for (const { result, patch } of own)
    for (const file of [result, patch]) {
      const hash = createHash('sha256')
        .update(fs.readFileSync(path.join(out, file)))
        .digest('hex');
      expect(path.basename(file).replace(/\..*/, '')).toBe(hash);
    }
  const merged = repo.run(['merge', ...own.map((row) => path.join(out, row.result))]).out;
  expect(merged).toBe(repo.run(['--to', 'async', '--no-cache', '--output', 'json']).out);
  for (const { patch } of own) repo.git('apply', path.join(out, patch));
  expect(repo.run(['--to', 'async', '--no-cache', '--check'])).toMatchObject({ code: 0, out: '' });
}

withRedis('with a server', () => {
  let port: number;
  let server: ChildProcess;
  beforeAll(async () => {
    port = await freePort();
    server = await redis(port);
  }, 60_000);

  test('jobs of several repositories are done once, and their results are those of runs', async () => {
    const { out, fleet, worker, rows, status } = campaign(port, 'plain');
    const repos = [repository(files('one', 3)), repository(files('two', 2))];
    const names = repos.map((repo) => repo.folder);
    expect(fleet('add', '--to', 'async', '--shards', '2', ...names).err).toMatch(/^Added 4 of 4 jobs/);
    expect(fleet('add', '--to', 'async', '--shards', '2', ...names).err).toMatch(/^Added 0 of 4 jobs; 4 were there/);
    expect(fleet('status').out).toMatch(/^waiting +4$/m);
    const first = worker('--drain');
    await until(() => first.exitCode !== null);
    expect(first.exitCode).toBe(0);
    expect(status()).toMatchObject({ completed: 4, waiting: 0, failed: 0 });
    // What is done already is not done again, and another setting is another job.
    expect(fleet('add', '--to', 'async', '--shards', '2', ...names).err).toMatch(/^Added 0 of 4/);
    expect(fleet('add', '--to', 'async', '--unsafe', names[0]!).err).toMatch(/^Added 1 of 1/);
    const done = rows().filter((row) => row.state === 'completed');
    for (const repo of repos) mustBeRight(repo, done, out);
  }, 240_000);

  test('a job that cannot be done is tried again, fails with its reason, and the others are done', async () => {
    const { fleet, worker, rows } = campaign(port, 'broken');
    const good = repository(files('good', 1));
    const commit = good.git('rev-parse', 'HEAD').trim();
    fleet('add', '--to', 'async', '--ref', commit, '--attempts', '2', good.folder, path.join(home, 'gone'));
    const first = worker('--drain');
    await until(() => first.exitCode !== null);
    expect(first.exitCode).toBe(2);
    const found = Object.fromEntries(rows().map((row) => [path.basename(row.repo), row]));
    expect(found[path.basename(good.folder)]).toMatchObject({ state: 'completed' });
    expect(found['gone']).toMatchObject({
      state: 'failed',
      attempts: 2,
      error: expect.stringMatching(/git fetch/) as string,
    });
  }, 240_000);

  test('what a killed worker had in hand is done by another one', async () => {
    const { out, fleet, worker, rows, status } = campaign(port, 'killed');
    const repo = repository(files('killed', 60));
    fleet('add', '--to', 'async', '--shards', '2', repo.folder);
    const first = worker();
    await until(() => status()['active']! > 0);
    await ended(first, 'SIGKILL');
    expect(status()['completed']).toBeLessThan(2);
    const second = worker('--drain');
    await until(() => second.exitCode !== null);
    expect([second.exitCode, status()]).toMatchObject([0, { completed: 2, failed: 0, active: 0 }]);
    mustBeRight(repo, rows(), out);
  }, 240_000);

  test('a server that is killed and started again has lost nothing, and the worker goes on', async () => {
    const { out, fleet, worker, rows, status } = campaign(port, 'server');
    const repo = repository(files('server', 60));
    fleet('add', '--to', 'async', '--shards', '2', repo.folder);
    const one = worker('--drain');
    await until(() => status()['active']! > 0);
    await ended(server, 'SIGKILL');
    server = await redis(port);
    await until(() => one.exitCode !== null);
    expect([one.exitCode, status()]).toMatchObject([0, { completed: 2, failed: 0 }]);
    mustBeRight(repo, rows(), out);
  }, 240_000);
});

test('without a server the commands say how to start one', async () => {
  const repo = repository({ 'a.js': '' });
  expect(repo.run(['fleet', 'status'], { env: { ASYNCSHIFT_REDIS: '' } })).toMatchObject({
    code: 2,
    err: expect.stringMatching(/none is named\n.*hint.*redis-server --appendonly yes/) as string,
  });
  const nobody = `redis://127.0.0.1:${await freePort()}`;
  for (const args of [['status'], ['results'], ['add', '--to', 'async', '.']])
    expect(repo.run(['fleet', ...args, '--redis', nobody])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/there is no Redis at redis:\/\/127[^]*hint.*compose\.yaml/) as string,
    });
}, 60_000);

test('without the packages the commands say how to install them', () => {
  const repo = repository({ 'a.js': '' });
  const hide = path.join(repo.folder, 'hide.cjs');
  repo.write({
    'hide.cjs':
      "const M = require('node:module'); const r = M._resolveFilename; M._resolveFilename = function (name, ...rest) { if (/^(bullmq|ioredis)$/.test(name)) throw Object.assign(new Error(name), { code: 'MODULE_NOT_FOUND' }); return r.call(this, name, ...rest); };\n",
  });
  const env = { NODE_OPTIONS: `--require ${hide}`, ASYNCSHIFT_REDIS: 'redis://127.0.0.1:1' };
  expect(repo.run(['fleet', 'status'], { env })).toMatchObject({
    code: 2,
    err: expect.stringMatching(/not installed\n.*hint.*npm install bullmq ioredis/) as string,
  });
});
