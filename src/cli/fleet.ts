import { Command, CommanderError, InvalidArgumentError } from 'commander';
import * as path from 'node:path';
import { commitOf } from '../run/fleet/checkout.js';
import { fleetJob, isCommit, type FleetJob } from '../run/fleet/job.js';
import { FleetProblem, openFleet, work, type FleetRow } from '../run/fleet/queue.js';
import { settingsOf } from '../run/settings.js';
import type { Console, Loudness } from './main.js';
import { checkTogether, parseArguments, UsageError } from './options.js';

interface Own {
  readonly redis?: string;
  readonly queue: string;
  readonly ref: string;
  readonly project: string;
  readonly shards: number;
  readonly attempts: number;
  readonly out: string;
  readonly concurrency: number;
  readonly stalledAfter: number;
  readonly drain: boolean;
  readonly json: boolean;
  readonly help?: boolean;
}

/** `asyncshift fleet add|work|status|results`: one conversion over many repositories, by workers on many machines. Returns the exit code. */
export async function fleetCommand(args: readonly string[], open: (loudness: Loudness) => Console): Promise<number> {
  const [action = 'help', ...more] = args;
  const { own, rest, help } = parse(more);
  const { options, paths } = parseArguments(rest);
  const screen = open(options);
  const actions: Record<string, () => Promise<number>> = {
    add: () => add(own, options, paths, screen),
    work: () => doWork(own, screen),
    status: () => status(own, screen),
    results: () => results(own, screen),
  };
  if (own.help || options.help || /^(-h|--)?help$|^-h$/.test(action)) return screen.out(help).then(() => 0);
  const chosen = actions[action];
  if (!chosen) throw new UsageError(`there is no 'fleet ${action}'. There are: add, work, status, results.`);
  if (action !== 'add' && paths.length > 0) throw new UsageError(`fleet ${action} takes no names: '${paths[0]}'`);
  try {
    return await chosen();
  } catch (error) {
    if (!(error instanceof FleetProblem)) throw error;
    await screen.error(error.message, error.hint);
    return 2;
  }
}

