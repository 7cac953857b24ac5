import * as fs from 'node:fs';
import * as path from 'node:path';
import { didYouMean } from '../suggest.js';
import type { Config } from './config.js';
import { findConfig } from './find.js';
import { ConfigProblem, readConfigFile, type RawConfig } from './read.js';

export { ConfigProblem } from './read.js';

export interface LoadedConfig {
  /** Absolute. */
  readonly file: string;
  readonly config: Config;
}

/**
 * The configuration of a run: the file that the user names, else the nearest one. A named file may be code, and is then run; what is found
 * is data. Rejects with a `ConfigProblem` that says what is wrong and where.
 */
export async function loadConfig(cwd: string, named?: string): Promise<LoadedConfig | undefined> {
  const raw = named === undefined ? findConfig(cwd) : await readNamed(path.resolve(cwd, named));
  return raw && { file: raw.file, config: checked(raw) };
}

async function readNamed(file: string): Promise<RawConfig> {
  if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) throw new ConfigProblem(file, 'there is no such file');
  if (!/\.[cm]?[jt]s$/.test(file)) {
    const found = readConfigFile(file);
    if (found) return found;
    throw new ConfigProblem(file, 'says nothing about asyncshift');
  }
  const { createJiti } = require('jiti') as typeof import('jiti');
  try {
    const value = await createJiti(file).import(file, { default: true });
    return { file, value, place: () => ({ line: 0, column: 0 }) };
  } catch (error) {
    throw new ConfigProblem(file, `could not be run: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What the schema leads to, not what is wrong itself. */
const WAYS = new Set(['properties', 'patternProperties', 'items', '$ref', 'additionalProperties']);

function checked(raw: RawConfig): Config {
  const { Validator } = require('@cfworker/json-schema') as typeof import('@cfworker/json-schema');
  const schema = schemaText();
  const { errors } = new Validator(schema, '7', false).validate(raw.value ?? null);
  const wrong = errors.find(({ keyword }) => !WAYS.has(keyword));
  if (!wrong) return raw.value as Config;
  const keys = wrong.instanceLocation.split('/').slice(1).map(decodeKey);
  const { line, column } = raw.place(keys);
  throw new ConfigProblem(raw.file, sentence(wrong, keys, schema), line, column);
}

const decodeKey = (key: string): string => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~');

interface Schema {
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
  readonly enum?: unknown[];
  readonly $ref?: string;
  readonly definitions?: Record<string, Schema>;
}

const schemaText = (): Schema =>
  JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', '..', 'schema.json'), 'utf8')) as Schema;

function sentence(wrong: { keyword: string; error: string }, keys: readonly string[], schema: Schema): string {
  const name = keys.at(-1) ?? '';
  const shown = keys.length === 0 ? 'the configuration' : `"${keys.join('.')}"`;
  if (wrong.keyword === 'false') {
    const known = Object.keys(schemaAt(schema, keys.slice(0, -1))?.properties ?? {});
    const near = didYouMean(name, known).replaceAll("'", '"');
    return `there is no setting ${shown}.${near || ` There are: ${known.filter((key) => key !== '$schema').join(', ')}.`}`;
  }
  const values = schemaAt(schema, keys)?.enum;
  if (wrong.keyword === 'enum' && values) return `${shown} must be one of: ${values.join(', ')}.`;
  const type = /Expected "(\w+)"/.exec(wrong.error)?.[1];
  if (wrong.keyword === 'type' && type)
    return `${shown} must be ${type === 'object' || type === 'array' || type === 'integer' ? 'an' : 'a'} ${type}.`;
  const missing = /required property "(\w+)"/.exec(wrong.error)?.[1];
  return missing ? `${shown} must say "${missing}".` : `${shown}: ${wrong.error}`;
}

function schemaAt(top: Schema, keys: readonly string[]): Schema | undefined {
  const followed = (each: Schema | undefined): Schema | undefined =>
    each?.$ref ? followed(top.definitions?.[decodeURIComponent(each.$ref.replace('#/definitions/', ''))]) : each;
  return keys.reduce<Schema | undefined>(
    (each, key) => followed(each?.properties?.[key] ?? each?.items),
    followed(top),
  );
}
