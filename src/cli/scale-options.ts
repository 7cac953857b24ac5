import { InvalidArgumentError, type Command, type Option } from 'commander';
import type { Shard } from '../run/document.js';

/** Options of large runs. */
export interface ScaleOptions {
  /** False: results are neither kept nor taken from earlier runs. */
  readonly cache: boolean;
  readonly cacheLocation?: string;
  readonly jobs?: number;
  readonly shard?: Shard;
}

type Rare = (flags: string, description: string) => Option;

export function addScaleOptions(command: Command, rare: Rare): void {
  command
    .optionsGroup('Speed and scale:')
    .addOption(rare('--jobs <n>', 'projects at once (default: as many as it pays for)').argParser(fromOne))
    .addOption(rare('--no-cache', 'do not keep results between runs'))
    .addOption(rare('--cache-location <folder>', 'where to keep them (default: node_modules/.cache/asyncshift)'))
    .addOption(
      rare('--shard <i/n>', 'only part i of n, by package; asyncshift merge joins the results').argParser(shard),
    );
}

/** Where results are kept, as `run` takes it. */
export const cacheOf = ({ cache, cacheLocation }: ScaleOptions): boolean | string => cache && (cacheLocation ?? true);

function fromOne(value: string): number {
  if (!/^[1-9]\d{0,2}$/.test(value)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(value);
}

/** `2/4`, also for `fleet add`. */
export function shard(value: string): Shard {
  const [, index, count] = /^([1-9]\d{0,3})\/([1-9]\d{0,3})$/.exec(value) ?? [];
  if (index === undefined || Number(index) > Number(count))
    throw new InvalidArgumentError('It must be a part and how many there are, such as 2/4.');
  return { index: Number(index), count: Number(count) };
}
