/**
 * The library. It prints nothing and never ends the process.
 *
 * - `transform(source, { path, to })`: one text, pure.
 * - `run({ paths, to, write })`: files of a repository; returns the result document.
 * - `applyPlan(document, { only })`: the changes of such a document, or some of them.
 */
export * from './types.js';
export { run, type Progress, type RunOptions } from './run/run.js';
export { applyPlan, type ApplyOptions } from './run/apply.js';
export type { FileResult, FileStatus, ResultDocument, Summary } from './run/document.js';
export { transform, type TransformResult, type TransformTextOptions } from './run/transform.js';
export { version } from './run/document.js';
