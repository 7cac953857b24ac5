import type { ProjectResult, ProjectView, SourceText, TransformOptions } from '../types.js';
import type { Direction } from './index.js';

/** What can be asked for in Python. */
export const pythonTransforms: readonly Direction[] = [];

/** Converts the Python files of one project; the contract is that of `convertProject`. */
export function convertPython(
  files: readonly SourceText[],
  _options: TransformOptions,
  _view: ProjectView,
): ProjectResult {
  return { groups: [], refused: [], errors: [], ignored: [], sites: files.length * 0 };
}
