import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { positionOf } from '../edits/edits.js';
import type { FileError, SourceText } from '../types.js';

/** A file as it is on the disk. Its bytes are the BOM, if any, and the text in UTF-8: nothing else is ever accepted. */
export interface Source extends SourceText {
  readonly bom: boolean;
  /** It does not exist yet; its text is empty. */
  readonly isNew?: true;
}

/** Above this a file is data or a bundle, and one parse would take seconds. */
export const LARGEST = 2 * 1024 * 1024;
const MINIFIED_FROM = 20_000;
const MINIFIED_LINE = 400;

export const bytesOf = (source: { text: string; bom: boolean }): Buffer =>
  Buffer.from((source.bom ? '\uFEFF' : '') + source.text);

export const hashOf = (bytes: Buffer | string): string => `sha256-${createHash('sha256').update(bytes).digest('hex')}`;

/** Reads a file of a run, or says why it is not for us. */
export function readSource(root: string, file: string): Source | FileError {
  let bytes: Buffer;
  try {
    const absolute = path.join(root, file);
    const stat = fs.statSync(absolute);
    if (!stat.isFile()) return failed(file, 'unreadable', 'not a regular file');
    if (stat.size > LARGEST) return tooLarge(file, stat.size);
    bytes = fs.readFileSync(absolute);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === 'ENOENT' && file.includes('\uFFFD'))
      return failed(file, 'binary', 'skipped: its name is not valid UTF-8');
    if (code === 'ENOENT') return failed(file, 'changed-meanwhile', 'disappeared while we worked');
    return failed(file, 'unreadable', `cannot be read (${code})`);
  }
  return decode(file, bytes);
}

export const isError = (read: Source | FileError): read is FileError => 'kind' in read;

/** Bytes to text. What would not come back byte for byte is refused. */
export function decode(file: string, bytes: Buffer): Source | FileError {
  if (bytes.length > LARGEST) return tooLarge(file, bytes.length);
  if (bytes[0] === 0xff && bytes[1] === 0xfe)
    return failed(file, 'binary', 'skipped: UTF-16, not UTF-8; it would not keep its bytes');
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return failed(file, 'binary', 'skipped: UTF-16, not UTF-8; it would not keep its bytes');
  if (bytes.includes(0)) return failed(file, 'binary', 'skipped: a binary file (it holds NUL bytes)');
  if (!isUtf8(bytes)) return notUtf8(file, bytes);
  const decoded = bytes.toString('utf8');
  const bom = decoded.charCodeAt(0) === 0xfeff;
  const text = bom ? decoded.slice(1) : decoded;
  if (text.startsWith('<?xml')) return failed(file, 'binary', 'skipped: XML, not a program');
  const minified = whyMinified(file, text);
  if (minified) return failed(file, 'too-large', `skipped: ${minified}`);
  return { path: file, text, bom };
}

/** Why a text was not written by people, if so. */
function whyMinified(file: string, text: string): string | undefined {
  if (/[.-]min\.[cm]?js$/.test(file)) return 'minified, by its name';
  if (text.length < MINIFIED_FROM) return undefined;
  const perLine = Math.round(text.length / countLines(text));
  return perLine > MINIFIED_LINE ? `looks minified or generated (${perLine} characters per line)` : undefined;
}

function countLines(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

function notUtf8(file: string, bytes: Buffer): FileError {
  const decoded = bytes.toString('utf8');
  let at = decoded.indexOf('\uFFFD');
  while (at >= 0 && isUtf8(bytes.subarray(0, Buffer.byteLength(decoded.slice(0, at + 1)))))
    at = decoded.indexOf('\uFFFD', at + 1);
  const place = positionOf(decoded, Math.max(at, 0));
  const message =
    'skipped: not valid UTF-8 here; it would not keep its bytes (convert it first, for example with iconv)';
  return { path: file, ...place, kind: 'binary', message };
}

function tooLarge(file: string, size: number): FileError {
  const megabytes = (size / 1024 / 1024).toFixed(1);
  return failed(
    file,
    'too-large',
    `skipped: ${megabytes} MB, more than the ${LARGEST / 1024 / 1024} MB that we look at`,
  );
}

const failed = (file: string, kind: FileError['kind'], message: string): FileError => ({
  path: file,
  line: 0,
  column: 0,
  kind,
  message,
});
