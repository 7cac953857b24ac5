import * as fs from 'node:fs';
import * as path from 'node:path';

/** A write that must not happen now: someone else changed the file, or it is not ours to write. */
export class NotWritten extends Error {
  constructor(
    readonly kind: 'changed-meanwhile' | 'unreadable',
    message: string,
  ) {
    super(message);
  }
}

let counter = 0;

/**
 * Puts new bytes in a file's place, whole or not at all: a new file beside it, flushed, then renamed over it. Its mode and owner stay.
 * Hard links and single-file mounts can't be renamed over without losing what they are, so those are written in place.
 */
export function replaceFile(file: string, expected: Buffer, fresh: Buffer): void {
  const stat = fs.statSync(file);
  if ((stat.mode & 0o222) === 0) throw new NotWritten('unreadable', 'is read-only; nothing was written to it');
  mustBe(file, expected);
  if (stat.nlink > 1) return writeInPlace(file, fresh);
  const beside = writeBeside(file, stat, fresh);
  if (beside === undefined) return writeInPlace(file, fresh);
  try {
    mustBe(file, expected);
    fs.renameSync(beside, file);
  } catch (error) {
    fs.rmSync(beside, { force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EXDEV' && code !== 'EBUSY') throw error;
    writeInPlace(file, fresh);
  }
  syncFolder(path.dirname(file));
}

/** Makes a file that must not be there, whole or not at all; folders on the way are made too. */
export function createFile(file: string, fresh: Buffer): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const beside = path.join(path.dirname(file), `.${stem(file)}.asyncshift-${process.pid}-${++counter}.tmp`);
  const handle = fs.openSync(beside, 'wx', 0o666);
  try {
    fs.writeFileSync(handle, fresh);
    fs.fsyncSync(handle);
    fs.closeSync(handle);
    put(beside, file, fresh);
  } finally {
    fs.rmSync(beside, { force: true });
  }
  syncFolder(path.dirname(file));
}

/** A link takes no name that is there, and a rename would; some systems have no links. */
function put(beside: string, file: string, fresh: Buffer): void {
  try {
    fs.linkSync(beside, file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EEXIST') return fs.writeFileSync(file, fresh, { flag: 'wx' });
    throw new NotWritten('changed-meanwhile', 'is there now; it is left as it is');
  }
}

/** Takes a file away that we made, if it still is what we wrote. */
export function removeCreated(file: string, expected: Buffer): void {
  mustBe(file, expected);
  fs.rmSync(file);
  syncFolder(path.dirname(file));
}

function mustBe(file: string, expected: Buffer): void {
  if (!fs.readFileSync(file).equals(expected)) {
    throw new NotWritten('changed-meanwhile', 'was changed while we worked; it is left as it is now');
  }
}

/** The new bytes in a file of the same folder, or undefined when the folder takes no new files. */
function writeBeside(file: string, stat: fs.Stats, bytes: Buffer): string | undefined {
  const beside = path.join(path.dirname(file), `.${stem(file)}.asyncshift-${process.pid}-${++counter}.tmp`);
  let handle: number;
  try {
    handle = fs.openSync(beside, 'wx', 0o600);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return undefined;
    throw error;
  }
  try {
    fs.writeFileSync(handle, bytes);
    keepOwner(handle, stat);
    fs.fchmodSync(handle, stat.mode & 0o7777);
    fs.fsyncSync(handle);
  } catch (error) {
    fs.closeSync(handle);
    fs.rmSync(beside, { force: true });
    throw error;
  }
  fs.closeSync(handle);
  return beside;
}

/** Names have a limit; the beginning is enough to see what it was. */
const stem = (file: string): string => path.basename(file).slice(0, 60);

/** Removes what a kill left beside a file in the middle of a write. */
export function removeLeftovers(file: string): void {
  const folder = path.dirname(file);
  const start = `.${stem(file)}.asyncshift-`;
  for (const name of fs.readdirSync(folder)) {
    if (name.startsWith(start) && name.endsWith('.tmp')) fs.rmSync(path.join(folder, name), { force: true });
  }
}

function keepOwner(handle: number, stat: fs.Stats): void {
  const own = fs.fstatSync(handle);
  if (own.uid === stat.uid && own.gid === stat.gid) return;
  try {
    fs.fchownSync(handle, stat.uid, stat.gid);
  } catch {
    // Only root may give files away; the content matters more than the group.
  }
}

function writeInPlace(file: string, bytes: Buffer): void {
  const handle = fs.openSync(file, 'r+');
  try {
    fs.writeFileSync(handle, bytes);
    fs.ftruncateSync(handle, bytes.length);
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}

/** Makes the rename itself durable; not every system lets a folder be flushed. */
function syncFolder(folder: string): void {
  try {
    const handle = fs.openSync(folder, 'r');
    fs.fsyncSync(handle);
    fs.closeSync(handle);
  } catch {
    // The rename happened all the same.
  }
}
