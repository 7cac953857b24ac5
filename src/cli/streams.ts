import type { SingleBar } from 'cli-progress';
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

/** A bar on a terminal for work that takes longer than a moment; nothing elsewhere, and nothing is loaded for it then. */
export function progressBar(on: boolean): { show(phase: string, done: number, total: number): void; clear(): void } {
  const started = Date.now();
  let bar: SingleBar | undefined;
  return {
    show(phase, done, total) {
      if (!on || (!bar && Date.now() - started < PATIENCE)) return;
      if (!bar) {
        const { SingleBar: Bar } = require('cli-progress') as typeof import('cli-progress');
        const format = '{phase} [{bar}] {value}/{total}';
        bar = new Bar({ format, stream: process.stderr, clearOnComplete: true, hideCursor: true, barsize: 30 });
        bar.start(total, done, { phase });
      }
      bar.setTotal(total);
      bar.update(done, { phase });
    },
    clear() {
      bar?.stop();
      bar = undefined;
    },
  };
}

/** Milliseconds in which a run may end without having shown a bar. */
const PATIENCE = 300;
