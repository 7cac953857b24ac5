import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { commitOf } from '../../src/run/fleet/checkout.js';
import { handle, HopelessJob } from '../../src/run/fleet/handle.js';
import { fleetJob, jobId, type FleetJob } from '../../src/run/fleet/job.js';
import { settingsOf } from '../../src/run/settings.js';

let folder: string;
beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-fleet-'))));
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const job = (more: Partial<FleetJob> = {}): FleetJob => ({
  ...fleetJob({
    repo: folder,
    commit: 'a'.repeat(40),
    project: '.',
    shard: { index: 1, count: 2 },
    settings: settingsOf({ to: 'async' }),
  }),
  ...more,
});

test('equal work has one id, and whatever the result depends on gives another', () => {
  expect(jobId(job())).toBe(jobId(job()));
  expect(jobId(job())).toMatch(/^[0-9a-f]{64}$/);
  const others = [
    job({ repo: '/other' }),
    job({ commit: 'b'.repeat(40) }),
    job({ project: 'packages/a' }),
    job({ shard: { index: 2, count: 2 } }),
    job({ version: '0.0.1' }),
    fleetJob({ ...job(), settings: settingsOf({ to: 'async', unsafe: true }) }),
  ];
  expect(new Set([job(), ...others].map(jobId)).size).toBe(1 + others.length);
});

const pwned = (): boolean => fs.existsSync(path.join(folder, 'pwned'));

test.each(['ext::sh -c touch% $PWNED', '--upload-pack=touch $PWNED', '-x'])('%s starts no program', async (name) => {
  const repo = name.replace('$PWNED', path.join(folder, 'pwned'));
  expect(() => commitOf(repo, 'HEAD')).toThrow('is no repository');
  await expect(handle(job({ repo }), folder)).rejects.toThrow(HopelessJob);
  expect(pwned()).toBe(false);
});

test('a job that others put together is not trusted', async () => {
  const wrong: [Partial<FleetJob>, RegExp][] = [
    [{ version: '0.0.1' }, /made for version 0\.0\.1/],
    [{ settings: settingsOf({ to: 'promise' }) }, /do not have the hash/],
    [{ commit: '--upload-pack=x' }, /is no commit/],
  ];
  for (const [more, message] of wrong) await expect(handle(job(more), folder)).rejects.toThrow(message);
  expect(fs.readdirSync(folder)).toEqual([]);
});

test('a repository or a branch that is not there is told in words of git', () => {
  expect(() => commitOf(path.join(folder, 'gone'), 'HEAD')).toThrow(
    /gone: .*(does not exist|not a git repository|not appear to be)/i,
  );
});
