import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { patchOf } from '../../report/patch.js';
import { runDetailed, type RunDetails } from '../run.js';
import { withCheckout } from './checkout.js';
import { problemOf, type FleetAnswer, type FleetJob } from './job.js';

/** A job that will fail wherever it is tried. */
export class HopelessJob extends Error {}

/**
 * Does a job: only computes. The result document and the patch are put into `out` under the hash of what they hold, so a job that is done
 * twice, or by two workers at once, leaves the same files. Throws when the repository cannot be had.
 */
export async function handle(job: FleetJob, out: string): Promise<FleetAnswer> {
  const problem = problemOf(job);
  if (problem) throw new HopelessJob(problem);
  return withCheckout(job.repo, job.commit, async (folder) => {
    const details = await runDetailed({
      ...job.settings,
      cwd: folder,
      paths: [job.project],
      shard: job.shard,
      errorOnUnmatchedPattern: false,
      jobs: 1, // the fleet has its own
    });
    const result = store(out, 'results', '.json', `${JSON.stringify(details.document, undefined, 2)}\n`);
    return { result, patch: store(out, 'patches', '.patch', patch(details)), summary: details.document.summary };
  });
}

function patch({ changes }: RunDetails): string {
  const bom = (has: boolean): string => (has ? '\uFEFF' : '');
  const shown = changes.map(({ source, after }) => ({
    path: source.path,
    before: bom(source.bom) + source.text,
    after: bom(source.bom) + after,
    ...(source.isNew && { isNew: true }),
  }));
  return patchOf(shown);
}

/** Whole or not at all, and never twice. Gives the name below the folder. */
function store(out: string, kind: string, ending: string, text: string): string {
  const hash = createHash('sha256').update(text).digest('hex');
  const name = `${kind}/${hash}${ending}`;
  const file = path.join(out, name);
  if (fs.existsSync(file)) return name;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const part = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}.part`;
  fs.writeFileSync(part, text, { flag: 'wx' });
  fs.renameSync(part, file);
  return name;
}
