import type { Language, ProjectResult, ProjectView, SourceText, Style, TransformOptions } from '../types.js';

/** A direction that can be asked for, without what carries it out. */
export interface Direction {
  readonly name: string;
  readonly from: Style;
  readonly to: Style;
  readonly languages: readonly Language[];
}

// Each language is loaded by the first file of it: a run over one never pays for the other.
const javascript = () => require('./javascript.js') as typeof import('./javascript.js');
const python = () => require('./python.js') as typeof import('./python.js');

/** Every direction of every language. */
export const allTransforms = (): readonly Direction[] => [...javascript().transforms, ...python().pythonTransforms];

/**
 * Converts the files of one project. Pure: it reads other files through `view` only, and gives edits, never new files on disk.
 * Never throws for what users wrote: what can't be parsed or converted is in the result, and a defect of ours in one file
 * leaves that file alone.
 */
export function convertProject(
  files: readonly SourceText[],
  options: TransformOptions,
  view: ProjectView,
): ProjectResult {
  const ours = files.filter(({ path }) => isPython(path));
  if (ours.length === 0) return javascript().convertJavaScript(files, options, view);
  const theirs = files.filter(({ path }) => !isPython(path));
  const result = python().convertPython(ours, options, view);
  return theirs.length === 0 ? result : together(javascript().convertJavaScript(theirs, options, view), result);
}

/** The first place where a text is not the language that its name says; files of other kinds are not looked at. */
export function syntaxErrorIn(
  path: string,
  text: string,
): { line: number; column: number; message: string } | undefined {
  if (isPython(path)) {
    const { pyFile } = require('../python/file.js') as typeof import('../python/file.js');
    const file = pyFile(path, text);
    return 'error' in file ? file.error : undefined;
  }
  if (!/\.[cm]?[jt]sx?$/i.test(path)) return undefined;
  const { parseSource } = require('../javascript/parse.js') as typeof import('../javascript/parse.js');
  return parseSource(path, text).errors[0];
}

const isPython = (path: string): boolean => /\.pyi?$/i.test(path);

/** A mixed project is one result: the languages share no change group. */
function together(a: ProjectResult, b: ProjectResult): ProjectResult {
  const warnings = [...(a.warnings ?? []), ...(b.warnings ?? [])];
  return {
    groups: [...a.groups, ...b.groups],
    refused: [...a.refused, ...b.refused],
    errors: [...a.errors, ...b.errors],
    ignored: [...a.ignored, ...b.ignored],
    sites: a.sites + b.sites,
    ...(warnings.length > 0 && { warnings }),
  };
}
