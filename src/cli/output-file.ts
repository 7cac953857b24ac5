import * as fs from 'node:fs';
import * as path from 'node:path';
import { UsageError } from './options.js';

/** Said before the work, so that a mistyped folder costs nothing. */
export function mustBeWritable(file: string): void {
  if (!fs.existsSync(path.dirname(path.resolve(file)))) {
    throw new UsageError(`--output: there is no folder '${path.dirname(file)}'`);
  }
  if (fs.existsSync(file) && fs.statSync(file).isDirectory()) throw new UsageError(`--output: '${file}' is a folder`);
}

export function writeOutput(file: string, text: string): void {
  try {
    fs.writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`--output: '${file}' cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** The same at the end of a file that others write to as well. */
export function addToOutput(file: string, text: string): void {
  try {
    fs.appendFileSync(file, text);
  } catch (error) {
    throw new UsageError(`'${file}' cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}