/** Our own options; the others are those of the main command. */
function parse(args: readonly string[]): { own: Own; rest: string[]; help: string } {
  const command = new Command('asyncshift fleet')
    .usage('add|work|status|results [options] [repositories...]')
    .description(DESCRIPTION)
    .option('--redis <url>', 'where the jobs are kept (default: ASYNCSHIFT_REDIS)')
    .option('--queue <name>', 'name of the campaign', name, 'asyncshift')
    .option('--ref <ref>', 'add: the branch, tag or commit', 'HEAD')
    .option('--project <folder>', 'add: only this folder of each repository', '.')
    .option('--shards <n>', 'add: parts of each repository', wholeNumber, 1)
    .option('--attempts <n>', 'add: how often a job is tried', wholeNumber, 3)
    .option('--out <folder>', 'work: where results and patches go', 'asyncshift-fleet')
    .option('--concurrency <n>', 'work: jobs at once', wholeNumber, 1)
    .option('--stalled-after <ms>', 'work: when a silent worker counts as dead', wholeNumber, 30_000)
    .option('--drain', 'work: end when nothing is left to do', false)
    .option('--json', 'status: for programs', false)
    .option('-h, --help', 'this text')
    .helpOption(false)
    .exitOverride()
    .allowUnknownOption()
    .argument('[rest...]')
    .configureHelp({ visibleArguments: () => [] })
    .configureOutput({ writeErr: () => undefined });
  try {
    command.parse([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new UsageError(error.message.replace(/^error: /, ''), 'asyncshift fleet --help');
  }
  const given = command.opts<Own>();
  const redis = given.redis ?? process.env['ASYNCSHIFT_REDIS'];
  return { own: { ...given, ...(redis && { redis }) }, rest: command.args, help: command.helpInformation() };
}

const DESCRIPTION = [
  'One conversion over many repositories. Jobs are kept in Redis (bullmq); workers run on as many machines as you like.',
  '',
  '  asyncshift fleet add --to async https://example.org/a.git ../b   a job for each repository and shard',
  '  asyncshift fleet work --out results                              do jobs until stopped',
  '  asyncshift fleet status                                          how far it is',
  '  asyncshift fleet results                                         one JSON line per job, with its files',
].join('\n');

function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(value);
}

function name(value: string): string {
  if (!/^[\w.-]{1,100}$/.test(value)) throw new InvalidArgumentError('Letters, digits, ".", "-" and "_" only.');
  return value;
}

async function add(
  own: Own,
  options: ReturnType<typeof parseArguments>['options'],
  repositories: readonly string[],
  screen: Console,
): Promise<number> {
  checkTogether(options, []);
  if (repositories.length === 0)
    throw new UsageError('name the repositories: asyncshift fleet add --to async ../a ../b');
  const fleet = await openFleet(own);
  try {
    const settings = settingsOf({ ...options, to: options.to! });
    const jobs: FleetJob[] = [];
    let failed = 0;
    for (const given of repositories) {
      const repo = isRemote(given) ? given : path.resolve(given);
      try {
        const commit = isCommit(own.ref) ? own.ref : commitOf(repo, own.ref);
        for (let index = 1; index <= own.shards; index++)
          jobs.push(fleetJob({ repo, commit, project: own.project, shard: { index, count: own.shards }, settings }));
      } catch (error) {
        failed++;
        await screen.error((error as Error).message);
      }
    }
    const fresh = await fleet.add(jobs, own.attempts);
    await screen.note(`Added ${fresh} of ${jobs.length} jobs; ${jobs.length - fresh} were there already.`);
    return failed > 0 ? 2 : 0;
  } finally {
    await fleet.close();
  }
}

/** A URL, or `host:path` as ssh has it. */
const isRemote = (repo: string): boolean => /^[a-z][a-z0-9+.-]*:/i.test(repo) || /^[\w.-]+@[\w.-]+:/.test(repo);

async function doWork(own: Own, screen: Console): Promise<number> {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    const code = signal === 'SIGINT' ? 130 : 143;
    if (stop.signal.aborted) process.exit(code); // a second one ends at once; the job goes to another worker
    process.exitCode = code;
    stop.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  let failed = 0;
  await work({
    ...own,
    signal: stop.signal,
    onJob: ({ job, answer, error }) => {
      if (error) failed++;
      const about = `${job.repo} ${job.commit.slice(0, 8)} ${job.shard.index}/${job.shard.count}`;
      const said = answer ? `${answer.summary.changed} files would change, ${answer.summary.refused} refused` : error;
      void (error ? screen.error(`${about}: ${said}`) : screen.note(`${about}: ${said}`));
    },
  });
  return stop.signal.aborted ? (process.exitCode as number) : failed > 0 ? 2 : 0;
}

async function status(own: Own, screen: Console): Promise<number> {
  const fleet = await openFleet(own);
  try {
    const counts = await fleet.counts();
    if (own.json) await screen.out(`${JSON.stringify(counts)}\n`);
    else
      await screen.out(
        Object.entries(counts)
          .map(([state, count]) => `${state.padEnd(10)} ${count}\n`)
          .join(''),
      );
    return 0;
  } finally {
    await fleet.close();
  }
}

async function results(own: Own, screen: Console): Promise<number> {
  const fleet = await openFleet(own);
  try {
    const rows = await fleet.list();
    await screen.out(rows.map((row) => `${JSON.stringify(shown(row))}\n`).join(''));
    return rows.some((row) => row.state === 'failed') ? 2 : 0;
  } finally {
    await fleet.close();
  }
}

function shown({ id, state, job, attempts, answer, error }: FleetRow): Record<string, unknown> {
  const { repo, commit, project, shard } = job;
  return { id, repo, commit, project, shard, state, attempts, ...answer, ...(error && { error }) };
}
