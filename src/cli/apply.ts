import * as fs from 'node:fs';
import { colourPatch, paint } from '../report/colour.js';
import { patchOf } from '../report/patch.js';
import { applyDetailed } from '../run/apply.js';
import { parse, type CommandOptions, type Open } from './commands.js';
import { changeOf, exitCode, report } from './convert.js';
import { UsageError } from './options.js';

interface ApplyCommandOptions extends CommandOptions {
  readonly only?: string;
  readonly dryRun?: boolean;
  readonly allowDirty?: boolean;
  readonly allowNoVcs?: boolean;
}

/** Makes the changes of a plan, or some of them; refused when a file is not what the plan was made of. */
export async function apply(args: readonly string[], open: Open): Promise<number> {
  const { options, operands, help } = parse<ApplyCommandOptions>(
    'apply',
    '<plan.json> [--only id,id]',
    args,
    (command) =>
      command
        .option('--only <ids>', 'these change groups, by id, with commas')
        .option('-n, --dry-run', 'show the patch; write nothing')
        .option('--allow-dirty', 'write files whose content git does not have yet')
        .option('--allow-no-vcs', 'write files that are not under git'),
  );
  const screen = open(options);
  if (options.help) return screen.out(help).then(() => 0);
  const [file, second] = operands;
  if (file === undefined || second !== undefined)
    throw new UsageError(
      'apply takes one plan: the file that --output json=plan.json made, or -',
      'asyncshift apply --help',
    );
  const { allowDirty = false, allowNoVcs = false, dryRun = false } = options;
  const only = options.only?.split(',').filter((id) => id !== '');
  const asked = { ...(only && { only }), write: !dryRun, allowDirty, allowNoVcs };
  const details = await applyDetailed(readPlan(file), asked).catch((error: unknown) => {
    throw error instanceof RangeError ? new UsageError(`${file}: ${error.message}`) : error;
  });
  if (dryRun) {
    const patch = patchOf(details.changes.map(changeOf));
    await screen.out(screen.colourOut ? colourPatch(patch, paint(true)) : patch);
  }
  const how = { write: true, dryRun, verbose: options.verbose ?? false, stats: false };
  await report(details, how, [], 0, screen);
  return exitCode(details, {});
}

function readPlan(file: string): unknown {
  let text: string;
  try {
    text = fs.readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: the plan could not be read (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UsageError(`${file}: this is no JSON; --output json=plan.json makes a plan`);
  }
}
