import * as fs from 'node:fs';
import * as path from 'node:path';
import { positionOf } from '../../edits/edits.js';

/** What is wrong with a configuration, in one line with its place. */
export class ConfigProblem extends Error {
  constructor(
    readonly file: string,
    readonly what: string,
    /** 1-based; 0 when the place is not known. */
    readonly line = 0,
    readonly column = 0,
  ) {
    super(what);
  }
}

/** A configuration as it was read, not yet looked at. */
export interface RawConfig {
  /** Absolute. */
  readonly file: string;
  readonly value: unknown;
  /** Where the value at these keys stands; of an unknown key, the key. */
  place(keys: readonly string[]): { readonly line: number; readonly column: number };
}

/** Reads a file that is data. `undefined`: a package.json or pyproject.toml that says nothing about us. */
export function readConfigFile(file: string): RawConfig | undefined {
  const text = fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  const name = path.basename(file);
  if (name.endsWith('.toml')) return fromToml(file, text, name === 'pyproject.toml' ? ['tool', 'asyncshift'] : []);
  return fromJson(file, text, name === 'package.json' ? ['asyncshift'] : []);
}

function fromJson(file: string, text: string, table: readonly string[]): RawConfig | undefined {
  const { parseTree, findNodeAtLocation, getNodeValue, printParseErrorCode } =
    require('jsonc-parser') as typeof import('jsonc-parser');
  const errors: import('jsonc-parser').ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const [wrong] = errors;
  if (wrong || !tree) {
    const { line, column } = positionOf(text, wrong?.offset ?? 0);
    const what = wrong ? printParseErrorCode(wrong.error).replace(/([a-z])([A-Z])/g, '$1 $2') : 'empty';
    throw new ConfigProblem(file, `is no JSON: ${what.toLowerCase()}`, line, column);
  }
  const at = table.length === 0 ? tree : findNodeAtLocation(tree, [...table]);
  if (!at) return undefined;
  const place: RawConfig['place'] = (keys) => {
    const node = findNodeAtLocation(
      at,
      keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key)),
    );
    const key = node?.parent?.type === 'property' ? node.parent : node;
    return positionOf(text, (key ?? at).offset);
  };
  return { file, value: getNodeValue(at) as unknown, place };
}

function fromToml(file: string, text: string, table: readonly string[]): RawConfig | undefined {
  const { parse, TomlError } = require('smol-toml') as typeof import('smol-toml', {
    with: { 'resolution-mode': 'import' },
  });
  let whole: unknown;
  try {
    whole = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw new ConfigProblem(file, `is no TOML: ${what}`, error.line, error.column);
  }
  const value = table.reduce<unknown>((each, key) => (each as Record<string, unknown> | undefined)?.[key], whole);
  if (value === undefined) return undefined;
  return { file, value, place: (keys) => placeInToml(text, table, keys) };
}

/** The parser keeps no places: the line that sets the last key, in our table or below it. */
function placeInToml(
  text: string,
  table: readonly string[],
  keys: readonly string[],
): { line: number; column: number } {
  const head = table.join('.');
  const start = table.length === 0 ? 0 : Math.max(text.search(new RegExp(`^\\s*\\[+\\s*${head}\\b`, 'm')), 0);
  const last = keys.findLast((key) => !/^\d+$/.test(key));
  const found = last === undefined ? -1 : text.slice(start).search(new RegExp(`(?<=^\\s*)["']?${last}["']?\\s*=`, 'm'));
  return positionOf(text, start + Math.max(found, 0));
}
