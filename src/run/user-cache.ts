import { createHash } from 'node:crypto';
import * as os from 'node:os';
import * as path from 'node:path';

/** A folder for what we keep of a root that has no better place for it, in the user's cache. */
export function userCacheFolder(root: string): string {
  const windows = process.platform === 'win32' ? process.env['LOCALAPPDATA'] : undefined;
  const cache = process.env['XDG_CACHE_HOME'] || windows || path.join(os.homedir(), '.cache');
  return path.join(cache, 'asyncshift', createHash('sha256').update(root).digest('hex').slice(0, 16));
}
