import { isTooDeep, TOO_DEEP } from '../edits/too-deep.js';
import type { FileError, Language, ProjectResult, ProjectView, SourceText, Style, TransformOptions } from '../types.js';

/** What `run` needs of the transforms. Tests put a toy in its place. */
export interface Engine {
  convertProject(files: readonly SourceText[], options: TransformOptions, view: ProjectView): ProjectResult;
  readonly transforms?: readonly Direction[];
  /** The first place where a text does not parse. */
  syntaxErrorIn?(path: string, text: string): { readonly message: string } | undefined;
}

export interface Direction {
  readonly name: string;
  readonly from: Style;
  readonly to: Style;
  readonly languages: readonly Language[];
}

/** The real engine, loaded on first use: a run with nothing to convert never pays for its parser. */
export function loadEngine(): Engine {
  const index = require('../transforms/index.js') as Engine & { allTransforms?(): readonly Direction[] };
  if (!index.allTransforms) return index;
  return {
    convertProject: index.convertProject,
    syntaxErrorIn: index.syntaxErrorIn,
    get transforms() {
      return index.allTransforms!(); // only this loads every language
    },
  };
}

/** What is wrong with asking for this, when nothing converts in that direction. The usual directions load nothing. */
export function directionProblem(
  asked: Pick<TransformOptions, 'to' | 'from' | 'pool' | 'limit'>,
  engine?: Engine,
): string | undefined {
  const { limit } = asked;
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 1))
    return `limit must be a whole number from 1, not ${String(limit)}.`;
  const usual = asked.to === 'async' && [undefined, 'promise', 'callback'].includes(asked.from);
  if (usual) return undefined;
  if (engine && !engine.transforms) return undefined; // a toy of a test converts whatever it is asked to
  const there = (engine ?? loadEngine()).transforms ?? [];
  if (there.some(({ from, to }) => to === asked.to && (asked.from ?? from) === from)) return undefined;
  const direction = asked.from ? `from '${asked.from}' to '${asked.to}'` : `to '${asked.to}'`;
  return `nothing is converted ${direction} yet. There are: ${there.map(({ name }) => name).join(', ')}.`;
}

/** Why `promise` is no answer for a Python file. */
export const NO_PROMISES = `Python has no style 'promise'. Its styles are: callback, async, pool.`;

/** Words for the user about a defect of ours; `traces` get the stack, for `--verbose`. */
export interface Conversion extends ProjectResult {
  readonly traces: readonly string[];
}

/**
 * Runs the engine over one project. It should never throw; if it does, the files that make it throw on their own are left out, with an
 * error each, and the rest is done without them.
 */
export function convertSafely(
  engine: Engine,
  files: readonly SourceText[],
  options: TransformOptions,
  view: ProjectView,
): Conversion {
  try {
    return told({ ...engine.convertProject(files, options, view), traces: [] });
  } catch (error) {
    return convertWithoutCulprits(engine, files, options, view, error);
  }
}

function convertWithoutCulprits(
  engine: Engine,
  files: readonly SourceText[],
  options: TransformOptions,
  view: ProjectView,
  first: unknown,
): Conversion {
  const errors: FileError[] = [];
  const traces: string[] = [];
  const good: SourceText[] = [];
  const blame = (file: SourceText, error: unknown): void => {
    errors.push(internalError(file.path, error));
    if (!isTooDeep(error)) traces.push(traceOf(file.path, error));
  };
  for (const file of files) {
    const thrown =
      files.length === 1 ? { error: first } : thrownBy(engine, file, options, viewBeside(view, files, [file]));
    if (thrown) blame(file, thrown.error);
    else good.push(file);
  }
  let result: ProjectResult = { groups: [], refused: [], errors: [], ignored: [], sites: 0 };
  try {
    if (good.length > 0) result = engine.convertProject(good, options, viewBeside(view, files, good));
  } catch (error) {
    for (const file of good) blame(file, error); // Together they fail and alone they do not: none of them is safe to write.
  }
  return told({ ...result, errors: [...result.errors, ...errors], traces });
}

function thrownBy(
  engine: Engine,
  file: SourceText,
  options: TransformOptions,
  view: ProjectView,
): { error: unknown } | undefined {
  try {
    engine.convertProject([file], options, view);
    return undefined;
  } catch (error) {
    return { error };
  }
}

/** The view for some of the files: the others of them are still in the project, and may call what changes. */
function viewBeside(view: ProjectView, files: readonly SourceText[], chosen: readonly SourceText[]): ProjectView {
  const inRun = new Set(chosen.map((file) => file.path));
  const beside = files.map((file) => file.path).filter((file) => !inRun.has(file));
  return {
    root: view.root,
    read: (file) => view.read(file),
    others: [...view.others, ...beside],
    ...(view.run && { run: view.run }),
  };
}

/** Defects that the engine caught itself are told in the same words as those that it threw. */
function told(conversion: Conversion): Conversion {
  const errors = conversion.errors.map((error) =>
    error.kind !== 'internal-error' || error.message.includes(HOW_TO_REPORT)
      ? error
      : { ...error, message: defect(error.message) },
  );
  return { ...conversion, errors };
}

const defect = (what: string): string =>
  `internal error in asyncshift (${what.split('\n', 1)[0]}); the file is left as it is. ${HOW_TO_REPORT}`;

/** One line for a defect of ours. The file was left as it is: results are computed before anything is written. */
export function internalError(path: string, error: unknown): FileError {
  if (isTooDeep(error)) return { path, line: 0, column: 0, kind: 'too-large', message: TOO_DEEP };
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { path, line: 0, column: 0, kind: 'internal-error', message: defect(what) };
}

export const HOW_TO_REPORT =
  'Please report it with this line, the output of --verbose and, if you may, the file (see CONTRIBUTING.md).';

const traceOf = (path: string, error: unknown): string =>
  `${path}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
