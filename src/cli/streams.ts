import type { Writable } from 'node:stream';

export type When = 'auto' | 'always' | 'never';

interface Terminal {
  readonly isTTY?: boolean;
}

/** Colour of one stream. `CI` never turns it on: a pipe in CI is a pipe. */
export function usesColour(stream: Terminal, when: When | undefined, env: NodeJS.ProcessEnv): boolean {
  if (when === 'always') return true;
  if (when === 'never') return false;
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0' && env['FORCE_COLOR'] !== 'false';
  if (env['NO_COLOR']) return false;
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

/** A reader that went away (`| head`) is no failure: we stop in silence. Must be called before any output. */
export function endQuietlyWhenReaderLeaves(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (isGone(error)) process.exit(process.exitCode ?? 0);
      // Anything else, such as a full disk, reaches whoever waits for the write.
    });
  }
}

const CHUNK = 1 << 16;

/** Writes a text of any size at the pace of its reader; done when all of it has left us. */
export async function print(stream: Writable, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += CHUNK) {
    await new Promise<void>((resolve, reject) => {
      stream.write(bytes.subarray(at, at + CHUNK), (error) => (error && !isGone(error) ? reject(error) : resolve()));
    });
  }
}

const isGone = (error: NodeJS.ErrnoException): boolean => error.code === 'EPIPE' || error.code === 'EOF';

/** Everything that comes in, as bytes: the text's encoding is judged later. */
export async function readAll(stream: AsyncIterable<Buffer | string>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** A line that is drawn over itself on a terminal, and is nothing elsewhere. */
export function progressLine(on: boolean): { show(text: string): void; clear(): void } {
  let last = 0;
  let shown = false;
  return {
    show(text) {
      if (!on || Date.now() - last < 100) return;
      last = Date.now();
      shown = true;
      process.stderr.write(`\r\u001B[K${text}`);
    },
    clear() {
      if (shown) process.stderr.write('\r\u001B[K');
      shown = false;
    },
  };
}
