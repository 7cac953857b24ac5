/** Runs the engine over a telling and says what came of it, in the words of the fixture files. */

import { convertProject } from '../../src/transforms/index.js';
import type { FileError, ProjectResult, ProjectView, Refused, SourceText, TransformOptions } from '../../src/types.js';
import type { Input, Texts } from './stories.js';

export type Engine = (files: SourceText[], options: TransformOptions, view: ProjectView) => ProjectResult;

export const ownEngine: Engine = (files, options, view) => convertProject(files, options, view);

export interface Converted {
  /** All that were given, and those beside them that were edited too: requirements.txt. */
  readonly texts: Texts;
  /** Lines as in refusals.txt and notes.txt. */
  readonly refusals: readonly string[];
  readonly notes: readonly string[];
  readonly errors: readonly string[];
  readonly groups: number;
}

const done = new WeakMap<Engine, WeakMap<Input, Map<string, Converted>>>();

/** Each check converts the same text again: the result is kept. */
export function convert(engine: Engine, input: Input, texts: Texts = input.files): Converted {
  const ofEngine = done.get(engine) ?? new WeakMap<Input, Map<string, Converted>>();
  const ofInput = ofEngine.get(input) ?? new Map<string, Converted>();
  done.set(engine, ofEngine.set(input, ofInput));
  const key = JSON.stringify(texts);
  const kept = ofInput.get(key) ?? convertNow(engine, input, texts);
  ofInput.set(key, kept);
  return kept;
}

function convertNow(engine: Engine, input: Input, texts: Texts): Converted {
  const sources = Object.entries(texts).filter(([name]) => name.endsWith('.py'));
  const all: Texts = { ...input.others, ...texts };
  const view: ProjectView = { root: '/story', read: (name) => all[name], others: Object.keys(input.others) };
  const files = sources.map(([name, text]) => ({ path: name, text: text.replace(/^\uFEFF/, '') }));
  const result = engine(files, input.options, view);
  return {
    texts: applyGroups(texts, all, result),
    refusals: [
      ...[...result.refused, ...result.ignored].map((refused) => refusalLine(input, refused, texts)),
      ...result.errors
        .filter(isParseError)
        .map((error) => `${input.from} -> ${input.to}: parse-error at line ${error.line}`),
    ].sort(),
    notes: result.groups
      .flatMap(({ differences }) => differences.map((code) => `${input.from} -> ${input.to}: ${code}`))
      .sort(),
    errors: result.errors
      .filter((error) => !isParseError(error))
      .map((error) => `${error.path}:${error.line}:${error.column} ${error.kind} ${error.message}`),
    groups: result.groups.length,
  };
}

const isParseError = ({ kind }: FileError): boolean => kind === 'parse-error';

/** Our own application of the edits: it must not share the mistakes of the tool's. */
function applyGroups(texts: Texts, all: Texts, result: ProjectResult): Texts {
  const after: Record<string, string> = { ...texts };
  const edits = result.groups.flatMap((group) => group.edits);
  for (const name of new Set(edits.map((edit) => edit.path))) {
    // From the last: of two at one place the later one listed comes behind.
    const listed = edits.filter((edit) => edit.path === name).reverse();
    const mine = listed.sort((a, b) => b.start - a.start || b.end - a.end);
    const bom = all[name]!.startsWith('\uFEFF') ? '\uFEFF' : '';
    let text = all[name]!.slice(bom.length);
    let until = Infinity;
    for (const edit of mine) {
      if (edit.end > until) throw new Error(`two edits overlap in ${name} at ${edit.start}`);
      text = text.slice(0, edit.start) + edit.text + text.slice(edit.end);
      until = edit.start;
    }
    after[name] = bom + text;
  }
  return after;
}

/** `pool -> async: code at "excerpt"`; in a project the file is named too. */
function refusalLine(input: Input, refused: Refused, texts: Texts): string {
  const source = (texts[refused.path] ?? '').replace(/^\uFEFF/, '');
  const excerpt = source.slice(refused.start, refused.end).split(/\r?\n/, 1)[0]!.trim().slice(0, 100);
  const where = input.isProject ? `${refused.path} ` : '';
  return `${input.from} -> ${input.to}: ${refused.reason} at ${where}"${excerpt}"`;
}
