import type { ChangeGroup, FileError, ProjectView, Refused, SourceText, TransformOptions, Warning } from '../types.js';
import { convertSafely, directionProblem, loadEngine, NO_PROMISES, type Engine } from './engine.js';
import { languageOf } from './paths.js';
import { withBeside } from './beside.js';
import { filesOf, planChanges } from './plan.js';
import type { Source } from './read.js';
import { mayApply } from '../transforms/prefilter.js';

export interface TransformTextOptions extends TransformOptions {
  /** The name of the text's file: its ending says its language. Relative to the root of `view`. Default: `stdin.js`. */
  readonly path?: string;
  /** The rest of the project, if there is any: imports are looked up in it, and callers in its `others`. */
  readonly view?: ProjectView;
  /** For tests: what converts. */
  readonly engine?: Engine;
}

export interface TransformResult {
  /** The new text; the given one when nothing changed or an error stood in the way. */
  readonly code: string;
  readonly groups: readonly ChangeGroup[];
  readonly refused: readonly Refused[];
  readonly ignored: readonly Refused[];
  readonly errors: readonly FileError[];
  /** What stood in the way of a better result; only there when something did. */
  readonly warnings?: readonly Warning[];
}

const ALONE: ProjectView = { root: '/', read: () => undefined, others: [] };

/** Converts one text. Pure, prints nothing, and never throws for what the text holds; only for a direction that there is not. A BOM at its start is kept. */
export function transform(source: string, options: TransformTextOptions): TransformResult {
  const problem = directionProblem(options, options.engine);
  if (problem) throw new RangeError(problem);
  const path = options.path ?? 'stdin.js';
  if (languageOf(path) === 'python' && [options.to, options.from].includes('promise'))
    throw new RangeError(NO_PROMISES);
  const { view = ALONE, engine, path: _, ...asked } = options;
  const nothing: TransformResult = { code: source, groups: [], refused: [], ignored: [], errors: [] };
  if (!languageOf(path)) return { ...nothing, errors: [unknownLanguage(path)] };
  const bom = source.startsWith('\uFEFF');
  const file: SourceText = { path, text: bom ? source.slice(1) : source };
  if (!mayApply(file.text, asked, path)) return nothing;
  const result = convertSafely(engine ?? loadEngine(), [file], { exports: 'wrap', unsafe: false, ...asked }, view);
  const given = new Map([[path, { ...file, bom }]]);
  const { sources, groups, errors } = withBeside(result.groups, given, readBesideIn(view));
  const plan = planChanges(groups, sources);
  const after = filesOf(plan.groups, sources).find((one) => one.source.path === path)?.after;
  return {
    code: after === undefined ? source : (bom ? '\uFEFF' : '') + after,
    groups: plan.groups,
    refused: result.refused,
    ignored: result.ignored,
    errors: [...result.errors, ...errors, ...plan.errors],
    ...(result.warnings && { warnings: result.warnings }),
  };
}

/** What is edited beside the text, such as package.json, is only told (`groups`): nothing here writes. */
function readBesideIn(view: ProjectView): (file: string, isNew: boolean) => Source | FileError {
  return (file, isNew) => {
    const text = view.read(file);
    if ((text === undefined) === isNew) return { path: file, text: text ?? '', bom: false, ...(isNew && { isNew }) };
    const message = isNew ? 'is there already; a new file of that name was to be made' : 'cannot be read';
    return { path: file, line: 0, column: 0, kind: 'unreadable', message };
  };
}

const unknownLanguage = (path: string): FileError => ({
  path,
  line: 0,
  column: 0,
  kind: 'unreadable',
  message: 'not a kind of file that can be converted (.js .jsx .mjs .cjs .ts .tsx .mts .cts .py)',
});
