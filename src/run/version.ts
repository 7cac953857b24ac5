import * as fs from 'node:fs';
import * as path from 'node:path';

let known: string | undefined;

/** The version of the package that this file is part of, from the sources as well as from the built files. */
export function version(): string {
  if (known === undefined) {
    const manifest = path.join(__dirname, '..', '..', 'package.json');
    known = (JSON.parse(fs.readFileSync(manifest, 'utf8')) as { version: string }).version;
  }
  return known;
}
