import { createHash } from 'node:crypto';
import type { Settings } from '../../types.js';
import type { Shard, Summary } from '../document.js';
import { settingsHash } from '../settings.js';
import { version } from '../version.js';

/** One part of one repository at one commit: all that a worker anywhere needs to know, and all that its result depends on. */
export interface FleetJob {
  /** A URL, or an absolute path that every worker can see. */
  readonly repo: string;
  readonly commit: string;
  /** The folder to look at, from the top; `.` is all of it. */
  readonly project: string;
  readonly shard: Shard;
  readonly version: string;
  readonly configHash: string;
  readonly settings: Settings;
}

/** What a worker hands back: where its result is, by content hash. */
export interface FleetAnswer {
  /** Names below the output folder: `results/<sha256>.json`, `patches/<sha256>.patch`. */
  readonly result: string;
  readonly patch: string;
  readonly summary: Summary;
}

export function fleetJob(asked: Pick<FleetJob, 'repo' | 'commit' | 'project' | 'shard' | 'settings'>): FleetJob {
  return { ...asked, version: version(), configHash: settingsHash(asked.settings) };
}

/** Equal for equal work, so that nothing is done twice. */
export function jobId({ repo, commit, project, shard, version: of, configHash }: FleetJob): string {
  const parts = { repo, commit, project, shard: `${shard.index}/${shard.count}`, version: of, configHash };
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** What is wrong with a job for this worker, if anything: jobs come from a server that others can write to. */
export function problemOf(job: FleetJob): string | undefined {
  if (job.version !== version()) return `made for version ${job.version}; this worker is ${version()}`;
  if (settingsHash(job.settings) !== job.configHash) return 'its settings do not have the hash that it names';
  if (!isCommit(job.commit)) return `'${job.commit}' is no commit`;
  if (!isRepository(job.repo)) return `'${job.repo}' is no repository`;
  return undefined;
}

export const isCommit = (text: string): boolean => /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text);

/** Nothing that git would take for an option or for a program to start (`ext::sh -c …`). */
export const isRepository = (text: string): boolean =>
  !text.startsWith('-') && (!/^[\w+.-]+::/.test(text) || /^[A-Za-z]:[\\/]/.test(text));
